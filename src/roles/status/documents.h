/*
 * roles/status/documents (private): what the board knows, in the shapes that are served: JSON, Prometheus text and
 * HTML. Each is a pure function of the facts; nothing here knows HTTP.
 */
#pragma once

#include "roles/status/board.h"

struct qs_facts { /* what a document is made from; NULL where not known */
    const struct qs_board *board;
    struct qs_history *history;
    const struct qs_val *page;    /* "qs.page/1" */
    const struct qs_val *adrs;    /* "qs.adrs/1" */
    const struct qs_val *changes; /* the executor's history */
    const struct qs_val *targets; /* the executor's targets */
    uint64_t started_us, changed_us, now_us;
    const uint64_t *requests; /* replies by hundred of their status: [0] is 1xx */
    unsigned streams;         /* readers of events */
};
typedef void qs_document_fn(const struct qs_facts *f, struct qs_buf *out);

/* JSON */
void qs_doc_status(const struct qs_facts *f, struct qs_buf *out);     /* "qs.status/1" */
void qs_doc_components(const struct qs_facts *f, struct qs_buf *out); /* "qs.components/1" */
void qs_doc_incidents(const struct qs_facts *f, struct qs_buf *out);  /* "qs.incidents/1" */
void qs_doc_changes(const struct qs_facts *f, struct qs_buf *out);    /* "qs.changes/1": of states */
void qs_doc_history(const struct qs_facts *f, struct qs_buf *out);    /* the executor's */
void qs_doc_targets(const struct qs_facts *f, struct qs_buf *out);    /* the executor's */
void qs_doc_adrs(const struct qs_facts *f, struct qs_buf *out);
void qs_doc_lab(const struct qs_facts *f, struct qs_buf *out);
void qs_doc_summary(const struct qs_facts *f, struct qs_buf *out);     /* Statuspage v2 */
void qs_doc_page_status(const struct qs_facts *f, struct qs_buf *out); /* its /status.json */
void qs_doc_metrics(const struct qs_facts *f, struct qs_buf *out);
/* One server-sent event for a row that left `from`: "event: change" and a "qs.event/1" document. */
void qs_doc_event(const struct qs_facts *f, size_t row, enum qs_state from, uint64_t id, struct qs_buf *out);

/* HTML: pages and the parts of the panel that the browser fetches again when something changed */
void qs_page_panel(const struct qs_facts *f, struct qs_buf *out);
void qs_page_lab(const struct qs_facts *f, struct qs_buf *out);
void qs_page_adrs(const struct qs_facts *f, struct qs_buf *out);
void qs_part_groups(const struct qs_facts *f, struct qs_buf *out);
void qs_part_components(const struct qs_facts *f, struct qs_buf *out);
void qs_part_incidents(const struct qs_facts *f, struct qs_buf *out);
void qs_part_changes(const struct qs_facts *f, struct qs_buf *out);
void qs_part_rack(const struct qs_facts *f, struct qs_buf *out);

/* What a group has: rows that are up, rows, and its state. */
struct qs_tally {
    size_t up, total;
    enum qs_state state;
};
struct qs_tally qs_tally_rows(const struct qs_board *b, size_t first, size_t count);
