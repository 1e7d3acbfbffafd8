#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/val.h"

static void setting_replaces_in_place_and_keeps_order(void **state)
{
    qs_auto(val) struct qs_val *m = qs_val_map();

    (void)state;
    qs_val_set_int(m, "b", 1);
    qs_val_set_int(m, "a", 2);
    qs_val_set_str(m, "b", "new");
    qs_val_set_str(m, "absent", NULL);
    assert_int_equal(qs_val_count(m), 2);
    assert_string_equal(m->u.pairs[0].key, "b");
    assert_string_equal(qs_val_get_str(m, "b", ""), "new");
    qs_val_del(m, "b");
    qs_val_del(m, "never");
    assert_int_equal(qs_val_count(m), 1);
    assert_int_equal(qs_val_get_int(m, "a", 0), 2);
}

static void look_ups_accept_null_and_wrong_types(void **state)
{
    qs_auto(val) struct qs_val *s = qs_val_str("x");

    (void)state;
    assert_null(qs_val_get(NULL, "a"));
    assert_null(qs_val_get(s, "a"));
    assert_null(qs_val_at(s, 0));
    assert_int_equal(qs_val_count(NULL), 0);
    assert_int_equal(qs_val_count(s), 0);
    assert_int_equal(qs_val_integer(s, 7), 7);
    assert_true(qs_val_boolean(NULL, true));
    assert_string_equal(qs_val_string(NULL, "o"), "o");
    qs_val_free(NULL);
}

static void copies_are_equal_whatever_the_order_of_keys(void **state)
{
    qs_auto(val) struct qs_val *a = qs_val_map();
    qs_auto(val) struct qs_val *b = qs_val_map();
    struct qs_val *list;

    (void)state;
    list = qs_val_set(a, "l", qs_val_list());
    for (int i = 0; i < 9; i++)
        (void)qs_val_add(list, qs_val_strf("item %d", i));
    (void)qs_val_set(a, "r", qs_val_real(0.5));
    (void)qs_val_set(b, "r", qs_val_real(0.5));
    (void)qs_val_set(b, "l", qs_val_copy(list));
    assert_true(qs_val_equal(a, b));
    (void)qs_val_add(qs_val_get(b, "l"), qs_val_null());
    assert_false(qs_val_equal(a, b));
    assert_false(qs_val_equal(a, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_replaces_in_place_and_keeps_order),
        cmocka_unit_test(look_ups_accept_null_and_wrong_types),
        cmocka_unit_test(copies_are_equal_whatever_the_order_of_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
