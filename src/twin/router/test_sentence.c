#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "twin/router/sentence.h"

static void lengths_are_written_in_their_shortest_form(void **state)
{
    static const struct {
        size_t len;
        const char *head;
        size_t head_len;
    } rows[] = {
        { 0, "\0", 1 },
        { 1, "\x01", 1 },
        { 0x7f, "\x7f", 1 },
        { 0x80, "\x80\x80", 2 },
        { 0x3fff, "\xbf\xff", 2 },
        { 0x4000, "\xc0\x40\x00", 3 },
        { 0x1fffff, "\xdf\xff\xff", 3 },
        { 0x200000, "\xe0\x20\x00\x00", 4 },
    };
    char *word = qs_xzalloc(0x200001);

    (void)state;
    memset(word, 'x', 0x200000);
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_buf out = QS_BUF(4 << 20);

        rtr_put_word(&out, word, rows[i].len);
        if (out.len != rows[i].len + rows[i].head_len || memcmp(out.data, rows[i].head, rows[i].head_len) != 0)
            fail_msg("a word of %zu bytes is framed wrongly", rows[i].len);
        qs_buf_done(&out);
    }
    free(word);
}

static void what_is_written_is_read_in_pieces_of_any_size(void **state)
{
    struct qs_buf out = QS_BUF(1 << 20);
    char *large = qs_xzalloc(20001);

    (void)state;
    memset(large, 'y', 20000);
    rtr_put_end(&out); /* an empty sentence is passed over */
    rtr_put_wordf(&out, "/ip/address/%s", "print");
    rtr_put_word(&out, large, 20000);
    rtr_put_end(&out);
    rtr_put_wordf(&out, "=v=a=b");
    rtr_put_end(&out);
    for (size_t piece = 1; piece < out.len; piece = piece * 2 + 1) {
        struct rtr_decoder d;
        struct rtr_sentence got[2] = { { 0 }, { 0 } };
        struct qs_err err = QS_ERR_INIT;
        size_t count = 0;

        rtr_decoder_init(&d);
        for (size_t at = 0; at < out.len; at += piece) {
            bool whole = true;

            assert_int_equal(rtr_decoder_feed(&d, out.data + at, at + piece > out.len ? out.len - at : piece, &err),
                             QS_OK);
            while (whole) {
                assert_in_range(count, 0, 2);
                assert_int_equal(rtr_decoder_next(&d, &got[count < 2 ? count : 1], &whole, &err), QS_OK);
                count += whole;
            }
        }
        assert_int_equal(count, 2);
        assert_int_equal(got[0].count, 2);
        assert_string_equal(got[0].words[0], "/ip/address/print");
        assert_string_equal(got[0].words[1], large);
        assert_string_equal(got[1].words[0], "=v=a=b");
        rtr_sentence_done(&got[0]);
        rtr_sentence_done(&got[1]);
        rtr_decoder_done(&d);
    }
    qs_buf_done(&out);
    free(large);
}

static void streams_that_are_not_the_api_end(void **state)
{
    static const struct {
        const char *label, *bytes;
        size_t len;
        enum qs_code want;
    } rows[] = {
        { "reserved control byte", "\xf8", 1, QS_PROTO },
        { "all ones", "\xff\xff\xff\xff\xff", 5, QS_PROTO },
        { "a NUL in a word",
          "\x03"
          "a\0b",
          4, QS_PROTO },
        { "a huge word", "\xe0\xff\xff\xff", 4, QS_LIMIT },
        { "a word of 4 GiB", "\xf0\xff\xff\xff\xff", 5, QS_LIMIT },
        { "one byte over", "\xc1\x00\x01", 3, QS_LIMIT },
        { "an HTTP request", "GET / HTTP/1.1\r\n\r\n", 18, QS_OK }, /* 'G' announces 71 bytes that never come */
        { "half a length", "\xc0\x40", 2, QS_OK },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct rtr_decoder d;
        struct rtr_sentence got = { 0 };
        struct qs_err err = QS_ERR_INIT;
        bool whole = true;

        rtr_decoder_init(&d);
        assert_int_equal(rtr_decoder_feed(&d, rows[i].bytes, rows[i].len, &err), QS_OK);
        if (rtr_decoder_next(&d, &got, &whole, &err) != rows[i].want || (rows[i].want == QS_OK && whole))
            fail_msg("%s: got %s (%s)", rows[i].label, qs_code_text(err.code), err.msg);
        rtr_decoder_done(&d);
    }
}

static void a_sentence_without_end_is_cut_off(void **state)
{
    struct rtr_decoder d;
    struct rtr_sentence got = { 0 };
    struct qs_err err = QS_ERR_INIT;
    bool whole = false;
    size_t words = 0;

    (void)state;
    rtr_decoder_init(&d);
    while (!err.code && words < 2 * RTR_WORDS_MAX) {
        assert_int_equal(rtr_decoder_feed(&d, "\x02=a", 3, &err), QS_OK);
        QS_IGNORE(rtr_decoder_next(&d, &got, &whole, &err));
        words++;
    }
    assert_int_equal(err.code, QS_LIMIT);
    assert_int_equal(words, RTR_WORDS_MAX + 1);
    rtr_decoder_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_written_in_their_shortest_form),
        cmocka_unit_test(what_is_written_is_read_in_pieces_of_any_size),
        cmocka_unit_test(streams_that_are_not_the_api_end),
        cmocka_unit_test(a_sentence_without_end_is_cut_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
