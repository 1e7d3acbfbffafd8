/*
 * cli/progress: long work as it goes, on standard error: a table that is redrawn in place on a terminal, one plain line
 * a change elsewhere. Rows appear in the order they are first named.
 */
#pragma once

#include "base/err.h"
#include "base/cleanup.h"

enum qs_progress_state { QS_PROGRESS_BEGUN, QS_PROGRESS_DONE, QS_PROGRESS_FAILED, QS_PROGRESS_NOTE };

struct qs_progress;

struct qs_progress *qs_progress_new(bool colour);
void qs_progress_set(struct qs_progress *p, const char *name, enum qs_progress_state state, const char *text);
/* Leaves the last picture on the screen. */
void qs_progress_free(struct qs_progress *p);
QS_DEFINE_AUTO(progress, struct qs_progress *, qs_progress_free)
