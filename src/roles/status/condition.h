/*
 * roles/status/condition (private): what a check demands of a result, as Gatus writes it:
 *
 *   [STATUS] == 200   [RESPONSE_TIME] < 500   [BODY].a.b == x   [BODY].list[0] != pat(*error*)   len([BODY].list) > 2
 *   has([BODY].key) == true   [STATUS] == any(200, 204)   [CERTIFICATE_EXPIRATION] > 168h   [CONNECTED] == true
 *   [IP] == 10.0.0.1   [DNS_RCODE] == NOERROR
 *
 * An operator stands between blanks. Texts that both read as numbers compare as numbers; < > <= >= demand numbers. A
 * path that is not there makes the condition false, and its text says (INVALID). Pure; never blocks.
 */
#pragma once

#include "base/buf.h"
#include "text/val.h"

#define QS_CONDITION_MAX 512

enum qs_place { /* what a side of the condition reads from the result */
                QS_PLACE_LITERAL,
                QS_PLACE_STATUS,
                QS_PLACE_RESPONSE_TIME, /* milliseconds */
                QS_PLACE_IP,
                QS_PLACE_BODY,
                QS_PLACE_CONNECTED,
                QS_PLACE_CERTIFICATE,
                QS_PLACE_RCODE,
};
enum qs_function { QS_FN_NONE, QS_FN_LEN, QS_FN_HAS, QS_FN_PAT, QS_FN_ANY };
enum qs_operator { QS_OP_EQ, QS_OP_NE, QS_OP_LE, QS_OP_GE, QS_OP_GT, QS_OP_LT };

struct qs_side {
    enum qs_place place;
    enum qs_function fn;
    char text[QS_CONDITION_MAX]; /* the literal, the pattern, the list of any(), or the path under [BODY] */
};
struct qs_condition {
    char *source; /* as it was written; owned */
    enum qs_operator op;
    struct qs_side left, right;
};

/* What conditions look at. The texts belong to the caller. */
struct qs_observed {
    bool connected;
    int status;
    uint64_t elapsed_ms;
    const char *ip, *rcode; /* "" when unknown */
    int64_t certificate_ms; /* until it ends; INT64_MIN when there was none */
    const char *body;
    const struct qs_val *json; /* the body as JSON, NULL when it is none */
};

/* INVALID names what is wrong. On success the caller ends it with qs_condition_done(). */
enum qs_code qs_condition_parse(const char *text, struct qs_condition *ret, struct qs_err *err) QS_MUST_CHECK;
void qs_condition_done(struct qs_condition *c);
/* Whether it holds. When not, `why` (may be NULL) gets it with the values seen: "[STATUS] (503) == 200". */
bool qs_condition_holds(const struct qs_condition *c, const struct qs_observed *seen, char *why, size_t size);
