#include "roles/status/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/event.h"
#include "base/str.h"
#include "net/http_client.h"
#include "net/smtp.h"
#include "text/json.h"

#define SEND_MS 4000
#define TRIES 3
#define RETRY_MS 5000 /* after the first failure; doubled after the next */

/* How far one receiver has come with one signal. */
struct track {
    unsigned bad, good; /* results in a row */
    bool told_bad;      /* the last message said that it is not up */
};
struct message {
    struct qs_job job;
    struct qs_notify *n; /* NULL: given up */
    struct message *prev, *next;
    char *kind, *url, *from, *to, *subject, *text, *json, *signal;
    unsigned tries;
    struct qs_err err;
    struct qs_timer *retry;
    bool ran;
};
struct qs_notify {
    const struct qs_status_spec *spec;
    struct qs_loop *loop;
    struct qs_worker *worker;
    struct track *tracks; /* by receiver and signal */
    struct message *under_way;
};

struct qs_notify *qs_notify_new(const struct qs_status_spec *spec, struct qs_loop *loop, struct qs_worker *worker)
{
    struct qs_notify *n = qs_xzalloc(sizeof(*n));

    *n = (struct qs_notify){ .spec = spec, .loop = loop, .worker = worker };
    n->tracks = qs_xzalloc((spec->notify_count * spec->signal_count + 1) * sizeof(*n->tracks));
    return n;
}

/* ---- sending ---- */

static void message_free(struct message *m)
{
    qs_timer_cancel(m->retry);
    if (m->n) {
        if (m->next)
            m->next->prev = m->prev;
        if (m->prev)
            m->prev->next = m->next;
        else
            m->n->under_way = m->next;
    }
    free(m->kind);
    free(m->url);
    free(m->from);
    free(m->to);
    free(m->subject);
    free(m->text);
    free(m->json);
    free(m->signal);
    free(m);
}

/* "https://host:port/path?x" → its base and the rest */
static enum qs_code send_webhook(const struct message *m, struct qs_err *err)
{
    const char *scheme = strstr(m->url, "://");
    const char *path = scheme ? strchr(scheme + 3, '/') : NULL;
    qs_auto(str) char *base = qs_xstrndup(m->url, path ? (size_t)(path - m->url) : strlen(m->url));
    qs_auto(http_client) struct qs_http_client *client = NULL;
    qs_auto(reply) struct qs_http_reply reply = { .body = QS_BUF(65536) };
    struct qs_http_client_conf conf = { .base = base, .connect_ms = SEND_MS, .total_ms = SEND_MS, .body_max = 65536 };

    if (qs_http_client_new(&conf, &client, err) ||
        qs_http_request(client, "POST", path ? path : "/", "application/json", m->json, strlen(m->json), &reply, err))
        return err->code;
    if (reply.status >= 300)
        return qs_err_set(err, QS_REFUSED, 0, "the webhook answered %d", reply.status);
    return QS_OK;
}

static void message_run(struct qs_job *job)
{
    struct message *m = (struct message *)job;
    struct qs_mail mail = {
        .url = m->url, .from = m->from, .to = m->to, .subject = m->subject, .text = m->text, .timeout_ms = SEND_MS
    };

    m->ran = true;
    m->err = QS_ERR_INIT;
    if (qs_streq(m->kind, "smtp"))
        QS_IGNORE(qs_mail_send(&mail, &m->err));
    else
        QS_IGNORE(send_webhook(m, &m->err));
}

static void on_retry(void *arg)
{
    struct message *m = arg;

    m->retry = NULL;
    qs_worker_give(m->n->worker, &m->job);
}

static void message_done(struct qs_job *job)
{
    struct message *m = (struct message *)job;

    if (!m->n || !m->ran || m->err.code == QS_OK) {
        message_free(m);
        return;
    }
    if (++m->tries < TRIES) {
        m->retry = qs_loop_after(m->n->loop, RETRY_MS * m->tries, on_retry, m);
        return;
    }
    qs_event_err(QS_EV_NOTIFY_FAILED, &m->err, "signal", m->signal, "kind", m->kind, NULL);
    message_free(m);
}

void qs_notify_free(struct qs_notify *n)
{
    struct message *next;

    if (!n)
        return;
    for (struct message *m = n->under_way; m; m = next) {
        next = m->next;
        if (m->retry) {
            message_free(m);
        } else {
            m->n = NULL; /* the worker has it; message_done() frees it */
            m->prev = m->next = NULL;
        }
    }
    free(n->tracks);
    free(n);
}

/* ---- when ---- */

static char *json_of(const struct qs_status_spec *spec, const struct qs_row *row, const struct qs_row_now *now)
{
    qs_auto(val) struct qs_val *doc = qs_val_map();
    struct qs_buf out = QS_BUF(65536);
    char since[QS_TIME_TEXT];

    qs_val_set_str(doc, "format", "qs.notification/1");
    qs_val_set_str(doc, "lab", spec->lab_name);
    qs_val_set_str(doc, "site", spec->site);
    qs_val_set_str(doc, "signal", row->name);
    qs_val_set_str(doc, "title", row->title);
    qs_val_set_str(doc, "group", row->group);
    qs_val_set_str(doc, "state", qs_state_text(now->state));
    qs_val_set_str(doc, "since", qs_time_text_s(now->since_us, since));
    qs_val_set_str(doc, "message", now->message);
    qs_json_write(doc, &out);
    return qs_buf_take(&out);
}

static void tell(struct qs_notify *n, const struct qs_notify_to *to, const struct qs_row *row,
                 const struct qs_row_now *now)
{
    struct message *m = qs_xzalloc(sizeof(*m));
    char since[QS_TIME_TEXT];

    *m = (struct message){ .job = { .run = message_run, .done = message_done },
                           .n = n,
                           .next = n->under_way,
                           .kind = qs_xstrdup(to->kind),
                           .url = qs_xstrdup(to->url),
                           .from = qs_xstrdup(to->from),
                           .to = qs_xstrdup(to->to),
                           .signal = qs_xstrdup(row->name),
                           .json = json_of(n->spec, row, now) };
    m->subject = qs_xasprintf("%s: %s is %s", n->spec->lab_title, row->title, qs_state_text(now->state));
    m->text = qs_xasprintf("%s (%s, site %s) is %s since %s.\n\n%s", row->title, row->group, n->spec->site,
                           qs_state_text(now->state), qs_time_text_s(now->since_us, since), now->message);
    if (n->under_way)
        n->under_way->prev = m;
    n->under_way = m;
    qs_worker_give(n->worker, &m->job);
}

void qs_notify_result(struct qs_notify *n, size_t row, const struct qs_row_now *now)
{
    bool bad = now->state == QS_STATE_DOWN || now->state == QS_STATE_DEGRADED;

    for (size_t i = 0; i < n->spec->notify_count && row < n->spec->signal_count; i++) {
        const struct qs_notify_to *to = &n->spec->notify[i];
        struct track *t = &n->tracks[i * n->spec->signal_count + row];

        if (now->state == QS_STATE_MAINTENANCE || now->state == QS_STATE_UNKNOWN || (bad && !now->was_up))
            continue;
        t->bad = bad ? t->bad + 1 : 0;
        t->good = bad ? 0 : t->good + 1;
        if (!t->told_bad && t->bad == to->failures) {
            t->told_bad = true;
            tell(n, to, &n->spec->rows[row], now);
        } else if (t->told_bad && t->good == to->successes) {
            t->told_bad = false;
            tell(n, to, &n->spec->rows[row], now);
        }
    }
}
