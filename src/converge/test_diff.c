#include "converge/testing.h"

/* ---- a model of a target: changes are applied to it one by one, as their order says ---- */

static size_t index_of(const struct qs_resources *rs, const char *type, const char *name)
{
    for (size_t i = 0; i < rs->count; i++)
        if (qs_streq(rs->items[i].type, type) && qs_streq(rs->items[i].name, name))
            return i;
    return SIZE_MAX;
}

static struct qs_resource take_out(struct qs_resources *rs, size_t i)
{
    struct qs_resource r = rs->items[i];

    rs->count--;
    memmove(&rs->items[i], &rs->items[i + 1], (rs->count - i) * sizeof(r));
    return r;
}

static void put_after(struct qs_resources *rs, struct qs_resource r, const char *follows)
{
    size_t at = follows ? index_of(rs, r.type, follows) + 1 : 0;

    (void)QS_PUSH(rs->items, rs->count);
    memmove(&rs->items[at + 1], &rs->items[at], (rs->count - 1 - at) * sizeof(r));
    rs->items[at] = r;
}

static void free_resource(struct qs_resource r)
{
    free(r.type);
    free(r.name);
    qs_val_free(r.attrs);
}

static void apply_one(struct qs_resources *rs, const struct qs_change *c)
{
    size_t at = index_of(rs, c->type->name, c->name);

    if (c->action == QS_MOVE) {
        put_after(rs, take_out(rs, at), c->follows);
        return;
    }
    if (c->action == QS_UPDATE && at != SIZE_MAX) {
        qs_val_free(rs->items[at].attrs);
        rs->items[at].attrs = qs_val_copy(c->after);
        return;
    }
    if (c->action == QS_CREATE)
        assert_true(at == SIZE_MAX);
    if (at != SIZE_MAX)
        free_resource(take_out(rs, at));
    if (c->after)
        put_after(rs,
                  (struct qs_resource){
                      .type = qs_xstrdup(c->type->name), .name = qs_xstrdup(c->name), .attrs = qs_val_copy(c->after) },
                  c->follows);
}

/* ---- random states ---- */

static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % sides;
}

static void random_vlans(struct qs_resources *rs)
{
    for (unsigned i = 1; i < 12; i++) {
        struct qs_val *a;
        char name[16];

        (void)snprintf(name, sizeof(name), "%u", i);
        if (dice(2))
            continue;
        a = qs_resources_add(rs, "vlan", name);
        if (dice(2))
            qs_val_set_str(a, "title", dice(2) ? "one" : "TWO");
        if (dice(2))
            qs_val_set_int(a, "mtu", 1500 + dice(2) * 7500);
        if (dice(4) == 0)
            qs_val_set_str(a, "kind", "odd");
        if (dice(3) == 0)
            (void)qs_val_add(qs_val_set(a, "tags", qs_val_list()), qs_val_strf("t%u", dice(3)));
    }
}

static void random_rest(struct qs_resources *rs)
{
    unsigned order[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };

    qs_val_set_str(qs_resources_add(rs, "system", "system"), "hostname", dice(2) ? "a" : "b");
    for (unsigned i = 0; i < 8; i++) {
        unsigned j = dice(8), keep = order[i];

        order[i] = order[j];
        order[j] = keep;
    }
    for (unsigned i = 0; i < 8; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "r%u", order[i]);
        if (dice(3))
            qs_val_set_str(qs_resources_add(rs, "rule", name), "action", dice(4) ? "accept" : "drop");
        (void)snprintf(name, sizeof(name), "Ethernet%u", i);
        if (dice(2))
            qs_val_set_bool(qs_resources_add(rs, "port", name), "enabled", dice(2));
    }
}

static struct qs_resources random_state(void)
{
    struct qs_err err = QS_ERR_INIT;
    struct qs_resources rs = { .count = 0 };

    random_vlans(&rs);
    random_rest(&rs);
    if (qs_resources_settle(&rs, testing_types, &err))
        fail_msg("%s", err.msg);
    return rs;
}

static void applied_changes_lead_to_the_wanted_state(void **state)
{
    (void)state;
    for (uint32_t round = 1; round <= 3000; round++) {
        seed = round;
        struct qs_resources have = random_state(), want = random_state();
        struct qs_changes cs, none;

        qs_diff(testing_types, &have, &want, &cs);
        for (size_t i = 0; i < cs.count; i++)
            apply_one(&have, &cs.items[i]);
        qs_diff(testing_types, &have, &want, &none);
        if (none.count)
            fail_msg("seed %u: %zu changes are left, first %s %s '%s'", round, none.count,
                     qs_action_name(none.items[0].action), none.items[0].type->name, none.items[0].name);
        qs_changes_done(&cs);
        qs_changes_done(&none);
        qs_resources_done(&have);
        qs_resources_done(&want);
    }
}

static void a_state_does_not_differ_from_itself(void **state)
{
    (void)state;
    for (uint32_t round = 1; round <= 200; round++) {
        seed = round;
        struct qs_resources rs = random_state();
        struct qs_changes cs;

        qs_diff(testing_types, &rs, &rs, &cs);
        assert_int_equal(cs.count, 0);
        qs_changes_done(&cs);
        qs_resources_done(&rs);
    }
}

/* The changes as one line each: "+ vlan 10". */
static char *summary(const char *have_json, const char *want_json)
{
    struct qs_resources have = testing_resources(have_json), want = testing_resources(want_json);
    struct qs_changes cs;
    struct qs_buf out = QS_BUF(4096);

    qs_diff(testing_types, &have, &want, &cs);
    for (size_t i = 0; i < cs.count; i++) {
        qs_buf_printf(&out, "%s %s %s", qs_action_sign(cs.items[i].action), cs.items[i].type->name, cs.items[i].name);
        qs_buf_puts(&out, cs.items[i].follows ? " after " : "");
        qs_buf_puts(&out, cs.items[i].follows ? cs.items[i].follows : "");
        qs_buf_putc(&out, '\n');
    }
    qs_changes_done(&cs);
    qs_resources_done(&have);
    qs_resources_done(&want);
    return qs_buf_take(&out);
}

#define R(type, name, attrs) "{\"type\":\"" type "\",\"name\":\"" name "\",\"attrs\":{" attrs "}}"
#define ACCEPT "\"action\":\"accept\""

static void changes_come_in_the_order_they_must_run(void **state)
{
    static const struct {
        const char *label, *have, *want, *lines;
    } rows[] = {
        { "deletes first, from the top rank down",
          "[" R("vlan", "2", "") "," R("rule", "r", ACCEPT) "," R("user", "u", "") "]", "[" R("vlan", "3", "") "]",
          "- user u\n- rule r\n- vlan 2\n+ vlan 3\n" },
        { "natural order", "[]", "[" R("vlan", "10", "") "," R("vlan", "9", "") "," R("user", "u", "") "]",
          "+ vlan 9\n+ vlan 10\n+ user u\n" },
        { "one move, not three", "[" R("rule", "a", ACCEPT) "," R("rule", "b", ACCEPT) "," R("rule", "c", ACCEPT) "]",
          "[" R("rule", "c", ACCEPT) "," R("rule", "a", ACCEPT) "," R("rule", "b", ACCEPT) "]", "> rule c\n" },
        { "a new row says after whom it stands", "[" R("rule", "a", ACCEPT) "," R("rule", "b", ACCEPT) "]",
          "[" R("rule", "a", ACCEPT) "," R("rule", "n", ACCEPT) "," R("rule", "b", ACCEPT) "]", "+ rule n after a\n" },
        { "updated and moved",
          "[" R("rule", "a", ACCEPT) "," R("rule", "b", ACCEPT) "," R("rule", "c", ACCEPT) "," R("rule", "d",
                                                                                                 ACCEPT) "]",
          "[" R("rule", "a", ACCEPT) "," R("rule", "d", "\"action\":\"drop\"") "," R("rule", "b", ACCEPT) "," R(
              "rule", "c", ACCEPT) "]",
          "~ rule d after a\n> rule d after a\n" },
        { "recreate", "[" R("vlan", "1", "") "]", "[" R("vlan", "1", "\"kind\":\"odd\"") "]", "-/+ vlan 1\n" },
        { "an unmanaged attribute stays", "[" R("vlan", "1", "\"note\":\"x\"") "]", "[" R("vlan", "1", "") "]", "" },
        { "a state attribute is not compared", "[" R("vlan", "1", "\"seen\":4") "]", "[" R("vlan", "1", "") "]", "" },
        { "a singleton is never deleted", "[" R("system", "s", "\"hostname\":\"h\"") "]", "[]", "" },
        { "a fixed row at its defaults is no change", "[" R("port", "e1", "") "]", "[" R("port", "e2", "") "]", "" },
        { "a fixed row goes back to its defaults", "[" R("port", "e1", "\"enabled\":false") "]", "[]", "- port e1\n" },
        { "a fixed row is updated, not made", "[]", "[" R("port", "e1", "\"enabled\":false") "]", "~ port e1\n" },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(str) char *got = summary(rows[i].have, rows[i].want);

        if (!qs_streq(got, rows[i].lines))
            fail_msg("%s: got %s", rows[i].label, got);
    }
}

static void documents_keep_changes_and_hide_secrets(void **state)
{
    struct qs_resources have = testing_resources("[" R("user", "u", "\"password\":\"oldpw\"") "]");
    struct qs_resources want = testing_resources("[" R("user", "u", "\"password\":\"newpw\"") "]");
    struct qs_err err = QS_ERR_INIT;
    struct qs_changes cs, back;
    qs_auto(buf) struct qs_buf out = QS_BUF(4096);

    (void)state;
    qs_diff(testing_types, &have, &want, &cs);
    qs_auto(val) struct qs_val *v = qs_changes_to_val(&cs);
    qs_json_write(v, &out);
    assert_string_equal(qs_buf_text(&out), "[{\"action\":\"update\",\"type\":\"user\",\"name\":\"u\","
                                           "\"before\":{\"role\":\"operator\",\"password\":\"(secret)\"},"
                                           "\"after\":{\"role\":\"operator\",\"password\":\"(secret, changed)\"}}]");
    assert_int_equal(qs_changes_from_val(v, testing_types, &back, &err), QS_OK);
    assert_int_equal(back.count, 1);
    assert_true(qs_change_touches(&back.items[0], "password"));
    assert_false(qs_change_touches(&back.items[0], "role"));
    qs_changes_done(&cs);
    qs_changes_done(&back);
    qs_resources_done(&have);
    qs_resources_done(&want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applied_changes_lead_to_the_wanted_state),
        cmocka_unit_test(a_state_does_not_differ_from_itself),
        cmocka_unit_test(changes_come_in_the_order_they_must_run),
        cmocka_unit_test(documents_keep_changes_and_hide_secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
