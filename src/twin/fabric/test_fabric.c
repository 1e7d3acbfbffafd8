#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "os/netlink.h"
#include "os/ns.h"
#include "text/json.h"
#include "twin/fabric/fabric.h"

#define SPEC                                                                                                        \
    "{\"format\":\"qs.twin-spec/1\",\"self\":{\"name\":\"prov\",\"management\":[\"10.9.0.2/24\"],"                  \
    "\"links\":[{\"link\":\"v10\",\"mac\":\"02:00:00:00:00:0a\",\"addresses\":[\"10.9.10.5/24\"]}],\"routes\":[]}," \
    "\"switches\":[{\"name\":\"sw\",\"management\":{\"link\":\"ma1\"},\"ports\":[]}],"                              \
    "\"nodes\":[{\"name\":\"n1\",\"links\":[{\"link\":\"v20\",\"mac\":\"02:00:00:00:00:14\"}]}],"                   \
    "\"cables\":[{\"a\":{\"part\":\"sw\",\"link\":\"et1\"},\"b\":{\"part\":\"%s\",\"link\":\"v20\"}},"              \
    "{\"a\":{\"part\":\"self\",\"link\":\"v10\"},\"b\":{\"part\":\"sw\",\"link\":\"et2\"}}]}"

static struct qs_val *spec(const char *far_end)
{
    struct qs_err err = QS_ERR_INIT;
    struct qs_val *v = NULL;
    char text[2048];
    int n = snprintf(text, sizeof(text), SPEC, far_end);

    if (qs_json_parse(text, (size_t)n, &v, &err))
        fail_msg("%s", err.msg);
    return v;
}

/* A network namespace of our own, or the test is skipped where the machine grants none. */
static void own_netns(void)
{
    struct qs_err err = QS_ERR_INIT;
    int fd = -1;

    if (qs_netns_new(&fd, &err) || qs_netns_enter(fd, &err))
        skip();
}

static void cables_end_where_the_spec_says(void **state)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *v = spec("n1");
    struct qs_fabric *f = NULL;
    struct qs_nl *nl = NULL;

    (void)state;
    own_netns();
    if (qs_fabric_build(v, &f, &err))
        fail_msg("%s: %s", err.ctx, err.msg);
    assert_int_equal(qs_fabric_count(f), 2);
    assert_int_equal(qs_nl_open(&nl, &err), QS_OK);
    assert_int_not_equal(qs_nl_index(nl, "oob"), 0);
    assert_int_not_equal(qs_nl_index(nl, "v10"), 0);
    qs_nl_close(nl);
    for (size_t i = 0; i < qs_fabric_count(f); i++) {
        const struct qs_part *p = qs_fabric_part(f, i);

        assert_int_equal(qs_netns_enter(p->netns, &err), QS_OK);
        assert_int_equal(qs_nl_open(&nl, &err), QS_OK);
        assert_int_not_equal(qs_nl_index(nl, strcmp(p->name, "sw") ? "v20" : "et1"), 0);
        assert_int_equal(qs_nl_index(nl, "ma1") != 0, strcmp(p->name, "sw") == 0);
        qs_nl_close(nl);
    }
    qs_fabric_free(f);
}

static void a_cable_to_nobody_is_refused(void **state)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *v = spec("ghost");
    struct qs_fabric *f = NULL;

    (void)state;
    own_netns();
    assert_int_equal(qs_fabric_build(v, &f, &err), QS_INVALID);
    assert_string_equal(err.msg, "a cable ends at 'ghost', which is no part of the twin");
    assert_null(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cables_end_where_the_spec_says),
        cmocka_unit_test(a_cable_to_nobody_is_refused),
    };
    return cmocka_run_group_tests_name("twin-fabric", tests, NULL, NULL);
}
