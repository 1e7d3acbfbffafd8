/* Which routes are in use, and those that addresses make by themselves. */
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "twin/router/router_int.h"

/* The enabled interface address whose network holds `ip`; NULL when none. */
static const struct rtr_row *connected(const struct rtr_store *s, const struct qs_ip *ip)
{
    const struct rtr_table *t = &s->tables[ip->family == 4 ? RTR_ADDRESS4 : RTR_ADDRESS6];

    for (size_t i = 0; i < t->count; i++) {
        const struct rtr_row *row = t->rows[i];
        const struct rtr_row *port = rtr_store_by(s, RTR_INTERFACE, "name", rtr_value(row, "interface"));
        struct qs_prefix p;

        if (rtr_is(row, "disabled", "false") && port && rtr_is(port, "disabled", "false") &&
            qs_prefix_parse(rtr_value(row, "address"), &p) && qs_prefix_contains(&p, ip))
            return row;
    }
    return NULL;
}

bool rtr_route_usable(const struct rtr_store *s, const struct rtr_row *route, const char **ret_interface)
{
    const char *gateway = rtr_value(route, "gateway"), *percent;
    const struct rtr_row *port, *address;
    qs_auto(str) char *host = NULL;
    struct qs_ip ip;

    *ret_interface = NULL;
    if (rtr_is(route, "disabled", "true"))
        return false;
    if (!gateway)
        return true;
    percent = strchr(gateway, '%');
    host = qs_xstrndup(gateway, strcspn(gateway, "%"));
    if (!percent && qs_ip_parse(host, &ip)) {
        address = connected(s, &ip);
        *ret_interface = address ? rtr_value(address, "interface") : NULL;
        return address != NULL;
    }
    port = rtr_store_by(s, RTR_INTERFACE, "name", percent ? percent + 1 : gateway);
    *ret_interface = port ? rtr_value(port, "name") : NULL;
    return port && rtr_is(port, "disabled", "false");
}

bool rtr_route_active(const struct rtr_store *s, const struct rtr_row *row)
{
    const struct rtr_table *t = &s->tables[row->menu->rows];
    const char *interface;
    uint32_t mine, other;

    if (row->dynamic)
        return true;
    if (!rtr_route_usable(s, row, &interface) || !qs_parse_u32(rtr_value(row, "distance"), 0, 255, &mine))
        return false;
    for (size_t i = 0, before = 1; i < t->count; i++) {
        const struct rtr_row *rival = t->rows[i];

        if (rival->id == row->id) {
            before = 0;
            continue;
        }
        if (rtr_is(rival, "dst-address", rtr_value(row, "dst-address")) && rtr_route_usable(s, rival, &interface) &&
            qs_parse_u32(rtr_value(rival, "distance"), 0, 255, &other) && (before ? other <= mine : other < mine))
            return false;
    }
    return true;
}

bool rtr_get_route_active(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    return rtr_put_bool(out, rtr_route_active(&r->store, row));
}

bool rtr_get_route_static(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    (void)r;
    return rtr_put_bool(out, !row->dynamic);
}

bool rtr_get_route_connect(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    (void)r;
    return row->dynamic && rtr_put_bool(out, true);
}

bool rtr_get_immediate_gw(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out)
{
    const char *interface = NULL, *gateway = rtr_value(row, "gateway");
    struct qs_ip ip;

    if (row->dynamic || !gateway) {
        qs_buf_puts(out, gateway ? gateway : "");
        return gateway != NULL;
    }
    if (!rtr_route_usable(&r->store, row, &interface) || !interface)
        return false;
    if (qs_ip_parse(gateway, &ip))
        qs_buf_printf(out, "%s%%%s", gateway, interface);
    else
        qs_buf_puts(out, gateway);
    return true;
}

/* A network that an enabled address connects, as a route. */
static void add_connected(const struct rtr *r, enum rtr_menu_id addresses, enum rtr_menu_id routes, rtr_add_fn *add,
                          void *arg)
{
    const struct rtr_table *t = &r->store.tables[addresses];

    for (size_t i = 0; i < t->count; i++) {
        const struct rtr_row *address = t->rows[i];
        struct rtr_row *row;
        struct qs_prefix p;
        char text[QS_IP_TEXT];

        if (rtr_is(address, "disabled", "true") || !qs_prefix_parse(rtr_value(address, "address"), &p))
            continue;
        p = qs_prefix_network(&p);
        row = rtr_row_new(routes);
        row->dynamic = true;
        row->id = 0x30000000 + address->id;
        rtr_put(row, "dst-address", qs_prefix_text(&p, text));
        rtr_put(row, "gateway", rtr_value(address, "interface"));
        rtr_put(row, "distance", "0");
        rtr_put(row, "scope", "10");
        add(arg, row);
    }
}

void rtr_dynamic_route4(const struct rtr *r, rtr_add_fn *add, void *arg)
{
    add_connected(r, RTR_ADDRESS4, RTR_ROUTE4, add, arg);
}

void rtr_dynamic_route6(const struct rtr *r, rtr_add_fn *add, void *arg)
{
    add_connected(r, RTR_ADDRESS6, RTR_ROUTE6, add, arg);
}
