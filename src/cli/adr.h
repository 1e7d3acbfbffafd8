/* cli/adr: the decision records as verbs use them. */
#pragma once

#include "cli/verb.h"
#include "decisions/decisions.h"

/* Loads, checks and evaluates the records that belong to --lab (docs/adrs beside it, or --adrs). `problems` collects
 * what is wrong in them; NULL with `err` when the folder cannot be read. The caller frees with qs_adrs_free(). */
struct qs_adrs *qs_cli_adrs(const struct qs_cli *cli, const struct qs_lab *lab, struct qs_problems *problems,
                            struct qs_err *err);
