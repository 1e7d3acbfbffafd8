/* cli: `qs platform status`, and `qs status` for short: what the status role says, in the terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "cli/verb.h"
#include "net/http_client.h"
#include "text/json.h"
#include "text/table.h"

#define TIMEOUT_MS 5000
#define REPLY_MAX (32 << 20)
#define PANEL "http://127.0.0.1:7070"

static const struct {
    const char *state;
    enum qs_tint tint;
} tints[] = {
    { "up", QS_GREEN },
    { "degraded", QS_YELLOW },
    { "down", QS_RED },
};

static enum qs_tint tint_of(const char *state)
{
    for (size_t i = 0; i < QS_COUNT(tints); i++)
        if (qs_streq(tints[i].state, state))
            return tints[i].tint;
    return QS_GREY;
}

/* The role of this state folder by its socket; without one, whoever serves the panel on this machine. */
static enum qs_code fetch(const struct qs_cli *cli, struct qs_http_reply *reply, struct qs_err *err)
{
    const char *url = qs_cli_flag(cli, "url");
    qs_auto(str) char *socket = qs_xasprintf("%s/run/status.sock", cli->state);
    bool local = !url && access(socket, R_OK | W_OK) == 0;
    struct qs_http_client_conf conf = { .base = local ? "http://localhost"
                                                : url ? url
                                                      : PANEL,
                                        .unix_path = local ? socket : NULL,
                                        .connect_ms = TIMEOUT_MS,
                                        .total_ms = TIMEOUT_MS,
                                        .body_max = REPLY_MAX };
    qs_auto(http_client) struct qs_http_client *client = NULL;

    if (qs_http_client_new(&conf, &client, err) ||
        qs_http_request(client, "GET", "/api/v1/status", NULL, NULL, 0, reply, err)) {
        if (err->code == QS_UNREACHABLE)
            (void)qs_err_hint(err, "Bring the lab up with: qs up");
        return err->code;
    }
    if (reply->status != 200)
        return qs_err_set(err, QS_PROTO, 0, "the status role answered %d", reply->status);
    return QS_OK;
}

static void put_row(struct qs_table *t, const char *name, const struct qs_val *v, enum qs_tint tint)
{
    const char *state = qs_val_get_str(v, "state", "unknown");

    qs_table_cell(t, tint, "%s", name);
    qs_table_cell(t, QS_PLAIN, "%lld/%lld", (long long)qs_val_get_int(v, "up", 0),
                  (long long)qs_val_get_int(v, "total", 0));
    qs_table_cell(t, tint_of(state), "%s", state);
    qs_table_cell(t, QS_PLAIN, "%s", "");
}

/* Without --all only what is built and not up is worth a line of its own. */
static void put_signals(struct qs_table *t, const struct qs_val *group, bool all)
{
    const struct qs_val *list = qs_val_get(group, "components");

    for (size_t i = 0; i < qs_val_count(list); i++) {
        const struct qs_val *v = qs_val_at(list, i);
        const char *state = qs_val_get_str(v, "state", "unknown");

        if (!all && (qs_streq(state, "up") || qs_streq(state, "pending")))
            continue;
        qs_table_cell(t, QS_PLAIN, "  %s%s", qs_val_get_str(v, "title", ""),
                      qs_val_get_bool(v, "twin", false) ? " (twin)" : "");
        qs_table_cell(t, QS_PLAIN, "%s", "");
        qs_table_cell(t, tint_of(state), "%s", state);
        qs_table_cell(t, QS_GREY, "%s", qs_val_get_str(v, "message", ""));
    }
}

static void print(const struct qs_cli *cli, const struct qs_val *doc)
{
    const struct qs_val *groups = qs_val_get(doc, "groups");
    struct qs_table *t = qs_table_new(NULL, 4);
    qs_auto(buf) struct qs_buf out = QS_BUF(1 << 20);

    for (size_t i = 0; i < qs_val_count(groups); i++) {
        const struct qs_val *group = qs_val_at(groups, i);

        put_row(t, qs_val_get_str(group, "title", ""), group, QS_BOLD);
        put_signals(t, group, qs_cli_has(cli, "all"));
    }
    put_row(t, "all", doc, QS_GREY);
    qs_table_write(t, cli->colour, &out);
    qs_table_free(t);
    (void)fputs(qs_buf_text(&out), stdout);
}

static int run(const struct qs_cli *cli)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(reply) struct qs_http_reply reply = { .body = QS_BUF(REPLY_MAX) };
    qs_auto(val) struct qs_val *doc = NULL;

    if (fetch(cli, &reply, &err) || qs_json_parse(qs_buf_text(&reply.body), reply.body.len, &doc, &err))
        return qs_cli_fail(cli, &err);
    if (cli->json)
        (void)puts(qs_buf_text(&reply.body));
    else
        print(cli, doc);
    return 0;
}

static const struct qs_flag flags[] = {
    { "all", NULL, "every signal, also those that are up or pending" },
    { "url", "URL", "ask this panel instead of the one of the state folder" },
    { NULL, NULL, NULL },
};

static const char help[] =
    "Prints the groups of signals with how many are up, and what is built and not up with the reason. The answer comes "
    "from the status role of the state folder, or from the panel on this machine where that folder has none. With "
    "--json it is /api/v1/status as it is.";

const struct qs_verb qs_verb_platform_status = {
    .name = "platform status",
    .summary = "show what is up, group by group",
    .help = help,
    .flags = flags,
    .run = run,
};
const struct qs_verb qs_verb_status = {
    .name = "status",
    .summary = "the same as platform status",
    .help = help,
    .flags = flags,
    .run = run,
};
