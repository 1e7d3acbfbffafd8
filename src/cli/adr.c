#include "cli/adr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"
#include "text/table.h"

struct qs_adrs *qs_cli_adrs(const struct qs_cli *cli, const struct qs_lab *lab, struct qs_problems *problems,
                            struct qs_err *err)
{
    const char *given = qs_cli_flag(cli, "adrs");
    qs_auto(str) char *folder = given ? qs_xstrdup(given) : qs_xasprintf("%s/../docs/adrs", cli->lab);
    qs_auto(val) struct qs_val *facts = qs_val_map();
    struct qs_adrs *adrs = NULL;
    char now[QS_TIME_TEXT];

    if (qs_adrs_load(folder, &adrs, problems, err))
        return NULL;
    qs_adrs_check(adrs, lab, problems);
    (void)qs_time_text_s(qs_now_us(), now);
    now[10] = '\0';
    qs_val_set_str(facts, "today", now);
    qs_adrs_evaluate(adrs, lab, facts);
    return adrs;
}

static int list(const struct qs_cli *cli, const struct qs_adrs *adrs)
{
    static const char *const heads[] = { "ADR", "STATUS", "REVISIT", "TITLE" };
    struct qs_table *t = qs_table_new(heads, QS_COUNT(heads));
    struct qs_buf out = QS_BUF(1 << 20);

    for (size_t i = 0; i < adrs->count; i++) {
        const struct qs_adr *a = &adrs->items[i];

        qs_table_cell(t, QS_BOLD, "%s", a->id);
        qs_table_cell(t, qs_streq(a->status, "accepted") ? QS_GREEN : QS_GREY, "%s", a->status ? a->status : "?");
        if (a->fired)
            qs_table_cell(t, QS_YELLOW, "fired");
        else if (a->doubt)
            qs_table_cell(t, QS_YELLOW, "rests on %s", a->doubt);
        else
            qs_table_cell(t, QS_GREY, "%zu armed", a->trigger_count);
        qs_table_cell(t, QS_PLAIN, "%s", a->title ? a->title : "");
    }
    qs_table_write(t, cli->colour, &out);
    (void)fputs(qs_buf_text(&out), stdout);
    qs_buf_done(&out);
    qs_table_free(t);
    return 0;
}

static int show(const struct qs_cli *cli, const struct qs_adrs *adrs)
{
    const struct qs_adr *a = cli->arg_count > 1 ? qs_adrs_find(adrs, cli->args[1]) : NULL;
    struct qs_err err = QS_ERR_INIT;

    if (!a) {
        (void)qs_err_set(&err, QS_NOTFOUND, 0, "there is no ADR '%s'", cli->arg_count > 1 ? cli->args[1] : "");
        (void)qs_err_hint(&err, "Run 'qs adr list' for the numbers; they have four digits.");
        return qs_cli_fail(cli, &err);
    }
    (void)printf("%s %s · %s · %s\n", a->id, a->title, a->status, a->date);
    if (a->doubt)
        (void)printf("In doubt: it rests on %s, whose revisit condition fired.\n", a->doubt);
    for (size_t i = 0; i < a->trigger_count; i++) {
        const struct qs_trigger *t = &a->triggers[i];

        (void)printf("  [%s] %s: %s (%s): %s\n", qs_trigger_state_name(t->state), t->kind, t->text, t->reason,
                     t->why ? t->why : "");
    }
    const char *title = strstr(a->body, "# "), *rest = title ? strchr(title, '\n') : NULL;
    (void)fputs(rest ? rest : a->body, stdout);
    return 0;
}

static int graph(const struct qs_cli *cli, const struct qs_adrs *adrs)
{
    qs_auto(str) char *text = qs_adrs_graph(adrs);

    (void)cli;
    (void)fputs(text, stdout);
    return 0;
}

static int check(const struct qs_cli *cli, const struct qs_adrs *adrs)
{
    if (!cli->json)
        (void)printf("%zu decision records are sound.\n", adrs->count);
    return 0;
}

static const struct {
    const char *word;
    int (*run)(const struct qs_cli *cli, const struct qs_adrs *adrs);
    bool has_json; /* the JSON document says the same and more */
} acts[] = { { "list", list, true }, { "show", show, true }, { "check", check, true }, { "graph", graph, false } };

static int run(const struct qs_cli *cli)
{
    const char *word = cli->arg_count > 0 ? cli->args[0] : "list";
    struct qs_err err = QS_ERR_INIT;
    int status = -1;

    qs_auto(lab) struct qs_lab *lab = qs_cli_lab(cli);
    if (!lab)
        return 1;
    struct qs_problems *problems = qs_xzalloc(sizeof(*problems));
    qs_auto(adrs) struct qs_adrs *adrs = qs_cli_adrs(cli, lab, problems, &err);
    if (!adrs)
        status = qs_cli_fail(cli, &err);
    else if (problems->count)
        status = qs_cli_problems(cli, problems);
    free(problems);
    for (size_t i = 0; i < QS_COUNT(acts) && status < 0; i++) {
        if (!qs_streq(acts[i].word, word))
            continue;
        if (cli->json && acts[i].has_json) {
            qs_auto(val) struct qs_val *doc = qs_adrs_to_val(adrs);

            return qs_cli_json(doc);
        }
        return acts[i].run(cli, adrs);
    }
    if (status >= 0)
        return status;
    (void)qs_err_set(&err, QS_INVALID, 0, "'qs adr %s' is not a thing", word);
    (void)qs_err_hint(&err, "Use list, show NUMBER, check or graph.");
    return qs_cli_fail(cli, &err);
}

static const struct qs_flag flags[] = {
    { "adrs", "DIR", "the folder of the records (default: docs/adrs beside the lab folder)" },
    { NULL, NULL, NULL },
};

const struct qs_verb qs_verb_adr = {
    .name = "adr",
    .args = "[list | show NUMBER | check | graph]",
    .summary = "the decision records and their revisit conditions",
    .help =
        "Every record says what was chosen, what else was considered and why, and when to look again. The conditions "
        "are evaluated against the lab: fired, armed or unknown. What rests on a fired decision is in doubt.\n\n"
        "check fails on dangling links, circles and missing fields. graph prints Graphviz text.",
    .flags = flags,
    .max_args = 2,
    .run = run,
};
