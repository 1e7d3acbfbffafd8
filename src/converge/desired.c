#include "converge/desired.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "text/json.h"

#define FORMAT "qs.desired/1"
#define TEXT_MAX (256U << 20)

static void set_words(struct qs_val *to, const char *key, char *const *words)
{
    struct qs_val *list = qs_val_set(to, key, qs_val_list());

    for (; words && *words; words++)
        (void)qs_val_add(list, qs_val_str(*words));
}

static char **get_words(const struct qs_val *from, const char *key)
{
    const struct qs_val *list = qs_val_get(from, key);
    char **words = qs_xzalloc((qs_val_count(list) + 1) * sizeof(*words));
    size_t count = 0;

    for (size_t i = 0; i < qs_val_count(list); i++) {
        const char *word = qs_val_string(qs_val_at(list, i), NULL);

        if (word)
            words[count++] = qs_xstrdup(word);
    }
    return words;
}

static void free_words(char **words)
{
    for (char **w = words; w && *w; w++)
        free(*w);
    free(words);
}

static struct qs_val *targets_to_val(const struct qs_desired *d)
{
    struct qs_val *list = qs_val_list();

    for (size_t i = 0; i < d->count; i++) {
        const struct qs_desired_target *t = &d->targets[i];
        struct qs_val *m = qs_val_add(list, qs_val_map());

        qs_val_set_str(m, "name", t->name);
        qs_val_set_str(m, "driver", t->driver);
        qs_val_set_str(m, "address", t->address);
        qs_val_set_int(m, "port", t->port);
        qs_val_set_int(m, "commit_timer_s", t->commit_timer_s);
        set_words(m, "depends_on", t->depends_on);
        set_words(m, "adrs", t->adrs);
        (void)qs_val_set(m, "want", qs_resources_to_val(&t->want));
    }
    return list;
}

void qs_desired_seal(struct qs_desired *d)
{
    qs_auto(val) struct qs_val *targets = targets_to_val(d);
    qs_auto(buf) struct qs_buf buf = QS_BUF(TEXT_MAX);

    qs_buf_printf(&buf, "%s\n%s\n", d->lab, d->site);
    qs_json_write_canonical(targets, &buf);
    (void)qs_sha256_hex(qs_buf_text(&buf), buf.len, d->hash);
}

const struct qs_desired_target *qs_desired_find(const struct qs_desired *d, const char *name)
{
    for (size_t i = 0; i < d->count; i++)
        if (qs_streq(d->targets[i].name, name))
            return &d->targets[i];
    return NULL;
}

struct qs_val *qs_desired_to_val(const struct qs_desired *d)
{
    struct qs_val *v = qs_val_map();

    qs_val_set_str(v, "format", FORMAT);
    qs_val_set_str(v, "lab", d->lab);
    qs_val_set_str(v, "site", d->site);
    qs_val_set_str(v, "hash", d->hash);
    (void)qs_val_set(v, "targets", targets_to_val(d));
    return v;
}

static enum qs_code target_from_val(const struct qs_val *m, struct qs_desired_target *t, struct qs_err *err)
{
    const char *name = qs_val_get_str(m, "name", NULL), *driver = qs_val_get_str(m, "driver", NULL);
    const char *address = qs_val_get_str(m, "address", NULL);
    int64_t port = qs_val_get_int(m, "port", 0), timer = qs_val_get_int(m, "commit_timer_s", 0);

    if (!name || !driver || port < 0 || port > UINT16_MAX || timer < 0 || timer > UINT16_MAX)
        return qs_err_set(err, QS_INVALID, 0,
                          "a target lacks its name or driver, or its port or timer is out of range");
    t->name = qs_xstrdup(name);
    t->driver = qs_xstrdup(driver);
    t->address = address ? qs_xstrdup(address) : NULL;
    t->port = (uint16_t)port;
    t->commit_timer_s = (unsigned)timer;
    t->depends_on = get_words(m, "depends_on");
    t->adrs = get_words(m, "adrs");
    if (qs_resources_from_val(qs_val_get(m, "want"), &t->want, err))
        return qs_err_wrap(err, "target '%s'", name);
    return QS_OK;
}

static enum qs_code fill(const struct qs_val *v, struct qs_desired *d, struct qs_err *err)
{
    const struct qs_val *targets = qs_val_get(v, "targets");

    if (!qs_streq(qs_val_get_str(v, "format", ""), FORMAT) || !targets || targets->type != QS_LIST)
        return qs_err_set(err, QS_INVALID, 0, "the wanted state is not a document of format %s", FORMAT);
    d->lab = qs_xstrdup(qs_val_get_str(v, "lab", ""));
    d->site = qs_xstrdup(qs_val_get_str(v, "site", ""));
    for (size_t i = 0; i < qs_val_count(targets); i++)
        if (target_from_val(qs_val_at(targets, i), QS_PUSH(d->targets, d->count), err))
            return err->code;
    qs_desired_seal(d);
    if (!qs_streq(d->hash, qs_val_get_str(v, "hash", "")))
        return qs_err_set(err, QS_INVALID, 0, "the wanted state does not fit its hash");
    return QS_OK;
}

enum qs_code qs_desired_from_val(const struct qs_val *v, struct qs_desired *ret, struct qs_err *err)
{
    struct qs_desired d = { .count = 0 };

    if (fill(v, &d, err)) {
        qs_desired_done(&d);
        return err->code;
    }
    *ret = d;
    return QS_OK;
}

void qs_desired_done(struct qs_desired *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->count; i++) {
        struct qs_desired_target *t = &d->targets[i];

        free(t->name);
        free(t->driver);
        free(t->address);
        free_words(t->depends_on);
        free_words(t->adrs);
        qs_resources_done(&t->want);
    }
    free(d->targets);
    free(d->lab);
    free(d->site);
    *d = (struct qs_desired){ .count = 0 };
}
