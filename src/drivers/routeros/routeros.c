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
#include "base/id.h"
#include "base/str.h"

#define PASSWORD_CHARS 40

struct qs_session {
    struct qs_target t; /* texts owned */
    struct ros_conn *conn;
    bool safe;       /* this connection is in safe mode */
    size_t actions;  /* what safe mode has to remember */
};

static void close_session(struct qs_session *s)
{
    if (!s)
        return;
    ros_close(s->conn);
    free((void *)(uintptr_t)s->t.name);
    free((void *)(uintptr_t)s->t.address);
    free((void *)(uintptr_t)s->t.user);
    free((void *)(uintptr_t)s->t.password);
    free((void *)(uintptr_t)s->t.pin);
    free(s);
}
QS_DEFINE_AUTO(session, struct qs_session *, close_session)

static char *copy_or_null(const char *s) { return s ? qs_xstrdup(s) : NULL; }

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

/* All menus in one flight, and the router's own facts behind them. */
static enum qs_code read_state(struct qs_session *s, struct ros_state *ret, struct qs_val **ret_resource,
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
    qs_auto(ros_state) struct ros_state state = {.items = NULL};
    qs_auto(val) struct qs_val *resource = NULL;

    if (read_state(s, &state, &resource, err))
        return qs_err_wrap(err, "router '%s'", s->t.name);
    *ret = (struct qs_observation){
        .have = state.have,
        .revision = qs_xstrdup(state.revision),
        .facts = read_facts(resource),
        .foreign = state.foreign,
    };
    state.have = (struct qs_resources){.items = NULL};
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

static bool is_removal(const struct qs_change *c)
{
    return c->action == QS_DELETE && !(c->type->flags & (QS_TYPE_FIXED | QS_TYPE_SINGLETON));
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
        if (!is_removal(&cs->items[i]))
            render_there(&cs->items[i], list);
    for (size_t i = 0; i < cs->count; i++) {
        const struct qs_change *c = &cs->items[i];
        qs_auto(str) char *row = qs_xasprintf("[%s]", c->name);

        if (is_removal(c))
            say(list, ros_remove(ros_menu_of(c->type->name), row));
    }
}

/* ---- apply ---- */

static enum qs_code too_many(size_t actions, struct qs_err *err)
{
    (void)qs_err_set(err, QS_LIMIT, 0, "the plan takes %zu actions or more, and safe mode undoes at most %u", actions,
                     ROS_SAFE_ACTIONS);
    return qs_err_hint(err, "Declare the rows in smaller steps and apply each.");
}

/* One sentence that changes `rows` rows. */
static enum qs_code run(struct qs_session *s, struct qs_val *words, size_t rows, struct qs_err *err)
{
    qs_auto(val) struct qs_val *own = words;

    s->actions += rows;
    if (s->actions > ROS_SAFE_ACTIONS)
        return too_many(s->actions, err);
    return ros_call(s->conn, own, NULL, err);
}

static enum qs_code run_path(struct qs_session *s, const char *path, struct qs_err *err)
{
    qs_auto(val) struct qs_val *words = qs_val_list();

    qs_val_add(words, qs_val_str(path));
    return ros_call(s->conn, words, NULL, err);
}

static enum qs_code row_missing(const struct qs_change *c, struct qs_err *err)
{
    return qs_err_set(err, QS_CONFLICT, 0, "%s '%s' is not on the router", c->type->name, c->name);
}

/* A new one takes its place right before the old one, which then goes: the table is never without it. */
static enum qs_code recreate(struct qs_session *s, const struct ros_state *state, const struct qs_change *c,
                             struct qs_err *err)
{
    const struct ros_menu *menu = ros_menu_of(c->type->name);
    const char *id = ros_state_id(state, c->type->name, c->name);
    enum qs_code code;

    if (!id)
        return row_missing(c, err);
    code = run(s, ros_add(c, menu->flags & ROS_ORDERED ? id : NULL, NULL), 1, err);
    return code ? code : run(s, ros_remove(menu, id), 1, err);
}

static enum qs_code add_or_set(struct qs_session *s, const struct ros_state *state, const struct qs_change *c,
                               struct qs_err *err)
{
    const char *id = ros_state_id(state, c->type->name, c->name);
    char password[PASSWORD_CHARS + 1];

    if (c->action == QS_MOVE)
        return QS_OK; /* with the whole table, once all its rows are there */
    if (c->action == QS_RECREATE)
        return recreate(s, state, c, err);
    if (c->action == QS_CREATE && !(c->type->flags & QS_TYPE_FIXED)) {
        qs_random_word(password, PASSWORD_CHARS); /* nobody's, until an operator sets one */
        return run(s, ros_add(c, NULL, password), 1, err);
    }
    if (!id)
        return row_missing(c, err);
    return run(s, ros_set(c, id), 1, err);
}

static bool needs_order(const struct qs_changes *cs, const struct qs_type *type)
{
    for (size_t i = 0; i < cs->count; i++)
        if (cs->items[i].type == type && cs->items[i].action != QS_DELETE && cs->items[i].action != QS_UPDATE)
            return true;
    return false;
}

/* The ids of the wanted rows of one ordered type: as the router has them, and as they shall be. */
struct order {
    const char **have, **want, **ids, **before;
    size_t count;
};

static void order_done(struct order *o)
{
    free(o->have);
    free(o->want);
    free(o->ids);
    free(o->before);
}

static struct order order_new(const struct ros_state *state, const struct qs_type *type,
                              const struct qs_resources *want)
{
    struct order o = {.count = 0};
    size_t n = 0, present = 0;

    for (size_t i = 0; i < want->count; i++)
        n += qs_streq(want->items[i].type, type->name);
    o.have = qs_xgrow(NULL, 0, n + 1, sizeof(*o.have));
    o.want = qs_xgrow(NULL, 0, n + 1, sizeof(*o.want));
    o.ids = qs_xgrow(NULL, 0, n + 1, sizeof(*o.ids));
    o.before = qs_xgrow(NULL, 0, n + 1, sizeof(*o.before));
    for (size_t i = 0; i < want->count; i++) {
        const char *id = qs_streq(want->items[i].type, type->name)
                             ? ros_state_id(state, type->name, want->items[i].name) : NULL;

        if (id)
            o.want[o.count++] = id;
    }
    for (size_t i = 0; i < state->count && present < o.count; i++)
        if (qs_streq(state->items[i].menu->type, type->name) &&
            qs_resources_find(want, type->name, state->items[i].name))
            o.have[present++] = state->items[i].id;
    o.count = present;
    return o;
}

static enum qs_code put_in_order(struct qs_session *s, const struct ros_state *state, const struct qs_type *type,
                                 const struct qs_resources *want, struct qs_err *err)
{
    struct order o = order_new(state, type, want);
    size_t moves = ros_plan_moves(o.have, o.want, o.count, o.ids, o.before);
    enum qs_code code = QS_OK;

    for (size_t i = 0; i < moves && !code; i++)
        code = run(s, ros_move(ros_menu_of(type->name), o.ids[i], o.before[i]), 1, err);
    order_done(&o);
    return code;
}

/* Places are worked out against a fresh read: only the router knows the ids of rows just added. */
static enum qs_code order_tables(struct qs_session *s, const struct qs_changes *cs, const struct qs_resources *want,
                                 struct qs_err *err)
{
    qs_auto(ros_state) struct ros_state state = {.items = NULL};
    qs_auto(val) struct qs_val *resource = NULL;
    bool any = false;
    enum qs_code code = QS_OK;

    for (const struct qs_type *type = ros_types; type->name && !code; type++) {
        if (!(type->flags & QS_TYPE_ORDERED) || !needs_order(cs, type))
            continue;
        if (!any)
            code = read_state(s, &state, &resource, err);
        any = true;
        if (!code)
            code = put_in_order(s, &state, type, want, err);
    }
    return code;
}

/* One sentence a menu, ids with commas. */
static enum qs_code remove_rows(struct qs_session *s, const struct ros_state *state, const struct qs_changes *cs,
                                struct qs_err *err)
{
    enum qs_code code = QS_OK;

    for (const struct ros_menu *menu = ros_menus; menu->type && !code; menu++) {
        qs_auto(buf) struct qs_buf ids = QS_BUF(ROS_WORD_MAX);
        size_t rows = 0;

        for (size_t i = 0; i < cs->count; i++) {
            const struct qs_change *c = &cs->items[i];
            const char *id = ros_state_id(state, menu->type, c->name);

            if (is_removal(c) && qs_streq(c->type->name, menu->type) && id)
                qs_buf_printf(&ids, "%s%s", rows++ ? "," : "", id);
        }
        if (rows)
            code = run(s, ros_remove(menu, qs_buf_text(&ids)), rows, err);
    }
    return code;
}

static enum qs_code verify(struct qs_session *s, const struct qs_resources *want, struct qs_err *err)
{
    qs_auto(ros_state) struct ros_state state = {.items = NULL};
    qs_auto(val) struct qs_val *resource = NULL;
    struct qs_changes left = {.items = NULL};
    enum qs_code code = read_state(s, &state, &resource, err);

    if (code)
        return code;
    qs_diff(ros_types, &state.have, want, &left);
    if (left.count)
        code = qs_err_set(err, QS_PROTO, 0, "after the change the router differs from the plan in %zu places, first "
                          "in %s '%s'", left.count, left.items[0].type->name, left.items[0].name);
    qs_changes_done(&left);
    return code;
}

static enum qs_code change_all(struct qs_session *s, const struct ros_state *state, const struct qs_changes *cs,
                               const struct qs_resources *want, struct qs_err *err)
{
    enum qs_code code = QS_OK;

    for (size_t i = 0; i < cs->count && !code; i++) {
        if (is_removal(&cs->items[i]))
            continue;
        code = add_or_set(s, state, &cs->items[i], err);
        if (code)
            return qs_err_wrap(err, "%s '%s'", cs->items[i].type->name, cs->items[i].name);
    }
    code = order_tables(s, cs, want, err);
    if (!code)
        code = remove_rows(s, state, cs, err);
    return code ? code : verify(s, want, err);
}

/* "7.18.2 (stable)" */
static bool has_safe_mode(const char *version)
{
    qs_auto(str) char *copy = qs_xstrdup(version);
    char *rest = copy, *major = strsep(&rest, ".");
    uint32_t a = 0, b = 0;

    if (!rest)
        return false;
    rest[strspn(rest, "0123456789")] = '\0';
    return qs_parse_u32(major, 0, 1000, &a) && qs_parse_u32(rest, 0, 1000, &b) && (a > 7 || (a == 7 && b >= 18));
}

static enum qs_code check_ability(struct qs_session *s, const struct qs_changes *cs, struct qs_err *err)
{
    qs_auto(val) struct qs_val *words = qs_val_list(), *reply = NULL;
    const char *version;
    enum qs_code code;

    qs_val_add(words, qs_val_str("/system/resource/print"));
    code = ros_call(s->conn, words, &reply, err);
    if (code)
        return code;
    version = qs_val_get_str(qs_val_at(qs_val_get(reply, "rows"), 0), "version", "");
    if (!has_safe_mode(version)) {
        (void)qs_err_set(err, QS_UNSUPPORTED, 0, "RouterOS '%s' has no safe mode over the API", version);
        return qs_err_hint(err, "Upgrade the router to 7.18 or later: qs changes nothing that it could not undo.");
    }
    return cs->count > ROS_SAFE_ACTIONS ? too_many(cs->count, err) : QS_OK;
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
    *ret = (struct qs_ip){.family = ip.family};
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
        code = check_ability(s, cs, err);
    if (!code)
        code = run_path(s, "/safe-mode/take", err);
    if (code)
        return code;
    s->actions = 0;
    s->safe = true; /* from here on somebody else's change would be undone with ours: so compare only now */
    code = read_state(s, ret, &resource, err);
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
    qs_auto(ros_state) struct ros_state state = {.items = NULL};
    enum qs_code code;

    (void)op; /* safe mode has no name: it is known by its connection */
    if (!cs->count)
        return QS_OK;
    code = need_connection(s, err);
    if (!code)
        code = prepare(s, base, cs, want, &state, err);
    if (!code)
        code = change_all(s, &state, cs, want, err);
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
