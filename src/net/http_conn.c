#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "net/http_int.h"

#define OUT_MAX (1U << 30)     /* replies are sized by our own handlers: a bug, not a limit */
#define OUT_BATCH (256 * 1024) /* output of pipelined requests that is collected before it is sent */
#define FLUSH_MAX (4 << 20)    /* bytes to one peer before others have their turn */
#define SPARE_MAX (64 * 1024)

enum { AGAIN = -1, BROKEN = -2 };

/* ---- bytes in and out: a count, AGAIN or BROKEN ---- */

static ssize_t tls_result(struct qs_http_conn *c, int n, uint8_t *wants)
{
    switch (SSL_get_error(c->tls, n)) {
    case SSL_ERROR_WANT_READ:
        *wants = EPOLLIN;
        return AGAIN;
    case SSL_ERROR_WANT_WRITE:
        *wants = EPOLLOUT;
        return AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        c->tls_failed = true;
        return BROKEN;
    }
}

static ssize_t plain_result(ssize_t n)
{
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? AGAIN : BROKEN;
}

static ssize_t conn_read(struct qs_http_conn *c, void *data, size_t size)
{
    if (!c->tls)
        return plain_result(recv(c->fd, data, size, 0));
    c->read_wants = EPOLLIN;
    ERR_clear_error();
    int n = SSL_read(c->tls, data, (int)size);
    return n > 0 ? n : tls_result(c, n, &c->read_wants);
}

static ssize_t conn_write(struct qs_http_conn *c, const void *data, size_t len)
{
    if (!c->tls)
        return plain_result(send(c->fd, data, len, MSG_NOSIGNAL));
    c->write_wants = EPOLLOUT;
    ERR_clear_error();
    int n = SSL_write(c->tls, data, len < FLUSH_MAX ? (int)len : FLUSH_MAX);
    return n > 0 ? n : tls_result(c, n, &c->write_wants);
}

/* ---- output ---- */

struct qs_buf *qs_conn_out(struct qs_http_conn *c)
{
    struct qs_http_server *s = c->server;

    if (!c->out.data && s->spare.data) {
        c->out = s->spare;
        s->spare = (struct qs_buf){ 0 };
    }
    c->out.cap = OUT_MAX;
    if (c->sent > c->out.len / 2) { /* what was sent makes room, at most once a doubling */
        qs_buf_consume(&c->out, c->sent);
        c->sent = 0;
    }
    return &c->out;
}

static void release_out(struct qs_http_conn *c)
{
    struct qs_http_server *s = c->server;

    qs_buf_clear(&c->out);
    c->sent = c->batch = 0;
    if (!s->spare.data && c->out.size <= SPARE_MAX)
        s->spare = c->out;
    else
        qs_buf_done(&c->out);
    c->out = (struct qs_buf){ 0 };
}

void qs_conn_flush(struct qs_http_conn *c)
{
    size_t total = 0;

    if (c->out.over) { /* a reply that could not be built: half of it must not look whole */
        qs_conn_kill(c);
        return;
    }
    while (qs_conn_pending(c) > 0 && total < FLUSH_MAX) {
        ssize_t n = conn_write(c, c->out.data + c->sent, qs_conn_pending(c));

        if (n == AGAIN)
            return;
        if (n <= 0) {
            qs_conn_kill(c);
            return;
        }
        c->sent += (size_t)n;
        c->batch -= (size_t)n < c->batch ? (size_t)n : c->batch;
        total += (size_t)n;
    }
    if (qs_conn_pending(c) == 0 && c->out.data)
        release_out(c);
}

void qs_conn_send(struct qs_http_conn *c, const void *data, size_t len)
{
    if (!c->out.data && len > 0) { /* nothing waits: the peer may take it without a copy */
        ssize_t n = conn_write(c, data, len);

        if (n == BROKEN || n == 0) {
            qs_conn_kill(c);
            return;
        }
        if (n > 0) {
            data = (const char *)data + n;
            len -= (size_t)n;
        }
    }
    if (len > 0)
        qs_buf_add(qs_conn_out(c), data, len);
}

/* ---- input ---- */

static void dispatch(struct qs_http_conn *c)
{
    static const struct qs_err silent = { .code = QS_INTERNAL, .msg = "the request was not answered" };
    struct qs_http_req *r = c->req;

    qs_conn_clock(c, QS_CLOCK_NONE);
    c->phase = QS_CONN_SERVE;
    r->state = QS_REQ_ASKED;
    c->server->fn(c->server->arg, r);
    if (c->phase != QS_CONN_DEAD && c->req == r && r->state == QS_REQ_ASKED)
        qs_http_reply_err(r, &silent);
}

static void refuse(struct qs_http_conn *c, const struct qs_http_refusal *no)
{
    c->linger = true;
    qs_req_refuse(c, no);
}

/* Returns how many bytes it took; 0: the head is not whole yet, or was refused. */
static size_t feed_head(struct qs_http_conn *c, const char *data, size_t len)
{
    const struct qs_http_limits *limits = &c->server->limits;
    struct qs_http_refusal no = { 0 };
    size_t end = 0;
    enum qs_http_step step = qs_http_scan_head(&c->scan, data, len, limits->head_max, &end, &no);

    c->phase = QS_CONN_HEAD;
    if (step == QS_HTTP_BAD)
        refuse(c, &no);
    if (step != QS_HTTP_DONE)
        return 0;
    size_t start = c->scan.start;
    struct qs_http_req *r = c->req = qs_req_new(c, data + start, end - start);

    c->scan = (struct qs_http_scan){ 0 };
    bool good = qs_http_parse_head(r->text, end - start, limits->headers_max, &r->head, &no);
    r->head_only = good && strcmp(r->head.method, "HEAD") == 0;
    if (good && r->head.length > limits->body_max) {
        no = (struct qs_http_refusal){ 413, "the body is too large" };
        good = false;
    }
    if (!good) {
        refuse(c, &no);
        return 0;
    }
    if (!r->head.chunked && r->head.length == 0) {
        dispatch(c);
        return end;
    }
    c->phase = QS_CONN_BODY;
    if (r->head.expects && end == len)
        qs_buf_puts(qs_conn_out(c), "HTTP/1.1 100 Continue\r\n\r\n");
    return end;
}

static size_t feed_body(struct qs_http_conn *c, const char *data, size_t len)
{
    struct qs_http_req *r = c->req;
    struct qs_http_refusal no = { 0 };
    size_t used;

    if (r->head.chunked) {
        enum qs_http_step step = qs_http_chunks_feed(&r->chunks, data, len, &r->body, &used, &no);

        if (step == QS_HTTP_BAD)
            refuse(c, &no);
        else if (step == QS_HTTP_DONE)
            dispatch(c);
        return used;
    }
    used = r->head.length - r->body.len < len ? (size_t)(r->head.length - r->body.len) : len;
    qs_buf_add(&r->body, data, used);
    if (r->body.len == r->head.length)
        dispatch(c);
    return used;
}

/* Understands as much as there is; stops at a request that its handler keeps, or when much output waits. */
static size_t feed(struct qs_http_conn *c, const char *data, size_t len)
{
    size_t used = 0, n = 1;

    while (used < len && n > 0 && !c->closing && qs_conn_pending(c) < OUT_BATCH) {
        if (c->phase == QS_CONN_BODY)
            n = feed_body(c, data + used, len - used);
        else if (c->phase == QS_CONN_IDLE || c->phase == QS_CONN_HEAD)
            n = feed_head(c, data + used, len - used);
        else
            break;
        used += n;
    }
    return used;
}

static void feed_kept(struct qs_http_conn *c)
{
    size_t used = feed(c, c->in.data, c->in.len);

    if (c->phase == QS_CONN_DEAD)
        return;
    if (used == c->in.len || c->closing)
        qs_buf_done(&c->in);
    else
        qs_buf_consume(&c->in, used);
}

static void take(struct qs_http_conn *c, const char *data, size_t len)
{
    c->in.cap = QS_HTTP_SCRATCH + c->server->limits.head_max;
    if (c->in.len > 0) {
        qs_buf_add(&c->in, data, len);
        feed_kept(c);
        return;
    }
    size_t used = feed(c, data, len);
    if (c->phase != QS_CONN_DEAD && !c->closing && used < len)
        qs_buf_add(&c->in, data + used, len - used);
}

static bool is_receiving(const struct qs_http_conn *c)
{
    return (c->phase == QS_CONN_IDLE || c->phase == QS_CONN_HEAD || c->phase == QS_CONN_BODY) && !c->closing;
}

static void receive(struct qs_http_conn *c, uint32_t events)
{
    if (c->in.len > 0 && c->phase == QS_CONN_IDLE)
        feed_kept(c); /* requests that waited for the one before them */
    if (!(events & ~(uint32_t)EPOLLOUT) && c->read_wants == EPOLLIN)
        return;
    while (is_receiving(c) && !(c->in.len > 0 && c->phase == QS_CONN_IDLE)) {
        ssize_t n = conn_read(c, c->server->scratch, QS_HTTP_SCRATCH);

        if (n == AGAIN)
            return;
        if (n <= 0) {
            qs_conn_kill(c);
            return;
        }
        take(c, c->server->scratch, (size_t)n);
        if (c->phase == QS_CONN_DEAD || !c->tls || !SSL_has_pending(c->tls))
            return; /* epoll reports what is left in the socket, but not what TLS holds */
    }
}

static void handshake(struct qs_http_conn *c)
{
    ERR_clear_error();
    c->read_wants = EPOLLIN;
    int n = SSL_do_handshake(c->tls);

    if (n == 1)
        c->phase = QS_CONN_IDLE;
    else if (tls_result(c, n, &c->read_wants) != AGAIN)
        qs_conn_kill(c);
}

/* What a refused peer still sends is read: closing over unread bytes would reset the connection, and the
 * refusal could be lost with it. */
static void discard(struct qs_http_conn *c)
{
    ssize_t n = plain_result(recv(c->fd, c->server->scratch, QS_HTTP_SCRATCH, 0));

    if (n == 0 || n == BROKEN)
        qs_conn_kill(c);
}

/* ---- what next ---- */

static void want(struct qs_http_conn *c, uint32_t events)
{
    if (c->events == events)
        return;
    qs_source_events(c->source, events);
    c->events = (uint16_t)events;
}

/* Output waits: until the peer took what waits now, nothing else is done for it. */
static void await_output(struct qs_http_conn *c)
{
    if (c->clock != QS_CLOCK_WRITE || c->batch == 0) {
        c->batch = qs_conn_pending(c);
        qs_conn_clock(c, QS_CLOCK_WRITE);
    }
    want(c, c->write_wants | (c->phase == QS_CONN_STREAM ? (uint32_t)EPOLLRDHUP : 0));
}

static void close_gently(struct qs_http_conn *c)
{
    if (!c->linger) {
        qs_conn_kill(c);
        return;
    }
    if (c->tls && !c->tls_failed)
        (void)SSL_shutdown(c->tls);
    c->tls_failed = true; /* the notice is out */
    (void)shutdown(c->fd, SHUT_WR);
    c->phase = QS_CONN_LINGER;
    qs_conn_clock(c, QS_CLOCK_LINGER);
    want(c, EPOLLIN);
}

void qs_conn_settle(struct qs_http_conn *c)
{
    static const enum qs_conn_clock clocks[] = {
        [QS_CONN_HANDSHAKE] = QS_CLOCK_HEAD, [QS_CONN_IDLE] = QS_CLOCK_IDLE,  [QS_CONN_HEAD] = QS_CLOCK_HEAD,
        [QS_CONN_BODY] = QS_CLOCK_BODY,      [QS_CONN_SERVE] = QS_CLOCK_NONE, [QS_CONN_STREAM] = QS_CLOCK_NONE,
        [QS_CONN_LINGER] = QS_CLOCK_LINGER,
    };

    if (c->phase != QS_CONN_DEAD && c->phase != QS_CONN_LINGER && c->out.data)
        qs_conn_flush(c);
    if (c->phase == QS_CONN_DEAD)
        return;
    if (qs_conn_pending(c) > 0) {
        await_output(c);
        return;
    }
    if (c->closing && c->phase != QS_CONN_LINGER && !c->req) {
        close_gently(c);
        return;
    }
    if (c->clock != clocks[c->phase])
        qs_conn_clock(c, clocks[c->phase]);
    if (c->phase == QS_CONN_SERVE || c->phase == QS_CONN_STREAM)
        want(c, EPOLLRDHUP); /* input waits; only the peer's leaving matters */
    else if (c->phase == QS_CONN_IDLE && c->in.len > 0)
        want(c, EPOLLIN | EPOLLOUT); /* a kept request: come back at once */
    else
        want(c, c->read_wants);
}

void qs_conn_event(void *arg, int fd, uint32_t events)
{
    struct qs_http_conn *c = arg;

    (void)fd;
    c->busy = true;
    if (c->phase == QS_CONN_HANDSHAKE) {
        handshake(c);
    } else if (c->phase == QS_CONN_LINGER) {
        discard(c);
    } else if (c->phase == QS_CONN_SERVE || c->phase == QS_CONN_STREAM) {
        if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
            qs_conn_kill(c);
    } else {
        if (c->out.data)
            qs_conn_flush(c);
        if (c->phase != QS_CONN_DEAD && qs_conn_pending(c) == 0)
            receive(c, events);
    }
    qs_conn_settle(c);
    c->busy = false;
}

void qs_conn_expire(struct qs_http_conn *c)
{
    static const struct qs_http_refusal late = { 408, "the request did not arrive in time" };

    if ((c->clock != QS_CLOCK_HEAD && c->clock != QS_CLOCK_BODY) || c->phase == QS_CONN_HANDSHAKE) {
        qs_conn_kill(c);
        return;
    }
    refuse(c, &late);
    qs_conn_settle(c);
}
