/* The text of plans, held against tests/golden/plan-*.txt. */
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fs.h"
#include "converge/plan.h"
#include "converge/testing.h"

static void render(const struct qs_changes *cs, const struct qs_resources *want, struct qs_val *list)
{
    (void)want;
    for (size_t i = 0; i < cs->count; i++)
        (void)qs_val_add(list, qs_val_strf("%s %s", qs_action_name(cs->items[i].action), cs->items[i].name));
}

static const struct qs_driver driver = {
    .abi = QS_DRIVER_ABI, .name = "fake", .types = testing_types, .render = render
};

#define R(type, name, attrs) "{\"type\":\"" type "\",\"name\":\"" name "\",\"attrs\":{" attrs "}}"
#define HAVE                                                                                                           \
    "[" R("system", "system", "\"hostname\":\"old\"") "," R("vlan", "20", "\"title\":\"gone\"") "," R(                 \
        "vlan", "30",                                                                                                  \
        "\"title\":\"was\",\"tags\":[\"x\"]") "," R("vlan", "40",                                                      \
                                                    "") "," R("rule", "drop",                                          \
                                                              "\"action\":\"drop\"") "," R("rule", "allow",            \
                                                                                           "\"action\":"               \
                                                                                           "\"accept\"") "," R("user", \
                                                                                                               "ops",  \
                                                                                                               "\"pas" \
                                                                                                               "sword" \
                                                                                                               "\":"   \
                                                                                                               "\"bef" \
                                                                                                               "ore-"  \
                                                                                                               "secre" \
                                                                                                               "t\"") "]"
#define WANT                                                                                                           \
    "[" R("system", "system", "\"hostname\":\"core\"") "," R("vlan", "10", "\"title\":\"new\",\"mtu\":9000") "," R(    \
        "vlan", "30",                                                                                                  \
        "\"title\":\"is\"") "," R("vlan", "40",                                                                        \
                                  "\"kind\":\"odd\"") "," R("rule", "allow",                                           \
                                                            "\"action\":\"accept\"") "," R("rule", "drop",             \
                                                                                           "\"action\":"               \
                                                                                           "\"drop\"") "," R("u"       \
                                                                                                             "s"       \
                                                                                                             "e"       \
                                                                                                             "r",      \
                                                                                                             "o"       \
                                                                                                             "p"       \
                                                                                                             "s",      \
                                                                                                             "\"passw" \
                                                                                                             "ord\":"  \
                                                                                                             "\"after" \
                                                                                                             "-secret" \
                                                                                                             "\"") "]"

struct scene {
    const char *golden;
    const char *have; /* NULL: never observed */
    bool offline, native, held, fails;
};

static struct qs_val *make(const struct scene *s)
{
    struct qs_resources have = testing_resources(s->have ? s->have : "[]"), want = testing_resources(WANT);
    char *adrs[] = { (char[]){ "0008" }, NULL }, name[] = "core", name2[] = "edge", fake[] = "fake", at[] = "10.0.0.11";
    struct qs_desired_target t[2] = {
        { .name = name, .driver = fake, .address = at, .adrs = adrs },
        { .name = name2, .driver = fake, .address = at },
    };
    const struct qs_desired d = { .lab = name, .site = name2, .targets = t, .count = 2 };
    struct qs_val *plan = qs_plan_new(&d, s->offline);
    struct qs_err err = QS_ERR_INIT;
    struct qs_plan_base base = { .have = s->have ? &have : NULL,
                                 .revision = "r1",
                                 .held = s->held ? "01HELD" : NULL,
                                 .observed_us = s->have ? qs_now_us() - 300 * 1000000ULL : 0 };

    (void)qs_err_set(&err, QS_TIMEOUT, 0, "edge: no reply in 5000 ms");
    (void)qs_err_hint(&err, "Look whether it has power.");
    qs_plan_add(plan, &driver, &t[0], &want, &base);
    base = (struct qs_plan_base){
        .have = &want, .revision = "r1", .observed_us = base.observed_us, .error = s->fails ? &err : NULL
    };
    qs_plan_add(plan, &driver, &t[1], &want, &base);
    qs_plan_finish(plan);
    qs_resources_done(&have);
    qs_resources_done(&want);
    return plan;
}

static void the_text_is_as_kept_in_golden_files(void **state)
{
    static const struct scene scenes[] = {
        { .golden = "plan-changes.txt", .have = HAVE },
        { .golden = "plan-native.txt", .have = HAVE, .native = true },
        { .golden = "plan-none.txt", .have = WANT },
        { .golden = "plan-offline-none.txt", .have = WANT, .offline = true },
        { .golden = "plan-offline-never.txt", .offline = true },
        { .golden = "plan-held-failed.txt", .have = HAVE, .held = true, .fails = true },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(scenes); i++) {
        qs_auto(val) struct qs_val *plan = make(&scenes[i]);
        const struct qs_plan_style style = { .native = scenes[i].native };
        qs_auto(buf) struct qs_buf got = QS_BUF(1 << 20), want = QS_BUF(1 << 20);
        qs_auto(str) char *path = qs_xasprintf("tests/golden/%s", scenes[i].golden);
        struct qs_err err = QS_ERR_INIT;

        qs_plan_print(plan, &style, &got);
        assert_null(strstr(qs_buf_text(&got), "-secret"));
        if (getenv("QS_GOLDEN"))
            assert_int_equal(qs_fs_write(AT_FDCWD, path, qs_buf_text(&got), got.len, 0644, &err), QS_OK);
        assert_int_equal(qs_fs_read(AT_FDCWD, path, &want, &err), QS_OK);
        if (!qs_streq(qs_buf_text(&got), qs_buf_text(&want)))
            fail_msg("%s: got\n%s", scenes[i].golden, qs_buf_text(&got));
    }
}

static void the_document_counts_and_hides(void **state)
{
    const struct scene s = { .have = HAVE, .fails = true };
    qs_auto(val) struct qs_val *plan = make(&s);
    const struct qs_val *summary = qs_val_get(plan, "summary");
    qs_auto(buf) struct qs_buf text = QS_BUF(1 << 20);
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    assert_int_equal(qs_val_get_int(summary, "add", -1), 2);     /* vlan 10, and 40 anew */
    assert_int_equal(qs_val_get_int(summary, "destroy", -1), 2); /* vlan 20, and 40 before */
    assert_int_equal(qs_val_get_int(summary, "change", -1), 4);  /* system, vlan 30, user, one rule moves */
    assert_int_equal(qs_val_get_int(summary, "reboots", -1), 1);
    assert_int_equal(qs_val_get_int(summary, "failed", -1), 1);
    assert_true(qs_plan_has_changes(plan));
    assert_true(qs_plan_error(qs_plan_target(plan, "edge"), &err));
    assert_int_equal(err.code, QS_TIMEOUT);
    assert_false(qs_plan_error(qs_plan_target(plan, "core"), &err));
    qs_json_write(plan, &text);
    assert_null(strstr(qs_buf_text(&text), "-secret"));
}

static void ages_read_as_people_say_them(void **state)
{
    static const struct {
        int64_t s;
        const char *text;
    } rows[] = {
        { 0, "0 s" }, { 119, "119 s" }, { 120, "2 min" }, { 7199, "119 min" }, { 7200, "2 h" }, { 172800, "2 d" },
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++)
        assert_string_equal(qs_age_text(rows[i].s, text, sizeof(text)), rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_as_kept_in_golden_files),
        cmocka_unit_test(the_document_counts_and_hides),
        cmocka_unit_test(ages_read_as_people_say_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
