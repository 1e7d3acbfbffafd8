/* os/container_int: between container.c (processes and ids), container_root.c (the file system inside), subid.c
 * (which host ids) and ns.c (networks). Nobody else includes it. */
#pragma once

#include <stdint.h>

#include "os/ns.h"

#define QS_CONTAINER_IDS 65536 /* ids inside: 0 to 65535, as Debian's packages expect */
#define QS_BINDS_MAX (1 + QS_COUNT(((struct qs_container_conf *)0)->readonly))

/* The lines of uid_map or gid_map: root has one range, an ordinary user itself as 0 and a range from 1 on. */
struct qs_id_map {
    struct {
        uint32_t inside, outside, count;
    } rows[2];
    unsigned count;
};
/* UNSUPPORTED with a hint when /etc/subuid or /etc/subgid grants the caller too little. */
enum qs_code qs_id_maps(struct qs_id_map *ret_uids, struct qs_id_map *ret_gids, struct qs_err *err) QS_MUST_CHECK;

/* Host folders that were opened, in the child's mount namespace, while its file-system id was still the starter's:
 * later, as the container's root, it could not pass a folder like /root. */
struct qs_binds {
    struct {
        int fd;
        const char *at;
        bool writable;
    } rows[QS_BINDS_MAX];
    unsigned count;
};
enum qs_code qs_binds_open(const struct qs_container_conf *conf, struct qs_binds *ret,
                           struct qs_err *err) QS_MUST_CHECK;
/* Sets lo up in the calling thread's network namespace. */
enum qs_code qs_netns_lo_up(struct qs_err *err) QS_MUST_CHECK;
/* Builds the root in a tmpfs and makes it this mount namespace's. */
enum qs_code qs_container_root(const struct qs_binds *binds, struct qs_err *err) QS_MUST_CHECK;
