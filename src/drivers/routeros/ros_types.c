/* drivers/routeros: the menus, the resource type of each, and the one form of each value. */
#include "drivers/routeros/ros_int.h"

#include "base/alloc.h"
#include "base/str.h"

char *ros_property(const char *attr)
{
    char *name = qs_xstrdup(attr);

    for (char *p = name; *p; p++)
        if (*p == '_')
            *p = '-';
    return name;
}

char *ros_normal_address(const char *text)
{
    char out[QS_IP_TEXT];
    struct qs_prefix p;
    struct qs_ip ip;

    if (qs_ip_parse(text, &ip))
        return qs_xstrdup(qs_ip_text(&ip, out));
    if (!qs_prefix_parse(text, &p))
        return qs_xstrdup(text); /* a range, a DNS name */
    if (p.len == (p.ip.family == 4 ? 32 : 128))
        return qs_xstrdup(qs_ip_text(&p.ip, out));
    return qs_xstrdup(qs_prefix_text(&p, out));
}

/* An interface address keeps its length, /32 too. */
static char *normal_interface_address(const char *text)
{
    char out[QS_IP_TEXT];
    struct qs_prefix p;
    struct qs_ip ip;

    if (qs_prefix_parse(text, &p))
        return qs_xstrdup(qs_prefix_text(&p, out));
    if (qs_ip_parse(text, &ip))
        return qs_xasprintf("%s/%d", qs_ip_text(&ip, out), ip.family == 4 ? 32 : 128);
    return qs_xstrdup(text);
}

/* "53, 80" → "53,80" */
static char *normal_ports(const char *text)
{
    char *out = qs_xstrdup(text), *to = out;

    for (const char *p = text; *p; p++)
        if (*p != ' ')
            *to++ = *p;
    *to = '\0';
    return out;
}

/* clang-format off */
#define COMMENT { "comment", QS_ATTR_STRING, "", 0, NULL, "what it is for" }
#define DISABLED { "disabled", QS_ATTR_BOOL, "false", 0, NULL, "kept, but without effect" }
#define END { .name = NULL }

static const struct qs_attr identity_attrs[] = {
    { "name", QS_ATTR_STRING, "MikroTik", 0, NULL, "name in prompts and logs" },
    END
};
static const struct qs_attr interface_attrs[] = {
    { "comment", QS_ATTR_STRING, "", 0, NULL, "what is at the other end" },
    { "disabled", QS_ATTR_BOOL, "true", 0, NULL, "is down; a port without intent is" },
    END
};
static const struct qs_attr address_attrs[] = {
    { "address", QS_ATTR_STRING, NULL, QS_ATTR_REQUIRED | QS_ATTR_RECREATE, normal_interface_address, "with its length" },
    { "interface", QS_ATTR_STRING, NULL, QS_ATTR_REQUIRED | QS_ATTR_RECREATE, NULL, "where it is" },
    COMMENT, DISABLED, END
};
static const struct qs_attr address6_attrs[] = {
    { "address", QS_ATTR_STRING, NULL, QS_ATTR_REQUIRED | QS_ATTR_RECREATE, normal_interface_address, "with its length" },
    { "interface", QS_ATTR_STRING, NULL, QS_ATTR_REQUIRED | QS_ATTR_RECREATE, NULL, "where it is" },
    { "advertise", QS_ATTR_BOOL, "false", 0, NULL, "announces the network to hosts, which then configure themselves" },
    COMMENT, DISABLED, END
};
static const struct qs_attr route_attrs[] = {
    { "dst_address", QS_ATTR_STRING, NULL, QS_ATTR_REQUIRED | QS_ATTR_RECREATE, normal_interface_address, "destination network" },
    { "gateway", QS_ATTR_STRING, NULL, QS_ATTR_REQUIRED | QS_ATTR_RECREATE, ros_normal_address, "next hop" },
    { "distance", QS_ATTR_INT, "1", 0, NULL, "administrative distance" },
    COMMENT, DISABLED, END
};
#define MATCHERS \
    { "chain", QS_ATTR_STRING, NULL, QS_ATTR_REQUIRED, NULL, "input, forward, output, srcnat, dstnat" }, \
    { "action", QS_ATTR_STRING, "accept", 0, NULL, "what happens to a packet that matches" }, \
    { "protocol", QS_ATTR_STRING, "", 0, NULL, "tcp, udp, icmp, icmpv6, …" }, \
    { "connection_state", QS_ATTR_SET, "", 0, NULL, "established, related, invalid, new" }, \
    { "src_address", QS_ATTR_STRING, "", 0, ros_normal_address, "source" }, \
    { "dst_address", QS_ATTR_STRING, "", 0, ros_normal_address, "destination" }, \
    { "src_address_list", QS_ATTR_STRING, "", 0, NULL, "source, by address list" }, \
    { "dst_address_list", QS_ATTR_STRING, "", 0, NULL, "destination, by address list" }, \
    { "src_port", QS_ATTR_STRING, "", 0, normal_ports, "source ports" }, \
    { "dst_port", QS_ATTR_STRING, "", 0, normal_ports, "destination ports" }, \
    { "in_interface", QS_ATTR_STRING, "", 0, NULL, "where it came in" }, \
    { "out_interface", QS_ATTR_STRING, "", 0, NULL, "where it goes out" }, \
    { "log", QS_ATTR_BOOL, "false", 0, NULL, "is written to the router's log" }, \
    { "log_prefix", QS_ATTR_STRING, "", 0, NULL, "text in front of log lines" }, \
    DISABLED, \
    { "other", QS_ATTR_STRING, "", QS_ATTR_RECREATE, NULL, "matchers that this schema does not name, as found" }

static const struct qs_attr filter_attrs[] = { MATCHERS, END };
static const struct qs_attr nat_attrs[] = {
    MATCHERS,
    { "to_addresses", QS_ATTR_STRING, "", 0, ros_normal_address, "new address" },
    { "to_ports", QS_ATTR_STRING, "", 0, normal_ports, "new port" },
    END
};
static const struct qs_attr list_attrs[] = {
    { "list", QS_ATTR_STRING, NULL, QS_ATTR_REQUIRED | QS_ATTR_RECREATE, NULL, "name of the list" },
    { "address", QS_ATTR_STRING, NULL, QS_ATTR_REQUIRED | QS_ATTR_RECREATE, ros_normal_address, "address, network, range or name" },
    COMMENT, DISABLED, END
};
static const struct qs_attr service_attrs[] = {
    { "disabled", QS_ATTR_BOOL, "true", 0, NULL, "does not answer; a service without intent does not" },
    { "port", QS_ATTR_INT, NULL, QS_ATTR_UNMANAGED, NULL, "TCP port" },
    { "address", QS_ATTR_SET, "", 0, ros_normal_address, "networks that may connect; empty: any" },
    END
};
static const struct qs_attr user_attrs[] = {
    { "group", QS_ATTR_STRING, "read", 0, NULL, "rights: full, write, read" },
    COMMENT, DISABLED, END
};

const struct qs_type ros_types[] = {
    { "identity", "the router as a whole", identity_attrs, QS_TYPE_SINGLETON, 10 },
    { "user", "a local account; made with a password that nobody knows", user_attrs, 0, 20 },
    { "interface", "an Ethernet port", interface_attrs, QS_TYPE_FIXED, 30 },
    { "address", "an IPv4 address, named 'ADDRESS@INTERFACE'", address_attrs, 0, 40 },
    { "address6", "an IPv6 address, named 'ADDRESS@INTERFACE'", address6_attrs, 0, 40 },
    { "list", "an entry of an IPv4 address list, named 'LIST/ADDRESS'", list_attrs, 0, 50 },
    { "list6", "an entry of an IPv6 address list, named 'LIST/ADDRESS'", list_attrs, 0, 50 },
    { "nat", "a row of the IPv4 NAT table, named by its comment", nat_attrs, QS_TYPE_ORDERED, 60 },
    { "nat6", "a row of the IPv6 NAT table, named by its comment", nat_attrs, QS_TYPE_ORDERED, 60 },
    { "filter", "a row of the IPv4 firewall, named by its comment", filter_attrs, QS_TYPE_ORDERED, 70 },
    { "filter6", "a row of the IPv6 firewall, named by its comment", filter_attrs, QS_TYPE_ORDERED, 70 },
    { "route", "a static IPv4 route, named 'NETWORK via GATEWAY'", route_attrs, 0, 80 },
    { "route6", "a static IPv6 route, named 'NETWORK via GATEWAY'", route_attrs, 0, 80 },
    { "service", "a service of the router itself", service_attrs, QS_TYPE_FIXED, 90 },
    { .name = NULL }
};

const struct ros_menu ros_menus[] = {
    { "identity", "/system/identity", NULL, ROS_SINGLE },
    { "user", "/user", "{name}", 0 },
    { "interface", "/interface", "{name}", ROS_ETHER_ONLY },
    { "address", "/ip/address", "{address}@{interface}", 0 },
    { "address6", "/ipv6/address", "{address}@{interface}", 0 },
    { "list", "/ip/firewall/address-list", "{list}/{address}", 0 },
    { "list6", "/ipv6/firewall/address-list", "{list}/{address}", 0 },
    { "nat", "/ip/firewall/nat", NULL, ROS_ORDERED },
    { "nat6", "/ipv6/firewall/nat", NULL, ROS_ORDERED },
    { "filter", "/ip/firewall/filter", NULL, ROS_ORDERED },
    { "filter6", "/ipv6/firewall/filter", NULL, ROS_ORDERED },
    { "route", "/ip/route", "{dst-address} via {gateway}", 0 },
    { "route6", "/ipv6/route", "{dst-address} via {gateway}", 0 },
    { "service", "/ip/service", "{name}", 0 },
    { .type = NULL }
};
/* clang-format on */

const struct ros_menu *ros_menu_of(const char *type)
{
    for (const struct ros_menu *m = ros_menus; m->type; m++)
        if (qs_streq(m->type, type))
            return m;
    return NULL;
}
