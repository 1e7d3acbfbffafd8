/*
 * os/rootfs: what surrounds a root file system: the mounts below a folder `base` that is about to become the root of
 * the container or of a twin node. For a process of its own in a private mount namespace of a user namespace; what
 * was mounted when a call fails goes away with that process. UNSUPPORTED: the machine forbids it, with a hint.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

/* Mounts a fresh file system of a type at BASE/AT, which is made when missing. */
enum qs_code qs_rootfs_mount(const char *type, const char *base, const char *at, unsigned long flags,
                             const char *options, struct qs_err *err) QS_MUST_CHECK;
/* Binds `from`, with everything mounted below it (mounts copied from another user namespace are locked to each
 * other), at BASE/AT, which must exist; `attrs` are MOUNT_ATTR_ flags for all of it. */
enum qs_code qs_rootfs_bind(const char *from, const char *base, const char *at, uint64_t attrs,
                            struct qs_err *err) QS_MUST_CHECK;
/* Folders, files and symbolic links of the present root at the same place in the new one, read-only; the list ends
 * with NULL, and what does not exist is left out. */
enum qs_code qs_rootfs_same(const char *base, const char *const *paths, struct qs_err *err) QS_MUST_CHECK;
/* /dev (with /dev/net/tun only where it can be opened), /proc, /sys, /run and /tmp. To be called while the old
 * /proc and /sys are still mounted: the kernel grants new ones only to who sees the old ones. */
enum qs_code qs_rootfs_standard(const char *base, struct qs_err *err) QS_MUST_CHECK;
/* Makes the mount at `base` the root and lets go of the old one. */
enum qs_code qs_rootfs_enter(const char *base, bool readonly, struct qs_err *err) QS_MUST_CHECK;
