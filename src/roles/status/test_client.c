#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/str.h"
#include "roles/status/client.h"

static struct qs_ip ip(const char *text)
{
    struct qs_ip a = { .family = 0 };

    assert_true(qs_ip_parse(text, &a));
    return a;
}

static void a_bucket_empties_and_fills(void **state)
{
    struct qs_limiter *l = qs_limiter_new(2, 3);
    struct qs_ip a = ip("192.0.2.1"), b = ip("192.0.2.2");

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(qs_limiter_take(l, &a, 1000), 0);
    assert_int_equal(qs_limiter_take(l, &a, 1000), 1);
    assert_int_equal(qs_limiter_take(l, &b, 1000), 0);
    assert_int_equal(qs_limiter_take(l, &a, 1400), 1);
    assert_int_equal(qs_limiter_take(l, &a, 1500), 0); /* half a second is one token at two a second */
    assert_int_equal(qs_limiter_take(l, &a, 1500), 1);
    for (int i = 0; i < 3; i++) /* a long time fills no more than the burst */
        assert_int_equal(qs_limiter_take(l, &a, 1000000), 0);
    assert_int_equal(qs_limiter_take(l, &a, 1000000), 1);
    qs_limiter_free(l);
}

static void neighbours_in_a_v6_network_share_a_bucket(void **state)
{
    struct qs_limiter *l = qs_limiter_new(1, 1);
    struct qs_ip a = ip("2001:db8::1"), b = ip("2001:db8::2"), c = ip("2001:db8:0:1::1");

    (void)state;
    assert_int_equal(qs_limiter_take(l, &a, 0), 0);
    assert_int_equal(qs_limiter_take(l, &b, 0), 1);
    assert_int_equal(qs_limiter_take(l, &c, 0), 0);
    qs_limiter_free(l);
}

static void many_clients_take_no_more_memory(void **state)
{
    struct qs_limiter *l = qs_limiter_new(1, 5);

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        struct qs_ip a = { .family = 4, .bytes = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };

        assert_int_equal(qs_limiter_take(l, &a, i), 0);
    }
    qs_limiter_free(l);
}

static void the_client_is_the_last_that_is_not_a_proxy(void **state)
{
    static const struct {
        const char *x, *forwarded, *want;
    } rows[] = {
        { "203.0.113.9", NULL, "203.0.113.9" },
        { "1.2.3.4, 203.0.113.9", NULL, "203.0.113.9" },
        { "203.0.113.9, 127.0.0.1", NULL, "203.0.113.9" },
        { "203.0.113.9,10.0.0.5 , 127.0.0.1", NULL, "203.0.113.9" },
        { "127.0.0.1", NULL, "127.0.0.1" },
        { "203.0.113.9:4711", NULL, "203.0.113.9" },
        { "[2001:db8::7]:4711", NULL, "2001:db8::7" },
        { "2001:db8::7", NULL, "2001:db8::7" },
        { "unknown", NULL, NULL },
        { "203.0.113.9, garbage", NULL, NULL },
        { "", NULL, NULL },
        { NULL, "for=203.0.113.9", "203.0.113.9" },
        { NULL, "proto=https;For=\"[2001:db8::7]:99\";by=10.0.0.1", "2001:db8::7" },
        { NULL, "for=1.2.3.4, for=203.0.113.9, for=127.0.0.1", "203.0.113.9" },
        { NULL, "for=_hidden", NULL },
        { NULL, "by=1.2.3.4", NULL },
        { NULL, NULL, NULL },
    };
    struct qs_prefix trusted[2];

    (void)state;
    assert_true(qs_prefix_parse("127.0.0.1/32", &trusted[0]) && qs_prefix_parse("10.0.0.0/8", &trusted[1]));
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_ip got = qs_client_forwarded(rows[i].x, rows[i].forwarded, trusted, 2);
        char text[QS_IP_TEXT] = "";

        if (got.family)
            (void)qs_ip_text(&got, text);
        if (!qs_streq(text, rows[i].want ? rows[i].want : ""))
            fail_msg("row %zu: got '%s', not '%s'", i, text, rows[i].want ? rows[i].want : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_empties_and_fills),
        cmocka_unit_test(neighbours_in_a_v6_network_share_a_bucket),
        cmocka_unit_test(many_clients_take_no_more_memory),
        cmocka_unit_test(the_client_is_the_last_that_is_not_a_proxy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
