#include "roles/supervisor/process.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "os/spawn.h"
#include "roles/supervisor/ids.h"
#include "text/json.h"

#define READY_MS 30000 /* a child that says nothing for so long is killed */
#define BACKOFF_MS 200 /* doubles with every quick failure */
#define BACKOFF_MAX_MS 10000
#define STEADY_MS 30000 /* having run so long, the next failure counts as the first */

static const char *const state_names[] = { "starting", "ready", "backoff", "stopped" };

const char *qs_process_state_name(enum qs_process_state s)
{
    return state_names[s];
}

static void set_state(struct qs_process *p, enum qs_process_state state)
{
    p->state = state;
    p->since_us = qs_now_us();
    p->changed(p->arg, p);
}

static void drop_channel(struct qs_process *p)
{
    qs_source_remove(p->source);
    p->source = NULL;
    qs_fd_close(p->channel);
    p->channel = -1;
}

static void drop_timer(struct qs_process *p)
{
    qs_timer_cancel(p->timer);
    p->timer = NULL;
}

static void start_again(void *arg)
{
    struct qs_process *p = arg;

    p->timer = NULL;
    qs_process_start(p);
}

static void back_off(struct qs_process *p)
{
    uint64_t wait = BACKOFF_MS;

    if (qs_mono_ms() - p->started_ms > STEADY_MS)
        p->restarts = 0;
    for (unsigned i = 0; i < p->restarts && wait < BACKOFF_MAX_MS; i++)
        wait *= 2;
    p->restarts++;
    p->timer = qs_loop_after(p->loop, wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS, start_again, p);
    set_state(p, QS_PROC_BACKOFF);
}

static void too_slow(void *arg)
{
    struct qs_process *p = arg;

    p->timer = NULL;
    (void)snprintf(p->detail, sizeof(p->detail), "not ready after %d s", READY_MS / 1000);
    qs_process_kill(p);
}

/* READY carries {"detail"}, FAILED {"code","message","hint"}. */
static void keep_detail(struct qs_process *p, const char *body, const char *key)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *doc = NULL;

    p->detail[0] = '\0';
    if (body && qs_json_parse(body, strlen(body), &doc, &err) == QS_OK)
        (void)snprintf(p->detail, sizeof(p->detail), "%s", qs_val_get_str(doc, key, ""));
}

static void on_frame(void *arg, int fd, uint32_t events)
{
    struct qs_process *p = arg;
    struct qs_err err = QS_ERR_INIT;
    struct qs_ipc_frame frame;

    (void)events;
    if (qs_ipc_recv(fd, true, &frame, &err)) {
        drop_channel(p); /* its exit, or a bad frame: then we end it */
        if (err.code != QS_UNREACHABLE)
            qs_process_kill(p);
        return;
    }
    if (p->state == QS_PROC_STOPPED) {
        /* asked to stop while it started: what it says about that start no longer counts */
    } else if (frame.type == QS_IPC_READY) {
        drop_timer(p);
        keep_detail(p, frame.body, "detail");
        set_state(p, QS_PROC_READY);
    } else if (frame.type == QS_IPC_FAILED) {
        keep_detail(p, frame.body, "message");
    }
    qs_ipc_frame_done(&frame);
}

/* A child's last words may still be in the channel when its end is known. */
static void hear_the_rest(struct qs_process *p)
{
    struct pollfd in = { .fd = p->channel, .events = POLLIN };

    while (p->channel >= 0 && poll(&in, 1, 0) > 0)
        on_frame(p, p->channel, POLLIN);
}

static enum qs_code launch(struct qs_process *p, struct qs_err *err)
{
    const char *argv[] = { "qs", "--role", p->role, NULL };
    struct qs_spawn spawn = QS_SPAWN_INIT;
    unsigned nfds = 0;
    int pair[2];

    while (nfds < QS_COUNT(p->fds) && p->fds[nfds] >= 0)
        nfds++;
    if ((p->folder && qs_ids_give_folder(p->folder, p->id, err)) || qs_ipc_pair(pair, err))
        return err->code;
    qs_auto(fd) int theirs = pair[1];
    p->channel = pair[0];
    spawn.argv = argv;
    spawn.self = true;
    spawn.env = (const char *const *)(void *)environ;
    spawn.netns = p->netns;
    spawn.out = spawn.err = STDERR_FILENO;
    spawn.keep[0] = theirs;
    spawn.keep[1] = -1;
    if (qs_spawn(&spawn, &p->pid, NULL, err))
        return err->code;
    p->source = qs_loop_watch(p->loop, p->channel, EPOLLIN, on_frame, p);
    if (qs_ipc_send(p->channel, QS_IPC_CONFIG, "", p->conf, p->fds, nfds, err) && err->code != QS_UNREACHABLE)
        return err->code;
    return QS_OK; /* a child that is gone already has said why in the channel */
}

void qs_process_start(struct qs_process *p)
{
    struct qs_err err = QS_ERR_INIT;

    p->started_ms = qs_mono_ms();
    set_state(p, QS_PROC_STARTING);
    if (launch(p, &err)) {
        qs_event_err(QS_EV_ROLE_FAILED, &err, "name", p->name, NULL);
        (void)snprintf(p->detail, sizeof(p->detail), "%s", err.msg);
        drop_channel(p);
        if (p->pid == 0)
            back_off(p);
        return; /* with a pid: its exit leads on */
    }
    p->timer = qs_loop_after(p->loop, READY_MS, too_slow, p);
    qs_event(QS_EV_ROLE_STARTED, "name", p->name, NULL);
}

void qs_process_exited(struct qs_process *p, int status)
{
    char how[32];

    p->pid = 0; /* what the channel still holds must kill nobody else */
    hear_the_rest(p);
    drop_channel(p);
    drop_timer(p);
    (void)snprintf(how, sizeof(how), WIFSIGNALED(status) ? "signal %d" : "exit %d",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    if (p->state == QS_PROC_STOPPED) {
        p->changed(p->arg, p);
        return;
    }
    qs_event(QS_EV_ROLE_EXITED, "name", p->name, "how", how, "detail", p->detail, NULL);
    if (!*p->detail || p->state == QS_PROC_READY)
        (void)snprintf(p->detail, sizeof(p->detail), "ended with %s", how);
    back_off(p);
}

void qs_process_stop(struct qs_process *p)
{
    struct qs_err err = QS_ERR_INIT;

    drop_timer(p);
    set_state(p, QS_PROC_STOPPED);
    if (p->pid && (p->channel < 0 || qs_ipc_send(p->channel, QS_IPC_STOP, "", NULL, NULL, 0, &err)))
        (void)kill(p->pid, SIGTERM);
}

void qs_process_kill(struct qs_process *p)
{
    if (p->pid)
        (void)kill(p->pid, SIGKILL);
}

void qs_process_done(struct qs_process *p)
{
    drop_timer(p);
    drop_channel(p);
    for (size_t i = 0; i < QS_COUNT(p->fds); i++)
        qs_fd_close(p->fds[i]);
    free(p->name);
    free(p->conf);
    free(p->folder);
}
