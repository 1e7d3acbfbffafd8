/* The host side: one process that holds the lock of the state folder and outlives the command that started it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/str.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "os/ns.h"
#include "roles/supervisor/keys.h"
#include "roles/supervisor/supervisor_int.h"
#include "text/json.h"

#define BRING_UP_MS 180000 /* the first start unpacks a root; a part that hangs is noticed much earlier */
#define STOP_MS 20000
#define DOCUMENT_MAX (64 << 20)
#define LINE_MAX_BYTES 65536

static char *in_state(const char *state, const char *path)
{
    return qs_xasprintf("%s/%s", state, path);
}

static enum qs_code write_document(const char *state, const char *name, const struct qs_val *doc, struct qs_err *err)
{
    qs_auto(str) char *path = qs_xasprintf("%s/run/%s", state, name);
    qs_auto(buf) struct qs_buf buf = QS_BUF(DOCUMENT_MAX);

    qs_json_write(doc, &buf);
    if (qs_buf_check(&buf, name, err))
        return err->code;
    return qs_fs_write(AT_FDCWD, path, qs_buf_text(&buf), buf.len, 0644, err);
}

/* Roles make their sockets there: started by root, the folder must belong to the container's ids. */
static enum qs_code give_to_container(const char *folder, struct qs_err *err)
{
    uid_t base;

    if (geteuid() != 0)
        return QS_OK;
    if (qs_container_base_id(&base, err))
        return err->code;
    if (chown(folder, base, base))
        return qs_err_sys(err, QS_IO, errno, "could not give '%s' to the container", folder);
    return QS_OK;
}

static enum qs_code write_documents(const struct qs_supervisor_conf *c, struct qs_err *err)
{
    qs_auto(str) char *run = in_state(c->state, "run");

    if (qs_fs_remove(AT_FDCWD, run, err) || qs_fs_mkdirs(AT_FDCWD, run, 0755, err) || give_to_container(run, err) ||
        write_document(c->state, "twin-spec.json", c->twin_spec, err) ||
        write_document(c->state, "status-spec.json", c->status_spec, err) ||
        write_document(c->state, "page.json", c->page, err))
        return err->code;
    return write_document(c->state, "adrs.json", c->adrs, err);
}

/* The lock lives as long as the descriptor, which the host process and pid 1 of the container share. */
static enum qs_code take_lock(const char *state, int *ret_fd, struct qs_err *err)
{
    qs_auto(str) char *path = in_state(state, "lock");
    qs_auto(fd) int fd = -1;

    if (qs_fs_mkdirs(AT_FDCWD, state, 0755, err))
        return err->code;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return qs_err_sys(err, QS_IO, errno, "could not open '%s'", path);
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        (void)qs_err_set(err, QS_CONFLICT, errno, "another qs runs with the state folder '%s'", state);
        return qs_err_hint(err, "Stop it with 'qs down', or choose another folder with --state.");
    }
    *ret_fd = qs_take_fd(&fd);
    return QS_OK;
}

static void note_pid(const char *state, pid_t pid)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(str) char *path = in_state(state, "run/pid");
    char text[24];

    (void)snprintf(text, sizeof(text), "%d\n", (int)pid);
    QS_IGNORE(qs_fs_write(AT_FDCWD, path, text, strlen(text), 0644, &err));
}

static void redirect_output(const char *state)
{
    qs_auto(str) char *path = in_state(state, "run/qs.log");
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    (void)dup2(null, STDIN_FILENO);
    (void)dup2(null, STDOUT_FILENO);
    (void)dup2(log >= 0 ? log : null, STDERR_FILENO);
    qs_fd_close(null);
    qs_fd_close(log);
}

static void report_failure(int fd, const struct qs_err *err)
{
    qs_auto(val) struct qs_val *line = qs_val_map();
    qs_auto(buf) struct qs_buf buf = QS_BUF(4096);
    char text[600];

    qs_val_set_str(line, "what", "container");
    qs_val_set_str(line, "state", "failed");
    qs_val_set_str(line, "text", qs_err_text(err, text, sizeof(text)));
    qs_val_set_str(line, "hint", err->hint);
    qs_json_write(line, &buf);
    qs_buf_putc(&buf, '\n');
    if (write(fd, qs_buf_text(&buf), buf.len) < 0)
        qs_event_err(QS_EV_ROLE_FAILED, err, NULL);
}

/* The process that stays: starts the container and waits for its end. */
static int stay(const struct qs_supervisor_conf *c, int lock_fd, int panel_fd, int progress_fd)
{
    struct qs_inside inside = { .progress_fd = progress_fd, .panel_fd = panel_fd };
    const int keep[] = { lock_fd, panel_fd, progress_fd, STDERR_FILENO, -1 };
    struct qs_container_conf conf = {
        .name = "prov", .state = c->state, .main = qs_supervisor_inside, .arg = &inside, .keep = keep
    };
    struct qs_err err = QS_ERR_INIT;
    int pidfd = -1;
    pid_t pid;

    (void)setsid();
    qs_event_init("qs");
    redirect_output(c->state);
    if (qs_container_start(&conf, &pid, &pidfd, &err)) {
        report_failure(progress_fd, &err);
        return 1;
    }
    note_pid(c->state, pid);
    qs_fd_close(progress_fd);
    qs_fd_close(panel_fd);
    struct pollfd wait = { .fd = pidfd, .events = POLLIN };
    while (poll(&wait, 1, -1) < 0 && errno == EINTR)
        ;
    (void)waitpid(pid, NULL, 0);
    return 0;
}

/* One line of progress; true when the bring-up is over: *ret_code says how. */
static bool take_line(const char *text, size_t len, qs_supervisor_progress_fn *fn, void *arg, struct qs_err *err)
{
    qs_auto(val) struct qs_val *line = NULL;

    if (qs_json_parse(text, len, &line, err))
        return true;
    const char *state = qs_val_get_str(line, "state", ""), *what = qs_val_get_str(line, "what", "");
    const char *said = qs_val_get_str(line, "text", ""), *hint = qs_val_get_str(line, "hint", "");

    if (qs_streq(state, "failed")) {
        (void)qs_err_set(err, QS_INTERNAL, 0, "'%s' did not start: %s", what, said);
        QS_IGNORE(qs_err_hint(err, "%s", *hint ? hint : "The log is run/qs.log in the state folder."));
        return true;
    }
    if (qs_streq(state, "ready"))
        return true;
    if (fn)
        fn(arg, what, said, qs_streq(state, "done"));
    return false;
}

static enum qs_code follow(int fd, qs_supervisor_progress_fn *fn, void *arg, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf buf = QS_BUF(LINE_MAX_BYTES);
    uint64_t deadline = qs_mono_ms() + BRING_UP_MS;

    for (;;) {
        uint64_t now = qs_mono_ms();
        struct pollfd p = { .fd = fd, .events = POLLIN };
        char *at = qs_buf_reserve(&buf, 4096), *end;
        ssize_t n;

        if (!at)
            return qs_err_set(err, QS_PROTO, 0, "the supervisor's progress has no end of line");
        if (now >= deadline || poll(&p, 1, (int)(deadline - now)) == 0)
            return qs_err_set(err, QS_TIMEOUT, 0, "the bring-up took longer than %d s", BRING_UP_MS / 1000);
        n = read(fd, at, 4096);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return qs_err_set(err, QS_INTERNAL, 0, "the supervisor ended during the bring-up");
        buf.len += (size_t)n;
        buf.data[buf.len] = '\0';
        while ((end = strchr(buf.data, '\n'))) {
            if (take_line(buf.data, (size_t)(end - buf.data), fn, arg, err))
                return err->code;
            qs_buf_consume(&buf, (size_t)(end - buf.data) + 1);
        }
    }
}

enum qs_code qs_supervisor_start(const struct qs_supervisor_conf *conf, qs_supervisor_progress_fn *fn, void *arg,
                                 struct qs_err *err)
{
    qs_auto(fd) int lock = -1;
    qs_auto(fd) int panel = -1;
    int pipe_fds[2];

    if (take_lock(conf->state, &lock, err))
        return err->code;
    if (qs_net_listen_tcp(conf->listen, conf->port, &panel, err))
        return qs_err_hint(err, "Choose another port for the panel with --port.");
    if (write_documents(conf, err))
        return err->code;
    if (pipe2(pipe_fds, O_CLOEXEC))
        return qs_err_sys(err, QS_IO, errno, "could not make a pipe");
    qs_auto(fd) int from = pipe_fds[0];
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        qs_fd_close(pipe_fds[1]);
        return qs_err_sys(err, QS_IO, errno, "could not start the supervisor");
    }
    if (pid == 0)
        _exit(stay(conf, lock, panel, pipe_fds[1]));
    qs_fd_close(pipe_fds[1]);
    if (follow(from, fn, arg, err)) {
        struct qs_err ignored = QS_ERR_INIT;

        qs_fd_close(qs_take_fd(&lock));
        QS_IGNORE(qs_supervisor_stop(conf->state, &ignored));
        return err->code;
    }
    return QS_OK;
}

bool qs_supervisor_running(const char *state, pid_t *ret_pid)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(str) char *lock = in_state(state, "lock");
    qs_auto(str) char *path = in_state(state, "run/pid");
    qs_auto(buf) struct qs_buf buf = QS_BUF(64);
    qs_auto(fd) int fd = open(lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    uint32_t pid = 0;

    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
        return false;
    if (ret_pid) {
        if (qs_fs_read(AT_FDCWD, path, &buf, &err) == QS_OK && buf.len > 0)
            buf.data[strcspn(buf.data, "\n")] = '\0';
        *ret_pid = qs_parse_u32(qs_buf_text(&buf), 1, INT32_MAX, &pid) ? (pid_t)pid : 0;
    }
    return true;
}

/* Asks over the control API; a supervisor that does not answer is killed, and with it, as pid 1, everything. */
static void ask_to_stop(const char *state, pid_t pid)
{
    qs_auto(str) char *socket = in_state(state, "run/supervisor.sock");
    struct qs_http_client_conf conf = {
        .base = "http://supervisor", .unix_path = socket, .connect_ms = 1000, .total_ms = 5000, .body_max = 65536
    };
    qs_auto(http_client) struct qs_http_client *client = NULL;
    qs_auto(reply) struct qs_http_reply reply = { 0 };
    struct qs_err err = QS_ERR_INIT;

    if (qs_http_client_new(&conf, &client, &err) ||
        qs_http_request(client, "POST", "/v1/stop", NULL, NULL, 0, &reply, &err))
        if (pid > 0)
            (void)kill(pid, SIGKILL);
}

enum qs_code qs_supervisor_stop(const char *state, struct qs_err *err)
{
    qs_auto(str) char *path = in_state(state, "lock");
    pid_t pid = 0;

    if (!qs_supervisor_running(state, &pid))
        return QS_OK;
    ask_to_stop(state, pid);
    /* The lock is released when the last process that holds it is gone; flock(2) has no timeout of its own, and
     * pid 1 may take a moment to be reaped, so the wait is on the process itself. */
    qs_auto(fd) int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    for (uint64_t deadline = qs_mono_ms() + STOP_MS; flock(fd, LOCK_EX | LOCK_NB);) {
        struct pollfd nothing = { .fd = -1 };

        if (qs_mono_ms() > deadline) {
            if (pid > 0)
                (void)kill(pid, SIGKILL);
            return qs_err_set(err, QS_TIMEOUT, 0, "the supervisor (pid %d) did not end in %d s", (int)pid,
                              STOP_MS / 1000);
        }
        (void)poll(&nothing, 1, 20);
    }
    return QS_OK;
}

/* ---- clearing: inside a container, because the nodes' files belong to ids that only it may touch ---- */

struct clear {
    bool roots;
};

static int clear_inside(void *arg)
{
    static const char *const always[] = { "/state/twin", "/state/run" };
    const struct clear *c = arg;
    struct qs_err err = QS_ERR_INIT;
    int status = qs_keys_forget("/state", &err) != QS_OK;

    for (size_t i = 0; i < QS_COUNT(always); i++)
        status |= qs_fs_remove(AT_FDCWD, always[i], &err) != QS_OK;
    if (c->roots)
        status |= qs_fs_remove(AT_FDCWD, "/state/roots/base", &err) != QS_OK;
    if (err.code)
        qs_event_err(QS_EV_ROLE_FAILED, &err, NULL);
    return status;
}

static enum qs_code clear_in_container(const char *state, bool roots, struct qs_err *err)
{
    const int keep[] = { STDERR_FILENO, -1 };
    struct clear c = { roots };
    struct qs_container_conf conf = { .name = "clear", .state = state, .main = clear_inside, .arg = &c, .keep = keep };
    qs_auto(fd) int pidfd = -1;
    int status = 0;
    pid_t pid;

    if (qs_container_start(&conf, &pid, &pidfd, err))
        return err->code;
    if (waitpid(pid, &status, 0) != pid || status != 0)
        return qs_err_set(err, QS_IO, 0, "could not remove what the twin left in '%s'", state);
    return QS_OK;
}

enum qs_code qs_supervisor_clear(const char *state, bool roots, struct qs_err *err)
{
    static const char *const ours[] = {
        "run",       "executor.lock", "journal.db",   "journal.db-wal", "journal.db-shm",
        "status.db", "status.db-wal", "status.db-shm"
    };
    qs_auto(fd) int lock = -1;
    qs_auto(fd) int dir = -1;

    if (access(state, F_OK))
        return QS_OK;
    if (take_lock(state, &lock, err) || clear_in_container(state, roots, err) ||
        qs_fs_opendir(AT_FDCWD, state, false, &dir, err))
        return err->code;
    for (size_t i = 0; i < QS_COUNT(ours); i++)
        if (qs_fs_remove(dir, ours[i], err))
            return err->code;
    if (roots && qs_fs_remove(dir, "roots", err))
        return err->code;
    if (qs_fs_remove(dir, "site", err))
        return err->code;
    return qs_fs_remove(dir, "lock", err);
}
