/*
 * base/err: the one error type of qs.
 *
 * Every fallible function returns enum qs_code, takes `struct qs_err *err` last, and on failure has
 * filled it exactly once with qs_err_set(). Callers add a name with qs_err_wrap() and pass it up;
 * only a role's top level or the CLI prints it. Caller-owned, fixed size: no allocation, no hidden
 * last error, and it travels in a reply as it is.
 */
#pragma once

#include <stdbool.h>

/*    name         text           retry */
/* clang-format off */
#define QS_CODES(X) \
    X(OK,          "ok",          false) \
    X(INVALID,     "invalid",     false) /* the input is wrong: a person must change it */ \
    X(NOTFOUND,    "not-found",   false) \
    X(DENIED,      "denied",      false) /* credentials, certificate or policy said no */ \
    X(CONFLICT,    "conflict",    false) /* the world moved: observe and plan again */ \
    X(LIMIT,       "limit",       false) /* a cap of ours was reached */ \
    X(TIMEOUT,     "timeout",     true) \
    X(UNREACHABLE, "unreachable", true) \
    X(PROTO,       "protocol",    false) /* the peer does not speak what it should */ \
    X(REFUSED,     "refused",     false) /* the target rejected a command */ \
    X(IO,          "io",          false) \
    X(UNSUPPORTED, "unsupported", false) /* this machine or build cannot do it */ \
    X(INTERNAL,    "internal",    false)
/* clang-format on */

enum qs_code {
#define X(name, text, retry) QS_##name,
    QS_CODES(X)
#undef X
        QS_CODE_MAX_
};

struct qs_err {
    enum qs_code code; /* stable: wire and JSON */
    int sys;           /* errno, CURLcode or sqlite code; 0 when none */
    char ctx[192];     /* outermost context first; "" when none */
    char msg[320];     /* root cause: lower case, no final period */
    char hint[192];    /* what the operator can do next, a full sentence; "" when nothing */
};
#define QS_ERR_INIT ((struct qs_err){ .code = QS_OK })

#define QS_PRINTF(a, b) __attribute__((__format__(__printf__, a, b)))
#define QS_MUST_CHECK __attribute__((__warn_unused_result__))
/* Drops a result on purpose; gcc does not take (void) for that. */
#define QS_IGNORE(expr) \
    do {                \
        if (expr) {     \
        }               \
    } while (0)
#define QS_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Sets the root cause, dropping anything held before. Returns `code`. */
enum qs_code qs_err_set(struct qs_err *err, enum qs_code code, int sys, const char *fmt, ...) QS_PRINTF(4, 5);
/* Sets the root cause from an errno: "<text>: <strerror>". Returns `code`. */
enum qs_code qs_err_sys(struct qs_err *err, enum qs_code code, int errnum, const char *fmt, ...) QS_PRINTF(4, 5);
/* Attaches a hint to an error already set. Returns err->code. */
enum qs_code qs_err_hint(struct qs_err *err, const char *fmt, ...) QS_PRINTF(2, 3);
/* Prefixes one level of context. When ctx is full the outer level is dropped, never the cause. */
enum qs_code qs_err_wrap(struct qs_err *err, const char *fmt, ...) QS_PRINTF(2, 3);
/* Writes "ctx: msg" (no hint) to `buf`; always terminated. Returns buf. */
const char *qs_err_text(const struct qs_err *err, char *buf, unsigned long size);

const char *qs_code_text(enum qs_code code);
bool qs_code_parse(const char *text, enum qs_code *ret_code);
bool qs_code_retryable(enum qs_code code);
