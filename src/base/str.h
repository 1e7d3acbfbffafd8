/*
 * base/str: reading numbers and words out of text with bounds. The only way qs turns text into a
 * number: no sign, no blanks, no trailing bytes, base 10.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

bool qs_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret);
bool qs_parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret);
/* "90", "500ms", "30s", "5m", "2h", "7d" → milliseconds; a bare number is seconds. */
bool qs_parse_duration_ms(const char *text, uint64_t *ret_ms);

static inline bool qs_streq(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}
/* The rest of `s` after `prefix`, or NULL when it does not start so. */
static inline const char *qs_after(const char *s, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}
/* Compares names the way people read them: "Ethernet2" before "Ethernet10". For qsort-like order. */
int qs_natural_cmp(const char *a, const char *b);
/* The nearest of `words` (NULL-terminated) within a third of the length, or NULL: for "did you mean" hints. */
const char *qs_nearest(const char *word, const char *const *words);
