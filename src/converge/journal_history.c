/* History: reading back what was done. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "converge/journal_int.h"

#define COLUMNS "SELECT id,plan,rollback,started,ended,state,site,summary FROM applies "

/* Completes a unique start of an apply's id. */
static enum qs_code full_id(struct qs_journal *j, const char *id, char ret_id[QS_ID_TEXT], struct qs_err *err)
{
    struct qs_err why = QS_ERR_INIT;
    qs_auto(str) char *found = NULL;
    struct qs_stmt *q;
    unsigned count = 0;

    if (qs_db_query(j->db, err, &q, "SELECT id FROM applies WHERE substr(id,1,length(?1))=upper(?1) LIMIT 2", "s", id))
        return err->code;
    while (qs_db_next(q, &why)) {
        free(found);
        found = qs_xstrdup(qs_db_text(q, 0));
        count++;
    }
    if (why.code) {
        *err = why;
        return why.code;
    }
    if (count == 1 && id[0]) {
        (void)snprintf(ret_id, QS_ID_TEXT, "%s", found);
        return QS_OK;
    }
    (void)qs_err_set(err, QS_NOTFOUND, 0, count ? "more than one apply starts with '%s'" : "there is no apply '%s'",
                     id);
    return qs_err_hint(err, "List them with: qs history");
}

static struct qs_val *read_apply(struct qs_stmt *q, struct qs_err *err)
{
    struct qs_val *m = qs_val_map(), *summary = journal_unpack(q, 7, err);
    const char *rollback = qs_db_text(q, 2);

    qs_val_set_str(m, "id", qs_db_text(q, 0));
    qs_val_set_str(m, "plan", qs_db_text(q, 1));
    qs_val_set_str(m, "kind", rollback[0] ? "rollback" : "apply");
    qs_val_set_str(m, "rollback", rollback[0] ? rollback : NULL);
    journal_set_time(m, "started", qs_db_int(q, 3));
    journal_set_time(m, "ended", qs_db_int(q, 4));
    qs_val_set_str(m, "state", qs_db_text(q, 5));
    qs_val_set_str(m, "site", qs_db_text(q, 6));
    if (summary)
        (void)qs_val_set(m, "summary", summary);
    return m;
}

static void set_document(struct qs_val *to, const char *key, struct qs_stmt *q, int col, struct qs_err *err)
{
    struct qs_val *v = journal_unpack(q, col, err);

    if (v)
        (void)qs_val_set(to, key, v);
}

static enum qs_code add_steps(struct qs_journal *j, struct qs_val *apply, bool whole, struct qs_err *err)
{
    struct qs_val *targets = qs_val_set(apply, "targets", qs_val_list());
    struct qs_err why = QS_ERR_INIT;
    struct qs_stmt *q;

    if (qs_db_query(j->db, err, &q,
                    "SELECT target,state,started,ended,error,changes,native FROM steps WHERE apply=? ORDER BY rowid",
                    "s", qs_val_get_str(apply, "id", "")))
        return err->code;
    while (qs_db_next(q, &why)) {
        struct qs_val *m = qs_val_add(targets, qs_val_map());

        qs_val_set_str(m, "name", qs_db_text(q, 0));
        qs_val_set_str(m, "state", qs_db_text(q, 1));
        journal_set_time(m, "started", qs_db_int(q, 2));
        journal_set_time(m, "ended", qs_db_int(q, 3));
        set_document(m, "error", q, 4, &why);
        if (whole) {
            set_document(m, "changes", q, 5, &why);
            set_document(m, "native", q, 6, &why);
        }
    }
    if (why.code)
        *err = why;
    return why.code;
}

static enum qs_code add_holds(struct qs_journal *j, struct qs_val *apply, struct qs_err *err)
{
    struct qs_val *held = qs_val_set(apply, "held", qs_val_list());
    struct qs_err why = QS_ERR_INIT;
    struct qs_stmt *q;

    if (qs_db_query(j->db, err, &q, "SELECT name FROM targets WHERE held=? ORDER BY name", "s",
                    qs_val_get_str(apply, "id", "")))
        return err->code;
    while (qs_db_next(q, &why))
        (void)qs_val_add(held, qs_val_str(qs_db_text(q, 0)));
    if (why.code)
        *err = why;
    return why.code;
}

enum qs_code qs_journal_history(struct qs_journal *j, unsigned most, struct qs_val **ret, struct qs_err *err)
{
    qs_auto(val) struct qs_val *list = qs_val_list();
    struct qs_err why = QS_ERR_INIT;
    struct qs_stmt *q;

    JOURNAL_LOCK(j);
    if (qs_db_query(j->db, err, &q, COLUMNS "ORDER BY id DESC LIMIT ?", "i", (int64_t)most))
        return err->code;
    while (qs_db_next(q, &why))
        (void)qs_val_add(list, read_apply(q, &why));
    for (size_t i = 0; !why.code && i < qs_val_count(list); i++)
        if (add_steps(j, qs_val_at(list, i), false, &why) || add_holds(j, qs_val_at(list, i), &why))
            break;
    if (why.code) {
        *err = why;
        return why.code;
    }
    *ret = qs_take_ptr(list);
    return QS_OK;
}

enum qs_code qs_journal_history_one(struct qs_journal *j, const char *id, struct qs_val **ret, struct qs_err *err)
{
    qs_auto(val) struct qs_val *one = NULL;
    struct qs_err why = QS_ERR_INIT;
    char full[QS_ID_TEXT];
    struct qs_stmt *q;

    JOURNAL_LOCK(j);
    if (full_id(j, id, full, err) || qs_db_query(j->db, err, &q, COLUMNS "WHERE id=?", "s", full))
        return err->code;
    if (qs_db_next(q, &why))
        one = read_apply(q, &why);
    qs_db_end(q);
    if (!why.code && (add_steps(j, one, true, &why) || add_holds(j, one, &why)))
        (void)qs_err_wrap(&why, "apply %s", full);
    if (why.code) {
        *err = why;
        return why.code;
    }
    *ret = qs_take_ptr(one);
    return QS_OK;
}

/* Moves the one target of a stored document over. */
static void take_target(struct qs_desired *to, struct qs_desired *from)
{
    if (!to->lab) {
        to->lab = qs_take_ptr(from->lab);
        to->site = qs_take_ptr(from->site);
    }
    if (from->count) {
        *QS_PUSH(to->targets, to->count) = from->targets[0];
        from->targets[0] = (struct qs_desired_target){ .name = NULL };
    }
    qs_desired_done(from);
}

enum qs_code qs_journal_wanted_at(struct qs_journal *j, const char *id, char ret_id[QS_ID_TEXT], struct qs_desired *ret,
                                  struct qs_err *err)
{
    struct qs_desired all = { .count = 0 };
    struct qs_err why = QS_ERR_INIT;
    struct qs_stmt *q;

    JOURNAL_LOCK(j);
    if (full_id(j, id, ret_id, err) ||
        qs_db_query(
            j->db, err, &q,
            "SELECT want,max(apply) FROM steps WHERE apply<=? AND state IN ('done','unchanged') GROUP BY target", "s",
            ret_id))
        return err->code;
    while (qs_db_next(q, &why)) {
        qs_auto(val) struct qs_val *want = journal_unpack(q, 0, &why);
        struct qs_desired one = { .count = 0 };

        if (want && !qs_desired_from_val(want, &one, &why))
            take_target(&all, &one);
    }
    if (!why.code && !all.count)
        (void)qs_err_set(&why, QS_NOTFOUND, 0, "no target was in a known state after apply %s", ret_id);
    if (why.code) {
        qs_desired_done(&all);
        *err = why;
        return why.code;
    }
    qs_desired_seal(&all);
    *ret = all;
    return QS_OK;
}
