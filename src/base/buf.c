#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

char *qs_buf_reserve(struct qs_buf *b, size_t len)
{
    if (b->over || len > b->cap - b->len) {
        b->over = true;
        return NULL;
    }
    if (b->len + len + 1 > b->size) {
        size_t size = b->size ? b->size : 256;

        while (size < b->len + len + 1)
            size *= 2;
        b->data = qs_xgrow(b->data, b->size, size, 1);
        b->size = size;
    }
    return b->data + b->len;
}

void qs_buf_add(struct qs_buf *b, const void *data, size_t len)
{
    char *at = qs_buf_reserve(b, len);

    if (!at)
        return;
    if (len)
        memcpy(at, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void qs_buf_puts(struct qs_buf *b, const char *text)
{
    qs_buf_add(b, text, strlen(text));
}

void qs_buf_putc(struct qs_buf *b, char c)
{
    qs_buf_add(b, &c, 1);
}

void qs_buf_vprintf(struct qs_buf *b, const char *fmt, va_list ap)
{
    char small[256];
    va_list again;

    va_copy(again, ap);
    int n = vsnprintf(small, sizeof(small), fmt, ap);
    if (n >= 0 && (size_t)n < sizeof(small)) {
        qs_buf_add(b, small, (size_t)n);
    } else if (n >= 0) {
        char *at = qs_buf_reserve(b, (size_t)n);

        if (at) {
            (void)vsnprintf(at, (size_t)n + 1, fmt, again);
            b->len += (size_t)n;
        }
    }
    va_end(again);
}

void qs_buf_printf(struct qs_buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    qs_buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void qs_buf_consume(struct qs_buf *b, size_t len)
{
    if (len >= b->len) {
        qs_buf_clear(b);
        return;
    }
    memmove(b->data, b->data + len, b->len - len + 1);
    b->len -= len;
}

enum qs_code qs_buf_check(const struct qs_buf *b, const char *what, struct qs_err *err)
{
    if (b->over)
        return qs_err_set(err, QS_LIMIT, 0, "%s is longer than %zu bytes", what, b->cap);
    return QS_OK;
}

const char *qs_buf_text(const struct qs_buf *b)
{
    return b->data ? b->data : "";
}

char *qs_buf_take(struct qs_buf *b)
{
    char *data = b->data ? b->data : qs_xstrdup("");

    b->data = NULL;
    b->len = b->size = 0;
    return data;
}

void qs_buf_clear(struct qs_buf *b)
{
    b->len = 0;
    b->over = false;
    if (b->data)
        b->data[0] = '\0';
}

void qs_buf_done(struct qs_buf *b)
{
    if (!b)
        return;
    free(b->data);
    *b = (struct qs_buf){ .cap = b->cap };
}
