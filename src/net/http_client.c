#include "net/http_client.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "net/tls_int.h"

#define CONNECT_MS 5000
#define BODY_MAX (1 << 20)

struct qs_http_client {
    CURL *curl;
    char *base, *unix_path;
    struct curl_slist *authorization; /* the only lasting copy of user and password */
    struct qs_tls_peer peer;
    uint64_t connect_ms, total_ms;
    size_t body_max;
    bool fresh;
    char why[CURL_ERROR_SIZE];
};

/* One exchange. */
struct exchange {
    struct qs_http_client *client;
    struct qs_buf body, line;
    qs_http_line_fn *fn; /* NULL: the body is collected */
    void *arg;
    bool stopped; /* by fn */
    bool too_large;
};

static void init_curl(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        abort();
}

/* ---- life ---- */

static void wipe(char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

static void free_authorization(struct curl_slist *list)
{
    for (struct curl_slist *at = list; at; at = at->next)
        OPENSSL_cleanse(at->data, strlen(at->data));
    curl_slist_free_all(list);
}

static void set_authorization(struct qs_http_client *c, const char *user, const char *password)
{
    char *plain = qs_xasprintf("%s:%s", user, password ? password : "");
    size_t len = strlen(plain);
    char *coded = qs_xzalloc(4 * ((len + 2) / 3) + 1);

    (void)EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)plain, (int)len);
    char *line = qs_xasprintf("Authorization: Basic %s", coded);
    c->authorization = curl_slist_append(NULL, line);
    if (!c->authorization)
        abort();
    wipe(plain);
    wipe(coded);
    wipe(line);
}

enum qs_code qs_http_client_new(const struct qs_http_client_conf *conf, struct qs_http_client **ret, struct qs_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    qs_auto(http_client) struct qs_http_client *c = qs_xzalloc(sizeof(*c));

    (void)pthread_once(&once, init_curl);
    if (strncmp(conf->base, "http://", 7) != 0 && strncmp(conf->base, "https://", 8) != 0)
        return qs_err_set(err, QS_INVALID, 0, "'%s' is not an http or https address", conf->base);
    if (conf->pin && qs_tls_set_pin(&c->peer, conf->pin, err))
        return err->code;
    if (conf->user && strlen(conf->user) + strlen(conf->password ? conf->password : "") > 4096)
        return qs_err_set(err, QS_LIMIT, 0, "user and password are longer than 4096 bytes");
    c->curl = curl_easy_init();
    if (!c->curl)
        abort();
    c->base = qs_xstrdup(conf->base);
    c->unix_path = conf->unix_path ? qs_xstrdup(conf->unix_path) : NULL;
    if (conf->user)
        set_authorization(c, conf->user, conf->password);
    c->peer.days = INT64_MIN;
    c->connect_ms = conf->connect_ms ? conf->connect_ms : CONNECT_MS;
    c->total_ms = conf->total_ms;
    c->body_max = conf->body_max ? conf->body_max : BODY_MAX;
    c->fresh = conf->fresh;
    *ret = qs_take_ptr(c);
    return QS_OK;
}

void qs_http_client_free(struct qs_http_client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->curl);
    free_authorization(c->authorization);
    free(c->base);
    free(c->unix_path);
    free(c);
}

void qs_http_reply_done(struct qs_http_reply *r)
{
    qs_buf_done(&r->body);
}

/* ---- what arrives ---- */

/* Hands over every whole line; false once fn has had enough or a line is too long. */
static bool take_lines(struct exchange *x, const char *data, size_t len)
{
    const char *nl;

    for (; (nl = memchr(data, '\n', len)); len -= (size_t)(nl + 1 - data), data = nl + 1) {
        const char *line = data;
        size_t n = (size_t)(nl - data);

        if (x->line.len > 0) {
            qs_buf_add(&x->line, data, n);
            line = x->line.data;
            n = x->line.len;
        }
        x->too_large = x->line.over;
        x->stopped = !x->too_large && !x->fn(x->arg, line, n);
        if (x->too_large || x->stopped)
            return false;
        qs_buf_clear(&x->line);
    }
    qs_buf_add(&x->line, data, len);
    x->too_large = x->line.over;
    return !x->too_large;
}

static size_t on_data(char *data, size_t one, size_t len, void *arg)
{
    struct exchange *x = arg;
    long status = 0;

    (void)one;
    (void)curl_easy_getinfo(x->client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (x->fn && status >= 200 && status < 300)
        return take_lines(x, data, len) ? len : 0;
    qs_buf_add(&x->body, data, len);
    x->too_large = x->body.over;
    return x->too_large ? 0 : len;
}

static CURLcode on_context(CURL *curl, void *ctx, void *arg)
{
    struct qs_http_client *c = arg;

    (void)curl;
    qs_tls_expect(ctx, &c->peer);
    return CURLE_OK;
}

/* ---- one exchange ---- */

struct request {
    const char *method, *type, *body;
    char *url;
    size_t len;
    struct curl_slist *headers;
};

static void set_connection(struct qs_http_client *c)
{
    bool pinned = *c->peer.pin;

    (void)curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(c->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(c->curl, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->why);
    (void)curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_ms);
    (void)curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)c->total_ms);
    if (c->unix_path)
        (void)curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, c->unix_path);
    if (c->fresh) {
        (void)curl_easy_setopt(c->curl, CURLOPT_FRESH_CONNECT, 1L);
        (void)curl_easy_setopt(c->curl, CURLOPT_FORBID_REUSE, 1L);
    }
    /* A pinned peer is checked by on_context() in the handshake; a resumed session would skip that. */
    (void)curl_easy_setopt(c->curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    (void)curl_easy_setopt(c->curl, CURLOPT_SSL_CTX_FUNCTION, on_context);
    (void)curl_easy_setopt(c->curl, CURLOPT_SSL_CTX_DATA, c);
    (void)curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYPEER, pinned ? 0L : 1L);
    (void)curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYHOST, pinned ? 0L : 2L);
    (void)curl_easy_setopt(c->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static void set_request(struct qs_http_client *c, const struct request *r, struct exchange *x)
{
    bool sends = r->body || strcmp(r->method, "POST") == 0 || strcmp(r->method, "PUT") == 0;

    (void)curl_easy_setopt(c->curl, CURLOPT_URL, r->url);
    if (strcmp(r->method, "HEAD") == 0)
        (void)curl_easy_setopt(c->curl, CURLOPT_NOBODY, 1L);
    else
        (void)curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, r->method);
    if (sends) {
        (void)curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, r->body ? r->body : "");
        (void)curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->len);
    }
    (void)curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, r->headers);
    (void)curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_data);
    (void)curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, x);
}

/* curl writes TLS with write(2): SIGPIPE is held back on this thread alone, and eaten when it came. */
static CURLcode perform(CURL *curl)
{
    static const struct timespec none = { 0 };
    sigset_t pipe, before, pending;

    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    (void)sigpending(&pending);
    (void)pthread_sigmask(SIG_BLOCK, &pipe, &before);
    CURLcode rc = curl_easy_perform(curl);
    if (!sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&pipe, NULL, &none) > 0) {
        }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static const struct {
    CURLcode rc;
    enum qs_code code;
    const char *text;
} failures[] = {
    { CURLE_OPERATION_TIMEDOUT, QS_TIMEOUT, "no answer in time" },
    { CURLE_COULDNT_RESOLVE_HOST, QS_UNREACHABLE, "the name cannot be resolved" },
    { CURLE_COULDNT_CONNECT, QS_UNREACHABLE, "could not connect" },
    { CURLE_GOT_NOTHING, QS_UNREACHABLE, "the peer closed the connection without an answer" },
    { CURLE_SEND_ERROR, QS_UNREACHABLE, "the connection broke while sending" },
    { CURLE_RECV_ERROR, QS_UNREACHABLE, "the connection broke while receiving" },
    { CURLE_PARTIAL_FILE, QS_UNREACHABLE, "the peer closed the connection in the middle of its answer" },
    { CURLE_PEER_FAILED_VERIFICATION, QS_DENIED, "the peer's certificate is not trusted" },
    { CURLE_SSL_CONNECT_ERROR, QS_PROTO, "TLS failed" },
    { CURLE_WEIRD_SERVER_REPLY, QS_PROTO, "the answer is not HTTP" },
    { CURLE_UNSUPPORTED_PROTOCOL, QS_PROTO, "the answer is not HTTP/1" },
    { CURLE_BAD_CONTENT_ENCODING, QS_PROTO, "the answer's encoding is broken" },
    { CURLE_URL_MALFORMAT, QS_INVALID, "the address is not valid" },
};

static enum qs_code failed(const struct qs_http_client *c, CURLcode rc, const struct exchange *x, struct qs_err *err)
{
    const char *why = *c->why ? c->why : curl_easy_strerror(rc);

    if (c->peer.refused)
        return qs_tls_refused(&c->peer, err);
    if (x->too_large)
        return qs_err_set(err, QS_LIMIT, 0, "the answer is larger than %zu bytes", c->body_max);
    if (rc == CURLE_RECV_ERROR && strstr(why, "chunk")) /* curl has one code for both */
        return qs_err_set(err, QS_PROTO, (int)rc, "the answer's chunks are broken: %s", why);
    for (size_t i = 0; i < QS_COUNT(failures); i++)
        if (failures[i].rc == rc)
            return qs_err_set(err, failures[i].code, (int)rc, "%s: %s", failures[i].text, why);
    return qs_err_set(err, QS_PROTO, (int)rc, "the exchange failed: %s", why);
}

static void read_reply(struct qs_http_client *c, struct exchange *x, struct qs_http_reply *ret)
{
    const char *type = NULL, *scheme = NULL;
    curl_off_t us = 0;
    long status = 0;

    (void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(c->curl, CURLINFO_CONTENT_TYPE, &type);
    (void)curl_easy_getinfo(c->curl, CURLINFO_TOTAL_TIME_T, &us);
    (void)curl_easy_getinfo(c->curl, CURLINFO_SCHEME, &scheme);
    *ret = (struct qs_http_reply){ .status = (int)status, .elapsed_us = (uint64_t)us, .body = x->body };
    if (type)
        (void)snprintf(ret->type, sizeof(ret->type), "%.*s", (int)strcspn(type, "; \t"), type);
    ret->cert_days = scheme && strcasecmp(scheme, "https") == 0 ? c->peer.days : INT64_MIN;
    x->body = (struct qs_buf){ 0 };
}

static struct curl_slist *add_header(struct curl_slist *list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(list, text);

    if (!longer)
        abort();
    return longer;
}

/* The headers of one request; the authorization is linked behind them, not copied. */
static struct curl_slist *headers_of(const struct qs_http_client *c, const char *type, struct curl_slist **ret_last)
{
    struct curl_slist *list = add_header(NULL, "Expect:"); /* our servers take or refuse a body at once */

    if (type) {
        qs_auto(str) char *line = qs_xasprintf("Content-Type: %s", type);
        list = add_header(list, line);
    } else {
        list = add_header(list, "Content-Type:");
    }
    struct curl_slist *last = list;
    while (last->next)
        last = last->next;
    last->next = c->authorization;
    *ret_last = last;
    return list;
}

static enum qs_code run(struct qs_http_client *c, struct request *r, struct exchange *x, struct qs_http_reply *ret,
                        struct qs_err *err)
{
    struct curl_slist *last;

    curl_easy_reset(c->curl);
    c->why[0] = '\0';
    c->peer.refused = false;
    r->headers = headers_of(c, r->type, &last);
    set_connection(c);
    set_request(c, r, x);
    CURLcode rc = perform(c->curl);
    last->next = NULL;
    curl_slist_free_all(r->headers);
    if (rc == CURLE_OK && x->fn && x->line.len > 0) /* a last line without newline */
        (void)x->fn(x->arg, x->line.data, x->line.len);
    if (rc != CURLE_OK && !x->stopped)
        return failed(c, rc, x, err);
    read_reply(c, x, ret);
    return QS_OK;
}

enum qs_code qs_http_stream(struct qs_http_client *c, const char *method, const char *path, const char *type,
                            const char *body, size_t len, qs_http_line_fn *fn, void *arg, struct qs_http_reply *ret,
                            struct qs_err *err)
{
    struct exchange x = { .client = c, .body = QS_BUF(c->body_max), .line = QS_BUF(c->body_max), .fn = fn, .arg = arg };
    qs_auto(str) char *url = qs_xasprintf("%s%s", c->base, path);
    struct request r = { .method = method, .type = type, .body = body, .url = url, .len = body ? len : 0 };

    enum qs_code code = path[0] == '/' ? run(c, &r, &x, ret, err)
                                       : qs_err_set(err, QS_INVALID, 0, "the path does not begin with '/'");
    if (code)
        (void)qs_err_wrap(err, "%s %s", method, url);
    qs_buf_done(&x.body);
    qs_buf_done(&x.line);
    return code;
}

enum qs_code qs_http_request(struct qs_http_client *c, const char *method, const char *path, const char *type,
                             const char *body, size_t len, struct qs_http_reply *ret, struct qs_err *err)
{
    return qs_http_stream(c, method, path, type, body, len, NULL, NULL, ret, err);
}
