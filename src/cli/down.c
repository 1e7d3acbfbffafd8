#include <stdio.h>

#include "cli/state.h"
#include "roles/supervisor/supervisor.h"

static int run(const struct qs_cli *cli)
{
    struct qs_err err = QS_ERR_INIT;
    bool was_running = qs_supervisor_running(cli->state, NULL);

    if (qs_cli_claim_state(cli, false, &err) || qs_supervisor_stop(cli->state, &err) || 
        qs_supervisor_clear(cli->state, qs_cli_has(cli, "purge"), &err))
        return qs_cli_fail(cli, &err);
    if (cli->json) {
        qs_auto(val) struct qs_val *doc = qs_val_map();

        qs_val_set_str(doc, "format", "qs.down/1");
        qs_val_set_bool(doc, "was_running", was_running);
        return qs_cli_json(doc);
    }
    (void)fprintf(stderr, was_running ? "The lab is down. Nothing of it runs or is mounted.\n"
                                      : "Nothing was running; leftovers are cleared.\n");
    return 0;
}

static const struct qs_flag flags[] = {
    { "purge", NULL, "remove the built Debian root too; the next start builds it again (half a minute)" },
    { NULL, NULL, NULL },
};

const struct qs_verb qs_verb_down = {
    .name = "down", .summary = "stop the lab on this machine and remove what it left",
    .help = "Stops every process of the twin and removes its files from the state folder. The Debian root that the nodes "
            "share is kept, because building it takes half a minute; --purge removes it too.",
    .flags = flags, .run = run,
};
