#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>

#define EDIT_MAX 64

bool qs_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;

    if (!text || !*text)
        return false;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9')
            return false;
        if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
            return false;
    }
    if (v < min || v > max)
        return false;
    *ret = v;
    return true;
}

bool qs_parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret)
{
    uint64_t v;

    if (!qs_parse_u64(text, min, max, &v))
        return false;
    *ret = (uint32_t)v;
    return true;
}

bool qs_parse_duration_ms(const char *text, uint64_t *ret_ms)
{
    static const struct {
        const char *suffix;
        uint64_t ms;
    } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 }, { "", 1000 } };
    char digits[21];
    size_t n = text ? strspn(text, "0123456789") : 0;
    uint64_t v;

    if (n == 0 || n >= sizeof(digits))
        return false;
    memcpy(digits, text, n);
    digits[n] = '\0';
    if (!qs_parse_u64(digits, 0, UINT64_MAX, &v))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(text + n, units[i].suffix) == 0)
            return !__builtin_mul_overflow(v, units[i].ms, ret_ms);
    return false;
}

int qs_natural_cmp(const char *a, const char *b)
{
    while (*a && *b) {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            while (*a == '0')
                a++;
            while (*b == '0')
                b++;
            size_t na = strspn(a, "0123456789"), nb = strspn(b, "0123456789");
            int c = na != nb ? (na < nb ? -1 : 1) : strncmp(a, b, na);

            if (c)
                return c;
            a += na;
            b += nb;
        } else if (*a != *b) {
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return (*a != 0) - (*b != 0);
}

/* Capped at `most` + 1. */
static unsigned edit_distance(const char *a, const char *b, unsigned most)
{
    size_t na = strlen(a), nb = strlen(b);
    unsigned row[EDIT_MAX + 1];

    if (na > EDIT_MAX || nb > EDIT_MAX)
        return most + 1;
    for (size_t j = 0; j <= nb; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);

            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = above;
            row[j] = best;
        }
    }
    return row[nb] > most ? most + 1 : row[nb];
}

const char *qs_nearest(const char *word, const char *const *words)
{
    unsigned most = (unsigned)strlen(word) / 3 + 1, best = most + 1;
    const char *found = NULL;

    for (; *words; words++) {
        unsigned d = edit_distance(word, *words, most);

        if (d < best) {
            best = d;
            found = *words;
        }
    }
    return found;
}
