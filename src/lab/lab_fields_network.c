/* The fields of network/: what may be written, and where it goes. */
#include "lab/lab_int.h"

// clang-format off
static const char *const families[] = { "both", "v4", "v6", NULL };
static const char *const chains[] = { "input", "forward", "output", "srcnat", "dstnat", NULL };
static const char *const actions[] = { "accept", "drop", "reject", "log", "masquerade", "src-nat", "dst-nat", "redirect", NULL };
static const char *const cable_kinds[] = { "dac", "fibre", "cat6", NULL };

/* ---- vlans.yaml ---- */
static const struct lab_field vlan_fields[] = {
    { "id", LAB_U16, LAB_IN(struct qs_vlan, id), .min = 1, .max = 4094, .flags = LAB_NEEDED, .doc = "802.1Q id" },
    { "name", LAB_NAME, LAB_IN(struct qs_vlan, name), .max = 32, .flags = LAB_NEEDED | LAB_LABEL, .doc = "its name on the switches" },
    { "purpose", LAB_TEXT, LAB_IN(struct qs_vlan, purpose), .doc = "what it is for, in words" },
    { "v4", LAB_NETWORK4, LAB_IN(struct qs_vlan, v4), .doc = "its IPv4 network, where the addressing pattern of lab.yaml does not fit" },
    { "v6", LAB_NETWORK6, LAB_IN(struct qs_vlan, v6), .doc = "its IPv6 network, likewise" },
    { "gateway", LAB_NAME, LAB_IN(struct qs_vlan, gateway), .flags = LAB_NEEDED, .doc = "the device that routes it, or none" },
    { "dhcp", LAB_BOOL, LAB_IN(struct qs_vlan, dhcp), .doc = "addresses are handed out there" },
    { "colour", LAB_COLOUR, LAB_IN(struct qs_vlan, colour), .doc = "for drawings, like \"#2563eb\"" },
    { 0 }
};
static const struct lab_record vlan_row = { sizeof(struct qs_vlan), offsetof(struct qs_vlan, at), 0, vlan_fields };
static const struct lab_field vlans_fields[] = {
    { "vlans", LAB_ROWS, LAB_ARRAY(struct lab_box, lab.vlans, lab.vlan_count), .flags = LAB_NEEDED, .record = &vlan_row, .doc = "every VLAN of the lab" },
    { 0 }
};
const struct lab_record lab_vlans_file = { sizeof(struct lab_box), LAB_NO_AT, 0, vlans_fields };

/* ---- switches.yaml ---- */
static const struct lab_field switch_port_fields[] = {
    { "description", LAB_TEXT, LAB_IN(struct raw_port, description), .max = 200, .doc = "without it the port is described by its cable" },
    { "access", LAB_VLAN, LAB_IN(struct raw_port, access), .min = 1, .max = 4094, .doc = "the one VLAN, untagged" },
    { "trunk", LAB_VLANS, LAB_IN(struct raw_port, trunk), .min = 1, .max = 4094, .doc = "the VLANs that it carries" },
    { "native", LAB_VLAN, LAB_IN(struct raw_port, native), .min = 1, .max = 4094, .doc = "the one of them that is untagged" },
    { "enabled", LAB_BOOL, LAB_IN(struct raw_port, enabled), .otherwise = 1, .doc = "false: configured, and off" },
    { 0 }
};
static const struct lab_record switch_port = { sizeof(struct raw_port), offsetof(struct raw_port, at), offsetof(struct raw_port, range), switch_port_fields };
static const struct lab_field route_fields[] = {
    { "to", LAB_NETWORK, LAB_IN(struct qs_route, dest), .flags = LAB_NEEDED, .doc = "the network; 0.0.0.0/0 and ::/0 are everything" },
    { "via", LAB_IP, LAB_IN(struct qs_route, via), .flags = LAB_NEEDED, .doc = "the next router" },
    { "comment", LAB_TEXT, LAB_IN(struct qs_route, comment), .max = 100, .doc = "what it is for" },
    { 0 }
};
static const struct lab_record route_row = { sizeof(struct qs_route), offsetof(struct qs_route, at), 0, route_fields };
static const struct lab_field user_fields[] = {
    { "name", LAB_NAME, LAB_IN(struct qs_user, name), .max = 32, .flags = LAB_NEEDED | LAB_LABEL, .doc = "login name" },
    { "role", LAB_NAME, LAB_IN(struct qs_user, role), .max = 32, .flags = LAB_NEEDED, .doc = "EOS role or RouterOS group" },
    { 0 }
};
static const struct lab_record user_row = { sizeof(struct qs_user), offsetof(struct qs_user, at), 0, user_fields };

#define DEVICE_FIELDS \
    { "name", LAB_NAME, LAB_IN(struct raw_device, dev.name), .max = 32, .flags = LAB_NEEDED | LAB_LABEL, .doc = "unique among devices and nodes" }, \
    { "hostname", LAB_NAME, LAB_IN(struct raw_device, dev.hostname), .max = 63, .doc = "what the device calls itself; its name, if absent" }, \
    { "title", LAB_TEXT, LAB_IN(struct raw_device, dev.title), .max = 100, .doc = "for people: Core switch" }, \
    { "purpose", LAB_TEXT, LAB_IN(struct raw_device, dev.purpose), .doc = "what it is for, in words" }, \
    { "model", LAB_REF, LAB_IN(struct raw_device, dev.model), .space = LAB_MODEL_SPACE, .flags = LAB_NEEDED, .doc = "a model of hardware/models.yaml" }, \
    { "version", LAB_WORD, LAB_IN(struct raw_device, dev.version), .doc = "of its operating system" }, \
    { "adr", LAB_ADR, LAB_IN(struct raw_device, dev.adr), .doc = "the decision record behind it" }, \
    { "management", LAB_U16, LAB_IN(struct raw_device, management), .min = 1, .max = 9999, .flags = LAB_NEEDED, .doc = "its host number out of band" }, \
    { "host", LAB_U16, LAB_IN(struct raw_device, dev.host), .min = 1, .max = 9999, .doc = "its host number in every VLAN where it has an address" }, \
    { "routes", LAB_ROWS, LAB_ARRAY(struct raw_device, dev.routes, dev.route_count), .record = &route_row, .doc = "static routes" }, \
    { "users", LAB_ROWS, LAB_ARRAY(struct raw_device, dev.users, dev.user_count), .flags = LAB_NEEDED, .record = &user_row, .doc = "who may log in; every other account is removed" }
static const char *const switch_drivers[] = { "eos", NULL };
static const struct lab_field switch_fields[] = {
    DEVICE_FIELDS,
    { "driver", LAB_CHOICE, LAB_IN(struct raw_device, dev.driver), .words = switch_drivers, .flags = LAB_NEEDED, .doc = "how qs speaks to it" },
    { "routing", LAB_BOOL, LAB_IN(struct raw_device, dev.ip_routing), .doc = "it routes between its VLANs" },
    { "vlans", LAB_VLANS, LAB_IN(struct raw_device, dev.vlans), .min = 1, .max = 4094, .flags = LAB_NEEDED, .doc = "the VLANs that exist on it" },
    { "svis", LAB_VLANS, LAB_IN(struct raw_device, svis), .min = 1, .max = 4094, .doc = "the VLANs in which it has an address" },
    { "ports", LAB_KEYED, LAB_ARRAY(struct raw_device, ports, port_count), .flags = LAB_NEEDED, .record = &switch_port, .doc = "a port or a range of ports each; the others are off" },
    { 0 }
};
static const struct lab_record switch_row = { sizeof(struct raw_device), offsetof(struct raw_device, dev.at), 0, switch_fields };
static const struct lab_field switches_fields[] = {
    { "switches", LAB_ROWS, LAB_ARRAY(struct lab_box, switches, switch_count), .flags = LAB_NEEDED, .record = &switch_row, .doc = "every switch" },
    { 0 }
};
const struct lab_record lab_switches_file = { sizeof(struct lab_box), LAB_NO_AT, 0, switches_fields };

/* ---- router.yaml ---- */
static const struct lab_field router_port_fields[] = {
    { "description", LAB_TEXT, LAB_IN(struct raw_port, description), .max = 200, .doc = "without it the port is described by its cable" },
    { "vlan", LAB_VLAN, LAB_IN(struct raw_port, vlan), .min = 1, .max = 4094, .doc = "the VLAN whose segment it is on; its addresses follow" },
    { "v4", LAB_ADDRESS4, LAB_IN(struct raw_port, v4), .doc = "its address, on a segment that is no VLAN of the lab" },
    { "v6", LAB_ADDRESS6, LAB_IN(struct raw_port, v6), .doc = "likewise" },
    { "enabled", LAB_BOOL, LAB_IN(struct raw_port, enabled), .otherwise = 1, .doc = "false: configured, and off" },
    { 0 }
};
static const struct lab_record router_port = { sizeof(struct raw_port), offsetof(struct raw_port, at), offsetof(struct raw_port, range), router_port_fields };
static const struct lab_field list_fields[] = {
    { "addresses", LAB_ADDRESSES, LAB_IN(struct raw_list, addresses), .doc = "addresses and networks, of both families" },
    { "vlans", LAB_VLANS, LAB_IN(struct raw_list, vlans), .min = 1, .max = 4094, .doc = "VLANs whose networks are in it" },
    { 0 }
};
static const struct lab_record list_row = { sizeof(struct raw_list), offsetof(struct raw_list, at), offsetof(struct raw_list, name), list_fields };
static const struct lab_field rule_fields[] = {
    { "name", LAB_NAME, LAB_IN(struct raw_rule, rule.name), .max = 64, .flags = LAB_NEEDED | LAB_LABEL, .doc = "the row's comment on the router" },
    { "family", LAB_CHOICE, LAB_IN(struct raw_rule, family), .words = families, .preset = "both", .doc = "IPv4, IPv6 or both" },
    { "chain", LAB_CHOICE, LAB_IN(struct raw_rule, rule.chain), .words = chains, .flags = LAB_NEEDED, .doc = "what it looks at" },
    { "action", LAB_CHOICE, LAB_IN(struct raw_rule, rule.action), .words = actions, .flags = LAB_NEEDED, .doc = "what it does" },
    { "state", LAB_WORD, LAB_IN(struct raw_rule, rule.state), .doc = "connection states: \"established,related\"" },
    { "protocol", LAB_WORD, LAB_IN(struct raw_rule, rule.protocol), .doc = "tcp, udp, icmp …" },
    { "src", LAB_WORD, LAB_IN(struct raw_rule, rule.src), .doc = "source address or network" },
    { "dst", LAB_WORD, LAB_IN(struct raw_rule, rule.dst), .doc = "destination address or network" },
    { "src_list", LAB_NAME, LAB_IN(struct raw_rule, rule.src_list), .doc = "address list with the source" },
    { "dst_list", LAB_NAME, LAB_IN(struct raw_rule, rule.dst_list), .doc = "address list with the destination" },
    { "dst_port", LAB_WORD, LAB_IN(struct raw_rule, rule.dst_port), .doc = "destination ports: \"80,443\"" },
    { "in_port", LAB_WORD, LAB_IN(struct raw_rule, rule.in_port), .doc = "router port that it came in by" },
    { "out_port", LAB_WORD, LAB_IN(struct raw_rule, rule.out_port), .doc = "router port that it leaves by" },
    { "to_address", LAB_WORD, LAB_IN(struct raw_rule, rule.to_address), .doc = "NAT: the new address" },
    { "to_port", LAB_WORD, LAB_IN(struct raw_rule, rule.to_port), .doc = "NAT: the new port" },
    { "log", LAB_BOOL, LAB_IN(struct raw_rule, rule.log), .doc = "say so in the router's log" },
    { 0 }
};
static const struct lab_record rule_row = { sizeof(struct raw_rule), offsetof(struct raw_rule, rule.at), 0, rule_fields };
static const struct lab_field service_fields[] = {
    { "enabled", LAB_BOOL, LAB_IN(struct qs_service, enabled), .otherwise = 1, .doc = "false: off" },
    { "port", LAB_U16, LAB_IN(struct qs_service, port), .min = 1, .max = 65535, .doc = "when it is not the usual one" },
    { "from", LAB_ADDRESSES, LAB_IN(struct qs_service, from), .doc = "who may connect; absent: anybody" },
    { 0 }
};
static const struct lab_record service_row = { sizeof(struct qs_service), offsetof(struct qs_service, at), offsetof(struct qs_service, name), service_fields };
static const char *const router_drivers[] = { "routeros", NULL };
static const struct lab_field router_fields[] = {
    DEVICE_FIELDS,
    { "driver", LAB_CHOICE, LAB_IN(struct raw_device, dev.driver), .words = router_drivers, .flags = LAB_NEEDED, .doc = "how qs speaks to it" },
    { "wan", LAB_WORD, LAB_IN(struct raw_device, dev.wan_port), .doc = "the port to the provider" },
    { "ports", LAB_KEYED, LAB_ARRAY(struct raw_device, ports, port_count), .flags = LAB_NEEDED, .record = &router_port, .doc = "its ports; the others are off" },
    { "address_lists", LAB_KEYED, LAB_ARRAY(struct raw_device, lists, list_count), .record = &list_row, .doc = "named sets of addresses" },
    { "filter", LAB_ROWS, LAB_ARRAY(struct raw_device, filter, filter_count), .record = &rule_row, .doc = "firewall rows, from top to bottom" },
    { "nat", LAB_ROWS, LAB_ARRAY(struct raw_device, nat, nat_count), .record = &rule_row, .doc = "NAT rows, from top to bottom" },
    { "services", LAB_KEYED, LAB_ARRAY(struct raw_device, dev.services, dev.service_count), .record = &service_row, .doc = "what the router answers to" },
    { 0 }
};
static const struct lab_record router_row = { sizeof(struct raw_device), offsetof(struct raw_device, dev.at), 0, router_fields };
static const struct lab_field router_file_fields[] = {
    { "routers", LAB_ROWS, LAB_ARRAY(struct lab_box, routers, router_count), .flags = LAB_NEEDED, .record = &router_row, .doc = "every router" },
    { 0 }
};
const struct lab_record lab_router_file = { sizeof(struct lab_box), LAB_NO_AT, 0, router_file_fields };

/* ---- cabling.yaml ---- */
static const struct lab_field cable_fields[] = {
    { "from", LAB_TEXT, LAB_IN(struct raw_cable, from), .max = 100, .flags = LAB_NEEDED | LAB_LABEL, .doc = "NAME PORT, NAME bmc, or a name of `outside`" },
    { "to", LAB_TEXT, LAB_IN(struct raw_cable, to), .max = 100, .flags = LAB_NEEDED, .doc = "likewise" },
    { "kind", LAB_CHOICE, LAB_IN(struct raw_cable, kind), .words = cable_kinds, .doc = "what it is made of" },
    { 0 }
};
static const struct lab_record cable_row = { sizeof(struct raw_cable), offsetof(struct raw_cable, at), 0, cable_fields };
static const struct lab_field outside_fields[] = {
    { "text", LAB_TEXT, LAB_IN(struct raw_outside, text), .doc = "what it is" },
    { 0 }
};
static const struct lab_record outside_row = { sizeof(struct raw_outside), offsetof(struct raw_outside, at), offsetof(struct raw_outside, name), outside_fields };
static const struct lab_field cabling_fields[] = {
    { "outside", LAB_PAIRS, LAB_ARRAY(struct lab_box, outside, outside_count), .record = &outside_row, .doc = "ends of cables that are not ours: name and what it is" },
    { "cables", LAB_ROWS, LAB_ARRAY(struct lab_box, cables, cable_count), .flags = LAB_NEEDED, .record = &cable_row, .doc = "every cable" },
    { 0 }
};
const struct lab_record lab_cabling_file = { sizeof(struct lab_box), LAB_NO_AT, 0, cabling_fields };

/* ---- vpn.yaml ---- */
static const struct lab_field peer_fields[] = {
    { "person", LAB_NAME, LAB_IN(struct qs_vpn_peer, person), .max = 40, .flags = LAB_NEEDED | LAB_LABEL, .doc = "whose it is" },
    { "device", LAB_NAME, LAB_IN(struct qs_vpn_peer, device), .max = 40, .flags = LAB_NEEDED, .doc = "which of that person's" },
    { "public_key", LAB_KEY, LAB_IN(struct qs_vpn_peer, public_key), .flags = LAB_NEEDED, .doc = "what `wg pubkey` prints" },
    { "address", LAB_IP4, LAB_IN(struct qs_vpn_peer, v4), .flags = LAB_NEEDED, .doc = "its address inside" },
    { 0 }
};
static const struct lab_record peer_row = { sizeof(struct qs_vpn_peer), offsetof(struct qs_vpn_peer, at), 0, peer_fields };
static const struct lab_field vpn_fields[] = {
    { "subnet", LAB_NETWORK4, LAB_IN(struct lab_box, lab.vpn_v4), .flags = LAB_NEEDED, .doc = "the network of the peers" },
    { "port", LAB_U16, LAB_IN(struct lab_box, lab.vpn_port), .min = 1, .max = 65535, .otherwise = 51820, .doc = "UDP port on the router" },
    { "peers", LAB_ROWS, LAB_ARRAY(struct lab_box, lab.vpn, lab.vpn_count), .record = &peer_row, .doc = "who may come in" },
    { 0 }
};
static const struct lab_record vpn_record = { sizeof(struct lab_box), offsetof(struct lab_box, vpn_at), 0, vpn_fields };
static const struct lab_field vpn_file_fields[] = {
    { "vpn", LAB_RECORD, LAB_IN(struct lab_box, lab), .flags = LAB_NEEDED, .record = &vpn_record, .doc = "remote access" },
    { 0 }
};
const struct lab_record lab_vpn_file = { sizeof(struct lab_box), LAB_NO_AT, 0, vpn_file_fields };
// clang-format on
