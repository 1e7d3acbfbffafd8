/* twin/switch/show, inside: the functions that the table of show commands names. */
#pragma once

#include "twin/switch/show.h"

/* show_config.c: configurations, sessions, identity */
qs_sw_show_fn sw_show_version, sw_show_hostname, sw_show_banner, sw_show_running, sw_show_running_all, sw_show_startup,
    sw_show_sessions, sw_show_sessions_detail, sw_show_session, sw_show_diffs;
/* show_ports.c: VLANs, ports, learnt addresses */
qs_sw_show_fn sw_show_vlan, sw_show_interfaces, sw_show_status, sw_show_description, sw_show_macs;
