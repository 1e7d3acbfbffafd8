#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "os/ns.h"
#include "os/spawn.h"

static enum qs_code run(const char *script, const char *input, struct qs_buf *out, uint64_t ms, int *status,
                        struct qs_err *err)
{
    const char *argv[] = { "/bin/sh", "-c", script, NULL };
    struct qs_spawn s = QS_SPAWN_INIT;

    s.argv = argv;
    return qs_spawn_run(&s, input, out, ms, status, err);
}

static void exit_status_and_output_come_back(void **state)
{
    static const struct {
        const char *script, *input;
        int status;
        const char *output;
    } rows[] = {
        { "exit 0", NULL, 0, "" },
        { "exit 7", NULL, 7, "" },
        { "echo out; echo err >&2", NULL, 0, "out\nerr\n" },
        { "cat", "fed by us", 0, "fed by us" },
        { "cat /dev/stdin", "opened again", 0, "opened again" },
        { "exit 3", "not read", 3, "" },
        { "kill -9 $$", NULL, 137, "" },
        { "echo $HOME $LANG", NULL, 0, "/ C.UTF-8\n" },
        { "cat; ls /proc/self/fd | wc -l", NULL, 0, "4\n" }, /* 0 1 2 and that of ls itself */
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_err err = QS_ERR_INIT;
        qs_auto(buf) struct qs_buf out = QS_BUF(4096);
        int status = -1;

        if (run(rows[i].script, rows[i].input, &out, 5000, &status, &err))
            fail_msg("%s: %s", rows[i].script, err.msg);
        if (status != rows[i].status || strcmp(qs_buf_text(&out), rows[i].output))
            fail_msg("%s: status %d, output '%s'", rows[i].script, status, qs_buf_text(&out));
    }
}

static void too_much_output_is_seen_and_does_not_hang(void **state)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(buf) struct qs_buf out = QS_BUF(1000);
    int status = -1;

    (void)state;
    assert_int_equal(run("head -c 500000 /dev/zero", NULL, &out, 5000, &status, &err), QS_OK);
    assert_int_equal(status, 0);
    assert_int_equal(qs_buf_check(&out, "output", &err), QS_LIMIT);
}

static void the_deadline_kills(void **state)
{
    struct qs_err err = QS_ERR_INIT;
    uint64_t begin = qs_mono_ms();
    int status = -1;

    (void)state;
    assert_int_equal(run("sleep 20", NULL, NULL, 200, &status, &err), QS_TIMEOUT);
    assert_true(qs_mono_ms() - begin < 5000);
}

static void a_grandchild_with_the_pipe_is_not_waited_for(void **state)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(buf) struct qs_buf out = QS_BUF(1000);
    uint64_t begin = qs_mono_ms();
    int status = -1;

    (void)state;
    assert_int_equal(run("sleep 3 & echo $!", NULL, &out, 2500, &status, &err), QS_OK);
    assert_true(qs_mono_ms() - begin < 2000);
}

static void failures_say_which_step(void **state)
{
    const char *missing[] = { "/no/such/program", NULL }, *sh[] = { "/bin/sh", NULL };
    struct qs_spawn s = QS_SPAWN_INIT;
    struct qs_err err = QS_ERR_INIT;
    pid_t pid = 0;

    (void)state;
    s.argv = missing;
    assert_int_equal(qs_spawn(&s, &pid, NULL, &err), QS_NOTFOUND);
    assert_non_null(strstr(err.msg, "/no/such/program"));
    s.argv = sh;
    s.root = "/no/such/root";
    assert_int_equal(qs_spawn(&s, &pid, NULL, &err), QS_NOTFOUND);
    assert_non_null(strstr(err.msg, "its root"));
    assert_int_equal(pid, 0);
}

static void kept_descriptors_land_at_3_and_4_even_when_swapped(void **state)
{
    const char *argv[] = { "/bin/sh", "-c", "cat <&3; cat <&4", NULL };
    struct qs_spawn s = QS_SPAWN_INIT;
    struct qs_err err = QS_ERR_INIT;
    qs_auto(buf) struct qs_buf out = QS_BUF(1000);
    int a[2], b[2], status = -1;

    (void)state;
    assert_int_equal(pipe2(a, O_CLOEXEC) + pipe2(b, O_CLOEXEC), 0);
    assert_int_equal(write(a[1], "first", 5), 5);
    assert_int_equal(write(b[1], "second", 6), 6);
    close(a[1]);
    close(b[1]);
    s.argv = argv;
    s.keep[0] = b[0]; /* the higher number first: a plain dup2() chain would lose one */
    s.keep[1] = a[0];
    s.keep[2] = -1;
    assert_int_equal(qs_spawn_run(&s, NULL, &out, 5000, &status, &err), QS_OK);
    assert_string_equal(qs_buf_text(&out), "secondfirst");
    close(a[0]);
    close(b[0]);
}

static void a_child_dies_with_its_parent(void **state)
{
    int fds[2];
    pid_t grandchild = 0;

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t middle = fork();
    if (middle == 0) {
        const char *argv[] = { "/bin/sleep", "60", NULL };
        struct qs_spawn s = QS_SPAWN_INIT;
        struct qs_err err = QS_ERR_INIT;
        pid_t pid = 0;

        s.argv = argv;
        if (qs_spawn(&s, &pid, NULL, &err) || write(fds[1], &pid, sizeof(pid)) < 0)
            _exit(1);
        (void)raise(SIGKILL);
    }
    assert_int_equal(read(fds[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
    (void)waitpid(middle, NULL, 0);
    uint64_t begin = qs_mono_ms();
    qs_auto(str) char *stat_path = qs_xasprintf("/proc/%d/stat", grandchild);
    for (;;) { /* gone, or dead and waiting for init to reap it */
        qs_auto(file) FILE *f = fopen(stat_path, "re");
        char line[256] = "";

        if (!f || !fgets(line, sizeof(line), f) || strstr(line, ") Z ") || strstr(line, ") X "))
            break;
        assert_true(qs_mono_ms() - begin < 5000);
    }
    close(fds[0]);
    close(fds[1]);
}

static void a_child_runs_in_the_namespace_given(void **state)
{
    const char *argv[] = { "/bin/sh", "-c", "grep -c : /proc/net/dev", NULL };
    struct qs_spawn s = QS_SPAWN_INIT;
    struct qs_err err = QS_ERR_INIT;
    qs_auto(buf) struct qs_buf out = QS_BUF(1000);
    int netns = -1, status = -1;

    (void)state;
    if (qs_netns_new(&netns, &err)) {
        print_message("network namespaces need privilege; skipped\n");
        skip();
    }
    s.argv = argv;
    s.netns = netns;
    assert_int_equal(qs_spawn_run(&s, NULL, &out, 5000, &status, &err), QS_OK);
    assert_string_equal(qs_buf_text(&out), "1\n"); /* lo alone */
    close(netns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_status_and_output_come_back),
        cmocka_unit_test(too_much_output_is_seen_and_does_not_hang),
        cmocka_unit_test(the_deadline_kills),
        cmocka_unit_test(a_grandchild_with_the_pipe_is_not_waited_for),
        cmocka_unit_test(failures_say_which_step),
        cmocka_unit_test(kept_descriptors_land_at_3_and_4_even_when_swapped),
        cmocka_unit_test(a_child_dies_with_its_parent),
        cmocka_unit_test(a_child_runs_in_the_namespace_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
