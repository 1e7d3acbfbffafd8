/* twin/node/node_int: between node.c (the role) and inside.c (what runs as the node). Nobody else includes it. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct qs_node {
    const char *name;
    const char *root;    /* the Debian root, lower layer */
    const char *state;   /* folder of this node: upper, work, root */
    const char *key;     /* authorized key of root, one line of OpenSSH */
    const char *address; /* its own first address; "" when it has none */
};

/* Starts the node's first process in mount, pid, UTS, IPC and cgroup namespaces of its own; the network namespace
 * is the caller's. Returns once its sshd was started. The node dies with the caller. */
enum qs_code qs_node_start(const struct qs_node *n, pid_t *ret_pid, int *ret_pidfd, struct qs_err *err) QS_MUST_CHECK;
