/* Checks of the cluster, storage, components and signals. */
#include <string.h>

#include "base/str.h"
#include "lab/lab_check.h"

void lab_check_etcd(struct lab_box *box)
{
    const struct qs_cluster *k = &box->lab.cluster;

    if (!k->at.line)
        return;
    if (k->etcd.count % 2 == 0)
        lab_hint(lab_problem(box, &k->at, "etcd: %zu members have no clear majority", k->etcd.count),
                 "Take an odd number: 1, 3 or 5.");
    for (size_t i = 0; i < k->etcd.count; i++)
        if (!lab_has_word(&k->control_plane, k->etcd.items[i]))
            (void)lab_problem(box, &k->at, "etcd[%zu] '%s' is not in control_plane: etcd is stacked on it", i,
                              k->etcd.items[i]);
    for (size_t i = 0; i < k->control_plane.count; i++) {
        const struct qs_node *node = qs_lab_node(&box->lab, k->control_plane.items[i]);

        if (node && !qs_node_has_role(node, "control-plane"))
            (void)lab_problem(box, &k->at, "control_plane[%zu] '%s' has no role control-plane", i, node->name);
    }
}

static void osd_host(struct lab_box *box, size_t i, const struct qs_node *node)
{
    const struct qs_storage *s = &box->lab.storage;
    const uint16_t vlans[] = { s->public_vlan, s->cluster_vlan };

    if (!qs_node_has_role(node, "osd"))
        (void)lab_problem(box, &s->at, "osd_hosts[%zu] '%s' has no role osd", i, node->name);
    if (!node->disks)
        (void)lab_problem(box, &s->at, "osd_hosts[%zu] '%s' has no disks", i, node->name);
    for (size_t j = 0; j < QS_COUNT(vlans); j++)
        if (!qs_node_addr(node, vlans[j]))
            (void)lab_problem(box, &s->at, "osd_hosts[%zu] '%s' is not in VLAN %u", i, node->name, vlans[j]);
}

void lab_check_osds(struct lab_box *box)
{
    const struct qs_storage *s = &box->lab.storage;

    if (!s->at.line)
        return;
    if (s->osd_hosts.count < s->replicas)
        (void)lab_problem(box, &s->at, "osd_hosts: %zu hosts cannot hold %u replicas, each on a host of its own",
                          s->osd_hosts.count, s->replicas);
    for (size_t i = 0; i < s->osd_hosts.count; i++) {
        const struct qs_node *node = qs_lab_node(&box->lab, s->osd_hosts.items[i]);

        if (node)
            osd_host(box, i, node);
    }
}

/* ---- components ---- */

static size_t component_index(const struct qs_lab *lab, const char *name)
{
    size_t i = 0;

    while (i < lab->component_count && !qs_streq(lab->components[i].name, name))
        i++;
    return i;
}

enum colour { WHITE, GREY, BLACK };

/* Walks depth-first with a stack of its own; a grey component met again closes a cycle, which is said from there on. */
static void walk_from(struct lab_box *box, size_t root, unsigned char *colour, size_t *stack, size_t *next)
{
    const struct qs_lab *lab = &box->lab;
    size_t depth = 1;

    stack[0] = root;
    colour[root] = GREY;
    while (depth > 0) {
        const struct qs_component *c = &lab->components[stack[depth - 1]];
        size_t to;

        if (next[stack[depth - 1]] == c->depends_on.count) {
            colour[stack[--depth]] = BLACK;
            continue;
        }
        to = component_index(lab, c->depends_on.items[next[stack[depth - 1]]++]);
        if (to == lab->component_count || colour[to] == BLACK)
            continue;
        if (colour[to] == WHITE) {
            colour[to] = GREY;
            stack[depth++] = to;
            continue;
        }
        qs_auto(buf) struct qs_buf way = QS_BUF(256);
        size_t from = depth;

        while (stack[from - 1] != to)
            from--;
        for (size_t i = from - 1; i < depth; i++)
            qs_buf_printf(&way, "%s → ", lab->components[stack[i]].name);
        qs_buf_puts(&way, lab->components[to].name);
        (void)lab_problem(box, &lab->components[to].at, "%s: depends on itself: %s",
                          lab_call_component(box, &lab->components[to]), qs_buf_text(&way));
    }
}

void lab_check_depends(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;
    size_t n = lab->component_count;
    unsigned char *colour = lab_alloc(&box->arena, n + 1);
    size_t *stack = lab_alloc(&box->arena, (n + 1) * sizeof(*stack));
    size_t *next = lab_alloc(&box->arena, (n + 1) * sizeof(*next));
    const char **words = lab_alloc(&box->arena, (n + 1) * sizeof(*words));

    for (size_t i = 0; i < n; i++)
        words[i] = lab->components[i].name;
    for (size_t i = 0; i < n; i++) {
        const struct qs_component *c = &lab->components[i];

        for (size_t j = 0; j < c->depends_on.count; j++)
            if (component_index(lab, c->depends_on.items[j]) == n)
                lab_hint_words(lab_problem(box, &c->at, "%s: depends_on[%zu] '%s' is no component",
                                           lab_call_component(box, c), j, c->depends_on.items[j]),
                               c->depends_on.items[j], words, "components");
    }
    for (size_t i = 0; i < n; i++)
        if (colour[i] == WHITE)
            walk_from(box, i, colour, stack, next);
}

void lab_check_adrs(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->component_count; i++)
        if (!lab->components[i].adr)
            lab_hint(lab_problem(box, &lab->components[i].at, "%s: no decision record stands behind it",
                                 lab_call_component(box, &lab->components[i])),
                     "Name one of docs/adrs: `adr: \"0001\"`.");
}

void lab_check_checks(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->component_count; i++) {
        const struct qs_component *c = &lab->components[i];

        if (!c->check_count && !c->enable)
            lab_hint(lab_problem(box, &c->at, "%s: nothing says how it is known to work", lab_call_component(box, c)),
                     "Give it `checks`, or say in `pending` what it is waiting for.");
    }
    for (size_t i = 0; i < lab->signal_count; i++) {
        const struct qs_signal *s = &lab->signals[i];

        if (!s->check_count && !s->pending)
            lab_hint(lab_problem(box, &s->at, "%s: nothing says when it is up", lab_call_signal(box, s)),
                     "Give it `checks`, or say in `pending` what it is waiting for.");
    }
}

/* ---- what checks look at ---- */

/* "nodes:worker" stands for every node of that role at this site: there must be one. */
static void role_target(struct lab_box *box, const struct qs_check *c, const char *role, const char *who)
{
    const struct qs_lab *lab = &box->lab;
    size_t here = 0;

    for (size_t i = 0; i < lab->node_count; i++)
        here += qs_node_has_role(&lab->nodes[i], role) && !qs_streq(lab->nodes[i].engine, "none");
    if (!here)
        (void)lab_problem(box, &c->at, "%s: check '%s' looks at '%s', and site '%s' has no node of that role", who,
                          c->name, c->target, lab->site);
    for (size_t i = 0; i < lab->node_count; i++)
        if (qs_node_has_role(&lab->nodes[i], role) && !lab->nodes[i].gateway_vlan)
            lab_hint(lab_problem(box, &c->at, "%s: check '%s' looks at '%s', and '%s' has no address to go to", who,
                                 c->name, c->target, lab->nodes[i].name),
                     "Give the node a `gateway_vlan`.");
}

static void check_target(struct lab_box *box, const struct qs_check *c, const char *who)
{
    const struct qs_lab *lab = &box->lab;
    const char *device = qs_after(c->target, "device:"), *node = qs_after(c->target, "node:");
    const char *role = qs_after(c->target, "nodes:");
    const struct qs_device *d = device ? qs_lab_device(lab, device) : NULL;
    const struct qs_node *n = node ? qs_lab_node(lab, node) : NULL;

    if ((device && !d) || (node && !n))
        (void)lab_problem(box, &c->at, "%s: check '%s' looks at '%s', which does not exist", who, c->name, c->target);
    else if (qs_streq(d ? d->engine : n ? n->engine : NULL, "none"))
        lab_hint(lab_problem(box, &c->at, "%s: check '%s' looks at '%s', which is not at site '%s'", who, c->name,
                             c->target, lab->site),
                 "Say in `pending` of this site why.");
    else if (qs_streq(c->kind, "converge") && !d)
        (void)lab_problem(box, &c->at, "%s: check '%s': kind converge needs a target device:NAME", who, c->name);
    else if (qs_streq(c->kind, "wan") && !n)
        (void)lab_problem(box, &c->at, "%s: check '%s': kind wan needs a target node:NAME", who, c->name);
    else if (n && !n->gateway_vlan)
        lab_hint(lab_problem(box, &c->at, "%s: check '%s' looks at '%s', which has no address to go to", who, c->name,
                             c->target),
                 "Give the node a `gateway_vlan`.");
    else if (role)
        role_target(box, c, role, who);
}

void lab_check_targets(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->component_count; i++)
        for (size_t j = 0; j < lab->components[i].check_count; j++)
            check_target(box, &lab->components[i].checks[j], lab_call_component(box, &lab->components[i]));
    for (size_t i = 0; i < lab->signal_count; i++)
        for (size_t j = 0; j < lab->signals[i].check_count; j++)
            check_target(box, &lab->signals[i].checks[j], lab_call_signal(box, &lab->signals[i]));
    for (size_t i = 0; i < lab->maintenance_count; i++) {
        const struct qs_maintenance *m = &lab->maintenance[i];

        for (size_t j = 0; j < m->signals.count; j++) {
            bool known = false;

            for (size_t k = 0; k < lab->signal_count; k++)
                known |= qs_streq(lab->signals[k].name, m->signals.items[j]);
            if (!known)
                (void)lab_problem(box, &m->at, "maintenance[%zu] '%s': '%s' is no signal", i, m->name,
                                  m->signals.items[j]);
        }
    }
}
