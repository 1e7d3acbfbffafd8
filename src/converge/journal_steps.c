/* Plans, applies and steps: what is written before and after a target is touched. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/str.h"
#include "converge/journal_int.h"
#include "converge/plan.h"

#define PLAN_KEPT_US (7ULL * 86400 * 1000000) /* plans that were never applied */

static const char *only_target(const struct qs_val *want)
{
    return qs_val_get_str(qs_val_at(qs_val_get(want, "targets"), 0), "name", "");
}

enum qs_code qs_journal_plan(struct qs_journal *j, const struct qs_val *plan, struct qs_err *err)
{
    qs_auto(blob) struct journal_blob document = journal_pack(plan);

    JOURNAL_LOCK(j);
    if (qs_db_run(j->db, err, "DELETE FROM plans WHERE created<? AND id NOT IN (SELECT plan FROM applies)", "i",
                  (int64_t)(qs_now_us() - PLAN_KEPT_US)))
        return err->code;
    return JOURNAL_WRITE("plan",
                         qs_db_run(j->db, err, "INSERT OR REPLACE INTO plans VALUES(?,?,?)", "sib",
                                   qs_val_get_str(plan, "id", ""), (int64_t)qs_now_us(), document.data, document.len));
}

static enum qs_code insert_rows(struct qs_journal *j, const char *apply, const struct qs_val *plan,
                                const char *const *targets, struct qs_err *err)
{
    qs_auto(blob) struct journal_blob summary = journal_pack(qs_val_get(plan, "summary"));

    if (qs_db_run(j->db, err,
                  "INSERT INTO applies(id,plan,rollback,lab,site,started,state,summary)"
                  " VALUES(?,?,?,?,?,?,'running',?)",
                  "sssssib", apply, qs_val_get_str(plan, "id", ""), qs_val_get_str(plan, "rollback", ""),
                  qs_val_get_str(plan, "lab", ""), qs_val_get_str(plan, "site", ""), (int64_t)qs_now_us(), summary.data,
                  summary.len))
        return err->code;
    for (; *targets; targets++)
        if (qs_db_run(j->db, err, "INSERT INTO steps(apply,target,state) VALUES(?,?,'pending')", "ss", apply, *targets))
            return err->code;
    return QS_OK;
}

static enum qs_code insert_apply(struct qs_journal *j, const char *apply, const struct qs_val *plan,
                                 const char *const *targets, struct qs_err *err)
{
    if (qs_db_begin(j->db, err))
        return err->code;
    if (insert_rows(j, apply, plan, targets, err) || qs_db_commit(j->db, err)) {
        qs_db_rollback(j->db);
        return err->code;
    }
    return QS_OK;
}

enum qs_code qs_journal_apply_begin(struct qs_journal *j, const char *apply, const struct qs_val *plan,
                                    const char *const *targets, struct qs_err *err)
{
    JOURNAL_LOCK(j);
    return JOURNAL_WRITE("apply.begin", insert_apply(j, apply, plan, targets, err));
}

enum qs_code qs_journal_apply_end(struct qs_journal *j, const char *apply, const char *state, struct qs_err *err)
{
    JOURNAL_LOCK(j);
    return JOURNAL_WRITE("apply.end", qs_db_run(j->db, err, "UPDATE applies SET state=?,ended=? WHERE id=?", "sis",
                                                state, (int64_t)qs_now_us(), apply));
}

enum qs_code qs_journal_step_begin(struct qs_journal *j, const char *apply, const struct qs_val *want,
                                   const struct qs_val *changes, const struct qs_val *native, struct qs_err *err)
{
    qs_auto(blob) struct journal_blob w = journal_pack(want), c = journal_pack(changes), n = journal_pack(native);

    JOURNAL_LOCK(j);
    return JOURNAL_WRITE("step.begin", qs_db_run(j->db, err,
                                                 "UPDATE steps SET state='begun',started=?,want=?,changes=?,native=?"
                                                 " WHERE apply=? AND target=?",
                                                 "ibbbss", (int64_t)qs_now_us(), w.data, w.len, c.data, c.len, n.data,
                                                 n.len, apply, only_target(want)));
}

/* The step's wanted state becomes what was last applied. */
static enum qs_code take_over(struct qs_journal *j, const char *apply, const char *target, struct qs_err *err)
{
    struct qs_err why = QS_ERR_INIT;
    struct qs_stmt *q;
    qs_auto(val) struct qs_val *want = NULL;

    if (qs_db_query(j->db, err, &q, "SELECT want FROM steps WHERE apply=? AND target=?", "ss", apply, target))
        return err->code;
    if (qs_db_next(q, &why))
        want = journal_unpack(q, 0, &why);
    qs_db_end(q);
    if (why.code) {
        *err = why;
        return why.code;
    }
    qs_auto(blob) struct journal_blob w = journal_pack(qs_val_get(qs_val_at(qs_val_get(want, "targets"), 0), "want"));
    return qs_db_run(j->db, err, "UPDATE targets SET apply=?,want=?,foreign_then=foreign_now WHERE name=?", "sbs",
                     apply, w.data, w.len, target);
}

static enum qs_code end_step(struct qs_journal *j, const char *apply, const char *target, const char *state,
                             const struct qs_err *why, struct qs_err *err)
{
    qs_auto(val) struct qs_val *error = why && why->code ? qs_err_to_val(why) : NULL;
    qs_auto(blob) struct journal_blob e = journal_pack(error);
    bool good = qs_streq(state, "done") || qs_streq(state, "unchanged");

    if (qs_db_begin(j->db, err))
        return err->code;
    if (qs_db_run(j->db, err, "UPDATE steps SET state=?,ended=?,error=? WHERE apply=? AND target=?", "sibss", state,
                  (int64_t)qs_now_us(), e.data, e.len, apply, target) ||
        (good && take_over(j, apply, target, err)) || qs_db_commit(j->db, err)) {
        qs_db_rollback(j->db);
        return err->code;
    }
    return QS_OK;
}

enum qs_code qs_journal_step_end(struct qs_journal *j, const char *apply, const char *target, const char *state,
                                 const struct qs_err *why, struct qs_err *err)
{
    JOURNAL_LOCK(j);
    return JOURNAL_WRITE("step.end", end_step(j, apply, target, state, why, err));
}

enum qs_code qs_journal_step_same(struct qs_journal *j, const char *apply, const struct qs_val *want,
                                  struct qs_err *err)
{
    qs_auto(blob) struct journal_blob w = journal_pack(want);

    JOURNAL_LOCK(j);
    if (qs_db_run(j->db, err, "UPDATE steps SET started=?,want=? WHERE apply=? AND target=?", "ibss",
                  (int64_t)qs_now_us(), w.data, w.len, apply, only_target(want)))
        return err->code;
    return JOURNAL_WRITE("step.same", end_step(j, apply, only_target(want), "unchanged", NULL, err));
}

enum qs_code qs_journal_unfinished(struct qs_journal *j, const char *running, struct qs_val **ret, struct qs_err *err)
{
    struct qs_err why = QS_ERR_INIT;
    qs_auto(val) struct qs_val *list = qs_val_list();
    struct qs_stmt *q;

    JOURNAL_LOCK(j);
    if (qs_db_query(j->db, err, &q,
                    "SELECT apply,target,want FROM steps WHERE state='begun' AND apply<>? ORDER BY apply", "s",
                    running))
        return err->code;
    while (qs_db_next(q, &why)) {
        struct qs_val *m = qs_val_add(list, qs_val_map()), *want = journal_unpack(q, 2, &why);

        qs_val_set_str(m, "apply", qs_db_text(q, 0));
        qs_val_set_str(m, "target", qs_db_text(q, 1));
        if (want)
            (void)qs_val_set(m, "want", want);
    }
    if (why.code) {
        *err = why;
        return why.code;
    }
    *ret = qs_take_ptr(list);
    return QS_OK;
}

enum qs_code qs_journal_settle(struct qs_journal *j, const char *running, struct qs_err *err)
{
    JOURNAL_LOCK(j);
    if (qs_db_run(j->db, err, "UPDATE steps SET state='skipped' WHERE state='pending' AND apply<>?", "s", running))
        return err->code;
    return JOURNAL_WRITE("settle",
                         qs_db_run(j->db, err,
                                   "UPDATE applies SET state='interrupted',ended=? WHERE state='running' AND"
                                   " id<>? AND NOT EXISTS(SELECT 1 FROM steps WHERE apply=id AND state='begun')",
                                   "is", (int64_t)qs_now_us(), running));
}
