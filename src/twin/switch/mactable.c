#include "twin/switch/mactable.h"

#include <string.h>

#define PROBES 16

static size_t slot_of(uint64_t key, unsigned probe)
{
    uint64_t h = key * UINT64_C(0x9e3779b97f4a7c15);

    return (size_t)((h >> 40) + probe) % QS_MAC_SLOTS;
}

void qs_mac_learn(struct qs_mac_table *t, uint64_t key, int where, uint32_t now_s)
{
    struct qs_mac_entry *place = NULL;

    for (unsigned i = 0; i < PROBES; i++) {
        struct qs_mac_entry *e = &t->slots[slot_of(key, i)];

        if (e->key == key) {
            place = e;
            break;
        }
        if (!place && !qs_mac_is_live(e, now_s))
            place = e;
    }
    if (place)
        *place = (struct qs_mac_entry){ .key = key, .seen_s = now_s, .where = where };
}

int qs_mac_find(const struct qs_mac_table *t, uint64_t key, uint32_t now_s)
{
    for (unsigned i = 0; i < PROBES; i++) {
        const struct qs_mac_entry *e = &t->slots[slot_of(key, i)];

        if (e->key == key)
            return qs_mac_is_live(e, now_s) ? e->where : -1;
    }
    return -1;
}

void qs_mac_flush(struct qs_mac_table *t)
{
    memset(t->slots, 0, sizeof(t->slots));
}
