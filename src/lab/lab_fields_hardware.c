/* The fields of lab.yaml, hardware/, cluster/ and storage/. */
#include "lab/lab_int.h"

// clang-format off

/* ---- lab.yaml ---- */
static const struct lab_field rule_fields[] = {
    { "title", LAB_TEXT, LAB_IN(struct qs_text_pair, title), .max = 100, .flags = LAB_NEEDED | LAB_LABEL, .doc = "the rule in short" },
    { "text", LAB_TEXT, LAB_IN(struct qs_text_pair, text), .flags = LAB_NEEDED, .doc = "the rule" },
    { 0 }
};
static const struct lab_record rule_row = { sizeof(struct qs_text_pair), LAB_NO_AT, 0, rule_fields };
static const struct lab_field scheme_fields[] = {
    { "v4", LAB_WORD, LAB_IN(struct raw_scheme, v4), .doc = "pattern like 10.0.VLAN.HOST/24" },
    { "v6", LAB_WORD, LAB_IN(struct raw_scheme, v6), .doc = "pattern like fd00:0:0:VLAN::HOST/64" },
    { "admin_vlan", LAB_VLAN, LAB_IN(struct raw_scheme, admin_vlan), .min = 1, .max = 4094, .flags = LAB_NEEDED, .doc = "where BMCs live" },
    { 0 }
};
static const struct lab_record scheme_record = { sizeof(struct raw_scheme), offsetof(struct raw_scheme, at), 0, scheme_fields };
static const struct lab_field management_fields[] = {
    { "v4", LAB_NETWORK4, LAB_IN(struct raw_management, v4), .flags = LAB_NEEDED, .doc = "the network of the management ports" },
    { "v6", LAB_NETWORK6, LAB_IN(struct raw_management, v6), .doc = "likewise" },
    { "self", LAB_U16, LAB_IN(struct raw_management, self), .min = 1, .max = 9999, .flags = LAB_NEEDED, .doc = "host number of qs on it" },
    { 0 }
};
static const struct lab_record management_record = { sizeof(struct raw_management), offsetof(struct raw_management, at), 0, management_fields };
static const struct lab_field top_fields[] = {
    { "name", LAB_NAME, LAB_IN(struct lab_box, lab.name), .max = 40, .flags = LAB_NEEDED, .doc = "one word for the lab" },
    { "title", LAB_TEXT, LAB_IN(struct lab_box, lab.title), .max = 100, .flags = LAB_NEEDED, .doc = "for people" },
    { "description", LAB_TEXT, LAB_IN(struct lab_box, lab.description), .doc = "what it is, in a few sentences" },
    { "location", LAB_TEXT, LAB_IN(struct lab_box, lab.location), .max = 200, .doc = "where it stands" },
    { "domain", LAB_NAME, LAB_IN(struct lab_box, lab.domain), .max = 200, .doc = "its DNS domain" },
    { "rules", LAB_ROWS, LAB_ARRAY(struct lab_box, lab.rules, lab.rule_count), .record = &rule_row, .doc = "the rules of the house" },
    { "dns", LAB_ADDRESSES, LAB_IN(struct lab_box, lab.dns), .doc = "resolvers" },
    { "ntp", LAB_WORDS, LAB_IN(struct lab_box, lab.ntp), .doc = "time servers" },
    { "addressing", LAB_RECORD, LAB_IN(struct lab_box, scheme), .flags = LAB_NEEDED, .record = &scheme_record, .doc = "how addresses follow from VLAN and host number" },
    { "management", LAB_RECORD, LAB_IN(struct lab_box, management), .flags = LAB_NEEDED, .record = &management_record, .doc = "the out-of-band network" },
    { 0 }
};
const struct lab_record lab_top_file = { sizeof(struct lab_box), LAB_NO_AT, 0, top_fields };

/* ---- hardware/models.yaml ---- */
static const struct lab_field model_port_fields[] = {
    { "range", LAB_WORD, LAB_IN(struct raw_model_ports, range), .max = 40, .flags = LAB_NEEDED, .doc = "Ethernet1-48, Ethernet49-52/1, ether1-4" },
    { "speed", LAB_SPEED, LAB_IN(struct raw_model_ports, speed_mbit), .flags = LAB_NEEDED, .doc = "1G, 10G, 40G …" },
    { 0 }
};
static const struct lab_record model_port_row = { sizeof(struct raw_model_ports), offsetof(struct raw_model_ports, at), 0, model_port_fields };
static const struct lab_field model_fields[] = {
    { "name", LAB_WORD, LAB_IN(struct raw_model, model.name), .max = 64, .flags = LAB_NEEDED | LAB_LABEL, .doc = "as the maker calls it" },
    { "vendor", LAB_TEXT, LAB_IN(struct raw_model, model.vendor), .max = 64, .doc = "the maker" },
    { "height", LAB_U8, LAB_IN(struct raw_model, model.height), .min = 1, .max = 60, .otherwise = 1, .doc = "rack units" },
    { "ports", LAB_ROWS, LAB_ARRAY(struct raw_model, ports, port_count), .record = &model_port_row, .doc = "switched or routed ports" },
    { "management", LAB_WORD, LAB_IN(struct raw_model, model.management_port), .max = 40, .doc = "the management port" },
    { 0 }
};
static const struct lab_record model_row = { sizeof(struct raw_model), offsetof(struct raw_model, model.at), 0, model_fields };
static const struct lab_field models_fields[] = {
    { "models", LAB_ROWS, LAB_ARRAY(struct lab_box, models, model_count), .flags = LAB_NEEDED, .record = &model_row, .doc = "every model in the rack" },
    { 0 }
};
const struct lab_record lab_models_file = { sizeof(struct lab_box), LAB_NO_AT, 0, models_fields };

/* ---- hardware/rack.yaml ---- */
static const struct lab_field slot_fields[] = {
    { "unit", LAB_U8, LAB_IN(struct qs_rack_slot, unit), .min = 1, .max = 60, .flags = LAB_NEEDED, .doc = "the lowest unit that it takes" },
    { "height", LAB_U8, LAB_IN(struct qs_rack_slot, height), .min = 1, .max = 60, .doc = "units, where no model says it" },
    { "holds", LAB_REF, LAB_IN(struct qs_rack_slot, holds), .space = LAB_TARGET_SPACE, .flags = LAB_LABEL, .doc = "a device or node" },
    { "label", LAB_TEXT, LAB_IN(struct qs_rack_slot, label), .max = 100, .doc = "or what else it is" },
    { 0 }
};
static const struct lab_record slot_row = { sizeof(struct qs_rack_slot), offsetof(struct qs_rack_slot, at), 0, slot_fields };
static const struct lab_field rack_fields[] = {
    { "units", LAB_U8, LAB_IN(struct lab_box, lab.rack_units), .min = 1, .max = 60, .flags = LAB_NEEDED, .doc = "how high the rack is" },
    { "slots", LAB_ROWS, LAB_ARRAY(struct lab_box, lab.slots, lab.slot_count), .flags = LAB_NEEDED, .record = &slot_row, .doc = "what is where" },
    { 0 }
};
const struct lab_record lab_rack_file = { sizeof(struct lab_box), LAB_NO_AT, 0, rack_fields };

/* ---- hardware/nodes.yaml ---- */
static const char *const node_roles[] = { "control-plane", "worker", "osd", "gpu", "platform", "provisioning", NULL };
static const struct lab_field nic_fields[] = {
    { "name", LAB_NAME, LAB_IN(struct qs_nic, name), .max = 15, .flags = LAB_NEEDED | LAB_LABEL, .doc = "as cabling.yaml calls it" },
    { "mac", LAB_MAC, LAB_IN(struct qs_nic, mac), .flags = LAB_NEEDED, .doc = "in quotes" },
    { "native", LAB_VLAN, LAB_IN(struct qs_nic, native), .min = 1, .max = 4094, .doc = "the VLAN that it speaks untagged" },
    { "tagged", LAB_VLANS, LAB_IN(struct qs_nic, tagged), .min = 1, .max = 4094, .doc = "VLANs that it speaks with their tag" },
    { 0 }
};
static const struct lab_record nic_row = { sizeof(struct qs_nic), offsetof(struct qs_nic, at), 0, nic_fields };
static const struct lab_field bmc_fields[] = {
    { "host", LAB_U16, LAB_IN(struct raw_bmc, host), .min = 1, .max = 9999, .flags = LAB_NEEDED, .doc = "host number in the admin VLAN" },
    { "mac", LAB_MAC, LAB_IN(struct raw_bmc, mac), .flags = LAB_NEEDED, .doc = "in quotes" },
    { 0 }
};
static const struct lab_record bmc_record = { sizeof(struct raw_bmc), offsetof(struct raw_bmc, at), 0, bmc_fields };
static const struct lab_field node_fields[] = {
    { "name", LAB_NAME, LAB_IN(struct raw_node, node.name), .max = 32, .flags = LAB_NEEDED | LAB_LABEL, .doc = "unique among devices and nodes" },
    { "model", LAB_REF, LAB_IN(struct raw_node, node.model), .space = LAB_MODEL_SPACE, .flags = LAB_NEEDED, .doc = "a model of models.yaml" },
    { "purpose", LAB_TEXT, LAB_IN(struct raw_node, node.purpose), .doc = "what it is for, in words" },
    { "host", LAB_U16, LAB_IN(struct raw_node, node.host), .min = 1, .max = 9999, .flags = LAB_NEEDED, .doc = "its host number in every VLAN" },
    { "roles", LAB_WORDS, LAB_IN(struct raw_node, node.roles), .words = node_roles, .flags = LAB_NEEDED, .doc = "what it does in the cluster" },
    { "cores", LAB_U32, LAB_IN(struct raw_node, node.cores), .min = 1, .max = 4096, .doc = "processor cores" },
    { "memory_gib", LAB_U32, LAB_IN(struct raw_node, node.memory_gib), .min = 1, .max = 65536, .doc = "memory" },
    { "disks", LAB_U32, LAB_IN(struct raw_node, node.disks), .min = 0, .max = 256, .doc = "data disks for Ceph" },
    { "gpu", LAB_TEXT, LAB_IN(struct raw_node, node.gpu), .max = 100, .doc = "its GPU" },
    { "gateway_vlan", LAB_VLAN, LAB_IN(struct raw_node, node.gateway_vlan), .min = 1, .max = 4094, .doc = "the VLAN of its default route" },
    { "nics", LAB_ROWS, LAB_ARRAY(struct raw_node, node.nics, node.nic_count), .flags = LAB_NEEDED, .record = &nic_row, .doc = "its network ports" },
    { "bmc", LAB_RECORD, LAB_IN(struct raw_node, bmc), .record = &bmc_record, .doc = "its management controller" },
    { 0 }
};
static const struct lab_record node_row = { sizeof(struct raw_node), offsetof(struct raw_node, node.at), 0, node_fields };
static const struct lab_field nodes_fields[] = {
    { "nodes", LAB_ROWS, LAB_ARRAY(struct lab_box, nodes, node_count), .flags = LAB_NEEDED, .record = &node_row, .doc = "every server" },
    { 0 }
};
const struct lab_record lab_nodes_file = { sizeof(struct lab_box), LAB_NO_AT, 0, nodes_fields };

/* ---- cluster/cluster.yaml ---- */
static const struct lab_field cluster_fields[] = {
    { "version", LAB_WORD, LAB_IN(struct lab_box, lab.cluster.version), .doc = "Kubernetes release line, in quotes" },
    { "pods", LAB_NETWORK4, LAB_IN(struct lab_box, lab.cluster.pods), .flags = LAB_NEEDED, .doc = "pod addresses" },
    { "services", LAB_NETWORK4, LAB_IN(struct lab_box, lab.cluster.services), .flags = LAB_NEEDED, .doc = "service addresses" },
    { "pods6", LAB_NETWORK6, LAB_IN(struct lab_box, lab.cluster.pods6), .doc = "pod addresses, IPv6" },
    { "services6", LAB_NETWORK6, LAB_IN(struct lab_box, lab.cluster.services6), .doc = "service addresses, IPv6" },
    { "control_plane", LAB_REFS, LAB_IN(struct lab_box, lab.cluster.control_plane), .space = LAB_NODE_SPACE, .flags = LAB_NEEDED, .doc = "nodes of the control plane" },
    { "etcd", LAB_REFS, LAB_IN(struct lab_box, lab.cluster.etcd), .space = LAB_NODE_SPACE, .flags = LAB_NEEDED, .doc = "nodes with an etcd member: an odd number" },
    { "workers", LAB_REFS, LAB_IN(struct lab_box, lab.cluster.workers), .space = LAB_NODE_SPACE, .doc = "nodes for workloads" },
    { 0 }
};
const struct lab_record lab_cluster_file = { sizeof(struct lab_box), offsetof(struct lab_box, lab.cluster.at), 0, cluster_fields };

/* ---- storage/ceph.yaml ---- */
static const struct lab_field storage_fields[] = {
    { "replicas", LAB_U32, LAB_IN(struct lab_box, lab.storage.replicas), .min = 1, .max = 9, .flags = LAB_NEEDED, .doc = "copies, each on another host" },
    { "public_vlan", LAB_VLAN, LAB_IN(struct lab_box, lab.storage.public_vlan), .min = 1, .max = 4094, .flags = LAB_NEEDED, .doc = "clients to storage" },
    { "cluster_vlan", LAB_VLAN, LAB_IN(struct lab_box, lab.storage.cluster_vlan), .min = 1, .max = 4094, .flags = LAB_NEEDED, .doc = "replication" },
    { "osd_hosts", LAB_REFS, LAB_IN(struct lab_box, lab.storage.osd_hosts), .space = LAB_NODE_SPACE, .flags = LAB_NEEDED, .doc = "nodes that hold OSDs now" },
    { 0 }
};
const struct lab_record lab_storage_file = { sizeof(struct lab_box), offsetof(struct lab_box, lab.storage.at), 0, storage_fields };
// clang-format on
