#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

#define TURN_EVENTS 256

struct qs_source {
    struct qs_loop *loop;
    struct qs_source *prev, *next;
    int fd;
    qs_source_fn *fn; /* NULL: removed, freed at the end of the turn */
    void *arg;
};
struct qs_timer {
    struct qs_loop *loop;
    uint64_t at_ms, seq; /* seq keeps equal times in the order they were asked for */
    size_t slot;         /* place in the heap */
    qs_timer_fn *fn;
    void *arg;
};
struct qs_loop {
    int epfd, sigfd;
    bool stopped;
    uint64_t now, seq;
    struct qs_source *sources, *dead;
    struct qs_timer **heap; /* a binary heap by (at_ms, seq) */
    size_t count;
    qs_timer_fn *term_fn;
    void *term_arg;
};

struct qs_loop *qs_loop_new(void)
{
    struct qs_loop *loop = qs_xzalloc(sizeof(*loop));

    loop->epfd = epoll_create1(EPOLL_CLOEXEC);
    loop->sigfd = -1;
    loop->now = qs_mono_ms();
    if (loop->epfd < 0)
        abort();
    return loop;
}

static void free_dead(struct qs_loop *loop)
{
    while (loop->dead) {
        struct qs_source *s = loop->dead;

        loop->dead = s->next;
        free(s);
    }
}

void qs_loop_free(struct qs_loop *loop)
{
    if (!loop)
        return;
    while (loop->sources)
        qs_source_remove(loop->sources);
    free_dead(loop);
    for (size_t i = 0; i < loop->count; i++)
        free(loop->heap[i]);
    free(loop->heap);
    qs_fd_close(loop->sigfd);
    qs_fd_close(loop->epfd);
    free(loop);
}

struct qs_source *qs_loop_watch(struct qs_loop *loop, int fd, uint32_t events, qs_source_fn *fn, void *arg)
{
    struct qs_source *s = qs_xzalloc(sizeof(*s));
    struct epoll_event ev = { .events = events, .data.ptr = s };

    *s = (struct qs_source){ .loop = loop, .next = loop->sources, .fd = fd, .fn = fn, .arg = arg };
    if (epoll_ctl(loop->epfd, EPOLL_CTL_ADD, fd, &ev))
        abort(); /* a closed or twice-watched descriptor: our bug */
    if (loop->sources)
        loop->sources->prev = s;
    loop->sources = s;
    return s;
}

void qs_source_events(struct qs_source *s, uint32_t events)
{
    struct epoll_event ev = { .events = events, .data.ptr = s };

    if (epoll_ctl(s->loop->epfd, EPOLL_CTL_MOD, s->fd, &ev))
        abort();
}

void qs_source_remove(struct qs_source *s)
{
    if (!s || !s->fn)
        return;
    (void)epoll_ctl(s->loop->epfd, EPOLL_CTL_DEL, s->fd, NULL);
    if (s->prev)
        s->prev->next = s->next;
    else
        s->loop->sources = s->next;
    if (s->next)
        s->next->prev = s->prev;
    s->fn = NULL; /* events of this turn may still point here */
    s->next = s->loop->dead;
    s->loop->dead = s;
}

static bool is_before(const struct qs_timer *a, const struct qs_timer *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->seq < b->seq;
}

static void place(struct qs_loop *loop, struct qs_timer *t, size_t slot)
{
    loop->heap[slot] = t;
    t->slot = slot;
}

static void sift(struct qs_loop *loop, size_t slot)
{
    struct qs_timer *t = loop->heap[slot];

    while (slot > 0 && is_before(t, loop->heap[(slot - 1) / 2])) {
        place(loop, loop->heap[(slot - 1) / 2], slot);
        slot = (slot - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * slot + 1;

        if (child + 1 < loop->count && is_before(loop->heap[child + 1], loop->heap[child]))
            child++;
        if (child >= loop->count || !is_before(loop->heap[child], t))
            break;
        place(loop, loop->heap[child], slot);
        slot = child;
    }
    place(loop, t, slot);
}

struct qs_timer *qs_loop_at(struct qs_loop *loop, uint64_t at_ms, qs_timer_fn *fn, void *arg)
{
    struct qs_timer *t = qs_xzalloc(sizeof(*t));

    *t = (struct qs_timer){ .loop = loop, .at_ms = at_ms, .seq = loop->seq++, .fn = fn, .arg = arg };
    *QS_PUSH(loop->heap, loop->count) = t;
    sift(loop, loop->count - 1);
    return t;
}

struct qs_timer *qs_loop_after(struct qs_loop *loop, uint64_t ms, qs_timer_fn *fn, void *arg)
{
    return qs_loop_at(loop, qs_mono_ms() + ms, fn, arg);
}

static void take_out(struct qs_timer *t)
{
    struct qs_loop *loop = t->loop;
    struct qs_timer *last = loop->heap[--loop->count];

    if (last != t) {
        place(loop, last, t->slot);
        sift(loop, last->slot);
    }
}

void qs_timer_cancel(struct qs_timer *t)
{
    if (!t)
        return;
    take_out(t);
    free(t);
}

static void run_timers(struct qs_loop *loop)
{
    uint64_t seq = loop->seq; /* timers made by these callbacks wait for the next turn */

    while (loop->count && loop->heap[0]->at_ms <= loop->now && loop->heap[0]->seq < seq) {
        struct qs_timer *t = loop->heap[0];
        qs_timer_fn *fn = t->fn;
        void *arg = t->arg;

        take_out(t);
        free(t);
        fn(arg);
    }
}

static int wait_ms(const struct qs_loop *loop, int ms)
{
    if (loop->count == 0)
        return ms;
    uint64_t now = qs_mono_ms(), at = loop->heap[0]->at_ms;
    uint64_t until = at <= now ? 0 : at - now;

    if (ms >= 0 && (uint64_t)ms < until)
        return ms;
    return until > 3600000 ? 3600000 : (int)until;
}

void qs_loop_turn(struct qs_loop *loop, int ms)
{
    struct epoll_event events[TURN_EVENTS];
    int n = epoll_wait(loop->epfd, events, TURN_EVENTS, wait_ms(loop, ms));

    loop->now = qs_mono_ms();
    for (int i = 0; i < n; i++) {
        struct qs_source *s = events[i].data.ptr;

        if (s->fn)
            s->fn(s->arg, s->fd, events[i].events);
    }
    run_timers(loop);
    free_dead(loop);
}

void qs_loop_run(struct qs_loop *loop)
{
    while (!loop->stopped)
        qs_loop_turn(loop, -1);
    loop->stopped = false;
}

void qs_loop_stop(struct qs_loop *loop)
{
    loop->stopped = true;
}

uint64_t qs_loop_now(const struct qs_loop *loop)
{
    return loop->now;
}

static void on_signal(void *arg, int fd, uint32_t events)
{
    struct qs_loop *loop = arg;
    struct signalfd_siginfo info;

    (void)events;
    if (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        loop->term_fn(loop->term_arg);
}

void qs_loop_on_term(struct qs_loop *loop, qs_timer_fn *fn, void *arg)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    loop->term_fn = fn;
    loop->term_arg = arg;
    loop->sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (loop->sigfd < 0)
        abort();
    (void)qs_loop_watch(loop, loop->sigfd, EPOLLIN, on_signal, loop);
}
