/* qs apply: brings every target to the lab, or applies a saved plan exactly. */
#include <fcntl.h>

#include "base/fs.h"
#include "cli/change.h"
#include "converge/plan.h"
#include "text/json.h"

#define TEXT_MAX (64U << 20)

static enum qs_code load(const char *path, struct qs_val **ret, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(TEXT_MAX);

    if (qs_fs_read(AT_FDCWD, path, &text, err) || qs_json_parse(qs_buf_text(&text), text.len, ret, err))
        return qs_err_wrap(err, "plan '%s'", path);
    return QS_OK;
}

/* A plan made now is shown and asked about; a saved one was seen before. */
static enum qs_code get_plan(const struct qs_cli *cli, struct qs_val *body, const struct qs_desired *d,
                             struct qs_err *err)
{
    qs_auto(val) struct qs_val *plan = NULL;

    if (cli->arg_count) {
        if (load(cli->args[0], &plan, err))
            return err->code;
    } else {
        qs_auto(val) struct qs_val *ask = qs_cli_plan_ask(cli, d);

        if (qs_cli_plan_agreed(cli, "/v1/plan", ask, &plan, err))
            return err->code;
    }
    (void)qs_val_set(body, "plan", qs_take_ptr(plan));
    return QS_OK;
}

static int run(const struct qs_cli *cli)
{
    qs_auto(val) struct qs_val *body = qs_val_map();
    struct qs_desired d = { .count = 0 };
    struct qs_err err = QS_ERR_INIT;
    enum qs_code code;

    if (!qs_cli_desired(cli, &d))
        return 1;
    (void)qs_val_set(body, "desired", qs_desired_to_val(&d));
    code = get_plan(cli, body, &d, &err);
    qs_desired_done(&d);
    if (code)
        return qs_cli_fail(cli, &err);
    return qs_cli_apply(cli, body);
}

static const struct qs_flag flags[] = {
    { "yes", NULL, "do not ask" },
    { "auto-approve", NULL, "the same as --yes" },
    { "target", "NAME", "only this target; may be given again" },
    { "release", NULL, "apply targets that a rollback holds, too, and end their hold" },
    { "native", NULL, "show the commands that each device gets" },
    { NULL, NULL, NULL },
};
const struct qs_verb qs_verb_apply = {
    .name = "apply",
    .args = "[FILE]",
    .summary = "bring every target to what the lab declares",
    .flags = flags,
    .min_args = 0,
    .max_args = 1,
    .help =
        "Plans, shows the plan, asks, and applies it. With FILE, applies exactly that saved plan and refuses it when "
        "the lab or a device changed since it was made. On a terminal it asks; elsewhere a plan that destroys "
        "something needs --yes.\n\n"
        "Targets that do not depend on each other are changed at once. Each change is probed over a new connection "
        "before it is confirmed, and a target whose change fails goes back to its old state; those that depend on "
        "it are left alone, the others finish. After a kill at any point, running it again continues to the same "
        "end. A second run changes nothing.",
    .run = run,
};
