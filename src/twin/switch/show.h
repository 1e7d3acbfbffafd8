/*
 * twin/switch/show: the show commands. Each fills the model, or with `model` NULL the text.
 */
#pragma once

#include "twin/switch/exec.h"
#include "twin/switch/pattern.h"

#define QS_SW_SHOW_MAX (8u << 20) /* bytes of a command's text */

typedef enum qs_code qs_sw_show_fn(struct qs_sw_exec *ex, const struct qs_sw_arg *a, struct qs_val *model,
                                   struct qs_buf *text, struct qs_err *err);
struct qs_sw_show {
    const char *pattern;
    bool privileged, text_only;
    qs_sw_show_fn *fn;
};
/* The rows of the table, ended by a NULL pattern. */
extern const struct qs_sw_show qs_sw_shows[];

/* Keeps what "| section|include|exclude|begin REGEX" asks for. INVALID: no such filter or no regular expression. */
enum qs_code qs_sw_filter(const char *kind, const char *regex, struct qs_buf *text, struct qs_err *err) QS_MUST_CHECK;
