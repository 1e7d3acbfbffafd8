/* The inside of the container: the order of the bring-up, then an event loop over children and the control API. */
#include "roles/supervisor/supervisor_int.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/str.h"
#include "net/http_server.h"
#include "net/ssh.h"
#include "os/spawn.h"
#include "roles/supervisor/ids.h"
#include "roles/supervisor/keys.h"
#include "roles/supervisor/process.h"
#include "text/json.h"
#include "twin/fabric/fabric.h"
#include "twin/node/root.h"

#define STATE "/state"
#define ROOT STATE "/roots/base"
#define RUN STATE "/run"
#define SSH_KEY STATE "/twin/ssh/id_ed25519"
#define STATUS_KEY RUN "/status.key"
#define SPEC_MAX (16 << 20)
#define KEY_MAX 65536
#define STOP_MS 8000

struct supervisor {
    struct qs_loop *loop;
    const struct qs_inside *in;
    struct qs_val *spec, *credentials;
    struct qs_fabric *fabric;
    char *ssh_public;
    struct qs_process *procs; /* fixed once started: children hold pointers into it */
    size_t count;
    struct qs_http_server *http;
    bool announced, stopping;
    int signals;
};

/* ---- progress: lines on the pipe to whoever started us, until all is ready ---- */

static void say(struct supervisor *s, const char *what, const char *text, const char *state)
{
    qs_auto(val) struct qs_val *line = qs_val_map();
    qs_auto(buf) struct qs_buf buf = QS_BUF(4096);

    if (s->announced)
        return;
    qs_val_set_str(line, "what", what);
    qs_val_set_str(line, "text", text);
    qs_val_set_str(line, "state", state);
    qs_json_write(line, &buf);
    qs_buf_putc(&buf, '\n');
    if (write(s->in->progress_fd, qs_buf_text(&buf), buf.len) < 0)
        s->announced = true; /* nobody listens any more; go on without telling */
}

static void root_progress(void *arg, const char *what, unsigned percent)
{
    char text[96];

    (void)snprintf(text, sizeof(text), "%s %u %%", what, percent);
    say(arg, "root", text, "begun");
}

/* ---- what the parts are started with ---- */

static struct qs_process *add_process(struct supervisor *s, const char *name, const char *role, int netns,
                                      struct qs_val *conf, int fd, int second_fd);

static enum qs_code switch_or_router_conf(struct supervisor *s, const struct qs_part *part, struct qs_val *conf,
                                          struct qs_err *err)
{
    struct qs_device_keys keys = { 0 };
    const struct qs_val *addresses = qs_val_get(qs_val_get(part->entry, "management"), "addresses");

    if (qs_keys_device(STATE, part->name, addresses, &keys, err))
        return err->code;
    enum qs_code code = qs_keys_add_credentials(s->credentials, part->name, &keys, err);
    struct qs_val *tls = qs_val_set(conf, "tls", qs_val_map());
    qs_val_set_str(tls, "cert", keys.cert);
    qs_val_set_str(tls, "key", keys.key);
    struct qs_val *login = qs_val_set(conf, "credentials", qs_val_map());
    qs_val_set_str(login, "user", QS_KEYS_USER);
    qs_val_set_str(login, "password", keys.password);
    qs_device_keys_done(&keys);
    return code;
}

static const struct {
    const char *role, *folder;
} part_roles[] = {
    [QS_PART_SWITCH] = { "twin-switch", "switches" },
    [QS_PART_ROUTER] = { "twin-router", "routers" },
    [QS_PART_NODE] = { "twin-node", "nodes" },
    [QS_PART_UPSTREAM] = { "twin-upstream", "upstream" },
};

static enum qs_code add_part_process(struct supervisor *s, const struct qs_part *part, struct qs_err *err)
{
    qs_auto(val) struct qs_val *conf = qs_val_copy(part->entry);
    qs_auto(str) char *folder = qs_xasprintf(STATE "/twin/%s/%s", part_roles[part->kind].folder, part->name);

    if (qs_fs_mkdirs(AT_FDCWD, folder, 0755, err))
        return err->code;
    qs_val_set_str(conf, "state", folder);
    qs_val_set_str(conf, "root", ROOT);
    qs_val_set_str(conf, "authorized_key", s->ssh_public);
    if ((part->kind == QS_PART_SWITCH || part->kind == QS_PART_ROUTER) && switch_or_router_conf(s, part, conf, err))
        return err->code;
    struct qs_process *p = add_process(s, part->name, part_roles[part->kind].role, part->netns, conf, -1, -1);
    if (p->id)
        p->folder = qs_take_ptr(folder);
    return QS_OK;
}

/* What status asks: the sockets of all roles, its own and ours included, and nodes by SSH. It gets a copy of the key,
 * because ssh(1) of the person who owns the key refuses one that a group can read. */
static enum qs_code let_status_in(struct qs_err *err)
{
    qs_auto(buf) struct qs_buf key = QS_BUF(KEY_MAX);
    unsigned id = qs_ids_of("status", 0);

    if (qs_fs_read(AT_FDCWD, SSH_KEY, &key, err) || qs_fs_write(AT_FDCWD, STATUS_KEY, key.data, key.len, 0600, err) ||
        qs_ids_let_read(STATUS_KEY, id, err) || qs_ids_let_connect(RUN "/status.sock", id, err))
        return err->code;
    return qs_ids_let_connect(RUN "/supervisor.sock", id, err);
}

static enum qs_code add_roles(struct supervisor *s, struct qs_err *err)
{
    qs_auto(val) struct qs_val *executor = qs_val_map();
    qs_auto(val) struct qs_val *status = qs_val_map();
    int local = -1;

    if (qs_net_listen_unix(RUN "/status.sock", 0600, &local, err) || let_status_in(err)) {
        qs_fd_close(local);
        return err->code;
    }
    qs_val_set_str(executor, "state", STATE);
    qs_val_set_str(executor, "socket", RUN "/executor.sock");
    qs_val_set_str(executor, "credentials", STATE "/credentials.json");
    qs_val_set_int(executor, "clients", qs_ids_of("status", 0));
    (void)add_process(s, "executor", "executor", -1, executor, -1, -1);
    qs_val_set_str(status, "state", STATE);
    qs_val_set_str(status, "spec", RUN "/status-spec.json");
    qs_val_set_str(status, "lab_doc", RUN "/page.json");
    qs_val_set_str(status, "adrs", RUN "/adrs.json");
    qs_val_set_str(status, "executor", RUN "/executor.sock");
    qs_val_set_str(status, "ssh_key", STATUS_KEY);
    qs_val_set_str(status, "root", ROOT);
    (void)add_process(s, "status", "status", -1, status, s->in->panel_fd, local);
    return QS_OK;
}

/* ---- children ---- */

static void stop_when_all_are(struct supervisor *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->procs[i].pid)
            return;
    qs_loop_stop(s->loop);
}

static void announce_when_ready(struct supervisor *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->procs[i].state != QS_PROC_READY)
            return;
    say(s, "all", "", "ready");
    s->announced = true;
}

static void begin_stop(void *arg);

static void on_changed(void *arg, struct qs_process *p)
{
    struct supervisor *s = arg;

    if (s->stopping) {
        if (p->state == QS_PROC_STOPPED && !p->pid)
            stop_when_all_are(s);
        return;
    }
    if (p->state == QS_PROC_READY)
        say(s, p->name, p->detail, "done");
    if (p->state == QS_PROC_BACKOFF && !s->announced) { /* during the bring-up the first failure ends it */
        say(s, p->name, p->detail, "failed");
        s->announced = true;
        (void)qs_loop_after(s->loop, 0, begin_stop, s);
        return;
    }
    announce_when_ready(s);
}

static size_t count_role(const struct supervisor *s, const char *role)
{
    size_t n = 0;

    for (size_t i = 0; i < s->count; i++)
        n += qs_streq(s->procs[i].role, role);
    return n;
}

/* The descriptors belong to the process from here on, at every start of it. */
static struct qs_process *add_process(struct supervisor *s, const char *name, const char *role, int netns,
                                      struct qs_val *conf, int fd, int second_fd)
{
    struct qs_buf body = QS_BUF(SPEC_MAX);
    unsigned id = qs_ids_of(role, count_role(s, role));
    struct qs_process *p = QS_PUSH(s->procs, s->count);

    qs_val_set_int(conf, "id", id);
    qs_json_write(conf, &body);
    *p = (struct qs_process){ .name = qs_xstrdup(name),
                              .role = role,
                              .conf = qs_buf_take(&body),
                              .netns = netns,
                              .id = id,
                              .fds = { fd, second_fd },
                              .loop = s->loop,
                              .changed = on_changed,
                              .arg = s,
                              .channel = -1 };
    return p;
}

static void on_child(void *arg, int fd, uint32_t events)
{
    struct supervisor *s = arg;
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    (void)events;
    if (read(fd, &info, sizeof(info)) < 0)
        return;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) /* as pid 1 we inherit orphans: those are only reaped */
        for (size_t i = 0; i < s->count; i++)
            if (s->procs[i].pid == pid)
                qs_process_exited(&s->procs[i], status);
}

static void watch_children(struct supervisor *s)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signals < 0)
        abort();
    (void)qs_loop_watch(s->loop, s->signals, EPOLLIN, on_child, s);
}

static void kill_the_rest(void *arg)
{
    struct supervisor *s = arg;

    for (size_t i = 0; i < s->count; i++)
        qs_process_kill(&s->procs[i]);
}

static void begin_stop(void *arg)
{
    struct supervisor *s = arg;

    if (s->stopping)
        return;
    s->stopping = true;
    qs_event(QS_EV_TWIN_STOPPED, NULL);
    (void)qs_loop_after(s->loop, STOP_MS, kill_the_rest, s);
    for (size_t i = 0; i < s->count; i++)
        qs_process_stop(&s->procs[i]);
    stop_when_all_are(s);
}

/* ---- control API ---- */

static struct qs_val *roles_document(const struct supervisor *s)
{
    struct qs_val *doc = qs_val_map(), *list;

    qs_val_set_str(doc, "format", "qs.roles/1");
    qs_val_set_str(doc, "self", qs_val_get_str(qs_val_get(s->spec, "self"), "name", NULL));
    list = qs_val_set(doc, "roles", qs_val_list());
    for (size_t i = 0; i < s->count; i++) {
        const struct qs_process *p = &s->procs[i];
        struct qs_val *one = qs_val_add(list, qs_val_map());
        char since[QS_TIME_TEXT];

        qs_val_set_str(one, "name", p->name);
        qs_val_set_str(one, "role", p->role);
        qs_val_set_str(one, "state", qs_process_state_name(p->state));
        qs_val_set_int(one, "pid", p->pid);
        qs_val_set_int(one, "restarts", p->restarts);
        qs_val_set_str(one, "since", qs_time_text_s(p->since_us, since));
        qs_val_set_str(one, "detail", p->detail);
    }
    return doc;
}

static void reply_json(struct qs_http_req *req, int status, const struct qs_val *doc)
{
    qs_auto(buf) struct qs_buf buf = QS_BUF(1 << 20);

    qs_json_write(doc, &buf);
    qs_http_reply(req, status, "application/json", qs_buf_text(&buf), buf.len);
}

static void on_request(void *arg, struct qs_http_req *req)
{
    struct supervisor *s = arg;
    const char *path = qs_http_path(req), *method = qs_http_method(req);

    if (qs_streq(path, "/v1/roles") && qs_streq(method, "GET")) {
        qs_auto(val) struct qs_val *doc = roles_document(s);

        reply_json(req, 200, doc);
    } else if (qs_streq(path, "/v1/stop") && qs_streq(method, "POST")) {
        qs_http_reply(req, 202, "application/json", "{}", 2);
        (void)qs_loop_after(s->loop, 0, begin_stop, s);
    } else if (qs_streq(path, "/healthz")) {
        qs_http_reply(req, 200, "text/plain", "ok\n", 3);
    } else {
        struct qs_err err = QS_ERR_INIT;

        (void)qs_err_set(&err, QS_NOTFOUND, 0, "no such path: %s", path);
        qs_http_reply_err(req, &err);
    }
}

/* ---- the bring-up ---- */

static enum qs_code read_spec(struct supervisor *s, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf buf = QS_BUF(SPEC_MAX);

    if (qs_fs_read(AT_FDCWD, RUN "/twin-spec.json", &buf, err))
        return err->code;
    return qs_json_parse(qs_buf_text(&buf), buf.len, &s->spec, err);
}

static enum qs_code prepare(struct supervisor *s, struct qs_err *err)
{
    int fd = -1;

    if (read_spec(s, err))
        return err->code;
    if (qs_twin_root_unpack(STATE, root_progress, s, err) || qs_twin_root_mount(STATE, err))
        return err->code;
    say(s, "root", "", "done");
    if (qs_fs_mkdirs(AT_FDCWD, STATE "/twin/ssh", 0700, err) || qs_ssh_keypair(SSH_KEY, &s->ssh_public, err) ||
        qs_fabric_build(s->spec, &s->fabric, err))
        return err->code;
    say(s, "wires", "", "done");
    if (qs_net_listen_unix(RUN "/supervisor.sock", 0600, &fd, err))
        return err->code;
    s->http = qs_http_server_new(s->loop, NULL, on_request, s);
    return qs_http_server_listen(s->http, fd, NULL, err);
}

static enum qs_code start_all(struct supervisor *s, struct qs_err *err)
{
    for (size_t i = 0; i < qs_fabric_count(s->fabric); i++)
        if (add_part_process(s, qs_fabric_part(s->fabric, i), err))
            return err->code;
    if (qs_ids_open_state(STATE, err) || qs_keys_write_credentials(STATE, s->credentials, err) || add_roles(s, err))
        return err->code;
    for (size_t i = 0; i < s->count; i++)
        qs_process_start(&s->procs[i]);
    return QS_OK;
}

static enum qs_code bring_up(struct supervisor *s, struct qs_err *err)
{
    if (prepare(s, err))
        return err->code;
    watch_children(s);
    return start_all(s, err);
}

int qs_supervisor_inside(void *arg)
{
    struct supervisor s = { .loop = qs_loop_new(), .in = arg, .signals = -1, .credentials = qs_val_map() };
    struct qs_err err = QS_ERR_INIT;
    int status = 0;

    qs_event_init("supervisor");
    (void)signal(SIGPIPE, SIG_IGN);
    qs_loop_on_term(s.loop, begin_stop, &s);
    if (bring_up(&s, &err) == QS_OK) {
        qs_event(QS_EV_TWIN_STARTED, NULL);
        qs_loop_run(s.loop);
    } else {
        char text[600];

        qs_event_err(QS_EV_ROLE_FAILED, &err, NULL);
        say(&s, "supervisor", qs_err_text(&err, text, sizeof(text)), "failed");
        status = 1;
    }
    for (size_t i = 0; i < s.count; i++)
        qs_process_done(&s.procs[i]);
    free(s.procs);
    qs_http_server_free(s.http);
    qs_fabric_free(s.fabric);
    qs_val_free(s.spec);
    qs_val_free(s.credentials);
    free(s.ssh_public);
    qs_fd_close(s.signals);
    qs_loop_free(s.loop);
    return status;
}
