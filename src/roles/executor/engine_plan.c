/* Planning: every target observed at once, then compared in the order of the graph. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/str.h"
#include "converge/graph.h"
#include "converge/plan.h"
#include "roles/executor/engine_int.h"

struct looked { /* one target of the plan */
    const struct qs_desired_target *t;
    struct qs_observation o;
    char *held;
    struct qs_err err;
};
struct planning {
    struct qs_engine *e;
    const struct qs_credentials *creds;
    const struct qs_desired *d;
    struct looked *looked;
    size_t count;
    bool release, rollback;
};

static void planning_done(struct planning *p)
{
    for (size_t i = 0; i < p->count; i++) {
        qs_observation_done(&p->looked[i].o);
        free(p->looked[i].held);
    }
    free(p->looked);
}

static inline void qs_auto_planning_cb(struct planning *p)
{
    planning_done(p);
}

static bool is_asked(const struct qs_plan_ask *ask, const char *name)
{
    bool found = !ask->targets;

    for (size_t i = 0; i < qs_val_count(ask->targets); i++)
        found = found || qs_streq(qs_val_string(qs_val_at(ask->targets, i), ""), name);
    return found;
}

static enum qs_code check_asked(const struct qs_desired *d, const struct qs_plan_ask *ask, struct qs_err *err)
{
    const char **names = qs_xzalloc((d->count + 1) * sizeof(*names));
    enum qs_code code = QS_OK;

    for (size_t i = 0; i < d->count; i++)
        names[i] = d->targets[i].name;
    for (size_t i = 0; i < qs_val_count(ask->targets) && !code; i++) {
        const char *name = qs_val_string(qs_val_at(ask->targets, i), "");
        const char *near = qs_nearest(name, names);

        if (qs_desired_find(d, name))
            continue;
        code = qs_err_set(err, QS_NOTFOUND, 0, "there is no target '%s'", name);
        if (near)
            (void)qs_err_hint(err, "Did you mean '%s'?", near);
    }
    free(names);
    return code;
}

static void look_at(void *arg, size_t i)
{
    struct planning *p = arg;
    struct looked *l = &p->looked[i];
    qs_auto(record) struct qs_record r = { .name = NULL };
    struct qs_err never = QS_ERR_INIT;

    if (engine_observe(p->e, p->creds, l->t, &l->o, &l->err))
        return;
    if (!qs_journal_target(p->e->journal, l->t->name, &r, &never) && r.held[0] && !p->rollback)
        l->held = qs_take_ptr(r.held);
}

/* A rollback's secrets are veiled; the live ones take their place where they are the same. */
static void add_target(struct planning *p, struct qs_val *plan, struct looked *l)
{
    const struct qs_driver *driver = p->e->find(l->t->driver);
    qs_auto(resources) struct qs_resources want = qs_resources_copy(&l->t->want);
    struct qs_plan_base base = { .held = l->held, .release = p->release };

    if (!l->err.code && p->rollback &&
        qs_resources_unveil(&want, &l->o.have, driver->types, qs_journal_key(p->e->journal), &l->err))
        (void)qs_err_wrap(&l->err, "%s", l->t->name);
    if (l->err.code) {
        base.error = &l->err;
    } else {
        base.have = &l->o.have;
        base.revision = l->o.revision;
        base.observed_us = qs_now_us();
    }
    qs_plan_add(plan, driver, l->t, &want, &base);
}

static enum qs_code choose(struct planning *p, const struct qs_plan_ask *ask, struct qs_err *err)
{
    size_t *order = NULL;

    if (check_asked(p->d, ask, err) || qs_graph_order(p->d, &order, err))
        return err->code;
    for (size_t i = 0; i < p->d->count; i++)
        if (is_asked(ask, p->d->targets[order[i]].name))
            QS_PUSH(p->looked, p->count)->t = &p->d->targets[order[i]];
    free(order);
    return QS_OK;
}

static enum qs_code make_plan(struct planning *p, const struct qs_plan_ask *ask, const char *rollback,
                              struct qs_val **ret, struct qs_err *err)
{
    qs_auto(credentials) struct qs_credentials *creds = NULL;
    qs_auto(val) struct qs_val *plan = NULL;

    if (choose(p, ask, err) || qs_credentials_load(p->e->credentials, &creds, err))
        return err->code;
    p->creds = creds;
    engine_parallel(p->e, p->count, look_at, p);
    plan = qs_plan_new(p->d, false);
    qs_val_set_str(plan, "rollback", rollback);
    for (size_t i = 0; i < p->count; i++)
        add_target(p, plan, &p->looked[i]);
    qs_plan_finish(plan);
    if (qs_journal_plan(p->e->journal, plan, err))
        return err->code;
    qs_event(QS_EV_PLAN_MADE, "plan", qs_val_get_str(plan, "id", ""), NULL);
    *ret = qs_take_ptr(plan);
    return QS_OK;
}

/* The wanted state as the schemas see it, which leaves the caller's as it came: its hash is over that. */
static enum qs_code settled_copy(const struct qs_engine *e, const struct qs_desired *d, struct qs_desired *ret,
                                 struct qs_err *err)
{
    qs_auto(val) struct qs_val *doc = qs_desired_to_val(d);

    if (qs_desired_from_val(doc, ret, err))
        return err->code;
    return engine_settle(e, ret, err);
}

enum qs_code qs_engine_plan(struct qs_engine *e, const struct qs_desired *d, const struct qs_plan_ask *ask,
                            struct qs_val **ret, struct qs_err *err)
{
    qs_auto(desired) struct qs_desired mine = { .count = 0 };
    qs_auto(planning) struct planning p = { .e = e, .d = &mine, .release = ask->release };

    if (settled_copy(e, d, &mine, err))
        return err->code;
    return make_plan(&p, ask, NULL, ret, err);
}

/* Targets may have gone since: what is no longer there is nothing to wait for. */
static void drop_lost_needs(struct qs_desired *d)
{
    for (size_t i = 0; i < d->count; i++) {
        char **kept = d->targets[i].depends_on;

        for (char **name = kept; name && *name; name++) {
            if (qs_desired_find(d, *name))
                *kept++ = *name;
            else
                free(*name);
        }
        if (kept)
            *kept = NULL;
    }
}

enum qs_code qs_engine_rollback(struct qs_engine *e, const char *apply, struct qs_val **ret, struct qs_err *err)
{
    qs_auto(desired) struct qs_desired d = { .count = 0 };
    qs_auto(planning) struct planning p = { .e = e, .d = &d, .rollback = true };
    const struct qs_plan_ask all = { .targets = NULL };
    char id[QS_ID_TEXT];

    if (qs_journal_wanted_at(e->journal, apply, id, &d, err))
        return err->code;
    if (engine_settle(e, &d, err))
        return err->code;
    drop_lost_needs(&d);
    return make_plan(&p, &all, id, ret, err);
}
