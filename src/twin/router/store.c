#include "twin/router/store.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"

#define STORE_FORMAT "qs.twin-router/1"

static size_t attr_index(const struct rtr_menu *m, const char *name)
{
    size_t i = 0;

    while (m->attrs[i].name && !qs_streq(m->attrs[i].name, name))
        i++;
    assert(m->attrs[i].name);
    return i;
}

struct rtr_row *rtr_row_new(enum rtr_menu_id id)
{
    struct rtr_row *row = qs_xzalloc(sizeof(*row));

    row->menu = rtr_menu(id);
    return row;
}

struct rtr_row *rtr_row_copy(const struct rtr_row *row)
{
    struct rtr_row *copy = qs_xzalloc(sizeof(*copy));

    *copy = *row;
    for (size_t i = 0; i < RTR_ATTRS_MAX; i++)
        copy->values[i] = row->values[i] ? qs_xstrdup(row->values[i]) : NULL;
    return copy;
}

void rtr_row_free(struct rtr_row *row)
{
    if (!row)
        return;
    for (size_t i = 0; i < RTR_ATTRS_MAX; i++)
        free(row->values[i]);
    free(row);
}

const char *rtr_value(const struct rtr_row *row, const char *name)
{
    size_t i = attr_index(row->menu, name);

    return row->values[i] ? row->values[i] : row->menu->attrs[i].def;
}

bool rtr_is(const struct rtr_row *row, const char *name, const char *value)
{
    return qs_streq(rtr_value(row, name), value);
}

void rtr_put(struct rtr_row *row, const char *name, const char *value)
{
    size_t i = attr_index(row->menu, name);
    char *copy = value ? qs_xstrdup(value) : NULL;

    free(row->values[i]);
    row->values[i] = copy;
}

void rtr_store_done(struct rtr_store *s)
{
    for (size_t m = 0; m < RTR_MENU_MAX; m++) {
        for (size_t i = 0; i < s->tables[m].count; i++)
            rtr_row_free(s->tables[m].rows[i]);
        free(s->tables[m].rows);
    }
    *s = (struct rtr_store){ 0 };
}

struct rtr_store rtr_store_copy(const struct rtr_store *s)
{
    struct rtr_store copy = { 0 };

    for (size_t m = 0; m < RTR_MENU_MAX; m++) {
        const struct rtr_table *from = &s->tables[m];
        struct rtr_table *to = &copy.tables[m];

        to->next = from->next;
        for (size_t i = 0; i < from->count; i++)
            *QS_PUSH(to->rows, to->count) = rtr_row_copy(from->rows[i]);
    }
    return copy;
}

void rtr_store_restore(struct rtr_store *s, const struct rtr_store *from)
{
    struct rtr_store copy = rtr_store_copy(from);

    for (size_t m = 0; m < RTR_MENU_MAX; m++)
        if (s->tables[m].next > copy.tables[m].next)
            copy.tables[m].next = s->tables[m].next;
    rtr_store_done(s);
    *s = copy;
}

static struct rtr_table *table_of(struct rtr_store *s, const struct rtr_row *row)
{
    return &s->tables[row->menu->rows];
}

/* The row at `from` comes to stand at `to`. */
static void shift(struct rtr_table *t, size_t from, size_t to)
{
    struct rtr_row *row = t->rows[from];

    if (from < to)
        memmove(&t->rows[from], &t->rows[from + 1], (to - from) * sizeof(struct rtr_row *));
    else
        memmove(&t->rows[to + 1], &t->rows[to], (from - to) * sizeof(struct rtr_row *));
    t->rows[to] = row;
}

void rtr_store_insert(struct rtr_store *s, struct rtr_row *row, size_t before)
{
    struct rtr_table *t = table_of(s, row);

    row->id = row->menu->id_base + ++t->next;
    *QS_PUSH(t->rows, t->count) = row;
    if (before < t->count - 1)
        shift(t, t->count - 1, before);
}

void rtr_store_remove(struct rtr_store *s, enum rtr_menu_id id, size_t at)
{
    struct rtr_table *t = &s->tables[id];

    shift(t, at, t->count - 1);
    rtr_row_free(t->rows[--t->count]);
    t->rows[t->count] = NULL;
}

void rtr_store_replace(struct rtr_store *s, size_t at, struct rtr_row *row)
{
    struct rtr_table *t = table_of(s, row);

    row->id = t->rows[at]->id;
    rtr_row_free(t->rows[at]);
    t->rows[at] = row;
}

bool rtr_store_find(const struct rtr_store *s, enum rtr_menu_id id, uint32_t row_id, size_t *ret_at)
{
    const struct rtr_table *t = &s->tables[id];

    for (size_t i = 0; i < t->count; i++)
        if (t->rows[i]->id == row_id) {
            *ret_at = i;
            return true;
        }
    return false;
}

const struct rtr_row *rtr_store_by(const struct rtr_store *s, enum rtr_menu_id id, const char *name, const char *value)
{
    const struct rtr_table *t = &s->tables[id];

    for (size_t i = 0; i < t->count; i++)
        if (rtr_is(t->rows[i], name, value))
            return t->rows[i];
    return NULL;
}

static bool is_one_of(size_t at, const size_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (from[i] == at)
            return true;
    return false;
}

void rtr_store_move(struct rtr_store *s, enum rtr_menu_id id, const size_t *from, size_t n, size_t to)
{
    struct rtr_table *t = &s->tables[id];
    struct rtr_row **rows = NULL;
    size_t count = 0;

    for (size_t i = 0; i <= t->count; i++) {
        for (size_t k = 0; i == to && k < n; k++)
            *QS_PUSH(rows, count) = t->rows[from[k]];
        if (i < t->count && !is_one_of(i, from, n))
            *QS_PUSH(rows, count) = t->rows[i];
    }
    assert(count == t->count);
    if (count > 0)
        memcpy(t->rows, rows, count * sizeof(struct rtr_row *));
    free(rows);
}

static struct qs_val *row_to_val(const struct rtr_row *row)
{
    struct qs_val *v = qs_val_map(), *values;

    qs_val_set_int(v, "id", row->id);
    values = qs_val_set(v, "values", qs_val_map());
    for (size_t i = 0; row->menu->attrs[i].name; i++)
        qs_val_set_str(values, row->menu->attrs[i].name, row->values[i]);
    return v;
}

struct qs_val *rtr_store_to_val(const struct rtr_store *s)
{
    struct qs_val *v = qs_val_map(), *menus;

    qs_val_set_str(v, "format", STORE_FORMAT);
    menus = qs_val_set(v, "menus", qs_val_map());
    for (enum rtr_menu_id m = 0; m < RTR_MENU_MAX; m++) {
        const struct rtr_table *t = &s->tables[m];
        struct qs_val *menu, *rows;

        if (t->next == 0)
            continue;
        menu = qs_val_set(menus, rtr_menu(m)->path, qs_val_map());
        qs_val_set_int(menu, "next", t->next);
        rows = qs_val_set(menu, "rows", qs_val_list());
        for (size_t i = 0; i < t->count; i++)
            (void)qs_val_add(rows, row_to_val(t->rows[i]));
    }
    return v;
}

static const struct qs_val *map_at(const struct qs_val *v, const char *key)
{
    const struct qs_val *map = qs_val_get(v, key);

    return map && map->type == QS_MAP ? map : NULL;
}

static enum qs_code row_from_val(const struct qs_val *v, enum rtr_menu_id id, struct rtr_store *s, struct qs_err *err)
{
    qs_auto(row) struct rtr_row *row = rtr_row_new(id);
    const struct qs_val *values = map_at(v, "values");
    struct rtr_table *t = &s->tables[id];

    row->id = (uint32_t)qs_val_get_int(v, "id", 0);
    for (size_t i = 0; i < qs_val_count(values); i++) {
        const struct qs_pair *p = &values->u.pairs[i];
        const struct rtr_attr *a = rtr_attr_find(row->menu, p->key);

        if (!a || a->get || p->val->type != QS_STRING)
            return qs_err_set(err, QS_INVALID, 0, "%s has no value '%s'", row->menu->path, p->key);
        rtr_put(row, p->key, p->val->u.s);
    }
    *QS_PUSH(t->rows, t->count) = qs_take_ptr(row);
    return QS_OK;
}

static enum qs_code menus_from_val(const struct qs_val *menus, struct rtr_store *s, struct qs_err *err)
{
    for (size_t i = 0; i < qs_val_count(menus); i++) {
        const struct qs_pair *p = &menus->u.pairs[i];
        const struct rtr_menu *m = rtr_menu_find(p->key, strlen(p->key));
        const struct qs_val *rows = qs_val_get(p->val, "rows");

        if (!m)
            return qs_err_set(err, QS_INVALID, 0, "no menu is called '%s'", p->key);
        s->tables[m->rows].next = (uint32_t)qs_val_get_int(p->val, "next", 0);
        for (size_t k = 0; k < qs_val_count(rows); k++)
            if (row_from_val(qs_val_at(rows, k), m->rows, s, err))
                return err->code;
    }
    return QS_OK;
}

enum qs_code rtr_store_from_val(const struct qs_val *v, struct rtr_store *ret, struct qs_err *err)
{
    struct rtr_store s = { 0 };

    if (!qs_streq(qs_val_get_str(v, "format", ""), STORE_FORMAT))
        return qs_err_set(err, QS_INVALID, 0, "the saved configuration is not of format '%s'", STORE_FORMAT);
    if (menus_from_val(map_at(v, "menus"), &s, err)) {
        rtr_store_done(&s);
        return qs_err_wrap(err, "saved configuration");
    }
    *ret = s;
    return QS_OK;
}
