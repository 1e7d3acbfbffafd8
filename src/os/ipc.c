#include "os/ipc.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"

#define BODY_MAX 1048576
#define SEND_WAIT_MS 5000 /* a role that does not read for so long is taken as gone */

enum sender { SUPERVISOR, ROLE };

static const struct {
    const char *name;
    enum sender from;
    uint32_t most;
} table[QS_IPC_MAX_] = {
#define X(name_, from_, most_) [QS_IPC_##name_] = { #name_, from_, most_ },
    QS_IPC_MESSAGES(X)
#undef X
};

struct header {
    uint16_t version, type;
    uint32_t length;
    char op[QS_ID_TEXT];
};

enum qs_code qs_ipc_pair(int ret_fds[2], struct qs_err *err)
{
    int fds[2], size = 2 * BODY_MAX;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
        return qs_err_sys(err, QS_IO, errno, "could not make a channel");
    for (int i = 0; i < 2; i++) /* a frame travels whole, so it must fit; the kernel may grant less */
        (void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    memcpy(ret_fds, fds, sizeof(fds));
    return QS_OK;
}

static enum qs_code send_frame(int fd, struct msghdr *msg, const char *name, struct qs_err *err)
{
    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLOUT };

        if (sendmsg(fd, msg, MSG_NOSIGNAL) >= 0)
            return QS_OK;
        if (errno == EINTR)
            continue;
        if (errno == EPIPE || errno == ECONNRESET)
            return qs_err_sys(err, QS_UNREACHABLE, errno, "could not send %s", name);
        if (errno != EAGAIN || poll(&p, 1, SEND_WAIT_MS) <= 0)
            return qs_err_sys(err, QS_IO, errno, "could not send %s", name);
    }
}

enum qs_code qs_ipc_send(int fd, enum qs_ipc_type type, const char *op, const char *body, const int *fds, unsigned nfds,
                         struct qs_err *err)
{
    size_t len = body ? strlen(body) : 0;
    struct header h = { .version = QS_IPC_VERSION, .type = (uint16_t)type, .length = (uint32_t)len };
    union {
        char bytes[CMSG_SPACE(sizeof(int) * QS_IPC_FDS_MAX)];
        struct cmsghdr align;
    } control = { 0 };
    struct iovec iov[2] = { { &h, sizeof(h) } };
    struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
    qs_auto(str) char *copy = qs_xstrdup(body ? body : "");

    if (len > table[type].most)
        return qs_err_set(err, QS_LIMIT, 0, "message %s has %zu bytes, most is %u", table[type].name, len,
                          table[type].most);
    memcpy(h.op, op ? op : "", op ? strnlen(op, sizeof(h.op) - 1) : 0);
    iov[1] = (struct iovec){ copy, len };
    if (nfds > 0) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
        control.align = (struct cmsghdr){ CMSG_LEN(sizeof(int) * nfds), SOL_SOCKET, SCM_RIGHTS };
        memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * nfds);
    }
    return send_frame(fd, &msg, table[type].name, err);
}

static enum qs_code check(const struct header *h, ssize_t got, int flags, bool from_role, struct qs_err *err)
{
    if (got < (ssize_t)sizeof(*h) || (flags & (MSG_TRUNC | MSG_CTRUNC)))
        return qs_err_set(err, QS_PROTO, 0, "frame of %zd bytes is cut or too short", got);
    if (h->version != QS_IPC_VERSION)
        return qs_err_set(err, QS_PROTO, 0, "frame version %u, this is %d", h->version, QS_IPC_VERSION);
    if (h->type >= QS_IPC_MAX_)
        return qs_err_set(err, QS_PROTO, 0, "unrecognized message type: %u", h->type);
    if ((table[h->type].from == ROLE) != from_role)
        return qs_err_set(err, QS_PROTO, 0, "message %s is not allowed from this side", table[h->type].name);
    if (h->length > table[h->type].most || (size_t)got != sizeof(*h) + h->length)
        return qs_err_set(err, QS_PROTO, 0, "message %s has %u bytes, frame has %zd", table[h->type].name, h->length,
                          got);
    return QS_OK;
}

static void take_fds(struct msghdr *msg, struct qs_ipc_frame *ret)
{
    unsigned n = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(ret->fds, CMSG_DATA(c), n * sizeof(int));
    }
    for (; n < QS_IPC_FDS_MAX; n++)
        ret->fds[n] = -1;
}

enum qs_code qs_ipc_recv(int fd, bool from_role, struct qs_ipc_frame *ret, struct qs_err *err)
{
    struct header h;
    union {
        char bytes[CMSG_SPACE(sizeof(int) * QS_IPC_FDS_MAX)];
        struct cmsghdr align;
    } control;
    qs_auto(str) char *body = qs_xzalloc(BODY_MAX + 1);
    struct iovec iov[2] = { { &h, sizeof(h) }, { body, BODY_MAX } };
    struct msghdr msg = {
        .msg_iov = iov, .msg_iovlen = 2, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)
    };
    struct qs_ipc_frame frame = { 0 };
    ssize_t n;

    /* A peer that ended with our frames unread resets the channel: told once, and ahead of the frames it sent. */
    for (bool reset = false;; reset = true) {
        do
            n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n >= 0 || errno != ECONNRESET || reset)
            break;
    }
    if (n == 0 || (n < 0 && errno == ECONNRESET))
        return qs_err_set(err, QS_UNREACHABLE, 0, "the channel is closed");
    if (n < 0)
        return qs_err_sys(err, QS_IO, errno, "could not receive");
    take_fds(&msg, &frame);
    if (check(&h, n, msg.msg_flags, from_role, err)) {
        qs_ipc_frame_done(&frame);
        return err->code;
    }
    frame.type = (enum qs_ipc_type)h.type;
    memcpy(frame.op, h.op, sizeof(frame.op) - 1);
    if (h.length > 0)
        frame.body = qs_xstrndup(body, h.length);
    *ret = frame;
    return QS_OK;
}

void qs_ipc_frame_done(struct qs_ipc_frame *f)
{
    for (int i = 0; i < QS_IPC_FDS_MAX; i++)
        qs_fd_close(f->fds[i]);
    free(f->body);
    *f = (struct qs_ipc_frame){ 0 };
    for (int i = 0; i < QS_IPC_FDS_MAX; i++)
        f->fds[i] = -1;
}
