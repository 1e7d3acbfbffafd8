/*
 * roles/status/sched (private): when each check starts. Starts lie on a grid of the check's own interval, so that neither
 * slow answers nor late wake-ups shift them; a small random delay that does not add up keeps checks of equal intervals
 * apart. Pure: the caller brings the time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qs_sched;

/* `count` checks are to be added; the first starts are spread so that they do not come in one burst. */
struct qs_sched *qs_sched_new(size_t count, uint64_t now_ms);
void qs_sched_free(struct qs_sched *s);                                 /* accepts NULL */
void qs_sched_add(struct qs_sched *s, size_t id, uint64_t interval_ms); /* ids count up from 0 */
/* When the next one starts; UINT64_MAX when there is none. */
uint64_t qs_sched_next(const struct qs_sched *s);
/* The check that is due at `now_ms`, re-armed on its grid (starts that were missed are left out); false: none. */
bool qs_sched_take(struct qs_sched *s, uint64_t now_ms, size_t *ret_id);
/* One extra start at `at_ms`, if that is before the next one. The grid stays. */
void qs_sched_soon(struct qs_sched *s, size_t id, uint64_t at_ms);
