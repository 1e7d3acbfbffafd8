/* qs rollback: back to the state as of an earlier apply, and held there. */
#include "cli/change.h"

static enum qs_code get_plan(const struct qs_cli *cli, struct qs_val *body, struct qs_err *err)
{
    qs_auto(val) struct qs_val *ask = qs_val_map();
    qs_auto(val) struct qs_val *plan = NULL;

    qs_val_set_str(ask, "id", cli->args[0]);
    if (qs_cli_plan_agreed(cli, "/v1/rollback", ask, &plan, err))
        return err->code;
    (void)qs_val_set(body, "plan", qs_take_ptr(plan));
    return QS_OK;
}

static int run(const struct qs_cli *cli)
{
    qs_auto(val) struct qs_val *body = qs_val_map();
    struct qs_err err = QS_ERR_INIT;

    if (get_plan(cli, body, &err))
        return qs_cli_fail(cli, &err);
    return qs_cli_apply(cli, body);
}

static const struct qs_flag flags[] = {
    { "yes", NULL, "do not ask" },
    { "auto-approve", NULL, "the same as --yes" },
    { "native", NULL, "show the commands that each device gets" },
    { NULL, NULL, NULL },
};
const struct qs_verb qs_verb_rollback = {
    .name = "rollback",
    .args = "ID",
    .summary = "bring the targets back to the state as of an earlier apply",
    .flags = flags,
    .min_args = 1,
    .max_args = 1,
    .help =
        "ID is that of an apply in 'qs history', or a unique start of it. The plan back is shown and asked about like "
        "any other, and applied with the same care.\n\n"
        "The targets are then held: plans show the hold instead of undoing the rollback, until 'qs apply --release' "
        "takes them back to what the lab declares.",
    .run = run,
};
