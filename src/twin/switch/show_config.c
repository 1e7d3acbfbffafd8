/* What the device says of its configuration, its sessions and itself. */
#include "twin/switch/show_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "twin/switch/diff.h"

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

enum qs_code sw_show_running(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                             struct qs_buf *text, struct qs_err *err)
{
    (void)a, (void)err;
    return give_config(ex, "show running-config", ex->box->running, false, model, text);
}

enum qs_code sw_show_running_all(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                 struct qs_buf *text, struct qs_err *err)
{
    (void)a, (void)err;
    return give_config(ex, "show running-config all", ex->box->running, true, model, text);
}

enum qs_code sw_show_startup(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                             struct qs_buf *text, struct qs_err *err)
{
    const struct qs_sw_platform *p = ex->box->platform;
    const char *body = ex->box->startup;

    (void)a, (void)err;
    if (model)
        config_model(body, qs_val_set(model, "cmds", qs_val_map()));
    else
        qs_buf_printf(text,
                      "! Command: show startup-config\n! Startup-config last modified at boot or by write\n"
                      "! device: %s (%s, EOS-%s)\n!\n%s",
                      p->name, p->model, p->version, body);
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

enum qs_code sw_show_session(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                             struct qs_buf *text, struct qs_err *err)
{
    const struct qs_sw_session *s = pick_session(ex, a[0].text, err);
    char command[200];

    if (!s)
        return err->code;
    (void)snprintf(command, sizeof(command), "show session-config named %s", s->name);
    return give_config(ex, command, s->config, false, model, text);
}

enum qs_code sw_show_diffs(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model, struct qs_buf *text,
                           struct qs_err *err)
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

    qs_buf_printf(text,
                  "Maximum number of completed sessions: 1\nMaximum number of pending sessions: %d\n"
                  "Merge on commit is disabled\nAutosave to startup-config on commit is disabled\n",
                  QS_SW_PENDING_MAX);
    if (timed)
        write_time_left(ex, timed, text);
    qs_buf_puts(text, "\n  Name                             State                User       Terminal\n"
                      "  -------------------------------- -------------------- ---------- --------\n");
    for (size_t i = 0; i < ex->box->session_count; i++) {
        const struct qs_sw_session *s = ex->box->sessions[i];

        qs_buf_printf(text, "  %-32s %-20s %-10s\n", s->name, state_text(ex, s->state), s->user);
    }
}

enum qs_code sw_show_sessions(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                              struct qs_buf *text, struct qs_err *err)
{
    (void)a, (void)err;
    if (model)
        sessions_model(ex, false, model);
    else
        sessions_text(ex, text);
    return QS_OK;
}

enum qs_code sw_show_sessions_detail(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
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

enum qs_code sw_show_version(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                             struct qs_buf *text, struct qs_err *err)
{
    const struct qs_sw_platform *p = ex->box->platform;
    double uptime = (double)(ex->box->now_ms() - ex->box->boot_ms) / 1e3;
    char mac[18];

    (void)a, (void)err;
    (void)qs_sw_mac_text(p->mac, mac);
    if (!model) {
        qs_buf_printf(text,
                      "Arista %s\nHardware version: 11.00\nSerial number: %s\nHardware MAC address: %s\n"
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

enum qs_code sw_show_hostname(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
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

enum qs_code sw_show_banner(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model, struct qs_buf *text,
                            struct qs_err *err)
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
