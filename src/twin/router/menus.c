/* The menus of the router, as one table. Names, defaults and words are those of RouterOS 7.18. */
#include "twin/router/schema.h"

#include <string.h>

#include "base/str.h"

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define END          \
    {                \
        .name = NULL \
    }

#define DISABLED                                                  \
    {                                                             \
        .name = "disabled", .norm = rtr_norm_bool, .def = "false" \
    }
#define COMMENT                                  \
    {                                            \
        .name = "comment", .norm = rtr_norm_text \
    }
#define DYNAMIC                                   \
    {                                             \
        .name = "dynamic", .get = rtr_get_dynamic \
    }
#define INVALID                                 \
    {                                           \
        .name = "invalid", .get = rtr_get_false \
    }
#define POLICIES                                                                                                     \
    WORDS("local", "telnet", "ssh", "ftp", "reboot", "read", "write", "policy", "test", "winbox", "password", "web", \
          "sniff", "sensitive", "api", "romon", "rest-api")
#define SCRIPT_POLICY "ftp,reboot,read,write,policy,test,password,sniff,sensitive,romon"
#define STATES WORDS("invalid", "established", "related", "new", "untracked")

/* clang-format off */
static const struct rtr_attr identity[] = {
    { .name = "name", .norm = rtr_norm_name, .def = "MikroTik" }, END,
};
static const struct rtr_attr resource[] = {
    { .name = "uptime", .get = rtr_get_uptime }, { .name = "version", .get = rtr_get_version },
    { .name = "free-memory", .get = rtr_get_free_memory }, { .name = "total-memory", .get = rtr_get_memory },
    { .name = "cpu-count", .get = rtr_get_cpus }, { .name = "architecture-name", .def = "x86_64" },
    { .name = "board-name", .get = rtr_get_board }, { .name = "platform", .def = "MikroTik" }, END,
};
static const struct rtr_attr time_of_day[] = {
    { .name = "time", .get = rtr_get_time }, { .name = "date", .get = rtr_get_date },
    { .name = "time-zone-name", .def = "UTC" }, { .name = "gmt-offset", .def = "+00:00" }, END,
};
static const struct rtr_attr script[] = {
    { .name = "name", .norm = rtr_norm_name, .flags = RTR_REQUIRED },
    { .name = "policy", .norm = rtr_norm_words, .def = SCRIPT_POLICY, .words = POLICIES },
    { .name = "dont-require-permissions", .norm = rtr_norm_bool, .def = "false" },
    { .name = "run-count", .get = rtr_get_run_count }, { .name = "source", .norm = rtr_norm_text, .def = "" },
    INVALID, COMMENT, END,
};
static const struct rtr_attr scheduler[] = {
    { .name = "name", .norm = rtr_norm_name, .flags = RTR_REQUIRED },
    { .name = "interval", .norm = rtr_norm_duration, .def = "0s" },
    { .name = "start-time", .norm = rtr_norm_text }, { .name = "start-date", .norm = rtr_norm_text },
    { .name = "policy", .norm = rtr_norm_words, .def = SCRIPT_POLICY, .words = POLICIES },
    { .name = "on-event", .norm = rtr_norm_text, .def = "" }, { .name = "run-count", .get = rtr_get_run_count },
    COMMENT, DISABLED, END,
};
static const struct rtr_attr interface[] = {
    { .name = "name", .norm = rtr_norm_name, .flags = RTR_REQUIRED }, { .name = "default-name" },
    { .name = "type", .def = "ether", .flags = RTR_IFACE_ONLY },
    { .name = "mtu", .norm = rtr_norm_uint, .def = "1500", .min = 68, .max = 65535 },
    { .name = "actual-mtu", .flags = RTR_IFACE_ONLY, .get = rtr_get_mtu },
    { .name = "mac-address", .get = rtr_get_mac },
    { .name = "orig-mac-address", .flags = RTR_ETHER_ONLY, .get = rtr_get_mac },
    { .name = "running", .get = rtr_get_running }, COMMENT, DISABLED, END,
};
static const struct rtr_attr address4[] = {
    { .name = "address", .norm = rtr_norm_iface4, .flags = RTR_REQUIRED },
    { .name = "network", .get = rtr_get_network },
    { .name = "interface", .norm = rtr_norm_name, .flags = RTR_REQUIRED | RTR_LINK },
    { .name = "actual-interface", .get = rtr_get_actual_interface },
    INVALID, DYNAMIC, COMMENT, DISABLED, END,
};
static const struct rtr_attr address6[] = {
    { .name = "address", .norm = rtr_norm_iface6, .flags = RTR_REQUIRED },
    { .name = "interface", .norm = rtr_norm_name, .flags = RTR_REQUIRED | RTR_LINK },
    { .name = "actual-interface", .get = rtr_get_actual_interface },
    { .name = "advertise", .norm = rtr_norm_bool, .def = "true" },
    INVALID, DYNAMIC, { .name = "link-local", .get = rtr_get_link_local }, COMMENT, DISABLED, END,
};
#define ROUTE(dest, gateway_norm) \
    { .name = "dst-address", .norm = (dest), .flags = RTR_REQUIRED }, \
    { .name = "gateway", .norm = (gateway_norm) }, \
    { .name = "immediate-gw", .get = rtr_get_immediate_gw }, \
    { .name = "distance", .norm = rtr_norm_uint, .def = "1", .min = 1, .max = 255 }, \
    { .name = "scope", .norm = rtr_norm_uint, .def = "30", .max = 255 }, \
    { .name = "target-scope", .norm = rtr_norm_uint, .def = "10", .max = 255 }, \
    { .name = "routing-table", .norm = rtr_norm_word, .def = "main", .words = WORDS("main") }, \
    { .name = "blackhole", .norm = rtr_norm_flag, .flags = RTR_PRESENCE }, \
    { .name = "active", .get = rtr_get_route_active }, { .name = "static", .get = rtr_get_route_static }, \
    { .name = "connect", .get = rtr_get_route_connect }, DYNAMIC, COMMENT, DISABLED, END
static const struct rtr_attr route4[] = { ROUTE(rtr_norm_dest4, rtr_norm_gateway4) };
static const struct rtr_attr route6[] = { ROUTE(rtr_norm_dest6, rtr_norm_gateway6) };

#define MATCHERS(match) \
    { .name = "src-address", .norm = (match), .flags = RTR_NEGATE }, \
    { .name = "dst-address", .norm = (match), .flags = RTR_NEGATE }, \
    { .name = "src-address-list", .norm = rtr_norm_name, .flags = RTR_NEGATE }, \
    { .name = "dst-address-list", .norm = rtr_norm_name, .flags = RTR_NEGATE }, \
    { .name = "protocol", .norm = rtr_norm_protocol, .flags = RTR_NEGATE }, \
    { .name = "src-port", .norm = rtr_norm_ports, .flags = RTR_NEGATE }, \
    { .name = "dst-port", .norm = rtr_norm_ports, .flags = RTR_NEGATE }, \
    { .name = "connection-state", .norm = rtr_norm_words, .words = STATES, .flags = RTR_NEGATE }, \
    { .name = "in-interface", .norm = rtr_norm_name, .flags = RTR_NEGATE | RTR_LINK }, \
    { .name = "out-interface", .norm = rtr_norm_name, .flags = RTR_NEGATE | RTR_LINK }
#define RULE_TAIL \
    { .name = "log", .norm = rtr_norm_bool }, { .name = "log-prefix", .norm = rtr_norm_text }, \
    INVALID, DYNAMIC, COMMENT, DISABLED, END
#define CHAIN { .name = "chain", .norm = rtr_norm_name, .flags = RTR_REQUIRED }
#define FILTER(match, ...) \
    CHAIN, \
    { .name = "action", .norm = rtr_norm_word, .def = "accept", \
      .words = WORDS("accept", "drop", "reject", "log", "passthrough", "jump", "return") }, \
    MATCHERS(match), \
    { .name = "connection-nat-state", .norm = rtr_norm_words, .words = WORDS("srcnat", "dstnat"), .flags = RTR_NEGATE }, \
    { .name = "jump-target", .norm = rtr_norm_name }, \
    { .name = "reject-with", .norm = rtr_norm_word, .words = WORDS(__VA_ARGS__) }, RULE_TAIL
static const struct rtr_attr filter4[] = {
    FILTER(rtr_norm_match4, "icmp-network-unreachable", "icmp-host-unreachable", "icmp-protocol-unreachable",
           "icmp-port-unreachable", "icmp-net-prohibited", "icmp-host-prohibited", "icmp-admin-prohibited", "tcp-reset"),
};
static const struct rtr_attr filter6[] = {
    FILTER(rtr_norm_match6, "icmp-no-route", "icmp-admin-prohibited", "icmp-address-unreachable",
           "icmp-port-unreachable", "tcp-reset"),
};
#define NAT(match, to_norm) \
    CHAIN, \
    { .name = "action", .norm = rtr_norm_word, .def = "accept", \
      .words = WORDS("accept", "masquerade", "src-nat", "dst-nat", "redirect", "log", "passthrough", "jump", "return") }, \
    { .name = "to-addresses", .norm = (to_norm) }, { .name = "to-ports", .norm = rtr_norm_range }, \
    MATCHERS(match), { .name = "jump-target", .norm = rtr_norm_name }, RULE_TAIL
static const struct rtr_attr nat4[] = { NAT(rtr_norm_match4, rtr_norm_to4) };
static const struct rtr_attr nat6[] = { NAT(rtr_norm_match6, rtr_norm_to6) };

#define ADDRESS_LIST(match) \
    { .name = "list", .norm = rtr_norm_name, .flags = RTR_REQUIRED }, \
    { .name = "address", .norm = (match), .flags = RTR_REQUIRED }, \
    DYNAMIC, COMMENT, DISABLED, END
static const struct rtr_attr list4[] = { ADDRESS_LIST(rtr_norm_match4) };
static const struct rtr_attr list6[] = { ADDRESS_LIST(rtr_norm_match6) };

static const struct rtr_attr service[] = {
    { .name = "name" }, { .name = "port", .norm = rtr_norm_uint, .flags = RTR_REQUIRED, .min = 1, .max = 65535 },
    { .name = "proto", .get = rtr_get_proto },
    { .name = "address", .norm = rtr_norm_from, .def = "" },
    { .name = "certificate", .norm = rtr_norm_word, .words = WORDS("none", "router") },
    { .name = "vrf", .norm = rtr_norm_word, .def = "main", .words = WORDS("main") },
    { .name = "max-sessions", .norm = rtr_norm_uint, .def = "20", .min = 1, .max = 1000 },
    { .name = "local" }, { .name = "remote" }, { .name = "connection" },
    INVALID, DYNAMIC, DISABLED, END,
};
static const struct rtr_attr dns[] = {
    { .name = "servers", .norm = rtr_norm_servers, .def = "" }, { .name = "dynamic-servers", .def = "" },
    { .name = "allow-remote-requests", .norm = rtr_norm_bool, .def = "false" },
    { .name = "cache-size", .norm = rtr_norm_uint, .def = "2048", .min = 64, .max = UINT32_MAX },
    { .name = "cache-max-ttl", .norm = rtr_norm_duration, .def = "1w" }, END,
};
static const struct rtr_attr user[] = {
    { .name = "name", .norm = rtr_norm_name, .flags = RTR_REQUIRED },
    { .name = "group", .norm = rtr_norm_name, .flags = RTR_REQUIRED },
    { .name = "address", .norm = rtr_norm_from, .def = "" },
    { .name = "password", .norm = rtr_norm_password, .flags = RTR_SECRET }, COMMENT, DISABLED, END,
};
static const struct rtr_attr group[] = {
    { .name = "name", .norm = rtr_norm_name, .flags = RTR_REQUIRED },
    { .name = "policy", .norm = rtr_norm_words, .def = "", .words = POLICIES },
    { .name = "skin", .norm = rtr_norm_word, .def = "default", .words = WORDS("default") }, COMMENT, END,
};

#define MENU(id, path_, attrs_) [RTR_##id] = { .path = (path_), .attrs = (attrs_), .rows = RTR_##id,
static const struct rtr_menu menus[RTR_MENU_MAX] = {
    MENU(IDENTITY, "/system/identity", identity) .flags = RTR_SINGLETON },
    MENU(RESOURCE, "/system/resource", resource) .flags = RTR_SINGLETON },
    MENU(CLOCK, "/system/clock", time_of_day) .flags = RTR_SINGLETON },
    MENU(SCRIPT, "/system/script", script) .keys = { "name" }, .taken = "failure: item with this name already exists" },
    MENU(SCHEDULER, "/system/scheduler", scheduler) .keys = { "name" }, .check = rtr_check_scheduler,
        .taken = "failure: item with this name already exists" },
    MENU(INTERFACE, "/interface", interface) .flags = RTR_FIXED, .touches = RTR_TOUCH_NET | RTR_TOUCH_NFT,
        .hidden = RTR_ETHER_ONLY, .keys = { "name" }, .taken = "failure: already have interface with such name" },
    [RTR_ETHERNET] = { .path = "/interface/ethernet", .attrs = interface, .rows = RTR_INTERFACE, .flags = RTR_FIXED,
        .touches = RTR_TOUCH_NET | RTR_TOUCH_NFT, .hidden = RTR_IFACE_ONLY, .keys = { "name" },
        .taken = "failure: already have interface with such name", .shows = rtr_is_ether },
    MENU(ADDRESS4, "/ip/address", address4) .touches = RTR_TOUCH_NET, .keys = { "address", "interface" },
        .taken = "failure: already have such address" },
    MENU(ADDRESS6, "/ipv6/address", address6) .touches = RTR_TOUCH_NET, .keys = { "address", "interface" },
        .taken = "failure: already have such address" },
    MENU(ROUTE4, "/ip/route", route4) .touches = RTR_TOUCH_NET, .id_base = 0x80000000, .check = rtr_check_route,
        .dynamic = rtr_dynamic_route4 },
    MENU(ROUTE6, "/ipv6/route", route6) .touches = RTR_TOUCH_NET, .id_base = 0x80000000, .check = rtr_check_route,
        .dynamic = rtr_dynamic_route6 },
    MENU(FILTER4, "/ip/firewall/filter", filter4) .flags = RTR_ORDERED, .touches = RTR_TOUCH_NFT, .check = rtr_check_rule4 },
    MENU(FILTER6, "/ipv6/firewall/filter", filter6) .flags = RTR_ORDERED, .touches = RTR_TOUCH_NFT, .check = rtr_check_rule6 },
    MENU(NAT4, "/ip/firewall/nat", nat4) .flags = RTR_ORDERED, .touches = RTR_TOUCH_NFT, .check = rtr_check_nat },
    MENU(NAT6, "/ipv6/firewall/nat", nat6) .flags = RTR_ORDERED, .touches = RTR_TOUCH_NFT, .check = rtr_check_nat },
    MENU(LIST4, "/ip/firewall/address-list", list4) .touches = RTR_TOUCH_NFT, .keys = { "list", "address" },
        .taken = "failure: already have such entry" },
    MENU(LIST6, "/ipv6/firewall/address-list", list6) .touches = RTR_TOUCH_NFT, .keys = { "list", "address" },
        .taken = "failure: already have such entry" },
    MENU(SERVICE, "/ip/service", service) .flags = RTR_FIXED, .touches = RTR_TOUCH_LISTEN, .check = rtr_check_service,
        .dynamic = rtr_dynamic_service },
    MENU(DNS, "/ip/dns", dns) .flags = RTR_SINGLETON, .check = rtr_check_dns },
    MENU(USER, "/user", user) .keys = { "name" }, .check = rtr_check_user,
        .taken = "failure: user with the same name already exists" },
    MENU(GROUP, "/user/group", group) .keys = { "name" }, .taken = "failure: group with the same name already exists" },
};
/* clang-format on */

const struct rtr_menu *rtr_menu(enum rtr_menu_id id)
{
    return &menus[id];
}

const struct rtr_menu *rtr_menu_find(const char *path, size_t len)
{
    for (size_t i = 0; i < RTR_MENU_MAX; i++)
        if (strlen(menus[i].path) == len && strncmp(menus[i].path, path, len) == 0)
            return &menus[i];
    return NULL;
}

bool rtr_menu_is_prefix(const char *path, size_t len)
{
    for (size_t i = 0; i < RTR_MENU_MAX; i++)
        if (strncmp(menus[i].path, path, len) == 0 && menus[i].path[len] == '/')
            return true;
    return len == 0;
}

bool rtr_attr_visible(const struct rtr_menu *m, const struct rtr_attr *a)
{
    return (a->flags & m->hidden) == 0;
}

const struct rtr_attr *rtr_attr_find(const struct rtr_menu *m, const char *name)
{
    for (const struct rtr_attr *a = m->attrs; a->name; a++)
        if (qs_streq(a->name, name) && rtr_attr_visible(m, a))
            return a;
    return NULL;
}
