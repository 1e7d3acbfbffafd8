#include "text/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"

#define GAP 2

struct cell {
    char *text;
    enum qs_tint tint;
};
struct qs_table {
    size_t columns, count; /* cells, the head row included */
    struct cell *cells;
};

static const char *const tints[] = {
    [QS_PLAIN] = "",       [QS_GREEN] = "\033[32m", [QS_YELLOW] = "\033[33m",
    [QS_RED] = "\033[31m", [QS_GREY] = "\033[90m",  [QS_BOLD] = "\033[1m",
};

struct qs_table *qs_table_new(const char *const *heads, size_t count)
{
    struct qs_table *t = qs_xzalloc(sizeof(*t));

    t->columns = count;
    for (size_t i = 0; heads && i < count; i++)
        qs_table_cell(t, QS_BOLD, "%s", heads[i]);
    return t;
}

void qs_table_cell(struct qs_table *t, enum qs_tint tint, const char *fmt, ...)
{
    struct cell *c = QS_PUSH(t->cells, t->count);
    va_list ap;

    va_start(ap, fmt);
    int n = vasprintf(&c->text, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    c->tint = tint;
}

static size_t width(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80; /* a continuation byte adds no character */
    return n;
}

static void write_cell(const struct cell *c, size_t pad, bool colour, struct qs_buf *buf)
{
    bool tinted = colour && c->tint != QS_PLAIN;

    qs_buf_puts(buf, tinted ? tints[c->tint] : "");
    qs_buf_puts(buf, c->text);
    qs_buf_puts(buf, qs_tint_off(tinted));
    qs_buf_printf(buf, "%*s", (int)pad, "");
}

void qs_table_write(const struct qs_table *t, bool colour, struct qs_buf *buf)
{
    size_t *widest = qs_xzalloc(t->columns * sizeof(*widest));

    for (size_t i = 0; i < t->count; i++) {
        size_t w = width(t->cells[i].text);

        if (w > widest[i % t->columns])
            widest[i % t->columns] = w;
    }
    for (size_t i = 0; i < t->count; i++) {
        bool last = (i + 1) % t->columns == 0 || i + 1 == t->count;

        write_cell(&t->cells[i], last ? 0 : widest[i % t->columns] - width(t->cells[i].text) + GAP, colour, buf);
        if (last)
            qs_buf_putc(buf, '\n');
    }
    free(widest);
}

void qs_table_free(struct qs_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++)
        free(t->cells[i].text);
    free(t->cells);
    free(t);
}

bool qs_table_colour_ok(int fd)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(fd) && (!no || !*no) && term && !qs_streq(term, "dumb");
}

const char *qs_tint_on(enum qs_tint tint, bool colour)
{
    return colour ? tints[tint] : "";
}

const char *qs_tint_off(bool colour)
{
    return colour ? "\033[0m" : "";
}
