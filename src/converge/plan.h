/*
 * converge/plan: what an apply would do, as one document "qs.plan/1" that is shown, saved, stored and applied:
 *
 * { "format", "id", "created", "lab", "site", "desired": HASH, "offline": bool, "rollback": APPLY (of rollbacks only),
 *   "targets": [TARGET in the order of the graph], "adrs": ["0007"],
 *   "summary": {"add", "change", "destroy", "reboots", "held", "failed"} }
 * TARGET = {"name", "driver", "address", "depends_on": [NAME], "adrs": [ID],
 *   "base": {"revision", "hash", "observed": TIME|null, "age_s"}, "changes": [CHANGE], "native": [TEXT],
 *   "reboots": ["system 'x'"], "held": ROLLBACK (absent: not held), "release": true (the apply ends the hold),
 *   "error": {"code","message","hint"} (absent: observed)}
 * CHANGE as qs_changes_to_val() writes it. Holds no secret. Pure: no files, no exchange.
 */
#pragma once

#include "converge/desired.h"
#include "converge/driver.h"

struct qs_plan_base {                /* what a target is compared with */
    const struct qs_resources *have; /* NULL: nothing was ever observed */
    const char *revision;            /* NULL: none */
    uint64_t observed_us;            /* 0: never */
    const char *held;                /* the rollback that holds it; NULL: free */
    bool release;
    const struct qs_err *error; /* it could not be observed; NULL: it could */
};

/* A plan without targets. `offline`: made from stored observations. */
struct qs_val *qs_plan_new(const struct qs_desired *d, bool offline);
/* Adds one target, in the order of the calls. `want` takes the place of t->want (veiled or completed); NULL: t->want. */
void qs_plan_add(struct qs_val *plan, const struct qs_driver *driver, const struct qs_desired_target *t,
                 const struct qs_resources *want, const struct qs_plan_base *base);
/* Fills summary and adrs after the last target. */
void qs_plan_finish(struct qs_val *plan);
bool qs_plan_has_changes(const struct qs_val *plan);
const struct qs_val *qs_plan_target(const struct qs_val *plan, const char *name); /* NULL: none */
/* The code of a target's error as it was. False: the target has none. */
bool qs_plan_error(const struct qs_val *target, struct qs_err *ret);
struct qs_val *qs_err_to_val(const struct qs_err *err); /* {"code","message","hint"} */

struct qs_plan_style {
    bool colour, native; /* native: the commands instead of the attributes */
};
/* What people read. Nothing to do is one line. */
void qs_plan_print(const struct qs_val *plan, const struct qs_plan_style *style, struct qs_buf *buf);
/* The changes of one target, of a plan or of an apply of the journal. */
void qs_plan_print_changes(const struct qs_val *target, const struct qs_plan_style *style, struct qs_buf *buf);
/* "5 s", "3 min", "2 h", "4 d". */
const char *qs_age_text(int64_t seconds, char *text, size_t size);
