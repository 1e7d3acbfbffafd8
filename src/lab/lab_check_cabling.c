/* Checks of ports, cables, VLANs on the wire, and the rack. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "lab/lab_check.h"

/* ---- ports ---- */

static void device_ports(struct lab_box *box, const struct qs_device *dev)
{
    const char *who = lab_call_device(box, dev);

    for (size_t i = 0; i < dev->port_count; i++) {
        const struct qs_port *p = &dev->ports[i];
        char text[160];

        if (!qs_model_has_port(dev->hw, p->name) && !qs_streq(p->name, dev->management_port)) {
            (void)lab_problem(box, &p->at, "%s: port '%s' does not exist on model '%s'", who, p->name, dev->model);
            return;
        }
        for (size_t j = 0; j < i; j++) {
            if (qs_streq(dev->ports[j].name, p->name)) {
                (void)lab_problem(box, &p->at, "%s: port '%s' is already described (%s)", who, p->name,
                                  lab_at_text(&dev->ports[j].at, text));
                return;
            }
        }
    }
}

static bool same_end(const struct qs_cable_end *a, const struct qs_cable_end *b)
{
    return *a->port && qs_streq(a->device, b->device) && qs_streq(a->port, b->port);
}

static const struct qs_cable_end *end_at(const struct qs_lab *lab, size_t i)
{
    return i % 2 ? &lab->cables[i / 2].b : &lab->cables[i / 2].a;
}

static void end_once(struct lab_box *box, size_t i)
{
    const struct qs_lab *lab = &box->lab;
    const struct qs_cable *cable = &lab->cables[i / 2];
    char text[160];

    for (size_t j = 0; j < i; j++) {
        if (!same_end(end_at(lab, j), end_at(lab, i)))
            continue;
        (void)lab_problem(box, &cable->at, "%s: %s already has a cable (%s)", lab_call_cable(box, cable),
                          lab_call_end(box, end_at(lab, i)), lab_at_text(&lab->cables[j / 2].at, text));
        return;
    }
}

void lab_check_ports(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->device_count; i++)
        device_ports(box, &lab->devices[i]);
    for (size_t i = 0; i < 2 * lab->cable_count; i++)
        end_once(box, i);
}

static void vlan_on_switch(struct lab_box *box, const struct qs_device *dev, const struct qs_at *at, const char *what,
                           uint16_t id)
{
    if (id && !lab_has_vlan(&dev->vlans, id))
        lab_hint(lab_problem(box, at, "%s: %s uses VLAN %u, which does not exist on this switch",
                             lab_call_device(box, dev), what, id),
                 "Add %u to the `vlans` of '%s'.", id, dev->name);
}

void lab_check_switch_vlans(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->device_count; i++) {
        const struct qs_device *dev = &lab->devices[i];

        if (dev->kind != QS_DEVICE_SWITCH)
            continue;
        for (size_t j = 0; j < dev->port_count; j++) {
            const struct qs_port *p = &dev->ports[j];
            const char *what = lab_printf(&box->arena, "port '%s'", p->name);

            if (j > 0 && lab_same_at(&dev->ports[j - 1].at, &p->at)) /* the rest of a range */
                continue;
            vlan_on_switch(box, dev, &p->at, what, p->access);
            for (size_t k = 0; k < p->allowed.count; k++)
                vlan_on_switch(box, dev, &p->at, what, p->allowed.items[k]);
        }
        for (size_t j = 0; j < dev->svi_count; j++)
            vlan_on_switch(box, dev, &dev->at, "its SVI", dev->svis[j].vlan);
    }
}

/* ---- cables ---- */

static void node_end(struct lab_box *box, const struct qs_cable *cable, const struct qs_node *node, const char *port)
{
    const char *words[33] = { NULL };

    if (lab_nic(node, port))
        return;
    for (size_t i = 0; i < 32 && i < node->nic_count; i++)
        words[i] = node->nics[i].name;
    lab_hint_words(
        lab_problem(box, &cable->at, "%s: '%s' has no NIC '%s'", lab_call_cable(box, cable), node->name, port), port,
        words, "NICs");
}

static void device_end(struct lab_box *box, const struct qs_cable *cable, const struct qs_device *dev, const char *port)
{
    const char *who = lab_call_cable(box, cable);
    const struct qs_port *p = qs_device_port(dev, port);

    if (qs_streq(port, dev->management_port))
        return;
    if (!qs_model_has_port(dev->hw, port))
        (void)lab_problem(box, &cable->at, "%s: '%s' has no port '%s' (model '%s')", who, dev->name, port, dev->model);
    else if (!p || p->mode == QS_PORT_UNUSED)
        lab_hint(lab_problem(box, &cable->at, "%s: port '%s' of '%s' is off: nothing says what it carries", who, port,
                             dev->name),
                 "Describe it under `ports` of '%s'.", dev->name);
}

static void bmc_end(struct lab_box *box, const struct qs_cable *cable, const char *name)
{
    struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->node_count; i++) {
        const char *rest = qs_after(name, lab->nodes[i].name);

        if (rest && qs_streq(rest, ".bmc") && !lab->nodes[i].has_bmc)
            lab_hint(
                lab_problem(box, &cable->at, "%s: '%s' has no BMC", lab_call_cable(box, cable), lab->nodes[i].name),
                "Describe it in hardware/nodes.yaml: `bmc`.");
    }
}

static void one_end(struct lab_box *box, const struct qs_cable *cable, const struct qs_cable_end *end)
{
    const struct qs_device *dev = qs_lab_device(&box->lab, end->device);
    const struct qs_node *node = qs_lab_node(&box->lab, end->device);

    if (dev)
        device_end(box, cable, dev, end->port);
    else if (node)
        node_end(box, cable, node, end->port);
    else if (qs_streq(end->port, "bmc"))
        bmc_end(box, cable, end->device);
}

void lab_check_cables(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->cable_count; i++) {
        one_end(box, &lab->cables[i], &lab->cables[i].a);
        one_end(box, &lab->cables[i], &lab->cables[i].b);
    }
    for (size_t i = 0; i < lab->node_count; i++) {
        const struct qs_node *node = &lab->nodes[i];

        for (size_t j = 0; j < node->nic_count; j++) {
            const struct qs_nic *nic = &node->nics[j];

            if ((nic->native || nic->tagged.count) && !qs_lab_cable(lab, node->name, nic->name, NULL))
                (void)lab_problem(box, &nic->at, "%s: nics[%zu] '%s' is in VLANs and has no cable",
                                  lab_call_node(box, node), j, nic->name);
        }
    }
}

/* ---- what the wire carries ---- */

/* A cable of which at least one end is a switch port and both ends speak VLANs. */
static bool carries_vlans(const struct lab_end *a, const struct lab_end *b)
{
    return a->kind != LAB_END_OTHER && b->kind != LAB_END_OTHER &&
           (a->kind == LAB_END_SWITCH || b->kind == LAB_END_SWITCH);
}

static const char *untagged_text(struct lab_box *box, uint16_t id)
{
    return id ? lab_printf(&box->arena, "VLAN %u", id) : "nothing";
}

void lab_check_native(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->cable_count; i++) {
        const struct qs_cable *c = &lab->cables[i];
        struct lab_end a = lab_ends(box, i)[0], b = lab_ends(box, i)[1];
        bool bmc = a.kind == LAB_END_BMC || b.kind == LAB_END_BMC;
        /* a NIC that speaks nothing untagged does not mind what the port sends */
        bool deaf = (a.kind == LAB_END_NIC && !a.untagged) || (b.kind == LAB_END_NIC && !b.untagged);

        if (carries_vlans(&a, &b) && !bmc && !deaf && a.untagged != b.untagged)
            (void)lab_problem(box, &c->at, "%s: native VLAN mismatch: untagged is %s at %s and %s at %s",
                              lab_call_cable(box, c), untagged_text(box, a.untagged), lab_call_end(box, &c->a),
                              untagged_text(box, b.untagged), lab_call_end(box, &c->b));
    }
}

/* Everything tagged at `needs` must be carried by `has`. */
static void one_way(struct lab_box *box, const struct qs_cable *c, const struct lab_end *needs,
                    const struct qs_cable_end *needs_end, const struct lab_end *has, const struct qs_cable_end *has_end)
{
    for (size_t i = 0; needs->carries && i < needs->carries->count; i++) {
        uint16_t id = needs->carries->items[i];
        const struct qs_vlan *v = qs_lab_vlan(&box->lab, id);

        if (id != needs->untagged && !lab_end_carries(has, id))
            lab_hint(lab_problem(box, &c->at, "%s: %s does not carry VLAN %u '%s', which %s needs",
                                 lab_call_cable(box, c), lab_call_end(box, has_end), id, v ? v->name : "",
                                 lab_call_end(box, needs_end)),
                     "Add %u to the trunk of %s.", id, lab_call_end(box, has_end));
    }
}

void lab_check_trunks(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->cable_count; i++) {
        const struct qs_cable *c = &lab->cables[i];
        struct lab_end a = lab_ends(box, i)[0], b = lab_ends(box, i)[1];

        if (!carries_vlans(&a, &b))
            continue;
        if (b.kind == LAB_END_SWITCH)
            one_way(box, c, &a, &c->a, &b, &c->b);
        if (a.kind == LAB_END_SWITCH)
            one_way(box, c, &b, &c->b, &a, &c->a);
    }
}

void lab_check_bmcs(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->node_count; i++) {
        const struct qs_node *node = &lab->nodes[i];
        const struct qs_cable_end *far = NULL;
        const char *name = lab_printf(&box->arena, "%s.bmc", node->name);
        const struct qs_cable *cable = node->has_bmc ? qs_lab_cable(lab, name, "bmc", &far) : NULL;
        const struct lab_end *end;

        if (node->has_bmc && !cable)
            (void)lab_problem(box, &box->nodes[i].bmc.at, "%s: bmc has no cable", lab_call_node(box, node));
        if (!cable)
            continue;
        end = &lab_ends(box, (size_t)(cable - lab->cables))[far == &cable->b];
        if (end->kind == LAB_END_SWITCH && (end->untagged != lab->admin_vlan || end->carries))
            lab_hint(lab_problem(box, &box->nodes[i].bmc.at,
                                 "%s: bmc is on %s, which is no access port of admin VLAN %u", lab_call_node(box, node),
                                 lab_call_end(box, far), lab->admin_vlan),
                     "The admin VLAN is in lab.yaml: `addressing: admin_vlan`.");
    }
}

/* ---- a VLAN is one piece ---- */

struct pieces { /* which devices are joined in one VLAN, by index */
    size_t *of;
    bool *member;
};

static size_t piece(struct pieces *p, size_t i)
{
    while (p->of[i] != i)
        i = p->of[i] = p->of[p->of[i]];
    return i;
}

static void join_cable(struct lab_box *box, struct pieces *p, const struct qs_vlan *v, size_t i)
{
    const struct lab_end *a = &lab_ends(box, i)[0], *b = &lab_ends(box, i)[1];
    const struct qs_cable *c = &box->lab.cables[i];
    size_t x, y;

    if (!carries_vlans(a, b) || !lab_end_carries(a, v->id) || !lab_end_carries(b, v->id))
        return;
    if (a->kind == LAB_END_SWITCH)
        p->member[a->dev - box->lab.devices] |= b->kind != LAB_END_SWITCH;
    if (b->kind == LAB_END_SWITCH)
        p->member[b->dev - box->lab.devices] |= a->kind != LAB_END_SWITCH;
    if (a->kind != LAB_END_SWITCH || b->kind != LAB_END_SWITCH)
        return;
    x = piece(p, (size_t)(a->dev - box->lab.devices));
    y = piece(p, (size_t)(b->dev - box->lab.devices));
    if (x == y && qs_streq(box->lab.site_kind, "twin"))
        lab_hint(lab_problem(box, &c->at, "%s: closes a loop in VLAN %u '%s'", lab_call_cable(box, c), v->id, v->name),
                 "The emulated switches run no spanning tree: take the VLAN off one trunk of the loop.");
    p->of[x] = y;
}

static void join_all(struct lab_box *box, struct pieces *p, const struct qs_vlan *v)
{
    const struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->device_count; i++) {
        p->of[i] = i;
        p->member[i] = false;
        for (size_t j = 0; j < lab->devices[i].svi_count; j++)
            p->member[i] |= lab->devices[i].svis[j].vlan == v->id;
    }
    for (size_t i = 0; i < lab->cable_count; i++)
        join_cable(box, p, v, i);
}

static void vlan_is_one(struct lab_box *box, struct pieces *p, const struct qs_vlan *v)
{
    const struct qs_lab *lab = &box->lab;
    const struct qs_device *first = NULL;

    for (size_t i = 0; i < lab->device_count; i++) {
        if (!p->member[i])
            continue;
        if (!first) {
            first = &lab->devices[i];
        } else if (piece(p, i) != piece(p, (size_t)(first - lab->devices))) {
            lab_hint(lab_problem(box, &v->at,
                                 "%s: no trunk carries VLAN %u between '%s' and '%s', which both have members",
                                 lab_call_vlan(box, v), v->id, first->name, lab->devices[i].name),
                     "Add %u to the trunks on the way between them.", v->id);
            return;
        }
    }
}

void lab_check_paths(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;
    struct pieces p = { lab_alloc(&box->arena, (lab->device_count + 1) * sizeof(*p.of)),
                        lab_alloc(&box->arena, (lab->device_count + 1) * sizeof(*p.member)) };

    for (size_t i = 0; i < lab->vlan_count; i++) {
        join_all(box, &p, &lab->vlans[i]);
        vlan_is_one(box, &p, &lab->vlans[i]);
    }
}

/* ---- the rack ---- */

static const char *slot_name(const struct qs_rack_slot *s)
{
    return s->holds ? s->holds : s->label ? s->label : "";
}

void lab_check_rack(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;
    char text[160];

    for (size_t i = 0; i < lab->slot_count; i++) {
        const struct qs_rack_slot *s = &lab->slots[i];

        if (!s->holds == !s->label)
            (void)lab_problem(box, &s->at, "slots[%zu]: a slot has either holds or label", i);
        if (s->unit + s->height - 1 > lab->rack_units)
            (void)lab_problem(box, &s->at, "slots[%zu] '%s': units %u to %u do not fit in a rack of %u", i,
                              slot_name(s), s->unit, s->unit + s->height - 1, lab->rack_units);
        for (size_t j = 0; j < i; j++) {
            const struct qs_rack_slot *o = &lab->slots[j];

            if (s->unit < o->unit + o->height && o->unit < s->unit + s->height)
                (void)lab_problem(box, &s->at, "slots[%zu] '%s': shares a unit with '%s' (%s)", i, slot_name(s),
                                  slot_name(o), lab_at_text(&o->at, text));
            if (s->holds && qs_streq(s->holds, o->holds))
                (void)lab_problem(box, &s->at, "slots[%zu] '%s': is already in the rack (%s)", i, s->holds,
                                  lab_at_text(&o->at, text));
        }
    }
}
