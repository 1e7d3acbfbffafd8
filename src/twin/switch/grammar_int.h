/* twin/switch/grammar, inside: what a row of the command table does. */
#pragma once

#include "twin/switch/grammar.h"
#include "twin/switch/pattern.h"

enum sw_verb { SET = 1, NO = 2, DEF = 4, UNSET = NO | DEF, BOTH = SET | UNSET };

struct sw_call { /* one command being carried out */
    struct qs_sw_cursor *at;
    struct qs_sw_config *c;
    struct qs_sw_intf *intf; /* of mode INTF */
    const struct qs_sw_arg *a;
    const char *input;
    enum sw_verb verb;
};
typedef enum qs_code sw_effect_fn(struct sw_call *k, struct qs_err *err);

void sw_set_text(char **slot, const char *text); /* a copy; NULL clears the slot */
/* REFUSED: the device holds no more than `most` of these. */
enum qs_code sw_refuse_count(struct qs_err *err, const char *what, int most);

/* effects.c: the device as a whole, accounts, VLANs, the API */
sw_effect_fn sw_do_hostname, sw_do_domain, sw_do_name_server, sw_do_ntp, sw_do_logging, sw_do_stp, sw_do_banner,
    sw_do_ip_routing, sw_do_ipv6_routing, sw_do_route, sw_do_secret_hash, sw_do_secret_plain, sw_do_secret_untyped,
    sw_do_nopassword, sw_do_ssh_key, sw_do_no_user, sw_do_vlan, sw_do_vlan_name, sw_do_vlan_state, sw_do_api,
    sw_do_api_shutdown, sw_do_api_https, sw_do_api_port, sw_do_api_no_http;
/* effects_intf.c: interfaces */
sw_effect_fn sw_do_interface, sw_do_default_interface, sw_do_no_interface, sw_do_description, sw_do_shutdown, sw_do_mtu,
    sw_do_switchport, sw_do_mode_access, sw_do_mode_trunk, sw_do_access, sw_do_native, sw_do_allowed,
    sw_do_allowed_none, sw_do_allowed_add, sw_do_allowed_remove, sw_do_allowed_except, sw_do_ip, sw_do_ip_secondary,
    sw_do_ip6, sw_do_ip6_enable;
