#include "os/role.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/prctl.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/event.h"

#define DETAIL_MAX 200

struct life {
    const struct qs_role *role;
    struct qs_role_run run;
    char *conf;
};

/* A JSON string by hand: os includes base alone, and these texts are our own. */
static void add_quoted(struct qs_buf *b, const char *key, const char *text)
{
    qs_buf_printf(b, "%s\"%s\":\"", b->len > 1 ? "," : "", key);
    for (unsigned n = 0; *text && n < DETAIL_MAX; text++, n++)
        if (*text != '"' && *text != '\\' && (unsigned char)*text >= 0x20)
            qs_buf_putc(b, *text);
    qs_buf_putc(b, '"');
}

static void say_ready(const struct life *l)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(buf) struct qs_buf body = QS_BUF(512);

    qs_buf_putc(&body, '{');
    add_quoted(&body, "detail", l->run.detail);
    qs_buf_putc(&body, '}');
    if (qs_ipc_send(QS_IPC_FD, QS_IPC_READY, l->run.op, qs_buf_text(&body), NULL, 0, &err))
        qs_loop_stop(l->run.loop); /* nobody is left to serve for */
}

static void say_failed(const struct life *l, const struct qs_err *why)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(buf) struct qs_buf body = QS_BUF(1024);
    char text[512];

    qs_buf_putc(&body, '{');
    add_quoted(&body, "code", qs_code_text(why->code));
    add_quoted(&body, "message", qs_err_text(why, text, sizeof(text)));
    add_quoted(&body, "hint", why->hint);
    qs_buf_putc(&body, '}');
    QS_IGNORE(qs_ipc_send(QS_IPC_FD, QS_IPC_FAILED, l->run.op, qs_buf_text(&body), NULL, 0, &err));
}

static void on_reload(struct life *l, struct qs_ipc_frame *frame)
{
    struct qs_err err = QS_ERR_INIT;

    if (!l->role->reload)
        (void)qs_err_set(&err, QS_UNSUPPORTED, 0, "role '%s' takes a new configuration by restart only", l->role->name);
    else if (!l->role->reload(&l->run, frame->body ? frame->body : "{}", &err)) {
        say_ready(l);
        return;
    }
    say_failed(l, &err);
}

static void on_frame(void *arg, int fd, uint32_t events)
{
    struct life *l = arg;
    struct qs_err err = QS_ERR_INIT;
    struct qs_ipc_frame frame;

    (void)events;
    if (qs_ipc_recv(fd, false, &frame, &err)) {
        qs_loop_stop(l->run.loop);
        return;
    }
    if (frame.type == QS_IPC_STOP)
        qs_loop_stop(l->run.loop);
    else if (frame.type == QS_IPC_RELOAD)
        on_reload(l, &frame);
    qs_ipc_frame_done(&frame);
}

static void on_term(void *arg)
{
    struct life *l = arg;

    qs_loop_stop(l->run.loop);
}

static enum qs_code take_config(struct life *l, struct qs_err *err)
{
    struct qs_ipc_frame frame;

    if (qs_ipc_recv(QS_IPC_FD, false, &frame, err))
        return err->code;
    if (frame.type != QS_IPC_CONFIG) {
        qs_ipc_frame_done(&frame);
        return qs_err_set(err, QS_PROTO, 0, "the first frame is not CONFIG");
    }
    l->conf = frame.body ? frame.body : qs_xstrdup("{}");
    l->run.conf = l->conf;
    memcpy(l->run.fds, frame.fds, sizeof(l->run.fds));
    memcpy(l->run.op, frame.op, sizeof(l->run.op));
    return QS_OK;
}

enum qs_code qs_role_fence(const struct qs_sandbox *s, struct qs_err *err)
{
    char missing[160];

    if (qs_sandbox_enter(s, missing, sizeof(missing), err))
        return err->code;
    if (*missing)
        qs_event(QS_EV_SANDBOX_PARTIAL, "missing", missing, NULL);
    return QS_OK;
}

/* A panel holds thousands of event streams; the usual soft limit is 1,024 descriptors, the hard one far higher. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int qs_role_main(const struct qs_role *role)
{
    struct life l = { .role = role };
    struct qs_err err = QS_ERR_INIT;
    int status = 0;

    qs_event_init(role->name);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_NAME, role->name); /* or ps(1) would show "exe", the name by which we were executed */
    raise_descriptor_limit();
    l.run.loop = qs_loop_new();
    qs_loop_on_term(l.run.loop, on_term, &l);
    if (take_config(&l, &err) || role->start(&l.run, &err)) {
        qs_event_err(QS_EV_ROLE_FAILED, &err, NULL);
        say_failed(&l, &err);
        status = 1;
    } else {
        (void)qs_loop_watch(l.run.loop, QS_IPC_FD, EPOLLIN, on_frame, &l);
        qs_event(QS_EV_ROLE_READY, "detail", l.run.detail, NULL);
        say_ready(&l);
        qs_loop_run(l.run.loop);
        qs_event(QS_EV_ROLE_STOPPED, NULL);
    }
    role->stop(&l.run);
    qs_loop_free(l.run.loop);
    free(l.conf);
    return status;
}
