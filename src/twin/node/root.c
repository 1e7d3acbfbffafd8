#include "twin/node/root.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "os/ns.h"
#include "os/rootfs.h"
#include "os/spawn.h"

#define PACKAGES "openssh-server,iproute2,iputils-ping,procps,nftables,python3-minimal,ca-certificates"
#define RECIPE_VERSION 1
#define OTHER_SUITE "bookworm" /* on a host that is not Debian */
#define BUILD_MS 1800000
#define UNPACK_MS 600000
#define TICK_MS 100
#define LINE_MAX_BYTES 1000

/* What mmdebstrap says on its way, in order, and about how far it is then. */
static const struct {
    const char *line, *what;
    unsigned percent;
} milestones[] = {
    { "I: running apt-get update", "reading the package lists", 2 },
    { "I: downloading packages", "downloading packages", 10 },
    { "I: extracting archives", "extracting packages", 35 },
    { "I: installing essential", "installing essential packages", 45 },
    { "I: installing remaining", "installing packages", 60 },
    { "I: cleaning package lists", "cleaning up", 85 },
    { "I: creating tarball", "writing the archive", 90 },
};

struct watch {
    qs_twin_root_fn *fn;
    void *arg;
    int tar; /* being read by the child through the same open file, so its offset tells how far it is; or -1 */
    off_t size;
    char line[LINE_MAX_BYTES];
    size_t len;
    char complaint[200];
};

static void tell(const struct watch *w, const char *what, unsigned percent)
{
    if (w->fn)
        w->fn(w->arg, what, percent);
}

static void on_line(struct watch *w)
{
    const char *complaint = qs_after(w->line, "E: ");

    if (!complaint)
        complaint = qs_after(w->line, "/usr/bin/tar: ");
    if (complaint && !*w->complaint)
        (void)snprintf(w->complaint, sizeof(w->complaint), "%s", complaint);
    for (size_t i = 0; i < QS_COUNT(milestones); i++)
        if (qs_after(w->line, milestones[i].line))
            tell(w, milestones[i].what, milestones[i].percent);
}

static void on_output(struct watch *w, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] != '\n' && data[i] != '\r') {
            if (w->len < sizeof(w->line) - 1)
                w->line[w->len++] = data[i];
            continue;
        }
        w->line[w->len] = '\0';
        on_line(w);
        w->len = 0;
    }
}

static void take_output(struct watch *w, int out)
{
    char data[4096];
    ssize_t n;

    while ((n = read(out, data, sizeof(data))) > 0)
        on_output(w, data, (size_t)n);
}

static void tick(const struct watch *w)
{
    off_t at = w->tar >= 0 ? lseek(w->tar, 0, SEEK_CUR) : 0;

    if (w->tar >= 0 && at > 0 && w->size > 0)
        tell(w, "unpacking", (unsigned)(at * 99 / w->size));
}

/* Until the program ended; false when it had to be killed. */
static bool wait_end(struct watch *w, int pidfd, int out, uint64_t deadline)
{
    struct pollfd p[2] = { { .fd = pidfd, .events = POLLIN }, { .fd = out, .events = POLLIN } };

    while (!p[0].revents) {
        if (qs_mono_ms() >= deadline)
            return false;
        (void)poll(p, 2, TICK_MS);
        if (p[1].revents)
            take_output(w, out);
        if (p[1].revents & POLLHUP)
            p[1].fd = -1;
        tick(w);
    }
    take_output(w, out);
    return true;
}

static enum qs_code run(struct watch *w, const char *const *argv, const char *const *env, uint64_t ms,
                        struct qs_err *err)
{
    struct qs_spawn s = QS_SPAWN_INIT;
    qs_auto(fd) int pidfd = -1;
    int fds[2], status = 0;
    pid_t pid = 0;

    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
        return qs_err_sys(err, QS_IO, errno, "could not start '%s'", argv[0]);
    qs_auto(fd) int out = fds[0];
    qs_auto(fd) int out_child = fds[1];
    s.argv = argv;
    s.env = env;
    s.in = w->tar;
    s.out = s.err = out_child;
    (void)fcntl(out_child, F_SETFL, 0);
    if (qs_spawn(&s, &pid, &pidfd, err))
        return err->code;
    qs_fd_close(qs_take_fd(&out_child));
    bool ended = wait_end(w, pidfd, out, qs_mono_ms() + ms);
    if (!ended)
        (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &status, 0);
    if (!ended)
        return qs_err_set(err, QS_TIMEOUT, 0, "'%s' did not end in time", argv[0]);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return qs_err_set(err, QS_REFUSED, 0, "'%s' failed: %s", argv[0],
                          *w->complaint ? w->complaint : "no reason given");
    return QS_OK;
}

/* The value of KEY=value or KEY="value" in /etc/os-release; "" when absent. */
static void os_release(const char *key, char *ret, size_t size)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(buf) struct qs_buf text = QS_BUF(65536);

    *ret = '\0';
    if (qs_fs_read(AT_FDCWD, "/usr/lib/os-release", &text, &err))
        return;
    for (const char *line = text.data; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *value = qs_after(line, key);

        if (!value || *value++ != '=')
            continue;
        value += *value == '"';
        (void)snprintf(ret, size, "%.*s", (int)strcspn(value, "\"\n"), value);
        return;
    }
}

static char *recipe(const char *suite)
{
    return qs_xasprintf("qs-root %d\nsuite %s\npackages " PACKAGES "\n", RECIPE_VERSION, suite);
}

static bool has_recipe(int dirfd, const char *file, const char *wanted)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(buf) struct qs_buf text = QS_BUF(4096);

    return !qs_fs_read(dirfd, file, &text, &err) && qs_streq(qs_buf_text(&text), wanted);
}

/* The environment that may name a proxy, and the folder for what is half-built. */
static void build_env(const char *temp, const char **env, size_t most)
{
    static const char *const passed[] = { "http_proxy=", "https_proxy=", "no_proxy=" };
    size_t n = 0;

    env[n++] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    env[n++] = "LANG=C.UTF-8";
    env[n++] = temp;
    for (char **e = environ; *e; e++)
        for (size_t i = 0; i < QS_COUNT(passed) && n + 1 < most; i++)
            if (qs_after(*e, passed[i]))
                env[n++] = *e;
    env[n] = NULL;
}

/* Root builds in namespaces of its own, so that a kill leaves no process and no mount, and in a folder of ours. An
 * ordinary user's mmdebstrap makes its namespaces itself, and its ids cannot enter a private home: it builds in
 * /tmp. */
static enum qs_code make_tar(struct watch *w, const char *roots, const char *suite, struct qs_err *err)
{
    bool root = geteuid() == 0;
    qs_auto(str) char *tar = qs_xasprintf("%s/base.tar.new", roots);
    qs_auto(str) char *temp = qs_xasprintf("TMPDIR=%s%s", root ? roots : "/tmp", root ? "/build" : "");
    const char *env[8], *argv[] = {
        "/usr/bin/unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "/usr/bin/mmdebstrap",
        root ? "--mode=root" : "--mode=unshare",
        "--variant=minbase",
        "--format=tar",
        "--dpkgopt=force-unsafe-io",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/info/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--include=" PACKAGES,
        "--customize-hook=rm -f \"$1\"/etc/ssh/ssh_host_*",
        "--skip=output/dev",
        suite,
        tar,
        NULL,
    };

    build_env(temp, env, QS_COUNT(env));
    return run(w, argv + (root ? 0 : 6), env, BUILD_MS, err);
}

/* roots/ is written from inside the container too, so it belongs to the container's root. */
static enum qs_code open_roots(const char *roots, int *ret_fd, struct qs_err *err)
{
    qs_auto(fd) int fd = -1;
    uid_t base;

    if (qs_fs_opendir(AT_FDCWD, roots, true, &fd, err) || qs_container_base_id(&base, err))
        return err->code;
    if (geteuid() == 0 && fchown(fd, base, (gid_t)-1))
        return qs_err_sys(err, QS_IO, errno, "could not give '%s' to the container", roots);
    *ret_fd = qs_take_fd(&fd);
    return QS_OK;
}

static enum qs_code build(struct watch *w, const char *roots, int dirfd, struct qs_err *err)
{
    char id[32], suite[32];

    os_release("ID", id, sizeof(id));
    os_release("VERSION_CODENAME", suite, sizeof(suite));
    if (!qs_streq(id, "debian") || !*suite)
        (void)snprintf(suite, sizeof(suite), OTHER_SUITE);

    qs_auto(str) char *wanted = recipe(suite);
    if (has_recipe(dirfd, "base.recipe", wanted) && faccessat(dirfd, "base.tar", R_OK, 0) == 0)
        return QS_OK;
    if (access("/usr/bin/mmdebstrap", X_OK)) {
        (void)qs_err_set(err, QS_UNSUPPORTED, errno, "mmdebstrap is not installed");
        return qs_err_hint(err, "Install the Debian packages mmdebstrap and uidmap, or use `make up`.");
    }
    if (qs_fs_remove(dirfd, "base.recipe", err) || qs_fs_remove(dirfd, "build", err) ||
        qs_fs_mkdirs(dirfd, "build", 0755, err) || make_tar(w, roots, suite, err) || qs_fs_remove(dirfd, "build", err))
        return err->code;
    if (renameat(dirfd, "base.tar.new", dirfd, "base.tar"))
        return qs_err_sys(err, QS_IO, errno, "could not keep the archive");
    return qs_fs_write(dirfd, "base.recipe", wanted, strlen(wanted), 0644, err);
}

enum qs_code qs_twin_root_build(const char *state, qs_twin_root_fn *fn, void *arg, struct qs_err *err)
{
    qs_auto(str) char *roots = qs_xasprintf("%s/roots", state);
    struct watch w = { .fn = fn, .arg = arg, .tar = -1 };
    qs_auto(fd) int dirfd = -1;

    if (open_roots(roots, &dirfd, err))
        return qs_err_wrap(err, "Debian root");
    if (flock(dirfd, LOCK_EX)) /* another qs may be building it: then it is there when we get the lock */
        return qs_err_sys(err, QS_IO, errno, "could not lock '%s'", roots);
    if (build(&w, roots, dirfd, err))
        return qs_err_wrap(err, "Debian root");
    tell(&w, "ready", 100);
    return QS_OK;
}

static enum qs_code unpack(struct watch *w, const char *roots, int dirfd, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf wanted = QS_BUF(4096);
    qs_auto(str) char *into = qs_xasprintf("%s/base.new", roots);
    const char *argv[] = { "/usr/bin/tar",
                           "-x",
                           "-f",
                           "-",
                           "-C",
                           into,
                           "-p",
                           "--numeric-owner",
                           "--xattrs",
                           "--xattrs-include=security.capability",
                           "--exclude=./dev/*",
                           NULL };
    struct stat st;

    if (qs_fs_read(dirfd, "base.recipe", &wanted, err))
        return err->code;
    if (has_recipe(dirfd, "base/.qs-recipe", qs_buf_text(&wanted)))
        return QS_OK;
    qs_auto(fd) int tar = openat(dirfd, "base.tar", O_RDONLY | O_CLOEXEC);
    if (tar < 0 || fstat(tar, &st))
        return qs_err_sys(err, QS_NOTFOUND, errno, "could not open the archive");
    if (qs_fs_remove(dirfd, "base.new", err) || qs_fs_mkdirs(dirfd, "base.new", 0755, err))
        return err->code;
    w->tar = tar;
    w->size = st.st_size;
    if (run(w, argv, NULL, UNPACK_MS, err) ||
        qs_fs_write(dirfd, "base.new/.qs-recipe", wanted.data, wanted.len, 0644, err) ||
        qs_fs_remove(dirfd, "base", err))
        return err->code;
    if (renameat(dirfd, "base.new", dirfd, "base"))
        return qs_err_sys(err, QS_IO, errno, "could not keep the unpacked root");
    return QS_OK;
}

enum qs_code qs_twin_root_unpack(const char *state, qs_twin_root_fn *fn, void *arg, struct qs_err *err)
{
    qs_auto(str) char *roots = qs_xasprintf("%s/roots", state);
    struct watch w = { .fn = fn, .arg = arg, .tar = -1 };
    qs_auto(fd) int dirfd = -1;

    if (qs_fs_opendir(AT_FDCWD, roots, false, &dirfd, err) || unpack(&w, roots, dirfd, err))
        return qs_err_wrap(err, "Debian root");
    tell(&w, "ready", 100);
    return QS_OK;
}

enum qs_code qs_twin_root_mount(const char *state, struct qs_err *err)
{
    qs_auto(str) char *base = qs_xasprintf("%s/roots/base", state);
    qs_auto(str) char *dev = qs_xasprintf("%s/dev", base); /* not in the archive */

    if (qs_fs_mkdirs(AT_FDCWD, dev, 0755, err) || qs_rootfs_bind("/dev", base, "/dev", 0, err) ||
        qs_rootfs_bind("/proc", base, "/proc", 0, err))
        return qs_err_wrap(err, "Debian root");
    return QS_OK;
}
