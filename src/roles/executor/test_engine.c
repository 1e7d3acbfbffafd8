/*
 * The engine against devices that live in shared memory: they outlive a killed engine as real ones do, undo what was
 * never confirmed when they are asked to, and can be told to misbehave.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "converge/plan.h"
#include "converge/testing.h"
#include "roles/executor/engine.h"

#define DEVICES 4
#define TEXT 4096

enum fault_kind { WELL, REFUSES, LOSES_PROBE, LIES, NO_CONFIRM, UNREACHABLE, HANGS, MEETS };

struct device {
    char live[TEXT], committed[TEXT];
    char foreign[64];
    unsigned revision, opens, reverts, applies;
    bool pending;
    enum fault_kind fault;
    unsigned first, last; /* tick of the first and last act of the last apply */
};
static struct {
    struct device devices[DEVICES];
    unsigned tick, inside, most_inside;
} * world;

static const char *const names[DEVICES] = { "core", "leaf", "admin", "edge" };

static struct device *device_named(const char *name)
{
    for (size_t i = 0; i < DEVICES; i++)
        if (qs_streq(names[i], name))
            return &world->devices[i];
    return NULL;
}

/* ---- the driver ---- */

struct qs_session {
    struct device *d;
    bool applied;
};

static enum qs_code fake_open(const struct qs_target *t, struct qs_session **ret, struct qs_err *err)
{
    struct device *d = device_named(t->name);

    if (!qs_streq(t->password, "pw"))
        return qs_err_set(err, QS_DENIED, 0, "wrong password");
    __atomic_add_fetch(&d->opens, 1, __ATOMIC_SEQ_CST);
    if (d->fault == UNREACHABLE)
        return qs_err_set(err, QS_UNREACHABLE, 0, "connection refused");
    if (d->fault == HANGS) {
        const struct timespec t300 = { .tv_nsec = 300000000 };

        (void)nanosleep(&t300, NULL);
        return qs_err_set(err, QS_TIMEOUT, 0, "no reply in %llu ms", (unsigned long long)t->timeout_ms);
    }
    *ret = qs_xzalloc(sizeof(**ret));
    (*ret)->d = d;
    return QS_OK;
}

static enum qs_code fake_observe(struct qs_session *s, struct qs_observation *ret, struct qs_err *err)
{
    qs_auto(val) struct qs_val *v = NULL;

    if (s->d->fault == LOSES_PROBE && s->d->pending)
        return qs_err_set(err, QS_PROTO, 0, "the reply is no JSON");
    if (qs_json_parse(s->d->live, strlen(s->d->live), &v, err) || qs_resources_from_val(v, &ret->have, err) ||
        qs_resources_settle(&ret->have, testing_types, err))
        return err->code;
    ret->revision = qs_xasprintf("r%u", s->d->revision);
    ret->foreign = qs_val_list();
    if (s->d->foreign[0])
        (void)qs_val_add(ret->foreign, qs_val_str(s->d->foreign));
    return QS_OK;
}

static void fake_render(const struct qs_changes *cs, const struct qs_resources *want, struct qs_val *list)
{
    (void)want;
    for (size_t i = 0; i < cs->count; i++)
        (void)qs_val_add(list, qs_val_strf("%s %s %s", qs_action_name(cs->items[i].action), cs->items[i].type->name,
                                           cs->items[i].name));
}

static void store(struct device *d, const struct qs_resources *want)
{
    qs_auto(val) struct qs_val *v = qs_resources_to_val(want);
    qs_auto(buf) struct qs_buf text = QS_BUF(TEXT - 1);

    qs_json_write(v, &text);
    assert_false(text.over);
    (void)snprintf(d->live, sizeof(d->live), "%s", qs_buf_text(&text));
    d->revision++;
}

/* Two that meet wait for each other inside apply: only a parallel engine gets them through. */
static bool meet(void)
{
    const struct timespec moment = { .tv_nsec = 1000000 };

    for (unsigned i = 0; i < 3000; i++) {
        if (__atomic_load_n(&world->most_inside, __ATOMIC_SEQ_CST) >= 2)
            return true;
        (void)nanosleep(&moment, NULL);
    }
    return false;
}

static enum qs_code fake_apply(struct qs_session *s, const char *op, const struct qs_observation *base,
                               const struct qs_changes *cs, const struct qs_resources *want, struct qs_err *err)
{
    qs_auto(str) char *now = qs_xasprintf("r%u", s->d->revision);

    s->d->first = __atomic_add_fetch(&world->tick, 1, __ATOMIC_SEQ_CST);
    assert_true(op[0] && cs->count);
    if (!qs_streq(now, base->revision))
        return qs_err_set(err, QS_CONFLICT, 0, "changed since it was observed");
    if (s->d->fault == REFUSES)
        return qs_err_set(err, QS_REFUSED, 0, "%s", "% Invalid input");
    if (s->d->fault == MEETS) {
        unsigned inside = __atomic_add_fetch(&world->inside, 1, __ATOMIC_SEQ_CST);

        if (inside > __atomic_load_n(&world->most_inside, __ATOMIC_SEQ_CST))
            __atomic_store_n(&world->most_inside, inside, __ATOMIC_SEQ_CST);
        if (!meet())
            return qs_err_set(err, QS_TIMEOUT, 0, "nobody else came");
    }
    s->d->pending = true;
    s->d->applies++;
    if (s->d->fault != LIES)
        store(s->d, want);
    return QS_OK;
}

static enum qs_code fake_confirm(struct qs_session *s, const char *op, struct qs_err *err)
{
    (void)op;
    if (s->d->fault == NO_CONFIRM)
        return qs_err_set(err, QS_TIMEOUT, 0, "no reply");
    memcpy(s->d->committed, s->d->live, TEXT);
    s->d->pending = false;
    s->d->last = __atomic_add_fetch(&world->tick, 1, __ATOMIC_SEQ_CST);
    return QS_OK;
}

static enum qs_code fake_revert(struct qs_session *s, struct qs_err *err)
{
    (void)err;
    s->d->reverts++;
    if (s->d->pending) {
        memcpy(s->d->live, s->d->committed, TEXT);
        s->d->revision++;
        s->d->pending = false;
    }
    return QS_OK;
}

static void fake_close(struct qs_session *s)
{
    free(s);
}

static const struct qs_driver fake = {
    .abi = QS_DRIVER_ABI,
    .name = "fake",
    .summary = "a device in memory",
    .port = 1,
    .types = testing_types,
    .open = fake_open,
    .observe = fake_observe,
    .render = fake_render,
    .apply = fake_apply,
    .confirm = fake_confirm,
    .revert = fake_revert,
    .close = fake_close,
};

static const struct qs_driver *find_fake(const char *name)
{
    return qs_streq(name, "fake") ? &fake : NULL;
}

/* ---- a lab of four ---- */

struct box {
    char *state, *credentials;
    struct qs_engine *e;
    struct qs_err err;
};

static void reset_world(void)
{
    memset(world, 0, sizeof(*world));
    for (size_t i = 0; i < DEVICES; i++) {
        struct device *d = &world->devices[i];

        (void)snprintf(d->live, sizeof(d->live),
                       "[{\"type\":\"system\",\"name\":\"system\",\"attrs\":{\"hostname\":\"new\"}}]");
        memcpy(d->committed, d->live, TEXT);
    }
}

static void write_credentials(struct box *box)
{
    static const char text[] =
        "{\"targets\":{\"core\":{\"user\":\"u\",\"password\":\"pw\",\"pin\":\"x\"},"
        "\"leaf\":{\"user\":\"u\",\"password\":\"pw\"},\"admin\":{\"user\":\"u\",\"password\":\"pw\"},"
        "\"edge\":{\"user\":\"u\",\"password\":\"pw\"}}}";

    assert_int_equal(qs_fs_write(AT_FDCWD, box->credentials, text, strlen(text), 0600, &box->err), QS_OK);
}

static void open_engine(struct box *box)
{
    const struct qs_engine_conf conf = {
        .state = box->state, .credentials = box->credentials, .find = find_fake, .threads = 8, .exchange_ms = 500
    };

    if (qs_engine_new(&conf, &box->e, &box->err))
        fail_msg("%s: %s", box->err.ctx, box->err.msg);
}

static int make_box(void **state)
{
    struct box *box = qs_xzalloc(sizeof(*box));

    reset_world();
    box->state = qs_xstrdup("/tmp/qs-test-engine-XXXXXX");
    assert_non_null(mkdtemp(box->state));
    box->credentials = qs_xasprintf("%s/credentials.json", box->state);
    write_credentials(box);
    *state = box;
    return 0;
}

static int make_open_box(void **state)
{
    (void)make_box(state);
    open_engine(*state);
    return 0;
}

static int drop_box(void **state)
{
    struct box *box = *state;

    qs_engine_free(box->e);
    QS_IGNORE(qs_fs_remove(AT_FDCWD, box->state, &box->err));
    free(box->state);
    free(box->credentials);
    free(box);
    return 0;
}

/* core and edge stand alone, leaf and admin wait for core. Every device gets `vlans` VLANs, core a user. */
static struct qs_desired lab(unsigned vlans)
{
    struct qs_desired d = { .lab = qs_xstrdup("test"), .site = qs_xstrdup("twin") };

    for (size_t i = 0; i < DEVICES; i++) {
        struct qs_desired_target *t = QS_PUSH(d.targets, d.count);

        t->name = qs_xstrdup(names[i]);
        t->driver = qs_xstrdup("fake");
        t->address = qs_xasprintf("192.0.2.%zu", i + 1);
        t->commit_timer_s = 2;
        t->depends_on = qs_xzalloc(2 * sizeof(char *));
        if (i == 1 || i == 2)
            t->depends_on[0] = qs_xstrdup("core");
        qs_val_set_str(qs_resources_add(&t->want, "system", "system"), "hostname", names[i]);
        for (unsigned v = 1; v <= vlans; v++) {
            char name[16];

            (void)snprintf(name, sizeof(name), "%u0", v);
            (void)qs_resources_add(&t->want, "vlan", name);
        }
    }
    qs_val_set_str(qs_resources_add(&d.targets[0].want, "user", "ops"), "password", "clear-text-secret");
    qs_desired_seal(&d);
    return d;
}

static struct qs_val *plan_for(struct box *box, const struct qs_desired *d, bool release)
{
    const struct qs_plan_ask ask = { .release = release };
    struct qs_val *plan = NULL;

    if (qs_engine_plan(box->e, d, &ask, &plan, &box->err))
        fail_msg("%s: %s", box->err.ctx, box->err.msg);
    return plan;
}

static struct qs_val *apply_plan(struct box *box, const struct qs_val *plan, const struct qs_desired *d)
{
    struct qs_val *result = NULL;

    if (qs_engine_apply(box->e, plan, d, NULL, NULL, &result, &box->err))
        fail_msg("%s: %s", box->err.ctx, box->err.msg);
    return result;
}

static const struct qs_val *named(const struct qs_val *doc, const char *name)
{
    const struct qs_val *list = qs_val_get(doc, "targets");

    for (size_t i = 0; i < qs_val_count(list); i++)
        if (qs_streq(qs_val_get_str(qs_val_at(list, i), "name", ""), name))
            return qs_val_at(list, i);
    return NULL;
}

static void expect_state(const struct qs_val *doc, const char *name, const char *state)
{
    const struct qs_val *t = named(doc, name);

    if (!qs_streq(qs_val_get_str(t, "state", ""), state))
        fail_msg("%s is %s (%s), want %s", name, qs_val_get_str(t, "state", "nothing"),
                 qs_val_get_str(qs_val_get(t, "error"), "message", ""), state);
}

static void expect_error(const struct qs_val *doc, const char *name, const char *part)
{
    const char *text = qs_val_get_str(qs_val_get(named(doc, name), "error"), "message", "");

    if (!strstr(text, part))
        fail_msg("%s says '%s', want '%s'", name, text, part);
}

/* Plans and applies `d`; gives the result. */
static struct qs_val *bring(struct box *box, const struct qs_desired *d)
{
    qs_auto(val) struct qs_val *plan = plan_for(box, d, false);

    return apply_plan(box, plan, d);
}

static bool in_step(struct box *box, const struct qs_desired *d)
{
    qs_auto(val) struct qs_val *plan = plan_for(box, d, false);

    return !qs_plan_has_changes(plan) && qs_val_get_int(qs_val_get(plan, "summary"), "failed", 1) == 0;
}

/* ---- killed anywhere ---- */

static int run_child(struct box *box, const char *fault, const char *count_file)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct qs_desired d = lab(3);

        if (fault)
            (void)setenv("QS_FAULT", fault, 1);
        if (count_file)
            (void)setenv("QS_FAULT_COUNT", count_file, 1);
        open_engine(box);
        qs_engine_recover(box->e);
        qs_val_free(bring(box, &d));
        bool good = in_step(box, &d);
        qs_desired_done(&d);
        qs_engine_free(box->e);
        _exit(good ? 0 : 3);
    }
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    return status;
}

static unsigned lines_in(const char *path)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(buf) struct qs_buf text = QS_BUF(1 << 20);
    unsigned lines = 0;

    assert_int_equal(qs_fs_read(AT_FDCWD, path, &text, &err), QS_OK);
    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n';
    return lines;
}

static void a_kill_at_any_point_leads_to_the_same_end(void **state)
{
    struct box *box = *state;
    qs_auto(str) char *count_file = qs_xasprintf("%s/points", box->state);
    char want[DEVICES][TEXT];
    unsigned points;

    assert_int_equal(run_child(box, NULL, count_file), 0);
    points = lines_in(count_file);
    assert_true(points > 60);
    for (size_t i = 0; i < DEVICES; i++)
        memcpy(want[i], world->devices[i].committed, TEXT);
    for (unsigned n = 1; n <= points; n++) {
        qs_auto(str) char *at = qs_xasprintf("%u", n);
        int status;

        (void)drop_box(state);
        (void)make_box(state);
        box = *state;
        status = run_child(box, at, NULL);
        if (!WIFSIGNALED(status) && status != 0)
            fail_msg("point %u: the killed run ended with %d", n, status);
        if (run_child(box, NULL, NULL) != 0)
            fail_msg("point %u: the next run did not converge", n);
        for (size_t i = 0; i < DEVICES; i++)
            if (world->devices[i].pending || !qs_streq(world->devices[i].committed, want[i]))
                fail_msg("point %u: %s ended as %s", n, names[i], world->devices[i].committed);
    }
}

/* ---- one engine ---- */

static void an_apply_converges_and_a_second_changes_nothing(void **state)
{
    struct box *box = *state;
    struct qs_desired d = lab(3);
    qs_auto(val) struct qs_val *plan = plan_for(box, &d, false);
    qs_auto(val) struct qs_val *result = apply_plan(box, plan, &d);

    assert_int_equal(qs_val_get_int(qs_val_get(plan, "summary"), "add", 0), 13);
    assert_int_equal(qs_val_get_int(qs_val_get(plan, "summary"), "change", 0), 4);
    assert_string_equal(qs_val_get_str(result, "state", ""), "done");
    for (size_t i = 0; i < DEVICES; i++) {
        expect_state(result, names[i], "done");
        assert_false(world->devices[i].pending);
    }
    assert_true(world->devices[1].first > world->devices[0].last); /* leaf after core was confirmed */
    assert_true(world->devices[2].first > world->devices[0].last);
    assert_true(in_step(box, &d));
    qs_auto(val) struct qs_val *again = bring(box, &d);
    for (size_t i = 0; i < DEVICES; i++) {
        expect_state(again, names[i], "unchanged");
        assert_int_equal(world->devices[i].applies, 1);
    }
    qs_desired_done(&d);
}

static void independent_targets_are_changed_at_the_same_time(void **state)
{
    struct box *box = *state;
    struct qs_desired d = lab(1);

    world->devices[0].fault = MEETS;
    world->devices[3].fault = MEETS;
    qs_auto(val) struct qs_val *result = bring(box, &d);
    expect_state(result, "core", "done");
    expect_state(result, "edge", "done");
    qs_desired_done(&d);
}

static void a_failing_target_stops_those_behind_it_and_no_other(void **state)
{
    static const struct {
        enum fault_kind fault;
        const char *says;
    } rows[] = {
        { REFUSES, "core: % Invalid input" },
        { LOSES_PROBE, "core: the reply is no JSON" },
        { LIES, "core: after the change 5 resources still differ, first system 'system'" },
        { NO_CONFIRM, "core: no reply" },
        { UNREACHABLE, "core: connection refused" },
        { HANGS, "core: no reply in 500 ms" },
    };
    struct qs_desired d = lab(3);

    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        struct box *box;

        (void)drop_box(state);
        (void)make_open_box(state);
        box = *state;
        world->devices[0].fault = rows[i].fault;
        uint64_t started = qs_mono_ms();
        qs_auto(val) struct qs_val *result = bring(box, &d);
        assert_true(qs_mono_ms() - started < 5000);
        assert_string_equal(qs_val_get_str(result, "state", ""), "failed");
        expect_state(result, "core", "failed");
        expect_error(result, "core", rows[i].says);
        expect_state(result, "leaf", "skipped");
        expect_error(result, "admin", "admin: left alone, because it depends on 'core'");
        expect_state(result, "edge", "done");
        assert_false(world->devices[0].pending);
        assert_non_null(strstr(world->devices[0].live, "\"new\"")); /* nothing half-applied stays */
        world->devices[0].fault = WELL;
        qs_auto(val) struct qs_val *mended = bring(box, &d);
        assert_string_equal(qs_val_get_str(mended, "state", ""), "done");
        assert_true(in_step(box, &d));
    }
    qs_desired_done(&d);
}

static void a_stale_plan_is_refused_and_changes_nothing(void **state)
{
    struct box *box = *state;
    struct qs_desired d = lab(2), other = lab(3);
    qs_auto(val) struct qs_val *plan = plan_for(box, &d, false);
    struct qs_val *none = NULL;

    assert_int_equal(qs_engine_apply(box->e, plan, &other, NULL, NULL, &none, &box->err), QS_CONFLICT);
    assert_string_equal(box->err.msg, "the plan is stale: the lab changed since it was made");
    world->devices[3].revision++;
    qs_auto(val) struct qs_val *result = apply_plan(box, plan, &d);
    expect_state(result, "edge", "failed");
    expect_error(result, "edge", "edge: the plan is stale: the device changed since it was made");
    assert_int_equal(world->devices[3].applies, 0);
    expect_state(result, "leaf", "done");
    qs_desired_done(&d);
    qs_desired_done(&other);
}

static void add_by_hand(struct device *d, const char *more)
{
    size_t len = strlen(d->live);

    (void)snprintf(d->live + len - 1, sizeof(d->live) - len + 1, ",%s]", more);
    memcpy(d->committed, d->live, TEXT);
    d->revision++;
}

static void drift_names_exactly_what_was_done_by_hand(void **state)
{
    struct box *box = *state;
    struct qs_desired d = lab(2);
    const struct qs_val *core;
    char *vlan;

    qs_val_free(bring(box, &d));
    qs_auto(val) struct qs_val *calm = NULL;
    assert_int_equal(qs_engine_drift(box->e, NULL, &calm, &box->err), QS_OK);
    expect_state(calm, "core", "in-sync");
    vlan = strstr(world->devices[0].live, "\"name\":\"20\"");
    memcpy(vlan, "\"name\":\"99\"", 11); /* VLAN 20 removed, 99 added */
    add_by_hand(&world->devices[0], "{\"type\":\"user\",\"name\":\"mallory\",\"attrs\":{}}");
    (void)snprintf(world->devices[0].foreign, sizeof(world->devices[0].foreign), "snmp-server community public");
    qs_auto(val) struct qs_val *drift = NULL;
    assert_int_equal(qs_engine_drift(box->e, NULL, &drift, &box->err), QS_OK);
    expect_state(drift, "core", "drift");
    expect_state(drift, "leaf", "in-sync");
    core = named(drift, "core");
    qs_auto(buf) struct qs_buf text = QS_BUF(4096);
    qs_json_write(qs_val_get(core, "removed"), &text);
    qs_json_write(qs_val_get(core, "added"), &text);
    qs_json_write(qs_val_get(core, "differs"), &text);
    assert_string_equal(qs_buf_text(&text),
                        "[{\"type\":\"vlan\",\"name\":\"20\"}]"
                        "[{\"type\":\"user\",\"name\":\"mallory\"},{\"type\":\"vlan\",\"name\":\"99\"},"
                        "{\"type\":\"native\",\"name\":\"snmp-server community public\"}][]");
    qs_desired_done(&d);
}

static void a_rollback_brings_back_and_holds(void **state)
{
    struct box *box = *state;
    struct qs_desired small = lab(1), large = lab(3);
    qs_auto(val) struct qs_val *first = bring(box, &small);
    qs_auto(val) struct qs_val *second = bring(box, &large);
    qs_auto(val) struct qs_val *back = NULL;

    assert_string_equal(qs_val_get_str(second, "state", ""), "done");
    assert_int_equal(qs_engine_rollback(box->e, qs_val_get_str(first, "apply", ""), &back, &box->err), QS_OK);
    assert_int_equal(qs_val_get_int(qs_val_get(back, "summary"), "destroy", 0), 8);
    qs_auto(val) struct qs_val *result = apply_plan(box, back, NULL);
    assert_string_equal(qs_val_get_str(result, "state", ""), "done");
    assert_null(strstr(world->devices[1].live, "\"30\""));
    assert_non_null(strstr(world->devices[0].live, "clear-text-secret")); /* a secret that is live is kept */
    qs_auto(val) struct qs_val *held = plan_for(box, &large, false);
    assert_int_equal(qs_val_get_int(qs_val_get(held, "summary"), "held", 0), DEVICES);
    assert_false(qs_plan_has_changes(held));
    qs_auto(val) struct qs_val *nothing = apply_plan(box, held, &large);
    expect_state(nothing, "core", "held");
    qs_auto(val) struct qs_val *history = NULL;
    assert_int_equal(
        qs_journal_history_one(qs_engine_journal(box->e), qs_val_get_str(result, "apply", ""), &history, &box->err),
        QS_OK);
    assert_string_equal(qs_val_get_str(history, "kind", ""), "rollback");
    assert_int_equal(qs_val_count(qs_val_get(history, "held")), DEVICES);
    assert_int_equal(qs_engine_release(box->e, "edge", &box->err), QS_OK);
    assert_int_equal(qs_engine_release(box->e, "edge", &box->err), QS_NOTFOUND);
    qs_auto(val) struct qs_val *freed = plan_for(box, &large, true);
    qs_auto(val) struct qs_val *forward = apply_plan(box, freed, &large);
    assert_string_equal(qs_val_get_str(forward, "state", ""), "done");
    assert_true(in_step(box, &large));
    qs_desired_done(&small);
    qs_desired_done(&large);
}

static void no_secret_is_stored_in_clear(void **state)
{
    static const char *const files[] = { "journal.db", "journal.db-wal" };
    struct box *box = *state;
    struct qs_desired d = lab(1);
    qs_auto(record) struct qs_record r = { .name = NULL };

    qs_val_free(bring(box, &d));
    for (size_t i = 0; i < QS_COUNT(files); i++) {
        qs_auto(str) char *path = qs_xasprintf("%s/%s", box->state, files[i]);
        qs_auto(buf) struct qs_buf text = QS_BUF(64 << 20);

        assert_int_equal(qs_fs_read(AT_FDCWD, path, &text, &box->err), QS_OK);
        assert_null(memmem(text.data, text.len, "clear-text-secret", 17));
    }
    assert_int_equal(qs_journal_target(qs_engine_journal(box->e), "core", &r, &box->err), QS_OK);
    qs_auto(val) struct qs_val *have = qs_resources_to_val(&r.have), *want = qs_resources_to_val(&r.want);
    qs_auto(buf) struct qs_buf text = QS_BUF(1 << 20);
    qs_json_write(have, &text);
    qs_json_write(want, &text);
    assert_null(strstr(qs_buf_text(&text), "clear-text-secret"));
    assert_non_null(strstr(qs_buf_text(&text), QS_VEIL));
    qs_desired_done(&d);
}

static void targets_tell_how_they_stand(void **state)
{
    struct box *box = *state;
    struct qs_desired d = lab(1);

    qs_val_free(bring(box, &d));
    world->devices[3].fault = UNREACHABLE;
    add_by_hand(&world->devices[1], "{\"type\":\"vlan\",\"name\":\"77\",\"attrs\":{}}");
    qs_auto(val) struct qs_val *stored = NULL;
    assert_int_equal(qs_engine_targets(box->e, -1, &stored, &box->err), QS_OK);
    expect_state(stored, "leaf", "in-sync");
    qs_auto(val) struct qs_val *fresh = NULL;
    assert_int_equal(qs_engine_targets(box->e, 0, &fresh, &box->err), QS_OK);
    expect_state(fresh, "core", "in-sync");
    expect_state(fresh, "leaf", "drift");
    expect_state(fresh, "edge", "failed");
    assert_non_null(strstr(qs_val_get_str(named(fresh, "edge"), "text", ""), "connection refused"));
    qs_desired_done(&d);
}

struct intruder {
    struct box *box;
    const struct qs_val *plan;
    const struct qs_desired *d;
    struct qs_err err;
};

/* While the first apply works on a target, somebody asks for another one. */
static void intrude(void *arg, struct qs_val *line)
{
    struct intruder *in = arg;
    struct qs_val *none = NULL;

    if (qs_streq(qs_val_get_str(line, "phase", ""), "apply") && qs_streq(qs_val_get_str(line, "target", ""), "core"))
        QS_IGNORE(qs_engine_apply(in->box->e, in->plan, in->d, NULL, NULL, &none, &in->err));
    qs_val_free(line);
}

static void one_apply_at_a_time(void **state)
{
    struct box *box = *state;
    struct qs_desired d = lab(1);
    qs_auto(val) struct qs_val *plan = plan_for(box, &d, false);
    struct intruder in = { .box = box, .plan = plan, .d = &d };
    struct qs_val *result = NULL;

    assert_int_equal(qs_engine_apply(box->e, plan, &d, intrude, &in, &result, &box->err), QS_OK);
    assert_string_equal(qs_val_get_str(result, "state", ""), "done");
    assert_int_equal(in.err.code, QS_CONFLICT);
    qs_auto(str) char *want = qs_xasprintf("apply %s is running", qs_val_get_str(result, "apply", ""));
    assert_string_equal(in.err.msg, want);
    qs_val_free(result);
    qs_desired_done(&d);
}

static void a_second_executor_of_the_same_state_is_refused(void **state)
{
    struct box *box = *state;
    const struct qs_engine_conf conf = { .state = box->state, .credentials = box->credentials, .find = find_fake };
    struct qs_engine *second = NULL;

    assert_int_equal(qs_engine_new(&conf, &second, &box->err), QS_CONFLICT);
    assert_non_null(strstr(box->err.msg, "is held by another executor (pid "));
    assert_null(second);
}

static void credentials_that_others_can_read_are_refused(void **state)
{
    struct box *box = *state;
    struct qs_desired d = lab(1);
    const struct qs_plan_ask ask = { .release = false };
    struct qs_val *plan = NULL;

    assert_int_equal(chmod(box->credentials, 0644), 0);
    assert_int_equal(qs_engine_plan(box->e, &d, &ask, &plan, &box->err), QS_DENIED);
    assert_int_equal(chmod(box->credentials, 0640), 0); /* our own file, and yet others are let in */
    assert_int_equal(qs_engine_plan(box->e, &d, &ask, &plan, &box->err), QS_DENIED);
    assert_int_equal(unlink(box->credentials), 0);
    assert_int_equal(qs_engine_plan(box->e, &d, &ask, &plan, &box->err), QS_NOTFOUND);
    qs_desired_done(&d);
}

int main(void)
{
    /* The first test forks before this process reaches a fault point: the environment is read once. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_kill_at_any_point_leads_to_the_same_end, make_box, drop_box),
        cmocka_unit_test_setup_teardown(an_apply_converges_and_a_second_changes_nothing, make_open_box, drop_box),
        cmocka_unit_test_setup_teardown(independent_targets_are_changed_at_the_same_time, make_open_box, drop_box),
        cmocka_unit_test_setup_teardown(a_failing_target_stops_those_behind_it_and_no_other, make_open_box, drop_box),
        cmocka_unit_test_setup_teardown(a_stale_plan_is_refused_and_changes_nothing, make_open_box, drop_box),
        cmocka_unit_test_setup_teardown(drift_names_exactly_what_was_done_by_hand, make_open_box, drop_box),
        cmocka_unit_test_setup_teardown(a_rollback_brings_back_and_holds, make_open_box, drop_box),
        cmocka_unit_test_setup_teardown(no_secret_is_stored_in_clear, make_open_box, drop_box),
        cmocka_unit_test_setup_teardown(targets_tell_how_they_stand, make_open_box, drop_box),
        cmocka_unit_test_setup_teardown(one_apply_at_a_time, make_open_box, drop_box),
        cmocka_unit_test_setup_teardown(a_second_executor_of_the_same_state_is_refused, make_open_box, drop_box),
        cmocka_unit_test_setup_teardown(credentials_that_others_can_read_are_refused, make_open_box, drop_box),
    };

    world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (world == MAP_FAILED)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
