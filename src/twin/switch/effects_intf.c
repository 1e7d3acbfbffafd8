/* What the commands of interfaces do, and those that make and remove interfaces. */
#include "twin/switch/grammar_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

#define ADDRESSES_MAX 16
#define DESCRIPTION_MAX 240

enum qs_code sw_do_interface(struct sw_call *k, struct qs_err *err)
{
    const char *name = k->a[0].text;
    struct qs_sw_intf *intf = qs_sw_config_intf_add(k->c, name);

    if (!intf)
        return qs_err_set(err, QS_INVALID, 0, "Invalid input (at token 1: '%s')", name);
    (void)snprintf(k->at->intf, sizeof(k->at->intf), "%s", intf->name);
    k->at->mode = QS_SW_MODE_INTF;
    return QS_OK;
}

enum qs_code sw_do_default_interface(struct sw_call *k, struct qs_err *err)
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

enum qs_code sw_do_no_interface(struct sw_call *k, struct qs_err *err)
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

enum qs_code sw_do_description(struct sw_call *k, struct qs_err *err)
{
    if (k->verb == SET && strlen(k->a[0].text) > DESCRIPTION_MAX)
        return qs_err_set(err, QS_REFUSED, 0, "description is longer than %d characters", DESCRIPTION_MAX);
    sw_set_text(&k->intf->description, k->verb == SET ? k->a[0].text : NULL);
    return QS_OK;
}

enum qs_code sw_do_shutdown(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->intf->shutdown = k->verb == SET;
    return QS_OK;
}

enum qs_code sw_do_mtu(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->intf->mtu = k->verb == SET && k->a[0].num != QS_SW_MTU_DEFAULT ? k->a[0].num : 0;
    return QS_OK;
}

enum qs_code sw_do_switchport(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->intf->routed = k->verb == NO;
    return QS_OK;
}

enum qs_code sw_do_mode_access(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->intf->trunk = false;
    return QS_OK;
}

enum qs_code sw_do_mode_trunk(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->intf->trunk = true;
    return QS_OK;
}

enum qs_code sw_do_access(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->intf->access = k->verb == SET ? (uint16_t)k->a[0].num : 1;
    return QS_OK;
}

enum qs_code sw_do_native(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->intf->native = k->verb == SET ? (uint16_t)k->a[0].num : 1;
    return QS_OK;
}

enum qs_code sw_do_allowed(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    if (k->verb == SET && k->a[0].text)
        k->intf->allowed = k->a[0].vlans;
    else
        qs_sw_vlans_fill(&k->intf->allowed);
    return QS_OK;
}

enum qs_code sw_do_allowed_none(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->intf->allowed = (struct qs_sw_vlans){ 0 };
    return QS_OK;
}

enum qs_code sw_do_allowed_add(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    qs_sw_vlans_join(&k->intf->allowed, &k->a[0].vlans);
    return QS_OK;
}

enum qs_code sw_do_allowed_remove(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    qs_sw_vlans_cut(&k->intf->allowed, &k->a[0].vlans);
    return QS_OK;
}

enum qs_code sw_do_allowed_except(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    qs_sw_vlans_fill(&k->intf->allowed);
    qs_sw_vlans_cut(&k->intf->allowed, &k->a[0].vlans);
    return QS_OK;
}

/* Another interface of the configuration that holds an overlapping network; EOS refuses such an address. */
static const char *overlap(const struct sw_call *k, const struct qs_prefix *p)
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

static enum qs_code check_address(const struct sw_call *k, const struct qs_prefix *p, struct qs_err *err)
{
    const char *other = k->intf->kind == QS_SW_MANAGEMENT ? NULL : overlap(k, p);
    unsigned full = p->ip.family == 4 ? 32 : 128;
    char text[QS_IP_TEXT];

    if (other)
        return qs_err_set(err, QS_REFUSED, 0, "Subnet %s overlaps with existing subnet of %s", qs_prefix_text(p, text),
                          other);
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

static enum qs_code add_address(struct sw_call *k, struct qs_prefix **list, size_t *count, struct qs_err *err)
{
    const struct qs_prefix *p = &k->a[0].prefix;
    size_t at = *count;

    if (find_address(*list, *count, p) >= 0)
        return QS_OK;
    if (at == ADDRESSES_MAX)
        return sw_refuse_count(err, "addresses", ADDRESSES_MAX);
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

enum qs_code sw_do_ip(struct sw_call *k, struct qs_err *err)
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

enum qs_code sw_do_ip_secondary(struct sw_call *k, struct qs_err *err)
{
    struct qs_sw_intf *intf = k->intf;

    if (k->verb == SET && !intf->ip.ip.family)
        return qs_err_set(err, QS_REFUSED, 0, "Primary address must be assigned first");
    if (k->verb == SET)
        return add_address(k, &intf->ip_more, &intf->ip_more_count, err);
    drop_address(&intf->ip_more, &intf->ip_more_count, &k->a[0].prefix);
    return QS_OK;
}

enum qs_code sw_do_ip6(struct sw_call *k, struct qs_err *err)
{
    if (k->verb == SET)
        return add_address(k, &k->intf->ip6, &k->intf->ip6_count, err);
    drop_address(&k->intf->ip6, &k->intf->ip6_count, k->a[0].text ? &k->a[0].prefix : NULL);
    return QS_OK;
}

enum qs_code sw_do_ip6_enable(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->intf->ipv6_enable = k->verb == SET;
    return QS_OK;
}
