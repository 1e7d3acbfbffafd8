/* drivers/eos: a plan that would cut qs's own way to the switch is refused before the first command. */
#include "drivers/eos/eos_int.h"

#include "base/ip.h"
#include "base/str.h"

static bool prefix_is(const char *text, const struct qs_ip *ip)
{
    struct qs_prefix p;

    return qs_prefix_parse(text, &p) && qs_ip_equal(&p.ip, ip);
}

static bool list_has(const struct qs_val *list, const struct qs_ip *ip)
{
    for (size_t i = 0; i < qs_val_count(list); i++)
        if (prefix_is(qs_val_string(qs_val_at(list, i), ""), ip))
            return true;
    return false;
}

static bool holds_address(const struct qs_resource *r, const struct qs_ip *ip)
{
    return prefix_is(qs_val_get_str(r->attrs, "ipv4", ""), ip) ||
           list_has(qs_val_get(r->attrs, "ipv4_secondary"), ip) || list_has(qs_val_get(r->attrs, "ipv6"), ip);
}

static const struct qs_resource *holder(const struct qs_resources *rs, const struct qs_ip *ip)
{
    for (size_t i = 0; i < rs->count; i++)
        if (holds_address(&rs->items[i], ip))
            return &rs->items[i];
    return NULL;
}

static enum qs_code guard_address(const struct qs_target *t, const struct qs_resources *have,
                                  const struct qs_resources *want, struct qs_err *err)
{
    const struct qs_resource *now, *then;
    struct qs_ip ip;

    if (!qs_ip_parse(t->address, &ip) || !(now = holder(have, &ip)))
        return QS_OK; /* reached through a translation: only the probe can tell */
    then = qs_resources_find(want, now->type, now->name);
    if (!then || !holds_address(then, &ip))
        return qs_err_set(err, QS_DENIED, 0, "the plan would remove the management address %s from '%s'", t->address,
                          now->name);
    if (!qs_val_get_bool(then->attrs, "enabled", true))
        return qs_err_set(err, QS_DENIED, 0, "the plan would shut '%s', which carries the management address",
                          now->name);
    if (!qs_streq(qs_val_get_str(then->attrs, "mode", ""), qs_val_get_str(now->attrs, "mode", "")))
        return qs_err_set(err, QS_DENIED, 0,
                          "the plan would change the mode of '%s', which carries the management "
                          "address",
                          now->name);
    if (qs_streq(now->type, "svi") && !qs_resources_find(want, "vlan", now->name + strlen("Vlan")))
        return qs_err_set(err, QS_DENIED, 0,
                          "the plan would remove the VLAN of '%s', which carries the management "
                          "address",
                          now->name);
    return QS_OK;
}

static enum qs_code guard_api(const struct qs_target *t, const struct qs_resources *want, struct qs_err *err)
{
    const struct qs_resource *api = qs_resources_find(want, "api", "api");

    if (!api || !qs_val_get_bool(api->attrs, "enabled", false) || !qs_val_get_bool(api->attrs, "https", true))
        return qs_err_set(err, QS_DENIED, 0, "the plan would switch off the HTTPS API that qs itself uses");
    if (t->port && qs_val_get_int(api->attrs, "https_port", 443) != t->port)
        return qs_err_set(err, QS_DENIED, 0, "the plan would move the API away from port %u, which qs itself uses",
                          t->port);
    return QS_OK;
}

static enum qs_code guard_user(const struct qs_target *t, const struct qs_resources *have,
                               const struct qs_resources *want, struct qs_err *err)
{
    const struct qs_resource *now = qs_resources_find(have, "user", t->user);
    const struct qs_resource *then = qs_resources_find(want, "user", t->user);
    const char *secret, *role;

    if (!now)
        return QS_OK; /* known to an AAA server, not to the switch */
    if (!then)
        return qs_err_set(err, QS_DENIED, 0, "the plan would remove user '%s', whom qs itself uses", t->user);
    secret = qs_val_get_str(then->attrs, "secret", NULL);
    if (secret && !qs_streq(secret, qs_val_get_str(now->attrs, "secret", NULL)))
        return qs_err_set(err, QS_DENIED, 0, "the plan would change the password of user '%s', whom qs itself uses",
                          t->user);
    role = qs_val_get_str(then->attrs, "role", "");
    if (!qs_streq(role, "network-admin") && !qs_streq(role, qs_val_get_str(now->attrs, "role", "")))
        return qs_err_set(err, QS_DENIED, 0, "the plan would take rights from user '%s', whom qs itself uses", t->user);
    return QS_OK;
}

enum qs_code eos_guard(const struct qs_target *t, const struct qs_resources *have, const struct qs_resources *want,
                       struct qs_err *err)
{
    enum qs_code code = guard_address(t, have, want, err);

    if (!code)
        code = guard_api(t, want, err);
    if (!code)
        code = guard_user(t, have, want, err);
    return code ? qs_err_hint(err, "Change the way in first: reach the switch at another address or as another user, "
                                   "then apply this plan.")
                : QS_OK;
}
