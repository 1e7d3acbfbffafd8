/*
 * text/json: JSON (RFC 8259) to values and back (jansson; its only user).
 * Reading refuses duplicate keys, nesting over 64 (QS_JSON_DEPTH), trailing bytes, and NUL in strings.
 * Integers beyond 64 bit are refused, never rounded.
 */
#pragma once

#include "text/val.h"

#define QS_JSON_DEPTH 64

enum qs_code qs_json_parse(const char *text, size_t len, struct qs_val **ret, struct qs_err *err) QS_MUST_CHECK;
/* Appends compact JSON (no blanks). Keys keep their order. */
void qs_json_write(const struct qs_val *v, struct qs_buf *buf);
/* The same with two blanks of indent a level and a final newline: what people read. */
void qs_json_write_pretty(const struct qs_val *v, struct qs_buf *buf);
/* Appends the string with quotes and escapes. */
void qs_json_quote(const char *s, struct qs_buf *buf);
/* Canonical form (sorted keys, compact) for hashing and comparing. */
void qs_json_write_canonical(const struct qs_val *v, struct qs_buf *buf);
/* The value at "a.b[0].c", "" or "$" for the root; NULL when absent. */
const struct qs_val *qs_json_path(const struct qs_val *v, const char *path);
