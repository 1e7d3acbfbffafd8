#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "decisions/decisions.h"

#define BODY "# Title\n\n## Chosen\nx\n\n## Considered\nx\n\n## Why\nx\n\n## Consequences\nx\n"

struct box {
    char path[64];
    struct qs_adrs *adrs;
    struct qs_problems problems;
};

static int box_up(void **state)
{
    struct box *box = calloc(1, sizeof(*box));

    (void)snprintf(box->path, sizeof(box->path), "/tmp/qs-adrs.XXXXXX");
    *state = box;
    return mkdtemp(box->path) ? 0 : -1;
}

static int box_down(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;

    qs_adrs_free(box->adrs);
    QS_IGNORE(qs_fs_remove(AT_FDCWD, box->path, &err));
    free(box);
    return 0;
}

static void put(const struct box *box, const char *name, const char *front)
{
    char path[128], text[4096];
    struct qs_err err = QS_ERR_INIT;

    (void)snprintf(path, sizeof(path), "%s/%s", box->path, name);
    (void)snprintf(text, sizeof(text), "---\n%s---\n" BODY, front);
    assert_int_equal(qs_fs_write(AT_FDCWD, path, text, strlen(text), 0644, &err), QS_OK);
}

static void load(struct box *box)
{
    struct qs_err err = QS_ERR_INIT;

    if (qs_adrs_load(box->path, &box->adrs, &box->problems, &err))
        fail_msg("%s: %s", err.ctx, err.msg);
    qs_adrs_check(box->adrs, NULL, &box->problems);
}

static void triggers_fire_and_doubt_passes_down(void **state)
{
    struct box *box = *state;

    put(box, "0001-a.md", "status: accepted\ndate: 2026-01-01\nrevisit:\n  - date: 2026-06-01\n    why: time\n");
    put(box, "0002-b.md",
        "status: accepted\ndate: 2026-01-01\ndepends_on: [\"0001\"]\nrevisit:\n  - manual: is it?\n    why: w\n");
    put(box, "0003-c.md",
        "status: accepted\ndate: 2026-01-01\ndepends_on: [\"0002\"]\nrevisit:\n"
        "  - drill: restore older than 92d\n    why: w\n  - drift: core > 1 in 30d\n    why: w\n");
    load(box);
    assert_int_equal(box->problems.count, 0);

    qs_auto(val) struct qs_val *facts = qs_val_map();
    qs_val_set_str(facts, "today", "2026-05-31");
    qs_adrs_evaluate(box->adrs, NULL, facts);
    assert_int_equal(qs_adrs_find(box->adrs, "0001")->triggers[0].state, QS_TRIGGER_ARMED);
    assert_null(qs_adrs_find(box->adrs, "0003")->doubt);
    assert_int_equal(qs_adrs_find(box->adrs, "0003")->triggers[0].state, QS_TRIGGER_UNKNOWN);

    qs_val_set_str(facts, "today", "2026-06-01");
    struct qs_val *drills = qs_val_set(facts, "drills", qs_val_map());
    qs_val_set_str(drills, "restore", "2026-02-28");
    struct qs_val *drift = qs_val_set(facts, "drift", qs_val_map());
    qs_val_set_int(drift, "core", 1);
    qs_adrs_evaluate(box->adrs, NULL, facts);
    assert_true(qs_adrs_find(box->adrs, "0001")->fired);
    assert_string_equal(qs_adrs_find(box->adrs, "0002")->doubt, "0001");
    const struct qs_adr *c = qs_adrs_find(box->adrs, "0003");
    assert_string_equal(c->doubt, "0001");
    assert_string_equal(c->triggers[0].reason, "last drill 93 days ago");
    assert_int_equal(c->triggers[0].state, QS_TRIGGER_FIRED);
    assert_int_equal(c->triggers[1].state, QS_TRIGGER_ARMED);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
    static const struct {
        const char *label, *front, *want;
    } rows[] = {
        { "no revisit", "status: accepted\ndate: 2026-01-01\n", "the front matter lacks 'revisit'" },
        { "status", "status: great\ndate: 2026-01-01\nrevisit: [{manual: q, why: w}]\n", "unknown status 'great'" },
        { "key", "status: accepted\ndate: 2026-01-01\nowner: me\nrevisit: [{manual: q, why: w}]\n",
          "unknown key 'owner'" },
        { "trigger", "status: accepted\ndate: 2026-01-01\nrevisit: [{count: apples > 3, why: w}]\n",
          "trigger 'count: apples > 3' cannot be read" },
        { "no why", "status: accepted\ndate: 2026-01-01\nrevisit: [{manual: q}]\n", "the front matter lacks 'why'" },
        { "dangling", "status: accepted\ndate: 2026-01-01\ndepends_on: [\"0099\"]\nrevisit: [{manual: q, why: w}]\n",
          "ADR 0001 depends on 0099, which does not exist" },
        { "number", "status: accepted\ndate: 2026-01-01\ndepends_on: [2]\nrevisit: [{manual: q, why: w}]\n",
          "'depends_on' holds a whole number where text is wanted" },
        { "circle", "status: accepted\ndate: 2026-01-01\ndepends_on: [\"0001\"]\nrevisit: [{manual: q, why: w}]\n",
          "ADR 0001 depends on itself through others" },
    };

    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct box *box;

        assert_int_equal(box_up((void **)&box), 0);
        put(box, "0001-a.md", rows[i].front);
        load(box);
        if (box->problems.count != 1 || strcmp(box->problems.items[0].text, rows[i].want) != 0)
            fail_msg("%s: %zu problems, first: %s", rows[i].label, box->problems.count, box->problems.items[0].text);
        (void)box_down((void **)&box);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(triggers_fire_and_doubt_passes_down, box_up, box_down),
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
    };
    return cmocka_run_group_tests_name("decisions", tests, NULL, NULL);
}
