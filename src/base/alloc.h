/*
 * base/alloc: allocations of a size our own code fixes. They abort the process when memory is out,
 * which every role must survive as it survives kill -9. What a peer sizes goes through base/buf.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

void *qs_xzalloc(size_t size);
/* Grows an array to `count` elements of `size`; new elements are zero. Aborts on overflow. */
void *qs_xgrow(void *p, size_t old_count, size_t count, size_t size);
char *qs_xstrdup(const char *s);
char *qs_xstrndup(const char *s, size_t len);
char *qs_xasprintf(const char *fmt, ...) QS_PRINTF(1, 2);

/* Appends a zeroed element to the growable array `items` (a pointer member) counted by `count`;
 * capacity doubles at powers of two, so no capacity member is kept. Evaluates to the new element. */
#define QS_PUSH(items, count)                                                                      \
    (((count) & ((count)-1)) == 0                                                                  \
         ? (void)((items) = qs_xgrow((items), (count), (count) ? (count)*2 : 1, sizeof(*(items)))) \
         : (void)0,                                                                                \
     (count)++, &(items)[(count)-1])
