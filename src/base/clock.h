/* base/clock: the time of day for people and records, the monotonic clock for deadlines. */
#pragma once

#include <stdint.h>

#define QS_TIME_TEXT 28 /* "2026-03-02T10:11:12.345678Z" and its NUL */

uint64_t qs_now_us(void);  /* since 1970, UTC */
uint64_t qs_mono_ms(void); /* monotonic; never goes back */
uint64_t qs_mono_us(void);
/* RFC 3339 UTC with microseconds. Returns `text`. */
const char *qs_time_text(uint64_t us, char text[QS_TIME_TEXT]);
/* RFC 3339 UTC in whole seconds: "2026-03-02T10:11:12Z". Returns `text`. */
const char *qs_time_text_s(uint64_t us, char text[QS_TIME_TEXT]);
