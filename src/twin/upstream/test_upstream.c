#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/ip.h"
#include "base/str.h"
#include "os/netlink.h"
#include "os/ns.h"
#include "os/role.h"
#include "os/spawn.h"

extern const struct qs_role qs_role_twin_upstream;

/* The role in a namespace of its own, and this process in the one at the other end of its cable. */
struct box {
    int home, here, there, channel;
    pid_t pid;
};

static void must(enum qs_code code, const struct qs_err *err)
{
    char text[512];

    if (code)
        fail_msg("%s", qs_err_text(err, text, sizeof(text)));
}

static void wire(struct box *box)
{
    struct qs_prefix ours[] = { { { 4, { 203, 0, 113, 2 } }, 24 },
                                { { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 } }, 64 } };
    struct qs_err err = QS_ERR_INIT;
    struct qs_nl *nl = NULL;

    must(qs_netns_enter(box->here, &err), &err);
    must(qs_nl_open(&nl, &err), &err);
    must(qs_nl_veth(nl, "w0", -1, NULL, "isp0", box->there, NULL, &err), &err);
    for (size_t i = 0; i < QS_COUNT(ours); i++)
        must(qs_nl_addr(nl, "w0", &ours[i], true, &err), &err);
    must(qs_nl_up(nl, "w0", true, &err), &err);
    qs_nl_close(nl);
}

static void start_role(struct box *box)
{
    static const char conf[] = "{\"name\":\"isp\",\"http_port\":80,\"links\":[{\"link\":\"isp0\",\"addresses\":"
                               "[\"203.0.113.1/24\",\"2001:db8::1/64\"]}]}";
    const char *argv[] = { "qs", "--role", NULL };
    struct qs_spawn s = QS_SPAWN_INIT;
    struct qs_err err = QS_ERR_INIT;
    struct qs_ipc_frame frame;
    int pair[2];

    must(qs_ipc_pair(pair, &err), &err);
    s.argv = argv;
    s.self = true;
    s.netns = box->there;
    s.keep[0] = pair[1];
    s.keep[1] = -1;
    must(qs_spawn(&s, &box->pid, NULL, &err), &err);
    close(pair[1]);
    box->channel = pair[0];
    must(qs_ipc_send(box->channel, QS_IPC_CONFIG, "", conf, NULL, 0, &err), &err);
    must(qs_ipc_recv(box->channel, true, &frame, &err), &err);
    if (frame.type != QS_IPC_READY)
        fail_msg("%s", frame.body);
    qs_ipc_frame_done(&frame);
}

static int setup(void **state)
{
    static struct box box;
    struct qs_err err = QS_ERR_INIT;

    *state = NULL;
    box = (struct box){ .home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), .here = -1, .there = -1 };
    if (qs_netns_new(&box.here, &err) || qs_netns_new(&box.there, &err))
        return 0; /* each test skips */
    wire(&box);
    start_role(&box);
    *state = &box;
    return 0;
}

static int teardown(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;
    int status = -1;

    if (!box)
        return 0;
    must(qs_ipc_send(box->channel, QS_IPC_STOP, "", NULL, NULL, 0, &err), &err);
    assert_int_equal(waitpid(box->pid, &status, 0), box->pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    must(qs_netns_enter(box->home, &err), &err);
    close(box->channel);
    close(box->here);
    close(box->there);
    close(box->home);
    return 0;
}

static void get(const char *address, const char *path, char *reply, size_t size)
{
    struct sockaddr_storage to;
    struct qs_ip ip;
    char ask[128];
    size_t have = 0;
    ssize_t n = 0;

    assert_true(qs_ip_parse(address, &ip));
    int fd = socket(ip.family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, qs_ip_sockaddr(&ip, 80, &to)), 0);
    int len = snprintf(ask, sizeof(ask), "GET %s HTTP/1.1\r\nHost: isp\r\nConnection: close\r\n\r\n", path);
    assert_int_equal(send(fd, ask, (size_t)len, MSG_NOSIGNAL), len);
    while (have + 1 < size && (n = recv(fd, reply + have, size - 1 - have, 0)) > 0)
        have += (size_t)n;
    reply[have] = '\0';
    close(fd);
}

static void it_says_who_asked(void **state)
{
    static const struct {
        const char *to, *reply;
    } rows[] = {
        { "203.0.113.1", "{\"format\":\"qs.upstream/1\",\"client\":\"203.0.113.2\"}" },
        { "2001:db8::1", "{\"format\":\"qs.upstream/1\",\"client\":\"2001:db8::2\"}" },
    };
    char reply[1024];

    if (!*state)
        skip();
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        get(rows[i].to, "/any/path", reply, sizeof(reply));
        if (!strstr(reply, " 200 ") || !strstr(reply, "application/json") || !strstr(reply, rows[i].reply))
            fail_msg("%s: %s", rows[i].to, reply);
    }
}

static void it_remembers_the_last_hundred(void **state)
{
    char reply[32768];
    unsigned n = 0;

    if (!*state)
        skip();
    for (int i = 0; i < 105; i++)
        get(i == 104 ? "2001:db8::1" : "203.0.113.1", "/", reply, sizeof(reply));
    get("203.0.113.1", "/seen", reply, sizeof(reply));
    const char *first = strstr(reply, "\"client\":");
    assert_non_null(first);
    assert_non_null(qs_after(first, "\"client\":\"2001:db8::2\""));
    for (const char *p = reply; (p = strstr(p, "\"client\":")); p++)
        n++;
    assert_int_equal(n, 100);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_who_asked),
        cmocka_unit_test(it_remembers_the_last_hundred),
    };

    if (argc == 2 && qs_streq(argv[1], "--role"))
        return qs_role_main(&qs_role_twin_upstream);
    return cmocka_run_group_tests(tests, setup, teardown);
}
