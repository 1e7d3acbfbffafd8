#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "lab/lab.h"
#include "lab/start.h"

static enum qs_code write_file(int dirfd, const struct lab_start_file *f, struct qs_err *err)
{
    const char *slash = strrchr(f->path, '/');

    if (slash) {
        qs_auto(str) char *folder = qs_xstrndup(f->path, (size_t)(slash - f->path));

        if (qs_fs_mkdirs(dirfd, folder, 0755, err))
            return err->code;
    }
    return qs_fs_write(dirfd, f->path, f->text, strlen(f->text), 0644, err);
}

enum qs_code qs_lab_init(const char *folder, struct qs_err *err)
{
    qs_auto(fd) int dirfd = -1;
    qs_auto(names) char **names = NULL;

    if (qs_fs_opendir(AT_FDCWD, folder, true, &dirfd, err) || qs_fs_list(dirfd, ".", &names, err))
        return err->code;
    if (names[0]) {
        (void)qs_err_set(err, QS_CONFLICT, 0, "folder '%s' is not empty", folder);
        return qs_err_hint(err, "Name a new or an empty folder.");
    }
    for (const struct lab_start_file *f = lab_start; f->path; f++)
        if (write_file(dirfd, f, err))
            return qs_err_wrap(err, "lab '%s'", folder);
    return QS_OK;
}
