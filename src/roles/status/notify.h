/*
 * roles/status/notify (private): tells people. A message goes out when a signal was not up for `failures` results in a
 * row, and one when it was up again for `successes`; nothing while the signal is in maintenance. Sending is the worker's:
 * three tries, then event notify.failed.
 */
#pragma once

#include "roles/status/board.h"
#include "roles/status/worker.h"

struct qs_notify;
struct qs_notify *qs_notify_new(const struct qs_status_spec *spec, struct qs_loop *loop, struct qs_worker *worker);
void qs_notify_free(struct qs_notify *n); /* accepts NULL; messages on their way are given up */
/* A result of the signal came in, and this is how it is now. */
void qs_notify_result(struct qs_notify *n, size_t row, const struct qs_row_now *now);
