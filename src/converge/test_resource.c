#include "converge/testing.h"

static void settling_fills_normalises_and_sorts(void **state)
{
    struct qs_resources rs = testing_resources("[{\"type\":\"vlan\",\"name\":\"10\",\"attrs\":{\"title\":\"Admin\","
                                               "\"tags\":[\"b\",10,\"9\",\"b\"],\"note\":null}}]");
    qs_auto(val) struct qs_val *v = qs_resources_to_val(&rs);
    qs_auto(buf) struct qs_buf out = QS_BUF(4096);

    (void)state;
    qs_json_write_canonical(v, &out);
    assert_string_equal(qs_buf_text(&out), "[{\"attrs\":{\"kind\":\"plain\",\"mtu\":1500,\"tags\":[\"9\",\"10\",\"b\"],"
                                           "\"title\":\"admin\"},\"name\":\"10\",\"type\":\"vlan\"}]");
    qs_resources_done(&rs);
}

static void what_the_schema_does_not_know_is_refused(void **state)
{
    static const struct {
        const char *json, *want;
    } rows[] = {
        { "[{\"type\":\"x\",\"name\":\"1\",\"attrs\":{}}]", "x '1': there is no such type" },
        { "[{\"type\":\"vlan\",\"name\":\"1\",\"attrs\":{\"y\":1}}]", "vlan '1': attribute 'y' is unknown" },
        { "[{\"type\":\"vlan\",\"name\":\"1\",\"attrs\":{\"mtu\":\"9000\"}}]",
          "vlan '1': attribute 'mtu' must be a whole number, not a string" },
        { "[{\"type\":\"vlan\",\"name\":\"1\",\"attrs\":{\"tags\":[true]}}]",
          "vlan '1': attribute 'tags' must hold texts only" },
        { "[{\"type\":\"rule\",\"name\":\"a\",\"attrs\":{}}]", "rule 'a': attribute 'action' is missing" },
        { "[{\"type\":\"vlan\",\"name\":\"1\",\"attrs\":{}},{\"type\":\"vlan\",\"name\":\"1\",\"attrs\":{}}]",
          "vlan '1': is there twice" },
        { "[{\"type\":\"system\",\"name\":\"a\",\"attrs\":{\"hostname\":\"h\"}},"
          "{\"type\":\"system\",\"name\":\"b\",\"attrs\":{\"hostname\":\"h\"}}]",
          "system 'b': there can be only one, and 'a' is there" },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_err err = QS_ERR_INIT;
        qs_auto(val) struct qs_val *v = NULL;
        struct qs_resources rs = { .count = 0 };

        assert_int_equal(qs_json_parse(rows[i].json, strlen(rows[i].json), &v, &err), QS_OK);
        assert_int_equal(qs_resources_from_val(v, &rs, &err), QS_OK);
        if (qs_resources_settle(&rs, testing_types, &err) != QS_INVALID || !qs_streq(err.msg, rows[i].want))
            fail_msg("%s: %s", rows[i].json, err.msg);
        qs_resources_done(&rs);
    }
}

static void equal_states_have_equal_hashes(void **state)
{
    static const char *const rows[][2] = {
        { "[{\"type\":\"vlan\",\"name\":\"1\",\"attrs\":{\"seen\":1}},{\"type\":\"vlan\",\"name\":\"2\",\"attrs\":{}}]",
          "[{\"type\":\"vlan\",\"name\":\"2\",\"attrs\":{}},{\"type\":\"vlan\",\"name\":\"1\",\"attrs\":{\"seen\":2}}"
          "]" },
        { "[{\"type\":\"rule\",\"name\":\"1\",\"attrs\":{\"action\":\"a\"}},{\"type\":\"rule\",\"name\":\"2\","
          "\"attrs\":{\"action\":\"a\"}}]",
          "[{\"type\":\"rule\",\"name\":\"2\",\"attrs\":{\"action\":\"a\"}},{\"type\":\"rule\",\"name\":\"1\","
          "\"attrs\":{\"action\":\"a\"}}]" },
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct qs_resources a = testing_resources(rows[i][0]), b = testing_resources(rows[i][1]);
        char ha[65], hb[65];

        qs_resources_hash(&a, testing_types, ha);
        qs_resources_hash(&b, testing_types, hb);
        assert_int_equal(qs_streq(ha, hb), i == 0); /* the second pair is ordered: its order is state */
        qs_resources_done(&a);
        qs_resources_done(&b);
    }
}

static void a_veiled_secret_comes_back_only_from_the_same_live_value(void **state)
{
    struct qs_err err = QS_ERR_INIT;
    struct qs_resources live = testing_resources(
        "[{\"type\":\"user\",\"name\":\"u\",\"attrs\":{\"password\":\"pw1\"}}]");
    struct qs_resources old = qs_resources_copy(&live), other = qs_resources_copy(&live);

    (void)state;
    qs_resources_veil(&old, testing_types, "key");
    assert_non_null(qs_after(qs_val_get_str(old.items[0].attrs, "password", ""), QS_VEIL));
    qs_val_set_str(other.items[0].attrs, "password", "pw2");
    assert_int_equal(qs_resources_unveil(&old, &other, testing_types, "key", &err), QS_CONFLICT);
    assert_int_equal(qs_resources_unveil(&old, &live, testing_types, "key", &err), QS_OK);
    assert_string_equal(qs_val_get_str(old.items[0].attrs, "password", ""), "pw1");
    qs_resources_done(&old);
    qs_resources_done(&other);
    qs_resources_done(&live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settling_fills_normalises_and_sorts),
        cmocka_unit_test(what_the_schema_does_not_know_is_refused),
        cmocka_unit_test(equal_states_have_equal_hashes),
        cmocka_unit_test(a_veiled_secret_comes_back_only_from_the_same_live_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
