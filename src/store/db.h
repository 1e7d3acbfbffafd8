/*
 * store/db: SQLite as qs uses it: one file a role, WAL, foreign keys, a busy timeout, numbered migrations.
 * Statements are prepared once and cached by their text. Blocking; one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct qs_db;
struct qs_stmt;

/* Opens or creates `path`, and runs `migrations` (NULL-terminated texts; index + 1 = user_version) that have
 * not run yet, each in a transaction. A file of a newer version is refused (CONFLICT). `read_only`: no
 * creation, no migration. */
enum qs_code qs_db_open(const char *path, const char *const *migrations, bool read_only, struct qs_db **ret,
                        struct qs_err *err) QS_MUST_CHECK;
void qs_db_close(struct qs_db *db); /* accepts NULL */
QS_DEFINE_AUTO(db, struct qs_db *, qs_db_close)

enum qs_code qs_db_begin(struct qs_db *db, struct qs_err *err) QS_MUST_CHECK;  /* immediate */
enum qs_code qs_db_commit(struct qs_db *db, struct qs_err *err) QS_MUST_CHECK; /* durable on return */
void qs_db_rollback(struct qs_db *db);                                         /* no transaction: does nothing */

/* `types` names the parameters in order: 's' const char * (NULL allowed), 'i' int64_t, 'd' double,
 * 'b' const void * and then size_t.
 * Example: qs_db_run(db, err, "INSERT INTO t VALUES (?,?)", "si", "a", (int64_t)1). */
enum qs_code qs_db_run(struct qs_db *db, struct qs_err *err, const char *sql, const char *types, ...) QS_MUST_CHECK;
/* Starts a query; step with qs_db_next() until it gives false, or stop early with qs_db_end(). */
enum qs_code qs_db_query(struct qs_db *db, struct qs_err *err, struct qs_stmt **ret, const char *sql, const char *types,
                         ...) QS_MUST_CHECK;
bool qs_db_next(struct qs_stmt *q, struct qs_err *err); /* false: no more rows, or err->code is set */
void qs_db_end(struct qs_stmt *q);                      /* accepts NULL and an ended query */
QS_DEFINE_AUTO(stmt, struct qs_stmt *, qs_db_end)
/* Columns count from 0; text is valid until the next step; NULL columns read as "" and 0. */
const char *qs_db_text(struct qs_stmt *q, int col);
int64_t qs_db_int(struct qs_stmt *q, int col);
double qs_db_real(struct qs_stmt *q, int col);
const void *qs_db_blob(struct qs_stmt *q, int col, size_t *ret_len); /* NULL when empty */
int64_t qs_db_last_id(struct qs_db *db);
