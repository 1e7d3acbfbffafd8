#include "twin/switch/vlans.h"

#include <ctype.h>
#include <string.h>

/* Reads a VLAN id at *text and steps over it. */
static bool take_id(const char **text, unsigned *ret)
{
    unsigned id = 0;
    const char *p = *text;

    for (; isdigit((unsigned char)*p) && p - *text < 4; p++)
        id = id * 10 + (unsigned)(*p - '0');
    if (p == *text || **text == '0' || isdigit((unsigned char)*p) || id > QS_SW_VLAN_MAX)
        return false;
    *text = p;
    *ret = id;
    return true;
}

bool qs_sw_vlans_parse(const char *text, struct qs_sw_vlans *ret)
{
    struct qs_sw_vlans set = { 0 };

    for (;;) {
        unsigned first, last;

        if (!take_id(&text, &first))
            return false;
        last = first;
        if (*text == '-') {
            text++;
            if (!take_id(&text, &last) || last < first)
                return false;
        }
        for (unsigned id = first; id <= last; id++)
            qs_sw_vlans_add(&set, id);
        if (*text == '\0')
            break;
        if (*text++ != ',')
            return false;
    }
    *ret = set;
    return true;
}

unsigned qs_sw_vlans_next(const struct qs_sw_vlans *set, unsigned after)
{
    for (unsigned id = after + 1; id <= QS_SW_VLAN_MAX; id++)
        if (qs_sw_vlans_has(set, id))
            return id;
    return 0;
}

void qs_sw_vlans_format(const struct qs_sw_vlans *set, struct qs_buf *buf)
{
    const char *comma = "";

    for (unsigned id = qs_sw_vlans_next(set, 0); id; id = qs_sw_vlans_next(set, id)) {
        unsigned last = id;

        while (qs_sw_vlans_has(set, last + 1))
            last++;
        qs_buf_printf(buf, last > id ? "%s%u-%u" : "%s%u", comma, id, last);
        comma = ",";
        id = last;
    }
}

void qs_sw_vlans_fill(struct qs_sw_vlans *set)
{
    memset(set, 0xff, sizeof(*set));
    set->bits[0] &= ~UINT64_C(1);
    set->bits[63] &= ~(UINT64_C(1) << 63);
}

bool qs_sw_vlans_equal(const struct qs_sw_vlans *a, const struct qs_sw_vlans *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

bool qs_sw_vlans_is_empty(const struct qs_sw_vlans *set)
{
    return qs_sw_vlans_next(set, 0) == 0;
}

void qs_sw_vlans_join(struct qs_sw_vlans *set, const struct qs_sw_vlans *more)
{
    for (unsigned i = 0; i < 64; i++)
        set->bits[i] |= more->bits[i];
}

void qs_sw_vlans_cut(struct qs_sw_vlans *set, const struct qs_sw_vlans *less)
{
    for (unsigned i = 0; i < 64; i++)
        set->bits[i] &= ~less->bits[i];
}
