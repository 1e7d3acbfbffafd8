#include "converge/graph.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"

/* Whether target `i` waits for target `j` directly. */
static bool needs(const struct qs_desired *d, size_t i, size_t j)
{
    for (char **name = d->targets[i].depends_on; name && *name; name++)
        if (qs_streq(*name, d->targets[j].name))
            return true;
    return false;
}

static enum qs_code check_names(const struct qs_desired *d, struct qs_err *err)
{
    for (size_t i = 0; i < d->count; i++)
        for (char **name = d->targets[i].depends_on; name && *name; name++)
            if (!qs_desired_find(d, *name))
                return qs_err_set(err, QS_INVALID, 0, "target '%s' depends on '%s', which is no target",
                                  d->targets[i].name, *name);
    return QS_OK;
}

static bool is_free(const struct qs_desired *d, const bool *placed, size_t i)
{
    if (placed[i])
        return false;
    for (size_t j = 0; j < d->count; j++)
        if (!placed[j] && needs(d, i, j))
            return false;
    return true;
}

/* The free target whose name comes first; d->count when none is free. */
static size_t first_free(const struct qs_desired *d, const bool *placed)
{
    size_t best = d->count;

    for (size_t i = 0; i < d->count; i++)
        if (is_free(d, placed, i) &&
            (best == d->count || qs_natural_cmp(d->targets[i].name, d->targets[best].name) < 0))
            best = i;
    return best;
}

/* Some unplaced target that `i` needs: every target that is left has one, or it would be free. */
static size_t unplaced_need(const struct qs_desired *d, const bool *placed, size_t i)
{
    for (size_t j = 0; j < d->count; j++)
        if (!placed[j] && needs(d, i, j))
            return j;
    return i;
}

/* Walks along needs until it is on the cycle, then tells it once around. */
static enum qs_code refuse_cycle(const struct qs_desired *d, const bool *placed, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(512);
    size_t at = 0, start;

    while (placed[at])
        at++;
    for (size_t i = 0; i < d->count; i++)
        at = unplaced_need(d, placed, at);
    start = at;
    qs_buf_puts(&text, d->targets[start].name);
    do {
        at = unplaced_need(d, placed, at);
        qs_buf_printf(&text, " → %s", d->targets[at].name);
    } while (at != start);
    return qs_err_set(err, QS_INVALID, 0, "targets depend on each other in a circle: %s", qs_buf_text(&text));
}

enum qs_code qs_graph_order(const struct qs_desired *d, size_t **ret_order, struct qs_err *err)
{
    size_t *order;
    bool *placed;

    if (check_names(d, err))
        return err->code;
    order = qs_xzalloc(d->count * sizeof(*order));
    placed = qs_xzalloc(d->count * sizeof(*placed));
    for (size_t n = 0; n < d->count; n++) {
        size_t next = first_free(d, placed);

        if (next == d->count) {
            (void)refuse_cycle(d, placed, err);
            free(order);
            free(placed);
            return err->code;
        }
        order[n] = next;
        placed[next] = true;
    }
    free(placed);
    *ret_order = order;
    return QS_OK;
}
