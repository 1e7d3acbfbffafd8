/* cli/change: what plan, apply, rollback and drift share: the wanted state, a plan on the screen, an apply followed. */
#pragma once

#include "cli/verb.h"
#include "converge/desired.h"

/* Loads the lab and resolves it. False: it has said why on stderr already. */
bool qs_cli_desired(const struct qs_cli *cli, struct qs_desired *ret);
/* The request body {"desired", "targets", "release"} from the flags --target and --release. */
struct qs_val *qs_cli_plan_ask(const struct qs_cli *cli, const struct qs_desired *d);
/* The plan as text (or with --native as commands) on stdout. */
void qs_cli_plan_show(const struct qs_cli *cli, const struct qs_val *plan);
/* Asks the executor at `path` for a plan, shows it, and asks a person on a terminal whether it may be applied;
 * elsewhere only what destroys needs --yes. CONFLICT: it may not. */
enum qs_code qs_cli_plan_agreed(const struct qs_cli *cli, const char *path, const struct qs_val *ask,
                                struct qs_val **ret, struct qs_err *err) QS_MUST_CHECK;
/* Applies {"plan", "desired"?} and follows it on stderr; prints the outcome on stdout. Gives the exit status. */
int qs_cli_apply(const struct qs_cli *cli, const struct qs_val *body);
