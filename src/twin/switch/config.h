/*
 * twin/switch/config: one configuration of the emulated switch as typed data, and its canonical text, the one that
 * `show running-config` prints: 3 blanks of indent, "!" between blocks, defaults left out, blocks in EOS's order,
 * nameless VLANs of equal state merged. The text is complete: loading it gives the same configuration again, which
 * is how configurations are copied and stored. Commands of twin/switch/grammar change it; sync and datapath read it.
 */
#pragma once

#include "base/cleanup.h"
#include "base/ip.h"
#include "twin/switch/platform.h"
#include "twin/switch/vlans.h"

#define QS_SW_TEXT_MAX (4 << 20) /* bytes of a rendered configuration */
#define QS_SW_MTU_DEFAULT 1500

struct qs_sw_user {
    char *name, *role; /* role NULL: none given */
    char *secret;      /* crypt(3) hash; NULL: nopassword, or a key alone */
    char *ssh_key;
    unsigned privilege;
    bool nopassword;
};
struct qs_sw_vlan {
    uint16_t id;
    bool suspended;
    char *name; /* NULL: the default name, VLANnnnn */
};
struct qs_sw_intf {
    enum qs_sw_kind kind;
    char *name;
    unsigned number; /* of a VLAN or loopback interface */
    char *description;
    bool shutdown, routed, trunk, ipv6_enable;
    unsigned mtu; /* 0: the default */
    uint16_t access, native;
    struct qs_sw_vlans allowed;
    struct qs_prefix ip;             /* family 0: none */
    struct qs_prefix *ip_more, *ip6; /* secondary IPv4 addresses, IPv6 addresses */
    size_t ip_more_count, ip6_count;
};
struct qs_sw_route {
    struct qs_prefix dest;
    struct qs_ip via;
    unsigned distance; /* 1: the default */
    char *name;
};
struct qs_sw_texts { /* a small list of texts without duplicates */
    char **items;
    size_t count;
};
struct qs_sw_config {
    const struct qs_sw_platform *platform; /* outlives every configuration */
    char *hostname, *domain, *banner_login, *banner_motd, *stp_mode;
    struct qs_sw_texts name_servers, ntp_servers, log_hosts;
    struct qs_sw_user *users; /* by name */
    size_t user_count;
    struct qs_sw_vlan *vlans; /* by id; 1 is always there */
    size_t vlan_count;
    struct qs_sw_intf **intfs; /* in the order of the text; every port of the platform is always there */
    size_t intf_count;
    struct qs_sw_route *routes; /* by destination, then next hop */
    size_t route_count;
    bool ip_routing, ipv6_routing;
    bool api_enabled, api_https;
    uint16_t api_port; /* 0: the default */
};

/* What `rollback clean-config` gives: every port of the platform at its defaults. */
struct qs_sw_config *qs_sw_config_new(const struct qs_sw_platform *platform);
void qs_sw_config_free(struct qs_sw_config *c); /* accepts NULL */
QS_DEFINE_AUTO(sw_config, struct qs_sw_config *, qs_sw_config_free)
struct qs_sw_config *qs_sw_config_copy(const struct qs_sw_config *c);
/* The text without its two header lines, ending in "end". `all` adds the defaults. */
void qs_sw_config_render(const struct qs_sw_config *c, bool all, struct qs_buf *buf);

struct qs_sw_vlan *qs_sw_config_vlan(const struct qs_sw_config *c, unsigned id); /* NULL when there is none */
struct qs_sw_vlan *qs_sw_config_vlan_add(struct qs_sw_config *c, unsigned id);   /* or the one there is */
void qs_sw_config_vlan_del(struct qs_sw_config *c, unsigned id);                 /* VLAN 1 goes back to defaults */
const char *qs_sw_vlan_name(const struct qs_sw_vlan *v, char text[16]);

struct qs_sw_intf *qs_sw_config_intf(const struct qs_sw_config *c, const char *name);
/* Makes a Vlan or Loopback interface; NULL for a port that the platform lacks or a number out of range. */
struct qs_sw_intf *qs_sw_config_intf_add(struct qs_sw_config *c, const char *name);
void qs_sw_config_intf_del(struct qs_sw_config *c, const char *name);
void qs_sw_intf_reset(struct qs_sw_intf *intf);

struct qs_sw_user *qs_sw_config_user(const struct qs_sw_config *c, const char *name);
struct qs_sw_user *qs_sw_config_user_add(struct qs_sw_config *c, const char *name);
void qs_sw_config_user_del(struct qs_sw_config *c, const char *name);
/* Whether `password` opens the account. */
bool qs_sw_user_verify(const struct qs_sw_user *u, const char *password);

void qs_sw_config_route_set(struct qs_sw_config *c, const struct qs_prefix *dest, const struct qs_ip *via,
                            unsigned distance, const char *name);
/* Removes the routes to `dest`, with `via` (NULL: any next hop). */
void qs_sw_config_route_del(struct qs_sw_config *c, const struct qs_prefix *dest, const struct qs_ip *via);

void qs_sw_texts_add(struct qs_sw_texts *t, const char *text, bool sorted);
void qs_sw_texts_del(struct qs_sw_texts *t, const char *text); /* NULL: all */
