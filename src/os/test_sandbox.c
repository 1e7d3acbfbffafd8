#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/capability.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "os/sandbox.h"
#include "os/spawn.h"

#define SKIP 77 /* the kernel lacks the fence that the test is about */

/* Enters the sandbox in a child and gives what `probe` says there: 0 is good. */
static int in_sandbox(const struct qs_sandbox *s, const char *fence, int (*probe)(void *), void *arg)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        struct qs_err err = QS_ERR_INIT;
        char missing[160];

        if (qs_sandbox_enter(s, missing, sizeof(missing), &err)) {
            (void)fprintf(stderr, "%s: %s\n", err.ctx, err.msg);
            _exit(99);
        }
        _exit(strstr(missing, fence) ? SKIP : probe(arg));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect(const struct qs_sandbox *s, const char *fence, int (*probe)(void *), void *arg)
{
    int got = in_sandbox(s, fence, probe, arg);

    if (got == SKIP)
        skip();
    assert_int_equal(got, 0);
}

struct box {
    char readable[32], writable[32], outside[32];
};

static void put(const char *folder)
{
    qs_auto(str) char *path = qs_xasprintf("%s/f", folder);
    struct qs_err err = QS_ERR_INIT;

    assert_int_equal(qs_fs_write(AT_FDCWD, path, "x", 1, 0644, &err), QS_OK);
}

static int setup(void **state)
{
    static struct box box;

    box = (struct box){ "/tmp/qs-sandbox-r-XXXXXX", "/tmp/qs-sandbox-w-XXXXXX", "/tmp/qs-sandbox-o-XXXXXX" };
    if (!mkdtemp(box.readable) || !mkdtemp(box.writable) || !mkdtemp(box.outside))
        return 1;
    put(box.readable);
    put(box.writable);
    put(box.outside);
    *state = &box;
    return 0;
}

static int teardown(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;

    return qs_fs_remove(AT_FDCWD, box->readable, &err) || qs_fs_remove(AT_FDCWD, box->writable, &err) ||
           qs_fs_remove(AT_FDCWD, box->outside, &err);
}

static bool opens(const char *folder, int flags)
{
    qs_auto(str) char *path = qs_xasprintf("%s/%s", folder, flags & O_CREAT ? "new" : "f");
    qs_auto(fd) int fd = open(path, flags | O_CLOEXEC, 0644);

    return fd >= 0;
}

static int probe_files(void *arg)
{
    const struct box *box = arg;

    if (!opens(box->readable, O_RDONLY) || opens(box->readable, O_WRONLY) || opens(box->readable, O_RDWR | O_CREAT))
        return 1;
    if (!opens(box->writable, O_RDWR) || !opens(box->writable, O_RDWR | O_CREAT))
        return 2;
    return opens(box->outside, O_RDONLY) || opens(box->outside, O_WRONLY) || opens("/etc", O_RDWR | O_CREAT) ? 3 : 0;
}

static void files_outside_the_lists_are_out_of_reach(void **state)
{
    struct box *box = *state;
    const struct qs_sandbox s = { .read = { box->readable, "/no/such/path" }, .write = { box->writable } };

    expect(&s, "Landlock (files", probe_files, box);
}

static int tcp_connect(const struct sockaddr_in *to)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)) ? errno : 0;
}

static int tcp_bind(void)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) ? errno : 0;
}

struct tcp {
    struct sockaddr_in to;
    int connect, bind; /* errno wanted */
};

/* Roads around the rules of Landlock. */
static bool is_mptcp_closed(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP) < 0 && errno == EACCES;
}

static bool is_first_send_closed(const struct sockaddr_in *to)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd < 0 ||
           (sendto(fd, "x", 1, MSG_FASTOPEN, (const struct sockaddr *)to, sizeof(*to)) < 0 && errno == EACCES);
}

static int probe_tcp(void *arg)
{
    const struct tcp *t = arg;

    if ((t->connect || t->bind) && !is_mptcp_closed())
        return 3;
    if (t->connect && !is_first_send_closed(&t->to))
        return 4;
    return tcp_connect(&t->to) != t->connect ? 1 : tcp_bind() != t->bind ? 2 : 0;
}

static void tcp_is_refused_where_it_was_not_asked_for(void **state)
{
    static const struct {
        bool out, in;
        int connect, bind;
    } rows[] = {
        { false, false, EACCES, EACCES },
        { true, false, 0, EACCES },
        { false, true, EACCES, 0 },
        { true, true, 0, 0 },
    };
    struct tcp tcp = { .to = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } } };
    socklen_t len = sizeof(tcp.to);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&tcp.to, sizeof(tcp.to)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&tcp.to, &len), 0);
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        const struct qs_sandbox s = { .tcp_out = rows[i].out, .tcp_in = rows[i].in };
        int got;

        tcp.connect = rows[i].connect;
        tcp.bind = rows[i].bind;
        got = in_sandbox(&s, "TCP", probe_tcp, &tcp);
        if (got && got != SKIP)
            fail_msg("out %d in %d: probe says %d", rows[i].out, rows[i].in, got);
    }
    close(fd);
}

static int probe_sockets_that_are_not_tcp(void *arg)
{
    (void)arg;
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0 || socket(AF_INET, SOCK_DGRAM, 0) < 0 ||
           socket(AF_NETLINK, SOCK_RAW, 0) < 0;
}

static void unix_udp_and_netlink_sockets_stay(void **state)
{
    const struct qs_sandbox s = { 0 };

    (void)state;
    expect(&s, "seccomp", probe_sockets_that_are_not_tcp, NULL);
}

static int probe_no_programs(void *arg)
{
    const char *argv[] = { "/bin/true", NULL };
    struct qs_spawn s = QS_SPAWN_INIT;
    struct qs_err err = QS_ERR_INIT;
    pid_t pid = 0;

    (void)arg;
    s.argv = argv;
    if (!qs_spawn(&s, &pid, NULL, &err))
        return 1;
    (void)execl("/bin/true", "true", (char *)NULL);
    return errno == EPERM || errno == EACCES ? 0 : 2;
}

static void without_spawn_nothing_is_executed(void **state)
{
    const struct qs_sandbox s = { .read = { "/" } };

    (void)state;
    expect(&s, "seccomp", probe_no_programs, NULL);
}

static int probe_programs(void *arg)
{
    const char *argv[] = { "/bin/sh", "-c", "grep -q '^CapEff:.*0000000000000000' /proc/self/status", NULL };
    struct qs_spawn s = QS_SPAWN_INIT;
    struct qs_err err = QS_ERR_INIT;
    int status = -1;

    (void)arg;
    s.argv = argv;
    if (qs_spawn_run(&s, NULL, NULL, 5000, &status, &err))
        return 1;
    return status == 0 ? 0 : 2 + status;
}

static int probe_programs_outside(void *arg)
{
    return probe_programs(arg) == 1 ? 0 : 1;
}

static void with_spawn_only_listed_programs_run(void **state)
{
    const struct qs_sandbox all = { .read = { "/usr", "/lib", "/lib64", "/bin", "/etc", "/proc" }, .spawn = true };
    const struct qs_sandbox none = { .read = { "/etc" }, .spawn = true };

    (void)state;
    if (getuid() != 0) /* CAP_SYS_CHROOT stays with root; others have none to keep */
        expect(&all, "seccomp", probe_programs, NULL);
    expect(&none, "Landlock (files", probe_programs_outside, NULL);
}

static int probe_capabilities(void *arg)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct set[2];
    const uint64_t *wanted = arg;

    if (syscall(SYS_capget, &head, set))
        return 1;
    uint64_t permitted = set[0].permitted | (uint64_t)set[1].permitted << 32;
    uint64_t effective = set[0].effective | (uint64_t)set[1].effective << 32;
    if (permitted != *wanted || effective != *wanted || set[0].inheritable || set[1].inheritable)
        return 2;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 3;
    return getuid() == 0 && prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) != 0 ? 4 : 0;
}

static void capabilities_are_gone_but_for_those_asked_for(void **state)
{
    const struct qs_sandbox none = { 0 }, net = { .net_admin = true };
    uint64_t nothing = 0, both = getuid() ? 0 : 1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_RAW;

    (void)state;
    expect(&none, "-", probe_capabilities, &nothing);
    expect(&net, "-", probe_capabilities, &both);
}

#define ID 65123

/* What a program started from there has: its user, its group, the shared one, and what it was lent. */
static int probe_id(void *arg)
{
    const char *argv[] = { "/bin/sh", "-c",
                           "grep -q '^Uid:.65123.65123.65123.65123$' /proc/self/status && "
                           "grep -q '^Gid:.65123.65123.65123.65123$' /proc/self/status && "
                           "grep -Eq '^Groups:.65000 ?$' /proc/self/status && "
                           "grep -q '^CapEff:.0000000000043000$' /proc/self/status",
                           NULL };
    struct qs_spawn s = QS_SPAWN_INIT;
    struct qs_err err = QS_ERR_INIT;
    int status = -1, signal = 0;

    (void)arg;
    if (getuid() != ID || getegid() != ID || setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0)
        return 1;
    if (prctl(PR_GET_PDEATHSIG, &signal) || signal != SIGKILL)
        return 2;
    s.argv = argv;
    return qs_spawn_run(&s, NULL, NULL, 5000, &status, &err) || status ? 3 : 0;
}

static int enter_and_probe_id(void)
{
    const struct qs_sandbox s = {
        .read = { "/usr", "/lib", "/lib64", "/bin", "/etc", "/proc" }, .spawn = true, .net_admin = true, .id = ID
    };
    struct qs_err err = QS_ERR_INIT;
    char missing[160];

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || qs_sandbox_enter(&s, missing, sizeof(missing), &err))
        return 10;
    return probe_id(NULL);
}

static void an_id_of_its_own_is_taken_for_good(void **state)
{
    int status = 0;

    (void)state;
    if (getuid() != 0)
        skip();
    pid_t pid = fork();
    if (pid == 0)
        _exit(enter_and_probe_id());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static int probe_capabilities_of_id(void *arg)
{
    return getuid() == ID ? probe_capabilities(arg) : 9;
}

static void an_id_of_its_own_keeps_no_more_capabilities(void **state)
{
    const struct qs_sandbox none = { .id = ID }, net = { .net_admin = true, .id = ID };
    uint64_t nothing = 0, both = 1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_RAW;

    (void)state;
    if (getuid() != 0)
        skip();
    expect(&none, "-", probe_capabilities_of_id, &nothing);
    expect(&net, "-", probe_capabilities_of_id, &both);
}

static void *thread_main(void *arg)
{
    return arg;
}

static int probe_calls(void *arg)
{
    pthread_t thread;

    (void)arg;
    if (unshare(CLONE_NEWUSER) == 0 || errno != EPERM)
        return 1;
    if (mount("none", "/tmp", "tmpfs", 0, NULL) == 0 || errno != EPERM)
        return 2;
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 || errno != EPERM)
        return 3;
    if (syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) >= 0 || errno != EPERM)
        return 4;
    if (syscall(SYS_bpf, 0, NULL, 0) == 0 || errno != EPERM)
        return 5;
    return pthread_create(&thread, NULL, thread_main, NULL) || pthread_join(thread, NULL) ? 6 : 0;
}

static void dangerous_calls_fail_and_threads_still_start(void **state)
{
    const struct qs_sandbox plain = { 0 }, spawn = { .spawn = true };

    (void)state;
    expect(&plain, "seccomp", probe_calls, NULL);
    expect(&spawn, "seccomp", probe_calls, NULL);
}

/* A kernel that knows no Landlock, made by a system call filter. */
static int probe_old_kernel(void *arg)
{
    const struct qs_sandbox none = { 0 };
    struct tcp tcp = { .to = { .sin_family = AF_INET }, .connect = EACCES, .bind = EACCES };
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    struct qs_err err = QS_ERR_INIT;
    char missing[160];

    (void)arg;
    if (!ctx || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0) || seccomp_load(ctx))
        return 10;
    if (qs_sandbox_enter(&none, missing, sizeof(missing), &err) || strcmp(missing, "Landlock (files and TCP)"))
        return 11;
    uint64_t nothing = 0;
    int bad = probe_capabilities(&nothing);
    return bad ? bad : probe_tcp(&tcp);
}

static void without_landlock_the_rest_applies_and_the_gap_is_named(void **state)
{
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(probe_old_kernel(NULL));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_outside_the_lists_are_out_of_reach, setup, teardown),
        cmocka_unit_test(tcp_is_refused_where_it_was_not_asked_for),
        cmocka_unit_test(unix_udp_and_netlink_sockets_stay),
        cmocka_unit_test(without_spawn_nothing_is_executed),
        cmocka_unit_test(with_spawn_only_listed_programs_run),
        cmocka_unit_test(capabilities_are_gone_but_for_those_asked_for),
        cmocka_unit_test(an_id_of_its_own_is_taken_for_good),
        cmocka_unit_test(an_id_of_its_own_keeps_no_more_capabilities),
        cmocka_unit_test(dangerous_calls_fail_and_threads_still_start),
        cmocka_unit_test(without_landlock_the_rest_applies_and_the_gap_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
