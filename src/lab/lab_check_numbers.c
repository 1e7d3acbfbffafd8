/* Checks of names, ids and addresses. */
#include <string.h>

#include "base/str.h"
#include "lab/lab_check.h"

/* Runs when vlans.yaml has been read (lab_kinds.c), names may be missing then. */
void lab_check_vlan_ids(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;
    char at[160];

    for (size_t i = 0; i < lab->vlan_count; i++) {
        const struct qs_vlan *v = &lab->vlans[i], *first = qs_lab_vlan(lab, v->id);

        if (v->id && v->name && first->name && first != v)
            lab_hint(lab_problem(box, &v->at, "%s: id %u is already used by '%s' (%s)", lab_call_vlan(box, v), v->id,
                                 first->name, lab_at_text(&first->at, at)),
                     "Give one of the two another id.");
    }
}

/* ---- names ---- */

struct named {
    const char *name, *who;
    const struct qs_at *at;
};
struct names {
    struct named *items;
    size_t count;
};

static void add_name(struct lab_box *box, struct names *ns, const char *name, const struct qs_at *at, const char *who)
{
    char text[160];

    for (size_t i = 0; i < ns->count; i++) {
        if (qs_streq(ns->items[i].name, name)) {
            (void)lab_problem(box, at, "%s: '%s' is already used (%s)", who, name, lab_at_text(ns->items[i].at, text));
            return;
        }
    }
    *LAB_PUSH(&box->arena, ns->items, ns->count) = (struct named){ name, who, at };
}

static void rule_names(struct lab_box *box, const struct qs_device *dev, const char *table, const struct qs_rule *rules,
                       size_t count)
{
    for (int v6 = 0; v6 < 2; v6++) {
        struct names ns = { 0 };

        for (size_t i = 0; i < count; i++)
            if (rules[i].v6 == (v6 == 1))
                add_name(
                    box, &ns, rules[i].name, &rules[i].at,
                    lab_printf(&box->arena, "%s: %s of %s", lab_call_device(box, dev), table, v6 ? "IPv6" : "IPv4"));
    }
}

static void device_names(struct lab_box *box, const struct qs_device *dev)
{
    const char *who = lab_call_device(box, dev);
    struct names users = { 0 };

    for (size_t i = 0; i < dev->user_count; i++)
        add_name(box, &users, dev->users[i].name, &dev->users[i].at, lab_printf(&box->arena, "%s: users", who));
    rule_names(box, dev, "filter", dev->filter, dev->filter_count);
    rule_names(box, dev, "nat", dev->nat, dev->nat_count);
}

static void check_names(struct lab_box *box, const struct qs_check *checks, size_t count, const char *who)
{
    struct names ns = { 0 };

    for (size_t i = 0; i < count; i++)
        add_name(box, &ns, checks[i].name, &checks[i].at, lab_printf(&box->arena, "%s: checks[%zu]", who, i));
}

static void hardware_names(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;
    struct names vlans = { 0 }, models = { 0 }, parts = { 0 };

    for (size_t i = 0; i < lab->vlan_count; i++)
        add_name(box, &vlans, lab->vlans[i].name, &lab->vlans[i].at, lab_call_vlan(box, &lab->vlans[i]));
    for (size_t i = 0; i < lab->model_count; i++)
        add_name(box, &models, lab->models[i].name, &lab->models[i].at, lab_printf(&box->arena, "models[%zu]", i));
    for (size_t i = 0; i < lab->device_count; i++) {
        add_name(box, &parts, lab->devices[i].name, &lab->devices[i].at, lab_call_device(box, &lab->devices[i]));
        device_names(box, &lab->devices[i]);
    }
    for (size_t i = 0; i < lab->node_count; i++) {
        const struct qs_node *node = &lab->nodes[i];
        struct names nics = { 0 };

        add_name(box, &parts, node->name, &node->at, lab_call_node(box, node));
        for (size_t j = 0; j < node->nic_count; j++)
            add_name(box, &nics, node->nics[j].name, &node->nics[j].at,
                     lab_printf(&box->arena, "%s: nics[%zu]", lab_call_node(box, node), j));
    }
    for (size_t i = 0; i < lab->outside_count; i++)
        add_name(box, &parts, lab->outside[i].title, &box->outside[i].at, "outside");
}

static void platform_names(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;
    struct names components = { 0 }, numbers = { 0 }, groups = { 0 }, signals = { 0 };

    for (size_t i = 0; i < lab->component_count; i++) {
        const struct qs_component *c = &lab->components[i];
        const char *who = lab_call_component(box, c);

        add_name(box, &components, c->name, &c->at, who);
        add_name(box, &numbers, lab_printf(&box->arena, "%u", c->number), &c->at,
                 lab_printf(&box->arena, "%s: number", who));
        check_names(box, c->checks, c->check_count, who);
    }
    for (size_t i = 0; i < lab->group_count; i++)
        add_name(box, &groups, lab->groups[i].name, &lab->groups[i].at, lab_printf(&box->arena, "groups[%zu]", i));
    for (size_t i = 0; i < lab->signal_count; i++) {
        const struct qs_signal *s = &lab->signals[i];

        add_name(box, &signals, s->name, &s->at, lab_call_signal(box, s));
        check_names(box, s->checks, s->check_count, lab_call_signal(box, s));
    }
}

void lab_check_names(struct lab_box *box)
{
    hardware_names(box);
    platform_names(box);
}

/* ---- addresses ---- */

struct user { /* of an address or a MAC */
    const char *who;
    const struct qs_at *at;
    struct qs_ip ip;
    const uint8_t *mac;
};
struct users {
    struct user *items;
    size_t count;
};

static void use_ip(struct lab_box *box, struct users *us, const struct qs_prefix *p, const struct qs_at *at,
                   const char *who)
{
    char text[QS_IP_TEXT], other[160];

    if (!p->ip.family)
        return;
    for (size_t i = 0; i < us->count; i++) {
        if (qs_ip_equal(&us->items[i].ip, &p->ip)) {
            (void)lab_problem(box, at, "%s: address %s is already used by %s (%s)", who, qs_ip_text(&p->ip, text),
                              us->items[i].who, lab_at_text(us->items[i].at, other));
            return;
        }
    }
    *LAB_PUSH(&box->arena, us->items, us->count) = (struct user){ who, at, p->ip, NULL };
}

static void device_addresses(struct lab_box *box, struct users *us, const struct qs_device *dev)
{
    const char *who = lab_call_device(box, dev);

    use_ip(box, us, &dev->management_v4, &dev->at, who);
    use_ip(box, us, &dev->management_v6, &dev->at, who);
    for (size_t i = 0; i < dev->svi_count; i++) {
        use_ip(box, us, &dev->svis[i].v4, &dev->svis[i].at, who);
        use_ip(box, us, &dev->svis[i].v6, &dev->svis[i].at, who);
    }
    for (size_t i = 0; i < dev->port_count; i++) {
        use_ip(box, us, &dev->ports[i].v4, &dev->ports[i].at, who);
        use_ip(box, us, &dev->ports[i].v6, &dev->ports[i].at, who);
    }
}

void lab_check_addresses(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;
    struct users us = { 0 };

    if (box->overlap)
        return;
    use_ip(box, &us, &lab->management_self_v4, &box->management.at, "management");
    use_ip(box, &us, &lab->management_self_v6, &box->management.at, "management");
    for (size_t i = 0; i < lab->device_count; i++)
        device_addresses(box, &us, &lab->devices[i]);
    use_ip(box, &us, &lab->upstream.v4, &box->upstream_at, "upstream");
    for (size_t i = 0; i < lab->node_count; i++) {
        const struct qs_node *node = &lab->nodes[i];
        const char *who = lab_call_node(box, node);

        for (size_t j = 0; j < node->addr_count; j++) {
            use_ip(box, &us, &node->addrs[j].v4, &node->at, who);
            use_ip(box, &us, &node->addrs[j].v6, &node->at, who);
        }
        use_ip(box, &us, &node->bmc_v4, &box->nodes[i].bmc.at, lab_printf(&box->arena, "%s: bmc", who));
    }
    for (size_t i = 0; i < lab->vpn_count; i++)
        use_ip(box, &us, &lab->vpn[i].v4, &lab->vpn[i].at,
               lab_printf(&box->arena, "vpn: peers[%zu] '%s'", i, lab->vpn[i].person));
}

static void use_mac(struct lab_box *box, struct users *us, const uint8_t *mac, const struct qs_at *at, const char *who)
{
    char text[18], other[160];

    if (mac[0] & 1)
        (void)lab_problem(box, at, "%s: MAC %s is a group address, no card has it", who, qs_mac_text(mac, text));
    for (size_t i = 0; i < us->count; i++) {
        if (memcmp(us->items[i].mac, mac, 6) == 0) {
            (void)lab_problem(box, at, "%s: MAC %s is already used by %s (%s)", who, qs_mac_text(mac, text),
                              us->items[i].who, lab_at_text(us->items[i].at, other));
            return;
        }
    }
    *LAB_PUSH(&box->arena, us->items, us->count) = (struct user){ .who = who, .at = at, .mac = mac };
}

void lab_check_macs(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;
    struct users us = { 0 };

    for (size_t i = 0; i < lab->node_count; i++) {
        const struct qs_node *node = &lab->nodes[i];

        for (size_t j = 0; j < node->nic_count; j++)
            use_mac(box, &us, node->nics[j].mac, &node->nics[j].at,
                    lab_printf(&box->arena, "%s: nics[%zu] '%s'", lab_call_node(box, node), j, node->nics[j].name));
        if (node->has_bmc)
            use_mac(box, &us, node->bmc_mac, &box->nodes[i].bmc.at,
                    lab_printf(&box->arena, "%s: bmc", lab_call_node(box, node)));
    }
}

/* ---- networks ---- */

struct network {
    const char *who;
    const struct qs_at *at;
    struct qs_prefix net;
};
struct networks {
    struct network *items;
    size_t count;
};

static void add_network(struct lab_box *box, struct networks *ns, const struct qs_prefix *p, const struct qs_at *at,
                        const char *who)
{
    struct network n = { who, at, qs_prefix_network(p) };
    char mine[QS_IP_TEXT], other[QS_IP_TEXT], where[160];

    if (!p->ip.family)
        return;
    for (size_t i = 0; i < ns->count; i++) {
        if (!qs_prefix_overlaps(&ns->items[i].net, &n.net))
            continue;
        (void)lab_problem(box, at, "%s: %s overlaps %s of %s (%s)", who, qs_prefix_text(&n.net, mine),
                          qs_prefix_text(&ns->items[i].net, other), ns->items[i].who,
                          lab_at_text(ns->items[i].at, where));
        box->overlap = true;
        return;
    }
    *LAB_PUSH(&box->arena, ns->items, ns->count) = n;
}

void lab_check_subnets(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;
    const struct qs_cluster *k = &lab->cluster;
    struct networks ns = { 0 };

    add_network(box, &ns, &lab->management_v4, &box->management.at, "management");
    add_network(box, &ns, &lab->management_v6, &box->management.at, "management");
    for (size_t i = 0; i < lab->vlan_count; i++) {
        add_network(box, &ns, &lab->vlans[i].v4, &lab->vlans[i].at, lab_call_vlan(box, &lab->vlans[i]));
        add_network(box, &ns, &lab->vlans[i].v6, &lab->vlans[i].at, lab_call_vlan(box, &lab->vlans[i]));
    }
    for (size_t i = 0; i < lab->device_count; i++) {
        const struct qs_device *dev = &lab->devices[i];

        for (size_t j = 0; j < dev->port_count; j++) {
            if (dev->ports[j].access)
                continue;
            add_network(box, &ns, &dev->ports[j].v4, &dev->ports[j].at, lab_call_device(box, dev));
            add_network(box, &ns, &dev->ports[j].v6, &dev->ports[j].at, lab_call_device(box, dev));
        }
    }
    add_network(box, &ns, &lab->vpn_v4, &box->vpn_at, "vpn");
    add_network(box, &ns, &k->pods, &k->at, "pods");
    add_network(box, &ns, &k->services, &k->at, "services");
    add_network(box, &ns, &k->pods6, &k->at, "pods6");
    add_network(box, &ns, &k->services6, &k->at, "services6");
}

/* ---- inside a network ---- */

static bool reaches(const struct qs_prefix *on, const struct qs_ip *ip)
{
    return on->ip.family && qs_prefix_contains(on, ip);
}

static bool is_connected(const struct qs_device *dev, const struct qs_ip *ip)
{
    for (size_t i = 0; i < dev->svi_count; i++)
        if (reaches(&dev->svis[i].v4, ip) || reaches(&dev->svis[i].v6, ip))
            return true;
    for (size_t i = 0; i < dev->port_count; i++)
        if (reaches(&dev->ports[i].v4, ip) || reaches(&dev->ports[i].v6, ip))
            return true;
    return reaches(&dev->management_v4, ip) || reaches(&dev->management_v6, ip);
}

static void wan_of(struct lab_box *box, const struct qs_device *dev)
{
    const struct qs_port *wan = dev->wan_port ? qs_device_port(dev, dev->wan_port) : NULL;
    const struct qs_lab *lab = &box->lab;
    char text[QS_IP_TEXT];

    if (!wan || !lab->upstream.name || reaches(&wan->v4, &lab->upstream.v4.ip))
        return;
    lab_hint(lab_problem(box, &wan->at, "%s: port '%s' is not in the network of the upstream, %s",
                         lab_call_device(box, dev), wan->name, qs_prefix_text(&lab->upstream.v4, text)),
             "The upstream is in sites/%s.yaml.", lab->site);
}

void lab_check_in_subnet(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;
    char text[QS_IP_TEXT], net[QS_IP_TEXT];

    for (size_t i = 0; i < lab->device_count; i++) {
        const struct qs_device *dev = &lab->devices[i];

        for (size_t j = 0; j < dev->route_count; j++) {
            const struct qs_route *r = &dev->routes[j];

            if (r->dest.ip.family != r->via.family)
                (void)lab_problem(box, &r->at, "%s: routes[%zu]: %s goes by an address of the other family",
                                  lab_call_device(box, dev), j, qs_prefix_text(&r->dest, net));
            else if (!is_connected(dev, &r->via))
                (void)lab_problem(box, &r->at, "%s: routes[%zu]: next hop %s is in no network that the device is on",
                                  lab_call_device(box, dev), j, qs_ip_text(&r->via, text));
        }
        wan_of(box, dev);
    }
    for (size_t i = 0; i < lab->vpn_count; i++)
        if (!qs_prefix_contains(&lab->vpn_v4, &lab->vpn[i].v4.ip))
            (void)lab_problem(box, &lab->vpn[i].at, "vpn: peers[%zu] '%s': address %s is outside %s", i,
                              lab->vpn[i].person, qs_ip_text(&lab->vpn[i].v4.ip, text),
                              qs_prefix_text(&lab->vpn_v4, net));
}

/* ---- gateways ---- */

static bool routes_vlan(const struct qs_device *dev, uint16_t id)
{
    for (size_t i = 0; i < dev->svi_count; i++)
        if (dev->svis[i].vlan == id)
            return true;
    for (size_t i = 0; i < dev->port_count; i++)
        if (dev->kind == QS_DEVICE_ROUTER && dev->ports[i].access == id)
            return true;
    return false;
}

static void vlan_gateway(struct lab_box *box, const struct qs_vlan *v)
{
    const struct qs_device *dev = qs_lab_device(&box->lab, v->gateway);
    const char *who = lab_call_vlan(box, v), *words[65] = { NULL };
    size_t n = 0;

    for (; n < 64 && n < box->lab.device_count; n++)
        words[n] = box->lab.devices[n].name;
    if (!dev)
        lab_hint_words(lab_problem(box, &v->at, "%s: gateway '%s' is no device", who, v->gateway), v->gateway, words,
                       "devices");
    else if (!routes_vlan(dev, v->id))
        lab_hint(lab_problem(box, &v->at, "%s: gateway '%s' has no address in VLAN %u", who, dev->name, v->id),
                 "Give it one: %s; or write `gateway: none`.",
                 dev->kind == QS_DEVICE_SWITCH ? "the VLAN under its `svis`" : "a port with the VLAN under `vlan`");
    else if (dev->kind == QS_DEVICE_SWITCH && !dev->ip_routing)
        lab_hint(lab_problem(box, &v->at, "%s: gateway '%s' does not route", who, dev->name),
                 "Set `routing: true` for '%s' in network/switches.yaml.", dev->name);
}

void lab_check_gateways(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->vlan_count; i++)
        if (lab->vlans[i].gateway)
            vlan_gateway(box, &lab->vlans[i]);
    for (size_t i = 0; i < lab->node_count; i++) {
        const struct qs_node *node = &lab->nodes[i];
        const struct qs_vlan *v = qs_lab_vlan(lab, node->gateway_vlan);

        if (v && !qs_node_addr(node, v->id))
            (void)lab_problem(box, &node->at, "%s: gateway_vlan %u is on none of its NICs", lab_call_node(box, node),
                              v->id);
        else if (v && !v->gateway)
            (void)lab_problem(box, &node->at, "%s: gateway_vlan %u '%s' has no gateway", lab_call_node(box, node),
                              v->id, v->name);
    }
}
