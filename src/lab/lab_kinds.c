/* The kinds of lab files, in the order in which they are read: what a file refers to comes before it. */
#include <string.h>

#include "base/str.h"
#include "lab/lab_check.h"

/* At once: the references to a VLAN whose id was mistyped would all be wrong too, and hide the mistake. */
static void vlans_end(struct lab_box *box)
{
    lab_check_vlan_ids(box);
}

static void components_begin(struct lab_box *box)
{
    box->component_group = NULL;
    box->group_components = NULL;
    box->group_component_count = 0;
}

static void components_end(struct lab_box *box)
{
    for (size_t i = 0; i < box->group_component_count; i++) {
        struct qs_component *c = LAB_PUSH(&box->arena, box->lab.components, box->lab.component_count);

        *c = box->group_components[i];
        c->group = box->component_group;
    }
}

// clang-format off
static const struct lab_kind kinds[] = {
    { "network/vlans.yaml", &lab_vlans_file, true, { LAB_VLAN_SPACE }, NULL, vlans_end, "VLANs" },
    { "lab.yaml", &lab_top_file, true, { 0 }, NULL, NULL, "The lab" },
    { "hardware/models.yaml", &lab_models_file, true, { LAB_MODEL_SPACE }, NULL, NULL, "Hardware models" },
    { "network/switches.yaml", &lab_switches_file, true, { LAB_TARGET_SPACE }, NULL, NULL, "Switches" },
    { "network/router.yaml", &lab_router_file, false, { LAB_TARGET_SPACE }, NULL, NULL, "Routers" },
    { "hardware/nodes.yaml", &lab_nodes_file, true, { LAB_NODE_SPACE, LAB_TARGET_SPACE }, NULL, NULL, "Servers" },
    { "hardware/rack.yaml", &lab_rack_file, false, { 0 }, NULL, NULL, "The rack" },
    { "network/cabling.yaml", &lab_cabling_file, true, { 0 }, NULL, NULL, "Cabling" },
    { "network/vpn.yaml", &lab_vpn_file, false, { 0 }, NULL, NULL, "Remote access" },
    { "cluster/cluster.yaml", &lab_cluster_file, false, { 0 }, NULL, NULL, "Kubernetes" },
    { "storage/ceph.yaml", &lab_storage_file, false, { 0 }, NULL, NULL, "Ceph" },
    { "components/*.yaml", &lab_components_file, false, { LAB_COMPONENT_SPACE }, components_begin, components_end, "Components" },
    { "status.yaml", &lab_status_file, true, { 0 }, NULL, NULL, "The panel" },
    { "sites/*.yaml", &lab_site_file, true, { 0 }, NULL, NULL, "A site" },
};
// clang-format on

const struct lab_kind *lab_kind_at(size_t i)
{
    return i < QS_COUNT(kinds) ? &kinds[i] : NULL;
}

static bool matches(const char *pattern, const char *path)
{
    const char *star = strchr(pattern, '*');
    size_t head = star ? (size_t)(star - pattern) : 0, tail, len = strlen(path);

    if (!star)
        return qs_streq(pattern, path);
    tail = strlen(star + 1);
    return len > head + tail && strncmp(pattern, path, head) == 0 && qs_streq(path + len - tail, star + 1) &&
           !strchr(path + head, '/');
}

const struct lab_kind *lab_kind_of(const char *path)
{
    for (size_t i = 0; i < QS_COUNT(kinds); i++)
        if (matches(kinds[i].path, path) || qs_streq(kinds[i].path, path))
            return &kinds[i];
    return NULL;
}
