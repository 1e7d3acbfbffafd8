/* The checks across layers: one function each, and the list of them. */
#include "lab/lab_check.h"

#include <string.h>

#include "base/str.h"

// clang-format off
static const struct lab_check checks[] = {
    { "vlan-ids", "every VLAN id is used once", lab_check_vlan_ids },
    { "names", "every name and number is used once within its kind; devices and nodes share one kind", lab_check_names },
    { "subnets", "no two networks overlap: VLANs, management, VPN, pods, services", lab_check_subnets },
    { "addresses", "every address is used once", lab_check_addresses },
    { "macs", "every MAC address is used once", lab_check_macs },
    { "in-subnet", "next hops, VPN peers and the upstream are inside a network that their device is on", lab_check_in_subnet },
    { "gateways", "the gateway of a VLAN exists, routes, and has an address in it; default routes have one", lab_check_gateways },
    { "ports", "a port exists on its model and is used once", lab_check_ports },
    { "switch-vlans", "a port or an SVI uses only VLANs that exist on its switch", lab_check_switch_vlans },
    { "cables", "both ends of a cable exist and are meant to be used; NICs with VLANs have one", lab_check_cables },
    { "native", "both ends of a cable agree on what is untagged", lab_check_native },
    { "trunks", "a trunk carries every VLAN that its neighbour needs", lab_check_trunks },
    { "paths", "a VLAN is one piece: trunks join all its members; no loops in the twin", lab_check_paths },
    { "bmcs", "BMCs are in the admin VLAN and nowhere else", lab_check_bmcs },
    { "rack", "what is in the rack fits, and no two things share a unit", lab_check_rack },
    { "rules", "router rows name ports and lists that exist", lab_check_rules },
    { "management", "no plan made from this lab cuts the way by which qs reaches a device", lab_check_management },
    { "etcd", "an odd number of etcd members, on control plane nodes", lab_check_etcd },
    { "osds", "at least as many OSD hosts as replicas, able to hold OSDs and in both Ceph VLANs", lab_check_osds },
    { "depends", "components depend on components that exist, without a cycle", lab_check_depends },
    { "adrs", "every component has a decision record", lab_check_adrs },
    { "checks", "every component and signal has a check, or says what it is waiting for", lab_check_checks },
    { "targets", "checks look at devices, nodes and signals that exist at this site", lab_check_targets },
};
// clang-format on

const struct lab_check *lab_check_at(size_t i)
{
    return i < QS_COUNT(checks) ? &checks[i] : NULL;
}

const char *lab_call_device(struct lab_box *box, const struct qs_device *dev)
{
    size_t i = (size_t)(dev - box->lab.devices);

    if (dev->kind == QS_DEVICE_SWITCH)
        return lab_printf(&box->arena, "switches[%zu] '%s'", i, dev->name);
    return lab_printf(&box->arena, "routers[%zu] '%s'", i - box->switch_count, dev->name);
}

const char *lab_call_node(struct lab_box *box, const struct qs_node *node)
{
    return lab_printf(&box->arena, "nodes[%td] '%s'", node - box->lab.nodes, node->name);
}

const char *lab_call_vlan(struct lab_box *box, const struct qs_vlan *vlan)
{
    return lab_printf(&box->arena, "vlans[%td] '%s'", vlan - box->lab.vlans, vlan->name);
}

const char *lab_call_cable(struct lab_box *box, const struct qs_cable *cable)
{
    size_t i = (size_t)(cable - box->lab.cables);

    return lab_printf(&box->arena, "cables[%zu] '%s'", i, box->cables[i].from);
}

/* Components of several files share one array; the index is that inside the file. */
const char *lab_call_component(struct lab_box *box, const struct qs_component *c)
{
    size_t first = (size_t)(c - box->lab.components), i = first;

    while (first > 0 && qs_streq(box->lab.components[first - 1].at.file, c->at.file))
        first--;
    return lab_printf(&box->arena, "components[%zu] '%s'", i - first, c->name);
}

const char *lab_call_signal(struct lab_box *box, const struct qs_signal *s)
{
    return lab_printf(&box->arena, "%s: signal '%s'", s->group, s->name);
}

const struct qs_nic *lab_nic(const struct qs_node *node, const char *name)
{
    for (size_t i = 0; i < node->nic_count; i++)
        if (qs_streq(node->nics[i].name, name))
            return &node->nics[i];
    return NULL;
}

bool lab_has_vlan(const struct qs_u16s *list, uint16_t id)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == id)
            return true;
    return false;
}

bool lab_has_word(const struct qs_strs *list, const char *word)
{
    for (size_t i = 0; i < list->count; i++)
        if (qs_streq(list->items[i], word))
            return true;
    return false;
}

static const struct qs_node *bmc_of(const struct qs_lab *lab, const struct qs_cable_end *end)
{
    for (size_t i = 0; qs_streq(end->port, "bmc") && i < lab->node_count; i++) {
        const char *rest = qs_after(end->device, lab->nodes[i].name);

        if (rest && qs_streq(rest, ".bmc"))
            return &lab->nodes[i];
    }
    return NULL;
}

static void device_end(struct lab_end *e, const struct qs_cable_end *end)
{
    e->port = qs_device_port(e->dev, end->port);
    if (!e->port)
        return;
    e->kind = e->dev->kind == QS_DEVICE_SWITCH ? LAB_END_SWITCH : LAB_END_ROUTER;
    e->untagged = e->port->mode == QS_PORT_TRUNK ? e->port->native : e->port->access;
    e->carries = e->port->mode == QS_PORT_TRUNK ? &e->port->allowed : NULL;
}

static struct lab_end end_of(const struct lab_box *box, const struct qs_cable_end *end)
{
    const struct qs_lab *lab = &box->lab;
    struct lab_end e = { .dev = qs_lab_device(lab, end->device), .node = qs_lab_node(lab, end->device) };
    const struct qs_nic *nic = e.node ? lab_nic(e.node, end->port) : NULL;

    if (e.dev) {
        device_end(&e, end);
    } else if (nic) {
        e.kind = LAB_END_NIC;
        e.untagged = nic->native;
        e.carries = &nic->tagged;
    } else if ((e.node = bmc_of(lab, end)) && e.node->has_bmc) {
        e.kind = LAB_END_BMC;
        e.untagged = lab->admin_vlan;
    }
    return e;
}

const struct lab_end *lab_ends(struct lab_box *box, size_t i)
{
    const struct qs_lab *lab = &box->lab;

    if (!box->ends) {
        box->ends = lab_alloc(&box->arena, (2 * lab->cable_count + 1) * sizeof(*box->ends));
        for (size_t j = 0; j < lab->cable_count; j++) {
            box->ends[2 * j] = end_of(box, &lab->cables[j].a);
            box->ends[2 * j + 1] = end_of(box, &lab->cables[j].b);
        }
    }
    return &box->ends[2 * i];
}

bool lab_end_carries(const struct lab_end *end, uint16_t vlan)
{
    return end->untagged == vlan || (end->carries && lab_has_vlan(end->carries, vlan));
}

const char *lab_call_end(struct lab_box *box, const struct qs_cable_end *end)
{
    if (qs_streq(end->port, "bmc"))
        return end->device;
    return lab_printf(&box->arena, "%s%s%s", end->device, *end->port ? " " : "", end->port);
}
