/* Private to the files of the engine. */
#pragma once

#include <pthread.h>

#include "base/id.h"
#include "roles/executor/credentials.h"
#include "roles/executor/engine.h"

struct watch { /* one target that is being observed again for qs_engine_targets() */
    char *name;
    uint64_t started_ms;
};
struct qs_engine {
    char *state, *credentials;
    const struct qs_driver *(*find)(const char *name);
    unsigned threads;
    uint64_t exchange_ms;
    int lease; /* locked file */
    struct qs_journal *journal;
    pthread_mutex_t recovering; /* one target is recovered at a time */
    pthread_mutex_t lock;       /* guards what follows */
    pthread_cond_t changed;
    char applying[QS_ID_TEXT]; /* the apply that runs, "": none */
    struct watch *watches;
    size_t watch_count;
};

static inline void qs_auto_held_cb(pthread_mutex_t **lock)
{
    (void)pthread_mutex_unlock(*lock);
}
#define HOLD(mutex)                                 \
    qs_auto(held) pthread_mutex_t *held_ = (mutex); \
    (void)pthread_mutex_lock(held_)

static inline void qs_auto_observation_cb(struct qs_observation *o)
{
    qs_observation_done(o);
}
static inline void qs_auto_resources_cb(struct qs_resources *rs)
{
    qs_resources_done(rs);
}
static inline void qs_auto_changes_cb(struct qs_changes *cs)
{
    qs_changes_done(cs);
}
static inline void qs_auto_desired_cb(struct qs_desired *d)
{
    qs_desired_done(d);
}

/* One driver session on one target. */
struct link {
    const struct qs_driver *driver;
    struct qs_session *session;
};
void link_close(struct link *l);
static inline void qs_auto_link_cb(struct link *l)
{
    link_close(l);
}

/* Puts the target's name before a driver's error that does not hold it yet. Returns err->code. */
enum qs_code engine_named(struct qs_err *err, const struct qs_desired_target *t);
/* Opens with retries for faults that pass, until a deadline. Errors carry the target's name. */
enum qs_code link_open(const struct qs_engine *e, const struct qs_credentials *creds, const struct qs_desired_target *t,
                       struct link *ret, struct qs_err *err);
enum qs_code link_observe(struct link *l, const struct qs_desired_target *t, struct qs_observation *ret,
                          struct qs_err *err);

/* Observes a target from scratch, recovering it first when a killed run left it begun, stores what was seen and how it
 * stands against what was last applied. */
enum qs_code engine_observe(struct qs_engine *e, const struct qs_credentials *creds, const struct qs_desired_target *t,
                            struct qs_observation *ret, struct qs_err *err);
/* Stores an observation, and the state that follows from it. */
enum qs_code engine_record(struct qs_engine *e, const struct qs_desired_target *t, const struct qs_observation *o,
                           struct qs_err *err);
/* Undoes what a killed run left on this target. Does nothing when it left nothing. */
enum qs_code engine_recover_target(struct qs_engine *e, const struct qs_credentials *creds, const char *name,
                                   struct qs_err *err);
/* A "qs.desired/1" of one target, secrets veiled. */
struct qs_val *engine_want_doc(const struct qs_engine *e, const struct qs_desired *d,
                               const struct qs_desired_target *t);
/* The driver, and the wanted resources settled by its schema. */
enum qs_code engine_settle(const struct qs_engine *e, struct qs_desired *d, struct qs_err *err);

/* Calls fn(arg, i) for i below count, at most e->threads at once; returns when all have. */
void engine_parallel(const struct qs_engine *e, size_t count, void (*fn)(void *arg, size_t i), void *arg);

/* live against reference, both veiled, as in qs_engine_drift(); gives whether anything differs. */
bool drift_describe(const struct qs_type *types, const struct qs_resources *live, const struct qs_resources *then,
                    const struct qs_val *foreign, const struct qs_val *foreign_then, struct qs_val *into);
