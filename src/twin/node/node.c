/*
 * Role twin-node: one server of the twin. Started by the supervisor in the node's network namespace, where its links
 * are already. CONFIG is the node's entry of the spec (twin/fabric/spec.h) and {"root", "state", "authorized_key"}.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/str.h"
#include "os/role.h"
#include "text/json.h"
#include "twin/fabric/links.h"
#include "twin/node/node_int.h"

#define SSH_PORT 22
#define READY_MS 15000
#define TRY_MS 20
#define GONE_MS 10000

struct node {
    struct qs_val *conf;
    pid_t pid;
    int pidfd;
    struct qs_source *watch;
};

static enum qs_code parse(const struct qs_val *conf, struct qs_node *ret, struct qs_err *err)
{
    const struct {
        const char *key;
        const char **at;
    } texts[] = {
        { "name", &ret->name }, { "root", &ret->root }, { "state", &ret->state }, { "authorized_key", &ret->key }
    };

    for (size_t i = 0; i < QS_COUNT(texts); i++) {
        *texts[i].at = qs_val_get_str(conf, texts[i].key, "");
        if (!**texts[i].at)
            return qs_err_set(err, QS_INVALID, 0, "the configuration lacks '%s'", texts[i].key);
        if (strpbrk(*texts[i].at, "\n") || (texts[i].at != &ret->key && strpbrk(*texts[i].at, ",:\\")))
            return qs_err_set(err, QS_INVALID, 0, "'%s' has characters that do not belong there", texts[i].key);
    }
    return QS_OK;
}

static enum qs_code set_up_links(const struct qs_val *conf, struct qs_err *err)
{
    struct qs_nl *nl = NULL;

    if (qs_nl_open(&nl, err))
        return err->code;
    enum qs_code code = qs_links_configure(nl, conf, err);
    qs_nl_close(nl);
    return code;
}

/* One connection to our own address: true when an SSH server says who it is. */
static bool has_banner(const struct sockaddr_storage *to, socklen_t len)
{
    qs_auto(fd) int fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = { .tv_sec = 2 };
    char text[4];

    if (fd < 0 || connect(fd, (const struct sockaddr *)to, len))
        return false;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return recv(fd, text, sizeof(text), MSG_WAITALL) == (ssize_t)sizeof(text) && memcmp(text, "SSH-", 4) == 0;
}

static enum qs_code wait_ready(const struct node *n, const struct qs_ip *ip, struct qs_err *err)
{
    uint64_t deadline = qs_mono_ms() + READY_MS;
    struct pollfd gone = { .fd = n->pidfd, .events = POLLIN };
    struct sockaddr_storage to;
    socklen_t len = qs_ip_sockaddr(ip, SSH_PORT, &to);

    while (!has_banner(&to, len)) {
        if (poll(&gone, 1, TRY_MS) > 0)
            return qs_err_set(err, QS_IO, 0, "the node's first process ended");
        if (qs_mono_ms() >= deadline)
            return qs_err_set(err, QS_TIMEOUT, 0, "sshd did not answer within %d ms", READY_MS);
    }
    return QS_OK;
}

static void on_gone(void *arg, int fd, uint32_t events)
{
    struct qs_role_run *run = arg;
    struct qs_err err = QS_ERR_INIT;

    (void)fd;
    (void)events;
    (void)qs_err_set(&err, QS_IO, 0, "the node's first process ended");
    qs_event_err(QS_EV_ROLE_FAILED, &err, NULL);
    qs_loop_stop(run->loop);
}

static enum qs_code start(struct qs_role_run *run, struct qs_err *err)
{
    struct node *n = qs_xzalloc(sizeof(*n));
    struct qs_ip own = { 4, { 127, 0, 0, 1 } };
    struct qs_node what = { 0 };
    const struct qs_sandbox nothing = { 0 }; /* all that is left is to notice the end of the node, and to end it */
    char address[QS_IP_TEXT];

    n->pidfd = -1;
    run->self = n;
    if (qs_json_parse(run->conf, strlen(run->conf), &n->conf, err) || parse(n->conf, &what, err))
        return err->code;
    what.address = qs_links_first(n->conf, &own) ? qs_ip_text(&own, address) : "";
    if (set_up_links(n->conf, err) || qs_node_start(&what, &n->pid, &n->pidfd, err) || wait_ready(n, &own, err) ||
        qs_role_fence(&nothing, err))
        return qs_err_wrap(err, "node '%s'", what.name);
    n->watch = qs_loop_watch(run->loop, n->pidfd, EPOLLIN, on_gone, run);
    (void)snprintf(run->detail, sizeof(run->detail), "%s answers SSH on %s", what.name, qs_ip_text(&own, address));
    return QS_OK;
}

static void stop(struct qs_role_run *run)
{
    struct node *n = run->self;

    if (!n)
        return;
    qs_source_remove(n->watch);
    if (n->pid > 0) { /* with its first process the kernel ends all others, and then the mounts go */
        struct pollfd gone = { .fd = n->pidfd, .events = POLLIN };

        (void)kill(n->pid, SIGKILL);
        if (poll(&gone, 1, GONE_MS) > 0)
            (void)waitpid(n->pid, NULL, 0);
    }
    qs_fd_close(n->pidfd);
    qs_val_free(n->conf);
    free(n);
    run->self = NULL;
}

const struct qs_role qs_role_twin_node = {
    .name = "twin-node",
    .summary = "one server of the twin: own root, own sshd",
    .start = start,
    .stop = stop,
};
