#include "roles/status/worker.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/alloc.h"

#define THREADS_MAX 8
#define FREE_WAIT_S 2

struct queue {
    struct qs_job *first, **last;
};
struct qs_worker {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct queue waiting, finished;
    bool stop;
    pthread_t threads[THREADS_MAX];
    unsigned count;
    int wake; /* eventfd: something finished */
    struct qs_source *source;
};

static void put(struct queue *q, struct qs_job *job)
{
    job->next = NULL;
    if (!q->first)
        q->last = &q->first;
    *q->last = job;
    q->last = &job->next;
}

static struct qs_job *take(struct queue *q)
{
    struct qs_job *job = q->first;

    if (job)
        q->first = job->next;
    return job;
}

static void *thread_main(void *arg)
{
    struct qs_worker *w = arg;

    (void)pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        struct qs_job *job = take(&w->waiting);

        if (!job) {
            (void)pthread_cond_wait(&w->more, &w->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&w->lock);
        job->run(job);
        (void)pthread_mutex_lock(&w->lock);
        put(&w->finished, job);
        (void)eventfd_write(w->wake, 1);
    }
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void finish_jobs(struct qs_worker *w, struct queue *q)
{
    for (;;) {
        (void)pthread_mutex_lock(&w->lock);
        struct qs_job *job = take(q);
        (void)pthread_mutex_unlock(&w->lock);
        if (!job)
            return;
        job->done(job);
    }
}

static void on_finished(void *arg, int fd, uint32_t events)
{
    struct qs_worker *w = arg;
    eventfd_t n;

    (void)events;
    (void)eventfd_read(fd, &n);
    finish_jobs(w, &w->finished);
}

struct qs_worker *qs_worker_new(struct qs_loop *loop, unsigned threads)
{
    struct qs_worker *w = qs_xzalloc(sizeof(*w));

    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->more, NULL);
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->wake < 0)
        abort();
    w->source = qs_loop_watch(loop, w->wake, EPOLLIN, on_finished, w);
    for (unsigned i = 0; i < threads && i < THREADS_MAX; i++) {
        if (pthread_create(&w->threads[i], NULL, thread_main, w))
            break; /* fewer threads do; none is said by the checks' timeouts */
        w->count++;
    }
    return w;
}

void qs_worker_give(struct qs_worker *w, struct qs_job *job)
{
    (void)pthread_mutex_lock(&w->lock);
    put(&w->waiting, job);
    (void)pthread_cond_signal(&w->more);
    (void)pthread_mutex_unlock(&w->lock);
}

void qs_worker_free(struct qs_worker *w)
{
    struct timespec until;
    bool hangs = false;

    if (!w)
        return;
    (void)pthread_mutex_lock(&w->lock);
    w->stop = true;
    (void)pthread_cond_broadcast(&w->more);
    (void)pthread_mutex_unlock(&w->lock);
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += FREE_WAIT_S;
    for (unsigned i = 0; i < w->count; i++)
        hangs |= pthread_timedjoin_np(w->threads[i], NULL, &until) != 0;
    qs_source_remove(w->source);
    finish_jobs(w, &w->finished);
    finish_jobs(w, &w->waiting);
    if (hangs)
        return; /* a thread still holds the lock and its job */
    qs_fd_close(w->wake);
    (void)pthread_mutex_destroy(&w->lock);
    (void)pthread_cond_destroy(&w->more);
    free(w);
}

/* ---- names ---- */

struct qs_lookup {
    struct qs_job job;
    char *name;
    qs_lookup_fn *fn; /* NULL: cancelled */
    void *arg;
    struct qs_ip ip;
    int failed; /* EAI_ code; -1: never ran */
};

static void lookup_run(struct qs_job *job)
{
    struct qs_lookup *l = (struct qs_lookup *)job;
    struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG }, *got = NULL;

    l->failed = getaddrinfo(l->name, NULL, &want, &got);
    if (l->failed)
        return;
    if (got->ai_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, got->ai_addr, sizeof(in));
        l->ip.family = 4;
        memcpy(l->ip.bytes, &in.sin_addr, 4);
    } else {
        struct sockaddr_in6 in6;

        memcpy(&in6, got->ai_addr, sizeof(in6));
        l->ip.family = 6;
        memcpy(l->ip.bytes, &in6.sin6_addr, 16);
    }
    freeaddrinfo(got);
}

static void lookup_done(struct qs_job *job)
{
    struct qs_lookup *l = (struct qs_lookup *)job;

    if (l->fn && l->failed == 0)
        l->fn(l->arg, &l->ip, NULL);
    else if (l->fn)
        l->fn(l->arg, NULL, l->failed == -1 ? "stopping" : gai_strerror(l->failed));
    free(l->name);
    free(l);
}

struct qs_lookup *qs_lookup_start(struct qs_worker *w, const char *name, qs_lookup_fn *fn, void *arg)
{
    struct qs_lookup *l = qs_xzalloc(sizeof(*l));

    *l = (struct qs_lookup){
        .job = { .run = lookup_run, .done = lookup_done }, .name = qs_xstrdup(name), .fn = fn, .arg = arg, .failed = -1
    };
    qs_worker_give(w, &l->job);
    return l;
}

void qs_lookup_cancel(struct qs_lookup *l)
{
    if (l)
        l->fn = NULL;
}
