/*
 * resolve: what the twin must build, from the cabling. A cable between two devices is one link; a cable to a server is
 * one link a VLAN of the server's NIC (twin/fabric/spec.h says why). What is not emulated at this site leaves no part,
 * and its cables end nowhere.
 */
#include <ctype.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/id.h"
#include "base/str.h"
#include "resolve/resolve.h"
#include "resolve/resolve_int.h"

#define TWIN_SPEC "qs.twin-spec/1" /* twin/fabric/spec.h, which this room does not include */
#define SELF "self"
#define LINK_TEXT 16     /* an interface name of the kernel and its NUL */
#define PORT_LINK_MAX 10 /* leaves room for "v4094" behind it */
#define UPSTREAM_HTTP_PORT 80

struct twin {
    const struct qs_lab *lab;
    struct qs_val *doc, *cables;
};

/* ---- names and addresses that the lab leaves open ---- */

/* "Ethernet49/1" → "et49_1", "ether1" → "ether1"; a name too long for the kernel becomes its place, "p12". */
static void port_link(const char *port, size_t place, char text[LINK_TEXT])
{
    static const struct {
        const char *prefix, *cut;
    } cuts[] = { { "Ethernet", "et" }, { "Management", "ma" } };
    const char *rest = port, *head = "";
    size_t len;

    for (size_t i = 0; i < QS_COUNT(cuts); i++)
        if (qs_after(port, cuts[i].prefix)) {
            rest = qs_after(port, cuts[i].prefix);
            head = cuts[i].cut;
        }
    if (strlen(head) + strlen(rest) > PORT_LINK_MAX) {
        (void)snprintf(text, LINK_TEXT, "p%zu", place);
        return;
    }
    (void)snprintf(text, LINK_TEXT, "%s%s", head, rest);
    len = strlen(text);
    for (size_t i = 0; i < len; i++)
        text[i] = isalnum((unsigned char)text[i]) ? (char)tolower((unsigned char)text[i]) : '_';
}

static void tap_link(const char *port, size_t place, uint16_t vlan, char text[LINK_TEXT])
{
    size_t len;

    port_link(port, place, text);
    len = strlen(text);
    (void)snprintf(text + len, LINK_TEXT - len, "v%u", vlan);
}

/* Locally administered, always the same for the same thing. */
static void set_derived_mac(struct qs_val *map, const char *kind, const char *name, unsigned number)
{
    qs_auto(str) char *seed = qs_xasprintf("%s/%s/%u", kind, name, number);
    char hex[QS_SHA256_TEXT];

    (void)qs_sha256_hex(seed, strlen(seed), hex);
    qs_val_set(map, "mac", qs_val_strf("02:%.2s:%.2s:%.2s:%.2s:%.2s", hex, hex + 2, hex + 4, hex + 6, hex + 8));
}

static void set_serial(struct qs_val *map, const char *name)
{
    char hex[QS_SHA256_TEXT];

    (void)qs_sha256_hex(name, strlen(name), hex);
    for (size_t i = 0; i < 8; i++)
        hex[i] = (char)toupper((unsigned char)hex[i]);
    qs_val_set(map, "serial", qs_val_strf("QST%.8s", hex));
}

/* ---- what is emulated ---- */

static const struct qs_device *twin_device(const struct qs_lab *lab, const char *name)
{
    const struct qs_device *dev = qs_lab_device(lab, name);

    return dev && qs_streq(dev->engine, "twin") ? dev : NULL;
}

/* A server that the twin makes, or the one that qs itself stands in for. */
static const struct qs_node *twin_node(const struct qs_lab *lab, const char *name)
{
    const struct qs_node *node = qs_lab_node(lab, name);

    return node && (qs_streq(node->engine, "twin") || qs_streq(node->engine, SELF)) ? node : NULL;
}

static const char *part_of(const struct qs_node *node)
{
    return qs_streq(node->engine, SELF) ? SELF : node->name;
}

/* ---- ports of a device ---- */

struct place_of {
    const char *port;
    size_t place;
};

static void match_place(void *arg, const char *port, size_t place)
{
    struct place_of *p = arg;

    if (qs_streq(port, p->port))
        p->place = place;
}

/* The link's name at a device's end of a cable; `vlan` -1: the whole port. */
static void device_link(const struct qs_device *dev, const char *port, int vlan, char text[LINK_TEXT])
{
    struct place_of p = { .port = port };

    resolve_each_port(dev, match_place, &p);
    if (vlan < 0)
        port_link(port, p.place, text);
    else
        tap_link(port, p.place, (uint16_t)vlan, text);
}

/* ---- cables ---- */

static void add_cable(struct twin *t, const char *part_a, const char *link_a, const char *part_b, const char *link_b)
{
    struct qs_val *cable = qs_val_add(t->cables, qs_val_map());
    struct qs_val *a = qs_val_set(cable, "a", qs_val_map()), *b = qs_val_set(cable, "b", qs_val_map());

    qs_val_set_str(a, "part", part_a);
    qs_val_set_str(a, "link", link_a);
    qs_val_set_str(b, "part", part_b);
    qs_val_set_str(b, "link", link_b);
}

static void add_device_cable(struct twin *t, const struct qs_cable *c)
{
    const struct qs_device *a = twin_device(t->lab, c->a.device), *b = twin_device(t->lab, c->b.device);
    char link_a[LINK_TEXT], link_b[LINK_TEXT];

    if (!a || !b)
        return;
    device_link(a, c->a.port, -1, link_a);
    device_link(b, c->b.port, -1, link_b);
    add_cable(t, a->name, link_a, b->name, link_b);
}

/* ---- devices ---- */

struct ports {
    struct twin *t;
    const struct qs_device *dev;
    struct qs_val *list;
};

static const struct qs_nic *nic_of(const struct qs_node *node, const char *name)
{
    for (size_t i = 0; i < node->nic_count; i++)
        if (qs_streq(node->nics[i].name, name))
            return &node->nics[i];
    return NULL;
}

static void add_tap(struct qs_val *taps, const char *port, size_t place, uint16_t vlan)
{
    struct qs_val *tap = qs_val_add(taps, qs_val_map());
    char link[LINK_TEXT];

    tap_link(port, place, vlan, link);
    qs_val_set_str(tap, "link", link);
    qs_val_set_int(tap, "vlan", vlan);
}

static void set_taps(struct qs_val *entry, const struct qs_nic *nic, const char *port, size_t place)
{
    struct qs_val *taps = qs_val_set(entry, "taps", qs_val_list());

    if (nic->native)
        add_tap(taps, port, place, 0);
    for (size_t i = 0; i < nic->tagged.count; i++)
        add_tap(taps, port, place, nic->tagged.items[i]);
}

static bool is_wan(const struct qs_lab *lab, const struct qs_device *dev, const char *port)
{
    return lab->upstream.name && qs_streq(dev->wan_port, port);
}

static void add_port(void *arg, const char *port, size_t place)
{
    struct ports *p = arg;
    struct qs_val *entry = qs_val_add(p->list, qs_val_map());
    const struct qs_cable_end *far = NULL;
    const struct qs_cable *cable = qs_lab_cable(p->t->lab, p->dev->name, port, &far);
    const struct qs_node *node = cable ? twin_node(p->t->lab, far->device) : NULL;
    const struct qs_nic *nic = node ? nic_of(node, far->port) : NULL;
    char link[LINK_TEXT];

    qs_val_set_str(entry, "name", port);
    if (nic && p->dev->kind == QS_DEVICE_SWITCH) {
        set_taps(entry, nic, port, place);
    } else if (nic || (cable && twin_device(p->t->lab, far->device)) || is_wan(p->t->lab, p->dev, port)) {
        port_link(port, place, link);
        qs_val_set_str(entry, "link", link);
    }
}

static void set_management(struct qs_val *part, const struct qs_device *dev)
{
    struct qs_val *m, *addresses;
    char link[LINK_TEXT];

    if (!dev->management_port)
        return;
    m = qs_val_set(part, "management", qs_val_map());
    port_link(dev->management_port, 0, link);
    qs_val_set_str(m, "port", dev->management_port);
    qs_val_set_str(m, "link", link);
    addresses = qs_val_set(m, "addresses", qs_val_list());
    resolve_add_prefix(addresses, &dev->management_v4);
    resolve_add_prefix(addresses, &dev->management_v6);
}

/* What a device runs in the twin when the lab does not say: the releases that the reference lab names. */
#define ANY_EOS "4.28.3M"
#define ANY_ROUTEROS "7.18.2"

static void add_device(struct twin *t, const struct qs_device *dev)
{
    bool router = dev->kind == QS_DEVICE_ROUTER;
    struct qs_val *part = qs_val_add(qs_val_get(t->doc, router ? "routers" : "switches"), qs_val_map());
    struct ports p = { .t = t, .dev = dev };

    qs_val_set_str(part, "name", dev->name);
    qs_val_set_str(part, "model", dev->model);
    qs_val_set_str(part, "version", dev->version ? dev->version : router ? ANY_ROUTEROS : ANY_EOS);
    set_serial(part, dev->name);
    set_derived_mac(part, "device", dev->name, 0);
    set_management(part, dev);
    p.list = qs_val_set(part, "ports", qs_val_list());
    resolve_each_port(dev, add_port, &p);
}

/* ---- servers ---- */

struct node_out {
    struct twin *t;
    const struct qs_node *node;
    struct qs_val *links;
};

static bool has_link(const struct qs_val *links, const char *name)
{
    for (size_t i = 0; i < qs_val_count(links); i++)
        if (qs_streq(qs_val_get_str(qs_val_at(links, i), "link", ""), name))
            return true;
    return false;
}

/* One link of a server into one VLAN, and the cable to the device's end of it. A second NIC in the same VLAN has no
 * address there. */
static void add_link(struct node_out *o, const struct qs_nic *nic, uint16_t vlan, const char *part, const char *link)
{
    const struct qs_vlan_addr *addr = qs_node_addr(o->node, vlan);
    struct qs_val *entry = qs_val_map(), *addresses;
    char name[LINK_TEXT], mac[18];

    (void)snprintf(name, sizeof(name), "v%u", vlan);
    for (unsigned n = 2; has_link(o->links, name); n++) {
        (void)snprintf(name, sizeof(name), "v%u_%u", vlan, n);
        addr = NULL;
    }
    qs_val_set_str(entry, "link", name);
    if (vlan == nic->native)
        qs_val_set_str(entry, "mac", qs_mac_text(nic->mac, mac));
    else
        set_derived_mac(entry, o->node->name, nic->name, vlan);
    qs_val_set_int(entry, "vlan", vlan);
    addresses = qs_val_set(entry, "addresses", qs_val_list());
    if (addr) {
        resolve_add_prefix(addresses, &addr->v4);
        resolve_add_prefix(addresses, &addr->v6);
    }
    qs_val_add(o->links, entry);
    add_cable(o->t, part, link, part_of(o->node), name);
}

static void add_nic(struct node_out *o, const struct qs_nic *nic)
{
    const struct qs_cable_end *far = NULL;
    const struct qs_cable *cable = qs_lab_cable(o->t->lab, o->node->name, nic->name, &far);
    const struct qs_device *dev = cable ? twin_device(o->t->lab, far->device) : NULL;
    bool tags = dev && dev->kind == QS_DEVICE_SWITCH;
    char link[LINK_TEXT];

    if (dev && nic->native) {
        device_link(dev, far->port, tags ? 0 : -1, link);
        add_link(o, nic, nic->native, dev->name, link);
    }
    for (size_t i = 0; tags && i < nic->tagged.count; i++) {
        device_link(dev, far->port, nic->tagged.items[i], link);
        add_link(o, nic, nic->tagged.items[i], dev->name, link);
    }
}

static void add_route(struct qs_val *routes, const char *to, const struct qs_ip *via)
{
    struct qs_val *route;
    char text[QS_IP_TEXT];

    if (!via->family)
        return;
    route = qs_val_add(routes, qs_val_map());
    qs_val_set_str(route, "to", to);
    qs_val_set_str(route, "via", qs_ip_text(via, text));
}

/* The default routes: through the device that routes the node's gateway VLAN, at its address there. */
static void set_routes(struct qs_val *part, const struct qs_lab *lab, const struct qs_node *node)
{
    struct qs_val *routes = qs_val_set(part, "routes", qs_val_list());
    const struct qs_vlan *vlan = node->gateway_vlan ? qs_lab_vlan(lab, node->gateway_vlan) : NULL;
    const struct qs_device *dev = vlan && vlan->gateway ? qs_lab_device(lab, vlan->gateway) : NULL;

    for (size_t i = 0; dev && i < dev->svi_count; i++)
        if (dev->svis[i].vlan == vlan->id) {
            add_route(routes, "0.0.0.0/0", &dev->svis[i].v4.ip);
            add_route(routes, "::/0", &dev->svis[i].v6.ip);
        }
    for (size_t i = 0; dev && i < dev->port_count; i++)
        if (dev->kind == QS_DEVICE_ROUTER && dev->ports[i].access == vlan->id) {
            add_route(routes, "0.0.0.0/0", &dev->ports[i].v4.ip);
            add_route(routes, "::/0", &dev->ports[i].v6.ip);
        }
}

static void fill_node(struct twin *t, const struct qs_node *node, struct qs_val *part)
{
    struct node_out o = { .t = t, .node = node, .links = qs_val_set(part, "links", qs_val_list()) };

    qs_val_set_str(part, "name", node->name);
    for (size_t i = 0; i < node->nic_count; i++)
        add_nic(&o, &node->nics[i]);
    set_routes(part, t->lab, node);
    qs_val_set(part, "roles", resolve_words(&node->roles));
}

/* qs's own side. A lab without a provisioning host of its own still has its out-of-band address. */
static void set_self(struct twin *t)
{
    struct qs_val *self = qs_val_set(t->doc, SELF, qs_val_map()), *addresses;

    qs_val_set_str(self, "name", "qs");
    addresses = qs_val_set(self, "management", qs_val_list());
    resolve_add_prefix(addresses, &t->lab->management_self_v4);
    resolve_add_prefix(addresses, &t->lab->management_self_v6);
    for (size_t i = 0; i < t->lab->node_count; i++)
        if (qs_streq(t->lab->nodes[i].engine, SELF))
            fill_node(t, &t->lab->nodes[i], self);
}

/* ---- the world outside ---- */

static void add_upstream_link(struct twin *t, const struct qs_device *dev, struct qs_val *links)
{
    struct qs_val *entry = qs_val_add(links, qs_val_map()), *addresses;
    char link[LINK_TEXT], ours[LINK_TEXT] = "wan";

    if (links->count > 1)
        (void)snprintf(ours, sizeof(ours), "wan%u", links->count);
    qs_val_set_str(entry, "link", ours);
    set_derived_mac(entry, "upstream", t->lab->upstream.name, links->count);
    qs_val_set_int(entry, "vlan", 0);
    addresses = qs_val_set(entry, "addresses", qs_val_list());
    if (links->count == 1) {
        resolve_add_prefix(addresses, &t->lab->upstream.v4);
        resolve_add_prefix(addresses, &t->lab->upstream.v6);
    }
    device_link(dev, dev->wan_port, -1, link);
    add_cable(t, dev->name, link, t->lab->upstream.name, ours);
}

static void set_upstream(struct twin *t)
{
    struct qs_val *part, *links;

    if (!t->lab->upstream.name) {
        qs_val_set(t->doc, "upstream", qs_val_null());
        return;
    }
    part = qs_val_set(t->doc, "upstream", qs_val_map());
    qs_val_set_str(part, "name", t->lab->upstream.name);
    links = qs_val_set(part, "links", qs_val_list());
    for (size_t i = 0; i < t->lab->device_count; i++)
        if (t->lab->devices[i].wan_port && twin_device(t->lab, t->lab->devices[i].name))
            add_upstream_link(t, &t->lab->devices[i], links);
    qs_val_set_int(part, "http_port", UPSTREAM_HTTP_PORT);
}

struct qs_val *qs_resolve_twin(const struct qs_lab *lab)
{
    struct twin t = { .lab = lab, .doc = qs_val_map(), .cables = qs_val_list() };

    qs_val_set_str(t.doc, "format", TWIN_SPEC);
    qs_val_set_str(t.doc, "site", lab->site);
    set_self(&t);
    qs_val_set(t.doc, "switches", qs_val_list());
    qs_val_set(t.doc, "routers", qs_val_list());
    qs_val_set(t.doc, "nodes", qs_val_list());
    for (size_t i = 0; i < lab->device_count; i++)
        if (qs_streq(lab->devices[i].engine, "twin"))
            add_device(&t, &lab->devices[i]);
    for (size_t i = 0; i < lab->node_count; i++)
        if (qs_streq(lab->nodes[i].engine, "twin"))
            fill_node(&t, &lab->nodes[i], qs_val_add(qs_val_get(t.doc, "nodes"), qs_val_map()));
    for (size_t i = 0; i < lab->cable_count; i++)
        add_device_cable(&t, &lab->cables[i]);
    set_upstream(&t);
    qs_val_set(t.doc, "cables", t.cables);
    return t.doc;
}
