#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "drivers/eos/eos_int.h"
#include "text/json.h"

#define OWN                                                                                                  \
    "username qs privilege 15 role network-admin nopassword\nvlan 10\ninterface Management1\n   ip address " \
    "10.0.0.11/24\ninterface Ethernet1\n   no switchport\n   ip address 192.0.2.1/24\nmanagement api "       \
    "http-commands\n   no shutdown\n"

static struct qs_resources read_rs(const char *config)
{
    struct qs_resources rs = { .items = NULL };
    qs_auto(val) struct qs_val *foreign = NULL;
    struct qs_err err = QS_ERR_INIT;

    if (eos_config_read(config, &rs, &foreign, &err))
        fail_msg("%s: %s", err.ctx, err.msg);
    return rs;
}

static void a_plan_that_cuts_our_own_way_is_refused(void **state)
{
    /* clang-format off */
    static const struct { const char *address, *want, *msg; } rows[] = {
        { "10.0.0.11", OWN "vlan 20\n", "" },
        { "10.0.0.11", "username qs role network-admin nopassword\nmanagement api http-commands\n   no shutdown\n",
          "the plan would remove the management address 10.0.0.11 from 'Management1'" },
        { "10.0.0.11", OWN "interface Management1\n   ip address 10.0.0.12/24\n",
          "the plan would remove the management address 10.0.0.11 from 'Management1'" },
        { "10.0.0.11", OWN "interface Management1\n   shutdown\n",
          "the plan would shut 'Management1', which carries the management address" },
        { "192.0.2.1", "username qs role network-admin nopassword\ninterface Ethernet1\n   ip address 192.0.2.1/24\n"
          "management api http-commands\n   no shutdown\n",
          "the plan would change the mode of 'Ethernet1', which carries the management address" },
        { "10.0.0.11", OWN "management api http-commands\n   shutdown\n",
          "the plan would switch off the HTTPS API that qs itself uses" },
        { "10.0.0.11", OWN "management api http-commands\n   no protocol https\n",
          "the plan would switch off the HTTPS API that qs itself uses" },
        { "10.0.0.11", OWN "management api http-commands\n   protocol https port 8443\n",
          "the plan would move the API away from port 443, which qs itself uses" },
        { "10.0.0.11", "interface Management1\n   ip address 10.0.0.11/24\nmanagement api http-commands\n   no shutdown\n",
          "the plan would remove user 'qs', whom qs itself uses" },
        { "10.0.0.11", "username qs role network-operator nopassword\ninterface Management1\n   ip address "
          "10.0.0.11/24\nmanagement api http-commands\n   no shutdown\n",
          "the plan would take rights from user 'qs', whom qs itself uses" },
        { "10.0.0.11", "username qs role network-admin secret sha512 $6$x$y\ninterface Management1\n   ip address "
          "10.0.0.11/24\nmanagement api http-commands\n   no shutdown\n",
          "the plan would change the password of user 'qs', whom qs itself uses" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_target t = { .address = rows[i].address, .user = "qs", .port = 443 };
        struct qs_resources have = read_rs(OWN), want = read_rs(rows[i].want);
        struct qs_err err = QS_ERR_INIT;
        enum qs_code code = eos_guard(&t, &have, &want, &err);

        assert_int_equal(code, *rows[i].msg ? QS_DENIED : QS_OK);
        assert_string_equal(err.msg, rows[i].msg);
        qs_resources_done(&have);
        qs_resources_done(&want);
    }
}

static struct qs_val *three_lines(void)
{
    struct qs_val *cmds = qs_val_list();

    qs_val_add(cmds, qs_val_str("vlan 10"));
    qs_val_add(cmds, qs_val_str("   name a b"));
    qs_val_add(cmds, qs_val_str("   exit"));
    return cmds;
}

static void an_error_names_the_line_that_the_switch_refused(void **state)
{
    /* clang-format off */
    static const struct { const char *reply; enum qs_code code; const char *msg; } rows[] = {
        { "{\"jsonrpc\":\"2.0\",\"id\":\"qs\",\"result\":[{},{},{\"output\":\"x\"},{}]}", QS_OK, "" },
        { "{\"jsonrpc\":\"2.0\",\"id\":\"qs\",\"error\":{\"code\":1002,\"message\":\"CLI command 3 of 4 'name a b' failed: "
          "invalid command\",\"data\":[{},{},{\"errors\":[\"Invalid input (at token 2: 'b')\"]}]}}", QS_REFUSED,
          "the switch refused line 2 of 3 'name a b': Invalid input (at token 2: 'b')" },
        { "{\"id\":\"qs\",\"error\":{\"code\":1002,\"message\":\"m\",\"data\":[{\"errors\":[\"no\"]}]}}", QS_DENIED,
          "the switch refused 'enable': no" },
        { "{\"id\":null,\"error\":{\"code\":-32600,\"message\":\"Expected field 'jsonrpc' not specified\"}}", QS_REFUSED,
          "the switch refused the request: Expected field 'jsonrpc' not specified (code -32600)" },
        { "{\"id\":\"qs\",\"result\":[{}]}", QS_PROTO, "the switch's reply has 1 results for 4 commands" },
        { "{\"id\":\"qs\"}", QS_PROTO, "the switch's reply has 0 results for 4 commands" },
        { "[]", QS_PROTO, "the switch's reply has 0 results for 4 commands" },
        { "<html>", QS_PROTO, NULL },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(val) struct qs_val *cmds = three_lines(), *results = NULL;
        struct qs_err err = QS_ERR_INIT;

        assert_int_equal(eos_reply_read(rows[i].reply, strlen(rows[i].reply), cmds, &results, &err), rows[i].code);
        if (rows[i].msg)
            assert_string_equal(err.msg, rows[i].msg);
        assert_int_equal(results != NULL, rows[i].code == QS_OK);
    }
}

static void own_orphans_are_found_in_the_shape_of_every_release(void **state)
{
    /* clang-format off */
    static const struct { const char *reply, *open; bool timed; } rows[] = {
        { "{\"sessions\":{}}", "[]", false },
        { "{\"sessions\":{\"qs-a\":{\"state\":\"pending\"},\"ada\":{\"state\":\"pending\"},"
          "\"qs-b\":{\"state\":\"completed\"}}}", "[\"qs-a\"]", false },
        { "{\"sessions\":{\"qs-a\":{\"state\":\"pendingCommitTimer\",\"commitBy\":99.5}}}", "[\"qs-a\"]", true },
        { "{\"sessions\":{\"qs-a\":{\"state\":\"committed\"}},\"commitTimerSessionName\":\"qs-a\","
          "\"commitTimerExpireTime\":99.5}", "[\"qs-a\"]", true },
        { "{\"sessions\":{},\"commitTimerSessionName\":\"qs-a\"}", "[\"qs-a\"]", true },
        { "{\"sessions\":{\"ada\":{\"state\":\"committed\"}},\"commitTimerSessionName\":\"ada\"}", "[]", false },
        { "[]", "[]", false },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(val) struct qs_val *reply = NULL, *open = NULL;
        qs_auto(buf) struct qs_buf text = QS_BUF(4096);
        struct qs_err err = QS_ERR_INIT;

        assert_int_equal(qs_json_parse(rows[i].reply, strlen(rows[i].reply), &reply, &err), QS_OK);
        open = eos_sessions_open(reply, EOS_SESSION_PREFIX);
        qs_json_write(open, &text);
        assert_string_equal(qs_buf_text(&text), rows[i].open);
        assert_int_equal(eos_sessions_timed(reply, "qs-a"), rows[i].timed);
    }
}

static void a_session_of_another_qs_is_a_lease_and_never_an_orphan(void **state)
{
    static const char text[] =
        "{\"sessions\":{\"qs-AAAA-1\":{\"state\":\"pending\"},\"qs-BBBB-2\":{\"state\":\"pending\"}}}";
    qs_auto(val) struct qs_val *reply = NULL, *open = NULL;
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    assert_int_equal(qs_json_parse(text, strlen(text), &reply, &err), QS_OK);
    open = eos_sessions_open(reply, "qs-AAAA-");
    assert_int_equal(qs_val_count(open), 1);
    assert_string_equal(qs_val_string(qs_val_at(open, 0), ""), "qs-AAAA-1");
    qs_auto(str) char *other = eos_sessions_leased(reply, "qs-AAAA-");
    assert_string_equal(other, "qs-BBBB-2");
    assert_null(eos_sessions_leased(reply, EOS_SESSION_PREFIX));
}

static void a_switch_that_is_not_pinned_is_not_talked_to(void **state)
{
    const struct qs_driver *d = qs_driver_find("eos");
    struct qs_target t = { .name = "core", .address = "192.0.2.1", .user = "qs", .password = "x", .timeout_ms = 10 };
    struct qs_session *s = NULL;
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    assert_non_null(d);
    assert_int_equal(d->open(&t, &s, &err), QS_DENIED);
    assert_null(s);
    assert_string_equal(err.msg, "the certificate of the switch is not pinned");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_that_cuts_our_own_way_is_refused),
        cmocka_unit_test(an_error_names_the_line_that_the_switch_refused),
        cmocka_unit_test(own_orphans_are_found_in_the_shape_of_every_release),
        cmocka_unit_test(a_session_of_another_qs_is_a_lease_and_never_an_orphan),
        cmocka_unit_test(a_switch_that_is_not_pinned_is_not_talked_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
