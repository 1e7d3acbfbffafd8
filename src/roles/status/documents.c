/* The JSON documents of the API. */
#include "roles/status/documents.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "text/json.h"

#define INCIDENTS_SHOWN 100
#define CHANGES_SHOWN 200

struct qs_tally qs_tally_rows(const struct qs_board *b, size_t first, size_t count)
{
    struct qs_tally t = { .total = count };
    enum qs_state *states = qs_xzalloc((count + 1) * sizeof(*states));

    for (size_t i = 0; i < count; i++) {
        states[i] = qs_board_row(b, first + i)->state;
        t.up += states[i] == QS_STATE_UP;
    }
    t.state = qs_state_of_rows(states, count);
    free(states);
    return t;
}

static void set_time(struct qs_val *map, const char *key, uint64_t us)
{
    char text[QS_TIME_TEXT];

    qs_val_set_str(map, key, qs_time_text_s(us, text));
}

static void set_tally(struct qs_val *map, struct qs_tally t)
{
    qs_val_set_str(map, "state", qs_state_text(t.state));
    qs_val_set_int(map, "up", (int64_t)t.up);
    qs_val_set_int(map, "total", (int64_t)t.total);
}

/* ---- status ---- */

static struct qs_val *row_document(const struct qs_facts *f, size_t index)
{
    const struct qs_status_spec *spec = qs_board_spec(f->board);
    const struct qs_row *row = &spec->rows[index];
    const struct qs_row_now *now = qs_board_row(f->board, index);
    struct qs_val *v = qs_val_map();

    qs_val_set_str(v, "name", row->name);
    qs_val_set_str(v, "title", row->title);
    qs_val_set_str(v, "state", qs_state_text(now->state));
    set_time(v, "since", now->since_us);
    qs_val_set_str(v, "message", now->message);
    qs_val_set_str(v, "adr", row->adr[0] ? row->adr : NULL);
    qs_val_set_str(v, "site", spec->site);
    qs_val_set_bool(v, "twin", row->twin);
    return v;
}

void qs_doc_status(const struct qs_facts *f, struct qs_buf *out)
{
    const struct qs_status_spec *spec = qs_board_spec(f->board);
    qs_auto(val) struct qs_val *doc = qs_val_map();
    struct qs_val *lab, *groups;

    qs_val_set_str(doc, "format", "qs.status/1");
    qs_val_set_str(doc, "site", spec->site);
    lab = qs_val_set(doc, "lab", qs_val_map());
    qs_val_set_str(lab, "name", spec->lab_name);
    qs_val_set_str(lab, "title", spec->lab_title);
    set_tally(doc, qs_tally_rows(f->board, 0, spec->signal_count));
    set_time(doc, "changed", f->changed_us);
    groups = qs_val_set(doc, "groups", qs_val_list());
    for (size_t g = 0; g < spec->group_count; g++) {
        const struct qs_status_group *group = &spec->groups[g];
        struct qs_val *one = qs_val_add(groups, qs_val_map()), *rows;

        qs_val_set_str(one, "name", group->name);
        qs_val_set_str(one, "title", group->title);
        set_tally(one, qs_tally_rows(f->board, group->first, group->count));
        rows = qs_val_set(one, "components", qs_val_list());
        for (size_t i = 0; i < group->count; i++)
            (void)qs_val_add(rows, row_document(f, group->first + i));
    }
    qs_json_write(doc, out);
}

static struct qs_val *check_document(const struct qs_facts *f, size_t index)
{
    const struct qs_status_check *check = &qs_board_spec(f->board)->checks[index];
    const struct qs_check_now *now = qs_board_check(f->board, index);
    struct qs_val *v = qs_val_map(), *conditions;

    qs_val_set_str(v, "name", check->name);
    qs_val_set_str(v, "kind", check->kind->name);
    qs_val_set_str(v, "target", check->target[0] ? check->target : check->address);
    qs_val_set_int(v, "interval_ms", (int64_t)check->interval_ms);
    conditions = qs_val_set(v, "conditions", qs_val_list());
    for (size_t i = 0; i < check->condition_count; i++)
        (void)qs_val_add(conditions, qs_val_str(check->conditions[i].source));
    qs_val_set_str(v, "state", qs_state_text(now->state));
    qs_val_set_str(v, "message", now->message);
    return v;
}

static void add_days(const struct qs_facts *f, struct qs_val *v, const struct qs_days *days)
{
    struct qs_val *list = qs_val_set(v, "days", qs_val_list());
    uint32_t today = qs_day_of(f->now_us);

    for (uint32_t i = QS_DAYS; i-- > 0;) {
        const struct qs_day *d = qs_days_find(days, today - i);
        int uptime = d ? qs_day_uptime(d) : -1;

        (void)qs_val_add(list, uptime < 0 ? qs_val_null() : qs_val_real(uptime / 100.0));
    }
}

void qs_doc_components(const struct qs_facts *f, struct qs_buf *out)
{
    const struct qs_status_spec *spec = qs_board_spec(f->board);
    qs_auto(val) struct qs_val *doc = qs_val_map();
    struct qs_val *list;

    qs_val_set_str(doc, "format", "qs.components/1");
    list = qs_val_set(doc, "components", qs_val_list());
    for (size_t i = 0; i < spec->row_count; i++) {
        const struct qs_row *row = &spec->rows[i];
        struct qs_val *v = qs_val_add(list, row_document(f, i)), *checks;

        qs_val_set_str(v, "kind", row->kind == QS_ROW_SIGNAL ? "signal" : "component");
        qs_val_set_str(v, "group", row->group);
        if (row->kind == QS_ROW_COMPONENT) {
            qs_val_set_int(v, "number", row->number);
            qs_val_set_str(v, "role", row->role);
            qs_val_set_str(v, "runs", row->runs);
            qs_val_set_str(v, "version", row->version[0] ? row->version : NULL);
            qs_val_set_str(v, "backup", row->backup);
        }
        checks = qs_val_set(v, "checks", qs_val_list());
        for (size_t k = 0; k < row->check_count; k++)
            (void)qs_val_add(checks, check_document(f, row->first_check + k));
        add_days(f, v, &qs_board_row(f->board, i)->days);
    }
    qs_json_write(doc, out);
}

static void write_list(const char *format, const char *key, struct qs_val *list, struct qs_buf *out)
{
    qs_auto(val) struct qs_val *doc = qs_val_map();

    qs_val_set_str(doc, "format", format);
    (void)qs_val_set(doc, key, list);
    qs_json_write(doc, out);
}

void qs_doc_incidents(const struct qs_facts *f, struct qs_buf *out)
{
    write_list("qs.incidents/1", "incidents",
               f->history ? qs_history_incidents(f->history, INCIDENTS_SHOWN) : qs_val_list(), out);
}

void qs_doc_changes(const struct qs_facts *f, struct qs_buf *out)
{
    write_list("qs.changes/1", "changes", f->history ? qs_history_changes(f->history, CHANGES_SHOWN) : qs_val_list(),
               out);
}

/* ---- what others said, as they said it ---- */

void qs_doc_history(const struct qs_facts *f, struct qs_buf *out)
{
    if (f->changes)
        qs_json_write(f->changes, out);
}

void qs_doc_targets(const struct qs_facts *f, struct qs_buf *out)
{
    if (f->targets)
        qs_json_write(f->targets, out);
}

void qs_doc_adrs(const struct qs_facts *f, struct qs_buf *out)
{
    if (f->adrs)
        qs_json_write(f->adrs, out);
}

void qs_doc_lab(const struct qs_facts *f, struct qs_buf *out)
{
    if (f->page)
        qs_json_write(f->page, out);
}

/* ---- events ---- */

void qs_doc_event(const struct qs_facts *f, size_t row, enum qs_state from, uint64_t id, struct qs_buf *out)
{
    const struct qs_status_spec *spec = qs_board_spec(f->board);
    qs_auto(val) struct qs_val *doc = row_document(f, row);
    qs_auto(val) struct qs_val *event = qs_val_map();

    qs_val_set_str(event, "format", "qs.event/1");
    qs_val_set_str(event, "kind", spec->rows[row].kind == QS_ROW_SIGNAL ? "signal" : "component");
    qs_val_set_str(event, "group", spec->rows[row].group);
    qs_val_set_str(event, "from", qs_state_text(from));
    (void)qs_val_set(event, "component", qs_take_ptr(doc));
    set_tally(event, qs_tally_rows(f->board, 0, spec->signal_count));
    qs_buf_printf(out, "id: %llu\nevent: change\ndata: ", (unsigned long long)id);
    qs_json_write(event, out);
    qs_buf_puts(out, "\n\n");
}
