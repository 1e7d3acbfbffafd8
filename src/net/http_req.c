/* The handler's side of a request: what was asked, and the reply. */
#include <assert.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "net/http_int.h"
#include "text/json.h"

#define SET_MAX 16384 /* header lines that a handler adds */

struct qs_http_req *qs_req_new(struct qs_http_conn *c, const char *head, size_t len)
{
    struct qs_http_req *r = qs_xzalloc(sizeof(*r) + len);

    r->conn = c;
    r->body = QS_BUF(c->server->limits.body_max);
    r->set = QS_BUF(SET_MAX);
    memcpy(r->text, head, len);
    return r;
}

void qs_req_free(struct qs_http_req *r)
{
    qs_buf_done(&r->body);
    qs_buf_done(&r->set);
    free(r->param);
    free(r);
}

/* ---- what was asked ---- */

const char *qs_http_method(const struct qs_http_req *r)
{
    return r->head.method;
}

const char *qs_http_path(const struct qs_http_req *r)
{
    return r->head.path;
}

const char *qs_http_query(const struct qs_http_req *r)
{
    return r->head.query;
}

const char *qs_http_header(const struct qs_http_req *r, const char *name)
{
    return qs_http_head_field(&r->head, name);
}

const char *qs_http_body(const struct qs_http_req *r, size_t *ret_len)
{
    if (ret_len)
        *ret_len = r->body.len;
    return qs_buf_text(&r->body);
}

const char *qs_http_param(struct qs_http_req *r, const char *name)
{
    for (const char *at = r->head.query, *end; *at; at = *end ? end + 1 : end) {
        end = at + strcspn(at, "&");
        const char *value = at + strcspn(at, "=&");
        char *copy = r->param = qs_xgrow(r->param, 0, (size_t)(end - at) + 1, 1);

        if (!qs_http_unescape(copy, at, (size_t)(value - at), true) || strcmp(copy, name) != 0)
            continue;
        if (value < end)
            value++;
        return qs_http_unescape(copy, value, (size_t)(end - value), true) ? copy : NULL;
    }
    return NULL;
}

const struct sockaddr_storage *qs_http_peer(const struct qs_http_req *r)
{
    static const struct sockaddr_storage unknown = { .ss_family = AF_UNSPEC };

    if (!r->conn)
        return &unknown;
    struct sockaddr_storage *peer = &r->conn->server->peer;
    memset(peer, 0, sizeof(*peer));
    memcpy(peer, &r->conn->peer, sizeof(r->conn->peer));
    return peer;
}

/* ---- the head of a reply ---- */

static const struct {
    int status;
    const char *text;
} reasons[] = {
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 422, "Unprocessable Content" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
};

static const char *reason_of(int status)
{
    for (size_t i = 0; i < QS_COUNT(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "";
}

/* Formatting with printf would be a tenth of what a small reply costs. */
static void put_number(struct qs_buf *out, uint64_t n)
{
    char digits[24], *at = digits + sizeof(digits);

    do
        *--at = (char)('0' + n % 10);
    while (n /= 10);
    qs_buf_add(out, at, (size_t)(digits + sizeof(digits) - at));
}

static const char *date_text(struct qs_http_server *s)
{
    time_t now = time(NULL);
    struct tm tm;

    if (s->date_s != now) {
        (void)gmtime_r(&now, &tm);
        (void)strftime(s->date, sizeof(s->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        s->date_s = now;
    }
    return s->date;
}

static void put_status(struct qs_http_conn *c, int status)
{
    struct qs_buf *out = qs_conn_out(c);

    qs_buf_puts(out, "HTTP/1.1 ");
    put_number(out, (uint64_t)status);
    qs_buf_putc(out, ' ');
    qs_buf_puts(out, reason_of(status));
    qs_buf_puts(out, "\r\nDate: ");
    qs_buf_puts(out, date_text(c->server));
}

/* Everything up to where the framing is said. */
static struct qs_buf *put_head(struct qs_http_req *r, int status, const char *type)
{
    struct qs_http_conn *c = r->conn;
    struct qs_buf *out = qs_conn_out(c);

    put_status(c, status);
    if (type) {
        qs_buf_puts(out, "\r\nContent-Type: ");
        qs_buf_puts(out, type);
    }
    if (!r->head.keep)
        qs_buf_puts(out, "\r\nConnection: close");
    else if (r->head.minor == 0)
        qs_buf_puts(out, "\r\nConnection: keep-alive");
    qs_buf_puts(out, "\r\n");
    qs_buf_add(out, qs_buf_text(&r->set), r->set.len);
    return out;
}

void qs_http_set(struct qs_http_req *r, const char *name, const char *fmt, ...)
{
    qs_auto(buf) struct qs_buf line = QS_BUF(SET_MAX);
    va_list ap;

    qs_buf_printf(&line, "%s: ", name);
    va_start(ap, fmt);
    qs_buf_vprintf(&line, fmt, ap);
    va_end(ap);
    for (size_t i = 0; i < line.len; i++) /* a value cannot begin another header */
        if ((unsigned char)line.data[i] < 0x20 && line.data[i] != '\t')
            line.data[i] = ' ';
    qs_buf_puts(&line, "\r\n");
    if (!line.over && line.len <= SET_MAX - r->set.len) /* whole or not at all */
        qs_buf_add(&r->set, line.data, line.len);
}

/* ---- replies ---- */

/* The connection that a request can be answered on; NULL when the peer left, and then the request, which its
 * holder ends with this call, is freed. */
static struct qs_http_conn *answerable(struct qs_http_req *r)
{
    struct qs_http_conn *c = r->conn;

    if (c && c->phase != QS_CONN_DEAD)
        return c;
    if (c)
        c->req = NULL;
    qs_req_free(r);
    return NULL;
}

static void finish(struct qs_http_conn *c)
{
    struct qs_http_req *r = qs_take_ptr(c->req);

    if (!r->head.keep)
        c->closing = true;
    qs_req_free(r);
    c->phase = QS_CONN_IDLE;
    if (!c->busy)
        qs_conn_settle(c);
}

void qs_http_reply(struct qs_http_req *r, int status, const char *type, const void *body, size_t len)
{
    struct qs_http_conn *c = answerable(r);
    bool bodiless = status == 204 || status == 304;

    if (!c)
        return;
    struct qs_buf *out = put_head(r, status, bodiless ? NULL : type);
    if (!bodiless) {
        qs_buf_puts(out, "Content-Length: ");
        put_number(out, len);
        qs_buf_puts(out, "\r\n");
    }
    qs_buf_puts(out, "\r\n");
    if (!bodiless && !r->head_only)
        qs_buf_add(out, body, len);
    finish(c);
}

static void put_error(struct qs_buf *body, const char *code, const char *message, const char *hint)
{
    qs_buf_puts(body, "{\"error\":{\"code\":");
    qs_json_quote(code, body);
    qs_buf_puts(body, ",\"message\":");
    qs_json_quote(message, body);
    qs_buf_puts(body, ",\"hint\":");
    qs_json_quote(hint, body);
    qs_buf_puts(body, "}}\n");
}

void qs_http_reply_err(struct qs_http_req *r, const struct qs_err *err)
{
    static const int status_of[QS_CODE_MAX_] = {
        [QS_OK] = 500,    [QS_INVALID] = 400,     [QS_NOTFOUND] = 404,    [QS_DENIED] = 403, [QS_CONFLICT] = 409,
        [QS_LIMIT] = 413, [QS_TIMEOUT] = 504,     [QS_UNREACHABLE] = 502, [QS_PROTO] = 502,  [QS_REFUSED] = 502,
        [QS_IO] = 500,    [QS_UNSUPPORTED] = 501, [QS_INTERNAL] = 500,
    };
    qs_auto(buf) struct qs_buf body = QS_BUF(8192);
    char text[sizeof(err->ctx) + sizeof(err->msg) + 2];

    put_error(&body, qs_code_text(err->code), qs_err_text(err, text, sizeof(text)), err->hint);
    qs_http_reply(r, status_of[err->code], "application/json", qs_buf_text(&body), body.len);
}

void qs_req_refuse(struct qs_http_conn *c, const struct qs_http_refusal *no)
{
    struct qs_buf *out = qs_conn_out(c);
    qs_auto(buf) struct qs_buf body = QS_BUF(1024);
    bool silent = c->req && c->req->head_only;

    put_error(&body, no->status == 408 ? "timeout" : "invalid", no->why, "");
    put_status(c, no->status);
    qs_buf_printf(out, "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
                  body.len);
    if (!silent)
        qs_buf_add(out, body.data, body.len);
    if (c->req)
        qs_req_free(qs_take_ptr(c->req));
    c->closing = true;
}

void qs_http_later(struct qs_http_req *r, qs_timer_fn *gone, void *arg)
{
    r->gone = gone;
    r->gone_arg = arg;
    r->state = QS_REQ_KEPT;
}

/* ---- streams ---- */

void qs_http_stream_start(struct qs_http_req *r, int status, const char *type, size_t backlog_max, qs_timer_fn *gone,
                          void *arg)
{
    struct qs_http_conn *c = r->conn;

    r->state = QS_REQ_STREAMING;
    r->gone = gone;
    r->gone_arg = arg;
    r->backlog_max = backlog_max;
    if (!c || c->phase == QS_CONN_DEAD)
        return;
    if (r->head.minor == 0)
        r->head.keep = false; /* HTTP/1.0: the end of the connection is the end of the stream */
    struct qs_buf *out = put_head(r, status, type);
    qs_buf_puts(out, r->head.minor == 0 ? "\r\n" : "Transfer-Encoding: chunked\r\n\r\n");
    c->phase = QS_CONN_STREAM;
    if (!c->busy)
        qs_conn_settle(c);
}

static void put_chunk(struct qs_buf *frame, const void *data, size_t len)
{
    qs_buf_printf(frame, "%zx\r\n", len);
    qs_buf_add(frame, data, len);
    qs_buf_puts(frame, "\r\n");
}

/* `chunk` is `data` in its frame. */
static void deliver(struct qs_http_req *r, const struct qs_buf *chunk, const void *data, size_t len)
{
    struct qs_http_conn *c = r->conn;

    if (!c || c->phase != QS_CONN_STREAM || r->head_only)
        return;
    if (r->head.minor == 0)
        qs_conn_send(c, data, len);
    else
        qs_conn_send(c, chunk->data, chunk->len);
    if (c->phase != QS_CONN_DEAD && qs_conn_pending(c) > r->backlog_max)
        qs_conn_flush(c);
    if (c->phase != QS_CONN_DEAD && qs_conn_pending(c) > r->backlog_max)
        qs_conn_kill(c);
    if (!c->busy)
        qs_conn_settle(c);
}

void qs_http_broadcast(struct qs_http_req *const *reqs, size_t count, const void *data, size_t len)
{
    qs_auto(buf) struct qs_buf chunk = QS_BUF(len + 32);

    if (len == 0) /* an empty chunk would end the stream */
        return;
    put_chunk(&chunk, data, len);
    for (size_t i = 0; i < count; i++)
        deliver(reqs[i], &chunk, data, len);
}

void qs_http_send(struct qs_http_req *r, const void *data, size_t len)
{
    qs_http_broadcast(&r, 1, data, len);
}

void qs_http_end(struct qs_http_req *r)
{
    struct qs_http_conn *c = answerable(r);

    if (!c)
        return;
    assert(c->phase == QS_CONN_STREAM);
    if (r->head.minor == 1 && !r->head_only)
        qs_buf_puts(qs_conn_out(c), "0\r\n\r\n");
    finish(c);
}
