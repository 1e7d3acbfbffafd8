/* The one reader of lab files: walks a document beside a table of fields and says what does not fit. */
#include "lab/lab_read.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define TEXT_MAX 4096
#define WORDS_MAX 64 /* candidates for "did you mean" */

static struct qs_at at_of(const char *file, const struct qs_val *v)
{
    return (struct qs_at){ file, v->line ? v->line : 1, v->col ? v->col : 1 }; /* an empty file has no place */
}

static void where_text(const struct lab_where *w, struct qs_buf *b)
{
    if (!w)
        return;
    where_text(w->up, b);
    if (w->keyed)
        qs_buf_printf(b, "%s '%s': ", w->key, w->label);
    else if (w->label)
        qs_buf_printf(b, "%s[%zu] '%s': ", w->key, w->index, w->label);
    else if (w->index != SIZE_MAX)
        qs_buf_printf(b, "%s[%zu]: ", w->key, w->index);
    else
        qs_buf_printf(b, "%s: ", w->key);
}

struct qs_problem *lab_complain(const struct lab_slot *s, const char *fmt, ...)
{
    qs_auto(buf) struct qs_buf b = QS_BUF(TEXT_MAX);
    struct qs_at at = at_of(s->file, s->val);
    va_list ap;

    where_text(s->where, &b);
    qs_buf_puts(&b, s->field->key);
    if (s->item >= 0)
        qs_buf_printf(&b, "[%ld]", s->item);
    qs_buf_putc(&b, ' ');
    va_start(ap, fmt);
    qs_buf_vprintf(&b, fmt, ap);
    va_end(ap);
    return lab_problem(s->box, &at, "%s", qs_buf_text(&b));
}

/* The beginning of a text, cut between characters. */
static const char *brief(const char *text, char out[64])
{
    size_t n = strlen(text);

    if (n > 60) {
        n = 60;
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
    }
    (void)snprintf(out, 64, "%.*s%s", (int)n, text, text[n] ? "…" : "");
    return out;
}

struct qs_problem *lab_expected(const struct lab_slot *s, const char *what)
{
    const struct qs_val *v = s->val;
    char text[64];

    switch (v->type) {
    case QS_STRING:
        return lab_complain(s, "must be %s, not '%s'", what, brief(v->u.s, text));
    case QS_INT:
        return lab_complain(s, "must be %s, not %" PRId64, what, v->u.i);
    case QS_BOOL:
        return lab_complain(s, "must be %s, not %s", what, v->u.b ? "true" : "false");
    case QS_NULL:
        return lab_complain(s, "must be %s, and is empty", what);
    case QS_REAL:
    case QS_LIST:
    case QS_MAP:
        break;
    }
    return lab_complain(s, "must be %s, not %s", what, qs_val_type_name(v->type));
}

/* ---- rows ---- */

static void read_map(const struct lab_slot *s, const struct lab_record *rec, const struct lab_where *where);

/* The text that names a row in messages, before anything of it is read. */
static const char *label_of(const struct lab_record *rec, const struct qs_val *v)
{
    for (const struct lab_field *f = rec->fields; f->key; f++)
        if (f->flags & LAB_LABEL)
            return qs_val_get_str(v, f->key, NULL);
    return NULL;
}

static void *grow_rows(const struct lab_slot *s)
{
    size_t size = s->field->record->size;
    unsigned char *items = lab_grown(&s->box->arena, *(void **)s->out, *s->count, size);

    *(void **)s->out = items;
    return items + size * (*s->count)++;
}

static void read_rows(const struct lab_slot *s)
{
    const struct lab_record *rec = s->field->record;

    if (s->val->type != QS_LIST) {
        (void)lab_expected(s, "a list");
        return;
    }
    for (uint32_t i = 0; i < s->val->count; i++) {
        const struct qs_val *v = s->val->u.items[i];
        struct lab_where where = { s->where, s->field->key, label_of(rec, v), i, false };
        struct lab_slot one = *s;

        one.val = v;
        one.item = (long)i;
        one.out = grow_rows(s);
        read_map(&one, rec, &where);
    }
}

static void read_keyed(const struct lab_slot *s)
{
    const struct lab_record *rec = s->field->record;

    if (s->val->type != QS_MAP) {
        (void)lab_expected(s, "a map");
        return;
    }
    for (uint32_t i = 0; i < s->val->count; i++) {
        const struct qs_pair *pair = &s->val->u.pairs[i];
        struct lab_where where = { s->where, s->field->key, pair->key, i, true };
        struct lab_slot one = *s;
        struct qs_at at = { s->file, pair->line, pair->col };

        one.val = pair->val;
        one.out = grow_rows(s);
        if (!*pair->key || strlen(pair->key) > 64 || !lab_is_clean(pair->key))
            (void)lab_problem(s->box, &at, "%s: a key must have 1 to 64 printable characters", s->field->key);
        *(char **)((char *)one.out + rec->key) = lab_strdup(&s->box->arena, pair->key);
        read_map(&one, rec, &where);
        *(struct qs_at *)((char *)one.out + rec->at) = at;
    }
}

static void read_pairs(const struct lab_slot *s)
{
    const struct lab_record *rec = s->field->record;

    if (s->val->type != QS_MAP) {
        (void)lab_expected(s, "a map of texts");
        return;
    }
    for (uint32_t i = 0; i < s->val->count; i++) {
        const struct qs_pair *pair = &s->val->u.pairs[i];
        struct lab_where where = { s->where, s->field->key, pair->key, i, true };
        unsigned char *row = grow_rows(s);
        struct lab_slot one = { s->box, s->file, &where, rec->fields, pair->val, row + rec->fields->offset, NULL, -1 };

        *(char **)(row + rec->key) = lab_strdup(&s->box->arena, pair->key);
        *(struct qs_at *)(row + rec->at) = (struct qs_at){ s->file, pair->line, pair->col };
        lab_read_text(&one);
    }
}

static void read_record(const struct lab_slot *s)
{
    struct lab_where where = { s->where, s->field->key, NULL, SIZE_MAX, false };

    read_map(s, s->field->record, &where);
}

static void read_field(const struct lab_slot *s)
{
    static void (*const row_readers[LAB_TYPES])(const struct lab_slot *s) = {
        [LAB_RECORD] = read_record,
        [LAB_ROWS] = read_rows,
        [LAB_KEYED] = read_keyed,
        [LAB_PAIRS] = read_pairs,
    };

    if (row_readers[s->field->type])
        row_readers[s->field->type](s);
    else
        lab_read_value(s);
}

static const struct lab_field *field_of(const struct lab_record *rec, const char *key)
{
    for (const struct lab_field *f = rec->fields; f->key; f++)
        if (qs_streq(f->key, key))
            return f;
    return NULL;
}

static void unknown_key(const struct lab_slot *s, const struct lab_record *rec, const struct lab_where *where,
                        const struct qs_pair *pair)
{
    qs_auto(buf) struct qs_buf b = QS_BUF(TEXT_MAX);
    const char *words[WORDS_MAX + 1] = { NULL };
    struct qs_at at = { s->file, pair->line, pair->col };
    size_t n = 0;

    for (const struct lab_field *f = rec->fields; f->key && n < WORDS_MAX; f++)
        words[n++] = f->key;
    where_text(where, &b);
    lab_hint_words(lab_problem(s->box, &at, "%sunknown key '%s'", qs_buf_text(&b), pair->key), pair->key, words,
                   "keys");
}

/* Whether an unknown key stands where this one should: that it is missing goes without saying then. */
static bool is_mistyped(const struct qs_val *v, const struct lab_record *rec, const struct lab_field *f)
{
    const char *const words[] = { f->key, NULL };

    for (uint32_t i = 0; i < v->count; i++)
        if (!field_of(rec, v->u.pairs[i].key) && qs_nearest(v->u.pairs[i].key, words))
            return true;
    return false;
}

/* Fields that the document leaves out: what they are then, or a problem. */
static void fill_absent(const struct lab_slot *s, const struct lab_record *rec, const struct lab_where *where)
{
    for (const struct lab_field *f = rec->fields; f->key; f++) {
        unsigned char *out = (unsigned char *)s->out + f->offset;

        if (qs_val_get(s->val, f->key) || is_mistyped(s->val, rec, f))
            continue;
        if (f->flags & LAB_NEEDED) {
            qs_auto(buf) struct qs_buf b = QS_BUF(TEXT_MAX);
            struct qs_at at = at_of(s->file, s->val);

            where_text(where, &b);
            (void)lab_problem(s->box, &at, "%skey '%s' is missing", qs_buf_text(&b), f->key);
        } else if (f->preset) {
            *(char **)(void *)out = lab_strdup(&s->box->arena, f->preset);
        } else if (f->otherwise) {
            lab_keep_number(f, out, f->otherwise);
        }
    }
}

static void read_map(const struct lab_slot *s, const struct lab_record *rec, const struct lab_where *where)
{
    const struct qs_val empty = { .type = QS_MAP, .line = s->val->line, .col = s->val->col };
    struct lab_slot whole = *s;

    if (rec->at != LAB_NO_AT)
        *(struct qs_at *)(void *)((unsigned char *)s->out + rec->at) = at_of(s->file, s->val);
    if (s->val->type == QS_NULL)
        whole.val = &empty;
    if (whole.val->type != QS_MAP) {
        (void)lab_expected(s, "a map");
        return;
    }
    for (uint32_t i = 0; i < whole.val->count; i++) {
        const struct qs_pair *pair = &whole.val->u.pairs[i];
        const struct lab_field *f = field_of(rec, pair->key);
        struct lab_slot one = { s->box, s->file, where, f, pair->val, NULL, NULL, -1 };

        if (!f) {
            unknown_key(s, rec, where, pair);
            continue;
        }
        one.out = (unsigned char *)s->out + f->offset;
        one.count = (size_t *)(void *)((unsigned char *)s->out + f->count_offset);
        read_field(&one);
    }
    fill_absent(&whole, rec, where);
}

void lab_read(struct lab_box *box, const struct lab_record *rec, const char *file, const struct qs_val *v, void *out)
{
    static const struct lab_field top = { .key = "the file" };
    struct lab_slot s = { box, file, NULL, &top, v, out, NULL, -1 };

    read_map(&s, rec, NULL);
}
