#include "roles/executor/engine_step.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/fault.h"
#include "base/str.h"
#include "converge/plan.h"

struct work { /* what one step holds while it runs */
    const struct step_env *env;
    struct step *s;
    const struct qs_driver *driver;
    struct link link;
    struct qs_observation base, probe;
    struct qs_resources want;
    struct qs_changes changes;
    bool begun; /* the target may have been touched */
};

static void work_done(struct work *w)
{
    link_close(&w->link);
    qs_observation_done(&w->base);
    qs_observation_done(&w->probe);
    qs_resources_done(&w->want);
    qs_changes_done(&w->changes);
}

static inline void qs_auto_work_cb(struct work *w)
{
    work_done(w);
}

static void say(const struct step_env *env, const struct step *s, const char *phase)
{
    struct qs_val *line;
    char text[600];

    if (!env->say)
        return;
    line = qs_val_map();
    qs_val_set_str(line, "event", "target");
    qs_val_set_str(line, "target", s->name);
    qs_val_set_str(line, "phase", phase);
    if (s->err.code)
        qs_val_set_str(line, "text", qs_err_text(&s->err, text, sizeof(text)));
    env->say(env->arg, line);
}

/* Ends the step in the journal. A journal that cannot be written makes a good step a failed one: it will be found
 * begun, and looked at again. */
static bool end(const struct step_env *env, struct step *s, const char *state)
{
    struct qs_err why = QS_ERR_INIT;

    s->state = state;
    if (qs_journal_step_end(env->e->journal, env->apply, s->name, state, s->err.code ? &s->err : NULL, &why)) {
        s->state = "failed";
        if (!s->err.code)
            s->err = why;
    }
    return !s->err.code;
}

void step_skip(const struct step_env *env, struct step *s)
{
    (void)end(env, s, "skipped");
    say(env, s, "skipped");
}

/* ---- is it still as planned? ---- */

static enum qs_code refuse_stale(const struct work *w, struct qs_err *err)
{
    const struct qs_val *planned = qs_val_get(w->s->plan, "changes");
    const char *revision = qs_val_get_str(qs_val_get(w->s->plan, "base"), "revision", NULL);
    qs_auto(val) struct qs_val *now = qs_changes_to_val(&w->changes);

    if (revision && qs_streq(revision, w->base.revision) && planned && qs_val_equal(planned, now))
        return QS_OK;
    (void)qs_err_set(err, QS_CONFLICT, 0, "%s: the plan is stale: the device changed since it was made", w->s->name);
    return qs_err_hint(err, "Nothing was changed on it. Make a new plan with: qs plan");
}

static enum qs_code refuse_held(const struct work *w, struct qs_err *err)
{
    qs_auto(record) struct qs_record r = { .name = NULL };

    if (qs_journal_target(w->env->e->journal, w->s->name, &r, err))
        return err->code;
    if (!r.held[0] || w->env->rollback)
        return QS_OK;
    (void)qs_err_set(err, QS_CONFLICT, 0, "%s: held by rollback %s", w->s->name, r.held);
    return qs_err_hint(err, "End the hold with: qs apply --release");
}

static enum qs_code look(struct work *w, struct qs_err *err)
{
    const struct step_env *env = w->env;
    const struct qs_type *types = w->driver->types;

    if (engine_recover_target(env->e, env->creds, w->s->name, err) ||
        link_open(env->e, env->creds, w->s->t, &w->link, err) || link_observe(&w->link, w->s->t, &w->base, err) ||
        engine_record(env->e, w->s->t, &w->base, err) || refuse_held(w, err))
        return err->code;
    w->want = qs_resources_copy(&w->s->t->want);
    if (env->rollback && qs_resources_unveil(&w->want, &w->base.have, types, qs_journal_key(env->e->journal), err))
        return qs_err_wrap(err, "%s", w->s->name);
    qs_diff(types, &w->base.have, &w->want, &w->changes);
    return refuse_stale(w, err);
}

/* ---- changing it ---- */

static enum qs_code note_begin(struct work *w, struct qs_err *err)
{
    qs_auto(val) struct qs_val *want = engine_want_doc(w->env->e, w->env->d, w->s->t);
    qs_auto(val) struct qs_val *changes = qs_changes_to_val(&w->changes);
    qs_auto(val) struct qs_val *native = qs_val_list();

    w->driver->render(&w->changes, &w->want, native);
    return qs_journal_step_begin(w->env->e->journal, w->env->apply, want, changes, native, err);
}

static enum qs_code change(struct work *w, struct qs_err *err)
{
    enum qs_code code;

    if (note_begin(w, err))
        return err->code;
    w->begun = true;
    say(w->env, w->s, "apply");
    qs_event(QS_EV_DEVICE_APPLYING, "device", w->s->name, "apply", w->env->apply, NULL);
    qs_fault_point("driver.apply.before");
    code = w->driver->apply(w->link.session, w->env->apply, &w->base, &w->changes, &w->want, err);
    qs_fault_point("driver.apply.after");
    return code ? engine_named(err, w->s->t) : QS_OK;
}

/* Looks through a session of its own: the way in must still be there, and everything as wanted. */
static enum qs_code probe_once(struct work *w, struct qs_err *err)
{
    qs_auto(link) struct link l = { .session = NULL };
    qs_auto(changes) struct qs_changes left = { .count = 0 };

    qs_observation_done(&w->probe);
    if (link_open(w->env->e, w->env->creds, w->s->t, &l, err) || link_observe(&l, w->s->t, &w->probe, err))
        return err->code;
    qs_diff(w->driver->types, &w->probe.have, &w->want, &left);
    if (!left.count)
        return QS_OK;
    return qs_err_set(err, QS_REFUSED, 0, "%s: after the change %zu resource%s still differ%s, first %s '%s'",
                      w->s->name, left.count, left.count == 1 ? "" : "s", left.count == 1 ? "s" : "",
                      left.items[0].type->name, left.items[0].name);
}

/* The network may need a moment after the change: tried until half of the dead-man's time is gone. */
static enum qs_code probe(struct work *w, struct qs_err *err)
{
    uint64_t until = qs_mono_ms() + (uint64_t)w->s->t->commit_timer_s * 500;

    say(w->env, w->s, "probe");
    for (;;) {
        struct qs_err why = QS_ERR_INIT;

        if (!probe_once(w, &why))
            return QS_OK;
        if (!qs_code_retryable(why.code) || qs_mono_ms() >= until) {
            *err = why;
            return why.code;
        }
    }
}

static enum qs_code confirm(struct work *w, struct qs_err *err)
{
    qs_auto(resources) struct qs_resources live = qs_resources_copy(&w->probe.have);
    enum qs_code code;

    qs_resources_veil(&live, w->driver->types, qs_journal_key(w->env->e->journal));
    if (qs_journal_observed(w->env->e->journal, w->s->name, &w->probe, &live, err))
        return err->code;
    qs_fault_point("driver.confirm.before");
    code = w->driver->confirm(w->link.session, w->env->apply, err);
    qs_fault_point("driver.confirm.after");
    return code ? engine_named(err, w->s->t) : QS_OK;
}

/* ---- and back ---- */

static bool revert_over(struct work *w, struct link *l, struct qs_err *err)
{
    qs_fault_point("driver.revert.before");
    enum qs_code code = w->driver->revert(l->session, err);
    qs_fault_point("driver.revert.after");
    return code == QS_OK;
}

/* Takes the change back over this session or, when that is dead, a new one. When neither works the dead-man does it. */
static void take_back(struct work *w)
{
    struct qs_err why = QS_ERR_INIT;
    qs_auto(link) struct link again = { .session = NULL };

    if (revert_over(w, &w->link, &why) ||
        (!link_open(w->env->e, w->env->creds, w->s->t, &again, &why) && revert_over(w, &again, &why))) {
        qs_event(QS_EV_DEVICE_REVERTED, "device", w->s->name, "apply", w->env->apply, NULL);
        return;
    }
    (void)qs_err_hint(&w->s->err, "It could not be asked to take the change back; it does so by itself within %u s.",
                      w->s->t->commit_timer_s);
}

static bool fail(struct work *w)
{
    struct qs_err ignored = QS_ERR_INIT;
    char text[600];

    if (w->begun)
        take_back(w);
    qs_event_err(QS_EV_DEVICE_FAILED, &w->s->err, "device", w->s->name, NULL);
    (void)end(w->env, w->s, "failed");
    if (!w->begun && w->s->err.code == QS_CONFLICT) { /* refused, not broken: it stands as it was observed */
        say(w->env, w->s, "failed");
        return false;
    }
    QS_IGNORE(qs_journal_know(w->env->e->journal, w->s->t, &ignored));
    QS_IGNORE(qs_journal_state(w->env->e->journal, w->s->name, QS_TARGET_FAILED,
                               qs_err_text(&w->s->err, text, sizeof(text)), &ignored));
    say(w->env, w->s, "failed");
    return false;
}

/* ---- the whole ---- */

/* Nothing to change: what was observed for the plan is what is wanted. */
static bool same(const struct step_env *env, struct step *s)
{
    qs_auto(val) struct qs_val *want = engine_want_doc(env->e, env->d, s->t);

    s->state = "unchanged";
    if (qs_journal_step_same(env->e->journal, env->apply, want, &s->err) ||
        qs_journal_state(env->e->journal, s->name, QS_TARGET_IN_SYNC, "", &s->err))
        s->state = "failed";
    say(env, s, s->state);
    return !s->err.code;
}

bool step_run(const struct step_env *env, struct step *s)
{
    qs_auto(work) struct work w = { .env = env, .s = s, .driver = env->e->find(s->t->driver) };

    if (qs_plan_error(s->plan, &s->err))
        return fail(&w);
    if (!qs_val_count(qs_val_get(s->plan, "changes")))
        return same(env, s);
    say(env, s, "observe");
    if (look(&w, &s->err) || change(&w, &s->err) || probe(&w, &s->err) || confirm(&w, &s->err))
        return fail(&w);
    w.begun = false;
    if (!end(env, s, "done") || engine_record(env->e, s->t, &w.probe, &s->err)) {
        say(env, s, "failed");
        return false;
    }
    qs_event(QS_EV_DEVICE_APPLIED, "device", s->name, "apply", env->apply, NULL);
    say(env, s, "done");
    return true;
}
