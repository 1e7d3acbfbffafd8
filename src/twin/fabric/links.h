/*
 * twin/fabric/links: sets up a part's own ends of its cables as the spec says (LINK and ROUTE of twin/fabric/spec.h):
 * addresses, up, routes. Used for qs's own namespace, nodes and the upstream; switches and routers are configured
 * through their API instead. Done twice it changes nothing. Blocking: netlink only.
 */
#pragma once

#include "os/netlink.h"
#include "text/val.h"

/* `part` has "links" and "routes", both may be absent. `nl` is of the part's namespace. INVALID: not an address. */
enum qs_code qs_links_configure(struct qs_nl *nl, const struct qs_val *part, struct qs_err *err) QS_MUST_CHECK;
enum qs_code qs_links_addresses(struct qs_nl *nl, const char *link, const struct qs_val *addresses,
                                struct qs_err *err) QS_MUST_CHECK;
/* The first address of the part's links; false when it has none. */
bool qs_links_first(const struct qs_val *part, struct qs_ip *ret);
