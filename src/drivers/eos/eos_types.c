/* drivers/eos: the resource types, and the one form of each value that comparisons use. */
#include "drivers/eos/eos_int.h"

#include <ctype.h>

#include "base/alloc.h"
#include "base/ip.h"
#include "base/str.h"

bool eos_vlans_has(const struct eos_vlans *v, unsigned id)
{
    return id <= EOS_VLAN_MAX && (v->bits[id / 8] >> (id % 8) & 1);
}

static bool add_range(struct eos_vlans *v, char *part)
{
    char *dash = strchr(part, '-');
    uint32_t first, last;

    if (dash)
        *dash = '\0';
    if (!qs_parse_u32(part, 1, EOS_VLAN_MAX, &first))
        return false;
    last = first;
    if (dash && !qs_parse_u32(dash + 1, first, EOS_VLAN_MAX, &last))
        return false;
    for (uint32_t id = first; id <= last; id++)
        v->bits[id / 8] |= (uint8_t)(1u << (id % 8));
    return true;
}

bool eos_vlans_parse(const char *text, struct eos_vlans *ret)
{
    struct eos_vlans v = { { 0 } };
    qs_auto(str) char *copy = qs_xstrdup(text);
    char *part, *rest = copy;

    if (qs_streq(text, "none") || !*text) {
        *ret = v;
        return true;
    }
    while ((part = strsep(&rest, ",")))
        if (!add_range(&v, part))
            return false;
    *ret = v;
    return true;
}

char *eos_vlans_text(const struct eos_vlans *v)
{
    qs_auto(buf) struct qs_buf b = QS_BUF(32 << 10);

    for (unsigned id = 1; id <= EOS_VLAN_MAX; id++) {
        unsigned last = id;

        if (!eos_vlans_has(v, id))
            continue;
        while (eos_vlans_has(v, last + 1))
            last++;
        qs_buf_printf(&b, "%s%u", b.len ? "," : "", id);
        if (last > id)
            qs_buf_printf(&b, "-%u", last);
        id = last;
    }
    if (!b.len)
        qs_buf_puts(&b, "none");
    return qs_buf_take(&b);
}

static char *normal_vlans(const char *text)
{
    struct eos_vlans v;

    return eos_vlans_parse(text, &v) ? eos_vlans_text(&v) : qs_xstrdup(text);
}

static char *normal_prefix(const char *text)
{
    struct qs_prefix p;
    char out[QS_IP_TEXT];

    return qs_xstrdup(qs_prefix_parse(text, &p) ? qs_prefix_text(&p, out) : text);
}

static char *normal_network(const char *text)
{
    struct qs_prefix p;
    char out[QS_IP_TEXT];

    if (!qs_prefix_parse(text, &p))
        return qs_xstrdup(text);
    p = qs_prefix_network(&p);
    return qs_xstrdup(qs_prefix_text(&p, out));
}

static char *normal_ip(const char *text)
{
    struct qs_ip ip;
    char out[QS_IP_TEXT];

    return qs_xstrdup(qs_ip_parse(text, &ip) ? qs_ip_text(&ip, out) : text);
}

/* Text to the end of a line: the switch drops blanks at both ends. */
static char *normal_line(const char *text)
{
    size_t len;

    while (isspace((unsigned char)*text))
        text++;
    len = strlen(text);
    while (len && isspace((unsigned char)text[len - 1]))
        len--;
    return qs_xstrndup(text, len);
}

/* VLAN and route names are one word on the switch. */
static char *normal_word(const char *text)
{
    char *word = normal_line(text);

    for (char *p = word; *p; p++)
        if (isspace((unsigned char)*p))
            *p = '-';
    return word;
}

/* clang-format off */
#define ATTR_L3 \
    { "mtu", QS_ATTR_INT, "1500", 0, NULL, "largest IP packet in bytes" }, \
    { "ipv4", QS_ATTR_STRING, "", 0, normal_prefix, "primary IPv4 address with its length" }, \
    { "ipv4_secondary", QS_ATTR_SET, "", 0, normal_prefix, "further IPv4 addresses" }, \
    { "ipv6", QS_ATTR_SET, "", 0, normal_prefix, "IPv6 addresses" }

static const struct qs_attr system_attrs[] = {
    { "hostname", QS_ATTR_STRING, "localhost", 0, NULL, "name in prompts and logs" },
    { "domain", QS_ATTR_STRING, "", 0, NULL, "DNS domain" },
    { "name_servers", QS_ATTR_SET, "", 0, normal_ip, "DNS servers" },
    { "ntp_servers", QS_ATTR_SET, "", 0, normal_ip, "time servers" },
    { "ip_routing", QS_ATTR_BOOL, "false", 0, NULL, "forwards IPv4 between its interfaces" },
    { "ipv6_routing", QS_ATTR_BOOL, "false", 0, NULL, "forwards IPv6 between its interfaces" },
    { .name = NULL }
};
static const struct qs_attr user_attrs[] = {
    { "role", QS_ATTR_STRING, "network-operator", 0, NULL, "EOS role" },
    { "privilege", QS_ATTR_INT, NULL, QS_ATTR_UNMANAGED, NULL, "privilege level 0 to 15" },
    { "secret", QS_ATTR_STRING, NULL, QS_ATTR_SECRET | QS_ATTR_UNMANAGED, NULL,
      "stored form as the switch prints it: 'sha512 $6$…'; a user made without one cannot log in by password" },
    { .name = NULL }
};
static const struct qs_attr vlan_attrs[] = {
    { "name", QS_ATTR_STRING, "", 0, normal_word, "name; empty: the switch's own VLAN0010" },
    { "state", QS_ATTR_STRING, "active", 0, NULL, "active or suspend" },
    { .name = NULL }
};
static const struct qs_attr interface_attrs[] = {
    { "description", QS_ATTR_STRING, "", 0, normal_line, "what is at the other end" },
    { "enabled", QS_ATTR_BOOL, "false", 0, NULL, "carries traffic; a port without intent is shut down" },
    { "mode", QS_ATTR_STRING, "access", 0, NULL, "access, trunk or routed" },
    { "access_vlan", QS_ATTR_INT, "1", 0, NULL, "VLAN of an access port" },
    { "native_vlan", QS_ATTR_INT, "1", 0, NULL, "untagged VLAN of a trunk" },
    { "allowed_vlans", QS_ATTR_STRING, "1-4094", 0, normal_vlans, "VLANs of a trunk, as '10,20-22' or 'none'" },
    ATTR_L3,
    { .name = NULL }
};
static const struct qs_attr management_attrs[] = {
    { "description", QS_ATTR_STRING, "", 0, normal_line, "what is at the other end" },
    { "enabled", QS_ATTR_BOOL, "false", 0, NULL, "is up; a port without intent is shut down" },
    ATTR_L3,
    { .name = NULL }
};
static const struct qs_attr routed_attrs[] = {
    { "description", QS_ATTR_STRING, "", 0, normal_line, "what it is for" },
    { "enabled", QS_ATTR_BOOL, "true", 0, NULL, "is up" },
    ATTR_L3,
    { .name = NULL }
};
static const struct qs_attr route_attrs[] = {
    { "dest", QS_ATTR_STRING, NULL, QS_ATTR_REQUIRED | QS_ATTR_RECREATE, normal_network, "destination network" },
    { "via", QS_ATTR_STRING, NULL, QS_ATTR_REQUIRED | QS_ATTR_RECREATE, normal_ip, "next hop" },
    { "name", QS_ATTR_STRING, "", 0, normal_word, "what it is for, one word" },
    { "distance", QS_ATTR_INT, "1", 0, NULL, "administrative distance" },
    { .name = NULL }
};
static const struct qs_attr api_attrs[] = {
    { "enabled", QS_ATTR_BOOL, "false", 0, NULL, "eAPI answers" },
    { "https", QS_ATTR_BOOL, "true", 0, NULL, "over HTTPS" },
    { "http", QS_ATTR_BOOL, "false", 0, NULL, "over HTTP in clear text" },
    { "https_port", QS_ATTR_INT, "443", 0, NULL, "TCP port of HTTPS" },
    { .name = NULL }
};

const struct qs_type eos_types[] = {
    { "system", "the switch as a whole", system_attrs, QS_TYPE_SINGLETON, 10 },
    { "user", "a local account", user_attrs, 0, 20 },
    { "vlan", "a VLAN by its id", vlan_attrs, 0, 30 },
    { "interface", "an Ethernet port", interface_attrs, QS_TYPE_FIXED, 40 },
    { "management", "a management port", management_attrs, QS_TYPE_FIXED, 40 },
    { "svi", "the switch's own interface in a VLAN", routed_attrs, 0, 50 },
    { "loopback", "a loopback interface", routed_attrs, 0, 50 },
    { "route", "a static route, named 'DEST via HOP'", route_attrs, 0, 60 },
    { "api", "the management API that qs itself uses", api_attrs, QS_TYPE_SINGLETON, 70 },
    { .name = NULL }
};
/* clang-format on */
