/* resolve: the targets of a site. */
#include "resolve/resolve.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/id.h"
#include "base/str.h"
#include "converge/driver.h"
#include "resolve/resolve_int.h"

/* ---- what the files share ---- */

bool resolve_is_here(const char *engine)
{
    return engine && !qs_streq(engine, "none");
}

void resolve_set_prefix(struct qs_val *map, const char *key, const struct qs_prefix *p)
{
    char text[QS_IP_TEXT];

    if (p->ip.family)
        qs_val_set_str(map, key, qs_prefix_text(p, text));
}

void resolve_add_prefix(struct qs_val *list, const struct qs_prefix *p)
{
    char text[QS_IP_TEXT];

    if (p->ip.family)
        qs_val_add(list, qs_val_str(qs_prefix_text(p, text)));
}

void resolve_set_ip(struct qs_val *map, const char *key, const struct qs_ip *ip)
{
    char text[QS_IP_TEXT];

    if (ip->family)
        qs_val_set_str(map, key, qs_ip_text(ip, text));
}

struct qs_val *resolve_words(const struct qs_strs *words)
{
    struct qs_val *list = qs_val_list();

    for (size_t i = 0; i < words->count; i++)
        qs_val_add(list, qs_val_str(words->items[i]));
    return list;
}

char *resolve_vlan_list(const struct qs_u16s *ids)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(64 << 10);

    for (size_t i = 0; i < ids->count; i++)
        qs_buf_printf(&text, "%s%u", i ? "," : "", ids->items[i]);
    if (!ids->count)
        qs_buf_puts(&text, "none");
    return qs_buf_take(&text);
}

const struct qs_vlan_addr *resolve_node_addr(const struct qs_node *node)
{
    const struct qs_vlan_addr *addr = node->gateway_vlan ? qs_node_addr(node, node->gateway_vlan) : NULL;

    return addr ? addr : node->addr_count ? &node->addrs[0] : NULL;
}

const struct qs_prefix *resolve_either(const struct qs_prefix *v4, const struct qs_prefix *v6)
{
    return v4->ip.family ? v4 : v6->ip.family ? v6 : NULL;
}

void resolve_each_port(const struct qs_device *dev, resolve_port_fn *fn, void *arg)
{
    size_t place = 0;

    for (size_t g = 0; dev->hw && g < dev->hw->group_count; g++) {
        const struct qs_model_ports *group = &dev->hw->groups[g];

        for (unsigned n = group->first; n <= group->last; n++) {
            qs_auto(str) char *name = qs_xasprintf("%s%u%s", group->prefix, n, group->suffix ? group->suffix : "");

            if (!qs_streq(name, dev->management_port))
                fn(arg, name, place++);
        }
    }
    for (size_t i = 0; !place && i < dev->port_count; i++)
        if (!qs_streq(dev->ports[i].name, dev->management_port))
            fn(arg, dev->ports[i].name, i);
}

/* ---- targets ---- */

/* The order in which devices are verified: first the switches that route VLANs, then the other switches, then the
 * routers. A device waits for those before it that it is cabled to: what carries others is known to work before they
 * are changed. Smaller ranks only, so there is no cycle. */
static unsigned depth_of(const struct qs_device *dev)
{
    if (dev->kind == QS_DEVICE_ROUTER)
        return 2;
    return dev->svi_count ? 0 : 1;
}

static bool joins(const struct qs_cable *c, const char *a, const char *b)
{
    return (qs_streq(c->a.device, a) && qs_streq(c->b.device, b)) ||
           (qs_streq(c->a.device, b) && qs_streq(c->b.device, a));
}

static bool is_cabled(const struct qs_lab *lab, const char *a, const char *b)
{
    for (size_t i = 0; i < lab->cable_count; i++)
        if (joins(&lab->cables[i], a, b))
            return true;
    return false;
}

static char **depends_on(const struct qs_lab *lab, const struct qs_device *dev)
{
    char **names = NULL;
    size_t count = 0;

    for (size_t i = 0; i < lab->device_count; i++) {
        const struct qs_device *other = &lab->devices[i];

        if (resolve_is_here(other->engine) && depth_of(other) < depth_of(dev) && is_cabled(lab, dev->name, other->name))
            *QS_PUSH(names, count) = qs_xstrdup(other->name);
    }
    *QS_PUSH(names, count) = NULL;
    return names;
}

static char **one_name(const char *name)
{
    char **names = qs_xzalloc(2 * sizeof(*names));

    names[0] = name ? qs_xstrdup(name) : NULL;
    return names;
}

/* clang-format off */
static const struct {
    const char *driver;
    void (*fill)(const struct qs_lab *lab, const struct qs_device *dev, struct qs_resources *want);
} fillers[] = {
    { "eos", qs_resolve_eos },
    { "routeros", qs_resolve_routeros },
};
/* clang-format on */

static void fill(const struct qs_lab *lab, const struct qs_device *dev, struct qs_resources *want)
{
    for (size_t i = 0; i < QS_COUNT(fillers); i++)
        if (qs_streq(fillers[i].driver, dev->driver))
            fillers[i].fill(lab, dev, want);
}

static enum qs_code add_target(const struct qs_lab *lab, const struct qs_device *dev, struct qs_desired *d,
                               struct qs_err *err)
{
    const struct qs_driver *driver = qs_driver_find(dev->driver);
    struct qs_desired_target *t;

    if (!driver)
        return qs_err_set(err, QS_UNSUPPORTED, 0, "device '%s': there is no driver '%s'", dev->name, dev->driver);
    t = QS_PUSH(d->targets, d->count);
    *t = (struct qs_desired_target){
        .name = qs_xstrdup(dev->name),
        .driver = qs_xstrdup(dev->driver),
        .address = qs_xstrdup(dev->address),
        .port = dev->port ? dev->port : driver->port,
        .depends_on = depends_on(lab, dev),
        .adrs = one_name(dev->adr),
        .commit_timer_s = dev->commit_timer_s,
    };
    fill(lab, dev, &t->want);
    if (qs_resources_settle(&t->want, driver->types, err))
        return qs_err_wrap(err, "%s:%u: device '%s'", dev->at.file, dev->at.line, dev->name);
    return QS_OK;
}

enum qs_code qs_resolve(const struct qs_lab *lab, struct qs_desired *ret, struct qs_err *err)
{
    struct qs_desired d = { .lab = qs_xstrdup(lab->name), .site = qs_xstrdup(lab->site) };
    enum qs_code code = QS_OK;

    for (size_t i = 0; i < lab->device_count && !code; i++)
        if (resolve_is_here(lab->devices[i].engine))
            code = add_target(lab, &lab->devices[i], &d, err);
    if (code) {
        qs_desired_done(&d);
        return code;
    }
    qs_desired_seal(&d);
    *ret = d;
    return QS_OK;
}
