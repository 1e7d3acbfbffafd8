/*
 * twin/node/root: the Debian file system that twin nodes, and the programs of the twin (nft, sshd, ping), run from.
 * qs_twin_root_build() makes it once, on the host, as a tar file with mmdebstrap; qs_twin_root_unpack() unpacks that
 * once inside the container, so that its files belong to the container's ids. Both leave the old one or the new one
 * whole, do nothing when what is there was made by the same recipe (suite, packages, options), and block; `fn` (may
 * be NULL) hears how far they are.
 *
 * Files: STATE/roots/base.tar, base.recipe, and the folder base.
 */
#pragma once

#include "base/err.h"

typedef void qs_twin_root_fn(void *arg, const char *what, unsigned percent);

/* Needs the network, mmdebstrap and some 20 s. UNSUPPORTED: mmdebstrap is not installed. REFUSED: it failed; the
 * error carries its first complaint. */
enum qs_code qs_twin_root_build(const char *state, qs_twin_root_fn *fn, void *arg, struct qs_err *err) QS_MUST_CHECK;
/* `state` is /state inside. NOTFOUND: not built yet. */
enum qs_code qs_twin_root_unpack(const char *state, qs_twin_root_fn *fn, void *arg, struct qs_err *err) QS_MUST_CHECK;
/* Shows the container's /dev and /proc in the unpacked root, for programs that run chrooted there. Once, by the
 * container's first process: the mounts go with it. */
enum qs_code qs_twin_root_mount(const char *state, struct qs_err *err) QS_MUST_CHECK;
