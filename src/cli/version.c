#include <stdio.h>

#include "cli/verb.h"

static int run(const struct qs_cli *cli)
{
    if (cli->json) {
        qs_auto(val) struct qs_val *doc = qs_val_map();

        qs_val_set_str(doc, "format", "qs.version/1");
        qs_val_set_str(doc, "version", QS_VERSION);
        return qs_cli_json(doc);
    }
    (void)printf("qs %s\n", QS_VERSION);
    return 0;
}

const struct qs_verb qs_verb_version = { .name = "version", .summary = "print the version", .run = run };
