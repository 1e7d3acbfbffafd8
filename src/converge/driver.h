/*
 * converge/driver: the contract between the executor and one kind of target.
 *
 * A driver is a const table in its own folder under src/drivers/. It may include base, os, text, net and this room's
 * headers, nothing else. It never logs and never reads configuration. All calls block, up to the deadline given to
 * open; one session is used by one thread. The safety of a change (DESIGN.md) is the driver's to keep:
 *
 *   open → observe → apply (everything in one transaction, dead-man armed) → [executor probes on a session of its own]
 *        → confirm, or revert; close before confirm must leave a target that returns to its old state by itself.
 */
#pragma once

#include "converge/diff.h"

#define QS_DRIVER_ABI 1

struct qs_target {
    const char *name; /* as in the lab */
    const char *driver;
    const char *address; /* management address, no prefix length */
    uint16_t port;       /* 0: the driver's own */
    const char *user, *password;
    const char *pin; /* hex SHA-256 of the certificate; NULL: not pinned, then open fails with DENIED and says how */
    uint64_t timeout_ms;     /* for one exchange with the target */
    const char *owner;       /* whose changes these are: the id of the executor's state. A target that another owner is
                          * changing is refused by name (CONFLICT), never reverted. NULL: nobody in particular */
    unsigned commit_timer_s; /* dead-man: how long the target waits for confirm */
};

struct qs_observation {
    struct qs_resources have; /* settled */
    char *revision;           /* opaque: changes when anything on the target changes, also what qs does not model */
    char *native;             /* the target's own configuration text, for backups; may be NULL */
    struct qs_val *facts;     /* map: model, version, serial, uptime_s …; for people, not for the diff */
    struct qs_val *foreign;   /* list of strings: what the target holds that no schema row covers; NULL when none */
};
void qs_observation_done(struct qs_observation *o);

struct qs_session; /* private to each driver */

struct qs_driver {
    unsigned abi;
    const char *name, *summary;
    uint16_t port;               /* default */
    const struct qs_type *types; /* ended by name NULL */

    enum qs_code (*open)(const struct qs_target *t, struct qs_session **ret, struct qs_err *err);
    enum qs_code (*observe)(struct qs_session *s, struct qs_observation *ret, struct qs_err *err);
    /* The native commands that the changes become, in order: a list of strings (an own-connection rule reads as
     * it will be sent). Pure: no exchange; secrets appear as "(secret)". */
    void (*render)(const struct qs_changes *cs, const struct qs_resources *want, struct qs_val *list);
    /* Applies all changes as one transaction that undoes itself unless confirmed. Refuses with CONFLICT when the
     * target is no longer at base->revision. On any failure the target is, or returns to, the old state.
     * `op` names the transaction on the target, so that orphans are known as ours. */
    enum qs_code (*apply)(struct qs_session *s, const char *op, const struct qs_observation *base,
                          const struct qs_changes *cs, const struct qs_resources *want, struct qs_err *err);
    /* Makes the applied change permanent (and saved over a reboot). Same session as apply. Idempotent. */
    enum qs_code (*confirm)(struct qs_session *s, const char *op, struct qs_err *err);
    /* Undoes every unconfirmed change that qs left on the target, of this process or a killed one. */
    enum qs_code (*revert)(struct qs_session *s, struct qs_err *err);
    void (*close)(struct qs_session *s); /* accepts NULL */
};

const struct qs_driver *qs_driver_find(const char *name); /* NULL when there is none */
const struct qs_driver *qs_driver_at(size_t i);           /* NULL past the end */
