#include "twin/switch/exec.h"

#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "twin/switch/show.h"

typedef enum qs_code exec_fn(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                             struct qs_err *err);

static void leave(struct qs_sw_exec *ex)
{
    ex->at = (struct qs_sw_cursor){ 0 };
    ex->session = NULL;
}

/* --- EXEC --- */

static enum qs_code do_enable(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                              struct qs_err *err)
{
    (void)a, (void)messages, (void)err;
    ex->enabled = true; /* no enable password is configured, so any is taken, as on EOS */
    return QS_OK;
}

static enum qs_code do_disable(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                               struct qs_err *err)
{
    (void)a, (void)messages, (void)err;
    ex->enabled = false;
    return QS_OK;
}

static enum qs_code do_nothing(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                               struct qs_err *err)
{
    (void)ex, (void)a, (void)messages, (void)err;
    return QS_OK; /* paging and width mean nothing to an API, but clients send them */
}

static enum qs_code do_configure(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                                 struct qs_err *err)
{
    (void)a, (void)messages, (void)err;
    leave(ex);
    ex->at = (struct qs_sw_cursor){ .config = ex->box->running, .mode = QS_SW_MODE_CONFIG };
    ex->touched = true;
    return QS_OK;
}

static enum qs_code do_enter(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                             struct qs_err *err)
{
    struct qs_sw_session *s = NULL;

    (void)messages;
    if (qs_sw_session_enter(ex->box, a[0].text, ex->user, &s, err))
        return err->code;
    leave(ex);
    ex->session = s;
    ex->at = (struct qs_sw_cursor){ .config = s->config, .mode = QS_SW_MODE_CONFIG, .relaxed = true };
    return QS_OK;
}

/* The session of one-line forms; the caller leaves configuration, whose cursor may point into what goes away. */
static struct qs_sw_session *named(struct qs_sw_exec *ex, const char *name, const char *act, struct qs_err *err)
{
    struct qs_sw_session *s = qs_sw_session_find(ex->box, name);

    if (!s)
        (void)qs_err_set(err, QS_REFUSED, 0, "Cannot %s session %s (no such session)", act, name);
    else
        leave(ex);
    return s;
}

static enum qs_code do_commit_named(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                                    struct qs_err *err)
{
    struct qs_sw_session *s = named(ex, a[0].text, "commit", err);

    (void)messages;
    return s ? qs_sw_session_commit(ex->box, s, 0, err) : err->code;
}

/* 00:00:00 would revert what it commits. */
static enum qs_code commit_with(struct qs_sw_exec *ex, struct qs_sw_session *s, uint32_t seconds, struct qs_err *err)
{
    if (seconds == 0)
        return qs_err_set(err, QS_REFUSED, 0, "Invalid commit timer value");
    return qs_sw_session_commit(ex->box, s, seconds, err);
}

static enum qs_code do_commit_timer_named(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                                          struct qs_err *err)
{
    struct qs_sw_session *s = named(ex, a[0].text, "commit", err);

    (void)messages;
    return s ? commit_with(ex, s, a[1].num, err) : err->code;
}

static enum qs_code do_abort_named(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                                   struct qs_err *err)
{
    struct qs_sw_session *s = named(ex, a[0].text, "abort", err);

    (void)messages;
    if (!s)
        return err->code;
    if (s->state == QS_SW_COMPLETED)
        return qs_err_set(err, QS_REFUSED, 0, "Cannot abort session %s (session already completed)", s->name);
    qs_sw_session_abort(ex->box, s);
    return QS_OK;
}

static enum qs_code do_save(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                            struct qs_err *err)
{
    (void)a;
    if (qs_sw_box_save(ex->box, err))
        return qs_err_set(err, QS_REFUSED, err->sys,
                          "Error copying system:/running-config to "
                          "flash:/startup-config (%s)",
                          err->msg);
    (void)qs_val_add(messages, qs_val_str("Copy completed successfully."));
    return QS_OK;
}

static enum qs_code copy_to(struct qs_sw_exec *ex, const char *file, bool startup, struct qs_val *messages,
                            struct qs_err *err)
{
    if (qs_sw_box_export(ex->box, file + strlen("flash:"), startup, err))
        return qs_err_set(err, QS_REFUSED, err->sys, "Error copying to %s (%s)", file, err->msg);
    (void)qs_val_add(messages, qs_val_str("Copy completed successfully."));
    return QS_OK;
}

static enum qs_code do_copy_startup(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                                    struct qs_err *err)
{
    return copy_to(ex, a[0].text, true, messages, err);
}

static enum qs_code do_copy_running(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                                    struct qs_err *err)
{
    return copy_to(ex, a[0].text, false, messages, err);
}

static enum qs_code do_replace(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                               struct qs_err *err)
{
    struct qs_err why = QS_ERR_INIT;

    (void)messages;
    leave(ex);
    if (!qs_sw_box_replace(ex->box, a[0].text + strlen("flash:"), &why))
        return QS_OK;
    return qs_err_set(err, QS_REFUSED, why.sys, "Cannot replace running-config with %s (%s%s%s)", a[0].text, why.ctx,
                      *why.ctx ? ": " : "", why.msg);
}

/* --- inside a session --- */

static enum qs_code do_commit(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                              struct qs_err *err)
{
    struct qs_sw_session *s = ex->session;

    (void)a, (void)messages;
    leave(ex);
    return qs_sw_session_commit(ex->box, s, 0, err);
}

static enum qs_code do_commit_timer(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                                    struct qs_err *err)
{
    struct qs_sw_session *s = ex->session;

    (void)messages;
    leave(ex);
    return commit_with(ex, s, a[0].num, err);
}

static enum qs_code do_abort(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                             struct qs_err *err)
{
    struct qs_sw_session *s = ex->session;

    (void)a, (void)messages, (void)err;
    if (ex->at.mode != QS_SW_MODE_CONFIG) {
        ex->at.mode = QS_SW_MODE_CONFIG; /* in a submode it leaves only that; the session stays pending */
        return QS_OK;
    }
    leave(ex);
    qs_sw_session_abort(ex->box, s);
    return QS_OK;
}

static enum qs_code do_clean(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *messages,
                             struct qs_err *err)
{
    (void)a, (void)messages, (void)err;
    qs_sw_config_free(ex->session->config);
    ex->session->config = qs_sw_config_new(ex->box->platform);
    ex->at = (struct qs_sw_cursor){ .config = ex->session->config, .mode = QS_SW_MODE_CONFIG, .relaxed = true };
    return QS_OK;
}

enum where { ANY, PRIVILEGED, SESSION };

static const struct row {
    enum where where;
    const char *pattern;
    exec_fn *fn;
} table[] = {
    /* clang-format off */
    { ANY,        "enable",                                          do_enable },
    { ANY,        "disable",                                         do_disable },
    { ANY,        "terminal length <int:0-32767>",                   do_nothing },
    { ANY,        "terminal width <int:10-32767>",                   do_nothing },
    { PRIVILEGED, "configure [terminal]",                            do_configure },
    { PRIVILEGED, "configure session [<name>]",                      do_enter },
    { PRIVILEGED, "configure session <name> commit",                 do_commit_named },
    { PRIVILEGED, "configure session <name> commit timer <hms>",     do_commit_timer_named },
    { PRIVILEGED, "configure session <name> abort",                  do_abort_named },
    { PRIVILEGED, "write [memory]",                                  do_save },
    { PRIVILEGED, "copy running-config startup-config",              do_save },
    { PRIVILEGED, "copy startup-config <file>",                      do_copy_startup },
    { PRIVILEGED, "copy running-config <file>",                      do_copy_running },
    { PRIVILEGED, "configure replace <file>",                        do_replace },
    { SESSION,    "commit",                                          do_commit },
    { SESSION,    "commit timer <hms>",                              do_commit_timer },
    { SESSION,    "abort",                                           do_abort },
    { SESSION,    "rollback clean-config",                           do_clean },
    /* clang-format on */
};

struct attempt {
    struct qs_sw_exec *ex;
    const struct qs_sw_line *line;
    struct qs_sw_arg args[QS_SW_ARGS_MAX];
    unsigned furthest;
};

static const struct row *find_row(struct attempt *t)
{
    for (size_t i = 0; i < QS_COUNT(table); i++)
        if ((table[i].where != SESSION || t->ex->session) &&
            qs_sw_match(table[i].pattern, t->line, 0, t->args, &t->furthest))
            return &table[i];
    return NULL;
}

static bool table_owns(const struct attempt *t)
{
    const char *word = qs_sw_line_token(t->line, 0);

    for (size_t i = 0; i < QS_COUNT(table); i++)
        if ((table[i].where != SESSION || t->ex->session) && qs_sw_pattern_begins(table[i].pattern, word))
            return true;
    return false;
}

static enum qs_code need_privilege(const struct qs_sw_exec *ex, struct qs_err *err)
{
    if (ex->enabled)
        return QS_OK;
    return qs_err_set(err, QS_INVALID, 0, "Invalid input (privileged mode required)");
}

/* A result without a model: {} or {"messages": […]}, as text the messages' lines. */
static struct qs_val *plain_result(struct qs_val *messages, bool text)
{
    struct qs_val *result = qs_val_map();
    qs_auto(buf) struct qs_buf lines = QS_BUF(QS_SW_SHOW_MAX);

    for (size_t i = 0; i < qs_val_count(messages); i++)
        qs_buf_printf(&lines, "%s\n", qs_val_string(qs_val_at(messages, i), ""));
    if (text)
        qs_val_set_str(result, "output", qs_buf_text(&lines));
    else if (qs_val_count(messages) > 0)
        (void)qs_val_set(result, "messages", qs_val_copy(messages));
    return result;
}

static enum qs_code run_row(struct attempt *t, bool text, struct qs_val **ret, struct qs_err *err)
{
    qs_auto(val) struct qs_val *messages = qs_val_list();
    const struct row *row = find_row(t);

    if (!row)
        return qs_sw_line_refuse(t->line, t->furthest, err);
    if (row->where == PRIVILEGED && need_privilege(t->ex, err))
        return err->code;
    if (row->fn(t->ex, t->args, messages, err))
        return err->code;
    *ret = plain_result(messages, text);
    return QS_OK;
}

/* --- show --- */

/* Cuts "| section REGEX" off the line: *ret_regex is inside line->raw. NULL when there is no pipe. */
static const char *cut_pipe(struct qs_sw_line *line, const char **ret_regex)
{
    for (unsigned i = 1; i < line->count; i++) {
        if (!qs_streq(qs_sw_line_token(line, i), "|"))
            continue;
        *ret_regex = i + 2 < line->count ? line->raw + line->starts[i + 2] : NULL;
        const char *kind = qs_sw_line_token(line, i + 1);

        line->count = i;
        return kind ? kind : "";
    }
    return NULL;
}

static const struct qs_sw_show *find_show(struct attempt *t)
{
    for (const struct qs_sw_show *s = qs_sw_shows; s->pattern; s++)
        if (qs_sw_match(s->pattern, t->line, 0, t->args, &t->furthest))
            return s;
    return NULL;
}

static enum qs_code show_text(struct attempt *t, const struct qs_sw_show *show, const char *pipe, const char *regex,
                              struct qs_val **ret, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(QS_SW_SHOW_MAX);

    if (show->fn(t->ex, t->args, NULL, &text, err) || qs_buf_check(&text, "output", err))
        return err->code;
    if (pipe && qs_sw_filter(pipe, regex, &text, err))
        return err->code;
    *ret = qs_val_map();
    qs_val_set_str(*ret, "output", qs_buf_text(&text));
    return QS_OK;
}

static enum qs_code run_show(struct attempt *t, struct qs_sw_line *line, bool text, struct qs_val **ret,
                             struct qs_err *err)
{
    const char *regex = NULL, *pipe = cut_pipe(line, &regex);
    const struct qs_sw_show *show = find_show(t);
    qs_auto(val) struct qs_val *model = NULL;

    if (!show)
        return qs_sw_line_refuse(line, t->furthest, err);
    if (show->privileged && need_privilege(t->ex, err))
        return err->code;
    if (text)
        return show_text(t, show, pipe, regex, ret, err);
    if (show->text_only || pipe)
        return qs_err_set(err, QS_UNSUPPORTED, 0, "This is an unconverted command");
    model = qs_val_map();
    if (show->fn(t->ex, t->args, model, NULL, err))
        return err->code;
    *ret = qs_take_ptr(model);
    return QS_OK;
}

/* --- dispatch --- */

static enum qs_code run_config(struct qs_sw_exec *ex, const char *command, const char *input, bool text,
                               struct qs_val **ret, struct qs_err *err)
{
    if (qs_sw_grammar_run(&ex->at, command, input, err))
        return err->code;
    if (ex->at.mode == QS_SW_MODE_NONE)
        leave(ex);
    *ret = plain_result(NULL, text);
    return QS_OK;
}

enum qs_code qs_sw_exec_run(struct qs_sw_exec *ex, const char *command, const char *input, bool text,
                            struct qs_val **ret, struct qs_err *err)
{
    struct qs_sw_line line;
    struct attempt t = { .ex = ex, .line = &line };
    const char *word;

    if (qs_sw_line_cut(command, &line, err))
        return err->code;
    word = qs_sw_line_token(&line, 0);
    if (!word || *word == '!') {
        *ret = plain_result(NULL, text);
        return QS_OK;
    }
    if (qs_streq(word, "show"))
        return run_show(&t, &line, text, ret, err);
    if (ex->at.mode == QS_SW_MODE_NONE && line.count == 1 && (qs_streq(word, "exit") || qs_streq(word, "end"))) {
        *ret = plain_result(NULL, text);
        return QS_OK;
    }
    if (ex->at.mode == QS_SW_MODE_NONE || table_owns(&t))
        return run_row(&t, text, ret, err);
    return run_config(ex, command, input, text, ret, err);
}

void qs_sw_exec_end(struct qs_sw_exec *ex)
{
    if (ex->touched)
        qs_sw_box_changed(ex->box);
    ex->touched = false;
}
