/*
 * net/http_int: what the files of the HTTP server share. http_server.c owns listeners, connections and their
 * deadlines; http_conn.c moves bytes in and out of one connection; http_req.c is the handler's side.
 *
 * A connection that ends is only marked dead and freed from the loop later, so no function here pulls it from
 * under its caller.
 */
#pragma once

#include <netinet/in.h>

#include "net/http_parse.h"
#include "net/http_server.h"

#define QS_HTTP_SCRATCH 65536 /* bytes read at once */

enum qs_conn_phase {
    QS_CONN_HANDSHAKE, /* TLS */
    QS_CONN_IDLE,      /* no byte of a request yet */
    QS_CONN_HEAD,
    QS_CONN_BODY,
    QS_CONN_SERVE, /* the handler has it */
    QS_CONN_STREAM,
    QS_CONN_LINGER, /* refused: the reply is out, what still comes is thrown away */
    QS_CONN_DEAD,
};

/* What a connection's deadline is for. All of one clock share one duration, so each clock is a queue in the
 * order of its deadlines and needs neither a timer nor a heap slot per connection. */
enum qs_conn_clock {
    QS_CLOCK_NONE,
    QS_CLOCK_HEAD,
    QS_CLOCK_BODY,
    QS_CLOCK_WRITE,
    QS_CLOCK_IDLE,
    QS_CLOCK_LINGER,
    QS_CLOCK_COUNT,
};

struct qs_http_conn {
    struct qs_http_server *server;
    struct qs_source *source;
    struct qs_http_conn *prev, *next; /* in the queue of its clock, or `next` among the dead */
    struct qs_http_req *req;          /* being received or served */
    struct ssl_st *tls;               /* NULL: clear text */
    struct qs_buf in;                 /* input not yet understood; memory only while there is some */
    struct qs_buf out;                /* output not yet taken, from `sent` on; likewise */
    size_t sent;
    size_t batch; /* of what waits in `out`: how much the running deadline is for */
    uint64_t deadline;
    struct qs_http_scan scan;
    int fd;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
    uint16_t events; /* what epoll watches for */
    uint8_t phase, clock;
    uint8_t read_wants, write_wants; /* epoll events: TLS may have to write in order to read */
    bool busy;                       /* its event is being handled, which settles it at the end */
    bool closing;                    /* no further request; closed once `out` is empty */
    bool linger;                     /* close with care, there may be unread input */
    bool tls_failed;                 /* no close notice may be sent */
};

enum qs_req_state { QS_REQ_RECEIVING, QS_REQ_ASKED, QS_REQ_KEPT, QS_REQ_STREAMING };

struct qs_http_req {
    struct qs_http_conn *conn; /* NULL: the peer left and the holder did not want to be told */
    struct qs_http_head head;  /* its texts are in `text` */
    struct qs_http_chunks chunks;
    struct qs_buf body, set; /* `set`: header lines for the reply */
    char *param;
    qs_timer_fn *gone;
    void *gone_arg;
    size_t backlog_max;
    uint8_t state;
    bool head_only; /* HEAD: the reply has no body */
    char text[];
};

struct qs_http_server {
    struct qs_loop *loop;
    struct qs_http_limits limits;
    qs_http_handler_fn *fn;
    void *arg;
    struct qs_http_listener *listeners;
    struct qs_timer *sweep_timer, *reap_timer, *resume_timer;
    uint64_t sweep_at;
    struct {
        struct qs_http_conn *first, *last;
        uint64_t ms;
    } queue[QS_CLOCK_COUNT];
    struct qs_http_conn *dead;
    unsigned conns;
    struct qs_buf spare;          /* one output buffer kept for the next reply */
    struct sockaddr_storage peer; /* qs_http_peer() */
    char date[32];
    int64_t date_s;
    char scratch[QS_HTTP_SCRATCH];
};

/* http_server.c */
void qs_conn_clock(struct qs_http_conn *c, enum qs_conn_clock clock); /* starts that clock anew */
void qs_conn_kill(struct qs_http_conn *c);

/* http_conn.c */
void qs_conn_event(void *arg, int fd, uint32_t events);
/* Sends what can be sent and waits for what the connection's state needs next. */
void qs_conn_settle(struct qs_http_conn *c);
void qs_conn_expire(struct qs_http_conn *c);
/* The buffer to write output into. */
struct qs_buf *qs_conn_out(struct qs_http_conn *c);
/* Hands `data` to the peer, keeping what it does not take now. */
void qs_conn_send(struct qs_http_conn *c, const void *data, size_t len);
/* Sends what waits, as far as the peer takes it. */
void qs_conn_flush(struct qs_http_conn *c);
static inline size_t qs_conn_pending(const struct qs_http_conn *c)
{
    return c->out.len - c->sent;
}

/* http_req.c */
struct qs_http_req *qs_req_new(struct qs_http_conn *c, const char *head, size_t len);
void qs_req_free(struct qs_http_req *r);
/* Replies with a refusal and closes the connection. */
void qs_req_refuse(struct qs_http_conn *c, const struct qs_http_refusal *no);
