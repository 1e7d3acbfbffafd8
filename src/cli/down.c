#include <stdio.h>

#include "base/str.h"
#include "cli/state.h"
#include "roles/supervisor/supervisor.h"

/* The state folder of a rack holds a journal and credentials that nothing brings back. A site called twin is taken down
 * without a look at the lab, so that a broken file keeps nobody from it. */
static bool may_go_down(const struct qs_cli *cli)
{
    struct qs_err err = QS_ERR_INIT;

    if (qs_streq(cli->site, "twin"))
        return true;
    qs_auto(lab) struct qs_lab *lab = qs_cli_lab(cli);
    if (!lab || qs_streq(lab->site_kind, "twin"))
        return lab != NULL;
    (void)qs_err_set(&err, QS_UNSUPPORTED, 0, "'qs down' takes down a site of kind twin; '%s' is of kind %s", cli->site,
                     lab->site_kind);
    (void)qs_err_hint(&err, "Nothing of qs keeps running for it; its state folder holds the journal.");
    (void)qs_cli_fail(cli, &err);
    return false;
}

static int run(const struct qs_cli *cli)
{
    struct qs_err err = QS_ERR_INIT;
    bool was_running = qs_supervisor_running(cli->state, NULL);

    if (!may_go_down(cli))
        return 1;
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
    .name = "down",
    .summary = "stop the lab on this machine and remove what it left",
    .help =
        "Stops every process of the twin and removes its files from the state folder. The Debian root that the nodes "
        "share is kept, because building it takes half a minute; --purge removes it too.",
    .flags = flags,
    .run = run,
};
