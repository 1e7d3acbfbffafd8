#include "converge/desired.h"
#include "converge/testing.h"

static struct qs_desired sample(void)
{
    struct qs_desired d = { .lab = qs_xstrdup("lab"), .site = qs_xstrdup("twin") };
    struct qs_desired_target *t = QS_PUSH(d.targets, d.count);

    t->name = qs_xstrdup("core");
    t->driver = qs_xstrdup("eos");
    t->address = qs_xstrdup("172.31.0.11");
    t->port = 443;
    t->commit_timer_s = 60;
    t->depends_on = qs_xzalloc(2 * sizeof(char *));
    t->depends_on[0] = qs_xstrdup("edge");
    qs_val_set_str(qs_resources_add(&t->want, "system", "system"), "hostname", "core");
    qs_desired_seal(&d);
    return d;
}

static void a_document_reads_back_as_it_was(void **state)
{
    struct qs_desired d = sample(), back;
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *v = qs_desired_to_val(&d);

    (void)state;
    assert_int_equal(qs_desired_from_val(v, &back, &err), QS_OK);
    assert_string_equal(back.hash, d.hash);
    assert_string_equal(qs_desired_find(&back, "core")->depends_on[0], "edge");
    assert_int_equal(back.targets[0].port, 443);
    assert_null(qs_desired_find(&back, "leaf"));
    qs_desired_done(&back);
    qs_desired_done(&d);
}

static void a_changed_document_is_refused(void **state)
{
    struct qs_desired d = sample(), back;
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *v = qs_desired_to_val(&d);

    (void)state;
    qs_val_set_str(qs_val_at(qs_val_get(v, "targets"), 0), "address", "172.31.0.12");
    assert_int_equal(qs_desired_from_val(v, &back, &err), QS_INVALID);
    assert_string_equal(err.msg, "the wanted state does not fit its hash");
    qs_val_set_str(v, "format", "qs.desired/2");
    assert_int_equal(qs_desired_from_val(v, &back, &err), QS_INVALID);
    assert_int_equal(qs_desired_from_val(NULL, &back, &err), QS_INVALID);
    qs_desired_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_reads_back_as_it_was),
        cmocka_unit_test(a_changed_document_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
