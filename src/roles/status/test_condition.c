#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "roles/status/condition.h"
#include "text/json.h"

static const char body[] = "{\"status\":\"UP\",\"count\":42,\"list\":[1,\"two\",{\"deep\":true}],\"name\":\"john.doe\","
                           "\"neg\":-5,\"empty\":\"\"}";

static struct qs_observed seen(const struct qs_val *json)
{
    return (struct qs_observed){ .connected = true,
                                 .status = 201,
                                 .elapsed_ms = 50,
                                 .ip = "127.0.0.1",
                                 .rcode = "NOERROR",
                                 .certificate_ms = INT64_C(10) * 86400000,
                                 .body = body,
                                 .json = json };
}

static void conditions_hold_or_say_why(void **state)
{
    static const struct {
        const char *text;
        bool holds;
        const char *why;
    } rows[] = {
        { "[STATUS] == 201", true, NULL },
        { "[STATUS] == 200", false, "[STATUS] (201) == 200" },
        { "[status] == 201", true, NULL },
        { "201 == [STATUS]", true, NULL },
        { "[STATUS] != 200", true, NULL },
        { "[STATUS] < 300", true, NULL },
        { "[STATUS] <= 201", true, NULL },
        { "[STATUS] > 201", false, "[STATUS] (201) > 201" },
        { "[STATUS] >= 201", true, NULL },
        { "[STATUS] == any(200, 201)", true, NULL },
        { "[STATUS] == any(200, 204)", false, "[STATUS] (201) == any(200, 204)" },
        { "[STATUS] != any(200, 204)", true, NULL },
        { "[STATUS] == 2O1", false, "[STATUS] (201) == 2O1" },
        { "[RESPONSE_TIME] < 500", true, NULL },
        { "[RESPONSE_TIME] < 1s", true, NULL },
        { "[RESPONSE_TIME] < 20", false, "[RESPONSE_TIME] (50) < 20" },
        { "[IP] == 127.0.0.1", true, NULL },
        { "[IP] == pat(127.*)", true, NULL },
        { "[CONNECTED] == true", true, NULL },
        { "[CONNECTED] == false", false, "[CONNECTED] (true) == false" },
        { "[DNS_RCODE] == NOERROR", true, NULL },
        { "[CERTIFICATE_EXPIRATION] > 168h", true, NULL },
        { "[CERTIFICATE] > 7d", true, NULL },
        { "[CERTIFICATE_EXPIRATION] > 30d", false, "[CERTIFICATE_EXPIRATION] (864000000) > 30d" },
        { "[BODY].status == UP", true, NULL },
        { "[BODY].count == 42", true, NULL },
        { "[BODY].count > 41", true, NULL },
        { "[BODY].neg < 0", true, NULL },
        { "[BODY].list[1] == two", true, NULL },
        { "[BODY].list[2].deep == true", true, NULL },
        { "[BODY].list[9] == two", false, "[BODY].list[9] (INVALID) == two" },
        { "[BODY].gone == x", false, "[BODY].gone (INVALID) == x" },
        { "[BODY].gone != x", false, "[BODY].gone (INVALID) != x" },
        { "[BODY].name == pat(john*)", true, NULL },
        { "[BODY].name == pat(*.d?e)", true, NULL },
        { "[BODY].name == pat(*.dxe)", false, "[BODY].name (john.doe) == pat(*.dxe)" },
        { "[BODY].name != pat(jane*)", true, NULL },
        { "[BODY] == pat(*john*)", true, NULL },
        { "[BODY].empty == pat(*)", true, NULL },
        { "len([BODY].list) == 3", true, NULL },
        { "len([BODY].name) == 8", true, NULL },
        { "len([BODY].count) == 2", false, "len([BODY].count) (INVALID) == 2" },
        { "len([BODY].list) > 3", false, "len([BODY].list) (3) > 3" },
        { "has([BODY].name) == true", true, NULL },
        { "has([BODY].gone) == false", true, NULL },
        { "has([BODY].gone) == true", false, "has([BODY].gone) (false) == true" },
        { "abc < def", false, "abc < def" },
    };
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *json = NULL;
    struct qs_observed o;

    (void)state;
    assert_int_equal(qs_json_parse(body, strlen(body), &json, &err), QS_OK);
    o = seen(json);
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_condition c;
        char why[600] = "";

        if (qs_condition_parse(rows[i].text, &c, &err))
            fail_msg("%s: %s", rows[i].text, err.msg);
        if (qs_condition_holds(&c, &o, why, sizeof(why)) != rows[i].holds)
            fail_msg("%s: %s", rows[i].text, rows[i].holds ? why : "holds");
        if (rows[i].why)
            assert_string_equal(why, rows[i].why);
        qs_condition_done(&c);
    }
}

static void what_is_no_condition_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "[STATUS]",
        "[STATUS]==200",
        "[STATUS] = 200",
        " == 200",
        "[STATUS] == ",
        "[NOTHING] == 1",
        "[STATUS].x == 1",
        "[BODY]x == 1",
        "len([STATUS]) == 3",
        "len([BODY].a == 3",
        "pat() == x",
        "has(x) == true",
        "[STATUS] < any(200, 300)",
        "[STATUS] > pat(2*)",
        "[BODY].a = b",
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_condition c;
        struct qs_err err = QS_ERR_INIT;

        if (qs_condition_parse(rows[i], &c, &err) == QS_OK) {
            qs_condition_done(&c);
            fail_msg("'%s' was taken", rows[i]);
        }
        assert_int_equal(err.code, QS_INVALID);
    }
}

static void a_body_that_is_no_json_is_only_text(void **state)
{
    struct qs_err err = QS_ERR_INIT;
    struct qs_observed o = { .ip = "", .rcode = "", .body = "pong", .certificate_ms = INT64_MIN };
    static const struct {
        const char *text;
        bool holds;
    } rows[] = {
        { "[BODY] == pong", true },         { "len([BODY]) == 4", true },   { "[BODY].a == b", false },
        { "has([BODY].a) == false", true }, { "[CERTIFICATE] > 0", false },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_condition c;

        assert_int_equal(qs_condition_parse(rows[i].text, &c, &err), QS_OK);
        if (qs_condition_holds(&c, &o, NULL, 0) != rows[i].holds)
            fail_msg("%s", rows[i].text);
        qs_condition_done(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_hold_or_say_why),
        cmocka_unit_test(what_is_no_condition_is_refused),
        cmocka_unit_test(a_body_that_is_no_json_is_only_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
