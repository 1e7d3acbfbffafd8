#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/table.h"

static const char *const heads[] = { "NAME", "STATE" };

static void columns_align_by_characters_not_bytes(void **state)
{
    struct qs_table *t = qs_table_new(heads, 2);
    qs_auto(buf) struct qs_buf out = QS_BUF(4096);

    (void)state;
    qs_table_cell(t, QS_PLAIN, "caf\xc3\xa9");
    qs_table_cell(t, QS_GREEN, "up");
    qs_table_cell(t, QS_PLAIN, "ab");
    qs_table_cell(t, QS_PLAIN, "%d of %d", 1, 2);
    qs_table_write(t, false, &out);
    qs_table_free(t);
    assert_string_equal(qs_buf_text(&out), "NAME  STATE\ncaf\xc3\xa9  up\nab    1 of 2\n");
}

static void colour_stays_outside_of_the_width(void **state)
{
    struct qs_table *t = qs_table_new(NULL, 2);
    qs_auto(buf) struct qs_buf out = QS_BUF(4096);

    (void)state;
    qs_table_cell(t, QS_RED, "a");
    qs_table_cell(t, QS_PLAIN, "b");
    qs_table_write(t, true, &out);
    qs_table_free(t);
    assert_string_equal(qs_buf_text(&out), "\033[31ma\033[0m  b\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_align_by_characters_not_bytes),
        cmocka_unit_test(colour_stays_outside_of_the_width),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
