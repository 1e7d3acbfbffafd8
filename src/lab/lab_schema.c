/* JSON Schema of every kind of lab file, made from the fields that the reader itself goes by. */
#include <string.h>

#include "base/str.h"
#include "lab/lab_int.h"

#define NAME "^[A-Za-z0-9][A-Za-z0-9._-]*$"
#define CLEAN "^[^\\u0000-\\u001f\\u007f]+$"
#define ADDRESS "^[0-9a-fA-F:.]+$"
#define PREFIX "^[0-9a-fA-F:.]+/[0-9]{1,3}$"

/* How a scalar, or one item of a list, reads in JSON. */
static const struct {
    const char *type, *pattern, *item; /* item: the type of a list's items, type is then "array" */
} shapes[LAB_TYPES] = {
    [LAB_TEXT] = { "string", CLEAN, NULL },
    [LAB_WORD] = { "string", "^[^ ]+$", NULL },
    [LAB_NAME] = { "string", NAME, NULL },
    [LAB_SITED] = { "string", CLEAN, NULL },
    [LAB_CHOICE] = { "string", NULL, NULL },
    [LAB_COLOUR] = { "string", "^#[0-9a-fA-F]{6}$", NULL },
    [LAB_ADR] = { "string", "^[0-9]{4}$", NULL },
    [LAB_KEY] = { "string", "^[A-Za-z0-9+/]{43}=$", NULL },
    [LAB_BOOL] = { "boolean", NULL, NULL },
    [LAB_U8] = { "integer", NULL, NULL },
    [LAB_U16] = { "integer", NULL, NULL },
    [LAB_U32] = { "integer", NULL, NULL },
    [LAB_MS] = { "string", "^[0-9]+(ms|s|m|h|d)?$", NULL },
    [LAB_SECONDS] = { "string", "^[0-9]+(ms|s|m|h|d)?$", NULL },
    [LAB_SPEED] = { "string", "^(100M|1G|2\\.5G|10G|25G|40G|50G|100G|200G|400G)$", NULL },
    [LAB_IP] = { "string", ADDRESS, NULL },
    [LAB_IP4] = { "string", "^[0-9.]+$", NULL },
    [LAB_ADDRESS4] = { "string", "^[0-9.]+/[0-9]{1,2}$", NULL },
    [LAB_ADDRESS6] = { "string", PREFIX, NULL },
    [LAB_NETWORK4] = { "string", "^[0-9.]+/[0-9]{1,2}$", NULL },
    [LAB_NETWORK6] = { "string", PREFIX, NULL },
    [LAB_NETWORK] = { "string", PREFIX, NULL },
    [LAB_MAC] = { "string", "^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$", NULL },
    [LAB_WORDS] = { "array", "^[^ ]+$", "string" },
    [LAB_TEXTS] = { "array", CLEAN, "string" },
    [LAB_ADDRESSES] = { "array", "^[0-9a-fA-F:.]+(/[0-9]{1,3})?$", "string" },
    [LAB_VLAN] = { "integer", NULL, NULL },
    [LAB_VLANS] = { "array", NULL, "integer" },
    [LAB_REF] = { "string", NULL, NULL },
    [LAB_REFS] = { "array", NULL, "string" },
    [LAB_RECORD] = { "object", NULL, NULL },
    [LAB_ROWS] = { "array", NULL, "object" },
    [LAB_KEYED] = { "object", NULL, NULL },
    [LAB_PAIRS] = { "object", NULL, NULL },
};

static void record_into(struct qs_val *into, const struct lab_record *rec);

/* type, pattern, words and limits of one scalar. */
static void scalar_into(struct qs_val *into, const struct lab_field *f, const char *type)
{
    const char *pattern = shapes[f->type].pattern;

    qs_val_set_str(into, "type", type);
    qs_val_set_str(into, "pattern", pattern);
    if (qs_streq(type, "integer")) {
        qs_val_set_int(into, "minimum", (int64_t)f->min);
        qs_val_set_int(into, "maximum", (int64_t)f->max);
    } else if (f->max && qs_streq(type, "string") && f->type != LAB_MS && f->type != LAB_SECONDS) {
        qs_val_set_int(into, "maxLength", (int64_t)f->max);
    }
    if (f->words) {
        struct qs_val *list = qs_val_set(into, "enum", qs_val_list());

        qs_val_del(into, "pattern");
        for (const char *const *word = f->words; *word; word++)
            (void)qs_val_add(list, qs_val_str(*word));
    }
}

/* One text for all sites, or a map from site to text. */
static void sited_into(struct qs_val *into, const struct lab_field *f)
{
    struct qs_val *any = qs_val_set(into, "anyOf", qs_val_list());
    struct qs_val *map;

    scalar_into(qs_val_add(any, qs_val_map()), f, "string");
    map = qs_val_add(any, qs_val_map());
    qs_val_set_str(map, "type", "object");
    scalar_into(qs_val_set(map, "additionalProperties", qs_val_map()), f, "string");
}

/* A word may be written as a number. */
static void word_into(struct qs_val *into, const struct lab_field *f)
{
    struct qs_val *any = qs_val_set(into, "anyOf", qs_val_list());

    scalar_into(qs_val_add(any, qs_val_map()), f, "string");
    qs_val_set_str(qs_val_add(any, qs_val_map()), "type", "integer");
}

static void keyed_into(struct qs_val *into, const struct lab_field *f)
{
    struct qs_val *row = qs_val_map(), *types;

    qs_val_set_str(into, "type", "object");
    (void)qs_val_set(into, "additionalProperties", row);
    if (f->type == LAB_PAIRS) {
        scalar_into(row, f->record->fields, "string");
        return;
    }
    record_into(row, f->record);
    types = qs_val_set(row, "type", qs_val_list()); /* a key alone is an empty row */
    (void)qs_val_add(types, qs_val_str("object"));
    (void)qs_val_add(types, qs_val_str("null"));
}

static void field_into(struct qs_val *into, const struct lab_field *f)
{
    const char *item = shapes[f->type].item;
    struct qs_val *items;

    if (f->type == LAB_SITED) {
        sited_into(into, f);
    } else if (f->type == LAB_WORD) {
        word_into(into, f);
    } else if (f->type == LAB_KEYED || f->type == LAB_PAIRS) {
        keyed_into(into, f);
    } else if (f->type == LAB_RECORD) {
        record_into(into, f->record);
    } else if (item) {
        qs_val_set_str(into, "type", "array");
        items = qs_val_set(into, "items", qs_val_map());
        if (f->type == LAB_ROWS)
            record_into(items, f->record);
        else
            scalar_into(items, f, item);
    } else {
        scalar_into(into, f, shapes[f->type].type);
    }
    qs_val_set_str(into, "description", f->doc);
}

static void record_into(struct qs_val *into, const struct lab_record *rec)
{
    struct qs_val *properties, *required = NULL;

    qs_val_set_str(into, "type", "object");
    qs_val_set_bool(into, "additionalProperties", false);
    properties = qs_val_set(into, "properties", qs_val_map());
    for (const struct lab_field *f = rec->fields; f->key; f++) {
        field_into(qs_val_set(properties, f->key, qs_val_map()), f);
        if (!(f->flags & LAB_NEEDED))
            continue;
        if (!required)
            required = qs_val_set(into, "required", qs_val_list());
        (void)qs_val_add(required, qs_val_str(f->key));
    }
}

struct qs_val *qs_lab_schema(const char *kind)
{
    const struct lab_kind *k = lab_kind_of(kind);
    struct qs_val *v;

    if (!k)
        return NULL;
    v = qs_val_map();
    qs_val_set_str(v, "$schema", "https://json-schema.org/draft/2020-12/schema");
    qs_val_set_str(v, "title", k->title);
    record_into(v, k->record);
    return v;
}

const char *qs_lab_schema_name(size_t i)
{
    const struct lab_kind *k = lab_kind_at(i);

    return k ? k->path : NULL;
}
