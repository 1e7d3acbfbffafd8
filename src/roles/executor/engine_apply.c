/* Applying: steps run as soon as what they depend on is verified, in parallel where nothing does. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/str.h"
#include "converge/plan.h"
#include "roles/executor/engine_int.h"
#include "roles/executor/engine_step.h"

enum at { WAITING, RUNNING, GOOD, BAD };

struct node {
    struct step step;
    enum at at;
};
struct run {
    struct qs_engine *e;
    struct step_env env;
    struct node *nodes;
    size_t count;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static struct node *node_named(struct run *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (qs_streq(r->nodes[i].step.name, name))
            return &r->nodes[i];
    return NULL;
}

/* The worst of what a node depends on: BAD when one failed, WAITING when one is not through yet, else GOOD. Targets
 * that are not part of this plan do not count, and what is not to be changed waits for nobody. */
static enum at needs_of(struct run *r, const struct node *n, const char **ret_failed)
{
    const struct qs_val *names = qs_val_get(n->step.plan, "depends_on");
    enum at worst = GOOD;

    if (!qs_val_count(qs_val_get(n->step.plan, "changes")))
        return GOOD;
    for (size_t i = 0; i < qs_val_count(names); i++) {
        const struct node *need = node_named(r, qs_val_string(qs_val_at(names, i), ""));

        if (need && need->at == BAD) {
            *ret_failed = need->step.name;
            return BAD;
        }
        if (need && need->at != GOOD)
            worst = WAITING;
    }
    return worst;
}

static void skip(struct run *r, struct node *n, const char *failed)
{
    (void)qs_err_set(&n->step.err, QS_CONFLICT, 0, "%s: left alone, because it depends on '%s'", n->step.name, failed);
    step_skip(&r->env, &n->step);
    n->at = BAD;
}

/* The next node that can run, with `r` locked. NULL: none now; *ret_over: and none ever. */
static struct node *next_node(struct run *r, bool *ret_over)
{
    *ret_over = true;
    for (size_t i = 0; i < r->count; i++) {
        struct node *n = &r->nodes[i];
        const char *failed = NULL;
        enum at needs;

        if (n->at == RUNNING)
            *ret_over = false;
        if (n->at != WAITING)
            continue;
        needs = needs_of(r, n, &failed);
        if (needs == GOOD)
            return n;
        if (needs == BAD)
            skip(r, n, failed);
        else
            *ret_over = false;
    }
    return NULL;
}

static void work(void *arg, size_t i)
{
    struct run *r = arg;

    (void)i;
    qs_event_op(r->env.apply);
    (void)pthread_mutex_lock(&r->lock);
    for (;;) {
        bool over = false;
        struct node *n = next_node(r, &over);

        if (!n && over)
            break;
        if (!n) {
            (void)pthread_cond_wait(&r->changed, &r->lock);
            continue;
        }
        n->at = RUNNING;
        (void)pthread_mutex_unlock(&r->lock);
        bool good = step_run(&r->env, &n->step);
        (void)pthread_mutex_lock(&r->lock);
        n->at = good ? GOOD : BAD;
        (void)pthread_cond_broadcast(&r->changed);
    }
    (void)pthread_cond_broadcast(&r->changed);
    (void)pthread_mutex_unlock(&r->lock);
}

/* ---- before and after ---- */

static enum qs_code refuse_stale(const struct qs_val *plan, const struct qs_desired *d, struct qs_err *err)
{
    if (qs_streq(qs_val_get_str(plan, "desired", ""), d->hash))
        return QS_OK;
    (void)qs_err_set(err, QS_CONFLICT, 0, "the plan is stale: the lab changed since it was made");
    return qs_err_hint(err, "Make a new one with: qs plan");
}

static bool is_held(const struct qs_val *target)
{
    return qs_val_get(target, "held") && !qs_val_get_bool(target, "release", false);
}

/* One node for each target of the plan that is not held. */
static enum qs_code make_nodes(struct run *r, const struct qs_val *plan, const struct qs_desired *d, struct qs_err *err)
{
    const struct qs_val *targets = qs_val_get(plan, "targets");

    for (size_t i = 0; i < qs_val_count(targets); i++) {
        const struct qs_val *t = qs_val_at(targets, i);
        const char *name = qs_val_get_str(t, "name", "");
        struct node *n;

        if (!qs_desired_find(d, name))
            return qs_err_set(err, QS_INVALID, 0, "the plan names a target '%s' that its wanted state does not have",
                              name);
        if (is_held(t))
            continue;
        n = QS_PUSH(r->nodes, r->count);
        n->step = (struct step){ .name = name, .plan = t, .t = qs_desired_find(d, name), .state = "pending" };
    }
    return QS_OK;
}

static enum qs_code begin(struct run *r, const struct qs_val *plan, struct qs_err *err)
{
    const char **names = qs_xzalloc((r->count + 1) * sizeof(*names));
    enum qs_code code;

    for (size_t i = 0; i < r->count; i++)
        names[i] = r->nodes[i].step.name;
    code = qs_journal_apply_begin(r->e->journal, r->env.apply, plan, names, err);
    for (size_t i = 0; i < r->count && !code; i++)
        if (r->env.rollback || qs_val_get_bool(r->nodes[i].step.plan, "release", false))
            code = qs_journal_know(r->e->journal, r->nodes[i].step.t, err)
                       ? err->code
                       : qs_journal_hold(r->e->journal, names[i], r->env.rollback ? r->env.apply : "", err);
    free(names);
    return code;
}

static struct qs_val *result_of(const struct run *r, const struct qs_val *plan, const char *state)
{
    struct qs_val *v = qs_val_map(), *list;
    const struct qs_val *targets = qs_val_get(plan, "targets");

    qs_val_set_str(v, "format", "qs.result/1");
    qs_val_set_str(v, "apply", r->env.apply[0] ? r->env.apply : NULL);
    qs_val_set_str(v, "state", state);
    list = qs_val_set(v, "targets", qs_val_list());
    for (size_t i = 0; i < r->count; i++) {
        const struct step *s = &r->nodes[i].step;
        struct qs_val *m = qs_val_add(list, qs_val_map());

        qs_val_set_str(m, "name", s->name);
        qs_val_set_str(m, "state", s->state);
        qs_val_set_int(m, "changes", (int64_t)qs_val_count(qs_val_get(s->plan, "changes")));
        if (s->err.code)
            (void)qs_val_set(m, "error", qs_err_to_val(&s->err));
    }
    for (size_t i = 0; i < qs_val_count(targets); i++) {
        if (is_held(qs_val_at(targets, i))) {
            struct qs_val *m = qs_val_add(list, qs_val_map());

            qs_val_set_str(m, "name", qs_val_get_str(qs_val_at(targets, i), "name", ""));
            qs_val_set_str(m, "state", "held");
        }
    }
    return v;
}

/* Whether the target is as the plan wants it and was left so by the last apply: then there is nothing to record. */
static bool is_known_same(const struct run *r, const struct node *n)
{
    const struct qs_type *types = r->e->find(n->step.t->driver)->types;
    qs_auto(record) struct qs_record known = { .name = NULL };
    qs_auto(resources) struct qs_resources want = qs_resources_copy(&n->step.t->want);
    struct qs_err ignored = QS_ERR_INIT;
    char was[QS_SHA256_TEXT], is[QS_SHA256_TEXT];

    if (r->env.rollback || qs_val_get(n->step.plan, "held") || qs_val_get(n->step.plan, "error") ||
        qs_val_count(qs_val_get(n->step.plan, "changes")) ||
        qs_journal_target(r->e->journal, n->step.name, &known, &ignored) || !known.applied)
        return false;
    qs_resources_veil(&want, types, qs_journal_key(r->e->journal));
    qs_resources_hash(&known.want, types, was);
    qs_resources_hash(&want, types, is);
    return qs_streq(was, is);
}

/* A second run leaves no trace: nothing to do makes no apply of its own. */
static bool nothing_to_do(struct run *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (!is_known_same(r, &r->nodes[i]))
            return false;
    for (size_t i = 0; i < r->count; i++)
        r->nodes[i].step.state = "unchanged";
    r->env.apply[0] = '\0';
    return true;
}

static enum qs_code carry_out(struct run *r, const struct qs_val *plan, struct qs_val **ret, struct qs_err *err)
{
    bool failed = false;

    qs_event(QS_EV_APPLY_STARTED, "apply", r->env.apply, NULL);
    engine_parallel(r->e, r->count < r->e->threads ? r->count : r->e->threads, work, r);
    for (size_t i = 0; i < r->count; i++)
        failed = failed || r->nodes[i].at == BAD;
    if (qs_journal_apply_end(r->e->journal, r->env.apply, failed ? "failed" : "done", err))
        return err->code;
    qs_event(QS_EV_APPLY_ENDED, "apply", r->env.apply, "state", failed ? "failed" : "done", NULL);
    *ret = result_of(r, plan, failed ? "failed" : "done");
    return QS_OK;
}

static enum qs_code run_all(struct run *r, const struct qs_val *plan, struct qs_val **ret, struct qs_err *err)
{
    if (nothing_to_do(r)) {
        *ret = result_of(r, plan, "unchanged");
        return QS_OK;
    }
    if (begin(r, plan, err))
        return err->code;
    qs_event_op(r->env.apply);
    enum qs_code code = carry_out(r, plan, ret, err);
    qs_event_op("");
    return code;
}

/* ---- one at a time ---- */

static enum qs_code enter(struct qs_engine *e, const char *apply, struct qs_err *err)
{
    HOLD(&e->lock);
    if (e->applying[0]) {
        (void)qs_err_set(err, QS_CONFLICT, 0, "apply %s is running", e->applying);
        return qs_err_hint(err, "Wait for it to end; follow it with: qs history %s", e->applying);
    }
    memcpy(e->applying, apply, QS_ID_TEXT);
    return QS_OK;
}

static void leave(struct qs_engine *e)
{
    HOLD(&e->lock);
    e->applying[0] = '\0';
}

static enum qs_code apply_entered(struct run *r, const struct qs_val *plan, const struct qs_desired *given,
                                  struct qs_val **ret, struct qs_err *err)
{
    const char *rollback = qs_val_get_str(plan, "rollback", NULL);
    qs_auto(credentials) struct qs_credentials *creds = NULL;
    qs_auto(desired) struct qs_desired d = { .count = 0 };
    char id[QS_ID_TEXT];

    if (!rollback && !given)
        return qs_err_set(err, QS_INVALID, 0, "the wanted state is missing");
    if (rollback) {
        if (qs_journal_wanted_at(r->e->journal, rollback, id, &d, err))
            return err->code;
    } else {
        qs_auto(val) struct qs_val *doc = qs_desired_to_val(given);

        if (qs_desired_from_val(doc, &d, err))
            return err->code;
    }
    if (refuse_stale(plan, &d, err) || engine_settle(r->e, &d, err) || make_nodes(r, plan, &d, err) ||
        qs_credentials_load(r->e->credentials, &creds, err))
        return err->code;
    r->env.rollback = rollback != NULL;
    r->env.creds = creds;
    r->env.d = &d;
    return run_all(r, plan, ret, err);
}

enum qs_code qs_engine_apply(struct qs_engine *e, const struct qs_val *plan, const struct qs_desired *d,
                             qs_engine_say_fn *say, void *arg, struct qs_val **ret, struct qs_err *err)
{
    struct run r = { .e = e,
                     .env = { .e = e, .say = say, .arg = arg },
                     .lock = PTHREAD_MUTEX_INITIALIZER,
                     .changed = PTHREAD_COND_INITIALIZER };
    enum qs_code code;

    if (!qs_streq(qs_val_get_str(plan, "format", ""), "qs.plan/1"))
        return qs_err_set(err, QS_INVALID, 0, "this is not a plan of format qs.plan/1");
    if (enter(e, qs_id_new(r.env.apply), err))
        return err->code;
    code = apply_entered(&r, plan, d, ret, err);
    leave(e);
    free(r.nodes);
    return code;
}
