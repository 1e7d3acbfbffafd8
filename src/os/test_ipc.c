#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "os/ipc.h"

struct box {
    int supervisor, role;
};

static int setup(void **state)
{
    static struct box box;
    struct qs_err err = QS_ERR_INIT;
    int fds[2];

    if (qs_ipc_pair(fds, &err))
        return 1;
    box = (struct box){ fds[0], fds[1] };
    *state = &box;
    return 0;
}

static int teardown(void **state)
{
    struct box *box = *state;

    qs_fd_close(box->supervisor);
    qs_fd_close(box->role);
    return 0;
}

static void a_frame_arrives_as_it_was_sent(void **state)
{
    static const struct {
        enum qs_ipc_type type;
        bool from_role;
        const char *op, *body;
    } rows[] = {
        { QS_IPC_CONFIG, false, "01JN0000000000000000000000", "{\"a\":1}" },
        { QS_IPC_READY, true, "", "{\"detail\":\"\"}" },
        { QS_IPC_FAILED, true, "01JN", "{}" },
        { QS_IPC_RELOAD, false, NULL, "{}" },
        { QS_IPC_STOP, false, "", NULL },
    };
    struct box *box = *state;

    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        int from = rows[i].from_role ? box->role : box->supervisor;
        int to = rows[i].from_role ? box->supervisor : box->role;
        struct qs_err err = QS_ERR_INIT;
        struct qs_ipc_frame frame;

        assert_int_equal(qs_ipc_send(from, rows[i].type, rows[i].op, rows[i].body, NULL, 0, &err), QS_OK);
        assert_int_equal(qs_ipc_recv(to, rows[i].from_role, &frame, &err), QS_OK);
        assert_int_equal(frame.type, rows[i].type);
        assert_string_equal(frame.op, rows[i].op ? rows[i].op : "");
        if (rows[i].body)
            assert_string_equal(frame.body, rows[i].body);
        else
            assert_null(frame.body);
        for (int f = 0; f < QS_IPC_FDS_MAX; f++)
            assert_int_equal(frame.fds[f], -1);
        qs_ipc_frame_done(&frame);
    }
}

static void descriptors_arrive_and_are_closed_on_exec(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;
    struct qs_ipc_frame frame;
    int fds[QS_IPC_FDS_MAX], pipes[2];
    char byte = 0;

    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    for (int i = 0; i < QS_IPC_FDS_MAX; i++)
        fds[i] = pipes[1];
    assert_int_equal(qs_ipc_send(box->supervisor, QS_IPC_CONFIG, "", "{}", fds, QS_IPC_FDS_MAX, &err), QS_OK);
    assert_int_equal(qs_ipc_recv(box->role, false, &frame, &err), QS_OK);
    for (int i = 0; i < QS_IPC_FDS_MAX; i++) {
        assert_true(frame.fds[i] >= 0 && (fcntl(frame.fds[i], F_GETFD) & FD_CLOEXEC));
        assert_int_equal(write(frame.fds[i], "x", 1), 1);
        assert_int_equal(read(pipes[0], &byte, 1), 1);
    }
    qs_ipc_frame_done(&frame);
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), 0); /* every copy is closed */
    close(pipes[0]);
}

static void the_largest_body_passes_and_one_more_byte_does_not(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;
    qs_auto(str) char *body = qs_xzalloc(258);

    memset(body, 'x', 257);
    assert_int_equal(qs_ipc_send(box->role, QS_IPC_READY, "", body, NULL, 0, &err), QS_LIMIT);
    body[256] = '\0';
    assert_int_equal(qs_ipc_send(box->role, QS_IPC_READY, "", body, NULL, 0, &err), QS_OK);
}

/* A frame by hand: {version, type, length, op} and a body, with a descriptor when `fd` is one. */
static void send_raw(int to, unsigned version, unsigned type, uint32_t length, const char *body, size_t size, int fd)
{
    struct {
        uint16_t version, type;
        uint32_t length;
        char op[QS_ID_TEXT];
    } head = { (uint16_t)version, (uint16_t)type, length, "" };
    qs_auto(str) char *copy = qs_xzalloc(size + 1);
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = { 0 };
    struct iovec iov[2] = { { &head, sizeof(head) }, { copy, size } };
    struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

    memcpy(copy, body, size);
    if (fd >= 0) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof(control.bytes);
        control.align = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
        memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
    }
    assert_true(sendmsg(to, &msg, MSG_NOSIGNAL) >= 0);
}

static void bad_frames_are_the_peers_fault_and_the_receiver_lives_on(void **state)
{
    static const struct {
        const char *label;
        unsigned version, type;
        uint32_t length;
        size_t size;
        const char *says;
    } rows[] = {
        { "another version", 2, QS_IPC_READY, 2, 2, "version" },
        { "an unknown type", 1, QS_IPC_MAX_, 2, 2, "unrecognized" },
        { "a type far out", 1, 65535, 2, 2, "unrecognized" },
        { "a message of the other side", 1, QS_IPC_STOP, 0, 0, "not allowed" },
        { "longer than it says", 1, QS_IPC_READY, 1, 2, "has 1 bytes" },
        { "shorter than it says", 1, QS_IPC_READY, 3, 2, "has 3 bytes" },
        { "longer than its kind may be", 1, QS_IPC_READY, 257, 257, "has 257 bytes" },
        { "a length that would overflow", 1, QS_IPC_READY, UINT32_MAX, 2, "bytes" },
    };
    static const char body[512] = "{}";
    struct box *box = *state;

    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_err err = QS_ERR_INIT;
        struct qs_ipc_frame frame;
        int pipes[2];
        char byte;

        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        send_raw(box->role, rows[i].version, rows[i].type, rows[i].length, body, rows[i].size, pipes[1]);
        close(pipes[1]);
        if (qs_ipc_recv(box->supervisor, true, &frame, &err) != QS_PROTO || !strstr(err.msg, rows[i].says))
            fail_msg("%s: %s", rows[i].label, err.msg);
        assert_int_equal(read(pipes[0], &byte, 1), 0); /* what came with it was closed */
        close(pipes[0]);
    }
    struct qs_err err = QS_ERR_INIT;
    struct qs_ipc_frame frame;
    assert_int_equal(qs_ipc_send(box->role, QS_IPC_READY, "", "{}", NULL, 0, &err), QS_OK);
    assert_int_equal(qs_ipc_recv(box->supervisor, true, &frame, &err), QS_OK);
    qs_ipc_frame_done(&frame);
}

static void a_cut_header_and_a_closed_channel_are_told_apart(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;
    struct qs_ipc_frame frame;

    assert_int_equal(send(box->role, "abc", 3, 0), 3);
    assert_int_equal(qs_ipc_recv(box->supervisor, true, &frame, &err), QS_PROTO);
    close(box->role);
    box->role = -1;
    assert_int_equal(qs_ipc_recv(box->supervisor, true, &frame, &err), QS_UNREACHABLE);
    assert_int_equal(qs_ipc_send(box->supervisor, QS_IPC_STOP, "", NULL, NULL, 0, &err), QS_UNREACHABLE);
}

static void a_large_configuration_passes_whole(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;
    struct qs_ipc_frame frame;
    size_t len = 100000; /* the kernel's default buffers hold this without a reader */
    qs_auto(str) char *body = qs_xzalloc(len + 1);

    memset(body, 'y', len);
    assert_int_equal(qs_ipc_send(box->supervisor, QS_IPC_CONFIG, "", body, NULL, 0, &err), QS_OK);
    assert_int_equal(qs_ipc_recv(box->role, false, &frame, &err), QS_OK);
    assert_int_equal(strlen(frame.body), len);
    qs_ipc_frame_done(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_frame_arrives_as_it_was_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(descriptors_arrive_and_are_closed_on_exec, setup, teardown),
        cmocka_unit_test_setup_teardown(the_largest_body_passes_and_one_more_byte_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_frames_are_the_peers_fault_and_the_receiver_lives_on, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cut_header_and_a_closed_channel_are_told_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_configuration_passes_whole, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
