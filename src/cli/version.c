#include <stdio.h>

#include "cli/verb.h"

static int run(const struct qs_cli *cli)
{
    (void)cli;
    (void)printf("qs %s\n", QS_VERSION);
    return 0;
}

const struct qs_verb qs_verb_version = { .name = "version", .summary = "print the version", .run = run };
