/*
 * roles/executor: the only holder of device credentials and of the journal. Serves HTTP + JSON on a Unix socket.
 *
 * CONFIG: {"state": "/state", "socket": "/state/run/executor.sock", "credentials": "/state/credentials.json", "id": its
 * user and group, "clients": the group that may connect}; fds[0], when given, is the listening socket and takes the
 * place of "socket".
 *
 *   POST /v1/plan      {"desired": qs.desired/1, "targets": [NAME]?, "release": bool?}  → qs.plan/1
 *   POST /v1/apply     {"plan": qs.plan/1, "desired": qs.desired/1 (not for a rollback's plan)} → NDJSON: progress lines
 *                      {"event":"target","target","phase","text"?} and {"event":"running","seconds"} every 10 s, then one
 *                      {"result": qs.result/1} or {"error": {"code","message","hint"}}
 *   POST /v1/rollback  {"id"}         → qs.plan/1 back to the state as of that apply, to be given to /v1/apply
 *   POST /v1/drift     {"desired"?}   → qs.drift/1
 *   POST /v1/release   {"target"}     → {"released": NAME}
 *   GET  /v1/targets?refresh_s=N      → qs.targets/1
 *   GET  /v1/history?limit=N          → qs.history/1 {"applies": [...]}
 *   GET  /v1/history/ID               → qs.apply/1
 *   GET  /healthz                     → {"status": "up", "owner", "applying"?}
 *
 * The loop's thread only takes requests and sends replies; each request is worked on by a thread of its own. A client
 * that leaves does not stop its apply.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/str.h"
#include "net/http_server.h"
#include "os/role.h"
#include "roles/executor/engine.h"
#include "text/json.h"

#define BODY_MAX (64U << 20)
#define REPLY_MAX (64U << 20)
#define BACKLOG_MAX (1U << 20)
#define JOBS_MAX 64
#define HEARTBEAT_MS 10000
#define STOP_WAIT_S 60
#define HISTORY_DEFAULT 50
#define HISTORY_MAX 1000

struct executor;
struct job;
typedef enum qs_code job_fn(struct executor *x, struct job *j, struct qs_val **ret, struct qs_err *err);

struct job { /* one request; its thread fills, the loop's thread sends */
    struct executor *x;
    job_fn *fn;
    struct qs_http_req *req; /* loop's thread only; NULL once the client has gone */
    struct qs_val *body;     /* NULL for GET */
    char *word;              /* from the path or the query */
    bool streams;
    struct qs_timer *heartbeat;
    uint64_t started_ms;
};
struct note { /* from a job's thread to the loop */
    struct note *next;
    struct job *job;
    struct qs_val *line; /* a progress line, or the whole reply when `last` */
    struct qs_err err;
    bool last;
};
struct executor {
    struct qs_loop *loop;
    struct qs_http_server *server;
    struct qs_engine *engine;
    struct qs_source *source;
    int wake; /* eventfd */
    pthread_mutex_t lock;
    pthread_cond_t idle;
    struct note *first, **last;
    unsigned jobs; /* threads that run, recovery included */
};

/* ---- from threads to the loop ---- */

static void post(struct executor *x, struct note *n)
{
    const uint64_t one = 1;

    (void)pthread_mutex_lock(&x->lock);
    *x->last = n;
    x->last = &n->next;
    (void)pthread_mutex_unlock(&x->lock);
    if (write(x->wake, &one, sizeof(one)) < 0)
        abort(); /* an eventfd of our own takes a one */
}

static void say(void *arg, struct qs_val *line)
{
    struct job *j = arg;
    struct note *n = qs_xzalloc(sizeof(*n));

    *n = (struct note){ .job = j, .line = line };
    post(j->x, n);
}

static void thread_left(struct executor *x)
{
    (void)pthread_mutex_lock(&x->lock);
    x->jobs--;
    (void)pthread_cond_broadcast(&x->idle);
    (void)pthread_mutex_unlock(&x->lock);
}

static void *job_main(void *arg)
{
    struct job *j = arg;
    struct executor *x = j->x;
    struct note *n = qs_xzalloc(sizeof(*n));

    *n = (struct note){ .job = j, .last = true };
    QS_IGNORE(j->fn(x, j, &n->line, &n->err)); /* the note carries it */
    post(x, n);
    thread_left(x);
    return NULL;
}

static enum qs_code start_thread(struct executor *x, void *(*fn)(void *), void *arg, struct qs_err *err)
{
    pthread_t thread;
    int rc;

    (void)pthread_mutex_lock(&x->lock);
    rc = x->jobs >= JOBS_MAX ? EAGAIN : pthread_create(&thread, NULL, fn, arg);
    if (!rc)
        x->jobs++;
    (void)pthread_mutex_unlock(&x->lock);
    if (rc)
        return qs_err_sys(err, QS_LIMIT, rc, "the executor works on %u requests already", x->jobs);
    (void)pthread_detach(thread);
    return QS_OK;
}

/* ---- jobs ---- */

static enum qs_code read_desired(const struct job *j, struct qs_desired *ret, struct qs_err *err)
{
    return qs_desired_from_val(qs_val_get(j->body, "desired"), ret, err);
}

static enum qs_code do_plan(struct executor *x, struct job *j, struct qs_val **ret, struct qs_err *err)
{
    const struct qs_plan_ask ask = { .targets = qs_val_get(j->body, "targets"),
                                     .release = qs_val_get_bool(j->body, "release", false) };
    struct qs_desired d = { .count = 0 };
    enum qs_code code;

    if (read_desired(j, &d, err))
        return err->code;
    code = qs_engine_plan(x->engine, &d, &ask, ret, err);
    qs_desired_done(&d);
    return code;
}

static enum qs_code do_apply(struct executor *x, struct job *j, struct qs_val **ret, struct qs_err *err)
{
    bool given = qs_val_get(j->body, "desired") != NULL;
    struct qs_desired d = { .count = 0 };
    struct qs_val *result = NULL;
    enum qs_code code;

    if (given && read_desired(j, &d, err))
        return err->code;
    code = qs_engine_apply(x->engine, qs_val_get(j->body, "plan"), given ? &d : NULL, say, j, &result, err);
    qs_desired_done(&d);
    if (code)
        return code;
    *ret = qs_val_map();
    (void)qs_val_set(*ret, "result", result);
    return QS_OK;
}

static enum qs_code do_rollback(struct executor *x, struct job *j, struct qs_val **ret, struct qs_err *err)
{
    return qs_engine_rollback(x->engine, qs_val_get_str(j->body, "id", ""), ret, err);
}

static enum qs_code do_drift(struct executor *x, struct job *j, struct qs_val **ret, struct qs_err *err)
{
    bool given = qs_val_get(j->body, "desired") != NULL;
    struct qs_desired d = { .count = 0 };
    enum qs_code code;

    if (given && read_desired(j, &d, err))
        return err->code;
    code = qs_engine_drift(x->engine, given ? &d : NULL, ret, err);
    qs_desired_done(&d);
    return code;
}

static enum qs_code do_release(struct executor *x, struct job *j, struct qs_val **ret, struct qs_err *err)
{
    const char *target = qs_val_get_str(j->body, "target", "");

    if (qs_engine_release(x->engine, target, err))
        return err->code;
    *ret = qs_val_map();
    qs_val_set_str(*ret, "released", target);
    return QS_OK;
}

static enum qs_code do_targets(struct executor *x, struct job *j, struct qs_val **ret, struct qs_err *err)
{
    uint32_t seconds = 0;

    if (j->word && !qs_parse_u32(j->word, 0, 86400, &seconds))
        return qs_err_set(err, QS_INVALID, 0, "refresh_s '%s' is not in 0..86400", j->word);
    return qs_engine_targets(x->engine, j->word ? (int64_t)seconds : -1, ret, err);
}

static enum qs_code do_history(struct executor *x, struct job *j, struct qs_val **ret, struct qs_err *err)
{
    uint32_t most = HISTORY_DEFAULT;
    struct qs_val *list = NULL;

    if (j->word && !qs_parse_u32(j->word, 1, HISTORY_MAX, &most))
        return qs_err_set(err, QS_INVALID, 0, "limit '%s' is not in 1..%d", j->word, HISTORY_MAX);
    if (qs_journal_history(qs_engine_journal(x->engine), most, &list, err))
        return err->code;
    *ret = qs_val_map();
    qs_val_set_str(*ret, "format", "qs.history/1");
    (void)qs_val_set(*ret, "applies", list);
    return QS_OK;
}

static enum qs_code do_history_one(struct executor *x, struct job *j, struct qs_val **ret, struct qs_err *err)
{
    struct qs_val *one = NULL;

    if (qs_journal_history_one(qs_engine_journal(x->engine), j->word, &one, err))
        return err->code;
    *ret = qs_val_map();
    qs_val_set_str(*ret, "format", "qs.apply/1");
    for (uint32_t i = 0; i < one->count; i++)
        (void)qs_val_set(*ret, one->u.pairs[i].key, qs_val_copy(one->u.pairs[i].val));
    qs_val_free(one);
    return QS_OK;
}

static enum qs_code do_health(struct executor *x, struct job *j, struct qs_val **ret, struct qs_err *err)
{
    (void)j, (void)err;
    *ret = qs_val_map();
    qs_val_set_str(*ret, "status", "up");
    qs_val_set_str(*ret, "owner", qs_journal_owner(qs_engine_journal(x->engine)));
    return QS_OK;
}

/* ---- replies ---- */

static void job_free(struct job *j)
{
    qs_timer_cancel(j->heartbeat);
    qs_val_free(j->body);
    free(j->word);
    free(j);
}

static void on_gone(void *arg)
{
    struct job *j = arg;

    j->req = NULL;
    qs_timer_cancel(j->heartbeat);
    j->heartbeat = NULL;
}

static void send_line(const struct job *j, const struct qs_val *v)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(REPLY_MAX);

    qs_json_write(v, &text);
    qs_buf_putc(&text, '\n');
    qs_http_send(j->req, qs_buf_text(&text), text.len);
}

static void on_heartbeat(void *arg)
{
    struct job *j = arg;
    qs_auto(val) struct qs_val *line = qs_val_map();

    qs_val_set_str(line, "event", "running");
    qs_val_set_int(line, "seconds", (int64_t)((qs_mono_ms() - j->started_ms) / 1000));
    j->heartbeat = qs_loop_after(j->x->loop, HEARTBEAT_MS, on_heartbeat, j);
    send_line(j, line);
}

/* The reply begins with the first thing to say: until then an error can still have its own HTTP status. */
static void start_stream(struct job *j)
{
    if (j->heartbeat)
        return;
    qs_http_stream_start(j->req, 200, "application/x-ndjson", BACKLOG_MAX, on_gone, j);
    j->heartbeat = qs_loop_after(j->x->loop, HEARTBEAT_MS, on_heartbeat, j);
}

static struct qs_val *error_line(const struct qs_err *err)
{
    struct qs_val *line = qs_val_map(), *e = qs_val_set(line, "error", qs_val_map());
    char text[sizeof(err->ctx) + sizeof(err->msg) + 4];

    qs_val_set_str(e, "code", qs_code_text(err->code));
    qs_val_set_str(e, "message", qs_err_text(err, text, sizeof(text)));
    qs_val_set_str(e, "hint", err->hint);
    return line;
}

static void finish(struct job *j, const struct note *n)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(REPLY_MAX);

    if (n->err.code && !j->heartbeat) {
        qs_http_reply_err(j->req, &n->err);
        return;
    }
    if (j->streams) {
        qs_auto(val) struct qs_val *line = n->err.code ? error_line(&n->err) : NULL;

        start_stream(j);
        send_line(j, line ? line : n->line);
        qs_http_end(j->req);
        return;
    }
    qs_json_write(n->line, &text);
    qs_http_reply(j->req, 200, "application/json", qs_buf_text(&text), text.len);
}

static void deliver(struct note *n)
{
    struct job *j = n->job;

    if (j->req && n->last) {
        finish(j, n);
    } else if (j->req) {
        start_stream(j);
        send_line(j, n->line);
    }
    if (n->last)
        job_free(j);
    qs_val_free(n->line);
    free(n);
}

static void on_wake(void *arg, int fd, uint32_t events)
{
    struct executor *x = arg;
    struct note *list;
    uint64_t count;

    (void)events;
    if (read(fd, &count, sizeof(count)) < 0)
        return;
    (void)pthread_mutex_lock(&x->lock);
    list = x->first;
    x->first = NULL;
    x->last = &x->first;
    (void)pthread_mutex_unlock(&x->lock);
    while (list) {
        struct note *n = list;

        list = n->next;
        deliver(n);
    }
}

/* ---- requests ---- */

static const struct route {
    const char *method, *path;
    job_fn *fn;
    const char *param; /* query parameter that becomes the job's word */
    bool prefix;       /* what follows the path becomes the job's word */
    bool streams;
} routes[] = {
    { .method = "GET", .path = "/healthz", .fn = do_health },
    { .method = "GET", .path = "/v1/targets", .fn = do_targets, .param = "refresh_s" },
    { .method = "GET", .path = "/v1/history", .fn = do_history, .param = "limit" },
    { .method = "GET", .path = "/v1/history/", .fn = do_history_one, .prefix = true },
    { .method = "POST", .path = "/v1/plan", .fn = do_plan },
    { .method = "POST", .path = "/v1/apply", .fn = do_apply, .streams = true },
    { .method = "POST", .path = "/v1/rollback", .fn = do_rollback },
    { .method = "POST", .path = "/v1/drift", .fn = do_drift },
    { .method = "POST", .path = "/v1/release", .fn = do_release },
};

static const struct route *find_route(const struct qs_http_req *req, struct qs_err *err)
{
    const char *path = qs_http_path(req);
    bool known = false;

    for (size_t i = 0; i < QS_COUNT(routes); i++) {
        const char *rest = qs_after(path, routes[i].path);

        if (!rest || (routes[i].prefix ? !*rest : *rest != '\0'))
            continue;
        if (qs_streq(routes[i].method, qs_http_method(req)))
            return &routes[i];
        known = true;
    }
    if (known)
        (void)qs_err_set(err, QS_INVALID, 0, "%s does not take %s", path, qs_http_method(req));
    else
        (void)qs_err_set(err, QS_NOTFOUND, 0, "there is no %s", path);
    return NULL;
}

static enum qs_code read_body(const struct qs_http_req *req, struct qs_val **ret, struct qs_err *err)
{
    size_t len = 0;
    const char *text = qs_http_body(req, &len);

    if (len == 0) {
        *ret = qs_val_map();
        return QS_OK;
    }
    if (qs_json_parse(text, len, ret, err))
        return qs_err_wrap(err, "request");
    return QS_OK;
}

static enum qs_code take(struct executor *x, struct qs_http_req *req, struct qs_err *err)
{
    const struct route *route = find_route(req, err);
    struct qs_val *body = NULL;
    struct job *j;

    if (!route || read_body(req, &body, err))
        return err->code;
    j = qs_xzalloc(sizeof(*j));
    *j = (struct job){
        .x = x, .fn = route->fn, .req = req, .body = body, .streams = route->streams, .started_ms = qs_mono_ms()
    };
    const char *word = route->prefix  ? qs_after(qs_http_path(req), route->path)
                       : route->param ? qs_http_param(req, route->param)
                                      : NULL;
    j->word = word ? qs_xstrdup(word) : NULL;
    if (start_thread(x, job_main, j, err)) {
        job_free(j);
        return err->code;
    }
    qs_http_later(req, on_gone, j);
    return QS_OK;
}

static void on_request(void *arg, struct qs_http_req *req)
{
    struct qs_err err = QS_ERR_INIT;

    if (take(arg, req, &err))
        qs_http_reply_err(req, &err);
}

/* ---- the role ---- */

static void *recover_main(void *arg)
{
    struct executor *x = arg;

    qs_engine_recover(x->engine);
    thread_left(x);
    return NULL;
}

static enum qs_code serve(struct executor *x, const struct qs_val *conf, int given_fd, struct qs_err *err)
{
    const struct qs_http_limits limits = { .body_max = BODY_MAX };
    const char *path = qs_val_get_str(conf, "socket", "");
    int64_t clients = qs_val_get_int(conf, "clients", 0);
    int fd = given_fd;

    if (fd < 0 && (qs_net_listen_unix(path, clients > 0 ? 0660 : 0600, &fd, err) ||
                   (clients > 0 && qs_fs_give(AT_FDCWD, path, -1, (int)clients, err)))) {
        qs_fd_close(fd);
        return err->code;
    }
    x->server = qs_http_server_new(x->loop, &limits, on_request, x);
    return qs_http_server_listen(x->server, fd, NULL, err);
}

/* The lease, the journal and the socket are open by now and stay so under the id of the role. */
static enum qs_code fence(const struct qs_val *conf, const char *state, const char *credentials, struct qs_err *err)
{
    const struct qs_sandbox box = { .write = { state },
                                    .read = { credentials, "/etc/ssl", "/usr/lib/ssl" },
                                    .tcp_out = true,
                                    .id = (unsigned)qs_val_get_int(conf, "id", 0) };

    return qs_role_fence(&box, err);
}

static enum qs_code start_with(struct executor *x, struct qs_role_run *run, const struct qs_val *conf,
                               struct qs_err *err)
{
    const char *state = qs_val_get_str(conf, "state", "");
    const struct qs_engine_conf engine = { .state = state,
                                           .find = qs_driver_find,
                                           .credentials = qs_val_get_str(conf, "credentials", "") };

    x->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (x->wake < 0)
        return qs_err_sys(err, QS_LIMIT, errno, "could not make an eventfd");
    if (qs_engine_new(&engine, &x->engine, err) || serve(x, conf, run->fds[0], err) ||
        fence(conf, state, engine.credentials, err))
        return err->code;
    run->fds[0] = -1; /* the server's now */
    x->source = qs_loop_watch(x->loop, x->wake, EPOLLIN, on_wake, x);
    (void)snprintf(run->detail, sizeof(run->detail), "serves %s", qs_val_get_str(conf, "socket", "a given socket"));
    return start_thread(x, recover_main, x, err);
}

static enum qs_code start(struct qs_role_run *run, struct qs_err *err)
{
    struct executor *x = qs_xzalloc(sizeof(*x));
    qs_auto(val) struct qs_val *conf = NULL;

    x->loop = run->loop;
    x->wake = -1;
    x->last = &x->first;
    (void)pthread_mutex_init(&x->lock, NULL);
    (void)pthread_cond_init(&x->idle, NULL);
    run->self = x;
    if (qs_json_parse(run->conf, strlen(run->conf), &conf, err))
        return qs_err_wrap(err, "configuration");
    return start_with(x, run, conf, err);
}

/* What is begun is finished: an apply is cut off only when it takes longer than that. */
static bool wait_idle(struct executor *x)
{
    struct timespec until;
    bool idle = true;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_WAIT_S;
    (void)pthread_mutex_lock(&x->lock);
    while (x->jobs && idle)
        idle = pthread_cond_timedwait(&x->idle, &x->lock, &until) == 0;
    idle = x->jobs == 0;
    (void)pthread_mutex_unlock(&x->lock);
    return idle;
}

static void stop(struct qs_role_run *run)
{
    struct executor *x = run->self;

    if (!x)
        return;
    qs_http_server_free(x->server); /* tells every job that its client has gone */
    if (!wait_idle(x))
        return; /* threads still use what would be freed; the process ends here anyway */
    if (x->source)
        on_wake(x, x->wake, EPOLLIN);
    qs_source_remove(x->source);
    qs_fd_close(x->wake);
    qs_engine_free(x->engine);
    (void)pthread_mutex_destroy(&x->lock);
    (void)pthread_cond_destroy(&x->idle);
    free(x);
    run->self = NULL;
}

const struct qs_role qs_role_executor = {
    .name = "executor",
    .summary = "holds device credentials and the journal; plans, applies, tells drift",
    .start = start,
    .stop = stop,
};
