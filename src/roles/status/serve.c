#include "roles/status/serve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/id.h"
#include "base/str.h"
#include "roles/status/assets.h"
#include "text/json.h"

#define DOCUMENT_MAX (32 << 20)
#define STREAMS_MAX 8000
#define STREAM_BACKLOG (256 << 10)
#define HEARTBEAT_MS 15000
#define GZIP_MIN 256 /* smaller replies fit a packet anyway */

static const char json[] = "application/json; charset=utf-8";
static const char html[] = "text/html; charset=utf-8";
static const char metrics[] = "text/plain; version=0.0.4; charset=utf-8";

/* One page or document. Kept until the facts change, and no longer than `fresh_ms` (0: until they change). */
struct route {
    const char *path, *type;
    qs_document_fn *build;
    uint64_t fresh_ms;
    const char *missing; /* what is said when the document is empty */
};
/* clang-format off */
static const struct route routes[] = {
    { "/api/v1/status",        json,    qs_doc_status,      0,     NULL },
    { "/",                     html,    qs_page_panel,      30000, NULL },
    { "/lab",                  html,    qs_page_lab,        30000, NULL },
    { "/adrs",                 html,    qs_page_adrs,       0,     NULL },
    { "/part/groups",          html,    qs_part_groups,     0,     NULL },
    { "/part/components",      html,    qs_part_components, 30000, NULL },
    { "/part/incidents",       html,    qs_part_incidents,  0,     NULL },
    { "/part/changes",         html,    qs_part_changes,    0,     NULL },
    { "/part/rack",            html,    qs_part_rack,       0,     NULL },
    { "/api/v1/components",    json,    qs_doc_components,  30000, NULL },
    { "/api/v1/incidents",     json,    qs_doc_incidents,   0,     NULL },
    { "/api/v1/changes",       json,    qs_doc_changes,     0,     NULL },
    { "/api/v1/history",       json,    qs_doc_history,     0,     "the executor does not answer" },
    { "/api/v1/targets",       json,    qs_doc_targets,     0,     "the executor does not answer" },
    { "/api/v1/adrs",          json,    qs_doc_adrs,        0,     "no decision records are known here" },
    { "/api/v1/lab",           json,    qs_doc_lab,         0,     "no description of the lab is known here" },
    { "/api/v2/summary.json",  json,    qs_doc_summary,     0,     NULL },
    { "/api/v2/status.json",   json,    qs_doc_page_status, 0,     NULL },
    { "/metrics",              metrics, qs_doc_metrics,     1000,  NULL },
};
/* clang-format on */

struct kept {
    struct qs_buf body, gzip;
    char etag[24];
    uint64_t version, made_ms;
};
struct stream {
    struct qs_serve *serve;
    struct qs_http_req *req;
    size_t slot;
};
struct qs_serve {
    struct qs_serve_conf conf;
    struct qs_http_server *http;
    struct qs_limiter *limiter;
    struct kept kept[QS_COUNT(routes)];
    uint64_t version, event_id;
    uint64_t requests[5];
    struct stream **streams;
    struct qs_http_req **readers; /* of streams, side by side for broadcast */
    size_t stream_count;
    struct qs_timer *heartbeat;
};

/* ---- documents that are kept ---- */

static void compress_into(struct qs_buf *out, const char *data, size_t len)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len };
    char *to;

    qs_buf_clear(out);
    if (len < GZIP_MIN || deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return;
    to = qs_buf_reserve(out, deflateBound(&z, len));
    if (to) {
        z.next_out = (Bytef *)to;
        z.avail_out = (uInt)deflateBound(&z, len);
        if (deflate(&z, Z_FINISH) == Z_STREAM_END)
            out->len += z.total_out;
    }
    (void)deflateEnd(&z);
    if (out->len >= len)
        qs_buf_clear(out);
}

static const struct kept *keep(struct qs_serve *s, size_t index)
{
    struct kept *k = &s->kept[index];
    const struct route *r = &routes[index];
    uint64_t now = qs_loop_now(s->conf.loop);
    struct qs_facts facts = { .now_us = qs_now_us(), .requests = s->requests, .streams = (unsigned)s->stream_count };
    char hex[QS_SHA256_TEXT];

    if (k->version == s->version && (!r->fresh_ms || now - k->made_ms < r->fresh_ms))
        return k;
    s->conf.facts(s->conf.arg, &facts);
    qs_buf_clear(&k->body);
    r->build(&facts, &k->body);
    compress_into(&k->gzip, qs_buf_text(&k->body), k->body.len);
    (void)qs_sha256_hex(qs_buf_text(&k->body), k->body.len, hex);
    (void)snprintf(k->etag, sizeof(k->etag), "\"%.16s\"", hex);
    k->version = s->version;
    k->made_ms = now;
    return k;
}

void qs_serve_touch(struct qs_serve *s)
{
    s->version++;
}

/* ---- replies ---- */

static void count(struct qs_serve *s, int status)
{
    s->requests[status / 100 - 1]++;
}

static void set_common(struct qs_http_req *req)
{
    qs_http_set(req, "Access-Control-Allow-Origin", "*");
    qs_http_set(req, "X-Content-Type-Options", "nosniff");
}

static void set_page_policy(struct qs_http_req *req)
{
    qs_http_set(req, "Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                "base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
    qs_http_set(req, "Referrer-Policy", "no-referrer");
    qs_http_set(req, "X-Frame-Options", "DENY");
}

static void reply_error(struct qs_serve *s, struct qs_http_req *req, int status, const char *code, const char *message)
{
    qs_auto(val) struct qs_val *doc = qs_val_map();
    qs_auto(buf) struct qs_buf out = QS_BUF(4096);
    struct qs_val *error = qs_val_set(doc, "error", qs_val_map());

    qs_val_set_str(error, "code", code);
    qs_val_set_str(error, "message", message);
    qs_json_write(doc, &out);
    count(s, status);
    set_common(req);
    qs_http_reply(req, status, json, qs_buf_text(&out), out.len);
}

/* Whether a list of entity tags names this one; weak comparison (RFC 9110, 13.1.2). */
static bool has_tag(const char *list, const char *etag)
{
    const char *at = list ? strstr(list, etag) : NULL;

    return at || (list && qs_streq(list, "*"));
}

/* Whether the client takes gzip: it is named, and not with a weight of zero ("gzip;q=0", "gzip; q=0.0"). */
static bool takes_gzip(const char *accept)
{
    const char *at = accept ? strstr(accept, "gzip") : NULL;
    size_t zeros;

    if (!at)
        return false;
    at += strlen("gzip");
    at += strspn(at, "; ");
    if (strncmp(at, "q=", 2) != 0)
        return true;
    zeros = strspn(at + 2, "0.");
    return zeros == 0 || (at[2 + zeros] && !strchr(", ;", at[2 + zeros]));
}

struct content {
    const char *type, *etag;
    const void *data, *gzip;
    size_t len, gzip_len;
};

static void reply_content(struct qs_serve *s, struct qs_http_req *req, const struct content *c)
{
    bool gzip = c->gzip_len && takes_gzip(qs_http_header(req, "Accept-Encoding"));

    set_common(req);
    if (c->type == html)
        set_page_policy(req);
    qs_http_set(req, "ETag", "%s", c->etag);
    qs_http_set(req, "Cache-Control", "no-cache");
    qs_http_set(req, "Vary", "Accept-Encoding");
    if (has_tag(qs_http_header(req, "If-None-Match"), c->etag)) {
        count(s, 304);
        qs_http_reply(req, 304, NULL, NULL, 0);
        return;
    }
    count(s, 200);
    if (gzip)
        qs_http_set(req, "Content-Encoding", "gzip");
    qs_http_reply(req, 200, c->type, gzip ? c->gzip : c->data, gzip ? c->gzip_len : c->len);
}

static void reply_route(struct qs_serve *s, struct qs_http_req *req, size_t index)
{
    const struct kept *k = keep(s, index);
    struct content c = { .type = routes[index].type,
                         .etag = k->etag,
                         .data = qs_buf_text(&k->body),
                         .len = k->body.len,
                         .gzip = qs_buf_text(&k->gzip),
                         .gzip_len = k->gzip.len };

    if (k->body.len == 0 && routes[index].missing)
        reply_error(s, req, 503, "unreachable", routes[index].missing);
    else
        reply_content(s, req, &c);
}

static bool reply_asset(struct qs_serve *s, struct qs_http_req *req, const char *path)
{
    const char *name = qs_after(path, "/static/");
    const struct qs_asset *a = name ? qs_asset_find(name) : NULL;
    struct content c;

    if (!a)
        return false;
    c = (struct content){
        .type = a->type, .etag = a->etag, .data = a->data, .len = a->len, .gzip = a->gzip, .gzip_len = a->gzip_len
    };
    reply_content(s, req, &c);
    return true;
}

static void reply_results(struct qs_serve *s, struct qs_http_req *req)
{
    struct qs_facts facts = { .now_us = qs_now_us() };
    qs_auto(val) struct qs_val *doc = qs_val_map();
    qs_auto(buf) struct qs_buf out = QS_BUF(DOCUMENT_MAX);
    const char *given = qs_http_param(req, "kind");
    bool component = qs_streq(given, "component");
    const char *name = qs_http_param(req, "name");

    s->conf.facts(s->conf.arg, &facts);
    if (!name || !facts.history) {
        reply_error(s, req, 400, "invalid", "say which: ?name=NAME, and kind=component where it is one");
        return;
    }
    qs_val_set_str(doc, "format", "qs.results/1");
    qs_val_set_str(doc, "name", name);
    (void)qs_val_set(doc, "results", qs_history_results(facts.history, component ? "component" : "signal", name));
    qs_json_write(doc, &out);
    count(s, 200);
    set_common(req);
    qs_http_reply(req, 200, json, qs_buf_text(&out), out.len);
}

/* ---- events ---- */

static void on_gone(void *arg)
{
    struct stream *st = arg;
    struct qs_serve *s = st->serve;
    size_t last = --s->stream_count;

    s->streams[st->slot] = s->streams[last];
    s->readers[st->slot] = s->readers[last];
    s->streams[st->slot]->slot = st->slot;
    free(st);
}

static void start_stream(struct qs_serve *s, struct qs_http_req *req)
{
    static const char hello[] = "retry: 2000\nevent: hello\ndata: {}\n\n";
    struct stream *st;

    if (s->stream_count >= STREAMS_MAX) {
        reply_error(s, req, 503, "limit", "too many readers of events");
        return;
    }
    st = qs_xzalloc(sizeof(*st));
    *st = (struct stream){ .serve = s, .req = req, .slot = s->stream_count };
    if ((s->stream_count & (s->stream_count - 1)) == 0) {
        size_t room = s->stream_count ? 2 * s->stream_count : 1;

        s->streams = qs_xgrow(s->streams, s->stream_count, room, sizeof(*s->streams));
        s->readers = qs_xgrow(s->readers, s->stream_count, room, sizeof(*s->readers));
    }
    s->streams[st->slot] = st;
    s->readers[st->slot] = req;
    s->stream_count++;
    count(s, 200);
    set_common(req);
    qs_http_set(req, "Cache-Control", "no-store");
    qs_http_set(req, "X-Accel-Buffering", "no"); /* a proxy that buffers would hold events back */
    qs_http_stream_start(req, 200, "text/event-stream", STREAM_BACKLOG, on_gone, st);
    qs_http_send(req, hello, sizeof(hello) - 1);
}

static void on_heartbeat(void *arg)
{
    struct qs_serve *s = arg;

    s->heartbeat = qs_loop_after(s->conf.loop, HEARTBEAT_MS, on_heartbeat, s);
    qs_http_broadcast(s->readers, s->stream_count, ":\n\n", 3);
}

void qs_serve_change(struct qs_serve *s, size_t row, enum qs_state from)
{
    struct qs_facts facts = { .now_us = qs_now_us() };
    qs_auto(buf) struct qs_buf out = QS_BUF(65536);

    s->version++;
    s->event_id++;
    if (s->stream_count == 0)
        return;
    s->conf.facts(s->conf.arg, &facts);
    qs_doc_event(&facts, row, from, s->event_id, &out);
    qs_http_broadcast(s->readers, s->stream_count, qs_buf_text(&out), out.len);
}

/* ---- who asks ---- */

/* False for a Unix socket, whose peers are this machine's own and are not counted. */
static bool peer_address(const struct qs_http_req *req, struct qs_ip *ret)
{
    const struct sockaddr_storage *peer = qs_http_peer(req);

    *ret = (struct qs_ip){ .family = 0 };
    if (peer->ss_family == AF_INET) {
        ret->family = 4;
        memcpy(ret->bytes, &((const struct sockaddr_in *)peer)->sin_addr, 4);
    } else if (peer->ss_family == AF_INET6) {
        const struct in6_addr *in6 = &((const struct sockaddr_in6 *)peer)->sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(in6);

        ret->family = mapped ? 4 : 6;
        memcpy(ret->bytes, mapped ? &in6->s6_addr[12] : in6->s6_addr, mapped ? 4 : 16);
    }
    return ret->family != 0;
}

/* True when the request may go on; else it was answered with 429. */
static bool admit(struct qs_serve *s, struct qs_http_req *req)
{
    const struct qs_serve_conf *c = &s->conf;
    struct qs_ip ip;
    uint32_t wait;

    if (!peer_address(req, &ip))
        return true;
    if (qs_client_trusted(&ip, c->trusted, c->trusted_count)) {
        struct qs_ip said = qs_client_forwarded(qs_http_header(req, "X-Forwarded-For"),
                                                qs_http_header(req, "Forwarded"), c->trusted, c->trusted_count);

        if (said.family)
            ip = said;
    }
    wait = qs_limiter_take(s->limiter, &ip, qs_loop_now(c->loop));
    if (wait == 0)
        return true;
    qs_http_set(req, "Retry-After", "%u", wait);
    reply_error(s, req, 429, "limit", "too many requests");
    return false;
}

static void on_request(void *arg, struct qs_http_req *req)
{
    struct qs_serve *s = arg;
    const char *path = qs_http_path(req), *method = qs_http_method(req);

    if (qs_streq(path, "/healthz")) {
        qs_http_reply(req, 200, "text/plain; charset=utf-8", "ok\n", 3);
        return;
    }
    if (!admit(s, req))
        return;
    if (qs_streq(method, "OPTIONS")) { /* CORS preflight */
        set_common(req);
        qs_http_set(req, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
        qs_http_set(req, "Access-Control-Allow-Headers", "If-None-Match");
        qs_http_set(req, "Access-Control-Max-Age", "86400");
        count(s, 204);
        qs_http_reply(req, 204, NULL, NULL, 0);
        return;
    }
    if (!qs_streq(method, "GET") && !qs_streq(method, "HEAD")) {
        qs_http_set(req, "Allow", "GET, HEAD, OPTIONS");
        reply_error(s, req, 405, "invalid", "this API is read-only");
        return;
    }
    for (size_t i = 0; i < QS_COUNT(routes); i++) {
        if (qs_streq(routes[i].path, path)) {
            reply_route(s, req, i);
            return;
        }
    }
    if (qs_streq(path, "/api/v1/events") && qs_streq(method, "GET"))
        start_stream(s, req);
    else if (qs_streq(path, "/api/v1/results"))
        reply_results(s, req);
    else if (!reply_asset(s, req, path))
        reply_error(s, req, 404, "not-found", "there is no such page");
}

/* ---- life ---- */

struct qs_serve *qs_serve_new(const struct qs_serve_conf *conf)
{
    struct qs_serve *s = qs_xzalloc(sizeof(*s));

    s->conf = *conf;
    s->version = 1;
    s->limiter = qs_limiter_new(conf->per_second, conf->burst);
    for (size_t i = 0; i < QS_COUNT(routes); i++) {
        s->kept[i].body = QS_BUF(DOCUMENT_MAX);
        s->kept[i].gzip = QS_BUF(DOCUMENT_MAX);
    }
    s->http = qs_http_server_new(conf->loop, NULL, on_request, s);
    s->heartbeat = qs_loop_after(conf->loop, HEARTBEAT_MS, on_heartbeat, s);
    return s;
}

enum qs_code qs_serve_listen(struct qs_serve *s, int fd, struct qs_err *err)
{
    return qs_http_server_listen(s->http, fd, NULL, err);
}

void qs_serve_free(struct qs_serve *s)
{
    if (!s)
        return;
    qs_http_server_free(s->http); /* ends the streams, which leave the list by on_gone() */
    qs_timer_cancel(s->heartbeat);
    for (size_t i = 0; i < QS_COUNT(routes); i++) {
        qs_buf_done(&s->kept[i].body);
        qs_buf_done(&s->kept[i].gzip);
    }
    qs_limiter_free(s->limiter);
    free(s->streams);
    free(s->readers);
    free(s);
}
