/* The engine's state, its lease, sessions with retries, observing and recovering. */
#include "roles/executor/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/fault.h"
#include "base/str.h"
#include "roles/executor/engine_int.h"

#define THREADS 16
#define EXCHANGE_MS 5000
#define TRIES 3
#define FIRST_PAUSE_MS 200

/* ---- the lease ---- */

/* The lock goes with the process, so a killed executor never blocks the next. Its holder is named by pid. */
static enum qs_code take_lease(struct qs_engine *e, struct qs_err *err)
{
    qs_auto(str) char *path = qs_xasprintf("%s/executor.lock", e->state);
    char pid[32] = "";
    int len;

    e->lease = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (e->lease < 0)
        return qs_err_sys(err, QS_IO, errno, "could not open '%s'", path);
    if (flock(e->lease, LOCK_EX | LOCK_NB)) {
        if (pread(e->lease, pid, sizeof(pid) - 1, 0) <= 0)
            (void)snprintf(pid, sizeof(pid), "unknown");
        (void)qs_err_set(err, QS_CONFLICT, errno, "the state in '%s' is held by another executor (pid %.20s)", e->state,
                         pid);
        return qs_err_hint(err, "Use that one, or stop it first.");
    }
    len = snprintf(pid, sizeof(pid), "%d", (int)getpid());
    if (ftruncate(e->lease, 0) || pwrite(e->lease, pid, (size_t)len, 0) != len)
        return qs_err_sys(err, QS_IO, errno, "could not write '%s'", path);
    return QS_OK;
}

enum qs_code qs_engine_new(const struct qs_engine_conf *conf, struct qs_engine **ret, struct qs_err *err)
{
    qs_auto(engine) struct qs_engine *e = qs_xzalloc(sizeof(*e));

    e->lease = -1;
    e->state = qs_xstrdup(conf->state);
    e->credentials = qs_xstrdup(conf->credentials);
    e->find = conf->find;
    e->threads = conf->threads ? conf->threads : THREADS;
    e->exchange_ms = conf->exchange_ms ? conf->exchange_ms : EXCHANGE_MS;
    (void)pthread_mutex_init(&e->recovering, NULL);
    (void)pthread_mutex_init(&e->lock, NULL);
    (void)pthread_cond_init(&e->changed, NULL);
    if (take_lease(e, err) || qs_journal_open(e->state, false, &e->journal, err))
        return err->code;
    *ret = qs_take_ptr(e);
    return QS_OK;
}

void qs_engine_free(struct qs_engine *e)
{
    if (!e)
        return;
    (void)pthread_mutex_lock(&e->lock);
    while (e->watch_count) /* each ends within the time of its exchanges */
        (void)pthread_cond_wait(&e->changed, &e->lock);
    (void)pthread_mutex_unlock(&e->lock);
    qs_journal_close(e->journal);
    qs_fd_close(e->lease);
    (void)pthread_mutex_destroy(&e->recovering);
    (void)pthread_mutex_destroy(&e->lock);
    (void)pthread_cond_destroy(&e->changed);
    free(e->watches);
    free(e->state);
    free(e->credentials);
    free(e);
}

struct qs_journal *qs_engine_journal(struct qs_engine *e)
{
    return e->journal;
}

/* ---- many at once ---- */

struct pool {
    void (*fn)(void *arg, size_t i);
    void *arg;
    size_t next, count;
};

static void *pool_main(void *arg)
{
    struct pool *p = arg;

    for (;;) {
        size_t i = __atomic_fetch_add(&p->next, 1, __ATOMIC_RELAXED);

        if (i >= p->count)
            return NULL;
        p->fn(p->arg, i);
    }
}

void engine_parallel(const struct qs_engine *e, size_t count, void (*fn)(void *arg, size_t i), void *arg)
{
    struct pool p = { .fn = fn, .arg = arg, .count = count };
    size_t want = count < e->threads ? count : e->threads, started = 0;
    pthread_t *threads = qs_xzalloc(want * sizeof(*threads));

    while (started + 1 < want && !pthread_create(&threads[started], NULL, pool_main, &p))
        started++;
    (void)pool_main(&p); /* this thread works too, also when no other could be started */
    while (started > 0)
        (void)pthread_join(threads[--started], NULL);
    free(threads);
}

/* ---- sessions ---- */

void link_close(struct link *l)
{
    if (l->session)
        l->driver->close(l->session);
    l->session = NULL;
}

static void pause_ms(uint64_t ms)
{
    const struct timespec t = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };

    (void)nanosleep(&t, NULL);
}

/* Faults that pass are tried again, three times at most, as long as the whole stays within two exchanges: a target that
 * hangs has used up that time and is not asked again. */
static bool worth_retrying(const struct qs_engine *e, unsigned tries, uint64_t started_ms, const struct qs_err *err)
{
    return qs_code_retryable(err->code) && tries < TRIES && qs_mono_ms() - started_ms < e->exchange_ms;
}

/* Drivers name the target in most of what they say; where they do not, it is said here. */
enum qs_code engine_named(struct qs_err *err, const struct qs_desired_target *t)
{
    qs_auto(str) char *quoted = qs_xasprintf("'%s'", t->name);

    return strstr(err->ctx, quoted) || strstr(err->msg, quoted) ? err->code : qs_err_wrap(err, "%s", t->name);
}

enum qs_code link_open(const struct qs_engine *e, const struct qs_credentials *creds, const struct qs_desired_target *t,
                       struct link *ret, struct qs_err *err)
{
    struct qs_target target = { .name = t->name,
                                .driver = t->driver,
                                .address = t->address,
                                .port = t->port,
                                .timeout_ms = e->exchange_ms,
                                .commit_timer_s = t->commit_timer_s,
                                .owner = qs_journal_owner(e->journal) };
    const struct qs_driver *driver = e->find(t->driver);
    uint64_t started = qs_mono_ms(), pause = FIRST_PAUSE_MS;
    struct qs_session *session = NULL;

    if (!driver)
        return qs_err_set(err, QS_UNSUPPORTED, 0, "%s: there is no driver '%s'", t->name, t->driver);
    if (qs_credentials_fill(creds, &target, err))
        return qs_err_wrap(err, "%s", t->name);
    target.port = target.port ? target.port : driver->port;
    for (unsigned tries = 1;; tries++, pause *= 2) {
        struct qs_err why = QS_ERR_INIT;

        qs_fault_point("driver.open.before");
        if (!driver->open(&target, &session, &why))
            break;
        if (!worth_retrying(e, tries, started, &why)) {
            *err = why;
            return engine_named(err, t);
        }
        pause_ms(pause);
    }
    *ret = (struct link){ .driver = driver, .session = session };
    return QS_OK;
}

enum qs_code link_observe(struct link *l, const struct qs_desired_target *t, struct qs_observation *ret,
                          struct qs_err *err)
{
    struct qs_observation o = { .revision = NULL };

    qs_fault_point("driver.observe.before");
    if (l->driver->observe(l->session, &o, err)) {
        qs_observation_done(&o);
        return engine_named(err, t);
    }
    qs_fault_point("driver.observe.after");
    *ret = o;
    return QS_OK;
}

/* ---- what is stored ---- */

struct qs_val *engine_want_doc(const struct qs_engine *e, const struct qs_desired *d, const struct qs_desired_target *t)
{
    const struct qs_driver *driver = e->find(t->driver);
    struct qs_desired_target one = *t;
    struct qs_desired alone = { .lab = d->lab, .site = d->site, .targets = &one, .count = 1 };
    qs_auto(resources) struct qs_resources want = qs_resources_copy(&t->want);

    qs_resources_veil(&want, driver->types, qs_journal_key(e->journal));
    one.want = want;
    qs_desired_seal(&alone);
    return qs_desired_to_val(&alone);
}

enum qs_code engine_settle(const struct qs_engine *e, struct qs_desired *d, struct qs_err *err)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct qs_driver *driver = e->find(d->targets[i].driver);

        if (!driver)
            return qs_err_set(err, QS_UNSUPPORTED, 0, "%s: there is no driver '%s'", d->targets[i].name,
                              d->targets[i].driver);
        if (qs_resources_settle(&d->targets[i].want, driver->types, err))
            return qs_err_wrap(err, "%s", d->targets[i].name);
    }
    return QS_OK;
}

enum qs_code engine_record(struct qs_engine *e, const struct qs_desired_target *t, const struct qs_observation *o,
                           struct qs_err *err)
{
    const struct qs_type *types = e->find(t->driver)->types;
    qs_auto(resources) struct qs_resources live = qs_resources_copy(&o->have);
    qs_auto(record) struct qs_record r = { .name = NULL };
    qs_auto(val) struct qs_val *ignored = qs_val_map();
    enum qs_target_state state = QS_TARGET_UNKNOWN;

    qs_resources_veil(&live, types, qs_journal_key(e->journal));
    if (qs_journal_know(e->journal, t, err) || qs_journal_observed(e->journal, t->name, o, &live, err) ||
        qs_journal_target(e->journal, t->name, &r, err))
        return err->code;
    if (r.applied)
        state = drift_describe(types, &live, &r.want, o->foreign, r.foreign_then, ignored) ? QS_TARGET_DRIFT
                                                                                           : QS_TARGET_IN_SYNC;
    qs_event(QS_EV_DEVICE_OBSERVED, "device", t->name, "state", qs_target_state_text(state), NULL);
    return qs_journal_state(e->journal, t->name, state,
                            state == QS_TARGET_DRIFT     ? "differs from what was last applied; see qs drift"
                            : state == QS_TARGET_UNKNOWN ? "not applied yet"
                                                         : "",
                            err);
}

/* What went wrong matters more here than that it could not be noted. */
static void record_failure(struct qs_engine *e, const struct qs_desired_target *t, const struct qs_err *why)
{
    struct qs_err ignored = QS_ERR_INIT;
    char text[600];

    if (!qs_journal_know(e->journal, t, &ignored))
        QS_IGNORE(
            qs_journal_state(e->journal, t->name, QS_TARGET_FAILED, qs_err_text(why, text, sizeof(text)), &ignored));
}

static enum qs_code observe_fresh(struct qs_engine *e, const struct qs_credentials *creds,
                                  const struct qs_desired_target *t, struct qs_observation *ret, struct qs_err *err)
{
    qs_auto(link) struct link l = { .session = NULL };
    qs_auto(observation) struct qs_observation o = { .revision = NULL };

    if (engine_recover_target(e, creds, t->name, err) || link_open(e, creds, t, &l, err) ||
        link_observe(&l, t, &o, err))
        return err->code;
    if (engine_record(e, t, &o, err))
        return err->code;
    *ret = o;
    o = (struct qs_observation){ .revision = NULL };
    return QS_OK;
}

enum qs_code engine_observe(struct qs_engine *e, const struct qs_credentials *creds, const struct qs_desired_target *t,
                            struct qs_observation *ret, struct qs_err *err)
{
    if (!observe_fresh(e, creds, t, ret, err))
        return QS_OK;
    record_failure(e, t, err);
    return err->code;
}

/* ---- recovering ---- */

/* Reverts what is unconfirmed, then looks: the step was done when the target is as the step wanted (the kill came after
 * the confirm), else it was interrupted. */
static enum qs_code recover_step(struct qs_engine *e, const struct qs_credentials *creds, const struct qs_val *step,
                                 struct qs_err *err)
{
    qs_auto(desired) struct qs_desired d = { .count = 0 };
    qs_auto(link) struct link l = { .session = NULL };
    qs_auto(observation) struct qs_observation o = { .revision = NULL };
    qs_auto(changes) struct qs_changes left = { .count = 0 };
    const struct qs_desired_target *t;

    if (qs_desired_from_val(qs_val_get(step, "want"), &d, err))
        return err->code;
    t = &d.targets[0];
    if (link_open(e, creds, t, &l, err))
        return err->code;
    qs_fault_point("driver.revert.before");
    if (l.driver->revert(l.session, err))
        return qs_err_wrap(err, "%s: taking back what an interrupted apply left", t->name);
    qs_fault_point("driver.revert.after");
    if (link_observe(&l, t, &o, err))
        return err->code;
    qs_auto(resources) struct qs_resources live = qs_resources_copy(&o.have);
    qs_resources_veil(&live, l.driver->types, qs_journal_key(e->journal));
    qs_diff(l.driver->types, &live, &t->want, &left);
    qs_event(QS_EV_DEVICE_REVERTED, "device", t->name, "apply", qs_val_get_str(step, "apply", ""), NULL);
    if (qs_journal_know(e->journal, t, err) || qs_journal_observed(e->journal, t->name, &o, &live, err))
        return err->code;
    return qs_journal_step_end(e->journal, qs_val_get_str(step, "apply", ""), t->name,
                               left.count ? "interrupted" : "done", NULL, err);
}

enum qs_code engine_recover_target(struct qs_engine *e, const struct qs_credentials *creds, const char *name,
                                   struct qs_err *err)
{
    qs_auto(val) struct qs_val *steps = NULL;
    char running[QS_ID_TEXT];

    HOLD(&e->recovering);
    (void)pthread_mutex_lock(&e->lock);
    memcpy(running, e->applying, sizeof(running));
    (void)pthread_mutex_unlock(&e->lock);
    if (qs_journal_unfinished(e->journal, running, &steps, err))
        return err->code;
    for (size_t i = 0; i < qs_val_count(steps); i++) {
        const struct qs_val *step = qs_val_at(steps, i);

        if (qs_streq(qs_val_get_str(step, "target", ""), name) && recover_step(e, creds, step, err))
            return err->code;
    }
    return qs_val_count(steps) ? qs_journal_settle(e->journal, running, err) : QS_OK;
}

void qs_engine_recover(struct qs_engine *e)
{
    qs_auto(val) struct qs_val *steps = NULL;
    qs_auto(credentials) struct qs_credentials *creds = NULL;
    struct qs_err err = QS_ERR_INIT;

    if (qs_journal_unfinished(e->journal, "", &steps, &err) || qs_journal_settle(e->journal, "", &err)) {
        qs_event_err(QS_EV_DEVICE_FAILED, &err, NULL);
        return;
    }
    if (!qs_val_count(steps))
        return;
    if (qs_credentials_load(e->credentials, &creds, &err)) {
        qs_event_err(QS_EV_DEVICE_FAILED, &err, NULL);
        return;
    }
    for (size_t i = 0; i < qs_val_count(steps); i++) {
        struct qs_err why = QS_ERR_INIT;
        const char *name = qs_val_get_str(qs_val_at(steps, i), "target", "");

        if (engine_recover_target(e, creds, name, &why))
            qs_event_err(QS_EV_DEVICE_FAILED, &why, "device", name, NULL);
    }
}

enum qs_code qs_engine_release(struct qs_engine *e, const char *target, struct qs_err *err)
{
    qs_auto(record) struct qs_record r = { .name = NULL };

    if (qs_journal_target(e->journal, target, &r, err))
        return err->code;
    if (!r.held[0])
        return qs_err_set(err, QS_NOTFOUND, 0, "target '%s' is not held", target);
    return qs_journal_hold(e->journal, target, "", err);
}
