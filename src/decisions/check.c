#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "decisions/decisions_int.h"

const struct qs_adr *qs_adrs_find(const struct qs_adrs *adrs, const char *id)
{
    for (size_t i = 0; i < adrs->count; i++)
        if (qs_streq(adrs->items[i].id, id))
            return &adrs->items[i];
    return NULL;
}

static void check_links(const struct qs_adrs *adrs, const struct qs_adr *a, struct qs_problems *ps)
{
    for (size_t i = 0; i < a->depends_on.count; i++)
        if (!qs_adrs_find(adrs, a->depends_on.items[i]))
            qs_adr_problem(ps, a->at, NULL, "ADR %s depends on %s, which does not exist", a->id,
                           a->depends_on.items[i]);
    for (size_t i = 0; i < a->supersedes.count; i++) {
        const struct qs_adr *old = qs_adrs_find(adrs, a->supersedes.items[i]);

        if (!old)
            qs_adr_problem(ps, a->at, NULL, "ADR %s supersedes %s, which does not exist", a->id,
                           a->supersedes.items[i]);
        else if (!qs_streq(old->status, "superseded"))
            qs_adr_problem(ps, old->at, "Set its status to superseded.",
                           "ADR %s is superseded by %s but its status is '%s'", old->id, a->id,
                           old->status ? old->status : "");
    }
}

/* Depth-first; `mark` is 1 for records on the way down, 2 for those that are done. Gives a record of a circle. */
static const struct qs_adr *in_circle(const struct qs_adrs *adrs, size_t at, char *mark)
{
    const struct qs_adr *a = &adrs->items[at];

    mark[at] = 1;
    for (size_t i = 0; i < a->depends_on.count; i++) {
        const struct qs_adr *next = qs_adrs_find(adrs, a->depends_on.items[i]);
        size_t n = next ? (size_t)(next - adrs->items) : 0;

        if (next && mark[n] == 0)
            next = in_circle(adrs, n, mark);
        else if (next && mark[n] == 2)
            next = NULL;
        if (next)
            return next;
    }
    mark[at] = 2;
    return NULL;
}

static void check_cycles(const struct qs_adrs *adrs, struct qs_problems *ps)
{
    qs_auto(str) char *mark = qs_xzalloc(adrs->count + 1);

    for (size_t i = 0; i < adrs->count; i++) {
        const struct qs_adr *found = mark[i] == 0 ? in_circle(adrs, i, mark) : NULL;

        if (found) {
            qs_adr_problem(ps, found->at, "Remove one depends_on of the circle.",
                           "ADR %s depends on itself through others", found->id);
            return;
        }
    }
}

/* A record is about rows of lab/components, or about qs itself. */
static void check_components(const struct qs_adr *a, const struct qs_lab *lab, struct qs_problems *ps)
{
    for (size_t i = 0; i < a->components.count; i++) {
        bool found = qs_streq(a->components.items[i], "qs");

        for (size_t c = 0; c < lab->component_count && !found; c++)
            found = qs_streq(lab->components[c].name, a->components.items[i]);
        if (!found)
            qs_adr_problem(ps, a->at, "Name a row of lab/components, or qs.",
                           "ADR %s is about '%s', which is no component of the lab", a->id, a->components.items[i]);
    }
}

static void check_lab(const struct qs_adrs *adrs, const struct qs_lab *lab, struct qs_problems *ps)
{
    for (size_t i = 0; i < adrs->count; i++)
        check_components(&adrs->items[i], lab, ps);
    for (size_t i = 0; i < lab->component_count; i++) {
        const struct qs_component *c = &lab->components[i];

        if (c->adr && !qs_adrs_find(adrs, c->adr))
            qs_adr_problem(ps, c->at, NULL, "component '%s' names ADR %s, which does not exist", c->name, c->adr);
    }
    for (size_t i = 0; i < lab->device_count; i++) {
        const struct qs_device *d = &lab->devices[i];

        if (d->adr && !qs_adrs_find(adrs, d->adr))
            qs_adr_problem(ps, d->at, NULL, "device '%s' names ADR %s, which does not exist", d->name, d->adr);
    }
}

void qs_adrs_check(const struct qs_adrs *adrs, const struct qs_lab *lab, struct qs_problems *problems)
{
    for (size_t i = 0; i < adrs->count; i++) {
        const struct qs_adr *a = &adrs->items[i];

        if (i > 0 && qs_streq(a->id, adrs->items[i - 1].id))
            qs_adr_problem(problems, a->at, NULL, "ADR number %s is given twice", a->id);
        check_links(adrs, a, problems);
    }
    check_cycles(adrs, problems);
    if (lab)
        check_lab(adrs, lab, problems);
}

/* Doubt flows from a fired record to all that rest on it; records are few, so rounds until nothing changes do. */
static void spread_doubt(struct qs_adrs *adrs)
{
    bool changed = true;

    for (size_t round = 0; changed && round <= adrs->count; round++) {
        changed = false;
        for (size_t i = 0; i < adrs->count; i++) {
            struct qs_adr *a = &adrs->items[i];

            for (size_t d = 0; d < a->depends_on.count && !a->doubt; d++) {
                const struct qs_adr *parent = qs_adrs_find(adrs, a->depends_on.items[d]);

                if (!parent || (!parent->fired && !parent->doubt))
                    continue;
                a->doubt = parent->fired ? parent->id : parent->doubt;
                changed = true;
            }
        }
    }
}

void qs_adrs_evaluate(struct qs_adrs *adrs, const struct qs_lab *lab, const struct qs_val *facts)
{
    for (size_t i = 0; i < adrs->count; i++) {
        struct qs_adr *a = &adrs->items[i];

        a->doubt = NULL;
        a->fired = false;
        for (size_t t = 0; t < a->trigger_count; t++) {
            qs_trigger_evaluate(&a->triggers[t], lab, facts);
            a->fired |= a->triggers[t].state == QS_TRIGGER_FIRED && qs_streq(a->status, "accepted");
        }
    }
    spread_doubt(adrs);
}
