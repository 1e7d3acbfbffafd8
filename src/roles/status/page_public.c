/* The public page of the lab and the page of its decisions. */
#include "base/str.h"
#include "roles/status/html.h"

static void put_title(const struct qs_facts *f, struct qs_buf *out)
{
    qs_html_text(out, qs_val_get_str(f->page, "title", qs_board_spec(f->board)->lab_title));
}

static void put_description(const struct qs_facts *f, struct qs_buf *out)
{
    qs_html_text(out, qs_val_get_str(f->page, "description", ""));
}

static void put_location(const struct qs_facts *f, struct qs_buf *out)
{
    qs_html_text(out, qs_val_get_str(f->page, "location", ""));
}

static void put_site(const struct qs_facts *f, struct qs_buf *out)
{
    qs_html_text(out, qs_val_get_str(f->page, "site_title", qs_board_spec(f->board)->site));
}

static void put_rules(const struct qs_facts *f, struct qs_buf *out)
{
    const struct qs_val *rules = qs_val_get(f->page, "rules");

    qs_buf_puts(out, "<ol class=\"rules\">");
    for (size_t i = 0; i < qs_val_count(rules); i++) {
        qs_buf_puts(out, "<li>");
        qs_html_element(out, "h3", NULL, qs_val_get_str(qs_val_at(rules, i), "title", ""));
        qs_html_element(out, "p", NULL, qs_val_get_str(qs_val_at(rules, i), "text", ""));
        qs_buf_puts(out, "</li>");
    }
    qs_buf_puts(out, "</ol>");
}

static void put_hardware(const struct qs_facts *f, struct qs_buf *out)
{
    const struct qs_val *models = qs_val_get(f->page, "hardware");

    qs_buf_puts(out, "<table><thead><tr><th scope=\"col\">model</th><th scope=\"col\">how many</th>"
                     "<th scope=\"col\">units</th><th scope=\"col\">which</th></tr></thead><tbody>");
    for (size_t i = 0; i < qs_val_count(models); i++) {
        const struct qs_val *m = qs_val_at(models, i), *names = qs_val_get(m, "names");

        qs_buf_puts(out, "<tr><th scope=\"row\">");
        qs_html_text(out, qs_val_get_str(m, "vendor", ""));
        qs_buf_putc(out, ' ');
        qs_html_text(out, qs_val_get_str(m, "model", ""));
        qs_buf_printf(out, "</th><td>%zu</td><td>%lld</td><td>", qs_val_count(names),
                      (long long)qs_val_get_int(m, "height", 1));
        for (size_t k = 0; k < qs_val_count(names); k++) {
            qs_buf_puts(out, k ? ", " : "");
            qs_html_text(out, qs_val_string(qs_val_at(names, k), ""));
        }
        qs_buf_puts(out, "</td></tr>");
    }
    qs_buf_puts(out, "</tbody></table>");
}

static void put_vlans(const struct qs_facts *f, struct qs_buf *out)
{
    const struct qs_val *vlans = qs_val_get(f->page, "vlans");

    qs_buf_puts(out,
                "<table><thead><tr><th scope=\"col\">VLAN</th><th scope=\"col\">name</th><th scope=\"col\">for</th>"
                "<th scope=\"col\">IPv4</th><th scope=\"col\">IPv6</th><th scope=\"col\">routed by</th></tr></thead>"
                "<tbody>");
    for (size_t i = 0; i < qs_val_count(vlans); i++) {
        const struct qs_val *v = qs_val_at(vlans, i);

        qs_buf_printf(out, "<tr><th scope=\"row\">%lld</th>", (long long)qs_val_get_int(v, "id", 0));
        qs_html_element(out, "td", NULL, qs_val_get_str(v, "name", ""));
        qs_html_element(out, "td", NULL, qs_val_get_str(v, "purpose", ""));
        qs_html_element(out, "td", "code", qs_val_get_str(v, "v4", ""));
        qs_html_element(out, "td", "code", qs_val_get_str(v, "v6", ""));
        qs_html_element(out, "td", NULL, qs_val_get_str(v, "gateway", "nobody"));
        qs_buf_puts(out, "</tr>");
    }
    qs_buf_puts(out, "</tbody></table><p>Pods live in <span class=\"code\">");
    qs_html_text(out, qs_val_get_str(qs_val_get(f->page, "cluster"), "pods", ""));
    qs_buf_puts(out, "</span>, services in <span class=\"code\">");
    qs_html_text(out, qs_val_get_str(qs_val_get(f->page, "cluster"), "services", ""));
    qs_buf_puts(out, "</span>. The VLAN id shows in the subnet, the host number in the address.</p>");
}

/* How the component of this name is now. */
static enum qs_state component_state(const struct qs_facts *f, const char *name)
{
    const struct qs_status_spec *spec = qs_board_spec(f->board);

    for (size_t i = spec->signal_count; i < spec->row_count; i++)
        if (qs_streq(spec->rows[i].name, name))
            return qs_board_row(f->board, i)->state;
    return QS_STATE_UNKNOWN;
}

static void put_component(const struct qs_facts *f, const struct qs_val *c, struct qs_buf *out)
{
    enum qs_state state = component_state(f, qs_val_get_str(c, "name", ""));
    const char *adr = qs_val_get_str(c, "adr", "");

    qs_buf_printf(out, "<tr data-state=\"%s\"><td class=\"number\">%lld</td><th scope=\"row\">", qs_state_text(state),
                  (long long)qs_val_get_int(c, "number", 0));
    qs_html_text(out, qs_val_get_str(c, "name", ""));
    qs_html_element(out, "small", NULL, qs_val_get_str(c, "role", ""));
    qs_buf_puts(out, "</th>");
    qs_html_element(out, "td", NULL, qs_val_get_str(c, "group", ""));
    qs_html_element(out, "td", NULL, qs_val_get_str(c, "runs", ""));
    qs_buf_puts(out, "<td>");
    qs_html_state(out, state);
    qs_buf_puts(out, "</td><td>");
    if (adr[0] && strspn(adr, "0123456789") == strlen(adr))
        qs_buf_printf(out, "<a href=\"/adrs#adr-%s\">%s</a>", adr, adr);
    qs_buf_puts(out, "</td></tr>");
}

static void put_components(const struct qs_facts *f, struct qs_buf *out)
{
    const struct qs_val *list = qs_val_get(f->page, "components");

    qs_buf_puts(out, "<table><thead><tr><th scope=\"col\">#</th><th scope=\"col\">component and its job</th>"
                     "<th scope=\"col\">group</th><th scope=\"col\">runs here</th><th scope=\"col\">state</th>"
                     "<th scope=\"col\">why</th></tr></thead><tbody>");
    for (size_t i = 0; i < qs_val_count(list); i++)
        put_component(f, qs_val_at(list, i), out);
    qs_buf_puts(out, "</tbody></table>");
}

/* ---- decisions ---- */

static void put_counters(const struct qs_facts *f, struct qs_buf *out)
{
    static const struct {
        const char *key, *text;
    } counters[] = {
        { "in_force", "decisions in force" },
        { "dependencies", "dependencies tracked" },
        { "revisit", "revisit conditions" },
        { "superseded", "superseded" },
    };
    const struct qs_val *known = qs_val_get(f->adrs, "counters");

    qs_buf_puts(out, "<ul class=\"counters\">");
    for (size_t i = 0; i < QS_COUNT(counters); i++) {
        if (known)
            qs_buf_printf(out, "<li><b>%lld</b>", (long long)qs_val_get_int(known, counters[i].key, 0));
        else
            qs_buf_puts(out, "<li><b>–</b>");
        qs_html_element(out, "span", NULL, counters[i].text);
        qs_buf_puts(out, "</li>");
    }
    qs_buf_puts(out, "</ul><p class=\"facts\">Counted from docs/adrs by qs " QS_VERSION ", ");
    qs_html_time(out, f->started_us);
    qs_buf_puts(out, "</p>");
}

static void put_links(struct qs_buf *out, const char *word, const struct qs_val *ids)
{
    if (qs_val_count(ids) == 0)
        return;
    qs_html_element(out, "dt", NULL, word);
    qs_buf_puts(out, "<dd>");
    for (size_t i = 0; i < qs_val_count(ids); i++) {
        const char *id = qs_val_string(qs_val_at(ids, i), "");

        qs_buf_printf(out, "%s<a href=\"#adr-", i ? ", " : "");
        qs_html_id(out, id);
        qs_buf_puts(out, "\">");
        qs_html_text(out, id);
        qs_buf_puts(out, "</a>");
    }
    qs_buf_puts(out, "</dd>");
}

static void put_trigger(const struct qs_val *t, struct qs_buf *out)
{
    const char *state = qs_val_get_str(t, "state", "unknown");

    qs_buf_puts(out, "<li>");
    qs_html_element(out, "span", qs_streq(state, "fired") ? "trigger fired" : "trigger", state);
    qs_buf_putc(out, ' ');
    qs_html_element(out, "span", "code", qs_val_get_str(t, "kind", ""));
    qs_buf_putc(out, ' ');
    qs_html_text(out, qs_val_get_str(t, "text", ""));
    if (qs_val_get_str(t, "why", "")[0])
        qs_html_element(out, "small", NULL, qs_val_get_str(t, "why", ""));
    qs_buf_puts(out, "</li>");
}

static void put_adr(const struct qs_val *a, struct qs_buf *out)
{
    const struct qs_val *triggers = qs_val_get(a, "triggers"), *parts = qs_val_get(a, "component");
    const char *id = qs_val_get_str(a, "id", "");

    qs_buf_puts(out, "<article class=\"adr\" id=\"adr-");
    qs_html_id(out, id);
    qs_buf_puts(out, "\"><h3><span class=\"code\">");
    qs_html_text(out, id);
    qs_buf_puts(out, "</span> ");
    qs_html_text(out, qs_val_get_str(a, "title", ""));
    qs_buf_puts(out, "</h3><p class=\"facts\">");
    qs_html_element(out, "span", "status", qs_val_get_str(a, "status", ""));
    qs_buf_putc(out, ' ');
    qs_html_text(out, qs_val_get_str(a, "date", ""));
    for (size_t i = 0; i < qs_val_count(parts); i++) {
        qs_buf_puts(out, i ? ", " : " · ");
        qs_html_text(out, qs_val_string(qs_val_at(parts, i), ""));
    }
    qs_buf_puts(out, "</p>");
    qs_html_element(out, "p", NULL, qs_val_get_str(a, "chosen", ""));
    qs_buf_puts(out, "<dl>");
    put_links(out, "rests on", qs_val_get(a, "depends_on"));
    put_links(out, "replaces", qs_val_get(a, "supersedes"));
    qs_buf_puts(out, "</dl>");
    if (qs_val_count(triggers)) {
        qs_buf_puts(out, "<h4>Looked at again when</h4><ul class=\"triggers\">");
        for (size_t i = 0; i < qs_val_count(triggers); i++)
            put_trigger(qs_val_at(triggers, i), out);
        qs_buf_puts(out, "</ul>");
    }
    qs_buf_puts(out, "</article>");
}

static void put_adrs(const struct qs_facts *f, struct qs_buf *out)
{
    const struct qs_val *list = qs_val_get(f->adrs, "adrs");

    if (qs_val_count(list) == 0)
        qs_html_element(out, "p", "empty", "No decision records are known here.");
    for (size_t i = 0; i < qs_val_count(list); i++)
        put_adr(qs_val_at(list, i), out);
}

/* ---- the pages ---- */

void qs_page_lab(const struct qs_facts *f, struct qs_buf *out)
{
    static const struct qs_html_part parts[] = {
        { "title", put_title },       { "description", put_description },
        { "location", put_location }, { "site", put_site },
        { "rules", put_rules },       { "hardware", put_hardware },
        { "vlans", put_vlans },       { "components", put_components },
        { "counters", put_counters }, { "groups", qs_part_groups },
        { "rack", qs_part_rack },
    };

    qs_html_template("lab.html", parts, QS_COUNT(parts), f, out);
}

void qs_page_adrs(const struct qs_facts *f, struct qs_buf *out)
{
    static const struct qs_html_part parts[] = {
        { "title", put_title },
        { "site", put_site },
        { "counters", put_counters },
        { "adrs", put_adrs },
    };

    qs_html_template("adrs.html", parts, QS_COUNT(parts), f, out);
}
