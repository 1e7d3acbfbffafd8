/* The commands of a menu that change it: add, set, unset, remove, move, enable, disable. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "twin/router/router_int.h"

const char *rtr_arg(const struct rtr_sentence *in, const char *name)
{
    for (size_t i = 1; i < in->count; i++) {
        const char *rest = in->words[i][0] == '=' ? qs_after(in->words[i] + 1, name) : NULL;

        if (rest && *rest == '=')
            return rest + 1;
    }
    return NULL;
}

static enum qs_code unknown(const char *name, size_t len, struct qs_err *err)
{
    return qs_err_set(err, QS_INVALID, 0, "unknown parameter %.*s", (int)len, name);
}

enum qs_code rtr_only_args(const struct rtr_sentence *in, const char *const *known, bool queries, struct qs_err *err)
{
    for (size_t i = 1; i < in->count; i++) {
        const char *word = in->words[i];
        size_t len = *word == '=' ? strcspn(word + 1, "=") : 0, k = 0;

        if (qs_after(word, ".tag=") || (queries && *word == '?'))
            continue;
        if (*word != '=')
            return unknown(word, strlen(word), err);
        while (known[k] && (strlen(known[k]) != len || strncmp(known[k], word + 1, len) != 0))
            k++;
        if (!known[k])
            return unknown(word + 1, len, err);
    }
    return QS_OK;
}

/* ---- which rows ---- */

struct picks { /* positions of rows in their table, each once */
    size_t *at;
    size_t count;
};
static inline void qs_auto_picks_cb(struct picks *p)
{
    free(p->at);
}

static const struct rtr_table *table_of(const struct rtr_call *c)
{
    return &c->s->r->store.tables[c->menu->rows];
}

/* "*1F" */
static bool parse_id(const char *text, uint32_t *ret)
{
    size_t digits = *text == '*' ? strspn(text + 1, "0123456789abcdefABCDEF") : 0;

    if (digits < 1 || digits > 8 || text[1 + digits] != '\0')
        return false;
    *ret = 0;
    for (size_t i = 1; i <= digits; i++)
        *ret = *ret << 4 | (uint32_t)(text[i] <= '9' ? text[i] - '0' : (text[i] | 0x20) - 'a' + 10);
    return true;
}

/* A star begins an id, digits are a position, anything else is the name of a row where the menu has names. */
static bool find_row(const struct rtr_call *c, const char *text, size_t *ret_at)
{
    const struct rtr_table *t = table_of(c);
    uint32_t n;

    if (*text == '*')
        return parse_id(text, &n) && rtr_store_find(&c->s->r->store, c->menu->rows, n, ret_at);
    if (qs_parse_u32(text, 0, UINT32_MAX, &n)) {
        *ret_at = n;
        return n < t->count;
    }
    for (size_t i = 0; rtr_attr_find(c->menu, "name") && i < t->count; i++)
        if (rtr_is(t->rows[i], "name", text)) {
            *ret_at = i;
            return true;
        }
    return false;
}

struct picking {
    const struct rtr_call *c;
    struct picks *picks;
};

static enum qs_code pick(void *arg, const char *text, struct qs_err *err)
{
    struct picking *p = arg;
    size_t at;

    if (!find_row(p->c, text, &at) || (p->c->menu->shows && !p->c->menu->shows(table_of(p->c)->rows[at])))
        return qs_err_set(err, QS_NOTFOUND, 0, "no such item");
    for (size_t i = 0; i < p->picks->count; i++)
        if (p->picks->at[i] == at)
            return QS_OK;
    *QS_PUSH(p->picks->at, p->picks->count) = at;
    return QS_OK;
}

static enum qs_code pick_rows(const struct rtr_call *c, struct picks *ret, struct qs_err *err)
{
    const char *list = rtr_arg(c->in, ".id");
    struct picking p = { c, ret };

    if (c->menu->flags & RTR_SINGLETON) {
        *QS_PUSH(ret->at, ret->count) = 0;
        return QS_OK;
    }
    if (!list)
        list = rtr_arg(c->in, "numbers");
    if (!list)
        return qs_err_set(err, QS_INVALID, 0, "missing =.id=");
    if (rtr_each_part(list, pick, &p, err))
        return err->code;
    return ret->count > 0 ? QS_OK : qs_err_set(err, QS_NOTFOUND, 0, "no such item");
}

/* ---- changing values ---- */

static enum qs_code normalise(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    if ((a->flags & RTR_NEGATE) && *in == '!') {
        qs_buf_putc(out, '!');
        in++;
    }
    if (a->norm(a, in, out, err))
        return err->code;
    return qs_buf_check(out, a->name, err);
}

static enum qs_code put_attr(const struct rtr_call *c, struct rtr_row *row, const char *name, const char *value,
                             struct qs_err *err)
{
    const struct rtr_attr *a = rtr_attr_find(c->menu, name);
    qs_auto(buf) struct qs_buf out = QS_BUF(RTR_VALUE_MAX);
    const char *plain;

    if (!a || !a->norm)
        return unknown(name, strlen(name), err);
    if (!value || (*value == '\0' && !a->def && !(a->flags & (RTR_REQUIRED | RTR_PRESENCE | RTR_SECRET)))) {
        if (a->flags & RTR_REQUIRED)
            return qs_err_set(err, QS_INVALID, 0, "missing =%s=", name);
        rtr_put(row, name, NULL); /* "!name", or nothing where nothing is the default */
        return QS_OK;
    }
    if (normalise(a, value, &out, err))
        return err->code;
    plain = qs_buf_text(&out) + (out.len > 0 && out.data[0] == '!' && (a->flags & RTR_NEGATE));
    if ((a->flags & RTR_LINK) && !rtr_store_by(&c->s->r->store, RTR_INTERFACE, "name", plain))
        return qs_err_set(err, QS_INVALID, 0, "input does not match any value of %s", name);
    rtr_put(row, name, qs_buf_text(&out));
    return QS_OK;
}

static bool is_control(const char *name)
{
    return qs_streq(name, ".id") || qs_streq(name, "numbers") || qs_streq(name, "place-before");
}

/* Puts every "=name=value" and "=!name=" of the sentence into `row`. */
static enum qs_code put_words(const struct rtr_call *c, struct rtr_row *row, bool adding, struct qs_err *err)
{
    for (size_t i = 1; i < c->in->count; i++) {
        const char *word = c->in->words[i];
        bool unset = word[0] == '=' && word[1] == '!';
        const char *at = word + 1 + unset;
        size_t len = strcspn(at, "=");
        qs_auto(str) char *name = qs_xstrndup(at, len);

        if (qs_after(word, ".tag="))
            continue;
        if (word[0] != '=')
            return unknown(word, strlen(word), err);
        if (is_control(name) && !unset && adding == qs_streq(name, "place-before"))
            continue;
        if (put_attr(c, row, name, unset ? NULL : at[len] == '=' ? at + len + 1 : "", err))
            return err->code;
    }
    return QS_OK;
}

static bool same_keys(const struct rtr_menu *m, const struct rtr_row *a, const struct rtr_row *b)
{
    for (size_t i = 0; m->keys[i]; i++)
        if (!qs_streq(rtr_value(a, m->keys[i]), rtr_value(b, m->keys[i])))
            return false;
    return m->keys[0] != NULL;
}

/* Whether `row` may stand in the table, in place of `self` or (NULL) as a new one. */
static enum qs_code check_row(const struct rtr_call *c, const struct rtr_row *row, const struct rtr_row *self,
                              struct qs_err *err)
{
    const struct rtr_table *t = table_of(c);

    for (const struct rtr_attr *a = c->menu->attrs; a->name; a++)
        if ((a->flags & RTR_REQUIRED) && !rtr_value(row, a->name))
            return qs_err_set(err, QS_INVALID, 0, "missing =%s=", a->name);
    for (size_t i = 0; i < t->count; i++)
        if (t->rows[i] != self && same_keys(c->menu, t->rows[i], row))
            return qs_err_set(err, QS_CONFLICT, 0, "%s", c->menu->taken);
    return c->menu->check ? c->menu->check(&c->s->r->store, row, self, err) : QS_OK;
}

static void done(const struct rtr_call *c)
{
    rtr_reply(c->s, "!done", c->tag);
    rtr_put_end(&c->s->out);
}

static enum qs_code run_add(const struct rtr_call *c, struct qs_err *err)
{
    const struct rtr_table *t = table_of(c);
    const char *place = (c->menu->flags & RTR_ORDERED) ? rtr_arg(c->in, "place-before") : NULL;
    qs_auto(row) struct rtr_row *row = rtr_row_new(c->menu->rows);
    size_t before = t->count;

    if (t->count >= RTR_ROWS_MAX)
        return qs_err_set(err, QS_LIMIT, 0, "failure: out of memory");
    if (!(c->menu->flags & RTR_ORDERED) && rtr_arg(c->in, "place-before"))
        return unknown("place-before", strlen("place-before"), err);
    if (put_words(c, row, true, err) || check_row(c, row, NULL, err))
        return err->code;
    if (place && !find_row(c, place, &before))
        return qs_err_set(err, QS_NOTFOUND, 0, "no such item");
    rtr_change_begin(c->s->r);
    rtr_store_insert(&c->s->r->store, row, before);
    rtr_reply(c->s, "!done", c->tag);
    rtr_put_wordf(&c->s->out, "=ret=*%X", row->id);
    rtr_put_end(&c->s->out);
    (void)qs_take_ptr(row);
    rtr_change_note(c->s->r, c->menu->touches);
    return QS_OK;
}

/* "from", "!from" and "address%from" with the new name; NULL when `value` does not name `from`. */
static char *renamed(const char *value, const char *from, const char *to)
{
    size_t len = value ? strlen(value) : 0, tail = strlen(from);
    const char *at = len >= tail ? value + len - tail : NULL;
    bool names = at && qs_streq(at, from) && (at == value || (at == value + 1 && *value == '!') || at[-1] == '%');

    return names ? qs_xasprintf("%.*s%s", (int)(at - value), value, to) : NULL;
}

/* Other rows name an interface or a group: they follow it to its new name, as they do on the device. */
static void rename_in_row(struct rtr_row *row, enum rtr_menu_id id, const char *from, const char *to)
{
    for (const struct rtr_attr *a = row->menu->attrs; a->name; a++) {
        bool link = id == RTR_INTERFACE && ((a->flags & RTR_LINK) || qs_streq(a->name, "gateway"));
        bool group = id == RTR_GROUP && row->menu->rows == RTR_USER && qs_streq(a->name, "group");
        qs_auto(str) char *name = link || group ? renamed(rtr_value(row, a->name), from, to) : NULL;

        if (name)
            rtr_put(row, a->name, name);
    }
}

static void rename_everywhere(struct rtr_store *s, enum rtr_menu_id id, const char *from, const char *to)
{
    for (enum rtr_menu_id m = 0; m < RTR_MENU_MAX; m++)
        for (size_t i = 0; i < s->tables[m].count; i++)
            rename_in_row(s->tables[m].rows[i], id, from, to);
}

static void replace_row(const struct rtr_call *c, size_t at, struct rtr_row *row)
{
    struct rtr_store *s = &c->s->r->store;
    bool named = c->menu->rows == RTR_INTERFACE || c->menu->rows == RTR_GROUP;
    qs_auto(str) char *was = named ? qs_xstrdup(rtr_value(table_of(c)->rows[at], "name")) : NULL;

    rtr_store_replace(s, at, row);
    if (was && !rtr_is(row, "name", was))
        rename_everywhere(s, c->menu->rows, was, rtr_value(row, "name"));
}

typedef enum qs_code change_fn(const struct rtr_call *c, struct rtr_row *row, struct qs_err *err);

static enum qs_code change_each(const struct rtr_call *c, const struct picks *picks, change_fn *change,
                                struct qs_err *err)
{
    for (size_t i = 0; i < picks->count; i++) {
        const struct rtr_row *self = table_of(c)->rows[picks->at[i]];
        qs_auto(row) struct rtr_row *row = rtr_row_copy(self);

        if (change(c, row, err) || check_row(c, row, self, err))
            return err->code;
        replace_row(c, picks->at[i], qs_take_ptr(row));
    }
    return QS_OK;
}

/* Changes the rows that the sentence picks: all of them, or where one is refused none. */
static enum qs_code change_rows(const struct rtr_call *c, change_fn *change, struct qs_err *err)
{
    struct rtr_store *store = &c->s->r->store, before;
    qs_auto(picks) struct picks picks = { 0 };

    if (pick_rows(c, &picks, err))
        return err->code;
    rtr_change_begin(c->s->r);
    before = rtr_store_copy(store);
    if (change_each(c, &picks, change, err))
        rtr_store_restore(store, &before);
    rtr_store_done(&before);
    if (err->code)
        return err->code;
    done(c);
    rtr_change_note(c->s->r, c->menu->touches);
    return QS_OK;
}

static enum qs_code change_words(const struct rtr_call *c, struct rtr_row *row, struct qs_err *err)
{
    return put_words(c, row, false, err);
}

static enum qs_code run_set(const struct rtr_call *c, struct qs_err *err)
{
    return change_rows(c, change_words, err);
}

static const char *const id_args[] = { ".id", "numbers", NULL };

static enum qs_code change_on(const struct rtr_call *c, struct rtr_row *row, struct qs_err *err)
{
    return rtr_only_args(c->in, id_args, false, err) ? err->code : put_attr(c, row, "disabled", "no", err);
}

static enum qs_code change_off(const struct rtr_call *c, struct rtr_row *row, struct qs_err *err)
{
    return rtr_only_args(c->in, id_args, false, err) ? err->code : put_attr(c, row, "disabled", "yes", err);
}

static enum qs_code run_enable(const struct rtr_call *c, struct qs_err *err)
{
    return change_rows(c, change_on, err);
}

static enum qs_code run_disable(const struct rtr_call *c, struct qs_err *err)
{
    return change_rows(c, change_off, err);
}

static enum qs_code change_unset(const struct rtr_call *c, struct rtr_row *row, struct qs_err *err)
{
    static const char *const known[] = { ".id", "numbers", "value-name", NULL };
    const char *name = rtr_arg(c->in, "value-name");

    if (rtr_only_args(c->in, known, false, err))
        return err->code;
    return name ? put_attr(c, row, name, NULL, err) : qs_err_set(err, QS_INVALID, 0, "missing =value-name=");
}

static enum qs_code run_unset(const struct rtr_call *c, struct qs_err *err)
{
    return change_rows(c, change_unset, err);
}

static int descending(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

static enum qs_code run_remove(const struct rtr_call *c, struct qs_err *err)
{
    qs_auto(picks) struct picks picks = { 0 };

    if (rtr_only_args(c->in, id_args, false, err) || pick_rows(c, &picks, err))
        return err->code;
    for (size_t i = 0; c->menu->rows == RTR_GROUP && i < picks.count; i++)
        if (rtr_store_by(&c->s->r->store, RTR_USER, "group", rtr_value(table_of(c)->rows[picks.at[i]], "name")))
            return qs_err_set(err, QS_REFUSED, 0, "failure: group is used by a user");
    rtr_change_begin(c->s->r);
    qsort(picks.at, picks.count, sizeof(*picks.at), descending);
    for (size_t i = 0; i < picks.count; i++)
        rtr_store_remove(&c->s->r->store, c->menu->rows, picks.at[i]);
    done(c);
    rtr_change_note(c->s->r, c->menu->touches);
    return QS_OK;
}

static enum qs_code run_move(const struct rtr_call *c, struct qs_err *err)
{
    static const char *const known[] = { ".id", "numbers", "destination", NULL };
    const char *destination = rtr_arg(c->in, "destination");
    qs_auto(picks) struct picks picks = { 0 };
    size_t to = table_of(c)->count;

    if (rtr_only_args(c->in, known, false, err) || pick_rows(c, &picks, err))
        return err->code;
    /* The device's quirk: a destination that it does not know is the end, and it says nothing. */
    if (destination && !find_row(c, destination, &to))
        to = table_of(c)->count;
    for (size_t i = 0; i < picks.count; i++)
        if (picks.at[i] == to)
            return qs_err_set(err, QS_REFUSED, 0, "failure: can not move object before itself");
    rtr_change_begin(c->s->r);
    rtr_store_move(&c->s->r->store, c->menu->rows, picks.at, picks.count, to);
    done(c);
    rtr_change_note(c->s->r, c->menu->touches);
    return QS_OK;
}

/* Scripts are RouterOS programs; this router keeps them and says that it cannot run them. */
static enum qs_code run_run(const struct rtr_call *c, struct qs_err *err)
{
    (void)c;
    return qs_err_set(err, QS_REFUSED, 0, "failure: this router does not run scripts");
}

static const struct rtr_command commands[] = {
    { "print", rtr_run_print, false, 0, 0 },
    { "add", run_add, true, RTR_SINGLETON | RTR_FIXED, 0 },
    { "set", run_set, true, 0, 0 },
    { "unset", run_unset, true, RTR_SINGLETON, 0 },
    { "remove", run_remove, true, RTR_SINGLETON | RTR_FIXED, 0 },
    { "enable", run_enable, true, RTR_SINGLETON, 0 },
    { "disable", run_disable, true, RTR_SINGLETON, 0 },
    { "move", run_move, true, 0, RTR_ORDERED },
    { "run", run_run, true, RTR_SINGLETON | RTR_FIXED, 0 },
};

const struct rtr_command *rtr_command_find(const struct rtr_menu *m, const char *name)
{
    for (size_t i = 0; i < QS_COUNT(commands); i++) {
        const struct rtr_command *cmd = &commands[i];
        bool toggles = cmd->run == run_enable || cmd->run == run_disable;

        if (!qs_streq(cmd->name, name) || (m->flags & cmd->without) || (m->flags & cmd->with) != cmd->with)
            continue;
        if ((toggles && !rtr_attr_find(m, "disabled")) || (cmd->run == run_run && m->rows != RTR_SCRIPT))
            return NULL;
        return cmd;
    }
    return NULL;
}
