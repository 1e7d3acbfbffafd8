#include "roles/supervisor/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "os/sandbox.h"

/* Debian reserves 65000 to 65533: no program of the nodes, whose ids are of the same range, has one of these. */
static const struct {
    const char *role;
    unsigned first, count; /* past the last, processes of one role share */
} ids
    [] = {
        { "executor", 65001, 1 },
        { "status", 65002, 1 },
        { "twin-upstream", 65010, 10 },
        { "twin-router", 65020, 80 },
        { "twin-switch", 65100, 100 },
        { "twin-node", 0, 1 }, /* root: its first process is the node's, which starts sshd and lets people log in */
    };

unsigned qs_ids_of(const char *role, size_t index)
{
    for (size_t i = 0; i < QS_COUNT(ids); i++)
        if (qs_streq(ids[i].role, role))
            return ids[i].first + (unsigned)(index % ids[i].count);
    return 0;
}

/* A folder that others may pass stays as it is; a closed one is opened to a group that has nobody of the host in it. */
enum qs_code qs_ids_open_state(const char *state, struct qs_err *err)
{
    struct stat st;

    if (stat(state, &st))
        return qs_err_sys(err, QS_IO, errno, "could not look at the state folder");
    if (st.st_mode & S_IXOTH)
        return QS_OK;
    if (qs_fs_give(AT_FDCWD, state, -1, QS_SANDBOX_GROUP, err) == QS_OK &&
        chmod(state, (st.st_mode & 07777) | S_IXGRP) == 0)
        return QS_OK;
    (void)qs_err_set(err, QS_DENIED, 0, "the roles may not pass the state folder");
    return qs_err_hint(err, "Run chmod o+x on it, or give it a group of your own.");
}

static enum qs_code let(const char *path, unsigned id, mode_t mode, struct qs_err *err)
{
    if (qs_fs_give(AT_FDCWD, path, -1, (int)id, err))
        return err->code;
    if (chmod(path, mode))
        return qs_err_sys(err, QS_IO, errno, "could not open '%s' to group %u", path, id);
    return QS_OK;
}

enum qs_code qs_ids_let_read(const char *path, unsigned id, struct qs_err *err)
{
    return let(path, id, 0640, err);
}

enum qs_code qs_ids_let_connect(const char *path, unsigned id, struct qs_err *err)
{
    return let(path, id, 0660, err);
}

enum qs_code qs_ids_give_folder(const char *path, unsigned id, struct qs_err *err)
{
    qs_auto(names) char **names = NULL;
    qs_auto(fd) int fd = -1;

    if (qs_fs_list(AT_FDCWD, path, &names, err) || qs_fs_opendir(AT_FDCWD, path, false, &fd, err))
        return err->code;
    for (char **name = names; *name; name++)
        if (qs_fs_give(fd, *name, (int)id, (int)id, err))
            return err->code;
    return qs_fs_give(AT_FDCWD, path, (int)id, (int)id, err);
}
