#include "cli/progress.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "text/table.h"

#define TEXT_MAX 120

struct row {
    char *name;
    enum qs_progress_state state;
    char text[TEXT_MAX];
    uint64_t began_ms, took_ms;
};
struct qs_progress {
    struct row *rows;
    size_t count, drawn; /* drawn: lines of the picture on the screen */
    bool live, colour;
};

static const struct {
    const char *word;
    enum qs_tint tint;
} looks[] = {
    [QS_PROGRESS_BEGUN] = { "...", QS_YELLOW },
    [QS_PROGRESS_DONE] = { "ok", QS_GREEN },
    [QS_PROGRESS_FAILED] = { "failed", QS_RED },
    [QS_PROGRESS_NOTE] = { "-", QS_GREY },
};

struct qs_progress *qs_progress_new(bool colour)
{
    struct qs_progress *p = qs_xzalloc(sizeof(*p));

    p->live = isatty(STDERR_FILENO) && qs_table_colour_ok(STDERR_FILENO);
    p->colour = p->live && colour;
    return p;
}

static struct row *row_of(struct qs_progress *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (qs_streq(p->rows[i].name, name))
            return &p->rows[i];
    struct row *r = QS_PUSH(p->rows, p->count);
    r->name = qs_xstrdup(name);
    r->began_ms = qs_mono_ms();
    return r;
}

static struct winsize screen(void)
{
    struct winsize w;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || w.ws_col <= 40 || w.ws_row == 0)
        w = (struct winsize){ .ws_col = 80, .ws_row = 24 };
    return w;
}

static void line_of(const struct qs_progress *p, const struct row *r, struct qs_buf *out)
{
    unsigned room = p->live ? screen().ws_col - 34u : TEXT_MAX;

    qs_buf_printf(out, "  %-16s %s%-6s%s ", r->name, qs_tint_on(looks[r->state].tint, p->colour), looks[r->state].word,
                  qs_tint_off(p->colour));
    if (r->state == QS_PROGRESS_DONE && r->took_ms >= 10)
        qs_buf_printf(out, "%5.2f s ", (double)r->took_ms / 1000);
    else
        qs_buf_puts(out, "        ");
    qs_buf_printf(out, "%.*s", (int)room, r->text);
    qs_buf_puts(out, p->live ? "\033[K\n" : "\n");
}

static void redraw(struct qs_progress *p)
{
    qs_auto(buf) struct qs_buf out = QS_BUF(65536);

    if (p->drawn)
        qs_buf_printf(&out, "\033[%zuA", p->drawn);
    for (size_t i = 0; i < p->count; i++)
        line_of(p, &p->rows[i], &out);
    p->drawn = p->count;
    (void)fputs(qs_buf_text(&out), stderr);
}

void qs_progress_set(struct qs_progress *p, const char *name, enum qs_progress_state state, const char *text)
{
    struct row *r = row_of(p, name);
    bool same = r->state == state && qs_streq(r->text, text);

    if (same && r->text[0])
        return;
    if (state == QS_PROGRESS_DONE && r->state != QS_PROGRESS_DONE)
        r->took_ms = qs_mono_ms() - r->began_ms;
    r->state = state;
    (void)snprintf(r->text, sizeof(r->text), "%s", text);
    if (p->live && p->count + 1 >= screen().ws_row) /* taller than the screen it would scroll and not be redrawn */
        p->live = false;
    if (p->live) {
        redraw(p);
        return;
    }
    qs_auto(buf) struct qs_buf out = QS_BUF(4096);
    line_of(p, r, &out);
    (void)fputs(qs_buf_text(&out), stderr);
}

void qs_progress_free(struct qs_progress *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++)
        free(p->rows[i].name);
    free(p->rows);
    free(p);
}
