/* The rules of states, the day buckets, and the documents made from a board that has not looked at anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fs.h"
#include "base/str.h"
#include "roles/status/documents.h"
#include "text/json.h"

#define U QS_STATE_UP
#define G QS_STATE_DEGRADED
#define D QS_STATE_DOWN
#define N QS_STATE_UNKNOWN
#define P QS_STATE_PENDING
#define M QS_STATE_MAINTENANCE

static void a_row_follows_its_checks(void **state)
{
    static const struct {
        const char *label;
        enum qs_state states[3];
        bool unseen; /* the last check has no result yet */
        enum qs_state want;
    } rows[] = {
        { "all up", { U, U, U }, false, U },           { "some down", { U, D, U }, false, G },
        { "all down", { D, D, D }, false, D },         { "one drifted", { U, U, G }, false, G },
        { "down and drifted", { D, D, G }, false, G }, { "a silent witness", { U, U, N }, false, U },
        { "silent and down", { D, D, N }, false, D },  { "all silent", { N, N, N }, false, N },
        { "not seen yet", { U, U, N }, true, N },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        bool seen[3] = { true, true, !rows[i].unseen };

        if (qs_state_of_checks(rows[i].states, seen, 3) != rows[i].want)
            fail_msg("%s", rows[i].label);
    }
}

static void a_group_is_what_is_built_of_it(void **state)
{
    static const struct {
        const char *label;
        enum qs_state states[3];
        enum qs_state want;
    } rows[] = {
        { "all pending", { P, P, P }, P },    { "one built and up", { P, U, P }, U },
        { "one down", { U, D, P }, G },       { "all built are down", { D, D, P }, D },
        { "one degraded", { U, G, U }, G },   { "unknown", { U, N, P }, N },
        { "in maintenance", { U, M, P }, M }, { "maintenance and down", { M, D, P }, G },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++)
        if (qs_state_of_rows(rows[i].states, 3) != rows[i].want)
            fail_msg("%s", rows[i].label);
}

static void days_are_a_ring(void **state)
{
    static struct qs_days days;
    uint64_t day_us = UINT64_C(86400000000);

    (void)state;
    for (uint64_t d = 20000; d < 20100; d++)
        qs_history_accrue(NULL, NULL, &days, d % 10 ? U : D, 3600, d * day_us);
    assert_null(qs_days_find(&days, 20009));
    assert_non_null(qs_days_find(&days, 20010));
    assert_int_equal(qs_day_uptime(qs_days_find(&days, 20010)), 0);
    assert_int_equal(qs_day_uptime(qs_days_find(&days, 20099)), 10000);
    qs_history_accrue(NULL, NULL, &days, D, 3600, 20099 * day_us);
    assert_int_equal(qs_day_uptime(qs_days_find(&days, 20099)), 5000);
    qs_history_accrue(NULL, NULL, &days, P, 86400, 20100 * day_us);
    assert_int_equal(qs_day_uptime(qs_days_find(&days, 20100)), -1); /* pending is not watched */
}

static const char spec_text[] =
    "{\"format\":\"qs.status-spec/1\",\"site\":\"twin\",\"lab\":{\"name\":\"t\",\"title\":\"T\"},"
    "\"groups\":[{\"name\":\"apps\",\"title\":\"apps\"},{\"name\":\"net\",\"title\":\"net\"}],"
    "\"signals\":["
    "{\"name\":\"sw\",\"title\":\"switch\",\"group\":\"net\",\"components\":[\"parts\"],\"checks\":["
    "{\"name\":\"a\",\"kind\":\"tcp\",\"address\":\"127.0.0.1\",\"port\":1},"
    "{\"name\":\"a\",\"kind\":\"tcp\",\"address\":\"127.0.0.1\",\"port\":2}]},"
    "{\"name\":\"chat\",\"title\":\"chat\",\"group\":\"apps\",\"pending\":\"later\",\"checks\":[]},"
    "{\"name\":\"bare\",\"title\":\"bare\",\"group\":\"apps\",\"checks\":[]}],"
    "\"components\":[{\"name\":\"parts\",\"number\":1,\"group\":\"net\",\"adr\":\"0008\",\"state\":\"built\"}]}";

struct box {
    struct qs_loop *loop;
    struct qs_probe_env env;
    struct qs_status_spec *spec;
    struct qs_board *board;
    struct qs_facts facts;
};

static void ignore_change(void *arg, size_t row, enum qs_state from)
{
    (void)arg, (void)row, (void)from;
}

static void ignore_result(void *arg, size_t row)
{
    (void)arg, (void)row;
}

static int open_box(void **state)
{
    struct box *b = calloc(1, sizeof(*b));
    struct qs_err err = QS_ERR_INIT;
    struct qs_val *doc = NULL;

    b->loop = qs_loop_new();
    b->env.loop = b->loop;
    assert_int_equal(qs_json_parse(spec_text, sizeof(spec_text) - 1, &doc, &err), QS_OK);
    assert_int_equal(qs_status_spec_read(doc, &b->spec, &err), QS_OK);
    qs_val_free(doc);
    b->board = qs_board_new(
        &(struct qs_board_conf){ .spec = b->spec, .env = &b->env, .changed = ignore_change, .result = ignore_result },
        NULL);
    b->facts = (struct qs_facts){ .board = b->board, .now_us = qs_now_us(), .changed_us = 1767322800000000 };
    *state = b;
    return 0;
}

static int close_box(void **state)
{
    struct box *b = *state;

    qs_board_free(b->board);
    qs_status_spec_free(b->spec);
    qs_loop_free(b->loop);
    free(b);
    return 0;
}

static struct qs_val *document(struct box *b, qs_document_fn *fn)
{
    qs_auto(buf) struct qs_buf out = QS_BUF(1 << 20);
    struct qs_err err = QS_ERR_INIT;
    struct qs_val *doc = NULL;

    fn(&b->facts, &out);
    if (qs_json_parse(qs_buf_text(&out), out.len, &doc, &err))
        fail_msg("%s: %s", err.msg, qs_buf_text(&out));
    return doc;
}

static void before_the_first_result_nothing_is_up(void **state)
{
    qs_auto(val) struct qs_val *doc = document(*state, qs_doc_status);
    static const struct {
        const char *path, *want;
    } rows[] = {
        { "state", "unknown" },
        { "groups[0].state", "pending" },
        { "groups[0].components[0].message", "later" },
        { "groups[0].components[1].state", "pending" },
        { "groups[0].components[1].message", "no check is named for it" },
        { "groups[1].components[0].state", "unknown" },
        { "groups[1].components[0].adr", "0008" },
        { "groups[1].components[0].site", "twin" },
    };

    assert_string_equal(doc->u.pairs[0].key, "format");
    for (size_t i = 0; i < QS_COUNT(rows); i++)
        assert_string_equal(qs_val_string(qs_json_path(doc, rows[i].path), "absent"), rows[i].want);
    assert_int_equal(qs_val_get_int(doc, "total", 0), 3);
}

static void statuspage_readers_find_their_words(void **state)
{
    qs_auto(val) struct qs_val *doc = document(*state, qs_doc_summary);
    static const struct {
        const char *path, *want;
    } rows[] = {
        { "page.name", "T" },
        { "page.updated_at", "2026-01-02T03:00:00.000000Z" },
        { "status.indicator", "minor" },
        { "components[0].name", "apps" },
        { "components[0].components[0]", "apps.chat" },
        { "components[1].group_id", "apps" },
        { "components[1].description", "later" },
        { "components[1].status", "under_maintenance" },
    };

    for (size_t i = 0; i < QS_COUNT(rows); i++)
        assert_string_equal(qs_val_string(qs_json_path(doc, rows[i].path), "absent"), rows[i].want);
}

static void checks_of_one_name_are_told_apart(void **state)
{
    struct box *b = *state;

    assert_string_equal(b->spec->checks[0].name, "a");
    assert_string_equal(b->spec->checks[1].name, "a-2");
}

static void history_is_there_after_it_was_closed(void **state)
{
    struct box *b = *state;
    const struct qs_row *row = &b->spec->rows[2];
    char folder[] = "/tmp/qs-history-XXXXXX", path[64];
    struct qs_err err = QS_ERR_INIT;
    struct qs_history *h = NULL;
    static struct qs_days days, again;
    enum qs_state last;
    uint64_t since, now = qs_now_us();

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/status.db", folder);
    assert_int_equal(qs_history_open(path, b->loop, &h, &err), QS_OK);
    assert_false(qs_history_last(h, row, &last, &since));
    qs_history_change(h, row, N, U, "", now);
    qs_history_accrue(h, row, &days, U, 10, now);
    for (int i = 0; i < 200; i++)
        qs_history_result(h, row, &b->spec->checks[0], U, 1000, "", now + (uint64_t)i * 5000000);
    qs_history_incident(h, row, G, "one", now);
    qs_history_incident(h, row, D, "two", now + 1);
    qs_history_close(h);
    h = NULL;
    assert_int_equal(qs_history_open(path, b->loop, &h, &err), QS_OK);
    assert_true(qs_history_last(h, row, &last, &since));
    assert_int_equal(last, U);
    assert_true(since == now);
    qs_history_days(h, row, &again);
    assert_int_equal(qs_days_find(&again, qs_day_of(now))->seconds[U], 10);
    qs_auto(val) struct qs_val *results = qs_history_results(h, "signal", row->name);
    assert_int_equal(qs_val_count(results), 120); /* a ring */
    qs_auto(val) struct qs_val *incidents = qs_history_incidents(h, 10);
    assert_int_equal(qs_val_count(incidents), 1); /* one that got worse, not two */
    assert_string_equal(qs_val_get_str(qs_val_at(incidents, 0), "worst", ""), "down");
    qs_history_close(h);
    QS_IGNORE(qs_fs_remove(AT_FDCWD, folder, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_follows_its_checks),
        cmocka_unit_test(a_group_is_what_is_built_of_it),
        cmocka_unit_test(days_are_a_ring),
        cmocka_unit_test_setup_teardown(before_the_first_result_nothing_is_up, open_box, close_box),
        cmocka_unit_test_setup_teardown(statuspage_readers_find_their_words, open_box, close_box),
        cmocka_unit_test_setup_teardown(checks_of_one_name_are_told_apart, open_box, close_box),
        cmocka_unit_test_setup_teardown(history_is_there_after_it_was_closed, open_box, close_box),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
