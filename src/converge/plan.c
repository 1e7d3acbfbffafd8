#include "converge/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/str.h"

#define US_PER_S 1000000

struct qs_val *qs_err_to_val(const struct qs_err *err)
{
    struct qs_val *v = qs_val_map();
    char text[sizeof(err->ctx) + sizeof(err->msg) + 4];

    qs_val_set_str(v, "code", qs_code_text(err->code));
    qs_val_set_str(v, "message", qs_err_text(err, text, sizeof(text)));
    qs_val_set_str(v, "hint", err->hint);
    return v;
}

bool qs_plan_error(const struct qs_val *target, struct qs_err *ret)
{
    const struct qs_val *e = qs_val_get(target, "error");
    enum qs_code code = QS_INTERNAL;

    if (!e)
        return false;
    if (!qs_code_parse(qs_val_get_str(e, "code", ""), &code))
        code = QS_INTERNAL;
    (void)qs_err_set(ret, code, 0, "%s", qs_val_get_str(e, "message", ""));
    (void)qs_err_hint(ret, "%s", qs_val_get_str(e, "hint", ""));
    return true;
}

struct qs_val *qs_plan_new(const struct qs_desired *d, bool offline)
{
    struct qs_val *plan = qs_val_map();
    char id[QS_ID_TEXT], now[QS_TIME_TEXT];

    qs_val_set_str(plan, "format", "qs.plan/1");
    qs_val_set_str(plan, "id", qs_id_new(id));
    qs_val_set_str(plan, "created", qs_time_text_s(qs_now_us(), now));
    qs_val_set_str(plan, "lab", d->lab);
    qs_val_set_str(plan, "site", d->site);
    qs_val_set_str(plan, "desired", d->hash);
    qs_val_set_bool(plan, "offline", offline);
    (void)qs_val_set(plan, "targets", qs_val_list());
    return plan;
}

static void set_words(struct qs_val *to, const char *key, char *const *words)
{
    struct qs_val *list = qs_val_set(to, key, qs_val_list());

    for (; words && *words; words++)
        (void)qs_val_add(list, qs_val_str(*words));
}

static void set_base(struct qs_val *target, const struct qs_driver *driver, const struct qs_plan_base *base)
{
    struct qs_val *b = qs_val_set(target, "base", qs_val_map());
    char hash[QS_SHA256_TEXT], time[QS_TIME_TEXT];

    qs_val_set_str(b, "revision", base->revision);
    if (base->have) {
        qs_resources_hash(base->have, driver->types, hash);
        qs_val_set_str(b, "hash", hash);
    }
    (void)qs_val_set(b, "observed",
                     base->observed_us ? qs_val_str(qs_time_text_s(base->observed_us, time)) : qs_val_null());
    if (base->observed_us)
        qs_val_set_int(b, "age_s", (int64_t)((qs_now_us() - base->observed_us) / US_PER_S));
}

static void set_changes(struct qs_val *target, const struct qs_driver *driver, const struct qs_resources *have,
                        const struct qs_resources *want)
{
    const struct qs_resources none = { .count = 0 };
    struct qs_val *native = qs_val_list(), *reboots = qs_val_list();
    struct qs_changes cs;

    qs_diff(driver->types, have ? have : &none, want, &cs);
    driver->render(&cs, want, native);
    for (size_t i = 0; i < cs.count; i++)
        if (cs.items[i].type->flags & QS_TYPE_REBOOTS)
            (void)qs_val_add(reboots, qs_val_strf("%s '%s'", cs.items[i].type->name, cs.items[i].name));
    (void)qs_val_set(target, "changes", qs_changes_to_val(&cs));
    (void)qs_val_set(target, "native", native);
    (void)qs_val_set(target, "reboots", reboots);
    qs_changes_done(&cs);
}

void qs_plan_add(struct qs_val *plan, const struct qs_driver *driver, const struct qs_desired_target *t,
                 const struct qs_resources *want, const struct qs_plan_base *base)
{
    struct qs_val *target = qs_val_add(qs_val_get(plan, "targets"), qs_val_map());

    qs_val_set_str(target, "name", t->name);
    qs_val_set_str(target, "driver", t->driver);
    qs_val_set_str(target, "address", t->address);
    set_words(target, "depends_on", t->depends_on);
    set_words(target, "adrs", t->adrs);
    set_base(target, driver, base);
    if (base->error)
        (void)qs_val_set(target, "error", qs_err_to_val(base->error));
    if (base->held)
        qs_val_set_str(target, "held", base->held);
    if (base->held && base->release)
        qs_val_set_bool(target, "release", true);
    if (base->error || (base->held && !base->release)) {
        (void)qs_val_set(target, "changes", qs_val_list());
        (void)qs_val_set(target, "native", qs_val_list());
        (void)qs_val_set(target, "reboots", qs_val_list());
        return;
    }
    set_changes(target, driver, base->have, want ? want : &t->want);
}

/* ---- summary ---- */

struct counts {
    int64_t add, change, destroy, reboots, held, failed;
};

static void count_changes(const struct qs_val *changes, struct counts *n)
{
    const struct qs_val *last = NULL;

    for (size_t i = 0; i < qs_val_count(changes); i++) {
        const struct qs_val *c = qs_val_at(changes, i);
        const char *action = qs_val_get_str(c, "action", "");
        bool again = qs_streq(action, "recreate");
        bool same = last && qs_streq(qs_val_get_str(last, "name", ""), qs_val_get_str(c, "name", "")) &&
                    qs_streq(qs_val_get_str(last, "type", ""), qs_val_get_str(c, "type", ""));

        n->add += again || qs_streq(action, "create");
        n->destroy += again || qs_streq(action, "delete");
        n->change += qs_streq(action, "update") || (qs_streq(action, "move") && !same);
        last = c;
    }
}

static void add_new_words(struct qs_val *list, const struct qs_val *words)
{
    for (size_t i = 0; i < qs_val_count(words); i++) {
        const struct qs_val *word = qs_val_at(words, i);
        bool known = false;

        for (size_t j = 0; j < qs_val_count(list); j++)
            known = known || qs_val_equal(qs_val_at(list, j), word);
        if (!known)
            (void)qs_val_add(list, qs_val_copy(word));
    }
}

void qs_plan_finish(struct qs_val *plan)
{
    const struct qs_val *targets = qs_val_get(plan, "targets");
    struct qs_val *adrs = qs_val_set(plan, "adrs", qs_val_list()), *summary;
    struct counts n = { 0 };

    for (size_t i = 0; i < qs_val_count(targets); i++) {
        const struct qs_val *t = qs_val_at(targets, i), *changes = qs_val_get(t, "changes");

        count_changes(changes, &n);
        n.reboots += qs_val_count(qs_val_get(t, "reboots")) > 0;
        n.held += qs_val_get(t, "held") && !qs_val_get_bool(t, "release", false);
        n.failed += qs_val_get(t, "error") != NULL;
        if (qs_val_count(changes))
            add_new_words(adrs, qs_val_get(t, "adrs"));
    }
    summary = qs_val_set(plan, "summary", qs_val_map());
    qs_val_set_int(summary, "add", n.add);
    qs_val_set_int(summary, "change", n.change);
    qs_val_set_int(summary, "destroy", n.destroy);
    qs_val_set_int(summary, "reboots", n.reboots);
    qs_val_set_int(summary, "held", n.held);
    qs_val_set_int(summary, "failed", n.failed);
}

bool qs_plan_has_changes(const struct qs_val *plan)
{
    const struct qs_val *targets = qs_val_get(plan, "targets");

    for (size_t i = 0; i < qs_val_count(targets); i++)
        if (qs_val_count(qs_val_get(qs_val_at(targets, i), "changes")))
            return true;
    return false;
}

const struct qs_val *qs_plan_target(const struct qs_val *plan, const char *name)
{
    const struct qs_val *targets = qs_val_get(plan, "targets");

    for (size_t i = 0; i < qs_val_count(targets); i++)
        if (qs_streq(qs_val_get_str(qs_val_at(targets, i), "name", ""), name))
            return qs_val_at(targets, i);
    return NULL;
}

const char *qs_age_text(int64_t seconds, char *text, size_t size)
{
    static const struct {
        int64_t from, unit;
        const char *name;
    } rows[] = {
        { 2 * 86400, 86400, "d" },
        { 2 * 3600, 3600, "h" },
        { 120, 60, "min" },
        { 0, 1, "s" },
    };
    size_t i = 0;

    while (i + 1 < QS_COUNT(rows) && seconds < rows[i].from)
        i++;
    (void)snprintf(text, size, "%lld %s", (long long)(seconds / rows[i].unit), rows[i].name);
    return text;
}
