/* cli/up: the lab on this machine, from nothing to a panel that tells the truth. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/str.h"
#include "cli/adr.h"
#include "cli/executor.h"
#include "cli/progress.h"
#include "cli/state.h"
#include "net/http_client.h"
#include "resolve/resolve.h"
#include "roles/supervisor/supervisor.h"
#include "text/json.h"
#include "twin/node/root.h"

#define PANEL_PORT 7070
#define SIGNALS_MS 120000 /* what `up --detach` waits for every built signal */
#define LOOK_MS 250
#define DOCUMENT_MAX (64 << 20)

struct up {
    const struct qs_cli *cli;
    struct qs_lab *lab;
    struct qs_progress *progress;
    uint16_t port;
    bool applied, failed; /* what the apply's lines said */
};

/* ---- bring-up ---- */

static void on_part(void *arg, const char *what, const char *text, bool done)
{
    struct up *u = arg;

    qs_progress_set(u->progress, what, done ? QS_PROGRESS_DONE : QS_PROGRESS_BEGUN, text);
}

static void on_root(void *arg, const char *what, unsigned percent)
{
    struct up *u = arg;
    char text[96];

    (void)snprintf(text, sizeof(text), "%s %u %%", what, percent);
    qs_progress_set(u->progress, "root", QS_PROGRESS_BEGUN, text);
}

static enum qs_code adr_document(struct up *u, struct qs_val **ret, struct qs_err *err)
{
    struct qs_problems *problems = qs_xzalloc(sizeof(*problems));
    qs_auto(adrs) struct qs_adrs *adrs = qs_cli_adrs(u->cli, u->lab, problems, err);

    free(problems); /* `qs adr check` is where a person reads them; a panel without decisions is still a panel */
    if (adrs) {
        *ret = qs_adrs_to_val(adrs);
        return QS_OK;
    }
    if (err->code != QS_NOTFOUND)
        return err->code;
    *err = QS_ERR_INIT; /* somebody else's lab need not have records */
    struct qs_adrs none = { 0 };
    *ret = qs_adrs_to_val(&none);
    return QS_OK;
}

static enum qs_code start(struct up *u, struct qs_err *err)
{
    qs_auto(val) struct qs_val *twin = qs_resolve_twin(u->lab);
    qs_auto(val) struct qs_val *status = qs_resolve_status(u->lab);
    qs_auto(val) struct qs_val *page = qs_resolve_page(u->lab);
    qs_auto(val) struct qs_val *adrs = NULL;
    struct qs_supervisor_conf conf = { .state = u->cli->state,
                                       .twin_spec = twin,
                                       .status_spec = status,
                                       .page = page,
                                       .listen = "127.0.0.1",
                                       .port = u->port };

    if (adr_document(u, &adrs, err))
        return err->code;
    conf.adrs = adrs;
    if (qs_cli_claim_state(u->cli, true, err) || qs_twin_root_build(u->cli->state, on_root, u, err))
        return err->code;
    return qs_supervisor_start(&conf, on_part, u, err);
}

/* ---- converge ---- */

static void say_target(struct up *u, const char *name, const char *phase, const char *text)
{
    static const char *const bad[] = { "failed", "skipped", "reverted" };
    enum qs_progress_state state = qs_streq(phase, "done") ? QS_PROGRESS_DONE : QS_PROGRESS_BEGUN;
    qs_auto(str) char *row = qs_xasprintf("apply %s", name);

    for (size_t i = 0; i < QS_COUNT(bad); i++)
        if (qs_streq(phase, bad[i]))
            state = QS_PROGRESS_FAILED;
    qs_progress_set(u->progress, row, state, *text ? text : phase);
}

static bool on_apply_line(void *arg, const char *line, size_t len)
{
    struct up *u = arg;
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *doc = NULL;

    if (qs_json_parse(line, len, &doc, &err))
        return false;
    const struct qs_val *result = qs_val_get(doc, "result");
    if (result) {
        u->applied = true;
        u->failed = qs_streq(qs_val_get_str(result, "state", ""), "failed");
    } else if (qs_val_get(doc, "target")) {
        say_target(u, qs_val_get_str(doc, "target", ""), qs_val_get_str(doc, "phase", ""),
                   qs_val_get_str(doc, "text", ""));
    }
    return true;
}

static enum qs_code converge(struct up *u, struct qs_err *err)
{
    struct qs_desired desired = { 0 };
    qs_auto(val) struct qs_val *ask = qs_val_map();
    qs_auto(val) struct qs_val *plan = NULL;

    if (qs_resolve(u->lab, &desired, err))
        return err->code;
    (void)qs_val_set(ask, "desired", qs_desired_to_val(&desired));
    qs_desired_done(&desired);
    if (qs_cli_executor(u->cli, "POST", "/v1/plan", ask, &plan, err))
        return err->code;
    const struct qs_val *summary = qs_val_get(plan, "summary");
    char text[96];
    (void)snprintf(text, sizeof(text), "%d to add, %d to change, %d to destroy", (int)qs_val_get_int(summary, "add", 0),
                   (int)qs_val_get_int(summary, "change", 0), (int)qs_val_get_int(summary, "destroy", 0));
    qs_progress_set(u->progress, "plan", QS_PROGRESS_DONE, text);
    (void)qs_val_set(ask, "plan", qs_take_ptr(plan));
    if (qs_cli_executor_stream(u->cli, "/v1/apply", ask, on_apply_line, u, err))
        return err->code;
    if (!u->applied || u->failed)
        return qs_err_set(err, QS_INTERNAL, 0, "not every target took its change; 'qs history' says why");
    return QS_OK;
}

/* ---- signals ---- */

struct tally {
    unsigned up, expected, pending;
    char missing[512]; /* names of built signals that are not up */
};

static void count_signal(const struct qs_val *signal, struct tally *t)
{
    const char *state = qs_val_get_str(signal, "state", "unknown");
    size_t n = strlen(t->missing);

    if (qs_streq(state, "pending")) {
        t->pending++;
        return;
    }
    t->expected++;
    if (qs_streq(state, "up"))
        t->up++;
    else
        (void)snprintf(t->missing + n, sizeof(t->missing) - n, "%s%s (%s)", n ? ", " : "",
                       qs_val_get_str(signal, "title", "?"), state);
}

static enum qs_code read_signals(struct qs_http_client *client, struct tally *ret, struct qs_err *err)
{
    qs_auto(reply) struct qs_http_reply reply = { 0 };
    qs_auto(val) struct qs_val *doc = NULL;

    *ret = (struct tally){ 0 };
    if (qs_http_request(client, "GET", "/api/v1/status", NULL, NULL, 0, &reply, err) ||
        qs_json_parse(qs_buf_text(&reply.body), reply.body.len, &doc, err))
        return err->code;
    const struct qs_val *groups = qs_val_get(doc, "groups");
    for (size_t g = 0; g < qs_val_count(groups); g++) {
        const struct qs_val *signals = qs_val_get(qs_val_at(groups, g), "components");

        for (size_t i = 0; i < qs_val_count(signals); i++)
            count_signal(qs_val_at(signals, i), ret);
    }
    return QS_OK;
}

static enum qs_code wait_signals(struct up *u, struct qs_err *err)
{
    qs_auto(str) char *base = qs_xasprintf("http://127.0.0.1:%u", u->port);
    struct qs_http_client_conf conf = { .base = base, .connect_ms = 2000, .total_ms = 5000, .body_max = 4 << 20 };
    qs_auto(http_client) struct qs_http_client *client = NULL;
    uint64_t deadline = qs_mono_ms() + SIGNALS_MS;
    struct tally t;
    char text[640];

    if (qs_http_client_new(&conf, &client, err))
        return err->code;
    for (;;) {
        struct pollfd nothing = { .fd = -1 };

        if (read_signals(client, &t, err))
            return qs_err_wrap(err, "panel");
        (void)snprintf(text, sizeof(text), "%u/%u up, %u pending%s%s", t.up, t.expected + t.pending, t.pending,
                       *t.missing ? "; waits for " : "", t.missing);
        bool all = t.up == t.expected;
        qs_progress_set(u->progress, "signals", all ? QS_PROGRESS_DONE : QS_PROGRESS_BEGUN, text);
        if (all)
            return QS_OK;
        if (qs_mono_ms() > deadline)
            return qs_err_set(err, QS_TIMEOUT, 0, "after %d s these signals are not up: %s", SIGNALS_MS / 1000,
                              t.missing);
        (void)poll(&nothing, 1, LOOK_MS); /* the status API has no blocking read; its events stream is for browsers */
    }
}

/* ---- the verb ---- */

static void stop_loop(void *arg)
{
    qs_loop_stop(arg);
}

/* Attached: the lab lives until Ctrl-C. */
static int stay(struct up *u)
{
    qs_auto(loop) struct qs_loop *loop = qs_loop_new();
    struct qs_err err = QS_ERR_INIT;

    (void)fprintf(stderr, "Press Ctrl-C to take the lab down; 'qs up --detach' leaves it running.\n");
    qs_loop_on_term(loop, stop_loop, loop);
    qs_loop_run(loop);
    (void)fprintf(stderr, "\nTaking the lab down.\n");
    if (qs_supervisor_stop(u->cli->state, &err) || qs_supervisor_clear(u->cli->state, false, &err))
        return qs_cli_fail(u->cli, &err);
    return 0;
}

static enum qs_code bring_up(struct up *u, struct qs_err *err)
{
    bool running = qs_supervisor_running(u->cli->state, NULL);

    if (!qs_streq(u->lab->site_kind, "twin")) {
        (void)qs_err_set(err, QS_UNSUPPORTED, 0, "'qs up' brings up a site of kind twin; '%s' is of kind %s",
                         u->lab->site, u->lab->site_kind);
        return qs_err_hint(err, "Use 'qs plan --site %s' and 'qs apply --site %s'.", u->lab->site, u->lab->site);
    }
    if (running)
        qs_progress_set(u->progress, "twin", QS_PROGRESS_DONE, "runs already");
    else if (start(u, err))
        return err->code;
    if (qs_cli_has(u->cli, "no-apply"))
        return QS_OK;
    if (converge(u, err))
        return err->code;
    return wait_signals(u, err);
}

static enum qs_code read_flags(struct up *u, struct qs_err *err)
{
    const char *port = qs_cli_flag(u->cli, "port"), *with = qs_cli_flag(u->cli, "with");
    uint32_t n = PANEL_PORT;

    if (port && !qs_parse_u32(port, 1, 65535, &n))
        return qs_err_set(err, QS_INVALID, 0, "'--port %s' is not a port", port);
    u->port = (uint16_t)n;
    if (with) {
        (void)qs_err_set(err, QS_UNSUPPORTED, 0, "'--with %s' is not built yet", with);
        return qs_err_hint(err, "The signals that it would bring stay pending and say so.");
    }
    return QS_OK;
}

static void print_document(const struct up *u)
{
    qs_auto(val) struct qs_val *doc = qs_val_map();

    qs_val_set_str(doc, "format", "qs.up/1");
    qs_val_set_str(doc, "site", u->lab->site);
    (void)qs_val_set(doc, "url", qs_val_strf("http://127.0.0.1:%u", u->port));
    (void)qs_cli_json(doc);
}

static int run(const struct qs_cli *cli)
{
    uint64_t began = qs_mono_ms();
    struct up u = { .cli = cli };
    struct qs_err err = QS_ERR_INIT;
    bool detach = qs_cli_has(cli, "detach");

    if (read_flags(&u, &err))
        return qs_cli_fail(cli, &err);
    qs_auto(lab) struct qs_lab *lab = qs_cli_lab(cli);
    if (!lab)
        return 1;
    u.lab = lab;
    qs_auto(progress) struct qs_progress *progress = qs_progress_new(!qs_cli_has(cli, "no-color"));
    u.progress = progress;
    if (bring_up(&u, &err))
        return qs_cli_fail(cli, &err);
    (void)fprintf(stderr, "The lab is up after %.1f s: http://127.0.0.1:%u\n", (double)(qs_mono_ms() - began) / 1000,
                  u.port);
    if (cli->json)
        print_document(&u);
    if (detach || qs_cli_has(cli, "no-apply"))
        return 0;
    return stay(&u);
}

static const struct qs_flag flags[] = {
    { "detach", NULL, "return when every built signal is up (1 with the list after 120 s); the lab goes on" },
    { "no-apply", NULL, "start the devices and roles, configure nothing: 'qs plan' then shows everything" },
    { "port", "N", "port of the panel on 127.0.0.1 (default 7070)" },
    { "with", "PART", "bring up an optional part: kubernetes, storage" },
    { "adrs", "DIR", "the decision records (default: docs/adrs beside the lab folder)" },
    { NULL, NULL, NULL },
};

const struct qs_verb qs_verb_up = {
    .name = "up",
    .summary = "bring the whole lab up on this machine and converge it",
    .help =
        "Builds the Debian root that the servers share (once), starts switches, router, servers and roles in a "
        "container of "
        "their own, plans, applies, and shows how the signals come up. Run again on a running lab, it converges it.",
    .flags = flags,
    .run = run,
};
