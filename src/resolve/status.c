/* resolve: the table of signals and components for the status role, with addresses filled in. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "converge/driver.h"
#include "resolve/resolve.h"
#include "resolve/resolve_int.h"

#define STATUS_SPEC "qs.status-spec/1" /* roles/status/status.h, which this room does not include */

/* ---- checks ---- */

static void aim_at_device(const struct qs_lab *lab, const char *name, struct qs_val *out)
{
    const struct qs_device *dev = qs_lab_device(lab, name);
    const struct qs_driver *driver = dev ? qs_driver_find(dev->driver) : NULL;

    if (!dev)
        return;
    qs_val_set_str(out, "address", dev->address);
    if (dev->port || driver)
        qs_val_set_int(out, "port", dev->port ? dev->port : driver->port);
}

static void aim_at_node(const struct qs_lab *lab, const char *name, struct qs_val *out)
{
    const struct qs_node *node = qs_lab_node(lab, name);
    const struct qs_vlan_addr *addr = node ? resolve_node_addr(node) : NULL;
    const struct qs_prefix *p = addr ? resolve_either(&addr->v4, &addr->v6) : NULL;

    if (p)
        resolve_set_ip(out, "address", &p->ip);
}

/* The host outside that answers with the caller's address: the site's upstream. */
static void set_expect(const struct qs_lab *lab, const struct qs_check *c, struct qs_val *out)
{
    struct qs_val *expect = qs_val_set(out, "expect", resolve_words(&c->expect));
    char text[QS_IP_TEXT];

    if (qs_streq(c->kind, "wan") && lab->upstream.v4.ip.family)
        qs_val_add(expect, qs_val_strf("http://%s/", qs_ip_text(&lab->upstream.v4.ip, text)));
}

static void add_check(const struct qs_lab *lab, const struct qs_check *c, const char *name, const char *target,
                      struct qs_val *list)
{
    struct qs_val *out = qs_val_add(list, qs_val_map());
    const char *device = target ? qs_after(target, "device:") : NULL, *node = target ? qs_after(target, "node:") : NULL;

    qs_val_set_str(out, "name", name);
    qs_val_set_str(out, "kind", c->kind);
    qs_val_set_str(out, "target", target);
    if (device)
        aim_at_device(lab, device, out);
    else if (node)
        aim_at_node(lab, node, out);
    qs_val_set(out, "conditions", resolve_words(&c->conditions));
    if (c->interval_ms)
        qs_val_set_int(out, "interval_ms", (int64_t)c->interval_ms);
    if (c->timeout_ms)
        qs_val_set_int(out, "timeout_ms", (int64_t)c->timeout_ms);
    set_expect(lab, c, out);
}

/* "nodes:worker" is one check for each node of that role. */
static void add_role_checks(const struct qs_lab *lab, const struct qs_check *c, const char *role, struct qs_val *list)
{
    for (size_t i = 0; i < lab->node_count; i++) {
        const struct qs_node *node = &lab->nodes[i];
        qs_auto(str) char *name = qs_xasprintf("%s %s", c->name, node->name);
        qs_auto(str) char *target = qs_xasprintf("node:%s", node->name);

        if (resolve_is_here(node->engine) && qs_node_has_role(node, role))
            add_check(lab, c, name, target, list);
    }
}

static struct qs_val *checks(const struct qs_lab *lab, const struct qs_check *items, size_t count)
{
    struct qs_val *list = qs_val_list();

    for (size_t i = 0; i < count; i++) {
        const char *role = items[i].target ? qs_after(items[i].target, "nodes:") : NULL;

        if (role)
            add_role_checks(lab, &items[i], role, list);
        else
            add_check(lab, &items[i], items[i].name, items[i].target, list);
    }
    return list;
}

/* ---- rows ---- */

static void add_signal(const struct qs_lab *lab, const struct qs_signal *s, struct qs_val *list)
{
    struct qs_val *out = qs_val_add(list, qs_val_map());

    qs_val_set_str(out, "name", s->name);
    qs_val_set_str(out, "title", s->title);
    qs_val_set_str(out, "group", s->group);
    qs_val_set_bool(out, "twin", s->twin);
    qs_val_set(out, "pending", qs_val_str(s->pending));
    qs_val_set(out, "components", resolve_words(&s->components));
    qs_val_set(out, "checks", checks(lab, s->checks, s->check_count));
}

void resolve_set_component(struct qs_val *out, const struct qs_component *c)
{
    qs_val_set_int(out, "number", c->number);
    qs_val_set_str(out, "name", c->name);
    qs_val_set_str(out, "group", c->group);
    qs_val_set_str(out, "role", c->role);
    qs_val_set_str(out, "runs", c->runs);
    qs_val_set_str(out, "version", c->version);
    qs_val_set_str(out, "adr", c->adr);
    qs_val_set_str(out, "backup", c->backup);
    qs_val_set_str(out, "state", c->state);
    qs_val_set(out, "pending", qs_val_str(c->enable));
    qs_val_set(out, "depends_on", resolve_words(&c->depends_on));
}

static void set_groups(const struct qs_lab *lab, struct qs_val *doc)
{
    struct qs_val *list = qs_val_set(doc, "groups", qs_val_list());

    for (size_t i = 0; i < lab->group_count; i++) {
        struct qs_val *out = qs_val_add(list, qs_val_map());

        qs_val_set_str(out, "name", lab->groups[i].name);
        qs_val_set_str(out, "title", lab->groups[i].title);
    }
}

static void set_components(const struct qs_lab *lab, struct qs_val *doc)
{
    struct qs_val *list = qs_val_set(doc, "components", qs_val_list());

    for (size_t i = 0; i < lab->component_count; i++) {
        struct qs_val *out = qs_val_add(list, qs_val_map());

        resolve_set_component(out, &lab->components[i]);
        qs_val_set(out, "checks", checks(lab, lab->components[i].checks, lab->components[i].check_count));
    }
}

static void set_notify(const struct qs_lab *lab, struct qs_val *doc)
{
    struct qs_val *list = qs_val_set(doc, "notify", qs_val_list());

    for (size_t i = 0; i < lab->notify_count; i++) {
        const struct qs_notify *n = &lab->notify[i];
        struct qs_val *out = qs_val_add(list, qs_val_map());

        qs_val_set_str(out, "kind", n->kind);
        qs_val_set_str(out, "url", n->url);
        qs_val_set_str(out, "to", n->to);
        qs_val_set_str(out, "from", n->from);
        qs_val_set_int(out, "failures", n->failures);
        qs_val_set_int(out, "successes", n->successes);
    }
}

static void set_maintenance(const struct qs_lab *lab, struct qs_val *doc)
{
    struct qs_val *list = qs_val_set(doc, "maintenance", qs_val_list());

    for (size_t i = 0; i < lab->maintenance_count; i++) {
        const struct qs_maintenance *m = &lab->maintenance[i];
        struct qs_val *out = qs_val_add(list, qs_val_map());

        qs_val_set_str(out, "name", m->name);
        if (m->signals.count)
            qs_val_set(out, "signals", resolve_words(&m->signals));
        qs_val_set_str(out, "from", m->from);
        qs_val_set_str(out, "until", m->until);
    }
}

struct qs_val *qs_resolve_status(const struct qs_lab *lab)
{
    struct qs_val *doc = qs_val_map(), *head, *signals;

    qs_val_set_str(doc, "format", STATUS_SPEC);
    qs_val_set_str(doc, "site", lab->site);
    head = qs_val_set(doc, "lab", qs_val_map());
    qs_val_set_str(head, "name", lab->name);
    qs_val_set_str(head, "title", lab->title);
    set_groups(lab, doc);
    signals = qs_val_set(doc, "signals", qs_val_list());
    for (size_t i = 0; i < lab->signal_count; i++)
        add_signal(lab, &lab->signals[i], signals);
    set_components(lab, doc);
    set_notify(lab, doc);
    set_maintenance(lab, doc);
    return doc;
}
