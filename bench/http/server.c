/*
 * The HTTP server of qs with nothing behind it, for measuring: /x.json is 1,500 bytes from memory, /sse an event
 * stream, /broadcast sends one event to all streams and says how many and how long it took.
 * Usage: bench-http PORT
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"
#include "net/http_server.h"

#define BODY 1500
#define BACKLOG 65536

struct stream {
    struct app *app;
    struct qs_http_req *req;
    size_t slot;
};
struct app {
    struct qs_loop *loop;
    struct stream **streams;
    struct qs_http_req **reqs; /* in the order of `streams` */
    size_t count, reqs_count;
    char body[BODY];
};

static void on_gone(void *arg)
{
    struct stream *s = arg;
    struct app *app = s->app;

    app->count--;
    app->reqs_count--;
    app->streams[s->slot] = app->streams[app->count];
    app->streams[s->slot]->slot = s->slot;
    app->reqs[s->slot] = app->reqs[app->count];
    free(s);
}

static void start_stream(struct app *app, struct qs_http_req *r)
{
    static const char hello[] = ": hello\n\n";
    struct stream *s = qs_xzalloc(sizeof(*s));

    *s = (struct stream){ .app = app, .req = r, .slot = app->count };
    *QS_PUSH(app->streams, app->count) = s;
    *QS_PUSH(app->reqs, app->reqs_count) = r;
    qs_http_stream_start(r, 200, "text/event-stream", BACKLOG, on_gone, s);
    qs_http_send(r, hello, sizeof(hello) - 1);
}

static void broadcast(struct app *app, struct qs_http_req *r)
{
    static const char event[] =
        "event: signal\ndata: {\"name\":\"leaf\",\"state\":\"up\",\"since\":\"2026-03-02T10:11:12Z\"}\n\n";
    uint64_t start = qs_mono_us();

    qs_http_broadcast(app->reqs, app->count, event, sizeof(event) - 1);
    qs_auto(str) char *text = qs_xasprintf("%zu %u\n", app->count, (unsigned)(qs_mono_us() - start));
    qs_http_reply(r, 200, "text/plain", text, strlen(text));
}

static void on_request(void *arg, struct qs_http_req *r)
{
    struct app *app = arg;
    const char *path = qs_http_path(r);

    if (qs_streq(path, "/x.json"))
        qs_http_reply(r, 200, "application/json", app->body, BODY);
    else if (qs_streq(path, "/sse"))
        start_stream(app, r);
    else if (qs_streq(path, "/broadcast"))
        broadcast(app, r);
    else
        qs_http_reply(r, 404, "text/plain", "not here\n", 9);
}

static void on_term(void *arg)
{
    struct app *app = arg;

    qs_loop_stop(app->loop);
}

int main(int argc, char **argv)
{
    struct qs_err err = QS_ERR_INIT;
    struct app app = { .loop = qs_loop_new() };
    uint32_t port;
    int fd = -1;

    if (argc != 2 || !qs_parse_u32(argv[1], 1, 65535, &port)) {
        (void)fprintf(stderr, "usage: bench-http PORT\n");
        return 2;
    }
    memset(app.body, 'x', BODY);
    memcpy(app.body, "{\"x\":\"", 6);
    memcpy(app.body + BODY - 3, "\"}\n", 3);
    struct qs_http_server *server = qs_http_server_new(app.loop, NULL, on_request, &app);
    if (qs_net_listen_tcp("127.0.0.1", (uint16_t)port, &fd, &err) || qs_http_server_listen(server, fd, NULL, &err)) {
        (void)fprintf(stderr, "bench-http: %s\n", err.msg);
        return 1;
    }
    qs_loop_on_term(app.loop, on_term, &app);
    qs_loop_run(app.loop);
    qs_http_server_free(server);
    free(app.streams);
    free(app.reqs);
    qs_loop_free(app.loop);
    return 0;
}
