#include "twin/fabric/fabric.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ip.h"
#include "base/str.h"
#include "os/netlink.h"
#include "os/ns.h"
#include "twin/fabric/links.h"
#include "twin/fabric/spec.h"

#define OOB_BRIDGE "oob"
#define SELF "self" /* what the spec calls qs's own namespace */

struct qs_fabric {
    const struct qs_val *spec;
    struct qs_nl *nl;
    struct qs_part *parts;
    size_t count;
    unsigned oob_ports;
};

static const struct {
    const char *key;
    enum qs_part_kind kind;
} part_lists[] = { { "switches", QS_PART_SWITCH }, { "routers", QS_PART_ROUTER }, { "nodes", QS_PART_NODE } };

static const struct qs_part *find(const struct qs_fabric *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (qs_streq(f->parts[i].name, name))
            return &f->parts[i];
    return NULL;
}

static enum qs_code add_part(struct qs_fabric *f, enum qs_part_kind kind, const struct qs_val *entry,
                             struct qs_err *err)
{
    const char *name = qs_val_get_str(entry, "name", "");
    struct qs_part part = { .kind = kind, .name = name, .entry = entry, .netns = -1 };

    if (!*name || qs_streq(name, SELF) || find(f, name))
        return qs_err_set(err, QS_INVALID, 0, "part name '%s' is empty, reserved or given twice", name);
    if (qs_netns_new(&part.netns, err))
        return qs_err_wrap(err, "part '%s'", name);
    *QS_PUSH(f->parts, f->count) = part;
    return QS_OK;
}

static enum qs_code add_parts(struct qs_fabric *f, struct qs_err *err)
{
    const struct qs_val *upstream = qs_val_get(f->spec, "upstream");

    for (size_t l = 0; l < QS_COUNT(part_lists); l++) {
        const struct qs_val *list = qs_val_get(f->spec, part_lists[l].key);

        for (size_t i = 0; i < qs_val_count(list); i++)
            if (add_part(f, part_lists[l].kind, qs_val_at(list, i), err))
                return err->code;
    }
    if (upstream && upstream->type == QS_MAP)
        return add_part(f, QS_PART_UPSTREAM, upstream, err);
    return QS_OK;
}

/* The namespace of a cable's end: -1 is our own; false when nobody has that name. */
static bool end_netns(const struct qs_fabric *f, const char *part, int *ret)
{
    const struct qs_part *p = find(f, part);

    if (!p && !qs_streq(part, SELF))
        return false;
    *ret = p ? p->netns : -1;
    return true;
}

/* The MAC that a part's entry declares for one of its links; NULL when it leaves the choice to the kernel. */
static const uint8_t *link_mac(const struct qs_fabric *f, const char *part, const char *link, uint8_t mac[6])
{
    const struct qs_part *p = find(f, part);
    const struct qs_val *links = qs_val_get(p ? p->entry : qs_val_get(f->spec, "self"), "links");

    for (size_t i = 0; i < qs_val_count(links); i++) {
        const struct qs_val *one = qs_val_at(links, i);

        if (qs_streq(qs_val_get_str(one, "link", ""), link) && qs_mac_parse(qs_val_get_str(one, "mac", ""), mac))
            return mac;
    }
    return NULL;
}

static enum qs_code lay_cable(struct qs_fabric *f, const struct qs_val *cable, struct qs_err *err)
{
    const char *part[2], *link[2];
    uint8_t mac[2][6];
    const uint8_t *macs[2];
    int ns[2];

    for (int i = 0; i < 2; i++) {
        const struct qs_val *end = qs_val_get(cable, i ? "b" : "a");

        part[i] = qs_val_get_str(end, "part", "");
        link[i] = qs_val_get_str(end, "link", "");
        if (!end_netns(f, part[i], &ns[i]))
            return qs_err_set(err, QS_INVALID, 0, "a cable ends at '%s', which is no part of the twin", part[i]);
        macs[i] = link_mac(f, part[i], link[i], mac[i]);
    }
    if (qs_nl_veth(f->nl, link[0], ns[0], macs[0], link[1], ns[1], macs[1], err))
        return qs_err_wrap(err, "cable %s %s to %s %s", part[0], link[0], part[1], link[1]);
    return QS_OK;
}

/* The management port of a switch or router, on the out-of-band bridge. */
static enum qs_code join_management(struct qs_fabric *f, const struct qs_part *p, struct qs_err *err)
{
    const char *link = qs_val_get_str(qs_val_get(p->entry, "management"), "link", NULL);
    char ours[16];

    if (!link)
        return QS_OK;
    (void)snprintf(ours, sizeof(ours), OOB_BRIDGE "%u", f->oob_ports++);
    if (qs_nl_veth(f->nl, ours, -1, NULL, link, p->netns, NULL, err) || qs_nl_master(f->nl, ours, OOB_BRIDGE, err) ||
        qs_nl_up(f->nl, ours, true, err))
        return qs_err_wrap(err, "management port of '%s'", p->name);
    return QS_OK;
}

static enum qs_code build(struct qs_fabric *f, struct qs_err *err)
{
    const struct qs_val *cables = qs_val_get(f->spec, "cables"), *self = qs_val_get(f->spec, "self");

    if (!qs_streq(qs_val_get_str(f->spec, "format", ""), QS_TWIN_SPEC))
        return qs_err_set(err, QS_INVALID, 0, "not a " QS_TWIN_SPEC " document");
    if (qs_nl_open(&f->nl, err) || qs_nl_bridge(f->nl, OOB_BRIDGE, err) || qs_nl_up(f->nl, OOB_BRIDGE, true, err) ||
        qs_links_addresses(f->nl, OOB_BRIDGE, qs_val_get(self, "management"), err) || add_parts(f, err))
        return err->code;
    for (size_t i = 0; i < f->count; i++)
        if (join_management(f, &f->parts[i], err))
            return err->code;
    for (size_t i = 0; i < qs_val_count(cables); i++)
        if (lay_cable(f, qs_val_at(cables, i), err))
            return err->code;
    return qs_links_configure(f->nl, self, err);
}

enum qs_code qs_fabric_build(const struct qs_val *spec, struct qs_fabric **ret, struct qs_err *err)
{
    qs_auto(fabric) struct qs_fabric *f = qs_xzalloc(sizeof(*f));

    f->spec = spec;
    if (build(f, err))
        return qs_err_wrap(err, "fabric");
    *ret = qs_take_ptr(f);
    return QS_OK;
}

size_t qs_fabric_count(const struct qs_fabric *f)
{
    return f->count;
}

const struct qs_part *qs_fabric_part(const struct qs_fabric *f, size_t i)
{
    return &f->parts[i];
}

void qs_fabric_free(struct qs_fabric *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->count; i++)
        qs_fd_close(f->parts[i].netns);
    qs_nl_close(f->nl);
    free(f->parts);
    free(f);
}
