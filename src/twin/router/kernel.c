/* Addresses, routes and link states of the kernel follow the menus. */
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "os/netlink.h"
#include "twin/router/router_int.h"

static const enum rtr_menu_id address_menus[] = { RTR_ADDRESS4, RTR_ADDRESS6 };
static const enum rtr_menu_id route_menus[] = { RTR_ROUTE4, RTR_ROUTE6 };

static bool port_enabled(const struct rtr_store *s, const char *interface)
{
    const struct rtr_row *port = rtr_store_by(s, RTR_INTERFACE, "name", interface);

    return port && rtr_is(port, "disabled", "false");
}

/* ---- links ---- */

static enum qs_code apply_links(struct rtr *r, struct qs_err *err)
{
    const struct rtr_table *t = &r->store.tables[RTR_INTERFACE];

    for (size_t i = 0; i < t->count; i++) {
        const char *link = rtr_value(t->rows[i], "default-name");
        uint32_t mtu = 0;

        if (!rtr_is_ether(t->rows[i]))
            continue;
        if (qs_parse_u32(rtr_value(t->rows[i], "mtu"), 0, UINT32_MAX, &mtu) && qs_nl_mtu(r->kernel.nl, link, mtu, err))
            return err->code;
        if (qs_nl_up(r->kernel.nl, link, rtr_is(t->rows[i], "disabled", "false"), err))
            return err->code;
    }
    return QS_OK;
}

/* ---- addresses ---- */

static bool is_wanted(const struct rtr *r, const char *link, const struct qs_prefix *have)
{
    const struct rtr_table *t = &r->store.tables[have->ip.family == 4 ? RTR_ADDRESS4 : RTR_ADDRESS6];

    for (size_t i = 0; i < t->count; i++) {
        struct qs_prefix p;

        if (rtr_is(t->rows[i], "disabled", "false") &&
            qs_streq(rtr_link(&r->store, rtr_value(t->rows[i], "interface")), link) &&
            qs_prefix_parse(rtr_value(t->rows[i], "address"), &p) && p.len == have->len &&
            qs_ip_equal(&p.ip, &have->ip))
            return true;
    }
    return false;
}

static uint8_t mask_len(const uint8_t *mask, size_t size)
{
    uint8_t len = 0;

    while (len < size * 8 && (mask[len / 8] >> (7 - len % 8) & 1))
        len++;
    return len;
}

/* The address of an interface as the kernel has it; false for other families and for those the kernel makes itself. */
static bool read_address(const struct ifaddrs *at, struct qs_prefix *ret)
{
    struct sockaddr_in6 a6, m6;
    struct sockaddr_in a4, m4;

    if (!at->ifa_addr || !at->ifa_netmask)
        return false;
    *ret = (struct qs_prefix){ 0 };
    if (at->ifa_addr->sa_family == AF_INET) {
        memcpy(&a4, at->ifa_addr, sizeof(a4));
        memcpy(&m4, at->ifa_netmask, sizeof(m4));
        ret->ip.family = 4;
        memcpy(ret->ip.bytes, &a4.sin_addr, 4);
        ret->len = mask_len((const uint8_t *)&m4.sin_addr, 4);
        return true;
    }
    if (at->ifa_addr->sa_family != AF_INET6)
        return false;
    memcpy(&a6, at->ifa_addr, sizeof(a6));
    memcpy(&m6, at->ifa_netmask, sizeof(m6));
    ret->ip.family = 6;
    memcpy(ret->ip.bytes, &a6.sin6_addr, 16);
    ret->len = mask_len((const uint8_t *)&m6.sin6_addr, 16);
    return !IN6_IS_ADDR_LINKLOCAL(&a6.sin6_addr);
}

/* Takes away what the kernel has on our links and the menus do not. */
static enum qs_code remove_addresses(struct rtr *r, struct qs_err *err)
{
    const struct rtr_table *ports = &r->store.tables[RTR_INTERFACE];
    struct ifaddrs *all = NULL;
    struct qs_prefix have;

    if (getifaddrs(&all))
        return qs_err_sys(err, QS_IO, errno, "could not list interface addresses");
    for (const struct ifaddrs *at = all; at && !err->code; at = at->ifa_next)
        for (size_t i = 0; i < ports->count; i++)
            if (rtr_is_ether(ports->rows[i]) && rtr_is(ports->rows[i], "default-name", at->ifa_name) &&
                read_address(at, &have) && !is_wanted(r, at->ifa_name, &have))
                QS_IGNORE(qs_nl_addr(r->kernel.nl, at->ifa_name, &have, false, err));
    freeifaddrs(all);
    return err->code;
}

static enum qs_code add_addresses(struct rtr *r, enum rtr_menu_id id, struct qs_err *err)
{
    const struct rtr_table *t = &r->store.tables[id];

    for (size_t i = 0; i < t->count; i++) {
        const char *interface = rtr_value(t->rows[i], "interface");
        struct qs_prefix p;

        if (rtr_is(t->rows[i], "disabled", "false") && port_enabled(&r->store, interface) &&
            qs_prefix_parse(rtr_value(t->rows[i], "address"), &p) &&
            qs_nl_addr(r->kernel.nl, rtr_link(&r->store, interface), &p, true, err))
            return err->code;
    }
    return QS_OK;
}

/* ---- routes ---- */

static bool same_route(const struct rtr_routed *a, const struct rtr_routed *b)
{
    return a->dest.len == b->dest.len && qs_ip_equal(&a->dest.ip, &b->dest.ip) && qs_ip_equal(&a->via, &b->via) &&
           qs_streq(a->link, b->link);
}

/* What the kernel must hold for a row of a route table; false when it is not in use. */
static bool to_kernel(const struct rtr *r, const struct rtr_row *row, struct rtr_routed *ret)
{
    const char *interface = NULL, *gateway = rtr_value(row, "gateway");
    qs_auto(str) char *host = qs_xstrndup(gateway ? gateway : "", gateway ? strcspn(gateway, "%") : 0);

    *ret = (struct rtr_routed){ 0 };
    if (!rtr_route_active(&r->store, row) || !rtr_route_usable(&r->store, row, &interface) ||
        !qs_prefix_parse(rtr_value(row, "dst-address"), &ret->dest))
        return false;
    if (!qs_ip_parse(host, &ret->via))
        ret->via = (struct qs_ip){ 0 };
    (void)snprintf(ret->link, sizeof(ret->link), "%s", interface ? rtr_link(&r->store, interface) : "");
    return true;
}

static enum qs_code put_route(struct rtr *r, const struct rtr_routed *route, bool add, struct qs_err *err)
{
    return qs_nl_route(r->kernel.nl, &route->dest, &route->via, *route->link ? route->link : NULL, add, err);
}

static void wanted_routes(const struct rtr *r, struct rtr_routed **ret, size_t *ret_count)
{
    for (size_t m = 0; m < QS_COUNT(route_menus); m++) {
        const struct rtr_table *t = &r->store.tables[route_menus[m]];
        struct rtr_routed route;

        for (size_t i = 0; i < t->count; i++)
            if (to_kernel(r, t->rows[i], &route))
                *QS_PUSH(*ret, *ret_count) = route;
    }
}

static bool holds(const struct rtr_routed *routes, size_t count, const struct rtr_routed *route)
{
    for (size_t i = 0; i < count; i++)
        if (same_route(&routes[i], route))
            return true;
    return false;
}

/* All wanted routes are put each time: the kernel drops routes by itself when a link or an address goes. */
static enum qs_code apply_routes(struct rtr *r, struct qs_err *err)
{
    struct rtr_routed *wanted = NULL;
    size_t count = 0;
    struct qs_err gone = QS_ERR_INIT;

    wanted_routes(r, &wanted, &count);
    for (size_t i = 0; i < r->kernel.route_count; i++)
        if (!holds(wanted, count, &r->kernel.routes[i]))
            QS_IGNORE(put_route(r, &r->kernel.routes[i], false, &gone)); /* may have gone with its link */
    free(r->kernel.routes);
    r->kernel.routes = wanted;
    r->kernel.route_count = count;
    for (size_t i = 0; i < count; i++)
        if (put_route(r, &wanted[i], true, err))
            return err->code;
    return QS_OK;
}

enum qs_code rtr_kernel_apply(struct rtr *r, struct qs_err *err)
{
    if (apply_links(r, err) || remove_addresses(r, err))
        return err->code;
    for (size_t m = 0; m < QS_COUNT(address_menus); m++)
        if (add_addresses(r, address_menus[m], err))
            return err->code;
    return apply_routes(r, err);
}

/* A namespace may hold what an earlier process of this router left. Links that go down take their routes along;
 * addresses are compared with the menus at the first apply. */
enum qs_code rtr_kernel_open(struct rtr *r, struct qs_err *err)
{
    static const char *const on[] = { "ipv4/ip_forward", "ipv6/conf/all/forwarding",
                                      "ipv4/conf/all/promote_secondaries" };

    if (qs_nl_open(&r->kernel.nl, err))
        return err->code;
    for (size_t i = 0; i < QS_COUNT(on); i++)
        if (qs_net_sysctl(on[i], "1", err))
            return err->code;
    for (size_t i = 0; i < r->conf.port_count; i++)
        if (qs_nl_up(r->kernel.nl, r->conf.ports[i].link, false, err))
            return err->code;
    return QS_OK;
}

void rtr_kernel_close(struct rtr *r)
{
    qs_nl_close(r->kernel.nl);
    free(r->kernel.routes);
    r->kernel = (struct rtr_kernel){ 0 };
}
