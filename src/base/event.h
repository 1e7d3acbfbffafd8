/*
 * base/event: what a role has to say, as one JSON line each on standard error:
 *   {"ts":"…","lvl":"warn","role":"executor","pid":412,"op":"01JN…","ev":"device.apply.failed", …fields}
 * error = a person must act; warn = says what it did instead; info = state changed; debug = anything.
 * Rooms below the roles never emit above debug. On a terminal the same event is one line of text.
 */
#pragma once

#include "base/err.h"

/*    id                  name                    level */
/* clang-format off */
#define QS_EVENTS(X) \
    X(ROLE_STARTED,       "role.started",         INFO) \
    X(ROLE_READY,         "role.ready",           INFO) \
    X(ROLE_STOPPED,       "role.stopped",         INFO) \
    X(ROLE_EXITED,        "role.exited",          WARN)  /* unasked; restarted after a back-off */ \
    X(ROLE_FAILED,        "role.failed",          ERROR) \
    X(TWIN_STARTED,       "twin.started",         INFO) \
    X(TWIN_STOPPED,       "twin.stopped",         INFO) \
    X(DEVICE_OBSERVED,    "device.observed",      DEBUG) \
    X(DEVICE_APPLYING,    "device.applying",      INFO) \
    X(DEVICE_APPLIED,     "device.applied",       INFO) \
    X(DEVICE_FAILED,      "device.failed",        WARN) \
    X(DEVICE_REVERTED,    "device.reverted",      WARN) \
    X(PLAN_MADE,          "plan.made",            INFO) \
    X(APPLY_STARTED,      "apply.started",        INFO) \
    X(APPLY_ENDED,        "apply.ended",          INFO) \
    X(SIGNAL_CHANGED,     "signal.changed",       INFO) \
    X(NOTIFY_FAILED,      "notify.failed",        WARN) \
    X(SANDBOX_PARTIAL,    "sandbox.partial",      WARN)  /* the kernel lacks a fence; names it */ \
    X(DEBUG,              "debug",                DEBUG)
/* clang-format on */

enum qs_event_level { QS_LVL_DEBUG, QS_LVL_INFO, QS_LVL_WARN, QS_LVL_ERROR };
enum qs_event_id {
#define X(id, name, level) QS_EV_##id,
    QS_EVENTS(X)
#undef X
        QS_EV_MAX_
};

/* Once per process: the name in "role" and the lowest level shown (QS_LOG=debug lowers it). */
void qs_event_init(const char *role);
void qs_event_op(const char *op); /* the operation that the following events of this thread belong to; "" for none */
/* Fields are "key", "value" pairs of strings, ended by NULL. Never blocks for long; never fails. */
void qs_event(enum qs_event_id id, ...) __attribute__((__sentinel__));
/* The same with code, msg and hint of `err` added. */
void qs_event_err(enum qs_event_id id, const struct qs_err *err, ...) __attribute__((__sentinel__));
void qs_debug(const char *fmt, ...) QS_PRINTF(1, 2);
