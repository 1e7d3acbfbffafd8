/*
 * net/http_client: one HTTP exchange at a time over libcurl (its only user), blocking, with a deadline.
 * A client keeps its connection between calls. No redirects, no proxies, no environment.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"

struct qs_http_client;
struct qs_http_client_conf {
    const char *base;            /* "https://10.0.0.11:443" or "http://localhost" with `unix_path` */
    const char *unix_path;       /* a Unix socket, or NULL */
    const char *pin;             /* https: hex SHA-256 of the peer's certificate; NULL: the system CAs verify */
    const char *user, *password; /* Basic; NULL for none. Copied, wiped on close. */
    uint64_t connect_ms;         /* 0: 5 s */
    uint64_t total_ms;           /* the whole exchange; 0: no end, for streams */
    size_t body_max;             /* cap of a reply's body, and of a line of a stream; 0: 1 MiB */
    bool fresh;                  /* a new connection for each exchange */
};
struct qs_http_reply {
    int status;
    char type[64]; /* Content-Type without parameters */
    struct qs_buf body;
    uint64_t elapsed_us;
    int64_t cert_days; /* days the peer's certificate is still valid; INT64_MIN when not TLS */
};

enum qs_code qs_http_client_new(const struct qs_http_client_conf *conf, struct qs_http_client **ret,
                                struct qs_err *err) QS_MUST_CHECK;
/* `body` NULL: none. An HTTP status of any kind is QS_OK; the caller reads it. Errors: UNREACHABLE, TIMEOUT,
 * DENIED (certificate: refused in the handshake, before anything of the request is sent), LIMIT, PROTO. */
enum qs_code qs_http_request(struct qs_http_client *c, const char *method, const char *path, const char *type,
                             const char *body, size_t len, struct qs_http_reply *ret, struct qs_err *err) QS_MUST_CHECK;
/* Like qs_http_request, but hands each line of the body (without its newline) to `fn` as it arrives:
 * how the CLI follows an apply. `fn` returns false to stop. ret->body stays empty on a 2xx. */
typedef bool qs_http_line_fn(void *arg, const char *line, size_t len);
enum qs_code qs_http_stream(struct qs_http_client *c, const char *method, const char *path, const char *type,
                            const char *body, size_t len, qs_http_line_fn *fn, void *arg, struct qs_http_reply *ret,
                            struct qs_err *err) QS_MUST_CHECK;
void qs_http_reply_done(struct qs_http_reply *r);
static inline void qs_auto_reply_cb(struct qs_http_reply *r)
{
    qs_http_reply_done(r);
}
void qs_http_client_free(struct qs_http_client *c); /* accepts NULL */
QS_DEFINE_AUTO(http_client, struct qs_http_client *, qs_http_client_free)
