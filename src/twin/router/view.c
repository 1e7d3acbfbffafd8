/* Computed attributes and rows: what print shows that nobody set. */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"
#include "os/netlink.h"
#include "twin/router/router_int.h"

bool rtr_shown(const struct rtr *r, const struct rtr_menu *m, const struct rtr_row *row, const struct rtr_attr *a,
               struct qs_buf *out)
{
    const char *value;

    if (!rtr_attr_visible(m, a) || (a->flags & RTR_SECRET))
        return false;
    if (a->get)
        return a->get(r, row, out);
    value = rtr_value(row, a->name);
    if (value)
        qs_buf_puts(out, value);
    return value != NULL;
}

bool rtr_put_bool(struct qs_buf *out, bool b)
{
    qs_buf_puts(out, b ? "true" : "false");
    return true;
}

bool rtr_is_ether(const struct rtr_row *row)
{
    return rtr_is(row, "type", "ether");
}

const char *rtr_link(const struct rtr_store *s, const char *interface)
{
    const struct rtr_row *row = rtr_store_by(s, RTR_INTERFACE, "name", interface);

    return row ? rtr_value(row, "default-name") : "";
}

bool rtr_get_false(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    (void)r;
    (void)row;
    return rtr_put_bool(out, false);
}

bool rtr_get_dynamic(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    (void)r;
    return rtr_put_bool(out, row->dynamic);
}

bool rtr_get_run_count(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    (void)r;
    (void)row;
    qs_buf_puts(out, "0"); /* scripts do not run here */
    return true;
}

bool rtr_get_network(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    struct qs_prefix p, net;
    char text[QS_IP_TEXT];

    (void)r;
    if (!qs_prefix_parse(rtr_value(row, "address"), &p))
        return false;
    net = qs_prefix_network(&p);
    qs_buf_puts(out, qs_ip_text(&net.ip, text));
    return true;
}

bool rtr_get_actual_interface(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    (void)r;
    qs_buf_puts(out, rtr_value(row, "interface"));
    return true;
}

bool rtr_get_link_local(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    struct qs_prefix p;

    (void)r;
    return rtr_put_bool(out, qs_prefix_parse(rtr_value(row, "address"), &p) && p.ip.bytes[0] == 0xfe &&
                                 (p.ip.bytes[1] & 0xc0) == 0x80);
}

bool rtr_get_running(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    return rtr_put_bool(out, rtr_is(row, "disabled", "false") && r->kernel.nl &&
                                 qs_nl_carrier(r->kernel.nl, rtr_value(row, "default-name")));
}

/* Asks the kernel about a link (netdevice(7)). */
static bool ask_link(const char *link, unsigned long request, struct ifreq *ret)
{
    qs_auto(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    *ret = (struct ifreq){ 0 };
    (void)snprintf(ret->ifr_name, sizeof(ret->ifr_name), "%s", link);
    return fd >= 0 && ioctl(fd, request, ret) == 0;
}

bool rtr_get_mac(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    struct ifreq req;

    (void)r;
    if (!rtr_is_ether(row) || !ask_link(rtr_value(row, "default-name"), SIOCGIFHWADDR, &req))
        return false;
    for (int i = 0; i < 6; i++)
        qs_buf_printf(out, "%s%02X", i ? ":" : "", (unsigned char)req.ifr_hwaddr.sa_data[i]);
    return true;
}

bool rtr_get_mtu(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    struct ifreq req;

    (void)r;
    if (!ask_link(rtr_value(row, "default-name"), SIOCGIFMTU, &req))
        return false;
    qs_buf_printf(out, "%d", req.ifr_mtu);
    return true;
}

bool rtr_get_proto(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    (void)r;
    (void)row;
    qs_buf_puts(out, "tcp");
    return true;
}

bool rtr_get_uptime(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    (void)row;
    rtr_put_duration(out, (qs_mono_ms() - r->started_ms) / 1000);
    return true;
}

bool rtr_get_version(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    (void)row;
    qs_buf_printf(out, "%s (stable)", r->conf.version);
    return true;
}

bool rtr_get_board(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    (void)row;
    qs_buf_puts(out, r->conf.model);
    return true;
}

bool rtr_get_cpus(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    (void)r;
    (void)row;
    qs_buf_printf(out, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    return true;
}

static bool put_memory(struct qs_buf *out, bool total)
{
    struct sysinfo info;

    if (sysinfo(&info))
        return false;
    qs_buf_printf(out, "%llu", (unsigned long long)(total ? info.totalram : info.freeram) * info.mem_unit);
    return true;
}

bool rtr_get_memory(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    (void)r;
    (void)row;
    return put_memory(out, true);
}

bool rtr_get_free_memory(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    (void)r;
    (void)row;
    return put_memory(out, false);
}

bool rtr_get_date(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    char text[QS_TIME_TEXT];

    (void)r;
    (void)row;
    qs_buf_add(out, qs_time_text_s(qs_now_us(), text), 10);
    return true;
}

bool rtr_get_time(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    char text[QS_TIME_TEXT];

    (void)r;
    (void)row;
    qs_buf_add(out, qs_time_text_s(qs_now_us(), text) + 11, 8);
    return true;
}

/* Each open connection of the API, the asker's own included. */
void rtr_dynamic_service(const struct rtr *r, rtr_add_fn *add, void *arg)
{
    for (const struct rtr_session *s = r->sessions; s; s = s->next) {
        const struct rtr_row *service = rtr_store_by(&r->store, RTR_SERVICE, "name", s->service);
        struct rtr_row *row = rtr_row_new(RTR_SERVICE);

        row->dynamic = true;
        row->id = 0x1000 + s->serial;
        rtr_put(row, "name", s->service);
        rtr_put(row, "port", service ? rtr_value(service, "port") : "0");
        rtr_put(row, "local", s->local);
        rtr_put(row, "remote", s->remote);
        rtr_put(row, "connection", "true");
        add(arg, row);
    }
}
