/* cli/executor: how verbs reach the one executor of a state folder. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "cli/executor.h"
#include "cli/state.h"
#include "net/http_client.h"
#include "os/ipc.h"
#include "os/spawn.h"
#include "roles/supervisor/supervisor.h"
#include "text/json.h"

#define CONNECT_MS 2000
#define REPLY_MAX (64 << 20)
#define PLAN_MS 120000
#define APPLY_MS 3600000
#define READY_MS 10000

/* An executor that this command started lives as long as the channel, that is, as long as this process. */
static int own_channel = -1;

static char *socket_path(const struct qs_cli *cli)
{
    return qs_xasprintf("%s/run/executor.sock", cli->state);
}

static enum qs_code wait_ready(int fd, struct qs_err *err)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    struct qs_ipc_frame frame;

    if (poll(&p, 1, READY_MS) <= 0)
        return qs_err_set(err, QS_TIMEOUT, 0, "the executor is not ready after %d s", READY_MS / 1000);
    if (qs_ipc_recv(fd, true, &frame, err))
        return err->code;
    if (frame.type != QS_IPC_READY)
        (void)qs_err_set(err, QS_INTERNAL, 0, "the executor did not start: %s", frame.body ? frame.body : "");
    qs_ipc_frame_done(&frame);
    return err->code;
}

static enum qs_code start_own(const struct qs_cli *cli, struct qs_err *err)
{
    const char *argv[] = { "qs", "--role", "executor", NULL };
    qs_auto(str) char *run = qs_xasprintf("%s/run", cli->state);
    qs_auto(str) char *socket = socket_path(cli);
    qs_auto(val) struct qs_val *conf = qs_val_map();
    qs_auto(buf) struct qs_buf body = QS_BUF(65536);
    struct qs_spawn spawn = QS_SPAWN_INIT;
    int pair[2];

    if (qs_cli_claim_state(cli, true, err) || qs_fs_mkdirs(AT_FDCWD, run, 0755, err) || qs_ipc_pair(pair, err))
        return err->code;
    qs_auto(fd) int theirs = pair[1];
    own_channel = pair[0];
    qs_val_set_str(conf, "state", cli->state);
    qs_val_set_str(conf, "socket", socket);
    qs_auto(str) char *credentials = qs_xasprintf("%s/credentials.json", cli->state);
    qs_val_set_str(conf, "credentials", credentials);
    qs_json_write(conf, &body);
    spawn.argv = argv;
    spawn.self = true;
    spawn.env = (const char *const *)(void *)environ;
    spawn.err = STDERR_FILENO;
    spawn.keep[0] = theirs;
    spawn.keep[1] = -1;
    if (qs_spawn(&spawn, NULL, NULL, err) ||
        qs_ipc_send(own_channel, QS_IPC_CONFIG, "", qs_buf_text(&body), NULL, 0, err))
        return err->code;
    return wait_ready(own_channel, err);
}

static enum qs_code ensure(const struct qs_cli *cli, struct qs_err *err)
{
    if (own_channel >= 0 || qs_supervisor_running(cli->state, NULL))
        return QS_OK;
    if (qs_streq(cli->site, "twin")) {
        (void)qs_err_set(err, QS_UNREACHABLE, 0, "the twin is not running");
        return qs_err_hint(err, "Start it with 'qs up', or look at the last observation with --offline.");
    }
    return start_own(cli, err);
}

static enum qs_code open_client(const struct qs_cli *cli, uint64_t total_ms, struct qs_http_client **ret,
                                struct qs_err *err)
{
    qs_auto(str) char *socket = socket_path(cli);
    struct qs_http_client_conf conf = { .base = "http://executor",
                                        .unix_path = socket,
                                        .connect_ms = CONNECT_MS,
                                        .total_ms = total_ms,
                                        .body_max = REPLY_MAX };

    if (ensure(cli, err))
        return err->code;
    return qs_http_client_new(&conf, ret, err);
}

enum qs_code qs_cli_reply_error(const struct qs_http_reply *reply, struct qs_err *err)
{
    qs_auto(val) struct qs_val *doc = NULL;
    enum qs_code code = QS_INTERNAL;

    if (qs_json_parse(qs_buf_text(&reply->body), reply->body.len, &doc, err))
        return qs_err_set(err, QS_PROTO, 0, "HTTP status %d without a readable reason", reply->status);
    const struct qs_val *e = qs_val_get(doc, "error");
    if (!qs_code_parse(qs_val_get_str(e, "code", ""), &code) || code == QS_OK)
        code = QS_INTERNAL;
    (void)qs_err_set(err, code, 0, "%s", qs_val_get_str(e, "message", "no reason given"));
    return qs_err_hint(err, "%s", qs_val_get_str(e, "hint", ""));
}

static char *body_text(const struct qs_val *body, size_t *ret_len)
{
    struct qs_buf buf = QS_BUF(REPLY_MAX);

    *ret_len = 0;
    if (!body)
        return NULL;
    qs_json_write(body, &buf);
    *ret_len = buf.len;
    return qs_buf_take(&buf);
}

enum qs_code qs_cli_executor(const struct qs_cli *cli, const char *method, const char *path, const struct qs_val *body,
                             struct qs_val **ret, struct qs_err *err)
{
    qs_auto(http_client) struct qs_http_client *client = NULL;
    qs_auto(reply) struct qs_http_reply reply = { 0 };
    size_t len;
    qs_auto(str) char *text = body_text(body, &len);

    if (open_client(cli, PLAN_MS, &client, err) ||
        qs_http_request(client, method, path, text ? "application/json" : NULL, text, len, &reply, err))
        return qs_err_wrap(err, "executor");
    if (reply.status / 100 != 2)
        return qs_cli_reply_error(&reply, err);
    return qs_json_parse(qs_buf_text(&reply.body), reply.body.len, ret, err);
}

enum qs_code qs_cli_executor_stream(const struct qs_cli *cli, const char *path, const struct qs_val *body,
                                    qs_http_line_fn *fn, void *arg, struct qs_err *err)
{
    qs_auto(http_client) struct qs_http_client *client = NULL;
    qs_auto(reply) struct qs_http_reply reply = { 0 };
    size_t len;
    qs_auto(str) char *text = body_text(body, &len);

    if (open_client(cli, APPLY_MS, &client, err) ||
        qs_http_stream(client, "POST", path, "application/json", text, len, fn, arg, &reply, err))
        return qs_err_wrap(err, "executor");
    return reply.status / 100 == 2 ? QS_OK : qs_cli_reply_error(&reply, err);
}
