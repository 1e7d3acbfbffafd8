/* drivers/eos: changes → configuration lines. */
#include "drivers/eos/eos_int.h"

#include "base/alloc.h"
#include "base/str.h"

#define INDENT "   "
/* A crypt form that no password has: the account cannot be entered by password until an operator sets one. */
#define LOCKED_SECRET                             \
    "sha512 $6$qs.locked$"                        \
    "..........................................." \
    "..........................................."

/* The value as it stands in a line; an absent one is its default. New text. */
static char *value_text(const struct qs_type *type, const struct qs_val *attrs, const char *name)
{
    const struct qs_val *v = qs_val_get(attrs, name);
    const struct qs_attr *a = qs_attr_find(type, name);

    if (!v || v->type == QS_NULL)
        return qs_xstrdup(a && a->otherwise ? a->otherwise : "");
    if (v->type == QS_INT)
        return qs_xasprintf("%lld", (long long)v->u.i);
    if (v->type == QS_BOOL)
        return qs_xstrdup(v->u.b ? "true" : "false");
    return qs_xstrdup(qs_val_string(v, ""));
}

struct block_out {
    const struct eos_render *r;
    const struct qs_change *c;
    const struct eos_block *block;
    struct qs_val *lines; /* of this block, before its head */
};

static void put(struct block_out *o, const char *head, const char *rest)
{
    qs_val_add(o->lines, qs_val_strf("%s%s%s", *o->block->head ? INDENT : "", head, rest));
}

static bool has_item(const struct qs_val *list, const char *item)
{
    for (size_t i = 0; i < qs_val_count(list); i++)
        if (qs_streq(qs_val_string(qs_val_at(list, i), NULL), item))
            return true;
    return false;
}

/* One line for each item of `list` that `other` lacks. */
static void put_items(struct block_out *o, const char *head, const struct qs_val *list, const struct qs_val *other)
{
    for (size_t i = 0; i < qs_val_count(list); i++) {
        const char *item = qs_val_string(qs_val_at(list, i), "");

        if (!has_item(other, item))
            put(o, head, item);
    }
}

static bool v4_differs(const struct qs_change *c)
{
    return qs_change_touches(c, "ipv4") || qs_change_touches(c, "ipv4_secondary");
}

static void put_v4(struct block_out *o, const struct eos_line *row)
{
    qs_auto(str) char *primary = value_text(o->c->type, o->c->after, "ipv4");
    const struct qs_val *more = qs_val_get(o->c->after, "ipv4_secondary");

    if (!v4_differs(o->c))
        return;
    if (*primary)
        put(o, row->on, primary);
    for (size_t i = 0; i < qs_val_count(more); i++) {
        qs_auto(str) char *line = qs_xasprintf("%s secondary", qs_val_string(qs_val_at(more, i), ""));

        put(o, row->on, line);
    }
}

static void put_mode(struct block_out *o)
{
    qs_auto(str) char *before = value_text(o->c->type, o->c->before, "mode");
    qs_auto(str) char *after = value_text(o->c->type, o->c->after, "mode");

    if (qs_streq(before, after))
        return;
    if (qs_streq(after, "routed")) {
        put(o, "no switchport", "");
        return;
    }
    if (qs_streq(before, "routed"))
        put(o, "switchport", "");
    put(o, "switchport mode ", after);
}

static void put_value(struct block_out *o, const struct eos_line *row)
{
    const struct qs_attr *attr = qs_attr_find(o->c->type, row->attr);
    qs_auto(str) char *before = value_text(o->c->type, o->c->before, row->attr);
    qs_auto(str) char *after = value_text(o->c->type, o->c->after, row->attr);

    if (qs_streq(before, after))
        return;
    if (row->kind == EOS_BOOL)
        put(o, qs_streq(after, "true") ? row->on : row->off, "");
    else if (attr->otherwise && qs_streq(after, attr->otherwise))
        put(o, row->off, "");
    else
        put(o, row->on, after);
}

static void put_row(struct block_out *o, const struct eos_line *row)
{
    switch (row->kind) {
    case EOS_MODE:
        put_mode(o);
        break;
    case EOS_V4:
        put_v4(o, row);
        break;
    case EOS_ITEM: /* gone before come: a new address may overlap an old one */
        if (!row->address || !*o->block->head)
            put_items(o, row->off, qs_val_get(o->c->before, row->attr), qs_val_get(o->c->after, row->attr));
        put_items(o, row->on, qs_val_get(o->c->after, row->attr), qs_val_get(o->c->before, row->attr));
        break;
    case EOS_OLDER:
        break;
    case EOS_TEXT:
    case EOS_INT:
    case EOS_BOOL:
        put_value(o, row);
        break;
    }
}

/* "interface Vlan10" for svi 'Vlan10', "vlan 10" for vlan '10'; a singleton's block is its head alone. */
static char *head_of(const struct eos_block *block, const struct qs_change *c)
{
    return qs_xasprintf("%s%s", block->head, c->type->flags & QS_TYPE_SINGLETON ? "" : c->name);
}

static void flush(struct block_out *o, bool even_empty)
{
    qs_auto(str) char *head = head_of(o->block, o->c);
    bool top = !*o->block->head;

    if (o->lines->count || even_empty) {
        if (!top)
            qs_val_add(o->r->list, qs_val_str(head));
        for (size_t i = 0; i < qs_val_count(o->lines); i++)
            qs_val_add(o->r->list, qs_val_copy(qs_val_at(o->lines, i)));
        if (!top)
            qs_val_add(o->r->list, qs_val_str(INDENT "exit"));
    }
    qs_val_free(o->lines);
    o->lines = NULL;
}

static void render_block(const struct eos_render *r, const struct qs_change *c, const struct eos_block *block)
{
    struct block_out o = { .r = r, .c = c, .block = block, .lines = qs_val_list() };

    for (const struct eos_line *row = block->lines; row->attr; row++)
        put_row(&o, row);
    flush(&o, c->action == QS_CREATE || c->action == QS_RECREATE);
}

/* Addresses leave every interface before any arrives: the switch refuses an overlap, even a passing one. */
static void render_leaving(const struct eos_render *r, const struct qs_change *c)
{
    const struct eos_block *block = eos_block_of(c->type->name);
    struct block_out o = { .r = r, .c = c, .block = block };
    qs_auto(str) char *had = NULL;

    if (!c->before || !block || !*block->head || !qs_attr_find(c->type, "ipv4"))
        return;
    if (!(c->type->flags & QS_TYPE_FIXED) && !c->after)
        return; /* leaves with its interface */
    o.lines = qs_val_list();
    had = value_text(c->type, c->before, "ipv4");
    if (v4_differs(c) && (*had || qs_val_count(qs_val_get(c->before, "ipv4_secondary"))))
        put(&o, "no ip address", "");
    put_items(&o, "no ipv6 address ", qs_val_get(c->before, "ipv6"), qs_val_get(c->after, "ipv6"));
    flush(&o, false);
}

static const char *stored_secret(const struct qs_resources *rs, const char *user)
{
    const struct qs_resource *r = rs ? qs_resources_find(rs, "user", user) : NULL;

    return r ? qs_val_get_str(r->attrs, "secret", NULL) : NULL;
}

/* The secret to send: the wanted one, else the one that the switch stores, else none that opens. Never the one in the
 * change, which may come from a saved plan. */
static const char *secret_of(const struct eos_render *r, const struct qs_change *c)
{
    const char *wanted = stored_secret(r->want, c->name), *stored = stored_secret(r->have, c->name);

    if (!r->reveal)
        return "secret (secret)";
    return wanted ? wanted : stored ? stored : LOCKED_SECRET;
}

static void render_user(const struct eos_render *r, const struct qs_change *c)
{
    const char *secret = secret_of(r, c);
    qs_auto(str) char *role = value_text(c->type, c->after, "role");
    int64_t level = qs_val_get_int(c->after, "privilege", qs_val_get_int(c->before, "privilege", -1));
    qs_auto(str) char *privilege = level < 0 ? qs_xstrdup("") : qs_xasprintf(" privilege %lld", (long long)level);
    bool bare = qs_streq(secret, "nopassword") || qs_after(secret, "secret ");

    qs_val_add(r->list,
               qs_val_strf("username %s%s role %s %s%s", c->name, privilege, role, bare ? "" : "secret ", secret));
}

static void render_route(const struct eos_render *r, const struct qs_change *c, bool gone)
{
    const struct qs_val *attrs = gone ? c->before : c->after;
    const char *dest = qs_val_get_str(attrs, "dest", ""), *via = qs_val_get_str(attrs, "via", "");
    const char *label = qs_val_get_str(attrs, "name", "");
    int64_t distance = qs_val_get_int(attrs, "distance", 1);
    qs_auto(buf) struct qs_buf line = QS_BUF(4096);

    qs_buf_printf(&line, "%s%s route %s %s", gone ? "no " : "", strchr(dest, ':') ? "ipv6" : "ip", dest, via);
    if (distance != 1)
        qs_buf_printf(&line, " %lld", (long long)distance);
    if (*label && !gone)
        qs_buf_printf(&line, " name %s", label);
    qs_val_add(r->list, qs_val_str(qs_buf_text(&line)));
}

static void render_gone(const struct eos_render *r, const struct qs_change *c)
{
    const struct eos_block *block = eos_block_of(c->type->name);

    if (qs_streq(c->type->name, "route"))
        render_route(r, c, true);
    else if (qs_streq(c->type->name, "user"))
        qs_val_add(r->list, qs_val_strf("no username %s", c->name));
    else if (c->type->flags & (QS_TYPE_FIXED | QS_TYPE_SINGLETON))
        render_block(r, c, block); /* back to its defaults, line by line */
    else
        qs_val_add(r->list, qs_val_strf("no %s%s", block->head, c->name));
}

static void render_there(const struct eos_render *r, const struct qs_change *c)
{
    const struct eos_block *block = eos_block_of(c->type->name);

    if (qs_streq(c->type->name, "user")) {
        render_user(r, c);
    } else if (qs_streq(c->type->name, "route")) {
        if (c->before) /* a route with another distance is another route to the switch */
            render_route(r, c, true);
        render_route(r, c, false);
    } else {
        render_block(r, c, block);
    }
}

void eos_render_changes(const struct eos_render *r, const struct qs_changes *cs)
{
    for (size_t i = 0; i < cs->count; i++)
        render_leaving(r, &cs->items[i]);
    for (size_t i = 0; i < cs->count; i++) {
        const struct qs_change *c = &cs->items[i];

        if (c->action == QS_DELETE)
            render_gone(r, c);
        else
            render_there(r, c);
    }
}

enum qs_code eos_lines_check(const struct qs_val *lines, struct qs_err *err)
{
    for (size_t i = 0; i < qs_val_count(lines); i++)
        for (const char *p = qs_val_string(qs_val_at(lines, i), ""); *p; p++)
            if ((unsigned char)*p < 0x20 || *p == 0x7f)
                return qs_err_set(err, QS_INVALID, 0, "line %zu for the switch holds a control character", i + 1);
    return QS_OK;
}
