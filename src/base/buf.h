/*
 * base/buf: a growable byte buffer with a cap stated when it is made. Anything a peer sizes is
 * collected here. After the cap is passed the buffer is `over`: appends do nothing, and
 * qs_buf_check() turns that into LIMIT, so a writer may append freely and check once.
 * The bytes are always followed by a NUL that `len` does not count.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

struct qs_buf {
    char *data; /* NULL until the first append */
    size_t len, size, cap;
    bool over;
};
#define QS_BUF(cap_bytes) ((struct qs_buf){ .cap = (cap_bytes) })

void qs_buf_add(struct qs_buf *b, const void *data, size_t len);
void qs_buf_puts(struct qs_buf *b, const char *text);
void qs_buf_putc(struct qs_buf *b, char c);
void qs_buf_printf(struct qs_buf *b, const char *fmt, ...) QS_PRINTF(2, 3);
void qs_buf_vprintf(struct qs_buf *b, const char *fmt, va_list ap) QS_PRINTF(2, 0);
/* Room for at least `len` more bytes at data + len; NULL when that would pass the cap (then `over`).
 * The caller writes there and adds what it wrote to b->len. */
char *qs_buf_reserve(struct qs_buf *b, size_t len);
/* Drops the first `len` bytes. */
void qs_buf_consume(struct qs_buf *b, size_t len);
/* LIMIT when the cap was passed; `what` names the content. */
enum qs_code qs_buf_check(const struct qs_buf *b, const char *what, struct qs_err *err) QS_MUST_CHECK;
/* The text, "" when empty. Valid until the next change. */
const char *qs_buf_text(const struct qs_buf *b);
/* Hands the bytes over (never NULL) and leaves the buffer empty. */
char *qs_buf_take(struct qs_buf *b);
void qs_buf_clear(struct qs_buf *b); /* keeps the memory */
void qs_buf_done(struct qs_buf *b);

static inline void qs_auto_buf_cb(struct qs_buf *b)
{
    qs_buf_done(b);
}
