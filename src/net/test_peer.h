/*
 * net/test_peer: what the tests of net share: an HTTP server on a thread of its own, and a plain blocking
 * socket to talk to it. Header only, for tests.
 */
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/ip.h"
#include "net/http_server.h"

struct test_server {
    struct qs_loop *loop;
    struct qs_http_server *http;
    struct qs_http_limits limits;
    qs_http_handler_fn *fn;
    void *arg;
    struct ssl_ctx_st *tls;
    const char *unix_path; /* NULL: TCP on 127.0.0.1 */
    uint16_t port;
    int stop_fd;
    pthread_t thread;
};

static inline void test_server_on_stop(void *arg, int fd, uint32_t events)
{
    struct test_server *t = arg;

    (void)fd;
    (void)events;
    qs_loop_stop(t->loop);
}

static inline void *test_server_run(void *arg)
{
    struct test_server *t = arg;

    qs_loop_run(t->loop);
    qs_http_server_free(t->http);
    qs_loop_free(t->loop);
    return NULL;
}

static inline void test_server_start(struct test_server *t)
{
    struct qs_err err = QS_ERR_INIT;
    struct sockaddr_in addr;
    socklen_t len = sizeof(addr);
    int fd = -1;

    t->loop = qs_loop_new();
    t->http = qs_http_server_new(t->loop, &t->limits, t->fn, t->arg);
    if (t->unix_path ? qs_net_listen_unix(t->unix_path, 0600, &fd, &err) : qs_net_listen_tcp("127.0.0.1", 0, &fd, &err))
        fail_msg("listen: %s", err.msg);
    if (!t->unix_path && getsockname(fd, (struct sockaddr *)&addr, &len) == 0)
        t->port = ntohs(addr.sin_port);
    if (qs_http_server_listen(t->http, fd, t->tls, &err))
        fail_msg("listen: %s", err.msg);
    t->stop_fd = eventfd(0, EFD_CLOEXEC);
    (void)qs_loop_watch(t->loop, t->stop_fd, EPOLLIN, test_server_on_stop, t);
    assert_int_equal(pthread_create(&t->thread, NULL, test_server_run, t), 0);
}

static inline void test_server_stop(struct test_server *t)
{
    uint64_t one = 1;

    assert_int_equal(write(t->stop_fd, &one, sizeof(one)), sizeof(one));
    assert_int_equal(pthread_join(t->thread, NULL), 0);
    (void)close(t->stop_fd);
}

static inline int test_connect(const struct test_server *t)
{
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_port = htons(t->port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(t->unix_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (t->unix_path)
        (void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", t->unix_path);
    assert_int_equal(t->unix_path ? connect(fd, (struct sockaddr *)&un, sizeof(un))
                                  : connect(fd, (struct sockaddr *)&in, sizeof(in)),
                     0);
    return fd;
}

static inline void test_write(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

        if (n < 0)
            return; /* refused meanwhile: the reply tells */
        at += n;
        len -= (size_t)n;
    }
}

static inline void test_puts(int fd, const char *text)
{
    test_write(fd, text, strlen(text));
}

/* Appends what comes until `until` is there, the peer closes, or 5 s pass. True: `until` is there; NULL waits
 * for the end, and true means that it came. */
static inline bool test_read_until(int fd, struct qs_buf *b, const char *until)
{
    uint64_t deadline = qs_mono_ms() + 5000;

    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        uint64_t now = qs_mono_ms();
        char data[65536];

        if (until && b->len >= strlen(until) && memmem(b->data, b->len, until, strlen(until)))
            return true;
        if (now >= deadline || poll(&p, 1, (int)(deadline - now)) != 1)
            return false;
        ssize_t n = recv(fd, data, sizeof(data), 0);
        if (n <= 0)
            return !until;
        qs_buf_add(b, data, (size_t)n);
    }
}

/* Sends `text` on a new connection and reads until the peer closes. */
static inline struct qs_buf test_exchange(const struct test_server *t, const char *text)
{
    struct qs_buf b = QS_BUF(1 << 26);
    int fd = test_connect(t);

    test_puts(fd, text);
    if (!test_read_until(fd, &b, NULL))
        fail_msg("the connection is still open after: %s", qs_buf_text(&b));
    (void)close(fd);
    return b;
}

static inline int test_status(const struct qs_buf *b)
{
    int status = 0;

    for (size_t i = 9; b->len > 12 && i < 12; i++)
        status = status * 10 + (b->data[i] - '0');
    return status;
}
