/*
 * roles/supervisor: brings the parts of the twin and the roles up as processes of their own and keeps them up. Runs as
 * pid 1 of the container (os/ns), so that its end is the end of everything.
 *
 * Outside: qs_supervisor_start() leaves one host process behind, which holds the lock of the state folder, waits for the
 * container and clears its run folder. Inside: supervisor.c (order of the bring-up, control API), process.c (one
 * child: start, ready, restart with back-off, stop), keys.c (the twin's certificates and passwords).
 *
 * Control API on STATE/run/supervisor.sock: GET /v1/roles ("qs.roles/1"), POST /v1/stop, GET /healthz.
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"
#include "text/val.h"

struct qs_supervisor_conf {
    const char *state;                /* the state folder on the host */
    const struct qs_val *twin_spec;   /* "qs.twin-spec/1" */
    const struct qs_val *status_spec; /* "qs.status-spec/1" */
    const struct qs_val *page;        /* "qs.page/1": what the pages show of the lab */
    const struct qs_val *adrs;        /* "qs.adrs/1" */
    const char *listen;               /* address of the panel: "127.0.0.1" */
    uint16_t port;
};

/* One step of the bring-up, for progress: "root", "wires", "core", …; `done` false: begun. */
typedef void qs_supervisor_progress_fn(void *arg, const char *what, const char *text, bool done);

/* Starts everything and returns when every part and role is ready, or with the first failure (all is stopped again).
 * CONFLICT: another qs holds this state folder. */
enum qs_code qs_supervisor_start(const struct qs_supervisor_conf *conf, qs_supervisor_progress_fn *fn, void *arg,
                                 struct qs_err *err) QS_MUST_CHECK;
/* Whether a supervisor runs for this state folder; *ret_pid (may be NULL) is the container's pid 1 on the host. */
bool qs_supervisor_running(const char *state, pid_t *ret_pid);
/* Stops all processes and waits for the end. Nothing running is success. */
enum qs_code qs_supervisor_stop(const char *state, struct qs_err *err) QS_MUST_CHECK;
/* Removes what the twin left in the state folder, the built roots only when `roots`. Nothing may be running. */
enum qs_code qs_supervisor_clear(const char *state, bool roots, struct qs_err *err) QS_MUST_CHECK;
