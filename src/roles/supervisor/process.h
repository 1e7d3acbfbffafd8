/* roles/supervisor/process (private): one supervised child process. */
#pragma once

#include <sys/types.h>

#include "base/loop.h"
#include "os/ipc.h"
#include "text/val.h"

enum qs_process_state { QS_PROC_STARTING, QS_PROC_READY, QS_PROC_BACKOFF, QS_PROC_STOPPED };

struct qs_process {
    char *name;       /* "core", "executor" */
    const char *role; /* row of roles/table.c */
    char *conf;       /* CONFIG body */
    char *folder;     /* given to `id` before every start; NULL: none */
    unsigned id;      /* of the process once it serves (ids.h) */
    int netns;        /* -1: the supervisor's; not owned */
    int fds[2];       /* passed with CONFIG at every start, -1: none; owned */
    struct qs_loop *loop;
    void (*changed)(void *arg, struct qs_process *p);
    void *arg;

    enum qs_process_state state;
    pid_t pid; /* 0: none */
    int channel;
    unsigned restarts;
    uint64_t since_us, started_ms;
    char detail[320]; /* what READY said, or why it failed */
    struct qs_source *source;
    struct qs_timer *timer;
};

/* Starts the child; a failure is handled like an exit: back-off and again. */
void qs_process_start(struct qs_process *p);
/* The supervisor reaped p->pid. */
void qs_process_exited(struct qs_process *p, int status);
/* Asks it to stop; qs_process_exited() follows. A child that is not there is stopped at once. */
void qs_process_stop(struct qs_process *p);
void qs_process_kill(struct qs_process *p);
void qs_process_done(struct qs_process *p);
const char *qs_process_state_name(enum qs_process_state s);
