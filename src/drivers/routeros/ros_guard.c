/* drivers/routeros: a plan that would cut qs's own way to the router is refused before the first command. */
#include "drivers/routeros/ros_int.h"

#include "base/str.h"

static bool is_address(const struct qs_resource *r, const struct qs_ip *ip)
{
    struct qs_prefix p;

    return (qs_streq(r->type, "address") || qs_streq(r->type, "address6")) &&
           qs_prefix_parse(qs_val_get_str(r->attrs, "address", ""), &p) && qs_ip_equal(&p.ip, ip);
}

static enum qs_code guard_address(const struct qs_target *t, const struct qs_resources *have,
                                  const struct qs_resources *want, struct qs_err *err)
{
    const struct qs_resource *now = NULL, *then, *port;
    const char *interface;
    struct qs_ip ip;

    if (!qs_ip_parse(t->address, &ip))
        return QS_OK;
    for (size_t i = 0; i < have->count && !now; i++)
        now = is_address(&have->items[i], &ip) ? &have->items[i] : NULL;
    if (!now)
        return QS_OK; /* reached through a translation: only the probe can tell */
    interface = qs_val_get_str(now->attrs, "interface", "");
    then = qs_resources_find(want, now->type, now->name);
    if (!then || qs_val_get_bool(then->attrs, "disabled", false))
        return qs_err_set(err, QS_DENIED, 0, "the plan would remove the management address %s from '%s'", t->address,
                          interface);
    port = qs_resources_find(want, "interface", interface);
    if (qs_resources_find(have, "interface", interface) && (!port || qs_val_get_bool(port->attrs, "disabled", true)))
        return qs_err_set(err, QS_DENIED, 0, "the plan would disable '%s', which carries the management address",
                          interface);
    return QS_OK;
}

static bool lets_in(const struct qs_val *from, const struct qs_ip *local)
{
    if (!qs_val_count(from) || !local)
        return true;
    for (size_t i = 0; i < qs_val_count(from); i++) {
        const char *text = qs_val_string(qs_val_at(from, i), "");
        struct qs_prefix p;
        struct qs_ip ip;

        if (qs_ip_parse(text, &ip) && qs_ip_equal(&ip, local))
            return true;
        if (qs_prefix_parse(text, &p) && qs_prefix_contains(&p, local))
            return true;
    }
    return false;
}

static enum qs_code guard_service(const struct qs_target *t, const struct qs_ip *local, const struct qs_resources *want,
                                  struct qs_err *err)
{
    const struct qs_resource *api = qs_resources_find(want, "service", "api-ssl");

    if (!api || qs_val_get_bool(api->attrs, "disabled", true))
        return qs_err_set(err, QS_DENIED, 0, "the plan would disable service 'api-ssl', which qs itself uses");
    if (qs_val_get_int(api->attrs, "port", t->port) != t->port)
        return qs_err_set(err, QS_DENIED, 0,
                          "the plan would move service 'api-ssl' away from port %u, which qs itself "
                          "uses",
                          t->port);
    if (!lets_in(qs_val_get(api->attrs, "address"), local))
        return qs_err_set(err, QS_DENIED, 0, "the plan would keep qs itself out of service 'api-ssl'");
    return QS_OK;
}

static enum qs_code guard_user(const struct qs_target *t, const struct qs_resources *have,
                               const struct qs_resources *want, struct qs_err *err)
{
    const struct qs_resource *now = qs_resources_find(have, "user", t->user);
    const struct qs_resource *then = qs_resources_find(want, "user", t->user);
    const char *group;

    if (!now)
        return QS_OK; /* known to a RADIUS server, not to the router */
    if (!then || qs_val_get_bool(then->attrs, "disabled", false))
        return qs_err_set(err, QS_DENIED, 0, "the plan would remove user '%s', whom qs itself uses", t->user);
    group = qs_val_get_str(then->attrs, "group", "");
    if (!qs_streq(group, "full") && !qs_streq(group, qs_val_get_str(now->attrs, "group", "")))
        return qs_err_set(err, QS_DENIED, 0, "the plan would take rights from user '%s', whom qs itself uses", t->user);
    return QS_OK;
}

enum qs_code ros_guard(const struct qs_target *t, const struct qs_ip *local, const struct qs_resources *have,
                       const struct qs_resources *want, struct qs_err *err)
{
    enum qs_code code = guard_address(t, have, want, err);

    if (!code)
        code = guard_service(t, local, want, err);
    if (!code)
        code = guard_user(t, have, want, err);
    return code ? qs_err_hint(err, "Change the way in first: reach the router at another address or as another user, "
                                   "then apply this plan.")
                : QS_OK;
}
