/* From rows to the model: the site, components and signals. */
#include <string.h>

#include "base/ip.h"
#include "base/str.h"
#include "lab/lab_int.h"

/* ---- the site ---- */

static const struct raw_target *target_of(const struct lab_box *box, const char *name)
{
    for (size_t i = 0; i < box->target_count; i++)
        if (qs_streq(box->targets[i].name, name))
            return &box->targets[i];
    return NULL;
}

static char *engine_of(const struct lab_box *box, const char *name)
{
    const struct raw_target *t = target_of(box, name);

    return t && t->engine ? t->engine : box->site_engine;
}

static void refuse_strangers(struct lab_box *box)
{
    const char *words[65] = { NULL }, *name;
    size_t n = 0;

    while (n < 64 && (name = lab_space_name(box, LAB_TARGET_SPACE, n)))
        words[n++] = name;
    for (size_t i = 0; i < box->target_count; i++) {
        const struct raw_target *t = &box->targets[i];
        struct qs_ip ip;

        if (!qs_lab_device(&box->lab, t->name) && !qs_lab_node(&box->lab, t->name))
            lab_hint_words(lab_problem(box, &t->at, "targets '%s': no such device or node", t->name), t->name, words,
                           "names");
        if (t->address && !qs_ip_parse(t->address, &ip))
            (void)lab_problem(box, &t->at, "targets '%s': address must be an address, not '%s'", t->name, t->address);
    }
}

static void settle_site(struct lab_box *box)
{
    struct qs_lab *lab = &box->lab;

    refuse_strangers(box);
    for (size_t i = 0; i < lab->device_count; i++) {
        struct qs_device *dev = &lab->devices[i];
        const struct raw_target *t = target_of(box, dev->name);

        dev->engine = engine_of(box, dev->name);
        dev->commit_timer_s = box->commit_timer_s;
        dev->port = t ? t->port : 0;
        if (t && t->address)
            dev->address = t->address;
    }
    for (size_t i = 0; i < lab->node_count; i++)
        lab->nodes[i].engine = engine_of(box, lab->nodes[i].name);
}

/* ---- components and signals ---- */

/* Whether a check talks to something emulated: "device:NAME", "node:NAME", or any of "nodes:ROLE". */
static bool meets_twin(const struct qs_lab *lab, const struct qs_check *check)
{
    const char *device = qs_after(check->target, "device:"), *node = qs_after(check->target, "node:");
    const char *role = qs_after(check->target, "nodes:");
    const struct qs_device *d = device ? qs_lab_device(lab, device) : NULL;
    const struct qs_node *n = node ? qs_lab_node(lab, node) : NULL;
    bool any = qs_streq(d ? d->engine : n ? n->engine : NULL, "twin");

    for (size_t i = 0; role && i < lab->node_count; i++)
        any |= qs_node_has_role(&lab->nodes[i], role) && qs_streq(lab->nodes[i].engine, "twin");
    return any;
}

static bool is_emulated(const struct qs_lab *lab, const struct qs_check *checks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (meets_twin(lab, &checks[i]))
            return true;
    return false;
}

static void settle_components(struct lab_box *box)
{
    struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->component_count; i++) {
        struct qs_component *c = &lab->components[i];

        c->state = lab_strdup(&box->arena, c->enable ? "pending" : "built");
        if (c->enable)
            c->check_count = 0;
    }
}

static void settle_signals(struct lab_box *box)
{
    struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < box->group_count; i++) {
        struct raw_signals *raw = &box->groups[i];
        struct qs_group *group = LAB_PUSH(&box->arena, lab->groups, lab->group_count);

        *group = raw->group;
        group->title = group->title ? group->title : group->name;
        for (size_t j = 0; j < raw->count; j++) {
            struct qs_signal *signal = LAB_PUSH(&box->arena, lab->signals, lab->signal_count);

            *signal = raw->items[j];
            signal->group = group->name;
            signal->title = signal->title ? signal->title : signal->name;
            if (signal->pending)
                signal->check_count = 0;
            signal->twin = is_emulated(lab, signal->checks, signal->check_count);
        }
    }
}

static void settle_storage(struct lab_box *box)
{
    struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->node_count; i++)
        if (qs_node_has_role(&lab->nodes[i], "osd"))
            *LAB_PUSH(&box->arena, lab->storage.capable_hosts.items,
                      lab->storage.capable_hosts.count) = lab->nodes[i].name;
}

void lab_settle_platform(struct lab_box *box)
{
    settle_site(box);
    settle_components(box);
    settle_signals(box);
    settle_storage(box);
}
