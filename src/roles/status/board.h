/*
 * roles/status/board (private): runs the checks of a spec on their schedule and keeps what follows from their results:
 * the state of every signal and component since when, the 90 days, the incidents.
 *
 *   up: every check passed; degraded: some did not; down: none did; unknown: a check has no result yet, or none for two
 *   intervals. A check whose own witness is silent (the executor, for drift) counts neither way. pending: no checks.
 */
#pragma once

#include "roles/status/history.h"
#include "roles/status/probe.h"

struct qs_check_now {
    struct qs_probe *running;
    enum qs_state state; /* of the last result; UNKNOWN before it and when it is too old */
    bool has_result;
    bool was_up;    /* once since this process started */
    unsigned tries; /* results since the start, while it was never up */
    uint64_t at_ms, elapsed_us;
    int64_t certificate_ms;
    uint64_t runs, failures; /* since the start, for /metrics */
    char message[320];
};
struct qs_row_now {
    enum qs_state state;
    uint64_t since_us;
    char message[400];
    bool was_up;        /* since this process started */
    bool was_up_before; /* the last known state of an earlier process was up */
    bool in_incident;
    struct qs_days days;
    uint64_t accrued_ms; /* up to when the days are counted */
};

struct qs_board;
/* A row left a state; or, with row == SIZE_MAX, nothing changed but the messages and numbers. */
typedef void qs_board_fn(void *arg, size_t row, enum qs_state from);
/* A result of a signal came in, whatever it says: for notifications. */
typedef void qs_board_result_fn(void *arg, size_t row);

struct qs_board_conf {
    const struct qs_status_spec *spec; /* outlives the board */
    const struct qs_probe_env *env;
    struct qs_history *history; /* NULL: keeps nothing */
    qs_board_fn *changed;
    qs_board_result_fn *result;
    void *arg;
};
/* Starts checking. `before` (may be NULL) is the board of the spec before a reload: states are carried over by name. */
struct qs_board *qs_board_new(const struct qs_board_conf *conf, const struct qs_board *before);
void qs_board_free(struct qs_board *b); /* accepts NULL */
const struct qs_status_spec *qs_board_spec(const struct qs_board *b);
const struct qs_row_now *qs_board_row(const struct qs_board *b, size_t row);
const struct qs_check_now *qs_board_check(const struct qs_board *b, size_t check);

/* What follows for a row from the states of its checks, by the rule above; `states` as of now. */
enum qs_state qs_state_of_checks(const enum qs_state *states, const bool *seen, size_t count);
/* A group or the whole: the worst of what is built; pending when nothing is, up when all that is built is up. */
enum qs_state qs_state_of_rows(const enum qs_state *states, size_t count);
