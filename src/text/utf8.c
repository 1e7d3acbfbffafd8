#include "text/utf8.h"

#include <stddef.h>

#include "base/err.h"

unsigned qs_utf8_len(const unsigned char *s)
{
    static const struct {
        unsigned char first, last, from, to;
        unsigned len;
    } rows[] = {
        { 0x20, 0x7F, 0, 0, 1 },       { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 },
        { 0xE1, 0xEC, 0x80, 0xBF, 3 }, { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 },
        { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
    };

    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        if (s[0] < rows[i].first || s[0] > rows[i].last)
            continue;
        if (rows[i].len > 1 && (s[1] < rows[i].from || s[1] > rows[i].to))
            return 0;
        for (unsigned n = 2; n < rows[i].len; n++)
            if ((s[n] & 0xC0) != 0x80)
                return 0;
        return rows[i].len;
    }
    return 0;
}
