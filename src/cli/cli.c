#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "cli/verb.h"

int qs_cli_main(int argc, char **argv)
{
    struct qs_cli cli = { .state = "/var/lib/qs", .lab = "lab", .site = "twin" };

    for (size_t i = 0; argc > 1 && qs_verb_at(i); i++) {
        if (qs_streq(qs_verb_at(i)->name, argv[1])) {
            cli.verb = qs_verb_at(i);
            return cli.verb->run(&cli);
        }
    }
    (void)fprintf(stderr, "qs: usage: qs VERB …\n");
    return 1;
}
