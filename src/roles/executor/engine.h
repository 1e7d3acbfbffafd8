/*
 * roles/executor/engine: observes targets, plans, applies, rolls back and tells drift. Knows no HTTP: executor.c serves
 * it, the tests drive it with a driver of their own. Every call blocks and may run in any thread; one apply at a time.
 *
 * A step of an apply: recover (undo what a killed run left) → observe → still as planned? → journal "begun" → driver
 * apply with the dead-man armed → probe over a new session → confirm → journal "done". Whatever fails, the target is
 * reverted and the step is "failed" by name; targets that depend on it are skipped, the others finish.
 */
#pragma once

#include "converge/journal.h"

struct qs_engine;
struct qs_engine_conf {
    const char *state;                                 /* folder of the journal and of the lock; copied */
    const char *credentials;                           /* path; copied */
    const struct qs_driver *(*find)(const char *name); /* qs_driver_find, or a test's */
    unsigned threads;                                  /* targets worked on at once; 0: 16 */
    uint64_t exchange_ms;                              /* patience for one exchange with a target; 0: 5,000 */
};

/* Opens the journal and takes the lease: CONFLICT when another live executor holds this state. */
enum qs_code qs_engine_new(const struct qs_engine_conf *conf, struct qs_engine **ret, struct qs_err *err) QS_MUST_CHECK;
void qs_engine_free(struct qs_engine *e); /* after the last call has returned; accepts NULL */
QS_DEFINE_AUTO(engine, struct qs_engine *, qs_engine_free)
struct qs_journal *qs_engine_journal(struct qs_engine *e);

/* Takes targets that a killed run left begun back to a known state. What cannot be reached is tried again by the next
 * plan or apply that touches it. */
void qs_engine_recover(struct qs_engine *e);

struct qs_plan_ask {
    const struct qs_val *targets; /* list of names; NULL: all */
    bool release;                 /* plan held targets too, and end their hold with the apply */
};
/* Observes and plans. A target that cannot be observed is in the plan with its error. */
enum qs_code qs_engine_plan(struct qs_engine *e, const struct qs_desired *d, const struct qs_plan_ask *ask,
                            struct qs_val **ret, struct qs_err *err) QS_MUST_CHECK;
/* The plan back to the state as of an apply. */
enum qs_code qs_engine_rollback(struct qs_engine *e, const char *apply, struct qs_val **ret,
                                struct qs_err *err) QS_MUST_CHECK;

/* Progress, from any thread; `line` is the callee's to free. */
typedef void qs_engine_say_fn(void *arg, struct qs_val *line);
/* Applies exactly that plan. `d` NULL: a rollback's plan, whose wanted state the journal has. CONFLICT: another apply
 * runs (named), or the plan was made from another wanted state. A failing target is no error here: *ret says
 * {"format":"qs.result/1","apply","state":"done"|"failed"|"unchanged","targets":[{"name","state","error"}]}. */
enum qs_code qs_engine_apply(struct qs_engine *e, const struct qs_val *plan, const struct qs_desired *d,
                             qs_engine_say_fn *say, void *arg, struct qs_val **ret, struct qs_err *err) QS_MUST_CHECK;

/* {"format":"qs.drift/1","targets":[{"name","state","apply","since","differs":[{"type","name","attrs":{A:{"declared",
 * "live"}}}],"added":[{"type","name"}],"removed":[…],"moved":[…],"error"}]}: live against what was last applied, for
 * targets never applied against `d` (may be NULL). `added` holds also native lines that no schema row covers, as type
 * "native". */
enum qs_code qs_engine_drift(struct qs_engine *e, const struct qs_desired *d, struct qs_val **ret,
                             struct qs_err *err) QS_MUST_CHECK;
/* {"format":"qs.targets/1","targets":[{"name","state","since","observed","text","held"}]}. Targets last observed more
 * than `refresh_s` ago are observed again (-1: never); the answer waits 1.5 s for them, and a target that takes longer
 * is told as failed. */
enum qs_code qs_engine_targets(struct qs_engine *e, int64_t refresh_s, struct qs_val **ret,
                               struct qs_err *err) QS_MUST_CHECK;
/* Ends a hold. NOTFOUND: not held. */
enum qs_code qs_engine_release(struct qs_engine *e, const char *target, struct qs_err *err) QS_MUST_CHECK;
