#include "converge/graph.h"
#include "converge/testing.h"

/* "a:b,c d" is two targets; the first depends on b and c. */
static struct qs_desired graph(const char *text)
{
    struct qs_desired d = { .lab = qs_xstrdup("l"), .site = qs_xstrdup("s") };

    while (*text) {
        size_t name = strcspn(text, ": "), count = 0;
        struct qs_desired_target *t = QS_PUSH(d.targets, d.count);

        t->name = qs_xstrndup(text, name);
        t->driver = qs_xstrdup("fake");
        t->depends_on = qs_xzalloc(8 * sizeof(char *));
        text += name;
        while (*text == ':' || *text == ',') {
            size_t len = strcspn(++text, ", ");

            t->depends_on[count++] = qs_xstrndup(text, len);
            text += len;
        }
        text += *text == ' ';
    }
    return d;
}

static void targets_come_after_what_they_need(void **state)
{
    static const struct {
        const char *graph, *order;
    } rows[] = {
        { "b a c", "a b c " },     { "leaf10 leaf9 leaf1", "leaf1 leaf9 leaf10 " },
        { "a:b b:c c", "c b a " }, { "edge leaf:core admin:core core", "core admin edge leaf " },
        { "z a:z b:z", "z a b " }, { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_desired d = graph(rows[i].graph);
        struct qs_err err = QS_ERR_INIT;
        qs_auto(buf) struct qs_buf got = QS_BUF(256);
        size_t *order = NULL;

        if (qs_graph_order(&d, &order, &err))
            fail_msg("%s: %s", rows[i].graph, err.msg);
        for (size_t n = 0; n < d.count; n++)
            qs_buf_printf(&got, "%s ", d.targets[order[n]].name);
        if (!qs_streq(qs_buf_text(&got), rows[i].order))
            fail_msg("%s: got %s", rows[i].graph, qs_buf_text(&got));
        free(order);
        qs_desired_done(&d);
    }
}

static void circles_and_strangers_are_refused_by_name(void **state)
{
    static const struct {
        const char *graph, *want;
    } rows[] = {
        { "a:a", "targets depend on each other in a circle: a → a" },
        { "x a:b b:c c:a", "targets depend on each other in a circle: b → c → a → b" },
        { "x:a a:b b:a", "targets depend on each other in a circle: a → b → a" },
        { "a:ghost", "target 'a' depends on 'ghost', which is no target" },
    };

    (void)state;
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct qs_desired d = graph(rows[i].graph);
        struct qs_err err = QS_ERR_INIT;
        size_t *order = NULL;

        assert_int_equal(qs_graph_order(&d, &order, &err), QS_INVALID);
        if (!qs_streq(err.msg, rows[i].want))
            fail_msg("%s: %s", rows[i].graph, err.msg);
        qs_desired_done(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_come_after_what_they_need),
        cmocka_unit_test(circles_and_strangers_are_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
