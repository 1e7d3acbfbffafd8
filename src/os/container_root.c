#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "os/container_int.h"
#include "os/rootfs.h"

/* The root is built under this folder, which every host has; only this mount namespace sees it covered. */
#define NEW "/tmp"

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

/* Programs and libraries of the host, so that this very binary runs inside as it runs outside. */
static enum qs_code put_system(struct qs_err *err)
{
    static const char *const paths[] = {
        "/usr",     "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache", "/etc/alternatives",
        "/etc/ssl", NULL
    };
    static const struct {
        const char *path, *text;
    } files[] = {
        { NEW "/etc/passwd", "root:x:0:0:root:/:/bin/sh\n" },
        { NEW "/etc/group", "root:x:0:\ntty:x:5:\n" },
        { NEW "/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n" },
    };

    if (qs_fs_mkdirs(AT_FDCWD, NEW "/etc", 0755, err))
        return err->code;
    for (size_t i = 0; i < QS_COUNT(files); i++)
        if (qs_fs_write(AT_FDCWD, files[i].path, files[i].text, strlen(files[i].text), 0644, err))
            return err->code;
    return qs_rootfs_same(NEW, paths, err);
}

static enum qs_code put_binds(const struct qs_binds *b, struct qs_err *err)
{
    for (unsigned i = 0; i < b->count; i++) {
        qs_auto(str) char *at = qs_xasprintf(NEW "%s", b->rows[i].at);
        char from[32];

        (void)snprintf(from, sizeof(from), "/proc/self/fd/%d", b->rows[i].fd);
        if (qs_fs_mkdirs(AT_FDCWD, at, 0755, err) ||
            qs_rootfs_bind(from, NEW, b->rows[i].at,
                           MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (b->rows[i].writable ? 0 : MOUNT_ATTR_RDONLY), err))
            return err->code;
    }
    return QS_OK;
}

enum qs_code qs_container_root(const struct qs_binds *binds, struct qs_err *err)
{
    if (qs_rootfs_mount("tmpfs", NEW, "", MS_NOSUID | MS_NODEV, "mode=0755,size=16m", err) || put_system(err) ||
        qs_rootfs_standard(NEW, err) || put_binds(binds, err) || qs_rootfs_enter(NEW, true, err))
        return qs_err_wrap(err, "root of the container");
    return QS_OK;
}
