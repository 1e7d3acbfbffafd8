#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "os/netlink.h"
#include "os/ns.h"
#include "os/spawn.h"

/* Two fresh namespaces, `here` entered by a netlink socket that belongs to it. */
struct box {
    int home, here, there;
    struct qs_nl *nl, *nl_there;
};

static void must(enum qs_code code, const struct qs_err *err)
{
    char text[512];

    if (code)
        fail_msg("%s: %s", qs_code_text(code), qs_err_text(err, text, sizeof(text)));
}

static struct qs_prefix prefix(const char *text)
{
    struct qs_prefix p;

    assert_true(qs_prefix_parse(text, &p));
    return p;
}

static struct qs_ip ip(const char *text)
{
    struct qs_ip a;

    assert_true(qs_ip_parse(text, &a));
    return a;
}

static int setup(void **state)
{
    static struct box box;
    struct qs_err err = QS_ERR_INIT;

    *state = NULL;
    box = (struct box){ .home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), .here = -1, .there = -1 };
    if (qs_netns_new(&box.here, &err) || qs_netns_new(&box.there, &err))
        return 0; /* each test skips */
    must(qs_netns_enter(box.there, &err), &err);
    must(qs_nl_open(&box.nl_there, &err), &err);
    must(qs_netns_enter(box.here, &err), &err);
    must(qs_nl_open(&box.nl, &err), &err);
    *state = &box;
    return 0;
}

static int teardown(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;

    if (!box)
        return 0;
    qs_nl_close(box->nl);
    qs_nl_close(box->nl_there);
    must(qs_netns_enter(box->home, &err), &err);
    qs_fd_close(box->here);
    qs_fd_close(box->there);
    qs_fd_close(box->home);
    return 0;
}

static struct box *need(void **state)
{
    if (!*state) {
        print_message("network namespaces need privilege; skipped\n");
        skip();
    }
    return *state;
}

/* Not at the first try: IPv6 waits for the kernel to notice the carrier. */
static bool ping(const char *address)
{
    const char *argv[] = { "/usr/bin/ping", "-c", "20", "-i", "0.05", "-W", "1", "-n", address, NULL };
    struct qs_spawn s = QS_SPAWN_INIT;
    struct qs_err err = QS_ERR_INIT;
    qs_auto(buf) struct qs_buf out = QS_BUF(4096);
    int status = 1;

    s.argv = argv;
    must(qs_spawn_run(&s, NULL, &out, 10000, &status, &err), &err);
    return status == 0;
}

static void a_veth_pair_carries_both_families(void **state)
{
    struct box *box = need(state);
    struct qs_err err = QS_ERR_INIT;
    const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
    struct qs_prefix a4 = prefix("192.0.2.1/24"), b4 = prefix("192.0.2.2/24");
    struct qs_prefix a6 = prefix("2001:db8::1/64"), b6 = prefix("2001:db8::2/64");

    must(qs_nl_veth(box->nl, "a", -1, mac, "b", box->there, NULL, &err), &err);
    assert_true(qs_nl_index(box->nl, "a") > 0);
    assert_int_equal(qs_nl_index(box->nl, "b"), 0);
    assert_true(qs_nl_index(box->nl_there, "b") > 0);
    must(qs_nl_addr(box->nl, "a", &a4, true, &err), &err);
    must(qs_nl_addr(box->nl, "a", &a6, true, &err), &err);
    must(qs_nl_addr(box->nl_there, "b", &b4, true, &err), &err);
    must(qs_nl_addr(box->nl_there, "b", &b6, true, &err), &err);
    must(qs_nl_up(box->nl, "a", true, &err), &err);
    assert_false(qs_nl_carrier(box->nl, "a"));
    must(qs_nl_up(box->nl_there, "b", true, &err), &err);
    assert_true(qs_nl_carrier(box->nl, "a"));
    assert_true(ping("192.0.2.2"));
    assert_true(ping("2001:db8::2"));
    must(qs_nl_up(box->nl_there, "b", false, &err), &err);
    assert_false(qs_nl_carrier(box->nl, "a"));
    must(qs_nl_delete(box->nl, "a", &err), &err);
    assert_int_equal(qs_nl_index(box->nl_there, "b"), 0);
}

static void both_ends_may_be_elsewhere(void **state)
{
    struct box *box = need(state);
    struct qs_err err = QS_ERR_INIT;

    must(qs_nl_veth(box->nl, "x1", box->there, NULL, "x2", box->there, NULL, &err), &err);
    assert_true(qs_nl_index(box->nl_there, "x1") > 0 && qs_nl_index(box->nl_there, "x2") > 0);
    must(qs_nl_veth(box->nl, "y1", box->there, NULL, "y2", -1, NULL, &err), &err);
    assert_true(qs_nl_index(box->nl_there, "y1") > 0 && qs_nl_index(box->nl, "y2") > 0);
    must(qs_nl_delete(box->nl_there, "x1", &err), &err);
    must(qs_nl_delete(box->nl_there, "y1", &err), &err);
}

static void a_second_add_or_remove_is_success(void **state)
{
    struct box *box = need(state);
    struct qs_err err = QS_ERR_INIT;
    const char *texts[] = { "192.0.2.9/24", "2001:db8:9::9/64" };

    must(qs_nl_bridge(box->nl, "d0", &err), &err);
    must(qs_nl_up(box->nl, "d0", true, &err), &err);
    for (size_t i = 0; i < QS_COUNT(texts); i++) {
        struct qs_prefix p = prefix(texts[i]);

        for (int twice = 0; twice < 2; twice++)
            must(qs_nl_addr(box->nl, "d0", &p, true, &err), &err);
        for (int twice = 0; twice < 2; twice++)
            must(qs_nl_addr(box->nl, "d0", &p, false, &err), &err);
    }
    must(qs_nl_delete(box->nl, "d0", &err), &err);
}

static void routes_are_replaced_and_removed(void **state)
{
    struct box *box = need(state);
    struct qs_err err = QS_ERR_INIT;
    struct qs_prefix own = prefix("192.0.2.1/24"), own6 = prefix("2001:db8::1/64");
    static const struct {
        const char *dest, *via, *again;
    } rows[] = {
        { "198.51.100.0/24", "192.0.2.2", "192.0.2.3" },
        { "0.0.0.0/0", "192.0.2.2", "192.0.2.3" },
        { "2001:db8:1::/48", "2001:db8::2", "2001:db8::3" },
        { "::/0", "2001:db8::2", "2001:db8::3" },
    };
    struct qs_ip none = { 0 };

    must(qs_nl_bridge(box->nl, "d0", &err), &err);
    must(qs_nl_up(box->nl, "d0", true, &err), &err);
    must(qs_nl_addr(box->nl, "d0", &own, true, &err), &err);
    must(qs_nl_addr(box->nl, "d0", &own6, true, &err), &err);
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_prefix dest = prefix(rows[i].dest);
        struct qs_ip via = ip(rows[i].via), again = ip(rows[i].again);

        must(qs_nl_route(box->nl, &dest, &via, NULL, true, &err), &err);
        must(qs_nl_route(box->nl, &dest, &again, NULL, true, &err), &err);
        must(qs_nl_route(box->nl, &dest, &none, "d0", true, &err), &err);
        must(qs_nl_route(box->nl, &dest, &none, NULL, false, &err), &err);
        must(qs_nl_route(box->nl, &dest, &none, NULL, true, &err), &err); /* blackhole */
        for (int twice = 0; twice < 2; twice++)
            must(qs_nl_route(box->nl, &dest, &none, NULL, false, &err), &err);
    }
    must(qs_nl_delete(box->nl, "d0", &err), &err);
}

static void bridges_take_members_and_mtu(void **state)
{
    struct box *box = need(state);
    struct qs_err err = QS_ERR_INIT;

    must(qs_nl_bridge(box->nl, "br0", &err), &err);
    must(qs_nl_veth(box->nl, "p1", -1, NULL, "h1", box->there, NULL, &err), &err);
    must(qs_nl_master(box->nl, "p1", "br0", &err), &err);
    must(qs_nl_mtu(box->nl, "p1", 9000, &err), &err);
    must(qs_net_sysctl("ipv4/ip_forward", "1", &err), &err);
    must(qs_nl_delete(box->nl, "br0", &err), &err);
    must(qs_nl_delete(box->nl, "p1", &err), &err);
}

static void failures_name_their_object(void **state)
{
    struct box *box = need(state);
    struct qs_err err = QS_ERR_INIT;
    struct qs_prefix far = prefix("198.51.100.0/24");
    struct qs_ip via = ip("203.0.113.1"), via6 = ip("2001:db8::1");
    char text[512];

    assert_int_equal(qs_nl_up(box->nl, "nolink", true, &err), QS_NOTFOUND);
    assert_non_null(strstr(qs_err_text(&err, text, sizeof(text)), "'nolink'"));
    assert_int_equal(qs_nl_bridge(box->nl, "a-name-of-16-byt", &err), QS_INVALID);
    assert_int_equal(qs_nl_bridge(box->nl, "lo", &err), QS_CONFLICT);
    assert_int_equal(qs_nl_route(box->nl, &far, &via, NULL, true, &err), QS_INVALID);
    assert_non_null(strstr(qs_err_text(&err, text, sizeof(text)), "198.51.100.0/24"));
    assert_int_equal(qs_nl_route(box->nl, &far, &via6, NULL, true, &err), QS_INVALID);
    assert_int_equal(qs_net_sysctl("ipv4/no_such_thing", "1", &err), QS_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_veth_pair_carries_both_families), cmocka_unit_test(both_ends_may_be_elsewhere),
        cmocka_unit_test(a_second_add_or_remove_is_success), cmocka_unit_test(routes_are_replaced_and_removed),
        cmocka_unit_test(bridges_take_members_and_mtu),      cmocka_unit_test(failures_name_their_object),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
