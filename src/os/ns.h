/*
 * os/ns: the container of the twin (a user namespace with its own id range, mount, pid, network, UTS, IPC and
 * cgroup namespaces) and the network namespaces inside it. Recipe and pitfalls: ARCHITECTURE.md, "The twin is
 * contained". Works started by root and by an ordinary user (setuid newuidmap of Debian's uidmap).
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct qs_container_conf {
    const char *name;        /* host name inside */
    const char *state;       /* host folder that appears at /state, writable. Started by root it is given to the base
                            * id; the starter's own id is 0 inside otherwise, so its folder stays its own */
    const char *readonly[8]; /* further host folders that appear at the same path, read-only; NULL ends */
    int (*main)(void *arg);  /* runs, in a copy of this process as after fork(), as pid 1 and uid 0 inside; its
                             * return value is the exit status. Inside, qs starts itself with .self of os/spawn */
    void *arg;
    const int *keep; /* descriptors that stay open at their numbers, ended by -1 */
};

/* Starts the container; the caller has one thread. Returns once `main` is about to run inside. All of it dies with
 * the calling thread, whatever kills that. *ret_pidfd becomes readable when all is gone.
 * UNSUPPORTED names what this machine lacks (user namespaces, newuidmap, subordinate ids) with a hint. */
enum qs_code qs_container_start(const struct qs_container_conf *conf, pid_t *ret_pid, int *ret_pidfd,
                                struct qs_err *err) QS_MUST_CHECK;
/* A copy of this process, as after fork(), in new namespaces (CLONE_NEW…); gives what fork() gives and errno. The
 * caller has one thread, so no lock can be held by a thread that the copy lacks. */
pid_t qs_clone(uint64_t namespaces, int *ret_pidfd);
/* How such a copy tells, through a pipe, how its start went: it sends its error, QS_OK included, and its parent
 * gets that error or, when the copy died before, IO about `what`. */
bool qs_report(int fd, const struct qs_err *err);
enum qs_code qs_report_wait(int fd, const char *what, struct qs_err *err) QS_MUST_CHECK;
/* Runs fn(arg) in a child inside a running container's user, mount, pid and network namespaces, and gives its
 * exit status: how the CLI runs `qs twin exec`. */
enum qs_code qs_container_enter(pid_t pid, int (*fn)(void *), void *arg, int *ret_status,
                                struct qs_err *err) QS_MUST_CHECK;
/* First id on the host of the range that the container uses; state files belong to it (root only; an
 * ordinary user owns its own). */
enum qs_code qs_container_base_id(uid_t *ret, struct qs_err *err) QS_MUST_CHECK;

/* A new network namespace, held by its descriptor alone, with lo up. */
enum qs_code qs_netns_new(int *ret_fd, struct qs_err *err) QS_MUST_CHECK;
enum qs_code qs_netns_enter(int fd, struct qs_err *err) QS_MUST_CHECK; /* the calling thread */
