#include "converge/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

struct side { /* the resources of one type on one side, in their order */
    const struct qs_resource **items;
    size_t count;
};

/* Changes of one type while they are collected. */
struct work {
    const struct qs_type *type;
    struct side have, want;
    struct qs_changes *deletes, *others;
};

static struct side side_of(const struct qs_resources *rs, const struct qs_type *type)
{
    struct side s = { .items = qs_xzalloc(rs->count * sizeof(const struct qs_resource *)) };

    for (size_t i = 0; i < rs->count; i++)
        if (qs_streq(rs->items[i].type, type->name))
            s.items[s.count++] = &rs->items[i];
    return s;
}

static int by_name(const void *a, const void *b)
{
    const struct qs_resource *const *x = a, *const *y = b;
    int natural = qs_natural_cmp((*x)->name, (*y)->name);

    return natural ? natural : strcmp((*x)->name, (*y)->name);
}

static void sort_side(struct side *s)
{
    if (s->count)
        qsort(s->items, s->count, sizeof(const struct qs_resource *), by_name);
}

static struct side sorted_copy(const struct side *s)
{
    struct side copy = { .items = qs_xzalloc(s->count * sizeof(const struct qs_resource *)), .count = s->count };

    for (size_t i = 0; i < s->count; i++)
        copy.items[i] = s->items[i];
    sort_side(&copy);
    return copy;
}

/* `s` is sorted. */
static const struct qs_resource *lookup(const struct side *s, const struct qs_resource *like)
{
    const struct qs_resource *const *at = NULL;

    if (s->count)
        at = bsearch(&like, s->items, s->count, sizeof(const struct qs_resource *), by_name);
    return at ? *at : NULL;
}

/* ---- what differs ---- */

static bool is_compared(const struct qs_attr *a, const struct qs_val *want)
{
    return !(a->flags & QS_ATTR_STATE) && !((a->flags & QS_ATTR_UNMANAGED) && !qs_val_get(want, a->name));
}

static bool differs(const struct qs_type *type, const struct qs_val *have, const struct qs_val *want, unsigned flags)
{
    for (const struct qs_attr *a = type->attrs; a->name; a++)
        if ((!flags || (a->flags & flags)) && is_compared(a, want) &&
            !qs_val_equal(qs_val_get(have, a->name), qs_val_get(want, a->name)))
            return true;
    return false;
}

/* What the target will hold: the wanted attributes, and of its own those that are not managed. */
static struct qs_val *outcome(const struct qs_type *type, const struct qs_val *have, const struct qs_val *want)
{
    struct qs_val *after = qs_val_map();

    for (const struct qs_attr *a = type->attrs; a->name; a++) {
        const struct qs_val *v = qs_val_get(is_compared(a, want) ? want : have, a->name);

        if (v && !(a->flags & QS_ATTR_STATE))
            (void)qs_val_set(after, a->name, qs_val_copy(v));
    }
    return after;
}

/* A row that exists by itself and that nobody touched. */
static struct qs_val *untouched(const struct qs_type *type)
{
    struct qs_val *attrs = qs_val_map();

    for (const struct qs_attr *a = type->attrs; a->name; a++) {
        struct qs_val *v = a->flags & QS_ATTR_STATE ? NULL : qs_attr_default(a);

        if (v)
            (void)qs_val_set(attrs, a->name, v);
    }
    return attrs;
}

/* A fixed row counts as untouched when every attribute that has a default is at it, and no other is set. */
static bool is_untouched(const struct qs_type *type, const struct qs_val *have)
{
    qs_auto(val) struct qs_val *blank = untouched(type);

    for (const struct qs_attr *a = type->attrs; a->name; a++)
        if (!(a->flags & (QS_ATTR_STATE | QS_ATTR_UNMANAGED | QS_ATTR_REQUIRED)) &&
            !qs_val_equal(qs_val_get(have, a->name), qs_val_get(blank, a->name)))
            return false;
    return true;
}

/* ---- collecting ---- */

static struct qs_change *push(struct qs_changes *cs, enum qs_action action, const struct qs_type *type,
                              const char *name)
{
    struct qs_change *c = QS_PUSH(cs->items, cs->count);

    *c = (struct qs_change){ .action = action, .type = type, .name = qs_xstrdup(name) };
    return c;
}

static void collect_deletes(struct work *w, const struct side *want_sorted)
{
    struct side have = sorted_copy(&w->have);

    for (size_t i = 0; i < have.count; i++) {
        const struct qs_resource *r = have.items[i];

        if (lookup(want_sorted, r) || (w->type->flags & QS_TYPE_SINGLETON) ||
            ((w->type->flags & QS_TYPE_FIXED) && is_untouched(w->type, r->attrs)))
            continue;
        push(w->deletes, QS_DELETE, w->type, r->name)->before = qs_val_copy(r->attrs);
    }
    free(have.items);
}

static void add_missing(struct work *w, const struct qs_resource *want, const char *follows)
{
    bool exists = w->type->flags & (QS_TYPE_FIXED | QS_TYPE_SINGLETON);
    qs_auto(val) struct qs_val *blank = exists ? untouched(w->type) : NULL;
    struct qs_change *c;

    if (exists && !differs(w->type, blank, want->attrs, 0))
        return;
    c = push(w->others, exists ? QS_UPDATE : QS_CREATE, w->type, want->name);
    c->before = qs_take_ptr(blank);
    c->after = outcome(w->type, c->before, want->attrs);
    c->follows = follows ? qs_xstrdup(follows) : NULL;
}

static void add_differing(struct work *w, const struct qs_resource *have, const struct qs_resource *want,
                          const char *follows)
{
    bool again = differs(w->type, have->attrs, want->attrs, QS_ATTR_RECREATE) &&
                 !(w->type->flags & (QS_TYPE_FIXED | QS_TYPE_SINGLETON));
    struct qs_change *c = push(w->others, again ? QS_RECREATE : QS_UPDATE, w->type, want->name);

    c->before = qs_val_copy(have->attrs);
    c->after = outcome(w->type, have->attrs, want->attrs);
    c->follows = follows ? qs_xstrdup(follows) : NULL;
}

static void add_move(struct work *w, const struct qs_resource *have, const struct qs_resource *want,
                     const char *follows)
{
    struct qs_change *c = push(w->others, QS_MOVE, w->type, want->name);

    c->before = qs_val_copy(have->attrs);
    c->after = outcome(w->type, have->attrs, want->attrs);
    c->follows = follows ? qs_xstrdup(follows) : NULL;
}

/* ---- order ---- */

/* Where each wanted row stands on the target now, SIZE_MAX when it is not there (or will be made anew). */
static size_t *positions(const struct work *w)
{
    struct side have = sorted_copy(&w->have);
    size_t *at = qs_xzalloc(w->want.count * sizeof(*at));

    for (size_t i = 0; i < w->want.count; i++) {
        const struct qs_resource *r = lookup(&have, w->want.items[i]);

        at[i] = SIZE_MAX;
        if (!r || differs(w->type, r->attrs, w->want.items[i]->attrs, QS_ATTR_RECREATE))
            continue;
        for (size_t p = 0; p < w->have.count; p++)
            if (w->have.items[p] == r)
                at[i] = p;
    }
    free(have.items);
    return at;
}

/* Marks the rows of a longest rising subsequence: they stay where they are and the others move around them. */
static bool *steady_rows(const size_t *at, size_t count)
{
    size_t *len = qs_xzalloc(count * sizeof(*len)), *from = qs_xzalloc(count * sizeof(*from)), best = SIZE_MAX;
    bool *steady = qs_xzalloc(count * sizeof(*steady));

    for (size_t i = 0; i < count; i++) {
        from[i] = SIZE_MAX;
        len[i] = at[i] == SIZE_MAX ? 0 : 1;
        for (size_t j = 0; len[i] && j < i; j++) {
            if (len[j] && at[j] < at[i] && len[j] + 1 > len[i]) {
                len[i] = len[j] + 1;
                from[i] = j;
            }
        }
        if (len[i] && (best == SIZE_MAX || len[i] > len[best]))
            best = i;
    }
    for (; best != SIZE_MAX; best = from[best])
        steady[best] = true;
    free(len);
    free(from);
    return steady;
}

static void collect_ordered(struct work *w, const struct side *have_sorted)
{
    size_t *at = positions(w);
    bool *steady = steady_rows(at, w->want.count);

    for (size_t i = 0; i < w->want.count; i++) {
        const struct qs_resource *want = w->want.items[i], *have = lookup(have_sorted, want);
        const char *follows = i ? w->want.items[i - 1]->name : NULL;

        if (!have) {
            add_missing(w, want, follows);
            continue;
        }
        if (differs(w->type, have->attrs, want->attrs, 0))
            add_differing(w, have, want, follows);
        if (at[i] != SIZE_MAX && !steady[i])
            add_move(w, have, want, follows);
    }
    free(at);
    free(steady);
}

static void collect_unordered(struct work *w, const struct side *have_sorted, const struct side *want_sorted)
{
    for (size_t i = 0; i < want_sorted->count; i++) {
        const struct qs_resource *want = want_sorted->items[i], *have = lookup(have_sorted, want);

        if (!have)
            add_missing(w, want, NULL);
        else if (differs(w->type, have->attrs, want->attrs, 0))
            add_differing(w, have, want, NULL);
    }
}

static void diff_type(const struct qs_type *type, const struct qs_resources *have, const struct qs_resources *want,
                      struct qs_changes *deletes, struct qs_changes *others)
{
    struct work w = {
        .type = type, .have = side_of(have, type), .want = side_of(want, type), .deletes = deletes, .others = others
    };
    struct side have_sorted = sorted_copy(&w.have), want_sorted = sorted_copy(&w.want);

    collect_deletes(&w, &want_sorted);
    if (type->flags & QS_TYPE_ORDERED)
        collect_ordered(&w, &have_sorted);
    else
        collect_unordered(&w, &have_sorted, &want_sorted);
    free(have_sorted.items);
    free(want_sorted.items);
    free(w.have.items);
    free(w.want.items);
}

static int by_rank(const void *a, const void *b)
{
    const struct qs_type *const *x = a, *const *y = b;

    if ((*x)->rank != (*y)->rank)
        return (*x)->rank < (*y)->rank ? -1 : 1;
    return *x < *y ? -1 : *x > *y; /* rows of one table: its order */
}

/* Takes over the changes of `from`. */
static void append(struct qs_changes *to, struct qs_changes *from)
{
    for (size_t i = 0; i < from->count; i++)
        *QS_PUSH(to->items, to->count) = from->items[i];
    free(from->items);
}

void qs_diff(const struct qs_type *types, const struct qs_resources *have, const struct qs_resources *want,
             struct qs_changes *ret)
{
    size_t count = 0;
    struct qs_changes all = { .count = 0 }, others = { .count = 0 };

    while (types[count].name)
        count++;
    const struct qs_type **order = qs_xzalloc(count * sizeof(const struct qs_type *));
    struct qs_changes *deletes = qs_xzalloc(count * sizeof(*deletes));

    for (size_t i = 0; i < count; i++)
        order[i] = &types[i];
    qsort(order, count, sizeof(const struct qs_type *), by_rank);
    for (size_t i = 0; i < count; i++)
        diff_type(order[i], have, want, &deletes[i], &others);
    for (size_t i = count; i-- > 0;)
        append(&all, &deletes[i]);
    append(&all, &others);
    free(order);
    free(deletes);
    *ret = all;
}

/* ---- reading changes ---- */

bool qs_change_touches(const struct qs_change *c, const char *attr)
{
    const struct qs_attr *a = qs_attr_find(c->type, attr);

    return a && !(a->flags & QS_ATTR_STATE) && !qs_val_equal(qs_val_get(c->before, attr), qs_val_get(c->after, attr));
}

static const struct {
    const char *sign, *name;
} actions[] = {
    [QS_CREATE] = { "+", "create" },       [QS_UPDATE] = { "~", "update" }, [QS_DELETE] = { "-", "delete" },
    [QS_RECREATE] = { "-/+", "recreate" }, [QS_MOVE] = { ">", "move" },
};

const char *qs_action_sign(enum qs_action a)
{
    return actions[a].sign;
}

const char *qs_action_name(enum qs_action a)
{
    return actions[a].name;
}

static bool action_parse(const char *name, enum qs_action *ret)
{
    for (size_t i = 0; i < QS_COUNT(actions); i++) {
        if (qs_streq(actions[i].name, name)) {
            *ret = (enum qs_action)i;
            return true;
        }
    }
    return false;
}

/* ---- as documents ---- */

static void set_shown(struct qs_val *to, const struct qs_change *c, const struct qs_val *attrs, const char *key)
{
    struct qs_val *shown;

    if (!attrs)
        return;
    shown = qs_val_set(to, key, qs_val_map());
    for (const struct qs_attr *a = c->type->attrs; a->name; a++) {
        const struct qs_val *v = qs_val_get(attrs, a->name);

        if (!v || (a->flags & QS_ATTR_STATE))
            continue;
        if (!(a->flags & QS_ATTR_SECRET))
            (void)qs_val_set(shown, a->name, qs_val_copy(v));
        else
            qs_val_set_str(shown, a->name,
                           attrs == c->after && qs_change_touches(c, a->name) ? "(secret, changed)" : "(secret)");
    }
}

struct qs_val *qs_changes_to_val(const struct qs_changes *cs)
{
    struct qs_val *list = qs_val_list();

    for (size_t i = 0; i < cs->count; i++) {
        const struct qs_change *c = &cs->items[i];
        struct qs_val *m = qs_val_add(list, qs_val_map());

        qs_val_set_str(m, "action", qs_action_name(c->action));
        qs_val_set_str(m, "type", c->type->name);
        qs_val_set_str(m, "name", c->name);
        qs_val_set_str(m, "follows", c->follows);
        set_shown(m, c, c->before, "before");
        set_shown(m, c, c->after, "after");
    }
    return list;
}

static enum qs_code change_from_val(const struct qs_val *m, const struct qs_type *types, struct qs_change *c,
                                    struct qs_err *err)
{
    const char *name = qs_val_get_str(m, "name", NULL), *follows = qs_val_get_str(m, "follows", NULL);
    const struct qs_val *before = qs_val_get(m, "before"), *after = qs_val_get(m, "after");

    c->type = qs_type_find(types, qs_val_get_str(m, "type", ""));
    if (!c->type || !name || !action_parse(qs_val_get_str(m, "action", ""), &c->action))
        return qs_err_set(err, QS_INVALID, 0, "a change lacks its action, type or name");
    if ((before && before->type != QS_MAP) || (after && after->type != QS_MAP))
        return qs_err_set(err, QS_INVALID, 0, "%s '%s': before and after must be maps", c->type->name, name);
    c->name = qs_xstrdup(name);
    c->follows = follows ? qs_xstrdup(follows) : NULL;
    c->before = before ? qs_val_copy(before) : NULL;
    c->after = after ? qs_val_copy(after) : NULL;
    return QS_OK;
}

enum qs_code qs_changes_from_val(const struct qs_val *v, const struct qs_type *types, struct qs_changes *ret,
                                 struct qs_err *err)
{
    struct qs_changes cs = { .count = 0 };

    if (!v || v->type != QS_LIST)
        return qs_err_set(err, QS_INVALID, 0, "the changes are not a list");
    for (size_t i = 0; i < qs_val_count(v); i++) {
        if (change_from_val(qs_val_at(v, i), types, QS_PUSH(cs.items, cs.count), err)) {
            qs_changes_done(&cs);
            return err->code;
        }
    }
    *ret = cs;
    return QS_OK;
}

void qs_changes_done(struct qs_changes *cs)
{
    if (!cs)
        return;
    for (size_t i = 0; i < cs->count; i++) {
        free(cs->items[i].name);
        free(cs->items[i].follows);
        qs_val_free(cs->items[i].before);
        qs_val_free(cs->items[i].after);
    }
    free(cs->items);
    *cs = (struct qs_changes){ .count = 0 };
}
