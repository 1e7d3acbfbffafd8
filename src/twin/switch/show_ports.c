/* What the device says of its VLANs, ports and learnt addresses. */
#include "twin/switch/show_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

#define MACS_MAX 16384

/* --- VLANs --- */

static bool link_up(const struct qs_sw_exec *ex, const struct qs_sw_intf *intf)
{
    const struct qs_sw_hooks *h = &ex->box->hooks;

    if (!h->link_up || intf->shutdown)
        return false;
    return h->link_up(h->arg, qs_sw_port_index(ex->box->platform, intf->name));
}

static bool carries(const struct qs_sw_intf *intf, unsigned vlan)
{
    if (intf->kind != QS_SW_ETHERNET || intf->routed)
        return false;
    return intf->trunk ? qs_sw_vlans_has(&intf->allowed, vlan) : intf->access == vlan;
}

static void vlan_model(const struct qs_sw_exec *ex, const struct qs_sw_vlan *v, struct qs_val *vlans)
{
    const struct qs_sw_config *c = ex->box->running;
    char key[8], usual[16];
    struct qs_val *m, *members;

    (void)snprintf(key, sizeof(key), "%u", v->id);
    m = qs_val_set(vlans, key, qs_val_map());
    qs_val_set_str(m, "name", qs_sw_vlan_name(v, usual));
    qs_val_set_str(m, "status", v->suspended ? "suspended" : "active");
    qs_val_set_bool(m, "dynamic", false);
    members = qs_val_set(m, "interfaces", qs_val_map());
    for (size_t i = 0; i < c->intf_count; i++)
        if (carries(c->intfs[i], v->id) && link_up(ex, c->intfs[i]))
            qs_val_set_bool(qs_val_set(members, c->intfs[i]->name, qs_val_map()), "privatePromoted", false);
}

static void vlan_text(const struct qs_sw_exec *ex, const struct qs_sw_vlan *v, struct qs_buf *text)
{
    const struct qs_sw_config *c = ex->box->running;
    const char *comma = "";
    char usual[16];

    qs_buf_printf(text, "%-5u %-32s %-9s ", v->id, qs_sw_vlan_name(v, usual), v->suspended ? "suspended" : "active");
    for (size_t i = 0; i < c->intf_count; i++) {
        if (!carries(c->intfs[i], v->id) || !link_up(ex, c->intfs[i]))
            continue;
        qs_buf_printf(text, "%sEt%s", comma, c->intfs[i]->name + strlen("Ethernet"));
        comma = ", ";
    }
    qs_buf_putc(text, '\n');
}

enum qs_code sw_show_vlan(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model, struct qs_buf *text,
                          struct qs_err *err)
{
    const struct qs_sw_config *c = ex->box->running;
    struct qs_val *vlans = NULL;

    (void)err;
    if (model) {
        qs_val_set_str(model, "sourceDetail", "");
        vlans = qs_val_set(model, "vlans", qs_val_map());
    } else
        qs_buf_puts(text, "VLAN  Name                             Status    Ports\n"
                          "----- -------------------------------- --------- -------------------------------\n");
    for (size_t i = 0; i < c->vlan_count; i++) {
        if (a[0].text && !qs_sw_vlans_has(&a[0].vlans, c->vlans[i].id))
            continue;
        if (model)
            vlan_model(ex, &c->vlans[i], vlans);
        else
            vlan_text(ex, &c->vlans[i], text);
    }
    return QS_OK;
}

static const char *status_text(const struct qs_sw_exec *ex, const struct qs_sw_intf *intf)
{
    if (intf->shutdown)
        return "disabled";
    if (intf->kind == QS_SW_VLAN) {
        const struct qs_sw_vlan *v = qs_sw_config_vlan(ex->box->running, intf->number);

        return v && !v->suspended ? "connected" : "notconnect";
    }
    return intf->kind == QS_SW_LOOPBACK || link_up(ex, intf) ? "connected" : "notconnect";
}

static int64_t bandwidth(const struct qs_sw_exec *ex, const struct qs_sw_intf *intf)
{
    if (intf->kind == QS_SW_MANAGEMENT)
        return INT64_C(1000000000);
    if (intf->kind != QS_SW_ETHERNET)
        return 0;
    if (strchr(intf->name, '/') || strstr(ex->box->platform->model, "QX"))
        return INT64_C(40000000000);
    return INT64_C(10000000000);
}

static void address_model(const struct qs_sw_intf *intf, struct qs_val *v)
{
    struct qs_val *list = qs_val_set(v, "interfaceAddress", qs_val_list()), *primary;
    char text[QS_IP_TEXT];

    if (!intf->ip.ip.family)
        return;
    primary = qs_val_set(qs_val_add(list, qs_val_map()), "primaryIp", qs_val_map());
    qs_val_set_str(primary, "address", qs_ip_text(&intf->ip.ip, text));
    qs_val_set_int(primary, "maskLen", intf->ip.len);
}

static void counter_model(const struct qs_sw_exec *ex, const struct qs_sw_intf *intf, struct qs_val *v)
{
    const struct qs_sw_hooks *h = &ex->box->hooks;
    struct qs_sw_counters n = { 0 };

    if (intf->kind != QS_SW_ETHERNET || !h->counters)
        return;
    h->counters(h->arg, qs_sw_port_index(ex->box->platform, intf->name), &n);
    v = qs_val_set(v, "interfaceCounters", qs_val_map());
    qs_val_set_int(v, "inOctets", (int64_t)n.in_bytes);
    qs_val_set_int(v, "inTotalPkts", (int64_t)n.in_frames);
    qs_val_set_int(v, "inDiscards", (int64_t)n.dropped);
    qs_val_set_int(v, "outOctets", (int64_t)n.out_bytes);
    qs_val_set_int(v, "outTotalPkts", (int64_t)n.out_frames);
}

static void intf_model(const struct qs_sw_exec *ex, const struct qs_sw_intf *intf, struct qs_val *list)
{
    struct qs_val *v = qs_val_set(list, intf->name, qs_val_map());
    const char *status = status_text(ex, intf);
    char mac[18];

    qs_val_set_str(v, "name", intf->name);
    qs_val_set_str(v, "description", intf->description ? intf->description : "");
    qs_val_set_str(v, "forwardingModel", intf->routed ? "routed" : "bridged");
    qs_val_set_str(v, "interfaceStatus", status);
    qs_val_set_str(v, "lineProtocolStatus", qs_streq(status, "connected") ? "up" : "down");
    qs_val_set_str(v, "hardware",
                   intf->kind == QS_SW_VLAN       ? "vlan"
                   : intf->kind == QS_SW_LOOPBACK ? "loopback"
                                                  : "ethernet");
    qs_val_set_str(v, "physicalAddress", qs_sw_mac_text(ex->box->platform->mac, mac));
    qs_val_set_int(v, "bandwidth", bandwidth(ex, intf));
    qs_val_set_int(v, "mtu", intf->mtu ? intf->mtu : intf->routed ? QS_SW_MTU_DEFAULT : 9214);
    address_model(intf, v);
    counter_model(ex, intf, v);
}

static bool wanted(const struct qs_sw_arg *a, const struct qs_sw_intf *intf)
{
    return !a[0].text || qs_streq(a[0].text, intf->name);
}

static void intf_text(const struct qs_sw_exec *ex, const struct qs_sw_intf *intf, struct qs_buf *text)
{
    const char *status = status_text(ex, intf);
    char address[QS_IP_TEXT];

    qs_buf_printf(text, "%s is %s, line protocol is %s\n", intf->name,
                  intf->shutdown                  ? "administratively down"
                  : qs_streq(status, "connected") ? "up"
                                                  : "down",
                  qs_streq(status, "connected") ? "up (connected)" : "down");
    if (intf->description)
        qs_buf_printf(text, "  Description: %s\n", intf->description);
    if (intf->ip.ip.family)
        qs_buf_printf(text, "  Internet address is %s\n", qs_prefix_text(&intf->ip, address));
}

enum qs_code sw_show_interfaces(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                struct qs_buf *text, struct qs_err *err)
{
    const struct qs_sw_config *c = ex->box->running;
    struct qs_val *list = model ? qs_val_set(model, "interfaces", qs_val_map()) : NULL;

    (void)err;
    for (size_t i = 0; i < c->intf_count; i++) {
        if (!wanted(a, c->intfs[i]))
            continue;
        if (model)
            intf_model(ex, c->intfs[i], list);
        else
            intf_text(ex, c->intfs[i], text);
    }
    return QS_OK;
}

static void status_model(const struct qs_sw_exec *ex, const struct qs_sw_intf *intf, struct qs_val *list)
{
    struct qs_val *v = qs_val_set(list, intf->name, qs_val_map()), *vlan;
    const char *status = status_text(ex, intf);

    qs_val_set_str(v, "description", intf->description ? intf->description : "");
    qs_val_set_str(v, "linkStatus", status);
    qs_val_set_str(v, "lineProtocolStatus", qs_streq(status, "connected") ? "up" : "down");
    qs_val_set_int(v, "bandwidth", bandwidth(ex, intf));
    qs_val_set_str(v, "duplex", "duplexFull");
    qs_val_set_str(v, "interfaceType", "qs twin");
    vlan = qs_val_set(v, "vlanInformation", qs_val_map());
    qs_val_set_str(vlan, "interfaceMode", intf->routed ? "routed" : intf->trunk ? "trunk" : "bridged");
    qs_val_set_str(vlan, "interfaceForwardingModel", intf->routed ? "routed" : "bridged");
    if (!intf->routed && !intf->trunk)
        qs_val_set_int(vlan, "vlanId", intf->access);
}

static void status_line(const struct qs_sw_exec *ex, const struct qs_sw_intf *intf, struct qs_buf *text)
{
    char vlan[16];

    (void)snprintf(vlan, sizeof(vlan), "%u", intf->access);
    qs_buf_printf(text, "%-15s %-28.28s %-12s %-8s full   %lldG\n", intf->name,
                  intf->description ? intf->description : "", status_text(ex, intf),
                  intf->routed  ? "routed"
                  : intf->trunk ? "trunk"
                                : vlan,
                  (long long)(bandwidth(ex, intf) / 1000000000));
}

enum qs_code sw_show_status(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model, struct qs_buf *text,
                            struct qs_err *err)
{
    const struct qs_sw_config *c = ex->box->running;
    struct qs_val *list = model ? qs_val_set(model, "interfaceStatuses", qs_val_map()) : NULL;

    (void)err;
    if (!model)
        qs_buf_puts(text, "Port            Name                         Status       Vlan     Duplex Speed\n");
    for (size_t i = 0; i < c->intf_count; i++) {
        const struct qs_sw_intf *intf = c->intfs[i];

        if (!wanted(a, intf) || intf->kind == QS_SW_VLAN || intf->kind == QS_SW_LOOPBACK)
            continue;
        if (model)
            status_model(ex, intf, list);
        else
            status_line(ex, intf, text);
    }
    return QS_OK;
}

enum qs_code sw_show_description(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                 struct qs_buf *text, struct qs_err *err)
{
    const struct qs_sw_config *c = ex->box->running;
    struct qs_val *list = model ? qs_val_set(model, "interfaceDescriptions", qs_val_map()) : NULL;

    (void)err;
    for (size_t i = 0; i < c->intf_count; i++) {
        const struct qs_sw_intf *intf = c->intfs[i];
        const char *status = status_text(ex, intf), *words = intf->description ? intf->description : "";
        struct qs_val *v;

        if (!wanted(a, intf))
            continue;
        if (!model) {
            qs_buf_printf(text, "%-15s %-12s %s\n", intf->name, status, words);
            continue;
        }
        v = qs_val_set(list, intf->name, qs_val_map());
        qs_val_set_str(v, "description", words);
        qs_val_set_str(v, "interfaceStatus",
                       intf->shutdown                  ? "adminDown"
                       : qs_streq(status, "connected") ? "up"
                                                       : "down");
        qs_val_set_str(v, "lineProtocolStatus", qs_streq(status, "connected") ? "up" : "down");
    }
    return QS_OK;
}

enum qs_code sw_show_macs(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model, struct qs_buf *text,
                          struct qs_err *err)
{
    const struct qs_sw_hooks *h = &ex->box->hooks;
    struct qs_sw_mac *macs = qs_xzalloc(MACS_MAX * sizeof(*macs));
    size_t count = h->macs ? h->macs(h->arg, macs, MACS_MAX) : 0;
    struct qs_val *list = NULL;

    (void)a, (void)err;
    if (model) {
        list = qs_val_set(qs_val_set(model, "unicastTable", qs_val_map()), "tableEntries", qs_val_list());
        (void)qs_val_set(qs_val_set(model, "multicastTable", qs_val_map()), "tableEntries", qs_val_list());
    } else
        qs_buf_puts(text, "Vlan    Mac Address       Type        Ports\n----    -----------       ----        -----\n");
    for (size_t i = 0; i < count; i++) {
        const char *port = ex->box->platform->ports[macs[i].port].name;
        struct qs_val *v;
        char mac[18];

        (void)qs_sw_mac_text(macs[i].mac, mac);
        if (!model) {
            qs_buf_printf(text, "%4u    %s DYNAMIC     %s\n", macs[i].vlan, mac, port);
            continue;
        }
        v = qs_val_add(list, qs_val_map());
        qs_val_set_int(v, "vlanId", macs[i].vlan);
        qs_val_set_str(v, "macAddress", mac);
        qs_val_set_str(v, "interface", port);
        qs_val_set_str(v, "entryType", "dynamic");
    }
    free(macs);
    return QS_OK;
}
