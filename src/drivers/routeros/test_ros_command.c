#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "drivers/routeros/ros_int.h"
#include "text/json.h"

/* [{"type","name","attrs"}] → settled resources. */
static struct qs_resources read_rs(const char *json)
{
    qs_auto(val) struct qs_val *doc = NULL;
    struct qs_resources rs = { .items = NULL };
    struct qs_err err = QS_ERR_INIT;

    if (qs_json_parse(json, strlen(json), &doc, &err) || qs_resources_from_val(doc, &rs, &err) ||
        qs_resources_settle(&rs, ros_types, &err))
        fail_msg("%s", err.msg);
    return rs;
}

static char *rendered(const char *have_json, const char *want_json)
{
    struct qs_resources have = read_rs(have_json), want = read_rs(want_json);
    qs_auto(val) struct qs_val *list = qs_val_list();
    qs_auto(buf) struct qs_buf text = QS_BUF(1 << 20);
    struct qs_changes cs = { .items = NULL };

    qs_diff(ros_types, &have, &want, &cs);
    qs_driver_routeros.render(&cs, &want, list);
    for (size_t i = 0; i < qs_val_count(list); i++)
        qs_buf_printf(&text, "%s\n", qs_val_string(qs_val_at(list, i), ""));
    qs_changes_done(&cs);
    qs_resources_done(&have);
    qs_resources_done(&want);
    return qs_buf_take(&text);
}

#define RULE(name, more) "{\"type\":\"filter\",\"name\":\"" name "\",\"attrs\":{\"chain\":\"input\"" more "}}"
#define ADDR(a, i) \
    "{\"type\":\"address\",\"name\":\"" a "@" i "\",\"attrs\":{\"address\":\"" a "\",\"interface\":\"" i "\"}}"

static void changes_become_sentences(void **state)
{
    /* clang-format off */
    static const struct { const char *label, *have, *want, *text; } rows[] = {
        { "nothing", "[" ADDR("10.0.0.1/24", "ether1") "]", "[" ADDR("10.0.0.1/24", "ether1") "]", "" },
        { "added before removed", "[" ADDR("10.0.0.1/24", "ether1") "]", "[" ADDR("10.0.0.2/24", "ether1") "]",
          "/ip/address/add address=10.0.0.2/24 interface=ether1 disabled=no\n"
          "/ip/address/remove [10.0.0.1/24@ether1]\n" },
        { "singleton", "[{\"type\":\"identity\",\"name\":\"identity\",\"attrs\":{\"name\":\"a\"}}]",
          "[{\"type\":\"identity\",\"name\":\"identity\",\"attrs\":{\"name\":\"b\"}}]",
          "/system/identity/set name=b\n" },
        { "port with and without intent",
          "[{\"type\":\"interface\",\"name\":\"ether1\",\"attrs\":{}},"
          "{\"type\":\"interface\",\"name\":\"ether2\",\"attrs\":{\"disabled\":false,\"comment\":\"x\"}}]",
          "[{\"type\":\"interface\",\"name\":\"ether1\",\"attrs\":{\"disabled\":false,\"comment\":\"the provider\"}}]",
          "/interface/set [ether2] comment= disabled=yes\n"
          "/interface/set [ether1] comment=\"the provider\" disabled=no\n" },
        { "service", "[{\"type\":\"service\",\"name\":\"ssh\",\"attrs\":{\"disabled\":false,\"port\":22}}]",
          "[{\"type\":\"service\",\"name\":\"ssh\",\"attrs\":{\"disabled\":false,\"address\":[\"10.0.0.0/24\","
          "\"fd00::/64\"]}}]", "/ip/service/set [ssh] address=10.0.0.0/24,fd00::/64\n" },
        { "rule made", "[]", "[" RULE("in-web", ",\"protocol\":\"tcp\",\"dst_port\":\"80,443\",\"connection_state\":"
          "[\"new\",\"related\"]") "]",
          "/ip/firewall/filter/add chain=input protocol=tcp connection-state=new,related dst-port=80,443 log=no "
          "disabled=no comment=in-web\n" },
        { "matcher dropped", "[" RULE("a", ",\"dst_port\":\"80\",\"protocol\":\"tcp\"") "]",
          "[" RULE("a", ",\"protocol\":\"udp\"") "]", "/ip/firewall/filter/set [a] protocol=udp !dst-port=\n" },
        { "unknown matcher", "[" RULE("a", ",\"other\":\"limit=1\"") "]", "[" RULE("a", "") "]",
          "/ip/firewall/filter/add chain=input log=no disabled=no comment=a place-before=[a]\n"
          "/ip/firewall/filter/remove [a]\n" },
        { "order", "[" RULE("a", "") "," RULE("b", "") "," RULE("c", "") "]",
          "[" RULE("c", "") "," RULE("a", "") "," RULE("b", "") "]",
          "/ip/firewall/filter/move numbers=[c] destination=[first]\n" },
        { "IPv6 address is not announced", "[]", "[{\"type\":\"address6\",\"name\":\"x\",\"attrs\":{\"address\":"
          "\"fd00::1/64\",\"interface\":\"ether1\"}}]",
          "/ipv6/address/add address=fd00::1/64 interface=ether1 advertise=no disabled=no\n" },
        { "user", "[]", "[{\"type\":\"user\",\"name\":\"ada\",\"attrs\":{\"group\":\"full\"}}]",
          "/user/add group=full disabled=no name=ada password=(secret)\n" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(str) char *text = rendered(rows[i].have, rows[i].want);

        if (!qs_streq(text, rows[i].text))
            fail_msg("%s:\n%s", rows[i].label, text);
    }
}

/* Moves `id` before `before` (NULL: to the end) in a list of one-letter ids. */
static void simulate(char *order, const char *id, const char *before)
{
    char *at = strchr(order, *id), *to;
    size_t len = strlen(order);

    memmove(at, at + 1, strlen(at));
    to = before ? strchr(order, *before) : order + len - 1;
    memmove(to + 1, to, strlen(to) + 1);
    *to = *id;
}

static void moves_are_few_and_reach_the_order(void **state)
{
    /* clang-format off */
    static const struct { const char *have, *want; size_t moves; } rows[] = {
        { "", "", 0 }, { "a", "a", 0 }, { "abcd", "abcd", 0 }, { "abcd", "dabc", 1 }, { "abcd", "bcda", 1 },
        { "abcd", "dcba", 3 }, { "abcdefgh", "ahcdefgb", 2 }, { "fabcde", "abcdef", 1 }, { "badc", "abcd", 2 },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        char order[16], text[32][2];
        const char *have[16], *want[16], *ids[16], *before[16];
        size_t n = strlen(rows[i].have), moves;

        (void)snprintf(order, sizeof(order), "%s", rows[i].have);
        for (size_t k = 0; k < n; k++) {
            (void)snprintf(text[k], 2, "%c", rows[i].have[k]);
            (void)snprintf(text[16 + k], 2, "%c", rows[i].want[k]);
            have[k] = text[k];
            want[k] = text[16 + k];
        }
        moves = ros_plan_moves(have, want, n, ids, before);
        for (size_t k = 0; k < moves; k++)
            simulate(order, ids[k], before[k]);
        assert_string_equal(order, rows[i].want);
        assert_int_equal(moves, rows[i].moves);
    }
}

#define OWN                                                               \
    "{\"type\":\"user\",\"name\":\"qs\",\"attrs\":{\"group\":\"full\"}}," \
    "{\"type\":\"interface\",\"name\":\"ether8\",\"attrs\":{\"disabled\":false}}"
#define API(more) "{\"type\":\"service\",\"name\":\"api-ssl\",\"attrs\":{" more "}}"
#define API_ON API("\"disabled\":false,\"port\":8729")

static void a_plan_that_cuts_our_own_way_is_refused(void **state)
{
    /* clang-format off */
    static const struct { const char *want, *msg; } rows[] = {
        { OWN "," ADDR("10.0.0.14/24", "ether8") "," API_ON, "" },
        { OWN "," ADDR("10.0.0.14/24", "ether8") "," API("\"disabled\":false,\"address\":[\"10.0.0.0/24\"]"), "" },
        { OWN "," API_ON, "the plan would remove the management address 10.0.0.14 from 'ether8'" },
        { "{\"type\":\"user\",\"name\":\"qs\",\"attrs\":{\"group\":\"full\"}}," ADDR("10.0.0.14/24", "ether8") "," API_ON,
          "the plan would disable 'ether8', which carries the management address" },
        { OWN "," ADDR("10.0.0.14/24", "ether8") "," API(""),
          "the plan would disable service 'api-ssl', which qs itself uses" },
        { OWN "," ADDR("10.0.0.14/24", "ether8"), "the plan would disable service 'api-ssl', which qs itself uses" },
        { OWN "," ADDR("10.0.0.14/24", "ether8") "," API("\"disabled\":false,\"port\":9000"),
          "the plan would move service 'api-ssl' away from port 8729, which qs itself uses" },
        { OWN "," ADDR("10.0.0.14/24", "ether8") "," API("\"disabled\":false,\"address\":[\"10.0.9.0/24\"]"),
          "the plan would keep qs itself out of service 'api-ssl'" },
        { "{\"type\":\"interface\",\"name\":\"ether8\",\"attrs\":{\"disabled\":false}}," ADDR("10.0.0.14/24", "ether8")
          "," API_ON, "the plan would remove user 'qs', whom qs itself uses" },
        { "{\"type\":\"user\",\"name\":\"qs\",\"attrs\":{}},{\"type\":\"interface\",\"name\":\"ether8\",\"attrs\":"
          "{\"disabled\":false}}," ADDR("10.0.0.14/24", "ether8") "," API_ON,
          "the plan would take rights from user 'qs', whom qs itself uses" },
    };
    /* clang-format on */
    struct qs_target t = { .address = "10.0.0.14", .user = "qs", .port = 8729 };
    struct qs_resources have = read_rs("[" OWN "," ADDR("10.0.0.14/24", "ether8") "," API_ON "]");
    struct qs_ip local;

    (void)state;
    assert_true(qs_ip_parse("10.0.0.2", &local));
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        char json[2048];
        struct qs_resources want;
        struct qs_err err = QS_ERR_INIT;

        (void)snprintf(json, sizeof(json), "[%s]", rows[i].want);
        want = read_rs(json);
        assert_int_equal(ros_guard(&t, &local, &have, &want, &err), *rows[i].msg ? QS_DENIED : QS_OK);
        assert_string_equal(err.msg, rows[i].msg);
        qs_resources_done(&want);
    }
    qs_resources_done(&have);
}

static void a_router_that_is_not_pinned_is_not_talked_to(void **state)
{
    struct qs_target t = { .name = "edge", .address = "192.0.2.1", .user = "qs", .password = "x", .timeout_ms = 10 };
    struct qs_session *s = NULL;
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    assert_int_equal(qs_driver_routeros.open(&t, &s, &err), QS_DENIED);
    assert_null(s);
    assert_string_equal(err.msg, "the certificate of the router is not pinned");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_become_sentences),
        cmocka_unit_test(moves_are_few_and_reach_the_order),
        cmocka_unit_test(a_plan_that_cuts_our_own_way_is_refused),
        cmocka_unit_test(a_router_that_is_not_pinned_is_not_talked_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
