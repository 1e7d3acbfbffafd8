/*
 * twin/switch: an emulated Arista EOS switch, role "twin-switch". Started in the switch's own network namespace with
 * the switch's entry of twin/fabric/spec.h and {"state": folder, "tls": {"cert","key"}, "port"} as its configuration.
 * It is configured through eAPI alone: POST /command-api over HTTPS, Basic credentials or the cookie of /login.
 */
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/str.h"
#include "net/http_server.h"
#include "net/tls.h"
#include "os/role.h"
#include "os/sandbox.h"
#include "text/json.h"
#include "twin/switch/auth.h"
#include "twin/switch/eapi.h"
#include "twin/switch/sync.h"

#define BODY_MAX (8u << 20)
#define SERVE_DELAY_MS 100 /* the reply that turns eAPI off still leaves */

struct self {
    struct qs_loop *loop;
    struct qs_sw_platform *platform;
    struct qs_sw_box *box;
    struct qs_sw_auth *auth;
    struct qs_dp *dp;
    struct qs_sync *sync;
    struct qs_http_server *server; /* NULL while eAPI is shut down */
    SSL_CTX *tls;
    struct qs_timer *timer, *serve_timer;
    int state;
    uint16_t port, serving; /* the default one, and the one at which `server` listens */
};

/* --- eAPI's server follows the configuration --- */

static enum qs_code listen_on(struct self *s, const char *host, struct qs_err *err)
{
    int fd = -1;

    if (qs_net_listen_tcp(host, s->serving, &fd, err))
        return err->code;
    return qs_http_server_listen(s->server, fd, s->tls, err);
}

static void handle(void *arg, struct qs_http_req *req);

static enum qs_code serve(struct self *s, struct qs_err *err)
{
    static const struct qs_http_limits limits = { .body_max = BODY_MAX, .conns_max = 256 };
    const struct qs_sw_config *c = s->box->running;
    uint16_t port = !c->api_enabled || !c->api_https ? 0 : c->api_port ? c->api_port : s->port;

    if (s->server && port == s->serving)
        return QS_OK;
    qs_http_server_free(s->server);
    s->server = NULL;
    s->serving = port;
    if (port == 0)
        return QS_OK;
    s->server = qs_http_server_new(s->loop, &limits, handle, s);
    if (listen_on(s, "0.0.0.0", err))
        return err->code;
    if (listen_on(s, "::", err))
        qs_debug("no eAPI over IPv6: %s", err->msg); /* a kernel without IPv6 */
    return QS_OK;
}

static void on_serve_timer(void *arg)
{
    struct self *s = arg;
    struct qs_err err = QS_ERR_INIT;

    s->serve_timer = NULL;
    if (serve(s, &err)) {
        qs_event_err(QS_EV_ROLE_FAILED, &err, "device", s->platform->name, NULL);
        qs_http_server_free(s->server); /* the next change of configuration tries again */
        s->server = NULL;
    }
}

/* --- the box's hooks --- */

static void on_changed(void *arg)
{
    struct self *s = arg;

    qs_sync_run(s->sync, s->box->running);
    if (!s->serve_timer)
        s->serve_timer = qs_loop_after(s->loop, SERVE_DELAY_MS, on_serve_timer, s);
}

static enum qs_code on_save(void *arg, const char *name, const char *text, struct qs_err *err)
{
    const struct self *s = arg;

    return qs_fs_write(s->state, name, text, strlen(text), 0600, err);
}

static enum qs_code on_load(void *arg, const char *name, struct qs_buf *text, struct qs_err *err)
{
    const struct self *s = arg;

    return qs_fs_read(s->state, name, text, err);
}

static bool on_link_up(void *arg, int port)
{
    const struct self *s = arg;

    return qs_sync_link_up(s->sync, port);
}

static void on_counters(void *arg, int port, struct qs_sw_counters *ret)
{
    const struct self *s = arg;

    qs_dp_counters(s->dp, port, ret);
}

static size_t on_macs(void *arg, struct qs_sw_mac *ret, size_t max)
{
    const struct self *s = arg;

    return qs_dp_macs(s->dp, ret, max);
}

/* --- time --- */

static void on_timer(void *arg);

static void arm(struct self *s)
{
    uint64_t at = qs_sw_box_deadline(s->box);

    qs_timer_cancel(s->timer);
    s->timer = at ? qs_loop_at(s->loop, at, on_timer, s) : NULL;
}

static void on_timer(void *arg)
{
    struct self *s = arg;

    s->timer = NULL;
    qs_sw_box_tick(s->box);
    arm(s);
}

/* --- HTTP --- */

static void reply_text(struct qs_http_req *req, int status, const char *text)
{
    qs_http_reply(req, status, "text/plain", text, strlen(text));
}

static void refuse_user(struct qs_http_req *req)
{
    qs_http_set(req, "WWW-Authenticate", "Basic realm=\"COMMAND_API_AUTH\"");
    reply_text(req, 401, "Unauthorized. Unable to authenticate user: Bad username/password combination\n");
}

static void handle_commands(struct self *s, struct qs_http_req *req)
{
    const char *user = qs_sw_auth_check(s->auth, qs_http_header(req, "Authorization"), qs_http_header(req, "Cookie"));
    qs_auto(buf) struct qs_buf reply = QS_BUF(QS_SW_EAPI_REPLY_MAX);
    struct qs_err err = QS_ERR_INIT;
    const char *body;
    size_t len;

    if (!user) {
        refuse_user(req);
        return;
    }
    body = qs_http_body(req, &len);
    qs_sw_box_tick(s->box); /* what ran out is over, even when the loop's timer comes later in this turn */
    qs_sw_eapi_run(s->box, user, body, len, &reply);
    arm(s);
    if (qs_buf_check(&reply, "eAPI reply", &err))
        qs_http_reply_err(req, &err);
    else
        qs_http_reply(req, 200, "application/json", reply.data, reply.len);
}

static void handle_login(struct self *s, struct qs_http_req *req)
{
    qs_auto(val) struct qs_val *v = NULL;
    struct qs_err err = QS_ERR_INIT;
    char cookie[QS_SW_COOKIE_LEN + 1];
    const char *body;
    size_t len;

    body = qs_http_body(req, &len);
    if (qs_json_parse(body, len, &v, &err)) {
        reply_text(req, 400, "Expected a JSON object with username and password\n");
        return;
    }
    if (!qs_sw_auth_login(s->auth, qs_val_get_str(v, "username", ""), qs_val_get_str(v, "password", ""), cookie)) {
        refuse_user(req);
        return;
    }
    qs_http_set(req, "Set-Cookie", "Session=%s; Path=/; Secure; HttpOnly", cookie);
    reply_text(req, 200, "Logged in\n");
}

static void handle_logout(struct self *s, struct qs_http_req *req)
{
    qs_sw_auth_logout(s->auth, qs_http_header(req, "Cookie"));
    reply_text(req, 200, "Logged out\n");
}

static void handle(void *arg, struct qs_http_req *req)
{
    static const struct {
        const char *path;
        void (*fn)(struct self *s, struct qs_http_req *req);
    } paths[] = { { "/command-api", handle_commands }, { "/login", handle_login }, { "/logout", handle_logout } };

    for (size_t i = 0; i < QS_COUNT(paths); i++) {
        if (!qs_streq(qs_http_path(req), paths[i].path))
            continue;
        if (qs_streq(qs_http_method(req), "POST")) {
            paths[i].fn(arg, req);
            return;
        }
        qs_http_set(req, "Allow", "POST");
        reply_text(req, 405, "Method not allowed\n");
        return;
    }
    reply_text(req, 404, "Not found\n");
}

/* --- life --- */

static enum qs_code read_startup(struct self *s, char **ret, struct qs_err *err)
{
    struct qs_buf text = QS_BUF(QS_SW_TEXT_MAX);

    if (!qs_fs_read(s->state, QS_SW_STARTUP, &text, err)) {
        *ret = qs_buf_take(&text);
        return QS_OK;
    }
    qs_buf_done(&text);
    if (err->code != QS_NOTFOUND)
        return err->code;
    *err = QS_ERR_INIT; /* first contact */
    return QS_OK;
}

static enum qs_code open_box(struct self *s, struct qs_err *err)
{
    qs_auto(str) char *startup = NULL;

    if (read_startup(s, &startup, err) || qs_sw_box_new(s->platform, startup, qs_mono_ms, &s->box, err))
        return err->code;
    s->box->hooks = (struct qs_sw_hooks){ .changed = on_changed,
                                          .save = on_save,
                                          .load = on_load,
                                          .link_up = on_link_up,
                                          .counters = on_counters,
                                          .macs = on_macs,
                                          .arg = s };
    s->auth = qs_sw_auth_new(s->box);
    return QS_OK;
}

static enum qs_code open_all(struct self *s, const struct qs_val *conf, struct qs_err *err)
{
    const struct qs_val *tls = qs_val_get(conf, "tls");
    int64_t port = qs_val_get_int(conf, "port", 443);

    if (port < 1 || port > 65535)
        return qs_err_set(err, QS_INVALID, 0, "'port' is no TCP port");
    s->port = (uint16_t)port;
    if (qs_sw_platform_read(conf, &s->platform, err) ||
        qs_fs_opendir(AT_FDCWD, qs_val_get_str(conf, "state", ""), true, &s->state, err) || open_box(s, err) ||
        qs_tls_server(qs_val_get_str(tls, "cert", ""), qs_val_get_str(tls, "key", ""), &s->tls, err) ||
        qs_dp_new(s->loop, s->platform, &s->dp, err) || qs_sync_new(s->platform, s->dp, &s->sync, err))
        return err->code;
    qs_sync_run(s->sync, s->box->running);
    return serve(s, err);
}

static enum qs_code enter_sandbox(const struct qs_val *conf, struct qs_err *err)
{
    const struct qs_sandbox box = { .write = { qs_val_get_str(conf, "state", "") },
                                    .tcp_in = true,
                                    .net_admin = true,
                                    .id = (unsigned)qs_val_get_int(conf, "id", 0) };

    return qs_role_fence(&box, err);
}

static enum qs_code start(struct qs_role_run *run, struct qs_err *err)
{
    struct self *s = qs_xzalloc(sizeof(*s));
    qs_auto(val) struct qs_val *conf = NULL;

    *s = (struct self){ .loop = run->loop, .state = -1 };
    run->self = s;
    if (qs_json_parse(run->conf, strlen(run->conf), &conf, err) || open_all(s, conf, err) || enter_sandbox(conf, err))
        return err->code;
    (void)snprintf(run->detail, sizeof(run->detail), "%s, %zu ports, eAPI on %u", s->platform->name,
                   s->platform->port_count, s->port);
    return QS_OK;
}

static void stop(struct qs_role_run *run)
{
    struct self *s = run->self;

    if (!s)
        return;
    qs_timer_cancel(s->timer);
    qs_timer_cancel(s->serve_timer);
    qs_http_server_free(s->server);
    qs_sync_free(s->sync);
    qs_dp_free(s->dp);
    qs_sw_auth_free(s->auth);
    qs_sw_box_free(s->box);
    qs_sw_platform_free(s->platform);
    SSL_CTX_free(s->tls);
    qs_fd_close(s->state);
    free(s);
    run->self = NULL;
}

const struct qs_role qs_role_twin_switch = {
    .name = "twin-switch",
    .summary = "an emulated Arista EOS switch of the twin",
    .start = start,
    .stop = stop,
};
