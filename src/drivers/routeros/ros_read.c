/* drivers/routeros: rows as the router prints them → resources, ids and the revision. */
#include "drivers/routeros/ros_int.h"

#include "base/alloc.h"
#include "base/id.h"
#include "base/str.h"
#include "text/json.h"

struct qs_val *ros_state_prints(void)
{
    struct qs_val *list = qs_val_list();

    for (const struct ros_menu *m = ros_menus; m->type; m++)
        qs_val_add(qs_val_add(list, qs_val_list()), qs_val_strf("%s/print", m->path));
    return list;
}

void ros_state_done(struct ros_state *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->items[i].name);
        free(s->items[i].id);
    }
    free(s->items);
    qs_resources_done(&s->have);
    qs_val_free(s->foreign);
    *s = (struct ros_state){ .items = NULL };
}

const char *ros_state_id(const struct ros_state *s, const char *type, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (qs_streq(s->items[i].menu->type, type) && qs_streq(s->items[i].name, name))
            return s->items[i].id;
    return NULL;
}

/* ---- which rows count ---- */

static bool is_true(const char *text)
{
    return qs_streq(text, "true") || qs_streq(text, "yes");
}

static bool row_is(const struct qs_val *row, const char *key)
{
    return is_true(qs_val_get_str(row, key, ""));
}

/* Rows that the router made by itself, the ones of our own connection among them (/ip/service, since 7.19). */
static bool is_made_by_router(const struct qs_val *row)
{
    return row_is(row, "dynamic") || row_is(row, "builtin") || row_is(row, "link-local") || row_is(row, "connection");
}

/* ---- revision: every static row, whole, without what changes by itself ---- */

static bool is_volatile(const char *key)
{
    static const char *const names[] = {
        ".id",        ".nextid",          "bytes",        "packets",       "running",   "inactive",
        "active",     "invalid",          "immediate-gw", "slave",         "uptime",    "ecmp",
        "actual-mtu", "link-downs",       "hw-offloaded", "creation-time", "dynamic",   "local-address",
        "expired",    "actual-interface", "network",      "static",        "hit-count",
    };
    static const char *const heads[] = { "last-", "rx-", "tx-", "fp-" };

    for (size_t i = 0; i < QS_COUNT(names); i++)
        if (qs_streq(key, names[i]))
            return true;
    for (size_t i = 0; i < QS_COUNT(heads); i++)
        if (qs_after(key, heads[i]))
            return true;
    return false;
}

static void add_to_revision(struct qs_buf *all, const struct ros_menu *menu, const struct qs_val *row)
{
    qs_auto(val) struct qs_val *kept = qs_val_map();

    for (uint32_t i = 0; i < row->count; i++)
        if (!is_volatile(row->u.pairs[i].key))
            qs_val_set(kept, row->u.pairs[i].key, qs_val_copy(row->u.pairs[i].val));
    qs_buf_puts(all, menu->path);
    qs_json_write_canonical(kept, all);
    qs_buf_putc(all, '\n');
}

/* ---- row → attributes ---- */

static void set_words(struct qs_val *attrs, const char *name, const char *text)
{
    qs_auto(str) char *copy = qs_xstrdup(text);
    struct qs_val *list = qs_val_set(attrs, name, qs_val_list());
    char *rest = copy, *word;

    while ((word = strsep(&rest, ",")))
        if (*word)
            qs_val_add(list, qs_val_str(word));
}

static void set_attr(struct qs_val *attrs, const struct qs_attr *a, const char *text)
{
    uint32_t n;

    switch (a->type) {
    case QS_ATTR_BOOL:
        qs_val_set_bool(attrs, a->name, is_true(text));
        break;
    case QS_ATTR_INT:
        if (qs_parse_u32(text, 0, UINT32_MAX, &n))
            qs_val_set_int(attrs, a->name, n);
        break;
    case QS_ATTR_LIST:
    case QS_ATTR_SET:
        set_words(attrs, a->name, text);
        break;
    case QS_ATTR_STRING:
        qs_val_set_str(attrs, a->name, text);
        break;
    }
}

static const struct qs_attr *attr_of_property(const struct qs_type *type, const char *property)
{
    for (const struct qs_attr *a = type->attrs; a->name; a++) {
        qs_auto(str) char *name = ros_property(a->name);

        if (qs_streq(name, property))
            return a;
    }
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

/* What else a firewall row matches: unknown here, but a row that has it is not the row that is wanted. */
static void set_other(struct qs_val *attrs, const struct qs_type *type, const struct qs_val *row)
{
    char **words = NULL;
    size_t count = 0;
    qs_auto(buf) struct qs_buf text = QS_BUF(ROS_WORD_MAX);

    for (uint32_t i = 0; i < row->count; i++) {
        const char *key = row->u.pairs[i].key, *value = qs_val_string(row->u.pairs[i].val, "");

        if (*value && !qs_streq(key, "comment") && !is_volatile(key) && !attr_of_property(type, key))
            *QS_PUSH(words, count) = qs_xasprintf("%s=%s", key, value);
    }
    if (count)
        qsort(words, count, sizeof(*words), by_text);
    for (size_t i = 0; i < count; i++) {
        qs_buf_printf(&text, "%s%s", i ? " " : "", words[i]);
        free(words[i]);
    }
    free(words);
    qs_val_set_str(attrs, "other", qs_buf_text(&text));
}

static void set_attrs(struct qs_val *attrs, const struct qs_type *type, const struct ros_menu *menu,
                      const struct qs_val *row)
{
    for (const struct qs_attr *a = type->attrs; a->name; a++) {
        qs_auto(str) char *property = ros_property(a->name);
        const char *text = qs_val_get_str(row, property, NULL);

        if (text)
            set_attr(attrs, a, text);
    }
    if (menu->flags & ROS_ORDERED)
        set_other(attrs, type, row);
}

/* ---- names ---- */

/* Adds the row's value of "{property}", in its one form. Returns the length of the placeholder. */
static size_t add_key_part(const char *placeholder, const struct qs_type *type, const struct qs_val *row,
                           struct qs_buf *out)
{
    size_t len = strcspn(placeholder, "}");
    qs_auto(str) char *property = qs_xstrndup(placeholder + 1, len - 1), *normal = NULL;
    const struct qs_attr *a = attr_of_property(type, property);
    const char *text = qs_val_get_str(row, property, "");

    normal = a && a->normalise ? a->normalise(text) : qs_xstrdup(text);
    qs_buf_puts(out, normal);
    return len + 1;
}

/* Fills "{address}@{interface}" from the row. */
static char *name_by_key(const struct ros_menu *menu, const struct qs_type *type, const struct qs_val *row)
{
    qs_auto(buf) struct qs_buf out = QS_BUF(ROS_WORD_MAX);

    for (const char *p = menu->key; *p;) {
        if (*p == '{')
            p += add_key_part(p, type, row, &out);
        else
            qs_buf_putc(&out, *p++);
    }
    return qs_buf_take(&out);
}

/* A firewall row is known by its comment. One without gets a name from what it says, the same on every read. */
static char *name_of_rule(const struct qs_val *row)
{
    qs_auto(buf) struct qs_buf all = QS_BUF(ROS_WORD_MAX);
    const char *comment = qs_val_get_str(row, "comment", "");
    char hex[QS_SHA256_TEXT];

    if (*comment)
        return qs_xstrdup(comment);
    add_to_revision(&all, ros_menu_of("filter"), row);
    (void)qs_sha256_hex(qs_buf_text(&all), all.len, hex);
    return qs_xasprintf("~%s %s %.6s", qs_val_get_str(row, "chain", ""), qs_val_get_str(row, "action", ""), hex);
}

static char *unique_name(const struct qs_resources *rs, const char *type, char *name)
{
    char *found = name;

    for (unsigned n = 2; qs_resources_find(rs, type, found); n++) {
        char *next = qs_xasprintf("~%s #%u", name[0] == '~' ? name + 1 : name, n);

        if (found != name)
            free(found);
        found = next;
    }
    if (found != name)
        free(name);
    return found;
}

/* ---- the whole ---- */

static void read_row(struct ros_state *s, const struct ros_menu *menu, const struct qs_type *type,
                     const struct qs_val *row)
{
    char *name = menu->flags & ROS_SINGLE    ? qs_xstrdup(menu->type)
                 : menu->flags & ROS_ORDERED ? name_of_rule(row)
                                             : name_by_key(menu, type, row);
    struct ros_item *item = QS_PUSH(s->items, s->count);

    name = unique_name(&s->have, menu->type, name);
    *item = (struct ros_item){ .menu = menu, .name = name, .id = qs_xstrdup(qs_val_get_str(row, ".id", "")) };
    set_attrs(qs_resources_add(&s->have, menu->type, name), type, menu, row);
}

static void read_menu(struct ros_state *s, const struct ros_menu *menu, const struct qs_val *rows, struct qs_buf *all)
{
    const struct qs_type *type = qs_type_find(ros_types, menu->type);

    for (size_t i = 0; i < qs_val_count(rows); i++) {
        const struct qs_val *row = qs_val_at(rows, i);

        if (is_made_by_router(row))
            continue;
        add_to_revision(all, menu, row);
        if (!(menu->flags & ROS_ETHER_ONLY) || qs_streq(qs_val_get_str(row, "type", ""), "ether"))
            read_row(s, menu, type, row);
        else if (!qs_streq(qs_val_get_str(row, "type", ""), "loopback"))
            qs_val_add(s->foreign, qs_val_strf("%s %s (%s)", menu->path, qs_val_get_str(row, "name", ""),
                                               qs_val_get_str(row, "type", "")));
    }
}

/* A router without IPv6 has no such menus: no rows, until a plan wants some and is refused by the router itself. */
static bool is_missing_menu(const char *trap)
{
    return qs_after(trap, "no such command") != NULL;
}

static enum qs_code read_all(struct ros_state *s, const struct qs_val *replies, struct qs_buf *all, struct qs_err *err)
{
    for (size_t i = 0; ros_menus[i].type; i++) {
        const struct qs_val *reply = qs_val_at(replies, i);
        const char *trap = qs_val_get_str(reply, "trap", NULL);

        if (trap && !is_missing_menu(trap))
            return qs_err_set(err, QS_REFUSED, 0, "the router refused '%s/print': %s", ros_menus[i].path, trap);
        read_menu(s, &ros_menus[i], qs_val_get(reply, "rows"), all);
    }
    return qs_resources_settle(&s->have, ros_types, err);
}

enum qs_code ros_state_read(const struct qs_val *replies, struct ros_state *ret, struct qs_err *err)
{
    qs_auto(ros_state) struct ros_state s = { .foreign = qs_val_list() };
    qs_auto(buf) struct qs_buf all = QS_BUF(ROS_REPLY_MAX);
    enum qs_code code = read_all(&s, replies, &all, err);

    if (!code)
        code = qs_buf_check(&all, "the router's configuration", err);
    if (code)
        return code;
    (void)qs_sha256_hex(qs_buf_text(&all), all.len, s.revision);
    if (!qs_val_count(s.foreign)) {
        qs_val_free(s.foreign);
        s.foreign = NULL;
    }
    *ret = s;
    s = (struct ros_state){ .items = NULL };
    return QS_OK;
}
