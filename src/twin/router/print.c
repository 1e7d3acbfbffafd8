/* print: the rows of a menu, those that nobody configured too, that pass the queries. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "twin/router/router_int.h"

struct rows { /* what a print walks over; dynamic rows are its own */
    const struct rtr_row **rows;
    size_t count;
    struct rtr_row **own;
    size_t own_count;
};

static void rows_done(struct rows *l)
{
    for (size_t i = 0; i < l->own_count; i++)
        rtr_row_free(l->own[i]);
    free(l->own);
    free(l->rows);
}
static inline void qs_auto_rows_cb(struct rows *l)
{
    rows_done(l);
}

static void take_dynamic(void *arg, struct rtr_row *row)
{
    struct rows *l = arg;

    *QS_PUSH(l->own, l->own_count) = row;
    *QS_PUSH(l->rows, l->count) = row;
}

static void gather(const struct rtr *r, const struct rtr_menu *m, struct rows *l)
{
    const struct rtr_table *t = &r->store.tables[m->rows];

    for (size_t i = 0; i < t->count; i++)
        if (!m->shows || m->shows(t->rows[i]))
            *QS_PUSH(l->rows, l->count) = t->rows[i];
    if (m->dynamic)
        m->dynamic(r, take_dynamic, l);
}

struct subject {
    const struct rtr *r;
    const struct rtr_menu *menu;
    const struct rtr_row *row;
};

static bool look_up(void *arg, const char *name, struct qs_buf *out)
{
    const struct subject *s = arg;
    const struct rtr_attr *a = rtr_attr_find(s->menu, name);

    if (qs_streq(name, ".id") && !(s->menu->flags & RTR_SINGLETON)) {
        qs_buf_printf(out, "*%X", s->row->id);
        return true;
    }
    return a && rtr_shown(s->r, s->menu, s->row, a, out);
}

static void put_value(struct rtr_session *s, struct subject *subject, const char *name)
{
    qs_auto(buf) struct qs_buf word = QS_BUF(RTR_SENTENCE_MAX);

    qs_buf_printf(&word, "=%s=", name);
    if (look_up(subject, name, &word))
        rtr_put_word(&s->out, qs_buf_text(&word), word.len);
}

static enum qs_code put_listed(void *arg, const char *name, struct qs_err *err)
{
    struct rtr_session *s = ((void **)arg)[0];

    (void)err;
    put_value(s, ((void **)arg)[1], name);
    return QS_OK;
}

static void put_row(const struct rtr_call *c, struct subject *subject, const char *proplist)
{
    void *both[] = { c->s, subject };
    struct qs_err err = QS_ERR_INIT;

    rtr_reply(c->s, "!re", c->tag);
    if (proplist) {
        QS_IGNORE(rtr_each_part(proplist, put_listed, both, &err));
    } else {
        put_value(c->s, subject, ".id");
        for (const struct rtr_attr *a = c->menu->attrs; a->name; a++)
            if (rtr_attr_visible(c->menu, a))
                put_value(c->s, subject, a->name);
    }
    rtr_put_end(&c->s->out);
}

enum qs_code rtr_run_print(const struct rtr_call *c, struct qs_err *err)
{
    static const char *const known[] = { ".proplist", "count-only", "detail", "without-paging", NULL };
    const char *proplist = rtr_arg(c->in, ".proplist");
    bool count_only = rtr_arg(c->in, "count-only") != NULL, truth;
    qs_auto(rows) struct rows l = { 0 };
    size_t shown = 0;

    if (rtr_only_args(c->in, known, true, err))
        return err->code;
    gather(c->s->r, c->menu, &l);
    for (size_t i = 0; i < l.count; i++) {
        struct subject subject = { c->s->r, c->menu, l.rows[i] };

        if (rtr_query(c->in, look_up, &subject, &truth, err))
            return err->code;
        if (truth && !count_only)
            put_row(c, &subject, proplist);
        shown += truth;
    }
    if (shown == 0 && !count_only && rtr_safe_mode_known(c->s->r)) { /* both came with 7.18 */
        rtr_reply(c->s, "!empty", c->tag);
        rtr_put_end(&c->s->out);
    }
    rtr_reply(c->s, "!done", c->tag);
    if (count_only)
        rtr_put_wordf(&c->s->out, "=ret=%zu", shown);
    rtr_put_end(&c->s->out);
    return QS_OK;
}
