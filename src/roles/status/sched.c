#include "roles/status/sched.h"

#include <stdlib.h>

#include "base/alloc.h"

#define BURST_MS 200   /* a few checks all start within this time */
#define SPREAD_MS 1    /* many: one a millisecond, at most over one interval */
#define JITTER_PART 50 /* of the interval: 2 % */

struct slot {
    size_t id, place;                     /* place in the heap */
    uint64_t interval_ms, grid_ms, at_ms; /* at_ms: the next start; grid_ms: the next grid point */
};
struct qs_sched {
    struct slot *slots; /* by id */
    struct slot **heap;
    size_t count, room;
    uint64_t start_ms, seed;
};

struct qs_sched *qs_sched_new(size_t count, uint64_t now_ms)
{
    struct qs_sched *s = qs_xzalloc(sizeof(*s));

    s->room = count;
    s->slots = qs_xzalloc((count + 1) * sizeof(*s->slots));
    s->heap = qs_xzalloc((count + 1) * sizeof(struct slot *));
    s->start_ms = now_ms;
    s->seed = now_ms | 1;
    return s;
}

void qs_sched_free(struct qs_sched *s)
{
    if (!s)
        return;
    free(s->slots);
    free(s->heap);
    free(s);
}

/* xorshift64: the delays need to differ, not to be secret. */
static uint64_t random_below(struct qs_sched *s, uint64_t n)
{
    s->seed ^= s->seed << 13;
    s->seed ^= s->seed >> 7;
    s->seed ^= s->seed << 17;
    return n ? s->seed % n : 0;
}

static void place(struct qs_sched *s, struct slot *slot, size_t at)
{
    s->heap[at] = slot;
    slot->place = at;
}

static void sift(struct qs_sched *s, size_t at)
{
    struct slot *slot = s->heap[at];

    while (at > 0 && slot->at_ms < s->heap[(at - 1) / 2]->at_ms) {
        place(s, s->heap[(at - 1) / 2], at);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < s->count && s->heap[child + 1]->at_ms < s->heap[child]->at_ms)
            child++;
        if (child >= s->count || s->heap[child]->at_ms >= slot->at_ms)
            break;
        place(s, s->heap[child], at);
        at = child;
    }
    place(s, slot, at);
}

void qs_sched_add(struct qs_sched *s, size_t id, uint64_t interval_ms)
{
    struct slot *slot = &s->slots[id];
    uint64_t spread = s->room * SPREAD_MS < BURST_MS ? BURST_MS : s->room * SPREAD_MS;

    if (spread > interval_ms)
        spread = interval_ms;
    *slot = (struct slot){ .id = id, .interval_ms = interval_ms };
    slot->grid_ms = s->start_ms + id * spread / (s->room ? s->room : 1);
    slot->at_ms = slot->grid_ms;
    place(s, slot, s->count++);
    sift(s, slot->place);
}

uint64_t qs_sched_next(const struct qs_sched *s)
{
    return s->count ? s->heap[0]->at_ms : UINT64_MAX;
}

bool qs_sched_take(struct qs_sched *s, uint64_t now_ms, size_t *ret_id)
{
    struct slot *slot = s->count ? s->heap[0] : NULL;

    if (!slot || slot->at_ms > now_ms)
        return false;
    *ret_id = slot->id;
    if (slot->grid_ms <= now_ms) /* not an extra start: go on to the next grid point that is still to come */
        slot->grid_ms += ((now_ms - slot->grid_ms) / slot->interval_ms + 1) * slot->interval_ms;
    slot->at_ms = slot->grid_ms + random_below(s, slot->interval_ms / JITTER_PART);
    sift(s, slot->place);
    return true;
}

void qs_sched_soon(struct qs_sched *s, size_t id, uint64_t at_ms)
{
    struct slot *slot = &s->slots[id];

    if (at_ms >= slot->at_ms)
        return;
    slot->at_ms = at_ms;
    sift(s, slot->place);
}
