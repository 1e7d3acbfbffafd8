/* A blocking TLS connection to a pinned peer: the socket itself never blocks, poll() waits until a deadline. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/ip.h"
#include "net/tls_int.h"

struct qs_tls_conn {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
    struct qs_tls_peer peer;
};
QS_DEFINE_AUTO(tls_conn, struct qs_tls_conn *, qs_tls_close)

void qs_tls_close(struct qs_tls_conn *c)
{
    if (!c)
        return;
    if (c->ssl && SSL_is_init_finished(c->ssl))
        (void)SSL_shutdown(c->ssl);
    ERR_clear_error();
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    qs_fd_close(c->fd);
    free(c);
}

static enum qs_code wait_for(int fd, short events, uint64_t deadline_ms, struct qs_err *err)
{
    for (;;) {
        uint64_t now = qs_mono_ms();
        struct pollfd p = { .fd = fd, .events = events };
        int left = deadline_ms <= now ? 0 : deadline_ms - now > 60000 ? 60000 : (int)(deadline_ms - now);
        int n = poll(&p, 1, left);

        if (n > 0)
            return QS_OK;
        if (n < 0 && errno != EINTR)
            return qs_err_sys(err, QS_IO, errno, "could not wait for the peer");
        if (n == 0 && qs_mono_ms() >= deadline_ms)
            return qs_err_set(err, QS_TIMEOUT, 0, "no answer in time");
    }
}

static enum qs_code connect_until(const struct qs_ip *ip, uint16_t port, uint64_t deadline_ms, int *ret_fd,
                                  struct qs_err *err)
{
    struct sockaddr_storage addr;
    socklen_t len = qs_ip_sockaddr(ip, port, &addr);
    qs_auto(fd) int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1, failure = 0;

    if (fd < 0)
        return qs_err_sys(err, QS_IO, errno, "could not make a socket");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(fd, (struct sockaddr *)&addr, len)) {
        if (errno != EINPROGRESS)
            return qs_err_sys(err, QS_UNREACHABLE, errno, "could not connect");
        if (wait_for(fd, POLLOUT, deadline_ms, err))
            return err->code;
        len = sizeof(failure);
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) || failure)
            return qs_err_sys(err, QS_UNREACHABLE, failure, "could not connect");
    }
    *ret_fd = qs_take_fd(&fd);
    return QS_OK;
}

/* After an operation returned `n` <= 0: OK when it can be tried again. */
static enum qs_code wait_again(struct qs_tls_conn *c, int n, uint64_t deadline_ms, struct qs_err *err)
{
    int sys = errno;
    char why[128];

    switch (SSL_get_error(c->ssl, n)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(c->fd, POLLIN, deadline_ms, err);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(c->fd, POLLOUT, deadline_ms, err);
    case SSL_ERROR_SSL:
        if (c->peer.refused)
            return qs_tls_refused(&c->peer, err);
        if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
            return qs_err_set(err, QS_UNREACHABLE, 0, "the peer closed the connection");
        return qs_err_set(err, QS_PROTO, 0, "TLS failed: %s", qs_tls_why(why, sizeof(why)));
    default:
        return sys ? qs_err_sys(err, QS_UNREACHABLE, sys, "the connection broke")
                   : qs_err_set(err, QS_UNREACHABLE, 0, "the peer closed the connection");
    }
}

static enum qs_code handshake(struct qs_tls_conn *c, uint64_t deadline_ms, struct qs_err *err)
{
    for (;;) {
        ERR_clear_error();
        errno = 0;
        int n = SSL_connect(c->ssl);

        if (n == 1)
            return QS_OK;
        if (wait_again(c, n, deadline_ms, err))
            return err->code;
    }
}

enum qs_code qs_tls_dial(const char *host, uint16_t port, const char *pin, uint64_t timeout_ms,
                         struct qs_tls_conn **ret, struct qs_err *err)
{
    uint64_t deadline_ms = qs_mono_ms() + timeout_ms;
    qs_auto(tls_conn) struct qs_tls_conn *c = qs_xzalloc(sizeof(*c));
    struct qs_ip ip;

    c->fd = -1;
    if (!qs_ip_parse(host, &ip))
        return qs_err_set(err, QS_INVALID, 0, "cannot connect to '%s': not an address", host);
    if (qs_tls_set_pin(&c->peer, pin, err))
        return err->code;
    if (connect_until(&ip, port, deadline_ms, &c->fd, err))
        return qs_err_wrap(err, "%s port %u", host, port);
    c->ctx = SSL_CTX_new(TLS_client_method());
    if (!c->ctx)
        abort(); /* out of memory */
    (void)SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_mode(c->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    qs_tls_expect(c->ctx, &c->peer);
    c->ssl = qs_tls_session(c->ctx, c->fd);
    if (handshake(c, deadline_ms, err))
        return qs_err_wrap(err, "%s port %u", host, port);
    *ret = qs_take_ptr(c);
    return QS_OK;
}

enum qs_code qs_tls_read(struct qs_tls_conn *c, void *data, size_t size, size_t *ret_len, uint64_t deadline_ms,
                         struct qs_err *err)
{
    for (;;) {
        ERR_clear_error();
        errno = 0;
        int n = SSL_read(c->ssl, data, size < INT32_MAX ? (int)size : INT32_MAX);

        if (n > 0 || SSL_get_error(c->ssl, n) == SSL_ERROR_ZERO_RETURN) {
            *ret_len = n > 0 ? (size_t)n : 0;
            return QS_OK;
        }
        if (wait_again(c, n, deadline_ms, err))
            return err->code;
    }
}

enum qs_code qs_tls_write(struct qs_tls_conn *c, const void *data, size_t len, uint64_t deadline_ms, struct qs_err *err)
{
    const char *at = data;

    while (len > 0) {
        ERR_clear_error();
        errno = 0;
        int n = SSL_write(c->ssl, at, len < INT32_MAX ? (int)len : INT32_MAX);

        if (n > 0) {
            at += n;
            len -= (size_t)n;
        } else if (wait_again(c, n, deadline_ms, err)) {
            return err->code;
        }
    }
    return QS_OK;
}
