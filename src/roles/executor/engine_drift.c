/* Drift, and how every target stands. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "converge/plan.h"
#include "roles/executor/engine_int.h"

#define REFRESH_WAIT_MS 1500
#define US_PER_S 1000000

/* ---- describing ---- */

static struct qs_val *add_name(struct qs_val *list, const char *type, const char *name)
{
    struct qs_val *m = qs_val_add(list, qs_val_map());

    qs_val_set_str(m, "type", type);
    qs_val_set_str(m, "name", name);
    return m;
}

static void set_side(struct qs_val *to, const char *key, const struct qs_attr *a, const struct qs_val *v)
{
    if (v && (a->flags & QS_ATTR_SECRET))
        qs_val_set_str(to, key, "(secret)");
    else
        (void)qs_val_set(to, key, v ? qs_val_copy(v) : qs_val_null());
}

static void add_difference(struct qs_val *list, const struct qs_change *c)
{
    struct qs_val *attrs = qs_val_set(add_name(list, c->type->name, c->name), "attrs", qs_val_map());

    for (const struct qs_attr *a = c->type->attrs; a->name; a++) {
        struct qs_val *one;

        if (!qs_change_touches(c, a->name))
            continue;
        one = qs_val_set(attrs, a->name, qs_val_map());
        set_side(one, "declared", a, qs_val_get(c->after, a->name));
        set_side(one, "live", a, qs_val_get(c->before, a->name));
    }
}

static bool has_word(const struct qs_val *list, const struct qs_val *word)
{
    for (size_t i = 0; i < qs_val_count(list); i++)
        if (qs_val_equal(qs_val_at(list, i), word))
            return true;
    return false;
}

bool drift_describe(const struct qs_type *types, const struct qs_resources *live, const struct qs_resources *then,
                    const struct qs_val *foreign, const struct qs_val *foreign_then, struct qs_val *into)
{
    static const char *const keys[] = { [QS_CREATE] = "removed",
                                        [QS_UPDATE] = "differs",
                                        [QS_DELETE] = "added",
                                        [QS_RECREATE] = "differs",
                                        [QS_MOVE] = "moved" };
    qs_auto(changes) struct qs_changes cs = { .count = 0 };
    struct qs_val *added;
    size_t count;

    qs_diff(types, live, then, &cs);
    count = cs.count;
    for (enum qs_action a = QS_UPDATE; a <= QS_MOVE; a++)
        if (!qs_val_get(into, keys[a]))
            (void)qs_val_set(into, keys[a], qs_val_list());
    (void)qs_val_set(into, "removed", qs_val_list());
    for (size_t i = 0; i < cs.count; i++) {
        struct qs_val *list = qs_val_get(into, keys[cs.items[i].action]);

        if (cs.items[i].action == QS_UPDATE || cs.items[i].action == QS_RECREATE)
            add_difference(list, &cs.items[i]);
        else
            (void)add_name(list, cs.items[i].type->name, cs.items[i].name);
    }
    added = qs_val_get(into, "added");
    for (size_t i = 0; i < qs_val_count(foreign); i++) {
        if (has_word(foreign_then, qs_val_at(foreign, i)))
            continue;
        (void)add_name(added, "native", qs_val_string(qs_val_at(foreign, i), ""));
        count++;
    }
    return count > 0;
}

/* ---- drift ---- */

struct drifting {
    struct qs_engine *e;
    const struct qs_credentials *creds;
    const struct qs_desired *d; /* may be NULL */
    char **names;
    struct qs_val **found;
};

static const struct qs_desired_target *declared(const struct drifting *x, const char *name)
{
    return x->d ? qs_desired_find(x->d, name) : NULL;
}

static void describe(struct drifting *x, const struct qs_desired_target *t, const struct qs_record *r,
                     const struct qs_observation *o, struct qs_val *m)
{
    const struct qs_type *types = x->e->find(t->driver)->types;
    qs_auto(resources) struct qs_resources live = qs_resources_copy(&o->have);
    qs_auto(resources) struct qs_resources then = qs_resources_copy(r->applied ? &r->want : &t->want);
    bool drifts;

    if (!r->applied && !declared(x, t->name)) {
        qs_val_set_str(m, "state", "unknown");
        qs_val_set_str(m, "text", "not applied yet");
        return;
    }
    qs_resources_veil(&live, types, qs_journal_key(x->e->journal));
    qs_resources_veil(&then, types, qs_journal_key(x->e->journal));
    drifts = drift_describe(types, &live, &then, o->foreign, r->applied ? r->foreign_then : o->foreign, m);
    qs_val_set_str(m, "state", drifts ? "drift" : "in-sync");
    qs_val_set_str(m, "apply", r->applied ? r->apply : NULL);
}

static void drift_one(void *arg, size_t i)
{
    struct drifting *x = arg;
    const char *name = x->names[i];
    struct qs_val *m = x->found[i] = qs_val_map();
    qs_auto(record) struct qs_record r = { .name = NULL };
    qs_auto(observation) struct qs_observation o = { .revision = NULL };
    struct qs_err err = QS_ERR_INIT, never = QS_ERR_INIT;
    struct qs_desired_target known = { .name = x->names[i] };
    const struct qs_desired_target *t = declared(x, name);

    qs_val_set_str(m, "name", name);
    if (!qs_journal_target(x->e->journal, name, &r, &never) && !t) {
        known.driver = r.driver;
        known.address = r.address;
        known.port = r.port;
        t = &known;
    }
    if (!t || engine_observe(x->e, x->creds, t, &o, t ? &err : &never)) {
        qs_val_set_str(m, "state", "failed");
        (void)qs_val_set(m, "error", qs_err_to_val(t ? &err : &never));
        return;
    }
    describe(x, t, &r, &o, m);
}

static size_t add_missing_names(const struct qs_desired *d, char ***names)
{
    size_t count = 0;

    while ((*names)[count])
        count++;
    for (size_t i = 0; d && i < d->count; i++) {
        bool known = false;

        for (size_t n = 0; n < count; n++)
            known = known || qs_streq((*names)[n], d->targets[i].name);
        if (known)
            continue;
        *names = qs_xgrow(*names, count + 1, count + 2, sizeof(**names));
        (*names)[count++] = qs_xstrdup(d->targets[i].name);
    }
    return count;
}

static int by_natural_name(const void *a, const void *b)
{
    char *const *x = a, *const *y = b;

    return qs_natural_cmp(*x, *y);
}

enum qs_code qs_engine_drift(struct qs_engine *e, const struct qs_desired *d, struct qs_val **ret, struct qs_err *err)
{
    qs_auto(credentials) struct qs_credentials *creds = NULL;
    qs_auto(names) char **names = NULL;
    qs_auto(desired) struct qs_desired mine = { .count = 0 };
    struct drifting x = { .e = e };
    struct qs_val *doc, *list;
    size_t count;

    if (d) {
        qs_auto(val) struct qs_val *copy = qs_desired_to_val(d);

        if (qs_desired_from_val(copy, &mine, err) || engine_settle(e, &mine, err))
            return err->code;
        x.d = &mine;
    }
    if (qs_journal_targets(e->journal, &names, err) || qs_credentials_load(e->credentials, &creds, err))
        return err->code;
    count = add_missing_names(x.d, &names);
    qsort(names, count, sizeof(*names), by_natural_name);
    x.creds = creds;
    x.names = names;
    x.found = qs_xzalloc(count * sizeof(*x.found));
    engine_parallel(e, count, drift_one, &x);
    doc = qs_val_map();
    qs_val_set_str(doc, "format", "qs.drift/1");
    list = qs_val_set(doc, "targets", qs_val_list());
    for (size_t i = 0; i < count; i++)
        (void)qs_val_add(list, x.found[i]);
    free(x.found);
    *ret = doc;
    return QS_OK;
}

/* ---- how they stand ---- */

struct refresh {
    struct qs_engine *e;
    char *name;
};

/* With e->lock held. */
static struct watch *watched(struct qs_engine *e, const char *name)
{
    for (size_t i = 0; i < e->watch_count; i++)
        if (qs_streq(e->watches[i].name, name))
            return &e->watches[i];
    return NULL;
}

static void observe_known(struct qs_engine *e, const char *name)
{
    qs_auto(credentials) struct qs_credentials *creds = NULL;
    qs_auto(record) struct qs_record r = { .name = NULL };
    qs_auto(observation) struct qs_observation o = { .revision = NULL };
    struct qs_err err = QS_ERR_INIT;

    if (qs_journal_target(e->journal, name, &r, &err) || qs_credentials_load(e->credentials, &creds, &err))
        return;
    const struct qs_desired_target t = { .name = r.name, .driver = r.driver, .address = r.address, .port = r.port };
    if (e->find(r.driver))
        QS_IGNORE(engine_observe(e, creds, &t, &o, &err)); /* the journal has the outcome, good or bad */
}

static void *refresh_main(void *arg)
{
    struct refresh *r = arg;
    struct qs_engine *e = r->e;
    struct watch *w;

    observe_known(e, r->name);
    (void)pthread_mutex_lock(&e->lock);
    w = watched(e, r->name);
    free(w->name);
    *w = e->watches[--e->watch_count];
    (void)pthread_cond_broadcast(&e->changed);
    (void)pthread_mutex_unlock(&e->lock);
    free(r->name);
    free(r);
    return NULL;
}

/* With e->lock held. A target that is being observed already is left to that. */
static void start_refresh(struct qs_engine *e, const char *name)
{
    struct refresh *r;
    struct watch *w;
    pthread_t thread;

    if (watched(e, name) || e->watch_count >= e->threads)
        return;
    r = qs_xzalloc(sizeof(*r));
    *r = (struct refresh){ .e = e, .name = qs_xstrdup(name) };
    if (pthread_create(&thread, NULL, refresh_main, r)) {
        free(r->name);
        free(r);
        return;
    }
    (void)pthread_detach(thread);
    w = QS_PUSH(e->watches, e->watch_count);
    *w = (struct watch){ .name = qs_xstrdup(name), .started_ms = qs_mono_ms() };
}

static void wait_for_refresh(struct qs_engine *e)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(REFRESH_WAIT_MS % 1000) * 1000000;
    until.tv_sec += REFRESH_WAIT_MS / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (e->watch_count && pthread_cond_timedwait(&e->changed, &e->lock, &until) == 0)
        continue;
}

/* Starts observing what is old, and waits a moment for it. Nothing is looked at while an apply runs: a half-made change
 * is no drift. */
static enum qs_code refresh(struct qs_engine *e, char *const *names, int64_t refresh_s, struct qs_err *err)
{
    HOLD(&e->lock);
    if (e->applying[0])
        return QS_OK;
    for (; *names; names++) {
        qs_auto(record) struct qs_record r = { .name = NULL };

        if (qs_journal_target(e->journal, *names, &r, err))
            return err->code;
        if (qs_now_us() - r.observed_us >= (uint64_t)refresh_s * US_PER_S)
            start_refresh(e, *names);
    }
    wait_for_refresh(e);
    return QS_OK;
}

static struct qs_val *standing(struct qs_engine *e, const struct qs_record *r)
{
    struct qs_val *m = qs_val_map();
    char text[QS_TIME_TEXT];
    const struct watch *w;

    HOLD(&e->lock);
    w = watched(e, r->name);
    bool hangs = w && qs_mono_ms() - w->started_ms >= REFRESH_WAIT_MS;
    qs_val_set_str(m, "name", r->name);
    qs_val_set_str(m, "state", qs_target_state_text(hangs ? QS_TARGET_FAILED : r->state));
    if (r->since_us)
        qs_val_set_str(m, "since", qs_time_text_s(r->since_us, text));
    if (r->observed_us)
        qs_val_set_str(m, "observed", qs_time_text_s(r->observed_us, text));
    qs_val_set_str(m, "text", hangs ? "does not answer" : r->text);
    qs_val_set_str(m, "apply", r->applied ? r->apply : NULL);
    qs_val_set_str(m, "held", r->held[0] ? r->held : NULL);
    return m;
}

enum qs_code qs_engine_targets(struct qs_engine *e, int64_t refresh_s, struct qs_val **ret, struct qs_err *err)
{
    qs_auto(names) char **names = NULL;
    qs_auto(val) struct qs_val *doc = qs_val_map();
    struct qs_val *list;

    if (qs_journal_targets(e->journal, &names, err) || (refresh_s >= 0 && refresh(e, names, refresh_s, err)))
        return err->code;
    qs_val_set_str(doc, "format", "qs.targets/1");
    list = qs_val_set(doc, "targets", qs_val_list());
    for (size_t i = 0; names[i]; i++) {
        qs_auto(record) struct qs_record r = { .name = NULL };

        if (qs_journal_target(e->journal, names[i], &r, err))
            return err->code;
        (void)qs_val_add(list, standing(e, &r));
    }
    *ret = qs_take_ptr(doc);
    return QS_OK;
}
