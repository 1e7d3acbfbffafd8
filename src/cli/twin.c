/* cli/twin: a look inside the running twin. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "cli/executor.h"
#include "net/http_client.h"
#include "os/ns.h"
#include "os/spawn.h"
#include "roles/supervisor/supervisor.h"
#include "text/json.h"
#include "text/table.h"

#define ROOT "/state/roots/base"

static enum qs_code read_roles(const struct qs_cli *cli, struct qs_val **ret, struct qs_err *err)
{
    qs_auto(str) char *socket = qs_xasprintf("%s/run/supervisor.sock", cli->state);
    struct qs_http_client_conf conf = {
        .base = "http://supervisor", .unix_path = socket, .connect_ms = 1000, .total_ms = 5000, .body_max = 1 << 20
    };
    qs_auto(http_client) struct qs_http_client *client = NULL;
    qs_auto(reply) struct qs_http_reply reply = { 0 };

    if (!qs_supervisor_running(cli->state, NULL)) {
        (void)qs_err_set(err, QS_UNREACHABLE, 0, "the twin is not running");
        return qs_err_hint(err, "Start it with 'qs up'.");
    }
    if (qs_http_client_new(&conf, &client, err) ||
        qs_http_request(client, "GET", "/v1/roles", NULL, NULL, 0, &reply, err))
        return qs_err_wrap(err, "supervisor");
    if (reply.status != 200)
        return qs_cli_reply_error(&reply, err);
    return qs_json_parse(qs_buf_text(&reply.body), reply.body.len, ret, err);
}

static int list(const struct qs_cli *cli, const struct qs_val *doc)
{
    static const char *const heads[] = { "NAME", "PROCESS", "STATE", "PID", "RESTARTS", "DETAIL" };
    const struct qs_val *roles = qs_val_get(doc, "roles");
    struct qs_table *t = qs_table_new(heads, QS_COUNT(heads));
    struct qs_buf out = QS_BUF(1 << 20);

    for (size_t i = 0; i < qs_val_count(roles); i++) {
        const struct qs_val *r = qs_val_at(roles, i);
        const char *state = qs_val_get_str(r, "state", "");

        qs_table_cell(t, QS_BOLD, "%s", qs_val_get_str(r, "name", ""));
        qs_table_cell(t, QS_PLAIN, "%s", qs_val_get_str(r, "role", ""));
        qs_table_cell(t, qs_streq(state, "ready") ? QS_GREEN : QS_YELLOW, "%s", state);
        qs_table_cell(t, QS_PLAIN, "%lld", (long long)qs_val_get_int(r, "pid", 0));
        qs_table_cell(t, QS_PLAIN, "%lld", (long long)qs_val_get_int(r, "restarts", 0));
        qs_table_cell(t, QS_PLAIN, "%s", qs_val_get_str(r, "detail", ""));
    }
    qs_table_write(t, cli->colour, &out);
    (void)fputs(qs_buf_text(&out), stdout);
    qs_buf_done(&out);
    qs_table_free(t);
    return 0;
}

struct exec {
    char **argv;
    pid_t pid; /* of the part, inside the container; 0: qs's own namespace */
};

/* Runs inside the container: the part's network namespace, the Debian root, the caller's terminal. */
static int exec_inside(void *arg)
{
    const struct exec *e = arg;
    char path[64];

    if (e->pid) {
        struct qs_err err = QS_ERR_INIT;

        (void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)e->pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || qs_netns_enter(fd, &err)) {
            (void)fprintf(stderr, "qs: could not enter the part's network: %s\n", fd < 0 ? strerror(errno) : err.msg);
            return 126;
        }
    }
    if (chroot(ROOT) || chdir("/")) {
        (void)fprintf(stderr, "qs: could not enter the Debian root: %s\n", strerror(errno));
        return 126;
    }
    (void)setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    (void)execvp(e->argv[0], e->argv);
    (void)fprintf(stderr, "qs: could not run '%s': %s\n", e->argv[0], strerror(errno));
    return 127;
}

static int exec_in(const struct qs_cli *cli, const struct qs_val *doc)
{
    const struct qs_val *roles = qs_val_get(doc, "roles");
    const char *name = cli->arg_count > 1 ? cli->args[1] : "";
    struct exec e = { .argv = cli->args + 2, .pid = -1 };
    struct qs_err err = QS_ERR_INIT;
    pid_t container = 0;
    int status = 1;

    for (size_t i = 0; i < qs_val_count(roles); i++)
        if (qs_streq(qs_val_get_str(qs_val_at(roles, i), "name", ""), name))
            e.pid = (pid_t)qs_val_get_int(qs_val_at(roles, i), "pid", -1);
    if (qs_streq(name, "self") || qs_streq(name, qs_val_get_str(doc, "self", NULL)))
        e.pid = 0;
    if (e.pid < 0 || cli->arg_count < 3) {
        (void)qs_err_set(&err, QS_INVALID, 0, e.pid < 0 ? "no part of the twin is called '%s'" : "no command for '%s'",
                         name);
        (void)qs_err_hint(&err, "For example: qs twin exec cp1 -- ping -c 1 10.0.20.1");
        return qs_cli_fail(cli, &err);
    }
    if (!qs_supervisor_running(cli->state, &container) || qs_container_enter(container, exec_inside, &e, &status, &err))
        return err.code ? qs_cli_fail(cli, &err) : 1;
    return status;
}

static int run(const struct qs_cli *cli)
{
    const char *word = cli->arg_count > 0 ? cli->args[0] : "list";
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *doc = NULL;

    if (!qs_streq(word, "list") && !qs_streq(word, "exec")) {
        (void)qs_err_set(&err, QS_INVALID, 0, "'qs twin %s' is not a thing", word);
        (void)qs_err_hint(&err, "Use list, or exec NAME -- COMMAND.");
        return qs_cli_fail(cli, &err);
    }
    if (read_roles(cli, &doc, &err))
        return qs_cli_fail(cli, &err);
    if (qs_streq(word, "exec"))
        return exec_in(cli, doc);
    return cli->json ? qs_cli_json(doc) : list(cli, doc);
}

const struct qs_verb qs_verb_twin = {
    .name = "twin",
    .args = "[list | exec NAME -- COMMAND …]",
    .summary = "look inside the running twin",
    .help = "list shows every process with its state and restarts.\n\nexec runs a program of the twin's Debian root in "
            "the network of a "
            "part: a switch, the router, a server, or the provisioning host, which is qs's own ('self'). For example: "
            "qs twin exec cp1 -- ping -c 1 10.0.20.1",
    .max_args = 64,
    .run = run,
};
