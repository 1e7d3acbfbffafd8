#include "twin/switch/config.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "twin/switch/grammar.h"

#define LOOPBACK_MAX 1000

static void set_text(char **slot, const char *text)
{
    char *copy = text ? qs_xstrdup(text) : NULL;

    free(*slot);
    *slot = copy;
}

/* --- lists of texts --- */

void qs_sw_texts_add(struct qs_sw_texts *t, const char *text, bool sorted)
{
    size_t at = t->count;

    for (size_t i = 0; i < t->count; i++)
        if (qs_streq(t->items[i], text))
            return;
    (void)QS_PUSH(t->items, t->count);
    while (sorted && at > 0 && qs_natural_cmp(t->items[at - 1], text) > 0) {
        t->items[at] = t->items[at - 1];
        at--;
    }
    t->items[at] = qs_xstrdup(text);
}

/* Takes element `i` out of an array, whose content has been freed. */
static void close_gap(void *items, size_t *count, size_t size, size_t i)
{
    char *base = items;

    (*count)--;
    memmove(base + i * size, base + (i + 1) * size, (*count - i) * size);
}

void qs_sw_texts_del(struct qs_sw_texts *t, const char *text)
{
    for (size_t i = t->count; i-- > 0;) {
        if (text && !qs_streq(t->items[i], text))
            continue;
        free(t->items[i]);
        close_gap(t->items, &t->count, sizeof(*t->items), i);
    }
}

static void texts_done(struct qs_sw_texts *t)
{
    qs_sw_texts_del(t, NULL);
    free(t->items);
}

/* --- VLANs --- */

struct qs_sw_vlan *qs_sw_config_vlan(const struct qs_sw_config *c, unsigned id)
{
    size_t low = 0, high = c->vlan_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (c->vlans[mid].id == id)
            return &c->vlans[mid];
        if (c->vlans[mid].id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

struct qs_sw_vlan *qs_sw_config_vlan_add(struct qs_sw_config *c, unsigned id)
{
    struct qs_sw_vlan *there = qs_sw_config_vlan(c, id);
    size_t at = c->vlan_count;

    if (there)
        return there;
    (void)QS_PUSH(c->vlans, c->vlan_count);
    for (; at > 0 && c->vlans[at - 1].id > id; at--)
        c->vlans[at] = c->vlans[at - 1];
    c->vlans[at] = (struct qs_sw_vlan){ .id = (uint16_t)id };
    return &c->vlans[at];
}

void qs_sw_config_vlan_del(struct qs_sw_config *c, unsigned id)
{
    struct qs_sw_vlan *v = qs_sw_config_vlan(c, id);

    if (!v)
        return;
    free(v->name);
    if (id == 1)
        *v = (struct qs_sw_vlan){ .id = 1 };
    else
        close_gap(c->vlans, &c->vlan_count, sizeof(*c->vlans), (size_t)(v - c->vlans));
}

const char *qs_sw_vlan_name(const struct qs_sw_vlan *v, char text[16])
{
    if (v->name)
        return v->name;
    if (v->id == 1)
        return "default";
    (void)snprintf(text, 16, "VLAN%04u", v->id);
    return text;
}

/* --- interfaces --- */

static bool kind_of(const char *name, enum qs_sw_kind *ret, const char **ret_number)
{
    static const char *const words[] = { [QS_SW_ETHERNET] = "Ethernet",
                                         [QS_SW_LOOPBACK] = "Loopback",
                                         [QS_SW_MANAGEMENT] = "Management",
                                         [QS_SW_VLAN] = "Vlan" };

    for (unsigned k = 0; k < QS_COUNT(words); k++) {
        const char *rest = qs_after(name, words[k]);

        if (!rest)
            continue;
        *ret = (enum qs_sw_kind)k;
        *ret_number = rest;
        return true;
    }
    return false;
}

static void intf_free(struct qs_sw_intf *intf)
{
    free(intf->name);
    free(intf->description);
    free(intf->ip_more);
    free(intf->ip6);
    free(intf);
}

void qs_sw_intf_reset(struct qs_sw_intf *intf)
{
    free(intf->description);
    free(intf->ip_more);
    free(intf->ip6);
    *intf = (struct qs_sw_intf){ .kind = intf->kind,
                                 .name = intf->name,
                                 .number = intf->number,
                                 .access = 1,
                                 .native = 1,
                                 .routed = intf->kind != QS_SW_ETHERNET };
    qs_sw_vlans_fill(&intf->allowed);
}

static int intf_cmp(const struct qs_sw_intf *a, const struct qs_sw_intf *b)
{
    return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : qs_natural_cmp(a->name, b->name);
}

static struct qs_sw_intf *put_intf(struct qs_sw_config *c, enum qs_sw_kind kind, const char *name, unsigned number)
{
    struct qs_sw_intf *intf = qs_xzalloc(sizeof(*intf));
    size_t at = c->intf_count;

    *intf = (struct qs_sw_intf){ .kind = kind, .name = qs_xstrdup(name), .number = number };
    qs_sw_intf_reset(intf);
    (void)QS_PUSH(c->intfs, c->intf_count);
    for (; at > 0 && intf_cmp(c->intfs[at - 1], intf) > 0; at--)
        c->intfs[at] = c->intfs[at - 1];
    c->intfs[at] = intf;
    return intf;
}

struct qs_sw_intf *qs_sw_config_intf(const struct qs_sw_config *c, const char *name)
{
    for (size_t i = 0; i < c->intf_count; i++)
        if (qs_streq(c->intfs[i]->name, name))
            return c->intfs[i];
    return NULL;
}

struct qs_sw_intf *qs_sw_config_intf_add(struct qs_sw_config *c, const char *name)
{
    struct qs_sw_intf *there = qs_sw_config_intf(c, name);
    enum qs_sw_kind kind;
    const char *digits;
    char again[24];
    uint32_t number;

    if (there || !kind_of(name, &kind, &digits))
        return there;
    if (kind == QS_SW_ETHERNET || kind == QS_SW_MANAGEMENT)
        return NULL;
    if (!qs_parse_u32(digits, kind == QS_SW_VLAN, kind == QS_SW_VLAN ? QS_SW_VLAN_MAX : LOOPBACK_MAX, &number))
        return NULL;
    (void)snprintf(again, sizeof(again), "%s%u", kind == QS_SW_VLAN ? "Vlan" : "Loopback", number);
    return qs_streq(again, name) ? put_intf(c, kind, name, number) : NULL; /* "Vlan010" is no name */
}

void qs_sw_config_intf_del(struct qs_sw_config *c, const char *name)
{
    for (size_t i = 0; i < c->intf_count; i++) {
        if (!qs_streq(c->intfs[i]->name, name))
            continue;
        intf_free(c->intfs[i]);
        close_gap(c->intfs, &c->intf_count, sizeof(*c->intfs), i);
        return;
    }
}

/* --- accounts --- */

struct qs_sw_user *qs_sw_config_user(const struct qs_sw_config *c, const char *name)
{
    for (size_t i = 0; i < c->user_count; i++)
        if (qs_streq(c->users[i].name, name))
            return &c->users[i];
    return NULL;
}

struct qs_sw_user *qs_sw_config_user_add(struct qs_sw_config *c, const char *name)
{
    struct qs_sw_user *there = qs_sw_config_user(c, name);
    size_t at = c->user_count;

    if (there)
        return there;
    (void)QS_PUSH(c->users, c->user_count);
    for (; at > 0 && strcmp(c->users[at - 1].name, name) > 0; at--)
        c->users[at] = c->users[at - 1];
    c->users[at] = (struct qs_sw_user){ .name = qs_xstrdup(name), .privilege = 1 };
    return &c->users[at];
}

static void user_done(struct qs_sw_user *u)
{
    free(u->name);
    free(u->role);
    free(u->secret);
    free(u->ssh_key);
}

void qs_sw_config_user_del(struct qs_sw_config *c, const char *name)
{
    struct qs_sw_user *u = qs_sw_config_user(c, name);

    if (!u)
        return;
    user_done(u);
    close_gap(c->users, &c->user_count, sizeof(*c->users), (size_t)(u - c->users));
}

static bool texts_match(const char *a, const char *b)
{
    size_t n = strlen(a);
    unsigned char differ = 0;

    if (n != strlen(b))
        return false;
    for (size_t i = 0; i < n; i++)
        differ |= (unsigned char)(a[i] ^ b[i]); /* in constant time */
    return differ == 0;
}

bool qs_sw_user_verify(const struct qs_sw_user *u, const char *password)
{
    struct crypt_data *work;
    const char *hash;
    bool same;

    if (u->nopassword)
        return *password == '\0';
    if (!u->secret)
        return false;
    work = qs_xzalloc(sizeof(*work));
    hash = crypt_r(password, u->secret, work);
    same = hash && *hash != '*' && texts_match(hash, u->secret);
    explicit_bzero(work, sizeof(*work));
    free(work);
    return same;
}

/* --- routes --- */

static int prefix_cmp(const struct qs_prefix *a, const struct qs_prefix *b)
{
    int c = qs_ip_cmp(&a->ip, &b->ip);

    return c ? c : (int)a->len - (int)b->len;
}

static int route_cmp(const struct qs_sw_route *r, const struct qs_prefix *dest, const struct qs_ip *via)
{
    int c = prefix_cmp(&r->dest, dest);

    return c ? c : qs_ip_cmp(&r->via, via);
}

void qs_sw_config_route_set(struct qs_sw_config *c, const struct qs_prefix *dest, const struct qs_ip *via,
                            unsigned distance, const char *name)
{
    size_t at = c->route_count;

    for (size_t i = 0; i < c->route_count; i++)
        if (route_cmp(&c->routes[i], dest, via) == 0) {
            c->routes[i].distance = distance;
            set_text(&c->routes[i].name, name);
            return;
        }
    (void)QS_PUSH(c->routes, c->route_count);
    for (; at > 0 && route_cmp(&c->routes[at - 1], dest, via) > 0; at--)
        c->routes[at] = c->routes[at - 1];
    c->routes[at] = (struct qs_sw_route){ .dest = *dest, .via = *via, .distance = distance };
    set_text(&c->routes[at].name, name);
}

void qs_sw_config_route_del(struct qs_sw_config *c, const struct qs_prefix *dest, const struct qs_ip *via)
{
    for (size_t i = c->route_count; i-- > 0;) {
        if (prefix_cmp(&c->routes[i].dest, dest) != 0 || (via && !qs_ip_equal(&c->routes[i].via, via)))
            continue;
        free(c->routes[i].name);
        close_gap(c->routes, &c->route_count, sizeof(*c->routes), i);
    }
}

/* --- the whole --- */

struct qs_sw_config *qs_sw_config_new(const struct qs_sw_platform *platform)
{
    struct qs_sw_config *c = qs_xzalloc(sizeof(*c));

    *c = (struct qs_sw_config){ .platform = platform, .api_https = true };
    (void)qs_sw_config_vlan_add(c, 1);
    for (size_t i = 0; i < platform->port_count; i++)
        (void)put_intf(c, QS_SW_ETHERNET, platform->ports[i].name, 0);
    (void)put_intf(c, QS_SW_MANAGEMENT, platform->management.name, 0);
    return c;
}

void qs_sw_config_free(struct qs_sw_config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->user_count; i++)
        user_done(&c->users[i]);
    for (size_t i = 0; i < c->vlan_count; i++)
        free(c->vlans[i].name);
    for (size_t i = 0; i < c->intf_count; i++)
        intf_free(c->intfs[i]);
    for (size_t i = 0; i < c->route_count; i++)
        free(c->routes[i].name);
    texts_done(&c->name_servers);
    texts_done(&c->ntp_servers);
    texts_done(&c->log_hosts);
    free(c->users);
    free(c->vlans);
    free(c->intfs);
    free(c->routes);
    free(c->hostname);
    free(c->domain);
    free(c->banner_login);
    free(c->banner_motd);
    free(c->stp_mode);
    free(c);
}

struct qs_sw_config *qs_sw_config_copy(const struct qs_sw_config *c)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(QS_SW_TEXT_MAX);
    struct qs_sw_config *copy = NULL;
    struct qs_err err = QS_ERR_INIT;

    qs_sw_config_render(c, false, &text);
    if (qs_sw_config_load(c->platform, qs_buf_text(&text), &copy, &err))
        abort(); /* the text of a configuration is one: anything else is our bug */
    return copy;
}
