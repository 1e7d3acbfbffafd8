/* resolve: what the public page and the drawing of the rack show. No intent of ports that says how to get in. */
#include "base/str.h"
#include "resolve/resolve.h"
#include "resolve/resolve_int.h"

#define PAGE_FORMAT "qs.page/1" /* roles/status/status.h, which this room does not include */

static const char *const modes[] = {
    [QS_PORT_UNUSED] = "unused", [QS_PORT_ACCESS] = "access", [QS_PORT_TRUNK] = "trunk", [QS_PORT_ROUTED] = "routed"
};

static const char *kind_of(const struct qs_device *dev)
{
    return dev->kind == QS_DEVICE_ROUTER ? "router" : "switch";
}

/* Adds an entry to the list under `key`, which is made when it is not there. */
static struct qs_val *entry(struct qs_val *doc, const char *key)
{
    struct qs_val *list = qs_val_get(doc, key);

    return qs_val_add(list ? list : qs_val_set(doc, key, qs_val_list()), qs_val_map());
}

static void set_ids(struct qs_val *out, const char *key, const struct qs_u16s *ids)
{
    struct qs_val *list = qs_val_set(out, key, qs_val_list());

    for (size_t i = 0; i < ids->count; i++)
        qs_val_add(list, qs_val_int(ids->items[i]));
}

/* ---- ports ---- */

static void set_end(struct qs_val *out, const char *key, const struct qs_cable_end *end)
{
    struct qs_val *v = qs_val_set(out, key, qs_val_map());

    qs_val_set_str(v, "device", end->device);
    qs_val_set_str(v, "port", end->port);
}

static void set_peer(const struct qs_lab *lab, const char *name, const char *port, struct qs_val *out)
{
    const struct qs_cable_end *far = NULL;

    if (qs_lab_cable(lab, name, port, &far))
        set_end(out, "peer", far);
}

static void set_intent(const struct qs_port *port, struct qs_val *out)
{
    const struct qs_prefix *address = resolve_either(&port->v4, &port->v6);

    if (port->access)
        qs_val_set_int(out, "vlan", port->access);
    if (port->native)
        qs_val_set_int(out, "native", port->native);
    if (port->mode == QS_PORT_TRUNK)
        set_ids(out, "allowed", &port->allowed);
    if (address)
        resolve_set_prefix(out, "address", address);
    qs_val_set_str(out, "description", port->description);
}

struct ports {
    const struct qs_lab *lab;
    const struct qs_device *dev;
    struct qs_val *list;
};

static void add_port(void *arg, const char *name, size_t place)
{
    struct ports *p = arg;
    const struct qs_port *port = qs_device_port(p->dev, name);
    struct qs_val *out = qs_val_add(p->list, qs_val_map());

    (void)place;
    qs_val_set_str(out, "name", name);
    qs_val_set_str(out, "mode", modes[port ? port->mode : QS_PORT_UNUSED]);
    qs_val_set_bool(out, "enabled", port && port->enabled);
    if (port)
        set_intent(port, out);
    set_peer(p->lab, p->dev->name, name, out);
}

static void add_management(struct ports *p)
{
    const struct qs_prefix *address = resolve_either(&p->dev->management_v4, &p->dev->management_v6);
    struct qs_val *out;

    if (!p->dev->management_port)
        return;
    out = qs_val_add(p->list, qs_val_map());
    qs_val_set_str(out, "name", p->dev->management_port);
    qs_val_set_str(out, "mode", modes[QS_PORT_ROUTED]);
    qs_val_set_bool(out, "enabled", true);
    if (address)
        resolve_set_prefix(out, "address", address);
    set_peer(p->lab, p->dev->name, p->dev->management_port, out);
}

static void add_nic(const struct qs_lab *lab, const struct qs_node *node, const struct qs_nic *nic, struct qs_val *list)
{
    struct qs_val *out = qs_val_add(list, qs_val_map());
    bool used = nic->native || nic->tagged.count;

    qs_val_set_str(out, "name", nic->name);
    qs_val_set_str(out, "mode", modes[!used ? QS_PORT_UNUSED : nic->tagged.count ? QS_PORT_TRUNK : QS_PORT_ACCESS]);
    qs_val_set_bool(out, "enabled", true);
    if (nic->native)
        qs_val_set_int(out, nic->tagged.count ? "native" : "vlan", nic->native);
    if (nic->tagged.count)
        set_ids(out, "allowed", &nic->tagged);
    set_peer(lab, node->name, nic->name, out);
}

/* ---- things in the rack ---- */

static void add_device(const struct qs_lab *lab, const struct qs_device *dev, struct qs_val *doc)
{
    struct qs_val *out = entry(doc, "devices");
    struct ports p = { .lab = lab, .dev = dev };

    qs_val_set_str(out, "name", dev->name);
    qs_val_set_str(out, "title", dev->title);
    qs_val_set_str(out, "kind", kind_of(dev));
    qs_val_set_str(out, "model", dev->model);
    qs_val_set_str(out, "purpose", dev->purpose);
    qs_val_set_str(out, "engine", dev->engine);
    qs_val_set_str(out, "address", dev->address);
    qs_val_set_str(out, "adr", dev->adr);
    p.list = qs_val_set(out, "ports", qs_val_list());
    resolve_each_port(dev, add_port, &p);
    add_management(&p);
}

static void set_node_addresses(const struct qs_node *node, struct qs_val *out)
{
    qs_val_set(out, "addresses", qs_val_list());
    for (size_t i = 0; i < node->addr_count; i++) {
        struct qs_val *one = entry(out, "addresses");

        qs_val_set_int(one, "vlan", node->addrs[i].vlan);
        resolve_set_prefix(one, "v4", &node->addrs[i].v4);
        resolve_set_prefix(one, "v6", &node->addrs[i].v6);
    }
}

static void add_node(const struct qs_lab *lab, const struct qs_node *node, struct qs_val *doc)
{
    struct qs_val *out = entry(doc, "nodes"), *ports;

    qs_val_set_str(out, "name", node->name);
    qs_val_set_str(out, "model", node->model);
    qs_val_set_str(out, "purpose", node->purpose);
    qs_val_set_str(out, "engine", node->engine);
    qs_val_set(out, "roles", resolve_words(&node->roles));
    qs_val_set_int(out, "cores", node->cores);
    qs_val_set_int(out, "memory_gib", node->memory_gib);
    qs_val_set_int(out, "disks", node->disks);
    qs_val_set_str(out, "gpu", node->gpu);
    set_node_addresses(node, out);
    ports = qs_val_set(out, "ports", qs_val_list());
    for (size_t i = 0; i < node->nic_count; i++)
        add_nic(lab, node, &node->nics[i], ports);
}

static void add_slot(const struct qs_lab *lab, const struct qs_rack_slot *slot, struct qs_val *rack)
{
    const struct qs_device *dev = slot->holds ? qs_lab_device(lab, slot->holds) : NULL;
    struct qs_val *out = entry(rack, "slots");

    qs_val_set_int(out, "unit", slot->unit);
    qs_val_set_int(out, "height", slot->height);
    qs_val_set_str(out, "holds", slot->holds);
    qs_val_set_str(out, "label", slot->label);
    qs_val_set_str(out, "kind", dev ? kind_of(dev) : slot->holds && qs_lab_node(lab, slot->holds) ? "node" : "panel");
}

/* One row a model that something in the rack is. */
static void add_model(const struct qs_lab *lab, const struct qs_model *model, struct qs_val *doc)
{
    struct qs_val *names = qs_val_list(), *out;

    for (size_t i = 0; i < lab->device_count; i++)
        if (qs_streq(lab->devices[i].model, model->name))
            qs_val_add(names, qs_val_str(lab->devices[i].name));
    for (size_t i = 0; i < lab->node_count; i++)
        if (qs_streq(lab->nodes[i].model, model->name))
            qs_val_add(names, qs_val_str(lab->nodes[i].name));
    if (!names->count) {
        qs_val_free(names);
        return;
    }
    out = entry(doc, "hardware");
    qs_val_set_str(out, "model", model->name);
    qs_val_set_str(out, "vendor", model->vendor);
    qs_val_set_int(out, "height", model->height);
    qs_val_set(out, "names", names);
}

/* ---- network ---- */

static void add_vlan(const struct qs_vlan *v, struct qs_val *doc)
{
    struct qs_val *out = entry(doc, "vlans");

    qs_val_set_int(out, "id", v->id);
    qs_val_set_str(out, "name", v->name);
    qs_val_set_str(out, "purpose", v->purpose);
    resolve_set_prefix(out, "v4", &v->v4);
    resolve_set_prefix(out, "v6", &v->v6);
    qs_val_set_str(out, "gateway", v->gateway);
    qs_val_set_str(out, "colour", v->colour);
    qs_val_set_bool(out, "dhcp", v->dhcp);
}

static bool has_id(const struct qs_val *list, uint16_t id)
{
    for (size_t i = 0; i < qs_val_count(list); i++)
        if (qs_val_integer(qs_val_at(list, i), 0) == id)
            return true;
    return false;
}

static void add_id(struct qs_val *list, uint16_t id)
{
    if (id && !has_id(list, id))
        qs_val_add(list, qs_val_int(id));
}

/* What the device's end of a cable carries. False: no device with intent there. */
static bool add_vlans_of(const struct qs_lab *lab, const struct qs_cable_end *end, struct qs_val *list)
{
    const struct qs_device *dev = qs_lab_device(lab, end->device);
    const struct qs_port *port = dev ? qs_device_port(dev, end->port) : NULL;

    if (!port)
        return false;
    add_id(list, port->mode == QS_PORT_TRUNK ? port->native : port->access);
    for (size_t i = 0; port->mode == QS_PORT_TRUNK && i < port->allowed.count; i++)
        add_id(list, port->allowed.items[i]);
    return true;
}

static void add_cable(const struct qs_lab *lab, const struct qs_cable *c, struct qs_val *doc)
{
    struct qs_val *out = entry(doc, "cables"), *vlans;

    set_end(out, "a", &c->a);
    set_end(out, "b", &c->b);
    qs_val_set_str(out, "kind", c->kind);
    vlans = qs_val_set(out, "vlans", qs_val_list());
    if (!add_vlans_of(lab, &c->a, vlans))
        (void)add_vlans_of(lab, &c->b, vlans);
}

/* ---- the document ---- */

static void set_head(const struct qs_lab *lab, struct qs_val *doc)
{
    qs_val_set_str(doc, "format", PAGE_FORMAT);
    qs_val_set_str(doc, "name", lab->name);
    qs_val_set_str(doc, "title", lab->title);
    qs_val_set_str(doc, "description", lab->description);
    qs_val_set_str(doc, "location", lab->location);
    qs_val_set_str(doc, "domain", lab->domain);
    qs_val_set_str(doc, "site", lab->site);
    qs_val_set_str(doc, "site_title", lab->site_title);
    qs_val_set(doc, "rules", qs_val_list());
    for (size_t i = 0; i < lab->rule_count; i++) {
        struct qs_val *rule = entry(doc, "rules");

        qs_val_set_str(rule, "title", lab->rules[i].title);
        qs_val_set_str(rule, "text", lab->rules[i].text);
    }
}

static void set_rack(const struct qs_lab *lab, struct qs_val *doc)
{
    struct qs_val *rack = qs_val_set(doc, "rack", qs_val_map());

    qs_val_set_int(rack, "units", lab->rack_units);
    qs_val_set(rack, "slots", qs_val_list());
    for (size_t i = 0; i < lab->slot_count; i++)
        add_slot(lab, &lab->slots[i], rack);
}

static void set_cluster(const struct qs_lab *lab, struct qs_val *doc)
{
    struct qs_val *cluster = qs_val_set(doc, "cluster", qs_val_map());

    resolve_set_prefix(cluster, "pods", &lab->cluster.pods);
    resolve_set_prefix(cluster, "services", &lab->cluster.services);
}

struct qs_val *qs_resolve_page(const struct qs_lab *lab)
{
    static const char *const lists[] = { "hardware", "devices", "nodes", "vlans", "cables", "components" };
    struct qs_val *doc = qs_val_map();

    set_head(lab, doc);
    set_rack(lab, doc);
    for (size_t i = 0; i < QS_COUNT(lists); i++)
        qs_val_set(doc, lists[i], qs_val_list());
    for (size_t i = 0; i < lab->model_count; i++)
        add_model(lab, &lab->models[i], doc);
    for (size_t i = 0; i < lab->device_count; i++)
        add_device(lab, &lab->devices[i], doc);
    for (size_t i = 0; i < lab->node_count; i++)
        add_node(lab, &lab->nodes[i], doc);
    for (size_t i = 0; i < lab->vlan_count; i++)
        add_vlan(&lab->vlans[i], doc);
    for (size_t i = 0; i < lab->cable_count; i++)
        add_cable(lab, &lab->cables[i], doc);
    for (size_t i = 0; i < lab->component_count; i++)
        resolve_set_component(entry(doc, "components"), &lab->components[i]);
    set_cluster(lab, doc);
    return doc;
}
