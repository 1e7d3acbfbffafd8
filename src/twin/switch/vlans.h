/*
 * twin/switch/vlans: a set of VLAN ids 1..4094 and its text form, "10,20-29".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define QS_SW_VLAN_MAX 4094

struct qs_sw_vlans {
    uint64_t bits[64];
};

/* Parses "10,20-29". False on anything else: an empty text, 0, 4095, a range that runs backwards. */
bool qs_sw_vlans_parse(const char *text, struct qs_sw_vlans *ret);
/* Appends the shortest form in ascending order; nothing for the empty set. */
void qs_sw_vlans_format(const struct qs_sw_vlans *set, struct qs_buf *buf);
void qs_sw_vlans_fill(struct qs_sw_vlans *set); /* 1..4094 */
bool qs_sw_vlans_equal(const struct qs_sw_vlans *a, const struct qs_sw_vlans *b);
bool qs_sw_vlans_is_empty(const struct qs_sw_vlans *set);
void qs_sw_vlans_join(struct qs_sw_vlans *set, const struct qs_sw_vlans *more);
void qs_sw_vlans_cut(struct qs_sw_vlans *set, const struct qs_sw_vlans *less);
/* The smallest member above `after`; 0 when there is none. Start with 0. */
unsigned qs_sw_vlans_next(const struct qs_sw_vlans *set, unsigned after);

static inline bool qs_sw_vlans_has(const struct qs_sw_vlans *set, unsigned id)
{
    return id < 4096 && (set->bits[id / 64] >> (id % 64) & 1);
}
static inline void qs_sw_vlans_add(struct qs_sw_vlans *set, unsigned id)
{
    set->bits[id / 64] |= UINT64_C(1) << (id % 64);
}
