/* What probes read from the network: HTTP replies and DNS messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "roles/status/dns_message.h"
#include "roles/status/http_reply.h"

static void http_replies_are_read_strictly(void **state)
{
    static const struct {
        const char *label, *text;
        bool ended;
        enum qs_reply_state want;
        int status;
        const char *body;
    } rows[] = {
        { "length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", false, QS_REPLY_DONE, 200, "abc" },
        { "length, more to come", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", false, QS_REPLY_MORE, 0, NULL },
        { "length, cut", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", true, QS_REPLY_BAD, 0, NULL },
        { "to the end", "HTTP/1.0 200 OK\r\n\r\nabc", true, QS_REPLY_DONE, 200, "abc" },
        { "not yet the end", "HTTP/1.0 200 OK\r\n\r\nabc", false, QS_REPLY_MORE, 0, NULL },
        { "no reason", "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", false, QS_REPLY_DONE, 404, "" },
        { "no content", "HTTP/1.1 204 No Content\r\n\r\n", false, QS_REPLY_DONE, 204, "" },
        { "interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", false, QS_REPLY_DONE,
          200, "x" },
        { "chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", false,
          QS_REPLY_DONE, 200, "abcde" },
        { "chunks, more", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", false, QS_REPLY_MORE, 0,
          NULL },
        { "chunk too long", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", false,
          QS_REPLY_BAD, 0, NULL },
        { "chunk without size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", false, QS_REPLY_BAD, 0,
          NULL },
        { "huge chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n", false, QS_REPLY_BAD, 0,
          NULL },
        { "two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", false, QS_REPLY_BAD, 0,
          NULL },
        { "signed length", "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc", false, QS_REPLY_BAD, 0, NULL },
        { "not HTTP", "SSH-2.0-OpenSSH\r\n", false, QS_REPLY_BAD, 0, NULL },
        { "HTTP/2", "HTTP/2 200 OK\r\n\r\n", false, QS_REPLY_BAD, 0, NULL },
        { "status of two digits", "HTTP/1.1 20 OK\r\n\r\n", false, QS_REPLY_BAD, 0, NULL },
        { "nothing", "", false, QS_REPLY_MORE, 0, NULL },
        { "nothing and closed", "", true, QS_REPLY_BAD, 0, NULL },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_http_answer answer = { .body = QS_BUF(4096) };
        const char *why = NULL;

        if (qs_http_reply_read(rows[i].text, strlen(rows[i].text), rows[i].ended, &answer, &why) != rows[i].want)
            fail_msg("%s: %s", rows[i].label, why ? why : "read");
        if (rows[i].body && (answer.status != rows[i].status || !qs_streq(qs_buf_text(&answer.body), rows[i].body)))
            fail_msg("%s: got %d '%s'", rows[i].label, answer.status, qs_buf_text(&answer.body));
        assert_true((rows[i].want == QS_REPLY_BAD) == (why != NULL));
        qs_buf_done(&answer.body);
    }
}

static void a_question_is_written_as_rfc_1035_says(void **state)
{
    static const unsigned char want[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07"
                                        "example\x03org\x00\x00\x1c\x00\x01";
    unsigned char packet[QS_DNS_MAX];
    char longest[300];

    (void)state;
    assert_int_equal(qs_dns_question(0x1234, "www.example.org", qs_dns_type("AAAA"), packet), sizeof(want) - 1);
    assert_memory_equal(packet, want, sizeof(want) - 1);
    assert_int_equal(qs_dns_question(1, "www.example.org.", 1, packet), sizeof(want) - 1);
    assert_int_equal(qs_dns_question(1, "a..b", 1, packet), 0);
    memset(longest, 'a', sizeof(longest));
    longest[64] = '\0';
    assert_int_equal(qs_dns_question(1, longest, 1, packet), 0);
    for (size_t i = 0; i < 299; i++)
        longest[i] = i % 50 == 49 ? '.' : 'a';
    longest[299] = '\0';
    assert_int_equal(qs_dns_question(1, longest, 1, packet), 0);
    assert_int_equal(qs_dns_type("NONSENSE"), 0);
}

#define QUESTION                                           \
    "\x00\x07\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00\x01" \
    "a\x01"                                                \
    "b\x00\x00\x01\x00\x01"

static void answers_are_read_with_their_pointers(void **state)
{
    static const unsigned char packet[] = QUESTION "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x04\x01"
                                                   "c\xc0\x0e"
                                                   "\xc0\x21\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00\x07";
    struct qs_dns_reply reply;

    (void)state;
    assert_true(qs_dns_reply_read(packet, sizeof(packet) - 1, 1, &reply));
    assert_int_equal(reply.id, 7);
    assert_string_equal(reply.rcode, "NOERROR");
    assert_int_equal(reply.count, 1);
    assert_string_equal(reply.texts[0], "10.0.0.7");
    assert_true(qs_dns_reply_read(packet, sizeof(packet) - 1, 5, &reply));
    assert_string_equal(reply.texts[0], "c.b");
    for (size_t len = 0; len < sizeof(packet) - 1; len++)
        assert_false(qs_dns_reply_read(packet, len, 1, &reply));
}

static void a_name_that_points_to_itself_ends(void **state)
{
    static const unsigned char packet[] = QUESTION "\xc0\x17\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00\x07";
    struct qs_dns_reply reply;

    (void)state;
    assert_false(qs_dns_reply_read(packet, sizeof(packet) - 1, 1, &reply));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_replies_are_read_strictly),
        cmocka_unit_test(a_question_is_written_as_rfc_1035_says),
        cmocka_unit_test(answers_are_read_with_their_pointers),
        cmocka_unit_test(a_name_that_points_to_itself_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
