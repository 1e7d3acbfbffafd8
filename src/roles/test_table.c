#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "roles/table.h"

static void every_role_can_be_found_started_and_stopped(void **state)
{
    size_t count = 0;

    (void)state;
    for (const struct qs_role *r; (r = qs_role_at(count)); count++) {
        if (!r->name || !*r->name || !r->summary || !*r->summary || !r->start || !r->stop)
            fail_msg("role %zu '%s': a field is not set", count, r->name ? r->name : "");
        if (qs_role_find(r->name) != r)
            fail_msg("role '%s': the name is taken twice", r->name);
    }
    assert_true(count > 0);
    assert_null(qs_role_at(10000));
    assert_null(qs_role_find("none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_role_can_be_found_started_and_stopped) };

    return cmocka_run_group_tests_name("roles", tests, NULL, NULL);
}
