/* qs init: a small starting lab for somebody else's rack. */
#include <stdio.h>

#include "cli/verb.h"

static int run(const struct qs_cli *cli)
{
    const char *folder = cli->args[0];
    struct qs_err err = QS_ERR_INIT;

    if (qs_lab_init(folder, &err))
        return qs_cli_fail(cli, &err);
    if (cli->json) {
        qs_auto(val) struct qs_val *doc = qs_val_map();

        qs_val_set_str(doc, "format", "qs.init/1");
        qs_val_set_str(doc, "lab", folder);
        return qs_cli_json(doc);
    }
    (void)printf("%s\n", folder);
    (void)fprintf(stderr,
                  "Two switches, a router and three servers are described in %s. Next:\n"
                  "    qs check --lab %s\n    qs up --lab %s\n",
                  folder, folder, folder);
    return 0;
}

const struct qs_verb qs_verb_init = {
    .name = "init",
    .args = "DIR",
    .summary = "write a small starting lab into an empty folder",
    .help =
        "The lab passes `qs check` and comes up in the twin as it is. Change names, addresses, models and cabling to "
        "what stands in your rack.",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
