#include "converge/resource.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/id.h"
#include "base/str.h"
#include "text/json.h"

#define HASH_TEXT_MAX (256U << 20)

struct qs_val *qs_resources_add(struct qs_resources *rs, const char *type, const char *name)
{
    struct qs_resource *r = QS_PUSH(rs->items, rs->count);

    r->type = qs_xstrdup(type);
    r->name = qs_xstrdup(name);
    r->attrs = qs_val_map();
    return r->attrs;
}

const struct qs_resource *qs_resources_find(const struct qs_resources *rs, const char *type, const char *name)
{
    for (size_t i = 0; i < rs->count; i++)
        if (qs_streq(rs->items[i].name, name) && qs_streq(rs->items[i].type, type))
            return &rs->items[i];
    return NULL;
}

void qs_resources_done(struct qs_resources *rs)
{
    if (!rs)
        return;
    for (size_t i = 0; i < rs->count; i++) {
        free(rs->items[i].type);
        free(rs->items[i].name);
        qs_val_free(rs->items[i].attrs);
    }
    free(rs->items);
    *rs = (struct qs_resources){ .count = 0 };
}

struct qs_resources qs_resources_copy(const struct qs_resources *rs)
{
    struct qs_resources copy = { .count = 0 };

    for (size_t i = 0; i < rs->count; i++) {
        struct qs_resource *r = QS_PUSH(copy.items, copy.count);

        r->type = qs_xstrdup(rs->items[i].type);
        r->name = qs_xstrdup(rs->items[i].name);
        r->attrs = qs_val_copy(rs->items[i].attrs);
    }
    return copy;
}

const struct qs_type *qs_type_find(const struct qs_type *types, const char *name)
{
    for (; types && types->name; types++)
        if (qs_streq(types->name, name))
            return types;
    return NULL;
}

const struct qs_attr *qs_attr_find(const struct qs_type *type, const char *name)
{
    for (const struct qs_attr *a = type->attrs; a && a->name; a++)
        if (qs_streq(a->name, name))
            return a;
    return NULL;
}

/* ---- settling ---- */

static enum qs_val_type wanted_type(const struct qs_attr *a)
{
    static const enum qs_val_type map[] = {
        [QS_ATTR_STRING] = QS_STRING, [QS_ATTR_INT] = QS_INT,  [QS_ATTR_BOOL] = QS_BOOL,
        [QS_ATTR_LIST] = QS_LIST,     [QS_ATTR_SET] = QS_LIST,
    };

    return map[a->type];
}

static void normalise_text(const struct qs_attr *a, struct qs_val *v)
{
    if (!a->normalise)
        return;
    char *text = a->normalise(v->u.s);

    free(v->u.s);
    v->u.s = text;
}

static int by_text(const void *a, const void *b)
{
    const struct qs_val *const *x = a, *const *y = b;
    int natural = qs_natural_cmp((*x)->u.s, (*y)->u.s);

    return natural ? natural : strcmp((*x)->u.s, (*y)->u.s);
}

/* Sorted, each once. */
static void settle_set(struct qs_val *list)
{
    uint32_t kept = 0;

    if (list->count)
        qsort(list->u.items, list->count, sizeof(struct qs_val *), by_text);
    for (uint32_t i = 0; i < list->count; i++) {
        if (kept && qs_streq(list->u.items[kept - 1]->u.s, list->u.items[i]->u.s))
            qs_val_free(list->u.items[i]);
        else
            list->u.items[kept++] = list->u.items[i];
    }
    list->count = kept;
}

/* Items are texts; numbers are taken and become texts, so that both sides have one form. */
static bool settle_list(const struct qs_attr *a, struct qs_val *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        struct qs_val *item = list->u.items[i];

        if (item->type == QS_INT) {
            list->u.items[i] = qs_val_strf("%lld", (long long)item->u.i);
            qs_val_free(item);
        } else if (item->type != QS_STRING) {
            return false;
        }
        normalise_text(a, list->u.items[i]);
    }
    if (a->type == QS_ATTR_SET)
        settle_set(list);
    return true;
}

static struct qs_val *default_list(const char *text)
{
    struct qs_val *list = qs_val_list();

    while (*text) {
        size_t len = strcspn(text, ",");
        qs_auto(str) char *item = qs_xstrndup(text, len);

        (void)qs_val_add(list, qs_val_str(item));
        text += len + (text[len] == ',');
    }
    return list;
}

struct qs_val *qs_attr_default(const struct qs_attr *a)
{
    uint64_t u = 0;

    if (!a->otherwise)
        return NULL;
    if (a->type == QS_ATTR_STRING)
        return qs_val_str(a->otherwise);
    if (a->type == QS_ATTR_BOOL)
        return qs_val_bool(qs_streq(a->otherwise, "true"));
    if (a->type != QS_ATTR_INT)
        return default_list(a->otherwise);
    return qs_parse_u64(a->otherwise, 0, INT64_MAX, &u) ? qs_val_int((int64_t)u) : NULL;
}

/* One attribute of one resource: default, presence, type, form. */
static enum qs_code settle_attr(const struct qs_resource *r, const struct qs_attr *a, struct qs_err *err)
{
    struct qs_val *v = qs_val_get(r->attrs, a->name);

    if (v && v->type == QS_NULL) {
        qs_val_del(r->attrs, a->name);
        v = NULL;
    }
    if (!v && !(a->flags & (QS_ATTR_UNMANAGED | QS_ATTR_STATE)) && (v = qs_attr_default(a)))
        (void)qs_val_set(r->attrs, a->name, v);
    if (!v && (a->flags & QS_ATTR_REQUIRED))
        return qs_err_set(err, QS_INVALID, 0, "%s '%s': attribute '%s' is missing", r->type, r->name, a->name);
    if (!v)
        return QS_OK;
    if (v->type != wanted_type(a))
        return qs_err_set(err, QS_INVALID, 0, "%s '%s': attribute '%s' must be %s, not %s", r->type, r->name, a->name,
                          qs_val_type_name(wanted_type(a)), qs_val_type_name(v->type));
    if (v->type == QS_STRING)
        normalise_text(a, v);
    if (v->type == QS_LIST && !settle_list(a, v))
        return qs_err_set(err, QS_INVALID, 0, "%s '%s': attribute '%s' must hold texts only", r->type, r->name,
                          a->name);
    return QS_OK;
}

static enum qs_code settle_one(const struct qs_resource *r, const struct qs_type *types, struct qs_err *err)
{
    const struct qs_type *type = qs_type_find(types, r->type);

    if (!type)
        return qs_err_set(err, QS_INVALID, 0, "%s '%s': there is no such type", r->type, r->name);
    for (uint32_t i = 0; i < r->attrs->count; i++)
        if (!qs_attr_find(type, r->attrs->u.pairs[i].key))
            return qs_err_set(err, QS_INVALID, 0, "%s '%s': attribute '%s' is unknown", r->type, r->name,
                              r->attrs->u.pairs[i].key);
    for (const struct qs_attr *a = type->attrs; a->name; a++)
        if (settle_attr(r, a, err))
            return err->code;
    return QS_OK;
}

static int by_type_and_name(const void *a, const void *b)
{
    const struct qs_resource *const *x = a, *const *y = b;
    int type = strcmp((*x)->type, (*y)->type);

    return type ? type : strcmp((*x)->name, (*y)->name);
}

/* Sorted pointers: looking for repeats pair by pair would be quadratic for a switch of many ports. */
static const struct qs_resource **sorted(const struct qs_resources *rs)
{
    const struct qs_resource **order = qs_xzalloc(rs->count * sizeof(const struct qs_resource *));

    for (size_t i = 0; i < rs->count; i++)
        order[i] = &rs->items[i];
    qsort(order, rs->count, sizeof(const struct qs_resource *), by_type_and_name);
    return order;
}

static enum qs_code check_unique(const struct qs_resources *rs, const struct qs_type *types, struct qs_err *err)
{
    const struct qs_resource **order = sorted(rs);
    enum qs_code code = QS_OK;

    for (size_t i = 1; i < rs->count && !code; i++) {
        const struct qs_resource *a = order[i - 1], *b = order[i];

        if (!qs_streq(a->type, b->type))
            continue;
        if (qs_streq(a->name, b->name))
            code = qs_err_set(err, QS_INVALID, 0, "%s '%s': is there twice", b->type, b->name);
        else if (qs_type_find(types, b->type)->flags & QS_TYPE_SINGLETON)
            code = qs_err_set(err, QS_INVALID, 0, "%s '%s': there can be only one, and '%s' is there", b->type, b->name,
                              a->name);
    }
    free(order);
    return code;
}

enum qs_code qs_resources_settle(struct qs_resources *rs, const struct qs_type *types, struct qs_err *err)
{
    for (size_t i = 0; i < rs->count; i++)
        if (settle_one(&rs->items[i], types, err))
            return err->code;
    return check_unique(rs, types, err);
}

/* ---- hashing ---- */

static void hash_line(const struct qs_resource *r, const struct qs_type *type, struct qs_buf *buf)
{
    qs_auto(val) struct qs_val *attrs = qs_val_copy(r->attrs);

    for (const struct qs_attr *a = type ? type->attrs : NULL; a && a->name; a++)
        if (a->flags & QS_ATTR_STATE)
            qs_val_del(attrs, a->name);
    qs_json_quote(r->type, buf);
    qs_json_quote(r->name, buf);
    qs_json_write_canonical(attrs, buf);
    qs_buf_putc(buf, '\n');
}

/* All rows by type and name, then the order of the ordered ones. */
void qs_resources_hash(const struct qs_resources *rs, const struct qs_type *types, char hex[65])
{
    const struct qs_resource **order = sorted(rs);
    qs_auto(buf) struct qs_buf buf = QS_BUF(HASH_TEXT_MAX);

    for (size_t i = 0; i < rs->count; i++)
        hash_line(order[i], qs_type_find(types, order[i]->type), &buf);
    for (const struct qs_type *t = types; t && t->name; t++) {
        if (!(t->flags & QS_TYPE_ORDERED))
            continue;
        for (size_t i = 0; i < rs->count; i++) {
            if (!qs_streq(rs->items[i].type, t->name))
                continue;
            qs_json_quote(t->name, &buf);
            qs_json_quote(rs->items[i].name, &buf);
        }
    }
    (void)qs_sha256_hex(qs_buf_text(&buf), buf.len, hex);
    free(order);
}

/* ---- as documents ---- */

struct qs_val *qs_resources_to_val(const struct qs_resources *rs)
{
    struct qs_val *list = qs_val_list();

    for (size_t i = 0; i < rs->count; i++) {
        struct qs_val *m = qs_val_add(list, qs_val_map());

        qs_val_set_str(m, "type", rs->items[i].type);
        qs_val_set_str(m, "name", rs->items[i].name);
        (void)qs_val_set(m, "attrs", qs_val_copy(rs->items[i].attrs));
    }
    return list;
}

enum qs_code qs_resources_from_val(const struct qs_val *v, struct qs_resources *ret, struct qs_err *err)
{
    struct qs_resources rs = { .count = 0 };

    if (!v || v->type != QS_LIST)
        return qs_err_set(err, QS_INVALID, 0, "the resources are not a list");
    for (size_t i = 0; i < qs_val_count(v); i++) {
        const struct qs_val *m = qs_val_at(v, i), *attrs = qs_val_get(m, "attrs");
        const char *type = qs_val_get_str(m, "type", NULL), *name = qs_val_get_str(m, "name", NULL);

        if (!type || !name || !attrs || attrs->type != QS_MAP) {
            qs_resources_done(&rs);
            return qs_err_set(err, QS_INVALID, 0, "resource %zu lacks its type, name or attributes", i);
        }
        struct qs_resource *r = QS_PUSH(rs.items, rs.count);

        *r = (struct qs_resource){ .type = qs_xstrdup(type), .name = qs_xstrdup(name), .attrs = qs_val_copy(attrs) };
    }
    *ret = rs;
    return QS_OK;
}

/* ---- secrets ---- */

static const char *veiled(const char *key, const char *text, char out[QS_VEIL_TEXT])
{
    qs_auto(buf) struct qs_buf buf = QS_BUF(1 << 20);
    char hex[QS_SHA256_TEXT];

    qs_buf_printf(&buf, "%s:%s", key, text);
    (void)snprintf(out, QS_VEIL_TEXT, QS_VEIL "%s", qs_sha256_hex(qs_buf_text(&buf), buf.len, hex));
    OPENSSL_cleanse(buf.data, buf.len);
    return out;
}

void qs_resources_veil(struct qs_resources *rs, const struct qs_type *types, const char *key)
{
    for (size_t i = 0; i < rs->count; i++) {
        const struct qs_type *type = qs_type_find(types, rs->items[i].type);

        for (const struct qs_attr *a = type ? type->attrs : NULL; a && a->name; a++) {
            const char *text = qs_val_get_str(rs->items[i].attrs, a->name, NULL);
            char out[QS_VEIL_TEXT];

            if ((a->flags & QS_ATTR_SECRET) && text && !qs_after(text, QS_VEIL))
                qs_val_set_str(rs->items[i].attrs, a->name, veiled(key, text, out));
        }
    }
}

enum qs_code qs_resources_unveil(struct qs_resources *rs, const struct qs_resources *have, const struct qs_type *types,
                                 const char *key, struct qs_err *err)
{
    for (size_t i = 0; i < rs->count; i++) {
        const struct qs_resource *r = &rs->items[i], *live = qs_resources_find(have, r->type, r->name);
        const struct qs_type *type = qs_type_find(types, r->type);

        for (const struct qs_attr *a = type ? type->attrs : NULL; a && a->name; a++) {
            const char *text = qs_val_get_str(r->attrs, a->name, NULL);
            const char *now = live ? qs_val_get_str(live->attrs, a->name, NULL) : NULL;
            char out[QS_VEIL_TEXT];

            if (!(a->flags & QS_ATTR_SECRET) || !text || !qs_after(text, QS_VEIL))
                continue;
            if (!now || !qs_streq(veiled(key, now, out), text)) {
                (void)qs_err_set(err, QS_CONFLICT, 0, "%s '%s': the secret '%s' of that time is not stored", r->type,
                                 r->name, a->name);
                return qs_err_hint(err, "Put the old secret into the lab and apply from there.");
            }
            qs_val_set_str(r->attrs, a->name, now);
        }
    }
    return QS_OK;
}
