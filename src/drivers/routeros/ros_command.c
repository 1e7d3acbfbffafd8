/* drivers/routeros: changes → API sentences. */
#include "drivers/routeros/ros_int.h"

#include "base/alloc.h"
#include "base/str.h"

static struct qs_val *sentence(const struct ros_menu *menu, const char *verb)
{
    struct qs_val *words = qs_val_list();

    qs_val_add(words, qs_val_strf("%s/%s", menu->path, verb));
    return words;
}

static void join(const struct qs_val *list, struct qs_buf *out)
{
    for (size_t i = 0; i < qs_val_count(list); i++)
        qs_buf_printf(out, "%s%s", i ? "," : "", qs_val_string(qs_val_at(list, i), ""));
}

/* The value as the API takes it; an absent one is its default. New text, NULL when there is neither. */
static char *value_text(const struct qs_attr *a, const struct qs_val *attrs)
{
    const struct qs_val *v = qs_val_get(attrs, a->name);
    qs_auto(buf) struct qs_buf out = QS_BUF(ROS_WORD_MAX);

    if (!v || v->type == QS_NULL) {
        if (!a->otherwise)
            return NULL;
        if (a->type == QS_ATTR_BOOL)
            return qs_xstrdup(qs_streq(a->otherwise, "true") ? "yes" : "no");
        return qs_xstrdup(a->otherwise);
    }
    if (v->type == QS_BOOL)
        return qs_xstrdup(v->u.b ? "yes" : "no");
    if (v->type == QS_INT)
        return qs_xasprintf("%lld", (long long)v->u.i);
    if (v->type == QS_LIST) {
        join(v, &out);
        return qs_buf_take(&out);
    }
    return qs_xstrdup(qs_val_string(v, ""));
}

/* "other" only describes what was found: nothing to send. */
static bool is_sent(const struct qs_attr *a)
{
    return !(a->flags & QS_ATTR_STATE) && !qs_streq(a->name, "other");
}

/* Yes-or-no is always said: some defaults of the router are not ours. */
struct qs_val *ros_add(const struct qs_change *c, const char *place_before, const char *password)
{
    const struct ros_menu *menu = ros_menu_of(c->type->name);
    struct qs_val *words = sentence(menu, "add");

    for (const struct qs_attr *a = c->type->attrs; a->name; a++) {
        qs_auto(str) char *value = value_text(a, c->after), *property = ros_property(a->name);

        if (is_sent(a) && value && (a->type == QS_ATTR_BOOL || !qs_streq(value, a->otherwise)))
            qs_val_add(words, qs_val_strf("=%s=%s", property, value));
    }
    if (menu->flags & ROS_ORDERED)
        qs_val_add(words, qs_val_strf("=comment=%s", c->name));
    if (qs_streq(menu->type, "user")) {
        qs_val_add(words, qs_val_strf("=name=%s", c->name));
        qs_val_add(words, qs_val_strf("=password=%s", password ? password : "(secret)"));
    }
    if (place_before)
        qs_val_add(words, qs_val_strf("=place-before=%s", place_before));
    return words;
}

struct qs_val *ros_set(const struct qs_change *c, const char *id)
{
    const struct ros_menu *menu = ros_menu_of(c->type->name);
    struct qs_val *words = sentence(menu, "set");

    if (!(menu->flags & ROS_SINGLE))
        qs_val_add(words, id ? qs_val_strf("=.id=%s", id) : qs_val_strf("=.id=[%s]", c->name));
    for (const struct qs_attr *a = c->type->attrs; a->name; a++) {
        qs_auto(str) char *before = value_text(a, c->before), *after = value_text(a, c->after);
        qs_auto(str) char *property = ros_property(a->name);
        /* A matcher without value is not the same as no matcher; the router takes only the latter. */
        bool unset = (menu->flags & ROS_ORDERED) && after && !*after && !qs_streq(a->name, "log_prefix");

        if (!is_sent(a) || !after || qs_streq(before, after))
            continue;
        qs_val_add(words, unset ? qs_val_strf("=!%s=", property) : qs_val_strf("=%s=%s", property, after));
    }
    return words;
}

struct qs_val *ros_remove(const struct ros_menu *menu, const char *ids)
{
    struct qs_val *words = sentence(menu, "remove");

    qs_val_add(words, qs_val_strf("=.id=%s", ids));
    return words;
}

struct qs_val *ros_move(const struct ros_menu *menu, const char *id, const char *before)
{
    struct qs_val *words = sentence(menu, "move");

    qs_val_add(words, qs_val_strf("=numbers=%s", id));
    if (before)
        qs_val_add(words, qs_val_strf("=destination=%s", before));
    return words;
}

char *ros_sentence_text(const struct qs_val *words)
{
    qs_auto(buf) struct qs_buf out = QS_BUF(ROS_WORD_MAX);

    qs_buf_puts(&out, qs_val_string(qs_val_at(words, 0), ""));
    for (size_t i = 1; i < qs_val_count(words); i++) {
        const char *word = qs_val_string(qs_val_at(words, i), "");
        const char *text = qs_after(word, "=.id=") ? word + strlen("=.id=") : word + 1;
        const char *value = strchr(text, '=');
        bool quote = value && strchr(value, ' ') && text != word + strlen("=.id=");

        if (quote)
            qs_buf_printf(&out, " %.*s=\"%s\"", (int)(value - text), text, value + 1);
        else
            qs_buf_printf(&out, " %s", text);
    }
    return qs_buf_take(&out);
}

/* ---- order ---- */

static size_t index_of(const char *const *ids, size_t count, const char *id)
{
    size_t i = 0;

    while (i < count && !qs_streq(ids[i], id))
        i++;
    return i;
}

/* Marks in `stays` the longest run of `want` whose places in `have` rise. */
static void longest_rising(const size_t *place, size_t count, bool *stays)
{
    size_t *length = qs_xgrow(NULL, 0, count + 1, sizeof(*length));
    size_t *prior = qs_xgrow(NULL, 0, count + 1, sizeof(*prior));
    size_t best = count;

    for (size_t i = 0; i < count; i++) {
        length[i] = 1;
        prior[i] = count;
        for (size_t j = 0; j < i; j++)
            if (place[j] < place[i] && length[j] + 1 > length[i]) {
                length[i] = length[j] + 1;
                prior[i] = j;
            }
        if (best == count || length[i] > length[best])
            best = i;
    }
    for (size_t i = best; i < count; i = prior[i])
        stays[i] = true;
    free(length);
    free(prior);
}

size_t ros_plan_moves(const char *const *have, const char *const *want, size_t count, const char **ids,
                      const char **before)
{
    size_t *place = qs_xgrow(NULL, 0, count + 1, sizeof(*place));
    bool *stays = qs_xgrow(NULL, 0, count + 1, sizeof(*stays));
    size_t moves = 0;

    for (size_t i = 0; i < count; i++)
        place[i] = index_of(have, count, want[i]);
    longest_rising(place, count, stays);
    for (size_t i = count; i-- > 0;) { /* from the end: what a row moves before is already in its place */
        if (stays[i])
            continue;
        ids[moves] = want[i];
        before[moves++] = i + 1 < count ? want[i + 1] : NULL;
    }
    free(place);
    free(stays);
    return moves;
}
