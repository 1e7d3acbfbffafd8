/*
 * os/ipc: supervisor ↔ role, a SOCK_SEQPACKET pair on descriptor 3 of the role. One frame is
 * {version u16, type u16, length u32, op[27]} and at most `most` bytes of JSON, with at most 8 descriptors.
 * The table names sender and size; what is not listed is refused. A bad frame closes the channel and is the
 * peer's fault: the receiver lives on.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

#define QS_IPC_VERSION 1
#define QS_IPC_FD 3
#define QS_IPC_FDS_MAX 8

/*    message    from        most bytes   carries */
/* clang-format off */
#define QS_IPC_MESSAGES(X) \
    X(CONFIG,    SUPERVISOR, 1048576)  /* the role's slice of configuration, with descriptors */ \
    X(READY,     ROLE,           256)  /* serves; {"detail":"…"} */ \
    X(FAILED,    ROLE,          1024)  /* cannot serve; {"code","message","hint"}; exits after it */ \
    X(RELOAD,    SUPERVISOR, 1048576)  /* a new slice; answered by READY or FAILED */ \
    X(STOP,      SUPERVISOR,       0)  /* finish what is begun, then exit 0 */
/* clang-format on */

enum qs_ipc_type {
#define X(name, from, most) QS_IPC_##name,
    QS_IPC_MESSAGES(X)
#undef X
        QS_IPC_MAX_
};

struct qs_ipc_frame {
    enum qs_ipc_type type;
    char op[QS_ID_TEXT];
    char *body;              /* JSON text, NUL-terminated, the receiver's to free; NULL when empty */
    int fds[QS_IPC_FDS_MAX]; /* the receiver's to close; unused are -1 */
};

/* Both ends CLOEXEC, non-blocking is the caller's choice. */
enum qs_code qs_ipc_pair(int ret_fds[2], struct qs_err *err) QS_MUST_CHECK;
enum qs_code qs_ipc_send(int fd, enum qs_ipc_type type, const char *op, const char *body, const int *fds, unsigned nfds,
                         struct qs_err *err) QS_MUST_CHECK;
/* `from_role`: the frame must be one a role may send, else one the supervisor may. UNREACHABLE: closed. */
enum qs_code qs_ipc_recv(int fd, bool from_role, struct qs_ipc_frame *ret, struct qs_err *err) QS_MUST_CHECK;
void qs_ipc_frame_done(struct qs_ipc_frame *f);
