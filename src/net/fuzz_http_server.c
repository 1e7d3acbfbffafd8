/*
 * A whole connection: the input is what a client sends, in pieces cut at each 0xff byte; the path's first letter
 * says how the handler answers. However it goes, the connection and its request are gone at the end.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "net/http_server.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

#define TURNS_MAX 2000

static struct {
    struct qs_loop *loop;
    struct qs_http_server *http;
    struct sockaddr_un addr;
    struct qs_http_req *kept[64], *streams[64];
    size_t kept_count, stream_count;
} app;

static void forget_stream(void *arg)
{
    struct qs_http_req **slot = arg;

    *slot = NULL;
}

static void on_request(void *arg, struct qs_http_req *r)
{
    size_t len;
    const char *body = qs_http_body(r, &len), *x = qs_http_param(r, "x");

    (void)arg;
    switch (qs_http_path(r)[1]) {
    case 'l':
        if (app.kept_count < QS_COUNT(app.kept)) {
            app.kept[app.kept_count++] = r;
            qs_http_later(r, NULL, NULL);
        }
        break; /* else unanswered, which is a 500 */
    case 's':
        if (app.stream_count < QS_COUNT(app.streams)) {
            struct qs_http_req **slot = &app.streams[app.stream_count++];

            *slot = r;
            qs_http_stream_start(r, 200, "text/plain", 64, forget_stream, slot);
            qs_http_send(r, "hello", 5);
        }
        break;
    case 'b':
        qs_http_reply(r, 200, "application/octet-stream", body, len);
        break;
    default:
        qs_http_set(r, "X-X", "%s", x ? x : qs_http_query(r));
        qs_http_reply(r, 200, "text/plain", qs_http_path(r), strlen(qs_http_path(r)));
    }
}

static void answer_kept(void)
{
    for (size_t i = 0; i < app.kept_count; i++)
        qs_http_reply(app.kept[i], 200, "text/plain", "later", 5);
    app.kept_count = 0;
    for (size_t i = 0; i < app.stream_count; i++)
        if (app.streams[i]) {
            qs_http_send(app.streams[i], "more", 4);
            qs_http_end(app.streams[i]);
        }
    app.stream_count = 0;
}

static void remove_socket(void)
{
    (void)unlink(app.addr.sun_path);
}

static void start(void)
{
    struct qs_err err = QS_ERR_INIT;
    int fd = -1;

    app.loop = qs_loop_new();
    app.http = qs_http_server_new(app.loop, NULL, on_request, NULL);
    app.addr.sun_family = AF_UNIX;
    (void)snprintf(app.addr.sun_path, sizeof(app.addr.sun_path), "/tmp/qs-fuzz-http-%d.sock", (int)getpid());
    if (qs_net_listen_unix(app.addr.sun_path, 0600, &fd, &err) || qs_http_server_listen(app.http, fd, NULL, &err))
        abort();
    (void)atexit(remove_socket);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const unsigned char *end = data + size, *cut;

    if (!app.loop)
        start();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&app.addr, sizeof(app.addr)))
        abort();
    for (; data < end; data = cut + 1) {
        cut = memchr(data, 0xff, (size_t)(end - data));
        if (!cut)
            cut = end;
        (void)send(fd, data, (size_t)(cut - data), MSG_NOSIGNAL);
        qs_loop_turn(app.loop, 0);
        qs_loop_turn(app.loop, 0);
        answer_kept();
    }
    (void)close(fd);
    for (int i = 0; qs_http_server_conns(app.http) > 0; i++) {
        qs_loop_turn(app.loop, i > 10 ? 1 : 0);
        answer_kept();
        if (i > TURNS_MAX)
            abort();
    }
    return 0;
}
