/* The contract that every driver of the table keeps. */
#include "converge/driver.h"
#include "converge/testing.h"

static void check_attr(const struct qs_driver *d, const struct qs_type *t, const struct qs_attr *a)
{
    qs_auto(val) struct qs_val *otherwise = qs_attr_default(a);

    if (!a->doc || !*a->doc)
        fail_msg("%s: %s.%s has no doc", d->name, t->name, a->name);
    if (a->otherwise && !otherwise)
        fail_msg("%s: %s.%s: its default '%s' is not of its type", d->name, t->name, a->name, a->otherwise);
    if (a->otherwise && (a->flags & (QS_ATTR_REQUIRED | QS_ATTR_STATE | QS_ATTR_UNMANAGED)))
        fail_msg("%s: %s.%s: a default is never used beside its flags", d->name, t->name, a->name);
    if ((a->flags & QS_ATTR_SECRET) && a->type != QS_ATTR_STRING)
        fail_msg("%s: %s.%s: a secret is a string", d->name, t->name, a->name);
    for (const struct qs_attr *b = t->attrs; b < a; b++)
        if (qs_streq(a->name, b->name))
            fail_msg("%s: %s.%s is there twice", d->name, t->name, a->name);
}

static void every_schema_row_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; qs_driver_at(i); i++) {
        const struct qs_driver *d = qs_driver_at(i);

        for (const struct qs_type *t = d->types; t->name; t++) {
            if (!t->doc || !t->attrs || !t->attrs->name)
                fail_msg("%s: type %s has no doc or no attributes", d->name, t->name);
            if (qs_type_find(d->types, t->name) != t)
                fail_msg("%s: type %s is there twice", d->name, t->name);
            if ((t->flags & QS_TYPE_SINGLETON) && (t->flags & QS_TYPE_ORDERED))
                fail_msg("%s: type %s cannot be a singleton and ordered", d->name, t->name);
            for (const struct qs_attr *a = t->attrs; a->name; a++)
                check_attr(d, t, a);
        }
    }
}

static void every_driver_is_whole_and_has_its_own_name(void **state)
{
    (void)state;
    for (size_t i = 0; qs_driver_at(i); i++) {
        const struct qs_driver *d = qs_driver_at(i);

        assert_int_equal(d->abi, QS_DRIVER_ABI);
        assert_true(d->name && d->summary && d->port && d->types);
        assert_true(d->open && d->observe && d->render && d->apply && d->confirm && d->revert && d->close);
        assert_ptr_equal(qs_driver_find(d->name), d);
        d->close(NULL);
    }
    assert_null(qs_driver_find("no-such-driver"));
    assert_null(qs_driver_at(10000));
}

static void an_unpinned_target_is_refused_before_a_byte_is_sent(void **state)
{
    (void)state;
    for (size_t i = 0; qs_driver_at(i); i++) {
        const struct qs_driver *d = qs_driver_at(i);
        const struct qs_target t = { .name = "t1",
                                     .driver = d->name,
                                     .address = "127.0.0.1",
                                     .port = 1,
                                     .user = "u",
                                     .password = "p",
                                     .timeout_ms = 500,
                                     .commit_timer_s = 60 };
        struct qs_err err = QS_ERR_INIT;
        struct qs_session *s = NULL;

        assert_int_equal(d->open(&t, &s, &err), QS_DENIED);
        assert_null(s);
        assert_true(err.hint[0] != '\0');
    }
}

static void nothing_to_do_renders_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; qs_driver_at(i); i++) {
        const struct qs_changes none = { .count = 0 };
        const struct qs_resources want = { .count = 0 };
        qs_auto(val) struct qs_val *list = qs_val_list();

        qs_driver_at(i)->render(&none, &want, list);
        assert_int_equal(qs_val_count(list), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_driver_is_whole_and_has_its_own_name),
        cmocka_unit_test(every_schema_row_is_whole),
        cmocka_unit_test(an_unpinned_target_is_refused_before_a_byte_is_sent),
        cmocka_unit_test(nothing_to_do_renders_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
