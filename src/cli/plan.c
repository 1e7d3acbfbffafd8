/* qs plan: what an apply would do. Offline it needs no daemon: it compares with what the journal saw last. */
#include <fcntl.h>
#include <stdlib.h>

#include "base/fs.h"
#include "cli/change.h"
#include "converge/graph.h"
#include "converge/journal.h"
#include "converge/plan.h"
#include "text/json.h"

#define TEXT_MAX (64U << 20)
#define EXIT_CHANGES 2

/* ---- offline ---- */

static bool is_asked(const struct qs_val *names, const char *name)
{
    bool found = !names;

    for (size_t i = 0; i < qs_val_count(names); i++) {
        qs_auto(val) struct qs_val *one = qs_val_str(name);

        found = found || qs_val_equal(qs_val_at(names, i), one);
    }
    return found;
}

static enum qs_code add_offline(struct qs_val *plan, struct qs_journal *j, const struct qs_desired_target *t,
                                bool release, struct qs_err *err)
{
    const struct qs_driver *driver = qs_driver_find(t->driver);
    struct qs_plan_base base = { .release = release };
    struct qs_resources want = qs_resources_copy(&t->want);
    qs_auto(record) struct qs_record r = { .name = NULL };
    struct qs_err why = QS_ERR_INIT;

    if (j && qs_journal_target(j, t->name, &r, &why) && why.code != QS_NOTFOUND) {
        qs_resources_done(&want);
        *err = why;
        return why.code;
    }
    if (r.name && r.observed_us) {
        base.have = &r.have;
        base.revision = r.revision;
        base.observed_us = r.observed_us;
        base.held = r.held[0] ? r.held : NULL;
        qs_resources_veil(&want, driver->types, qs_journal_key(j));
    }
    qs_plan_add(plan, driver, t, &want, &base);
    qs_resources_done(&want);
    return QS_OK;
}

static enum qs_code plan_offline(const struct qs_cli *cli, const struct qs_desired *d, const struct qs_val *ask,
                                 struct qs_val **ret, struct qs_err *err)
{
    qs_auto(journal) struct qs_journal *j = NULL;
    qs_auto(val) struct qs_val *plan = qs_plan_new(d, true);
    struct qs_err why = QS_ERR_INIT;
    size_t *order = NULL;
    enum qs_code code = QS_OK;

    if (qs_journal_open(cli->state, true, &j, &why) && why.code != QS_NOTFOUND) {
        *err = why;
        return why.code;
    }
    if (qs_graph_order(d, &order, err))
        return err->code;
    for (size_t i = 0; i < d->count && !code; i++)
        if (is_asked(qs_val_get(ask, "targets"), d->targets[order[i]].name))
            code = add_offline(plan, j, &d->targets[order[i]], qs_cli_has(cli, "release"), err);
    free(order);
    if (code)
        return code;
    qs_plan_finish(plan);
    *ret = qs_take_ptr(plan);
    return QS_OK;
}

/* ---- the verb ---- */

static enum qs_code make(const struct qs_cli *cli, const struct qs_desired *d, struct qs_val **ret, struct qs_err *err)
{
    qs_auto(val) struct qs_val *ask = qs_cli_plan_ask(cli, d);

    if (qs_cli_has(cli, "offline"))
        return plan_offline(cli, d, ask, ret, err);
    return qs_cli_executor(cli, "POST", "/v1/plan", ask, ret, err);
}

static enum qs_code save(const char *path, const struct qs_val *plan, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(TEXT_MAX);

    qs_json_write_pretty(plan, &text);
    return qs_fs_write(AT_FDCWD, path, qs_buf_text(&text), text.len, 0600, err);
}

static int run(const struct qs_cli *cli)
{
    const char *out = qs_cli_flag(cli, "out");
    qs_auto(val) struct qs_val *plan = NULL;
    struct qs_desired d = { .count = 0 };
    struct qs_err err = QS_ERR_INIT;
    enum qs_code code;

    if (!qs_cli_desired(cli, &d))
        return 1;
    code = make(cli, &d, &plan, &err);
    qs_desired_done(&d);
    if (code || (out && save(out, plan, &err)))
        return qs_cli_fail(cli, &err);
    if (cli->json)
        (void)qs_cli_json(plan);
    else
        qs_cli_plan_show(cli, plan);
    if (qs_val_get_int(qs_val_get(plan, "summary"), "failed", 0))
        return 1;
    return qs_cli_has(cli, "detailed-exitcode") && qs_plan_has_changes(plan) ? EXIT_CHANGES : 0;
}

static const struct qs_flag flags[] = {
    { "detailed-exitcode", NULL, "exit 0 nothing to do, 1 error, 2 changes" },
    { "out", "FILE", "save the plan, for 'qs apply FILE'" },
    { "native", NULL, "show the commands that each device would get" },
    { "target", "NAME", "only this target; may be given again" },
    { "offline", NULL, "compare with what was last observed, contact nothing" },
    { "release", NULL, "plan targets that a rollback holds, too" },
    { NULL, NULL, NULL },
};
const struct qs_verb qs_verb_plan = {
    .name = "plan",
    .summary = "show what an apply would change",
    .flags = flags,
    .help =
        "Observes every target, compares it with the lab and shows what would be created (+), changed (~), destroyed "
        "(-) or destroyed and made anew (-/+), in the order in which it would run. Nothing is changed. Destroys and "
        "reboots are named first.\n\n"
        "A target that cannot be observed is shown with its error, and the exit status is 1.\n\n"
        "A plan saved with --out is applied exactly, or refused when the lab or a device changed since. An offline "
        "plan compares with the last stored observation and says how old it is; with none, with nothing.",
    .run = run,
};
