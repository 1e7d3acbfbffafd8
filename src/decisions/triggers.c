/* The kinds of revisit triggers: one table, one function each. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "decisions/decisions_int.h"

#define WORD_MAX 96

static const char *const state_names[] = { "armed", "fired", "unknown" };

const char *qs_trigger_state_name(enum qs_trigger_state s)
{
    return state_names[s];
}

static void settle(struct qs_trigger *t, enum qs_trigger_state state, const char *fmt, ...) QS_PRINTF(3, 4);
static void settle(struct qs_trigger *t, enum qs_trigger_state state, const char *fmt, ...)
{
    va_list ap;

    t->state = state;
    va_start(ap, fmt);
    (void)vsnprintf(t->reason, sizeof(t->reason), fmt, ap);
    va_end(ap);
}

/* ---- "NAME OP VALUE" ---- */

struct comparison {
    char name[WORD_MAX], op[3], value[WORD_MAX];
};

static bool read_comparison(const char *text, struct comparison *ret)
{
    static const char *const ops[] = { ">=", "<=", "==", "!=", ">", "<" };

    for (size_t i = 0; i < QS_COUNT(ops); i++) {
        char spaced[5];

        (void)snprintf(spaced, sizeof(spaced), " %s ", ops[i]);
        const char *at = strstr(text, spaced);
        if (!at || at == text || !at[strlen(spaced)])
            continue;
        (void)snprintf(ret->name, sizeof(ret->name), "%.*s", (int)(at - text), text);
        (void)snprintf(ret->op, sizeof(ret->op), "%s", ops[i]);
        (void)snprintf(ret->value, sizeof(ret->value), "%s", at + strlen(spaced));
        return true;
    }
    return false;
}

static bool holds(int order, const char *op)
{
    if (qs_streq(op, ">="))
        return order >= 0;
    if (qs_streq(op, "<="))
        return order <= 0;
    if (qs_streq(op, "=="))
        return order == 0;
    if (qs_streq(op, "!="))
        return order != 0;
    return op[0] == '>' ? order > 0 : order < 0;
}

/* ---- count: over the lab model ---- */

static size_t kind_count(const struct qs_lab *lab, enum qs_device_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < lab->device_count; i++)
        n += lab->devices[i].kind == kind;
    return n;
}

static size_t gpu_count(const struct qs_lab *lab)
{
    size_t n = 0;

    for (size_t i = 0; i < lab->node_count; i++)
        n += lab->nodes[i].gpu != NULL;
    return n;
}

static size_t routers(const struct qs_lab *l)
{
    return kind_count(l, QS_DEVICE_ROUTER);
}
static size_t switches(const struct qs_lab *l)
{
    return kind_count(l, QS_DEVICE_SWITCH);
}
static size_t nodes(const struct qs_lab *l)
{
    return l->node_count;
}
static size_t vlans(const struct qs_lab *l)
{
    return l->vlan_count;
}
static size_t workers(const struct qs_lab *l)
{
    return l->cluster.workers.count;
}
static size_t control_nodes(const struct qs_lab *l)
{
    return l->cluster.control_plane.count;
}
static size_t osd_hosts(const struct qs_lab *l)
{
    return l->storage.osd_hosts.count;
}
static size_t osd_capable(const struct qs_lab *l)
{
    return l->storage.capable_hosts.count;
}
static size_t replicas(const struct qs_lab *l)
{
    return l->storage.replicas;
}
static size_t operators(const struct qs_lab *l)
{
    return l->vpn_count;
}
static size_t components(const struct qs_lab *l)
{
    return l->component_count;
}

static const struct {
    const char *name;
    size_t (*count)(const struct qs_lab *lab);
} counts[] = {
    { "switches", switches },   { "routers", routers },     { "nodes", nodes },
    { "vlans", vlans },         { "workers", workers },     { "control_nodes", control_nodes },
    { "gpu_nodes", gpu_count }, { "osd_hosts", osd_hosts }, { "osd_capable", osd_capable },
    { "replicas", replicas },   { "operators", operators }, { "components", components },
};

static const char *count_form(const struct qs_trigger *t)
{
    struct comparison c;
    uint64_t n;

    if (read_comparison(t->text, &c) && qs_parse_u64(c.value, 0, UINT32_MAX, &n))
        for (size_t i = 0; i < QS_COUNT(counts); i++)
            if (qs_streq(counts[i].name, c.name))
                return NULL;
    return "Write NAME OP NUMBER, for example 'nodes > 12'; names: switches routers nodes vlans workers control_nodes "
           "gpu_nodes "
           "osd_hosts osd_capable replicas operators components.";
}

static void eval_count(struct qs_trigger *t, const struct qs_lab *lab, const struct qs_val *facts)
{
    struct comparison c;
    uint64_t limit = 0;

    (void)facts;
    if (!lab || !read_comparison(t->text, &c) || !qs_parse_u64(c.value, 0, UINT32_MAX, &limit)) {
        settle(t, QS_TRIGGER_UNKNOWN, "no lab to count in");
        return;
    }
    for (size_t i = 0; i < QS_COUNT(counts); i++) {
        if (qs_streq(counts[i].name, c.name)) {
            size_t n = counts[i].count(lab);

            settle(t, holds((n > limit) - (n < limit), c.op) ? QS_TRIGGER_FIRED : QS_TRIGGER_ARMED, "%s is %zu", c.name,
                   n);
        }
    }
}

/* ---- date ---- */

static bool is_date(const char *text)
{
    return strlen(text) == 10 && text[4] == '-' && text[7] == '-' && strspn(text, "0123456789-") == 10;
}

static const char *date_form(const struct qs_trigger *t)
{
    return is_date(t->text) ? NULL : "Write a date as 2027-06-30.";
}

static void eval_date(struct qs_trigger *t, const struct qs_lab *lab, const struct qs_val *facts)
{
    const char *today = qs_val_get_str(facts, "today", NULL);

    (void)lab;
    if (!today)
        settle(t, QS_TRIGGER_UNKNOWN, "today's date is not known");
    else
        settle(t, strcmp(today, t->text) >= 0 ? QS_TRIGGER_FIRED : QS_TRIGGER_ARMED, "today is %s", today);
}

/* ---- version: of a component in the lab ---- */

static const char *version_form(const struct qs_trigger *t)
{
    struct comparison c;

    return read_comparison(t->text, &c) ? NULL : "Write COMPONENT OP VERSION, for example 'kubernetes >= 1.34'.";
}

static void eval_version(struct qs_trigger *t, const struct qs_lab *lab, const struct qs_val *facts)
{
    struct comparison c;

    (void)facts;
    settle(t, QS_TRIGGER_UNKNOWN, "no such component with a version in the lab");
    for (size_t i = 0; lab && read_comparison(t->text, &c) && i < lab->component_count; i++) {
        const struct qs_component *one = &lab->components[i];

        if (!qs_streq(one->name, c.name) || !one->version)
            continue;
        if (one->version[0] < '0' || one->version[0] > '9')
            settle(t, QS_TRIGGER_UNKNOWN, "at this site %s is %s", c.name, one->version);
        else
            settle(t, holds(qs_natural_cmp(one->version, c.value), c.op) ? QS_TRIGGER_FIRED : QS_TRIGGER_ARMED,
                   "%s is %s", c.name, one->version);
    }
}

/* ---- drift: "TARGET > N in 30d" ---- */

static const char *drift_form(const struct qs_trigger *t)
{
    struct comparison c;
    uint64_t n;

    if (read_comparison(t->text, &c)) {
        c.value[strcspn(c.value, " ")] = '\0';
        if (qs_parse_u64(c.value, 0, UINT32_MAX, &n) && strstr(t->text, " in 30d"))
            return NULL;
    }
    return "Write TARGET OP NUMBER in 30d, for example 'core > 3 in 30d'.";
}

static void eval_drift(struct qs_trigger *t, const struct qs_lab *lab, const struct qs_val *facts)
{
    struct comparison c;
    uint64_t limit;

    (void)lab;
    settle(t, QS_TRIGGER_UNKNOWN, "no history was given");
    if (!read_comparison(t->text, &c))
        return;
    c.value[strcspn(c.value, " ")] = '\0';
    const struct qs_val *n = qs_val_get(qs_val_get(facts, "drift"), c.name);
    if (!n || !qs_parse_u64(c.value, 0, UINT32_MAX, &limit))
        return;
    int64_t seen = qs_val_integer(n, 0);
    settle(t, holds((seen > (int64_t)limit) - (seen < (int64_t)limit), c.op) ? QS_TRIGGER_FIRED : QS_TRIGGER_ARMED,
           "%lld in 30 days", (long long)seen);
}

/* ---- drill: "NAME older than 92d" ---- */

static bool read_drill(const char *text, char name[WORD_MAX], uint64_t *ret_ms)
{
    const char *at = strstr(text, " older than ");

    if (!at)
        return false;
    (void)snprintf(name, WORD_MAX, "%.*s", (int)(at - text), text);
    return qs_parse_duration_ms(at + strlen(" older than "), ret_ms);
}

static const char *drill_form(const struct qs_trigger *t)
{
    char name[WORD_MAX];
    uint64_t ms;

    return read_drill(t->text, name, &ms) ? NULL : "Write NAME older than 92d.";
}

/* Days since 1970 of a date that is_date() accepts. */
static int64_t days_of(const char *date)
{
    struct tm tm = { 0 };

    (void)strptime(date, "%Y-%m-%d", &tm);
    return (int64_t)timegm(&tm) / 86400;
}

static void eval_drill(struct qs_trigger *t, const struct qs_lab *lab, const struct qs_val *facts)
{
    char name[WORD_MAX];
    uint64_t ms = 0;
    const char *today = qs_val_get_str(facts, "today", NULL);

    (void)lab;
    settle(t, QS_TRIGGER_UNKNOWN, "no drill has been recorded");
    if (!today || !read_drill(t->text, name, &ms))
        return;
    const char *last = qs_val_get_str(qs_val_get(facts, "drills"), name, NULL);
    if (!last || !is_date(last))
        return;
    int64_t age = days_of(today) - days_of(last);
    settle(t, age * 86400000 > (int64_t)ms ? QS_TRIGGER_FIRED : QS_TRIGGER_ARMED, "last drill %lld days ago",
           (long long)age);
}

/* ---- metric, manual ---- */

static const char *metric_form(const struct qs_trigger *t)
{
    struct comparison c;

    return read_comparison(t->text, &c) ? NULL : "Write QUERY OP NUMBER.";
}

static void eval_metric(struct qs_trigger *t, const struct qs_lab *lab, const struct qs_val *facts)
{
    struct comparison c;
    uint64_t limit;

    (void)lab;
    settle(t, QS_TRIGGER_UNKNOWN, "no metrics source");
    if (!read_comparison(t->text, &c) || !qs_parse_u64(c.value, 0, INT64_MAX, &limit))
        return;
    const struct qs_val *v = qs_val_get(qs_val_get(facts, "metrics"), c.name);
    if (!v)
        return;
    int64_t n = qs_val_integer(v, 0);
    settle(t, holds((n > (int64_t)limit) - (n < (int64_t)limit), c.op) ? QS_TRIGGER_FIRED : QS_TRIGGER_ARMED, "%lld",
           (long long)n);
}

static const char *manual_form(const struct qs_trigger *t)
{
    return !t->fired || is_date(t->fired) ? NULL : "Give 'fired' as a date: 2027-06-30.";
}

static void eval_manual(struct qs_trigger *t, const struct qs_lab *lab, const struct qs_val *facts)
{
    (void)lab;
    (void)facts;
    if (t->fired)
        settle(t, QS_TRIGGER_FIRED, "a person fired it on %s", t->fired);
    else
        settle(t, QS_TRIGGER_ARMED, "a person looks");
}

static const struct {
    const char *kind;
    const char *(*form)(const struct qs_trigger *t);
    void (*evaluate)(struct qs_trigger *t, const struct qs_lab *lab, const struct qs_val *facts);
} table[] = {
    { "date", date_form, eval_date },          { "count", count_form, eval_count },
    { "version", version_form, eval_version }, { "metric", metric_form, eval_metric },
    { "drift", drift_form, eval_drift },       { "drill", drill_form, eval_drill },
    { "manual", manual_form, eval_manual },
};
const char *const qs_trigger_kinds[] = { "date", "count", "version", "metric", "drift", "drill", "manual", NULL };

const char *qs_trigger_malformed(const struct qs_trigger *t)
{
    for (size_t i = 0; i < QS_COUNT(table); i++)
        if (qs_streq(table[i].kind, t->kind))
            return table[i].form(t);
    return "Use one of date, count, version, metric, drift, drill, manual.";
}

void qs_trigger_evaluate(struct qs_trigger *t, const struct qs_lab *lab, const struct qs_val *facts)
{
    for (size_t i = 0; i < QS_COUNT(table); i++)
        if (qs_streq(table[i].kind, t->kind))
            table[i].evaluate(t, lab, facts);
}
