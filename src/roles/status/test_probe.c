#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "roles/status/condition.h"
#include "roles/status/probe.h"

static void every_kind_of_check_is_whole_and_its_condition_can_be_read(void **state)
{
    size_t count = 0;

    (void)state;
    for (const struct qs_kind *k; (k = qs_kind_at(count)); count++) {
        struct qs_err err = QS_ERR_INIT;
        struct qs_condition c;

        if (!k->name || !*k->name || !k->doc || !*k->doc || !k->start)
            fail_msg("kind %zu '%s': a field is not set", count, k->name ? k->name : "");
        if (qs_kind_find(k->name) != k)
            fail_msg("kind '%s': the name is taken twice", k->name);
        if (qs_condition_parse(k->condition, &c, &err))
            fail_msg("kind '%s': condition '%s': %s", k->name, k->condition, err.msg);
        qs_condition_done(&c);
    }
    assert_true(count > 0);
    assert_null(qs_kind_at(10000));
    assert_null(qs_kind_find("none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_check_is_whole_and_its_condition_can_be_read),
    };

    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
