#include "twin/switch/grammar.h"

#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "twin/switch/grammar_int.h"

/* --- the table --- */

#define E (1u << QS_SW_ETHERNET)
#define L (1u << QS_SW_LOOPBACK)
#define M (1u << QS_SW_MANAGEMENT)
#define V (1u << QS_SW_VLAN)
#define ACCOUNT "username <name> [privilege <int:0-15>] [role <name>] "

static const struct row {
    enum qs_sw_mode mode;
    unsigned verbs;
    const char *pattern;
    sw_effect_fn *effect;
    unsigned kinds; /* of mode INTF: the kinds of interface that have this command */
} table[] = {
    /* clang-format off */
    { QS_SW_MODE_CONFIG, SET,   "hostname <name>",                                              sw_do_hostname,     0 },
    { QS_SW_MODE_CONFIG, UNSET, "hostname [<name>]",                                            sw_do_hostname,     0 },
    { QS_SW_MODE_CONFIG, SET,   "dns domain <name>",                                            sw_do_domain,       0 },
    { QS_SW_MODE_CONFIG, UNSET, "dns domain [<name>]",                                          sw_do_domain,       0 },
    { QS_SW_MODE_CONFIG, SET,   "ip name-server [vrf default] <ip>",                            sw_do_name_server,  0 },
    { QS_SW_MODE_CONFIG, UNSET, "ip name-server [vrf default] [<ip>]",                          sw_do_name_server,  0 },
    { QS_SW_MODE_CONFIG, SET,   "ntp server <name>",                                            sw_do_ntp,          0 },
    { QS_SW_MODE_CONFIG, UNSET, "ntp server <name>",                                            sw_do_ntp,          0 },
    { QS_SW_MODE_CONFIG, UNSET, "ntp",                                                          sw_do_ntp,          0 },
    { QS_SW_MODE_CONFIG, SET,   "logging host <name>",                                          sw_do_logging,      0 },
    { QS_SW_MODE_CONFIG, UNSET, "logging host [<name>]",                                        sw_do_logging,      0 },
    { QS_SW_MODE_CONFIG, SET,   "spanning-tree mode <one:mstp|rstp|rapid-pvst|none>",           sw_do_stp,          0 },
    { QS_SW_MODE_CONFIG, UNSET, "spanning-tree mode [<one:mstp|rstp|rapid-pvst|none>]",         sw_do_stp,          0 },
    { QS_SW_MODE_CONFIG, BOTH,  "banner <one:login|motd>",                                      sw_do_banner,       0 },
    { QS_SW_MODE_CONFIG, SET,   ACCOUNT "secret sha512 <word>",                                 sw_do_secret_hash,  0 },
    { QS_SW_MODE_CONFIG, SET,   ACCOUNT "secret 5 <word>",                                      sw_do_secret_hash,  0 },
    { QS_SW_MODE_CONFIG, SET,   ACCOUNT "secret 0 <word>",                                      sw_do_secret_plain, 0 },
    { QS_SW_MODE_CONFIG, SET,   ACCOUNT "secret <word>",                                        sw_do_secret_untyped, 0 },
    { QS_SW_MODE_CONFIG, SET,   ACCOUNT "nopassword",                                           sw_do_nopassword,   0 },
    { QS_SW_MODE_CONFIG, SET,   "username <name> ssh-key <line>",                               sw_do_ssh_key,      0 },
    { QS_SW_MODE_CONFIG, UNSET, "username <name> ssh-key",                                      sw_do_ssh_key,      0 },
    { QS_SW_MODE_CONFIG, UNSET, "username <name>",                                              sw_do_no_user,      0 },
    { QS_SW_MODE_CONFIG, BOTH,  "vlan <vlans>",                                                 sw_do_vlan,         0 },
    { QS_SW_MODE_CONFIG, SET,   "interface <intf>",                                             sw_do_interface,    0 },
    { QS_SW_MODE_CONFIG, NO,    "interface <intf>",                                             sw_do_no_interface, 0 },
    { QS_SW_MODE_CONFIG, DEF,   "interface <intf>",                                             sw_do_default_interface, 0 },
    { QS_SW_MODE_CONFIG, BOTH,  "ip routing",                                                   sw_do_ip_routing,   0 },
    { QS_SW_MODE_CONFIG, BOTH,  "ipv6 unicast-routing",                                         sw_do_ipv6_routing, 0 },
    { QS_SW_MODE_CONFIG, SET,   "ip route <prefix4> <ip4> [<int:1-255>] [name <word>]",         sw_do_route,        0 },
    { QS_SW_MODE_CONFIG, UNSET, "ip route <prefix4> [<ip4>] [<int:1-255>] [name <word>]",       sw_do_route,        0 },
    { QS_SW_MODE_CONFIG, SET,   "ipv6 route <prefix6> <ip6> [<int:1-255>] [name <word>]",       sw_do_route,        0 },
    { QS_SW_MODE_CONFIG, UNSET, "ipv6 route <prefix6> [<ip6>] [<int:1-255>] [name <word>]",     sw_do_route,        0 },
    { QS_SW_MODE_CONFIG, BOTH,  "management api http-commands",                                 sw_do_api,          0 },

    { QS_SW_MODE_VLAN,     SET,   "name <word>",                                                  sw_do_vlan_name,    0 },
    { QS_SW_MODE_VLAN,     UNSET, "name [<word>]",                                                sw_do_vlan_name,    0 },
    { QS_SW_MODE_VLAN,     SET,   "state <one:active|suspend>",                                   sw_do_vlan_state,   0 },
    { QS_SW_MODE_VLAN,     UNSET, "state",                                                        sw_do_vlan_state,   0 },

    { QS_SW_MODE_INTF,     SET,   "description <line>",                                           sw_do_description,  E | L | M | V },
    { QS_SW_MODE_INTF,     UNSET, "description",                                                  sw_do_description,  E | L | M | V },
    { QS_SW_MODE_INTF,     BOTH,  "shutdown",                                                     sw_do_shutdown,     E | L | M | V },
    { QS_SW_MODE_INTF,     SET,   "mtu <int:68-9214>",                                            sw_do_mtu,          E | M | V },
    { QS_SW_MODE_INTF,     UNSET, "mtu",                                                          sw_do_mtu,          E | M | V },
    { QS_SW_MODE_INTF,     BOTH,  "switchport",                                                   sw_do_switchport,   E },
    { QS_SW_MODE_INTF,     SET,   "switchport mode access",                                       sw_do_mode_access,  E },
    { QS_SW_MODE_INTF,     SET,   "switchport mode trunk",                                        sw_do_mode_trunk,   E },
    { QS_SW_MODE_INTF,     UNSET, "switchport mode",                                              sw_do_mode_access,  E },
    { QS_SW_MODE_INTF,     SET,   "switchport access vlan <vlan>",                                sw_do_access,       E },
    { QS_SW_MODE_INTF,     UNSET, "switchport access vlan",                                       sw_do_access,       E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk native vlan <vlan>",                          sw_do_native,       E },
    { QS_SW_MODE_INTF,     UNSET, "switchport trunk native vlan",                                 sw_do_native,       E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk allowed vlan <vlans>",                        sw_do_allowed,      E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk allowed vlan all",                            sw_do_allowed,      E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk allowed vlan none",                           sw_do_allowed_none, E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk allowed vlan add <vlans>",                    sw_do_allowed_add,  E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk allowed vlan remove <vlans>",                 sw_do_allowed_remove, E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk allowed vlan except <vlans>",                 sw_do_allowed_except, E },
    { QS_SW_MODE_INTF,     UNSET, "switchport trunk allowed vlan",                                sw_do_allowed,      E },
    { QS_SW_MODE_INTF,     SET,   "ip address <prefix4>",                                         sw_do_ip,           E | L | M | V },
    { QS_SW_MODE_INTF,     UNSET, "ip address [<prefix4>]",                                       sw_do_ip,           E | L | M | V },
    { QS_SW_MODE_INTF,     BOTH,  "ip address <prefix4> secondary",                               sw_do_ip_secondary, E | L | M | V },
    { QS_SW_MODE_INTF,     SET,   "ipv6 address <prefix6>",                                       sw_do_ip6,          E | L | M | V },
    { QS_SW_MODE_INTF,     UNSET, "ipv6 address [<prefix6>]",                                     sw_do_ip6,          E | L | M | V },
    { QS_SW_MODE_INTF,     BOTH,  "ipv6 enable",                                                  sw_do_ip6_enable,   E | L | M | V },

    { QS_SW_MODE_API,       BOTH,  "shutdown",                                                     sw_do_api_shutdown, 0 },
    { QS_SW_MODE_API,       BOTH,  "protocol https",                                               sw_do_api_https,    0 },
    { QS_SW_MODE_API,       SET,   "protocol https port <int:1-65535>",                            sw_do_api_port,     0 },
    { QS_SW_MODE_API,       UNSET, "protocol http",                                                sw_do_api_no_http,  0 },
    /* clang-format on */
};

struct attempt {
    const struct qs_sw_line *line;
    struct sw_call call;
    unsigned first;    /* token that the patterns begin at: after "no" or "default" */
    unsigned furthest; /* see qs_sw_match() */
};

static bool row_applies(const struct row *row, enum qs_sw_mode mode, const struct attempt *t)
{
    return row->mode == mode && (mode != QS_SW_MODE_INTF || (row->kinds >> t->call.intf->kind & 1));
}

static const struct row *find_row(struct attempt *t, enum qs_sw_mode mode, struct qs_sw_arg *args)
{
    for (size_t i = 0; i < QS_COUNT(table); i++)
        if (row_applies(&table[i], mode, t) && (table[i].verbs & t->call.verb) &&
            qs_sw_match(table[i].pattern, t->line, t->first, args, &t->furthest))
            return &table[i];
    return NULL;
}

/* Whether a command of the mode begins like the line, so that the line belongs to the mode. */
static bool mode_owns(const struct attempt *t, enum qs_sw_mode mode)
{
    const char *word = qs_sw_line_token(t->line, t->first);

    for (size_t i = 0; word && i < QS_COUNT(table); i++)
        if (table[i].mode == mode && qs_sw_pattern_begins(table[i].pattern, word))
            return true;
    return false;
}

static enum qs_code run_command(struct qs_sw_cursor *at, const struct qs_sw_line *line, const char *input,
                                struct qs_err *err)
{
    struct qs_sw_arg args[QS_SW_ARGS_MAX];
    const char *word = qs_sw_line_token(line, 0);
    struct attempt t = { .line = line, .call = { .at = at, .c = at->config, .a = args, .input = input, .verb = SET } };
    const struct row *row;

    if (qs_streq(word, "no") || qs_streq(word, "default")) {
        t.call.verb = qs_streq(word, "no") ? NO : DEF;
        t.first = t.furthest = 1;
    }
    if (at->mode == QS_SW_MODE_INTF)
        t.call.intf = qs_sw_config_intf(at->config, at->intf);
    if (at->mode == QS_SW_MODE_INTF && !t.call.intf)
        at->mode = QS_SW_MODE_CONFIG; /* the interface has been removed meanwhile */
    row = find_row(&t, at->mode, args);
    if (!row && at->mode != QS_SW_MODE_CONFIG && (at->relaxed || !mode_owns(&t, at->mode))) {
        row = find_row(&t, QS_SW_MODE_CONFIG, args);
        if (row)
            at->mode = QS_SW_MODE_CONFIG;
    }
    if (!row)
        return qs_sw_line_refuse(line, t.furthest, err);
    return row->effect(&t.call, err);
}

enum qs_code qs_sw_grammar_run(struct qs_sw_cursor *at, const char *text, const char *input, struct qs_err *err)
{
    struct qs_sw_line line;
    const char *word;

    if (qs_sw_line_cut(text, &line, err))
        return err->code;
    word = qs_sw_line_token(&line, 0);
    if (!word || *word == '!')
        return QS_OK;
    if (line.count == 1 && qs_streq(word, "end"))
        at->mode = QS_SW_MODE_NONE;
    else if (line.count == 1 && qs_streq(word, "exit"))
        at->mode = at->mode == QS_SW_MODE_CONFIG ? QS_SW_MODE_NONE : QS_SW_MODE_CONFIG;
    else
        return run_command(at, &line, input, err);
    return QS_OK;
}

/* The text that follows a banner line, up to "EOF". Steps *text over it. */
static char *take_input(const char **text)
{
    const char *start = *text, *p = start;

    while (*p) {
        size_t len = strcspn(p, "\n");
        bool last = len == 3 && memcmp(p, "EOF", 3) == 0;

        p += len + (p[len] == '\n');
        if (last)
            break;
    }
    *text = p;
    return qs_xstrndup(start, (size_t)(p - start));
}

static enum qs_code load_line(struct qs_sw_cursor *at, const char *line, const char **rest, struct qs_err *err)
{
    qs_auto(str) char *input = NULL;

    if (*line != ' ' && *line != '\t')
        at->mode = QS_SW_MODE_CONFIG; /* in a whole text the indent says what belongs to a block */
    if (qs_after(line, "banner "))
        input = take_input(rest);
    return qs_sw_grammar_run(at, line, input, err);
}

enum qs_code qs_sw_config_load(const struct qs_sw_platform *platform, const char *text, struct qs_sw_config **ret,
                               struct qs_err *err)
{
    qs_auto(sw_config) struct qs_sw_config *c = qs_sw_config_new(platform);
    struct qs_sw_cursor at = { .config = c, .mode = QS_SW_MODE_CONFIG };
    unsigned number = 0;

    while (*text && at.mode != QS_SW_MODE_NONE) {
        size_t len = strcspn(text, "\n");
        qs_auto(str) char *line = qs_xstrndup(text, len);

        number++;
        text += len + (text[len] == '\n');
        if (load_line(&at, line, &text, err))
            return qs_err_wrap(err, "line %u", number);
    }
    *ret = qs_take_ptr(c);
    return QS_OK;
}
