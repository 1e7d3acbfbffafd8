#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "drivers/eos/eos_int.h"
#include "text/json.h"

#define HASH_A "sha512 $6$salt$aaaa"

struct state_pair {
    struct qs_resources have, want;
    struct qs_changes cs;
};

static struct qs_resources read_rs(const char *config)
{
    struct qs_resources rs = { .items = NULL };
    qs_auto(val) struct qs_val *foreign = NULL;
    struct qs_err err = QS_ERR_INIT;

    if (eos_config_read(config, &rs, &foreign, &err))
        fail_msg("%s: %s", err.ctx, err.msg);
    return rs;
}

static struct state_pair pair(const char *have, const char *want)
{
    struct state_pair p = { .have = read_rs(have), .want = read_rs(want) };

    qs_diff(eos_types, &p.have, &p.want, &p.cs);
    return p;
}

static void pair_done(struct state_pair *p)
{
    qs_changes_done(&p->cs);
    qs_resources_done(&p->have);
    qs_resources_done(&p->want);
}

static char *rendered(const struct state_pair *p, bool reveal)
{
    qs_auto(val) struct qs_val *list = qs_val_list();
    struct eos_render r = { .list = list, .have = &p->have, .want = &p->want, .reveal = reveal };
    qs_auto(buf) struct qs_buf text = QS_BUF(1 << 20);

    eos_render_changes(&r, &p->cs);
    for (size_t i = 0; i < qs_val_count(list); i++)
        qs_buf_printf(&text, "%s\n", qs_val_string(qs_val_at(list, i), ""));
    return qs_buf_take(&text);
}

static void changes_become_the_lines_of_the_device(void **state)
{
    /* clang-format off */
    static const struct { const char *label, *have, *want, *lines; } rows[] = {
        { "nothing", "hostname a\n", "hostname a\n", "" },
        { "singletons", "hostname a\nntp server 1.1.1.1\n", "hostname b\nntp server 2.2.2.2\nip routing\n",
          "hostname b\nno ntp server 1.1.1.1\nntp server 2.2.2.2\nip routing\n" },
        { "VLAN made", "", "vlan 10\n   name admin\n", "vlan 10\n   name admin\n   exit\n" },
        { "VLAN without name made", "", "vlan 10\n", "vlan 10\n   exit\n" },
        { "VLAN renamed", "vlan 10\n   name a\n", "vlan 10\n   name b\n", "vlan 10\n   name b\n   exit\n" },
        { "VLAN loses its name", "vlan 10\n   name a\n", "vlan 10\n", "vlan 10\n   no name\n   exit\n" },
        { "VLAN gone", "vlan 10\n", "", "no vlan 10\n" },
        { "access port", "interface Ethernet1\n   shutdown\n",
          "interface Ethernet1\n   description cp1 nic1\n   switchport access vlan 20\n",
          "interface Ethernet1\n   description cp1 nic1\n   switchport access vlan 20\n   no shutdown\n   exit\n" },
        { "trunk", "interface Ethernet1\n   shutdown\n",
          "interface Ethernet1\n   switchport trunk native vlan 20\n   switchport trunk allowed vlan 20,30\n"
          "   switchport mode trunk\n",
          "interface Ethernet1\n   switchport mode trunk\n   switchport trunk native vlan 20\n"
          "   switchport trunk allowed vlan 20,30\n   no shutdown\n   exit\n" },
        { "port without intent", "interface Ethernet1\n   description x\n   switchport access vlan 20\n", "",
          "interface Ethernet1\n   no description\n   no switchport access vlan\n   shutdown\n   exit\n" },
        { "trunk becomes routed", "interface Ethernet1\n   switchport mode trunk\n",
          "interface Ethernet1\n   no switchport\n   ip address 192.0.2.1/31\n",
          "interface Ethernet1\n   no switchport\n   ip address 192.0.2.1/31\n   exit\n" },
        { "routed becomes trunk", "interface Ethernet1\n   no switchport\n   ip address 192.0.2.1/31\n",
          "interface Ethernet1\n   switchport mode trunk\n",
          "interface Ethernet1\n   no ip address\n   exit\ninterface Ethernet1\n   switchport\n"
          "   switchport mode trunk\n   exit\n" },
        { "address moves to an earlier interface",
          "interface Vlan20\n   ip address 10.0.0.1/24\n   ipv6 address fd00::1/64\n",
          "interface Vlan10\n   ip address 10.0.0.1/24\n   ipv6 address fd00::1/64\ninterface Vlan20\n",
          "interface Vlan20\n   no ip address\n   no ipv6 address fd00::1/64\n   exit\n"
          "interface Vlan10\n   ip address 10.0.0.1/24\n   ipv6 address fd00::1/64\n   exit\n" },
        { "secondary added", "interface Vlan10\n   ip address 10.0.0.1/24\n",
          "interface Vlan10\n   ip address 10.0.0.1/24\n   ip address 10.0.1.1/24 secondary\n",
          "interface Vlan10\n   no ip address\n   exit\ninterface Vlan10\n   ip address 10.0.0.1/24\n"
          "   ip address 10.0.1.1/24 secondary\n   exit\n" },
        { "SVI and its VLAN gone", "vlan 10\ninterface Vlan10\n   ip address 10.0.0.1/24\n", "",
          "no interface Vlan10\nno vlan 10\n" },
        { "routes", "ip route 10.0.0.0/8 192.0.2.1\nipv6 route ::/0 fd00::1\n",
          "ip route 10.0.0.0/8 192.0.2.2 name lab\nipv6 route ::/0 fd00::1 5\n",
          "no ip route 10.0.0.0/8 192.0.2.1\nip route 10.0.0.0/8 192.0.2.2 name lab\n"
          "no ipv6 route ::/0 fd00::1\nipv6 route ::/0 fd00::1 5\n" },
        { "API", "", "management api http-commands\n   no shutdown\n",
          "management api http-commands\n   no shutdown\n   exit\n" },
        { "user gone", "username eve role network-admin nopassword\n", "", "no username eve\n" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct state_pair p = pair(rows[i].have, rows[i].want);
        qs_auto(str) char *lines = rendered(&p, false);

        if (!qs_streq(lines, rows[i].lines))
            fail_msg("%s:\n%s", rows[i].label, lines);
        pair_done(&p);
    }
}

/* From an empty switch, the lines alone are a configuration that reads back as what was wanted. */
static void what_is_rendered_reads_back_as_what_was_wanted(void **state)
{
    static const char want[] =
        "hostname core\ndns domain lab.example\nip name-server vrf default 9.9.9.9\nip routing\nipv6 unicast-routing\n"
        "username qs privilege 15 role network-admin secret " HASH_A "\n"
        "vlan 10\n   name admin\nvlan 20\n   state suspend\n"
        "interface Ethernet1\n   description a ! b\n   mtu 9000\n   switchport access vlan 20\n"
        "interface Ethernet2\n   switchport trunk allowed vlan none\n   switchport mode trunk\n"
        "interface Ethernet49/1\n   no switchport\n   ip address 192.0.2.0/31\n   ipv6 address fd00:1::/127\n"
        "interface Management1\n   ip address 10.0.0.11/24\n"
        "interface Vlan10\n   ip address 10.0.10.1/24\n   ip address 10.0.11.1/24 secondary\n"
        "interface Loopback0\n   ip address 10.255.0.1/32\n"
        "ip route 0.0.0.0/0 10.0.10.254 name out\n"
        "management api http-commands\n   protocol https port 8443\n   protocol http\n   no shutdown\n";
    struct state_pair p = pair("interface Ethernet1\n   shutdown\ninterface Ethernet2\n   shutdown\n"
                               "interface Ethernet49/1\n   shutdown\ninterface Management1\n   shutdown\n",
                               want);
    qs_auto(str) char *lines = rendered(&p, true);
    struct qs_resources got = read_rs(lines);
    struct qs_changes left = { .items = NULL };

    (void)state;
    qs_diff(eos_types, &got, &p.want, &left);
    if (left.count)
        fail_msg("%s '%s' differs in\n%s", left.items[0].type->name, left.items[0].name, lines);
    qs_changes_done(&left);
    qs_resources_done(&got);
    pair_done(&p);
}

static void a_users_secret_is_kept_and_shown_to_nobody(void **state)
{
    struct qs_resources want = { .items = NULL };
    struct state_pair p = pair("username qs role network-operator secret " HASH_A "\n", "");
    struct qs_err err = QS_ERR_INIT;
    qs_auto(str) char *shown = NULL, *sent = NULL;

    (void)state;
    qs_val_set_str(qs_resources_add(&want, "system", "system"), "hostname", "localhost");
    qs_val_set_str(qs_resources_add(&want, "user", "qs"), "role", "network-admin");
    qs_val_set_str(qs_resources_add(&want, "user", "ada"), "role", "network-admin");
    assert_int_equal(qs_resources_settle(&want, eos_types, &err), QS_OK);
    qs_changes_done(&p.cs);
    qs_resources_done(&p.want);
    p.want = want;
    qs_diff(eos_types, &p.have, &p.want, &p.cs);
    shown = rendered(&p, false);
    sent = rendered(&p, true);
    assert_string_equal(shown, "username ada role network-admin secret (secret)\n"
                               "username qs role network-admin secret (secret)\n");
    assert_non_null(strstr(sent, "username qs role network-admin secret " HASH_A "\n"));
    assert_non_null(strstr(sent, "username ada role network-admin secret sha512 $6$qs.locked$"));
    pair_done(&p);
}

static void a_line_break_in_a_value_is_no_second_command(void **state)
{
    qs_auto(val) struct qs_val *lines = qs_val_list();
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    qs_val_add(lines, qs_val_str("   description fine"));
    assert_int_equal(eos_lines_check(lines, &err), QS_OK);
    qs_val_add(lines, qs_val_str("   description x\nno username qs"));
    assert_int_equal(eos_lines_check(lines, &err), QS_INVALID);
    assert_string_equal(err.msg, "line 2 for the switch holds a control character");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_become_the_lines_of_the_device),
        cmocka_unit_test(what_is_rendered_reads_back_as_what_was_wanted),
        cmocka_unit_test(a_users_secret_is_kept_and_shown_to_nobody),
        cmocka_unit_test(a_line_break_in_a_value_is_no_second_command),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
