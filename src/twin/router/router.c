/*
 * twin/router: the role twin-router. CONFIG is the router's entry of twin/fabric/spec.h with
 * {"state": folder, "root": where nft is, "tls": {"cert","key"}}. It runs in the network namespace of the router,
 * whose links are there already and are named as the ports.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/fs.h"
#include "net/tls.h"
#include "os/role.h"
#include "text/json.h"
#include "twin/router/router_int.h"

#define SAVED_MAX (64 << 20)
#define EVERYTHING (RTR_TOUCH_NET | RTR_TOUCH_NFT | RTR_TOUCH_LISTEN)

/* The saved configuration, or on first contact the factory's. */
static enum qs_code load(struct rtr *r, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(SAVED_MAX);
    qs_auto(val) struct qs_val *v = NULL;

    if (r->state_fd < 0 || qs_fs_read(r->state_fd, RTR_SAVED, &text, err)) {
        if (r->state_fd >= 0 && err->code != QS_NOTFOUND)
            return err->code;
        *err = QS_ERR_INIT;
        return rtr_factory(&r->conf, &r->store, err);
    }
    if (qs_json_parse(qs_buf_text(&text), text.len, &v, err) || rtr_store_from_val(v, &r->store, err))
        return err->code;
    rtr_fit_ports(&r->conf, &r->store);
    return QS_OK;
}

static enum qs_code enter_sandbox(const struct rtr *r, struct qs_err *err)
{
    struct qs_sandbox box = {
        .read = { "/usr", "/lib", "/lib64", "/etc" },
        .tcp_in = true,
        .net_admin = true,
        .spawn = true,
        .id = r->conf.id,
    };

    if (*r->conf.root) {
        box.read[0] = r->conf.root;
        box.read[1] = NULL;
    }
    if (*r->conf.state)
        box.write[0] = r->conf.state;
    return qs_role_fence(&box, err);
}

static enum qs_code open_parts(struct rtr *r, struct qs_err *err)
{
    if (*r->conf.state && qs_fs_opendir(AT_FDCWD, r->conf.state, true, &r->state_fd, err))
        return err->code;
    if (*r->conf.cert && qs_tls_server(r->conf.cert, r->conf.key, &r->tls, err))
        return err->code;
    if (load(r, err) || rtr_kernel_open(r, err) || rtr_world(r, EVERYTHING, err) || rtr_save(r, err))
        return err->code;
    return enter_sandbox(r, err);
}

static enum qs_code start(struct qs_role_run *run, struct qs_err *err)
{
    struct rtr *r = qs_xzalloc(sizeof(*r));

    run->self = r;
    r->loop = run->loop;
    r->state_fd = -1;
    r->started_ms = qs_mono_ms();
    r->world = rtr_world;
    if (rtr_conf_read(run->conf, &r->conf, err))
        return err->code;
    if (open_parts(r, err))
        return qs_err_wrap(err, "router '%s'", r->conf.name);
    (void)snprintf(run->detail, sizeof(run->detail), "router %s, RouterOS %s, %zu ports", r->conf.name, r->conf.version,
                   r->conf.port_count);
    return QS_OK;
}

static void stop(struct qs_role_run *run)
{
    struct rtr *r = run->self;
    struct qs_err err = QS_ERR_INIT;

    if (!r)
        return;
    rtr_listen_close(r);
    if (r->save_timer) {
        qs_timer_cancel(r->save_timer);
        QS_IGNORE(rtr_save(r, &err));
    }
    free(r->firewall);
    rtr_store_done(&r->store);
    rtr_store_done(&r->safe.base);
    rtr_kernel_close(r);
    SSL_CTX_free(r->tls);
    qs_fd_close(r->state_fd);
    rtr_conf_done(&r->conf);
    free(r);
}

const struct qs_role qs_role_twin_router = {
    .name = "twin-router",
    .summary = "a router that speaks the RouterOS API",
    .start = start,
    .stop = stop,
};
