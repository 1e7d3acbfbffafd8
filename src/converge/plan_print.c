/* The text of a plan. */
#include "base/str.h"
#include "converge/plan.h"
#include "text/json.h"
#include "text/table.h"

struct out {
    struct qs_buf *buf;
    struct qs_plan_style style;
};

static enum qs_tint tint_of(const char *action)
{
    static const struct {
        const char *action;
        enum qs_tint tint;
    } rows[] = {
        { "create", QS_GREEN },
        { "delete", QS_RED },
        { "recreate", QS_RED },
    };

    for (size_t i = 0; i < QS_COUNT(rows); i++)
        if (qs_streq(rows[i].action, action))
            return rows[i].tint;
    return QS_YELLOW;
}

static const char *sign_of(const char *action)
{
    for (enum qs_action a = QS_CREATE; a <= QS_MOVE; a++)
        if (qs_streq(qs_action_name(a), action))
            return qs_action_sign(a);
    return "?";
}

/* Texts are quoted, except the marks that stand for a secret. */
static void print_value(const struct out *o, const struct qs_val *v)
{
    const char *text = qs_val_string(v, "");

    if (!v)
        qs_buf_puts(o->buf, "(not set)");
    else if (qs_after(text, "(secret"))
        qs_buf_puts(o->buf, text);
    else
        qs_json_write(v, o->buf);
}

static void print_set(const struct out *o, const struct qs_val *attrs)
{
    for (uint32_t i = 0; attrs && i < attrs->count; i++) {
        const struct qs_val *v = attrs->u.pairs[i].val;

        if ((v->type == QS_LIST && v->count == 0) || qs_streq(qs_val_string(v, NULL), ""))
            continue;
        qs_buf_printf(o->buf, "      %s = ", attrs->u.pairs[i].key);
        if (qs_after(qs_val_string(v, ""), "(secret"))
            qs_buf_puts(o->buf, "(secret)"); /* all of it is new */
        else
            print_value(o, v);
        qs_buf_putc(o->buf, '\n');
    }
}

static void print_one_difference(const struct out *o, const char *key, const struct qs_val *was,
                                 const struct qs_val *is)
{
    if (qs_val_equal(was, is))
        return;
    qs_buf_printf(o->buf, "      %s: ", key);
    if (qs_streq(qs_val_string(is, NULL), "(secret, changed)")) {
        qs_buf_puts(o->buf, "(secret, changed)\n");
        return;
    }
    print_value(o, was);
    qs_buf_puts(o->buf, " → ");
    print_value(o, is);
    qs_buf_putc(o->buf, '\n');
}

static void print_differences(const struct out *o, const struct qs_val *before, const struct qs_val *after)
{
    for (uint32_t i = 0; after && i < after->count; i++)
        print_one_difference(o, after->u.pairs[i].key, qs_val_get(before, after->u.pairs[i].key),
                             after->u.pairs[i].val);
    for (uint32_t i = 0; before && i < before->count; i++)
        if (!qs_val_get(after, before->u.pairs[i].key))
            print_one_difference(o, before->u.pairs[i].key, before->u.pairs[i].val, NULL);
}

static void print_change(const struct out *o, const struct qs_val *c)
{
    const char *action = qs_val_get_str(c, "action", ""), *follows = qs_val_get_str(c, "follows", NULL);
    enum qs_tint tint = tint_of(action);
    bool moves = qs_streq(action, "move");

    qs_buf_printf(o->buf, "  %s%s %s '%s'%s", qs_tint_on(tint, o->style.colour), sign_of(action),
                  qs_val_get_str(c, "type", ""), qs_val_get_str(c, "name", ""), qs_tint_off(o->style.colour));
    if (moves && follows)
        qs_buf_printf(o->buf, " moves behind '%s'", follows);
    else if (moves)
        qs_buf_puts(o->buf, " moves to the top");
    qs_buf_putc(o->buf, '\n');
    if (qs_streq(action, "create"))
        print_set(o, qs_val_get(c, "after"));
    else if (qs_streq(action, "update") || qs_streq(action, "recreate"))
        print_differences(o, qs_val_get(c, "before"), qs_val_get(c, "after"));
}

static void print_native(const struct out *o, const struct qs_val *native)
{
    for (size_t i = 0; i < qs_val_count(native); i++)
        qs_buf_printf(o->buf, "    %s\n", qs_val_string(qs_val_at(native, i), ""));
}

static void print_changes(const struct out *o, const struct qs_val *t)
{
    const struct qs_val *changes = qs_val_get(t, "changes");

    if (o->style.native) {
        print_native(o, qs_val_get(t, "native"));
        return;
    }
    for (size_t i = 0; i < qs_val_count(changes); i++)
        print_change(o, qs_val_at(changes, i));
}

void qs_plan_print_changes(const struct qs_val *target, const struct qs_plan_style *style, struct qs_buf *buf)
{
    const struct out o = { .buf = buf, .style = *style };

    print_changes(&o, target);
}

static bool is_held(const struct qs_val *t)
{
    return qs_val_get(t, "held") && !qs_val_get_bool(t, "release", false);
}

static void print_head(const struct out *o, const struct qs_val *t)
{
    qs_buf_printf(o->buf, "%s%s%s (%s %s)", qs_tint_on(QS_BOLD, o->style.colour), qs_val_get_str(t, "name", ""),
                  qs_tint_off(o->style.colour), qs_val_get_str(t, "driver", ""), qs_val_get_str(t, "address", "-"));
}

static void print_target(const struct out *o, const struct qs_val *t)
{
    const struct qs_val *changes = qs_val_get(t, "changes"), *error = qs_val_get(t, "error");

    if (!error && !is_held(t) && !qs_val_count(changes))
        return;
    print_head(o, t);
    if (error) {
        qs_buf_printf(o->buf, ": %s%s%s\n", qs_tint_on(QS_RED, o->style.colour), qs_val_get_str(error, "message", ""),
                      qs_tint_off(o->style.colour));
        if (qs_val_get_str(error, "hint", "")[0])
            qs_buf_printf(o->buf, "    %s\n", qs_val_get_str(error, "hint", ""));
        return;
    }
    if (is_held(t)) {
        qs_buf_printf(o->buf, ": held by rollback %s; --release plans it from the lab again\n",
                      qs_val_get_str(t, "held", ""));
        return;
    }
    qs_buf_putc(o->buf, '\n');
    print_changes(o, t);
}

/* What must not be missed comes first, each by its name. */
static void print_destroys(const struct out *o, const struct qs_val *targets)
{
    for (size_t i = 0; i < qs_val_count(targets); i++) {
        const struct qs_val *t = qs_val_at(targets, i), *changes = qs_val_get(t, "changes");

        for (size_t j = 0; j < qs_val_count(changes); j++) {
            const struct qs_val *c = qs_val_at(changes, j);
            const char *action = qs_val_get_str(c, "action", "");

            if (qs_streq(action, "delete") || qs_streq(action, "recreate"))
                qs_buf_printf(o->buf, "%sDestroys%s %s: %s '%s'%s\n", qs_tint_on(QS_RED, o->style.colour),
                              qs_tint_off(o->style.colour), qs_val_get_str(t, "name", ""),
                              qs_val_get_str(c, "type", ""), qs_val_get_str(c, "name", ""),
                              qs_streq(action, "recreate") ? ", and makes it anew" : "");
        }
    }
}

static void print_reboots(const struct out *o, const struct qs_val *targets)
{
    for (size_t i = 0; i < qs_val_count(targets); i++) {
        const struct qs_val *t = qs_val_at(targets, i), *reboots = qs_val_get(t, "reboots");

        for (size_t j = 0; j < qs_val_count(reboots); j++)
            qs_buf_printf(o->buf, "%sReboots%s %s: for %s\n", qs_tint_on(QS_RED, o->style.colour),
                          qs_tint_off(o->style.colour), qs_val_get_str(t, "name", ""),
                          qs_val_string(qs_val_at(reboots, j), ""));
    }
}

/* "compared with what was observed 5 min ago", by the oldest; some may never have been seen. */
static void print_age(const struct out *o, const struct qs_val *targets)
{
    int64_t oldest = -1;
    size_t never = 0;
    char text[32];

    for (size_t i = 0; i < qs_val_count(targets); i++) {
        int64_t age = qs_val_get_int(qs_val_get(qs_val_at(targets, i), "base"), "age_s", -1);

        never += age < 0;
        oldest = age > oldest ? age : oldest;
    }
    qs_buf_puts(o->buf, "offline, compared with ");
    if (oldest >= 0)
        qs_buf_printf(o->buf, "what was observed %s ago", qs_age_text(oldest, text, sizeof(text)));
    if (oldest >= 0 && never)
        qs_buf_puts(o->buf, " and ");
    if (never)
        qs_buf_printf(o->buf, "nothing for %zu target%s never observed", never, never == 1 ? "" : "s");
}

static void print_adrs(const struct out *o, const struct qs_val *adrs)
{
    for (size_t i = 0; i < qs_val_count(adrs); i++)
        qs_buf_printf(o->buf, "%s%s", i ? ", " : "Decisions touched: ", qs_val_string(qs_val_at(adrs, i), ""));
    if (qs_val_count(adrs))
        qs_buf_putc(o->buf, '\n');
}

static void print_nothing(const struct out *o, const struct qs_val *plan)
{
    qs_buf_puts(o->buf, "No changes: what runs is what is declared");
    if (qs_val_get_bool(plan, "offline", false)) {
        qs_buf_puts(o->buf, " (");
        print_age(o, qs_val_get(plan, "targets"));
        qs_buf_puts(o->buf, ")");
    }
    qs_buf_puts(o->buf, ".\n");
}

void qs_plan_print(const struct qs_val *plan, const struct qs_plan_style *style, struct qs_buf *buf)
{
    const struct out o = { .buf = buf, .style = *style };
    const struct qs_val *targets = qs_val_get(plan, "targets"), *summary = qs_val_get(plan, "summary");
    int64_t failed = qs_val_get_int(summary, "failed", 0), held = qs_val_get_int(summary, "held", 0);

    if (!qs_plan_has_changes(plan) && !failed && !held) {
        print_nothing(&o, plan);
        return;
    }
    print_destroys(&o, targets);
    print_reboots(&o, targets);
    for (size_t i = 0; i < qs_val_count(targets); i++)
        print_target(&o, qs_val_at(targets, i));
    print_adrs(&o, qs_val_get(plan, "adrs"));
    qs_buf_printf(buf, "Plan: %lld to add, %lld to change, %lld to destroy",
                  (long long)qs_val_get_int(summary, "add", 0), (long long)qs_val_get_int(summary, "change", 0),
                  (long long)qs_val_get_int(summary, "destroy", 0));
    if (failed)
        qs_buf_printf(buf, "; %lld could not be observed", (long long)failed);
    if (held)
        qs_buf_printf(buf, "; %lld held", (long long)held);
    if (qs_val_get_bool(plan, "offline", false)) {
        qs_buf_puts(buf, " (");
        print_age(&o, targets);
        qs_buf_puts(buf, ")");
    }
    qs_buf_puts(buf, ".\n");
}
