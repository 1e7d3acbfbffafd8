#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "text/json.h"
#include "twin/switch/diff.h"
#include "twin/switch/grammar.h"

static const char conf_text[] =
    "{\"name\":\"sw1\",\"model\":\"DCS-7050TX-64-F\",\"version\":\"4.28.3M\",\"serial\":\"JPE1\","
    "\"mac\":\"02:00:00:00:00:01\",\"credentials\":{\"user\":\"qs\",\"password\":\"secret\"},"
    "\"management\":{\"port\":\"Management1\",\"link\":\"ma1\",\"addresses\":[\"10.0.0.11/24\"]},"
    "\"ports\":[{\"name\":\"Ethernet10\"},{\"name\":\"Ethernet2\"},{\"name\":\"Ethernet1\",\"link\":\"et1\"},"
    "{\"name\":\"Ethernet49/1\"}]}";

static struct qs_sw_platform *platform;

static int make(void **state)
{
    qs_auto(val) struct qs_val *v = NULL;
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    return qs_json_parse(conf_text, sizeof(conf_text) - 1, &v, &err) || qs_sw_platform_read(v, &platform, &err);
}

static int unmake(void **state)
{
    (void)state;
    qs_sw_platform_free(platform);
    return 0;
}

/* Runs lines parted by "\n"; gives the code of the first that fails. */
static enum qs_code feed(struct qs_sw_cursor *at, const char *lines, struct qs_err *err)
{
    while (*lines) {
        size_t len = strcspn(lines, "\n");
        char line[2048];

        (void)snprintf(line, sizeof(line), "%.*s", (int)len, lines);
        if (qs_sw_grammar_run(at, line, NULL, err))
            return err->code;
        lines += len + (lines[len] == '\n');
    }
    return QS_OK;
}

static char *text_of(const struct qs_sw_config *c)
{
    struct qs_buf b = QS_BUF(QS_SW_TEXT_MAX);

    qs_sw_config_render(c, false, &b);
    return qs_buf_take(&b);
}

/* The text without the blocks of a clean configuration. */
static void expect_text(const struct qs_sw_config *c, const char *want)
{
    qs_auto(str) char *text = text_of(c);

    if (!strstr(text, want))
        fail_msg("wanted:\n%s\ngot:\n%s", want, text);
}

static void a_clean_configuration_lists_every_port_in_order(void **state)
{
    qs_auto(sw_config) struct qs_sw_config *c = qs_sw_config_new(platform);
    qs_auto(str) char *text = text_of(c);

    (void)state;
    assert_string_equal(text, "interface Ethernet1\n!\ninterface Ethernet2\n!\ninterface Ethernet10\n!\n"
                              "interface Ethernet49/1\n!\ninterface Management1\n!\nend\n");
}

static void commands_give_canonical_text(void **state)
{
    static const struct {
        const char *label, *lines, *want;
    } rows[] = {
        { "hostname", "hostname core", "hostname core\n!\n" },
        { "nameless VLANs merge", "vlan 11\nvlan 10\nvlan 200-202,204", "vlan 10-11,200-202,204\n!\n" },
        { "a name parts them", "vlan 10-12\nexit\nvlan 11\nname x", "vlan 10\n!\nvlan 11\n   name x\n!\nvlan 12\n!\n" },
        { "the usual name is no name", "vlan 10\nname VLAN0010\nexit\nvlan 11", "vlan 10-11\n!\n" },
        { "state parts them", "vlan 10,12\nvlan 11\nstate suspend",
          "vlan 10\n!\nvlan 11\n   state suspend\n!\nvlan 12\n!\n" },
        { "defaults vanish",
          "interface Ethernet1\nmtu 9000\nmtu 1500\nswitchport access vlan 1\nno shutdown\n"
          "switchport mode access\nswitchport",
          "interface Ethernet1\n!\n" },
        { "access port", "interface Ethernet1\ndescription to  cp1 \nswitchport access vlan 20",
          "interface Ethernet1\n   description to  cp1\n   switchport access vlan 20\n!\n" },
        { "trunk",
          "interface Ethernet1\nswitchport mode trunk\nswitchport trunk native vlan 40\n"
          "switchport trunk allowed vlan 30,10-12,20\nswitchport trunk allowed vlan remove 11\n"
          "switchport trunk allowed vlan add 31",
          "   switchport trunk native vlan 40\n   switchport trunk allowed vlan 10,12,20,30-31\n"
          "   switchport mode trunk\n!\n" },
        { "none", "interface Ethernet1\nswitchport trunk allowed vlan none", "trunk allowed vlan none\n" },
        { "except", "interface Ethernet1\nswitchport trunk allowed vlan except 2-4094", "trunk allowed vlan 1\n" },
        { "all is the default",
          "interface Ethernet1\nswitchport trunk allowed vlan 5\n"
          "switchport trunk allowed vlan all",
          "interface Ethernet1\n!\n" },
        { "routed port", "interface Ethernet1\nno switchport\nip address 10.1.0.1/31",
          "   no switchport\n   ip address 10.1.0.1/31\n!\n" },
        { "SVI", "interface Vlan10\nipv6 address FD00:0::1/64\nip address 10.0.10.1/24\nipv6 enable",
          "interface Vlan10\n   ip address 10.0.10.1/24\n   ipv6 enable\n   ipv6 address fd00::1/64\n!\n" },
        { "submode falls through", "interface Ethernet1\nshutdown\nvlan 7\nname seven\ninterface Loopback0",
          "   shutdown\n" },
        { "routes sort and lose host bits", "ip route 10.9.0.7/16 10.0.0.2\nip route 0.0.0.0/0 10.0.0.1 name up",
          "ip route 0.0.0.0/0 10.0.0.1 name up\nip route 10.9.0.0/16 10.0.0.2\n!\n" },
        { "a route's distance", "ip route 0.0.0.0/0 10.0.0.1 200 name b\nip route 0.0.0.0/0 10.0.0.2 1",
          "ip route 0.0.0.0/0 10.0.0.1 200 name b\nip route 0.0.0.0/0 10.0.0.2\n!\n" },
        { "secondary addresses",
          "interface Vlan10\nip address 10.0.1.1/24\nip address 10.0.3.1/24 secondary\n"
          "ip address 10.0.2.1/24 secondary",
          "   ip address 10.0.1.1/24\n   ip address 10.0.2.1/24 secondary\n"
          "   ip address 10.0.3.1/24 secondary\n!\n" },
        { "the API's port", "management api http-commands\nno shutdown\nprotocol https port 8443",
          "management api http-commands\n   protocol https port 8443\n   no shutdown\n!\n" },
        { "IPv6 routes", "ipv6 unicast-routing\nipv6 route ::/0 fd00::1",
          "ipv6 unicast-routing\n!\nipv6 route ::/0 fd00::1\n!\n" },
        { "api", "management api http-commands\nno shutdown\nprotocol https\nno protocol http",
          "management api http-commands\n   no shutdown\n!\n" },
        { "services",
          "ntp server b\nntp server a\nip name-server vrf default 9.9.9.9\nip name-server 1.1.1.1\n"
          "dns domain lab",
          "dns domain lab\nip name-server vrf default 9.9.9.9\nip name-server vrf default 1.1.1.1\n" },
        { "spanning tree", "spanning-tree mode rstp", "spanning-tree mode rstp\n!\n" },
        { "the default spanning tree vanishes", "spanning-tree mode mstp\nhostname x\nvlan 2",
          "hostname x\n!\nvlan 2\n" },
        { "accounts",
          "username b nopassword\nusername a privilege 15 role network-admin secret sha512 "
          "$6$abcdefgh$KQeXafAQAaOoKTevphVU215RvJdgzyfASRasIOuh12hO8u0r1bGW92ZnTmC9IjsiQ8VPiTXBiZF49dFL1U4wX/",
          "username a privilege 15 role network-admin secret sha512 $6$abcdefgh$" },
        { "keys", "username a nopassword\nusername a ssh-key ssh-ed25519 AAAA a@b",
          "username a nopassword\nusername a ssh-key ssh-ed25519 AAAA a@b\n!\n" },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(sw_config) struct qs_sw_config *c = qs_sw_config_new(platform);
        struct qs_sw_cursor at = { .config = c, .mode = QS_SW_MODE_CONFIG };
        struct qs_err err = QS_ERR_INIT;

        if (feed(&at, rows[i].lines, &err))
            fail_msg("%s: %s", rows[i].label, err.msg);
        expect_text(c, rows[i].want);
    }
}

static void no_and_default_bring_back_the_clean_text(void **state)
{
    static const char *const pairs[][2] = {
        { "hostname x", "no hostname" },
        { "vlan 10-12", "no vlan 10-12" },
        { "vlan 10\nname x", "default vlan 10\nno vlan 10" },
        { "interface Vlan10\nip address 10.0.0.1/24", "no interface Vlan10" },
        { "interface Ethernet1\nshutdown\nmtu 9000\nswitchport mode trunk", "default interface Ethernet1" },
        { "interface Ethernet1\nno switchport", "interface Ethernet1\ndefault switchport" },
        { "interface Ethernet1\nswitchport access vlan 9", "interface Ethernet1\nno switchport access vlan" },
        { "interface Ethernet1\nswitchport trunk allowed vlan 9",
          "interface Ethernet1\nno switchport trunk allowed vlan" },
        { "interface Ethernet1\ndescription x", "interface Ethernet1\nno description" },
        { "interface Management1\nip address 10.0.0.1/24", "interface Management1\nno ip address 10.0.0.1/24" },
        { "interface Management1\nipv6 address fd00::1/64\nipv6 enable",
          "interface Management1\nno ipv6 address fd00::1/64\nno ipv6 enable" },
        { "ip routing\nipv6 unicast-routing", "no ip routing\nno ipv6 unicast-routing" },
        { "ip route 0.0.0.0/0 10.0.0.1 name x", "no ip route 0.0.0.0/0 10.0.0.1" },
        { "interface Vlan1\nip address 10.0.1.1/24\nip address 10.0.2.1/24 secondary\nexit",
          "interface Vlan1\nno ip address 10.0.2.1/24 secondary\nno ip address 10.0.1.1/24\nexit\nno interface Vlan1" },
        { "management api http-commands\nprotocol https port 1",
          "management api http-commands\nprotocol https port 443" },
        { "ip route 0.0.0.0/0 10.0.0.1\nip route 0.0.0.0/0 10.0.0.2", "no ip route 0.0.0.0/0" },
        { "management api http-commands\nno shutdown\nno protocol https", "no management api http-commands" },
        { "username a nopassword", "no username a" },
        { "username a ssh-key ssh-rsa AAAA", "no username a ssh-key" },
        { "ntp server x\nlogging host y", "no ntp server x\nno logging host y" },
        { "ip name-server 1.1.1.1\ndns domain x", "no ip name-server vrf default 1.1.1.1\nno dns domain" },
        { "spanning-tree mode none", "default spanning-tree mode" },
    };
    qs_auto(sw_config) struct qs_sw_config *clean = qs_sw_config_new(platform);
    qs_auto(str) char *want = text_of(clean);

    (void)state;
    for (size_t i = 0; i < QS_COUNT(pairs); i++) {
        qs_auto(sw_config) struct qs_sw_config *c = qs_sw_config_new(platform);
        struct qs_sw_cursor at = { .config = c, .mode = QS_SW_MODE_CONFIG };
        struct qs_err err = QS_ERR_INIT;
        qs_auto(str) char *set = NULL;
        qs_auto(str) char *unset = NULL;

        if (feed(&at, pairs[i][0], &err))
            fail_msg("%s: %s", pairs[i][0], err.msg);
        set = text_of(c);
        assert_string_not_equal(set, want);
        at.mode = QS_SW_MODE_CONFIG;
        if (feed(&at, pairs[i][1], &err))
            fail_msg("%s: %s", pairs[i][1], err.msg);
        unset = text_of(c);
        if (strcmp(unset, want) != 0)
            fail_msg("%s left:\n%s", pairs[i][1], unset);
    }
}

static void errors_name_the_token(void **state)
{
    static const struct {
        const char *lines, *msg;
    } rows[] = {
        { "bogus", "Invalid input (at token 0: 'bogus')" },
        { "no bogus", "Invalid input (at token 1: 'bogus')" },
        { "vlan 4095", "Invalid input (at token 1: '4095')" },
        { "vlan", "Incomplete command (at token 0: 'vlan')" },
        { "hostname a b", "Invalid input (at token 2: 'b')" },
        { "interface Ethernet3", "Invalid input (at token 1: 'Ethernet3')" },
        { "interface Ethernet1\nip routing", "Invalid input (at token 1: 'routing')" },
        { "interface Vlan10\nswitchport mode trunk", "Invalid input (at token 0: 'switchport')" },
        { "interface Loopback0\nmtu 1500", "Invalid input (at token 0: 'mtu')" },
        { "no interface Ethernet1", "Removal of physical interfaces is not permitted" },
        { "interface Vlan1\nip address 10.0.0.0/24", "Invalid IP address 10.0.0.0/24" },
        { "interface Vlan1\nip address 10.0.0.1/24\nexit\ninterface Vlan2\nip address 10.0.0.2/16",
          "Subnet 10.0.0.2/16 overlaps with existing subnet of Vlan1" },
        { "interface Vlan1\nip address 10.0.0.1/24 secondary", "Primary address must be assigned first" },
        { "interface Vlan1\nip address 10.0.0.1/24\nip address 10.0.1.1/24 secondary\nno ip address 10.0.0.1/24",
          "Primary address cannot be deleted before secondary" },
        { "username a secret sha512 nothash", "Invalid encrypted password" },
        { "banner login", "Incomplete command (at token 1: 'login')" },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(sw_config) struct qs_sw_config *c = qs_sw_config_new(platform);
        struct qs_sw_cursor at = { .config = c, .mode = QS_SW_MODE_CONFIG };
        struct qs_err err = QS_ERR_INIT;

        if (!feed(&at, rows[i].lines, &err))
            fail_msg("'%s' was taken", rows[i].lines);
        assert_string_equal(err.msg, rows[i].msg);
    }
}

static void inside_a_session_submodes_are_relaxed(void **state)
{
    qs_auto(sw_config) struct qs_sw_config *c = qs_sw_config_new(platform);
    struct qs_sw_cursor at = { .config = c, .mode = QS_SW_MODE_CONFIG, .relaxed = true };
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    assert_int_equal(feed(&at, "interface Ethernet1\nip routing", &err), QS_OK);
    assert_true(c->ip_routing);
}

static void the_text_of_a_configuration_loads_to_itself(void **state)
{
    static const char lines[] =
        "hostname core\nusername a privilege 15 secret 0 open-sesame\nusername b ssh-key ssh-rsa AAAA x y\nvlan 10-12\n"
        "name n\nvlan 40\nstate suspend\ninterface Loopback3\nip address 10.9.9.9/32\ninterface Vlan10\n"
        "ip address 10.0.10.1/24\nipv6 address fd00::1/64\nmtu 9000\ninterface Ethernet2\nno switchport\nip address "
        "10.5.0.1/30\nshutdown\nexit\nip routing\nip route 0.0.0.0/0 10.0.10.2 name out\nntp server t\nlogging host l\n"
        "spanning-tree mode none\nmanagement api http-commands\nno protocol https\nno shutdown";
    qs_auto(sw_config) struct qs_sw_config *c = qs_sw_config_new(platform);
    qs_auto(sw_config) struct qs_sw_config *copy = NULL;
    struct qs_sw_cursor at = { .config = c, .mode = QS_SW_MODE_CONFIG };
    struct qs_err err = QS_ERR_INIT;
    qs_auto(str) char *a = NULL;
    qs_auto(str) char *b = NULL;

    (void)state;
    if (feed(&at, lines, &err))
        fail_msg("%s", err.msg);
    at.mode = QS_SW_MODE_CONFIG;
    assert_int_equal(qs_sw_grammar_run(&at, "banner motd", "hello\n  there\nEOF\nignored", &err), QS_OK);
    copy = qs_sw_config_copy(c);
    a = text_of(c);
    b = text_of(copy);
    assert_string_equal(a, b);
    assert_non_null(strstr(a, "banner motd\nhello\n  there\nEOF\n!\n"));
    assert_null(strstr(a, "open-sesame"));
    assert_true(qs_sw_user_verify(qs_sw_config_user(copy, "a"), "open-sesame"));
    assert_false(qs_sw_user_verify(qs_sw_config_user(copy, "a"), "open-Sesame"));
    assert_false(qs_sw_user_verify(qs_sw_config_user(copy, "b"), ""));
}

static void a_broken_text_names_its_line(void **state)
{
    struct qs_sw_config *c = NULL;
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    assert_int_equal(qs_sw_config_load(platform, "hostname x\n!\nvlan 10\n   nome y\nend\n", &c, &err), QS_INVALID);
    assert_string_equal(err.ctx, "line 4");
    assert_null(c);
}

static void lines_outside_the_grammar_are_refused(void **state)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(1 << 20);
    struct qs_err err = QS_ERR_INIT;
    const char *p;
    unsigned count = 0;

    (void)state;
    assert_int_equal(qs_fs_read(AT_FDCWD, "tests/data/switch/refused.txt", &text, &err), QS_OK);
    for (p = qs_buf_text(&text); *p;) {
        size_t len = strcspn(p, "\n");
        char lines[1200], *mark;
        qs_auto(sw_config) struct qs_sw_config *c = qs_sw_config_new(platform);
        struct qs_sw_cursor at = { .config = c, .mode = QS_SW_MODE_CONFIG };
        qs_auto(str) char *before = NULL;
        qs_auto(str) char *after = NULL;

        (void)snprintf(lines, sizeof(lines), "%.*s", (int)len, p);
        p += len + (p[len] == '\n');
        if (*lines == '\0' || *lines == '#')
            continue;
        count++;
        for (mark = strstr(lines, " >> "); mark; mark = strstr(lines, " >> ")) { /* a submode and the line in it */
            *mark = '\0';
            if (feed(&at, lines, &err))
                fail_msg("'%s': %s", lines, err.msg);
            memmove(lines, mark + 4, strlen(mark + 4) + 1);
        }
        before = text_of(c);
        err = QS_ERR_INIT;
        if (qs_sw_grammar_run(&at, lines, NULL, &err) == QS_OK)
            fail_msg("'%s' was taken", lines);
        after = text_of(c);
        assert_string_equal(before, after);
    }
    assert_true(count >= 300);
}

static void differences_are_unified(void **state)
{
    static const struct {
        const char *a, *b, *want;
    } rows[] = {
        { "a\nb\n", "a\nb\n", "" },
        { "a\nb\nc\n", "a\nx\nc\n", "--- A\n+++ B\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n" },
        { "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nnew\n5\n6\n7\n8\n9\n",
          "--- A\n+++ B\n@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+new\n 5\n 6\n 7\n" },
        { "", "a\n", "--- A\n+++ B\n@@ -0,0 +1,1 @@\n+a\n" },
        { "x\n1\n2\n3\n4\n5\n6\n7\n8\ny\n", "1\n2\n3\n4\n5\n6\n7\n8\n",
          "--- A\n+++ B\n@@ -1,4 +1,3 @@\n-x\n 1\n 2\n 3\n@@ -7,4 +6,3 @@\n 6\n 7\n 8\n-y\n" },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(buf) struct qs_buf out = QS_BUF(4096);

        qs_sw_diff("A", rows[i].a, "B", rows[i].b, &out);
        assert_string_equal(qs_buf_text(&out), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_configuration_lists_every_port_in_order),
        cmocka_unit_test(commands_give_canonical_text),
        cmocka_unit_test(no_and_default_bring_back_the_clean_text),
        cmocka_unit_test(errors_name_the_token),
        cmocka_unit_test(inside_a_session_submodes_are_relaxed),
        cmocka_unit_test(the_text_of_a_configuration_loads_to_itself),
        cmocka_unit_test(a_broken_text_names_its_line),
        cmocka_unit_test(lines_outside_the_grammar_are_refused),
        cmocka_unit_test(differences_are_unified),
    };

    return cmocka_run_group_tests_name("twin-switch-config", tests, make, unmake);
}
