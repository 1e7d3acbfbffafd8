/*
 * twin/switch/sync: makes the kernel and the datapath follow the running configuration: links up or down, the
 * management address, routed interfaces, forwarding, static routes.
 *
 * Two network namespaces keep management and data apart. In the switch's own one are the cables and the management
 * port; it has the management address alone, never forwards, and its kernel is deaf on every cable. Routed interfaces
 * live in a second, nameless namespace, each as one end of a veth pair whose other end the datapath holds; that one
 * forwards when `ip routing` is on. No packet can pass from one to the other.
 */
#pragma once

#include "twin/switch/datapath.h"

struct qs_sync;

/* Prepares both namespaces. To be called before the sandbox, in the switch's namespace. */
enum qs_code qs_sync_new(const struct qs_sw_platform *platform, struct qs_dp *dp, struct qs_sync **ret,
                         struct qs_err *err) QS_MUST_CHECK;
void qs_sync_free(struct qs_sync *s); /* accepts NULL */
/* What the kernel refuses is left out and told as a debug event, as a device leaves a route inactive. */
void qs_sync_run(struct qs_sync *s, const struct qs_sw_config *c);
bool qs_sync_link_up(const struct qs_sync *s, int port); /* -1: the management port */
