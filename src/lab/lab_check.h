/* lab_check: the checks by layer, and what they share. The one list of them is in lab_check.c. */
#pragma once

#include "lab/lab_int.h"

/* ---- how messages call things: "switches[0] 'core'"; the text lives as long as the lab ---- */
const char *lab_call_device(struct lab_box *box, const struct qs_device *dev);
const char *lab_call_node(struct lab_box *box, const struct qs_node *node);
const char *lab_call_vlan(struct lab_box *box, const struct qs_vlan *vlan);
const char *lab_call_cable(struct lab_box *box, const struct qs_cable *cable);
const char *lab_call_component(struct lab_box *box, const struct qs_component *c);
const char *lab_call_signal(struct lab_box *box, const struct qs_signal *s);

const struct qs_nic *lab_nic(const struct qs_node *node, const char *name);
bool lab_has_vlan(const struct qs_u16s *list, uint16_t id);
bool lab_has_word(const struct qs_strs *list, const char *word);

/* ---- what one end of a cable speaks ---- */
enum lab_end_kind { LAB_END_OTHER, LAB_END_SWITCH, LAB_END_ROUTER, LAB_END_NIC, LAB_END_BMC };
struct lab_end {
    enum lab_end_kind kind;
    const struct qs_device *dev;
    const struct qs_node *node;
    const struct qs_port *port;
    uint16_t untagged;             /* 0: nothing untagged */
    const struct qs_u16s *carries; /* tagged, and the untagged one again; NULL: nothing tagged */
};
/* Both ends of cable `i`: [0] is a, [1] is b. */
const struct lab_end *lab_ends(struct lab_box *box, size_t i);
bool lab_end_carries(const struct lab_end *end, uint16_t vlan);
const char *lab_call_end(struct lab_box *box, const struct qs_cable_end *end); /* "leaf Ethernet49/1" */

/* ---- names and numbers ---- */
void lab_check_vlan_ids(struct lab_box *box);
void lab_check_names(struct lab_box *box);
void lab_check_addresses(struct lab_box *box);
void lab_check_macs(struct lab_box *box);
void lab_check_subnets(struct lab_box *box);
void lab_check_in_subnet(struct lab_box *box);
void lab_check_gateways(struct lab_box *box);
/* ---- ports and cables ---- */
void lab_check_ports(struct lab_box *box);
void lab_check_switch_vlans(struct lab_box *box);
void lab_check_cables(struct lab_box *box);
void lab_check_native(struct lab_box *box);
void lab_check_trunks(struct lab_box *box);
void lab_check_paths(struct lab_box *box);
void lab_check_bmcs(struct lab_box *box);
void lab_check_rack(struct lab_box *box);
/* ---- the way in ---- */
void lab_check_rules(struct lab_box *box);
void lab_check_management(struct lab_box *box);
/* ---- platform ---- */
void lab_check_etcd(struct lab_box *box);
void lab_check_osds(struct lab_box *box);
void lab_check_depends(struct lab_box *box);
void lab_check_adrs(struct lab_box *box);
void lab_check_checks(struct lab_box *box);
void lab_check_targets(struct lab_box *box);
