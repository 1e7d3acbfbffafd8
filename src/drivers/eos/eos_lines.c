/* drivers/eos: the lines of each block, as tables that reading and rendering share. */
#include "drivers/eos/eos_int.h"

#include "base/alloc.h"
#include "base/ip.h"
#include "base/str.h"

/* clang-format off */
#define LINES_END { NULL, EOS_TEXT, NULL, NULL, false }
#define LINES_L3 \
    { "mtu", EOS_INT, "mtu ", "no mtu", false }, \
    { "ipv4", EOS_V4, "ip address ", "no ip address", true }, \
    { "ipv6", EOS_ITEM, "ipv6 address ", "no ipv6 address ", true }, \
    { "enabled", EOS_BOOL, "no shutdown", "shutdown", false }

static const struct eos_line system_lines[] = {
    { "hostname", EOS_TEXT, "hostname ", "no hostname", false },
    { "domain", EOS_TEXT, "dns domain ", "no dns domain", false },
    { "domain", EOS_OLDER, "ip domain-name ", NULL, false },
    { "name_servers", EOS_ITEM, "ip name-server vrf default ", "no ip name-server vrf default ", true },
    { "ntp_servers", EOS_ITEM, "ntp server ", "no ntp server ", false },
    { "ip_routing", EOS_BOOL, "ip routing", "no ip routing", false },
    { "ipv6_routing", EOS_BOOL, "ipv6 unicast-routing", "no ipv6 unicast-routing", false },
    LINES_END
};
static const struct eos_line vlan_lines[] = {
    { "name", EOS_TEXT, "name ", "no name", false },
    { "state", EOS_TEXT, "state ", "no state", false },
    LINES_END
};
static const struct eos_line interface_lines[] = {
    { "description", EOS_TEXT, "description ", "no description", false },
    { "mode", EOS_MODE, NULL, NULL, false },
    { "access_vlan", EOS_INT, "switchport access vlan ", "no switchport access vlan", false },
    { "native_vlan", EOS_INT, "switchport trunk native vlan ", "no switchport trunk native vlan", false },
    { "allowed_vlans", EOS_TEXT, "switchport trunk allowed vlan ", "no switchport trunk allowed vlan", false },
    LINES_L3,
    LINES_END
};
static const struct eos_line routed_lines[] = {
    { "description", EOS_TEXT, "description ", "no description", false },
    LINES_L3,
    LINES_END
};
static const struct eos_line api_lines[] = {
    { "https_port", EOS_INT, "protocol https port ", "protocol https port 443", false },
    { "https", EOS_BOOL, "protocol https", "no protocol https", false },
    { "http", EOS_BOOL, "protocol http", "no protocol http", false },
    { "enabled", EOS_BOOL, "no shutdown", "shutdown", false },
    LINES_END
};

static const struct eos_block blocks[] = {
    { "system", "", system_lines },
    { "vlan", "vlan ", vlan_lines },
    { "interface", "interface ", interface_lines },
    { "management", "interface ", routed_lines },
    { "svi", "interface ", routed_lines },
    { "loopback", "interface ", routed_lines },
    { "api", "management api http-commands", api_lines },
};
/* clang-format on */

const struct eos_block *eos_block_of(const char *type)
{
    for (size_t i = 0; i < QS_COUNT(blocks); i++)
        if (qs_streq(blocks[i].type, type))
            return &blocks[i];
    return NULL;
}

static bool read_number(const char *attr, const char *rest, struct qs_val *attrs)
{
    uint32_t n;

    if (!qs_parse_u32(rest, 0, UINT32_MAX, &n))
        return false;
    qs_val_set_int(attrs, attr, n);
    return true;
}

static void add_item(struct qs_val *attrs, const char *attr, const char *item)
{
    struct qs_val *list = qs_val_get(attrs, attr);

    if (!list)
        list = qs_val_set(attrs, attr, qs_val_list());
    qs_val_add(list, qs_val_str(item));
}

/* One word, and an address where the row asks for one: "ntp server X iburst" holds more than the set models. */
static bool read_item(const struct eos_line *row, const char *rest, struct qs_val *attrs)
{
    struct qs_prefix p;
    struct qs_ip ip;

    if (!*rest || strchr(rest, ' '))
        return false;
    if (row->address && !qs_ip_parse(rest, &ip) && !qs_prefix_parse(rest, &p))
        return false;
    add_item(attrs, row->attr, rest);
    return true;
}

static bool read_v4(const char *rest, struct qs_val *attrs)
{
    qs_auto(str) char *word = qs_xstrndup(rest, strcspn(rest, " "));
    const char *more = rest + strlen(word);
    struct qs_prefix p;

    if (!qs_prefix_parse(word, &p) || p.ip.family != 4)
        return false; /* dhcp, virtual: not ours */
    if (qs_streq(more, " secondary"))
        add_item(attrs, "ipv4_secondary", word);
    else if (!*more)
        qs_val_set_str(attrs, "ipv4", word);
    else
        return false;
    return true;
}

/* A routed port may still print dormant switchport lines; "no switchport" wins wherever it stands. */
static bool read_mode(const char *line, struct qs_val *attrs)
{
    const char *mode = qs_after(line, "switchport mode ");

    if (qs_streq(line, "no switchport")) {
        qs_val_set_str(attrs, "mode", "routed");
        return true;
    }
    if (qs_streq(line, "switchport"))
        return true;
    if (!mode || (!qs_streq(mode, "access") && !qs_streq(mode, "trunk")))
        return false;
    if (!qs_streq(qs_val_get_str(attrs, "mode", ""), "routed"))
        qs_val_set_str(attrs, "mode", mode);
    return true;
}

static bool read_value(const struct eos_line *row, const char *line, struct qs_val *attrs)
{
    const char *rest = qs_after(line, row->on);

    if (row->kind == EOS_BOOL) {
        if (!qs_streq(line, row->on) && !qs_streq(line, row->off))
            return false;
        qs_val_set_bool(attrs, row->attr, qs_streq(line, row->on));
        return true;
    }
    if (!rest)
        return false;
    if (row->kind == EOS_INT)
        return read_number(row->attr, rest, attrs);
    if (row->kind == EOS_ITEM)
        return read_item(row, rest, attrs);
    if (row->kind == EOS_V4)
        return read_v4(rest, attrs);
    qs_val_set_str(attrs, row->attr, rest);
    return true;
}

bool eos_line_read(const struct eos_block *block, const char *line, struct qs_val *attrs)
{
    for (const struct eos_line *row = block->lines; row->attr; row++) {
        bool taken = row->kind == EOS_MODE ? read_mode(line, attrs) : read_value(row, line, attrs);

        if (taken)
            return true;
    }
    return false;
}
