/* Opening, packing, and what is known of each target. */
#include "converge/journal.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/str.h"
#include "converge/journal_int.h"
#include "text/json.h"

#define DOCUMENT_MAX (256U << 20)
#define PACK_LEVEL 3
#define KEY_LEN 32

static const char *const migrations[] = {
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE targets(name TEXT PRIMARY KEY, driver TEXT NOT NULL DEFAULT '', address TEXT NOT NULL DEFAULT '',"
    " port INTEGER NOT NULL DEFAULT 0, observed INTEGER NOT NULL DEFAULT 0, revision TEXT NOT NULL DEFAULT '',"
    " have BLOB, foreign_now BLOB, apply TEXT NOT NULL DEFAULT '', want BLOB, foreign_then BLOB,"
    " held TEXT NOT NULL DEFAULT '', state INTEGER NOT NULL DEFAULT 0, since INTEGER NOT NULL DEFAULT 0,"
    " text TEXT NOT NULL DEFAULT '');"
    "CREATE TABLE plans(id TEXT PRIMARY KEY, created INTEGER NOT NULL, document BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE applies(id TEXT PRIMARY KEY, plan TEXT NOT NULL, rollback TEXT NOT NULL, lab TEXT NOT NULL,"
    " site TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL,"
    " summary BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE steps(apply TEXT NOT NULL REFERENCES applies(id), target TEXT NOT NULL, state TEXT NOT NULL,"
    " started INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT 0, want BLOB, changes BLOB, native BLOB,"
    " error BLOB, PRIMARY KEY(apply, target));"
    "CREATE INDEX steps_of_target ON steps(target, apply);",
    NULL
};

enum qs_code journal_after(const char *point, enum qs_code code)
{
    qs_fault_point(point);
    return code;
}

/* ---- documents ---- */

struct journal_blob journal_pack(const struct qs_val *v)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(DOCUMENT_MAX);
    struct journal_blob b = { .data = NULL };

    if (!v)
        return b;
    qs_json_write(v, &text);
    b.data = qs_xzalloc(ZSTD_compressBound(text.len));
    b.len = ZSTD_compress(b.data, ZSTD_compressBound(text.len), qs_buf_text(&text), text.len, PACK_LEVEL);
    if (ZSTD_isError(b.len))
        abort(); /* only out of memory, or a bound that is none */
    return b;
}

struct qs_val *journal_unpack(struct qs_stmt *q, int col, struct qs_err *err)
{
    size_t len = 0;
    const void *data = qs_db_blob(q, col, &len);
    unsigned long long size = data ? ZSTD_getFrameContentSize(data, len) : 0;
    qs_auto(buf) struct qs_buf text = QS_BUF(DOCUMENT_MAX);
    struct qs_val *v = NULL;
    char *room;

    if (!data)
        return NULL;
    room = size <= DOCUMENT_MAX ? qs_buf_reserve(&text, (size_t)size) : NULL;
    if (!room || ZSTD_decompress(room, (size_t)size, data, len) != size) {
        (void)qs_err_set(err, QS_IO, 0, "the journal holds a damaged document");
        return NULL;
    }
    if (qs_json_parse(room, (size_t)size, &v, err))
        (void)qs_err_wrap(err, "journal");
    return v;
}

void journal_set_time(struct qs_val *map, const char *key, int64_t us)
{
    char text[QS_TIME_TEXT];

    if (us > 0)
        qs_val_set_str(map, key, qs_time_text_s((uint64_t)us, text));
}

/* ---- opening ---- */

static enum qs_code read_meta(struct qs_journal *j, const char *name, char **ret, struct qs_err *err)
{
    struct qs_err why = QS_ERR_INIT;
    qs_auto(stmt) struct qs_stmt *q = NULL;

    if (qs_db_query(j->db, err, &q, "SELECT value FROM meta WHERE name=?", "s", name))
        return err->code;
    if (qs_db_next(q, &why))
        *ret = qs_xstrdup(qs_db_text(q, 0));
    else if (why.code)
        *err = why;
    else
        return qs_err_set(err, QS_NOTFOUND, 0, "the journal has no %s", name);
    return why.code;
}

static enum qs_code make_meta(struct qs_journal *j, struct qs_err *err)
{
    char key[KEY_LEN + 1], owner[QS_ID_TEXT];

    qs_random_word(key, KEY_LEN);
    return qs_db_run(j->db, err, "INSERT OR IGNORE INTO meta VALUES('key',?),('owner',?)", "ss", key, qs_id_new(owner));
}

enum qs_code qs_journal_open(const char *state, bool read_only, struct qs_journal **ret, struct qs_err *err)
{
    qs_auto(str) char *path = qs_xasprintf("%s/journal.db", state);
    qs_auto(journal) struct qs_journal *j = qs_xzalloc(sizeof(*j));

    (void)pthread_mutex_init(&j->lock, NULL);
    if (qs_db_open(path, migrations, read_only, &j->db, err) || (!read_only && make_meta(j, err)) ||
        read_meta(j, "key", &j->key, err) || read_meta(j, "owner", &j->owner, err))
        return qs_err_wrap(err, "journal");
    *ret = qs_take_ptr(j);
    return QS_OK;
}

void qs_journal_close(struct qs_journal *j)
{
    if (!j)
        return;
    qs_db_close(j->db);
    (void)pthread_mutex_destroy(&j->lock);
    free(j->key);
    free(j->owner);
    free(j);
}

const char *qs_journal_key(const struct qs_journal *j)
{
    return j->key;
}

const char *qs_journal_owner(const struct qs_journal *j)
{
    return j->owner;
}

/* ---- targets ---- */

static const char *const states[] = {
#define X(name, text) [QS_TARGET_##name] = text,
    QS_TARGET_STATES(X)
#undef X
};

const char *qs_target_state_text(enum qs_target_state s)
{
    return states[s];
}

void qs_record_done(struct qs_record *r)
{
    if (!r)
        return;
    free(r->name);
    free(r->driver);
    free(r->address);
    free(r->revision);
    free(r->apply);
    free(r->held);
    free(r->text);
    qs_resources_done(&r->have);
    qs_resources_done(&r->want);
    qs_val_free(r->foreign);
    qs_val_free(r->foreign_then);
    *r = (struct qs_record){ .name = NULL };
}

static enum qs_code read_resources(struct qs_stmt *q, int col, struct qs_resources *ret, struct qs_err *err)
{
    struct qs_err why = QS_ERR_INIT;
    qs_auto(val) struct qs_val *v = journal_unpack(q, col, &why);

    if (why.code) {
        *err = why;
        return why.code;
    }
    return v ? qs_resources_from_val(v, ret, err) : QS_OK;
}

static enum qs_code read_record(struct qs_stmt *q, struct qs_record *r, struct qs_err *err)
{
    r->name = qs_xstrdup(qs_db_text(q, 0));
    r->driver = qs_xstrdup(qs_db_text(q, 1));
    r->address = qs_xstrdup(qs_db_text(q, 2));
    r->port = (uint16_t)qs_db_int(q, 3);
    r->observed_us = (uint64_t)qs_db_int(q, 4);
    r->revision = qs_xstrdup(qs_db_text(q, 5));
    r->apply = qs_xstrdup(qs_db_text(q, 6));
    r->applied = r->apply[0] != '\0';
    r->held = qs_xstrdup(qs_db_text(q, 7));
    r->state = (enum qs_target_state)(qs_db_int(q, 8) & 3);
    r->since_us = (uint64_t)qs_db_int(q, 9);
    r->text = qs_xstrdup(qs_db_text(q, 10));
    if (read_resources(q, 11, &r->have, err) || read_resources(q, 12, &r->want, err))
        return err->code;
    r->foreign = journal_unpack(q, 13, err);
    r->foreign_then = journal_unpack(q, 14, err);
    return QS_OK;
}

enum qs_code qs_journal_target(struct qs_journal *j, const char *name, struct qs_record *ret, struct qs_err *err)
{
    struct qs_err why = QS_ERR_INIT;
    struct qs_stmt *q;
    struct qs_record r = { .name = NULL };

    JOURNAL_LOCK(j);
    if (qs_db_query(j->db, err, &q,
                    "SELECT name,driver,address,port,observed,revision,apply,held,state,since,text,have,want,"
                    "foreign_now,foreign_then FROM targets WHERE name=?",
                    "s", name))
        return err->code;
    if (!qs_db_next(q, &why)) {
        if (why.code)
            *err = why;
        return why.code ? why.code : qs_err_set(err, QS_NOTFOUND, 0, "target '%s' was never seen", name);
    }
    (void)read_record(q, &r, &why);
    qs_db_end(q);
    if (why.code) {
        qs_record_done(&r);
        *err = why;
        return qs_err_wrap(err, "target '%s'", name);
    }
    *ret = r;
    return QS_OK;
}

enum qs_code qs_journal_targets(struct qs_journal *j, char ***ret_names, struct qs_err *err)
{
    struct qs_err why = QS_ERR_INIT;
    struct qs_stmt *q;
    char **names = NULL;
    size_t count = 0;

    JOURNAL_LOCK(j);
    if (qs_db_query(j->db, err, &q, "SELECT name FROM targets ORDER BY name", ""))
        return err->code;
    while (qs_db_next(q, &why))
        *QS_PUSH(names, count) = qs_xstrdup(qs_db_text(q, 0));
    *QS_PUSH(names, count) = NULL;
    if (why.code) {
        qs_fs_names_free(names);
        *err = why;
        return why.code;
    }
    *ret_names = names;
    return QS_OK;
}

enum qs_code qs_journal_know(struct qs_journal *j, const struct qs_desired_target *t, struct qs_err *err)
{
    JOURNAL_LOCK(j);
    return qs_db_run(j->db, err,
                     "INSERT INTO targets(name,driver,address,port) VALUES(?1,?2,?3,?4) ON CONFLICT(name) DO UPDATE"
                     " SET driver=?2,address=?3,port=?4 WHERE driver<>?2 OR address<>?3 OR port<>?4",
                     "sssi", t->name, t->driver, t->address ? t->address : "", (int64_t)t->port);
}

enum qs_code qs_journal_observed(struct qs_journal *j, const char *name, const struct qs_observation *o,
                                 const struct qs_resources *veiled, struct qs_err *err)
{
    qs_auto(val) struct qs_val *have = qs_resources_to_val(veiled);
    qs_auto(blob) struct journal_blob packed = journal_pack(have), foreign = journal_pack(o->foreign);

    JOURNAL_LOCK(j);
    return JOURNAL_WRITE(
        "observed", qs_db_run(j->db, err, "UPDATE targets SET observed=?,revision=?,have=?,foreign_now=? WHERE name=?",
                              "isbbs", (int64_t)qs_now_us(), o->revision ? o->revision : "", packed.data, packed.len,
                              foreign.data, foreign.len, name));
}

enum qs_code qs_journal_state(struct qs_journal *j, const char *name, enum qs_target_state state, const char *text,
                              struct qs_err *err)
{
    JOURNAL_LOCK(j);
    return qs_db_run(j->db, err,
                     "UPDATE targets SET since=CASE WHEN state=?1 AND since>0 THEN since ELSE ?2 END,state=?1,text=?3"
                     " WHERE name=?4 AND (state<>?1 OR text<>?3 OR since=0)",
                     "iiss", (int64_t)state, (int64_t)qs_now_us(), text, name);
}

enum qs_code qs_journal_hold(struct qs_journal *j, const char *name, const char *rollback, struct qs_err *err)
{
    JOURNAL_LOCK(j);
    return JOURNAL_WRITE("hold", qs_db_run(j->db, err, "UPDATE targets SET held=? WHERE name=?", "ss", rollback, name));
}
