/*
 * os/role: the life of one role process, the same for all. The supervisor re-executes the binary as
 * `qs --role NAME` with the channel of os/ipc on descriptor 3. qs_role_main() then runs, in this order: event
 * name, wait for CONFIG, start() (opens what it needs, last thing enters the sandbox), READY, loop until STOP, SIGTERM
 * or a closed channel, stop(), exit. A failing start() is reported as FAILED with the error whole.
 */
#pragma once

#include "base/loop.h"
#include "os/ipc.h"
#include "os/sandbox.h"

struct qs_role_run {
    struct qs_loop *loop;
    const char *conf;        /* JSON text of the CONFIG frame; lives until stop() returned */
    int fds[QS_IPC_FDS_MAX]; /* that came with CONFIG; the role's to close; unused are -1 */
    char op[QS_ID_TEXT];
    void *self;       /* the role's own state */
    char detail[160]; /* start() may say here what READY carries ("listening on …") */
};
struct qs_role {
    const char *name, *summary;
    enum qs_code (*start)(struct qs_role_run *run, struct qs_err *err);
    /* A new slice of configuration; NULL: the supervisor restarts the role instead. Changes all or nothing. */
    enum qs_code (*reload)(struct qs_role_run *run, const char *conf, struct qs_err *err);
    void (*stop)(struct qs_role_run *run); /* accepts a half-started run */
};

/* The last thing that start() does: enters the sandbox (os/sandbox.h), and says as event sandbox.partial which fences
 * this kernel lacks. */
enum qs_code qs_role_fence(const struct qs_sandbox *s, struct qs_err *err) QS_MUST_CHECK;

/* Gives the exit status of the process. */
int qs_role_main(const struct qs_role *role);
