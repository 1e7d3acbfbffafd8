/* Probes over a connection: tcp, tls, ssh, http, and GETs over the Unix sockets of roles. One state machine, non-blocking. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"
#include "base/id.h"
#include "base/str.h"
#include "roles/status/http_reply.h"
#include "roles/status/probe.h"
#include "roles/status/worker.h"

#define INPUT_MAX (320 << 10)
#define BANNER_MAX 255

struct qs_streams {
    SSL_CTX *any, *verified; /* without and with the system's CAs */
};

enum phase { PHASE_CONNECT, PHASE_TLS, PHASE_SEND, PHASE_RECEIVE };
enum wants { WANT_CONNECTION, WANT_HANDSHAKE, WANT_BANNER, WANT_REPLY };

struct stream {
    struct qs_probe *p;
    enum wants wants;
    enum phase phase;
    int fd;
    struct qs_source *source;
    bool tls, verify;
    char *host; /* for SNI and verification; "" for none */
    uint16_t port;
    SSL *ssl;
    char *request;
    size_t request_len, sent;
    struct qs_buf input;
    struct qs_lookup *lookup;
};

struct qs_streams *qs_streams_new(void)
{
    struct qs_streams *s = qs_xzalloc(sizeof(*s));

    s->any = SSL_CTX_new(TLS_client_method());
    s->verified = SSL_CTX_new(TLS_client_method());
    if (!s->any || !s->verified)
        abort(); /* out of memory */
    (void)SSL_CTX_set_default_verify_paths(s->verified);
    SSL_CTX_set_verify(s->verified, SSL_VERIFY_PEER, NULL);
    return s;
}

void qs_streams_free(struct qs_streams *s)
{
    if (!s)
        return;
    SSL_CTX_free(s->any);
    SSL_CTX_free(s->verified);
    free(s);
}

static void stream_end(struct qs_probe *p)
{
    struct stream *s = p->self;

    qs_lookup_cancel(s->lookup);
    qs_source_remove(s->source);
    SSL_free(s->ssl);
    qs_fd_close(s->fd);
    free(s->host);
    free(s->request);
    qs_buf_done(&s->input);
    free(s);
}

static struct stream *stream_new(struct qs_probe *p, enum wants wants)
{
    struct stream *s = qs_xzalloc(sizeof(*s));

    *s = (struct stream){ .p = p, .wants = wants, .fd = -1, .input = QS_BUF(INPUT_MAX) };
    p->self = s;
    p->end = stream_end;
    return s;
}

/* ---- TLS ---- */

static void tls_failed(struct stream *s)
{
    long verdict = s->ssl ? SSL_get_verify_result(s->ssl) : X509_V_OK;
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    if (s->verify && verdict != X509_V_OK)
        qs_probe_fail(s->p, QS_DENIED, 0, "the certificate is not trusted: %s", X509_verify_cert_error_string(verdict));
    else
        qs_probe_fail(s->p, QS_PROTO, 0, "TLS handshake failed: %s", reason ? reason : "the peer closed");
}

/* Looks at the certificate; false when the check pins another one (the probe has then ended). */
static bool take_certificate(struct stream *s)
{
    X509 *cert = SSL_get1_peer_certificate(s->ssl);
    const char *pin = qs_check_expected(s->p->check, "pin:");
    unsigned char *der = NULL;
    char hex[QS_SHA256_TEXT];
    int days = 0, seconds = 0, len;

    if (!cert)
        return true;
    if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)))
        s->p->result.certificate_ms = ((int64_t)days * 86400 + seconds) * 1000;
    len = i2d_X509(cert, &der);
    X509_free(cert);
    if (len < 0)
        return true;
    (void)qs_sha256_hex(der, (size_t)len, hex);
    OPENSSL_free(der);
    if (!pin || strcasecmp(pin, hex) == 0)
        return true;
    qs_probe_fail(s->p, QS_DENIED, 0, "the certificate is not the pinned one");
    return false;
}

static bool begin_tls(struct stream *s)
{
    const struct qs_streams *ctx = s->p->env->streams;
    struct qs_ip ip;

    s->ssl = SSL_new(s->verify ? ctx->verified : ctx->any);
    if (!s->ssl || !SSL_set_fd(s->ssl, s->fd))
        return false;
    if (s->host[0] && !qs_ip_parse(s->host, &ip)) {
        (void)SSL_set_tlsext_host_name(s->ssl, s->host);
        (void)SSL_set1_host(s->ssl, s->host);
    } else if (s->host[0]) {
        (void)X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s->ssl), s->host);
    }
    s->phase = PHASE_TLS;
    return true;
}

/* What the socket must be ready for before `rc` of an SSL call can go on; 0: it failed. */
static uint32_t tls_waits_for(struct stream *s, int rc)
{
    int why = SSL_get_error(s->ssl, rc);

    return why == SSL_ERROR_WANT_READ ? EPOLLIN : why == SSL_ERROR_WANT_WRITE ? EPOLLOUT : 0;
}

/* ---- the steps; each gives false when the probe has ended or waits ---- */

static bool wait_for(struct stream *s, uint32_t events)
{
    qs_source_events(s->source, events);
    return false;
}

static bool after_connect(struct stream *s)
{
    if (s->wants == WANT_CONNECTION) {
        qs_probe_finish(s->p);
        return false;
    }
    if (s->tls) {
        if (begin_tls(s))
            return true;
        tls_failed(s);
        return false;
    }
    s->phase = s->request ? PHASE_SEND : PHASE_RECEIVE;
    return true;
}

static bool step_connect(struct stream *s)
{
    int why = 0;
    socklen_t len = sizeof(why);

    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &why, &len) || why) {
        qs_probe_fail(s->p, QS_UNREACHABLE, why ? why : errno, "could not connect");
        return false;
    }
    s->p->result.connected = true;
    return after_connect(s);
}

static bool step_tls(struct stream *s)
{
    int rc = SSL_connect(s->ssl);
    uint32_t events;

    if (rc != 1) {
        events = tls_waits_for(s, rc);
        if (events)
            return wait_for(s, events);
        tls_failed(s);
        return false;
    }
    if (!take_certificate(s))
        return false;
    if (s->wants == WANT_HANDSHAKE) {
        qs_probe_finish(s->p);
        return false;
    }
    s->phase = PHASE_SEND;
    return true;
}

static bool step_send(struct stream *s)
{
    const char *from = s->request + s->sent;
    size_t left = s->request_len - s->sent;
    ssize_t n;

    if (s->ssl) {
        n = SSL_write(s->ssl, from, (int)left);
        if (n <= 0 && tls_waits_for(s, (int)n))
            return wait_for(s, tls_waits_for(s, (int)n));
    } else {
        n = send(s->fd, from, left, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return wait_for(s, EPOLLOUT);
    }
    if (n <= 0) {
        qs_probe_fail(s->p, QS_UNREACHABLE, s->ssl ? 0 : errno, "the peer closed before it took the request");
        return false;
    }
    s->sent += (size_t)n;
    if (s->sent == s->request_len)
        s->phase = PHASE_RECEIVE;
    return true;
}

static void take_reply(struct stream *s, bool ended)
{
    struct qs_http_answer answer = { .body = s->p->result.body };
    const char *why = NULL;
    enum qs_reply_state state = qs_http_reply_read(qs_buf_text(&s->input), s->input.len, ended, &answer, &why);

    s->p->result.body = answer.body; /* grown in place of the old one */
    if (state == QS_REPLY_MORE) {
        (void)wait_for(s, EPOLLIN);
        return;
    }
    s->p->result.status = answer.status;
    if (state == QS_REPLY_BAD)
        qs_probe_fail(s->p, QS_PROTO, 0, "%s", why);
    else if (s->p->result.body.over)
        qs_probe_fail(s->p, QS_LIMIT, 0, "the reply is too long");
    else
        qs_probe_finish(s->p);
}

static void take_banner(struct stream *s, bool ended)
{
    const char *text = qs_buf_text(&s->input);
    size_t line = strcspn(text, "\r\n");

    if (!text[line] && !ended && s->input.len < BANNER_MAX) {
        (void)wait_for(s, EPOLLIN);
        return;
    }
    qs_buf_add(&s->p->result.body, text, line);
    if (line == 0)
        qs_probe_fail(s->p, QS_PROTO, 0, "the peer closed without a greeting");
    else
        qs_probe_finish(s->p);
}

static bool step_receive(struct stream *s)
{
    char piece[16384];
    bool ended = false;

    for (;;) {
        ssize_t n = s->ssl ? SSL_read(s->ssl, piece, sizeof(piece)) : recv(s->fd, piece, sizeof(piece), 0);

        if (n > 0) {
            qs_buf_add(&s->input, piece, (size_t)n);
            if (!s->input.over)
                continue;
            qs_probe_fail(s->p, QS_LIMIT, 0, "the reply is too long");
            return false;
        }
        if (s->ssl ? tls_waits_for(s, (int)n) != 0 : n < 0 && errno == EAGAIN)
            break;
        ended = true; /* closed or reset: what came must do */
        break;
    }
    if (s->wants == WANT_BANNER)
        take_banner(s, ended);
    else
        take_reply(s, ended);
    return false;
}

static void on_socket(void *arg, int fd, uint32_t events)
{
    static bool (*const steps[])(struct stream *) = {
        [PHASE_CONNECT] = step_connect,
        [PHASE_TLS] = step_tls,
        [PHASE_SEND] = step_send,
        [PHASE_RECEIVE] = step_receive,
    };
    struct stream *s = arg;

    (void)fd;
    (void)events;
    while (steps[s->phase](s))
        ;
}

/* ---- where to ---- */

static void connect_to(struct stream *s, const struct sockaddr *to, socklen_t len)
{
    s->fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) {
        qs_probe_fail(s->p, QS_IO, errno, "could not open a socket");
        return;
    }
    if (connect(s->fd, to, len) && errno != EINPROGRESS) {
        qs_probe_fail(s->p, QS_UNREACHABLE, errno, "could not connect");
        return;
    }
    s->phase = PHASE_CONNECT;
    s->source = qs_loop_watch(s->p->env->loop, s->fd, EPOLLOUT, on_socket, s);
}

static void connect_ip(struct stream *s, const struct qs_ip *ip)
{
    struct sockaddr_storage to;
    socklen_t len = qs_ip_sockaddr(ip, s->port, &to);

    (void)qs_ip_text(ip, s->p->result.ip);
    connect_to(s, (const struct sockaddr *)&to, len);
}

static void on_looked_up(void *arg, const struct qs_ip *ip, const char *why)
{
    struct stream *s = arg;

    s->lookup = NULL;
    if (ip)
        connect_ip(s, ip);
    else
        qs_probe_fail(s->p, QS_UNREACHABLE, 0, "could not find the address of a name: %s", why);
}

/* An address is used as it is, a name is looked up by the worker. */
static void connect_host(struct stream *s, const char *host)
{
    struct qs_ip ip;

    if (qs_ip_parse(host, &ip))
        connect_ip(s, &ip);
    else
        s->lookup = qs_lookup_start(s->p->env->worker, host, on_looked_up, s);
}

/* The check's address, else its target, in which "host:port" is allowed. */
static void connect_check(struct stream *s)
{
    const struct qs_status_check *c = s->p->check;
    const char *colon = c->address[0] ? NULL : strrchr(c->target, ':');
    qs_auto(str) char *host = NULL;
    uint32_t port;

    s->port = c->port;
    if (colon && strchr(c->target, ':') == colon && qs_parse_u32(colon + 1, 1, 65535, &port)) {
        host = qs_xstrndup(c->target, (size_t)(colon - c->target));
        s->port = (uint16_t)port;
    } else {
        host = qs_xstrdup(c->address[0] ? c->address : c->target);
    }
    if (!s->host)
        s->host = qs_xstrdup(c->address[0] ? "" : host);
    if (s->port)
        connect_host(s, host);
    else
        qs_probe_fail(s->p, QS_INVALID, 0, "the check names no port");
}

void qs_probe_tcp(struct qs_probe *p)
{
    connect_check(stream_new(p, WANT_CONNECTION));
}

void qs_probe_ssh(struct qs_probe *p)
{
    connect_check(stream_new(p, WANT_BANNER));
}

void qs_probe_tls(struct qs_probe *p)
{
    struct stream *s = stream_new(p, WANT_HANDSHAKE);

    s->tls = true;
    connect_check(s);
}

/* ---- HTTP ---- */

struct url {
    bool tls;
    char host[256], path[2048];
    uint16_t port;
};

static bool read_authority(const char *text, size_t len, struct url *u)
{
    const char *colon = NULL, *host = text;
    size_t host_len = len;
    uint32_t port;

    if (len && text[0] == '[') { /* an IPv6 address */
        const char *end = memchr(text, ']', len);

        if (!end)
            return false;
        host = text + 1;
        host_len = (size_t)(end - host);
        colon = end + 1 < text + len ? end + 1 : NULL;
        if (colon && *colon != ':')
            return false;
    } else if ((colon = memchr(text, ':', len)) != NULL) {
        host_len = (size_t)(colon - text);
    }
    if (host_len == 0 || host_len >= sizeof(u->host))
        return false;
    memcpy(u->host, host, host_len);
    u->host[host_len] = '\0';
    if (colon) {
        qs_auto(str) char *digits = qs_xstrndup(colon + 1, (size_t)(text + len - colon - 1));

        if (!qs_parse_u32(digits, 1, 65535, &port))
            return false;
        u->port = (uint16_t)port;
    }
    return true;
}

static bool read_url(const char *text, struct url *u)
{
    const char *rest = qs_after(text, "https://");
    size_t len;

    *u = (struct url){ .tls = rest != NULL, .port = rest ? 443 : 80 };
    if (!rest)
        rest = qs_after(text, "http://");
    if (!rest)
        return false;
    len = strcspn(rest, "/?#");
    for (const char *c = rest; *c; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7f)
            return false;
    if (!read_authority(rest, len, u) || strlen(rest + len) + 2 > sizeof(u->path))
        return false;
    (void)snprintf(u->path, sizeof(u->path), "%s%.*s", rest[len] == '/' ? "" : "/", (int)strcspn(rest + len, "#"),
                   rest + len);
    return true;
}

enum qs_code qs_probe_http_valid(const struct qs_status_check *c, struct qs_err *err)
{
    struct url u;

    if (read_url(c->target, &u))
        return QS_OK;
    return qs_err_set(err, QS_INVALID, 0, "target '%.100s' is not an http:// or https:// URL", c->target);
}

static void ask(struct stream *s, const char *host, const char *path)
{
    s->request = qs_xasprintf("GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: qs-status/" QS_VERSION "\r\n"
                              "Accept: */*\r\nConnection: close\r\n\r\n",
                              path, host);
    s->request_len = strlen(s->request);
}

void qs_probe_http(struct qs_probe *p)
{
    struct stream *s = stream_new(p, WANT_REPLY);
    const struct qs_status_check *c = p->check;
    struct url u;

    if (!read_url(c->target, &u)) {
        qs_probe_fail(p, QS_INVALID, 0, "target is not a URL");
        return;
    }
    s->tls = u.tls;
    s->verify = u.tls && !qs_check_expects(c, "insecure") && !qs_check_expected(c, "pin:");
    s->host = qs_xstrdup(u.host);
    s->port = c->port ? c->port : u.port;
    qs_auto(str) char *host = qs_xasprintf(strchr(u.host, ':') ? "[%s]:%u" : "%s:%u", u.host, u.port);
    ask(s, host, u.path);
    connect_host(s, c->address[0] ? c->address : u.host);
}

void qs_probe_unix_get(struct qs_probe *p, const char *path, const char *what)
{
    struct stream *s = stream_new(p, WANT_REPLY);
    struct sockaddr_un to = { .sun_family = AF_UNIX };

    s->host = qs_xstrdup("");
    if (strlen(path) >= sizeof(to.sun_path)) {
        qs_probe_fail(p, QS_LIMIT, 0, "the path of the socket is too long");
        return;
    }
    memcpy(to.sun_path, path, strlen(path) + 1);
    ask(s, "localhost", what);
    connect_to(s, (const struct sockaddr *)&to, sizeof(to));
}
