/* roles/status/state (private): how a check, signal, component, group or the whole is. */
#pragma once

/*    state        text           numbers in /metrics and day buckets follow this order */
/* clang-format off */
#define QS_STATES(X) \
    X(UNKNOWN,     "unknown")     /* nothing was seen yet, or not for two intervals */ \
    X(UP,          "up") \
    X(DEGRADED,    "degraded")    /* some checks fail, or the device drifted */ \
    X(DOWN,        "down") \
    X(PENDING,     "pending")     /* not built or not enabled; the message says what would do it */ \
    X(MAINTENANCE, "maintenance")
/* clang-format on */

enum qs_state {
#define X(id, text) QS_STATE_##id,
    QS_STATES(X)
#undef X
        QS_STATE_MAX_
};

const char *qs_state_text(enum qs_state s);
enum qs_state qs_state_parse(const char *text); /* UNKNOWN for any other text */
