/* The reference lab loads for every site and says what THE LAB's owner says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "lab/lab.h"

static struct qs_lab *load(const char *folder, const char *site)
{
    static struct qs_problems problems;
    struct qs_err err = QS_ERR_INIT;
    struct qs_lab *lab = NULL;

    if (qs_lab_load(folder, site, &lab, &problems, &err))
        fail_msg("%s for %s: %s%s%s", folder, site, err.msg, problems.count ? ": " : "",
                 problems.count ? problems.items[0].text : "");
    return lab;
}

static void the_reference_lab_loads_for_every_site(void **state)
{
    static const char *const want[] = { "cloud", "rack", "twin" };
    struct qs_err err = QS_ERR_INIT;
    qs_auto(names) char **sites = NULL;

    (void)state;
    assert_int_equal(qs_lab_sites("lab", &sites, &err), QS_OK);
    for (size_t i = 0; i < QS_COUNT(want); i++) {
        qs_auto(lab) struct qs_lab *lab = load("lab", sites[i]);

        assert_string_equal(sites[i], want[i]);
        assert_string_equal(lab->site_kind, want[i]);
        assert_int_equal(lab->vlan_count, 6);
        assert_int_equal(lab->device_count, 4);
        assert_int_equal(lab->node_count, 9);
        assert_int_equal(lab->component_count, 41);
        assert_int_equal(lab->group_count, 5);
        assert_int_equal(lab->signal_count, 22);
    }
    assert_null(sites[QS_COUNT(want)]);
}

static void addresses_follow_from_vlan_and_host_number(void **state)
{
    qs_auto(lab) struct qs_lab *lab = load("lab", "twin");
    const struct qs_node *w5 = qs_lab_node(lab, "w5");
    const struct qs_device *core = qs_lab_device(lab, "core"), *edge = qs_lab_device(lab, "edge");
    char text[QS_IP_TEXT];

    (void)state;
    assert_string_equal(qs_prefix_text(&qs_node_addr(w5, 31)->v4, text), "10.0.31.25/24");
    assert_string_equal(qs_prefix_text(&qs_node_addr(w5, 31)->v6, text), "fd51:7a3e:9c00:31::25/64");
    assert_string_equal(qs_prefix_text(&w5->bmc_v4, text), "10.0.10.125/24");
    assert_null(qs_node_addr(w5, 50));
    assert_int_equal(core->svi_count, 5);
    assert_string_equal(qs_prefix_text(&core->svis[4].v6, text), "fd51:7a3e:9c00:50::1/64");
    assert_string_equal(core->address, "10.0.0.11");
    assert_string_equal(qs_prefix_text(&qs_device_port(edge, "ether2")->v4, text), "10.0.50.2/24");
    assert_string_equal(qs_prefix_text(&lab->management_self_v6, text), "fd51:7a3e:9c00::2/64");
}

static void ranges_rules_and_lists_are_spread_out(void **state)
{
    qs_auto(lab) struct qs_lab *lab = load("lab", "twin");
    const struct qs_device *leaf = qs_lab_device(lab, "leaf"), *edge = qs_lab_device(lab, "edge");
    const struct qs_port *port = qs_device_port(leaf, "Ethernet8");

    (void)state;
    assert_int_equal(leaf->port_count, 17);
    assert_int_equal(port->mode, QS_PORT_TRUNK);
    assert_int_equal(port->native, 20);
    assert_string_equal(port->description, "w5 nic1");
    assert_string_equal(edge->filter[4].protocol, "icmp");
    assert_string_equal(edge->filter[5].protocol, "icmpv6");
    assert_true(edge->filter[5].v6);
    assert_string_equal(edge->lists[1].name, "lan");
    assert_int_equal(edge->lists[1].entries.count, 8);
    assert_string_equal(edge->lists[1].entries.items[3], "fd51:7a3e:9c00:20::/64");
}

static void the_site_decides_what_is_emulated_and_what_is_pending(void **state)
{
    qs_auto(lab) struct qs_lab *twin = load("lab", "twin");
    qs_auto(lab) struct qs_lab *cloud = load("lab", "cloud");
    unsigned up = 0, emulated = 0, pending = 0;

    (void)state;
    for (size_t i = 0; i < twin->signal_count; i++) {
        up += twin->signals[i].check_count > 0;
        emulated += twin->signals[i].twin;
        pending += twin->signals[i].pending != NULL;
    }
    assert_int_equal(up, 7);
    assert_int_equal(emulated, 7);
    assert_int_equal(pending, 15);
    assert_string_equal(qs_lab_node(twin, "prov")->engine, "self");
    assert_string_equal(qs_lab_node(twin, "cp1")->engine, "twin");
    assert_string_equal(qs_lab_device(cloud, "core")->engine, "none");
    assert_string_equal(twin->upstream.name, "isp");
    assert_null(cloud->upstream.name);
}

static void a_hash_follows_every_byte(void **state)
{
    struct qs_err err = QS_ERR_INIT;
    char one[65], two[65];

    (void)state;
    assert_int_equal(qs_lab_hash("lab", one, &err), QS_OK);
    assert_int_equal(qs_lab_hash("lab", two, &err), QS_OK);
    assert_string_equal(one, two);
    assert_int_equal(strlen(one), 64);
}

static void a_folder_that_is_no_lab_says_so(void **state)
{
    static struct qs_problems problems;
    static const struct {
        const char *folder, *site, *msg;
    } rows[] = {
        { "no-such-folder", "twin", "could not open folder 'no-such-folder'" },
        { "src", "twin", "folder 'src' is no lab: it has no lab.yaml" },
        { "lab", "moon", "lab 'lab' has no site 'moon'" },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_err err = QS_ERR_INIT;
        struct qs_lab *lab = NULL;

        if (qs_lab_load(rows[i].folder, rows[i].site, &lab, &problems, &err) != QS_NOTFOUND ||
            !qs_after(err.msg, rows[i].msg) || !*err.hint)
            fail_msg("%s: got %s (%s)", rows[i].folder, qs_code_text(err.code), err.msg);
        assert_null(lab);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_lab_loads_for_every_site),
        cmocka_unit_test(addresses_follow_from_vlan_and_host_number),
        cmocka_unit_test(ranges_rules_and_lists_are_spread_out),
        cmocka_unit_test(the_site_decides_what_is_emulated_and_what_is_pending),
        cmocka_unit_test(a_hash_follows_every_byte),
        cmocka_unit_test(a_folder_that_is_no_lab_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
