#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lab/lab_int.h"

#define CHUNK 65536
#define ALIGN _Alignof(max_align_t)

struct lab_chunk {
    struct lab_chunk *next;
    size_t used, size;
    _Alignas(max_align_t) unsigned char data[];
};

void *lab_alloc(struct lab_arena *a, size_t size)
{
    struct lab_chunk *c = a->chunks;

    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (!c || c->size - c->used < size) {
        size_t room = size > CHUNK ? size : CHUNK;

        c = qs_xzalloc(sizeof(*c) + room);
        c->size = room;
        c->next = a->chunks;
        a->chunks = c;
    }
    c->used += size;
    return c->data + c->used - size;
}

char *lab_strndup(struct lab_arena *a, const char *s, size_t len)
{
    char *copy = lab_alloc(a, len + 1);

    memcpy(copy, s, len);
    return copy;
}

char *lab_strdup(struct lab_arena *a, const char *s)
{
    return s ? lab_strndup(a, s, strlen(s)) : NULL;
}

char *lab_printf(struct lab_arena *a, const char *fmt, ...)
{
    va_list ap, again;
    char *text;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    text = lab_alloc(a, (size_t)n + 1);
    (void)vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}

void *lab_grown(struct lab_arena *a, const void *items, size_t count, size_t size)
{
    void *more;

    if (count & (count - 1)) /* capacities are powers of two: there is room */
        return (void *)(uintptr_t)items;
    more = lab_alloc(a, (count ? count * 2 : 1) * size);
    if (count)
        memcpy(more, items, count * size);
    return more;
}

void lab_arena_done(struct lab_arena *a)
{
    while (a->chunks) {
        struct lab_chunk *next = a->chunks->next;

        free(a->chunks);
        a->chunks = next;
    }
}
