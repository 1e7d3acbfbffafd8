/* qs drift: what is no longer as it was last applied, and what somebody added by hand. */
#include <stdio.h>

#include "base/buf.h"
#include "base/str.h"
#include "cli/change.h"
#include "text/json.h"
#include "text/table.h"

#define TEXT_MAX (16U << 20)

static void print_value(const struct qs_val *v, struct qs_buf *out)
{
    if (!v || v->type == QS_NULL)
        qs_buf_puts(out, "(not set)");
    else if (qs_streq(qs_val_string(v, ""), "(secret)"))
        qs_buf_puts(out, "(secret)");
    else
        qs_json_write(v, out);
}

static void print_rows(const struct qs_cli *cli, const struct qs_val *t, const char *key, enum qs_tint tint,
                       const char *sign, const char *what, struct qs_buf *out)
{
    const struct qs_val *rows = qs_val_get(t, key);

    for (size_t i = 0; i < qs_val_count(rows); i++)
        qs_buf_printf(out, "  %s%s %s '%s'%s %s\n", qs_tint_on(tint, cli->colour), sign,
                      qs_val_get_str(qs_val_at(rows, i), "type", ""), qs_val_get_str(qs_val_at(rows, i), "name", ""),
                      qs_tint_off(cli->colour), what);
}

static void print_differences(const struct qs_val *t, struct qs_buf *out)
{
    const struct qs_val *rows = qs_val_get(t, "differs");

    for (size_t i = 0; i < qs_val_count(rows); i++) {
        const struct qs_val *attrs = qs_val_get(qs_val_at(rows, i), "attrs");

        for (uint32_t a = 0; attrs && a < attrs->count; a++) {
            qs_buf_printf(out, "      %s '%s' %s: applied ", qs_val_get_str(qs_val_at(rows, i), "type", ""),
                          qs_val_get_str(qs_val_at(rows, i), "name", ""), attrs->u.pairs[a].key);
            print_value(qs_val_get(attrs->u.pairs[a].val, "declared"), out);
            qs_buf_puts(out, ", now ");
            print_value(qs_val_get(attrs->u.pairs[a].val, "live"), out);
            qs_buf_putc(out, '\n');
        }
    }
}

static void print_target(const struct qs_cli *cli, const struct qs_val *t, struct qs_buf *out)
{
    const char *state = qs_val_get_str(t, "state", ""), *apply = qs_val_get_str(t, "apply", NULL);
    const struct qs_val *error = qs_val_get(t, "error");

    if (qs_streq(state, "in-sync"))
        return;
    if (error) {
        qs_buf_printf(out, "%s: %s\n", qs_val_get_str(t, "name", ""), qs_val_get_str(error, "message", ""));
        return;
    }
    if (!qs_streq(state, "drift")) {
        qs_buf_printf(out, "%s: %s\n", qs_val_get_str(t, "name", ""), qs_val_get_str(t, "text", state));
        return;
    }
    if (apply)
        qs_buf_printf(out, "%s: not as apply %s left it\n", qs_val_get_str(t, "name", ""), apply);
    else
        qs_buf_printf(out, "%s: not as the lab declares it, and never applied\n", qs_val_get_str(t, "name", ""));
    print_rows(cli, t, "removed", QS_RED, "-", "was removed", out);
    print_rows(cli, t, "added", QS_GREEN, "+", "was added", out);
    print_rows(cli, t, "moved", QS_YELLOW, ">", "was moved", out);
    print_rows(cli, t, "differs", QS_YELLOW, "~", "was changed", out);
    print_differences(t, out);
}

static unsigned count_state(const struct qs_val *targets, const char *state)
{
    unsigned count = 0;

    for (size_t i = 0; i < qs_val_count(targets); i++)
        count += qs_streq(qs_val_get_str(qs_val_at(targets, i), "state", ""), state);
    return count;
}

static void print_drift(const struct qs_cli *cli, const struct qs_val *targets)
{
    qs_auto(buf) struct qs_buf out = QS_BUF(TEXT_MAX);
    size_t total = qs_val_count(targets);
    unsigned drift = count_state(targets, "drift"), calm = count_state(targets, "in-sync");

    if (total && calm == total) {
        qs_buf_printf(&out, "No drift: %zu target%s as last applied.\n", total, total == 1 ? " is" : "s are");
    } else {
        for (size_t i = 0; i < total; i++)
            print_target(cli, qs_val_at(targets, i), &out);
        qs_buf_printf(&out, "Drift: %u of %zu targets differ, %u in sync.\n", drift, total, calm);
    }
    (void)fwrite(qs_buf_text(&out), 1, out.len, stdout);
}

static int run(const struct qs_cli *cli)
{
    qs_auto(val) struct qs_val *ask = NULL;
    qs_auto(val) struct qs_val *doc = NULL;
    struct qs_desired d = { .count = 0 };
    struct qs_err err = QS_ERR_INIT;

    if (!qs_cli_desired(cli, &d))
        return 1;
    ask = qs_cli_plan_ask(cli, &d);
    qs_desired_done(&d);
    if (qs_cli_executor(cli, "POST", "/v1/drift", ask, &doc, &err))
        return qs_cli_fail(cli, &err);
    if (cli->json)
        (void)qs_cli_json(doc);
    else
        print_drift(cli, qs_val_get(doc, "targets"));
    return count_state(qs_val_get(doc, "targets"), "failed") ? 1 : 0;
}

const struct qs_verb qs_verb_drift = {
    .name = "drift",
    .summary = "show what differs from what was last applied",
    .help =
        "Observes every target and names what was removed, added, moved or changed on it since the last apply, by type "
        "and name, lines that qs does not model included. A target that was never applied is compared with the lab. "
        "Nothing is changed; 'qs apply' brings it back.\n\n"
        "The exit status is 1 when a target could not be observed.",
    .run = run,
};
