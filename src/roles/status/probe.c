#include "roles/status/probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "text/json.h"

#define BODY_MAX (256 << 10)

/* clang-format off */
static const struct qs_kind kinds[] = {
    { .name = "http", .condition = "[STATUS] < 400", .start = qs_probe_http, .valid = qs_probe_http_valid,
      .doc = "GET the URL in target; expect: insecure (any certificate), pin:SHA256 (exactly this one)" },
    { .name = "tcp", .condition = "[CONNECTED] == true", .start = qs_probe_tcp,
      .doc = "something accepts a connection at address and port" },
    { .name = "tls", .condition = "[CERTIFICATE_EXPIRATION] > 0", .port = 443, .start = qs_probe_tls,
      .doc = "a TLS handshake succeeds and the certificate has not ended; expect: pin:SHA256" },
    { .name = "ssh", .condition = "[BODY] == pat(SSH-2.0-*)", .port = 22, .start = qs_probe_ssh,
      .doc = "an SSH server greets; [BODY] is its banner" },
    { .name = "icmp", .condition = "[CONNECTED] == true", .start = qs_probe_icmp,
      .doc = "address answers an echo request" },
    { .name = "dns", .condition = "[DNS_RCODE] == NOERROR", .port = 53, .start = qs_probe_dns,
      .valid = qs_probe_dns_valid,
      .doc = "the server at address answers for the name in target; expect: the type (default A), and texts that must "
             "be among the answers" },
    { .name = "role", .condition = "[STATUS] == 200", .start = qs_probe_role,
      .doc = "the role in target answers /healthz on its socket" },
    { .name = "process", .condition = "[STATUS] == 200", .indirect = true, .start = qs_probe_process,
      .judge = qs_judge_process,
      .doc = "the supervisor says that the process in target is ready" },
    { .name = "converge", .condition = "[STATUS] == 200", .indirect = true, .start = qs_probe_converge,
      .judge = qs_judge_converge,
      .doc = "the executor says that the device in target (device:NAME) is as last applied; degraded when it drifted" },
    { .name = "wan", .condition = "[STATUS] == 200", .port = 22, .start = qs_probe_wan, .valid = qs_probe_wan_valid,
      .doc = "the node in target (node:NAME, its sshd at address) gets the http:// URL in expect; [BODY] is what the "
             "host outside answered" },
};
/* clang-format on */

static const char *const state_texts[] = {
#define X(id, text) text,
    QS_STATES(X)
#undef X
};

const char *qs_state_text(enum qs_state s)
{
    return s < QS_STATE_MAX_ ? state_texts[s] : "unknown";
}

enum qs_state qs_state_parse(const char *text)
{
    for (unsigned i = 0; i < QS_STATE_MAX_; i++)
        if (qs_streq(state_texts[i], text))
            return (enum qs_state)i;
    return QS_STATE_UNKNOWN;
}

const struct qs_kind *qs_kind_at(size_t i)
{
    return i < QS_COUNT(kinds) ? &kinds[i] : NULL;
}

const struct qs_kind *qs_kind_find(const char *name)
{
    for (size_t i = 0; i < QS_COUNT(kinds); i++)
        if (qs_streq(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

/* Applies the conditions, then the kind's own opinion. */
static void judge(struct qs_probe *p)
{
    struct qs_probe_result *r = &p->result;
    const struct qs_status_check *c = p->check;
    struct qs_err ignored = QS_ERR_INIT;
    qs_auto(val) struct qs_val *json = NULL;
    struct qs_observed seen = { .connected = r->connected,
                                .status = r->status,
                                .elapsed_ms = r->elapsed_us / 1000,
                                .ip = r->ip,
                                .rcode = r->rcode,
                                .certificate_ms = r->certificate_ms,
                                .body = qs_buf_text(&r->body) };

    if (r->err.code) {
        r->state = c->kind->indirect ? QS_STATE_UNKNOWN : QS_STATE_DOWN;
        (void)qs_err_text(&r->err, r->message, sizeof(r->message));
        return;
    }
    if (r->body.len && qs_json_parse(seen.body, r->body.len, &json, &ignored) == QS_OK)
        seen.json = json;
    r->state = QS_STATE_UP;
    for (size_t i = 0; i < c->condition_count; i++) {
        if (qs_condition_holds(&c->conditions[i], &seen, r->message, sizeof(r->message)))
            continue;
        r->state = QS_STATE_DOWN;
        return;
    }
    if (c->kind->judge)
        c->kind->judge(c, r);
}

static void end(struct qs_probe *p)
{
    qs_timer_cancel(qs_take_ptr(p->deadline));
    if (p->end)
        p->end(p);
    p->end = NULL;
}

static void free_probe(struct qs_probe *p)
{
    qs_buf_done(&p->result.body);
    free(p);
}

static void finish_later(void *arg)
{
    struct qs_probe *p = arg;

    p->deadline = NULL;
    qs_probe_finish(p);
}

void qs_probe_finish(struct qs_probe *p)
{
    if (p->starting) { /* whoever started it does not hold the probe yet */
        qs_timer_cancel(p->deadline);
        p->deadline = qs_loop_after(p->env->loop, 0, finish_later, p);
        return;
    }
    p->result.elapsed_us = qs_mono_us() - p->started_us;
    end(p);
    judge(p);
    p->done(p->arg, p);
    free_probe(p);
}

void qs_probe_fail(struct qs_probe *p, enum qs_code code, int sys, const char *fmt, ...)
{
    va_list ap;
    char text[256];

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (sys)
        (void)qs_err_sys(&p->result.err, code, sys, "%s", text);
    else
        (void)qs_err_set(&p->result.err, code, 0, "%s", text);
    qs_probe_finish(p);
}

static void on_deadline(void *arg)
{
    struct qs_probe *p = arg;

    p->deadline = NULL;
    qs_probe_fail(p, QS_TIMEOUT, 0, "%s within %llu ms", p->result.connected ? "no full answer" : "no answer",
                  (unsigned long long)p->check->timeout_ms);
}

void qs_probe_cancel(struct qs_probe *p)
{
    end(p);
    free_probe(p);
}

struct qs_probe *qs_probe_start(const struct qs_probe_env *env, const struct qs_status_check *check, qs_probe_fn *done,
                                void *arg)
{
    struct qs_probe *p = qs_xzalloc(sizeof(*p));

    *p = (struct qs_probe){ .check = check,
                            .env = env,
                            .started_us = qs_mono_us(),
                            .done = done,
                            .arg = arg,
                            .result = { .certificate_ms = INT64_MIN, .body = QS_BUF(BODY_MAX) } };
    p->deadline = qs_loop_after(env->loop, check->timeout_ms, on_deadline, p);
    p->starting = true;
    check->kind->start(p);
    p->starting = false;
    return p;
}
