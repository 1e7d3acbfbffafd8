#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/test_peer.h"
#include "net/tls.h"

#define HOST "Host: a\r\n"

/* A handler with one path for each way to answer. */
struct app {
    struct test_server server;
    struct qs_http_req *kept;
    struct qs_http_req *streams[64];
    size_t stream_count;
    unsigned gone;
};

static void on_gone(void *arg)
{
    struct app *app = arg;

    app->gone++;
    app->kept = NULL;
    app->stream_count = 0;
}

static void answer_kept(void *arg)
{
    struct app *app = arg;

    if (app->kept)
        qs_http_reply(app->kept, 200, "text/plain", "later\n", 6);
    app->kept = NULL;
}

static void start_stream(struct app *app, struct qs_http_req *r)
{
    qs_http_set(r, "Cache-Control", "no-store");
    qs_http_stream_start(r, 200, "text/event-stream", 100000, on_gone, app);
    qs_http_send(r, "one\n", 4);
    app->streams[app->stream_count++] = r;
}

static void echo(struct qs_http_req *r)
{
    size_t len;
    const char *body = qs_http_body(r, &len);

    qs_http_reply(r, 200, "application/octet-stream", body, len);
}

static void tell(struct app *app, struct qs_http_req *r)
{
    struct qs_err err = QS_ERR_INIT;
    const char *x = qs_http_param(r, "x");

    (void)app;
    if (!x) {
        (void)qs_err_set(&err, QS_NOTFOUND, 0, "no \"x\"\n");
        (void)qs_err_hint(&err, "Give x.");
        qs_http_reply_err(r, &err);
        return;
    }
    qs_http_set(r, "X-Echo", "%s", x);
    qs_http_reply(r, 200, "text/plain", x, strlen(x));
}

static void on_request(void *arg, struct qs_http_req *r)
{
    struct app *app = arg;
    const char *path = qs_http_path(r);

    if (qs_streq(path, "/echo")) {
        echo(r);
    } else if (qs_streq(path, "/tell")) {
        tell(app, r);
    } else if (qs_streq(path, "/later")) {
        app->kept = r;
        qs_http_later(r, on_gone, app);
        (void)qs_loop_after(app->server.loop, 20, answer_kept, app);
    } else if (qs_streq(path, "/never")) {
        app->kept = r;
        qs_http_later(r, on_gone, app);
    } else if (qs_streq(path, "/stream")) {
        start_stream(app, r);
    } else if (qs_streq(path, "/send")) {
        qs_http_broadcast(app->streams, app->stream_count, "two\n", 4);
        qs_http_reply(r, 204, NULL, NULL, 0);
    } else if (qs_streq(path, "/end")) {
        while (app->stream_count > 0)
            qs_http_end(app->streams[--app->stream_count]);
        qs_http_reply(r, 204, NULL, NULL, 0);
    } else if (qs_streq(path, "/flood")) {
        qs_auto(str) char *much = qs_xzalloc(8 << 20);

        for (size_t i = 0; i < app->stream_count; i++)
            qs_http_send(app->streams[i], much, 8 << 20);
        qs_http_reply(r, 204, NULL, NULL, 0);
    } else if (qs_streq(path, "/big")) {
        qs_auto(str) char *much = qs_xzalloc(8 << 20);

        qs_http_reply(r, 200, "application/octet-stream", much, 8 << 20);
    } else if (qs_streq(path, "/gone")) {
        qs_auto(str) char *text = qs_xasprintf("gone=%u conns=%u", app->gone, qs_http_server_conns(app->server.http));

        qs_http_reply(r, 200, "text/plain", text, strlen(text));
    } else if (!qs_streq(path, "/silent")) {
        qs_http_reply(r, 200, "text/plain", path, strlen(path));
    }
}

static void start(struct app *app)
{
    app->server.fn = on_request;
    app->server.arg = app;
    test_server_start(&app->server);
}

static void expect_status(const struct test_server *t, const char *label, const char *text, int want)
{
    struct qs_buf got = test_exchange(t, text);

    if (test_status(&got) != want)
        fail_msg("%s: want %d, got: %s", label, want, qs_buf_text(&got));
    if (want >= 400 && !strstr(qs_buf_text(&got), "Connection: close"))
        fail_msg("%s: the refusal does not say close: %s", label, qs_buf_text(&got));
    qs_buf_done(&got);
}

static void a_malformed_request_is_refused_and_the_connection_closed(void **state)
{
    /* clang-format off */
    static const struct { const char *label, *text; int want; } rows[] = {
        { "both lengths",   "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
        { "two lengths",    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400 },
        { "signed length",  "POST /echo HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nabcde", 400 },
        { "bare LF",        "GET / HTTP/1.1\n" HOST "\n", 400 },
        { "blank colon",    "GET / HTTP/1.1\r\n" HOST "X : y\r\n\r\n", 400 },
        { "empty name",     "GET / HTTP/1.1\r\n" HOST ": y\r\n\r\n", 400 },
        { "folded",         "GET / HTTP/1.1\r\n" HOST "X: y\r\n z\r\n\r\n", 400 },
        { "no host",        "GET / HTTP/1.1\r\n\r\n", 400 },
        { "two hosts",      "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400 },
        { "gzip coding",    "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501 },
        { "0x chunk",       "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", 400 },
        { "version 2",      "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
        { "big length",     "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n", 413 },
        { "big chunk",      "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n100001\r\n", 413 },
        { "expectation",    "POST /echo HTTP/1.1\r\n" HOST "Expect: x\r\n\r\n", 417 },
        { "after a good one", "GET / HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n\r\n", 200 },
        { "TLS to clear",   "\x16\x03\x01\x02\n\n", 400 },
    };
    /* clang-format on */
    struct app app = { 0 };

    (void)state;
    start(&app);
    for (size_t i = 0; i < QS_COUNT(rows); i++)
        expect_status(&app.server, rows[i].label, rows[i].text, rows[i].want);
    test_server_stop(&app.server);
}

static void heads_over_a_limit_are_refused(void **state)
{
    struct app app = { 0 };
    qs_auto(buf) struct qs_buf b = QS_BUF(1 << 20);

    (void)state;
    start(&app);
    qs_buf_puts(&b, "GET / HTTP/1.1\r\n" HOST "X: ");
    for (int i = 0; i < 40000; i++)
        qs_buf_putc(&b, 'x');
    qs_buf_puts(&b, "\r\n\r\n");
    expect_status(&app.server, "40 KB head", b.data, 431);
    qs_buf_clear(&b);
    qs_buf_puts(&b, "GET /");
    for (int i = 0; i < 40000; i++)
        qs_buf_putc(&b, 'x');
    expect_status(&app.server, "40 KB target", b.data, 414);
    qs_buf_clear(&b);
    qs_buf_puts(&b, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 0; i < 100; i++)
        qs_buf_puts(&b, "X: y\r\n");
    qs_buf_puts(&b, "\r\n");
    expect_status(&app.server, "100 headers", b.data, 431);
    test_server_stop(&app.server);
}

static void dripped_bytes_do_not_extend_a_deadline(void **state)
{
    static const struct {
        const char *label, *start, *drip;
    } rows[] = {
        { "head", "GET / HTTP/1.1\r\n", "X: y\r\n" },
        { "body", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n", "xxxxxx" },
    };
    struct app app = { .server.limits = { .head_ms = 150, .body_ms = 150 } };

    (void)state;
    start(&app);
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(buf) struct qs_buf b = QS_BUF(4096);
        uint64_t begin = qs_mono_ms();
        int fd = test_connect(&app.server);

        test_puts(fd, rows[i].start);
        for (int n = 0; n < 100; n++) {
            struct pollfd p = { .fd = fd, .events = POLLIN };

            if (poll(&p, 1, 20) == 1)
                break;
            test_puts(fd, rows[i].drip);
        }
        (void)test_read_until(fd, &b, NULL);
        if (test_status(&b) != 408 || qs_mono_ms() - begin < 140)
            fail_msg("%s: after %u ms got '%s'", rows[i].label, (unsigned)(qs_mono_ms() - begin), qs_buf_text(&b));
        (void)close(fd);
    }
    test_server_stop(&app.server);
}

static void an_idle_connection_is_closed(void **state)
{
    struct app app = { .server.limits = { .idle_ms = 300 } };
    qs_auto(buf) struct qs_buf b = QS_BUF(4096);

    (void)state;
    start(&app);
    int fd = test_connect(&app.server);
    assert_true(test_read_until(fd, &b, NULL));
    assert_int_equal(b.len, 0);
    (void)close(fd);
    fd = test_connect(&app.server);
    test_puts(fd, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    assert_true(test_read_until(fd, &b, NULL));
    assert_int_equal(test_status(&b), 200);
    (void)close(fd);
    test_server_stop(&app.server);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct app app = { 0 };

    (void)state;
    start(&app);
    struct qs_buf b = test_exchange(&app.server, "GET /first HTTP/1.1\r\n" HOST "\r\n"
                                                 "GET /later HTTP/1.1\r\n" HOST "\r\n"
                                                 "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody"
                                                 "GET /last HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    const char *at = b.data, *const want[] = { "/first", "later\n", "body", "/last" };
    for (size_t i = 0; i < QS_COUNT(want); i++) {
        at = strstr(at, want[i]);
        if (!at)
            fail_msg("%s is missing: %s", want[i], b.data);
    }
    qs_buf_done(&b);
    test_server_stop(&app.server);
}

static void a_request_is_answered_however_it_is_cut(void **state)
{
    static const char text[] = "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                               "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: v\r\n\r\n";
    struct app app = { 0 };

    (void)state;
    start(&app);
    for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
        qs_auto(buf) struct qs_buf b = QS_BUF(4096);
        struct pollfd p = { .events = POLLIN };

        p.fd = test_connect(&app.server);
        test_write(p.fd, text, cut);
        (void)poll(&p, 1, 1);
        test_puts(p.fd, text + cut);
        assert_true(test_read_until(p.fd, &b, NULL));
        if (!strstr(qs_buf_text(&b), "Content-Length: 7\r\n\r\nabcdefg"))
            fail_msg("cut at %zu: %s", cut, qs_buf_text(&b));
        (void)close(p.fd);
    }
    test_server_stop(&app.server);
}

static void a_large_chunked_body_arrives_whole(void **state)
{
    struct app app = { .server.limits = { .body_max = 64 << 20 } };
    qs_auto(buf) struct qs_buf b = QS_BUF(1 << 26);
    qs_auto(str) char *chunk = qs_xzalloc(100000);

    (void)state;
    start(&app);
    memset(chunk, 'q', 100000);
    int fd = test_connect(&app.server);
    test_puts(fd, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 500; i++) {
        test_puts(fd, "186a0\r\n");
        test_write(fd, chunk, 100000);
        test_puts(fd, "\r\n");
    }
    test_puts(fd, "0\r\n\r\n");
    assert_true(test_read_until(fd, &b, NULL));
    assert_non_null(strstr(b.data, "Content-Length: 50000000\r\n"));
    const char *body = strstr(b.data, "\r\n\r\n") + 4;
    assert_int_equal(b.data + b.len - body, 50000000);
    assert_int_equal(strspn(body, "q"), 50000000);
    (void)close(fd);
    test_server_stop(&app.server);
}

static void a_client_that_waits_is_told_to_continue(void **state)
{
    struct app app = { 0 };
    qs_auto(buf) struct qs_buf b = QS_BUF(4096);

    (void)state;
    start(&app);
    int fd = test_connect(&app.server);
    test_puts(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    assert_true(test_read_until(fd, &b, "\r\n\r\n"));
    assert_string_equal(b.data, "HTTP/1.1 100 Continue\r\n\r\n");
    test_puts(fd, "body");
    assert_true(test_read_until(fd, &b, "\r\n\r\nbody"));
    (void)close(fd);
    test_server_stop(&app.server);
}

static void replies_have_the_shape_that_was_asked_for(void **state)
{
    /* clang-format off */
    static const struct { const char *label, *text, *has, *lacks; } rows[] = {
        { "HEAD", "HEAD /x HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "Content-Length: 2\r\n", "/x" },
        { "204", "GET /send HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "HTTP/1.1 204 No Content\r\n", "Content-Length" },
        { "1.0", "GET /x HTTP/1.0\r\n\r\n", "Connection: close\r\n", "chunked" },
        { "1.0 stream", "GET /stream HTTP/1.0\r\n\r\nx", "\r\n\r\none\n", "chunked" },
        { "parameter", "GET /tell?y=1&x=a%20b+c HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "X-Echo: a b c\r\n", "\r\nerror" },
        { "injection", "GET /tell?x=a%0d%0aSet-Cookie:b HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "X-Echo: a  Set-Cookie:b\r\n", "\r\nSet-Cookie:b\r\n" },
        { "error", "GET /tell HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "{\"error\":{\"code\":\"not-found\",\"message\":\"no \\\"x\\\"\\n\",\"hint\":\"Give x.\"}}", "HTTP/1.1 200" },
        { "no answer", "GET /silent HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "HTTP/1.1 500 ", "HTTP/1.1 200" },
        { "date", "GET /x HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", " GMT\r\n", "Server:" },
    };
    /* clang-format on */
    struct app app = { 0 };

    (void)state;
    start(&app);
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(buf) struct qs_buf b = QS_BUF(65536);
        int fd = test_connect(&app.server);

        test_puts(fd, rows[i].text);
        (void)test_read_until(fd, &b, rows[i].has);
        if (!strstr(qs_buf_text(&b), rows[i].has) || strstr(qs_buf_text(&b), rows[i].lacks))
            fail_msg("%s: %s", rows[i].label, qs_buf_text(&b));
        (void)close(fd);
    }
    test_server_stop(&app.server);
}

/* Asks until the server's answer to /gone begins with `want`. */
static void await_gone(const struct test_server *t, const char *want)
{
    struct qs_buf b = { 0 };

    for (int i = 0; i < 500; i++) {
        qs_buf_done(&b);
        b = test_exchange(t, "GET /gone HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
        if (strstr(qs_buf_text(&b), want))
            break;
        (void)poll(NULL, 0, 10);
    }
    if (!strstr(qs_buf_text(&b), want))
        fail_msg("want %s: %s", want, qs_buf_text(&b));
    qs_buf_done(&b);
}

static void the_holder_hears_that_a_peer_left(void **state)
{
    static const char *const paths[] = { "/never", "/stream" };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(paths); i++) {
        struct app app = { 0 };
        qs_auto(str) char *text = qs_xasprintf("GET %s HTTP/1.1\r\n" HOST "\r\n", paths[i]);

        start(&app);
        int fd = test_connect(&app.server);
        test_puts(fd, text);
        struct pollfd p = { .fd = fd, .events = POLLIN };
        (void)poll(&p, 1, 50);
        (void)close(fd);
        await_gone(&app.server, "gone=1 conns=1");
        test_server_stop(&app.server);
        assert_int_equal(app.gone, 1);
    }
}

static void the_holder_hears_that_the_server_ends(void **state)
{
    struct app app = { 0 };
    qs_auto(buf) struct qs_buf b = QS_BUF(4096);

    (void)state;
    start(&app);
    int fd = test_connect(&app.server);
    test_puts(fd, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    assert_true(test_read_until(fd, &b, "one\n"));
    test_server_stop(&app.server);
    assert_int_equal(app.gone, 1);
    (void)close(fd);
}

static void a_stream_is_chunked_and_ends_in_order(void **state)
{
    struct app app = { 0 };
    qs_auto(buf) struct qs_buf b = QS_BUF(65536);

    (void)state;
    start(&app);
    int fd = test_connect(&app.server);
    test_puts(fd, "GET /stream HTTP/1.1\r\n" HOST "\r\nGET /next HTTP/1.1\r\n" HOST "\r\n");
    assert_true(test_read_until(fd, &b, "4\r\none\n\r\n"));
    assert_non_null(strstr(b.data, "Transfer-Encoding: chunked\r\n"));
    assert_non_null(strstr(b.data, "Cache-Control: no-store\r\n"));
    expect_status(&app.server, "send", "GET /send HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 204);
    assert_true(test_read_until(fd, &b, "4\r\ntwo\n\r\n"));
    expect_status(&app.server, "end", "GET /end HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 204);
    assert_true(test_read_until(fd, &b, "0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    assert_true(test_read_until(fd, &b, "/next"));
    (void)close(fd);
    test_server_stop(&app.server);
}

static void a_stream_that_falls_behind_is_dropped(void **state)
{
    struct app app = { 0 };
    qs_auto(buf) struct qs_buf b = QS_BUF(1 << 26);

    (void)state;
    start(&app);
    int fd = test_connect(&app.server);
    test_puts(fd, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    assert_true(test_read_until(fd, &b, "one\n"));
    expect_status(&app.server, "flood", "GET /flood HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 204);
    await_gone(&app.server, "gone=1 conns=1");
    (void)close(fd);
    test_server_stop(&app.server);
}

static void a_reader_that_does_not_read_is_dropped(void **state)
{
    struct app app = { .server.limits = { .write_ms = 100 } };

    (void)state;
    start(&app);
    int fd = test_connect(&app.server);
    test_puts(fd, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    struct pollfd p = { .fd = fd, .events = POLLIN };
    assert_int_equal(poll(&p, 1, 5000), 1); /* the reply has begun */
    await_gone(&app.server, "conns=1");
    (void)close(fd);
    test_server_stop(&app.server);
}

static void a_slow_reader_gets_a_large_reply_whole(void **state)
{
    struct app app = { 0 };
    qs_auto(buf) struct qs_buf b = QS_BUF(1 << 26);

    (void)state;
    start(&app);
    int fd = test_connect(&app.server);
    test_puts(fd, "GET /big HTTP/1.1\r\n" HOST "\r\nGET /big HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    struct pollfd p = { .fd = fd };
    (void)poll(&p, 1, 50);
    assert_true(test_read_until(fd, &b, NULL));
    assert_true(b.len > 16 << 20);
    (void)close(fd);
    test_server_stop(&app.server);
}

/* The same over TLS, where one record holds several requests and epoll does not see what TLS has read. */
static void TLS_carries_pipelines_and_streams(void **state)
{
    struct app app = { 0 };
    struct qs_err err = QS_ERR_INIT;
    struct qs_tls_conn *c = NULL;
    char *cert, *key, pin[QS_SHA256_TEXT];
    static const char text[] = "GET /first HTTP/1.1\r\n" HOST "\r\nGET /later HTTP/1.1\r\n" HOST "\r\n"
                               "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 40000\r\n\r\n";
    static const char after[] = "GET /stream HTTP/1.1\r\n" HOST "\r\n";
    qs_auto(buf) struct qs_buf b = QS_BUF(1 << 20);
    qs_auto(str) char *body = qs_xzalloc(40001);
    uint64_t deadline = qs_mono_ms() + 5000;

    (void)state;
    if (qs_tls_selfsigned("a", "", &cert, &key, &err) || qs_tls_fingerprint(cert, pin, &err) ||
        qs_tls_server(cert, key, &app.server.tls, &err))
        fail_msg("%s", err.msg);
    start(&app);
    if (qs_tls_dial("127.0.0.1", app.server.port, pin, 3000, &c, &err))
        fail_msg("%s", err.msg);
    memset(body, 'q', 40000);
    assert_int_equal(qs_tls_write(c, text, sizeof(text) - 1, deadline, &err), QS_OK);
    assert_int_equal(qs_tls_write(c, body, 40000, deadline, &err), QS_OK);
    assert_int_equal(qs_tls_write(c, after, sizeof(after) - 1, deadline, &err), QS_OK);
    while (!strstr(qs_buf_text(&b), "one\n")) {
        size_t n;
        char *at = qs_buf_reserve(&b, 65536);

        if (qs_tls_read(c, at, 65536, &n, deadline, &err) || n == 0)
            fail_msg("%s after: %s", err.msg, qs_buf_text(&b));
        b.len += n;
        b.data[b.len] = '\0';
    }
    const char *last = strstr(b.data, "Content-Length: 40000\r\n\r\nqqq");
    assert_true(last && strstr(b.data, "later\n") < last && strstr(b.data, "/first") < strstr(b.data, "later\n"));
    qs_tls_close(c); /* the stream's holder hears of it */
    for (int i = 0; i < 200 && app.gone == 0; i++)
        (void)poll(NULL, 0, 10);
    test_server_stop(&app.server);
    assert_int_equal(app.gone, 1);
    SSL_CTX_free(app.server.tls);
    free(cert);
    free(key);
}

static void a_full_house_makes_room_for_the_next(void **state)
{
    struct app app = { .server.limits = { .conns_max = 4 } };
    int fds[8];

    (void)state;
    start(&app);
    for (size_t i = 0; i < QS_COUNT(fds); i++)
        fds[i] = test_connect(&app.server);
    expect_status(&app.server, "the ninth", "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200);
    for (size_t i = 0; i < QS_COUNT(fds); i++)
        (void)close(fds[i]);
    test_server_stop(&app.server);
}

static void a_unix_socket_is_served_and_a_stale_one_replaced(void **state)
{
    qs_auto(str) char *path = qs_xasprintf("/tmp/qs-test-http-%d.sock", (int)getpid());
    struct app app = { .server.unix_path = path };
    struct qs_err err = QS_ERR_INIT;
    int fd = -1;

    (void)state;
    for (int i = 0; i < 2; i++) { /* the second finds the first one's socket */
        start(&app);
        expect_status(&app.server, "unix", "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200);
        assert_int_equal(qs_net_listen_unix(app.server.unix_path, 0600, &fd, &err), QS_CONFLICT);
        test_server_stop(&app.server);
    }
    (void)unlink(path);
    assert_int_equal(qs_net_listen_tcp("localhost", 0, &fd, &err), QS_INVALID);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_malformed_request_is_refused_and_the_connection_closed),
        cmocka_unit_test(heads_over_a_limit_are_refused),
        cmocka_unit_test(dripped_bytes_do_not_extend_a_deadline),
        cmocka_unit_test(an_idle_connection_is_closed),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_request_is_answered_however_it_is_cut),
        cmocka_unit_test(a_large_chunked_body_arrives_whole),
        cmocka_unit_test(a_client_that_waits_is_told_to_continue),
        cmocka_unit_test(replies_have_the_shape_that_was_asked_for),
        cmocka_unit_test(the_holder_hears_that_a_peer_left),
        cmocka_unit_test(the_holder_hears_that_the_server_ends),
        cmocka_unit_test(a_stream_is_chunked_and_ends_in_order),
        cmocka_unit_test(a_stream_that_falls_behind_is_dropped),
        cmocka_unit_test(a_reader_that_does_not_read_is_dropped),
        cmocka_unit_test(a_slow_reader_gets_a_large_reply_whole),
        cmocka_unit_test(TLS_carries_pipelines_and_streams),
        cmocka_unit_test(a_full_house_makes_room_for_the_next),
        cmocka_unit_test(a_unix_socket_is_served_and_a_stale_one_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
