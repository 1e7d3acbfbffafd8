/* converge/graph: the one order of a plan over all its targets. Pure. */
#pragma once

#include "converge/desired.h"

/* Every target after those it depends on, natural name order among the free ones. *ret_order holds d->count indexes
 * into d->targets and is the caller's to free(). INVALID: a dependency that is no target, or a cycle, told as
 * "core → leaf → core". */
enum qs_code qs_graph_order(const struct qs_desired *d, size_t **ret_order, struct qs_err *err) QS_MUST_CHECK;
