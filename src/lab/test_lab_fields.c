/* The tables of fields have no holes, and every kind of file has a schema made from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/str.h"
#include "lab/lab_int.h"

static bool is_one_of(enum lab_type type, const enum lab_type *types)
{
    for (; *types != LAB_TYPES; types++)
        if (*types == type)
            return true;
    return false;
}

static void walk(const char *path, const struct lab_record *rec);

static void judge(const char *path, const struct lab_record *rec, const struct lab_field *f)
{
    static const enum lab_type with_record[] = { LAB_RECORD, LAB_ROWS, LAB_KEYED, LAB_PAIRS, LAB_TYPES };
    static const enum lab_type arrays[] = { LAB_ROWS, LAB_KEYED, LAB_PAIRS, LAB_TYPES };
    static const enum lab_type limited[] = { LAB_U8,      LAB_U16,  LAB_U32,   LAB_MS,
                                             LAB_SECONDS, LAB_VLAN, LAB_VLANS, LAB_TYPES };
    static const enum lab_type references[] = { LAB_REF, LAB_REFS, LAB_TYPES };

    if (!f->doc || f->type >= LAB_TYPES || f->offset >= rec->size)
        fail_msg("%s: %s has no doc, no type or no place", path, f->key);
    if (is_one_of(f->type, with_record) != (f->record != NULL))
        fail_msg("%s: %s and its record do not go together", path, f->key);
    if (is_one_of(f->type, arrays) != (f->count_offset != 0))
        fail_msg("%s: %s and its count do not go together", path, f->key);
    if (is_one_of(f->type, limited) && f->max <= f->min)
        fail_msg("%s: %s has no range", path, f->key);
    if (is_one_of(f->type, references) != (f->space != LAB_NO_SPACE))
        fail_msg("%s: %s and what it refers to do not go together", path, f->key);
    if (f->type == LAB_CHOICE && !f->words)
        fail_msg("%s: %s has no words to choose from", path, f->key);
    for (const struct lab_field *other = rec->fields; other < f; other++)
        if (qs_streq(other->key, f->key))
            fail_msg("%s: %s is there twice", path, f->key);
    if (f->record)
        walk(path, f->record);
}

static void walk(const char *path, const struct lab_record *rec)
{
    assert_true(rec->size > 0);
    for (const struct lab_field *f = rec->fields; f->key; f++)
        judge(path, rec, f);
}

static void the_tables_of_fields_have_no_holes(void **state)
{
    const struct lab_kind *kind;

    (void)state;
    for (size_t i = 0; (kind = lab_kind_at(i)); i++) {
        assert_ptr_equal(lab_kind_of(kind->path), kind);
        walk(kind->path, kind->record);
    }
}

static void every_kind_of_file_has_a_schema(void **state)
{
    const char *name;

    (void)state;
    for (size_t i = 0; (name = qs_lab_schema_name(i)); i++) {
        qs_auto(val) struct qs_val *schema = qs_lab_schema(name);
        const struct qs_val *properties = qs_val_get(schema, "properties");

        assert_false(qs_val_get_bool(schema, "additionalProperties", true));
        for (uint32_t j = 0; j < qs_val_count(properties); j++)
            if (!qs_val_get(properties->u.pairs[j].val, "type") && !qs_val_get(properties->u.pairs[j].val, "anyOf"))
                fail_msg("%s: %s has no type", name, properties->u.pairs[j].key);
    }
    assert_null(qs_lab_schema("network/vlan.yaml"));
    assert_null(qs_lab_schema("components/a/b.yaml"));
}

static void ranges_of_ports_are_told_from_names(void **state)
{
    static const struct {
        const char *text, *suffix;
        size_t prefix;
        uint16_t first, last;
    } rows[] = {
        { "Ethernet1-8", "", 8, 1, 8 },
        { "Ethernet49-52/1", "/1", 8, 49, 52 },
        { "ether1-4", "", 5, 1, 4 },
        { "et-0/0/0-3", "", 7, 0, 3 },
        { "Ethernet1", NULL, 0, 0, 0 },
        { "et-0/0/1", NULL, 0, 0, 0 },
        { "Ethernet8-1", NULL, 0, 0, 0 },
        { "Ethernet1-99999", NULL, 0, 0, 0 },
        { "Ethernet1-1025", NULL, 0, 0, 0 },
        { "1-8", NULL, 0, 0, 0 },
        { "", NULL, 0, 0, 0 },
        { "-", NULL, 0, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        size_t prefix = 0;
        uint16_t first = 0, last = 0;
        const char *suffix = NULL;
        bool range = lab_range(rows[i].text, &prefix, &first, &last, &suffix);

        if (range != (rows[i].suffix != NULL) || prefix != rows[i].prefix || first != rows[i].first ||
            last != rows[i].last || !qs_streq(suffix, rows[i].suffix))
            fail_msg("%s: %d %zu %u %u %s", rows[i].text, range, prefix, first, last, suffix ? suffix : "-");
    }
}

static void hosts_read_alike_in_both_families(void **state)
{
    static const struct {
        const char *net, *want;
        uint16_t number;
    } rows[] = {
        { "10.0.20.0/24", "10.0.20.111/24", 111 },
        { "fd00:20::/64", "fd00:20::111/64", 111 },
        { "10.0.20.0/24", NULL, 255 },
        { "10.0.20.0/24", NULL, 300 },
        { "10.0.0.0/16", "10.0.1.44/16", 300 },
        { "fd00:20::/64", "fd00:20::4094/64", 4094 },
        { "10.0.0.0/30", "10.0.0.2/30", 2 },
        { "10.0.0.0/30", NULL, 3 },
        { "10.0.0.0/31", NULL, 1 },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_prefix net, got = { .len = 0 };
        char text[QS_IP_TEXT];

        assert_true(qs_prefix_parse(rows[i].net, &net));
        if (lab_host(&net, rows[i].number, &got) != (rows[i].want != NULL) ||
            (rows[i].want && !qs_streq(qs_prefix_text(&got, text), rows[i].want)))
            fail_msg("%s host %u", rows[i].net, rows[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_of_fields_have_no_holes),
        cmocka_unit_test(every_kind_of_file_has_a_schema),
        cmocka_unit_test(ranges_of_ports_are_told_from_names),
        cmocka_unit_test(hosts_read_alike_in_both_families),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
