/* From rows to the model: switches, routers and their ports, rules and lists; cables. */
#include <string.h>

#include "base/str.h"
#include "lab/lab_int.h"

/* How messages call a device: "switches[0] 'core'". */
static char *label(struct lab_box *box, const struct qs_device *dev, size_t i)
{
    return lab_printf(&box->arena, "%s[%zu] '%s'", dev->kind == QS_DEVICE_SWITCH ? "switches" : "routers", i,
                      dev->name);
}

/* ---- ports ---- */

static void judge_switch_port(struct lab_box *box, const char *who, const struct raw_port *raw)
{
    if (raw->access && raw->trunk.count)
        (void)lab_problem(box, &raw->at, "%s: ports '%s': a port is access or trunk, not both", who, raw->range);
    if (raw->native && !raw->trunk.count)
        (void)lab_problem(box, &raw->at, "%s: ports '%s': native goes with trunk", who, raw->range);
    for (size_t i = 0; raw->native && i < raw->trunk.count; i++)
        if (raw->trunk.items[i] == raw->native)
            return;
    if (raw->native && raw->trunk.count)
        lab_hint(
            lab_problem(box, &raw->at, "%s: ports '%s': native VLAN %u is not in trunk", who, raw->range, raw->native),
            "The trunk lists every VLAN that the port carries, also the untagged one.");
}

static void judge_router_port(struct lab_box *box, const char *who, const struct qs_device *dev,
                              const struct raw_port *raw)
{
    const struct qs_vlan *vlan = qs_lab_vlan(&box->lab, raw->vlan);
    struct qs_prefix p;

    if (!vlan)
        return;
    if (raw->v4.ip.family || raw->v6.ip.family)
        (void)lab_problem(box, &raw->at, "%s: ports '%s': vlan gives the addresses, v4 and v6 do not go with it", who,
                          raw->range);
    if (!dev->host)
        lab_hint(lab_problem(box, &raw->at, "%s: ports '%s': the router has no host number for VLAN %u", who,
                             raw->range, raw->vlan),
                 "Give the router a `host`.");
    else if ((vlan->v4.ip.family && !lab_host(&vlan->v4, dev->host, &p)) ||
             (vlan->v6.ip.family && !lab_host(&vlan->v6, dev->host, &p)))
        (void)lab_problem(box, &raw->at, "%s: host %u does not fit the subnet of VLAN %u '%s'", who, dev->host,
                          vlan->id, vlan->name);
}

static void router_intent(const struct lab_box *box, const struct qs_device *dev, const struct raw_port *raw,
                          struct qs_port *port)
{
    const struct qs_vlan *vlan = qs_lab_vlan(&box->lab, raw->vlan);

    port->mode = QS_PORT_ROUTED;
    port->access = raw->vlan;
    port->v4 = raw->v4;
    port->v6 = raw->v6;
    if (vlan && vlan->v4.ip.family)
        (void)lab_host(&vlan->v4, dev->host, &port->v4);
    if (vlan && vlan->v6.ip.family)
        (void)lab_host(&vlan->v6, dev->host, &port->v6);
}

static void add_port(struct lab_box *box, struct qs_device *dev, const struct raw_port *raw, char *name)
{
    struct qs_port *port = LAB_PUSH(&box->arena, dev->ports, dev->port_count);

    *port = (struct qs_port){ .at = raw->at, .name = name, .description = raw->description, .enabled = raw->enabled };
    if (dev->kind == QS_DEVICE_ROUTER) {
        router_intent(box, dev, raw, port);
        return;
    }
    port->access = raw->access;
    port->native = raw->native;
    port->allowed = raw->trunk;
    port->mode = raw->access ? QS_PORT_ACCESS : raw->trunk.count ? QS_PORT_TRUNK : QS_PORT_UNUSED;
}

/* "Ethernet1-8" is eight ports of one intent. */
static void spread_port(struct lab_box *box, const char *who, struct qs_device *dev, const struct raw_port *raw)
{
    uint16_t first, last;
    const char *suffix;
    size_t prefix;

    if (dev->kind == QS_DEVICE_SWITCH)
        judge_switch_port(box, who, raw);
    else
        judge_router_port(box, who, dev, raw);
    if (!lab_range(raw->range, &prefix, &first, &last, &suffix)) {
        add_port(box, dev, raw, raw->range);
        return;
    }
    for (unsigned n = first; n <= last; n++)
        add_port(box, dev, raw, lab_printf(&box->arena, "%.*s%u%s", (int)prefix, raw->range, n, suffix));
}

static void settle_svis(struct lab_box *box, const char *who, struct qs_device *dev, const struct qs_u16s *ids)
{
    if (ids->count && !dev->host) {
        lab_hint(lab_problem(box, &dev->at, "%s: svis need a host number", who), "Give the switch a `host`.");
        return;
    }
    for (size_t i = 0; i < ids->count; i++) {
        const struct qs_vlan *vlan = qs_lab_vlan(&box->lab, ids->items[i]);
        struct qs_vlan_addr *svi = LAB_PUSH(&box->arena, dev->svis, dev->svi_count);

        svi->at = dev->at;
        svi->vlan = ids->items[i];
        if (vlan && ((vlan->v4.ip.family && !lab_host(&vlan->v4, dev->host, &svi->v4)) ||
                     (vlan->v6.ip.family && !lab_host(&vlan->v6, dev->host, &svi->v6))))
            (void)lab_problem(box, &dev->at, "%s: host %u does not fit the subnet of VLAN %u '%s'", who, dev->host,
                              vlan->id, vlan->name);
    }
}

/* ---- rules and lists ---- */

static void add_rule(struct lab_box *box, const struct raw_rule *raw, bool v6, struct qs_rule **items, size_t *count)
{
    struct qs_rule *rule = LAB_PUSH(&box->arena, *items, *count);

    *rule = raw->rule;
    rule->v6 = v6;
    if (v6 && qs_streq(rule->protocol, "icmp"))
        rule->protocol = lab_strdup(&box->arena, "icmpv6");
}

static void settle_rules(struct lab_box *box, const struct raw_rule *raw, size_t n, struct qs_rule **items,
                         size_t *count)
{
    for (size_t i = 0; i < n; i++) {
        if (!qs_streq(raw[i].family, "v6"))
            add_rule(box, &raw[i], false, items, count);
        if (!qs_streq(raw[i].family, "v4"))
            add_rule(box, &raw[i], true, items, count);
    }
}

static void list_network(struct lab_box *box, struct qs_address_list *list, const struct qs_prefix *net)
{
    char text[QS_IP_TEXT];

    if (net->ip.family)
        *LAB_PUSH(&box->arena, list->entries.items, list->entries.count) = lab_strdup(&box->arena,
                                                                                      qs_prefix_text(net, text));
}

static void settle_list(struct lab_box *box, struct qs_device *dev, const struct raw_list *raw)
{
    struct qs_address_list *list = LAB_PUSH(&box->arena, dev->lists, dev->list_count);

    list->at = raw->at;
    list->name = raw->name;
    list->entries = raw->addresses;
    for (size_t i = 0; i < raw->vlans.count; i++) {
        const struct qs_vlan *vlan = qs_lab_vlan(&box->lab, raw->vlans.items[i]);

        if (vlan) {
            list_network(box, list, &vlan->v4);
            list_network(box, list, &vlan->v6);
        }
    }
}

/* ---- devices ---- */

static void settle_management(struct lab_box *box, const char *who, struct qs_device *dev, uint16_t number)
{
    struct qs_lab *lab = &box->lab;
    char text[QS_IP_TEXT];

    dev->management_port = dev->hw ? dev->hw->management_port : NULL;
    if (!dev->management_port)
        lab_hint(lab_problem(box, &dev->at, "%s: model '%s' has no management port", who, dev->model),
                 "Name it in hardware/models.yaml: `management`.");
    if (!lab_host(&lab->management_v4, number, &dev->management_v4) ||
        (lab->management_v6.ip.family && !lab_host(&lab->management_v6, number, &dev->management_v6)))
        (void)lab_problem(box, &dev->at, "%s: host %u does not fit the management network", who, number);
    dev->address = lab_strdup(&box->arena, qs_ip_text(&dev->management_v4.ip, text));
}

static void settle_device(struct lab_box *box, const struct raw_device *raw, enum qs_device_kind kind, size_t i)
{
    struct qs_device *dev = LAB_PUSH(&box->arena, box->lab.devices, box->lab.device_count);
    const char *who;

    *dev = raw->dev;
    dev->kind = kind;
    who = label(box, dev, i);
    dev->hostname = dev->hostname ? dev->hostname : dev->name;
    dev->title = dev->title ? dev->title : dev->name;
    for (size_t j = 0; j < box->lab.model_count; j++)
        if (qs_streq(box->lab.models[j].name, dev->model))
            dev->hw = &box->lab.models[j];
    settle_management(box, who, dev, raw->management);
    for (size_t j = 0; j < raw->port_count; j++)
        spread_port(box, who, dev, &raw->ports[j]);
    settle_svis(box, who, dev, &raw->svis);
    settle_rules(box, raw->filter, raw->filter_count, &dev->filter, &dev->filter_count);
    settle_rules(box, raw->nat, raw->nat_count, &dev->nat, &dev->nat_count);
    for (size_t j = 0; j < raw->list_count; j++)
        settle_list(box, dev, &raw->lists[j]);
}

/* ---- cables ---- */

static bool is_outside(const struct lab_box *box, const char *name)
{
    for (size_t i = 0; i < box->outside_count; i++)
        if (qs_streq(box->outside[i].name, name))
            return true;
    return false;
}

static void unknown_end(struct lab_box *box, size_t i, const char *text)
{
    const struct raw_cable *raw = &box->cables[i];
    const char *words[65] = { NULL }, *name;
    size_t n = 0;

    for (size_t j = 0; n < 64 && (name = lab_space_name(box, LAB_TARGET_SPACE, j)); j++)
        words[n++] = name;
    for (size_t j = 0; n < 64 && j < box->outside_count; j++)
        words[n++] = box->outside[j].name;
    lab_hint_words(
        lab_problem(box, &raw->at, "cables[%zu] '%s': '%s' is no device, node or outside name", i, raw->from, text),
        text, words, "names");
}

/* "core Ethernet1", "cp1 nic1", "cp1 bmc", "wan". */
static void settle_end(struct lab_box *box, size_t i, const char *text, struct qs_cable_end *end)
{
    const struct qs_lab *lab = &box->lab;
    size_t n = strcspn(text, " ");
    char *name = lab_strndup(&box->arena, text, n), *port = lab_strdup(&box->arena, text + n + (text[n] == ' '));
    bool node = qs_lab_node(lab, name) != NULL;

    *end = (struct qs_cable_end){ name, port };
    if (!node && !qs_lab_device(lab, name) && !(is_outside(box, name) && !*port)) {
        unknown_end(box, i, name);
        return;
    }
    if (node && qs_streq(port, "bmc"))
        end->device = lab_printf(&box->arena, "%s.bmc", name);
    if (!*port && !is_outside(box, name))
        lab_hint(
            lab_problem(box, &box->cables[i].at, "cables[%zu] '%s': '%s' names no port", i, box->cables[i].from, text),
            "An end is NAME PORT.");
}

static void settle_cable(struct lab_box *box, size_t i)
{
    struct qs_cable *cable = LAB_PUSH(&box->arena, box->lab.cables, box->lab.cable_count);

    cable->at = box->cables[i].at;
    cable->kind = box->cables[i].kind;
    settle_end(box, i, box->cables[i].from, &cable->a);
    settle_end(box, i, box->cables[i].to, &cable->b);
}

/* A port without a description of its own is described by what its cable leads to. */
static void describe_ports(struct lab_box *box)
{
    struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->device_count; i++) {
        for (size_t j = 0; j < lab->devices[i].port_count; j++) {
            struct qs_port *port = &lab->devices[i].ports[j];
            const struct qs_cable_end *far = NULL;

            if (port->description || !qs_lab_cable(lab, lab->devices[i].name, port->name, &far))
                continue;
            if (strchr(far->device, '.') && qs_streq(far->port, "bmc")) /* "cp1.bmc" says it already */
                port->description = far->device;
            else
                port->description = lab_printf(&box->arena, "%s%s%s", far->device, *far->port ? " " : "", far->port);
        }
    }
}

void lab_settle_network(struct lab_box *box)
{
    struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < box->switch_count; i++)
        settle_device(box, &box->switches[i], QS_DEVICE_SWITCH, i);
    for (size_t i = 0; i < box->router_count; i++)
        settle_device(box, &box->routers[i], QS_DEVICE_ROUTER, i);
    for (size_t i = 0; i < box->outside_count; i++)
        *LAB_PUSH(&box->arena, lab->outside, lab->outside_count) = (struct qs_text_pair){ box->outside[i].name,
                                                                                          box->outside[i].text };
    for (size_t i = 0; i < box->cable_count; i++)
        settle_cable(box, i);
    describe_ports(box);
}
