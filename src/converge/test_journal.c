#include <fcntl.h>

#include "base/fs.h"
#include "converge/journal.h"
#include "converge/testing.h"

struct box {
    char *state;
    struct qs_journal *j;
    struct qs_err err;
};

static int make_box(void **state)
{
    struct box *box = qs_xzalloc(sizeof(*box));

    box->state = qs_xstrdup("/tmp/qs-test-journal-XXXXXX");
    assert_non_null(mkdtemp(box->state));
    assert_int_equal(qs_journal_open(box->state, false, &box->j, &box->err), QS_OK);
    *state = box;
    return 0;
}

static int drop_box(void **state)
{
    struct box *box = *state;

    qs_journal_close(box->j);
    QS_IGNORE(qs_fs_remove(AT_FDCWD, box->state, &box->err));
    free(box->state);
    free(box);
    return 0;
}

static char core_name[] = "core", fake_name[] = "fake", address[] = "192.0.2.1";
static struct qs_desired_target core = { .name = core_name, .driver = fake_name, .address = address, .port = 443 };

/* The wanted state of core alone, with this hostname. */
static struct qs_val *want_doc(const char *hostname)
{
    struct qs_desired_target one = core;
    struct qs_desired d = { .lab = core_name, .site = fake_name, .targets = &one, .count = 1 };
    struct qs_val *doc;

    qs_val_set_str(qs_resources_add(&one.want, "system", "system"), "hostname", hostname);
    qs_desired_seal(&d);
    doc = qs_desired_to_val(&d);
    qs_resources_done(&one.want);
    return doc;
}

static void begin(struct box *box, const char *apply, const char *hostname)
{
    static const char *const targets[] = { "core", NULL };
    qs_auto(val) struct qs_val *plan = qs_val_map();
    qs_auto(val) struct qs_val *want = want_doc(hostname);

    qs_val_set_str(plan, "id", "01PLAN");
    (void)qs_val_set(plan, "summary", qs_val_map());
    assert_int_equal(qs_journal_know(box->j, &core, &box->err), QS_OK);
    assert_int_equal(qs_journal_apply_begin(box->j, apply, plan, targets, &box->err), QS_OK);
    assert_int_equal(qs_journal_step_begin(box->j, apply, want, NULL, NULL, &box->err), QS_OK);
}

static void a_step_that_was_never_ended_is_found(void **state)
{
    struct box *box = *state;
    struct qs_val *list = NULL;

    begin(box, "01AA", "one");
    qs_journal_close(box->j);
    assert_int_equal(qs_journal_open(box->state, false, &box->j, &box->err), QS_OK);
    assert_int_equal(qs_journal_unfinished(box->j, "01AA", &list, &box->err), QS_OK);
    assert_int_equal(qs_val_count(list), 0); /* not while that apply runs */
    qs_val_free(list);
    assert_int_equal(qs_journal_unfinished(box->j, "", &list, &box->err), QS_OK);
    assert_int_equal(qs_val_count(list), 1);
    assert_string_equal(qs_val_get_str(qs_val_at(list, 0), "target", ""), "core");
    qs_val_free(list);
    assert_int_equal(qs_journal_step_end(box->j, "01AA", "core", "interrupted", NULL, &box->err), QS_OK);
    assert_int_equal(qs_journal_settle(box->j, "", &box->err), QS_OK);
    assert_int_equal(qs_journal_history_one(box->j, "01aa", &list, &box->err), QS_OK);
    assert_string_equal(qs_val_get_str(list, "state", ""), "interrupted");
    qs_val_free(list);
}

static void the_wanted_state_of_any_apply_comes_back(void **state)
{
    static const char *const hosts[] = { "one", "two", "three" }, *const ids[] = { "01AA", "01AB", "01AC" };
    struct box *box = *state;
    qs_auto(record) struct qs_record r = { .name = NULL };
    struct qs_desired d;
    char id[QS_ID_TEXT];

    for (size_t i = 0; i < 3; i++) {
        begin(box, ids[i], hosts[i]);
        assert_int_equal(qs_journal_step_end(box->j, ids[i], "core", i == 2 ? "failed" : "done", NULL, &box->err),
                         QS_OK);
        assert_int_equal(qs_journal_apply_end(box->j, ids[i], "done", &box->err), QS_OK);
    }
    assert_int_equal(qs_journal_target(box->j, "core", &r, &box->err), QS_OK);
    assert_string_equal(qs_val_get_str(r.want.items[0].attrs, "hostname", ""), "two"); /* the third failed */
    assert_int_equal(qs_journal_wanted_at(box->j, "01AA", id, &d, &box->err), QS_OK);
    assert_string_equal(qs_val_get_str(d.targets[0].want.items[0].attrs, "hostname", ""), "one");
    assert_int_equal(d.targets[0].port, 443);
    qs_desired_done(&d);
    assert_int_equal(qs_journal_wanted_at(box->j, "01A", id, &d, &box->err), QS_NOTFOUND);
    assert_string_equal(box->err.msg, "more than one apply starts with '01A'");
    assert_int_equal(qs_journal_wanted_at(box->j, "zz", id, &d, &box->err), QS_NOTFOUND);
    assert_string_equal(box->err.msg, "there is no apply 'zz'");
}

static void since_moves_only_when_the_state_changes(void **state)
{
    struct box *box = *state;
    qs_auto(record) struct qs_record a = { .name = NULL }, b = { .name = NULL };

    assert_int_equal(qs_journal_know(box->j, &core, &box->err), QS_OK);
    assert_int_equal(qs_journal_state(box->j, "core", QS_TARGET_DRIFT, "x", &box->err), QS_OK);
    assert_int_equal(qs_journal_target(box->j, "core", &a, &box->err), QS_OK);
    assert_int_equal(qs_journal_state(box->j, "core", QS_TARGET_DRIFT, "y", &box->err), QS_OK);
    assert_int_equal(qs_journal_target(box->j, "core", &b, &box->err), QS_OK);
    assert_true(a.since_us && a.since_us == b.since_us);
    assert_string_equal(b.text, "y");
    assert_int_equal(qs_journal_target(box->j, "nobody", &b, &box->err), QS_NOTFOUND);
}

static void a_damaged_journal_says_what_to_do(void **state)
{
    static const char junk[8192] = "not a database";
    struct box *box = *state;
    qs_auto(str) char *path = qs_xasprintf("%s/journal.db", box->state);
    struct qs_journal *none = NULL;

    qs_journal_close(box->j);
    box->j = NULL;
    assert_int_equal(qs_fs_write(AT_FDCWD, path, junk, sizeof(junk), 0600, &box->err), QS_OK);
    assert_int_equal(qs_journal_open(box->state, false, &none, &box->err), QS_IO);
    assert_non_null(strstr(box->err.msg, "is damaged"));
    assert_int_equal(qs_fs_remove(AT_FDCWD, path, &box->err), QS_OK);
    assert_int_equal(qs_journal_open(box->state, true, &none, &box->err), QS_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_step_that_was_never_ended_is_found, make_box, drop_box),
        cmocka_unit_test_setup_teardown(the_wanted_state_of_any_apply_comes_back, make_box, drop_box),
        cmocka_unit_test_setup_teardown(since_moves_only_when_the_state_changes, make_box, drop_box),
        cmocka_unit_test_setup_teardown(a_damaged_journal_says_what_to_do, make_box, drop_box),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
