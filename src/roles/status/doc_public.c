/* Shapes that others defined: Statuspage v2 and Prometheus text. */
#include <inttypes.h>

#include "base/str.h"
#include "roles/status/documents.h"
#include "text/json.h"

#define INCIDENTS_SHOWN 20

/* ---- Statuspage ---- */

static const char *const component_words[] = {
    [QS_STATE_UNKNOWN] = "under_maintenance", /* it has no word for "not known" and none for "not built" */
    [QS_STATE_UP] = "operational",
    [QS_STATE_DEGRADED] = "degraded_performance",
    [QS_STATE_DOWN] = "major_outage",
    [QS_STATE_PENDING] = "under_maintenance",
    [QS_STATE_MAINTENANCE] = "under_maintenance",
};
static const struct {
    const char *indicator, *text;
} overall_words[] = {
    [QS_STATE_UNKNOWN] = { "minor", "Status Unknown" },
    [QS_STATE_UP] = { "none", "All Systems Operational" },
    [QS_STATE_DEGRADED] = { "minor", "Partial System Outage" },
    [QS_STATE_DOWN] = { "critical", "Major System Outage" },
    [QS_STATE_PENDING] = { "maintenance", "Not Built Yet" },
    [QS_STATE_MAINTENANCE] = { "maintenance", "Service Under Maintenance" },
};

static void set_time(struct qs_val *map, const char *key, uint64_t us)
{
    char text[QS_TIME_TEXT];

    qs_val_set_str(map, key, qs_time_text(us, text));
}

static void set_head(const struct qs_facts *f, struct qs_val *doc)
{
    const struct qs_status_spec *spec = qs_board_spec(f->board);
    struct qs_val *page = qs_val_set(doc, "page", qs_val_map()), *status;
    enum qs_state overall = qs_tally_rows(f->board, 0, spec->signal_count).state;

    qs_val_set_str(page, "id", spec->lab_name);
    qs_val_set_str(page, "name", spec->lab_title);
    qs_val_set_str(page, "url", "/");
    qs_val_set_str(page, "time_zone", "Etc/UTC");
    set_time(page, "updated_at", f->changed_us);
    status = qs_val_set(doc, "status", qs_val_map());
    qs_val_set_str(status, "indicator", overall_words[overall].indicator);
    qs_val_set_str(status, "description", overall_words[overall].text);
}

static struct qs_val *component(const struct qs_facts *f, const char *id, const char *name, enum qs_state state,
                                size_t position)
{
    struct qs_val *v = qs_val_map();

    qs_val_set_str(v, "id", id);
    qs_val_set_str(v, "name", name);
    qs_val_set_str(v, "status", component_words[state]);
    set_time(v, "created_at", f->started_us);
    set_time(v, "updated_at", f->changed_us);
    qs_val_set_int(v, "position", (int64_t)position);
    (void)qs_val_set(v, "description", qs_val_null());
    qs_val_set_bool(v, "showcase", false);
    (void)qs_val_set(v, "start_date", qs_val_null());
    (void)qs_val_set(v, "group_id", qs_val_null());
    qs_val_set_str(v, "page_id", qs_board_spec(f->board)->lab_name);
    qs_val_set_bool(v, "group", false);
    qs_val_set_bool(v, "only_show_if_degraded", false);
    return v;
}

static void add_group(const struct qs_facts *f, const struct qs_status_group *g, size_t position, struct qs_val *list)
{
    const struct qs_status_spec *spec = qs_board_spec(f->board);
    enum qs_state state = qs_tally_rows(f->board, g->first, g->count).state;
    struct qs_val *group = qs_val_add(list, component(f, g->name, g->title, state, position)), *members;

    qs_val_set_bool(group, "group", true);
    members = qs_val_set(group, "components", qs_val_list());
    for (size_t i = 0; i < g->count; i++) {
        const struct qs_row *row = &spec->rows[g->first + i];
        const struct qs_row_now *now = qs_board_row(f->board, g->first + i);
        qs_auto(buf) struct qs_buf id = QS_BUF(512);
        struct qs_val *one;

        /* A group and a signal may share a name, ids may not. */
        qs_buf_printf(&id, "%s.%s", g->name, row->name);
        one = qs_val_add(list, component(f, qs_buf_text(&id), row->title, now->state, i + 1));
        qs_val_set_str(one, "group_id", g->name);
        if (now->message[0])
            qs_val_set_str(one, "description", now->message);
        set_time(one, "updated_at", now->since_us);
        (void)qs_val_add(members, qs_val_str(qs_buf_text(&id)));
    }
}

static void add_incident(const struct qs_val *from, struct qs_val *list)
{
    struct qs_val *v = qs_val_add(list, qs_val_map()), *update;
    const char *ended = qs_val_get_str(from, "ended", NULL), *started = qs_val_get_str(from, "started", "");

    (void)qs_val_set(v, "id", qs_val_strf("%" PRId64, qs_val_get_int(from, "id", 0)));
    (void)qs_val_set(v, "name",
                     qs_val_strf("%s is %s", qs_val_get_str(from, "title", ""), qs_val_get_str(from, "worst", "")));
    qs_val_set_str(v, "status", ended ? "resolved" : "investigating");
    qs_val_set_str(v, "impact", qs_streq(qs_val_get_str(from, "worst", ""), "down") ? "major" : "minor");
    qs_val_set_str(v, "shortlink", "/#incidents");
    qs_val_set_str(v, "created_at", started);
    qs_val_set_str(v, "started_at", started);
    qs_val_set_str(v, "updated_at", ended ? ended : started);
    (void)qs_val_set(v, "resolved_at", qs_val_str(ended));
    update = qs_val_add(qs_val_set(v, "incident_updates", qs_val_list()), qs_val_map());
    (void)qs_val_set(update, "id", qs_val_strf("%" PRId64 "-1", qs_val_get_int(from, "id", 0)));
    qs_val_set_str(update, "status", ended ? "resolved" : "investigating");
    qs_val_set_str(update, "body", qs_val_get_str(from, "message", ""));
    qs_val_set_str(update, "display_at", ended ? ended : started);
    (void)qs_val_set(update, "affected_components", qs_val_list());
}

static void add_maintenance(const struct qs_facts *f, struct qs_val *list)
{
    const struct qs_status_spec *spec = qs_board_spec(f->board);

    for (size_t i = 0; i < spec->maintenance_count; i++) {
        const struct qs_maintenance *m = &spec->maintenance[i];
        struct qs_val *v;

        if (m->until_us <= f->now_us)
            continue;
        v = qs_val_add(list, qs_val_map());
        qs_val_set_str(v, "id", m->name);
        qs_val_set_str(v, "name", m->name);
        qs_val_set_str(v, "status", m->from_us <= f->now_us ? "in_progress" : "scheduled");
        qs_val_set_str(v, "impact", "maintenance");
        set_time(v, "scheduled_for", m->from_us);
        set_time(v, "scheduled_until", m->until_us);
        (void)qs_val_set(v, "incident_updates", qs_val_list());
    }
}

void qs_doc_summary(const struct qs_facts *f, struct qs_buf *out)
{
    const struct qs_status_spec *spec = qs_board_spec(f->board);
    qs_auto(val) struct qs_val *doc = qs_val_map();
    qs_auto(val) struct qs_val *known = f->history ? qs_history_incidents(f->history, INCIDENTS_SHOWN) : NULL;
    struct qs_val *list;

    set_head(f, doc);
    list = qs_val_set(doc, "components", qs_val_list());
    for (size_t g = 0; g < spec->group_count; g++)
        add_group(f, &spec->groups[g], g + 1, list);
    list = qs_val_set(doc, "incidents", qs_val_list());
    for (size_t i = 0; i < qs_val_count(known); i++)
        if (!qs_val_get_str(qs_val_at(known, i), "ended", NULL)) /* the summary holds what is unresolved */
            add_incident(qs_val_at(known, i), list);
    add_maintenance(f, qs_val_set(doc, "scheduled_maintenances", qs_val_list()));
    qs_json_write(doc, out);
}

void qs_doc_page_status(const struct qs_facts *f, struct qs_buf *out)
{
    qs_auto(val) struct qs_val *doc = qs_val_map();

    set_head(f, doc);
    qs_json_write(doc, out);
}

/* ---- Prometheus ---- */

/* A label value: backslash, quote and newline are escaped. */
static void put_label(struct qs_buf *out, const char *name, const char *value, bool first)
{
    qs_buf_printf(out, "%s%s=\"", first ? "" : ",", name);
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            qs_buf_putc(out, '\\');
        if (*value == '\n')
            qs_buf_puts(out, "\\n");
        else
            qs_buf_putc(out, *value);
    }
    qs_buf_putc(out, '"');
}

static void put_family(struct qs_buf *out, const char *name, const char *type, const char *help)
{
    qs_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_row_labels(struct qs_buf *out, const char *metric, const struct qs_row *row)
{
    qs_buf_printf(out, "%s{", metric);
    put_label(out, "kind", row->kind == QS_ROW_SIGNAL ? "signal" : "component", true);
    put_label(out, "name", row->name, false);
    put_label(out, "group", row->group, false);
}

static void put_states(const struct qs_facts *f, struct qs_buf *out)
{
    const struct qs_status_spec *spec = qs_board_spec(f->board);

    put_family(out, "qs_state", "gauge", "1 for the state that a signal or component is in, 0 for the others.");
    for (size_t i = 0; i < spec->row_count; i++) {
        for (unsigned s = 0; s < QS_STATE_MAX_; s++) {
            put_row_labels(out, "qs_state", &spec->rows[i]);
            put_label(out, "state", qs_state_text((enum qs_state)s), false);
            qs_buf_printf(out, "} %d\n", qs_board_row(f->board, i)->state == (enum qs_state)s);
        }
    }
    put_family(out, "qs_state_since_timestamp_seconds", "gauge", "When the present state began.");
    for (size_t i = 0; i < spec->row_count; i++) {
        put_row_labels(out, "qs_state_since_timestamp_seconds", &spec->rows[i]);
        qs_buf_printf(out, "} %" PRIu64 "\n", qs_board_row(f->board, i)->since_us / 1000000);
    }
}

static void put_check_labels(const struct qs_facts *f, struct qs_buf *out, const char *metric, size_t index)
{
    const struct qs_status_check *check = &qs_board_spec(f->board)->checks[index];

    put_row_labels(out, metric, &qs_board_spec(f->board)->rows[check->owner]);
    put_label(out, "check", check->name, false);
    put_label(out, "type", check->kind->name, false);
    qs_buf_puts(out, "} ");
}

static void put_checks(const struct qs_facts *f, struct qs_buf *out)
{
    size_t count = qs_board_spec(f->board)->check_count;

    put_family(out, "qs_check_duration_seconds", "gauge", "How long the last result of a check took.");
    for (size_t i = 0; i < count; i++) {
        put_check_labels(f, out, "qs_check_duration_seconds", i);
        qs_buf_printf(out, "%.6f\n", (double)qs_board_check(f->board, i)->elapsed_us / 1e6);
    }
    put_family(out, "qs_check_runs_total", "counter", "Results of a check since the start.");
    for (size_t i = 0; i < count; i++) {
        put_check_labels(f, out, "qs_check_runs_total", i);
        qs_buf_printf(out, "%" PRIu64 "\n", qs_board_check(f->board, i)->runs);
    }
    put_family(out, "qs_check_failures_total", "counter", "Failed results of a check since the start.");
    for (size_t i = 0; i < count; i++) {
        put_check_labels(f, out, "qs_check_failures_total", i);
        qs_buf_printf(out, "%" PRIu64 "\n", qs_board_check(f->board, i)->failures);
    }
    put_family(out, "qs_check_certificate_expiry_seconds", "gauge", "Seconds until the certificate seen ends.");
    for (size_t i = 0; i < count; i++) {
        if (qs_board_check(f->board, i)->certificate_ms == INT64_MIN)
            continue;
        put_check_labels(f, out, "qs_check_certificate_expiry_seconds", i);
        qs_buf_printf(out, "%" PRId64 "\n", qs_board_check(f->board, i)->certificate_ms / 1000);
    }
}

void qs_doc_metrics(const struct qs_facts *f, struct qs_buf *out)
{
    put_family(out, "qs_build_info", "gauge", "The version that answers.");
    qs_buf_puts(out, "qs_build_info{version=\"" QS_VERSION "\"} 1\n");
    put_family(out, "qs_start_time_seconds", "gauge", "When the status role started.");
    qs_buf_printf(out, "qs_start_time_seconds %" PRIu64 "\n", f->started_us / 1000000);
    put_states(f, out);
    put_checks(f, out);
    put_family(out, "qs_http_replies_total", "counter", "Replies by hundred of their status.");
    for (unsigned i = 1; f->requests && i < 5; i++)
        qs_buf_printf(out, "qs_http_replies_total{code=\"%uxx\"} %" PRIu64 "\n", i + 1, f->requests[i]);
    put_family(out, "qs_event_streams", "gauge", "Readers of server-sent events.");
    qs_buf_printf(out, "qs_event_streams %u\n", f->streams);
}
