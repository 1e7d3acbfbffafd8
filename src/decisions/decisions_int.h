/* decisions (private): shared by load.c, check.c, triggers.c. */
#pragma once

#include "decisions/decisions.h"

void qs_adr_problem(struct qs_problems *ps, struct qs_at at, const char *hint, const char *fmt, ...) QS_PRINTF(4, 5);
/* NULL-terminated words: the kinds of triggers. */
extern const char *const qs_trigger_kinds[];
/* Whether the text of a trigger has the form of its kind; else what it should look like. */
const char *qs_trigger_malformed(const struct qs_trigger *t);
void qs_trigger_evaluate(struct qs_trigger *t, const struct qs_lab *lab, const struct qs_val *facts);
