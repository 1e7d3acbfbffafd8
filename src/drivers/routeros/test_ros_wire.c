#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/str.h"
#include "drivers/routeros/ros_int.h"

static void words_of_every_length_come_back(void **state)
{
    static const size_t lengths[] = { 1, 0x7F, 0x80, 0x3FFF, 0x4000, 0x1FFFF, ROS_WORD_MAX };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(lengths); i++) {
        qs_auto(buf) struct qs_buf out = QS_BUF(2 << 20);
        qs_auto(str) char *word = qs_xzalloc(lengths[i] + 1);
        qs_auto(ros_sentence) struct ros_sentence s = { .words = NULL };
        struct qs_err err = QS_ERR_INIT;
        size_t used = 0;

        memset(word, 'a', lengths[i]);
        ros_encode_word(&out, "/x");
        ros_encode_word(&out, word);
        ros_encode_end(&out);
        qs_buf_puts(&out, "next");
        assert_int_equal(ros_decode(out.data, out.len, &s, &used, &err), QS_OK);
        assert_int_equal(used, out.len - 4);
        assert_int_equal(s.count, 2);
        assert_string_equal(s.words[1], word);
        for (size_t cut = 0; cut < used; cut += used / 7 + 1) { /* in pieces: ask for more, take nothing */
            struct ros_sentence none = { .words = NULL };
            size_t partly = 1;

            assert_int_equal(ros_decode(out.data, cut, &none, &partly, &err), QS_OK);
            assert_int_equal(partly, 0);
        }
    }
}

static void the_wire_form_is_the_documented_one(void **state)
{
    qs_auto(buf) struct qs_buf out = QS_BUF(1024);
    qs_auto(str) char *long_word = qs_xzalloc(0x81);

    (void)state;
    memset(long_word, 'b', 0x80);
    ros_encode_word(&out, "\xc3\xa4"); /* length in bytes, not characters */
    ros_encode_word(&out, long_word);
    ros_encode_end(&out);
    assert_memory_equal(out.data,
                        "\x02\xc3\xa4\x80\x80"
                        "bbb",
                        8);
    assert_int_equal(out.len, 3 + 2 + 0x80 + 1);
}

static void malformed_bytes_are_refused(void **state)
{
    /* clang-format off */
    static const struct { const char *label, *bytes; size_t len; enum qs_code code; const char *msg; } rows[] = {
        { "reserved byte", "\xf8", 1, QS_PROTO, "the router sent the reserved length byte 0xf8" },
        { "five bytes, huge", "\xf0\xff\xff\xff\xff", 5, QS_LIMIT, "the router announced a word of 4294967295 bytes" },
        { "over the cap", "\xd0\x00\x01", 3, QS_LIMIT, "the router announced a word of 1048577 bytes" },
        { "NUL in a word", "\x03" "a\0b\0", 5, QS_PROTO, "the router sent a word with a NUL byte" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct ros_sentence s = { .words = NULL };
        struct qs_err err = QS_ERR_INIT;
        size_t used = 9;

        if (ros_decode(rows[i].bytes, rows[i].len, &s, &used, &err) != rows[i].code)
            fail_msg("%s: %s", rows[i].label, qs_code_text(err.code));
        assert_string_equal(err.msg, rows[i].msg);
        assert_int_equal(used, 0);
    }
}

static void a_sentence_of_endless_words_is_refused(void **state)
{
    qs_auto(buf) struct qs_buf out = QS_BUF(1 << 20);
    struct ros_sentence s = { .words = NULL };
    struct qs_err err = QS_ERR_INIT;
    size_t used;

    (void)state;
    for (unsigned i = 0; i <= ROS_WORDS_MAX; i++)
        ros_encode_word(&out, "x");
    assert_int_equal(ros_decode(out.data, out.len, &s, &used, &err), QS_LIMIT);
}

static void bytes_that_are_no_utf8_become_question_marks(void **state)
{
    static const char bytes[] = "\x0b"
                                "a\xc3\xa4\xe4-\xed\xa0\x80\xc0\xaf\xff";
    qs_auto(ros_sentence) struct ros_sentence s = { .words = NULL };
    struct qs_err err = QS_ERR_INIT;
    size_t used;

    (void)state;
    assert_int_equal(ros_decode(bytes, sizeof(bytes), &s, &used, &err), QS_OK);
    assert_string_equal(s.words[0], "a\xc3\xa4?-??????");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_every_length_come_back),
        cmocka_unit_test(the_wire_form_is_the_documented_one),
        cmocka_unit_test(malformed_bytes_are_refused),
        cmocka_unit_test(a_sentence_of_endless_words_is_refused),
        cmocka_unit_test(bytes_that_are_no_utf8_become_question_marks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
