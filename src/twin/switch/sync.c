#include "twin/switch/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/event.h"
#include "base/str.h"
#include "os/netlink.h"
#include "os/ns.h"

#define WIRE_MTU 9214 /* what the cables of this platform carry */
#define LOOPBACK "lo"

struct routed { /* a routed interface as the kernel has it */
    unsigned domain;
    char kernel[16], wire[16]; /* the ends: in the routing namespace, and the datapath's */
    unsigned mtu;
    struct qs_prefix *addresses;
    size_t count;
    bool keep; /* wanted by the configuration at hand */
};
struct qs_sync {
    const struct qs_sw_platform *platform;
    struct qs_dp *dp;
    struct qs_nl *home, *router; /* one in each namespace */
    int router_ns;
    int forward4, forward6; /* open sysctls of the routing namespace: a sandbox lets no other way to them */
    struct routed *routed;  /* the first is the loopback, domain 0 */
    size_t routed_count;
    struct qs_prefix *management;
    size_t management_count;
    struct qs_sw_route *routes; /* their names are not kept */
    size_t route_count;
    int *link_up; /* by port, the management port last: -1 unknown, else what was asked for */
};

/* The kernel may refuse what a person configured; the device then shows it as inactive and goes on. */
static void tell(enum qs_code code, const struct qs_err *err)
{
    if (code)
        qs_event_err(QS_EV_DEBUG, err, "act", "sync", NULL);
}

/* --- namespaces --- */

/* The kernel must not hear what the datapath forwards: no addresses to answer for, no IPv6, and by strict
 * reverse-path filtering no packet that it would take for itself. */
static enum qs_code deafen(const char *link, struct qs_err *err)
{
    static const char *const settings[][2] = {
        { "ipv4/conf/%s/rp_filter", "1" },
        { "ipv4/conf/%s/arp_ignore", "8" },
        { "ipv6/conf/%s/disable_ipv6", "1" },
    };

    for (size_t i = 0; i < QS_COUNT(settings); i++) {
        char name[80];

        (void)snprintf(name, sizeof(name), "%.*s%s%s", (int)(strchr(settings[i][0], '%') - settings[i][0]),
                       settings[i][0], link, strchr(settings[i][0], '%') + 2);
        if (qs_net_sysctl(name, settings[i][1], err))
            return err->code;
    }
    return QS_OK;
}

static enum qs_code deafen_port(struct qs_sync *s, const struct qs_sw_port *p, struct qs_err *err)
{
    if (p->link && (deafen(p->link, err) || qs_nl_mtu(s->home, p->link, WIRE_MTU, err)))
        return err->code;
    for (size_t i = 0; i < p->tap_count; i++)
        if (deafen(p->taps[i].link, err) || qs_nl_mtu(s->home, p->taps[i].link, WIRE_MTU, err))
            return err->code;
    return QS_OK;
}

/* The default reaches interfaces that are there, too; the management port answers for its own addresses. */
static enum qs_code undeafen_management(const struct qs_sync *s, struct qs_err *err)
{
    const char *link = s->platform->management.link;
    char name[80];

    if (!link)
        return QS_OK;
    (void)snprintf(name, sizeof(name), "ipv4/conf/%s/arp_ignore", link);
    return qs_net_sysctl(name, "1", err);
}

static enum qs_code prepare_home(struct qs_sync *s, struct qs_err *err)
{
    if (qs_nl_open(&s->home, err) || qs_net_sysctl("ipv4/ip_forward", "0", err) || deafen("default", err) ||
        undeafen_management(s, err) ||
        /* eAPI's port is opened again whenever the configuration says so, also inside the sandbox */
        qs_net_sysctl("ipv4/ip_unprivileged_port_start", "0", err))
        return err->code;
    for (size_t i = 0; i < s->platform->port_count; i++)
        if (deafen_port(s, &s->platform->ports[i], err))
            return qs_err_wrap(err, "port '%s'", s->platform->ports[i].name);
    return QS_OK;
}

static enum qs_code open_sysctl(const char *path, int *ret, struct qs_err *err)
{
    *ret = open(path, O_WRONLY | O_CLOEXEC);
    return *ret < 0 ? qs_err_sys(err, QS_IO, errno, "could not open %s", path) : QS_OK;
}

/* In the routing namespace. */
static enum qs_code prepare_router(struct qs_sync *s, struct qs_err *err)
{
    if (qs_nl_open(&s->router, err) || qs_net_sysctl("ipv6/conf/default/accept_dad", "0", err) ||
        qs_net_sysctl("ipv6/conf/default/accept_ra", "0", err) ||
        /* no address that the configuration does not give */
        qs_net_sysctl("ipv6/conf/default/addr_gen_mode", "1", err) ||
        /* each routed interface answers and asks for its own address alone, although all share a MAC */
        qs_net_sysctl("ipv4/conf/all/arp_ignore", "1", err) || qs_net_sysctl("ipv4/conf/all/arp_announce", "2", err) ||
        open_sysctl("/proc/sys/net/ipv4/ip_forward", &s->forward4, err) ||
        open_sysctl("/proc/sys/net/ipv6/conf/all/forwarding", &s->forward6, err))
        return err->code;
    return QS_OK;
}

static enum qs_code make_router(struct qs_sync *s, struct qs_err *err)
{
    qs_auto(fd) int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    struct qs_err back = QS_ERR_INIT;
    enum qs_code code;

    if (home < 0)
        return qs_err_sys(err, QS_IO, errno, "could not open the network namespace");
    if (qs_netns_new(&s->router_ns, err) || qs_netns_enter(s->router_ns, err))
        return err->code;
    code = prepare_router(s, err);
    if (qs_netns_enter(home, &back))
        abort(); /* to serve in the wrong namespace would be worse */
    return code;
}

QS_DEFINE_AUTO(sync, struct qs_sync *, qs_sync_free)

enum qs_code qs_sync_new(const struct qs_sw_platform *platform, struct qs_dp *dp, struct qs_sync **ret,
                         struct qs_err *err)
{
    qs_auto(sync) struct qs_sync *s = qs_xzalloc(sizeof(*s));
    size_t links = platform->port_count + 1;

    *s = (struct qs_sync){ .platform = platform, .dp = dp, .router_ns = -1, .forward4 = -1, .forward6 = -1 };
    s->link_up = qs_xzalloc(links * sizeof(*s->link_up));
    for (size_t i = 0; i < links; i++)
        s->link_up[i] = -1;
    if (prepare_home(s, err) || make_router(s, err))
        return err->code;
    (void)snprintf(QS_PUSH(s->routed, s->routed_count)->kernel, sizeof(s->routed->kernel), LOOPBACK);
    *ret = qs_take_ptr(s);
    return QS_OK;
}

void qs_sync_free(struct qs_sync *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->routed_count; i++)
        free(s->routed[i].addresses);
    free(s->routed);
    free(s->management);
    free(s->routes);
    free(s->link_up);
    qs_nl_close(s->home);
    qs_nl_close(s->router);
    qs_fd_close(s->router_ns);
    qs_fd_close(s->forward4);
    qs_fd_close(s->forward6);
    free(s);
}

/* --- links --- */

static void set_link(struct qs_sync *s, const char *link, bool up)
{
    struct qs_err err = QS_ERR_INIT;

    tell(qs_nl_up(s->home, link, up, &err), &err);
}

static void sync_port(struct qs_sync *s, size_t i, const struct qs_sw_port *p, const struct qs_sw_config *c)
{
    int up = !qs_sw_config_intf(c, p->name)->shutdown;

    if (s->link_up[i] == up)
        return;
    s->link_up[i] = up;
    if (p->link)
        set_link(s, p->link, up);
    for (size_t n = 0; n < p->tap_count; n++)
        set_link(s, p->taps[n].link, up);
}

static bool carrier(const struct qs_sync *s, const struct qs_sw_port *p)
{
    bool any = p->link && qs_nl_carrier(s->home, p->link);

    for (size_t i = 0; i < p->tap_count; i++)
        any = any || qs_nl_carrier(s->home, p->taps[i].link);
    return any;
}

bool qs_sync_link_up(const struct qs_sync *s, int port)
{
    return carrier(s, port < 0 ? &s->platform->management : &s->platform->ports[port]);
}

/* --- addresses --- */

static bool holds(const struct qs_prefix *list, size_t count, const struct qs_prefix *p)
{
    for (size_t i = 0; i < count; i++)
        if (qs_ip_equal(&list[i].ip, &p->ip) && list[i].len == p->len)
            return true;
    return false;
}

/* Brings the link's addresses from *have to `want`, which it takes over. */
static void set_addresses(struct qs_nl *nl, const char *link, struct qs_prefix **have, size_t *have_count,
                          struct qs_prefix *want, size_t want_count)
{
    struct qs_err err = QS_ERR_INIT;

    for (size_t i = 0; i < *have_count; i++)
        if (!holds(want, want_count, &(*have)[i]))
            tell(qs_nl_addr(nl, link, &(*have)[i], false, &err), &err);
    for (size_t i = 0; i < want_count; i++) /* those there are too: a link that was down has lost its IPv6 ones */
        tell(qs_nl_addr(nl, link, &want[i], true, &err), &err);
    free(*have);
    *have = want;
    *have_count = want_count;
}

static void add_addresses(const struct qs_sw_intf *intf, struct qs_prefix **list, size_t *count)
{
    if (intf->ip.ip.family)
        *QS_PUSH(*list, *count) = intf->ip;
    for (size_t i = 0; i < intf->ip_more_count; i++)
        *QS_PUSH(*list, *count) = intf->ip_more[i];
    for (size_t i = 0; i < intf->ip6_count; i++)
        *QS_PUSH(*list, *count) = intf->ip6[i];
}

/* fe80::/64 with the interface identifier of RFC 4291, appendix A. */
static struct qs_prefix link_local(const uint8_t mac[6])
{
    struct qs_prefix p = { .ip = { .family = 6, .bytes = { 0xfe, 0x80 } }, .len = 64 };

    memcpy(p.ip.bytes + 8, mac, 3);
    p.ip.bytes[8] ^= 2;
    p.ip.bytes[11] = 0xff;
    p.ip.bytes[12] = 0xfe;
    memcpy(p.ip.bytes + 13, mac + 3, 3);
    return p;
}

static void sync_management(struct qs_sync *s, const struct qs_sw_config *c)
{
    const struct qs_sw_port *p = &s->platform->management;
    struct qs_prefix *want = NULL;
    size_t count = 0;

    if (!p->link)
        return;
    sync_port(s, s->platform->port_count, p, c);
    add_addresses(qs_sw_config_intf(c, p->name), &want, &count);
    set_addresses(s->home, p->link, &s->management, &s->management_count, want, count);
}

/* --- routed interfaces --- */

/* The domain that the interface routes for; 0 when it does not. */
static unsigned domain_of(const struct qs_sync *s, const struct qs_sw_config *c, const struct qs_sw_intf *intf)
{
    const struct qs_sw_vlan *v;

    if (intf->shutdown || (!intf->ip.ip.family && intf->ip6_count == 0 && !intf->ipv6_enable))
        return 0;
    if (intf->kind == QS_SW_ETHERNET)
        return intf->routed ? QS_DP_ROUTED + (unsigned)qs_sw_port_index(s->platform, intf->name) : 0;
    v = intf->kind == QS_SW_VLAN ? qs_sw_config_vlan(c, intf->number) : NULL;
    return v && !v->suspended ? v->id : 0;
}

static struct routed *find_routed(struct qs_sync *s, unsigned domain)
{
    for (size_t i = 1; i < s->routed_count; i++)
        if (s->routed[i].domain == domain)
            return &s->routed[i];
    return NULL;
}

static enum qs_code wire_up(struct qs_sync *s, const struct routed *r, struct qs_err *err)
{
    if (qs_nl_veth(s->home, r->wire, -1, NULL, r->kernel, s->router_ns, s->platform->mac, err) ||
        qs_nl_mtu(s->home, r->wire, WIRE_MTU, err) || qs_nl_up(s->home, r->wire, true, err) ||
        qs_dp_router_add(s->dp, r->domain, r->wire, err))
        return err->code;
    return qs_nl_up(s->router, r->kernel, true, err);
}

static struct routed *make_routed(struct qs_sync *s, unsigned domain)
{
    struct routed r = { .domain = domain, .mtu = QS_SW_MTU_DEFAULT };
    struct qs_err err = QS_ERR_INIT;

    if (domain < QS_DP_ROUTED)
        (void)snprintf(r.kernel, sizeof(r.kernel), "vlan%u", domain % QS_DP_ROUTED);
    else
        (void)snprintf(r.kernel, sizeof(r.kernel), "port%u", (domain - QS_DP_ROUTED) % 256);
    (void)snprintf(r.wire, sizeof(r.wire), "dp-%.12s", r.kernel);
    if (qs_nl_index(s->home, r.wire)) /* of a predecessor that was killed; its other end goes with it */
        tell(qs_nl_delete(s->home, r.wire, &err), &err);
    if (wire_up(s, &r, &err)) {
        tell(err.code, &err);
        qs_dp_router_del(s->dp, domain);
        QS_IGNORE(qs_nl_delete(s->home, r.wire, &err));
        return NULL;
    }
    *QS_PUSH(s->routed, s->routed_count) = r;
    return &s->routed[s->routed_count - 1];
}

static void drop_routed(struct qs_sync *s, size_t i)
{
    struct qs_err err = QS_ERR_INIT;

    qs_dp_router_del(s->dp, s->routed[i].domain);
    tell(qs_nl_delete(s->home, s->routed[i].wire, &err), &err);
    free(s->routed[i].addresses);
    s->routed[i] = s->routed[--s->routed_count];
}

static void sync_intf(struct qs_sync *s, unsigned domain, const struct qs_sw_intf *intf)
{
    struct routed *r = find_routed(s, domain);
    unsigned mtu = intf->mtu ? intf->mtu : QS_SW_MTU_DEFAULT;
    struct qs_err err = QS_ERR_INIT;
    struct qs_prefix *want = NULL;
    size_t count = 0;

    if (!r)
        r = make_routed(s, domain);
    if (!r)
        return;
    r->keep = true;
    if (r->mtu != mtu)
        tell(qs_nl_mtu(s->router, r->kernel, mtu, &err), &err);
    r->mtu = mtu;
    add_addresses(intf, &want, &count);
    if (intf->ip6_count > 0 || intf->ipv6_enable)
        *QS_PUSH(want, count) = link_local(s->platform->mac);
    set_addresses(s->router, r->kernel, &r->addresses, &r->count, want, count);
}

static void sync_loopbacks(struct qs_sync *s, const struct qs_sw_config *c)
{
    struct routed *lo = &s->routed[0];
    struct qs_prefix *want = NULL;
    size_t count = 0;

    for (size_t i = 0; i < c->intf_count; i++)
        if (c->intfs[i]->kind == QS_SW_LOOPBACK && !c->intfs[i]->shutdown)
            add_addresses(c->intfs[i], &want, &count);
    set_addresses(s->router, lo->kernel, &lo->addresses, &lo->count, want, count);
}

/* Interfaces that go are taken first: their addresses may come back on others. */
static void sync_routed(struct qs_sync *s, const struct qs_sw_config *c)
{
    for (size_t i = 1; i < s->routed_count; i++)
        s->routed[i].keep = false;
    for (size_t i = 0; i < c->intf_count; i++) {
        unsigned domain = domain_of(s, c, c->intfs[i]);
        struct routed *r = domain ? find_routed(s, domain) : NULL;

        if (r)
            r->keep = true;
    }
    for (size_t i = s->routed_count; i-- > 1;)
        if (!s->routed[i].keep)
            drop_routed(s, i);
    for (size_t i = 0; i < c->intf_count; i++) {
        unsigned domain = domain_of(s, c, c->intfs[i]);

        if (domain)
            sync_intf(s, domain, c->intfs[i]);
    }
    sync_loopbacks(s, c);
}

/* --- routes --- */

static void set_forwarding(int fd, bool on)
{
    struct qs_err err = QS_ERR_INIT;

    if (pwrite(fd, on ? "1\n" : "0\n", 2, 0) != 2)
        tell(qs_err_sys(&err, QS_IO, errno, "could not set forwarding"), &err);
}

/* The route to `dest` that is used: the one of the smallest distance, NULL when there is none. */
static const struct qs_sw_route *best_route(const struct qs_sw_config *c, const struct qs_prefix *dest)
{
    const struct qs_sw_route *best = NULL;

    for (size_t i = 0; i < c->route_count; i++) {
        const struct qs_sw_route *r = &c->routes[i];

        if (holds(&r->dest, 1, dest) && (!best || r->distance < best->distance))
            best = r;
    }
    return best;
}

static void sync_routes(struct qs_sync *s, const struct qs_sw_config *c)
{
    struct qs_err err = QS_ERR_INIT;

    for (size_t i = 0; i < s->route_count; i++)
        if (!best_route(c, &s->routes[i].dest))
            tell(qs_nl_route(s->router, &s->routes[i].dest, &s->routes[i].via, NULL, false, &err), &err);
    free(s->routes);
    s->routes = NULL;
    s->route_count = 0;
    for (size_t i = 0; i < c->route_count; i++) {
        const struct qs_sw_route *r = &c->routes[i];

        if (best_route(c, &r->dest) != r)
            continue;
        *QS_PUSH(s->routes, s->route_count) = (struct qs_sw_route){ .dest = r->dest, .via = r->via };
        tell(qs_nl_route(s->router, &r->dest, &r->via, NULL, true, &err), &err);
    }
}

void qs_sync_run(struct qs_sync *s, const struct qs_sw_config *c)
{
    for (size_t i = 0; i < s->platform->port_count; i++)
        sync_port(s, i, &s->platform->ports[i], c);
    sync_management(s, c);
    sync_routed(s, c);
    qs_dp_configure(s->dp, c);
    set_forwarding(s->forward4, c->ip_routing);
    set_forwarding(s->forward6, c->ipv6_routing);
    sync_routes(s, c);
}
