#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "converge/driver.h"
#include "resolve/resolve.h"
#include "text/json.h"

static struct qs_lab *load(const char *site)
{
    static struct qs_problems problems;
    struct qs_lab *lab = NULL;
    struct qs_err err = QS_ERR_INIT;

    problems.count = 0;
    if (qs_lab_load("lab", site, &lab, &problems, &err))
        fail_msg("%s%s%s", err.msg, problems.count ? ": " : "", problems.count ? problems.items[0].text : "");
    return lab;
}

static const struct qs_desired_target *target(const struct qs_desired *d, const char *name)
{
    for (size_t i = 0; i < d->count; i++)
        if (qs_streq(d->targets[i].name, name))
            return &d->targets[i];
    fail_msg("no target '%s'", name);
    return NULL;
}

static void the_reference_lab_becomes_its_four_devices(void **state)
{
    /* clang-format off */
    static const struct { const char *target, *type, *name, *attr, *value; } rows[] = {
        { "core", "system", "system", "hostname", "\"core\"" },
        { "core", "system", "system", "ip_routing", "true" },
        { "leaf", "system", "system", "ip_routing", "false" },
        { "core", "vlan", "20", "name", "\"kubernetes\"" },
        { "core", "interface", "Ethernet1", "access_vlan", "50" },
        { "core", "interface", "Ethernet31", "allowed_vlans", "\"20,30\"" },
        { "leaf", "interface", "Ethernet1", "native_vlan", "20" },
        { "leaf", "interface", "Ethernet1", "mode", "\"trunk\"" },
        { "core", "management", "Management1", "ipv4", "\"10.0.0.11/24\"" },
        { "core", "svi", "Vlan10", "ipv4", "\"10.0.10.1/24\"" },
        { "core", "svi", "Vlan10", "ipv6", "[\"fd51:7a3e:9c00:10::1/64\"]" },
        { "core", "route", "0.0.0.0/0 via 10.0.50.2", "name", "\"out-by-the-edge-router\"" },
        { "core", "user", "qs", "role", "\"network-admin\"" },
        { "core", "api", "api", "enabled", "true" },
        { "edge", "identity", "identity", "name", "\"edge\"" },
        { "edge", "interface", "ether5", "disabled", "false" },
        { "edge", "address", "10.0.0.14/24@ether5", "interface", "\"ether5\"" },
        { "edge", "address6", "2001:db8:100::2/64@ether1", "advertise", "false" },
        { "edge", "list", "lan/10.0.10.0/24", "address", "\"10.0.10.0/24\"" },
        { "edge", "filter", "input-management", "dst_port", "\"22,8729\"" },
        { "edge", "filter6", "input-icmp", "protocol", "\"icmpv6\"" },
        { "edge", "nat", "masquerade", "out_interface", "\"ether1\"" },
        { "edge", "nat6", "ingress-http", "to_addresses", "\"fd51:7a3e:9c00:50::10\"" },
        { "edge", "service", "telnet", "disabled", "true" },
        { "edge", "route6", "::/0 via 2001:db8:100::1", "comment", "\"the provider\"" },
    };
    /* clang-format on */
    qs_auto(lab) struct qs_lab *lab = load("twin");
    struct qs_desired d;
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    if (qs_resolve(lab, &d, &err))
        fail_msg("%s: %s", err.ctx, err.msg);
    assert_int_equal(d.count, 4);
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        const struct qs_desired_target *t = target(&d, rows[i].target);
        const struct qs_resource *r = qs_resources_find(&t->want, rows[i].type, rows[i].name);
        const struct qs_val *v = r ? qs_val_get(r->attrs, rows[i].attr) : NULL;
        qs_auto(buf) struct qs_buf got = QS_BUF(4096);

        if (!v)
            fail_msg("%s: %s '%s' has no %s", rows[i].target, rows[i].type, rows[i].name, rows[i].attr);
        qs_json_write(v, &got);
        assert_string_equal(qs_buf_text(&got), rows[i].value);
    }
    qs_desired_done(&d);
}

static void devices_wait_for_those_that_carry_them(void **state)
{
    /* clang-format off */
    static const struct { const char *target, *waits; } rows[] = {
        { "core", "" }, { "leaf", "core " }, { "admin", "core " }, { "edge", "core " },
    };
    /* clang-format on */
    qs_auto(lab) struct qs_lab *lab = load("twin");
    struct qs_desired d;
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    assert_int_equal(qs_resolve(lab, &d, &err), QS_OK);
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        char text[128] = "";

        for (char **n = target(&d, rows[i].target)->depends_on; *n; n++)
            (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", *n);
        assert_string_equal(text, rows[i].waits);
    }
    qs_desired_done(&d);
}

static void a_site_without_devices_has_no_targets_and_no_parts(void **state)
{
    qs_auto(lab) struct qs_lab *lab = load("cloud");
    qs_auto(val) struct qs_val *twin = qs_resolve_twin(lab);
    struct qs_desired d;
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    assert_int_equal(qs_resolve(lab, &d, &err), QS_OK);
    assert_int_equal(d.count, 0);
    assert_int_equal(qs_val_count(qs_val_get(twin, "switches")), 0);
    assert_int_equal(qs_val_count(qs_val_get(twin, "cables")), 0);
    assert_int_equal(qs_val_get(twin, "upstream")->type, QS_NULL);
    qs_desired_done(&d);
}

static void equal_labs_have_equal_hashes(void **state)
{
    qs_auto(lab) struct qs_lab *a = load("twin"), *b = load("twin");
    struct qs_desired x, y;
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    assert_int_equal(qs_resolve(a, &x, &err), QS_OK);
    assert_int_equal(qs_resolve(b, &y, &err), QS_OK);
    assert_string_equal(x.hash, y.hash);
    assert_int_equal(strlen(x.hash), 64);
    qs_desired_done(&x);
    qs_desired_done(&y);
}

/* ---- the twin ---- */

static const struct qs_val *named(const struct qs_val *list, const char *key, const char *name)
{
    for (size_t i = 0; i < qs_val_count(list); i++)
        if (qs_streq(qs_val_get_str(qs_val_at(list, i), key, ""), name))
            return qs_val_at(list, i);
    return NULL;
}

static void a_part_is_what_its_cables_make_it(void **state)
{
    /* clang-format off */
    static const struct { const char *path, *value; } rows[] = {
        { "self.name", "\"prov\"" },
        { "self.management", "[\"10.0.0.2/24\",\"fd51:7a3e:9c00::2/64\"]" },
        { "self.links[0].addresses", "[\"10.0.10.5/24\",\"fd51:7a3e:9c00:10::5/64\"]" },
        { "self.routes[0]", "{\"to\":\"0.0.0.0/0\",\"via\":\"10.0.10.1\"}" },
        { "switches[0].name", "\"core\"" },
        { "switches[0].management", "{\"port\":\"Management1\",\"link\":\"ma1\",\"addresses\":[\"10.0.0.11/24\","
          "\"fd51:7a3e:9c00::11/64\"]}" },
        { "switches[0].ports[0]", "{\"name\":\"Ethernet1\",\"link\":\"et1\"}" },
        { "switches[0].ports[1]", "{\"name\":\"Ethernet2\"}" },
        { "switches[1].ports[0]", "{\"name\":\"Ethernet1\",\"taps\":[{\"link\":\"et1v0\",\"vlan\":0},"
          "{\"link\":\"et1v30\",\"vlan\":30}]}" },
        { "switches[1].ports[48]", "{\"name\":\"Ethernet49/1\",\"link\":\"et49_1\"}" },
        { "switches[2].ports[16]", "{\"name\":\"Ethernet17\"}" },
        { "routers[0].ports[0]", "{\"name\":\"ether1\",\"link\":\"ether1\"}" },
        { "routers[0].management.link", "\"ether5\"" },
        { "nodes[0].links[0]", "{\"link\":\"v20\",\"mac\":\"02:71:73:00:11:01\",\"vlan\":20,\"addresses\":"
          "[\"10.0.20.11/24\",\"fd51:7a3e:9c00:20::11/64\"]}" },
        { "nodes[0].links[1].link", "\"v30\"" },
        { "nodes[0].routes[0]", "{\"to\":\"0.0.0.0/0\",\"via\":\"10.0.20.1\"}" },
        { "upstream.links[0].addresses", "[\"198.51.100.1/24\",\"2001:db8:100::1/64\"]" },
    };
    /* clang-format on */
    qs_auto(lab) struct qs_lab *lab = load("twin");
    qs_auto(val) struct qs_val *spec = qs_resolve_twin(lab);

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        const struct qs_val *v = qs_json_path(spec, rows[i].path);
        qs_auto(buf) struct qs_buf got = QS_BUF(4096);

        if (!v)
            fail_msg("%s is missing", rows[i].path);
        qs_json_write(v, &got);
        if (!qs_streq(qs_buf_text(&got), rows[i].value))
            fail_msg("%s: %s", rows[i].path, qs_buf_text(&got));
    }
}

static bool port_has_link(const struct qs_val *part, const char *link)
{
    const struct qs_val *ports = qs_val_get(part, "ports");

    if (named(ports, "link", link))
        return true;
    for (size_t i = 0; i < qs_val_count(ports); i++)
        if (named(qs_val_get(qs_val_at(ports, i), "taps"), "link", link))
            return true;
    return false;
}

static bool end_exists(const struct qs_val *spec, const struct qs_val *end)
{
    static const char *const lists[] = { "switches", "routers", "nodes" };
    const char *part = qs_val_get_str(end, "part", ""), *link = qs_val_get_str(end, "link", "");
    const struct qs_val *upstream = qs_val_get(spec, "upstream"), *found = NULL;

    if (strlen(link) > 15)
        return false;
    if (qs_streq(part, "self"))
        return named(qs_val_get(qs_val_get(spec, "self"), "links"), "link", link);
    if (qs_streq(part, qs_val_get_str(upstream, "name", "")))
        return named(qs_val_get(upstream, "links"), "link", link);
    for (size_t i = 0; i < QS_COUNT(lists) && !found; i++)
        found = named(qs_val_get(spec, lists[i]), "name", part);
    return found && (named(qs_val_get(found, "links"), "link", link) || port_has_link(found, link));
}

static void every_cable_ends_at_links_that_exist_once(void **state)
{
    qs_auto(lab) struct qs_lab *lab = load("twin");
    qs_auto(val) struct qs_val *spec = qs_resolve_twin(lab), *seen = qs_val_map();
    const struct qs_val *cables = qs_val_get(spec, "cables");

    (void)state;
    /* 3 between devices, 1 to the provider, 8 servers with 5 VLANs each, 2 of the provisioning host */
    assert_int_equal(qs_val_count(cables), 3 + 1 + 8 * 5 + 2);
    for (size_t i = 0; i < 2 * qs_val_count(cables); i++) {
        const struct qs_val *end = qs_val_get(qs_val_at(cables, i / 2), i % 2 ? "b" : "a");
        char key[64];

        (void)snprintf(key, sizeof(key), "%s %s", qs_val_get_str(end, "part", ""), qs_val_get_str(end, "link", ""));
        if (!end_exists(spec, end) || qs_val_get(seen, key))
            fail_msg("cable end '%s'", key);
        qs_val_set_bool(seen, key, true);
    }
}

/* ---- status ---- */

static void checks_know_where_to_look(void **state)
{
    /* clang-format off */
    static const struct { const char *signal; const char *check; } rows[] = {
        { "core-switch", "{\"name\":\"reachable\",\"kind\":\"tcp\",\"target\":\"device:core\",\"address\":\"10.0.0.11\","
          "\"port\":443," },
        { "edge-router", "{\"name\":\"reachable\",\"kind\":\"tcp\",\"target\":\"device:edge\",\"address\":\"10.0.0.14\","
          "\"port\":8729," },
        { "control-nodes", "{\"name\":\"ssh cp1\",\"kind\":\"ssh\",\"target\":\"node:cp1\",\"address\":\"10.0.20.11\"," },
        { "wan", "{\"name\":\"masqueraded\",\"kind\":\"wan\",\"target\":\"node:cp1\",\"address\":\"10.0.20.11\"," },
    };
    /* clang-format on */
    qs_auto(lab) struct qs_lab *lab = load("twin");
    qs_auto(val) struct qs_val *spec = qs_resolve_status(lab);
    const struct qs_val *wan = named(qs_val_get(spec, "signals"), "name", "wan");

    (void)state;
    assert_int_equal(qs_val_count(qs_val_get(spec, "groups")), 5);
    assert_int_equal(qs_val_count(qs_val_get(spec, "signals")), 22);
    assert_int_equal(qs_val_count(qs_val_get(spec, "components")), 41);
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        const struct qs_val *signal = named(qs_val_get(spec, "signals"), "name", rows[i].signal);
        qs_auto(buf) struct qs_buf got = QS_BUF(4096);

        assert_non_null(signal);
        assert_int_equal(qs_val_get(signal, "pending")->type, QS_NULL);
        qs_json_write(qs_val_at(qs_val_get(signal, "checks"), 0), &got);
        if (!qs_after(qs_buf_text(&got), rows[i].check))
            fail_msg("%s: %s", rows[i].signal, qs_buf_text(&got));
    }
    assert_string_equal(qs_val_string(qs_json_path(wan, "checks[0].expect[0]"), ""), "http://198.51.100.1/");
}

static void the_page_shows_the_whole_lab(void **state)
{
    /* clang-format off */
    static const struct { const char *list; size_t count; } rows[] = {
        { "rules", 4 }, { "devices", 4 }, { "nodes", 9 }, { "vlans", 6 }, { "components", 41 },
    };
    /* clang-format on */
    qs_auto(lab) struct qs_lab *lab = load("twin");
    qs_auto(val) struct qs_val *page = qs_resolve_page(lab);

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++)
        if (qs_val_count(qs_val_get(page, rows[i].list)) != rows[i].count)
            fail_msg("%s: %zu", rows[i].list, qs_val_count(qs_val_get(page, rows[i].list)));
    assert_int_equal(qs_val_count(qs_val_get(page, "cables")), lab->cable_count);
    assert_int_equal(qs_val_count(qs_json_path(page, "devices[0].ports")), 33);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_lab_becomes_its_four_devices),
        cmocka_unit_test(devices_wait_for_those_that_carry_them),
        cmocka_unit_test(a_site_without_devices_has_no_targets_and_no_parts),
        cmocka_unit_test(equal_labs_have_equal_hashes),
        cmocka_unit_test(a_part_is_what_its_cables_make_it),
        cmocka_unit_test(every_cable_ends_at_links_that_exist_once),
        cmocka_unit_test(checks_know_where_to_look),
        cmocka_unit_test(the_page_shows_the_whole_lab),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
