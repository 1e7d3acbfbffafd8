#include "text/val.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

static struct qs_val *make(enum qs_val_type type)
{
    struct qs_val *v = qs_xzalloc(sizeof(*v));

    v->type = type;
    return v;
}

struct qs_val *qs_val_null(void)
{
    return make(QS_NULL);
}

struct qs_val *qs_val_bool(bool b)
{
    struct qs_val *v = make(QS_BOOL);

    v->u.b = b;
    return v;
}

struct qs_val *qs_val_int(int64_t i)
{
    struct qs_val *v = make(QS_INT);

    v->u.i = i;
    return v;
}

struct qs_val *qs_val_real(double r)
{
    struct qs_val *v = make(QS_REAL);

    v->u.r = r;
    return v;
}

struct qs_val *qs_val_str(const char *s)
{
    if (!s)
        return qs_val_null();
    struct qs_val *v = make(QS_STRING);

    v->u.s = qs_xstrdup(s);
    return v;
}

struct qs_val *qs_val_strf(const char *fmt, ...)
{
    struct qs_val *v = make(QS_STRING);
    va_list ap;

    va_start(ap, fmt);
    int n = vasprintf(&v->u.s, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    return v;
}

struct qs_val *qs_val_list(void)
{
    return make(QS_LIST);
}

struct qs_val *qs_val_map(void)
{
    return make(QS_MAP);
}

static void copy_children(const struct qs_val *from, struct qs_val *to)
{
    for (uint32_t i = 0; i < from->count; i++) {
        if (from->type == QS_LIST) {
            (void)qs_val_add(to, qs_val_copy(from->u.items[i]));
            continue;
        }
        struct qs_pair *p = QS_PUSH(to->u.pairs, to->count);

        *p = from->u.pairs[i];
        p->key = qs_xstrdup(from->u.pairs[i].key);
        p->val = qs_val_copy(from->u.pairs[i].val);
    }
}

struct qs_val *qs_val_copy(const struct qs_val *v)
{
    struct qs_val *copy = make(v->type);

    copy->line = v->line;
    copy->col = v->col;
    if (v->type == QS_LIST || v->type == QS_MAP)
        copy_children(v, copy);
    else if (v->type == QS_STRING)
        copy->u.s = qs_xstrdup(v->u.s);
    else
        copy->u = v->u;
    return copy;
}

void qs_val_free(struct qs_val *v)
{
    if (!v)
        return;
    if (v->type == QS_STRING)
        free(v->u.s);
    if (v->type == QS_LIST) {
        for (uint32_t i = 0; i < v->count; i++)
            qs_val_free(v->u.items[i]);
        free(v->u.items);
    }
    if (v->type == QS_MAP) {
        for (uint32_t i = 0; i < v->count; i++) {
            free(v->u.pairs[i].key);
            qs_val_free(v->u.pairs[i].val);
        }
        free(v->u.pairs);
    }
    free(v);
}

struct qs_val *qs_val_add(struct qs_val *list, struct qs_val *v)
{
    *QS_PUSH(list->u.items, list->count) = v;
    return v;
}

static struct qs_pair *find(const struct qs_val *map, const char *key)
{
    if (!map || map->type != QS_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->count; i++)
        if (strcmp(map->u.pairs[i].key, key) == 0)
            return &map->u.pairs[i];
    return NULL;
}

struct qs_val *qs_val_set(struct qs_val *map, const char *key, struct qs_val *v)
{
    struct qs_pair *p = find(map, key);

    if (!p) {
        p = QS_PUSH(map->u.pairs, map->count);
        p->key = qs_xstrdup(key);
    }
    qs_val_free(p->val);
    p->val = v;
    return v;
}

void qs_val_set_str(struct qs_val *map, const char *key, const char *s)
{
    if (s)
        (void)qs_val_set(map, key, qs_val_str(s));
}

void qs_val_set_int(struct qs_val *map, const char *key, int64_t i)
{
    (void)qs_val_set(map, key, qs_val_int(i));
}

void qs_val_set_bool(struct qs_val *map, const char *key, bool b)
{
    (void)qs_val_set(map, key, qs_val_bool(b));
}

void qs_val_del(struct qs_val *map, const char *key)
{
    struct qs_pair *p = find(map, key);

    if (!p)
        return;
    free(p->key);
    qs_val_free(p->val);
    map->count--;
    memmove(p, p + 1, (size_t)(map->u.pairs + map->count - p) * sizeof(*p));
}

struct qs_val *qs_val_get(const struct qs_val *map, const char *key)
{
    struct qs_pair *p = find(map, key);

    return p ? p->val : NULL;
}

struct qs_val *qs_val_at(const struct qs_val *list, size_t i)
{
    return list && list->type == QS_LIST && i < list->count ? list->u.items[i] : NULL;
}

size_t qs_val_count(const struct qs_val *v)
{
    return v && (v->type == QS_LIST || v->type == QS_MAP) ? v->count : 0;
}

const char *qs_val_string(const struct qs_val *v, const char *otherwise)
{
    return v && v->type == QS_STRING ? v->u.s : otherwise;
}

int64_t qs_val_integer(const struct qs_val *v, int64_t otherwise)
{
    return v && v->type == QS_INT ? v->u.i : otherwise;
}

bool qs_val_boolean(const struct qs_val *v, bool otherwise)
{
    return v && v->type == QS_BOOL ? v->u.b : otherwise;
}

const char *qs_val_get_str(const struct qs_val *map, const char *key, const char *otherwise)
{
    return qs_val_string(qs_val_get(map, key), otherwise);
}

int64_t qs_val_get_int(const struct qs_val *map, const char *key, int64_t otherwise)
{
    return qs_val_integer(qs_val_get(map, key), otherwise);
}

bool qs_val_get_bool(const struct qs_val *map, const char *key, bool otherwise)
{
    return qs_val_boolean(qs_val_get(map, key), otherwise);
}

static bool containers_equal(const struct qs_val *a, const struct qs_val *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct qs_val *other;

        if (a->type == QS_LIST) {
            if (!qs_val_equal(a->u.items[i], b->u.items[i]))
                return false;
            continue;
        }
        other = qs_val_get(b, a->u.pairs[i].key);
        if (!other || !qs_val_equal(a->u.pairs[i].val, other))
            return false;
    }
    return true;
}

bool qs_val_equal(const struct qs_val *a, const struct qs_val *b)
{
    if (!a || !b || a->type != b->type)
        return a == b;
    switch (a->type) {
    case QS_NULL:
        return true;
    case QS_BOOL:
        return a->u.b == b->u.b;
    case QS_INT:
        return a->u.i == b->u.i;
    case QS_REAL:
        return a->u.r <= b->u.r && a->u.r >= b->u.r;
    case QS_STRING:
        return strcmp(a->u.s, b->u.s) == 0;
    case QS_LIST:
    case QS_MAP:
        return containers_equal(a, b);
    }
    return false;
}

const char *qs_val_type_name(enum qs_val_type type)
{
    static const char *const names[] = {
        [QS_NULL] = "nothing",    [QS_BOOL] = "true or false", [QS_INT] = "a whole number", [QS_REAL] = "a number",
        [QS_STRING] = "a string", [QS_LIST] = "a list",        [QS_MAP] = "a map",
    };

    return names[type];
}
