/*
 * Runs a real node in a real container. Needs the Debian root of a state folder of its own: $QS_TEST_STATE; without it
 * the test is skipped, and the end-to-end tests are what starts nodes.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "os/netlink.h"
#include "os/ns.h"
#include "os/role.h"
#include "os/spawn.h"
#include "twin/node/root.h"

#define NODE_STATE "/state/test-node"

extern const struct qs_role qs_role_twin_node;

static bool fine(enum qs_code code, const struct qs_err *err)
{
    char text[512];

    if (code)
        (void)printf("%s\n", qs_err_text(err, text, sizeof(text)));
    return !code;
}

/* Starts the role in `netns` and gives its channel after READY. */
static bool start_node(int netns, const char *key, pid_t *ret_pid, int *ret_channel)
{
    const char *argv[] = { "qs", "--role", NULL };
    qs_auto(str) char *conf = qs_xasprintf(
        "{\"name\":\"cp1\",\"links\":[{\"link\":\"v20\",\"vlan\":20,"
        "\"addresses\":[\"192.0.2.2/24\",\"2001:db8::2/64\"]}],"
        "\"routes\":[{\"to\":\"0.0.0.0/0\",\"via\":\"192.0.2.1\"},{\"to\":\"::/0\",\"via\":\"2001:db8::1\"}],"
        "\"root\":\"/state/roots/base\",\"state\":\"" NODE_STATE "\",\"authorized_key\":\"%s\"}",
        key);
    struct qs_spawn s = QS_SPAWN_INIT;
    struct qs_err err = QS_ERR_INIT;
    struct qs_ipc_frame frame;
    int pair[2];

    s.argv = argv;
    s.self = true;
    s.netns = netns;
    s.err = STDERR_FILENO;
    if (!fine(qs_ipc_pair(pair, &err), &err))
        return false;
    s.keep[0] = pair[1];
    s.keep[1] = -1;
    if (!fine(qs_spawn(&s, ret_pid, NULL, &err), &err) ||
        !fine(qs_ipc_send(pair[0], QS_IPC_CONFIG, "", conf, NULL, 0, &err), &err))
        return false;
    close(pair[1]);
    if (!fine(qs_ipc_recv(pair[0], true, &frame, &err), &err))
        return false;
    bool ready = frame.type == QS_IPC_READY;
    if (!ready)
        (void)printf("%s\n", frame.body);
    qs_ipc_frame_done(&frame);
    *ret_channel = pair[0];
    return ready;
}

static int run(const char *script, struct qs_buf *out)
{
    const char *argv[] = { "/bin/sh", "-c", script, NULL };
    struct qs_spawn s = QS_SPAWN_INIT;
    struct qs_err err = QS_ERR_INIT;
    int status = -1;

    s.argv = argv;
    return fine(qs_spawn_run(&s, NULL, out, 20000, &status, &err), &err) ? status : -1;
}

static bool answers_ssh(const char *address)
{
    struct qs_ip ip;
    struct sockaddr_storage to;
    struct timeval patience = { .tv_sec = 2 };
    char text[4] = "";

    if (!qs_ip_parse(address, &ip))
        return false;
    for (int tries = 0; tries < 100; tries++, (void)poll(NULL, 0, 50)) {
        qs_auto(fd) int fd = socket(ip.family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        if (connect(fd, (struct sockaddr *)&to, qs_ip_sockaddr(&ip, 22, &to)) == 0 &&
            recv(fd, text, 4, MSG_WAITALL) == 4 && memcmp(text, "SSH-", 4) == 0)
            return true;
    }
    return false;
}

static int say(bool good, const char *what)
{
    if (!good)
        (void)printf("bad: %s\n", what);
    return good ? 0 : 1;
}

static int try_login(void)
{
    qs_auto(buf) struct qs_buf out = QS_BUF(8192);
    int bad = run("ssh -i /tmp/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
                  "-o LogLevel=ERROR root@192.0.2.2 "
                  "'hostname; id -u; ps ax | wc -l; test -w / && echo writable; ls -A /state 2>&1 | head -1; "
                  "ping -c1 -W2 192.0.2.1 >/dev/null && echo pings; touch /root/mark; "
                  "pkill -o -x sshd; echo killed'",
                  &out);

    (void)bad; /* the session dies with its server */
    const char *text = qs_buf_text(&out);
    bad = say(strstr(text, "cp1\n0\n") != NULL, "host name and root");
    bad += say(strstr(text, "writable\n") != NULL, "root file system is writable");
    bad += say(strstr(text, "No such file") != NULL, "the container's state is out of sight");
    bad += say(strstr(text, "pings\n") != NULL, "ping from the node");
    bad += say(answers_ssh("192.0.2.2"), "sshd is started again");
    if (bad)
        (void)printf("%s", text);
    return bad;
}

static int wire(int netns)
{
    struct qs_prefix ours[] = { { { 4, { 192, 0, 2, 1 } }, 24 }, { { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } }, 64 } };
    struct qs_err err = QS_ERR_INIT;
    struct qs_nl *nl = NULL;

    return !fine(qs_nl_open(&nl, &err), &err) ||
           !fine(qs_nl_veth(nl, "self0", -1, NULL, "v20", netns, NULL, &err), &err) ||
           !fine(qs_nl_addr(nl, "self0", &ours[0], true, &err), &err) ||
           !fine(qs_nl_addr(nl, "self0", &ours[1], true, &err), &err) || !fine(qs_nl_up(nl, "self0", true, &err), &err);
}

static int stop_node(pid_t pid, int channel)
{
    struct qs_err err = QS_ERR_INIT;
    int status = -1;

    if (!fine(qs_ipc_send(channel, QS_IPC_STOP, "", NULL, NULL, 0, &err), &err) || waitpid(pid, &status, 0) != pid)
        return 1;
    close(channel);
    return say(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the role ends well") +
           say(run("grep overlay /proc/mounts", NULL) == 1, "no mount is left") +
           say(run("ps ax | grep -q '[s]shd'", NULL) == 1, "no process is left");
}

static char *make_key(struct qs_buf *key)
{
    if (run("rm -f /tmp/key; ssh-keygen -q -t ed25519 -N '' -f /tmp/key; cat /tmp/key.pub", key))
        return NULL;
    qs_auto(str) char *all = qs_buf_take(key);
    return qs_xstrndup(all, strcspn(all, "\n"));
}

/* Runs as pid 1 of the container. */
static int in_container(void *arg)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(4096);
    struct qs_err err = QS_ERR_INIT;
    uint64_t begin;
    int netns = -1, channel = -1, bad = 0;
    pid_t pid = 0;

    (void)arg;
    if (!fine(qs_twin_root_unpack("/state", NULL, NULL, &err), &err) ||
        !fine(qs_twin_root_mount("/state", &err), &err) || !fine(qs_netns_new(&netns, &err), &err) ||
        !fine(qs_fs_remove(AT_FDCWD, NODE_STATE, &err), &err) || wire(netns))
        return 1;
    qs_auto(str) char *key = make_key(&text);
    begin = qs_mono_ms();
    if (!start_node(netns, key ? key : "none", &pid, &channel))
        return 1;
    (void)printf("node ready after %d ms\n", (int)(qs_mono_ms() - begin));
    bad += say(answers_ssh("192.0.2.2") && answers_ssh("2001:db8::2"), "both families answer");
    bad += key ? try_login() : 0; /* without an SSH client here */
    bad += stop_node(pid, channel);
    if (key) {
        bad += say(access(NODE_STATE "/upper/root/mark", F_OK) == 0, "what was written is kept");
        bad += say(start_node(netns, key, &pid, &channel), "it starts again");
        bad += stop_node(pid, channel);
    }
    bad += say(!qs_fs_remove(AT_FDCWD, NODE_STATE, &err), "its files can be removed");
    return bad;
}

static void a_node_starts_serves_restarts_and_leaves_nothing(void **state)
{
    const char *folder = getenv("QS_TEST_STATE");
    struct qs_container_conf conf = { .name = "node-test", .state = folder, .main = in_container };
    struct qs_err err = QS_ERR_INIT;
    int pidfd = -1, status = -1;
    pid_t pid = 0;
    char archive[4096];

    (void)state;
    (void)snprintf(archive, sizeof(archive), "%s/roots/base.tar", folder ? folder : "");
    if (!folder || access(archive, R_OK)) {
        print_message("# no state folder with a Debian root in QS_TEST_STATE; skipped\n");
        skip();
    }
    enum qs_code code = qs_container_start(&conf, &pid, &pidfd, &err);
    if (code == QS_UNSUPPORTED) {
        print_message("# %s; skipped\n", err.msg);
        skip();
    }
    assert_int_equal(code, QS_OK);
    close(pidfd);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_node_starts_serves_restarts_and_leaves_nothing) };

    if (argc == 2 && qs_streq(argv[1], "--role"))
        return qs_role_main(&qs_role_twin_node);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
