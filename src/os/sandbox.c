#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Landlock grew with its ABI; what Debian 12's headers do not name yet is spelled out (landlock(7)). */
#define FS_ABI_1 ((1ULL << 13) - 1)
#define FS_REFER (1ULL << 13)     /* ABI 2 */
#define FS_TRUNCATE (1ULL << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#define NET_BIND (1ULL << 0)      /* ABI 4 */
#define NET_CONNECT (1ULL << 1)   /* ABI 4 */
#define ABI_NET 4
#define FS_OF_FILES                                                                                            \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | \
     FS_IOCTL_DEV)
#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_NEVER (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

struct ruleset_attr { /* struct landlock_ruleset_attr as of ABI 4 */
    uint64_t fs, net;
};

#if defined(__SANITIZE_ADDRESS__)
#define HAS_LSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_LSAN 1
#endif
#endif
#ifdef HAS_LSAN
/* LeakSanitizer looks for leaks at exit by a clone that traces this process: inside the fences it cannot, and would
 * turn a good exit into a failed one. It asks this function before. */
static int is_fenced;
int __lsan_is_turned_off(void) __attribute__((visibility("default")));
int __lsan_is_turned_off(void)
{
    return is_fenced;
}
#endif

/* Names a missing fence; the list is a text for an event. */
static void miss(char *missing, size_t size, const char *fence)
{
    size_t have = strlen(missing);

    (void)snprintf(missing + have, size - have, "%s%s", have ? ", " : "", fence);
}

static uint64_t fs_rights(long abi)
{
    return FS_ABI_1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static uint64_t net_rights(const struct qs_sandbox *s, long abi)
{
    if (abi < ABI_NET)
        return 0;
    return (s->tcp_in ? 0 : NET_BIND) | (s->tcp_out ? 0 : NET_CONNECT); /* what is handled has no rule: refused */
}

/* A path that does not exist needs no permission. */
static enum qs_code allow(int ruleset, const char *path, uint64_t rights, struct qs_err *err)
{
    qs_auto(fd) int fd = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = { .allowed_access = rights, .parent_fd = fd };
    struct stat st;

    if (fd < 0 && errno == ENOENT)
        return QS_OK;
    if (fd < 0 || fstat(fd, &st))
        return qs_err_sys(err, QS_IO, errno, "could not open '%s' for the sandbox", path);
    if (!S_ISDIR(st.st_mode))
        rule.allowed_access &= FS_OF_FILES;
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
        return qs_err_sys(err, QS_IO, errno, "could not allow '%s' in the sandbox", path);
    return QS_OK;
}

static enum qs_code allow_paths(const struct qs_sandbox *s, int ruleset, uint64_t all, struct qs_err *err)
{
    uint64_t read = FS_READ | (s->spawn ? LANDLOCK_ACCESS_FS_EXECUTE : 0);

    for (size_t i = 0; i < QS_COUNT(s->read) && s->read[i]; i++)
        if (allow(ruleset, s->read[i], read & all, err))
            return err->code;
    for (size_t i = 0; i < QS_COUNT(s->write) && s->write[i]; i++)
        if (allow(ruleset, s->write[i], all & ~(uint64_t)FS_NEVER, err))
            return err->code;
    if (s->spawn) /* where os/spawn sends what has no descriptor */
        return allow(ruleset, "/dev/null", (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE) & all, err);
    return QS_OK;
}

static enum qs_code fence_files(const struct qs_sandbox *s, char *missing, size_t size, struct qs_err *err)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset_attr attr = { fs_rights(abi), net_rights(s, abi) };
    char text[80];

    if (abi < 1) {
        miss(missing, size, "Landlock (files and TCP)");
        return QS_OK;
    }
    if (abi < ABI_NET && s->tcp_in != s->tcp_out) { /* with neither, the system call filter refuses the sockets */
        (void)snprintf(text, sizeof(text), "Landlock TCP rules (ABI %d, this kernel has %ld)", ABI_NET, abi);
        miss(missing, size, text);
    }
    qs_auto(fd) int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr,
                                           abi < ABI_NET ? sizeof(attr.fs) : sizeof(attr), 0);
    if (ruleset < 0)
        return qs_err_sys(err, QS_IO, errno, "could not make a Landlock rule set");
    if (allow_paths(s, ruleset, attr.fs, err))
        return err->code;
    if (syscall(SYS_landlock_restrict_self, ruleset, 0))
        return qs_err_sys(err, QS_IO, errno, "could not enter the Landlock rule set");
    return QS_OK;
}

static uint64_t kept_capabilities(const struct qs_sandbox *s)
{
    uint64_t kept = s->net_admin ? 1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_RAW : 0;

    return kept | (s->spawn ? 1ULL << CAP_SYS_CHROOT : 0); /* programs of the twin run in their root */
}

/* Capabilities outlive the change only as permitted ones, and the order to die with the parent not at all. */
static enum qs_code take_id(const struct qs_sandbox *s, struct qs_err *err)
{
    const gid_t group = QS_SANDBOX_GROUP;
    pid_t parent = getppid();
    int signal = 0;

    if (s->id == 0)
        return QS_OK;
    if (prctl(PR_GET_PDEATHSIG, &signal) || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(1, &group) ||
        setresgid(s->id, s->id, s->id) || setresuid(s->id, s->id, s->id) || prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0))
        return qs_err_sys(err, QS_IO, errno, "could not take the id %u", s->id);
    if (prctl(PR_SET_PDEATHSIG, signal) || getppid() != parent)
        return qs_err_set(err, QS_IO, 0, "the parent ended meanwhile");
    return QS_OK;
}

/* Programs that an id other than root executes get ambient capabilities alone. */
static enum qs_code pass_on(uint64_t caps, struct qs_err *err)
{
    for (unsigned cap = 0; caps >> cap; cap++)
        if ((caps >> cap & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
            return qs_err_sys(err, QS_IO, errno, "could not pass on capability %u", cap);
    return QS_OK;
}

/* The bounding set too, or a program that root executes would get all of them back. */
static enum qs_code drop_capabilities(const struct qs_sandbox *s, struct qs_err *err)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct set[2], had[2];
    uint64_t kept = kept_capabilities(s), given = 0;

    if (syscall(SYS_capget, &head, had))
        return qs_err_sys(err, QS_IO, errno, "could not read the capabilities");
    for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
        if (!(kept >> cap & 1) && prctl(PR_CAPBSET_DROP, cap) && errno != EPERM) /* EPERM: it has none to begin with */
            return qs_err_sys(err, QS_IO, errno, "could not drop capability %u", cap);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (take_id(s, err))
        return err->code;
    for (int i = 0; i < 2; i++) {
        set[i].permitted = set[i].effective = had[i].permitted & (uint32_t)(kept >> (32 * i));
        set[i].inheritable = s->id && s->spawn ? set[i].permitted : 0;
        given |= (uint64_t)set[i].inheritable << (32 * i);
    }
    if (syscall(SYS_capset, &head, set))
        return qs_err_sys(err, QS_IO, errno, "could not drop the capabilities");
    return pass_on(given, err);
}

/* What no role needs once it serves: other file system views and namespaces, other processes, the kernel, the
 * clock, and the large, often abused interfaces. */
static const int refused[] = {
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kcmp),
    SCMP_SYS(process_madvise),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(syslog),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(vhangup),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(personality),
    SCMP_SYS(migrate_pages),
    SCMP_SYS(move_pages),
    SCMP_SYS(set_mempolicy),
    SCMP_SYS(mbind),
};
static const int programs[] = { SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork) };

static int refuse_list(scmp_filter_ctx ctx, const int *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), list[i], 0);

        if (rc && rc != -EDOM) /* EDOM: this architecture has no such call */
            return rc;
    }
    return 0;
}

/* clone3 hides its flags in memory that a filter cannot read: the C library then falls back to clone. */
static int refuse_clone(scmp_filter_ctx ctx, bool spawn)
{
    static const unsigned long namespaces[] = { CLONE_NEWNS,  CLONE_NEWUTS, CLONE_NEWIPC,   CLONE_NEWUSER,
                                                CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP };
    int rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

    for (size_t i = 0; !rc && i < QS_COUNT(namespaces); i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
    if (!rc && !spawn) /* threads are allowed, processes are not */
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    return rc;
}

/* A role that may neither connect nor bind gets no TCP socket at all, whatever Landlock knows. */
static int refuse_tcp(scmp_filter_ctx ctx)
{
    static const unsigned families[] = { AF_INET, AF_INET6 };
    int rc = 0;

    for (size_t i = 0; !rc && i < QS_COUNT(families); i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, families[i], 0),
                              SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
    return rc;
}

/* Ways to TCP that Landlock's rules do not see: MPTCP, and a connection that the first send makes. */
static int refuse_detours(scmp_filter_ctx ctx, bool tcp_out)
{
    static const struct {
        int call;
        unsigned flags_at;
    } sends[] = { { SCMP_SYS(sendto), 3 }, { SCMP_SYS(sendmsg), 2 }, { SCMP_SYS(sendmmsg), 3 } };
    int rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1, SCMP_A2(SCMP_CMP_EQ, IPPROTO_MPTCP, 0));

    for (size_t i = 0; !rc && !tcp_out && i < QS_COUNT(sends); i++) {
        struct scmp_arg_cmp fast = { sends[i].flags_at, SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, MSG_FASTOPEN };

        rc = seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EACCES), sends[i].call, 1, &fast);
    }
    return rc;
}

static int fill_filter(scmp_filter_ctx ctx, const struct qs_sandbox *s)
{
    int rc = refuse_list(ctx, refused, QS_COUNT(refused));

    if (!rc && !s->spawn)
        rc = refuse_list(ctx, programs, QS_COUNT(programs));
    if (!rc && !s->spawn)
        rc = refuse_list(ctx, (const int[]){ SCMP_SYS(chroot) }, 1);
    if (!rc)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, TIOCSTI, 0));
    if (!rc)
        rc = refuse_clone(ctx, s->spawn);
    if (!rc && !s->tcp_in && !s->tcp_out)
        rc = refuse_tcp(ctx);
    if (!rc && (!s->tcp_in || !s->tcp_out))
        rc = refuse_detours(ctx, s->tcp_out);
    return rc;
}

/* What is called by another architecture's numbers kills the process: libseccomp's default. */
static enum qs_code filter_calls(const struct qs_sandbox *s, char *missing, size_t size, struct qs_err *err)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    int rc = ctx ? fill_filter(ctx, s) : -ENOMEM;

    if (rc) {
        seccomp_release(ctx);
        return qs_err_sys(err, QS_INTERNAL, -rc, "could not make the system call filter");
    }
    rc = seccomp_load(ctx);
    seccomp_release(ctx);
    if (rc == -EINVAL || rc == -ENOSYS) {
        miss(missing, size, "seccomp (system calls)");
        return QS_OK;
    }
    return rc ? qs_err_sys(err, QS_IO, -rc, "could not load the system call filter") : QS_OK;
}

enum qs_code qs_sandbox_enter(const struct qs_sandbox *s, char *ret_missing, unsigned long size, struct qs_err *err)
{
    *ret_missing = '\0';
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return qs_err_sys(err, QS_IO, errno, "could not give up new privileges");
    if (fence_files(s, ret_missing, size, err) || drop_capabilities(s, err) || filter_calls(s, ret_missing, size, err))
        return qs_err_wrap(err, "sandbox");
#ifdef HAS_LSAN
    is_fenced = 1;
#endif
    return QS_OK;
}
