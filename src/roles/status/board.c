#include "roles/status/board.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/event.h"
#include "base/str.h"
#include "roles/status/sched.h"

#define TICK_MS 1000
#define ACCRUE_MS 10000
#define SETTLE_TRIES 120 /* a check that was never up is asked more often: a lab that comes up shows it at once */
#define SETTLE_PART 10   /* of its interval */
#define SETTLE_MIN_MS 200
#define GRACE_MS 60000 /* after the start, nothing that was not yet up is an incident */

struct qs_board {
    struct qs_board_conf conf;
    struct qs_check_now *checks;
    struct qs_row_now *rows;
    struct qs_sched *sched;
    struct qs_timer *due, *tick;
    uint64_t started_ms;
};

static void run_due(void *arg);

/* ---- rules ---- */

enum qs_state qs_state_of_checks(const enum qs_state *states, const bool *seen, size_t count)
{
    size_t up = 0, down = 0, silent = 0;

    for (size_t i = 0; i < count; i++) {
        if (!seen[i])
            return QS_STATE_UNKNOWN;
        up += states[i] == QS_STATE_UP;
        down += states[i] == QS_STATE_DOWN;
        silent += states[i] == QS_STATE_UNKNOWN;
    }
    if (silent == count)
        return QS_STATE_UNKNOWN;
    if (up + silent == count)
        return QS_STATE_UP;
    return down + silent == count ? QS_STATE_DOWN : QS_STATE_DEGRADED;
}

enum qs_state qs_state_of_rows(const enum qs_state *states, size_t count)
{
    size_t of[QS_STATE_MAX_] = { 0 };

    for (size_t i = 0; i < count; i++)
        of[states[i]]++;
    size_t built = count - of[QS_STATE_PENDING];
    if (built == 0)
        return QS_STATE_PENDING;
    if (of[QS_STATE_DOWN] == built)
        return QS_STATE_DOWN;
    if (of[QS_STATE_DOWN] || of[QS_STATE_DEGRADED])
        return QS_STATE_DEGRADED;
    if (of[QS_STATE_MAINTENANCE])
        return QS_STATE_MAINTENANCE;
    return of[QS_STATE_UP] == built ? QS_STATE_UP : QS_STATE_UNKNOWN;
}

/* ---- rows ---- */

static void accrue(struct qs_board *b, size_t row)
{
    struct qs_row_now *r = &b->rows[row];
    uint64_t now = qs_mono_ms();
    uint32_t seconds = (uint32_t)((now - r->accrued_ms) / 1000);

    if (seconds == 0)
        return;
    r->accrued_ms += (uint64_t)seconds * 1000;
    qs_history_accrue(b->conf.history, &b->conf.spec->rows[row], &r->days, r->state, seconds, qs_now_us());
}

/* The message of a row is that of its checks which are not up, by name when there are several checks. */
static void explain(const struct qs_board *b, const struct qs_row *row, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = row->first_check; i < row->first_check + row->check_count && used + 1 < size; i++) {
        const struct qs_check_now *c = &b->checks[i];

        if (c->state == QS_STATE_UP || !c->message[0])
            continue;
        int n = snprintf(text + used, size - used, "%s%s%s%s", used ? "; " : "",
                         row->check_count > 1 ? b->conf.spec->checks[i].name : "", row->check_count > 1 ? ": " : "",
                         c->message);
        used += n > 0 ? (size_t)n : 0;
    }
}

static enum qs_state row_state(const struct qs_board *b, const struct qs_row *row)
{
    enum qs_state *all = qs_xzalloc((row->check_count + 1) * sizeof(*all));
    bool *seen = qs_xzalloc((row->check_count + 1) * sizeof(*seen));
    enum qs_state state;

    for (size_t i = 0; i < row->check_count; i++) {
        all[i] = b->checks[row->first_check + i].state;
        seen[i] = b->checks[row->first_check + i].has_result;
    }
    state = row->check_count ? qs_state_of_checks(all, seen, row->check_count) : QS_STATE_PENDING;
    free(all);
    free(seen);
    return state;
}

/* An incident is a signal that was up and is not. In the first minute only what this process itself saw up counts: a lab
 * that is being brought up has no incidents. */
static void follow_incident(struct qs_board *b, const struct qs_row *row, struct qs_row_now *now, uint64_t at_us)
{
    bool bad = now->state == QS_STATE_DOWN || now->state == QS_STATE_DEGRADED;
    bool counts = now->was_up || (now->was_up_before && qs_mono_ms() - b->started_ms > GRACE_MS);

    if (row->kind != QS_ROW_SIGNAL || !b->conf.history)
        return;
    if (bad && counts) {
        now->in_incident = true;
        qs_history_incident(b->conf.history, row, now->state, now->message, at_us);
    } else if (now->state == QS_STATE_UP && (now->in_incident || !now->was_up)) {
        now->in_incident = false; /* also one that an earlier process left open */
        qs_history_incident(b->conf.history, row, now->state, "", at_us);
    }
}

static void enter_state(struct qs_board *b, size_t index, enum qs_state state, const char *message)
{
    const struct qs_row *row = &b->conf.spec->rows[index];
    struct qs_row_now *now = &b->rows[index];
    enum qs_state from = now->state, last = QS_STATE_UNKNOWN;
    uint64_t at = qs_now_us(), since = at;

    accrue(b, index);
    (void)snprintf(now->message, sizeof(now->message), "%s", message);
    /* The first result after a start: when it says what was known before, that has gone on. */
    bool goes_on = from == QS_STATE_UNKNOWN && b->conf.history &&
                   qs_history_last(b->conf.history, row, &last, &since) && last == state;
    now->state = state;
    now->since_us = goes_on ? since : at;
    follow_incident(b, row, now, at);
    now->was_up |= state == QS_STATE_UP;
    if (b->conf.history && !goes_on && state != QS_STATE_UNKNOWN)
        qs_history_change(b->conf.history, row, last == QS_STATE_UNKNOWN ? from : last, state, message, at);
    if (row->kind == QS_ROW_SIGNAL)
        qs_event(QS_EV_SIGNAL_CHANGED, "signal", row->name, "from", qs_state_text(from), "to", qs_state_text(state),
                 "message", message, NULL);
    b->conf.changed(b->conf.arg, index, from);
}

/* Looks at a row again after one of its checks or the time said something new. */
static void settle_row(struct qs_board *b, size_t index)
{
    const struct qs_row *row = &b->conf.spec->rows[index];
    struct qs_row_now *now = &b->rows[index];
    const struct qs_maintenance *m = row->kind == QS_ROW_SIGNAL
                                         ? qs_spec_maintenance(b->conf.spec, row->name, qs_now_us())
                                         : NULL;
    enum qs_state state = row_state(b, row);
    char message[sizeof(now->message)];

    explain(b, row, message, sizeof(message));
    if (row->pending) {
        state = QS_STATE_PENDING;
        (void)snprintf(message, sizeof(message), "%s", row->pending);
    } else if (m) {
        state = QS_STATE_MAINTENANCE;
        (void)snprintf(message, sizeof(message), "%s", m->name);
    }
    if (state != now->state) {
        enter_state(b, index, state, message);
        return;
    }
    if (!now->in_incident && !now->was_up && now->was_up_before)
        follow_incident(b, row, now, qs_now_us());
    if (strcmp(message, now->message) != 0) {
        (void)snprintf(now->message, sizeof(now->message), "%s", message);
        b->conf.changed(b->conf.arg, SIZE_MAX, state);
    }
}

/* ---- checks ---- */

static void arm(struct qs_board *b)
{
    uint64_t next = qs_sched_next(b->sched);

    qs_timer_cancel(qs_take_ptr(b->due));
    if (next != UINT64_MAX)
        b->due = qs_loop_at(b->conf.env->loop, next, run_due, b);
}

struct run {
    struct qs_board *board;
    size_t check;
};

static void on_result(void *arg, struct qs_probe *p)
{
    struct run *run = arg;
    struct qs_board *b = run->board;
    const struct qs_status_check *check = p->check;
    struct qs_check_now *c = &b->checks[run->check];
    const struct qs_row *row = &b->conf.spec->rows[check->owner];
    const struct qs_probe_result *r = &p->result;

    c->running = NULL;
    c->has_result = true;
    c->state = r->state;
    c->at_ms = qs_mono_ms();
    c->elapsed_us = r->elapsed_us;
    c->certificate_ms = r->certificate_ms;
    c->was_up |= r->state == QS_STATE_UP;
    c->runs++;
    c->failures += r->state == QS_STATE_DOWN;
    (void)snprintf(c->message, sizeof(c->message), "%s", r->message);
    if (b->conf.history)
        qs_history_result(b->conf.history, row, check, r->state, r->elapsed_us, r->message, qs_now_us());
    if (!c->was_up && c->tries++ < SETTLE_TRIES) {
        uint64_t pause = check->interval_ms / SETTLE_PART;

        qs_sched_soon(b->sched, run->check, c->at_ms + (pause < SETTLE_MIN_MS ? SETTLE_MIN_MS : pause));
        arm(b);
    }
    settle_row(b, check->owner);
    b->conf.result(b->conf.arg, check->owner);
    free(run);
}

static void run_due(void *arg)
{
    struct qs_board *b = arg;
    size_t id;

    b->due = NULL;
    while (qs_sched_take(b->sched, qs_mono_ms(), &id)) {
        struct run *run;

        if (b->checks[id].running)
            continue; /* its own deadline ends it before the next start */
        run = qs_xzalloc(sizeof(*run));
        *run = (struct run){ .board = b, .check = id };
        b->checks[id].running = qs_probe_start(b->conf.env, &b->conf.spec->checks[id], on_result, run);
    }
    arm(b);
}

/* A check whose last result is older than two intervals says nothing any more. */
static void expire(struct qs_board *b, size_t id)
{
    const struct qs_status_check *check = &b->conf.spec->checks[id];
    struct qs_check_now *c = &b->checks[id];

    if (!c->has_result || qs_mono_ms() - c->at_ms <= 2 * check->interval_ms)
        return;
    c->has_result = false;
    c->state = QS_STATE_UNKNOWN;
    (void)snprintf(c->message, sizeof(c->message), "no result for two intervals");
}

static void on_tick(void *arg)
{
    struct qs_board *b = arg;
    const struct qs_status_spec *spec = b->conf.spec;

    b->tick = qs_loop_after(b->conf.env->loop, TICK_MS, on_tick, b);
    for (size_t i = 0; i < spec->check_count; i++)
        expire(b, i);
    for (size_t i = 0; i < spec->row_count; i++) {
        settle_row(b, i);
        if (qs_mono_ms() - b->rows[i].accrued_ms >= ACCRUE_MS)
            accrue(b, i);
    }
}

/* ---- life ---- */

static const struct qs_row *find_before(const struct qs_board *before, const struct qs_row *row)
{
    for (size_t i = 0; before && i < before->conf.spec->row_count; i++)
        if (before->conf.spec->rows[i].kind == row->kind && qs_streq(before->conf.spec->rows[i].name, row->name))
            return &before->conf.spec->rows[i];
    return NULL;
}

static void remember(struct qs_board *b, const struct qs_row *row, struct qs_row_now *now)
{
    enum qs_state last;
    uint64_t since;

    qs_history_days(b->conf.history, row, &now->days);
    now->was_up_before = qs_history_last(b->conf.history, row, &last, &since) && last == QS_STATE_UP;
}

/* A check of the same name keeps what it said, so that a reload shows no gap. */
static void carry_checks(struct qs_board *b, const struct qs_row *row, const struct qs_board *before,
                         const struct qs_row *old)
{
    for (size_t i = 0; i < row->check_count; i++) {
        const char *name = b->conf.spec->checks[row->first_check + i].name;

        for (size_t k = 0; k < old->check_count; k++) {
            if (!qs_streq(before->conf.spec->checks[old->first_check + k].name, name))
                continue;
            b->checks[row->first_check + i] = before->checks[old->first_check + k];
            b->checks[row->first_check + i].running = NULL;
        }
    }
}

static void start_row(struct qs_board *b, size_t index, const struct qs_board *before)
{
    const struct qs_row *row = &b->conf.spec->rows[index];
    const struct qs_row *old = find_before(before, row);
    struct qs_row_now *now = &b->rows[index];

    if (old) {
        *now = before->rows[old - before->conf.spec->rows];
        carry_checks(b, row, before, old);
    } else if (b->conf.history) {
        remember(b, row, now);
    }
    if (!old) {
        now->accrued_ms = qs_mono_ms();
        now->since_us = qs_now_us();
    }
    settle_row(b, index);
}

struct qs_board *qs_board_new(const struct qs_board_conf *conf, const struct qs_board *before)
{
    struct qs_board *b = qs_xzalloc(sizeof(*b));
    const struct qs_status_spec *spec = conf->spec;

    b->conf = *conf;
    b->started_ms = before ? before->started_ms : qs_mono_ms();
    b->checks = qs_xzalloc((spec->check_count + 1) * sizeof(*b->checks));
    b->rows = qs_xzalloc((spec->row_count + 1) * sizeof(*b->rows));
    b->sched = qs_sched_new(spec->check_count, qs_mono_ms());
    for (size_t i = 0; i < spec->check_count; i++) {
        b->checks[i].certificate_ms = INT64_MIN;
        qs_sched_add(b->sched, i, spec->checks[i].interval_ms);
    }
    for (size_t i = 0; i < spec->row_count; i++)
        start_row(b, i, before);
    b->tick = qs_loop_after(conf->env->loop, TICK_MS, on_tick, b);
    arm(b);
    return b;
}

void qs_board_free(struct qs_board *b)
{
    if (!b)
        return;
    qs_timer_cancel(b->due);
    qs_timer_cancel(b->tick);
    for (size_t i = 0; i < b->conf.spec->check_count; i++) {
        if (b->checks[i].running) {
            free(b->checks[i].running->arg);
            qs_probe_cancel(b->checks[i].running);
        }
    }
    for (size_t i = 0; i < b->conf.spec->row_count; i++)
        accrue(b, i);
    qs_sched_free(b->sched);
    free(b->checks);
    free(b->rows);
    free(b);
}

const struct qs_status_spec *qs_board_spec(const struct qs_board *b)
{
    return b->conf.spec;
}

const struct qs_row_now *qs_board_row(const struct qs_board *b, size_t row)
{
    return &b->rows[row];
}

const struct qs_check_now *qs_board_check(const struct qs_board *b, size_t check)
{
    return &b->checks[check];
}
