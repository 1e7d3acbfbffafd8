#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "store/db.h"

static const char *const first[] = { "CREATE TABLE t(a TEXT, b INTEGER, c REAL, d BLOB)", NULL };
static const char *const second[] = { "CREATE TABLE t(a TEXT, b INTEGER, c REAL, d BLOB)",
                                      "ALTER TABLE t ADD COLUMN e TEXT DEFAULT 'new'", NULL };
static const char *const broken[] = { "CREATE TABLE t(a TEXT, b INTEGER, c REAL, d BLOB)",
                                      "CREATE TABLE u(x); CREATE TABLE t(x)", NULL };

struct box {
    char *folder, *path;
    struct qs_err err;
};

static int make_box(void **state)
{
    struct box *box = qs_xzalloc(sizeof(*box));

    box->folder = qs_xstrdup("/tmp/qs-test-db-XXXXXX");
    assert_non_null(mkdtemp(box->folder));
    box->path = qs_xasprintf("%s/f.db", box->folder);
    *state = box;
    return 0;
}

static int drop_box(void **state)
{
    struct box *box = *state;

    QS_IGNORE(qs_fs_remove(AT_FDCWD, box->folder, &box->err));
    free(box->folder);
    free(box->path);
    free(box);
    return 0;
}

static void open_box(struct box *box, const char *const *migrations, struct qs_db **ret)
{
    if (qs_db_open(box->path, migrations, false, ret, &box->err))
        fail_msg("%s: %s", box->err.ctx, box->err.msg);
}

static void rows_come_back_as_they_went_in(void **state)
{
    struct box *box = *state;
    qs_auto(db) struct qs_db *db = NULL;
    struct qs_stmt *q;
    size_t len;

    open_box(box, first, &db);
    assert_int_equal(
        qs_db_run(db, &box->err, "INSERT INTO t VALUES(?,?,?,?)", "sidb", "x", INT64_MIN, 0.5, "a\0b", (size_t)3),
        QS_OK);
    assert_int_equal(qs_db_run(db, &box->err, "INSERT INTO t VALUES(?,?,?,?)", "sidb", (const char *)NULL, (int64_t)2,
                               1.0, (const void *)NULL, (size_t)0),
                     QS_OK);
    assert_int_equal(qs_db_last_id(db), 2);
    assert_int_equal(qs_db_query(db, &box->err, &q, "SELECT a,b,c,d FROM t ORDER BY rowid", ""), QS_OK);
    assert_true(qs_db_next(q, &box->err));
    assert_string_equal(qs_db_text(q, 0), "x");
    assert_true(qs_db_int(q, 1) == INT64_MIN);
    assert_true(qs_db_real(q, 2) < 0.6);
    assert_memory_equal(qs_db_blob(q, 3, &len), "a\0b", 3);
    assert_int_equal(len, 3);
    assert_true(qs_db_next(q, &box->err));
    assert_string_equal(qs_db_text(q, 0), "");
    assert_false(qs_db_next(q, &box->err));
    qs_db_end(q);
    qs_db_end(NULL);
}

static void the_same_query_runs_inside_itself(void **state)
{
    struct box *box = *state;
    qs_auto(db) struct qs_db *db = NULL;
    struct qs_stmt *outer, *inner;
    unsigned pairs = 0;

    open_box(box, first, &db);
    for (int64_t i = 0; i < 3; i++)
        assert_int_equal(qs_db_run(db, &box->err, "INSERT INTO t(b) VALUES(?)", "i", i), QS_OK);
    assert_int_equal(qs_db_query(db, &box->err, &outer, "SELECT b FROM t", ""), QS_OK);
    while (qs_db_next(outer, &box->err)) {
        assert_int_equal(qs_db_query(db, &box->err, &inner, "SELECT b FROM t", ""), QS_OK);
        while (qs_db_next(inner, &box->err))
            pairs++;
    }
    assert_int_equal(pairs, 9);
}

static void only_a_commit_stays(void **state)
{
    struct box *box = *state;
    qs_auto(db) struct qs_db *db = NULL;
    struct qs_stmt *q;

    open_box(box, first, &db);
    qs_db_rollback(db);
    assert_int_equal(qs_db_begin(db, &box->err), QS_OK);
    assert_int_equal(qs_db_run(db, &box->err, "INSERT INTO t(a) VALUES('lost')", ""), QS_OK);
    qs_db_rollback(db);
    assert_int_equal(qs_db_begin(db, &box->err), QS_OK);
    assert_int_equal(qs_db_run(db, &box->err, "INSERT INTO t(a) VALUES('kept')", ""), QS_OK);
    assert_int_equal(qs_db_commit(db, &box->err), QS_OK);
    assert_int_equal(qs_db_query(db, &box->err, &q, "SELECT group_concat(a) FROM t", ""), QS_OK);
    assert_true(qs_db_next(q, &box->err));
    assert_string_equal(qs_db_text(q, 0), "kept");
    qs_db_end(q);
}

static void migrations_run_once_and_whole(void **state)
{
    struct box *box = *state;
    struct qs_db *db = NULL;

    open_box(box, first, &db);
    qs_db_close(db);
    db = NULL;
    assert_int_equal(qs_db_open(box->path, broken, false, &db, &box->err), QS_IO);
    assert_null(db);
    open_box(box, second, &db); /* the broken one left nothing */
    assert_int_equal(qs_db_run(db, &box->err, "INSERT INTO t(a,e) VALUES('x','y')", ""), QS_OK);
    assert_int_equal(qs_db_run(db, &box->err, "INSERT INTO u VALUES(1)", ""), QS_IO);
    qs_db_close(db);
    db = NULL;
    assert_int_equal(qs_db_open(box->path, first, false, &db, &box->err), QS_CONFLICT);
    assert_non_null(strstr(box->err.msg, "written by a newer qs (layout 2, this one knows 1)"));
}

static void a_reader_makes_and_changes_nothing(void **state)
{
    struct box *box = *state;
    qs_auto(db) struct qs_db *writer = NULL;
    qs_auto(db) struct qs_db *reader = NULL;
    struct stat st;

    assert_int_equal(qs_db_open(box->path, first, true, &reader, &box->err), QS_NOTFOUND);
    assert_int_not_equal(stat(box->path, &st), 0);
    open_box(box, first, &writer);
    assert_int_equal(qs_db_open(box->path, first, true, &reader, &box->err), QS_OK);
    assert_int_equal(qs_db_run(reader, &box->err, "INSERT INTO t(a) VALUES('x')", ""), QS_DENIED);
    assert_int_equal(stat(box->path, &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
}

static void a_damaged_file_is_named_with_what_to_do(void **state)
{
    static const char junk[8192] = "this is no database, whatever its name says";
    struct box *box = *state;
    struct qs_db *db = NULL;

    assert_int_equal(qs_fs_write(AT_FDCWD, box->path, junk, sizeof(junk), 0600, &box->err), QS_OK);
    assert_int_equal(qs_db_open(box->path, first, false, &db, &box->err), QS_IO);
    assert_non_null(strstr(box->err.msg, "is damaged"));
    assert_non_null(strstr(box->err.hint, "Restore it from a backup"));
}

static void a_full_disk_is_said_so(void **state)
{
    struct box *box = *state;
    qs_auto(db) struct qs_db *db = NULL;
    struct qs_stmt *q;

    open_box(box, first, &db);
    assert_int_equal(qs_db_query(db, &box->err, &q, "PRAGMA max_page_count=4", ""), QS_OK);
    while (qs_db_next(q, &box->err))
        continue;
    assert_int_equal(qs_db_run(db, &box->err, "INSERT INTO t(d) VALUES(zeroblob(100000))", ""), QS_IO);
    assert_non_null(strstr(box->err.msg, "the disk is full"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_come_back_as_they_went_in, make_box, drop_box),
        cmocka_unit_test_setup_teardown(the_same_query_runs_inside_itself, make_box, drop_box),
        cmocka_unit_test_setup_teardown(only_a_commit_stays, make_box, drop_box),
        cmocka_unit_test_setup_teardown(migrations_run_once_and_whole, make_box, drop_box),
        cmocka_unit_test_setup_teardown(a_reader_makes_and_changes_nothing, make_box, drop_box),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_named_with_what_to_do, make_box, drop_box),
        cmocka_unit_test_setup_teardown(a_full_disk_is_said_so, make_box, drop_box),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
