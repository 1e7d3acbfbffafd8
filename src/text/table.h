/*
 * text/table: aligned columns for a terminal. Widths count UTF-8 code points. Colour escapes are added
 * only when the caller says the stream takes them (see qs_table_colour_ok).
 */
#pragma once

#include "base/buf.h"

struct qs_table;
enum qs_tint { QS_PLAIN, QS_GREEN, QS_YELLOW, QS_RED, QS_GREY, QS_BOLD };

struct qs_table *qs_table_new(const char *const *heads, size_t count); /* heads may be NULL: no head row */
void qs_table_cell(struct qs_table *t, enum qs_tint tint, const char *fmt, ...) QS_PRINTF(3, 4); /* fills row by row */
void qs_table_write(const struct qs_table *t, bool colour, struct qs_buf *buf);
void qs_table_free(struct qs_table *t);
/* A terminal, NO_COLOR unset or empty, TERM not dumb. */
bool qs_table_colour_ok(int fd);
const char *qs_tint_on(enum qs_tint tint, bool colour); /* "" when not colour */
const char *qs_tint_off(bool colour);
