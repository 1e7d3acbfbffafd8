#include "twin/switch/diff.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

#define CONTEXT 3
#define CELLS_MAX (4u << 20) /* beyond it the changed middle is shown as replaced whole */

struct line {
    const char *text;
    size_t len;
};
struct edit {
    char op; /* ' ', '-', '+' */
    const struct line *line;
};
struct texts {
    struct line *a, *b;
    size_t na, nb;
    struct edit *edits;
    size_t count;
};

static struct line *split(const char *text, size_t *ret_count)
{
    struct line *lines = NULL;
    size_t count = 0;

    while (*text) {
        size_t len = strcspn(text, "\n");

        *QS_PUSH(lines, count) = (struct line){ text, len };
        text += len + (text[len] == '\n');
    }
    *ret_count = count;
    return lines;
}

static bool same(const struct line *a, const struct line *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static void emit(struct texts *t, char op, const struct line *line)
{
    *QS_PUSH(t->edits, t->count) = (struct edit){ op, line };
}

/* lcs[i * (m + 1) + j]: length of the longest common part of a[i..] and b[j..]. */
static uint16_t *measure(const struct line *a, size_t n, const struct line *b, size_t m)
{
    uint16_t *lcs = qs_xzalloc((n + 1) * (m + 1) * sizeof(*lcs));

    for (size_t i = n; i-- > 0;)
        for (size_t j = m; j-- > 0;) {
            uint16_t down = lcs[(i + 1) * (m + 1) + j], right = lcs[i * (m + 1) + j + 1];

            if (same(&a[i], &b[j]))
                lcs[i * (m + 1) + j] = (uint16_t)(lcs[(i + 1) * (m + 1) + j + 1] + 1);
            else
                lcs[i * (m + 1) + j] = down >= right ? down : right;
        }
    return lcs;
}

static void walk(struct texts *t, const struct line *a, size_t n, const struct line *b, size_t m)
{
    bool small = n < UINT16_MAX && m < UINT16_MAX && (n + 1) * (m + 1) <= CELLS_MAX;
    uint16_t *lcs = small ? measure(a, n, b, m) : NULL;
    size_t i = 0, j = 0;

    while (i < n || j < m) {
        if (lcs && i < n && j < m && same(&a[i], &b[j])) {
            emit(t, ' ', &a[i++]);
            j++;
        } else if (i < n && (j == m || !lcs || lcs[(i + 1) * (m + 1) + j] >= lcs[i * (m + 1) + j + 1]))
            emit(t, '-', &a[i++]);
        else
            emit(t, '+', &b[j++]);
    }
    free(lcs);
}

static void compare(struct texts *t)
{
    size_t head = 0, tail = 0;

    while (head < t->na && head < t->nb && same(&t->a[head], &t->b[head]))
        emit(t, ' ', &t->a[head++]);
    while (tail < t->na - head && tail < t->nb - head && same(&t->a[t->na - 1 - tail], &t->b[t->nb - 1 - tail]))
        tail++;
    walk(t, t->a + head, t->na - head - tail, t->b + head, t->nb - head - tail);
    for (size_t i = t->na - tail; i < t->na; i++)
        emit(t, ' ', &t->a[i]);
}

/* The end of the hunk whose first change is at `first`: changes closer than two contexts share a hunk. */
static size_t hunk_end(const struct texts *t, size_t first)
{
    size_t last = first;

    for (size_t i = first; i < t->count && i <= last + 2 * CONTEXT + 1; i++)
        if (t->edits[i].op != ' ')
            last = i;
    return last + 1 + CONTEXT < t->count ? last + 1 + CONTEXT : t->count;
}

static void write_hunk(const struct texts *t, size_t start, size_t end, size_t line_a, size_t line_b,
                       struct qs_buf *buf)
{
    size_t na = 0, nb = 0;

    for (size_t i = start; i < end; i++) {
        na += t->edits[i].op != '+';
        nb += t->edits[i].op != '-';
    }
    qs_buf_printf(buf, "@@ -%zu,%zu +%zu,%zu @@\n", line_a + (na > 0), na, line_b + (nb > 0), nb);
    for (size_t i = start; i < end; i++) {
        qs_buf_putc(buf, t->edits[i].op);
        qs_buf_add(buf, t->edits[i].line->text, t->edits[i].line->len);
        qs_buf_putc(buf, '\n');
    }
}

static void write_hunks(const struct texts *t, struct qs_buf *buf)
{
    size_t line_a = 0, line_b = 0, done = 0;

    for (size_t i = 0; i < t->count; i++) {
        size_t start, end;

        if (t->edits[i].op == ' ')
            continue;
        start = i >= done + CONTEXT ? i - CONTEXT : done;
        end = hunk_end(t, i);
        for (; done < start; done++, line_a++, line_b++)
            ; /* between two hunks every line is common */
        write_hunk(t, start, end, line_a, line_b, buf);
        for (; done < end; done++) {
            line_a += t->edits[done].op != '+';
            line_b += t->edits[done].op != '-';
        }
        i = end - 1;
    }
}

void qs_sw_diff(const char *from_name, const char *from, const char *to_name, const char *to, struct qs_buf *buf)
{
    struct texts t = { 0 };

    if (strcmp(from, to) == 0)
        return;
    t.a = split(from, &t.na);
    t.b = split(to, &t.nb);
    compare(&t);
    qs_buf_printf(buf, "--- %s\n+++ %s\n", from_name, to_name);
    write_hunks(&t, buf);
    free(t.a);
    free(t.b);
    free(t.edits);
}
