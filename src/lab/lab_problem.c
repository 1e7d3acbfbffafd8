#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "lab/lab_int.h"

static int at_cmp(const struct qs_at *a, const struct qs_at *b)
{
    int c = strcmp(a->file ? a->file : "", b->file ? b->file : "");

    if (c)
        return c;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->col > b->col) - (a->col < b->col);
}

bool lab_same_at(const struct qs_at *a, const struct qs_at *b)
{
    return at_cmp(a, b) == 0;
}

/* Room in file order. Over the cap the last one in file order goes, and is only counted. */
static struct qs_problem *place(struct qs_problems *ps, const struct qs_at *at)
{
    size_t i = ps->count;

    while (i > 0 && at_cmp(at, &ps->items[i - 1].at) < 0)
        i--;
    if (ps->count == QS_PROBLEMS_MAX)
        ps->more++;
    if (i == QS_PROBLEMS_MAX)
        return NULL;
    if (ps->count < QS_PROBLEMS_MAX)
        ps->count++;
    memmove(&ps->items[i + 1], &ps->items[i], (ps->count - 1 - i) * sizeof(ps->items[0]));
    return &ps->items[i];
}

/* Problems outlive the lab that they are about, so they keep file names of their own. One slot more than problems: one
 * of them is always free. */
static const char *keep_file(struct qs_problems *ps, const char *file)
{
    for (size_t i = 0; i < QS_COUNT(ps->files); i++) {
        bool used = false;

        for (size_t j = 0; j < ps->count; j++)
            used |= ps->items[j].at.file == ps->files[i];
        if (used && strncmp(ps->files[i], file, sizeof(ps->files[i]) - 1) == 0)
            return ps->files[i];
        if (!used) {
            (void)snprintf(ps->files[i], sizeof(ps->files[i]), "%s", file);
            return ps->files[i];
        }
    }
    return "";
}

struct qs_problem *lab_problem(struct lab_box *box, const struct qs_at *at, const char *fmt, ...)
{
    const char *file = keep_file(box->problems, at->file);
    struct qs_problem *p = place(box->problems, at);
    va_list ap;

    if (!p)
        p = &box->spare;
    *p = (struct qs_problem){ .at = { file, at->line, at->col } };
    va_start(ap, fmt);
    (void)vsnprintf(p->text, sizeof(p->text), fmt, ap);
    va_end(ap);
    return p;
}

void lab_hint(struct qs_problem *p, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(p->hint, sizeof(p->hint), fmt, ap);
    va_end(ap);
}

void lab_hint_words(struct qs_problem *p, const char *word, const char *const *words, const char *label)
{
    const char *near = qs_nearest(word, words);
    size_t n;

    if (near) {
        lab_hint(p, "Did you mean '%s'?", near);
        return;
    }
    if (!words[0])
        return;
    (void)snprintf(p->hint, sizeof(p->hint), "Known %s: ", label);
    n = strlen(p->hint);
    for (size_t i = 0; words[i]; i++) {
        if (n + strlen(words[i]) + 6 > sizeof(p->hint)) {
            (void)snprintf(p->hint + n, sizeof(p->hint) - n, "…");
            return;
        }
        n += (size_t)snprintf(p->hint + n, sizeof(p->hint) - n, "%s%s", words[i], words[i + 1] ? ", " : ".");
    }
}

const char *lab_at_text(const struct qs_at *at, char text[160])
{
    (void)snprintf(text, 160, "%s:%u", at->file, at->line);
    return text;
}
