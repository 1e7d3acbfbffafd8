/*
 * roles/status/probe (private): one act of looking at one thing. A probe never blocks the loop: it is a small state
 * machine on base/loop, or work that it gives to roles/status/worker. The table of kinds is kinds[] in probe.c; a new
 * kind is one function and one line there.
 */
#pragma once

#include "base/clock.h"
#include "base/loop.h"
#include "roles/status/spec.h"
#include "roles/status/state.h"

struct qs_icmp;
struct qs_worker;
struct qs_streams;

struct qs_probe_env { /* what all probes share; outlives them */
    struct qs_loop *loop;
    struct qs_worker *worker;
    struct qs_icmp *icmp;       /* NULL where the kernel gives no socket for it */
    struct qs_streams *streams; /* TLS contexts */
    const char *run;            /* folder of the roles' sockets: "/state/run" */
    const char *executor;       /* its socket */
    const char *ssh_key;        /* private key for nodes; NULL: none */
};

struct qs_probe;
struct qs_probe_result {
    struct qs_err err; /* OK: the thing answered, conditions decide */
    bool connected;
    int status;
    uint64_t elapsed_us;
    int64_t certificate_ms; /* INT64_MIN: no certificate was seen */
    char ip[QS_IP_TEXT], rcode[16];
    struct qs_buf body;
    enum qs_state state; /* up, degraded, down or unknown: set when the probe ended */
    char message[320];   /* why it is not up; "" */
};

struct qs_kind {
    const char *name;
    const char *condition; /* where the check names none */
    uint16_t port;         /* where the check names none; 0: the kind has no usual port */
    bool indirect;         /* somebody else is asked: when that one is silent, nothing is known of the thing */
    /* Refuses a check that could never run; may be NULL. */
    enum qs_code (*valid)(const struct qs_status_check *c, struct qs_err *err);
    /* Begins; calls qs_probe_finish() at once or later. */
    void (*start)(struct qs_probe *p);
    /* A second opinion once the conditions hold: may lower result.state and say why; may be NULL. */
    void (*judge)(const struct qs_status_check *c, struct qs_probe_result *r);
    const char *doc;
};

typedef void qs_probe_fn(void *arg, struct qs_probe *p);
struct qs_probe {
    const struct qs_status_check *check;
    const struct qs_probe_env *env;
    struct qs_probe_result result;
    uint64_t started_us;
    struct qs_timer *deadline;
    void *self;                      /* the kind's own; given up by `end` */
    void (*end)(struct qs_probe *p); /* set by start(): frees what it holds; may be NULL */
    qs_probe_fn *done;
    void *arg;
    bool starting;
};

const struct qs_kind *qs_kind_find(const char *name);
const struct qs_kind *qs_kind_at(size_t i); /* NULL past the end */

/* Starts one; `done` runs exactly once, from the loop, and the probe is freed after it. */
struct qs_probe *qs_probe_start(const struct qs_probe_env *env, const struct qs_status_check *check, qs_probe_fn *done,
                                void *arg);
/* Gives it up without `done`. */
void qs_probe_cancel(struct qs_probe *p);

/* For kinds: ends the probe with what result holds. Nothing of it may be touched after. */
void qs_probe_finish(struct qs_probe *p);
/* The same with a failure. */
void qs_probe_fail(struct qs_probe *p, enum qs_code code, int sys, const char *fmt, ...) QS_PRINTF(4, 5);

/* probe_stream.c: connections over TCP and Unix sockets, with and without TLS. */
struct qs_streams *qs_streams_new(void);
void qs_streams_free(struct qs_streams *s);
void qs_probe_tcp(struct qs_probe *p);
void qs_probe_tls(struct qs_probe *p);
void qs_probe_ssh(struct qs_probe *p);
void qs_probe_http(struct qs_probe *p);
enum qs_code qs_probe_http_valid(const struct qs_status_check *c, struct qs_err *err);
/* GET `path` over the Unix socket: what role, process and converge ask. */
void qs_probe_unix_get(struct qs_probe *p, const char *socket, const char *path);

/* probe_packet.c: one packet out, one packet back. */
struct qs_icmp *qs_icmp_open(struct qs_loop *loop); /* NULL: this process may not */
void qs_icmp_close(struct qs_icmp *i);
void qs_probe_icmp(struct qs_probe *p);
void qs_probe_dns(struct qs_probe *p);
enum qs_code qs_probe_dns_valid(const struct qs_status_check *c, struct qs_err *err);

/* probe_local.c: qs asked about itself and about the devices it keeps. */
void qs_probe_role(struct qs_probe *p);
void qs_probe_process(struct qs_probe *p);
void qs_judge_process(const struct qs_status_check *c, struct qs_probe_result *r);
void qs_probe_converge(struct qs_probe *p);
void qs_judge_converge(const struct qs_status_check *c, struct qs_probe_result *r);

/* probe_wan.c: a node asks a host outside. */
void qs_probe_wan(struct qs_probe *p);
enum qs_code qs_probe_wan_valid(const struct qs_status_check *c, struct qs_err *err);
