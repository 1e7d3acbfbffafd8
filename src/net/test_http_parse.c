#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "net/http_parse.h"

#define HOST "Host: a\r\n"

/* The status a whole request head is refused with; 0: accepted, -1: not complete. */
static int judge(const char *text, size_t len, struct qs_http_head *head, char *copy)
{
    struct qs_http_scan scan = { 0 };
    struct qs_http_refusal no = { 0 };
    size_t end = 0;
    enum qs_http_step step = qs_http_scan_head(&scan, text, len, 8192, &end, &no);

    if (step == QS_HTTP_MORE)
        return -1;
    if (step == QS_HTTP_BAD)
        return no.status;
    memcpy(copy, text + scan.start, end - scan.start);
    return qs_http_parse_head(copy, end - scan.start, 64, head, &no) ? 0 : no.status;
}

/* clang-format off */
static const struct { const char *label, *text; int want; } heads[] = {
    { "plain get",                  "GET / HTTP/1.1\r\n" HOST "\r\n", 0 },
    { "empty line before",          "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0 },
    { "two empty lines before",     "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "HTTP/1.0 without host",      "GET / HTTP/1.0\r\n\r\n", 0 },
    { "HTTP/0.9",                   "GET /\r\n\r\n", 400 },
    { "HTTP/1.2",                   "GET / HTTP/1.2\r\n" HOST "\r\n", 505 },
    { "HTTP/2.0",                   "PRI * HTTP/2.0\r\n\r\n", 505 },
    { "lower-case version",         "GET / http/1.1\r\n" HOST "\r\n", 400 },
    { "two blanks after method",    "GET  / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "two blanks after target",    "GET /  HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "blank after version",        "GET / HTTP/1.1 \r\n" HOST "\r\n", 400 },
    { "tab in request line",        "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "no method",                  " / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "method with a bracket",      "GE(T / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "long method",                "GETGETGETGETGETGETGETGETGETGETGETG / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "absolute target",            "GET http://a/b HTTP/1.1\r\n" HOST "\r\n", 0 },
    { "absolute target, no path",   "GET http://a HTTP/1.1\r\n" HOST "\r\n", 0 },
    { "absolute target, other host", "GET http://b/ HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "absolute target with user",  "GET http://u@a/ HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "absolute target, no host",   "GET http:///x HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "asterisk",                   "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "authority",                  "CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "fragment",                   "GET /#x HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "climbing path",              "GET /a/../b HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "climbing path at the end",   "GET /a/.. HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "escaped climbing path",      "GET /a/%2e%2E%2fb HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "dots in a name",             "GET /a..b/...x HTTP/1.1\r\n" HOST "\r\n", 0 },
    { "escaped NUL",                "GET /%00 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "half an escape",             "GET /%4 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "bad escape",                 "GET /%4g HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "byte over 127 in target",    "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "bare LF after request line", "GET / HTTP/1.1\n" HOST "\r\n", 400 },
    { "bare LF in a header",        "GET / HTTP/1.1\r\nHost: a\n\r\n", 400 },
    { "bare LF at the end",         "GET / HTTP/1.1\r\n" HOST "\n", 400 },
    { "bare CR in a value",         "GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400 },
    { "folded header",              "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400 },
    { "folded by a tab",            "GET / HTTP/1.1\r\n" HOST "X: a\r\n\tb\r\n\r\n", 400 },
    { "blank before the first",     "GET / HTTP/1.1\r\n " HOST "\r\n", 400 },
    { "blank before colon",         "GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\n", 400 },
    { "empty name",                 "GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", 400 },
    { "no colon",                   "GET / HTTP/1.1\r\n" HOST "Xa\r\n\r\n", 400 },
    { "blank in name",              "GET / HTTP/1.1\r\n" HOST "X y: a\r\n\r\n", 400 },
    { "escape character in value",  "GET / HTTP/1.1\r\n" HOST "X: \x1b[2J\r\n\r\n", 400 },
    { "DEL in value",               "GET / HTTP/1.1\r\n" HOST "X: \x7f\r\n\r\n", 400 },
    { "UTF-8 in value",             "GET / HTTP/1.1\r\n" HOST "X: \xc3\xa4\r\n\r\n", 0 },
    { "empty value",                "GET / HTTP/1.1\r\n" HOST "X:\r\n\r\n", 0 },
    { "no host",                    "GET / HTTP/1.1\r\n\r\n", 400 },
    { "empty host",                 "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0 },
    { "two hosts",                  "GET / HTTP/1.1\r\n" HOST "Host: b\r\n\r\n", 400 },
    { "two equal hosts",            "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400 },
    { "two hosts in HTTP/1.0",      "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400 },
    { "host with a slash",          "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
    { "host with a blank",          "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
    { "host of IPv6",               "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0 },
    { "length",                     "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n", 0 },
    { "length and coding",          "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    { "coding and length",          "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400 },
    { "two equal lengths",          "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400 },
    { "list of lengths",            "POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\n", 400 },
    { "plus sign",                  "POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n", 400 },
    { "minus sign",                 "POST / HTTP/1.1\r\n" HOST "Content-Length: -5\r\n\r\n", 400 },
    { "hex length",                 "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\n", 400 },
    { "empty length",               "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400 },
    { "length with a blank",        "POST / HTTP/1.1\r\n" HOST "Content-Length: 5 5\r\n\r\n", 400 },
    { "length over 64 bit",         "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551621\r\n\r\n", 413 },
    { "chunked in any case",        "POST / HTTP/1.1\r\n" HOST "transfer-encoding: Chunked\r\n\r\n", 0 },
    { "unknown coding",             "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501 },
    { "gzip, chunked",              "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501 },
    { "chunked, identity",          "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, identity\r\n\r\n", 501 },
    { "quoted chunked",             "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n\r\n", 501 },
    { "chunked after vertical tab", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \vchunked\r\n\r\n", 400 },
    { "chunked twice",              "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    { "chunked in HTTP/1.0",        "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400 },
    { "expectation",                "POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n", 0 },
    { "unknown expectation",        "POST / HTTP/1.1\r\n" HOST "Expect: gift\r\n\r\n", 417 },
    { "not complete",               "GET / HTTP/1.1\r\n" HOST, -1 },
    { "binary",                     "\x16\x03\x01\x02\n", 400 },
};
/* clang-format on */

static void request_heads_are_judged(void **state)
{
    struct qs_http_head head;
    char copy[8192];

    (void)state;
    for (size_t i = 0; i < QS_COUNT(heads); i++) {
        int got = judge(heads[i].text, strlen(heads[i].text), &head, copy);

        if (got != heads[i].want)
            fail_msg("%s: got %d, want %d", heads[i].label, got, heads[i].want);
    }
}

static void a_NUL_is_refused_anywhere_in_a_head(void **state)
{
    static const char good[] = "GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
    struct qs_http_head head;
    char text[sizeof(good)], copy[8192];

    (void)state;
    for (size_t i = 0; i + 4 < sizeof(good); i++) { /* the last three bytes end it */
        memcpy(text, good, sizeof(good));
        text[i] = '\0';
        int got = judge(text, sizeof(good) - 1, &head, copy);
        if (got != 400)
            fail_msg("NUL at %zu: got %d", i, got);
    }
}

static void limits_of_a_head_have_their_own_status(void **state)
{
    struct qs_http_head head;
    char copy[8192];
    qs_auto(buf) struct qs_buf b = QS_BUF(1 << 20);

    (void)state;
    qs_buf_puts(&b, "GET /");
    for (int i = 1; i < QS_HTTP_TARGET_MAX; i++)
        qs_buf_putc(&b, 'a');
    size_t target_end = b.len;
    qs_buf_puts(&b, " HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(judge(b.data, b.len, &head, copy), 0);

    b.len = target_end;
    qs_buf_puts(&b, "a HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(judge(b.data, b.len, &head, copy), 414);

    b.len = target_end;
    for (int i = 0; i < 100; i++)
        qs_buf_putc(&b, 'a'); /* refused before the line ends */
    assert_int_equal(judge(b.data, b.len, &head, copy), 414);

    qs_buf_clear(&b);
    qs_buf_puts(&b, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 0; i < 64; i++)
        qs_buf_printf(&b, "X-%d: y\r\n", i);
    qs_buf_puts(&b, "\r\n");
    assert_int_equal(judge(b.data, b.len, &head, copy), 431);

    qs_buf_clear(&b);
    qs_buf_puts(&b, "GET / HTTP/1.1\r\n" HOST "X: ");
    while (b.len < 8192)
        qs_buf_putc(&b, 'y');
    assert_int_equal(judge(b.data, b.len, &head, copy), 431);
}

static void a_head_reads_the_same_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < QS_COUNT(heads); i++) {
        struct qs_http_scan scan = { 0 };
        struct qs_http_refusal no = { 0 };
        struct qs_http_head head;
        enum qs_http_step step = QS_HTTP_MORE;
        size_t end = 0, len = strlen(heads[i].text);
        char copy[8192];
        int got = -1;

        for (size_t n = 1; n <= len && step == QS_HTTP_MORE; n++)
            step = qs_http_scan_head(&scan, heads[i].text, n, 8192, &end, &no);
        if (step == QS_HTTP_BAD)
            got = no.status;
        if (step == QS_HTTP_DONE) {
            memcpy(copy, heads[i].text + scan.start, end - scan.start);
            got = qs_http_parse_head(copy, end - scan.start, 64, &head, &no) ? 0 : no.status;
        }
        if (got != heads[i].want)
            fail_msg("%s: got %d, want %d", heads[i].label, got, heads[i].want);
    }
}

static void the_parts_of_a_head_are_found(void **state)
{
    static const char text[] = "POST /a%20b/c?x=%41&y HTTP/1.1\r\nhOST: h:80\r\nX-One: \t 1 2 \r\n"
                               "Empty:\r\nConnection: foo, Close\r\nContent-Length: 12\r\n\r\n";
    struct qs_http_head head;
    char copy[8192];

    (void)state;
    assert_int_equal(judge(text, sizeof(text) - 1, &head, copy), 0);
    assert_string_equal(head.method, "POST");
    assert_string_equal(head.path, "/a b/c");
    assert_string_equal(head.query, "x=%41&y");
    assert_string_equal(qs_http_head_field(&head, "Host"), "h:80");
    assert_string_equal(qs_http_head_field(&head, "x-one"), "1 2");
    assert_string_equal(qs_http_head_field(&head, "empty"), "");
    assert_null(qs_http_head_field(&head, "x"));
    assert_int_equal(head.count, 5);
    assert_int_equal(head.length, 12);
    assert_int_equal(head.minor, 1);
    assert_false(head.keep);
    assert_false(head.chunked);
}

static void an_absolute_target_gives_its_path(void **state)
{
    static const struct {
        const char *target, *path, *query;
    } rows[] = {
        { "http://a", "/", "" },
        { "HTTP://a?q", "/", "q" },
        { "https://A/b?c=d", "/b", "c=d" },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_http_head head;
        char text[256], copy[8192];

        (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" HOST "\r\n", rows[i].target);
        assert_int_equal(judge(text, strlen(text), &head, copy), 0);
        assert_string_equal(head.path, rows[i].path);
        assert_string_equal(head.query, rows[i].query);
    }
}

static void connections_are_kept_by_the_rules(void **state)
{
    static const struct {
        const char *label, *text;
        bool keep;
    } rows[] = {
        { "1.1", "GET / HTTP/1.1\r\n" HOST "\r\n", true },
        { "1.1 close", "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", false },
        { "1.0", "GET / HTTP/1.0\r\n\r\n", false },
        { "1.0 keep", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true },
        { "1.0 both", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false },
        { "two fields", "GET / HTTP/1.1\r\n" HOST "Connection: x\r\nConnection: close\r\n\r\n", false },
        { "part of a word", "GET / HTTP/1.1\r\n" HOST "Connection: enclose\r\n\r\n", true },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_http_head head;
        char copy[8192];

        assert_int_equal(judge(rows[i].text, strlen(rows[i].text), &head, copy), 0);
        if (head.keep != rows[i].keep)
            fail_msg("%s: keep is %d", rows[i].label, head.keep);
    }
}

/* clang-format off */
static const struct { const char *label, *text, *body; int want; } bodies[] = {
    { "two chunks",            "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", 0 },
    { "empty",                 "0\r\n\r\n", "", 0 },
    { "upper and lower hex",   "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", 0 },
    { "leading zeros",         "0003\r\nabc\r\n0\r\n\r\n", "abc", 0 },
    { "extension",             "3;a=\"b\"\r\nabc\r\n0;x\r\n\r\n", "abc", 0 },
    { "trailers",              "0\r\nX: y\r\nZ:\r\n\r\n", "", 0 },
    { "0x prefix",             "0x3\r\nabc\r\n0\r\n\r\n", NULL, 400 },
    { "signed",                "+3\r\nabc\r\n0\r\n\r\n", NULL, 400 },
    { "negative",              "-3\r\nabc\r\n0\r\n\r\n", NULL, 400 },
    { "no size",               "\r\nabc\r\n0\r\n\r\n", NULL, 400 },
    { "blank before size",     " 3\r\nabc\r\n0\r\n\r\n", NULL, 400 },
    { "blank after size",      "3 \r\nabc\r\n0\r\n\r\n", NULL, 400 },
    { "underscore",            "1_0\r\nabc\r\n0\r\n\r\n", NULL, 400 },
    { "bare LF after size",    "3\nabc\r\n0\r\n\r\n", NULL, 400 },
    { "bare CR after size",    "3\rabc\r\n0\r\n\r\n", NULL, 400 },
    { "bare LF after chunk",   "3\r\nabc\n0\r\n\r\n", NULL, 400 },
    { "longer than its size",  "3\r\nabcd\r\n0\r\n\r\n", NULL, 400 },
    { "LF in an extension",    "3;a\nb\r\nabc\r\n0\r\n\r\n", NULL, 400 },
    { "bare LF at the end",    "0\r\n\n", NULL, 400 },
    { "NUL-like extension",    "3;\x01\r\nabc\r\n0\r\n\r\n", NULL, 400 },
    { "too many digits",       "0000000000000003\r\nabc\r\n0\r\n\r\n", NULL, 400 },
    { "folded trailer",        "0\r\n x: y\r\n\r\n", NULL, 400 },
    { "nameless trailer",      "0\r\n: y\r\n\r\n", NULL, 400 },
    { "trailer without colon", "0\r\nabc\r\n\r\n", NULL, 400 },
    { "over the cap",          "41\r\n", NULL, 413 },
    { "huge",                  "fffffffffffffff\r\n", NULL, 413 },
    { "not complete",          "3\r\nab", NULL, -1 },
};
/* clang-format on */

static int decode(const char *text, size_t len, size_t step_len, struct qs_buf *body, size_t *ret_at)
{
    struct qs_http_chunks chunks = { 0 };
    struct qs_http_refusal no = { 0 };

    for (*ret_at = 0; *ret_at < len;) {
        size_t n = len - *ret_at < step_len ? len - *ret_at : step_len, used = 0;
        enum qs_http_step step = qs_http_chunks_feed(&chunks, text + *ret_at, n, body, &used, &no);

        *ret_at += used;
        if (step != QS_HTTP_MORE)
            return step == QS_HTTP_BAD ? no.status : 0;
    }
    return -1;
}

static void chunked_bodies_are_judged_however_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < QS_COUNT(bodies); i++)
        for (size_t step = 1; step < 50; step++) {
            qs_auto(buf) struct qs_buf body = QS_BUF(64);
            size_t at, len = strlen(bodies[i].text);
            int got = decode(bodies[i].text, len, step, &body, &at);

            if (got != bodies[i].want)
                fail_msg("%s by %zu: got %d, want %d", bodies[i].label, step, got, bodies[i].want);
            if (got == 0 && (strcmp(qs_buf_text(&body), bodies[i].body) != 0 || at != len))
                fail_msg("%s by %zu: got '%s', %zu bytes", bodies[i].label, step, qs_buf_text(&body), at);
        }
}

static void what_follows_a_chunked_body_is_left(void **state)
{
    static const char text[] = "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n";
    qs_auto(buf) struct qs_buf body = QS_BUF(64);
    size_t at;

    (void)state;
    assert_int_equal(decode(text, sizeof(text) - 1, 1000, &body, &at), 0);
    assert_string_equal(text + at, "GET / HTTP/1.1\r\n");
}

static void extensions_and_trailers_have_a_limit(void **state)
{
    static const char *const starts[] = { "1;", "0\r\nX: " };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(starts); i++) {
        qs_auto(buf) struct qs_buf text = QS_BUF(1 << 20), body = QS_BUF(64);
        size_t at;

        qs_buf_puts(&text, starts[i]);
        for (int n = 0; n < 9000; n++)
            qs_buf_putc(&text, 'x');
        assert_int_equal(decode(text.data, text.len, 1000, &body, &at), 431);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_heads_are_judged),
        cmocka_unit_test(a_NUL_is_refused_anywhere_in_a_head),
        cmocka_unit_test(limits_of_a_head_have_their_own_status),
        cmocka_unit_test(a_head_reads_the_same_however_it_is_cut),
        cmocka_unit_test(the_parts_of_a_head_are_found),
        cmocka_unit_test(an_absolute_target_gives_its_path),
        cmocka_unit_test(connections_are_kept_by_the_rules),
        cmocka_unit_test(chunked_bodies_are_judged_however_they_are_cut),
        cmocka_unit_test(what_follows_a_chunked_body_is_left),
        cmocka_unit_test(extensions_and_trailers_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
