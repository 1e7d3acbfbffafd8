/*
 * twin/switch/platform: what the emulated switch is made of: model, version, serial, MAC and its ports with the
 * links that stand for them. Read once from the CONFIG frame (the switch's entry of twin/fabric/spec.h).
 */
#pragma once

#include "base/ip.h"
#include "text/val.h"

enum qs_sw_kind { QS_SW_ETHERNET, QS_SW_LOOPBACK, QS_SW_MANAGEMENT, QS_SW_VLAN }; /* in the order of the text */

struct qs_sw_tap {
    char *link;
    uint16_t vlan; /* 0: the untagged side */
};
struct qs_sw_port {
    char *name;
    char *link; /* NULL: no cable, or taps */
    struct qs_sw_tap *taps;
    size_t tap_count;
};
struct qs_sw_platform {
    char *name, *model, *version, *serial, *user, *password;
    uint8_t mac[6];
    unsigned major, minor;    /* of the EOS version: some outputs changed their shape */
    struct qs_sw_port *ports; /* Ethernet, in natural order */
    size_t port_count;
    struct qs_sw_port management;
    struct qs_prefix *addresses; /* of the management port, at first contact */
    size_t address_count;
};

enum qs_code qs_sw_platform_read(const struct qs_val *conf, struct qs_sw_platform **ret,
                                 struct qs_err *err) QS_MUST_CHECK;
void qs_sw_platform_free(struct qs_sw_platform *p); /* accepts NULL; wipes the password */
QS_DEFINE_AUTO(sw_platform, struct qs_sw_platform *, qs_sw_platform_free)
bool qs_sw_version_at_least(const struct qs_sw_platform *p, unsigned major, unsigned minor);
const char *qs_sw_mac_text(const uint8_t mac[6], char text[18]);
/* The port's place in `ports`, -1 when it is none. */
int qs_sw_port_index(const struct qs_sw_platform *p, const char *name);
