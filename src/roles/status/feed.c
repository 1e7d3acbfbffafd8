#include "roles/status/feed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "text/json.h"

#define FILE_MAX_BYTES (4 << 20)
#define TIMEOUT_MS 4000

struct qs_feed {
    const struct qs_probe_env *env;
    char *socket, *path; /* socket NULL: path is a file */
    uint64_t interval_ms;
    qs_feed_fn *changed;
    void *arg;
    struct qs_timer *timer;
    struct qs_val *value;
    struct qs_probe *running;
    struct qs_status_check check; /* what the probe machinery needs to know */
    struct qs_kind kind;
    struct timespec seen;
};

static void look(void *arg);

static void take(struct qs_feed *f, struct qs_val *value)
{
    bool same = (!value && !f->value) || (value && f->value && qs_val_equal(value, f->value));

    if (same) {
        qs_val_free(value);
        return;
    }
    qs_val_free(f->value);
    f->value = value;
    f->changed(f->arg);
}

static void wait(struct qs_feed *f)
{
    f->timer = qs_loop_after(f->env->loop, f->interval_ms, look, f);
}

static void on_reply(void *arg, struct qs_probe *p)
{
    struct qs_feed *f = arg;
    struct qs_err err = QS_ERR_INIT;
    struct qs_val *value = NULL;

    f->running = NULL;
    if (p->result.err.code == QS_OK && p->result.status == 200)
        QS_IGNORE(qs_json_parse(qs_buf_text(&p->result.body), p->result.body.len, &value, &err));
    take(f, value);
    wait(f);
}

static void start_get(struct qs_probe *p)
{
    const struct qs_feed *f = p->arg;

    qs_probe_unix_get(p, f->socket, f->path);
}

static void look_at_file(struct qs_feed *f)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(buf) struct qs_buf buf = QS_BUF(FILE_MAX_BYTES);
    struct qs_val *value = NULL;
    struct stat st;

    if (stat(f->path, &st)) {
        take(f, NULL);
        return;
    }
    if (st.st_mtim.tv_sec == f->seen.tv_sec && st.st_mtim.tv_nsec == f->seen.tv_nsec)
        return;
    if (qs_fs_read(AT_FDCWD, f->path, &buf, &err) || qs_json_parse(qs_buf_text(&buf), buf.len, &value, &err))
        return; /* being written; the next look takes it */
    f->seen = st.st_mtim;
    take(f, value);
}

static void look(void *arg)
{
    struct qs_feed *f = arg;

    f->timer = NULL;
    if (f->socket) {
        f->running = qs_probe_start(f->env, &f->check, on_reply, f);
        return;
    }
    look_at_file(f);
    wait(f);
}

static struct qs_feed *feed_new(const struct qs_probe_env *env, const char *path, uint64_t interval_ms,
                                qs_feed_fn *changed, void *arg)
{
    struct qs_feed *f = qs_xzalloc(sizeof(*f));

    *f = (struct qs_feed){ .env = env,
                           .path = qs_xstrdup(path),
                           .interval_ms = interval_ms,
                           .changed = changed,
                           .arg = arg,
                           .kind = { .name = "feed", .start = start_get } };
    f->check = (struct qs_status_check){ .kind = &f->kind, .timeout_ms = TIMEOUT_MS };
    return f;
}

struct qs_feed *qs_feed_http(const struct qs_probe_env *env, const char *socket, const char *path, uint64_t interval_ms,
                             qs_feed_fn *changed, void *arg)
{
    struct qs_feed *f = feed_new(env, path, interval_ms, changed, arg);

    f->socket = qs_xstrdup(socket);
    f->timer = qs_loop_after(env->loop, 0, look, f);
    return f;
}

struct qs_feed *qs_feed_file(const struct qs_probe_env *env, const char *path, uint64_t interval_ms,
                             qs_feed_fn *changed, void *arg)
{
    struct qs_feed *f = feed_new(env, path, interval_ms, changed, arg);

    look_at_file(f);
    wait(f);
    return f;
}

const struct qs_val *qs_feed_value(const struct qs_feed *f)
{
    return f ? f->value : NULL;
}

void qs_feed_free(struct qs_feed *f)
{
    if (!f)
        return;
    qs_timer_cancel(f->timer);
    if (f->running)
        qs_probe_cancel(f->running);
    qs_val_free(f->value);
    free(f->socket);
    free(f->path);
    free(f);
}
