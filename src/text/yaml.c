#include "text/yaml.h"

#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "text/utf8.h"

#define DEPTH_MAX 64
#define TEXT_MAX (4U << 20)

struct reader {
    struct fy_parser *parser;
    struct fy_diag *diag;
    const char *name;
    struct qs_err *err;
    unsigned depth;
};

static void reader_done(struct reader *r)
{
    if (r->parser)
        fy_parser_destroy(r->parser);
    fy_diag_destroy(r->diag);
}

static inline void qs_auto_reader_cb(struct reader *r)
{
    reader_done(r);
}

/* The library would print what it finds; we collect it instead. */
static void swallow(struct fy_diag *diag, void *user, const char *text, size_t len)
{
    (void)diag, (void)user, (void)text, (void)len;
}

static struct qs_val *refuse(const struct reader *r, const struct fy_mark *at, const char *what)
{
    (void)qs_err_set(r->err, QS_INVALID, 0, "%s:%d:%d: %s", r->name, at ? at->line + 1 : 1, at ? at->column + 1 : 1,
                     what);
    return NULL;
}

/* What the library complained about first. */
static struct qs_val *refuse_syntax(const struct reader *r)
{
    void *at = NULL;
    const struct fy_diag_error *e = fy_diag_errors_iterate(r->diag, &at);

    if (!e)
        return refuse(r, NULL, "is not YAML");
    (void)qs_err_set(r->err, QS_INVALID, 0, "%s:%d:%d: %.*s", r->name, e->line > 0 ? e->line : 1,
                     e->column > 0 ? e->column : 1, (int)strcspn(e->msg, "\n"), e->msg);
    return NULL;
}

/* ---- plain scalars (YAML 1.2.2, 10.3.2 core schema) ---- */

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (qs_streq(text, *words))
            return true;
    return false;
}

static bool is_decimal(const char *text)
{
    text += *text == '-' || *text == '+';
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static bool is_real(const char *text)
{
    const char *digits = "0123456789";
    size_t whole, part = 0;

    text += *text == '-' || *text == '+';
    whole = strspn(text, digits);
    text += whole;
    if (*text == '.') {
        part = strspn(++text, digits);
        text += part;
    }
    if (whole + part == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '-' || *text == '+';
        if (!*text)
            return false;
        text += strspn(text, digits);
    }
    return *text == '\0';
}

/* 0x1F and 0o17 have no sign in the core schema. False: not of that form, or too large. */
static bool radix(const char *text, uint64_t *ret)
{
    unsigned base = text[1] == 'x' ? 16 : 8;
    uint64_t sum = 0;

    for (const char *c = text + 2; *c; c++) {
        static const char set[] = "0123456789abcdef";
        const char *at = strchr(set, *c >= 'A' && *c <= 'F' ? *c - 'A' + 'a' : *c);

        if (!at || (unsigned)(at - set) >= base || sum > (INT64_MAX - 15) / base)
            return false;
        sum = sum * base + (unsigned)(at - set);
    }
    *ret = sum;
    return text[2] != '\0';
}

static struct qs_val *decimal(const struct reader *r, const struct fy_mark *at, const char *text)
{
    bool negative = *text == '-';
    uint64_t u;

    if (!qs_parse_u64(text + (negative || *text == '+'), 0, (uint64_t)INT64_MAX + negative, &u))
        return refuse(r, at, "the number is beyond 64 bit; write it in quotes if it is a text");
    return qs_val_int(negative ? (int64_t)(0 - u) : (int64_t)u);
}

static struct qs_val *plain(const struct reader *r, const struct fy_mark *at, const char *text)
{
    static const char *const nothing[] = { "", "~", "null", "Null", "NULL", NULL };
    static const char *const yes[] = { "true", "True", "TRUE", NULL };
    static const char *const no[] = { "false", "False", "FALSE", NULL };
    uint64_t u;

    if (is_one_of(text, nothing))
        return qs_val_null();
    if (is_one_of(text, yes) || is_one_of(text, no))
        return qs_val_bool(is_one_of(text, yes));
    if (is_decimal(text))
        return decimal(r, at, text);
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'o') && radix(text, &u))
        return qs_val_int((int64_t)u);
    if (is_real(text))
        return qs_val_real(strtod(text, NULL));
    return qs_val_str(text);
}

/* ---- the tree ---- */

/* The token's text; NULL when it holds a NUL or no UTF-8 (the library lets some of both through). */
static char *token_text(struct fy_token *token)
{
    size_t len = 0;
    const char *text = fy_token_get_text(token, &len);

    return text && !memchr(text, '\0', len) ? qs_xstrndup(text, len) : NULL;
}

static struct qs_val *build(struct reader *r, struct fy_event *e);

static struct fy_event *next(struct reader *r)
{
    struct fy_event *e = fy_parser_parse(r->parser);

    if (!e)
        (void)refuse_syntax(r);
    return e;
}

static struct qs_val *build_scalar(const struct reader *r, const struct fy_event *e, const struct fy_mark *at)
{
    qs_auto(str) char *text = token_text(e->scalar.value);

    if (!text)
        return refuse(r, at, "the text holds a NUL byte");
    if (fy_token_scalar_style(e->scalar.value) == FYSS_PLAIN)
        return plain(r, at, text);
    return qs_val_str(text);
}

static struct qs_val *build_list(struct reader *r)
{
    qs_auto(val) struct qs_val *list = qs_val_list();

    for (;;) {
        struct fy_event *e = next(r);
        bool end = e && e->type == FYET_SEQUENCE_END;
        struct qs_val *child = e && !end ? build(r, e) : NULL;

        if (e)
            fy_parser_event_free(r->parser, e);
        if (end)
            return qs_take_ptr(list);
        if (!child)
            return NULL;
        (void)qs_val_add(list, child);
    }
}

/* Reads a key and its value into `map`. */
static bool add_pair(struct reader *r, struct fy_event *e, struct qs_val *map)
{
    const struct fy_mark *at = fy_event_start_mark(e);
    struct fy_mark mark = at ? *at : (struct fy_mark){ .line = 0 };
    qs_auto(str) char *key = e->type == FYET_SCALAR ? token_text(e->scalar.value) : NULL;
    struct fy_event *value;
    struct qs_val *child;

    if (!key)
        return refuse(r, &mark, "the key is not a plain word");
    if (e->scalar.anchor || e->scalar.tag)
        return refuse(r, &mark, "anchors, aliases and tags are not used in qs files");
    if (qs_val_get(map, key)) {
        (void)qs_err_set(r->err, QS_INVALID, 0, "%s:%d:%d: the key '%s' is there twice", r->name, mark.line + 1,
                         mark.column + 1, key);
        return false;
    }
    value = next(r);
    if (!value)
        return false;
    child = build(r, value);
    fy_parser_event_free(r->parser, value);
    if (!child)
        return false;
    struct qs_pair *p = QS_PUSH(map->u.pairs, map->count);

    *p = (struct qs_pair){
        .key = qs_take_ptr(key), .val = child, .line = (uint32_t)mark.line + 1, .col = (uint32_t)mark.column + 1
    };
    return true;
}

static struct qs_val *build_map(struct reader *r)
{
    qs_auto(val) struct qs_val *map = qs_val_map();

    for (;;) {
        struct fy_event *e = next(r);
        bool end = e && e->type == FYET_MAPPING_END;
        bool good = e && !end && add_pair(r, e, map);

        if (e)
            fy_parser_event_free(r->parser, e);
        if (end)
            return qs_take_ptr(map);
        if (!good)
            return NULL;
    }
}

static bool is_decorated(const struct fy_event *e)
{
    return (e->type == FYET_SCALAR && (e->scalar.anchor || e->scalar.tag)) ||
           (e->type == FYET_SEQUENCE_START && (e->sequence_start.anchor || e->sequence_start.tag)) ||
           (e->type == FYET_MAPPING_START && (e->mapping_start.anchor || e->mapping_start.tag)) ||
           e->type == FYET_ALIAS;
}

/* The value that starts with `e`, NULL with r->err set. */
static struct qs_val *build(struct reader *r, struct fy_event *e)
{
    const struct fy_mark *at = fy_event_start_mark(e);
    struct fy_mark mark = at ? *at : (struct fy_mark){ .line = 0 };
    struct qs_val *v;

    if (is_decorated(e))
        return refuse(r, &mark, "anchors, aliases and tags are not used in qs files");
    if (r->depth >= DEPTH_MAX)
        return refuse(r, &mark, "nested deeper than 64");
    r->depth++;
    if (e->type == FYET_SCALAR)
        v = build_scalar(r, e, &mark);
    else if (e->type == FYET_SEQUENCE_START)
        v = build_list(r);
    else if (e->type == FYET_MAPPING_START)
        v = build_map(r);
    else
        v = refuse(r, &mark, "a value is missing");
    r->depth--;
    if (v) {
        v->line = (uint32_t)mark.line + 1;
        v->col = (uint32_t)mark.column + 1;
    }
    return v;
}

/* The one document of the stream; an empty stream is a null value. */
static struct qs_val *build_stream(struct reader *r)
{
    qs_auto(val) struct qs_val *root = NULL;

    for (;;) {
        struct fy_event *e = next(r);
        bool good = e != NULL, end = e && e->type == FYET_STREAM_END;

        if (e && e->type == FYET_DOCUMENT_START && root)
            good = refuse(r, fy_event_start_mark(e), "a second document starts here; one file holds one");
        else if (e && (e->type == FYET_SCALAR || e->type == FYET_SEQUENCE_START || e->type == FYET_MAPPING_START ||
                       e->type == FYET_ALIAS))
            good = (root = build(r, e)) != NULL;
        if (e)
            fy_parser_event_free(r->parser, e);
        if (!good)
            return NULL;
        if (end)
            return root ? qs_take_ptr(root) : qs_val_null();
    }
}

/* The line of the first directive ("%YAML 1.2"), 0 for none. They are of no use here, and libfyaml 0.7 never comes back
 * from one that is not UTF-8. */
static unsigned find_directive(const char *text, size_t len)
{
    unsigned line = 1;

    for (const char *at = text, *end = text + len; at && at < end; line++) {
        if (*at == '%')
            return line;
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    return 0;
}

/* Checked before the library sees the text, so that the message names the byte and its place. */
static enum qs_code check_bytes(const char *name, const char *text, size_t len, struct qs_err *err)
{
    qs_auto(str) char *copy = qs_xstrndup(text, len); /* ended by a NUL, which a sequence that is cut off runs into */
    unsigned line = 1, col = 1;

    for (const unsigned char *at = (const unsigned char *)copy; at < (const unsigned char *)copy + len;) {
        unsigned n = qs_utf8_len(at);

        if (!n && *at != '\t' && *at != '\n' && *at != '\r')
            return qs_err_set(err, QS_INVALID, 0, "%s:%u:%u: the byte 0x%02x is no text (UTF-8)", name, line, col, *at);
        col = *at == '\n' ? 1 : col + 1;
        line += *at == '\n';
        at += n ? n : 1;
    }
    return QS_OK;
}

enum qs_code qs_yaml_parse(const char *name, const char *text, size_t len, struct qs_val **ret, struct qs_err *err)
{
    const struct fy_diag_cfg quiet = { .output_fn = swallow, .level = FYET_ERROR, .module_mask = ~0U };
    qs_auto(reader) struct reader r = { .name = name, .err = err, .diag = fy_diag_create(&quiet) };
    struct qs_val *v;

    if (len > TEXT_MAX)
        return qs_err_set(err, QS_LIMIT, 0, "%s:1:1: the file is longer than 4 MiB", name);
    if (check_bytes(name, text, len, err))
        return err->code;
    if (find_directive(text, len))
        return qs_err_set(err, QS_INVALID, 0, "%s:%u:1: directives are not used in qs files", name,
                          find_directive(text, len));
    if (r.diag)
        fy_diag_set_collect_errors(r.diag, true);
    r.parser = fy_parser_create(
        &(struct fy_parse_cfg){ .flags = FYPCF_JSON_NONE | FYPCF_DEFAULT_VERSION_1_2, .diag = r.diag });
    if (!r.parser || fy_parser_set_string(r.parser, text, len))
        return qs_err_set(err, QS_INTERNAL, 0, "%s:1:1: could not start the YAML reader", name);
    v = build_stream(&r);
    if (!v)
        return err->code;
    *ret = v;
    return QS_OK;
}
