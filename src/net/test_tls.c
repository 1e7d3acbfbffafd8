#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "base/str.h"
#include "net/test_peer.h"
#include "net/tls.h"

static void echo(void *arg, struct qs_http_req *r)
{
    size_t len;
    const char *body = qs_http_body(r, &len);

    (void)arg;
    qs_http_reply(r, 200, "text/plain", body, len);
}

struct box {
    char *cert, *key, pin[QS_SHA256_TEXT];
    struct test_server server;
};

static int open_box(void **state)
{
    struct box *box = calloc(1, sizeof(*box));
    struct qs_err err = QS_ERR_INIT;

    assert_non_null(box);
    if (qs_tls_selfsigned("leaf1", "IP:127.0.0.1,DNS:leaf1.lab", &box->cert, &box->key, &err) ||
        qs_tls_fingerprint(box->cert, box->pin, &err) || qs_tls_server(box->cert, box->key, &box->server.tls, &err))
        fail_msg("%s", err.msg);
    box->server.fn = echo;
    box->server.limits = (struct qs_http_limits){ .head_ms = 1000, .body_max = 32 << 20 };
    test_server_start(&box->server);
    *state = box;
    return 0;
}

static int close_box(void **state)
{
    struct box *box = *state;

    test_server_stop(&box->server);
    SSL_CTX_free(box->server.tls);
    free(box->cert);
    free(box->key);
    free(box);
    return 0;
}

static void a_pinned_peer_is_read_and_written(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;
    struct qs_tls_conn *c = NULL;
    uint64_t deadline = qs_mono_ms() + 5000;
    static char body[20 << 20];
    qs_auto(buf) struct qs_buf got = QS_BUF(64 << 20);
    size_t n = 1;

    memset(body, 'b', sizeof(body));
    if (qs_tls_dial("127.0.0.1", box->server.port, box->pin, 3000, &c, &err))
        fail_msg("%s: %s", err.ctx, err.msg);
    qs_buf_printf(&got, "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", sizeof(body));
    assert_int_equal(qs_tls_write(c, got.data, got.len, deadline, &err), QS_OK);
    assert_int_equal(qs_tls_write(c, body, sizeof(body), deadline, &err), QS_OK);
    qs_buf_clear(&got);
    while (n > 0) {
        char *at = qs_buf_reserve(&got, 65536);

        if (qs_tls_read(c, at, 65536, &n, deadline, &err))
            fail_msg("%s", err.msg);
        got.len += n;
    }
    assert_true(got.len > sizeof(body));
    assert_memory_equal(got.data + got.len - sizeof(body), body, sizeof(body));
    qs_tls_close(c);
}

static void another_certificate_is_denied_and_both_are_named(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;
    struct qs_tls_conn *c = NULL;
    char pin[QS_SHA256_TEXT];

    memcpy(pin, box->pin, sizeof(pin));
    pin[63] = pin[63] == '0' ? '1' : '0';
    assert_int_equal(qs_tls_dial("127.0.0.1", box->server.port, pin, 3000, &c, &err), QS_DENIED);
    pin[16] = '\0';
    assert_non_null(strstr(err.msg, pin));
    assert_null(c);
}

static void a_peer_that_does_not_answer_runs_into_the_deadline(void **state)
{
    struct qs_err err = QS_ERR_INIT;
    struct qs_tls_conn *c = NULL;
    struct box *box = *state;
    struct sockaddr_in addr;
    socklen_t len = sizeof(addr);
    int fd = -1;
    size_t n;
    char byte;

    assert_int_equal(qs_net_listen_tcp("127.0.0.1", 0, &fd, &err), QS_OK);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    uint64_t begin = qs_mono_ms();
    assert_int_equal(qs_tls_dial("127.0.0.1", ntohs(addr.sin_port), box->pin, 100, &c, &err), QS_TIMEOUT);
    assert_in_range(qs_mono_ms() - begin, 100, 1500);
    (void)close(fd);
    assert_int_equal(qs_tls_dial("127.0.0.1", ntohs(addr.sin_port), box->pin, 100, &c, &err), QS_UNREACHABLE);
    assert_int_equal(qs_tls_dial("leaf1", 443, box->pin, 100, &c, &err), QS_INVALID);

    assert_int_equal(qs_tls_dial("127.0.0.1", box->server.port, box->pin, 1000, &c, &err), QS_OK);
    assert_int_equal(qs_tls_read(c, &byte, 1, &n, qs_mono_ms() + 50, &err), QS_TIMEOUT);
    qs_tls_close(c);
}

static void a_client_that_never_shakes_hands_is_dropped(void **state)
{
    struct box *box = *state;
    qs_auto(buf) struct qs_buf b = QS_BUF(4096);
    int fd = test_connect(&box->server);
    uint64_t begin = qs_mono_ms();

    test_puts(fd, "\x16\x03\x01");
    assert_true(test_read_until(fd, &b, NULL));
    assert_in_range(qs_mono_ms() - begin, 900, 4500);
    (void)close(fd);
    fd = test_connect(&box->server);
    test_puts(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); /* clear text */
    assert_true(test_read_until(fd, &b, NULL));
    assert_null(strstr(qs_buf_text(&b), "HTTP/1.1 200"));
    (void)close(fd);
}

static void keys_and_certificates_are_checked(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;
    struct ssl_ctx_st *ctx = NULL;
    char *cert = NULL, *key = NULL, hex[QS_SHA256_TEXT];

    assert_int_equal(qs_tls_selfsigned("other", "", &cert, &key, &err), QS_OK);
    assert_int_equal(qs_tls_server(box->cert, key, &ctx, &err), QS_INVALID);
    assert_int_equal(qs_tls_server("nonsense", key, &ctx, &err), QS_INVALID);
    assert_int_equal(qs_tls_server(cert, "nonsense", &ctx, &err), QS_INVALID);
    assert_int_equal(qs_tls_fingerprint("nonsense", hex, &err), QS_INVALID);
    assert_int_equal(qs_tls_fingerprint(cert, hex, &err), QS_OK);
    assert_string_not_equal(hex, box->pin);
    free(cert);
    free(key);
    assert_int_equal(qs_tls_selfsigned("", "", &cert, &key, &err), QS_INVALID);
    assert_int_equal(qs_tls_selfsigned("x", "IP:999", &cert, &key, &err), QS_INVALID);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pinned_peer_is_read_and_written),
        cmocka_unit_test(another_certificate_is_denied_and_both_are_named),
        cmocka_unit_test(a_peer_that_does_not_answer_runs_into_the_deadline),
        cmocka_unit_test(a_client_that_never_shakes_hands_is_dropped),
        cmocka_unit_test(keys_and_certificates_are_checked),
    };

    return cmocka_run_group_tests(tests, open_box, close_box);
}
