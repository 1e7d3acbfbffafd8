/* The panel: groups as a terminal shows them, components, incidents, changes; the rack is page_rack.c. */
#include "base/str.h"
#include "roles/status/html.h"

#define INCIDENTS_SHOWN 12
#define CHANGES_SHOWN 15

/* ---- the five groups ---- */

static void put_signal(const struct qs_facts *f, size_t index, struct qs_buf *out)
{
    const struct qs_row *row = &qs_board_spec(f->board)->rows[index];
    const struct qs_row_now *now = qs_board_row(f->board, index);

    qs_buf_printf(out, "<li data-state=\"%s\"><span class=\"name\">", qs_state_text(now->state));
    qs_html_text(out, row->title);
    if (row->twin)
        qs_buf_puts(out, " <span class=\"tag\" title=\"checked against something emulated\">twin</span>");
    qs_buf_puts(out, "</span>");
    qs_html_state(out, now->state);
    qs_buf_puts(out, "<span class=\"since\">");
    if (now->state != QS_STATE_PENDING)
        qs_html_time(out, now->since_us);
    qs_buf_puts(out, "</span><span class=\"message\">");
    qs_html_text(out, now->message);
    if (row->adr[0])
        qs_buf_printf(out, " <a href=\"/adrs#adr-%s\" title=\"the decision behind it\">ADR %s</a>", row->adr, row->adr);
    qs_buf_puts(out, "</span>");
    if (now->state != QS_STATE_PENDING)
        qs_html_days(out, &now->days, f->now_us);
    qs_buf_puts(out, "</li>");
}

static void put_group(const struct qs_facts *f, const struct qs_status_group *g, struct qs_buf *out)
{
    struct qs_tally t = qs_tally_rows(f->board, g->first, g->count);

    qs_buf_puts(out, "<details id=\"group-");
    qs_html_id(out, g->name);
    qs_buf_printf(out, "\" data-state=\"%s\"><summary><span class=\"name\">", qs_state_text(t.state));
    qs_html_text(out, g->title);
    qs_buf_printf(out, "</span><span class=\"count\">%zu/%zu</span>", t.up, t.total);
    qs_html_state(out, t.state);
    qs_buf_puts(out, "</summary><ul>");
    for (size_t i = 0; i < g->count; i++)
        put_signal(f, g->first + i, out);
    qs_buf_puts(out, "</ul></details>");
}

void qs_part_groups(const struct qs_facts *f, struct qs_buf *out)
{
    const struct qs_status_spec *spec = qs_board_spec(f->board);
    struct qs_tally t = qs_tally_rows(f->board, 0, spec->signal_count);

    for (size_t g = 0; g < spec->group_count; g++)
        put_group(f, &spec->groups[g], out);
    qs_buf_printf(out,
                  "<p class=\"overall\" data-state=\"%s\"><span class=\"name\">all</span><span class=\"count\">%zu/%zu"
                  "</span>",
                  qs_state_text(t.state), t.up, t.total);
    qs_html_state(out, t.state);
    qs_buf_puts(out, "</p>");
}

/* ---- components ---- */

static void put_component(const struct qs_facts *f, size_t index, struct qs_buf *out)
{
    const struct qs_row *row = &qs_board_spec(f->board)->rows[index];
    const struct qs_row_now *now = qs_board_row(f->board, index);

    qs_buf_printf(out, "<tr data-state=\"%s\"><th scope=\"row\">", qs_state_text(now->state));
    qs_html_text(out, row->title);
    qs_html_element(out, "small", NULL, row->role);
    qs_buf_puts(out, "</th><td>");
    qs_html_text(out, row->runs);
    qs_buf_puts(out, "</td><td>");
    qs_html_state(out, now->state);
    if (now->message[0])
        qs_html_element(out, "small", NULL, now->message);
    qs_buf_puts(out, "</td><td>");
    if (now->state != QS_STATE_PENDING)
        qs_html_time(out, now->since_us);
    qs_buf_puts(out, "</td><td>");
    if (now->state != QS_STATE_PENDING)
        qs_html_days(out, &now->days, f->now_us);
    qs_buf_puts(out, "</td></tr>");
}

void qs_part_components(const struct qs_facts *f, struct qs_buf *out)
{
    const struct qs_status_spec *spec = qs_board_spec(f->board);

    qs_buf_puts(out,
                "<table><thead><tr><th scope=\"col\">component</th><th scope=\"col\">runs</th>"
                "<th scope=\"col\">state</th><th scope=\"col\">since</th><th scope=\"col\">90 days</th></tr></thead>");
    for (size_t i = spec->signal_count; i < spec->row_count; i++) {
        const char *group = spec->rows[i].group;

        if (i == spec->signal_count || !qs_streq(group, spec->rows[i - 1].group)) {
            qs_buf_puts(out, "<tbody><tr class=\"group\"><th colspan=\"5\" scope=\"rowgroup\">");
            qs_html_text(out, group);
            qs_buf_puts(out, "</th></tr>");
        }
        put_component(f, i, out);
        if (i + 1 == spec->row_count || !qs_streq(group, spec->rows[i + 1].group))
            qs_buf_puts(out, "</tbody>");
    }
    qs_buf_puts(out, "</table>");
}

/* ---- incidents ---- */

/* ", for 33 min" */
static void put_length(struct qs_buf *out, const char *started, const char *ended)
{
    uint64_t from, to;

    if (!qs_time_read(started, &from) || !qs_time_read(ended, &to) || to < from)
        return;
    uint64_t s = (to - from) / 1000000;
    const char *unit = s < 120 ? "s" : s < 7200 ? "min" : s < 172800 ? "h" : "d";
    uint64_t n = s < 120 ? s : s < 7200 ? s / 60 : s < 172800 ? s / 3600 : s / 86400;

    qs_buf_printf(out, ", for %llu %s", (unsigned long long)n, unit);
}

static void put_incident(const struct qs_val *v, struct qs_buf *out)
{
    const char *ended = qs_val_get_str(v, "ended", NULL), *worst = qs_val_get_str(v, "worst", "");
    const char *started = qs_val_get_str(v, "started", "");

    if (ended)
        qs_buf_puts(out, "<li>");
    else
        qs_buf_printf(out, "<li class=\"open\" data-state=\"%s\">", qs_streq(worst, "down") ? "down" : "degraded");
    qs_html_element(out, "span", "name", qs_val_get_str(v, "title", ""));
    qs_buf_printf(out, "<span class=\"state\">%s", ended ? "was " : "");
    qs_html_text(out, worst);
    qs_buf_puts(out, "</span><span class=\"since\">");
    qs_html_time_text(out, started);
    if (ended)
        put_length(out, started, ended);
    qs_buf_puts(out, "</span>");
    qs_html_element(out, "span", "message", qs_val_get_str(v, "message", ""));
    qs_buf_puts(out, "</li>");
}

void qs_part_incidents(const struct qs_facts *f, struct qs_buf *out)
{
    qs_auto(val) struct qs_val *list = f->history ? qs_history_incidents(f->history, INCIDENTS_SHOWN) : NULL;

    if (qs_val_count(list) == 0) {
        qs_html_element(out, "p", "empty", "None that this site remembers.");
        return;
    }
    qs_buf_puts(out, "<ul class=\"log\">");
    for (size_t i = 0; i < qs_val_count(list); i++)
        put_incident(qs_val_at(list, i), out);
    qs_buf_puts(out, "</ul>");
}

/* ---- changes: what was applied ---- */

/* "3 to add, 1 to change, 0 to destroy" */
static void put_summary(const struct qs_val *summary, struct qs_buf *out)
{
    static const char *const words[] = { "add", "change", "destroy" };

    for (size_t i = 0; i < QS_COUNT(words); i++)
        qs_buf_printf(out, "%s%lld to %s", i ? ", " : "", (long long)qs_val_get_int(summary, words[i], 0), words[i]);
}

static void put_change(const struct qs_val *v, struct qs_buf *out)
{
    const struct qs_val *targets = qs_val_get(v, "targets");

    qs_buf_puts(out, "<li>");
    qs_html_element(out, "span", "name", qs_val_get_str(v, "id", ""));
    qs_html_element(out, "span", "state", qs_val_get_str(v, "state", ""));
    qs_buf_puts(out, "<span class=\"since\">");
    qs_html_time_text(out, qs_val_get_str(v, "ended", qs_val_get_str(v, "started", "")));
    qs_buf_puts(out, "</span><span class=\"message\">");
    put_summary(qs_val_get(v, "summary"), out);
    for (size_t i = 0; i < qs_val_count(targets); i++) {
        const struct qs_val *t = qs_val_at(targets, i);

        qs_buf_puts(out, i ? ", " : " · ");
        qs_html_text(out, qs_val_string(t, qs_val_get_str(t, "name", "")));
    }
    qs_buf_puts(out, "</span></li>");
}

void qs_part_changes(const struct qs_facts *f, struct qs_buf *out)
{
    const struct qs_val *list = qs_val_get(f->changes, "applies");

    if (!f->changes) {
        qs_html_element(out, "p", "empty", "The executor does not answer.");
        return;
    }
    if (qs_val_count(list) == 0) {
        qs_html_element(out, "p", "empty", "Nothing was applied yet.");
        return;
    }
    qs_buf_puts(out, "<ul class=\"log\">");
    for (size_t i = 0; i < qs_val_count(list) && i < CHANGES_SHOWN; i++)
        put_change(qs_val_at(list, i), out);
    qs_buf_puts(out, "</ul>");
}

/* ---- the page ---- */

static void put_title(const struct qs_facts *f, struct qs_buf *out)
{
    qs_html_text(out, qs_board_spec(f->board)->lab_title);
}

static void put_site(const struct qs_facts *f, struct qs_buf *out)
{
    qs_html_text(out, qs_val_get_str(f->page, "site_title", qs_board_spec(f->board)->site));
}

void qs_page_panel(const struct qs_facts *f, struct qs_buf *out)
{
    static const struct qs_html_part parts[] = {
        { "title", put_title },
        { "site", put_site },
        { "groups", qs_part_groups },
        { "components", qs_part_components },
        { "incidents", qs_part_incidents },
        { "changes", qs_part_changes },
        { "rack", qs_part_rack },
    };

    qs_html_template("index.html", parts, QS_COUNT(parts), f, out);
}
