/*
 * base/fs: whole files and folders under a folder descriptor. Blocking. Paths are relative to `dirfd`
 * (AT_FDCWD is allowed for paths a person typed). Symbolic links are not followed in the last part.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the file to `buf`, whose cap is the limit. NOTFOUND, LIMIT, IO. */
enum qs_code qs_fs_read(int dirfd, const char *path, struct qs_buf *buf, struct qs_err *err) QS_MUST_CHECK;
/* Replaces the file so that a crash leaves the old or the new content whole: temporary file, fsync, rename. */
enum qs_code qs_fs_write(int dirfd, const char *path, const void *data, size_t len, mode_t mode,
                         struct qs_err *err) QS_MUST_CHECK;
/* Makes every missing folder of `path`. */
enum qs_code qs_fs_mkdirs(int dirfd, const char *path, mode_t mode, struct qs_err *err) QS_MUST_CHECK;
/* Changes owner and group; -1 keeps one. A symbolic link itself, not what it names. */
enum qs_code qs_fs_give(int dirfd, const char *path, int uid, int gid, struct qs_err *err) QS_MUST_CHECK;
/* Removes a file or a whole tree; stays on one file system; a missing path is success. */
enum qs_code qs_fs_remove(int dirfd, const char *path, struct qs_err *err) QS_MUST_CHECK;
/* Opens (making it when `make`) a folder. *ret_fd is the caller's. */
enum qs_code qs_fs_opendir(int dirfd, const char *path, bool make, int *ret_fd, struct qs_err *err) QS_MUST_CHECK;
/* Names in a folder, sorted, without "." and ".."; *ret_names is NULL-terminated, the caller frees with
 * qs_fs_names_free(). */
enum qs_code qs_fs_list(int dirfd, const char *path, char ***ret_names, struct qs_err *err) QS_MUST_CHECK;
void qs_fs_names_free(char **names);
QS_DEFINE_AUTO(names, char **, qs_fs_names_free)
