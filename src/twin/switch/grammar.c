#include "twin/switch/grammar.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "twin/switch/pattern.h"

#define USERS_MAX 64
#define TEXTS_MAX 64
#define ROUTES_MAX 4096
#define ADDRESSES_MAX 16
#define BANNER_MAX 4096
#define HTTPS_PORT 443

enum verb { SET = 1, NO = 2, DEF = 4, UNSET = NO | DEF, BOTH = SET | UNSET };

struct call { /* one command being carried out */
    struct qs_sw_cursor *at;
    struct qs_sw_config *c;
    struct qs_sw_intf *intf; /* of mode INTF */
    const struct qs_sw_arg *a;
    const char *input;
    enum verb verb;
};
typedef enum qs_code effect_fn(struct call *k, struct qs_err *err);

static void set_text(char **slot, const char *text)
{
    char *copy = text ? qs_xstrdup(text) : NULL;

    free(*slot);
    *slot = copy;
}

static enum qs_code refuse_count(struct qs_err *err, const char *what, int most)
{
    return qs_err_set(err, QS_REFUSED, 0, "%s: the limit of %d is reached", what, most);
}

/* --- configuration mode: identity and services --- */

static enum qs_code do_hostname(struct call *k, struct qs_err *err)
{
    (void)err;
    set_text(&k->c->hostname, k->verb == SET ? k->a[0].text : NULL);
    return QS_OK;
}

static enum qs_code do_domain(struct call *k, struct qs_err *err)
{
    (void)err;
    set_text(&k->c->domain, k->verb == SET ? k->a[0].text : NULL);
    return QS_OK;
}

static enum qs_code change_list(struct call *k, struct qs_sw_texts *t, const char *text, bool sorted,
                                struct qs_err *err)
{
    if (k->verb != SET)
        qs_sw_texts_del(t, text);
    else if (t->count == TEXTS_MAX)
        return refuse_count(err, "list", TEXTS_MAX);
    else
        qs_sw_texts_add(t, text, sorted);
    return QS_OK;
}

static enum qs_code do_name_server(struct call *k, struct qs_err *err)
{
    char text[QS_IP_TEXT];

    return change_list(k, &k->c->name_servers, k->a[0].text ? qs_ip_text(&k->a[0].ip, text) : NULL, false, err);
}

static enum qs_code do_ntp(struct call *k, struct qs_err *err)
{
    return change_list(k, &k->c->ntp_servers, k->a[0].text, true, err);
}

static enum qs_code do_logging(struct call *k, struct qs_err *err)
{
    return change_list(k, &k->c->log_hosts, k->a[0].text, true, err);
}

static enum qs_code do_stp(struct call *k, struct qs_err *err)
{
    const char *mode = k->a[0].text;

    (void)err;
    set_text(&k->c->stp_mode, k->verb == SET && !qs_streq(mode, "mstp") ? mode : NULL);
    return QS_OK;
}

static char **banner_slot(const struct call *k)
{
    return qs_streq(k->a[0].text, "login") ? &k->c->banner_login : &k->c->banner_motd;
}

static enum qs_code do_banner(struct call *k, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(BANNER_MAX);
    const char *line = k->input;

    if (k->verb != SET) {
        set_text(banner_slot(k), NULL);
        return QS_OK;
    }
    if (!line)
        return qs_err_set(err, QS_INVALID, 0, "Incomplete command (at token 1: '%s')", k->a[0].text);
    while (*line) {
        size_t len = strcspn(line, "\n");

        if (len == 3 && memcmp(line, "EOF", 3) == 0)
            break;
        qs_buf_add(&text, line, len);
        qs_buf_putc(&text, '\n');
        line += len + (line[len] == '\n');
    }
    if (text.over)
        return refuse_count(err, "banner", BANNER_MAX);
    set_text(banner_slot(k), qs_buf_text(&text));
    return QS_OK;
}

static enum qs_code do_ip_routing(struct call *k, struct qs_err *err)
{
    (void)err;
    k->c->ip_routing = k->verb == SET;
    return QS_OK;
}

static enum qs_code do_ipv6_routing(struct call *k, struct qs_err *err)
{
    (void)err;
    k->c->ipv6_routing = k->verb == SET;
    return QS_OK;
}

static enum qs_code do_route(struct call *k, struct qs_err *err)
{
    struct qs_prefix dest = qs_prefix_network(&k->a[0].prefix);

    if (k->verb != SET) {
        qs_sw_config_route_del(k->c, &dest, k->a[1].text ? &k->a[1].ip : NULL);
        return QS_OK;
    }
    if (k->c->route_count == ROUTES_MAX)
        return refuse_count(err, "static routes", ROUTES_MAX);
    qs_sw_config_route_set(k->c, &dest, &k->a[1].ip, k->a[2].text ? k->a[2].num : 1, k->a[3].text);
    return QS_OK;
}

/* --- accounts: argument 0 name, 1 privilege, 2 role, 3 secret --- */

static enum qs_code put_account(struct call *k, const char *secret, bool nopassword, struct qs_err *err)
{
    struct qs_sw_user *u;

    if (!qs_sw_config_user(k->c, k->a[0].text) && k->c->user_count == USERS_MAX)
        return refuse_count(err, "accounts", USERS_MAX);
    u = qs_sw_config_user_add(k->c, k->a[0].text);
    u->privilege = k->a[1].text ? k->a[1].num : 1;
    u->nopassword = nopassword;
    set_text(&u->role, k->a[2].text);
    set_text(&u->secret, secret);
    return QS_OK;
}

/* A whole hash of crypt(3): "$6$…$" and 86 characters, or "$1$…$" and 22. */
static bool is_hash(const char *text)
{
    const char *last = strrchr(text, '$');
    size_t want = qs_after(text, "$6$") ? 86 : qs_after(text, "$1$") ? 22 : 0;

    return want > 0 && last > text + 2 && strlen(text) < CRYPT_OUTPUT_SIZE && strlen(last + 1) == want &&
           strspn(last + 1, "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == want;
}

static enum qs_code do_secret_hash(struct call *k, struct qs_err *err)
{
    const char *hash = k->a[3].text;

    if (!is_hash(hash))
        return qs_err_set(err, QS_REFUSED, 0, "Invalid encrypted password");
    return put_account(k, hash, false, err);
}

static enum qs_code do_secret_plain(struct call *k, struct qs_err *err)
{
    struct crypt_data *work = qs_xzalloc(sizeof(*work));
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    const char *hash = NULL;
    enum qs_code code;

    if (crypt_gensalt_rn("$6$", 0, NULL, 0, salt, sizeof(salt)))
        hash = crypt_r(k->a[3].text, salt, work);
    if (hash && *hash != '*')
        code = put_account(k, hash, false, err);
    else
        code = qs_err_set(err, QS_REFUSED, 0, "the secret could not be hashed");
    explicit_bzero(work, sizeof(*work));
    free(work);
    return code;
}

/* Without a type before it, a word that names a type is one whose secret is missing. */
static enum qs_code do_secret_untyped(struct call *k, struct qs_err *err)
{
    static const char *const types[] = { "0", "5", "7", "8a", "sha512" };

    for (size_t i = 0; i < QS_COUNT(types); i++)
        if (qs_streq(k->a[3].text, types[i]))
            return qs_err_set(err, QS_INVALID, 0, "Incomplete command (secret '%s')", types[i]);
    return do_secret_plain(k, err);
}

static enum qs_code do_nopassword(struct call *k, struct qs_err *err)
{
    return put_account(k, NULL, true, err);
}

static enum qs_code do_ssh_key(struct call *k, struct qs_err *err)
{
    const char *name = k->a[0].text;
    struct qs_sw_user *u = qs_sw_config_user(k->c, name);

    if (k->verb != SET) {
        if (u)
            set_text(&u->ssh_key, NULL);
        if (u && !u->secret && !u->nopassword)
            qs_sw_config_user_del(k->c, name);
        return QS_OK;
    }
    if (!u && k->c->user_count == USERS_MAX)
        return refuse_count(err, "accounts", USERS_MAX);
    u = qs_sw_config_user_add(k->c, name);
    set_text(&u->ssh_key, k->a[1].text);
    return QS_OK;
}

static enum qs_code do_no_user(struct call *k, struct qs_err *err)
{
    (void)err;
    qs_sw_config_user_del(k->c, k->a[0].text);
    return QS_OK;
}

/* --- VLANs --- */

static enum qs_code do_vlan(struct call *k, struct qs_err *err)
{
    const struct qs_sw_vlans *ids = &k->a[0].vlans;

    (void)err;
    for (unsigned id = qs_sw_vlans_next(ids, 0); id; id = qs_sw_vlans_next(ids, id))
        if (k->verb == SET)
            (void)qs_sw_config_vlan_add(k->c, id);
        else
            qs_sw_config_vlan_del(k->c, id);
    if (k->verb == SET) {
        k->at->mode = QS_SW_MODE_VLAN;
        k->at->vlans = *ids;
    }
    return QS_OK;
}

static enum qs_code do_vlan_name(struct call *k, struct qs_err *err)
{
    const struct qs_sw_vlans *ids = &k->at->vlans;
    const char *name = k->verb == SET ? k->a[0].text : NULL;
    char usual[16];

    if (name && strlen(name) > 32)
        return qs_err_set(err, QS_REFUSED, 0, "VLAN name is longer than 32 characters");
    for (unsigned id = qs_sw_vlans_next(ids, 0); id; id = qs_sw_vlans_next(ids, id)) {
        struct qs_sw_vlan *v = qs_sw_config_vlan_add(k->c, id);

        set_text(&v->name, NULL);
        if (!qs_streq(name, qs_sw_vlan_name(v, usual)))
            set_text(&v->name, name);
    }
    return QS_OK;
}

static enum qs_code do_vlan_state(struct call *k, struct qs_err *err)
{
    const struct qs_sw_vlans *ids = &k->at->vlans;

    (void)err;
    for (unsigned id = qs_sw_vlans_next(ids, 0); id; id = qs_sw_vlans_next(ids, id))
        qs_sw_config_vlan_add(k->c, id)->suspended = k->verb == SET && qs_streq(k->a[0].text, "suspend");
    return QS_OK;
}

/* --- interfaces --- */

static enum qs_code do_interface(struct call *k, struct qs_err *err)
{
    const char *name = k->a[0].text;
    struct qs_sw_intf *intf = qs_sw_config_intf_add(k->c, name);

    if (!intf)
        return qs_err_set(err, QS_INVALID, 0, "Invalid input (at token 1: '%s')", name);
    (void)snprintf(k->at->intf, sizeof(k->at->intf), "%s", intf->name);
    k->at->mode = QS_SW_MODE_INTF;
    return QS_OK;
}

static enum qs_code do_default_interface(struct call *k, struct qs_err *err)
{
    const char *name = k->a[0].text;
    struct qs_sw_intf *intf = qs_sw_config_intf(k->c, name);

    if (!intf && qs_sw_config_intf_add(k->c, name)) {
        qs_sw_config_intf_del(k->c, name); /* could exist but does not: nothing to reset */
        return QS_OK;
    }
    if (!intf)
        return qs_err_set(err, QS_INVALID, 0, "Invalid input (at token 2: '%s')", name);
    qs_sw_intf_reset(intf);
    return QS_OK;
}

static enum qs_code do_no_interface(struct call *k, struct qs_err *err)
{
    const char *name = k->a[0].text;
    struct qs_sw_intf *intf = qs_sw_config_intf_add(k->c, name);

    if (!intf)
        return qs_err_set(err, QS_INVALID, 0, "Invalid input (at token 2: '%s')", name);
    if (intf->kind == QS_SW_ETHERNET || intf->kind == QS_SW_MANAGEMENT)
        return qs_err_set(err, QS_REFUSED, 0, "Removal of physical interfaces is not permitted");
    qs_sw_config_intf_del(k->c, name);
    return QS_OK;
}

static enum qs_code do_description(struct call *k, struct qs_err *err)
{
    if (k->verb == SET && strlen(k->a[0].text) > 240)
        return qs_err_set(err, QS_REFUSED, 0, "description is longer than 240 characters");
    set_text(&k->intf->description, k->verb == SET ? k->a[0].text : NULL);
    return QS_OK;
}

static enum qs_code do_shutdown(struct call *k, struct qs_err *err)
{
    (void)err;
    k->intf->shutdown = k->verb == SET;
    return QS_OK;
}

static enum qs_code do_mtu(struct call *k, struct qs_err *err)
{
    (void)err;
    k->intf->mtu = k->verb == SET && k->a[0].num != QS_SW_MTU_DEFAULT ? k->a[0].num : 0;
    return QS_OK;
}

static enum qs_code do_switchport(struct call *k, struct qs_err *err)
{
    (void)err;
    k->intf->routed = k->verb == NO;
    return QS_OK;
}

static enum qs_code do_mode_access(struct call *k, struct qs_err *err)
{
    (void)err;
    k->intf->trunk = false;
    return QS_OK;
}

static enum qs_code do_mode_trunk(struct call *k, struct qs_err *err)
{
    (void)err;
    k->intf->trunk = true;
    return QS_OK;
}

static enum qs_code do_access(struct call *k, struct qs_err *err)
{
    (void)err;
    k->intf->access = k->verb == SET ? (uint16_t)k->a[0].num : 1;
    return QS_OK;
}

static enum qs_code do_native(struct call *k, struct qs_err *err)
{
    (void)err;
    k->intf->native = k->verb == SET ? (uint16_t)k->a[0].num : 1;
    return QS_OK;
}

static enum qs_code do_allowed(struct call *k, struct qs_err *err)
{
    (void)err;
    if (k->verb == SET && k->a[0].text)
        k->intf->allowed = k->a[0].vlans;
    else
        qs_sw_vlans_fill(&k->intf->allowed);
    return QS_OK;
}

static enum qs_code do_allowed_none(struct call *k, struct qs_err *err)
{
    (void)err;
    k->intf->allowed = (struct qs_sw_vlans){ 0 };
    return QS_OK;
}

static enum qs_code do_allowed_add(struct call *k, struct qs_err *err)
{
    (void)err;
    qs_sw_vlans_join(&k->intf->allowed, &k->a[0].vlans);
    return QS_OK;
}

static enum qs_code do_allowed_remove(struct call *k, struct qs_err *err)
{
    (void)err;
    qs_sw_vlans_cut(&k->intf->allowed, &k->a[0].vlans);
    return QS_OK;
}

static enum qs_code do_allowed_except(struct call *k, struct qs_err *err)
{
    (void)err;
    qs_sw_vlans_fill(&k->intf->allowed);
    qs_sw_vlans_cut(&k->intf->allowed, &k->a[0].vlans);
    return QS_OK;
}

/* Another interface of the configuration that holds an overlapping network; EOS refuses such an address. */
static const char *overlap(const struct call *k, const struct qs_prefix *p)
{
    for (size_t i = 0; i < k->c->intf_count; i++) {
        const struct qs_sw_intf *other = k->c->intfs[i];

        if (other == k->intf || other->kind == QS_SW_MANAGEMENT)
            continue;
        if (other->ip.ip.family && p->ip.family == 4 && qs_prefix_overlaps(&other->ip, p))
            return other->name;
        for (size_t n = 0; n < other->ip_more_count; n++)
            if (qs_prefix_overlaps(&other->ip_more[n], p))
                return other->name;
        for (size_t n = 0; n < other->ip6_count; n++)
            if (qs_prefix_overlaps(&other->ip6[n], p))
                return other->name;
    }
    return NULL;
}

static enum qs_code check_address(const struct call *k, const struct qs_prefix *p, struct qs_err *err)
{
    const char *other = k->intf->kind == QS_SW_MANAGEMENT ? NULL : overlap(k, p);
    unsigned full = p->ip.family == 4 ? 32 : 128;
    char text[QS_IP_TEXT];

    if (other)
        return qs_err_set(err, QS_REFUSED, 0, "Subnet %s overlaps with existing subnet of %s",
                          qs_prefix_text(p, text), other);
    if (p->len == 0 || (p->len < full - 1 && qs_prefix_is_network(p) && p->ip.family == 4))
        return qs_err_set(err, QS_REFUSED, 0, "Invalid IP address %s", qs_prefix_text(p, text));
    return QS_OK;
}

/* A further address of the interface, in one of its two lists. */
static int find_address(const struct qs_prefix *list, size_t count, const struct qs_prefix *p)
{
    for (size_t i = 0; i < count; i++)
        if (qs_ip_equal(&list[i].ip, &p->ip) && list[i].len == p->len)
            return (int)i;
    return -1;
}

static enum qs_code add_address(struct call *k, struct qs_prefix **list, size_t *count, struct qs_err *err)
{
    const struct qs_prefix *p = &k->a[0].prefix;
    size_t at = *count;

    if (find_address(*list, *count, p) >= 0)
        return QS_OK;
    if (at == ADDRESSES_MAX)
        return refuse_count(err, "addresses", ADDRESSES_MAX);
    if (check_address(k, p, err))
        return err->code;
    (void)QS_PUSH(*list, *count);
    for (; at > 0 && qs_ip_cmp(&(*list)[at - 1].ip, &p->ip) > 0; at--)
        (*list)[at] = (*list)[at - 1];
    (*list)[at] = *p;
    return QS_OK;
}

static void drop_addresses(struct qs_prefix **list, size_t *count)
{
    free(*list);
    *list = NULL;
    *count = 0;
}

/* `p` NULL: all. */
static void drop_address(struct qs_prefix **list, size_t *count, const struct qs_prefix *p)
{
    int i = p ? find_address(*list, *count, p) : -1;

    if (i >= 0) {
        (*count)--;
        memmove(&(*list)[i], &(*list)[i + 1], (*count - (size_t)i) * sizeof(**list));
    }
    if (!p || *count == 0) /* the array grows from nothing again */
        drop_addresses(list, count);
}

static enum qs_code do_ip(struct call *k, struct qs_err *err)
{
    const struct qs_prefix *p = &k->a[0].prefix;
    struct qs_sw_intf *intf = k->intf;

    if (k->verb == SET) {
        if (check_address(k, p, err))
            return err->code;
        intf->ip = *p;
        return QS_OK;
    }
    if (k->a[0].text && (!qs_ip_equal(&p->ip, &intf->ip.ip) || p->len != intf->ip.len))
        return QS_OK;
    if (k->a[0].text && intf->ip_more_count > 0)
        return qs_err_set(err, QS_REFUSED, 0, "Primary address cannot be deleted before secondary");
    intf->ip = (struct qs_prefix){ 0 };
    drop_addresses(&intf->ip_more, &intf->ip_more_count);
    return QS_OK;
}

static enum qs_code do_ip_secondary(struct call *k, struct qs_err *err)
{
    struct qs_sw_intf *intf = k->intf;

    if (k->verb == SET && !intf->ip.ip.family)
        return qs_err_set(err, QS_REFUSED, 0, "Primary address must be assigned first");
    if (k->verb == SET)
        return add_address(k, &intf->ip_more, &intf->ip_more_count, err);
    drop_address(&intf->ip_more, &intf->ip_more_count, &k->a[0].prefix);
    return QS_OK;
}

static enum qs_code do_ip6(struct call *k, struct qs_err *err)
{
    if (k->verb == SET)
        return add_address(k, &k->intf->ip6, &k->intf->ip6_count, err);
    drop_address(&k->intf->ip6, &k->intf->ip6_count, k->a[0].text ? &k->a[0].prefix : NULL);
    return QS_OK;
}

static enum qs_code do_ip6_enable(struct call *k, struct qs_err *err)
{
    (void)err;
    k->intf->ipv6_enable = k->verb == SET;
    return QS_OK;
}

/* --- management api http-commands --- */

static enum qs_code do_api(struct call *k, struct qs_err *err)
{
    (void)err;
    if (k->verb == SET) {
        k->at->mode = QS_SW_MODE_API;
        return QS_OK;
    }
    k->c->api_enabled = false;
    k->c->api_https = true;
    k->c->api_port = 0;
    return QS_OK;
}

static enum qs_code do_api_shutdown(struct call *k, struct qs_err *err)
{
    (void)err;
    k->c->api_enabled = k->verb == NO;
    return QS_OK;
}

static enum qs_code do_api_https(struct call *k, struct qs_err *err)
{
    (void)err;
    k->c->api_https = k->verb != NO;
    k->c->api_port = 0;
    return QS_OK;
}

static enum qs_code do_api_port(struct call *k, struct qs_err *err)
{
    (void)err;
    k->c->api_https = true;
    k->c->api_port = k->a[0].num == HTTPS_PORT ? 0 : (uint16_t)k->a[0].num;
    return QS_OK;
}

static enum qs_code do_api_no_http(struct call *k, struct qs_err *err)
{
    (void)k, (void)err; /* clear text is never served */
    return QS_OK;
}

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
    effect_fn *effect;
    unsigned kinds; /* of mode INTF: the kinds of interface that have this command */
} table[] = {
    /* clang-format off */
    { QS_SW_MODE_CONFIG, SET,   "hostname <name>",                                              do_hostname,        0 },
    { QS_SW_MODE_CONFIG, UNSET, "hostname [<name>]",                                            do_hostname,        0 },
    { QS_SW_MODE_CONFIG, SET,   "dns domain <name>",                                            do_domain,          0 },
    { QS_SW_MODE_CONFIG, UNSET, "dns domain [<name>]",                                          do_domain,          0 },
    { QS_SW_MODE_CONFIG, SET,   "ip name-server [vrf default] <ip>",                            do_name_server,     0 },
    { QS_SW_MODE_CONFIG, UNSET, "ip name-server [vrf default] [<ip>]",                          do_name_server,     0 },
    { QS_SW_MODE_CONFIG, SET,   "ntp server <name>",                                            do_ntp,             0 },
    { QS_SW_MODE_CONFIG, UNSET, "ntp server <name>",                                            do_ntp,             0 },
    { QS_SW_MODE_CONFIG, UNSET, "ntp",                                                          do_ntp,             0 },
    { QS_SW_MODE_CONFIG, SET,   "logging host <name>",                                          do_logging,         0 },
    { QS_SW_MODE_CONFIG, UNSET, "logging host [<name>]",                                        do_logging,         0 },
    { QS_SW_MODE_CONFIG, SET,   "spanning-tree mode <one:mstp|rstp|rapid-pvst|none>",           do_stp,             0 },
    { QS_SW_MODE_CONFIG, UNSET, "spanning-tree mode [<one:mstp|rstp|rapid-pvst|none>]",         do_stp,             0 },
    { QS_SW_MODE_CONFIG, BOTH,  "banner <one:login|motd>",                                      do_banner,          0 },
    { QS_SW_MODE_CONFIG, SET,   ACCOUNT "secret sha512 <word>",                                 do_secret_hash,     0 },
    { QS_SW_MODE_CONFIG, SET,   ACCOUNT "secret 5 <word>",                                      do_secret_hash,     0 },
    { QS_SW_MODE_CONFIG, SET,   ACCOUNT "secret 0 <word>",                                      do_secret_plain,    0 },
    { QS_SW_MODE_CONFIG, SET,   ACCOUNT "secret <word>",                                        do_secret_untyped,  0 },
    { QS_SW_MODE_CONFIG, SET,   ACCOUNT "nopassword",                                           do_nopassword,      0 },
    { QS_SW_MODE_CONFIG, SET,   "username <name> ssh-key <line>",                               do_ssh_key,         0 },
    { QS_SW_MODE_CONFIG, UNSET, "username <name> ssh-key",                                      do_ssh_key,         0 },
    { QS_SW_MODE_CONFIG, UNSET, "username <name>",                                              do_no_user,         0 },
    { QS_SW_MODE_CONFIG, BOTH,  "vlan <vlans>",                                                 do_vlan,            0 },
    { QS_SW_MODE_CONFIG, SET,   "interface <intf>",                                             do_interface,       0 },
    { QS_SW_MODE_CONFIG, NO,    "interface <intf>",                                             do_no_interface,    0 },
    { QS_SW_MODE_CONFIG, DEF,   "interface <intf>",                                             do_default_interface,0 },
    { QS_SW_MODE_CONFIG, BOTH,  "ip routing",                                                   do_ip_routing,      0 },
    { QS_SW_MODE_CONFIG, BOTH,  "ipv6 unicast-routing",                                         do_ipv6_routing,    0 },
    { QS_SW_MODE_CONFIG, SET,   "ip route <prefix4> <ip4> [<int:1-255>] [name <word>]",         do_route,           0 },
    { QS_SW_MODE_CONFIG, UNSET, "ip route <prefix4> [<ip4>] [<int:1-255>] [name <word>]",       do_route,           0 },
    { QS_SW_MODE_CONFIG, SET,   "ipv6 route <prefix6> <ip6> [<int:1-255>] [name <word>]",       do_route,           0 },
    { QS_SW_MODE_CONFIG, UNSET, "ipv6 route <prefix6> [<ip6>] [<int:1-255>] [name <word>]",     do_route,           0 },
    { QS_SW_MODE_CONFIG, BOTH,  "management api http-commands",                                 do_api,             0 },

    { QS_SW_MODE_VLAN,     SET,   "name <word>",                                                  do_vlan_name,       0 },
    { QS_SW_MODE_VLAN,     UNSET, "name [<word>]",                                                do_vlan_name,       0 },
    { QS_SW_MODE_VLAN,     SET,   "state <one:active|suspend>",                                   do_vlan_state,      0 },
    { QS_SW_MODE_VLAN,     UNSET, "state",                                                        do_vlan_state,      0 },

    { QS_SW_MODE_INTF,     SET,   "description <line>",                                           do_description,     E | L | M | V },
    { QS_SW_MODE_INTF,     UNSET, "description",                                                  do_description,     E | L | M | V },
    { QS_SW_MODE_INTF,     BOTH,  "shutdown",                                                     do_shutdown,        E | L | M | V },
    { QS_SW_MODE_INTF,     SET,   "mtu <int:68-9214>",                                            do_mtu,             E | M | V },
    { QS_SW_MODE_INTF,     UNSET, "mtu",                                                          do_mtu,             E | M | V },
    { QS_SW_MODE_INTF,     BOTH,  "switchport",                                                   do_switchport,      E },
    { QS_SW_MODE_INTF,     SET,   "switchport mode access",                                       do_mode_access,     E },
    { QS_SW_MODE_INTF,     SET,   "switchport mode trunk",                                        do_mode_trunk,      E },
    { QS_SW_MODE_INTF,     UNSET, "switchport mode",                                              do_mode_access,     E },
    { QS_SW_MODE_INTF,     SET,   "switchport access vlan <vlan>",                                do_access,          E },
    { QS_SW_MODE_INTF,     UNSET, "switchport access vlan",                                       do_access,          E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk native vlan <vlan>",                          do_native,          E },
    { QS_SW_MODE_INTF,     UNSET, "switchport trunk native vlan",                                 do_native,          E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk allowed vlan <vlans>",                        do_allowed,         E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk allowed vlan all",                            do_allowed,         E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk allowed vlan none",                           do_allowed_none,    E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk allowed vlan add <vlans>",                    do_allowed_add,     E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk allowed vlan remove <vlans>",                 do_allowed_remove,  E },
    { QS_SW_MODE_INTF,     SET,   "switchport trunk allowed vlan except <vlans>",                 do_allowed_except,  E },
    { QS_SW_MODE_INTF,     UNSET, "switchport trunk allowed vlan",                                do_allowed,         E },
    { QS_SW_MODE_INTF,     SET,   "ip address <prefix4>",                                         do_ip,              E | L | M | V },
    { QS_SW_MODE_INTF,     UNSET, "ip address [<prefix4>]",                                       do_ip,              E | L | M | V },
    { QS_SW_MODE_INTF,     BOTH,  "ip address <prefix4> secondary",                               do_ip_secondary,    E | L | M | V },
    { QS_SW_MODE_INTF,     SET,   "ipv6 address <prefix6>",                                       do_ip6,             E | L | M | V },
    { QS_SW_MODE_INTF,     UNSET, "ipv6 address [<prefix6>]",                                     do_ip6,             E | L | M | V },
    { QS_SW_MODE_INTF,     BOTH,  "ipv6 enable",                                                  do_ip6_enable,      E | L | M | V },

    { QS_SW_MODE_API,       BOTH,  "shutdown",                                                     do_api_shutdown,    0 },
    { QS_SW_MODE_API,       BOTH,  "protocol https",                                               do_api_https,       0 },
    { QS_SW_MODE_API,       SET,   "protocol https port <int:1-65535>",                            do_api_port,        0 },
    { QS_SW_MODE_API,       UNSET, "protocol http",                                                do_api_no_http,     0 },
    /* clang-format on */
};

struct attempt {
    const struct qs_sw_line *line;
    struct call call;
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
