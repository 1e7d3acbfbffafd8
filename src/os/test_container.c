#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "os/netlink.h"
#include "os/ns.h"
#include "os/spawn.h"

static char user[32]; /* made for this run */
#define PROBE "--probe"

static const char *test_binary;

/* What `probe` looks at inside, one word a line; the test names what is missing. */
static int say(bool good, const char *what)
{
    if (!good)
        (void)printf("bad: %s\n", what);
    return good ? 0 : 1;
}

static bool can_write(const char *path)
{
    qs_auto(fd) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    return fd >= 0;
}

static int run_inside(const char *const *argv, bool self)
{
    struct qs_spawn s = QS_SPAWN_INIT;
    struct qs_err err = QS_ERR_INIT;
    qs_auto(buf) struct qs_buf out = QS_BUF(4096);
    int status = 127;

    s.argv = argv;
    s.self = self;
    if (qs_spawn_run(&s, NULL, &out, 10000, &status, &err))
        (void)printf("%s: %s\n", argv[0], err.msg);
    (void)printf("%s", qs_buf_text(&out));
    return status;
}

/* Runs as pid 1 of the container; `arg` is a folder bound read-only. */
static int probe(void *arg)
{
    const char *readonly = arg, *self[] = { "again", PROBE, NULL }, *sh[] = { "/bin/sh", "-c", "exit 0", NULL };
    qs_auto(str) char *below = qs_xasprintf("%s/x", readonly);
    const struct qs_prefix net = { { 4, { 192, 0, 2, 1 } }, 24 };
    struct qs_err err = QS_ERR_INIT;
    struct qs_nl *nl = NULL;
    char host[64] = "";
    int bad = 0, netns = -1;
    struct stat st;

    bad += say(getpid() == 1 && getuid() == 0 && getgid() == 0, "pid 1 and root");
    bad += say(gethostname(host, sizeof(host)) == 0 && qs_streq(host, "twin-test"), "host name");
    bad += say(can_write("/state/made-inside"), "/state is writable");
    bad += say(can_write("/tmp/x") && can_write("/run/x") && can_write("/dev/null"), "/tmp, /run, /dev/null");
    bad += say(!can_write("/usr/x") && !can_write("/x") && !can_write("/etc/x") && !can_write(below),
               "the rest is not writable");
    bad += say(stat(readonly, &st) == 0 && S_ISDIR(st.st_mode), "the read-only folder is there");
    bad += say(access("/proc/self/mounts", R_OK) == 0 && access("/sys/class/net/lo", F_OK) == 0, "/proc and /sys");
    bad += say(chown("/state/made-inside", 65534, 65534) == 0, "the whole id range");
    bad += say(unlink("/state/made-inside") == 0, "/state gives up a file of another id");
    bad += say(access("/root", F_OK) != 0 && access("/home", F_OK) != 0, "nothing else of the host");
    bad += say(run_inside(sh, false) == 0, "a host program runs");
    bad += say(run_inside(self, true) == 0, "this binary runs again");
    bad += say(qs_netns_new(&netns, &err) == 0, "network namespaces");
    bad += say(qs_nl_open(&nl, &err) == 0 && qs_nl_veth(nl, "a", -1, NULL, "b", netns, NULL, &err) == 0 &&
                   qs_nl_addr(nl, "a", &net, true, &err) == 0,
               "links");
    qs_nl_close(nl);
    return bad;
}

static enum qs_code start(const char *state, int (*fn)(void *), void *arg, const int *keep, pid_t *ret_pid,
                          int *ret_pidfd, struct qs_err *err)
{
    struct qs_container_conf conf = { .name = "twin-test", .state = state, .main = fn, .arg = arg, .keep = keep };

    conf.readonly[0] = arg;
    return qs_container_start(&conf, ret_pid, ret_pidfd, err);
}

/* 0: all is as it should be; 77: this machine cannot. */
static int start_and_probe(const char *state, char *readonly)
{
    struct qs_err err = QS_ERR_INIT;
    int pidfd = -1, status = -1;
    pid_t pid = 0;
    char text[512];

    if (start(state, probe, readonly, NULL, &pid, &pidfd, &err)) {
        (void)printf("%s (%s)\n", qs_err_text(&err, text, sizeof(text)), err.hint);
        return err.code == QS_UNSUPPORTED ? 77 : 1;
    }
    qs_fd_close(pidfd);
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

struct box {
    char state[32], readonly[32];
};

static int setup(void **state)
{
    static struct box box;

    box = (struct box){ "/tmp/qs-container-XXXXXX", "/tmp/qs-readonly-XXXXXX" };
    *state = &box;
    return mkdtemp(box.state) && mkdtemp(box.readonly) ? 0 : 1;
}

static int teardown(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;

    return qs_fs_remove(AT_FDCWD, box->state, &err) || qs_fs_remove(AT_FDCWD, box->readonly, &err);
}

static void it_holds_what_a_twin_needs_and_nothing_else(void **state)
{
    struct box *box = *state;
    int status = start_and_probe(box->state, box->readonly);

    if (status == 77)
        skip();
    assert_int_equal(status, 0);
}

/* Runs a script in which @ stands for the user. */
static int with_user(const char *script_of_at)
{
    qs_auto(buf) struct qs_buf script = QS_BUF(1024);

    qs_buf_puts(&script, "PATH=$PATH:/usr/sbin; ");
    for (const char *p = script_of_at; *p; p++)
        if (*p == '@')
            qs_buf_puts(&script, user);
        else
            qs_buf_putc(&script, *p);

    const char *argv[] = { "/bin/sh", "-c", qs_buf_text(&script), NULL };
    return run_inside(argv, false);
}

static void an_ordinary_user_starts_it_too(void **state)
{
    struct box *box = *state;

    (void)snprintf(user, sizeof(user), "qs-test-%d", getpid());
    if (getuid() != 0 || with_user("useradd -M -U @")) {
        print_message("only root can make the user for this test; skipped\n");
        skip();
    }
    qs_auto(str) char *script = qs_xasprintf("chown @: %s %s; exec setpriv --reuid @ --regid @ --init-groups "
                                             "%s --as-user %s %s",
                                             box->state, box->readonly, test_binary, box->state, box->readonly);
    int status = with_user(script);
    assert_int_equal(with_user("userdel @"), 0);
    if (status == 77)
        skip();
    assert_int_equal(status, 0);
}

static int enter_probe(void *arg)
{
    char host[64] = "";

    (void)arg;
    return gethostname(host, sizeof(host)) == 0 && qs_streq(host, "twin-test") && getuid() == 0 &&
                   access("/state/in-the-container", F_OK) == 0
               ? 42
               : 1;
}

/* pid 1 that waits until the pipe in `keep` is closed. */
static int wait_closed(void *arg)
{
    char byte;

    return can_write("/state/in-the-container") && read(*(int *)arg, &byte, 1) == 0 ? 5 : 1;
}

static void it_can_be_entered_from_outside(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;
    struct qs_container_conf conf = { .name = "twin-test", .state = box->state, .main = wait_closed };
    int fds[2], keep[2] = { -1, -1 }, pidfd = -1, status = -1;
    pid_t pid = 0;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    keep[0] = fds[0];
    conf.arg = keep;
    conf.keep = keep;
    enum qs_code code = qs_container_start(&conf, &pid, &pidfd, &err);
    if (code == QS_UNSUPPORTED)
        skip();
    assert_int_equal(code, QS_OK);
    for (int tries = 0; tries < 50 && status != 42; tries++) /* until its main has made the file */
        if (qs_container_enter(pid, enter_probe, NULL, &status, &err))
            fail_msg("%s", err.msg);
    assert_int_equal(status, 42);
    close(fds[1]);
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 5);
    close(pidfd);
}

/* The namespaces of a process, "mnt:[4026531841]" each. */
static const char *const kinds[] = { "mnt", "net", "pid", "user", "uts", "ipc", "cgroup" };
struct namespaces {
    char names[QS_COUNT(kinds)][40];
};

static void read_namespaces(const char *pid, struct namespaces *ret)
{
    *ret = (struct namespaces){ 0 };
    for (size_t i = 0; i < QS_COUNT(kinds); i++) {
        qs_auto(str) char *path = qs_xasprintf("/proc/%s/ns/%s", pid, kinds[i]);
        ssize_t n = readlink(path, ret->names[i], sizeof(ret->names[i]) - 1);

        ret->names[i][n > 0 ? n : 0] = '\0';
    }
}

/* Counts the processes that are in any of the namespaces. */
static unsigned population(const struct namespaces *of)
{
    DIR *proc = opendir("/proc");
    struct dirent *e;
    unsigned n = 0;

    while (proc && (e = readdir(proc))) {
        struct namespaces ns;

        if (e->d_name[0] < '1' || e->d_name[0] > '9')
            continue;
        read_namespaces(e->d_name, &ns);
        for (size_t i = 0; i < QS_COUNT(kinds); i++)
            if (*ns.names[i] && qs_streq(ns.names[i], of->names[i])) {
                n++;
                break;
            }
    }
    (void)closedir(proc);
    return n;
}

/* pid 1 with two children, one in a network namespace of its own behind a veth pair. */
static int crowd(void *arg)
{
    const char *argv[] = { "/bin/sleep", "100", NULL };
    struct qs_spawn s = QS_SPAWN_INIT;
    struct qs_err err = QS_ERR_INIT;
    struct qs_nl *nl = NULL;
    pid_t pid = 0;
    int out = *(int *)arg;

    s.argv = argv;
    if (qs_spawn(&s, &pid, NULL, &err) || qs_netns_new(&s.netns, &err) || qs_spawn(&s, &pid, NULL, &err) ||
        qs_nl_open(&nl, &err) || qs_nl_veth(nl, "a", -1, NULL, "b", s.netns, NULL, &err))
        return 1;
    if (write(out, "", 1) != 1)
        return 1;
    (void)pause();
    return 0;
}

static void file_text(const char *path, struct qs_buf *buf)
{
    struct qs_err err = QS_ERR_INIT;

    assert_int_equal(qs_fs_read(AT_FDCWD, path, buf, &err), QS_OK);
}

/* Starts a container full of processes and waits to be killed. */
_Noreturn static void starter_main(const char *state, int pid_out, int ready_out)
{
    int keep[2] = { ready_out, -1 }, pidfd = -1;
    struct qs_container_conf conf = { .name = "twin-test", .state = state, .main = crowd, .arg = keep, .keep = keep };
    struct qs_err err = QS_ERR_INIT;
    pid_t pid = 0;

    if (qs_container_start(&conf, &pid, &pidfd, &err) || write(pid_out, &pid, sizeof(pid)) < 0)
        _exit(err.code == QS_UNSUPPORTED ? 77 : 1);
    (void)close(ready_out);
    for (;;)
        (void)pause();
}

static void kill_9_of_the_starter_leaves_nothing(void **state)
{
    struct box *box = *state;
    qs_auto(buf) struct qs_buf mounts = QS_BUF(1 << 20);
    qs_auto(buf) struct qs_buf mounts_after = QS_BUF(1 << 20);
    int pid_pipe[2], ready[2], status = 0;
    struct namespaces ns;
    char text[16], byte;
    pid_t pid = 0;

    file_text("/proc/self/mounts", &mounts);
    assert_int_equal(pipe2(pid_pipe, O_CLOEXEC) + pipe2(ready, O_CLOEXEC), 0);
    pid_t starter = fork();
    if (starter == 0)
        starter_main(box->state, pid_pipe[1], ready[1]);
    close(pid_pipe[1]);
    close(ready[1]);
    if (read(pid_pipe[0], &pid, sizeof(pid)) == 0) {
        (void)waitpid(starter, &status, 0);
        assert_int_equal(WEXITSTATUS(status), 77);
        skip();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)snprintf(text, sizeof(text), "%d", pid);
    read_namespaces(text, &ns);
    assert_true(population(&ns) >= 3);

    qs_auto(fd) int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd gone = { .fd = pidfd, .events = POLLIN };
    assert_true(pidfd >= 0);
    assert_int_equal(kill(starter, SIGKILL), 0);
    (void)waitpid(starter, NULL, 0);
    assert_int_equal(poll(&gone, 1, 10000), 1);
    for (int tries = 0; tries < 100 && population(&ns) > 0; tries++)
        (void)poll(NULL, 0, 50); /* the dead are reaped by the host's init in its own time */
    assert_int_equal(population(&ns), 0);
    file_text("/proc/self/mounts", &mounts_after);
    assert_string_equal(qs_buf_text(&mounts), qs_buf_text(&mounts_after));
    close(pid_pipe[0]);
    close(ready[0]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_holds_what_a_twin_needs_and_nothing_else, setup, teardown),
        cmocka_unit_test_setup_teardown(an_ordinary_user_starts_it_too, setup, teardown),
        cmocka_unit_test_setup_teardown(it_can_be_entered_from_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(kill_9_of_the_starter_leaves_nothing, setup, teardown),
    };

    if (argc == 2 && qs_streq(argv[1], PROBE))
        return 0;
    if (argc == 4 && qs_streq(argv[1], "--as-user"))
        return start_and_probe(argv[2], argv[3]);
    test_binary = argv[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
