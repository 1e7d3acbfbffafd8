/*
 * base/loop: one thread's event loop: descriptors (epoll, level-triggered), timers, stop.
 * Callbacks run on the loop's thread and must not block. Sources may be removed from any callback,
 * their own included.
 */
#pragma once

#include <stdint.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "base/err.h"

struct qs_loop;
struct qs_source; /* a watched descriptor */
struct qs_timer;

struct qs_loop *qs_loop_new(void);
void qs_loop_free(struct qs_loop *loop); /* frees remaining sources and timers; accepts NULL */
QS_DEFINE_AUTO(loop, struct qs_loop *, qs_loop_free)

typedef void qs_source_fn(void *arg, int fd, uint32_t events);
typedef void qs_timer_fn(void *arg);

/* Watches `fd` (which stays the caller's) for EPOLLIN/EPOLLOUT. */
struct qs_source *qs_loop_watch(struct qs_loop *loop, int fd, uint32_t events, qs_source_fn *fn, void *arg);
void qs_source_events(struct qs_source *s, uint32_t events);
void qs_source_remove(struct qs_source *s); /* before the descriptor is closed; accepts NULL */

/* Runs `fn` once at `at_ms` of the monotonic clock. The timer is gone after it ran. */
struct qs_timer *qs_loop_at(struct qs_loop *loop, uint64_t at_ms, qs_timer_fn *fn, void *arg);
struct qs_timer *qs_loop_after(struct qs_loop *loop, uint64_t ms, qs_timer_fn *fn, void *arg);
void qs_timer_cancel(struct qs_timer *t); /* must not have run; accepts NULL */

void qs_loop_run(struct qs_loop *loop); /* until qs_loop_stop() */
/* One turn: waits at most `ms` (-1: until something happens) and dispatches. */
void qs_loop_turn(struct qs_loop *loop, int ms);
void qs_loop_stop(struct qs_loop *loop);
uint64_t qs_loop_now(const struct qs_loop *loop); /* monotonic ms at the start of this turn */
/* Calls `fn` for SIGTERM and SIGINT (by signalfd; both are blocked for the process) . */
void qs_loop_on_term(struct qs_loop *loop, qs_timer_fn *fn, void *arg);
