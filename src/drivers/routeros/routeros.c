/*
 * drivers/routeros: MikroTik routers. The transaction is the router's safe mode, which since 7.18 the binary API offers
 * and which is bound to the connection: until it is released, the end of the connection, however it comes, undoes
 * everything. Inside it rows are added before others are removed, and the result is read back and compared as a whole.
 */
#include "drivers/routeros/ros_int.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"

static void close_session(struct qs_session *s)
{
    if (!s)
        return;
    ros_close(s->conn);
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
    s->t.port = t->port ? t->port : qs_driver_routeros.port;
    if (ros_dial(&s->t, &s->conn, err))
        return qs_err_wrap(err, "router '%s'", t->name);
    *ret = qs_take_ptr(s);
    return QS_OK;
}

/* ---- observe ---- */

enum qs_code ros_read_state(struct qs_session *s, struct ros_state *ret, struct qs_val **ret_resource,
                            struct qs_err *err)
{
    qs_auto(val) struct qs_val *prints = ros_state_prints(), *replies = NULL;
    size_t menus = qs_val_count(prints);
    enum qs_code code;

    qs_val_add(qs_val_add(prints, qs_val_list()), qs_val_str("/system/resource/print"));
    code = ros_call_all(s->conn, prints, &replies, err);
    if (!code)
        code = ros_state_read(replies, ret, err);
    if (!code)
        *ret_resource = qs_val_copy(qs_val_at(qs_val_get(qs_val_at(replies, menus), "rows"), 0));
    return code;
}

static struct qs_val *read_facts(const struct qs_val *resource)
{
    struct qs_val *facts = qs_val_map();

    qs_val_set_str(facts, "model", qs_val_get_str(resource, "board-name", NULL));
    qs_val_set_str(facts, "version", qs_val_get_str(resource, "version", NULL));
    qs_val_set_str(facts, "architecture", qs_val_get_str(resource, "architecture-name", NULL));
    qs_val_set_str(facts, "uptime", qs_val_get_str(resource, "uptime", NULL));
    return facts;
}

static enum qs_code observe(struct qs_session *s, struct qs_observation *ret, struct qs_err *err)
{
    qs_auto(ros_state) struct ros_state state = { .items = NULL };
    qs_auto(val) struct qs_val *resource = NULL;

    if (ros_read_state(s, &state, &resource, err))
        return qs_err_wrap(err, "router '%s'", s->t.name);
    *ret = (struct qs_observation){
        .have = state.have,
        .revision = qs_xstrdup(state.revision),
        .facts = read_facts(resource),
        .foreign = state.foreign,
    };
    state.have = (struct qs_resources){ .items = NULL };
    state.foreign = NULL;
    return QS_OK;
}

/* ---- render ---- */

static void say(struct qs_val *list, struct qs_val *words)
{
    qs_auto(str) char *text = ros_sentence_text(words);

    qs_val_add(list, qs_val_str(text));
    qs_val_free(words);
}

static void say_again(const struct qs_change *c, const char *row, struct qs_val *list)
{
    say(list, ros_add(c, row, NULL));
    say(list, ros_remove(ros_menu_of(c->type->name), row));
}

static void render_there(const struct qs_change *c, struct qs_val *list)
{
    const struct ros_menu *menu = ros_menu_of(c->type->name);
    qs_auto(str) char *row = qs_xasprintf("[%s]", c->name);
    qs_auto(str) char *follows = c->follows ? qs_xasprintf("[after %s]", c->follows) : qs_xstrdup("[first]");

    if (c->action == QS_CREATE && !(c->type->flags & QS_TYPE_FIXED))
        say(list, ros_add(c, NULL, NULL));
    else if (c->action == QS_RECREATE)
        say_again(c, row, list);
    else if (c->action == QS_MOVE)
        say(list, ros_move(menu, row, follows));
    else
        say(list, ros_set(c, NULL));
}

static void render(const struct qs_changes *cs, const struct qs_resources *want, struct qs_val *list)
{
    (void)want; /* places are worked out against the rows that the router then has */
    for (size_t i = 0; i < cs->count; i++)
        if (!ros_is_removal(&cs->items[i]))
            render_there(&cs->items[i], list);
    for (size_t i = 0; i < cs->count; i++) {
        const struct qs_change *c = &cs->items[i];
        qs_auto(str) char *row = qs_xasprintf("[%s]", c->name);

        if (ros_is_removal(c))
            say(list, ros_remove(ros_menu_of(c->type->name), row));
    }
}

/* ---- apply ---- */

static enum qs_code run_path(struct qs_session *s, const char *path, struct qs_err *err)
{
    qs_auto(val) struct qs_val *words = qs_val_list();

    qs_val_add(words, qs_val_str(path));
    return ros_call(s->conn, words, NULL, err);
}

/* Our address as the router sees it when nothing translates in between: the one that a packet to it would carry. */
static bool local_address(const struct qs_target *t, struct qs_ip *ret)
{
    struct sockaddr_storage to, own;
    socklen_t len = sizeof(own);
    struct qs_ip ip;
    qs_auto(fd) int fd = -1;

    if (!qs_ip_parse(t->address, &ip))
        return false;
    fd = socket(ip.family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, qs_ip_sockaddr(&ip, t->port, &to)) ||
        getsockname(fd, (struct sockaddr *)&own, &len))
        return false;
    *ret = (struct qs_ip){ .family = ip.family };
    if (ip.family == 4)
        memcpy(ret->bytes, &((struct sockaddr_in *)&own)->sin_addr, 4);
    else
        memcpy(ret->bytes, &((struct sockaddr_in6 *)&own)->sin6_addr, 16);
    return true;
}

static enum qs_code prepare(struct qs_session *s, const struct qs_observation *base, const struct qs_changes *cs,
                            const struct qs_resources *want, struct ros_state *ret, struct qs_err *err)
{
    qs_auto(val) struct qs_val *resource = NULL;
    struct qs_ip local;
    bool known = local_address(&s->t, &local);
    enum qs_code code = ros_guard(&s->t, known ? &local : NULL, &base->have, want, err);

    if (!code)
        code = ros_check_ability(s, cs, err);
    if (!code)
        code = run_path(s, "/safe-mode/take", err);
    if (code)
        return code;
    s->actions = 0;
    s->safe = true; /* from here on somebody else's change would be undone with ours: so compare only now */
    code = ros_read_state(s, ret, &resource, err);
    if (!code && !qs_streq(ret->revision, base->revision))
        code = qs_err_set(err, QS_CONFLICT, 0, "the configuration changed since it was observed");
    return code;
}

/* Undone by the router itself when it cannot be told: the connection ends safe mode. */
static void undo(struct qs_session *s)
{
    struct qs_err ignored = QS_ERR_INIT;

    if (s->safe && run_path(s, "/safe-mode/unroll", &ignored)) {
        ros_close(s->conn);
        s->conn = NULL;
    }
    s->safe = false;
}

static enum qs_code need_connection(struct qs_session *s, struct qs_err *err)
{
    return s->conn ? QS_OK : ros_dial(&s->t, &s->conn, err);
}

static enum qs_code apply(struct qs_session *s, const char *op, const struct qs_observation *base,
                          const struct qs_changes *cs, const struct qs_resources *want, struct qs_err *err)
{
    qs_auto(ros_state) struct ros_state state = { .items = NULL };
    enum qs_code code;

    (void)op; /* safe mode has no name: it is known by its connection */
    if (!cs->count)
        return QS_OK;
    code = need_connection(s, err);
    if (!code)
        code = prepare(s, base, cs, want, &state, err);
    if (!code)
        code = ros_change_all(s, &state, cs, want, err);
    if (code) {
        undo(s);
        return qs_err_wrap(err, "router '%s'", s->t.name);
    }
    return QS_OK;
}

/* ---- confirm and revert ---- */

static enum qs_code confirm(struct qs_session *s, const char *op, struct qs_err *err)
{
    (void)op;
    if (!s->safe)
        return QS_OK; /* nothing was changed, or it is confirmed */
    if (run_path(s, "/safe-mode/release", err))
        return qs_err_wrap(err, "router '%s'", s->t.name);
    s->safe = false;
    return QS_OK;
}

/* What another connection of ours left unconfirmed, the router undid when that connection ended. */
static enum qs_code revert(struct qs_session *s, struct qs_err *err)
{
    undo(s);
    if (need_connection(s, err))
        return qs_err_wrap(err, "router '%s'", s->t.name);
    return QS_OK;
}

const struct qs_driver qs_driver_routeros = {
    .abi = QS_DRIVER_ABI,
    .name = "routeros",
    .summary = "MikroTik RouterOS v7 over the binary API in TLS, in safe mode",
    .port = 8729,
    .types = ros_types,
    .open = open_session,
    .observe = observe,
    .render = render,
    .apply = apply,
    .confirm = confirm,
    .revert = revert,
    .close = close_session,
};
