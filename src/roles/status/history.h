/*
 * roles/status/history (private): what was seen, in STATE/status.db. Writes are collected and go to disk together: state
 * changes within a fraction of a second, results and day buckets every ten seconds; a crash loses no more than that.
 * Everything is bounded: a ring of results a check, 5,000 changes, 1,000 incidents, 90 days.
 */
#pragma once

#include "base/loop.h"
#include "roles/status/spec.h"
#include "roles/status/state.h"
#include "text/val.h"

#define QS_DAYS 90

struct qs_history;
struct qs_day {   /* seconds in each state on one day */
    uint32_t day; /* since 1970, UTC; 0: nothing known */
    uint32_t seconds[QS_STATE_MAX_];
};
struct qs_days { /* one row's ring, by day % QS_DAYS */
    struct qs_day day[QS_DAYS];
};

enum qs_code qs_history_open(const char *path, struct qs_loop *loop, struct qs_history **ret,
                             struct qs_err *err) QS_MUST_CHECK;
void qs_history_close(struct qs_history *h); /* writes what waits; accepts NULL */

/* What was known of a row when the last process ended; false: nothing. */
bool qs_history_last(struct qs_history *h, const struct qs_row *row, enum qs_state *ret_state, uint64_t *ret_since_us);
void qs_history_days(struct qs_history *h, const struct qs_row *row, struct qs_days *ret);

void qs_history_result(struct qs_history *h, const struct qs_row *row, const struct qs_status_check *c,
                       enum qs_state state, uint64_t elapsed_us, const char *message, uint64_t at_us);
void qs_history_change(struct qs_history *h, const struct qs_row *row, enum qs_state from, enum qs_state to,
                       const char *message, uint64_t at_us);
/* Adds `seconds` in `state` to today's bucket of the row, here and in the file. */
void qs_history_accrue(struct qs_history *h, const struct qs_row *row, struct qs_days *days, enum qs_state state,
                       uint32_t seconds, uint64_t now_us);
/* Bucket of `day`, or NULL when nothing is known of it. */
const struct qs_day *qs_days_find(const struct qs_days *days, uint32_t day);
uint32_t qs_day_of(uint64_t us);
/* Parts per 10,000 of the watched time (up, degraded, down) that was up or degraded; -1 when none was watched. */
int qs_day_uptime(const struct qs_day *d);

/* The open incident of a row is begun, made worse, or ended. */
void qs_history_incident(struct qs_history *h, const struct qs_row *row, enum qs_state state, const char *message,
                         uint64_t at_us);
/* Incidents, newest first: [{"id","name","title","group","started","ended"|null,"worst","message"}]. */
struct qs_val *qs_history_incidents(struct qs_history *h, unsigned most);
/* State changes, newest first: [{"at","kind","name","from","to","message"}]. */
struct qs_val *qs_history_changes(struct qs_history *h, unsigned most);
/* Results of a row, newest first: [{"at","check","state","elapsed_us","message"}]. */
struct qs_val *qs_history_results(struct qs_history *h, const char *kind, const char *name);
