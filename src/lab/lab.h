/*
 * lab: the model. Loads lab/ (YAML), checks it inside each file and across layers, and gives one read-only tree.
 * Nothing outside this room reads lab files. Blocking: file reads only. Pure otherwise: loading the same folder gives
 * the same model. Everything belongs to the lab and lives until qs_lab_free().
 *
 * Every array is `items, count`; every named thing has a unique name within its kind; `at` is where it was declared.
 */
#pragma once

#include <stdint.h>

#include "base/ip.h"
#include "base/cleanup.h"
#include "base/err.h"

struct qs_at {
    const char *file; /* relative to the lab folder's parent: "lab/network/vlans.yaml" */
    uint32_t line, col;
};
struct qs_strs { /* a list of words */
    char **items;
    size_t count;
};
struct qs_u16s {
    uint16_t *items;
    size_t count;
};

/* ---- network ---- */
struct qs_vlan {
    struct qs_at at;
    uint16_t id;
    char *name, *purpose;
    struct qs_prefix v4, v6; /* networks; family 0 when absent */
    char *gateway;           /* device that routes this VLAN (host 1), NULL: not routed */
    char *colour;            /* "#rrggbb" for drawings */
    bool dhcp;
};
struct qs_vlan_addr { /* an SVI, or a host in a VLAN */
    struct qs_at at;
    uint16_t vlan;
    struct qs_prefix v4, v6;
};
enum qs_port_mode { QS_PORT_UNUSED, QS_PORT_ACCESS, QS_PORT_TRUNK, QS_PORT_ROUTED };
struct qs_port { /* a switch or router port with intent; ports without intent are off and unused */
    struct qs_at at;
    char *name, *description;
    enum qs_port_mode mode;
    uint16_t access, native; /* native 0: no untagged VLAN other than the default 1. Router port: access is the VLAN
                                  whose segment it is on (v4 and v6 follow from it), 0 for a segment of its own */
    struct qs_u16s allowed;  /* trunk */
    struct qs_prefix v4, v6; /* routed, router ports, management port */
    bool enabled;
};
struct qs_route {
    struct qs_at at;
    struct qs_prefix dest;
    struct qs_ip via;
    char *comment;
};
struct qs_user {
    struct qs_at at;
    char *name, *role; /* EOS role or RouterOS group */
};
struct qs_rule { /* one row of a router's ordered filter or NAT table; texts as RouterOS names them, NULL: not given */
    struct qs_at at;
    char *name; /* unique in its table and family; becomes the comment, by which qs knows its rows. A row of the file
                   for both families is two rows here ("icmp" reads "icmpv6" in the second) */
    char *chain, *action;
    char *protocol, *src, *dst, *src_list, *dst_list, *dst_port, *in_port, *out_port,
        *state; /* state: "established,related" */
    char *to_address, *to_port;
    bool v6; /* the row belongs to the IPv6 table */
    bool log;
};
struct qs_address_list {
    struct qs_at at;
    char *name;
    struct qs_strs entries; /* addresses or prefixes, v4 or v6 */
};
struct qs_service { /* a router service: api-ssl, ssh, www … */
    struct qs_at at;
    char *name;
    bool enabled;
    uint16_t port;       /* 0: default */
    struct qs_strs from; /* prefixes that may connect; empty: any */
};

enum qs_device_kind { QS_DEVICE_SWITCH, QS_DEVICE_ROUTER };
struct qs_device {
    struct qs_at at;
    char *name, *hostname, *title, *purpose; /* title: "Core switch" */
    enum qs_device_kind kind;
    char *driver; /* "eos", "routeros" */
    char *model, *version;
    struct qs_model *hw;
    uint16_t host; /* number in addresses: host part in every VLAN where the device has one */
    char *management_port;
    struct qs_prefix management_v4, management_v6;
    bool ip_routing;
    struct qs_port *ports;
    size_t port_count;
    struct qs_vlan_addr *svis; /* switch */
    size_t svi_count;
    struct qs_route *routes;
    size_t route_count;
    struct qs_user *users;
    size_t user_count;
    struct qs_rule *filter, *nat; /* router, in order */
    size_t filter_count, nat_count;
    struct qs_address_list *lists;
    size_t list_count;
    struct qs_service *services;
    size_t service_count;
    char *wan_port;       /* router: the port to the provider, NULL for none */
    struct qs_u16s vlans; /* switch: VLANs that exist on it */
    char *adr;
    /* from the site */
    char *engine;  /* "twin" (emulated), "external", or "none": not at this site */
    char *address; /* where qs reaches it; the management address without length unless the site overrides it */
    uint16_t port;
    unsigned commit_timer_s;
};
struct qs_cable_end {
    char *device, *port; /* a device, a node, "NAME.bmc" with port "bmc", or an outside name ("wan") with port "" */
};
struct qs_cable {
    struct qs_at at;
    struct qs_cable_end a, b;
    char *kind; /* "dac", "fibre", "cat6", NULL */
};

/* ---- hardware ---- */
struct qs_model_ports {
    char *prefix, *suffix; /* "Ethernet", "/1" */
    uint16_t first, last;
    uint32_t speed_mbit;
};
struct qs_model {
    struct qs_at at;
    char *name, *vendor;
    uint8_t height; /* rack units */
    struct qs_model_ports *groups;
    size_t group_count;
    char *management_port;
};
struct qs_rack_slot {
    struct qs_at at;
    uint8_t unit, height; /* lowest unit, counted from 1 at the bottom */
    char *holds;          /* device or node name, or free text for panels */
    char *label;
};
struct qs_nic {
    struct qs_at at;
    char *name;
    uint8_t mac[6];
    uint16_t native; /* untagged VLAN, 0: none */
    struct qs_u16s tagged;
};
struct qs_node {
    struct qs_at at;
    char *name, *model, *purpose;
    struct qs_model *hw;
    uint16_t host;        /* the host number in every VLAN */
    struct qs_strs roles; /* control-plane, worker, osd, gpu, platform, provisioning */
    struct qs_nic *nics;
    size_t nic_count;
    struct qs_vlan_addr *addrs; /* computed: one for each VLAN of its NICs */
    size_t addr_count;
    uint16_t gateway_vlan; /* whose gateway is the default route; 0: none */
    bool has_bmc;
    uint8_t bmc_mac[6];
    struct qs_prefix bmc_v4; /* in the admin VLAN */
    unsigned disks;          /* data disks for OSDs */
    unsigned memory_gib, cores;
    char *gpu;    /* NULL: none */
    char *engine; /* "twin", "external", "none", "self" (qs itself runs there: the provisioning host) */
};

/* ---- platform ---- */
struct qs_vpn_peer {
    struct qs_at at;
    char *person, *device, *public_key;
    struct qs_prefix v4;
};
struct qs_check { /* how a component or a signal is known to work */
    struct qs_at at;
    char *name;
    char *kind;   /* http tcp tls dns icmp ssh process converge role wan */
    char *target; /* URL; host:port; "device:core" (its management address, the port of its API); "node:cp1" (its
                      address in the VLAN of its gateway); "nodes:worker" (each node of that role at this site); role, process: the role's name. wan: the node that asks, and
                      conditions look at what the site's upstream answers */
    struct qs_strs conditions; /* "[STATUS] == 200", "[RESPONSE_TIME] < 500", "[BODY].a == b", "[CERTIFICATE] > 7d" */
    uint64_t interval_ms, timeout_ms;
    struct qs_strs expect; /* kind-specific words */
};
struct qs_component {
    struct qs_at at;
    uint16_t number;
    char *name, *group, *role, *runs, *version; /* runs: engine on this site ("qs llm", "Ceph"); version may be NULL */
    char *state;                                /* on this site: "built", "pending" */
    char *enable; /* pending: what would enable it ("--with storage", "not built yet: issue") */
    struct qs_strs depends_on;
    struct qs_check *checks;
    size_t check_count;
    char *backup; /* policy in words: "none: stateless", "daily, 30 days" */
    char *adr;
};
struct qs_signal { /* one line of the panel */
    struct qs_at at;
    char *name, *title, *group;
    struct qs_strs components; /* rows it stands for */
    struct qs_check *checks;   /* all must pass; none: pending */
    size_t check_count;
    char *pending; /* why it is pending on this site, NULL when it has checks */
    bool twin;     /* the check talks to something emulated */
};
struct qs_group {
    struct qs_at at;
    char *name, *title;
};
struct qs_cluster {
    struct qs_at at;
    struct qs_prefix pods, services, pods6, services6;
    char *version;
    struct qs_strs control_plane, workers; /* node names */
    struct qs_strs etcd;
};
struct qs_storage {
    struct qs_at at;
    unsigned replicas;
    uint16_t public_vlan, cluster_vlan;
    struct qs_strs osd_hosts, capable_hosts;
};
struct qs_text_pair {
    char *title, *text;
};
struct qs_notify {
    struct qs_at at;
    char *kind; /* webhook, smtp */
    char *url, *to, *from;
    unsigned failures, successes; /* thresholds */
};

struct qs_maintenance { /* signals are quiet from `from` until `until` (RFC 3339, UTC) */
    struct qs_at at;
    char *name, *from, *until;
    struct qs_strs signals; /* none: all */
};

struct qs_lab {
    char *folder, *name, *title, *description, *location, *domain;
    struct qs_text_pair *rules; /* the house rules, for /lab */
    size_t rule_count;
    struct qs_strs dns, ntp;
    uint16_t admin_vlan;                                     /* BMCs live here */
    struct qs_prefix management_v4, management_v6;           /* the out-of-band segment of management ports */
    struct qs_prefix management_self_v4, management_self_v6; /* qs itself on it */
    uint8_t rack_units;
    struct qs_vlan *vlans;
    size_t vlan_count;
    struct qs_model *models;
    size_t model_count;
    struct qs_rack_slot *slots;
    size_t slot_count;
    struct qs_device *devices;
    size_t device_count;
    struct qs_node *nodes;
    size_t node_count;
    struct qs_cable *cables;
    size_t cable_count;
    struct qs_prefix vpn_v4;
    uint16_t vpn_port;
    struct qs_vpn_peer *vpn;
    size_t vpn_count;
    struct qs_cluster cluster;
    struct qs_storage storage;
    struct qs_group *groups;
    size_t group_count;
    struct qs_signal *signals;
    size_t signal_count;
    struct qs_component *components;
    size_t component_count;
    struct qs_notify *notify;
    size_t notify_count;
    struct qs_maintenance *maintenance;
    size_t maintenance_count;
    struct qs_text_pair *outside;
    size_t outside_count;        /* names that cables may end at, and what they are */
    struct {                     /* the emulated provider of site twin; name NULL: none */
        struct qs_prefix v4, v6; /* its address on the WAN segment */
        char *name;
    } upstream;
    char *site, *site_kind; /* "twin", "rack", "cloud" */
    char *site_title;
};

/* What is wrong with a lab: up to QS_PROBLEMS_MAX, in file order. */
#define QS_PROBLEMS_MAX 20
struct qs_problem {
    struct qs_at at;
    char text[384], hint[192];
};
struct qs_problems { /* not to be copied: items[].at.file may point into files */
    struct qs_problem items[QS_PROBLEMS_MAX];
    size_t count, more; /* more: found beyond the cap */
    char files[QS_PROBLEMS_MAX + 1][160];
};

/* Loads and checks `folder` (the one that holds lab.yaml) for `site`. On INVALID the problems say everything and
 * *ret is untouched; other codes (NOTFOUND, IO) are about the folder itself. */
enum qs_code qs_lab_load(const char *folder, const char *site, struct qs_lab **ret, struct qs_problems *problems,
                         struct qs_err *err) QS_MUST_CHECK;
/* The names of the sites that `folder` describes, sorted, NULL-terminated; free with qs_fs_names_free(). */
enum qs_code qs_lab_sites(const char *folder, char ***ret_names, struct qs_err *err) QS_MUST_CHECK;
void qs_lab_free(struct qs_lab *lab); /* accepts NULL */
QS_DEFINE_AUTO(lab, struct qs_lab *, qs_lab_free)

const struct qs_vlan *qs_lab_vlan(const struct qs_lab *lab, uint16_t id);
const struct qs_device *qs_lab_device(const struct qs_lab *lab, const char *name);
const struct qs_node *qs_lab_node(const struct qs_lab *lab, const char *name);
const struct qs_port *qs_device_port(const struct qs_device *dev, const char *name); /* with intent */
bool qs_model_has_port(const struct qs_model *m, const char *port);
/* The cable at this end, or NULL; *ret_far is the other end. */
const struct qs_cable *qs_lab_cable(const struct qs_lab *lab, const char *device, const char *port,
                                    const struct qs_cable_end **ret_far);
/* The node's address in a VLAN, or NULL. */
const struct qs_vlan_addr *qs_node_addr(const struct qs_node *node, uint16_t vlan);
bool qs_node_has_role(const struct qs_node *node, const char *role);
/* Hex SHA-256 over the bytes of every lab file, in path order: what a plan was made from. */
enum qs_code qs_lab_hash(const char *folder, char hex[65], struct qs_err *err) QS_MUST_CHECK;

/* JSON Schema (2020-12) of a lab file by its path inside lab/ ("network/vlans.yaml"); NULL: no such file kind.
 * qs_lab_schema_name(i) lists the kinds. Generated from the tables that the loader itself uses. */
struct qs_val;
struct qs_val *qs_lab_schema(const char *kind);
const char *qs_lab_schema_name(size_t i);
/* Writes a small starting lab into an empty or missing folder. */
enum qs_code qs_lab_init(const char *folder, struct qs_err *err) QS_MUST_CHECK;
