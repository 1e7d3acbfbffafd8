/*
 * os/sandbox: what a role gives up before it serves: root's id, capabilities, new privileges, files (Landlock, by
 * the kernel's ABI), system calls (seccomp). Called once, after sockets and files are open. Where the kernel lacks a
 * fence (Landlock absent; TCP rules before ABI 4, Debian 12's 6.1 has ABI 2) the rest still applies and the
 * missing fence is named in *ret_missing, which the caller reports as event sandbox.partial.
 */
#pragma once

#include "base/err.h"

/* The supplementary group of every role that has an id of its own: it may pass the state folder, no more. */
#define QS_SANDBOX_GROUP 65000

struct qs_sandbox {
    const char *read[16]; /* paths readable (and executable where they are programs); NULL ends */
    const char *write[8]; /* folders writable */
    bool tcp_out, tcp_in; /* may connect, may bind */
    bool net_admin;       /* keeps CAP_NET_ADMIN and CAP_NET_RAW: datapath and router emulators */
    bool spawn;           /* may fork and exec (router: nft; node init) */
    unsigned id;          /* user and group from here on; what is open stays open. 0: keeps what it has */
};

enum qs_code qs_sandbox_enter(const struct qs_sandbox *s, char *ret_missing, unsigned long size,
                              struct qs_err *err) QS_MUST_CHECK;
