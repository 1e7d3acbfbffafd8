/*
 * One session of one driver, step by step, for the tests: drive CONF.json STEP…
 * CONF: {"driver", "address", "port", "user", "password", "pin", "timeout_ms", "commit_timer_s",
 *        "want": [RESOURCE] | "lab": {"folder", "site", "device"}}
 * Steps run in order on one session: observe, plan, apply, confirm, revert, and hold, which waits for a line on
 * standard input. Each prints one JSON line. The first that fails ends the run with exit status 1.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "converge/driver.h"
#include "resolve/resolve.h"
#include "text/json.h"

struct drive {
    const struct qs_driver *driver;
    struct qs_session *session;
    struct qs_resources want;
    struct qs_observation base;
    struct qs_changes cs;
};

static void print(struct qs_val *v)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(64 << 20);

    qs_json_write(v, &text);
    (void)printf("%s\n", qs_buf_text(&text));
    (void)fflush(stdout);
    qs_val_free(v);
}

static enum qs_code step_observe(struct drive *d, struct qs_val *out, struct qs_err *err)
{
    struct qs_observation o = { .native = NULL };
    enum qs_code code = d->driver->observe(d->session, &o, err);

    if (code)
        return code;
    qs_observation_done(&d->base);
    d->base = o;
    qs_val_set(out, "have", qs_resources_to_val(&o.have));
    qs_val_set_str(out, "revision", o.revision);
    qs_val_set(out, "facts", qs_val_copy(o.facts));
    if (o.foreign)
        qs_val_set(out, "foreign", qs_val_copy(o.foreign));
    return QS_OK;
}

static enum qs_code step_plan(struct drive *d, struct qs_val *out, struct qs_err *err)
{
    struct qs_val *native = qs_val_set(out, "native", qs_val_list());

    (void)err;
    qs_changes_done(&d->cs);
    qs_diff(d->driver->types, &d->base.have, &d->want, &d->cs);
    d->driver->render(&d->cs, &d->want, native);
    qs_val_set(out, "changes", qs_changes_to_val(&d->cs));
    return QS_OK;
}

static enum qs_code step_apply(struct drive *d, struct qs_val *out, struct qs_err *err)
{
    (void)out;
    return d->driver->apply(d->session, "TEST", &d->base, &d->cs, &d->want, err);
}

static enum qs_code step_confirm(struct drive *d, struct qs_val *out, struct qs_err *err)
{
    (void)out;
    return d->driver->confirm(d->session, "TEST", err);
}

static enum qs_code step_revert(struct drive *d, struct qs_val *out, struct qs_err *err)
{
    (void)out;
    return d->driver->revert(d->session, err);
}

static enum qs_code step_hold(struct drive *d, struct qs_val *out, struct qs_err *err)
{
    char line[16];

    (void)d;
    (void)out;
    return fgets(line, sizeof(line), stdin) ? QS_OK : qs_err_set(err, QS_IO, 0, "standard input ended");
}

static const struct {
    const char *name;
    enum qs_code (*run)(struct drive *d, struct qs_val *out, struct qs_err *err);
} steps[] = {
    { "observe", step_observe }, { "plan", step_plan },     { "apply", step_apply },
    { "confirm", step_confirm }, { "revert", step_revert }, { "hold", step_hold },
};

static int report(struct qs_val *out, const char *step, const struct qs_err *err)
{
    qs_val_set_str(out, "step", step);
    qs_val_set_str(out, "code", qs_code_text(err->code));
    if (err->code) {
        char text[600];

        qs_val_set_str(out, "msg", qs_err_text(err, text, sizeof(text)));
    }
    print(out);
    return err->code ? 1 : 0;
}

static int run_step(struct drive *d, const char *name)
{
    struct qs_val *out = qs_val_map();
    struct qs_err err = QS_ERR_INIT;

    for (size_t i = 0; i < QS_COUNT(steps); i++)
        if (qs_streq(steps[i].name, name)) {
            if (!steps[i].run(d, out, &err))
                err = QS_ERR_INIT;
            return report(out, name, &err);
        }
    (void)qs_err_set(&err, QS_INVALID, 0, "no step is called '%s'", name);
    return report(out, name, &err);
}

static enum qs_code want_from_lab(const struct qs_val *from, struct qs_resources *ret, struct qs_err *err)
{
    static struct qs_problems problems;
    qs_auto(lab) struct qs_lab *lab = NULL;
    struct qs_desired d;

    if (qs_lab_load(qs_val_get_str(from, "folder", "lab"), qs_val_get_str(from, "site", "twin"), &lab, &problems,
                    err) ||
        qs_resolve(lab, &d, err))
        return err->code;
    for (size_t i = 0; i < d.count; i++)
        if (qs_streq(d.targets[i].name, qs_val_get_str(from, "device", ""))) {
            *ret = d.targets[i].want;
            d.targets[i].want = (struct qs_resources){ .items = NULL };
        }
    qs_desired_done(&d);
    return QS_OK;
}

static enum qs_code read_want(struct drive *d, const struct qs_val *conf, struct qs_err *err)
{
    const struct qs_val *lab = qs_val_get(conf, "lab"), *want = qs_val_get(conf, "want");

    if (lab && lab->type == QS_MAP)
        return want_from_lab(lab, &d->want, err);
    if (want && qs_resources_from_val(want, &d->want, err))
        return err->code;
    return qs_resources_settle(&d->want, d->driver->types, err);
}

static enum qs_code start(struct drive *d, const char *path, struct qs_val **ret_conf, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(1 << 20);
    struct qs_target t;
    const struct qs_val *conf;

    if (qs_fs_read(AT_FDCWD, path, &text, err) || qs_json_parse(qs_buf_text(&text), text.len, ret_conf, err))
        return err->code;
    conf = *ret_conf;
    d->driver = qs_driver_find(qs_val_get_str(conf, "driver", ""));
    if (!d->driver)
        return qs_err_set(err, QS_INVALID, 0, "no such driver");
    if (read_want(d, conf, err))
        return err->code;
    t = (struct qs_target){
        .name = "device",
        .driver = d->driver->name,
        .address = qs_val_get_str(conf, "address", ""),
        .port = (uint16_t)qs_val_get_int(conf, "port", 0),
        .user = qs_val_get_str(conf, "user", "qs"),
        .password = qs_val_get_str(conf, "password", ""),
        .pin = qs_val_get_str(conf, "pin", NULL),
        .timeout_ms = (uint64_t)qs_val_get_int(conf, "timeout_ms", 5000),
        .commit_timer_s = (unsigned)qs_val_get_int(conf, "commit_timer_s", 30),
    };
    return d->driver->open(&t, &d->session, err);
}

int main(int argc, char **argv)
{
    struct drive d = { .driver = NULL };
    qs_auto(val) struct qs_val *conf = NULL;
    struct qs_err err = QS_ERR_INIT;
    int bad;

    if (argc < 2)
        return 2;
    if (!start(&d, argv[1], &conf, &err))
        err = QS_ERR_INIT;
    bad = report(qs_val_map(), "open", &err);
    for (int i = 2; i < argc && !bad; i++)
        bad = run_step(&d, argv[i]);
    if (d.driver)
        d.driver->close(d.session);
    qs_observation_done(&d.base);
    qs_changes_done(&d.cs);
    qs_resources_done(&d.want);
    return bad;
}
