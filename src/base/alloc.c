#include "base/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *qs_xzalloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if (!p)
        abort();
    return p;
}

void *qs_xgrow(void *p, size_t old_count, size_t count, size_t size)
{
    if (count > SIZE_MAX / size)
        abort();
    p = realloc(p, count * size);
    if (!p)
        abort();
    memset((char *)p + old_count * size, 0, (count - old_count) * size);
    return p;
}

char *qs_xstrdup(const char *s)
{
    return qs_xstrndup(s, strlen(s));
}

char *qs_xstrndup(const char *s, size_t len)
{
    char *copy = qs_xzalloc(len + 1);

    memcpy(copy, s, len);
    return copy;
}

char *qs_xasprintf(const char *fmt, ...)
{
    va_list ap;
    char *text = NULL;

    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    return text;
}
