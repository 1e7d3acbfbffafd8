#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "os/container_int.h"
#include "os/spawn.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP)
#define MAP_TIMEOUT_MS 10000
#define KEEP_MOST 64

/* The two ends of the start: `go` tells the child that its ids are mapped, `report` brings back its error. */
struct pipes {
    int go[2], report[2];
};

static void pipes_close(struct pipes p)
{
    for (int i = 0; i < 2; i++) {
        qs_fd_close(p.go[i]);
        qs_fd_close(p.report[i]);
    }
}
QS_DEFINE_AUTO(pipes, struct pipes, pipes_close)

pid_t qs_clone(uint64_t namespaces, int *ret_pidfd)
{
    struct clone_args args = { .flags = namespaces | CLONE_PIDFD,
                               .pidfd = (uint64_t)(uintptr_t)ret_pidfd,
                               .exit_signal = SIGCHLD };

    (void)fflush(NULL); /* or both would write what is buffered */
    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

bool qs_report(int fd, const struct qs_err *err)
{
    return write(fd, err, sizeof(*err)) == (ssize_t)sizeof(*err);
}

enum qs_code qs_report_wait(int fd, const char *what, struct qs_err *err)
{
    struct qs_err inner = QS_ERR_INIT;
    ssize_t n;

    do
        n = read(fd, &inner, sizeof(inner));
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(inner))
        return qs_err_set(err, QS_IO, 0, "the %s ended while it started", what);
    if (inner.code)
        *err = inner;
    return inner.code;
}

static enum qs_code become_root(struct qs_err *err)
{
    if (setgroups(0, NULL) || setresgid(0, 0, 0) || setresuid(0, 0, 0))
        return qs_err_sys(err, QS_IO, errno, "could not become root of the user namespace");
    /* A change of ids had made /proc/self unreadable for the starter, who may have to enter. */
    if (prctl(PR_SET_DUMPABLE, 1))
        return qs_err_sys(err, QS_IO, errno, "could not keep the container open to its starter");
    return QS_OK;
}

/* Only after the last change of ids, which resets it. The pipe tells whether the parent died before. */
static enum qs_code die_with_parent(int go, struct qs_err *err)
{
    struct pollfd p = { .fd = go };

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || poll(&p, 1, 0) != 0)
        return qs_err_set(err, QS_IO, 0, "the starter of the container is gone");
    return QS_OK;
}

static int by_number(const void *a, const void *b)
{
    const int *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* Closes all but 0, 1, 2 and those to keep. */
static void close_others(const int *keep)
{
    int fds[KEEP_MOST];
    unsigned next = 3;
    size_t n = 0;

    for (; keep && keep[n] >= 0 && n < QS_COUNT(fds); n++)
        fds[n] = keep[n];
    qsort(fds, n, sizeof(fds[0]), by_number);
    for (size_t i = 0; i < n; i++) {
        if ((unsigned)fds[i] > next)
            (void)close_range(next, (unsigned)fds[i] - 1, 0);
        if ((unsigned)fds[i] >= next)
            next = (unsigned)fds[i] + 1;
    }
    (void)close_range(next, ~0U, 0);
}

static enum qs_code make_inside(const struct qs_container_conf *conf, int go, struct qs_err *err)
{
    struct qs_binds binds;
    char byte;

    if (read(go, &byte, 1) != 1)
        return qs_err_set(err, QS_IO, 0, "the starter of the container is gone");
    if (unshare(NAMESPACES) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
        (void)qs_err_sys(err, QS_UNSUPPORTED, errno, "could not make the namespaces of the container");
        return qs_err_hint(err, "A security module may restrict user namespaces; on Ubuntu see "
                                "kernel.apparmor_restrict_unprivileged_userns.");
    }
    if (qs_binds_open(conf, &binds, err) || become_root(err) || die_with_parent(go, err) ||
        qs_container_root(&binds, err) || qs_netns_lo_up(err))
        return err->code;
    if (sethostname(conf->name, strlen(conf->name)))
        return qs_err_sys(err, QS_IO, errno, "could not set the host name '%s'", conf->name);
    return QS_OK;
}

_Noreturn static void inside(const struct qs_container_conf *conf, const struct pipes *p)
{
    struct qs_err err = QS_ERR_INIT;

    qs_fd_close(p->go[1]);
    qs_fd_close(p->report[0]);
    (void)umask(022);
    QS_IGNORE(make_inside(conf, p->go[0], &err));
    if (!qs_report(p->report[1], &err) || err.code)
        _exit(127);
    close_others(conf->keep);

    int status = conf->main(conf->arg);
    (void)fflush(NULL);
    _exit(status);
}

static enum qs_code write_map(pid_t pid, const char *name, const struct qs_id_map *map, struct qs_err *err)
{
    qs_auto(str) char *path = qs_xasprintf("/proc/%d/%s", pid, name);
    qs_auto(fd) int fd = open(path, O_WRONLY | O_CLOEXEC);
    char text[64];
    int n = snprintf(text, sizeof(text), "%u %u %u\n", map->rows[0].inside, map->rows[0].outside, map->rows[0].count);

    if (fd >= 0 && write(fd, text, (size_t)n) == n)
        return QS_OK;
    (void)qs_err_sys(err, QS_UNSUPPORTED, errno, "could not map ids %u to %u into the container", map->rows[0].outside,
                     map->rows[0].outside + map->rows[0].count - 1);
    return qs_err_hint(err, "Give root a range that exists here: a line root:FIRST:65536 in /etc/subuid and "
                            "/etc/subgid.");
}

/* An ordinary user may map other ids than its own only by the setuid programs of package uidmap. */
static enum qs_code run_map(pid_t pid, const char *program, const struct qs_id_map *map, struct qs_err *err)
{
    char words[1 + 3 * QS_COUNT(map->rows)][12];
    const char *argv[2 + 3 * QS_COUNT(map->rows) + 1] = { program };
    struct qs_spawn s = QS_SPAWN_INIT;
    qs_auto(buf) struct qs_buf out = QS_BUF(256);
    size_t n = 0;
    int status = 0;

    (void)snprintf(words[n++], sizeof(words[0]), "%d", pid);
    for (unsigned i = 0; i < map->count; i++) {
        (void)snprintf(words[n++], sizeof(words[0]), "%u", map->rows[i].inside);
        (void)snprintf(words[n++], sizeof(words[0]), "%u", map->rows[i].outside);
        (void)snprintf(words[n++], sizeof(words[0]), "%u", map->rows[i].count);
    }
    for (size_t i = 0; i < n; i++)
        argv[1 + i] = words[i];
    s.argv = argv;
    if (qs_spawn_run(&s, NULL, &out, MAP_TIMEOUT_MS, &status, err)) {
        if (err->code != QS_NOTFOUND)
            return err->code;
        (void)qs_err_set(err, QS_UNSUPPORTED, 0, "'%s' is not installed", program);
        return qs_err_hint(err, "Install the Debian package uidmap, or run qs as root.");
    }
    if (status)
        return qs_err_set(err, QS_UNSUPPORTED, 0, "'%s' refused: %.*s", program, (int)strcspn(qs_buf_text(&out), "\n"),
                          qs_buf_text(&out));
    return QS_OK;
}

static enum qs_code map_ids(pid_t pid, const struct qs_id_map *uids, const struct qs_id_map *gids, struct qs_err *err)
{
    if (geteuid() == 0)
        return write_map(pid, "gid_map", gids, err) ? err->code : write_map(pid, "uid_map", uids, err);
    return run_map(pid, "/usr/bin/newgidmap", gids, err) ? err->code : run_map(pid, "/usr/bin/newuidmap", uids, err);
}

static enum qs_code release(struct pipes *p, struct qs_err *err)
{
    qs_fd_close(qs_take_fd(&p->go[0]));
    qs_fd_close(qs_take_fd(&p->report[1]));
    if (write(p->go[1], "", 1) != 1)
        return qs_err_sys(err, QS_IO, errno, "could not start the container");
    return qs_report_wait(p->report[0], "container", err);
}

static enum qs_code own_state(const struct qs_container_conf *conf, const struct qs_id_map *uids,
                              const struct qs_id_map *gids, struct qs_err *err)
{
    struct stat st;

    if (stat(conf->state, &st))
        return qs_err_sys(err, QS_IO, errno, "could not look at the state folder '%s'", conf->state);
    if (geteuid() != 0 || st.st_uid == uids->rows[0].outside)
        return QS_OK;
    if (chown(conf->state, uids->rows[0].outside, gids->rows[0].outside))
        return qs_err_sys(err, QS_IO, errno, "could not give the state folder '%s' to the container", conf->state);
    return QS_OK;
}

static enum qs_code not_cloned(int errnum, struct qs_err *err)
{
    (void)qs_err_sys(err, QS_UNSUPPORTED, errnum, "could not make a user namespace");
    return qs_err_hint(err, "See sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone and the security "
                            "module of this machine.");
}

enum qs_code qs_container_start(const struct qs_container_conf *conf, pid_t *ret_pid, int *ret_pidfd,
                                struct qs_err *err)
{
    qs_auto(pipes) struct pipes p = { { -1, -1 }, { -1, -1 } };
    qs_auto(fd) int pidfd = -1;
    struct qs_id_map uids = { 0 }, gids = { 0 };

    if (qs_id_maps(&uids, &gids, err) || own_state(conf, &uids, &gids, err))
        return err->code;
    if (pipe2(p.go, O_CLOEXEC) || pipe2(p.report, O_CLOEXEC))
        return qs_err_sys(err, QS_IO, errno, "could not start the container");
    pid_t pid = qs_clone(CLONE_NEWUSER | CLONE_NEWPID, &pidfd);
    if (pid < 0)
        return not_cloned(errno, err);
    if (pid == 0)
        inside(conf, &p);
    if (map_ids(pid, &uids, &gids, err) || release(&p, err)) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return err->code;
    }
    *ret_pid = pid;
    *ret_pidfd = qs_take_fd(&pidfd);
    return QS_OK;
}

static int exit_status(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 127;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* A second child, because a process enters a pid namespace only by its children. */
_Noreturn static void enter_and_run(int pidfd, int report, int (*fn)(void *), void *arg)
{
    struct qs_err err = QS_ERR_INIT;

    if (setns(pidfd, CLONE_NEWUSER | CLONE_NEWPID | NAMESPACES))
        (void)qs_err_sys(&err, errno == EPERM ? QS_DENIED : QS_IO, errno, "could not enter the container");
    else
        QS_IGNORE(become_root(&err));
    pid_t pid = err.code ? -1 : fork();
    if (!err.code && pid < 0)
        (void)qs_err_sys(&err, QS_IO, errno, "could not start in the container");
    if (pid == 0) {
        int status = fn(arg);

        (void)fflush(NULL);
        _exit(status);
    }
    if (!qs_report(report, &err) || err.code)
        _exit(127);
    _exit(exit_status(pid));
}

enum qs_code qs_container_enter(pid_t pid, int (*fn)(void *), void *arg, int *ret_status, struct qs_err *err)
{
    qs_auto(fd) int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    int fds[2];

    if (pidfd < 0)
        return qs_err_sys(err, QS_NOTFOUND, errno, "no container has process %d", pid);
    if (pipe2(fds, O_CLOEXEC))
        return qs_err_sys(err, QS_IO, errno, "could not enter the container");
    qs_auto(fd) int report_in = fds[0];
    qs_auto(fd) int report = fds[1];
    (void)fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        return qs_err_sys(err, QS_IO, errno, "could not enter the container");
    if (child == 0)
        enter_and_run(pidfd, report, fn, arg);
    qs_fd_close(qs_take_fd(&report));

    enum qs_code code = qs_report_wait(report_in, "container", err);
    int status = exit_status(child);
    if (code)
        return code;
    *ret_status = status;
    return QS_OK;
}
