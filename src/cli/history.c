/* qs history: what was applied, from the journal of the state folder. Needs no daemon. */
#include <stdio.h>

#include "base/str.h"
#include "cli/verb.h"
#include "converge/journal.h"
#include "converge/plan.h"
#include "text/json.h"
#include "text/table.h"

#define SHOWN 20
#define SHOWN_MAX 1000
#define TEXT_MAX (16U << 20)

static enum qs_tint tint_of(const char *state)
{
    if (qs_streq(state, "done") || qs_streq(state, "unchanged"))
        return QS_GREEN;
    return qs_streq(state, "running") || qs_streq(state, "pending") || qs_streq(state, "begun") ? QS_YELLOW : QS_RED;
}

static const char *counts_text(const struct qs_val *summary, char *text, size_t size)
{
    (void)snprintf(text, size, "+%lld ~%lld -%lld", (long long)qs_val_get_int(summary, "add", 0),
                   (long long)qs_val_get_int(summary, "change", 0), (long long)qs_val_get_int(summary, "destroy", 0));
    return text;
}

static void add_row(struct qs_table *t, const struct qs_val *a)
{
    const char *state = qs_val_get_str(a, "state", ""), *rollback = qs_val_get_str(a, "rollback", NULL);
    qs_auto(buf) struct qs_buf notes = QS_BUF(4096);
    const struct qs_val *held = qs_val_get(a, "held");
    char text[80];

    qs_table_cell(t, QS_BOLD, "%s", qs_val_get_str(a, "id", ""));
    qs_table_cell(t, QS_PLAIN, "%s", qs_val_get_str(a, "started", ""));
    qs_table_cell(t, tint_of(state), "%s", state);
    qs_table_cell(t, QS_PLAIN, "%s", counts_text(qs_val_get(a, "summary"), text, sizeof(text)));
    if (rollback)
        qs_buf_printf(&notes, "back to %s", rollback);
    for (size_t i = 0; i < qs_val_count(held); i++)
        qs_buf_printf(&notes, "%s%s",
                      i           ? ", "
                      : notes.len ? "; holds "
                                  : "holds ",
                      qs_val_string(qs_val_at(held, i), ""));
    qs_table_cell(t, QS_PLAIN, "%s", qs_buf_text(&notes));
}

static int print_all(const struct qs_cli *cli, const struct qs_val *applies)
{
    static const char *const heads[] = { "APPLY", "STARTED", "STATE", "CHANGES", "" };
    struct qs_table *t = qs_table_new(heads, QS_COUNT(heads));
    qs_auto(buf) struct qs_buf out = QS_BUF(TEXT_MAX);

    if (qs_val_count(applies)) {
        for (size_t i = 0; i < qs_val_count(applies); i++)
            add_row(t, qs_val_at(applies, i));
        qs_table_write(t, cli->colour, &out);
    } else {
        qs_buf_puts(&out, "Nothing was applied yet.\n");
    }
    (void)fwrite(qs_buf_text(&out), 1, out.len, stdout);
    qs_table_free(t);
    return 0;
}

static void print_target(const struct qs_cli *cli, const struct qs_val *t)
{
    const char *state = qs_val_get_str(t, "state", "");
    const struct qs_plan_style style = { .colour = cli->colour, .native = qs_cli_has(cli, "native") };
    const struct qs_val *error = qs_val_get(t, "error");
    qs_auto(buf) struct qs_buf out = QS_BUF(TEXT_MAX);

    (void)printf("%s: %s%s%s\n", qs_val_get_str(t, "name", ""), qs_tint_on(tint_of(state), cli->colour), state,
                 qs_tint_off(cli->colour));
    if (error)
        (void)printf("  %s\n", qs_val_get_str(error, "message", ""));
    qs_plan_print_changes(t, &style, &out);
    (void)fwrite(qs_buf_text(&out), 1, out.len, stdout);
}

static int print_one(const struct qs_cli *cli, const struct qs_val *a)
{
    const struct qs_val *targets = qs_val_get(a, "targets");
    const char *rollback = qs_val_get_str(a, "rollback", NULL);
    char text[80];

    (void)printf("%s %s: %s, started %s, ended %s, %s\n", qs_val_get_str(a, "kind", ""), qs_val_get_str(a, "id", ""),
                 qs_val_get_str(a, "state", ""), qs_val_get_str(a, "started", "-"), qs_val_get_str(a, "ended", "-"),
                 counts_text(qs_val_get(a, "summary"), text, sizeof(text)));
    if (rollback)
        (void)printf("back to the state as of %s\n", rollback);
    for (size_t i = 0; i < qs_val_count(targets); i++)
        print_target(cli, qs_val_at(targets, i));
    return 0;
}

static int show_all(const struct qs_cli *cli, struct qs_journal *j)
{
    const char *limit = qs_cli_flag(cli, "limit");
    struct qs_err err = QS_ERR_INIT;
    struct qs_val *applies = NULL;
    uint32_t most = SHOWN;

    if (limit && !qs_parse_u32(limit, 1, SHOWN_MAX, &most)) {
        (void)qs_err_set(&err, QS_INVALID, 0, "--limit '%s' is not in 1..%d", limit, SHOWN_MAX);
        return qs_cli_fail(cli, &err);
    }
    if (!j)
        applies = qs_val_list();
    else if (qs_journal_history(j, most, &applies, &err))
        return qs_cli_fail(cli, &err);
    qs_auto(val) struct qs_val *doc = qs_val_map();

    qs_val_set_str(doc, "format", "qs.history/1");
    (void)qs_val_set(doc, "applies", applies);
    return cli->json ? qs_cli_json(doc) : print_all(cli, applies);
}

static int show_one(const struct qs_cli *cli, struct qs_journal *j)
{
    qs_auto(val) struct qs_val *one = NULL;
    qs_auto(val) struct qs_val *doc = qs_val_map();
    struct qs_err err = QS_ERR_INIT;

    if (!j)
        (void)qs_err_set(&err, QS_NOTFOUND, 0, "there is no apply '%s': nothing was applied yet", cli->args[0]);
    if (!j || qs_journal_history_one(j, cli->args[0], &one, &err))
        return qs_cli_fail(cli, &err);
    if (!cli->json)
        return print_one(cli, one);
    qs_val_set_str(doc, "format", "qs.apply/1");
    for (uint32_t i = 0; i < one->count; i++)
        (void)qs_val_set(doc, one->u.pairs[i].key, qs_val_copy(one->u.pairs[i].val));
    return qs_cli_json(doc);
}

static int run(const struct qs_cli *cli)
{
    qs_auto(journal) struct qs_journal *j = NULL;
    struct qs_err err = QS_ERR_INIT;

    if (qs_journal_open(cli->state, true, &j, &err) && err.code != QS_NOTFOUND)
        return qs_cli_fail(cli, &err);
    return cli->arg_count ? show_one(cli, j) : show_all(cli, j);
}

static const struct qs_flag flags[] = {
    { "limit", "N", "show the N newest (20)" },
    { "native", NULL, "show the commands that each device got" },
    { NULL, NULL, NULL },
};
const struct qs_verb qs_verb_history = {
    .name = "history",
    .args = "[ID]",
    .summary = "list what was applied, or show one apply",
    .flags = flags,
    .min_args = 0,
    .max_args = 1,
    .help = "Without ID, the newest applies first, with how many resources each was to create, change and destroy, "
            "which were rollbacks, and which targets they hold. With ID (or a unique start of it), each target of that "
            "apply with its outcome and what was changed on it.",
    .run = run,
};
