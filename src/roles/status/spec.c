#include "roles/status/spec.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/str.h"
#include "roles/status/probe.h"
#include "roles/status/status.h"

#define INTERVAL_MS 5000
#define INTERVAL_MIN_MS 100
#define INTERVAL_MAX_MS 86400000
#define CHECKS_MAX 20000

static char *text_of(const struct qs_val *map, const char *key)
{
    return qs_xstrdup(qs_val_get_str(map, key, ""));
}

static char *text_or_null(const struct qs_val *map, const char *key)
{
    const char *s = qs_val_get_str(map, key, NULL);

    return s ? qs_xstrdup(s) : NULL;
}

static char **read_texts(const struct qs_val *list, size_t *ret_count)
{
    size_t n = qs_val_count(list);
    char **texts = n ? qs_xzalloc(n * sizeof(*texts)) : NULL;

    for (size_t i = 0; i < n; i++)
        texts[i] = qs_xstrdup(qs_val_string(qs_val_at(list, i), ""));
    *ret_count = n;
    return texts;
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

bool qs_time_read(const char *text, uint64_t *ret_us)
{
    struct tm tm = { .tm_isdst = 0 };
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    time_t t;

    if (!end || (strcmp(end, "Z") != 0 && end[0] != '.'))
        return false;
    t = timegm(&tm);
    if (t < 0)
        return false;
    *ret_us = (uint64_t)t * 1000000;
    return true;
}

/* ---- checks ---- */

static enum qs_code add_condition(struct qs_status_check *c, const char *text, struct qs_err *err)
{
    struct qs_condition one;

    if (qs_condition_parse(text, &one, err))
        return err->code;
    *QS_PUSH(c->conditions, c->condition_count) = one;
    return QS_OK;
}

static enum qs_code read_conditions(const struct qs_val *v, struct qs_status_check *c, struct qs_err *err)
{
    const struct qs_val *list = qs_val_get(v, "conditions");

    for (size_t i = 0; i < qs_val_count(list); i++)
        if (add_condition(c, qs_val_string(qs_val_at(list, i), ""), err))
            return err->code;
    if (c->condition_count == 0)
        return add_condition(c, c->kind->condition, err);
    return QS_OK;
}

static enum qs_code read_times(const struct qs_val *v, struct qs_status_check *c, struct qs_err *err)
{
    int64_t interval = qs_val_get_int(v, "interval_ms", 0), timeout = qs_val_get_int(v, "timeout_ms", 0);

    c->interval_ms = interval ? (uint64_t)interval : INTERVAL_MS;
    if (interval < 0 || c->interval_ms < INTERVAL_MIN_MS || c->interval_ms > INTERVAL_MAX_MS)
        return qs_err_set(err, QS_INVALID, 0, "interval_ms is not in %d..%d", INTERVAL_MIN_MS, INTERVAL_MAX_MS);
    /* A check must have ended before it starts again: a stopped peer is then known within two intervals. */
    uint64_t most = c->interval_ms * 4 / 5;
    c->timeout_ms = timeout > 0 && (uint64_t)timeout < most ? (uint64_t)timeout : most;
    return QS_OK;
}

static enum qs_code read_check(const struct qs_val *v, struct qs_status_check *c, struct qs_err *err)
{
    const char *kind = qs_val_get_str(v, "kind", "");
    int64_t port = qs_val_get_int(v, "port", 0);

    c->name = text_of(v, "name");
    c->target = text_of(v, "target");
    c->address = text_of(v, "address");
    c->expect = read_texts(qs_val_get(v, "expect"), &c->expect_count);
    c->kind = qs_kind_find(kind);
    if (!c->kind)
        return qs_err_set(err, QS_INVALID, 0, "check '%s': no kind of check is called '%s'", c->name, kind);
    if (port < 0 || port > 65535)
        return qs_err_set(err, QS_INVALID, 0, "check '%s': port is not in 1..65535", c->name);
    c->port = port ? (uint16_t)port : c->kind->port;
    if (read_times(v, c, err) || read_conditions(v, c, err) || (c->kind->valid && c->kind->valid(c, err)))
        return qs_err_wrap(err, "check '%s'", c->name);
    return QS_OK;
}

static void check_done(struct qs_status_check *c)
{
    for (size_t i = 0; i < c->condition_count; i++)
        qs_condition_done(&c->conditions[i]);
    free(c->conditions);
    free_texts(c->expect, c->expect_count);
    free(c->name);
    free(c->target);
    free(c->address);
}

bool qs_check_expects(const struct qs_status_check *c, const char *word)
{
    for (size_t i = 0; i < c->expect_count; i++)
        if (qs_streq(c->expect[i], word))
            return true;
    return false;
}

const char *qs_check_expected(const struct qs_status_check *c, const char *prefix)
{
    for (size_t i = 0; i < c->expect_count; i++)
        if (qs_after(c->expect[i], prefix))
            return qs_after(c->expect[i], prefix);
    return NULL;
}

/* ---- rows ---- */

/* Checks of one row are told apart by name in the database and in /metrics. */
static void set_apart(const struct qs_status_spec *s, const struct qs_row *row, struct qs_status_check *c)
{
    for (size_t i = 0; i + 1 < row->check_count; i++) {
        if (!qs_streq(s->checks[row->first_check + i].name, c->name))
            continue;
        char *name = qs_xasprintf("%s-%zu", c->name, row->check_count);

        free(c->name);
        c->name = name;
        return;
    }
}

static enum qs_code read_row_checks(struct qs_status_spec *s, const struct qs_val *v, struct qs_row *row,
                                    struct qs_err *err)
{
    const struct qs_val *list = row->pending ? NULL : qs_val_get(v, "checks");

    row->first_check = s->check_count;
    for (size_t i = 0; i < qs_val_count(list); i++) {
        struct qs_status_check *c;

        if (s->check_count == CHECKS_MAX)
            return qs_err_set(err, QS_LIMIT, 0, "more than %d checks", CHECKS_MAX);
        c = QS_PUSH(s->checks, s->check_count);
        *c = (struct qs_status_check){ .owner = (size_t)(row - s->rows) };
        row->check_count++;
        if (read_check(qs_val_at(list, i), c, err))
            return err->code;
        set_apart(s, row, c);
    }
    if (row->check_count == 0 && !row->pending)
        row->pending = qs_xstrdup("no check is named for it");
    return QS_OK;
}

static enum qs_code read_row(struct qs_status_spec *s, const struct qs_val *v, enum qs_row_kind kind,
                             struct qs_err *err)
{
    struct qs_row *row = QS_PUSH(s->rows, s->row_count);
    bool waits = qs_streq(qs_val_get_str(v, "state", "built"), "pending");

    *row = (struct qs_row){ .kind = kind, .number = qs_val_get_int(v, "number", 0) };
    row->name = text_of(v, "name");
    row->title = qs_xstrdup(qs_val_get_str(v, "title", row->name));
    row->group = text_of(v, "group");
    row->adr = text_of(v, "adr");
    row->role = text_of(v, "role");
    row->runs = text_of(v, "runs");
    row->version = text_of(v, "version");
    row->backup = text_of(v, "backup");
    row->twin = qs_val_get_bool(v, "twin", false);
    row->pending = text_or_null(v, "pending");
    if (waits && !row->pending)
        row->pending = qs_xstrdup("not built yet");
    if (kind == QS_ROW_COMPONENT && !waits) { /* a built row may still carry the text of another site */
        free(row->pending);
        row->pending = NULL;
    }
    if (!row->name[0])
        return qs_err_set(err, QS_INVALID, 0, "row %zu has no name", s->row_count);
    if (read_row_checks(s, v, row, err))
        return qs_err_wrap(err, "'%s'", row->name);
    return QS_OK;
}

/* A signal's decision is that of the first of its components that has one. */
static void find_adr(struct qs_row *row, const struct qs_val *signal, const struct qs_val *components)
{
    const char *first = qs_val_string(qs_val_at(qs_val_get(signal, "components"), 0), "");

    for (size_t i = 0; i < qs_val_count(components) && !row->adr[0]; i++) {
        const struct qs_val *c = qs_val_at(components, i);

        if (!qs_streq(qs_val_get_str(c, "name", ""), first) || !qs_val_get_str(c, "adr", NULL))
            continue;
        free(row->adr);
        row->adr = text_of(c, "adr");
        return;
    }
}

static enum qs_code read_group(struct qs_status_spec *s, const struct qs_val *doc, const struct qs_val *v,
                               struct qs_err *err)
{
    struct qs_status_group *g = QS_PUSH(s->groups, s->group_count);
    const struct qs_val *signals = qs_val_get(doc, "signals");

    *g = (struct qs_status_group){ .name = text_of(v, "name"), .first = s->row_count };
    g->title = qs_xstrdup(qs_val_get_str(v, "title", g->name));
    for (size_t i = 0; i < qs_val_count(signals); i++) {
        const struct qs_val *one = qs_val_at(signals, i);

        if (!qs_streq(qs_val_get_str(one, "group", ""), g->name))
            continue;
        if (read_row(s, one, QS_ROW_SIGNAL, err))
            return qs_err_wrap(err, "signals");
        find_adr(&s->rows[s->row_count - 1], one, qs_val_get(doc, "components"));
    }
    g->count = s->row_count - g->first;
    return QS_OK;
}

static enum qs_code read_rows(struct qs_status_spec *s, const struct qs_val *doc, struct qs_err *err)
{
    const struct qs_val *groups = qs_val_get(doc, "groups"), *components = qs_val_get(doc, "components");

    for (size_t i = 0; i < qs_val_count(groups); i++)
        if (read_group(s, doc, qs_val_at(groups, i), err))
            return err->code;
    s->signal_count = s->row_count;
    if (s->signal_count != qs_val_count(qs_val_get(doc, "signals")))
        return qs_err_set(err, QS_INVALID, 0, "a signal is in no group of the document");
    for (size_t i = 0; i < qs_val_count(components); i++)
        if (read_row(s, qs_val_at(components, i), QS_ROW_COMPONENT, err))
            return qs_err_wrap(err, "components");
    return QS_OK;
}

static enum qs_code read_notify(struct qs_status_spec *s, const struct qs_val *list, struct qs_err *err)
{
    for (size_t i = 0; i < qs_val_count(list); i++) {
        const struct qs_val *v = qs_val_at(list, i);
        struct qs_notify_to *n = QS_PUSH(s->notify, s->notify_count);
        int64_t failures = qs_val_get_int(v, "failures", 0), successes = qs_val_get_int(v, "successes", 0);

        *n = (struct qs_notify_to){ .kind = text_of(v, "kind"),
                                    .url = text_of(v, "url"),
                                    .to = text_of(v, "to"),
                                    .from = text_of(v, "from"),
                                    .failures = failures > 0 ? (unsigned)failures : 3,
                                    .successes = successes > 0 ? (unsigned)successes : 2 };
        if (!qs_streq(n->kind, "webhook") && !qs_streq(n->kind, "smtp"))
            return qs_err_set(err, QS_INVALID, 0, "notify[%zu]: kind '%s' is neither webhook nor smtp", i, n->kind);
    }
    return QS_OK;
}

static enum qs_code read_maintenance(struct qs_status_spec *s, const struct qs_val *list, struct qs_err *err)
{
    for (size_t i = 0; i < qs_val_count(list); i++) {
        const struct qs_val *v = qs_val_at(list, i);
        struct qs_maintenance *m = QS_PUSH(s->maintenance, s->maintenance_count);

        *m = (struct qs_maintenance){ .name = text_of(v, "name") };
        m->signals = read_texts(qs_val_get(v, "signals"), &m->signal_count);
        if (!qs_time_read(qs_val_get_str(v, "from", ""), &m->from_us) ||
            !qs_time_read(qs_val_get_str(v, "until", ""), &m->until_us))
            return qs_err_set(err, QS_INVALID, 0, "maintenance '%s' needs from and until as YYYY-MM-DDTHH:MM:SSZ",
                              m->name);
    }
    return QS_OK;
}

const struct qs_maintenance *qs_spec_maintenance(const struct qs_status_spec *s, const char *signal, uint64_t now_us)
{
    for (size_t i = 0; i < s->maintenance_count; i++) {
        const struct qs_maintenance *m = &s->maintenance[i];

        if (now_us < m->from_us || now_us >= m->until_us)
            continue;
        for (size_t k = 0; k < m->signal_count; k++)
            if (qs_streq(m->signals[k], signal))
                return m;
        if (m->signal_count == 0)
            return m;
    }
    return NULL;
}

enum qs_code qs_status_spec_read(const struct qs_val *doc, struct qs_status_spec **ret, struct qs_err *err)
{
    qs_auto(status_spec) struct qs_status_spec *s = qs_xzalloc(sizeof(*s));
    const struct qs_val *lab = qs_val_get(doc, "lab");

    if (!qs_streq(qs_val_get_str(doc, "format", ""), QS_STATUS_SPEC))
        return qs_err_set(err, QS_INVALID, 0, "the document is not %s", QS_STATUS_SPEC);
    s->site = text_of(doc, "site");
    s->lab_name = text_of(lab, "name");
    s->lab_title = qs_xstrdup(qs_val_get_str(lab, "title", s->lab_name));
    if (read_rows(s, doc, err) || read_notify(s, qs_val_get(doc, "notify"), err) ||
        read_maintenance(s, qs_val_get(doc, "maintenance"), err))
        return err->code;
    *ret = qs_take_ptr(s);
    return QS_OK;
}

static void row_done(struct qs_row *r)
{
    free(r->name);
    free(r->title);
    free(r->group);
    free(r->adr);
    free(r->pending);
    free(r->role);
    free(r->runs);
    free(r->version);
    free(r->backup);
}

void qs_status_spec_free(struct qs_status_spec *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->group_count; i++) {
        free(s->groups[i].name);
        free(s->groups[i].title);
    }
    for (size_t i = 0; i < s->row_count; i++)
        row_done(&s->rows[i]);
    for (size_t i = 0; i < s->check_count; i++)
        check_done(&s->checks[i]);
    for (size_t i = 0; i < s->notify_count; i++) {
        free(s->notify[i].kind);
        free(s->notify[i].url);
        free(s->notify[i].to);
        free(s->notify[i].from);
    }
    for (size_t i = 0; i < s->maintenance_count; i++) {
        free(s->maintenance[i].name);
        free_texts(s->maintenance[i].signals, s->maintenance[i].signal_count);
    }
    free(s->groups);
    free(s->rows);
    free(s->checks);
    free(s->notify);
    free(s->maintenance);
    free(s->site);
    free(s->lab_name);
    free(s->lab_title);
    free(s);
}
