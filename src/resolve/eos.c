/* resolve: what a switch shall hold, in the words of drivers/eos. */
#include <stdio.h>

#include "base/str.h"
#include "resolve/resolve.h"
#include "resolve/resolve_int.h"

static void add_system(const struct qs_lab *lab, const struct qs_device *dev, struct qs_resources *want)
{
    struct qs_val *a = qs_resources_add(want, "system", "system");
    bool v6 = false;

    for (size_t i = 0; i < dev->svi_count; i++)
        v6 = v6 || dev->svis[i].v6.ip.family;
    qs_val_set_str(a, "hostname", dev->hostname ? dev->hostname : dev->name);
    qs_val_set_str(a, "domain", lab->domain);
    qs_val_set(a, "name_servers", resolve_words(&lab->dns));
    qs_val_set(a, "ntp_servers", resolve_words(&lab->ntp));
    qs_val_set_bool(a, "ip_routing", dev->ip_routing);
    qs_val_set_bool(a, "ipv6_routing", dev->ip_routing && v6);
}

/* The way qs itself comes in. */
static void add_api(const struct qs_device *dev, struct qs_resources *want)
{
    struct qs_val *a = qs_resources_add(want, "api", "api");

    qs_val_set_bool(a, "enabled", true);
    qs_val_set_bool(a, "https", true);
    if (dev->port)
        qs_val_set_int(a, "https_port", dev->port);
}

static void add_vlans(const struct qs_lab *lab, const struct qs_device *dev, struct qs_resources *want)
{
    for (size_t i = 0; i < dev->vlans.count; i++) {
        const struct qs_vlan *v = qs_lab_vlan(lab, dev->vlans.items[i]);
        char id[8];

        (void)snprintf(id, sizeof(id), "%u", dev->vlans.items[i]);
        if (v)
            qs_val_set_str(qs_resources_add(want, "vlan", id), "name", v->name);
    }
}

static void set_addresses(struct qs_val *a, const struct qs_prefix *v4, const struct qs_prefix *v6)
{
    resolve_set_prefix(a, "ipv4", v4);
    if (v6->ip.family)
        resolve_add_prefix(qs_val_set(a, "ipv6", qs_val_list()), v6);
}

static void set_trunk(struct qs_val *a, const struct qs_port *port)
{
    qs_auto(str) char *allowed = resolve_vlan_list(&port->allowed);

    qs_val_set_str(a, "mode", "trunk");
    qs_val_set_str(a, "allowed_vlans", allowed);
    if (port->native)
        qs_val_set_int(a, "native_vlan", port->native);
}

static void add_port(const struct qs_port *port, struct qs_resources *want)
{
    struct qs_val *a = qs_resources_add(want, "interface", port->name);

    qs_val_set_str(a, "description", port->description);
    qs_val_set_bool(a, "enabled", port->enabled && port->mode != QS_PORT_UNUSED);
    if (port->mode == QS_PORT_TRUNK) {
        set_trunk(a, port);
    } else if (port->mode == QS_PORT_ROUTED) {
        qs_val_set_str(a, "mode", "routed");
        set_addresses(a, &port->v4, &port->v6);
    } else if (port->mode == QS_PORT_ACCESS && port->access) {
        qs_val_set_int(a, "access_vlan", port->access);
    }
}

static void add_management(const struct qs_device *dev, struct qs_resources *want)
{
    const struct qs_port *port = dev->management_port ? qs_device_port(dev, dev->management_port) : NULL;
    struct qs_val *a;

    if (!dev->management_port)
        return;
    a = qs_resources_add(want, "management", dev->management_port);
    qs_val_set_str(a, "description", port ? port->description : NULL);
    qs_val_set_bool(a, "enabled", true);
    set_addresses(a, &dev->management_v4, &dev->management_v6);
}

static void add_svis(const struct qs_lab *lab, const struct qs_device *dev, struct qs_resources *want)
{
    for (size_t i = 0; i < dev->svi_count; i++) {
        const struct qs_vlan *v = qs_lab_vlan(lab, dev->svis[i].vlan);
        struct qs_val *a;
        char name[16];

        (void)snprintf(name, sizeof(name), "Vlan%u", dev->svis[i].vlan);
        a = qs_resources_add(want, "svi", name);
        qs_val_set_str(a, "description", v ? v->name : NULL);
        set_addresses(a, &dev->svis[i].v4, &dev->svis[i].v6);
    }
}

static void add_route(const struct qs_route *route, struct qs_resources *want)
{
    struct qs_prefix net = qs_prefix_network(&route->dest);
    char dest[QS_IP_TEXT], via[QS_IP_TEXT], name[2 * QS_IP_TEXT + 8];
    struct qs_val *a;

    (void)snprintf(name, sizeof(name), "%s via %s", qs_prefix_text(&net, dest), qs_ip_text(&route->via, via));
    a = qs_resources_add(want, "route", name);
    qs_val_set_str(a, "dest", dest);
    qs_val_set_str(a, "via", via);
    qs_val_set_str(a, "name", route->comment);
}

void qs_resolve_eos(const struct qs_lab *lab, const struct qs_device *dev, struct qs_resources *want)
{
    add_system(lab, dev, want);
    for (size_t i = 0; i < dev->user_count; i++)
        qs_val_set_str(qs_resources_add(want, "user", dev->users[i].name), "role", dev->users[i].role);
    add_vlans(lab, dev, want);
    for (size_t i = 0; i < dev->port_count; i++)
        if (!qs_streq(dev->ports[i].name, dev->management_port))
            add_port(&dev->ports[i], want);
    add_management(dev, want);
    add_svis(lab, dev, want);
    for (size_t i = 0; i < dev->route_count; i++)
        add_route(&dev->routes[i], want);
    add_api(dev, want);
}
