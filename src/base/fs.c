#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/id.h"

#define TREE_DEPTH 128
#define READ_STEP 65536

static enum qs_code read_all(int fd, const char *path, struct qs_buf *buf, struct qs_err *err)
{
    for (;;) {
        size_t room = buf->cap - buf->len, step = room < READ_STEP ? room : READ_STEP;
        char beyond, *at = step ? qs_buf_reserve(buf, step) : &beyond; /* full: may still be the whole file */
        ssize_t n = read(fd, at, step ? step : 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return qs_err_sys(err, QS_IO, errno, "could not read '%s'", path);
        if (n == 0)
            return QS_OK;
        if (!step) {
            buf->over = true;
            return qs_buf_check(buf, path, err);
        }
        buf->len += (size_t)n;
        buf->data[buf->len] = '\0';
    }
}

enum qs_code qs_fs_read(int dirfd, const char *path, struct qs_buf *buf, struct qs_err *err)
{
    qs_auto(fd) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return qs_err_sys(err, errno == ENOENT ? QS_NOTFOUND : QS_IO, errno, "could not open '%s'", path);
    if (fstat(fd, &st) || S_ISDIR(st.st_mode))
        return qs_err_set(err, QS_IO, EISDIR, "could not read '%s': not a file", path);
    return read_all(fd, path, buf, err);
}

static enum qs_code write_all(int fd, const char *path, const char *data, size_t len, struct qs_err *err)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return qs_err_sys(err, QS_IO, errno, "could not write '%s'", path);
        data += n;
        len -= (size_t)n;
    }
    if (fsync(fd))
        return qs_err_sys(err, QS_IO, errno, "could not sync '%s'", path);
    return QS_OK;
}

enum qs_code qs_fs_write(int dirfd, const char *path, const void *data, size_t len, mode_t mode, struct qs_err *err)
{
    char word[9];

    qs_random_word(word, 8);
    qs_auto(str) char *temp = qs_xasprintf("%s.%s.tmp", path, word);
    qs_auto(fd) int fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

    if (fd < 0)
        return qs_err_sys(err, QS_IO, errno, "could not create '%s'", temp);
    enum qs_code code = write_all(fd, path, data, len, err);
    if (!code && renameat(dirfd, temp, dirfd, path))
        code = qs_err_sys(err, QS_IO, errno, "could not replace '%s'", path);
    if (code)
        (void)unlinkat(dirfd, temp, 0);
    return code;
}

enum qs_code qs_fs_mkdirs(int dirfd, const char *path, mode_t mode, struct qs_err *err)
{
    qs_auto(str) char *part = qs_xstrdup(path);

    for (char *p = part + 1; *part; p++) {
        char c = *p;

        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        if (mkdirat(dirfd, part, mode) && errno != EEXIST)
            return qs_err_sys(err, QS_IO, errno, "could not make folder '%s'", part);
        *p = c;
        if (c == '\0')
            break;
    }
    return QS_OK;
}

enum qs_code qs_fs_give(int dirfd, const char *path, int uid, int gid, struct qs_err *err)
{
    if (fchownat(dirfd, path, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW))
        return qs_err_sys(err, QS_IO, errno, "could not give '%s' to user %d, group %d", path, uid, gid);
    return QS_OK;
}

static enum qs_code remove_tree(int dirfd, const char *name, dev_t dev, int depth, struct qs_err *err)
{
    struct stat st;

    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? QS_OK : qs_err_sys(err, QS_IO, errno, "could not look at '%s'", name);
    if (!S_ISDIR(st.st_mode)) {
        if (unlinkat(dirfd, name, 0) && errno != ENOENT)
            return qs_err_sys(err, QS_IO, errno, "could not remove '%s'", name);
        return QS_OK;
    }
    if (st.st_dev != dev || depth == 0)
        return qs_err_set(err, QS_IO, EXDEV, "will not remove '%s': a mount point or too deep", name);
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    enum qs_code code = QS_OK;
    struct dirent *e;

    if (!dir) {
        enum qs_code failed = qs_err_sys(err, QS_IO, errno, "could not open folder '%s'", name);

        qs_fd_close(fd);
        return failed;
    }
    while (!code && (e = readdir(dir)))
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
            code = remove_tree(fd, e->d_name, dev, depth - 1, err);
    (void)closedir(dir);
    if (!code && unlinkat(dirfd, name, AT_REMOVEDIR) && errno != ENOENT)
        code = qs_err_sys(err, QS_IO, errno, "could not remove folder '%s'", name);
    return code;
}

enum qs_code qs_fs_remove(int dirfd, const char *path, struct qs_err *err)
{
    struct stat st;

    if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? QS_OK : qs_err_sys(err, QS_IO, errno, "could not look at '%s'", path);
    return remove_tree(dirfd, path, st.st_dev, TREE_DEPTH, err);
}

enum qs_code qs_fs_opendir(int dirfd, const char *path, bool make, int *ret_fd, struct qs_err *err)
{
    if (make && qs_fs_mkdirs(dirfd, path, 0755, err))
        return err->code;
    int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return qs_err_sys(err, errno == ENOENT ? QS_NOTFOUND : QS_IO, errno, "could not open folder '%s'", path);
    *ret_fd = fd;
    return QS_OK;
}

static int by_name(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

enum qs_code qs_fs_list(int dirfd, const char *path, char ***ret_names, struct qs_err *err)
{
    int fd = -1;
    char **names = NULL;
    size_t count = 0;
    struct dirent *e;

    if (qs_fs_opendir(dirfd, path, false, &fd, err))
        return err->code;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        qs_fd_close(fd);
        return qs_err_sys(err, QS_IO, errno, "could not list '%s'", path);
    }
    while ((e = readdir(dir)))
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
            *QS_PUSH(names, count) = qs_xstrdup(e->d_name);
    (void)closedir(dir);
    if (count)
        qsort(names, count, sizeof(*names), by_name);
    *QS_PUSH(names, count) = NULL;
    *ret_names = names;
    return QS_OK;
}

void qs_fs_names_free(char **names)
{
    for (char **n = names; n && *n; n++)
        free(*n);
    free(names);
}
