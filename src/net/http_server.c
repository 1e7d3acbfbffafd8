#include "net/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/alloc.h"
#include "net/http_int.h"
#include "net/tls_int.h"

#define ACCEPT_BATCH 64
#define RESUME_MS 100 /* pause after an accept() that cannot succeed now */
#define LINGER_MS 2000

struct qs_http_listener {
    struct qs_http_server *server;
    struct qs_http_listener *next;
    struct qs_source *source;
    SSL_CTX *tls;
    int fd;
};

static size_t size_or(size_t value, size_t fallback)
{
    return value ? value : fallback;
}

struct qs_http_server *qs_http_server_new(struct qs_loop *loop, const struct qs_http_limits *limits,
                                          qs_http_handler_fn *fn, void *arg)
{
    struct qs_http_server *s = qs_xzalloc(sizeof(*s));
    struct qs_http_limits *l = &s->limits;

    if (limits)
        *l = *limits;
    l->head_max = size_or(l->head_max, 8192);
    l->body_max = size_or(l->body_max, 1 << 20);
    l->headers_max = (unsigned)size_or(l->headers_max, 64);
    l->conns_max = (unsigned)size_or(l->conns_max, 10000);
    s->loop = loop;
    s->fn = fn;
    s->arg = arg;
    s->queue[QS_CLOCK_HEAD].ms = size_or(l->head_ms, 10000);
    s->queue[QS_CLOCK_BODY].ms = size_or(l->body_ms, 30000);
    s->queue[QS_CLOCK_WRITE].ms = size_or(l->write_ms, 30000);
    s->queue[QS_CLOCK_IDLE].ms = size_or(l->idle_ms, 60000);
    s->queue[QS_CLOCK_LINGER].ms = LINGER_MS;
    return s;
}

unsigned qs_http_server_conns(const struct qs_http_server *s)
{
    return s->conns;
}

/* ---- deadlines ---- */

static void queue_remove(struct qs_http_conn *c)
{
    struct qs_http_server *s = c->server;

    if (c->prev)
        c->prev->next = c->next;
    else
        s->queue[c->clock].first = c->next;
    if (c->next)
        c->next->prev = c->prev;
    else
        s->queue[c->clock].last = c->prev;
    c->prev = c->next = NULL;
}

static void queue_append(struct qs_http_conn *c, enum qs_conn_clock clock)
{
    struct qs_http_server *s = c->server;

    c->clock = (uint8_t)clock;
    c->prev = s->queue[clock].last;
    if (c->prev)
        c->prev->next = c;
    else
        s->queue[clock].first = c;
    s->queue[clock].last = c;
}

static void sweep(void *arg);

/* The timer may come too early, when its connection has moved on; it is never late. */
static void arm_sweep(struct qs_http_server *s, uint64_t at)
{
    if (s->sweep_timer && s->sweep_at <= at)
        return;
    qs_timer_cancel(s->sweep_timer);
    s->sweep_at = at;
    s->sweep_timer = qs_loop_at(s->loop, at, sweep, s);
}

void qs_conn_clock(struct qs_http_conn *c, enum qs_conn_clock clock)
{
    struct qs_http_server *s = c->server;

    queue_remove(c);
    queue_append(c, clock);
    c->deadline = qs_loop_now(s->loop) + s->queue[clock].ms;
    if (clock != QS_CLOCK_NONE)
        arm_sweep(s, c->deadline);
}

static void sweep(void *arg)
{
    struct qs_http_server *s = arg;
    uint64_t now = qs_loop_now(s->loop);

    s->sweep_timer = NULL;
    for (int clock = QS_CLOCK_NONE + 1; clock < QS_CLOCK_COUNT; clock++) {
        struct qs_http_conn *c;

        while ((c = s->queue[clock].first) && c->deadline <= now)
            qs_conn_expire(c);
        if (c)
            arm_sweep(s, c->deadline);
    }
}

/* ---- the end of a connection ---- */

/* Whoever holds the request is told, or, not wanting to be told, keeps an orphan that it may still end. */
static void release_request(struct qs_http_req *r)
{
    qs_timer_fn *gone = r->gone;
    void *arg = r->gone_arg;

    r->conn = NULL;
    if (r->state >= QS_REQ_KEPT && !gone)
        return;
    qs_req_free(r);
    if (gone)
        gone(arg);
}

static void reap(void *arg)
{
    struct qs_http_server *s = arg;

    s->reap_timer = NULL;
    while (s->dead) {
        struct qs_http_conn *c = s->dead;

        s->dead = c->next;
        if (c->req)
            release_request(c->req);
        free(c);
    }
}

void qs_conn_kill(struct qs_http_conn *c)
{
    struct qs_http_server *s = c->server;

    if (c->phase == QS_CONN_DEAD)
        return;
    qs_source_remove(c->source);
    if (c->tls && !c->tls_failed && c->phase != QS_CONN_HANDSHAKE)
        (void)SSL_shutdown(c->tls); /* a notice; the answer is not awaited */
    SSL_free(c->tls);
    qs_fd_close(c->fd);
    qs_buf_done(&c->in);
    qs_buf_done(&c->out);
    c->sent = 0;
    queue_remove(c);
    c->phase = QS_CONN_DEAD;
    c->next = s->dead;
    s->dead = c;
    s->conns--;
    if (!s->reap_timer)
        s->reap_timer = qs_loop_after(s->loop, 0, reap, s);
}

/* ---- listeners ---- */

static void resume(void *arg)
{
    struct qs_http_server *s = arg;

    s->resume_timer = NULL;
    for (struct qs_http_listener *l = s->listeners; l; l = l->next)
        qs_source_events(l->source, EPOLLIN);
}

static void pause_accepting(struct qs_http_server *s)
{
    for (struct qs_http_listener *l = s->listeners; l; l = l->next)
        qs_source_events(l->source, 0);
    if (!s->resume_timer)
        s->resume_timer = qs_loop_after(s->loop, RESUME_MS, resume, s);
}

static void adopt(struct qs_http_listener *l, int fd, const struct sockaddr_storage *peer)
{
    struct qs_http_server *s = l->server;
    struct qs_http_conn *c = qs_xzalloc(sizeof(*c));

    *c = (struct qs_http_conn){
        .server = s, .fd = fd, .phase = QS_CONN_IDLE, .events = EPOLLIN, .read_wants = EPOLLIN, .write_wants = EPOLLOUT
    };
    memcpy(&c->peer, peer, sizeof(c->peer));
    c->source = qs_loop_watch(s->loop, fd, EPOLLIN, qs_conn_event, c);
    s->conns++;
    if (l->tls) {
        c->tls = qs_tls_session(l->tls, fd);
        SSL_set_accept_state(c->tls);
        c->phase = QS_CONN_HANDSHAKE;
    }
    queue_append(c, QS_CLOCK_NONE);
    qs_conn_clock(c, l->tls ? QS_CLOCK_HEAD : QS_CLOCK_IDLE);
}

/* A full house makes room by closing the connection that has been idle the longest. */
static bool has_room(struct qs_http_server *s)
{
    if (s->conns >= s->limits.conns_max && s->queue[QS_CLOCK_IDLE].first)
        qs_conn_kill(s->queue[QS_CLOCK_IDLE].first);
    return s->conns < s->limits.conns_max;
}

static void on_accept(void *arg, int fd, uint32_t events)
{
    struct qs_http_listener *l = arg;

    (void)events;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        struct sockaddr_storage peer = { 0 };
        socklen_t len = sizeof(peer);

        if (!has_room(l->server)) {
            pause_accepting(l->server);
            return;
        }
        int conn = accept4(fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (conn >= 0) {
            adopt(l, conn, &peer);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(l->server);
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

enum qs_code qs_http_server_listen(struct qs_http_server *s, int fd, struct ssl_ctx_st *tls, struct qs_err *err)
{
    int listening = 0, one = 1, domain = 0;
    socklen_t len = sizeof(listening);

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) || !listening)
        return qs_err_set(err, QS_INVALID, 0, "descriptor %d is not a listening socket", fd);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
        return qs_err_sys(err, QS_IO, errno, "could not prepare the listening socket");
    len = sizeof(domain);
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len))
        return qs_err_sys(err, QS_IO, errno, "could not prepare the listening socket");
    /* accepted sockets inherit it */
    if (domain != AF_UNIX && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
        return qs_err_sys(err, QS_IO, errno, "could not prepare the listening socket");

    struct qs_http_listener *l = qs_xzalloc(sizeof(*l));
    if (tls)
        (void)SSL_CTX_up_ref(tls);
    *l = (struct qs_http_listener){ .server = s, .next = s->listeners, .tls = tls, .fd = fd };
    l->source = qs_loop_watch(s->loop, fd, EPOLLIN, on_accept, l);
    s->listeners = l;
    return QS_OK;
}

void qs_http_server_free(struct qs_http_server *s)
{
    if (!s)
        return;
    while (s->listeners) {
        struct qs_http_listener *l = s->listeners;

        s->listeners = l->next;
        qs_source_remove(l->source);
        qs_fd_close(l->fd);
        SSL_CTX_free(l->tls);
        free(l);
    }
    for (int clock = 0; clock < QS_CLOCK_COUNT; clock++)
        while (s->queue[clock].first)
            qs_conn_kill(s->queue[clock].first);
    qs_timer_cancel(s->reap_timer);
    reap(s);
    qs_timer_cancel(s->sweep_timer);
    qs_timer_cancel(s->resume_timer);
    qs_buf_done(&s->spare);
    free(s);
}
