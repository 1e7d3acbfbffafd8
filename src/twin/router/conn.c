/* Sockets of the API: listeners as /ip/service says, connections in clear and over TLS. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/event.h"
#include "base/str.h"
#include "net/http_server.h"
#include "twin/router/router_int.h"

#define CONNS_MAX 64
#define LOGIN_MS 30000     /* to finish TLS and log in */
#define BACKLOG_MAX 262144 /* replies waiting: no more commands are read until the client takes them */
#define CHUNK 16384
#define TURNS 16 /* chunks from one connection before others get their turn */

struct rtr_listener {
    struct rtr *r;
    const char *service;
    uint16_t port;
    int fds[2]; /* IPv4, IPv6; -1: none */
    struct qs_source *sources[2];
};

struct rtr_conn {
    struct rtr_session session;
    struct rtr_conn *prev, *next;
    int fd;
    SSL *ssl;     /* NULL: in clear */
    bool greeted; /* TLS is set up */
    struct qs_source *source;
    struct qs_timer *login_timer;
    struct rtr_decoder decoder;
};

/* ---- one connection ---- */

static void conn_close(struct rtr_conn *c)
{
    struct rtr *r = c->session.r;
    struct qs_err err = QS_ERR_INIT;

    if (c->prev)
        c->prev->next = c->next;
    else
        r->conns = c->next;
    if (c->next)
        c->next->prev = c->prev;
    qs_source_remove(c->source);
    qs_timer_cancel(c->login_timer);
    rtr_session_close(&c->session);
    if (rtr_commit(r, &err)) /* the roll-back of a safe mode that it held */
        qs_event_err(QS_EV_DEVICE_FAILED, &err, "device", r->conf.name, NULL);
    SSL_free(c->ssl);
    qs_fd_close(c->fd);
    rtr_decoder_done(&c->decoder);
    free(c);
}

static void on_login_late(void *arg)
{
    struct rtr_conn *c = arg;

    c->login_timer = NULL;
    if (!c->session.user)
        conn_close(c);
}

enum step { MOVED, WAITS, ENDED };

/* What a call of TLS that did not succeed means. */
static enum step tls_step(struct rtr_conn *c, int rc)
{
    int why = SSL_get_error(c->ssl, rc);

    ERR_clear_error();
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? WAITS : ENDED;
}

static enum step plain_step(ssize_t n)
{
    if (n > 0)
        return MOVED;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? WAITS : ENDED;
}

static enum step greet(struct rtr_conn *c)
{
    int rc;

    if (!c->ssl || c->greeted)
        return MOVED;
    rc = SSL_accept(c->ssl);
    c->greeted = rc == 1;
    return c->greeted ? MOVED : tls_step(c, rc);
}

static enum step take_bytes(struct rtr_conn *c, char *data, size_t size, size_t *ret_len)
{
    ssize_t n;

    if (c->ssl) {
        int rc = SSL_read(c->ssl, data, (int)size);

        *ret_len = rc > 0 ? (size_t)rc : 0;
        return rc > 0 ? MOVED : tls_step(c, rc);
    }
    n = read(c->fd, data, size);
    *ret_len = n > 0 ? (size_t)n : 0;
    return plain_step(n);
}

static enum step send_out(struct rtr_conn *c)
{
    struct qs_buf *out = &c->session.out;

    while (out->len > 0) {
        int most = out->len > CHUNK ? CHUNK : (int)out->len;
        ssize_t n = c->ssl ? SSL_write(c->ssl, out->data, most) : send(c->fd, out->data, (size_t)most, MSG_NOSIGNAL);
        enum step step = n > 0 ? MOVED : c->ssl ? tls_step(c, (int)n) : plain_step(n);

        if (step != MOVED)
            return step;
        qs_buf_consume(out, (size_t)n);
    }
    return MOVED;
}

/* The world could not follow: no reply of the batch holds, and the client must look again. */
static void fail_batch(struct rtr_conn *c, size_t sent, const struct qs_err *err)
{
    char text[600];

    qs_event_err(QS_EV_DEVICE_FAILED, err, "device", c->session.r->conf.name, NULL);
    c->session.out.len = sent;
    rtr_fatal(&c->session, qs_err_text(err, text, sizeof(text)));
}

/* Runs every sentence that is whole as one batch: the world moves once, before any of the replies leaves. */
static enum step run_batch(struct rtr_conn *c)
{
    size_t sent = c->session.out.len;
    struct qs_err err = QS_ERR_INIT;
    bool whole = true;

    while (whole && !c->session.closing) {
        struct rtr_sentence in = { 0 };

        if (rtr_decoder_next(&c->decoder, &in, &whole, &err)) {
            QS_IGNORE(rtr_commit(c->session.r, &(struct qs_err){ 0 }));
            return ENDED; /* not the API: nothing said could be understood */
        }
        if (whole)
            rtr_session_handle(&c->session, &in);
        rtr_sentence_done(&in);
    }
    if (rtr_commit(c->session.r, &err))
        fail_batch(c, sent, &err);
    return c->session.out.over ? ENDED : MOVED;
}

static enum step pump(struct rtr_conn *c)
{
    enum step step = greet(c);
    struct qs_err err = QS_ERR_INIT;
    char data[CHUNK];
    size_t len;

    if (step != MOVED)
        return step;
    for (int turn = 0; turn < TURNS && !c->session.closing && c->session.out.len < BACKLOG_MAX; turn++) {
        step = take_bytes(c, data, sizeof(data), &len);
        if (step == ENDED)
            return ENDED;
        if (step == WAITS)
            break;
        if (rtr_decoder_feed(&c->decoder, data, len, &err) || run_batch(c) == ENDED)
            return ENDED;
        if (send_out(c) == ENDED)
            return ENDED;
    }
    return send_out(c);
}

/* What to wait for. TLS may hold bytes already read, of which the socket says nothing: then a writable socket is
 * as good a wake-up. */
static uint32_t wanted_events(const struct rtr_conn *c)
{
    bool reads = c->session.out.len < BACKLOG_MAX;
    bool writes = c->session.out.len > 0 || (c->ssl && (SSL_want_write(c->ssl) || (reads && SSL_pending(c->ssl) > 0)));

    return (reads ? EPOLLIN : 0u) | (writes ? EPOLLOUT : 0u);
}

static void on_conn(void *arg, int fd, uint32_t events)
{
    struct rtr_conn *c = arg;
    enum step step = pump(c);

    (void)fd;
    (void)events;
    if (step == ENDED || (c->session.closing && c->session.out.len == 0)) {
        conn_close(c);
        return;
    }
    if (c->session.user && c->login_timer) {
        qs_timer_cancel(c->login_timer);
        c->login_timer = NULL;
    }
    qs_source_events(c->source, wanted_events(c));
}

/* "10.0.0.14:8729" of a socket's end; IPv4 in the mapped form of IPv6 does not occur, because the sockets are apart. */
static void read_end(const struct sockaddr_storage *ss, struct qs_ip *ret, uint16_t *ret_port)
{
    struct sockaddr_in a4;
    struct sockaddr_in6 a6;

    *ret = (struct qs_ip){ .family = ss->ss_family == AF_INET ? 4 : 6 };
    if (ss->ss_family == AF_INET) {
        memcpy(&a4, ss, sizeof(a4));
        memcpy(ret->bytes, &a4.sin_addr, 4);
        *ret_port = ntohs(a4.sin_port);
    } else {
        memcpy(&a6, ss, sizeof(a6));
        memcpy(ret->bytes, &a6.sin6_addr, 16);
        *ret_port = ntohs(a6.sin6_port);
    }
}

static void name_ends(struct rtr_conn *c, const struct sockaddr_storage *peer)
{
    struct sockaddr_storage here = { 0 };
    socklen_t len = sizeof(here);
    char text[QS_IP_TEXT];
    struct qs_ip local;
    uint16_t port;

    read_end(peer, &c->session.peer, &port);
    (void)snprintf(c->session.remote, sizeof(c->session.remote), "%s:%u", qs_ip_text(&c->session.peer, text), port);
    if (getsockname(c->fd, (struct sockaddr *)&here, &len) == 0) {
        read_end(&here, &local, &port);
        (void)qs_ip_text(&local, c->session.local);
    }
}

/* A peer that vanished without a word is noticed as late as on the device: after about nine minutes. */
static void keep_alive(int fd)
{
    int one = 1, idle = 60, interval = 60, count = 8;

    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void conn_open(struct rtr_listener *l, int fd, const struct sockaddr_storage *peer, SSL *ssl)
{
    struct rtr *r = l->r;
    struct rtr_conn *c = qs_xzalloc(sizeof(*c));

    c->fd = fd;
    c->ssl = ssl;
    rtr_decoder_init(&c->decoder);
    rtr_session_open(&c->session, r, l->service);
    name_ends(c, peer);
    keep_alive(fd);
    c->next = r->conns;
    if (c->next)
        c->next->prev = c;
    r->conns = c;
    c->source = qs_loop_watch(r->loop, fd, EPOLLIN, on_conn, c);
    c->login_timer = qs_loop_after(r->loop, LOGIN_MS, on_login_late, c);
}

/* ---- listeners ---- */

static unsigned count_conns(const struct rtr *r, const char *service)
{
    unsigned n = 0;

    for (const struct rtr_conn *c = r->conns; c; c = c->next)
        n += qs_streq(c->session.service, service);
    return n;
}

static bool is_admitted(const struct rtr_listener *l, const struct sockaddr_storage *peer)
{
    const struct rtr_row *row = rtr_store_by(&l->r->store, RTR_SERVICE, "name", l->service);
    uint32_t sessions = CONNS_MAX;
    struct qs_ip ip;
    uint16_t port;

    read_end(peer, &ip, &port);
    return row && rtr_admits(rtr_value(row, "address"), &ip) &&
           qs_parse_u32(rtr_value(row, "max-sessions"), 0, UINT32_MAX, &sessions) &&
           count_conns(l->r, l->service) < (sessions < CONNS_MAX ? sessions : CONNS_MAX);
}

/* Without a certificate the device would offer anonymous TLS; this one does not, so the handshake cannot succeed. */
static SSL *new_tls(const struct rtr_listener *l, int fd)
{
    const struct rtr_row *row = rtr_store_by(&l->r->store, RTR_SERVICE, "name", l->service);
    SSL *ssl;

    if (!row || !l->r->tls || !rtr_is(row, "certificate", "router"))
        return NULL;
    ssl = SSL_new(l->r->tls);
    if (!ssl || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}

static void on_listener(void *arg, int fd, uint32_t events)
{
    struct rtr_listener *l = arg;
    struct sockaddr_storage peer = { 0 };
    socklen_t len = sizeof(peer);
    qs_auto(fd) int conn = accept4(fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    bool secure = qs_streq(l->service, "api-ssl");
    SSL *ssl = NULL;

    (void)events;
    if (conn < 0 || !is_admitted(l, &peer))
        return;
    if (secure && !(ssl = new_tls(l, conn)))
        return;
    conn_open(l, qs_take_fd(&conn), &peer, ssl);
}

static void listener_close(struct rtr_listener *l)
{
    for (size_t i = 0; i < QS_COUNT(l->fds); i++) {
        qs_source_remove(l->sources[i]);
        l->sources[i] = NULL;
        qs_fd_close(l->fds[i]);
        l->fds[i] = -1;
    }
    l->port = 0;
}

static enum qs_code listener_open(struct rtr_listener *l, uint16_t port, struct qs_err *err)
{
    static const char *const hosts[] = { "0.0.0.0", "::" };

    listener_close(l);
    for (size_t i = 0; i < QS_COUNT(hosts); i++) {
        if (qs_net_listen_tcp(hosts[i], port, &l->fds[i], err)) {
            if (i == 1 && err->sys == EAFNOSUPPORT) {
                *err = QS_ERR_INIT; /* a kernel without IPv6 */
                break;
            }
            listener_close(l);
            return qs_err_wrap(err, "service %s", l->service);
        }
        l->sources[i] = qs_loop_watch(l->r->loop, l->fds[i], EPOLLIN, on_listener, l);
    }
    l->port = port;
    return QS_OK;
}

enum { SERVICES = 2 };

static void make_listeners(struct rtr *r)
{
    static const char *const services[SERVICES] = { "api", "api-ssl" };

    r->listeners = qs_xzalloc(SERVICES * sizeof(*r->listeners));
    for (size_t i = 0; i < SERVICES; i++)
        r->listeners[i] = (struct rtr_listener){ .r = r, .service = services[i], .fds = { -1, -1 } };
}

enum qs_code rtr_listen_apply(struct rtr *r, struct qs_err *err)
{
    if (!r->listeners)
        make_listeners(r);
    for (size_t i = 0; i < SERVICES; i++) {
        struct rtr_listener *l = &r->listeners[i];
        const struct rtr_row *row = rtr_store_by(&r->store, RTR_SERVICE, "name", l->service);
        uint32_t port = 0;

        if (!row || rtr_is(row, "disabled", "true") || !qs_parse_u32(rtr_value(row, "port"), 1, 65535, &port))
            listener_close(l);
        else if (l->port != port && listener_open(l, (uint16_t)port, err))
            return err->code;
    }
    return QS_OK;
}

void rtr_listen_close(struct rtr *r)
{
    while (r->conns)
        conn_close(r->conns);
    for (size_t i = 0; r->listeners && i < SERVICES; i++)
        listener_close(&r->listeners[i]);
    free(r->listeners);
    r->listeners = NULL;
}
