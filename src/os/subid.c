#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "os/container_int.h"

#define ROOT_BASE 0x60000000 /* far above what people, packages and /etc/subuid use */
#define FILE_MAX 1048576

/* "name:first:count" → the two numbers, when the line is for `name` or `uid`. */
static bool parse_line(char *line, const char *name, const char *uid, uint32_t *ret_first, uint32_t *ret_count)
{
    char *first = strchr(line, ':'), *count = first ? strchr(first + 1, ':') : NULL;

    if (!count)
        return false;
    *first++ = *count++ = '\0';
    return (qs_streq(line, name) || qs_streq(line, uid)) && qs_parse_u32(first, 1, UINT32_MAX, ret_first) &&
           qs_parse_u32(count, 1, UINT32_MAX, ret_count);
}

/* The first range of at least `need` ids; NOTFOUND when there is none. */
static enum qs_code find_range(const char *file, const char *name, uint32_t need, uint32_t *ret, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(FILE_MAX);
    struct qs_err inner = QS_ERR_INIT;
    char uid[16];

    (void)snprintf(uid, sizeof(uid), "%u", getuid());
    if (qs_fs_read(AT_FDCWD, file, &text, &inner) && inner.code != QS_NOTFOUND) {
        *err = inner;
        return inner.code;
    }
    for (char *line = text.data, *next; line && *line; line = next) {
        uint32_t first, count;

        next = line + strcspn(line, "\n");
        if (*next)
            *next++ = '\0';
        if (parse_line(line, name, uid, &first, &count) && count >= need) {
            *ret = first;
            return QS_OK;
        }
    }
    return qs_err_set(err, QS_NOTFOUND, 0, "%s has no range of %u ids for user '%s'", file, need, name);
}

/* Root needs no grant: without a line of its own it takes our range. */
static enum qs_code root_range(const char *file, uint32_t *ret, struct qs_err *err)
{
    struct qs_err inner = QS_ERR_INIT;

    *ret = ROOT_BASE;
    if (!find_range(file, "root", QS_CONTAINER_IDS, ret, &inner) || inner.code == QS_NOTFOUND)
        return QS_OK;
    *err = inner;
    return inner.code;
}

static enum qs_code root_maps(struct qs_id_map *ret_uids, struct qs_id_map *ret_gids, struct qs_err *err)
{
    struct qs_id_map uids = { .rows = { { .count = QS_CONTAINER_IDS } }, .count = 1 }, gids = uids;

    if (root_range("/etc/subuid", &uids.rows[0].outside, err) || root_range("/etc/subgid", &gids.rows[0].outside, err))
        return err->code;
    *ret_uids = uids;
    *ret_gids = gids;
    return QS_OK;
}

static enum qs_code user_maps(struct qs_id_map *ret_uids, struct qs_id_map *ret_gids, struct qs_err *err)
{
    const struct passwd *pw = getpwuid(getuid());
    const char *name = pw ? pw->pw_name : "";
    struct qs_id_map uids = { .rows = { { 0, getuid(), 1 }, { 1, 0, QS_CONTAINER_IDS - 1 } }, .count = 2 };
    struct qs_id_map gids = { .rows = { { 0, getgid(), 1 }, { 1, 0, QS_CONTAINER_IDS - 1 } }, .count = 2 };

    if (!find_range("/etc/subuid", name, QS_CONTAINER_IDS - 1, &uids.rows[1].outside, err) &&
        !find_range("/etc/subgid", name, QS_CONTAINER_IDS - 1, &gids.rows[1].outside, err)) {
        *ret_uids = uids;
        *ret_gids = gids;
        return QS_OK;
    }
    if (err->code != QS_NOTFOUND)
        return err->code;
    err->code = QS_UNSUPPORTED;
    return qs_err_hint(err,
                       "As root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s "
                       "(any range that nobody else has).",
                       *name ? name : "NAME");
}

enum qs_code qs_id_maps(struct qs_id_map *ret_uids, struct qs_id_map *ret_gids, struct qs_err *err)
{
    return geteuid() == 0 ? root_maps(ret_uids, ret_gids, err) : user_maps(ret_uids, ret_gids, err);
}

enum qs_code qs_container_base_id(uid_t *ret, struct qs_err *err)
{
    struct qs_id_map uids = { 0 }, gids = { 0 };

    if (qs_id_maps(&uids, &gids, err))
        return err->code;
    *ret = uids.rows[0].outside;
    return QS_OK;
}
