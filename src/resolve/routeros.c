/* resolve: what a router shall hold, in the words of drivers/routeros. Names follow that driver's ros_types.c:
 * 'ADDRESS@INTERFACE', 'LIST/ADDRESS', 'NETWORK via GATEWAY', and for firewall rows the name that the lab gives. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "resolve/resolve.h"
#include "resolve/resolve_int.h"

static void add_address(const char *interface, const struct qs_prefix *p, struct qs_resources *want)
{
    char text[QS_IP_TEXT];
    qs_auto(str) char *name = NULL;
    struct qs_val *a;

    if (!p->ip.family)
        return;
    name = qs_xasprintf("%s@%s", qs_prefix_text(p, text), interface);
    a = qs_resources_add(want, p->ip.family == 4 ? "address" : "address6", name);
    qs_val_set_str(a, "address", text);
    qs_val_set_str(a, "interface", interface);
}

static void add_port(const struct qs_port *port, struct qs_resources *want)
{
    struct qs_val *a = qs_resources_add(want, "interface", port->name);

    qs_val_set_str(a, "comment", port->description);
    qs_val_set_bool(a, "disabled", !port->enabled);
    add_address(port->name, &port->v4, want);
    add_address(port->name, &port->v6, want);
}

static void add_management(const struct qs_device *dev, struct qs_resources *want)
{
    const struct qs_port *port = dev->management_port ? qs_device_port(dev, dev->management_port) : NULL;
    struct qs_val *a;

    if (!dev->management_port)
        return;
    a = qs_resources_add(want, "interface", dev->management_port);
    qs_val_set_str(a, "comment", port ? port->description : NULL);
    qs_val_set_bool(a, "disabled", false);
    add_address(dev->management_port, &dev->management_v4, want);
    add_address(dev->management_port, &dev->management_v6, want);
}

static void add_route(const struct qs_route *route, struct qs_resources *want)
{
    struct qs_prefix net = qs_prefix_network(&route->dest);
    char dest[QS_IP_TEXT], via[QS_IP_TEXT];
    qs_auto(str) char *name = qs_xasprintf("%s via %s", qs_prefix_text(&net, dest), qs_ip_text(&route->via, via));
    struct qs_val *a = qs_resources_add(want, net.ip.family == 4 ? "route" : "route6", name);

    qs_val_set_str(a, "dst_address", dest);
    qs_val_set_str(a, "gateway", via);
    qs_val_set_str(a, "comment", route->comment);
}

static void set_words(struct qs_val *attrs, const char *key, const char *text)
{
    struct qs_val *list = qs_val_list();

    while (text && *text) {
        size_t len = strcspn(text, ",");
        qs_auto(str) char *word = qs_xstrndup(text, len);

        qs_val_add(list, qs_val_str(word));
        text += len + (text[len] == ',');
    }
    qs_val_set(attrs, key, list);
}

static void add_rule(const char *type4, const char *type6, const struct qs_rule *r, struct qs_resources *want)
{
    struct qs_val *a = qs_resources_add(want, r->v6 ? type6 : type4, r->name);

    qs_val_set_str(a, "chain", r->chain);
    qs_val_set_str(a, "action", r->action);
    qs_val_set_str(a, "protocol", r->protocol);
    set_words(a, "connection_state", r->state);
    qs_val_set_str(a, "src_address", r->src);
    qs_val_set_str(a, "dst_address", r->dst);
    qs_val_set_str(a, "src_address_list", r->src_list);
    qs_val_set_str(a, "dst_address_list", r->dst_list);
    qs_val_set_str(a, "dst_port", r->dst_port);
    qs_val_set_str(a, "in_interface", r->in_port);
    qs_val_set_str(a, "out_interface", r->out_port);
    qs_val_set_str(a, "to_addresses", r->to_address);
    qs_val_set_str(a, "to_ports", r->to_port);
    qs_val_set_bool(a, "log", r->log);
}

/* One host of a list is written without its length, as the router prints it. */
static char *list_entry(const char *text)
{
    struct qs_prefix p;
    struct qs_ip ip;
    char out[QS_IP_TEXT];

    if (qs_ip_parse(text, &ip))
        return qs_xstrdup(qs_ip_text(&ip, out));
    if (!qs_prefix_parse(text, &p))
        return qs_xstrdup(text);
    return qs_xstrdup(p.len == (p.ip.family == 4 ? 32 : 128) ? qs_ip_text(&p.ip, out) : qs_prefix_text(&p, out));
}

static void add_list(const struct qs_address_list *list, struct qs_resources *want)
{
    for (size_t i = 0; i < list->entries.count; i++) {
        qs_auto(str) char *entry = list_entry(list->entries.items[i]);
        qs_auto(str) char *name = qs_xasprintf("%s/%s", list->name, entry);
        struct qs_val *a = qs_resources_add(want, strchr(entry, ':') ? "list6" : "list", name);

        qs_val_set_str(a, "list", list->name);
        qs_val_set_str(a, "address", entry);
    }
}

static void add_service(const struct qs_service *s, struct qs_resources *want)
{
    struct qs_val *a = qs_resources_add(want, "service", s->name);

    qs_val_set_bool(a, "disabled", !s->enabled);
    if (s->port)
        qs_val_set_int(a, "port", s->port);
    qs_val_set(a, "address", resolve_words(&s->from));
}

static void add_users(const struct qs_device *dev, struct qs_resources *want)
{
    for (size_t i = 0; i < dev->user_count; i++)
        qs_val_set_str(qs_resources_add(want, "user", dev->users[i].name), "group", dev->users[i].role);
}

void qs_resolve_routeros(const struct qs_lab *lab, const struct qs_device *dev, struct qs_resources *want)
{
    (void)lab; /* a router's intent is whole in the device */
    qs_val_set_str(qs_resources_add(want, "identity", "identity"), "name", dev->hostname ? dev->hostname : dev->name);
    add_users(dev, want);
    for (size_t i = 0; i < dev->port_count; i++)
        if (!qs_streq(dev->ports[i].name, dev->management_port))
            add_port(&dev->ports[i], want);
    add_management(dev, want);
    for (size_t i = 0; i < dev->route_count; i++)
        add_route(&dev->routes[i], want);
    for (size_t i = 0; i < dev->list_count; i++)
        add_list(&dev->lists[i], want);
    for (size_t i = 0; i < dev->nat_count; i++)
        add_rule("nat", "nat6", &dev->nat[i], want);
    for (size_t i = 0; i < dev->filter_count; i++)
        add_rule("filter", "filter6", &dev->filter[i], want);
    for (size_t i = 0; i < dev->service_count; i++)
        add_service(&dev->services[i], want);
}
