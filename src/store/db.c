#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/str.h"

#define BUSY_MS 5000

struct qs_stmt {
    struct qs_stmt *next;
    struct qs_db *db;
    sqlite3_stmt *raw;
    char *sql;
    bool busy; /* between query and the end of its rows */
};
struct qs_db {
    sqlite3 *raw;
    char *path;
    struct qs_stmt *cache;
};

/* ---- errors ---- */

static enum qs_code fail(const struct qs_db *db, int rc, struct qs_err *err)
{
    switch (rc & 0xFF) {
    case SQLITE_FULL:
        (void)qs_err_set(err, QS_IO, rc, "the disk is full, '%s' was not changed", db->path);
        return qs_err_hint(err, "Free some space on that file system and run the command again.");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        (void)qs_err_set(err, QS_IO, rc, "'%s' is damaged: %s", db->path, sqlite3_errmsg(db->raw));
        return qs_err_hint(err, "Restore it from a backup, or move it away; qs then starts without its history.");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return qs_err_set(err, QS_CONFLICT, rc, "'%s' is in use by another process", db->path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return qs_err_set(err, QS_DENIED, rc, "'%s' cannot be written: %s", db->path, sqlite3_errmsg(db->raw));
    case SQLITE_CONSTRAINT:
        return qs_err_set(err, QS_CONFLICT, rc, "'%s': %s", db->path, sqlite3_errmsg(db->raw));
    default:
        return qs_err_set(err, QS_IO, rc, "'%s': %s", db->path, sqlite3_errmsg(db->raw));
    }
}

static enum qs_code execute(struct qs_db *db, const char *sql, struct qs_err *err)
{
    int rc = sqlite3_exec(db->raw, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? QS_OK : fail(db, rc, err);
}

/* ---- statements ---- */

static struct qs_stmt *cached(struct qs_db *db, const char *sql)
{
    for (struct qs_stmt *s = db->cache; s; s = s->next)
        if (!s->busy && qs_streq(s->sql, sql))
            return s;
    return NULL;
}

static enum qs_code prepare(struct qs_db *db, const char *sql, struct qs_stmt **ret, struct qs_err *err)
{
    struct qs_stmt *s = cached(db, sql);
    sqlite3_stmt *raw = NULL;
    int rc;

    if (s) {
        *ret = s;
        return QS_OK;
    }
    rc = sqlite3_prepare_v3(db->raw, sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, NULL);
    if (rc != SQLITE_OK)
        return fail(db, rc, err);
    s = qs_xzalloc(sizeof(*s));
    *s = (struct qs_stmt){ .next = db->cache, .db = db, .raw = raw, .sql = qs_xstrdup(sql) };
    db->cache = s;
    *ret = s;
    return QS_OK;
}

static enum qs_code bind(const struct qs_stmt *s, const char *types, va_list ap, struct qs_err *err)
{
    int rc = SQLITE_OK;

    for (int i = 1; *types && rc == SQLITE_OK; types++, i++) {
        if (*types == 's') {
            rc = sqlite3_bind_text(s->raw, i, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
        } else if (*types == 'i') {
            rc = sqlite3_bind_int64(s->raw, i, va_arg(ap, int64_t));
        } else if (*types == 'd') {
            rc = sqlite3_bind_double(s->raw, i, va_arg(ap, double));
        } else {
            const void *data = va_arg(ap, const void *);

            rc = sqlite3_bind_blob64(s->raw, i, data, va_arg(ap, size_t), SQLITE_TRANSIENT);
        }
    }
    return rc == SQLITE_OK ? QS_OK : fail(s->db, rc, err);
}

void qs_db_end(struct qs_stmt *q)
{
    if (!q || !q->busy)
        return;
    (void)sqlite3_reset(q->raw); /* repeats the error that the last step gave already */
    (void)sqlite3_clear_bindings(q->raw);
    q->busy = false;
}

static enum qs_code start(struct qs_db *db, struct qs_stmt **ret, const char *sql, const char *types, va_list ap,
                          struct qs_err *err)
{
    struct qs_stmt *s = NULL;

    if (prepare(db, sql, &s, err))
        return err->code;
    s->busy = true;
    if (bind(s, types, ap, err)) {
        qs_db_end(s);
        return err->code;
    }
    *ret = s;
    return QS_OK;
}

enum qs_code qs_db_query(struct qs_db *db, struct qs_err *err, struct qs_stmt **ret, const char *sql, const char *types,
                         ...)
{
    va_list ap;

    va_start(ap, types);
    enum qs_code code = start(db, ret, sql, types, ap, err);
    va_end(ap);
    return code;
}

bool qs_db_next(struct qs_stmt *q, struct qs_err *err)
{
    int rc = sqlite3_step(q->raw);

    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        (void)fail(q->db, rc, err);
    qs_db_end(q);
    return false;
}

enum qs_code qs_db_run(struct qs_db *db, struct qs_err *err, const char *sql, const char *types, ...)
{
    struct qs_err why = QS_ERR_INIT;
    struct qs_stmt *s = NULL;
    va_list ap;

    va_start(ap, types);
    enum qs_code code = start(db, &s, sql, types, ap, err);
    va_end(ap);
    if (code)
        return code;
    while (qs_db_next(s, &why))
        continue;
    if (why.code)
        *err = why;
    return why.code;
}

const char *qs_db_text(struct qs_stmt *q, int col)
{
    const unsigned char *text = sqlite3_column_text(q->raw, col);

    return text ? (const char *)text : "";
}

int64_t qs_db_int(struct qs_stmt *q, int col)
{
    return sqlite3_column_int64(q->raw, col);
}

double qs_db_real(struct qs_stmt *q, int col)
{
    return sqlite3_column_double(q->raw, col);
}

const void *qs_db_blob(struct qs_stmt *q, int col, size_t *ret_len)
{
    const void *data = sqlite3_column_blob(q->raw, col);

    *ret_len = (size_t)sqlite3_column_bytes(q->raw, col);
    return data;
}

int64_t qs_db_last_id(struct qs_db *db)
{
    return sqlite3_last_insert_rowid(db->raw);
}

/* ---- transactions ---- */

enum qs_code qs_db_begin(struct qs_db *db, struct qs_err *err)
{
    return execute(db, "BEGIN IMMEDIATE", err);
}

enum qs_code qs_db_commit(struct qs_db *db, struct qs_err *err)
{
    return execute(db, "COMMIT", err);
}

void qs_db_rollback(struct qs_db *db)
{
    if (!sqlite3_get_autocommit(db->raw))
        (void)sqlite3_exec(db->raw, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- opening ---- */

static enum qs_code version(struct qs_db *db, int64_t *ret, struct qs_err *err)
{
    struct qs_err why = QS_ERR_INIT;
    qs_auto(stmt) struct qs_stmt *q = NULL;

    if (qs_db_query(db, err, &q, "PRAGMA user_version", ""))
        return err->code;
    *ret = qs_db_next(q, &why) ? qs_db_int(q, 0) : 0;
    if (why.code)
        *err = why;
    return why.code;
}

/* One migration in one transaction. Another process may have run it while we waited for the lock. */
static enum qs_code migrate_one(struct qs_db *db, const char *sql, int64_t number, struct qs_err *err)
{
    qs_auto(str) char *mark = qs_xasprintf("PRAGMA user_version=%lld", (long long)number);
    int64_t have = 0;

    if (qs_db_begin(db, err))
        return err->code;
    if (version(db, &have, err) || (have < number && (execute(db, sql, err) || execute(db, mark, err))) ||
        qs_db_commit(db, err)) {
        qs_db_rollback(db);
        return qs_err_wrap(err, "migration %lld", (long long)number);
    }
    return QS_OK;
}

static enum qs_code migrate(struct qs_db *db, const char *const *migrations, bool read_only, struct qs_err *err)
{
    int64_t have = 0, want = 0;

    while (migrations && migrations[want])
        want++;
    if (version(db, &have, err))
        return err->code;
    if (have > want) {
        (void)qs_err_set(err, QS_CONFLICT, 0, "'%s' was written by a newer qs (layout %lld, this one knows %lld)",
                         db->path, (long long)have, (long long)want);
        return qs_err_hint(err, "Use the qs that wrote it, or a newer one.");
    }
    if (read_only && have < want)
        return qs_err_set(err, QS_NOTFOUND, 0, "'%s' is not set up yet", db->path);
    for (int64_t i = have; i < want; i++)
        if (migrate_one(db, migrations[i], i + 1, err))
            return err->code;
    return QS_OK;
}

/* The library would make the file with the umask of the process; what qs stores is nobody else's to read. */
static enum qs_code make_private(const char *path, struct qs_err *err)
{
    qs_auto(fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return qs_err_sys(err, QS_IO, errno, "could not open '%s'", path);
    return QS_OK;
}

static enum qs_code open_raw(struct qs_db *db, bool read_only, struct qs_err *err)
{
    int flags = (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX;
    struct stat st;
    int rc;

    if (read_only && stat(db->path, &st))
        return qs_err_sys(err, errno == ENOENT ? QS_NOTFOUND : QS_IO, errno, "could not open '%s'", db->path);
    if (!read_only && make_private(db->path, err))
        return err->code;
    rc = sqlite3_open_v2(db->path, &db->raw, flags, NULL);
    if (rc != SQLITE_OK)
        return fail(db, rc, err);
    (void)sqlite3_busy_timeout(db->raw, BUSY_MS);
    if (read_only)
        return QS_OK;
    return execute(db, "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON", err);
}

enum qs_code qs_db_open(const char *path, const char *const *migrations, bool read_only, struct qs_db **ret,
                        struct qs_err *err)
{
    qs_auto(db) struct qs_db *db = qs_xzalloc(sizeof(*db));

    db->path = qs_xstrdup(path);
    if (open_raw(db, read_only, err) || migrate(db, migrations, read_only, err))
        return err->code;
    *ret = qs_take_ptr(db);
    return QS_OK;
}

void qs_db_close(struct qs_db *db)
{
    if (!db)
        return;
    while (db->cache) {
        struct qs_stmt *s = db->cache;

        db->cache = s->next;
        (void)sqlite3_finalize(s->raw);
        free(s->sql);
        free(s);
    }
    (void)sqlite3_close(db->raw);
    free(db->path);
    free(db);
}
