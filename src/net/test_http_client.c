#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <openssl/ssl.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/http_client.h"
#include "net/test_peer.h"
#include "net/tls.h"

struct app {
    struct test_server server;
    unsigned requests;
    struct qs_http_req *hung;
    uint16_t ports[8];
    char pin[QS_SHA256_TEXT];
};

static void on_request(void *arg, struct qs_http_req *r)
{
    struct app *app = arg;
    const char *path = qs_http_path(r);
    struct sockaddr_in peer;
    size_t len;
    const char *body = qs_http_body(r, &len);

    memcpy(&peer, qs_http_peer(r), sizeof(peer));
    if (app->requests < QS_COUNT(app->ports))
        app->ports[app->requests] = peer.sin_port;
    app->requests++;
    if (qs_streq(path, "/echo")) {
        qs_http_set(r, "X-Method", "%s", qs_http_method(r));
        qs_http_reply(r, 201, "text/x-test; charset=utf-8", body, len);
    } else if (qs_streq(path, "/auth")) {
        const char *auth = qs_http_header(r, "authorization");

        qs_http_reply(r, auth ? 200 : 401, "text/plain", auth ? auth : "", auth ? strlen(auth) : 0);
    } else if (qs_streq(path, "/lines")) {
        qs_http_stream_start(r, 200, "application/x-ndjson", 4096, NULL, NULL);
        qs_http_send(r, "one\ntw", 6);
        qs_http_send(r, "o\n\nlast", 7);
        qs_http_end(r);
    } else if (qs_streq(path, "/hang")) {
        qs_http_later(r, NULL, NULL);
        app->hung = r;
    } else if (qs_streq(path, "/big")) {
        qs_auto(str) char *much = qs_xzalloc(100000);

        qs_http_reply(r, 200, "text/plain", much, 100000);
    } else {
        qs_http_reply(r, 404, NULL, "none\n", 5);
    }
}

static void start(struct app *app, bool tls)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(str) char *cert = NULL;
    qs_auto(str) char *key = NULL;

    app->server.fn = on_request;
    app->server.arg = app;
    if (tls) {
        assert_int_equal(qs_tls_selfsigned("leaf1", "IP:127.0.0.1", &cert, &key, &err), QS_OK);
        assert_int_equal(qs_tls_fingerprint(cert, app->pin, &err), QS_OK);
        assert_int_equal(qs_tls_server(cert, key, &app->server.tls, &err), QS_OK);
    }
    test_server_start(&app->server);
}

static void stop(struct app *app)
{
    test_server_stop(&app->server);
    SSL_CTX_free(app->server.tls);
}

static struct qs_http_client *client_of(const struct app *app, struct qs_http_client_conf conf)
{
    struct qs_err err = QS_ERR_INIT;
    struct qs_http_client *c = NULL;
    qs_auto(str) char *base = qs_xasprintf("%s://127.0.0.1:%u", app->server.tls ? "https" : "http", app->server.port);

    if (!conf.base)
        conf.base = base;
    if (qs_http_client_new(&conf, &c, &err))
        fail_msg("%s", err.msg);
    return c;
}

static void a_request_and_its_reply_travel_whole(void **state)
{
    struct app app = { 0 };
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    start(&app, false);
    qs_auto(http_client) struct qs_http_client *c = client_of(&app, (struct qs_http_client_conf){ .total_ms = 5000 });
    qs_auto(reply) struct qs_http_reply r = { 0 };
    if (qs_http_request(c, "PATCH", "/echo?x=1", "text/y", "hello", 5, &r, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(r.status, 201);
    assert_string_equal(r.type, "text/x-test");
    assert_string_equal(qs_buf_text(&r.body), "hello");
    assert_true(r.elapsed_us > 0);
    assert_true(r.cert_days == INT64_MIN);
    stop(&app);
}

static void every_method_and_status_is_a_reply(void **state)
{
    static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS" };
    struct app app = { 0 };
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    start(&app, false);
    qs_auto(http_client) struct qs_http_client *c = client_of(&app, (struct qs_http_client_conf){ .total_ms = 5000 });
    for (size_t i = 0; i < QS_COUNT(methods); i++) {
        qs_auto(reply) struct qs_http_reply r = { 0 };

        if (qs_http_request(c, methods[i], "/none", NULL, NULL, 0, &r, &err))
            fail_msg("%s: %s", methods[i], err.msg);
        assert_int_equal(r.status, 404);
        assert_int_equal(r.body.len, qs_streq(methods[i], "HEAD") ? 0 : 5);
    }
    for (size_t i = 1; i < QS_COUNT(methods); i++) /* one connection served them all */
        assert_int_equal(app.ports[i], app.ports[0]);
    stop(&app);
}

static void a_fresh_client_connects_each_time(void **state)
{
    struct app app = { 0 };
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    start(&app, false);
    qs_auto(http_client) struct qs_http_client *c = client_of(
        &app, (struct qs_http_client_conf){ .total_ms = 5000, .fresh = true });
    for (int i = 0; i < 2; i++) {
        qs_auto(reply) struct qs_http_reply r = { 0 };

        assert_int_equal(qs_http_request(c, "GET", "/x", NULL, NULL, 0, &r, &err), QS_OK);
    }
    assert_int_not_equal(app.ports[0], app.ports[1]);
    stop(&app);
}

static void credentials_are_sent_as_basic(void **state)
{
    struct app app = { 0 };
    struct qs_err err = QS_ERR_INIT;
    qs_auto(reply) struct qs_http_reply r = { 0 };

    (void)state;
    start(&app, false);
    qs_auto(http_client) struct qs_http_client *c = client_of(
        &app, (struct qs_http_client_conf){ .user = "Aladdin", .password = "open sesame" });
    assert_int_equal(qs_http_request(c, "GET", "/auth", NULL, NULL, 0, &r, &err), QS_OK);
    assert_string_equal(qs_buf_text(&r.body), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    stop(&app);
}

struct lines {
    struct qs_buf all;
    unsigned count, stop_at;
};

static bool on_line(void *arg, const char *line, size_t len)
{
    struct lines *l = arg;

    qs_buf_add(&l->all, line, len);
    qs_buf_putc(&l->all, '|');
    return ++l->count != l->stop_at;
}

static void a_stream_is_handed_over_by_lines(void **state)
{
    static const struct {
        unsigned stop_at;
        const char *want;
    } rows[] = { { 0, "one|two||last|" }, { 2, "one|two|" } };
    struct app app = { 0 };
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    start(&app, false);
    qs_auto(http_client) struct qs_http_client *c = client_of(&app, (struct qs_http_client_conf){ 0 });
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct lines l = { .all = QS_BUF(4096), .stop_at = rows[i].stop_at };
        qs_auto(reply) struct qs_http_reply r = { 0 };

        if (qs_http_stream(c, "GET", "/lines", NULL, NULL, 0, on_line, &l, &r, &err))
            fail_msg("%s", err.msg);
        assert_int_equal(r.status, 200);
        assert_string_equal(qs_buf_text(&l.all), rows[i].want);
        qs_buf_done(&l.all);
    }
    struct lines l = { .all = QS_BUF(4096) };
    qs_auto(reply) struct qs_http_reply r = { 0 };
    assert_int_equal(qs_http_stream(c, "GET", "/none", NULL, NULL, 0, on_line, &l, &r, &err), QS_OK);
    assert_int_equal(r.status, 404); /* an error's body is not a stream */
    assert_string_equal(qs_buf_text(&r.body), "none\n");
    assert_int_equal(l.count, 0);
    stop(&app);
}

static void a_pinned_certificate_is_taken_and_its_days_told(void **state)
{
    struct app app = { 0 };
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    start(&app, true);
    qs_auto(http_client) struct qs_http_client *c = client_of(
        &app, (struct qs_http_client_conf){ .pin = app.pin, .total_ms = 5000 });
    for (int i = 0; i < 2; i++) {
        qs_auto(reply) struct qs_http_reply r = { 0 };

        if (qs_http_request(c, "POST", "/echo", NULL, "tls", 3, &r, &err))
            fail_msg("%s", err.msg);
        assert_string_equal(qs_buf_text(&r.body), "tls");
        assert_in_range(r.cert_days, 3648, 3650);
    }
    assert_int_equal(app.ports[0], app.ports[1]);
    stop(&app);
}

static void a_wrong_certificate_is_refused_before_the_request(void **state)
{
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    struct app app = { 0 };

    (void)state;
    start(&app, true);
    const char *const pins[] = { zeros, NULL }; /* pinned to another; not known to the system */
    for (size_t i = 0; i < QS_COUNT(pins); i++) {
        struct qs_err err = QS_ERR_INIT;
        qs_auto(reply) struct qs_http_reply r = { 0 };
        qs_auto(http_client) struct qs_http_client *c = client_of(
            &app, (struct qs_http_client_conf){ .pin = pins[i], .user = "u", .password = "p" });

        assert_int_equal(qs_http_request(c, "POST", "/echo", NULL, "x", 1, &r, &err), QS_DENIED);
        if (pins[i]) {
            assert_non_null(strstr(err.msg, "0000000000000000…"));
            app.pin[16] = '\0';
            assert_non_null(strstr(err.msg, app.pin));
        }
    }
    stop(&app);
    assert_int_equal(app.requests, 0);
}

static void a_unix_socket_is_spoken_to(void **state)
{
    qs_auto(str) char *path = qs_xasprintf("/tmp/qs-test-client-%d.sock", (int)getpid());
    struct app app = { .server.unix_path = path };
    struct qs_err err = QS_ERR_INIT;
    qs_auto(reply) struct qs_http_reply r = { 0 };

    (void)state;
    start(&app, false);
    qs_auto(http_client) struct qs_http_client *c = client_of(
        &app, (struct qs_http_client_conf){ .base = "http://localhost", .unix_path = app.server.unix_path });
    assert_int_equal(qs_http_request(c, "GET", "/echo", NULL, NULL, 0, &r, &err), QS_OK);
    assert_int_equal(r.status, 201);
    stop(&app);
    (void)unlink(path);
    qs_http_reply_done(&r);
    assert_int_equal(qs_http_request(c, "GET", "/echo", NULL, NULL, 0, &r, &err), QS_UNREACHABLE);
}

static void limits_and_deadlines_have_their_own_code(void **state)
{
    struct app app = { 0 };
    struct qs_err err = QS_ERR_INIT;
    qs_auto(reply) struct qs_http_reply r = { 0 };
    struct lines l = { .all = QS_BUF(4096) };

    (void)state;
    start(&app, false);
    qs_auto(http_client) struct qs_http_client *c = client_of(
        &app, (struct qs_http_client_conf){ .total_ms = 200, .body_max = 1000 });
    assert_int_equal(qs_http_request(c, "GET", "/big", NULL, NULL, 0, &r, &err), QS_LIMIT);
    assert_int_equal(qs_http_stream(c, "GET", "/big", NULL, NULL, 0, on_line, &l, &r, &err), QS_LIMIT);
    assert_int_equal(qs_http_request(c, "GET", "/hang", NULL, NULL, 0, &r, &err), QS_TIMEOUT);
    stop(&app);
    qs_http_reply(app.hung, 200, NULL, "", 0); /* its peer and its server are gone; this frees it */
    assert_int_equal(qs_http_request(c, "GET", "/x", NULL, NULL, 0, &r, &err), QS_UNREACHABLE);
    assert_non_null(strstr(err.ctx, "GET http://127.0.0.1:"));
}

/* A server that answers every connection with the same bytes. */
struct fool {
    int fd;
    uint16_t port;
    const char *answer;
    pthread_t thread;
};

static void *run_fool(void *arg)
{
    struct fool *f = arg;
    int fd;

    while ((fd = accept(f->fd, NULL, NULL)) >= 0) {
        char request[4096];

        if (recv(fd, request, sizeof(request), 0) > 0)
            test_puts(fd, f->answer);
        (void)close(fd);
    }
    return NULL;
}

static void answers_that_are_not_HTTP_are_named(void **state)
{
    static const struct {
        const char *label, *answer;
        enum qs_code want;
    } rows[] = {
        { "nothing", "", QS_UNREACHABLE },
        { "garbage", "what?\r\n\r\n", QS_PROTO },
        { "old", "HTTP/0.9 200 OK\r\n\r\n", QS_PROTO },
        { "half a body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", QS_UNREACHABLE },
        { "bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", QS_PROTO },
        { "redirect", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", QS_OK },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct fool fool = { .answer = rows[i].answer };
        struct qs_err err = QS_ERR_INIT;
        struct sockaddr_in addr;
        socklen_t len = sizeof(addr);
        qs_auto(reply) struct qs_http_reply r = { 0 };

        assert_int_equal(qs_net_listen_tcp("127.0.0.1", 0, &fool.fd, &err), QS_OK);
        assert_int_equal(getsockname(fool.fd, (struct sockaddr *)&addr, &len), 0);
        assert_int_equal(fcntl(fool.fd, F_SETFL, 0), 0);
        assert_int_equal(pthread_create(&fool.thread, NULL, run_fool, &fool), 0);
        qs_auto(str) char *base = qs_xasprintf("http://127.0.0.1:%u", ntohs(addr.sin_port));
        qs_auto(http_client) struct qs_http_client *c = client_of(
            &(struct app){ 0 }, (struct qs_http_client_conf){ .base = base, .total_ms = 3000 });
        enum qs_code got = qs_http_request(c, "GET", "/", NULL, NULL, 0, &r, &err);
        if (got != rows[i].want)
            fail_msg("%s: got %s: %s", rows[i].label, qs_code_text(got), err.msg);
        (void)shutdown(fool.fd, SHUT_RDWR);
        assert_int_equal(pthread_join(fool.thread, NULL), 0);
        (void)close(fool.fd);
    }
}

static void a_client_of_nonsense_is_not_made(void **state)
{
    static const struct qs_http_client_conf rows[] = {
        { .base = "ftp://a" },
        { .base = "10.0.0.1" },
        { .base = "https://a", .pin = "" },
        { .base = "https://a", .pin = "12:34" },
        { .base = "https://a", .pin = "00000000000000000000000000000000000000000000000000000000000000000" },
        { .base = "https://a", .pin = "g000000000000000000000000000000000000000000000000000000000000000" },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_err err = QS_ERR_INIT;
        struct qs_http_client *c = NULL;

        if (qs_http_client_new(&rows[i], &c, &err) != QS_INVALID)
            fail_msg("row %zu was taken", i);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_and_its_reply_travel_whole),
        cmocka_unit_test(every_method_and_status_is_a_reply),
        cmocka_unit_test(a_fresh_client_connects_each_time),
        cmocka_unit_test(credentials_are_sent_as_basic),
        cmocka_unit_test(a_stream_is_handed_over_by_lines),
        cmocka_unit_test(a_pinned_certificate_is_taken_and_its_days_told),
        cmocka_unit_test(a_wrong_certificate_is_refused_before_the_request),
        cmocka_unit_test(a_unix_socket_is_spoken_to),
        cmocka_unit_test(limits_and_deadlines_have_their_own_code),
        cmocka_unit_test(answers_that_are_not_HTTP_are_named),
        cmocka_unit_test(a_client_of_nonsense_is_not_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
