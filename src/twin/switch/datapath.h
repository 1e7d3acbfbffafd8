/*
 * twin/switch/datapath: the forwarding plane in user space, on raw packet sockets, because the kernels of a twin may
 * lack 802.1Q and bridge VLAN filtering. Frames keep their virtio_net header from socket to socket, so 64 KiB
 * segmentation and checksum offloads pass unsplit. Runs on the caller's loop, a few frames of a link a turn.
 *
 * A frame belongs to a domain: a VLAN, or a number from QS_DP_ROUTED up that stands for one routed port. What a link
 * may bring in and take out follows from its port's configuration; anything else is dropped: tagged frames on access
 * and routed ports, VLANs that are not allowed, do not exist or are suspended, frames with a second tag (the way of
 * VLAN hopping attacks), link-local group addresses, and frames that claim the switch's own MAC address.
 */
#pragma once

#include "base/loop.h"
#include "twin/switch/box.h"

#define QS_DP_ROUTED 4096 /* domain of the routed port with index 0 */

struct qs_dp;

/* Opens every link of the platform in the calling thread's network namespace. Nothing passes before
 * qs_dp_configure(). `platform` outlives it. */
enum qs_code qs_dp_new(struct qs_loop *loop, const struct qs_sw_platform *platform, struct qs_dp **ret,
                       struct qs_err *err) QS_MUST_CHECK;
void qs_dp_free(struct qs_dp *dp); /* accepts NULL */
/* Forwards by this configuration from the next frame on. Learnt addresses are forgotten. */
void qs_dp_configure(struct qs_dp *dp, const struct qs_sw_config *c);
/* Joins the domain with the router behind `link`: what is for the switch's MAC or for a group goes there. */
enum qs_code qs_dp_router_add(struct qs_dp *dp, unsigned domain, const char *link, struct qs_err *err) QS_MUST_CHECK;
void qs_dp_router_del(struct qs_dp *dp, unsigned domain);

void qs_dp_counters(const struct qs_dp *dp, int port, struct qs_sw_counters *ret);
size_t qs_dp_macs(const struct qs_dp *dp, struct qs_sw_mac *ret, size_t max);
