/* cli/help: texts made from the verb table: help, the man page, shell completions. */
#pragma once

#include <stdio.h>

#include "cli/verb.h"

extern const struct qs_flag qs_global_flags[]; /* ended by name NULL */

void qs_help_list(FILE *out);
void qs_help_verb(FILE *out, const struct qs_verb *v);
