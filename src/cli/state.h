/* cli/state: a state folder belongs to one site. */
#pragma once

#include "cli/verb.h"

/* Notes --site in the state folder, or refuses (CONFLICT) a folder that another site uses: taking the twin down must
 * never remove the journal of a rack. `make`: note it where nothing is noted yet. */
enum qs_code qs_cli_claim_state(const struct qs_cli *cli, bool make, struct qs_err *err) QS_MUST_CHECK;
