/*
 * os/netlink: links, addresses and routes by rtnetlink (rtnetlink(7)), blocking, in the calling thread's network
 * namespace. Every function names its object in errors.
 */
#pragma once

#include "base/err.h"
#include "base/ip.h"

struct qs_nl; /* one netlink socket, bound to the namespace it was opened in */

enum qs_code qs_nl_open(struct qs_nl **ret, struct qs_err *err) QS_MUST_CHECK;
void qs_nl_close(struct qs_nl *nl); /* accepts NULL */

/* A veth pair: `a` in the namespace of descriptor `ns_a` and `b` in `ns_b` (-1: this one). MACs may be NULL. */
enum qs_code qs_nl_veth(struct qs_nl *nl, const char *a, int ns_a, const uint8_t *mac_a, const char *b, int ns_b,
                        const uint8_t *mac_b, struct qs_err *err) QS_MUST_CHECK;
enum qs_code qs_nl_bridge(struct qs_nl *nl, const char *name, struct qs_err *err) QS_MUST_CHECK;
enum qs_code qs_nl_master(struct qs_nl *nl, const char *link, const char *bridge, struct qs_err *err) QS_MUST_CHECK;
enum qs_code qs_nl_up(struct qs_nl *nl, const char *link, bool up, struct qs_err *err) QS_MUST_CHECK;
enum qs_code qs_nl_mtu(struct qs_nl *nl, const char *link, uint32_t mtu, struct qs_err *err) QS_MUST_CHECK;
enum qs_code qs_nl_delete(struct qs_nl *nl, const char *link, struct qs_err *err) QS_MUST_CHECK;
/* Adds or removes an interface address; adding one that exists and removing one that does not are success.
 * IPv6 addresses are added without duplicate address detection. */
enum qs_code qs_nl_addr(struct qs_nl *nl, const char *link, const struct qs_prefix *addr, bool add,
                        struct qs_err *err) QS_MUST_CHECK;
/* Adds (replacing one with the same destination) or removes a route. `via` with family 0: on-link or, when
 * `link` is NULL too, blackhole. */
enum qs_code qs_nl_route(struct qs_nl *nl, const struct qs_prefix *dest, const struct qs_ip *via, const char *link,
                         bool add, struct qs_err *err) QS_MUST_CHECK;
/* Interface index by name; 0 when absent. */
unsigned qs_nl_index(struct qs_nl *nl, const char *link);
/* Carrier (IFF_LOWER_UP) of a link. */
bool qs_nl_carrier(struct qs_nl *nl, const char *link);

/* Writes /proc/sys/net/... of the calling namespace: "ipv4/ip_forward", "1". */
enum qs_code qs_net_sysctl(const char *name, const char *value, struct qs_err *err) QS_MUST_CHECK;
