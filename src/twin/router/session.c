/* One connection as the commands see it: login, tags, dispatch, traps. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "twin/router/router_int.h"

#define OUT_MAX (8 << 20) /* replies not yet taken by the client */
#define EARLY_MAX 3       /* commands without a login until the connection is cut */

void rtr_session_open(struct rtr_session *s, struct rtr *r, const char *service)
{
    s->r = r;
    s->serial = ++r->serials;
    s->service = service;
    s->out = QS_BUF(OUT_MAX);
    s->next = r->sessions;
    if (s->next)
        s->next->prev = s;
    r->sessions = s;
}

void rtr_session_close(struct rtr_session *s)
{
    if (s->prev)
        s->prev->next = s->next;
    else
        s->r->sessions = s->next;
    if (s->next)
        s->next->prev = s->prev;
    rtr_safe_drop(s->r, s);
    qs_buf_done(&s->out);
    free(s->user);
    s->user = NULL;
}

void rtr_reply(struct rtr_session *s, const char *kind, const char *tag)
{
    rtr_put_word(&s->out, kind, strlen(kind));
    if (tag)
        rtr_put_wordf(&s->out, ".tag=%s", tag);
}

static void reply_done(struct rtr_session *s, const char *tag)
{
    rtr_reply(s, "!done", tag);
    rtr_put_end(&s->out);
}

/* After a trap always comes a done. The category says whose fault it is, where the device says so. */
static void reply_trap(struct rtr_session *s, const struct qs_err *err, const char *tag)
{
    rtr_reply(s, "!trap", tag);
    if (err->code == QS_NOTFOUND)
        rtr_put_wordf(&s->out, "=category=0");
    else if (err->code == QS_INVALID)
        rtr_put_wordf(&s->out, "=category=1");
    rtr_put_wordf(&s->out, "=message=%s", err->msg);
    rtr_put_end(&s->out);
    reply_done(s, tag);
}

void rtr_fatal(struct rtr_session *s, const char *text)
{
    rtr_put_word(&s->out, "!fatal", strlen("!fatal"));
    rtr_put_word(&s->out, text, strlen(text));
    rtr_put_end(&s->out);
    s->closing = true;
}

static bool has_policy(const struct rtr *r, const char *user, const char *policy)
{
    const struct rtr_row *row = rtr_store_by(&r->store, RTR_USER, "name", user);
    const struct rtr_row *group = row ? rtr_store_by(&r->store, RTR_GROUP, "name", rtr_value(row, "group")) : NULL;
    const char *at = group ? rtr_value(group, "policy") : "";

    while (*at) {
        size_t len = strcspn(at, ",");

        if (strlen(policy) == len && strncmp(at, policy, len) == 0)
            return true;
        at += len + (at[len] == ',');
    }
    return false;
}

static bool may_log_in(const struct rtr_session *s, const char *name, const char *password)
{
    const struct rtr_row *row = rtr_store_by(&s->r->store, RTR_USER, "name", name);
    const char *hash = row ? rtr_value(row, "password") : NULL;

    if (!row || rtr_is(row, "disabled", "true") || !rtr_admits(rtr_value(row, "address"), &s->peer) ||
        !has_policy(s->r, name, "api"))
        return false;
    return hash ? rtr_password_ok(hash, password) : *password == '\0';
}

static enum qs_code do_login(struct rtr_session *s, const struct rtr_sentence *in, const char *tag, struct qs_err *err)
{
    const char *name = rtr_arg(in, "name"), *password = rtr_arg(in, "password");

    if (!name || !password || !may_log_in(s, name, password)) {
        if (++s->early >= EARLY_MAX)
            rtr_fatal(s, "too many commands before login");
        return s->closing ? QS_OK : qs_err_set(err, QS_DENIED, 0, "invalid user name or password (6)");
    }
    free(s->user);
    s->user = qs_xstrdup(name);
    reply_done(s, tag);
    return QS_OK;
}

static enum qs_code do_quit(struct rtr_session *s, const struct rtr_sentence *in, const char *tag, struct qs_err *err)
{
    (void)in;
    (void)tag;
    (void)err;
    rtr_fatal(s, "session terminated on request");
    return QS_OK;
}

/* Commands here end before the next is read, so there is never one left to cancel. */
static enum qs_code do_cancel(struct rtr_session *s, const struct rtr_sentence *in, const char *tag, struct qs_err *err)
{
    (void)in;
    (void)err;
    reply_done(s, tag);
    return QS_OK;
}

static enum qs_code do_safe(struct rtr_session *s, const char *tag,
                            enum qs_code (*act)(struct rtr_session *s, struct qs_err *err), struct qs_err *err)
{
    if (!rtr_safe_mode_known(s->r))
        return qs_err_set(err, QS_NOTFOUND, 0, "no such command prefix");
    if (!has_policy(s->r, s->user, "write"))
        return qs_err_set(err, QS_DENIED, 0, "not enough permissions (9)");
    if (act(s, err))
        return err->code;
    reply_done(s, tag);
    return QS_OK;
}

static enum qs_code do_take(struct rtr_session *s, const struct rtr_sentence *in, const char *tag, struct qs_err *err)
{
    (void)in;
    return do_safe(s, tag, rtr_safe_take, err);
}

static enum qs_code do_release(struct rtr_session *s, const struct rtr_sentence *in, const char *tag,
                               struct qs_err *err)
{
    (void)in;
    return do_safe(s, tag, rtr_safe_release, err);
}

static enum qs_code do_unroll(struct rtr_session *s, const struct rtr_sentence *in, const char *tag, struct qs_err *err)
{
    (void)in;
    return do_safe(s, tag, rtr_safe_unroll, err);
}

/* Commands that belong to no table. */
static const struct {
    const char *path;
    enum qs_code (*run)(struct rtr_session *s, const struct rtr_sentence *in, const char *tag, struct qs_err *err);
    bool early; /* before a login too */
} own[] = {
    { "/login", do_login, true },
    { "/quit", do_quit, true },
    { "/cancel", do_cancel, false },
    { "/safe-mode/take", do_take, false },
    { "/safe-mode/release", do_release, false },
    { "/safe-mode/unroll", do_unroll, false },
};

static enum qs_code run_menu(struct rtr_session *s, const struct rtr_sentence *in, const char *tag, struct qs_err *err)
{
    const char *path = in->words[0], *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    const struct rtr_menu *m = slash ? rtr_menu_find(path, len) : NULL;
    const struct rtr_command *cmd = m ? rtr_command_find(m, slash + 1) : NULL;
    struct rtr_call call = { s, m, in, tag };

    if (!slash || (!m && !rtr_menu_is_prefix(path, len)))
        return qs_err_set(err, QS_NOTFOUND, 0, "no such command prefix");
    if (!cmd)
        return qs_err_set(err, QS_NOTFOUND, 0, "no such command");
    if (!has_policy(s->r, s->user, cmd->writes ? "write" : "read") ||
        (cmd->writes && (m->rows == RTR_USER || m->rows == RTR_GROUP) && !has_policy(s->r, s->user, "policy")))
        return qs_err_set(err, QS_DENIED, 0, "not enough permissions (9)");
    return cmd->run(&call, err);
}

static const char *tag_of(const struct rtr_sentence *in)
{
    for (size_t i = 1; i < in->count; i++)
        if (qs_after(in->words[i], ".tag="))
            return in->words[i] + strlen(".tag=");
    return NULL;
}

static bool run_own(struct rtr_session *s, const struct rtr_sentence *in, const char *tag, enum qs_code *ret_code,
                    struct qs_err *err)
{
    for (size_t i = 0; i < QS_COUNT(own); i++) {
        if (!qs_streq(in->words[0], own[i].path) || (!s->user && !own[i].early))
            continue;
        *ret_code = own[i].run(s, in, tag, err);
        return true;
    }
    return false;
}

void rtr_session_handle(struct rtr_session *s, const struct rtr_sentence *in)
{
    const char *tag = tag_of(in);
    struct qs_err err = QS_ERR_INIT;
    enum qs_code code = QS_OK;

    if (s->closing)
        return;
    if (!run_own(s, in, tag, &code, &err)) {
        if (!s->user) {
            rtr_fatal(s, "not logged in");
            return;
        }
        code = run_menu(s, in, tag, &err);
    }
    if (code)
        reply_trap(s, &err, tag);
}
