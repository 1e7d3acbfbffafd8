/* What happens as the node: its root is put together, then its first process keeps an sshd running and reaps. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "os/ns.h"
#include "os/rootfs.h"
#include "os/spawn.h"
#include "twin/node/node_int.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP)
#define HOST_KEY "/etc/ssh/ssh_host_ed25519_key"
#define KEYGEN_MS 20000
#define RESTART_MS 200 /* an sshd that dies at once must not eat a core */

/* The kernel lacks "trusted" attributes for a user namespace, hence userxattr. */
static enum qs_code mount_layers(const struct qs_node *n, const char *at, struct qs_err *err)
{
    qs_auto(str) char *upper = qs_xasprintf("%s/upper", n->state);
    qs_auto(str) char *work = qs_xasprintf("%s/work", n->state);
    qs_auto(str) char *options = qs_xasprintf("lowerdir=%s,upperdir=%s,workdir=%s,userxattr", n->root, upper, work);

    if (qs_fs_mkdirs(AT_FDCWD, upper, 0755, err) || qs_fs_mkdirs(AT_FDCWD, work, 0755, err) ||
        qs_fs_mkdirs(AT_FDCWD, at, 0755, err))
        return err->code;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        return qs_err_sys(err, QS_IO, errno, "could not make the mounts private");
    return qs_rootfs_mount("overlay", at, "", 0, options, err);
}

static enum qs_code put(const char *base, const char *path, mode_t mode, const char *text, struct qs_err *err)
{
    qs_auto(str) char *at = qs_xasprintf("%s%s", base, path);

    return qs_fs_write(AT_FDCWD, at, text, strlen(text), mode, err);
}

static enum qs_code put_files(const struct qs_node *n, const char *base, struct qs_err *err)
{
    static const char sshd[] = "# Written by qs at each start of this node.\n"
                               "HostKey " HOST_KEY "\n"
                               "PasswordAuthentication no\n"
                               "KbdInteractiveAuthentication no\n"
                               "PermitRootLogin prohibit-password\n"
                               "UsePAM no\n";
    qs_auto(str) char *hostname = qs_xasprintf("%s\n", n->name);
    qs_auto(str) char *hosts = qs_xasprintf("127.0.0.1 localhost\n::1 localhost\n%s %s\n",
                                            *n->address ? n->address : "127.0.1.1", n->name);
    qs_auto(str) char *key = qs_xasprintf("%s\n", n->key);
    qs_auto(str) char *ssh = qs_xasprintf("%s/root/.ssh", base);
    qs_auto(str) char *run = qs_xasprintf("%s/run/sshd", base);

    if (qs_fs_mkdirs(AT_FDCWD, ssh, 0700, err) || qs_fs_mkdirs(AT_FDCWD, run, 0755, err) ||
        put(base, "/etc/hostname", 0644, hostname, err) || put(base, "/etc/hosts", 0644, hosts, err) ||
        put(base, "/root/.ssh/authorized_keys", 0600, key, err))
        return err->code;
    return put(base, "/etc/ssh/sshd_config.d/qs.conf", 0644, sshd, err);
}

static enum qs_code make_root(const struct qs_node *n, struct qs_err *err)
{
    qs_auto(str) char *base = qs_xasprintf("%s/root", n->state);

    if (mount_layers(n, base, err) || qs_rootfs_standard(base, err) || put_files(n, base, err) ||
        qs_rootfs_enter(base, false, err))
        return err->code;
    if (sethostname(n->name, strlen(n->name)))
        return qs_err_sys(err, QS_IO, errno, "could not set the host name");
    return QS_OK;
}

static enum qs_code make_host_key(struct qs_err *err)
{
    const char *argv[] = { "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", HOST_KEY, NULL };
    struct qs_spawn s = QS_SPAWN_INIT;
    qs_auto(buf) struct qs_buf out = QS_BUF(1024);
    int status = 0;

    if (access(HOST_KEY, F_OK) == 0)
        return QS_OK;
    s.argv = argv;
    if (qs_spawn_run(&s, NULL, &out, KEYGEN_MS, &status, err))
        return err->code;
    if (status)
        return qs_err_set(err, QS_IO, 0, "could not make the host key: %s", qs_buf_text(&out));
    return QS_OK;
}

static enum qs_code start_sshd(pid_t *ret, struct qs_err *err)
{
    const char *argv[] = { "/usr/sbin/sshd", "-D", "-E", "/var/log/sshd.log", NULL };
    struct qs_spawn s = QS_SPAWN_INIT;

    s.argv = argv; /* absolute: sshd executes itself again by that name */
    s.new_session = true;
    return qs_spawn(&s, ret, NULL, err);
}

/* The first process of a pid namespace inherits every orphan. */
_Noreturn static void reap_for_ever(pid_t sshd)
{
    struct qs_err err = QS_ERR_INIT;

    for (;;) {
        pid_t pid = waitpid(-1, NULL, 0);

        if (pid > 0 && pid != sshd)
            continue;
        (void)poll(NULL, 0, RESTART_MS);
        if ((pid == sshd || errno == ECHILD) && start_sshd(&sshd, &err))
            sshd = -1; /* tried again when nothing is left to wait for */
    }
}

/* Nothing of the role may stay open here: not its channel to the supervisor, and not the mask of its signals. */
static enum qs_code leave_role(int report, struct qs_err *err)
{
    struct pollfd p = { .fd = report };
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_NAME, "init");
    (void)umask(022);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || poll(&p, 1, 0) != 0) /* the pipe has no reader: too late */
        return qs_err_set(err, QS_IO, 0, "the role of the node is gone");
    if (close_range(3, (unsigned)report - 1, 0) || close_range((unsigned)report + 1, ~0U, 0))
        return qs_err_sys(err, QS_IO, errno, "could not close what the role had open");
    return QS_OK;
}

_Noreturn static void inside(const struct qs_node *n, int report)
{
    struct qs_err err = QS_ERR_INIT;
    pid_t sshd = -1;

    if (!leave_role(report, &err) && !make_root(n, &err) && !make_host_key(&err))
        QS_IGNORE(start_sshd(&sshd, &err));
    if (!qs_report(report, &err) || err.code)
        _exit(1);
    qs_fd_close(report);
    reap_for_ever(sshd);
}

enum qs_code qs_node_start(const struct qs_node *n, pid_t *ret_pid, int *ret_pidfd, struct qs_err *err)
{
    qs_auto(fd) int pidfd = -1;
    int fds[2];

    if (pipe2(fds, O_CLOEXEC))
        return qs_err_sys(err, QS_IO, errno, "could not start the node");
    qs_auto(fd) int report_in = fds[0];
    qs_auto(fd) int report = fds[1];
    pid_t pid = qs_clone(NAMESPACES, &pidfd);
    if (pid < 0)
        return qs_err_sys(err, QS_UNSUPPORTED, errno, "could not make the node's namespaces");
    if (pid == 0)
        inside(n, report);
    qs_fd_close(qs_take_fd(&report));
    if (qs_report_wait(report_in, "node", err)) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return err->code;
    }
    *ret_pid = pid;
    *ret_pidfd = qs_take_fd(&pidfd);
    return QS_OK;
}
