/* drivers/routeros: the changes of a plan, made one by one inside safe mode and then compared with what is wanted. */
#include "drivers/routeros/ros_int.h"

#include "base/alloc.h"
#include "base/id.h"
#include "base/str.h"

#define PASSWORD_CHARS 40

bool ros_is_removal(const struct qs_change *c)
{
    return c->action == QS_DELETE && !(c->type->flags & (QS_TYPE_FIXED | QS_TYPE_SINGLETON));
}

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
    struct order o = { .count = 0 };
    size_t n = 0, present = 0;

    for (size_t i = 0; i < want->count; i++)
        n += qs_streq(want->items[i].type, type->name);
    o.have = qs_xgrow(NULL, 0, n + 1, sizeof(*o.have));
    o.want = qs_xgrow(NULL, 0, n + 1, sizeof(*o.want));
    o.ids = qs_xgrow(NULL, 0, n + 1, sizeof(*o.ids));
    o.before = qs_xgrow(NULL, 0, n + 1, sizeof(*o.before));
    for (size_t i = 0; i < want->count; i++) {
        const char *id = qs_streq(want->items[i].type, type->name)
                             ? ros_state_id(state, type->name, want->items[i].name)
                             : NULL;

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
    qs_auto(ros_state) struct ros_state state = { .items = NULL };
    qs_auto(val) struct qs_val *resource = NULL;
    bool any = false;
    enum qs_code code = QS_OK;

    for (const struct qs_type *type = ros_types; type->name && !code; type++) {
        if (!(type->flags & QS_TYPE_ORDERED) || !needs_order(cs, type))
            continue;
        if (!any)
            code = ros_read_state(s, &state, &resource, err);
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

            if (ros_is_removal(c) && qs_streq(c->type->name, menu->type) && id)
                qs_buf_printf(&ids, "%s%s", rows++ ? "," : "", id);
        }
        if (rows)
            code = run(s, ros_remove(menu, qs_buf_text(&ids)), rows, err);
    }
    return code;
}

static enum qs_code verify(struct qs_session *s, const struct qs_resources *want, struct qs_err *err)
{
    qs_auto(ros_state) struct ros_state state = { .items = NULL };
    qs_auto(val) struct qs_val *resource = NULL;
    struct qs_changes left = { .items = NULL };
    enum qs_code code = ros_read_state(s, &state, &resource, err);

    if (code)
        return code;
    qs_diff(ros_types, &state.have, want, &left);
    if (left.count)
        code = qs_err_set(err, QS_PROTO, 0,
                          "after the change the router differs from the plan in %zu places, first "
                          "in %s '%s'",
                          left.count, left.items[0].type->name, left.items[0].name);
    qs_changes_done(&left);
    return code;
}

enum qs_code ros_change_all(struct qs_session *s, const struct ros_state *state, const struct qs_changes *cs,
                            const struct qs_resources *want, struct qs_err *err)
{
    enum qs_code code = QS_OK;

    for (size_t i = 0; i < cs->count && !code; i++) {
        if (ros_is_removal(&cs->items[i]))
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

enum qs_code ros_check_ability(struct qs_session *s, const struct qs_changes *cs, struct qs_err *err)
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
