#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "os/container_int.h"

/* The root is built under this folder, which every host has; only this mount namespace sees it covered. */
#define NEW "/tmp"
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

enum qs_code qs_binds_open(const struct qs_container_conf *conf, struct qs_binds *ret, struct qs_err *err)
{
    struct qs_binds b = { .rows = { { -1, "/state", true } }, .count = 1 };

    b.rows[0].fd = open(conf->state, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (b.rows[0].fd < 0)
        return qs_err_sys(err, QS_IO, errno, "could not open the state folder '%s'", conf->state);
    for (size_t i = 0; i < QS_COUNT(conf->readonly) && conf->readonly[i]; i++) {
        int fd = open(conf->readonly[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
            return qs_err_sys(err, QS_IO, errno, "could not open folder '%s'", conf->readonly[i]);
        b.rows[b.count].fd = fd;
        b.rows[b.count++].at = conf->readonly[i];
    }
    *ret = b;
    return QS_OK;
}

static enum qs_code make_dir(const char *at, mode_t mode, struct qs_err *err)
{
    if (mkdir(at, mode) && errno != EEXIST)
        return failed(err, "make folder", at);
    return QS_OK;
}

static enum qs_code mount_fresh(const char *type, const char *at, unsigned long flags, const char *options,
                                struct qs_err *err)
{
    if (make_dir(at, 0755, err))
        return err->code;
    if (mount(type, at, type, flags, options))
        return failed(err, "mount", at);
    return QS_OK;
}

/* With everything mounted below it: the copies of the host's mounts are locked to each other. */
static enum qs_code bind(const char *from, const char *at, uint64_t attrs, struct qs_err *err)
{
    struct mount_attr set = { .attr_set = attrs };

    if (mount(from, at, NULL, MS_BIND | MS_REC, NULL))
        return failed(err, "bind", at);
    if (attrs && mount_setattr(AT_FDCWD, at, AT_RECURSIVE, &set, sizeof(set)))
        return failed(err, "protect", at);
    return QS_OK;
}

/* A folder, file or symbolic link of the host at the same place; one that the host lacks is left out. */
static enum qs_code same_as_host(const char *path, struct qs_err *err)
{
    qs_auto(str) char *at = qs_xasprintf(NEW "%s", path);
    char target[256];
    struct stat st;

    if (lstat(path, &st))
        return QS_OK;
    if (S_ISLNK(st.st_mode)) {
        ssize_t n = readlink(path, target, sizeof(target) - 1);

        if (n < 0)
            return failed(err, "read link", path);
        target[n] = '\0';
        return symlink(target, at) ? failed(err, "link", at) : QS_OK;
    }
    if (S_ISDIR(st.st_mode) && make_dir(at, 0755, err))
        return err->code;
    if (!S_ISDIR(st.st_mode)) {
        int fd = open(at, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        if (fd < 0)
            return failed(err, "make file", at);
        qs_fd_close(fd);
    }
    return bind(path, at, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | (S_ISCHR(st.st_mode) ? 0 : MOUNT_ATTR_NODEV), err);
}

static enum qs_code all_as_host(const char *const *paths, struct qs_err *err)
{
    for (; *paths; paths++)
        if (same_as_host(*paths, err))
            return err->code;
    return QS_OK;
}

/* Programs and libraries of the host, so that this very binary runs inside as it runs outside. */
static enum qs_code put_system(struct qs_err *err)
{
    static const char *const paths[] = { "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
                                         "/etc/ld.so.cache", "/etc/alternatives", "/etc/ssl", NULL };
    static const struct {
        const char *path, *text;
    } files[] = {
        { NEW "/etc/passwd", "root:x:0:0:root:/:/bin/sh\n" },
        { NEW "/etc/group", "root:x:0:\ntty:x:5:\n" },
        { NEW "/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n" },
    };

    if (make_dir(NEW "/etc", 0755, err))
        return err->code;
    for (size_t i = 0; i < QS_COUNT(files); i++)
        if (qs_fs_write(AT_FDCWD, files[i].path, files[i].text, strlen(files[i].text), 0644, err))
            return err->code;
    return all_as_host(paths, err);
}

/* Nodes are bound, because mknod(2) is refused in a user namespace. /dev/net/tun may be root's alone. */
static enum qs_code put_dev(struct qs_err *err)
{
    static const char *const nodes[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
                                         "/dev/tty", NULL };
    static const char *const tun[] = { "/dev/net/tun", NULL };
    static const struct {
        const char *target, *at;
    } links[] = {
        { "pts/ptmx", NEW "/dev/ptmx" },        { "/proc/self/fd", NEW "/dev/fd" },
        { "/proc/self/fd/0", NEW "/dev/stdin" }, { "/proc/self/fd/1", NEW "/dev/stdout" },
        { "/proc/self/fd/2", NEW "/dev/stderr" },
    };

    if (mount_fresh("tmpfs", NEW "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64m", err) ||
        mount_fresh("devpts", NEW "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5",
                    err) ||
        mount_fresh("tmpfs", NEW "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777,size=64m", err) ||
        make_dir(NEW "/dev/net", 0755, err) || all_as_host(nodes, err))
        return err->code;
    if (access(tun[0], R_OK | W_OK) == 0 && all_as_host(tun, err))
        return err->code;
    for (size_t i = 0; i < QS_COUNT(links); i++)
        if (symlink(links[i].target, links[i].at))
            return failed(err, "link", links[i].at);
    return QS_OK;
}

/* proc and sysfs are only granted while the host's own are still visible in this namespace. */
static enum qs_code put_kernel(struct qs_err *err)
{
    if (mount_fresh("proc", NEW "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err) ||
        mount_fresh("sysfs", NEW "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err) ||
        mount_fresh("tmpfs", NEW "/run", MS_NOSUID | MS_NODEV, "mode=0755,size=64m", err) ||
        mount_fresh("tmpfs", NEW "/tmp", MS_NOSUID | MS_NODEV, "mode=1777,size=512m", err))
        return err->code;
    return QS_OK;
}

static enum qs_code put_binds(const struct qs_binds *b, struct qs_err *err)
{
    for (unsigned i = 0; i < b->count; i++) {
        qs_auto(str) char *at = qs_xasprintf(NEW "%s", b->rows[i].at);
        char from[32];

        (void)snprintf(from, sizeof(from), "/proc/self/fd/%d", b->rows[i].fd);
        if (qs_fs_mkdirs(AT_FDCWD, at, 0755, err) ||
            bind(from, at, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (b->rows[i].writable ? 0 : MOUNT_ATTR_RDONLY), err))
            return err->code;
    }
    return QS_OK;
}

static enum qs_code enter(struct qs_err *err)
{
    struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };

    if (make_dir(NEW "/" OLD, 0700, err))
        return err->code;
    if (chdir(NEW) || syscall(SYS_pivot_root, ".", OLD) || chdir("/"))
        return failed(err, "make it the root", NEW);
    if (umount2(OLD, MNT_DETACH) || rmdir(OLD))
        return failed(err, "leave the host's root", OLD);
    if (mount_setattr(AT_FDCWD, "/", 0, &readonly, sizeof(readonly)))
        return failed(err, "protect", "/");
    return QS_OK;
}

enum qs_code qs_container_root(const struct qs_binds *binds, struct qs_err *err)
{
    if (mount_fresh("tmpfs", NEW, MS_NOSUID | MS_NODEV, "mode=0755,size=16m", err) || put_system(err) ||
        put_dev(err) || put_kernel(err) || put_binds(binds, err) || enter(err))
        return qs_err_wrap(err, "root of the container");
    return QS_OK;
}
