#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "roles/status/sched.h"

#define START 1000000

static void starts_do_not_drift(void **state)
{
    struct qs_sched *s = qs_sched_new(1, START);
    uint64_t starts = 0;
    size_t id;

    (void)state;
    qs_sched_add(s, 0, 5000);
    for (uint64_t now = START; now < START + 3600000; now += 7) { /* a loop that always wakes a little late */
        if (!qs_sched_take(s, now, &id))
            continue;
        uint64_t late = (now - START) % 5000;
        assert_true(late <= 5000 / 50 + 7); /* jitter and lateness do not add up */
        starts++;
    }
    assert_int_equal(starts, 720);
    qs_sched_free(s);
}

static void missed_starts_are_left_out(void **state)
{
    struct qs_sched *s = qs_sched_new(1, START);
    size_t id;

    (void)state;
    qs_sched_add(s, 0, 1000);
    assert_true(qs_sched_take(s, START, &id));
    assert_true(qs_sched_take(s, START + 10500, &id)); /* asleep for ten intervals: one start, not ten */
    assert_false(qs_sched_take(s, START + 10500, &id));
    assert_true(qs_sched_next(s) >= START + 11000 && qs_sched_next(s) < START + 11020);
    qs_sched_free(s);
}

static void many_checks_do_not_start_at_once(void **state)
{
    struct qs_sched *s = qs_sched_new(3000, START);
    unsigned most = 0;
    size_t id;

    (void)state;
    for (size_t i = 0; i < 3000; i++)
        qs_sched_add(s, i, 5000);
    for (uint64_t now = START; now < START + 5000; now += 10) {
        unsigned burst = 0;

        while (qs_sched_take(s, now, &id))
            burst++;
        most = burst > most ? burst : most;
    }
    assert_true(most <= 12);
    qs_sched_free(s);
}

static void an_extra_start_keeps_the_grid(void **state)
{
    struct qs_sched *s = qs_sched_new(1, START);
    size_t id;

    (void)state;
    qs_sched_add(s, 0, 5000);
    assert_true(qs_sched_take(s, START, &id));
    qs_sched_soon(s, 0, START + 500);
    assert_int_equal(qs_sched_next(s), START + 500);
    assert_true(qs_sched_take(s, START + 500, &id));
    assert_true(qs_sched_next(s) >= START + 5000 && qs_sched_next(s) <= START + 5100);
    qs_sched_soon(s, 0, START + 9000); /* later than the next one: nothing to do */
    assert_true(qs_sched_next(s) <= START + 5100);
    qs_sched_free(s);
}

static void an_empty_schedule_has_no_next(void **state)
{
    struct qs_sched *s = qs_sched_new(0, START);
    size_t id;

    (void)state;
    assert_true(qs_sched_next(s) == UINT64_MAX);
    assert_false(qs_sched_take(s, UINT64_MAX, &id));
    qs_sched_free(s);
    qs_sched_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_do_not_drift),
        cmocka_unit_test(missed_starts_are_left_out),
        cmocka_unit_test(many_checks_do_not_start_at_once),
        cmocka_unit_test(an_extra_start_keeps_the_grid),
        cmocka_unit_test(an_empty_schedule_has_no_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
