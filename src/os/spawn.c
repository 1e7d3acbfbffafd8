#include "os/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define KEEP_MAX QS_COUNT(((struct qs_spawn *)0)->keep)
#define PARK 64 /* where descriptors wait until 0, 1, 2, … may be overwritten */
#define SELF "/proc/self/exe"

static const char *const default_env[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/",
    "LANG=C.UTF-8",
    NULL,
};

/* The step that failed in the child, sent through the pipe that a good exec closes. */
enum step { STEP_PARENT, STEP_FILES, STEP_SESSION, STEP_NETNS, STEP_ROOT, STEP_EXEC };
static const char *const step_text[] = {
    [STEP_PARENT] = "its parent is gone",   [STEP_FILES] = "its descriptors", [STEP_SESSION] = "its session",
    [STEP_NETNS] = "its network namespace", [STEP_ROOT] = "its root",         [STEP_EXEC] = "exec",
};
struct failure {
    int step, errnum;
};

_Noreturn static void give_up(int report, enum step step)
{
    struct failure f = { (int)step, errno };

    if (write(report, &f, sizeof(f)) < 0)
        _exit(126); /* the parent is gone too */
    _exit(127);
}

static unsigned keep_count(const struct qs_spawn *s)
{
    unsigned n = 0;

    while (n < KEEP_MAX && s->keep[n] >= 0)
        n++;
    return n;
}

/* Puts the wanted descriptors at 0, 1, 2, … in two moves, so that none overwrites one still to be moved. */
static bool place_files(const struct qs_spawn *s, unsigned keep)
{
    int from[3 + KEEP_MAX] = { s->in, s->out, s->err }, parked[3 + KEEP_MAX];
    unsigned count = 3 + keep;

    memcpy(from + 3, s->keep, sizeof(int) * keep);
    for (unsigned i = 0; i < count; i++) {
        int fd = from[i] >= 0 ? from[i] : open("/dev/null", O_RDWR | O_CLOEXEC);

        parked[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, PARK);
        if (parked[i] < 0)
            return false;
    }
    for (unsigned i = 0; i < count; i++)
        if (dup2(parked[i], (int)i) < 0)
            return false;
    return close_range(count, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

/* Runs in the child: async-signal-safe calls only. */
_Noreturn static void child(const struct qs_spawn *s, pid_t parent, unsigned keep, int report)
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
        give_up(report, STEP_PARENT);
    if (s->new_session && setsid() < 0)
        give_up(report, STEP_SESSION);
    if (s->netns >= 0 && setns(s->netns, CLONE_NEWNET))
        give_up(report, STEP_NETNS);
    if (!place_files(s, keep))
        give_up(report, STEP_FILES);
    if (s->root && (chroot(s->root) || chdir("/")))
        give_up(report, STEP_ROOT);

    /* execve() takes its vectors without const for history's sake and changes nothing. */
    union {
        const char *const *in;
        char *const *out;
    } argv = { s->argv }, env = { s->env ? s->env : default_env };
    (void)execve(s->self ? SELF : s->argv[0], argv.out, env.out);
    give_up(report, STEP_EXEC);
}

static enum qs_code report_failure(const struct qs_spawn *s, pid_t pid, int fd, struct qs_err *err)
{
    struct failure f;
    ssize_t n;

    do
        n = read(fd, &f, sizeof(f));
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return QS_OK;
    (void)waitpid(pid, NULL, 0);
    if (n != (ssize_t)sizeof(f))
        return qs_err_set(err, QS_IO, 0, "could not start '%s'", s->argv[0]);
    return qs_err_sys(err, f.errnum == ENOENT ? QS_NOTFOUND : QS_IO, f.errnum, "could not start '%s': %s", s->argv[0],
                      step_text[f.step]);
}

enum qs_code qs_spawn(const struct qs_spawn *s, pid_t *ret_pid, int *ret_pidfd, struct qs_err *err)
{
    unsigned keep = keep_count(s);
    pid_t parent = getpid();
    int fds[2];

    if (pipe2(fds, O_CLOEXEC))
        return qs_err_sys(err, QS_IO, errno, "could not start '%s'", s->argv[0]);
    qs_auto(fd) int report_in = fds[0];
    qs_auto(fd) int report_low = fds[1];
    qs_auto(fd) int report = fcntl(report_low, F_DUPFD_CLOEXEC, PARK); /* out of the way of place_files() */
    pid_t pid = report < 0 ? -1 : fork();

    if (pid < 0)
        return qs_err_sys(err, QS_IO, errno, "could not start '%s'", s->argv[0]);
    if (pid == 0)
        child(s, parent, keep, report);
    qs_fd_close(qs_take_fd(&report));
    qs_fd_close(qs_take_fd(&report_low));
    if (report_failure(s, pid, report_in, err))
        return err->code;
    if (ret_pidfd) {
        int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

        if (pidfd < 0) {
            enum qs_code code = qs_err_sys(err, QS_IO, errno, "could not watch '%s'", s->argv[0]);

            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
            return code;
        }
        *ret_pidfd = pidfd;
    }
    *ret_pid = pid;
    return QS_OK;
}

/* A file in memory as standard input: no feeding, no deadlock, no SIGPIPE when the program does not read. */
static enum qs_code input_file(const char *input, int *ret, struct qs_err *err)
{
    qs_auto(fd) int fd = memfd_create("input", MFD_CLOEXEC);
    size_t len = strlen(input), done = 0;

    while (fd >= 0 && done < len) {
        ssize_t n = write(fd, input + done, len - done);

        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    if (fd < 0 || done < len || lseek(fd, 0, SEEK_SET) < 0)
        return qs_err_sys(err, QS_IO, errno, "could not keep the input");
    *ret = qs_take_fd(&fd);
    return QS_OK;
}

/* Takes what is there. Past the cap it is read all the same, or the program would wait for us for ever. */
static bool drain(int fd, struct qs_buf *output)
{
    char data[4096];
    ssize_t n;

    while ((n = read(fd, data, sizeof(data))) > 0)
        qs_buf_add(output, data, (size_t)n);
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static int left_ms(uint64_t deadline)
{
    uint64_t now = qs_mono_ms();

    if (now >= deadline)
        return 0;
    return deadline - now > INT32_MAX ? INT32_MAX : (int)(deadline - now);
}

/* Until the program ended; a grandchild that keeps the pipe open is not waited for. */
static bool wait_end(int pidfd, int out, struct qs_buf *output, uint64_t deadline)
{
    struct pollfd p[2] = { { .fd = pidfd, .events = POLLIN }, { .fd = out, .events = POLLIN } };

    for (;;) {
        int n = poll(p, 2, left_ms(deadline));

        if (n > 0 && p[1].revents && !drain(out, output))
            p[1].fd = -1;
        if (n > 0 && p[0].revents)
            break;
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
    }
    if (p[1].fd >= 0)
        (void)drain(out, output);
    return true;
}

enum qs_code qs_spawn_run(const struct qs_spawn *s, const char *input, struct qs_buf *output, uint64_t timeout_ms,
                          int *ret_status, struct qs_err *err)
{
    uint64_t deadline = qs_mono_ms() + timeout_ms;
    struct qs_spawn run = *s;
    qs_auto(fd) int in = -1;
    qs_auto(fd) int out = -1;
    qs_auto(fd) int out_child = -1;
    qs_auto(fd) int pidfd = -1;
    int fds[2], status = 0;
    pid_t pid;

    if (input && input_file(input, &in, err))
        return qs_err_wrap(err, "%s", s->argv[0]);
    if (input)
        run.in = in;
    if (output) {
        if (pipe2(fds, O_CLOEXEC))
            return qs_err_sys(err, QS_IO, errno, "could not start '%s'", s->argv[0]);
        out = fds[0];
        out_child = fds[1];
        (void)fcntl(out, F_SETFL, O_NONBLOCK);
        run.out = run.err = out_child;
    }
    if (qs_spawn(&run, &pid, &pidfd, err))
        return err->code;
    qs_fd_close(qs_take_fd(&out_child));

    bool ended = wait_end(pidfd, out, output, deadline);
    if (!ended)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!ended)
        return qs_err_set(err, QS_TIMEOUT, 0, "'%s' did not end within %llu ms", s->argv[0],
                          (unsigned long long)timeout_ms);
    *ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return QS_OK;
}
