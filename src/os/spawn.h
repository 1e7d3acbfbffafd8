/*
 * os/spawn: child processes. Programs of the twin run inside a root (chroot), never from the host.
 * After fork only async-signal-safe calls happen before execve.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct qs_spawn {
    const char *const *argv; /* argv[0] is an absolute path inside `root` */
    bool self;               /* run this very binary; argv[0] is only its name. Works where its path cannot be
                              * reached (inside the container), because the kernel follows /proc/self/exe to
                              * the file itself; it must be executable for everybody */
    const char *const *env;  /* NULL: PATH, HOME=/, LANG=C.UTF-8 only */
    const char *root;        /* chroot first; NULL: none */
    int netns;               /* enter this network namespace; -1: stay */
    int in, out, err;        /* -1: /dev/null */
    int keep[8];             /* further descriptors, placed at 3, 4, …; ended by -1 */
    bool new_session;
};
#define QS_SPAWN_INIT ((struct qs_spawn){ .netns = -1, .in = -1, .out = -1, .err = -1, .keep = { -1 } })

/* Starts the child with PDEATHSIG SIGKILL. *ret_pidfd (may be NULL) is the caller's. */
enum qs_code qs_spawn(const struct qs_spawn *s, pid_t *ret_pid, int *ret_pidfd, struct qs_err *err) QS_MUST_CHECK;
/* Runs to the end with a deadline, feeding `input` and collecting stdout+stderr in `output` (may be NULL).
 * *ret_status is the exit status, 128+signal when killed. TIMEOUT kills the child. */
enum qs_code qs_spawn_run(const struct qs_spawn *s, const char *input, struct qs_buf *output, uint64_t timeout_ms,
                          int *ret_status, struct qs_err *err) QS_MUST_CHECK;
