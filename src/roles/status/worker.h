/*
 * roles/status/worker (private): a few threads for what can only be done blocking: looking up names, SSH, sending
 * notifications. A job's run() sees nothing but the job; done() runs on the loop's thread.
 */
#pragma once

#include "base/ip.h"
#include "base/loop.h"

struct qs_job {                       /* embedded as first member of what run() needs */
    void (*run)(struct qs_job *job);  /* on a worker thread; bounded by its own deadline */
    void (*done)(struct qs_job *job); /* on the loop; frees the job */
    struct qs_job *next;
};

struct qs_worker;
struct qs_worker *qs_worker_new(struct qs_loop *loop, unsigned threads);
void qs_worker_give(struct qs_worker *w, struct qs_job *job);
/* Waits two seconds for jobs that run; a thread that hangs longer is left to the end of the process. Jobs that did not
 * run get done() without run(). Accepts NULL. */
void qs_worker_free(struct qs_worker *w);

/* One address of a name. `fn` runs once from the loop with the address, or NULL and why. */
struct qs_lookup;
typedef void qs_lookup_fn(void *arg, const struct qs_ip *ip, const char *why);
struct qs_lookup *qs_lookup_start(struct qs_worker *w, const char *name, qs_lookup_fn *fn, void *arg);
void qs_lookup_cancel(struct qs_lookup *l); /* must not have run; accepts NULL */
