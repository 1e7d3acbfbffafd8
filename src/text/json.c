#include "text/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "text/utf8.h"

/* ---- reading ---- */

static struct qs_val *convert(const json_t *j, unsigned depth);

static struct qs_val *convert_list(const json_t *j, unsigned depth)
{
    qs_auto(val) struct qs_val *list = qs_val_list();

    for (size_t i = 0; i < json_array_size(j); i++) {
        struct qs_val *child = convert(json_array_get(j, i), depth + 1);

        if (!child)
            return NULL;
        (void)qs_val_add(list, child);
    }
    return qs_take_ptr(list);
}

/* jansson has refused repeated keys already, so pairs are appended without looking for the key again. */
static struct qs_val *convert_map(const json_t *j, unsigned depth)
{
    qs_auto(val) struct qs_val *map = qs_val_map();
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)(uintptr_t)j, key, member)
    {
        struct qs_val *child = convert(member, depth + 1);

        if (!child)
            return NULL;
        struct qs_pair *p = QS_PUSH(map->u.pairs, map->count);

        p->key = qs_xstrdup(key);
        p->val = child;
    }
    return qs_take_ptr(map);
}

/* NULL: nested too deep. */
static struct qs_val *convert(const json_t *j, unsigned depth)
{
    if (depth > QS_JSON_DEPTH)
        return NULL;
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        return convert_map(j, depth);
    case JSON_ARRAY:
        return convert_list(j, depth);
    case JSON_STRING:
        return qs_val_str(json_string_value(j));
    case JSON_INTEGER:
        return qs_val_int(json_integer_value(j));
    case JSON_REAL:
        return qs_val_real(json_real_value(j));
    case JSON_TRUE:
        return qs_val_bool(true);
    case JSON_FALSE:
        return qs_val_bool(false);
    case JSON_NULL:
        break;
    }
    return qs_val_null();
}

enum qs_code qs_json_parse(const char *text, size_t len, struct qs_val **ret, struct qs_err *err)
{
    json_error_t why;
    json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    struct qs_val *v;

    if (!j)
        return qs_err_set(err, QS_INVALID, 0, "not JSON: line %d column %d: %s", why.line, why.column, why.text);
    v = convert(j, 0);
    json_decref(j);
    if (!v)
        return qs_err_set(err, QS_INVALID, 0, "not JSON that qs takes: nested deeper than %d", QS_JSON_DEPTH);
    *ret = v;
    return QS_OK;
}

/* ---- writing ---- */

static void quote_odd(unsigned char c, struct qs_buf *buf)
{
    static const char named[] = "\bb\ff\nn\rr\tt";

    for (size_t i = 0; named[i]; i += 2) {
        if ((unsigned char)named[i] == c) {
            qs_buf_putc(buf, '\\');
            qs_buf_putc(buf, named[i + 1]);
            return;
        }
    }
    if (c < 0x20)
        qs_buf_printf(buf, "\\u%04x", c);
    else
        qs_buf_puts(buf, "\\ufffd"); /* a byte that is no UTF-8: a device may say anything, JSON may not */
}

void qs_json_quote(const char *s, struct qs_buf *buf)
{
    const unsigned char *at = (const unsigned char *)s, *from = at;

    qs_buf_putc(buf, '"');
    for (;;) {
        unsigned n = qs_utf8_len(at);

        if (n && *at != '"' && *at != '\\') {
            at += n;
            continue;
        }
        qs_buf_add(buf, from, (size_t)(at - from));
        if (!*at)
            break;
        if (n) {
            qs_buf_putc(buf, '\\');
            qs_buf_putc(buf, (char)*at);
        } else {
            quote_odd(*at, buf);
        }
        from = ++at;
    }
    qs_buf_putc(buf, '"');
}

static void write_real(double r, struct qs_buf *buf)
{
    char text[40];

    if (!isfinite(r)) {
        qs_buf_puts(buf, "null"); /* JSON has no word for it */
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, r);
        double back = strtod(text, NULL);
        if (back <= r && back >= r)
            break;
    }
    qs_buf_puts(buf, text);
    if (!strpbrk(text, ".e"))
        qs_buf_puts(buf, ".0"); /* so that it reads back as a real */
}

struct form {
    bool pretty, sorted;
};

static int by_key(const void *a, const void *b)
{
    const struct qs_pair *const *x = a, *const *y = b;

    return strcmp((*x)->key, (*y)->key);
}

static void new_line(const struct form *f, unsigned depth, struct qs_buf *buf)
{
    if (f->pretty)
        qs_buf_printf(buf, "\n%*s", (int)depth * 2, "");
}

static void write_val(const struct qs_val *v, const struct form *f, unsigned depth, struct qs_buf *buf);

static void write_list(const struct qs_val *v, const struct form *f, unsigned depth, struct qs_buf *buf)
{
    qs_buf_putc(buf, '[');
    for (uint32_t i = 0; i < v->count; i++) {
        qs_buf_puts(buf, i ? "," : "");
        new_line(f, depth + 1, buf);
        write_val(v->u.items[i], f, depth + 1, buf);
    }
    if (v->count)
        new_line(f, depth, buf);
    qs_buf_putc(buf, ']');
}

static void write_map(const struct qs_val *v, const struct form *f, unsigned depth, struct qs_buf *buf)
{
    const struct qs_pair **order = qs_xzalloc(v->count * sizeof(const struct qs_pair *));

    for (uint32_t i = 0; i < v->count; i++)
        order[i] = &v->u.pairs[i];
    if (f->sorted)
        qsort(order, v->count, sizeof(const struct qs_pair *), by_key);
    qs_buf_putc(buf, '{');
    for (uint32_t i = 0; i < v->count; i++) {
        qs_buf_puts(buf, i ? "," : "");
        new_line(f, depth + 1, buf);
        qs_json_quote(order[i]->key, buf);
        qs_buf_puts(buf, f->pretty ? ": " : ":");
        write_val(order[i]->val, f, depth + 1, buf);
    }
    if (v->count)
        new_line(f, depth, buf);
    qs_buf_putc(buf, '}');
    free(order);
}

static void write_val(const struct qs_val *v, const struct form *f, unsigned depth, struct qs_buf *buf)
{
    switch (v->type) {
    case QS_NULL:
        qs_buf_puts(buf, "null");
        break;
    case QS_BOOL:
        qs_buf_puts(buf, v->u.b ? "true" : "false");
        break;
    case QS_INT:
        qs_buf_printf(buf, "%lld", (long long)v->u.i);
        break;
    case QS_REAL:
        write_real(v->u.r, buf);
        break;
    case QS_STRING:
        qs_json_quote(v->u.s, buf);
        break;
    case QS_LIST:
        write_list(v, f, depth, buf);
        break;
    case QS_MAP:
        write_map(v, f, depth, buf);
        break;
    }
}

void qs_json_write(const struct qs_val *v, struct qs_buf *buf)
{
    write_val(v, &(struct form){ .pretty = false }, 0, buf);
}

void qs_json_write_pretty(const struct qs_val *v, struct qs_buf *buf)
{
    write_val(v, &(struct form){ .pretty = true }, 0, buf);
    qs_buf_putc(buf, '\n');
}

void qs_json_write_canonical(const struct qs_val *v, struct qs_buf *buf)
{
    write_val(v, &(struct form){ .sorted = true }, 0, buf);
}

/* ---- paths ---- */

static const struct qs_val *step_key(const struct qs_val *v, const char **path)
{
    size_t len = strcspn(*path, ".[");
    qs_auto(str) char *key = qs_xstrndup(*path, len);

    *path += len;
    return qs_val_get(v, key);
}

static const struct qs_val *step_index(const struct qs_val *v, const char **path)
{
    size_t len = strcspn(*path + 1, "]");
    qs_auto(str) char *digits = qs_xstrndup(*path + 1, len);
    uint32_t i;

    if ((*path)[len + 1] != ']' || !qs_parse_u32(digits, 0, UINT32_MAX, &i))
        return NULL;
    *path += len + 2;
    return qs_val_at(v, i);
}

const struct qs_val *qs_json_path(const struct qs_val *v, const char *path)
{
    if (*path == '$')
        path++;
    while (v && *path) {
        if (*path == '[') {
            v = step_index(v, &path);
        } else {
            path += *path == '.';
            v = step_key(v, &path);
        }
    }
    return v;
}
