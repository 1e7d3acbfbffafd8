/* The test binary is its own child: started as `--role NAME` it acts as the rows of acts[] say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"
#include "roles/supervisor/process.h"

#define DEADLINE_MS 20000

static int act_ready(void)
{
    struct qs_err err = QS_ERR_INIT;
    struct qs_ipc_frame frame;

    if (qs_ipc_recv(QS_IPC_FD, false, &frame, &err) || frame.type != QS_IPC_CONFIG)
        return 3;
    qs_ipc_frame_done(&frame);
    if (qs_ipc_send(QS_IPC_FD, QS_IPC_READY, "", "{\"detail\":\"serves\"}", NULL, 0, &err))
        return 4;
    if (qs_ipc_recv(QS_IPC_FD, false, &frame, &err) || frame.type != QS_IPC_STOP)
        return 5;
    return 0;
}

static int act_failed(void)
{
    struct qs_err err = QS_ERR_INIT;

    return qs_ipc_send(QS_IPC_FD, QS_IPC_FAILED, "", "{\"code\":\"io\",\"message\":\"no disk\"}", NULL, 0, &err) ? 3
                                                                                                                 : 1;
}

static int act_garbage(void)
{
    if (send(QS_IPC_FD, "nonsense", 8, 0) != 8)
        return 3;
    (void)pause(); /* only being killed ends this */
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} acts[] = { { "ready", act_ready }, { "failed", act_failed }, { "garbage", act_garbage } };

struct box {
    struct qs_loop *loop;
    struct qs_process p;
};

static void on_changed(void *arg, struct qs_process *p)
{
    (void)arg;
    (void)p;
}

static void start(struct box *box, const char *role)
{
    *box = (struct box){ .loop = qs_loop_new() };
    box->p = (struct qs_process){ .name = qs_xstrdup(role),
                                  .role = role,
                                  .conf = qs_xstrdup("{}"),
                                  .netns = -1,
                                  .fds = { -1, -1 },
                                  .loop = box->loop,
                                  .changed = on_changed,
                                  .channel = -1 };
    qs_process_start(&box->p);
}

/* Turns the loop and reaps until the process is in `state`. */
static void await(struct box *box, enum qs_process_state state, bool gone)
{
    uint64_t deadline = qs_mono_ms() + DEADLINE_MS;

    while (box->p.state != state || (gone && box->p.pid)) {
        int status;

        qs_loop_turn(box->loop, 10);
        if (box->p.pid && waitpid(box->p.pid, &status, WNOHANG) == box->p.pid)
            qs_process_exited(&box->p, status);
        if (qs_mono_ms() > deadline)
            fail_msg("still %s: %s", qs_process_state_name(box->p.state), box->p.detail);
    }
}

static void end(struct box *box)
{
    qs_process_kill(&box->p);
    if (box->p.pid)
        (void)waitpid(box->p.pid, NULL, 0);
    qs_process_done(&box->p);
    qs_loop_free(box->loop);
}

static void a_child_gets_ready_and_stops_when_asked(void **state)
{
    struct box box;

    (void)state;
    start(&box, "ready");
    await(&box, QS_PROC_READY, false);
    assert_string_equal(box.p.detail, "serves");
    qs_process_stop(&box.p);
    await(&box, QS_PROC_STOPPED, true);
    assert_int_equal(box.p.restarts, 0);
    end(&box);
}

static void a_child_stopped_before_it_was_ready_stays_stopped(void **state)
{
    struct box box;

    (void)state;
    start(&box, "ready");
    qs_process_stop(&box.p); /* its READY is still to come */
    await(&box, QS_PROC_STOPPED, true);
    assert_int_equal(box.p.restarts, 0);
    end(&box);
}

static void a_killed_child_is_started_again(void **state)
{
    struct box box;

    (void)state;
    start(&box, "ready");
    await(&box, QS_PROC_READY, false);
    pid_t first = box.p.pid;
    (void)kill(first, SIGKILL);
    await(&box, QS_PROC_BACKOFF, true);
    assert_string_equal(box.p.detail, "ended with signal 9");
    await(&box, QS_PROC_READY, false);
    assert_int_not_equal(box.p.pid, first);
    assert_int_equal(box.p.restarts, 1);
    end(&box);
}

static void what_failed_says_is_kept(void **state)
{
    struct box box;

    (void)state;
    start(&box, "failed");
    await(&box, QS_PROC_BACKOFF, true);
    assert_string_equal(box.p.detail, "no disk");
    end(&box);
}

/* The child is dead before we look: the channel and its end are both there to be read, in either order. */
static void what_failed_says_is_kept_when_the_child_is_gone_first(void **state)
{
    static const struct {
        const char *label;
        bool turn_first;
    } rows[] = { { "channel first", true }, { "end first", false } };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct box box;
        siginfo_t info;
        int status;

        start(&box, "failed");
        pid_t pid = box.p.pid;
        assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
        if (rows[i].turn_first)
            qs_loop_turn(box.loop, 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        qs_process_exited(&box.p, status);
        if (box.p.state != QS_PROC_BACKOFF || !qs_streq(box.p.detail, "no disk"))
            fail_msg("%s: %s: %s", rows[i].label, qs_process_state_name(box.p.state), box.p.detail);
        end(&box);
    }
}

static void a_bad_frame_ends_the_child_not_us(void **state)
{
    struct box box;

    (void)state;
    start(&box, "garbage");
    await(&box, QS_PROC_BACKOFF, true);
    end(&box);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_gets_ready_and_stops_when_asked),
        cmocka_unit_test(a_child_stopped_before_it_was_ready_stays_stopped),
        cmocka_unit_test(a_killed_child_is_started_again),
        cmocka_unit_test(what_failed_says_is_kept),
        cmocka_unit_test(what_failed_says_is_kept_when_the_child_is_gone_first),
        cmocka_unit_test(a_bad_frame_ends_the_child_not_us),
    };

    for (size_t i = 0; argc == 3 && i < QS_COUNT(acts); i++)
        if (qs_streq(acts[i].name, argv[2]))
            return acts[i].run();
    return cmocka_run_group_tests_name("supervisor-process", tests, NULL, NULL);
}
