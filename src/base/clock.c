#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_us(clockid_t id)
{
    struct timespec ts;

    (void)clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t qs_now_us(void)
{
    return read_us(CLOCK_REALTIME);
}

uint64_t qs_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

uint64_t qs_mono_ms(void)
{
    return qs_mono_us() / 1000;
}

const char *qs_time_text(uint64_t us, char text[QS_TIME_TEXT])
{
    time_t s = (time_t)(us / 1000000);
    struct tm tm;

    (void)gmtime_r(&s, &tm);
    size_t n = strftime(text, QS_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(text + n, QS_TIME_TEXT - n, ".%06uZ", (unsigned)(us % 1000000));
    return text;
}

const char *qs_time_text_s(uint64_t us, char text[QS_TIME_TEXT])
{
    time_t s = (time_t)(us / 1000000);
    struct tm tm;

    (void)gmtime_r(&s, &tm);
    (void)strftime(text, QS_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return text;
}
