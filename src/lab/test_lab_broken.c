/* Every broken lab of tests/data/broken: the starting lab with one edit, and exactly what must be said about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "lab/lab_int.h"
#include "lab/start.h"
#include "text/yaml.h"

#define FOLDER "tests/data/broken"

struct files {
    struct lab_file items[64];
    size_t count;
};

static void files_done(struct files *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->items[i].path);
        free(f->items[i].text);
    }
}
static inline void qs_auto_files_cb(struct files *f)
{
    files_done(f);
}

static struct lab_file *add(struct files *f, const char *path, const char *text)
{
    struct lab_file *one = &f->items[f->count++];

    assert_true(f->count <= QS_COUNT(f->items));
    *one = (struct lab_file){ qs_xstrdup(path), qs_xstrdup(text), strlen(text) };
    return one;
}

static struct lab_file *find(struct files *f, const char *path)
{
    for (size_t i = 0; i < f->count; i++)
        if (qs_streq(f->items[i].path, path))
            return &f->items[i];
    return NULL;
}

/* Replaces each `find` by `put`, one after the other down the file. */
static void edit_file(const char *name, struct lab_file *file, const struct qs_val *edits)
{
    size_t from = 0;

    for (size_t i = 0; i < qs_val_count(edits); i++) {
        const char *old = qs_val_get_str(qs_val_at(edits, i), "find", ""),
                   *new = qs_val_get_str(qs_val_at(edits, i), "put", "");
        char *at = strstr(file->text + from, old);

        if (!at || !*old)
            fail_msg("%s: '%s' is not in %s", name, old, file->path);
        char *text = qs_xasprintf("%.*s%s%s", (int)(at - file->text), file->text, new, at + strlen(old));
        from = (size_t)(at - file->text) + strlen(new);
        free(file->text);
        file->text = text;
        file->len = strlen(text);
    }
}

static void edit(const char *name, struct files *f, const struct qs_val *edits)
{
    for (uint32_t i = 0; i < qs_val_count(edits); i++) {
        const struct qs_pair *pair = &edits->u.pairs[i];
        struct lab_file *file = find(f, pair->key);

        if (pair->val->type == QS_STRING) {
            (void)add(f, pair->key, pair->val->u.s);
        } else if (!file) {
            fail_msg("%s: the starting lab has no %s", name, pair->key);
        } else if (pair->val->type == QS_NULL) {
            free(file->path);
            free(file->text);
            *file = f->items[--f->count];
        } else {
            edit_file(name, file, pair->val);
        }
    }
}

static struct qs_val *read_case(const char *name)
{
    qs_auto(str) char *path = qs_xasprintf("%s/%s", FOLDER, name);
    qs_auto(buf) struct qs_buf text = QS_BUF(1 << 20);
    struct qs_err err = QS_ERR_INIT;
    struct qs_val *doc = NULL;

    if (qs_fs_read(AT_FDCWD, path, &text, &err) || qs_yaml_parse(name, qs_buf_text(&text), text.len, &doc, &err))
        fail_msg("%s: %s", name, err.msg);
    return doc;
}

static void compare(const char *name, const struct qs_val *doc, const struct qs_problems *got)
{
    const struct qs_val *want = qs_val_get(doc, "want");

    for (size_t i = 0; i < got->count || i < qs_val_count(want); i++) {
        const struct qs_problem *p = i < got->count ? &got->items[i] : NULL;
        qs_auto(str) char *text = p ? qs_xasprintf("%s:%u:%u: %s", p->at.file, p->at.line, p->at.col, p->text)
                                    : qs_xstrdup("(nothing)");
        const char *want_text = qs_val_get_str(qs_val_at(want, i), "text", "(nothing)");
        const char *want_hint = qs_val_get_str(qs_val_at(want, i), "hint", "");

        if (!qs_streq(text, want_text) || !qs_streq(p ? p->hint : "", want_hint))
            fail_msg("%s: problem %zu\n got: %s\n      %s\nwant: %s\n      %s", name, i, text, p ? p->hint : "",
                     want_text, want_hint);
    }
    if ((int64_t)got->more != qs_val_get_int(doc, "more", 0))
        fail_msg("%s: %zu more", name, got->more);
}

static void every_broken_lab_is_refused_in_the_words_expected(void **state)
{
    static struct qs_problems got;
    qs_auto(names) char **names = NULL;
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    assert_int_equal(qs_fs_list(AT_FDCWD, FOLDER, &names, &err), QS_OK);
    for (char **name = names; *name; name++) {
        qs_auto(val) struct qs_val *doc = read_case(*name);
        qs_auto(files) struct files f = { .count = 0 };
        qs_auto(lab) struct qs_lab *lab = NULL;

        for (const struct lab_start_file *one = lab_start; one->path; one++)
            (void)add(&f, one->path, one->text);
        edit(*name, &f, qs_val_get(doc, "edit"));
        if (lab_load_files(f.items, f.count, "lab", "twin", &lab, &got, &err) != QS_INVALID)
            fail_msg("%s: was accepted", *name);
        compare(*name, doc, &got);
    }
}

static void every_check_has_a_broken_lab(void **state)
{
    qs_auto(names) char **names = NULL;
    struct qs_err err = QS_ERR_INIT;
    const struct lab_check *check;

    (void)state;
    assert_int_equal(qs_fs_list(AT_FDCWD, FOLDER, &names, &err), QS_OK);
    for (size_t i = 0; (check = lab_check_at(i)); i++) {
        bool found = false;

        for (char **name = names; *name && !found; name++) {
            qs_auto(val) struct qs_val *doc = read_case(*name);

            found = qs_streq(qs_val_get_str(doc, "check", NULL), check->name);
        }
        if (!found)
            fail_msg("check '%s' has no broken lab", check->name);
    }
}

static void the_starting_lab_is_right_for_every_site(void **state)
{
    static const char *const sites[] = { "twin", "rack" };
    static struct qs_problems got;
    qs_auto(files) struct files f = { .count = 0 };

    (void)state;
    for (const struct lab_start_file *one = lab_start; one->path; one++)
        (void)add(&f, one->path, one->text);
    for (size_t i = 0; i < QS_COUNT(sites); i++) {
        qs_auto(lab) struct qs_lab *lab = NULL;
        struct qs_err err = QS_ERR_INIT;

        if (lab_load_files(f.items, f.count, "lab", sites[i], &lab, &got, &err))
            fail_msg("%s: %s", sites[i], got.count ? got.items[0].text : err.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_starting_lab_is_right_for_every_site),
        cmocka_unit_test(every_broken_lab_is_refused_in_the_words_expected),
        cmocka_unit_test(every_check_has_a_broken_lab),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
