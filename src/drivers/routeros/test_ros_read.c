#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/str.h"
#include "drivers/routeros/ros_int.h"
#include "text/json.h"

#define EDGE "src/drivers/routeros/testdata/edge.json"

static struct qs_val *read_edge(void)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(1 << 20);
    struct qs_val *doc = NULL;
    struct qs_err err = QS_ERR_INIT;

    assert_int_equal(qs_fs_read(AT_FDCWD, EDGE, &text, &err), QS_OK);
    if (qs_json_parse(qs_buf_text(&text), text.len, &doc, &err))
        fail_msg("%s", err.msg);
    return doc;
}

/* The document's menus as the replies to ros_state_prints(). */
static struct qs_val *replies_of(const struct qs_val *doc)
{
    struct qs_val *replies = qs_val_list();

    for (const struct ros_menu *m = ros_menus; m->type; m++) {
        const struct qs_val *rows = qs_val_get(doc, m->path);
        struct qs_val *reply = qs_val_add(replies, qs_val_map());

        assert_non_null(rows);
        if (rows->type == QS_LIST)
            qs_val_set(reply, "rows", qs_val_copy(rows));
        else
            qs_val_set_str(reply, "trap", qs_val_get_str(rows, "trap", NULL));
    }
    return replies;
}

static struct ros_state read_state(const struct qs_val *doc)
{
    qs_auto(val) struct qs_val *replies = replies_of(doc);
    struct ros_state s = { .items = NULL };
    struct qs_err err = QS_ERR_INIT;

    if (ros_state_read(replies, &s, &err))
        fail_msg("%s: %s", err.ctx, err.msg);
    return s;
}

static void rows_become_resources_by_their_stable_names(void **state)
{
    static const char *const want[] = {
        "identity identity",
        "user admin",
        "user qs",
        "interface ether1",
        "interface ether2",
        "address 10.0.0.14/24@ether8",
        "address6 fd51:7a3e:9c00:50::2/64@ether2",
        "list lan/10.0.10.0/24",
        "list lan/10.10.10.10",
        "nat masquerade",
        "filter input-established",
        "filter input-management",
        "filter ~input drop b2c620",
        "filter ~input drop b2c620 #2",
        "filter ~input-established #2",
        "route 0.0.0.0/0 via 198.51.100.1",
        "route 10.9.0.0/16 via 10.0.50.3",
        "service telnet",
        "service api-ssl",
    };
    qs_auto(val) struct qs_val *doc = read_edge();
    qs_auto(ros_state) struct ros_state s = read_state(doc);

    (void)state;
    assert_int_equal(s.have.count, QS_COUNT(want));
    for (size_t i = 0; i < QS_COUNT(want); i++) {
        char got[256];

        (void)snprintf(got, sizeof(got), "%s %s", s.have.items[i].type, s.have.items[i].name);
        assert_string_equal(got, want[i]);
    }
    assert_string_equal(ros_state_id(&s, "filter", "input-management"), "*7");
    assert_null(ros_state_id(&s, "filter", "nobody"));
}

static void values_are_read_by_the_type_of_their_attribute(void **state)
{
    /* clang-format off */
    static const struct { const char *type, *name, *attrs; } rows[] = {
        { "interface", "ether1", "{\"comment\":\"the provider\",\"disabled\":false}" },
        { "route", "10.9.0.0/16 via 10.0.50.3", "{\"comment\":\"\",\"disabled\":true,\"distance\":1,"
          "\"dst_address\":\"10.9.0.0/16\",\"gateway\":\"10.0.50.3\"}" },
        { "service", "api-ssl", "{\"address\":[\"10.0.0.0/24\",\"fd51:7a3e:9c00::/64\"],\"disabled\":false,\"port\":8729}" },
        { "filter", "input-established", "{\"action\":\"accept\",\"chain\":\"input\",\"connection_state\":[\"established\","
          "\"related\"],\"disabled\":false,\"dst_address\":\"\",\"dst_address_list\":\"\",\"dst_port\":\"\","
          "\"in_interface\":\"\",\"log\":false,\"log_prefix\":\"\",\"other\":\"\",\"out_interface\":\"\",\"protocol\":\"\","
          "\"src_address\":\"\",\"src_address_list\":\"\",\"src_port\":\"\"}" },
        { "filter", "input-management", "{\"action\":\"accept\",\"chain\":\"input\",\"connection_state\":[],"
          "\"disabled\":false,\"dst_address\":\"\",\"dst_address_list\":\"\",\"dst_port\":\"22,8729\",\"in_interface\":\"\","
          "\"log\":true,\"log_prefix\":\"m\",\"other\":\"limit=1,5:packet tcp-flags=syn\",\"out_interface\":\"\","
          "\"protocol\":\"tcp\",\"src_address\":\"10.0.0.2\",\"src_address_list\":\"\",\"src_port\":\"\"}" },
    };
    /* clang-format on */
    qs_auto(val) struct qs_val *doc = read_edge();
    qs_auto(ros_state) struct ros_state s = read_state(doc);

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        const struct qs_resource *r = qs_resources_find(&s.have, rows[i].type, rows[i].name);
        qs_auto(buf) struct qs_buf got = QS_BUF(4096);

        assert_non_null(r);
        qs_json_write_canonical(r->attrs, &got);
        assert_string_equal(qs_buf_text(&got), rows[i].attrs);
    }
}

static void interfaces_of_other_kinds_are_foreign(void **state)
{
    qs_auto(val) struct qs_val *doc = read_edge();
    qs_auto(ros_state) struct ros_state s = read_state(doc);

    (void)state;
    assert_int_equal(qs_val_count(s.foreign), 1);
    assert_string_equal(qs_val_string(qs_val_at(s.foreign, 0), ""), "/interface bridge1 (bridge)");
}

static void the_revision_sees_what_the_schema_does_not_and_no_counters(void **state)
{
    /* clang-format off */
    static const struct { const char *label, *menu; size_t row; const char *key, *value; bool changes; } rows[] = {
        { "counter", "/ip/firewall/filter", 1, "bytes", "77", false },
        { "traffic", "/interface", 0, "rx-byte", "77", false },
        { "link", "/interface", 0, "running", "false", false },
        { "own connection", "/ip/service", 2, "remote", "10.0.0.2:41000", false },
        { "unmodelled setting", "/interface", 0, "mtu", "9000", true },
        { "foreign interface", "/interface", 2, "comment", "mine", true },
        { "matcher", "/ip/firewall/filter", 2, "limit", "9,9:packet", true },
    };
    /* clang-format on */
    qs_auto(val) struct qs_val *doc = read_edge();
    qs_auto(ros_state) struct ros_state before = read_state(doc);

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(val) struct qs_val *other = qs_val_copy(doc);
        struct ros_state after;

        qs_val_set_str(qs_val_at(qs_val_get(other, rows[i].menu), rows[i].row), rows[i].key, rows[i].value);
        after = read_state(other);
        if (qs_streq(before.revision, after.revision) == rows[i].changes)
            fail_msg("%s", rows[i].label);
        ros_state_done(&after);
    }
}

static void a_refused_menu_is_an_error_and_a_missing_one_is_not(void **state)
{
    qs_auto(val) struct qs_val *doc = read_edge(), *replies = NULL;
    struct ros_state s = { .items = NULL };
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    qs_val_set_str(qs_val_set(doc, "/ip/route", qs_val_map()), "trap", "not enough permissions (9)");
    replies = replies_of(doc);
    assert_int_equal(ros_state_read(replies, &s, &err), QS_REFUSED);
    assert_string_equal(err.msg, "the router refused '/ip/route/print': not enough permissions (9)");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_resources_by_their_stable_names),
        cmocka_unit_test(values_are_read_by_the_type_of_their_attribute),
        cmocka_unit_test(interfaces_of_other_kinds_are_foreign),
        cmocka_unit_test(the_revision_sees_what_the_schema_does_not_and_no_counters),
        cmocka_unit_test(a_refused_menu_is_an_error_and_a_missing_one_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
