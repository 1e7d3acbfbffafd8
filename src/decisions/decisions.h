/*
 * decisions: the architecture decision records under docs/adrs: read, checked, and their revisit triggers evaluated.
 * A record is NNNN-title.md: YAML front matter between "---" lines, then Markdown with one "# Title" and the sections
 * Chosen, Considered, Why, Consequences.
 *
 *   status: accepted            proposed | accepted | superseded | deprecated
 *   date: 2026-11-23
 *   component: [switching]      what it decides about; may name rows of lab/components
 *   depends_on: ["0002"]
 *   supersedes: []
 *   revisit:                    each has exactly one trigger, and why
 *     - count: osd_hosts >= 8   over the lab model (names: trigger table in triggers.c)
 *       why: with eight hosts erasure coding becomes cheaper than three copies
 *     - date: 2027-06-01
 *     - version: eos >= 4.35    of a component of the lab
 *     - drift: core > 3 in 30d  applies that found the target changed by hand
 *     - drill: restore older than 92d
 *     - metric: QUERY OP N      needs a metrics source
 *     - manual: QUESTION        a person looks; `fired: DATE` when the answer changed
 *
 * Pure but for reading the folder. Everything belongs to the set and lives until qs_adrs_free().
 */
#pragma once

#include "lab/lab.h"
#include "text/val.h"

enum qs_trigger_state { QS_TRIGGER_ARMED, QS_TRIGGER_FIRED, QS_TRIGGER_UNKNOWN };

struct qs_trigger {
    struct qs_at at;
    char *kind, *text, *why, *fired; /* fired: date given by a person, manual only */
    enum qs_trigger_state state;
    char reason[160]; /* "osd_hosts is 4", "no metrics source" */
};
struct qs_adr {
    struct qs_at at;
    char *id, *title, *status, *date, *body; /* body: Markdown after the front matter */
    struct qs_strs components, depends_on, supersedes;
    struct qs_trigger *triggers;
    size_t trigger_count;
    bool fired;        /* one of its own triggers fired */
    const char *doubt; /* id of the fired ADR it rests on, directly or not; NULL: none */
};
struct qs_adrs {
    struct qs_adr *items;
    size_t count;
    char **files; /* names that qs_at points to */
    size_t file_count;
};

/* What triggers may look at besides the lab: {"today":"2026-11-23","drift":{"core":2},"drills":{"restore":"2026-10-01"},
 * "metrics":{QUERY: NUMBER}}; absent parts make their triggers unknown, never quiet. */
enum qs_code qs_adrs_load(const char *folder, struct qs_adrs **ret, struct qs_problems *problems,
                          struct qs_err *err) QS_MUST_CHECK;
/* Adds what is wrong between records and with the lab (which may be NULL): dangling links, cycles, unknown triggers. */
void qs_adrs_check(const struct qs_adrs *adrs, const struct qs_lab *lab, struct qs_problems *problems);
void qs_adrs_evaluate(struct qs_adrs *adrs, const struct qs_lab *lab, const struct qs_val *facts);
const struct qs_adr *qs_adrs_find(const struct qs_adrs *adrs, const char *id);
const char *qs_trigger_state_name(enum qs_trigger_state s);
/* "qs.adrs/1" (roles/status/status.h has its shape): counters and records; after evaluate. */
struct qs_val *qs_adrs_to_val(const struct qs_adrs *adrs);
/* Graphviz text of the dependencies; doubt is coloured. */
char *qs_adrs_graph(const struct qs_adrs *adrs);
void qs_adrs_free(struct qs_adrs *adrs); /* accepts NULL */
QS_DEFINE_AUTO(adrs, struct qs_adrs *, qs_adrs_free)
