/* The status role: reads its documents, starts the board, the feeds and the server, and enters the sandbox. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/str.h"
#include "os/role.h"
#include "roles/status/feed.h"
#include "roles/status/notify.h"
#include "roles/status/serve.h"
#include "roles/status/status.h"
#include "text/json.h"

#define DOCUMENT_MAX (32 << 20)
#define WORKERS 4
#define FEED_MS 5000
#define RATE_PER_SECOND 20
#define RATE_BURST 200
#define TRUSTED_MAX 16

struct status {
    struct qs_role_run *run;
    struct qs_val *conf, *page;
    char *run_folder;
    struct qs_prefix trusted[TRUSTED_MAX];
    size_t trusted_count;
    struct qs_probe_env env;
    struct qs_status_spec *spec;
    struct qs_history *history;
    struct qs_board *board;
    struct qs_notify *notify;
    struct qs_feed *changes, *targets, *adrs;
    struct qs_serve *serve;
    uint64_t started_us, changed_us;
};

static void on_changed(void *arg, size_t row, enum qs_state from)
{
    struct status *s = arg;

    s->changed_us = qs_now_us();
    if (!s->serve || !s->board)
        return; /* the rows' first states, before anybody can ask */
    if (row == SIZE_MAX)
        qs_serve_touch(s->serve);
    else
        qs_serve_change(s->serve, row, from);
}

static void on_result(void *arg, size_t row)
{
    struct status *s = arg;

    if (s->notify && s->board)
        qs_notify_result(s->notify, row, qs_board_row(s->board, row));
}

static void on_feed(void *arg)
{
    struct status *s = arg;

    if (s->serve)
        qs_serve_touch(s->serve);
}

static void give_facts(void *arg, struct qs_facts *f)
{
    const struct status *s = arg;

    f->board = s->board;
    f->history = s->history;
    f->page = s->page;
    f->adrs = qs_feed_value(s->adrs);
    f->changes = qs_feed_value(s->changes);
    f->targets = qs_feed_value(s->targets);
    f->started_us = s->started_us;
    f->changed_us = s->changed_us;
}

/* ---- configuration ---- */

static enum qs_code read_json(const char *path, struct qs_val **ret, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf buf = QS_BUF(DOCUMENT_MAX);

    if (qs_fs_read(AT_FDCWD, path, &buf, err) || qs_json_parse(qs_buf_text(&buf), buf.len, ret, err))
        return qs_err_wrap(err, "%s", path);
    return QS_OK;
}

static enum qs_code read_trusted(struct status *s, struct qs_err *err)
{
    static const char *const local[] = { "127.0.0.1/32", "::1/128" };
    const struct qs_val *list = qs_val_get(s->conf, "trusted");
    size_t count = list ? qs_val_count(list) : QS_COUNT(local);

    if (count > TRUSTED_MAX)
        return qs_err_set(err, QS_LIMIT, 0, "more than %d trusted peers", TRUSTED_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *text = list ? qs_val_string(qs_val_at(list, i), "") : local[i];

        if (!qs_prefix_parse(text, &s->trusted[i]))
            return qs_err_set(err, QS_INVALID, 0, "trusted[%zu]: '%s' is not an address with a length", i, text);
    }
    s->trusted_count = count;
    return QS_OK;
}

static enum qs_code read_spec(const struct qs_val *conf, struct qs_status_spec **ret, struct qs_err *err)
{
    qs_auto(val) struct qs_val *doc = NULL;
    const char *path = qs_val_get_str(conf, "spec", "");

    if (read_json(path, &doc, err))
        return err->code;
    if (qs_status_spec_read(doc, ret, err))
        return qs_err_wrap(err, "%s", path);
    return QS_OK;
}

/* The page of the lab is worth having, not worth failing for. */
static struct qs_val *read_page(const struct qs_val *conf)
{
    const char *path = qs_val_get_str(conf, "lab_doc", NULL);
    struct qs_err err = QS_ERR_INIT;
    struct qs_val *page = NULL;

    if (path && read_json(path, &page, &err))
        qs_event_err(QS_EV_DEBUG, &err, NULL);
    return page;
}

/* ---- start ---- */

static struct qs_board *start_board(struct status *s, const struct qs_status_spec *spec, const struct qs_board *before)
{
    struct qs_board_conf conf = {
        .spec = spec, .env = &s->env, .history = s->history, .changed = on_changed, .result = on_result, .arg = s
    };

    return qs_board_new(&conf, before);
}

static void start_env(struct status *s)
{
    const char *state = qs_val_get_str(s->conf, "state", "/state");
    struct qs_icmp *icmp = s->env.icmp;

    s->run_folder = qs_xasprintf("%s/run", state);
    s->env = (struct qs_probe_env){ .loop = s->run->loop,
                                    .run = s->run_folder,
                                    .executor = qs_val_get_str(s->conf, "executor", ""),
                                    .ssh_key = qs_val_get_str(s->conf, "ssh_key", NULL) };
    s->env.icmp = icmp;
    s->env.worker = qs_worker_new(s->run->loop, WORKERS);
    s->env.streams = qs_streams_new();
}

static void start_feeds(struct status *s)
{
    const char *adrs = qs_val_get_str(s->conf, "adrs", NULL);

    if (s->env.executor[0]) {
        s->changes = qs_feed_http(&s->env, s->env.executor, "/v1/history?limit=20", FEED_MS, on_feed, s);
        s->targets = qs_feed_http(&s->env, s->env.executor, "/v1/targets?refresh_s=-1", FEED_MS, on_feed, s);
    }
    if (adrs)
        s->adrs = qs_feed_file(&s->env, adrs, FEED_MS, on_feed, s);
}

static enum qs_code start_serve(struct status *s, struct qs_err *err)
{
    const struct qs_val *rate = qs_val_get(s->conf, "rate");
    int64_t per_second = qs_val_get_int(rate, "per_second", RATE_PER_SECOND);
    int64_t burst = qs_val_get_int(rate, "burst", RATE_BURST);
    struct qs_serve_conf conf = {
        .loop = s->run->loop, .trusted = s->trusted, .trusted_count = s->trusted_count, .facts = give_facts, .arg = s
    };

    if (per_second < 1 || per_second > UINT32_MAX / 1000 || burst < 1 || burst > UINT32_MAX / 1000)
        return qs_err_set(err, QS_INVALID, 0, "rate: per_second and burst are positive numbers");
    conf.per_second = (uint32_t)per_second;
    conf.burst = (uint32_t)burst;
    s->serve = qs_serve_new(&conf);
    for (unsigned i = 0; i < 2; i++) {
        int fd = qs_take_fd(&s->run->fds[i]);

        if (fd >= 0 && qs_serve_listen(s->serve, fd, err))
            return err->code;
    }
    return QS_OK;
}

/* The role's own socket, unless it was handed one: the CLI asks there, and so does the check of this role itself. */
static enum qs_code open_socket(struct status *s, struct qs_err *err)
{
    qs_auto(str) char *path = qs_xasprintf("%s/run/status.sock", qs_val_get_str(s->conf, "state", "/state"));

    if (s->run->fds[1] >= 0)
        return QS_OK;
    return qs_net_listen_unix(path, 0660, &s->run->fds[1], err);
}

static enum qs_code open_history(struct status *s, struct qs_err *err)
{
    qs_auto(str) char *path = qs_xasprintf("%s/status.db", qs_val_get_str(s->conf, "state", "/state"));

    return qs_history_open(path, s->run->loop, &s->history, err);
}

static enum qs_code enter_sandbox(struct status *s, struct qs_err *err)
{
    /* names and CAs of the system, for checks of other machines */
    struct qs_sandbox box = { .read = { "/etc", "/usr", "/lib", "/lib64", "/run" },
                              .write = { qs_val_get_str(s->conf, "state", "/state") },
                              .tcp_out = true,
                              .id = (unsigned)qs_val_get_int(s->conf, "id", 0) };

    return qs_role_fence(&box, err);
}

static enum qs_code start(struct qs_role_run *run, struct qs_err *err)
{
    struct status *s = qs_xzalloc(sizeof(*s));

    run->self = s;
    s->run = run;
    s->started_us = s->changed_us = qs_now_us();
    if (qs_json_parse(run->conf, strlen(run->conf), &s->conf, err))
        return qs_err_wrap(err, "configuration");
    s->env.icmp = qs_icmp_open(run->loop); /* may need a capability that the sandbox takes */
    /* Fenced before any thread starts, so that all of them are. The database is open by then: it is root's. */
    if (read_trusted(s, err) || open_socket(s, err) || open_history(s, err) || enter_sandbox(s, err) ||
        read_spec(s->conf, &s->spec, err))
        return err->code;
    s->page = read_page(s->conf);
    start_env(s);
    s->notify = qs_notify_new(s->spec, run->loop, s->env.worker);
    s->board = start_board(s, s->spec, NULL);
    start_feeds(s);
    if (start_serve(s, err))
        return err->code;
    (void)snprintf(run->detail, sizeof(run->detail), "%zu signals, %zu components, %zu checks", s->spec->signal_count,
                   s->spec->row_count - s->spec->signal_count, s->spec->check_count);
    return QS_OK;
}

/* A new slice names the same sockets and folders; its spec, page and decisions are read again. */
static enum qs_code reload(struct qs_role_run *run, const char *text, struct qs_err *err)
{
    struct status *s = run->self;
    qs_auto(val) struct qs_val *conf = NULL;
    struct qs_status_spec *spec = NULL;
    struct qs_board *board;

    if (qs_json_parse(text, strlen(text), &conf, err))
        return qs_err_wrap(err, "configuration");
    if (read_spec(qs_val_get(conf, "spec") ? conf : s->conf, &spec, err))
        return err->code;
    qs_notify_free(s->notify);
    s->notify = qs_notify_new(spec, run->loop, s->env.worker);
    board = s->board;
    s->board = NULL; /* while rows take their first states nobody is told */
    s->board = start_board(s, spec, board);
    qs_board_free(board);
    qs_status_spec_free(s->spec);
    s->spec = spec;
    qs_val_free(s->page);
    s->page = read_page(qs_val_get(conf, "lab_doc") ? conf : s->conf);
    qs_serve_touch(s->serve);
    return QS_OK;
}

static void stop(struct qs_role_run *run)
{
    struct status *s = run->self;

    if (!s)
        return;
    qs_serve_free(s->serve);
    s->serve = NULL;
    qs_feed_free(s->changes);
    qs_feed_free(s->targets);
    qs_feed_free(s->adrs);
    qs_notify_free(s->notify);
    qs_board_free(s->board);
    qs_history_close(s->history);
    qs_worker_free(s->env.worker);
    qs_icmp_close(s->env.icmp);
    qs_streams_free(s->env.streams);
    qs_status_spec_free(s->spec);
    qs_val_free(s->page);
    qs_val_free(s->conf);
    free(s->run_folder);
    free(s);
}

const struct qs_role qs_role_status = {
    .name = "status",
    .summary = "checks every signal and component, keeps 90 days, serves panel and API",
    .start = start,
    .reload = reload,
    .stop = stop,
};
