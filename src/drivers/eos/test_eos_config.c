#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/str.h"
#include "drivers/eos/eos_int.h"
#include "text/json.h"

#define CORE "src/drivers/eos/testdata/core.cfg"

struct config {
    struct qs_resources rs;
    struct qs_val *foreign;
};

static struct config read_text(const char *text)
{
    struct config c = { .foreign = NULL };
    struct qs_err err = QS_ERR_INIT;

    if (eos_config_read(text, &c.rs, &c.foreign, &err))
        fail_msg("%s: %s", err.ctx, err.msg);
    return c;
}

static void config_done(struct config *c)
{
    qs_resources_done(&c->rs);
    qs_val_free(c->foreign);
}

static struct config read_core(void)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(1 << 20);
    struct qs_err err = QS_ERR_INIT;

    assert_int_equal(qs_fs_read(AT_FDCWD, CORE, &text, &err), QS_OK);
    return read_text(qs_buf_text(&text));
}

static void every_row_of_a_real_configuration_is_read(void **state)
{
    /* clang-format off */
    static const struct { const char *type, *name, *attrs; } rows[] = {
        { "system", "system", "{\"domain\":\"quorum.example\",\"hostname\":\"core\",\"ip_routing\":true,"
          "\"ipv6_routing\":true,\"name_servers\":[\"9.9.9.9\",\"149.112.112.112\",\"2620:fe::fe\"],"
          "\"ntp_servers\":[\"162.159.200.1\"]}" },
        { "user", "admin", "{\"privilege\":15,\"role\":\"network-admin\",\"secret\":\"nopassword\"}" },
        { "vlan", "10", "{\"name\":\"admin\",\"state\":\"active\"}" },
        { "vlan", "21", "{\"name\":\"\",\"state\":\"active\"}" },
        { "vlan", "40", "{\"name\":\"provisioning\",\"state\":\"suspend\"}" },
        { "interface", "Ethernet1", "{\"access_vlan\":50,\"allowed_vlans\":\"1-4094\",\"description\":\"edge ether2\","
          "\"enabled\":true,\"ipv4\":\"\",\"ipv4_secondary\":[],\"ipv6\":[],\"mode\":\"access\",\"mtu\":1500,"
          "\"native_vlan\":1}" },
        { "interface", "Ethernet2", "{\"access_vlan\":1,\"allowed_vlans\":\"1-4094\",\"description\":\"\","
          "\"enabled\":false,\"ipv4\":\"\",\"ipv4_secondary\":[],\"ipv6\":[],\"mode\":\"access\",\"mtu\":1500,"
          "\"native_vlan\":1}" },
        { "interface", "Ethernet3", "{\"access_vlan\":1,\"allowed_vlans\":\"1-4094\","
          "\"description\":\"to the provider\",\"enabled\":true,\"ipv4\":\"192.0.2.1/31\","
          "\"ipv4_secondary\":[\"192.0.2.8/24\"],\"ipv6\":[\"2001:db8::1/64\",\"fe80::1/64\"],\"mode\":\"routed\","
          "\"mtu\":9214,\"native_vlan\":1}" },
        { "interface", "Ethernet31/1", "{\"access_vlan\":1,\"allowed_vlans\":\"20-22,30\",\"description\":\"\","
          "\"enabled\":true,\"ipv4\":\"\",\"ipv4_secondary\":[],\"ipv6\":[],\"mode\":\"trunk\",\"mtu\":1500,"
          "\"native_vlan\":20}" },
        { "management", "Management1", "{\"description\":\"\",\"enabled\":true,\"ipv4\":\"10.0.0.11/24\","
          "\"ipv4_secondary\":[],\"ipv6\":[\"fd51:7a3e:9c00::11/64\"],\"mtu\":1500}" },
        { "loopback", "Loopback0", "{\"description\":\"\",\"enabled\":true,\"ipv4\":\"10.255.0.1/32\","
          "\"ipv4_secondary\":[],\"ipv6\":[],\"mtu\":1500}" },
        { "svi", "Vlan40", "{\"description\":\"\",\"enabled\":false,\"ipv4\":\"\",\"ipv4_secondary\":[],\"ipv6\":[],"
          "\"mtu\":1500}" },
        { "route", "0.0.0.0/0 via 10.0.50.2", "{\"dest\":\"0.0.0.0/0\",\"distance\":1,"
          "\"name\":\"out-by-the-edge-router\",\"via\":\"10.0.50.2\"}" },
        { "route", "10.9.0.0/16 via 10.0.50.3", "{\"dest\":\"10.9.0.0/16\",\"distance\":200,\"name\":\"\","
          "\"via\":\"10.0.50.3\"}" },
        { "route", "::/0 via fd51:7a3e:9c00:50::2", "{\"dest\":\"::/0\",\"distance\":1,\"name\":\"\","
          "\"via\":\"fd51:7a3e:9c00:50::2\"}" },
        { "api", "api", "{\"enabled\":true,\"http\":false,\"https\":true,\"https_port\":443}" },
    };
    /* clang-format on */
    struct config c = read_core();

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        const struct qs_resource *r = qs_resources_find(&c.rs, rows[i].type, rows[i].name);
        qs_auto(buf) struct qs_buf got = QS_BUF(4096);

        if (!r)
            fail_msg("%s '%s' is missing", rows[i].type, rows[i].name);
        qs_json_write_canonical(r->attrs, &got);
        assert_string_equal(qs_buf_text(&got), rows[i].attrs);
    }
    config_done(&c);
}

static void what_no_row_covers_is_told_with_its_place(void **state)
{
    static const char *const want[] = {
        "ntp server 162.159.200.123 prefer iburst",
        "vlan 40 / trunk group mlag",
        "vrf instance mgmt",
        "banner motd",
        "management api http-commands / vrf mgmt (and 1 lines in it)",
        "interface Ethernet31/1 / spanning-tree portfast",
        "interface Port-Channel5 (and 2 lines in it)",
        "interface Vlan40 / ip address virtual 10.0.40.1/24",
        "ip route vrf mgmt 0.0.0.0/0 10.0.0.1",
        "router bgp 65001 (and 2 lines in it)",
    };
    struct config c = read_core();

    (void)state;
    assert_int_equal(qs_val_count(c.foreign), QS_COUNT(want));
    for (size_t i = 0; i < QS_COUNT(want); i++)
        assert_string_equal(qs_val_string(qs_val_at(c.foreign, i), ""), want[i]);
    config_done(&c);
}

static void malformed_text_is_refused_with_its_line(void **state)
{
    /* clang-format off */
    static const struct { const char *label, *text, *msg; } rows[] = {
        { "indented first line", "   vlan 10\n", "configuration line 1: its indentation fits no level" },
        { "too deep", "a\n b\n  c\n   d\n    e\n     f\n      g\n       h\n        i\n",
          "configuration line 9: its indentation fits no level" },
        { "endless banner", "vlan 10\nbanner login\nhello\n", "configuration line 2: the banner has no end" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct eos_tree t = { .text = NULL };
        struct qs_err err = QS_ERR_INIT;

        if (eos_tree_parse(rows[i].text, strlen(rows[i].text), &t, &err) != QS_PROTO)
            fail_msg("%s: accepted", rows[i].label);
        assert_string_equal(err.msg, rows[i].msg);
    }
}

static void a_configuration_without_its_end_is_not_whole(void **state)
{
    /* clang-format off */
    static const struct { const char *text; bool whole; } rows[] = {
        { "vlan 10\n!\nend\n", true }, { "vlan 10\r\nend\r\n\r\n", true }, { "end", true },
        { "", false }, { "vlan 10\n", false }, { "vlan 10\nen", false }, { "description the end\n", false },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++)
        if (eos_config_is_whole(rows[i].text) != rows[i].whole)
            fail_msg("'%s'", rows[i].text);
}

static void carriage_returns_and_odd_indents_are_taken(void **state)
{
    struct config c = read_text("vlan 7\r\n  name a\r\ninterface Vlan7\r\n ip address 10.0.7.1/24\r\n");

    (void)state;
    assert_string_equal(qs_val_get_str(qs_resources_find(&c.rs, "vlan", "7")->attrs, "name", ""), "a");
    assert_string_equal(qs_val_get_str(qs_resources_find(&c.rs, "svi", "Vlan7")->attrs, "ipv4", ""), "10.0.7.1/24");
    config_done(&c);
}

static void vlan_lists_have_one_form(void **state)
{
    /* clang-format off */
    static const struct { const char *text, *want; } rows[] = {
        { "30,20-22,21", "20-22,30" }, { "none", "none" }, { "", "none" }, { "1-4094", "1-4094" }, { "5,6", "5-6" },
        { "0", NULL }, { "4095", NULL }, { "9-5", NULL }, { "1,,2", NULL }, { "x", NULL }, { "1-", NULL },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct eos_vlans v;
        bool ok = eos_vlans_parse(rows[i].text, &v);
        qs_auto(str) char *text = ok ? eos_vlans_text(&v) : NULL;

        if (!qs_streq(text, rows[i].want))
            fail_msg("'%s' became '%s'", rows[i].text, text ? text : "(refused)");
    }
}

static void the_revision_ignores_comments_alone(void **state)
{
    char a[65], b[65], c[65];

    (void)state;
    eos_config_revision("! Command: show running-config\n! Time: Monday\nvlan 10\n!\nend\n", a);
    eos_config_revision("! Command: show running-config\n! Time: Tuesday\nvlan 10\n!\nend\n", b);
    eos_config_revision("! Command: show running-config\nvlan 11\n!\nend\n", c);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_a_real_configuration_is_read),
        cmocka_unit_test(what_no_row_covers_is_told_with_its_place),
        cmocka_unit_test(malformed_text_is_refused_with_its_line),
        cmocka_unit_test(a_configuration_without_its_end_is_not_whole),
        cmocka_unit_test(carriage_returns_and_odd_indents_are_taken),
        cmocka_unit_test(vlan_lists_have_one_form),
        cmocka_unit_test(the_revision_ignores_comments_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
