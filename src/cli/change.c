#include "cli/change.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "cli/executor.h"
#include "cli/progress.h"
#include "converge/plan.h"
#include "resolve/resolve.h"
#include "text/json.h"

#define TEXT_MAX (64U << 20)

bool qs_cli_desired(const struct qs_cli *cli, struct qs_desired *ret)
{
    qs_auto(lab) struct qs_lab *lab = qs_cli_lab(cli);
    struct qs_err err = QS_ERR_INIT;

    if (!lab)
        return false;
    if (qs_resolve(lab, ret, &err)) {
        (void)qs_cli_fail(cli, &err);
        return false;
    }
    return true;
}

struct qs_val *qs_cli_plan_ask(const struct qs_cli *cli, const struct qs_desired *d)
{
    struct qs_val *ask = qs_val_map(), *targets = NULL;

    (void)qs_val_set(ask, "desired", qs_desired_to_val(d));
    for (unsigned i = 0; i < cli->set_count; i++) {
        if (!qs_streq(cli->set[i].name, "target"))
            continue;
        if (!targets)
            targets = qs_val_set(ask, "targets", qs_val_list());
        (void)qs_val_add(targets, qs_val_str(cli->set[i].value));
    }
    if (qs_cli_has(cli, "release"))
        qs_val_set_bool(ask, "release", true);
    return ask;
}

void qs_cli_plan_show(const struct qs_cli *cli, const struct qs_val *plan)
{
    const struct qs_plan_style style = { .colour = cli->colour, .native = qs_cli_has(cli, "native") };
    qs_auto(buf) struct qs_buf text = QS_BUF(TEXT_MAX);

    qs_plan_print(plan, &style, &text);
    (void)fwrite(qs_buf_text(&text), 1, text.len, stdout);
    (void)fflush(stdout);
}

static enum qs_code consent(const struct qs_cli *cli, const struct qs_val *plan, struct qs_err *err)
{
    int64_t destroys = qs_val_get_int(qs_val_get(plan, "summary"), "destroy", 0);
    bool asks = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && !cli->json;
    char answer[16] = "";

    if (qs_cli_has(cli, "yes") || qs_cli_has(cli, "auto-approve") || !qs_plan_has_changes(plan))
        return QS_OK;
    if (asks && !cli->no_input) {
        (void)fputs("Apply this? Only 'yes' does: ", stderr);
        if (fgets(answer, sizeof(answer), stdin) && qs_streq(answer, "yes\n"))
            return QS_OK;
        return qs_err_set(err, QS_CONFLICT, 0, "not applied: the answer was not 'yes'");
    }
    if (!destroys && !asks)
        return QS_OK;
    (void)qs_err_set(err, QS_CONFLICT, 0,
                     destroys ? "the plan destroys something and nobody can be asked"
                              : "nobody may be asked whether to apply");
    return qs_err_hint(err, "Look at the plan, then run it again with --yes.");
}

enum qs_code qs_cli_plan_agreed(const struct qs_cli *cli, const char *path, const struct qs_val *ask,
                                struct qs_val **ret, struct qs_err *err)
{
    qs_auto(val) struct qs_val *plan = NULL;

    if (qs_cli_executor(cli, "POST", path, ask, &plan, err))
        return err->code;
    if (!cli->json)
        qs_cli_plan_show(cli, plan);
    if (consent(cli, plan, err))
        return err->code;
    *ret = qs_take_ptr(plan);
    return QS_OK;
}

/* ---- following an apply ---- */

struct follow {
    struct qs_progress *progress;
    struct qs_val *result;
    struct qs_err err;
};

static void show_phase(struct follow *f, const struct qs_val *line)
{
    static const struct {
        const char *phase;
        enum qs_progress_state state;
    } ends[] = {
        { "done", QS_PROGRESS_DONE },
        { "unchanged", QS_PROGRESS_DONE },
        { "failed", QS_PROGRESS_FAILED },
        { "skipped", QS_PROGRESS_FAILED },
    };
    const char *phase = qs_val_get_str(line, "phase", "");
    enum qs_progress_state state = QS_PROGRESS_BEGUN;

    for (size_t i = 0; i < QS_COUNT(ends); i++)
        if (qs_streq(ends[i].phase, phase))
            state = ends[i].state;
    qs_progress_set(f->progress, qs_val_get_str(line, "target", ""), state, qs_val_get_str(line, "text", phase));
}

static void show_running(struct follow *f, const struct qs_val *line)
{
    char text[48];

    (void)snprintf(text, sizeof(text), "still running after %lld s", (long long)qs_val_get_int(line, "seconds", 0));
    qs_progress_set(f->progress, "apply", QS_PROGRESS_NOTE, text);
}

static void take_error(struct follow *f, const struct qs_val *e)
{
    enum qs_code code = QS_INTERNAL;

    if (!qs_code_parse(qs_val_get_str(e, "code", ""), &code) || code == QS_OK)
        code = QS_INTERNAL;
    (void)qs_err_set(&f->err, code, 0, "%s", qs_val_get_str(e, "message", ""));
    (void)qs_err_hint(&f->err, "%s", qs_val_get_str(e, "hint", ""));
}

static bool on_line(void *arg, const char *text, size_t len)
{
    struct follow *f = arg;
    qs_auto(val) struct qs_val *line = NULL;

    if (qs_json_parse(text, len, &line, &f->err))
        return false;
    if (qs_val_get(line, "result"))
        f->result = qs_val_copy(qs_val_get(line, "result"));
    else if (qs_val_get(line, "error"))
        take_error(f, qs_val_get(line, "error"));
    else if (qs_val_get(line, "target"))
        show_phase(f, line);
    else
        show_running(f, line);
    return true;
}

static void print_result(const struct qs_val *result)
{
    static const char *const states[] = { "done", "unchanged", "failed", "skipped", "held" };
    const struct qs_val *targets = qs_val_get(result, "targets");
    const char *apply = qs_val_get_str(result, "apply", NULL), *gap = "";

    if (qs_streq(qs_val_get_str(result, "state", ""), "unchanged"))
        return; /* the plan said so in its one line */
    (void)printf("Apply %s: ", apply ? apply : "");
    for (size_t s = 0; s < QS_COUNT(states); s++) {
        unsigned count = 0;

        for (size_t i = 0; i < qs_val_count(targets); i++)
            count += qs_streq(qs_val_get_str(qs_val_at(targets, i), "state", ""), states[s]);
        if (count)
            (void)printf("%s%u %s", gap, count, states[s]);
        gap = count ? ", " : gap;
    }
    (void)printf(".\n");
}

/* Each failure once more, after the progress: what scrolled away is what matters. */
static void print_failures(const struct qs_val *result)
{
    const struct qs_val *targets = qs_val_get(result, "targets");

    for (size_t i = 0; i < qs_val_count(targets); i++) {
        const struct qs_val *error = qs_val_get(qs_val_at(targets, i), "error");

        if (!error)
            continue;
        (void)fprintf(stderr, "qs: %s\n", qs_val_get_str(error, "message", ""));
        if (qs_val_get_str(error, "hint", "")[0])
            (void)fprintf(stderr, "    %s\n", qs_val_get_str(error, "hint", ""));
    }
}

int qs_cli_apply(const struct qs_cli *cli, const struct qs_val *body)
{
    struct follow f = { .progress = qs_progress_new(cli->colour), .err = QS_ERR_INIT };
    qs_auto(val) struct qs_val *result = NULL;
    struct qs_err err = QS_ERR_INIT;

    if (qs_cli_executor_stream(cli, "/v1/apply", body, on_line, &f, &err))
        f.err = err;
    qs_progress_free(f.progress);
    result = f.result;
    if (!f.err.code && !result)
        (void)qs_err_set(&f.err, QS_PROTO, 0, "the executor ended the apply without a result");
    if (f.err.code)
        return qs_cli_fail(cli, &f.err);
    if (cli->json)
        (void)qs_cli_json(result);
    else
        print_result(result);
    if (!qs_streq(qs_val_get_str(result, "state", ""), "failed"))
        return 0;
    if (!cli->json)
        print_failures(result);
    return 1;
}
