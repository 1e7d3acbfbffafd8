#include "os/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"

#define OLD ".old"

static enum qs_code failed(struct qs_err *err, const char *what, const char *path)
{
    if (errno == EPERM || errno == EACCES) {
        (void)qs_err_sys(err, QS_UNSUPPORTED, errno, "could not %s '%s' in a user namespace", what, path);
        return qs_err_hint(err, "A security module or an outer container forbids it: run qs on the machine itself, "
                                "or allow its user namespaces there.");
    }
    return qs_err_sys(err, QS_IO, errno, "could not %s '%s'", what, path);
}

static enum qs_code make_dir(const char *at, mode_t mode, struct qs_err *err)
{
    if (mkdir(at, mode) && errno != EEXIST)
        return failed(err, "make folder", at);
    return QS_OK;
}

enum qs_code qs_rootfs_mount(const char *type, const char *base, const char *at, unsigned long flags,
                             const char *options, struct qs_err *err)
{
    qs_auto(str) char *path = qs_xasprintf("%s%s", base, at);

    if (make_dir(path, 0755, err))
        return err->code;
    if (mount(type, path, type, flags, options))
        return failed(err, "mount", *at ? at : type);
    return QS_OK;
}

enum qs_code qs_rootfs_bind(const char *from, const char *base, const char *at, uint64_t attrs, struct qs_err *err)
{
    qs_auto(str) char *path = qs_xasprintf("%s%s", base, at);
    struct mount_attr set = { .attr_set = attrs };

    if (mount(from, path, NULL, MS_BIND | MS_REC, NULL))
        return failed(err, "bind", at);
    if (attrs && mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &set, sizeof(set)))
        return failed(err, "protect", at);
    return QS_OK;
}

static enum qs_code copy_link(const char *path, const char *at, struct qs_err *err)
{
    char target[256];
    ssize_t n = readlink(path, target, sizeof(target) - 1);

    if (n < 0)
        return failed(err, "read link", path);
    target[n] = '\0';
    return symlink(target, at) ? failed(err, "link", at) : QS_OK;
}

static enum qs_code same(const char *base, const char *path, struct qs_err *err)
{
    qs_auto(str) char *at = qs_xasprintf("%s%s", base, path);
    qs_auto(fd) int fd = -1;
    struct stat st;

    if (lstat(path, &st))
        return QS_OK;
    if (S_ISLNK(st.st_mode))
        return copy_link(path, at, err);
    if (S_ISDIR(st.st_mode) && make_dir(at, 0755, err))
        return err->code;
    if (!S_ISDIR(st.st_mode) && (fd = open(at, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) < 0)
        return failed(err, "make file", at);
    return qs_rootfs_bind(path, base, path,
                          MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | (S_ISCHR(st.st_mode) ? 0 : MOUNT_ATTR_NODEV), err);
}

enum qs_code qs_rootfs_same(const char *base, const char *const *paths, struct qs_err *err)
{
    for (; *paths; paths++)
        if (same(base, *paths, err))
            return err->code;
    return QS_OK;
}

/* Nodes are bound, because mknod(2) is refused in a user namespace. /dev/net/tun may be root's alone. */
static enum qs_code put_dev(const char *base, struct qs_err *err)
{
    static const char *const nodes[] = { "/dev/null",    "/dev/zero", "/dev/full", "/dev/random",
                                         "/dev/urandom", "/dev/tty",  NULL };
    static const char *const tun[] = { "/dev/net/tun", NULL };
    static const struct {
        const char *target, *at;
    } links[] = {
        { "pts/ptmx", "/dev/ptmx" },          { "/proc/self/fd", "/dev/fd" },       { "/proc/self/fd/0", "/dev/stdin" },
        { "/proc/self/fd/1", "/dev/stdout" }, { "/proc/self/fd/2", "/dev/stderr" },
    };
    qs_auto(str) char *net = qs_xasprintf("%s/dev/net", base);

    if (qs_rootfs_mount("tmpfs", base, "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64m", err) ||
        qs_rootfs_mount("devpts", base, "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5",
                        err) ||
        qs_rootfs_mount("tmpfs", base, "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777,size=64m", err) ||
        make_dir(net, 0755, err) || qs_rootfs_same(base, nodes, err))
        return err->code;
    if (access(tun[0], R_OK | W_OK) == 0 && qs_rootfs_same(base, tun, err))
        return err->code;
    for (size_t i = 0; i < QS_COUNT(links); i++) {
        qs_auto(str) char *at = qs_xasprintf("%s%s", base, links[i].at);

        if (symlink(links[i].target, at))
            return failed(err, "link", at);
    }
    return QS_OK;
}

enum qs_code qs_rootfs_standard(const char *base, struct qs_err *err)
{
    if (put_dev(base, err) || qs_rootfs_mount("proc", base, "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err) ||
        qs_rootfs_mount("sysfs", base, "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err) ||
        qs_rootfs_mount("tmpfs", base, "/run", MS_NOSUID | MS_NODEV, "mode=0755,size=64m", err) ||
        qs_rootfs_mount("tmpfs", base, "/tmp", MS_NOSUID | MS_NODEV, "mode=1777,size=512m", err))
        return err->code;
    return QS_OK;
}

enum qs_code qs_rootfs_enter(const char *base, bool readonly, struct qs_err *err)
{
    qs_auto(str) char *old = qs_xasprintf("%s/" OLD, base);
    struct mount_attr set = { .attr_set = MOUNT_ATTR_RDONLY };

    if (make_dir(old, 0700, err))
        return err->code;
    if (chdir(base) || syscall(SYS_pivot_root, ".", OLD) || chdir("/"))
        return failed(err, "make it the root", base);
    if (umount2(OLD, MNT_DETACH) || rmdir(OLD))
        return failed(err, "leave the old root", OLD);
    if (readonly && mount_setattr(AT_FDCWD, "/", 0, &set, sizeof(set)))
        return failed(err, "protect", "/");
    return QS_OK;
}
