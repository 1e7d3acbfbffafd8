/* Look-ups in a loaded lab. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "lab/lab_int.h"

const struct qs_vlan *qs_lab_vlan(const struct qs_lab *lab, uint16_t id)
{
    for (size_t i = 0; i < lab->vlan_count; i++)
        if (lab->vlans[i].id == id)
            return &lab->vlans[i];
    return NULL;
}

const struct qs_device *qs_lab_device(const struct qs_lab *lab, const char *name)
{
    for (size_t i = 0; i < lab->device_count; i++)
        if (qs_streq(lab->devices[i].name, name))
            return &lab->devices[i];
    return NULL;
}

const struct qs_node *qs_lab_node(const struct qs_lab *lab, const char *name)
{
    for (size_t i = 0; i < lab->node_count; i++)
        if (qs_streq(lab->nodes[i].name, name))
            return &lab->nodes[i];
    return NULL;
}

const struct qs_port *qs_device_port(const struct qs_device *dev, const char *name)
{
    for (size_t i = 0; i < dev->port_count; i++)
        if (qs_streq(dev->ports[i].name, name))
            return &dev->ports[i];
    return NULL;
}

bool qs_model_has_port(const struct qs_model *m, const char *port)
{
    for (size_t i = 0; m && i < m->group_count; i++) {
        const struct qs_model_ports *g = &m->groups[i];
        const char *rest = qs_after(port, g->prefix);
        char number[6];
        size_t n = rest ? strspn(rest, "0123456789") : 0;
        uint32_t value;

        if (n == 0 || n >= sizeof(number) || (n > 1 && rest[0] == '0') || !qs_streq(rest + n, g->suffix))
            continue;
        (void)snprintf(number, sizeof(number), "%.*s", (int)n, rest);
        if (qs_parse_u32(number, g->first, g->last, &value))
            return true;
    }
    return false;
}

static bool is_end(const struct qs_cable_end *end, const char *device, const char *port)
{
    return qs_streq(end->device, device) && qs_streq(end->port, port);
}

const struct qs_cable *qs_lab_cable(const struct qs_lab *lab, const char *device, const char *port,
                                    const struct qs_cable_end **ret_far)
{
    for (size_t i = 0; i < lab->cable_count; i++) {
        const struct qs_cable *c = &lab->cables[i];
        bool a = is_end(&c->a, device, port);

        if (!a && !is_end(&c->b, device, port))
            continue;
        if (ret_far)
            *ret_far = a ? &c->b : &c->a;
        return c;
    }
    return NULL;
}

const struct qs_vlan_addr *qs_node_addr(const struct qs_node *node, uint16_t vlan)
{
    for (size_t i = 0; i < node->addr_count; i++)
        if (node->addrs[i].vlan == vlan)
            return &node->addrs[i];
    return NULL;
}

bool qs_node_has_role(const struct qs_node *node, const char *role)
{
    for (size_t i = 0; i < node->roles.count; i++)
        if (qs_streq(node->roles.items[i], role))
            return true;
    return false;
}
