/*
 * drivers/eos: Arista EOS switches. The transaction is EOS's own: a configuration session, compared as a whole with
 * what is wanted before it is committed under a commit timer. Nothing reaches the running configuration before that,
 * and what is not confirmed in time is rolled back by the switch itself, with or without us.
 */
#include "drivers/eos/eos_int.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/id.h"
#include "base/str.h"

#define COMMIT_TIMER_S 120u
#define COMMIT_TIMER_MAX_S (23u * 3600)
#define LINE_MS 50u /* an authorization server may be asked about every line */

struct qs_session {
    struct qs_target t; /* texts owned */
    struct eos_api *api;
    char lead[24];   /* how the names of our sessions begin: "qs-" and the end of the owner's id */
    char *pending;   /* our session whose commit timer runs */
    char wanted[65]; /* hash of the resources that it brings */
};

/* The last characters of an id are its random ones; a few of them keep the name of a session short. */
#define OWNER_CHARS 8

static void set_lead(struct qs_session *s, const char *owner)
{
    size_t len = owner ? strlen(owner) : 0;

    if (len)
        (void)snprintf(s->lead, sizeof(s->lead), EOS_SESSION_PREFIX "%.*s-", OWNER_CHARS,
                       owner + (len > OWNER_CHARS ? len - OWNER_CHARS : 0));
    else
        (void)snprintf(s->lead, sizeof(s->lead), EOS_SESSION_PREFIX);
}

static char *session_name(const struct qs_session *s, const char *op)
{
    return qs_xasprintf("%s%s", s->lead, op);
}

static void close_session(struct qs_session *s)
{
    if (!s)
        return;
    eos_api_free(s->api);
    free(s->pending);
    free((void *)(uintptr_t)s->t.name);
    free((void *)(uintptr_t)s->t.address);
    free((void *)(uintptr_t)s->t.user);
    if (s->t.password)
        explicit_bzero((void *)(uintptr_t)s->t.password, strlen(s->t.password));
    free((void *)(uintptr_t)s->t.password);
    free((void *)(uintptr_t)s->t.pin);
    free(s);
}
QS_DEFINE_AUTO(session, struct qs_session *, close_session)

static char *copy_or_null(const char *s)
{
    return s ? qs_xstrdup(s) : NULL;
}

static enum qs_code open_session(const struct qs_target *t, struct qs_session **ret, struct qs_err *err)
{
    qs_auto(session) struct qs_session *s = qs_xzalloc(sizeof(*s));

    s->t = *t;
    s->t.name = copy_or_null(t->name);
    s->t.address = copy_or_null(t->address);
    s->t.user = copy_or_null(t->user);
    s->t.password = copy_or_null(t->password);
    s->t.pin = copy_or_null(t->pin);
    s->t.owner = NULL; /* the session's lead keeps what is needed of it */
    set_lead(s, t->owner);
    s->t.port = t->port ? t->port : qs_driver_eos.port;
    if (eos_api_new(&s->t, s->t.timeout_ms, &s->api, err))
        return qs_err_wrap(err, "switch '%s'", t->name);
    *ret = qs_take_ptr(s);
    return QS_OK;
}

/* ---- observe ---- */

/* "Software image version: 4.28.3M" → "4.28.3M" under `key`. */
static void fact(struct qs_val *facts, const char *key, const char *text, const char *label)
{
    const char *at = strstr(text, label);
    size_t len;

    if (!at)
        return;
    at += strlen(label);
    at += strspn(at, " \t");
    len = strcspn(at, "\r\n");
    qs_val_set(facts, key, qs_val_strf("%.*s", (int)(len < 200 ? len : 200), at));
}

static struct qs_val *read_facts(const char *version)
{
    struct qs_val *facts = qs_val_map();

    qs_val_set(facts, "model", qs_val_strf("%.*s", (int)strcspn(version, "\r\n"), version));
    fact(facts, "version", version, "Software image version:");
    fact(facts, "serial", version, "Serial number:");
    fact(facts, "mac", version, "System MAC address:");
    fact(facts, "uptime", version, "Uptime:");
    return facts;
}

static struct qs_val *commands(const char *const *lines, size_t count)
{
    struct qs_val *list = qs_val_list();

    for (size_t i = 0; i < count; i++)
        qs_val_add(list, qs_val_str(lines[i]));
    return list;
}

static enum qs_code read_config(const char *text, struct qs_resources *ret, struct qs_val **ret_foreign,
                                struct qs_err *err)
{
    if (!eos_config_is_whole(text))
        return qs_err_set(err, QS_PROTO, 0, "the configuration that the switch sent has no end");
    return eos_config_read(text, ret, ret_foreign, err);
}

static enum qs_code observe(struct qs_session *s, struct qs_observation *ret, struct qs_err *err)
{
    static const char *const lines[] = { "show version", "show running-config" };
    qs_auto(val) struct qs_val *cmds = commands(lines, QS_COUNT(lines)), *results = NULL;
    struct qs_observation o = { .native = NULL };
    char hex[65];
    enum qs_code code = eos_api_run(s->api, "text", cmds, &results, err);

    if (!code)
        code = read_config(eos_output(results, 1), &o.have, &o.foreign, err);
    if (code)
        return qs_err_wrap(err, "switch '%s'", s->t.name);
    o.native = qs_xstrdup(eos_output(results, 1));
    eos_config_revision(o.native, hex);
    o.revision = qs_xstrdup(hex);
    o.facts = read_facts(eos_output(results, 0));
    *ret = o;
    return QS_OK;
}

static void render(const struct qs_changes *cs, const struct qs_resources *want, struct qs_val *list)
{
    struct eos_render r = { .list = list };

    (void)want; /* order is no part of a switch's state */
    eos_render_changes(&r, cs);
}

/* ---- apply ---- */

static void abort_quietly(struct qs_session *s, const char *name)
{
    qs_auto(str) char *line = qs_xasprintf("configure session %s abort", name);
    const char *const lines[] = { line };
    qs_auto(val) struct qs_val *cmds = commands(lines, 1), *results = NULL;
    struct qs_err ignored = QS_ERR_INIT;

    QS_IGNORE(eos_api_run(s->api, "text", cmds, &results, &ignored)); /* uncommitted, it changes nothing */
}

static enum qs_code check_revision(const struct qs_observation *base, const char *running, struct qs_err *err)
{
    char hex[65];

    eos_config_revision(running, hex);
    if (qs_streq(hex, base->revision))
        return QS_OK;
    return qs_err_set(err, QS_CONFLICT, 0, "the running configuration changed since it was observed");
}

/* The switch's own view of the session must be exactly what is wanted, before anything is committed. */
static enum qs_code check_view(struct qs_session *s, const char *view, const char *diffs,
                               const struct qs_resources *want, struct qs_err *err)
{
    struct qs_resources got = { .items = NULL };
    qs_auto(val) struct qs_val *foreign = NULL;
    struct qs_changes left = { .items = NULL };
    enum qs_code code = read_config(view, &got, &foreign, err);

    if (code)
        return qs_err_wrap(err, "session configuration");
    qs_diff(eos_types, &got, want, &left);
    if (left.count)
        code = qs_err_set(err, QS_PROTO, 0,
                          "the switch's view of the session differs from the plan in %zu places, first in %s '%s'",
                          left.count, left.items[0].type->name, left.items[0].name);
    else if (!*diffs)
        code = qs_err_set(err, QS_CONFLICT, 0, "the switch sees no difference to its running configuration");
    else
        qs_resources_hash(&got, eos_types, s->wanted);
    qs_changes_done(&left);
    qs_resources_done(&got);
    return code;
}

/* One request opens the session, loads every line, and reads back its view, its diff and the running configuration:
 * the last two as late as can be. */
static struct qs_val *load_commands(const char *name, const struct qs_val *lines)
{
    struct qs_val *cmds = qs_val_list();

    qs_val_add(cmds, qs_val_strf("configure session %s", name));
    for (size_t i = 0; i < qs_val_count(lines); i++)
        qs_val_add(cmds, qs_val_copy(qs_val_at(lines, i)));
    qs_val_add(cmds, qs_val_str("end"));
    qs_val_add(cmds, qs_val_strf("show session-config named %s", name));
    qs_val_add(cmds, qs_val_strf("show session-config named %s diffs", name));
    qs_val_add(cmds, qs_val_str("show running-config"));
    return cmds;
}

static enum qs_code load(struct qs_session *s, const char *name, const struct qs_val *lines,
                         const struct qs_observation *base, const struct qs_resources *want, struct qs_err *err)
{
    qs_auto(val) struct qs_val *cmds = load_commands(name, lines), *results = NULL;
    size_t n = qs_val_count(cmds);
    enum qs_code code = eos_api_run(s->api, "text", cmds, &results, err);

    if (!code)
        code = check_revision(base, eos_output(results, n - 1), err);
    if (!code)
        code = check_view(s, eos_output(results, n - 3), eos_output(results, n - 2), want, err);
    return code;
}

static enum qs_code commit_timed(struct qs_session *s, const char *name, struct qs_err *err)
{
    unsigned left = s->t.commit_timer_s ? s->t.commit_timer_s : COMMIT_TIMER_S;
    unsigned seconds = left < COMMIT_TIMER_MAX_S ? left : COMMIT_TIMER_MAX_S;
    qs_auto(str) char *line = qs_xasprintf("configure session %s commit timer %02u:%02u:%02u", name, seconds / 3600,
                                           seconds / 60 % 60, seconds % 60);
    const char *const lines[] = { line };
    qs_auto(val) struct qs_val *cmds = commands(lines, 1), *results = NULL;
    enum qs_code code = eos_api_run(s->api, "text", cmds, &results, err);

    if (!code) {
        free(s->pending);
        s->pending = qs_xstrdup(name);
    }
    return code;
}

static bool is_session_word(const char *op)
{
    size_t len = strlen(op);

    return len && len <= 64 && strspn(op, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") == len;
}

/* The lines with their real secrets. They come from the switch itself, read now: an observation that was stored
 * holds no secrets. */
static enum qs_code lines_to_send(struct qs_session *s, const struct qs_observation *base, const struct qs_changes *cs,
                                  const struct qs_resources *want, struct qs_val *list, struct qs_err *err)
{
    static const char *const show[] = { "show running-config" };
    qs_auto(val) struct qs_val *cmds = commands(show, 1), *results = NULL, *foreign = NULL;
    struct qs_resources have = { .items = NULL };
    struct eos_render r = { .list = list, .have = &have, .want = want, .reveal = true };
    enum qs_code code = eos_api_run(s->api, "text", cmds, &results, err);

    if (!code)
        code = check_revision(base, eos_output(results, 0), err);
    if (!code)
        code = read_config(eos_output(results, 0), &have, &foreign, err);
    if (code)
        return code;
    eos_render_changes(&r, cs);
    qs_resources_done(&have);
    return eos_lines_check(list, err);
}

/* A request as long as its lines may take; the connection of before is given up for it. */
static enum qs_code allow_time(struct qs_session *s, size_t lines, struct qs_err *err)
{
    struct eos_api *api = NULL;
    enum qs_code code = eos_api_new(&s->t, s->t.timeout_ms + lines * LINE_MS, &api, err);

    if (code)
        return code;
    eos_api_free(s->api);
    s->api = api;
    return QS_OK;
}

static enum qs_code sessions(struct qs_session *s, struct qs_val **ret, struct qs_err *err)
{
    static const char *const lines[] = { "show configuration sessions detail" };
    qs_auto(val) struct qs_val *cmds = commands(lines, 1), *results = NULL;
    enum qs_code code = eos_api_run(s->api, "json", cmds, &results, err);

    if (!code)
        *ret = qs_val_copy(qs_val_at(results, 0));
    return code;
}

static enum qs_code check_lease(struct qs_session *s, struct qs_err *err)
{
    qs_auto(val) struct qs_val *reply = NULL;

    if (sessions(s, &reply, err))
        return err->code;
    qs_auto(str) char *other = eos_sessions_leased(reply, s->lead);
    if (!other)
        return QS_OK;
    (void)qs_err_set(err, QS_CONFLICT, 0, "another qs is changing it, in session '%s'", other);
    return qs_err_hint(
        err, "Wait for it. If that qs is gone for good, enter 'configure session %s abort' on the switch.", other);
}

static enum qs_code apply(struct qs_session *s, const char *op, const struct qs_observation *base,
                          const struct qs_changes *cs, const struct qs_resources *want, struct qs_err *err)
{
    qs_auto(val) struct qs_val *lines = qs_val_list();
    qs_auto(str) char *name = session_name(s, op);
    enum qs_code code;

    if (!cs->count)
        return QS_OK; /* an empty commit would still be a commit */
    if (!is_session_word(op))
        return qs_err_set(err, QS_INVALID, 0, "operation '%s' is no name for a configuration session", op);
    code = eos_guard(&s->t, &base->have, want, err);
    if (!code)
        code = check_lease(s, err);
    if (!code)
        code = lines_to_send(s, base, cs, want, lines, err);
    if (!code && qs_val_count(lines) > 100)
        code = allow_time(s, qs_val_count(lines), err);
    if (code)
        return qs_err_wrap(err, "switch '%s'", s->t.name);
    code = load(s, name, lines, base, want, err);
    if (!code)
        code = commit_timed(s, name, err);
    if (code) {
        abort_quietly(s, name);
        return qs_err_wrap(err, "switch '%s'", s->t.name);
    }
    return QS_OK;
}

/* ---- confirm and revert ---- */

/* The timer no longer runs: either an earlier confirm came through whose answer was lost, or it ran out. */
static enum qs_code settled_already(struct qs_session *s, struct qs_err *err)
{
    struct qs_observation o = { .native = NULL };
    char hex[65];
    enum qs_code code = observe(s, &o, err);

    if (code)
        return code;
    qs_resources_hash(&o.have, eos_types, hex);
    qs_observation_done(&o);
    if (qs_streq(hex, s->wanted))
        return QS_OK;
    return qs_err_set(err, QS_CONFLICT, 0,
                      "the commit timer ran out before the change was confirmed; the switch is "
                      "back at its old configuration");
}

static enum qs_code save(struct qs_session *s, const char *commit, struct qs_err *err)
{
    const char *const lines[] = { commit ? commit : "write memory", "write memory" };
    qs_auto(val) struct qs_val *cmds = commands(lines, commit ? 2 : 1), *results = NULL;

    return eos_api_run(s->api, "text", cmds, &results, err);
}

static enum qs_code confirm(struct qs_session *s, const char *op, struct qs_err *err)
{
    qs_auto(str) char *name = session_name(s, op), *line = qs_xasprintf("configure session %s commit", name);
    qs_auto(val) struct qs_val *reply = NULL;
    enum qs_code code;

    if (!qs_streq(s->pending, name))
        return QS_OK; /* nothing was committed, or it is confirmed */
    code = sessions(s, &reply, err);
    if (!code && eos_sessions_timed(reply, name)) {
        code = save(s, line, err);
    } else if (!code) {
        code = settled_already(s, err);
        if (!code)
            code = save(s, NULL, err);
    }
    if (code)
        return qs_err_wrap(err, "switch '%s'", s->t.name);
    free(s->pending);
    s->pending = NULL;
    return QS_OK;
}

static enum qs_code abort_all(struct qs_session *s, const struct qs_val *names, struct qs_err *err)
{
    qs_auto(val) struct qs_val *cmds = qs_val_list(), *results = NULL;

    for (size_t i = 0; i < qs_val_count(names); i++)
        qs_val_add(cmds, qs_val_strf("configure session %s abort", qs_val_string(qs_val_at(names, i), "")));
    return eos_api_run(s->api, "text", cmds, &results, err);
}

static enum qs_code revert(struct qs_session *s, struct qs_err *err)
{
    qs_auto(val) struct qs_val *reply = NULL, *names = NULL, *again = NULL, *left = NULL;
    struct qs_err first = QS_ERR_INIT;
    enum qs_code code = sessions(s, &reply, err);

    if (code)
        return qs_err_wrap(err, "switch '%s'", s->t.name);
    free(s->pending);
    s->pending = NULL;
    names = eos_sessions_open(reply, s->lead);
    if (!qs_val_count(names))
        return QS_OK;
    /* A timer that runs out meanwhile takes its session away and makes the abort fail: the second look decides. */
    QS_IGNORE(abort_all(s, names, &first));
    code = sessions(s, &again, err);
    if (code)
        return qs_err_wrap(err, "switch '%s'", s->t.name);
    left = eos_sessions_open(again, s->lead);
    if (!qs_val_count(left))
        return QS_OK;
    return qs_err_set(err, QS_REFUSED, 0, "switch '%s' keeps session '%s': %s", s->t.name,
                      qs_val_string(qs_val_at(left, 0), ""), first.msg);
}

const struct qs_driver qs_driver_eos = {
    .abi = QS_DRIVER_ABI,
    .name = "eos",
    .summary = "Arista EOS switches over eAPI, by configuration sessions",
    .port = 443,
    .types = eos_types,
    .open = open_session,
    .observe = observe,
    .render = render,
    .apply = apply,
    .confirm = confirm,
    .revert = revert,
    .close = close_session,
};
