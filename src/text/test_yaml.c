#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text/json.h"
#include "text/yaml.h"

static void texts_become_values(void **state)
{
    static const struct {
        const char *yaml, *json;
    } rows[] = {
        { "", "null" },
        { "# only a comment\n", "null" },
        { "a: 1\nb: [x, 'y', \"z\"]\n", "{\"a\":1,\"b\":[\"x\",\"y\",\"z\"]}" },
        { "a: yes\nb: no\nc: on\n", "{\"a\":\"yes\",\"b\":\"no\",\"c\":\"on\"}" },
        { "[true, False, ~, null, '']", "[true,false,null,null,\"\"]" },
        { "[0x1F, 0o17, -5, +5, 1.5, 1e3, '1', 1.2.3, 10.0.0.1]",
          "[31,15,-5,5,1.5,1000.0,\"1\",\"1.2.3\",\"10.0.0.1\"]" },
        { "a:\nb: {}\nc: []\n", "{\"a\":null,\"b\":{},\"c\":[]}" },
        { "t: |\n  one\n  two\nf: >\n  x\n  y\n", "{\"t\":\"one\\ntwo\\n\",\"f\":\"x y\\n\"}" },
        { "---\na: b\n...\n", "{\"a\":\"b\"}" },
        { "mac: 52:54:00:00:00:01\n", "{\"mac\":\"52:54:00:00:00:01\"}" },
        { "[-9223372036854775808, 9223372036854775807]", "[-9223372036854775808,9223372036854775807]" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qs_err err = QS_ERR_INIT;
        qs_auto(val) struct qs_val *v = NULL;
        qs_auto(buf) struct qs_buf out = QS_BUF(4096);

        if (qs_yaml_parse("t.yaml", rows[i].yaml, strlen(rows[i].yaml), &v, &err))
            fail_msg("%s: %s", rows[i].yaml, err.msg);
        qs_json_write(v, &out);
        if (strcmp(qs_buf_text(&out), rows[i].json) != 0)
            fail_msg("%s became %s", rows[i].yaml, qs_buf_text(&out));
    }
}

static void bad_texts_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *yaml, *want;
    } rows[] = {
        { "a: 1\nb: 2\na: 3\n", "t.yaml:3:1: the key 'a' is there twice" },
        { "a: &x 1\n", "t.yaml:1:7: anchors, aliases and tags are not used in qs files" },
        { "a:\n  - *x\n", "t.yaml:2:6: anchors, aliases and tags are not used in qs files" },
        { "a: !!str 1\n", "t.yaml:1:10: anchors, aliases and tags are not used in qs files" },
        { "a\n---\nb\n", "t.yaml:2:1: a second document starts here; one file holds one" },
        { "# x\n%YAML 1.2\n---\na\n", "t.yaml:2:1: directives are not used in qs files" },
        { "? [a]\n: b\n", "t.yaml:1:3: the key is not a plain word" },
        { "a: 99999999999999999999\n", "t.yaml:1:4: the number is beyond 64 bit; write it in quotes if it is a text" },
        { "a: \"\\0\"\n", "t.yaml:1:5: the text holds a NUL byte" },
        { "a: [1, 2\n", "t.yaml:2:1: " },
        { "a:\n\t- b\n", "t.yaml:2:" },
        { "a: b: c\n", "t.yaml:1:" },
        { "a: x\nb: \"\xff\"", "t.yaml:2:5: the byte 0xff is no text (UTF-8)" },
        { "a: \xc3", "t.yaml:1:4: the byte 0xc3 is no text (UTF-8)" },
        { "a: x\x07", "t.yaml:1:5: the byte 0x07 is no text (UTF-8)" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qs_err err = QS_ERR_INIT;
        struct qs_val *v = NULL;

        if (qs_yaml_parse("t.yaml", rows[i].yaml, strlen(rows[i].yaml), &v, &err) != QS_INVALID || v)
            fail_msg("taken: %s", rows[i].yaml);
        if (strncmp(err.msg, rows[i].want, strlen(rows[i].want)) != 0)
            fail_msg("%s: got %s, want %s", rows[i].yaml, err.msg, rows[i].want);
    }
}

static void depth_is_bounded(void **state)
{
    char text[200];
    struct qs_err err = QS_ERR_INIT;
    struct qs_val *v = NULL;

    (void)state;
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    assert_int_equal(qs_yaml_parse("t", text, 130, &v, &err), QS_INVALID);
    memset(text, '[', 60);
    memset(text + 60, ']', 60);
    assert_int_equal(qs_yaml_parse("t", text, 120, &v, &err), QS_OK);
    qs_val_free(v);
}

static void values_and_keys_know_their_place(void **state)
{
    static const char text[] = "top:\n  key: 5\n  list:\n    - x\n";
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *v = NULL;
    const struct qs_val *top, *x;

    (void)state;
    assert_int_equal(qs_yaml_parse("t", text, strlen(text), &v, &err), QS_OK);
    top = qs_val_get(v, "top");
    assert_int_equal(top->u.pairs[0].line, 2);
    assert_int_equal(top->u.pairs[0].col, 3);
    assert_int_equal(top->u.pairs[0].val->col, 8);
    x = qs_json_path(v, "top.list[0]");
    assert_int_equal(x->line, 4);
    assert_int_equal(x->col, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_values),
        cmocka_unit_test(bad_texts_are_refused_with_their_place),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(values_and_keys_know_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
