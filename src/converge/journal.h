/*
 * converge/journal: what the executor of one state folder has seen, planned and done: STATE/journal.db (SQLite).
 *
 * A step is written before a target is touched and again after it, so that after a kill at any point the file says
 * which targets may hold something unconfirmed. Secrets are veiled (converge/resource) before they get here.
 * Thread-safe: one call at a time goes through. Blocking: disk. Errors: IO (disk full, file damaged), CONFLICT (a
 * newer qs wrote it), NOTFOUND.
 */
#pragma once

#include "converge/desired.h"
#include "converge/driver.h"

struct qs_journal;

enum qs_code qs_journal_open(const char *state, bool read_only, struct qs_journal **ret,
                             struct qs_err *err) QS_MUST_CHECK;
void qs_journal_close(struct qs_journal *j); /* accepts NULL */
QS_DEFINE_AUTO(journal, struct qs_journal *, qs_journal_close)
const char *qs_journal_key(const struct qs_journal *j);   /* for qs_resources_veil() */
const char *qs_journal_owner(const struct qs_journal *j); /* the id of this state, which its targets are leased to */

/* ---- targets: the last observation, what was last applied, how it stands ---- */

#define QS_TARGET_STATES(X) X(UNKNOWN, "unknown") X(IN_SYNC, "in-sync") X(DRIFT, "drift") X(FAILED, "failed")
enum qs_target_state {
#define X(name, text) QS_TARGET_##name,
    QS_TARGET_STATES(X)
#undef X
};
const char *qs_target_state_text(enum qs_target_state s);

struct qs_record { /* everything that is known of one target; texts are "" when unknown */
    char *name, *driver, *address;
    uint16_t port;
    uint64_t observed_us; /* 0: never */
    char *revision;
    struct qs_resources have; /* last observation, veiled */
    struct qs_val *foreign;   /* list of texts, of the last observation */
    bool applied;
    char *apply;                 /* by which apply */
    struct qs_resources want;    /* last applied, veiled */
    struct qs_val *foreign_then; /* list of texts, right after that apply */
    char *held;                  /* the rollback that holds it, "": free */
    enum qs_target_state state;
    uint64_t since_us;
    char *text; /* why, for people */
};
void qs_record_done(struct qs_record *r);
static inline void qs_auto_record_cb(struct qs_record *r)
{
    qs_record_done(r);
}

/* NOTFOUND: never seen. */
enum qs_code qs_journal_target(struct qs_journal *j, const char *name, struct qs_record *ret,
                               struct qs_err *err) QS_MUST_CHECK;
/* Names of all targets, sorted; freed with qs_fs_names_free(). */
enum qs_code qs_journal_targets(struct qs_journal *j, char ***ret_names, struct qs_err *err) QS_MUST_CHECK;
/* Where a target is reached, so that it can be observed again without the lab. */
enum qs_code qs_journal_know(struct qs_journal *j, const struct qs_desired_target *t, struct qs_err *err) QS_MUST_CHECK;
enum qs_code qs_journal_observed(struct qs_journal *j, const char *name, const struct qs_observation *o,
                                 const struct qs_resources *veiled, struct qs_err *err) QS_MUST_CHECK;
/* `since` moves only when the state changes. */
enum qs_code qs_journal_state(struct qs_journal *j, const char *name, enum qs_target_state state, const char *text,
                              struct qs_err *err) QS_MUST_CHECK;
/* `rollback` "" ends the hold. */
enum qs_code qs_journal_hold(struct qs_journal *j, const char *name, const char *rollback,
                             struct qs_err *err) QS_MUST_CHECK;

/* ---- plans, applies, steps ---- */

enum qs_code qs_journal_plan(struct qs_journal *j, const struct qs_val *plan, struct qs_err *err) QS_MUST_CHECK;
/* Starts an apply: NULL-terminated `targets` get a step each in state "pending". */
enum qs_code qs_journal_apply_begin(struct qs_journal *j, const char *apply, const struct qs_val *plan,
                                    const char *const *targets, struct qs_err *err) QS_MUST_CHECK;
/* `state`: "done", "failed", "interrupted". */
enum qs_code qs_journal_apply_end(struct qs_journal *j, const char *apply, const char *state,
                                  struct qs_err *err) QS_MUST_CHECK;
/* Durable before the target is touched. `want` (a "qs.desired/1" of this target alone, veiled) is what it becomes. */
enum qs_code qs_journal_step_begin(struct qs_journal *j, const char *apply, const struct qs_val *want,
                                   const struct qs_val *changes, const struct qs_val *native,
                                   struct qs_err *err) QS_MUST_CHECK;
/* `state`: "done", "unchanged", "failed", "skipped", "interrupted"; `why` NULL unless something failed. After done and
 * unchanged `want` is what was last applied. */
enum qs_code qs_journal_step_end(struct qs_journal *j, const char *apply, const char *target, const char *state,
                                 const struct qs_err *why, struct qs_err *err) QS_MUST_CHECK;
/* A target that already was as wanted: its step goes from pending to unchanged at once. */
enum qs_code qs_journal_step_same(struct qs_journal *j, const char *apply, const struct qs_val *want,
                                  struct qs_err *err) QS_MUST_CHECK;
/* Steps that were begun and never ended, of applies other than `running` ("": none runs): a list of
 * {"apply", "target", "want"}. */
enum qs_code qs_journal_unfinished(struct qs_journal *j, const char *running, struct qs_val **ret,
                                   struct qs_err *err) QS_MUST_CHECK;
/* Ends every apply other than `running` that has no begun step left. */
enum qs_code qs_journal_settle(struct qs_journal *j, const char *running, struct qs_err *err) QS_MUST_CHECK;

/* ---- history ---- */

/* The newest applies, newest first: list of {"id","plan","kind","rollback","started","ended","state","site",
 * "summary","targets":[{"name","state"}],"held":[NAME]}. */
enum qs_code qs_journal_history(struct qs_journal *j, unsigned most, struct qs_val **ret,
                                struct qs_err *err) QS_MUST_CHECK;
/* The same for one, with changes, native commands and errors of each target. `id` may be a unique start of the id. */
enum qs_code qs_journal_history_one(struct qs_journal *j, const char *id, struct qs_val **ret,
                                    struct qs_err *err) QS_MUST_CHECK;
/* The wanted state of every target as of that apply: what its last finished step up to then left. */
enum qs_code qs_journal_wanted_at(struct qs_journal *j, const char *id, char ret_id[QS_ID_TEXT], struct qs_desired *ret,
                                  struct qs_err *err) QS_MUST_CHECK;
