/*
 * twin/switch/mactable: learnt addresses: (domain, MAC) → where, forgotten after QS_MAC_AGE_S without a frame. Of fixed
 * size: when an address's places are all taken it is not learnt, and its frames are flooded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QS_MAC_AGE_S 300
#define QS_MAC_SLOTS 16384

struct qs_mac_entry {
    uint64_t key; /* 0: free */
    uint32_t seen_s;
    int32_t where;
};
struct qs_mac_table {
    struct qs_mac_entry slots[QS_MAC_SLOTS];
};

static inline uint64_t qs_mac_key(unsigned domain, const uint8_t mac[6])
{
    uint64_t key = domain;

    for (int i = 0; i < 6; i++)
        key = key << 8 | mac[i];
    return key;
}
void qs_mac_learn(struct qs_mac_table *t, uint64_t key, int where, uint32_t now_s);
int qs_mac_find(const struct qs_mac_table *t, uint64_t key, uint32_t now_s); /* -1: not known */
void qs_mac_flush(struct qs_mac_table *t);
static inline bool qs_mac_is_live(const struct qs_mac_entry *e, uint32_t now_s)
{
    return e->key && now_s - e->seen_s < QS_MAC_AGE_S;
}
