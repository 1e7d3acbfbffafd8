/*
 * net/http_server: a strict HTTP/1.1 server (RFC 9110, RFC 9112) on base/loop, over TCP, TLS or Unix
 * sockets. Used by every role and by the emulators. It refuses instead of guessing: both Content-Length and
 * Transfer-Encoding, repeated or signed lengths, folded or nameless headers, blanks before the colon, bare
 * LF, NUL, no or two Hosts, bad chunks: 400 and close. Each phase (head, body, reply, idle) has an absolute
 * deadline, so dripped bytes do not extend it. An idle connection costs under 300 bytes of memory.
 *
 * Handlers run on the loop's thread and must not block. A handler either replies before it returns, or keeps
 * the request and replies later (qs_http_later), or turns it into a stream (events, NDJSON).
 */
#pragma once

#include <sys/socket.h>

#include "base/buf.h"
#include "base/loop.h"

struct ssl_ctx_st;
struct qs_http_server;
struct qs_http_req;

struct qs_http_limits {   /* zero: the default given here */
    size_t head_max;      /* 8 KiB */
    size_t body_max;      /* 1 MiB */
    unsigned headers_max; /* 64 */
    unsigned conns_max;   /* 10,000 */
    uint64_t head_ms;     /* 10 s from the first byte of a request to the end of its head */
    uint64_t body_ms;     /* 30 s for the body */
    uint64_t write_ms;    /* 30 s to take a reply; a stream's reader must take each batch in that time */
    uint64_t idle_ms;     /* 60 s between requests */
};

typedef void qs_http_handler_fn(void *arg, struct qs_http_req *req);

struct qs_http_server *qs_http_server_new(struct qs_loop *loop, const struct qs_http_limits *limits,
                                          qs_http_handler_fn *fn, void *arg);
/* Serves a bound and listening socket, which now belongs to the server. `tls` NULL: clear text. */
enum qs_code qs_http_server_listen(struct qs_http_server *s, int fd, struct ssl_ctx_st *tls,
                                   struct qs_err *err) QS_MUST_CHECK;
void qs_http_server_free(struct qs_http_server *s); /* accepts NULL; not from a handler */
unsigned qs_http_server_conns(const struct qs_http_server *s);

/* What was asked. Texts live as long as the request. */
const char *qs_http_method(const struct qs_http_req *r);
const char *qs_http_path(const struct qs_http_req *r);  /* decoded, without query; "/" first, no "..", no NUL */
const char *qs_http_query(const struct qs_http_req *r); /* raw, "" when none */
/* The decoded value of a query parameter, or NULL. Valid until the next call. */
const char *qs_http_param(struct qs_http_req *r, const char *name);
const char *qs_http_header(const struct qs_http_req *r, const char *name); /* NULL when absent */
const char *qs_http_body(const struct qs_http_req *r, size_t *ret_len);
/* AF_UNIX for Unix sockets. Valid until the next call. */
const struct sockaddr_storage *qs_http_peer(const struct qs_http_req *r);

/* Adds a header to the reply to come. Control characters become blanks; what would make the added headers longer
 * than 16 KiB is left out. */
void qs_http_set(struct qs_http_req *r, const char *name, const char *fmt, ...) QS_PRINTF(3, 4);
/* Sends the reply and ends the request. `body` is copied. HEAD, 204 and 304 send no body. */
void qs_http_reply(struct qs_http_req *r, int status, const char *type, const void *body, size_t len);
/* {"error":{"code","message","hint"}} with the status that fits err->code. */
void qs_http_reply_err(struct qs_http_req *r, const struct qs_err *err);
/* Keeps the request for a later reply. `gone` runs when the peer leaves first (or the server is freed): the
 * request is freed then and must not be touched. It runs from the loop, never from inside a call of this
 * header. Without `gone` the request stays valid, and must be answered, whether the peer is there or not.
 * A peer that closes only its sending side counts as gone. */
void qs_http_later(struct qs_http_req *r, qs_timer_fn *gone, void *arg);
/* Starts a chunked reply without end; follow with qs_http_send(), end with qs_http_end(). `gone` as above.
 * A reader that falls `backlog_max` bytes behind is dropped. An HTTP/1.0 reader gets the bytes unchunked. */
void qs_http_stream_start(struct qs_http_req *r, int status, const char *type, size_t backlog_max, qs_timer_fn *gone,
                          void *arg);
void qs_http_send(struct qs_http_req *r, const void *data, size_t len);
/* The same bytes to many streams, framed once. */
void qs_http_broadcast(struct qs_http_req *const *reqs, size_t count, const void *data, size_t len);
void qs_http_end(struct qs_http_req *r);

/* Listening sockets. `host` is an address, not a name. `path` replaces a stale socket; CONFLICT when somebody
 * listens there. INVALID, LIMIT (path too long), IO. */
enum qs_code qs_net_listen_tcp(const char *host, uint16_t port, int *ret_fd, struct qs_err *err) QS_MUST_CHECK;
enum qs_code qs_net_listen_unix(const char *path, unsigned mode, int *ret_fd, struct qs_err *err) QS_MUST_CHECK;
