#include "twin/switch/show.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"
#include "twin/switch/diff.h"

#define MACS_MAX 16384
#define MEMORY_KB 4009000 /* what the models carry */

/* --- configuration texts --- */

static void write_config(const struct qs_sw_exec *ex, const char *command, const struct qs_sw_config *c, bool all,
                         struct qs_buf *text)
{
    const struct qs_sw_platform *p = ex->box->platform;

    qs_buf_printf(text, "! Command: %s\n! device: %s (%s, EOS-%s)\n!\n", command,
                  c->hostname ? c->hostname : "localhost", p->model, p->version);
    qs_sw_config_render(c, all, text);
}

/* The block's lines as the keys of EOS's JSON form: a line with lines below it holds {"cmds": …}, others null. */
static void config_model(const char *body, struct qs_val *cmds)
{
    struct qs_val *block = NULL;
    char *head = NULL;

    while (*body) {
        size_t len = strcspn(body, "\n");
        qs_auto(str) char *line = qs_xstrndup(body, len);

        body += len + (body[len] == '\n');
        if (*line == ' ' && head) {
            if (!block)
                block = qs_val_set(qs_val_set(cmds, head, qs_val_map()), "cmds", qs_val_map());
            (void)qs_val_set(block, line + strspn(line, " "), qs_val_null());
        } else if (*line != '!' && !qs_streq(line, "end")) {
            free(head);
            head = qs_take_ptr(line);
            block = NULL;
            (void)qs_val_set(cmds, head, qs_val_null());
        }
    }
    free(head);
}

static enum qs_code give_config(const struct qs_sw_exec *ex, const char *command, const struct qs_sw_config *c,
                                bool all, struct qs_val *model, struct qs_buf *text)
{
    qs_auto(buf) struct qs_buf body = QS_BUF(QS_SW_TEXT_MAX);

    if (!model) {
        write_config(ex, command, c, all, text);
        return QS_OK;
    }
    qs_sw_config_render(c, all, &body);
    config_model(qs_buf_text(&body), qs_val_set(model, "cmds", qs_val_map()));
    return QS_OK;
}

static enum qs_code show_running(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                 struct qs_buf *text, struct qs_err *err)
{
    (void)a, (void)err;
    return give_config(ex, "show running-config", ex->box->running, false, model, text);
}

static enum qs_code show_running_all(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                     struct qs_buf *text, struct qs_err *err)
{
    (void)a, (void)err;
    return give_config(ex, "show running-config all", ex->box->running, true, model, text);
}

static enum qs_code show_startup(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                 struct qs_buf *text, struct qs_err *err)
{
    const struct qs_sw_platform *p = ex->box->platform;
    const char *body = ex->box->startup;

    (void)a, (void)err;
    if (model)
        config_model(body, qs_val_set(model, "cmds", qs_val_map()));
    else
        qs_buf_printf(text, "! Command: show startup-config\n! Startup-config last modified at boot or by write\n"
                      "! device: %s (%s, EOS-%s)\n!\n%s", p->name, p->model, p->version, body);
    return QS_OK;
}

static const struct qs_sw_session *pick_session(struct qs_sw_exec *ex, const char *name, struct qs_err *err)
{
    const struct qs_sw_session *s = name ? qs_sw_session_find(ex->box, name) : ex->session;

    if (s && s->config)
        return s;
    if (name)
        (void)qs_err_set(err, QS_REFUSED, 0, "No pending session is called %s", name);
    else
        (void)qs_err_set(err, QS_REFUSED, 0, "Not in a configuration session");
    return NULL;
}

static enum qs_code show_session(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                 struct qs_buf *text, struct qs_err *err)
{
    const struct qs_sw_session *s = pick_session(ex, a[0].text, err);
    char command[200];

    if (!s)
        return err->code;
    (void)snprintf(command, sizeof(command), "show session-config named %s", s->name);
    return give_config(ex, command, s->config, false, model, text);
}

static enum qs_code show_diffs(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                               struct qs_buf *text, struct qs_err *err)
{
    const struct qs_sw_session *s = pick_session(ex, a[0].text, err);
    qs_auto(buf) struct qs_buf now = QS_BUF(QS_SW_TEXT_MAX);
    qs_auto(buf) struct qs_buf then = QS_BUF(QS_SW_TEXT_MAX);
    char name[200];

    (void)model;
    if (!s)
        return err->code;
    write_config(ex, "show running-config", ex->box->running, false, &now);
    write_config(ex, "show running-config", s->config, false, &then);
    (void)snprintf(name, sizeof(name), "session:/%s-session-config", s->name);
    qs_sw_diff("system:/running-config", qs_buf_text(&now), name, qs_buf_text(&then), text);
    return QS_OK;
}

/* --- sessions --- */

static const char *state_text(const struct qs_sw_exec *ex, enum qs_sw_state state)
{
    bool newer = qs_sw_version_at_least(ex->box->platform, 4, 32);

    if (state == QS_SW_PENDING)
        return "pending";
    if (newer)
        return state == QS_SW_TIMED ? "committed" : "completed";
    return state == QS_SW_TIMED ? "pendingCommitTimer" : "completed";
}

/* Seconds since 1970 of a moment of the monotonic clock. */
static double wall(const struct qs_sw_exec *ex, uint64_t mono_ms)
{
    const struct qs_sw_box *box = ex->box;

    return (double)box->boot_us / 1e6 + (double)(int64_t)(mono_ms - box->boot_ms) / 1e3;
}

static void session_model(const struct qs_sw_exec *ex, const struct qs_sw_session *s, bool detail,
                          struct qs_val *sessions)
{
    struct qs_val *v = qs_val_set(sessions, s->name, qs_val_map());

    qs_val_set_str(v, "state", state_text(ex, s->state));
    qs_val_set_str(v, "description", "");
    qs_val_set_str(v, "commitUser", s->state == QS_SW_PENDING ? "" : s->user);
    if (s->completed_ms)
        (void)qs_val_set(v, "completedTime", qs_val_real(wall(ex, s->completed_ms)));
    if (detail && s->state == QS_SW_TIMED && !qs_sw_version_at_least(ex->box->platform, 4, 32))
        (void)qs_val_set(v, "commitBy", /* on the clock of `uptime`, as the device gives it */
                         qs_val_real((double)(ex->box->timer_at_ms - ex->box->boot_ms) / 1e3));
    (void)qs_val_set(v, "instances", qs_val_map());
}

static void sessions_model(const struct qs_sw_exec *ex, bool detail, struct qs_val *model)
{
    const struct qs_sw_session *timed = qs_sw_session_timed(ex->box);
    struct qs_val *sessions;

    qs_val_set_int(model, "maxSavedSessions", 1);
    qs_val_set_int(model, "maxOpenSessions", QS_SW_PENDING_MAX);
    qs_val_set_bool(model, "mergeOnCommit", false);
    qs_val_set_bool(model, "saveToStartupConfigOnCommit", false);
    sessions = qs_val_set(model, "sessions", qs_val_map());
    for (size_t i = 0; i < ex->box->session_count; i++)
        session_model(ex, ex->box->sessions[i], detail, sessions);
    if (detail && timed && qs_sw_version_at_least(ex->box->platform, 4, 32)) {
        qs_val_set_str(model, "commitTimerSessionName", timed->name);
        (void)qs_val_set(model, "commitTimerExpireTime", qs_val_real(wall(ex, ex->box->timer_at_ms)));
    }
}

static void write_time_left(const struct qs_sw_exec *ex, const struct qs_sw_session *timed, struct qs_buf *text)
{
    uint64_t now = ex->box->now_ms(), at = ex->box->timer_at_ms;
    unsigned left = at > now ? (unsigned)((at - now + 999) / 1000) : 0;

    qs_buf_printf(text, "Session with pending commit timer: %s\nTime left until commit timer expiry: in %u:%02u:%02u\n",
                  timed->name, left / 3600, left / 60 % 60, left % 60);
}

static void sessions_text(const struct qs_sw_exec *ex, struct qs_buf *text)
{
    const struct qs_sw_session *timed = qs_sw_session_timed(ex->box);

    qs_buf_printf(text, "Maximum number of completed sessions: 1\nMaximum number of pending sessions: %d\n"
                  "Merge on commit is disabled\nAutosave to startup-config on commit is disabled\n", QS_SW_PENDING_MAX);
    if (timed)
        write_time_left(ex, timed, text);
    qs_buf_puts(text, "\n  Name                             State                User       Terminal\n"
                "  -------------------------------- -------------------- ---------- --------\n");
    for (size_t i = 0; i < ex->box->session_count; i++) {
        const struct qs_sw_session *s = ex->box->sessions[i];

        qs_buf_printf(text, "  %-32s %-20s %-10s\n", s->name, state_text(ex, s->state), s->user);
    }
}

static enum qs_code show_sessions(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                  struct qs_buf *text, struct qs_err *err)
{
    (void)a, (void)err;
    if (model)
        sessions_model(ex, false, model);
    else
        sessions_text(ex, text);
    return QS_OK;
}

static enum qs_code show_sessions_detail(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                         struct qs_buf *text, struct qs_err *err)
{
    (void)a, (void)err;
    if (model)
        sessions_model(ex, true, model);
    else
        sessions_text(ex, text);
    return QS_OK;
}

/* --- identity --- */

static enum qs_code show_version(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                 struct qs_buf *text, struct qs_err *err)
{
    const struct qs_sw_platform *p = ex->box->platform;
    double uptime = (double)(ex->box->now_ms() - ex->box->boot_ms) / 1e3;
    char mac[18];

    (void)a, (void)err;
    (void)qs_sw_mac_text(p->mac, mac);
    if (!model) {
        qs_buf_printf(text, "Arista %s\nHardware version: 11.00\nSerial number: %s\nHardware MAC address: %s\n"
                      "System MAC address: %s\n\nSoftware image version: %s\nArchitecture: x86_64\n"
                      "Internal build version: %s-qs-twin\n\nUptime: %.0f seconds\nTotal memory: %d kB\n",
                      p->model, p->serial, mac, mac, p->version, p->version, uptime, MEMORY_KB);
        return QS_OK;
    }
    qs_val_set_str(model, "mfgName", "Arista");
    qs_val_set_str(model, "modelName", p->model);
    qs_val_set_str(model, "hardwareRevision", "11.00");
    qs_val_set_str(model, "serialNumber", p->serial);
    qs_val_set_str(model, "systemMacAddress", mac);
    qs_val_set_str(model, "hwMacAddress", mac);
    qs_val_set_str(model, "configMacAddress", "00:00:00:00:00:00");
    qs_val_set_str(model, "version", p->version);
    qs_val_set_str(model, "architecture", "x86_64");
    (void)qs_val_set(model, "internalVersion", qs_val_strf("%s-qs-twin", p->version));
    qs_val_set_str(model, "internalBuildId", "qs-twin");
    qs_val_set_str(model, "imageFormatVersion", "3.0");
    qs_val_set_bool(model, "isIntlVersion", false);
    (void)qs_val_set(model, "bootupTimestamp", qs_val_real((double)ex->box->boot_us / 1e6));
    (void)qs_val_set(model, "uptime", qs_val_real(uptime));
    qs_val_set_int(model, "memTotal", MEMORY_KB);
    qs_val_set_int(model, "memFree", MEMORY_KB / 2);
    return QS_OK;
}

static enum qs_code show_hostname(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                  struct qs_buf *text, struct qs_err *err)
{
    const struct qs_sw_config *c = ex->box->running;
    const char *name = c->hostname ? c->hostname : "localhost";
    qs_auto(str) char *fqdn = c->domain ? qs_xasprintf("%s.%s", name, c->domain) : qs_xstrdup(name);

    (void)a, (void)err;
    if (!model) {
        qs_buf_printf(text, "Hostname: %s\nFQDN:     %s\n", name, fqdn);
        return QS_OK;
    }
    qs_val_set_str(model, "hostname", name);
    qs_val_set_str(model, "fqdn", fqdn);
    return QS_OK;
}

static enum qs_code show_banner(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                struct qs_buf *text, struct qs_err *err)
{
    const struct qs_sw_config *c = ex->box->running;
    bool login = qs_streq(a[0].text, "login");
    const char *banner = login ? c->banner_login : c->banner_motd;

    (void)err;
    if (model)
        qs_val_set_str(model, login ? "loginBanner" : "motd", banner ? banner : "");
    else
        qs_buf_puts(text, banner ? banner : "");
    return QS_OK;
}

/* --- VLANs and ports --- */

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

static enum qs_code show_vlan(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                              struct qs_buf *text, struct qs_err *err)
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
    qs_val_set_str(v, "hardware", intf->kind == QS_SW_VLAN ? "vlan" : intf->kind == QS_SW_LOOPBACK ? "loopback"
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
                  intf->shutdown ? "administratively down" : qs_streq(status, "connected") ? "up" : "down",
                  qs_streq(status, "connected") ? "up (connected)" : "down");
    if (intf->description)
        qs_buf_printf(text, "  Description: %s\n", intf->description);
    if (intf->ip.ip.family)
        qs_buf_printf(text, "  Internet address is %s\n", qs_prefix_text(&intf->ip, address));
}

static enum qs_code show_interfaces(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
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
                  intf->routed ? "routed" : intf->trunk ? "trunk" : vlan,
                  (long long)(bandwidth(ex, intf) / 1000000000));
}

static enum qs_code show_status(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                struct qs_buf *text, struct qs_err *err)
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

static enum qs_code show_description(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
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
        qs_val_set_str(v, "interfaceStatus", intf->shutdown ? "adminDown" : qs_streq(status, "connected") ? "up" : "down");
        qs_val_set_str(v, "lineProtocolStatus", qs_streq(status, "connected") ? "up" : "down");
    }
    return QS_OK;
}

static enum qs_code show_macs(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                              struct qs_buf *text, struct qs_err *err)
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

const struct qs_sw_show qs_sw_shows[] = {
    /* clang-format off */
    { "show version",                               false, false, show_version },
    { "show hostname",                              false, false, show_hostname },
    { "show banner <one:login|motd>",               false, false, show_banner },
    { "show running-config",                        true,  false, show_running },
    { "show running-config all",                    true,  false, show_running_all },
    { "show startup-config",                        true,  false, show_startup },
    { "show configuration sessions",                false, false, show_sessions },
    { "show configuration sessions detail",         false, false, show_sessions_detail },
    { "show session-config [named <name>]",         true,  false, show_session },
    { "show session-config [named <name>] diffs",   true,  true,  show_diffs },
    { "show vlan [<vlans>]",                        false, false, show_vlan },
    { "show interfaces [<intf>]",                   false, false, show_interfaces },
    { "show interfaces [<intf>] status",            false, false, show_status },
    { "show interfaces [<intf>] description",       false, false, show_description },
    { "show mac address-table",                     false, false, show_macs },
    { NULL,                                         false, false, NULL },
    /* clang-format on */
};

/* --- filters --- */

static bool line_fits(const regex_t *re, const char *text, size_t len)
{
    qs_auto(str) char *line = qs_xstrndup(text, len);

    return regexec(re, line, 0, NULL, 0) == 0;
}

/* The bytes of the block that begins at `p`: its head and the indented lines below. */
static size_t block_len(const char *p)
{
    size_t len = strcspn(p, "\n");

    len += p[len] == '\n';
    while (p[len] == ' ') {
        len += strcspn(p + len, "\n");
        len += p[len] == '\n';
    }
    return len;
}

static void keep_blocks(const regex_t *re, const char *p, struct qs_buf *out)
{
    while (*p) {
        size_t len = block_len(p);
        bool keep = false;

        for (size_t i = 0; i < len && !keep;) {
            size_t n = strcspn(p + i, "\n");

            keep = line_fits(re, p + i, n);
            i += n + 1;
        }
        if (keep)
            qs_buf_add(out, p, len);
        p += len;
    }
}

static void keep_lines(const regex_t *re, const char *kind, const char *p, struct qs_buf *out)
{
    bool begun = false;

    while (*p) {
        size_t n = strcspn(p, "\n"), len = n + (p[n] == '\n');
        bool fits = line_fits(re, p, n);

        begun = begun || fits;
        if (qs_streq(kind, "include") ? fits : qs_streq(kind, "exclude") ? !fits : begun)
            qs_buf_add(out, p, len);
        p += len;
    }
}

enum qs_code qs_sw_filter(const char *kind, const char *regex, struct qs_buf *text, struct qs_err *err)
{
    static const char *const kinds[] = { "section", "include", "exclude", "begin" };
    struct qs_buf out = QS_BUF(QS_SW_SHOW_MAX);
    bool known = false;
    regex_t re;

    for (size_t i = 0; i < QS_COUNT(kinds); i++)
        known = known || qs_streq(kind, kinds[i]);
    if (!known || !regex)
        return qs_err_set(err, QS_INVALID, 0, known ? "Incomplete command (filter '%.40s')"
                                                    : "Invalid input (filter '%.40s')", kind);
    if (regcomp(&re, regex, REG_EXTENDED | REG_NOSUB | REG_ICASE))
        return qs_err_set(err, QS_INVALID, 0, "Invalid input (regular expression '%.60s')", regex);
    if (qs_streq(kind, "section"))
        keep_blocks(&re, qs_buf_text(text), &out);
    else
        keep_lines(&re, kind, qs_buf_text(text), &out);
    regfree(&re);
    qs_buf_done(text);
    *text = out;
    return QS_OK;
}
