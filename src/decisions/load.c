#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "decisions/decisions_int.h"
#include "text/yaml.h"

#define RECORD_MAX (256 << 10)

void qs_adr_problem(struct qs_problems *ps, struct qs_at at, const char *hint, const char *fmt, ...)
{
    va_list ap;

    if (ps->count == QS_PROBLEMS_MAX) {
        ps->more++;
        return;
    }
    struct qs_problem *p = &ps->items[ps->count++];
    p->at = at;
    va_start(ap, fmt);
    (void)vsnprintf(p->text, sizeof(p->text), fmt, ap);
    va_end(ap);
    (void)snprintf(p->hint, sizeof(p->hint), "%s", hint ? hint : "");
}

struct reader {
    struct qs_adrs *adrs;
    struct qs_adr *adr;
    const char *file;
    struct qs_problems *problems;
};

/* Front matter starts on line 2 of the file. */
static struct qs_at at_val(const struct reader *r, const struct qs_val *v)
{
    return (struct qs_at){ r->file, v ? v->line + 1 : 1, v ? v->col : 1 };
}

static char *take_word(const struct reader *r, const struct qs_val *map, const char *key, bool required)
{
    const struct qs_val *v = qs_val_get(map, key);

    if (v && v->type == QS_STRING)
        return qs_xstrdup(v->u.s);
    if (v)
        qs_adr_problem(r->problems, at_val(r, v), NULL, "'%s' must be text, not %s", key, qs_val_type_name(v->type));
    else if (required)
        qs_adr_problem(r->problems, at_val(r, map), NULL, "the front matter lacks '%s'", key);
    return NULL;
}

static void take_words(const struct reader *r, const struct qs_val *map, const char *key, struct qs_strs *ret)
{
    const struct qs_val *list = qs_val_get(map, key);

    if (list && list->type != QS_LIST)
        qs_adr_problem(r->problems, at_val(r, list), "Write it as [\"0002\", \"0005\"].", "'%s' must be a list", key);
    for (size_t i = 0; i < qs_val_count(list) && list->type == QS_LIST; i++) {
        const struct qs_val *v = qs_val_at(list, i);

        if (v->type == QS_STRING)
            *QS_PUSH(ret->items, ret->count) = qs_xstrdup(v->u.s);
        else
            qs_adr_problem(r->problems, at_val(r, v), "Put the number in quotes: 0002 alone reads as 2.",
                           "'%s' holds %s where text is wanted", key, qs_val_type_name(v->type));
    }
}

static void take_trigger(const struct reader *r, const struct qs_val *item)
{
    struct qs_trigger t = { .at = at_val(r, item), .state = QS_TRIGGER_UNKNOWN };
    bool known = false;

    for (const char *const *kind = qs_trigger_kinds; *kind && !known; kind++) {
        if (qs_val_get(item, *kind)) {
            t.kind = qs_xstrdup(*kind);
            t.text = take_word(r, item, *kind, true);
            known = true;
        }
    }
    if (!known || !t.text) {
        qs_adr_problem(r->problems, t.at, "Use one of date, count, version, metric, drift, drill, manual.",
                       "a revisit condition has no trigger");
        free(t.kind);
        return;
    }
    t.why = take_word(r, item, "why", true);
    t.fired = take_word(r, item, "fired", false);
    const char *wanted = qs_trigger_malformed(&t);
    if (wanted)
        qs_adr_problem(r->problems, t.at, wanted, "trigger '%s: %s' cannot be read", t.kind, t.text);
    *QS_PUSH(r->adr->triggers, r->adr->trigger_count) = t;
}

static void check_keys(const struct reader *r, const struct qs_val *map)
{
    static const char *const known[] = { "status", "date", "component", "depends_on", "supersedes", "revisit", NULL };

    for (size_t i = 0; i < qs_val_count(map); i++) {
        const struct qs_pair *p = &map->u.pairs[i];
        bool found = false;

        for (const char *const *k = known; *k; k++)
            found |= qs_streq(*k, p->key);
        if (!found)
            qs_adr_problem(r->problems, (struct qs_at){ r->file, p->line + 1, p->col }, qs_nearest(p->key, known),
                           "unknown key '%s'", p->key);
    }
}

static void read_front_matter(const struct reader *r, const struct qs_val *map)
{
    static const char *const statuses[] = { "proposed", "accepted", "superseded", "deprecated", NULL };
    const struct qs_val *revisit = qs_val_get(map, "revisit");
    bool known = false;

    check_keys(r, map);
    r->adr->status = take_word(r, map, "status", true);
    r->adr->date = take_word(r, map, "date", true);
    take_words(r, map, "component", &r->adr->components);
    take_words(r, map, "depends_on", &r->adr->depends_on);
    take_words(r, map, "supersedes", &r->adr->supersedes);
    for (const char *const *s = statuses; *s; s++)
        known |= qs_streq(*s, r->adr->status);
    if (r->adr->status && !known)
        qs_adr_problem(r->problems, at_val(r, qs_val_get(map, "status")),
                       "Use proposed, accepted, superseded or deprecated.", "unknown status '%s'", r->adr->status);
    if (qs_val_count(revisit) == 0)
        qs_adr_problem(r->problems, at_val(r, map), "A decision without a condition for reopening it is a belief.",
                       "the front matter lacks 'revisit'");
    for (size_t i = 0; i < qs_val_count(revisit); i++)
        take_trigger(r, qs_val_at(revisit, i));
}

static void read_body(const struct reader *r, const char *body, uint32_t first_line)
{
    static const char *const sections[] = { "\n## Chosen\n", "\n## Considered\n", "\n## Why\n", "\n## Consequences\n" };
    const char *title = qs_after(body, "# ");

    if (!title) {
        const char *found = strstr(body, "\n# ");

        title = found ? found + 3 : NULL;
    }
    if (title)
        r->adr->title = qs_xstrndup(title, strcspn(title, "\n"));
    else
        qs_adr_problem(r->problems, (struct qs_at){ r->file, first_line, 1 }, NULL,
                       "no '# Title' after the front matter");
    for (size_t i = 0; i < QS_COUNT(sections); i++)
        if (!strstr(body, sections[i]))
            qs_adr_problem(r->problems, (struct qs_at){ r->file, first_line, 1 }, NULL, "no section '%.*s'",
                           (int)strlen(sections[i]) - 2, sections[i] + 1);
    r->adr->body = qs_xstrdup(body);
}

static uint32_t count_lines(const char *from, const char *to)
{
    uint32_t n = 1;

    for (; from < to; from++)
        n += *from == '\n';
    return n;
}

static enum qs_code read_record(const struct reader *r, const char *text, struct qs_err *err)
{
    const char *front = qs_after(text, "---\n"), *end = front ? strstr(front, "\n---\n") : NULL;
    qs_auto(val) struct qs_val *map = NULL;
    struct qs_at top = { r->file, 1, 1 };

    if (!end) {
        qs_adr_problem(r->problems, top, "Start the file with '---', keys, '---'.", "no front matter");
        return QS_OK;
    }
    if (qs_yaml_parse(r->file, front, (size_t)(end - front) + 1, &map, err)) {
        qs_adr_problem(r->problems, top, err->hint, "%s", err->msg);
        *err = QS_ERR_INIT;
        return QS_OK;
    }
    if (!map || map->type != QS_MAP) {
        qs_adr_problem(r->problems, top, NULL, "the front matter is not a map");
        return QS_OK;
    }
    read_front_matter(r, map);
    read_body(r, end + 5, count_lines(text, end + 5));
    return QS_OK;
}

static bool is_record_name(const char *name)
{
    size_t len = strlen(name);

    return len > 8 && strspn(name, "0123456789") == 4 && name[4] == '-' && qs_streq(name + len - 3, ".md");
}

static enum qs_code load_file(struct qs_adrs *adrs, const char *folder, const char *name, struct qs_problems *problems,
                              struct qs_err *err)
{
    qs_auto(buf) struct qs_buf buf = QS_BUF(RECORD_MAX);
    char *path = qs_xasprintf("%s/%s", folder, name);

    *QS_PUSH(adrs->files, adrs->file_count) = path;
    if (qs_fs_read(AT_FDCWD, path, &buf, err))
        return err->code;
    struct qs_adr *adr = QS_PUSH(adrs->items, adrs->count);
    adr->id = qs_xstrndup(name, 4);
    adr->at = (struct qs_at){ path, 1, 1 };
    struct reader r = { adrs, adr, path, problems };
    return read_record(&r, qs_buf_text(&buf), err);
}

enum qs_code qs_adrs_load(const char *folder, struct qs_adrs **ret, struct qs_problems *problems, struct qs_err *err)
{
    qs_auto(adrs) struct qs_adrs *adrs = qs_xzalloc(sizeof(*adrs));
    qs_auto(names) char **names = NULL;

    if (qs_fs_list(AT_FDCWD, folder, &names, err))
        return qs_err_wrap(err, "decision records");
    for (char **name = names; *name; name++)
        if (is_record_name(*name) && load_file(adrs, folder, *name, problems, err))
            return err->code;
    *ret = qs_take_ptr(adrs);
    return QS_OK;
}

static void strs_done(struct qs_strs *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->items[i]);
    free(s->items);
}

static void adr_done(struct qs_adr *a)
{
    for (size_t i = 0; i < a->trigger_count; i++) {
        free(a->triggers[i].kind);
        free(a->triggers[i].text);
        free(a->triggers[i].why);
        free(a->triggers[i].fired);
    }
    free(a->triggers);
    strs_done(&a->components);
    strs_done(&a->depends_on);
    strs_done(&a->supersedes);
    free(a->id);
    free(a->title);
    free(a->status);
    free(a->date);
    free(a->body);
}

void qs_adrs_free(struct qs_adrs *adrs)
{
    if (!adrs)
        return;
    for (size_t i = 0; i < adrs->count; i++)
        adr_done(&adrs->items[i]);
    for (size_t i = 0; i < adrs->file_count; i++)
        free(adrs->files[i]);
    free(adrs->items);
    free(adrs->files);
    free(adrs);
}
