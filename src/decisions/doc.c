#include <string.h>

#include "base/str.h"
#include "decisions/decisions_int.h"

static struct qs_val *words(const struct qs_strs *s)
{
    struct qs_val *list = qs_val_list();

    for (size_t i = 0; i < s->count; i++)
        (void)qs_val_add(list, qs_val_str(s->items[i]));
    return list;
}

static struct qs_val *trigger(const struct qs_trigger *t)
{
    struct qs_val *one = qs_val_map();

    qs_val_set_str(one, "kind", t->kind);
    qs_val_set_str(one, "text", t->text);
    qs_val_set_str(one, "why", t->why);
    qs_val_set_str(one, "state", qs_trigger_state_name(t->state));
    qs_val_set_str(one, "reason", t->reason);
    return one;
}

/* The first paragraph of a section: what a list shows of a record. */
static struct qs_val *first_paragraph(const struct qs_adr *a, const char *section)
{
    const char *at = a->body ? strstr(a->body, section) : NULL;

    if (!at)
        return qs_val_null();
    at += strlen(section);
    at += strspn(at, "\n");
    const char *end = strstr(at, "\n\n");
    return qs_val_strf("%.*s", (int)(end ? (size_t)(end - at) : strlen(at)), at);
}

/* "fired" (one of its conditions holds), "doubt" (something it rests on fired), "armed". */
static const char *state_of(const struct qs_adr *a)
{
    return a->fired ? "fired" : a->doubt ? "doubt" : "armed";
}

static struct qs_val *record(const struct qs_adr *a)
{
    struct qs_val *one = qs_val_map(), *list;

    qs_val_set_str(one, "id", a->id);
    qs_val_set_str(one, "title", a->title);
    qs_val_set_str(one, "status", a->status);
    qs_val_set_str(one, "date", a->date);
    (void)qs_val_set(one, "component", words(&a->components));
    (void)qs_val_set(one, "depends_on", words(&a->depends_on));
    (void)qs_val_set(one, "supersedes", words(&a->supersedes));
    qs_val_set_str(one, "state", state_of(a));
    qs_val_set_str(one, "doubt", a->doubt);
    (void)qs_val_set(one, "chosen", first_paragraph(a, "\n## Chosen\n"));
    list = qs_val_set(one, "triggers", qs_val_list());
    for (size_t i = 0; i < a->trigger_count; i++)
        (void)qs_val_add(list, trigger(&a->triggers[i]));
    return one;
}

struct qs_val *qs_adrs_to_val(const struct qs_adrs *adrs)
{
    struct qs_val *doc = qs_val_map(), *counters, *list;
    int64_t in_force = 0, dependencies = 0, conditions = 0, superseded = 0, fired = 0;

    qs_val_set_str(doc, "format", "qs.adrs/1");
    counters = qs_val_set(doc, "counters", qs_val_map());
    list = qs_val_set(doc, "adrs", qs_val_list());
    for (size_t i = 0; i < adrs->count; i++) {
        const struct qs_adr *a = &adrs->items[i];

        in_force += qs_streq(a->status, "accepted");
        superseded += qs_streq(a->status, "superseded");
        dependencies += (int64_t)a->depends_on.count;
        conditions += (int64_t)a->trigger_count;
        fired += a->fired;
        (void)qs_val_add(list, record(a));
    }
    qs_val_set_int(counters, "in_force", in_force);
    qs_val_set_int(counters, "dependencies", dependencies);
    qs_val_set_int(counters, "revisit", conditions);
    qs_val_set_int(counters, "superseded", superseded);
    qs_val_set_int(counters, "fired", fired);
    return doc;
}

char *qs_adrs_graph(const struct qs_adrs *adrs)
{
    struct qs_buf out = QS_BUF(4 << 20);

    qs_buf_puts(&out, "digraph decisions {\n  rankdir=LR;\n  node [shape=box, style=filled, fillcolor=white];\n");
    for (size_t i = 0; i < adrs->count; i++) {
        const struct qs_adr *a = &adrs->items[i];
        const char *colour = a->fired ? "orange" : a->doubt ? "khaki" : "white";

        qs_buf_printf(&out, "  \"%s\" [label=\"%s ", a->id, a->id);
        for (const char *c = a->title ? a->title : ""; *c; c++)
            qs_buf_printf(&out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
        qs_buf_printf(&out, "\", fillcolor=%s];\n", colour);
        for (size_t d = 0; d < a->depends_on.count; d++)
            qs_buf_printf(&out, "  \"%s\" -> \"%s\";\n", a->id, a->depends_on.items[d]);
    }
    qs_buf_puts(&out, "}\n");
    return qs_buf_take(&out);
}
