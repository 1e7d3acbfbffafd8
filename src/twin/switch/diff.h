/*
 * twin/switch/diff: the unified difference of two texts by lines, as `show session-config diffs` prints it.
 */
#pragma once

#include "base/buf.h"

/* Appends nothing when the texts are equal. */
void qs_sw_diff(const char *from_name, const char *from, const char *to_name, const char *to, struct qs_buf *buf);
