/*
 * The wan probe: a node gets a URL of a host outside, so that the way out, the masquerade and the way back are all in
 * it. The node needs a shell and nothing else: bash speaks TCP by itself.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/ssh.h"
#include "roles/status/http_reply.h"
#include "roles/status/probe.h"
#include "roles/status/worker.h"

#define OUTPUT_MAX (64 << 10)

struct wan_job {
    struct qs_job job;
    struct qs_probe *p; /* NULL: nobody waits any more */
    struct qs_ssh_command ssh;
    char *address, *key, *command; /* what ssh points to */
    struct qs_buf output;
    struct qs_err err;
    int status;
    bool ran;
};

struct place {
    char host[64], path[256];
    uint32_t port;
};

/* "http://HOST[:PORT]/PATH", of letters that a shell leaves alone. */
static bool read_place(const char *url, struct place *ret)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:";
    const char *rest = url ? qs_after(url, "http://") : NULL;
    size_t host;

    if (!rest || rest[strspn(rest, plain)])
        return false;
    host = strcspn(rest, ":/");
    if (host == 0 || host >= sizeof(ret->host))
        return false;
    *ret = (struct place){ .port = 80, .path = "/" };
    memcpy(ret->host, rest, host);
    rest += host;
    if (*rest == ':') {
        size_t digits = strspn(rest + 1, "0123456789");
        qs_auto(str) char *port = qs_xstrndup(rest + 1, digits);

        if (!qs_parse_u32(port, 1, 65535, &ret->port))
            return false;
        rest += digits + 1;
    }
    if (*rest == '/')
        (void)snprintf(ret->path, sizeof(ret->path), "%s", rest);
    return *rest == '/' || !*rest;
}

enum qs_code qs_probe_wan_valid(const struct qs_status_check *c, struct qs_err *err)
{
    struct place place;

    for (size_t i = 0; i < c->expect_count; i++)
        if (read_place(c->expect[i], &place))
            return QS_OK;
    return qs_err_set(err, QS_INVALID, 0, "a wan check names an http:// URL of a host outside in expect");
}

static void wan_run(struct qs_job *job)
{
    struct wan_job *w = (struct wan_job *)job;

    w->ran = true;
    QS_IGNORE(qs_ssh_run(&w->ssh, &w->output, &w->status, &w->err));
}

static void take_output(struct wan_job *w)
{
    struct qs_probe *p = w->p;
    struct qs_http_answer answer = { .body = p->result.body };
    const char *why = "";
    enum qs_reply_state state;

    if (w->output.len == 0) {
        qs_probe_fail(p, QS_UNREACHABLE, 0, "the node gets no answer from outside");
        return;
    }
    p->result.connected = true;
    state = qs_http_reply_read(qs_buf_text(&w->output), w->output.len, true, &answer, &why);
    p->result.body = answer.body;
    p->result.status = answer.status;
    if (state == QS_REPLY_DONE)
        qs_probe_finish(p);
    else
        qs_probe_fail(p, QS_PROTO, 0, "the host outside: %s", why);
}

static void wan_done(struct qs_job *job)
{
    struct wan_job *w = (struct wan_job *)job;

    if (w->p && !w->ran) {
        qs_probe_fail(w->p, QS_INTERNAL, 0, "stopping");
    } else if (w->p && w->err.code) {
        w->p->result.err = w->err;
        qs_probe_finish(w->p);
    } else if (w->p) {
        take_output(w);
    }
    free(w->address);
    free(w->key);
    free(w->command);
    qs_buf_done(&w->output);
    free(w);
}

static void wan_end(struct qs_probe *p)
{
    struct wan_job *w = p->self;

    w->p = NULL;
}

static char *shell_line(const struct place *place, uint64_t timeout_ms)
{
    unsigned seconds = (unsigned)(timeout_ms / 1000) + 1;

    return qs_xasprintf("timeout %u bash -c 'exec 3<>/dev/tcp/%s/%u && printf \"GET %s HTTP/1.1\\r\\nHost: %s\\r\\n"
                        "Connection: close\\r\\n\\r\\n\" >&3 && cat <&3' 2>/dev/null",
                        seconds, place->host, place->port, place->path, place->host);
}

void qs_probe_wan(struct qs_probe *p)
{
    const struct qs_status_check *c = p->check;
    struct place place = { .port = 0 };
    struct wan_job *w;

    for (size_t i = 0; i < c->expect_count && !place.port; i++)
        if (!read_place(c->expect[i], &place))
            place.port = 0;
    if (!p->env->ssh_key || !c->address[0]) {
        qs_probe_fail(p, QS_INVALID, 0, "the check needs an SSH key and the node's address");
        return;
    }
    w = qs_xzalloc(sizeof(*w));
    *w = (struct wan_job){ .job = { .run = wan_run, .done = wan_done },
                           .p = p,
                           .output = QS_BUF(OUTPUT_MAX),
                           .address = qs_xstrdup(c->address),
                           .key = qs_xstrdup(p->env->ssh_key),
                           .command = shell_line(&place, c->timeout_ms) };
    w->ssh = (struct qs_ssh_command){ .address = w->address,
                                      .port = c->port,
                                      .user = "root",
                                      .key = w->key,
                                      .timeout_ms = c->timeout_ms,
                                      .command = w->command };
    p->self = w;
    p->end = wan_end;
    qs_worker_give(p->env->worker, &w->job);
}
