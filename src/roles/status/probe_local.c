/* Probes that ask qs itself: role and process for its own parts, converge for the devices it keeps. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "roles/status/probe.h"
#include "text/json.h"

/* "device:core" → "core" */
static const char *bare_name(const char *target)
{
    const char *colon = strchr(target, ':');

    return colon ? colon + 1 : target;
}

void qs_probe_role(struct qs_probe *p)
{
    qs_auto(str) char *socket = qs_xasprintf("%s/%s.sock", p->env->run, bare_name(p->check->target));

    qs_probe_unix_get(p, socket, "/healthz");
}

void qs_probe_process(struct qs_probe *p)
{
    qs_auto(str) char *socket = qs_xasprintf("%s/supervisor.sock", p->env->run);

    qs_probe_unix_get(p, socket, "/v1/roles");
}

static const struct qs_val *find_named(const struct qs_val *list, const char *name)
{
    for (size_t i = 0; i < qs_val_count(list); i++)
        if (qs_streq(qs_val_get_str(qs_val_at(list, i), "name", ""), name))
            return qs_val_at(list, i);
    return NULL;
}

void qs_judge_process(const struct qs_status_check *c, struct qs_probe_result *r)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *doc = NULL;
    const struct qs_val *one;
    const char *state;

    if (qs_json_parse(qs_buf_text(&r->body), r->body.len, &doc, &err) ||
        !(one = find_named(qs_val_get(doc, "roles"), bare_name(c->target)))) {
        r->state = QS_STATE_DOWN;
        (void)snprintf(r->message, sizeof(r->message), "the supervisor runs no '%s'", bare_name(c->target));
        return;
    }
    state = qs_val_get_str(one, "state", "");
    if (qs_streq(state, "ready"))
        return;
    r->state = QS_STATE_DOWN;
    (void)snprintf(r->message, sizeof(r->message), "%s: %s", state, qs_val_get_str(one, "detail", ""));
}

void qs_probe_converge(struct qs_probe *p)
{
    qs_auto(str) char *path = qs_xasprintf("/v1/targets?refresh_s=%llu",
                                           (unsigned long long)(p->check->interval_ms + 999) / 1000);

    qs_probe_unix_get(p, p->env->executor, path);
}

/* What the executor says of a target, and what that means here. */
static const struct {
    const char *says;
    enum qs_state means;
} verdicts[] = {
    { "in-sync", QS_STATE_UP },
    { "drift", QS_STATE_DEGRADED },
    { "failed", QS_STATE_DOWN },
};

void qs_judge_converge(const struct qs_status_check *c, struct qs_probe_result *r)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *doc = NULL;
    const struct qs_val *one = NULL;
    const char *says, *text;

    r->state = QS_STATE_UNKNOWN;
    if (qs_json_parse(qs_buf_text(&r->body), r->body.len, &doc, &err) == QS_OK)
        one = find_named(qs_val_get(doc, "targets"), bare_name(c->target));
    says = qs_val_get_str(one, "state", "not applied yet");
    text = qs_val_get_str(one, "text", says);
    for (size_t i = 0; i < QS_COUNT(verdicts); i++)
        if (qs_streq(verdicts[i].says, says))
            r->state = verdicts[i].means;
    if (r->state != QS_STATE_UP)
        (void)snprintf(r->message, sizeof(r->message), "%s", text[0] ? text : says);
}
