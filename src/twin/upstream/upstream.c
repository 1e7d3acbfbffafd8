/*
 * Role twin-upstream: the host on the internet side of the edge router. Answers ping by its kernel, and every HTTP
 * request with the address that it came from, which is how a check proves masquerade. /seen lists the last clients.
 * CONFIG is the spec's upstream entry (twin/fabric/spec.h); its links are in this network namespace already.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"
#include "net/http_server.h"
#include "os/role.h"
#include "text/json.h"
#include "twin/fabric/links.h"

#define SEEN_MAX 100
#define REPLY_MAX 16384

struct upstream {
    struct qs_http_server *server;
    struct {
        char client[QS_IP_TEXT];
        uint64_t at_us;
    } seen[SEEN_MAX]; /* a ring; `count` ever, the newest at (count - 1) % SEEN_MAX */
    size_t count;
};

static void client_text(const struct sockaddr_storage *peer, char text[QS_IP_TEXT])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)peer;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)peer;
    struct qs_ip ip = { 0 };

    if (peer->ss_family == AF_INET6) {
        ip.family = 6;
        memcpy(ip.bytes, &v6->sin6_addr, 16);
    } else {
        ip.family = 4;
        memcpy(ip.bytes, &v4->sin_addr, 4);
    }
    (void)qs_ip_text(&ip, text);
}

static void reply(struct qs_http_req *req, const struct qs_val *v)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(REPLY_MAX);

    qs_json_write(v, &text);
    qs_http_reply(req, 200, "application/json", qs_buf_text(&text), text.len);
}

static void reply_seen(const struct upstream *u, struct qs_http_req *req)
{
    qs_auto(val) struct qs_val *v = qs_val_map();
    size_t have = u->count < SEEN_MAX ? u->count : SEEN_MAX;

    qs_val_set_str(v, "format", "qs.upstream-seen/1");
    struct qs_val *list = qs_val_set(v, "seen", qs_val_list());
    for (size_t i = 0; i < have; i++) { /* newest first */
        size_t at = (u->count - 1 - i) % SEEN_MAX;
        struct qs_val *one = qs_val_add(list, qs_val_map());
        char time[QS_TIME_TEXT];

        qs_val_set_str(one, "at", qs_time_text(u->seen[at].at_us, time));
        qs_val_set_str(one, "client", u->seen[at].client);
    }
    reply(req, v);
}

static void on_request(void *arg, struct qs_http_req *req)
{
    struct upstream *u = arg;
    size_t at = u->count % SEEN_MAX;

    if (qs_streq(qs_http_path(req), "/seen")) {
        reply_seen(u, req);
        return;
    }
    qs_auto(val) struct qs_val *v = qs_val_map();
    client_text(qs_http_peer(req), u->seen[at].client);
    u->seen[at].at_us = qs_now_us();
    u->count++;
    qs_val_set_str(v, "format", "qs.upstream/1");
    qs_val_set_str(v, "client", u->seen[at].client);
    reply(req, v);
}

static enum qs_code listen_on(struct upstream *u, const char *host, uint16_t port, struct qs_err *err)
{
    int fd = -1;

    if (qs_net_listen_tcp(host, port, &fd, err))
        return err->code;
    return qs_http_server_listen(u->server, fd, NULL, err);
}

static enum qs_code set_up(struct upstream *u, const struct qs_val *conf, struct qs_err *err)
{
    int64_t port = qs_val_get_int(conf, "http_port", 80);
    struct qs_nl *nl = NULL;

    if (port < 1 || port > 65535)
        return qs_err_set(err, QS_INVALID, 0, "http_port %lld is not in 1..65535", (long long)port);
    if (qs_nl_open(&nl, err))
        return err->code;
    enum qs_code code = qs_links_configure(nl, conf, err);
    qs_nl_close(nl);
    if (code || listen_on(u, "0.0.0.0", (uint16_t)port, err) || listen_on(u, "::", (uint16_t)port, err))
        return err->code;
    return QS_OK;
}

static enum qs_code start(struct qs_role_run *run, struct qs_err *err)
{
    struct upstream *u = qs_xzalloc(sizeof(*u));
    qs_auto(val) struct qs_val *conf = NULL;
    struct qs_sandbox nothing = { .id = 0 }; /* it answers on the sockets that it has */

    run->self = u;
    u->server = qs_http_server_new(run->loop, NULL, on_request, u);
    if (qs_json_parse(run->conf, strlen(run->conf), &conf, err) || set_up(u, conf, err))
        return err->code;
    nothing.id = (unsigned)qs_val_get_int(conf, "id", 0);
    if (qs_role_fence(&nothing, err))
        return err->code;
    (void)snprintf(run->detail, sizeof(run->detail), "answers HTTP");
    return QS_OK;
}

static void stop(struct qs_role_run *run)
{
    struct upstream *u = run->self;

    if (!u)
        return;
    qs_http_server_free(u->server);
    free(u);
    run->self = NULL;
}

const struct qs_role qs_role_twin_upstream = {
    .name = "twin-upstream",
    .summary = "the emulated internet behind the edge router",
    .start = start,
    .stop = stop,
};
