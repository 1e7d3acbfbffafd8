/* From rows to the model: addresses of VLANs, models, servers, the rack. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "lab/lab_int.h"

#define RANGE_MAX 1024

bool lab_range(const char *text, size_t *ret_prefix, uint16_t *ret_first, uint16_t *ret_last, const char **ret_suffix)
{
    static const char digits[] = "0123456789";
    uint32_t number[2];
    char part[6];

    for (const char *dash = strchr(text, '-'); dash; dash = strchr(dash + 1, '-')) {
        const char *first = dash;
        size_t last = strspn(dash + 1, digits);

        while (first > text && strchr(digits, first[-1]))
            first--;
        if (first == dash || first == text || last == 0 || last >= sizeof(part) ||
            (size_t)(dash - first) >= sizeof(part))
            continue;
        (void)snprintf(part, sizeof(part), "%.*s", (int)(dash - first), first);
        if (!qs_parse_u32(part, 0, 9999, &number[0]))
            continue;
        (void)snprintf(part, sizeof(part), "%.*s", (int)last, dash + 1);
        if (!qs_parse_u32(part, number[0], number[0] + RANGE_MAX - 1, &number[1]))
            continue;
        *ret_prefix = (size_t)(first - text);
        *ret_first = (uint16_t)number[0];
        *ret_last = (uint16_t)number[1];
        *ret_suffix = dash + 1 + last;
        return true;
    }
    return false;
}

/* 111 → 0x111: an IPv6 address shows the number as IPv4 does. */
static uint64_t decimal_as_hex(uint64_t n)
{
    uint64_t v = 0;

    for (unsigned shift = 0; n; n /= 10, shift += 4)
        v |= n % 10 << shift;
    return v;
}

bool lab_host(const struct qs_prefix *net, uint16_t number, struct qs_prefix *ret)
{
    struct qs_prefix p = { .len = net->len };
    unsigned room = net->ip.family == 4 ? 32u - net->len : 64u;

    if (net->ip.family == 4 && (room < 2 || number + 1 >= 1 << room)) /* not the broadcast address */
        return false;
    if (!qs_prefix_host(net, net->ip.family == 6 ? decimal_as_hex(number) : number, &p.ip))
        return false;
    *ret = p;
    return true;
}

/* ---- VLANs ---- */

/* "10.0.VLAN.HOST/24" for VLAN 20 → 10.0.20.0/24. False: the text is no network then. */
static bool network_of(const char *pattern, uint16_t id, struct qs_prefix *ret)
{
    static const struct {
        const char *word;
        bool is_vlan;
    } words[] = { { "VLAN", true }, { "HOST", false } };
    struct qs_buf b = QS_BUF(128);
    struct qs_prefix p;
    bool ok;

    for (const char *at = pattern; *at;) {
        size_t i = 0;

        while (i < QS_COUNT(words) && !qs_after(at, words[i].word))
            i++;
        if (i < QS_COUNT(words)) {
            qs_buf_printf(&b, "%u", words[i].is_vlan ? id : 0u);
            at += strlen(words[i].word);
        } else {
            qs_buf_putc(&b, *at++);
        }
    }
    ok = !b.over && qs_prefix_parse(qs_buf_text(&b), &p) && qs_prefix_is_network(&p);
    qs_buf_done(&b);
    if (ok)
        *ret = p;
    return ok;
}

static bool is_pattern(const char *pattern, uint8_t family)
{
    struct qs_prefix p;

    return strstr(pattern, "VLAN") && strstr(pattern, "HOST") && network_of(pattern, 1, &p) && p.ip.family == family;
}

static void number_vlan(struct lab_box *box, size_t i, const char *pattern, const char *key, struct qs_prefix *net)
{
    struct qs_vlan *vlan = &box->lab.vlans[i];

    if (!pattern || net->ip.family)
        return;
    if (!network_of(pattern, vlan->id, net))
        lab_hint(lab_problem(box, &vlan->at, "vlans[%zu] '%s': id %u does not fit the pattern %s", i, vlan->name,
                             vlan->id, pattern),
                 "Give this VLAN its own `%s`.", key);
}

static void settle_vlans(struct lab_box *box)
{
    struct raw_scheme *s = &box->scheme;

    if (s->v4 && !is_pattern(s->v4, 4)) {
        (void)lab_problem(box, &s->at, "addressing: v4 must be a pattern like 10.0.VLAN.HOST/24, not '%s'", s->v4);
        s->v4 = NULL;
    }
    if (s->v6 && !is_pattern(s->v6, 6)) {
        (void)lab_problem(box, &s->at, "addressing: v6 must be a pattern like fd00:0:0:VLAN::HOST/64, not '%s'", s->v6);
        s->v6 = NULL;
    }
    box->lab.admin_vlan = s->admin_vlan;
    for (size_t i = 0; i < box->lab.vlan_count; i++) {
        struct qs_vlan *vlan = &box->lab.vlans[i];

        number_vlan(box, i, s->v4, "v4", &vlan->v4);
        number_vlan(box, i, s->v6, "v6", &vlan->v6);
        if (qs_streq(vlan->gateway, "none"))
            vlan->gateway = NULL;
    }
}

static void settle_management(struct lab_box *box)
{
    struct raw_management *m = &box->management;
    struct qs_lab *lab = &box->lab;

    lab->management_v4 = m->v4;
    lab->management_v6 = m->v6;
    if (!lab_host(&m->v4, m->self, &lab->management_self_v4))
        (void)lab_problem(box, &m->at, "management: host %u does not fit the network", m->self);
    if (m->v6.ip.family && !lab_host(&m->v6, m->self, &lab->management_self_v6))
        (void)lab_problem(box, &m->at, "management: host %u does not fit the IPv6 network", m->self);
}

/* ---- models ---- */

static void settle_model(struct lab_box *box, size_t i)
{
    struct raw_model *raw = &box->models[i];
    struct qs_model *m = LAB_PUSH(&box->arena, box->lab.models, box->lab.model_count);

    *m = raw->model;
    for (size_t j = 0; j < raw->port_count; j++) {
        struct qs_model_ports *g = LAB_PUSH(&box->arena, m->groups, m->group_count);
        const char *suffix = "";
        size_t prefix = 0;

        if (!lab_range(raw->ports[j].range, &prefix, &g->first, &g->last, &suffix))
            lab_hint(lab_problem(box, &raw->ports[j].at,
                                 "models[%zu] '%s': ports[%zu]: range '%s' is no range of ports", i, m->name, j,
                                 raw->ports[j].range),
                     "Write it like Ethernet1-48 or Ethernet49-52/1.");
        g->prefix = lab_strndup(&box->arena, raw->ports[j].range, prefix);
        g->suffix = lab_strdup(&box->arena, suffix);
        g->speed_mbit = raw->ports[j].speed_mbit;
    }
}

static struct qs_model *model_of(struct lab_box *box, const char *name)
{
    for (size_t i = 0; i < box->lab.model_count; i++)
        if (qs_streq(box->lab.models[i].name, name))
            return &box->lab.models[i];
    return NULL;
}

/* ---- servers ---- */

static void node_address(struct lab_box *box, size_t i, struct qs_node *node, uint16_t id)
{
    const struct qs_vlan *vlan = qs_lab_vlan(&box->lab, id);
    struct qs_vlan_addr *addr;

    if (!vlan || qs_node_addr(node, id))
        return;
    addr = LAB_PUSH(&box->arena, node->addrs, node->addr_count);
    addr->at = node->at;
    addr->vlan = id;
    if ((vlan->v4.ip.family && !lab_host(&vlan->v4, node->host, &addr->v4)) ||
        (vlan->v6.ip.family && !lab_host(&vlan->v6, node->host, &addr->v6)))
        (void)lab_problem(box, &node->at, "nodes[%zu] '%s': host %u does not fit the subnet of VLAN %u '%s'", i,
                          node->name, node->host, id, vlan->name);
}

static void settle_bmc(struct lab_box *box, size_t i, struct qs_node *node, const struct raw_bmc *bmc)
{
    const struct qs_vlan *admin = qs_lab_vlan(&box->lab, box->lab.admin_vlan);

    if (!bmc->at.line)
        return;
    node->has_bmc = true;
    memcpy(node->bmc_mac, bmc->mac, sizeof(node->bmc_mac));
    if (admin && admin->v4.ip.family && !lab_host(&admin->v4, bmc->host, &node->bmc_v4))
        (void)lab_problem(box, &bmc->at, "nodes[%zu] '%s': bmc: host %u does not fit the subnet of VLAN %u '%s'", i,
                          node->name, bmc->host, admin->id, admin->name);
}

static void settle_node(struct lab_box *box, size_t i)
{
    struct qs_node *node = LAB_PUSH(&box->arena, box->lab.nodes, box->lab.node_count);

    *node = box->nodes[i].node;
    node->hw = model_of(box, node->model);
    for (size_t j = 0; j < node->nic_count; j++) {
        const struct qs_nic *nic = &node->nics[j];

        if (nic->native)
            node_address(box, i, node, nic->native);
        for (size_t k = 0; k < nic->tagged.count; k++)
            node_address(box, i, node, nic->tagged.items[k]);
    }
    settle_bmc(box, i, node, &box->nodes[i].bmc);
}

/* ---- the rack ---- */

static void settle_slots(struct lab_box *box)
{
    struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->slot_count; i++) {
        struct qs_rack_slot *slot = &lab->slots[i];
        const struct qs_model *hw = NULL;

        for (size_t j = 0; j < box->switch_count; j++)
            if (qs_streq(box->switches[j].dev.name, slot->holds))
                hw = model_of(box, box->switches[j].dev.model);
        for (size_t j = 0; j < box->router_count; j++)
            if (qs_streq(box->routers[j].dev.name, slot->holds))
                hw = model_of(box, box->routers[j].dev.model);
        for (size_t j = 0; j < lab->node_count; j++)
            if (qs_streq(lab->nodes[j].name, slot->holds))
                hw = lab->nodes[j].hw;
        if (!slot->height)
            slot->height = hw ? hw->height : 1;
    }
}

void lab_settle_hardware(struct lab_box *box)
{
    settle_vlans(box);
    settle_management(box);
    for (size_t i = 0; i < box->model_count; i++)
        settle_model(box, i);
    for (size_t i = 0; i < box->node_count; i++)
        settle_node(box, i);
    settle_slots(box);
}
