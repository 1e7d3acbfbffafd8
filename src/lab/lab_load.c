#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/id.h"
#include "base/str.h"
#include "lab/lab_int.h"
#include "text/yaml.h"

#define FILE_MAX (4u << 20)
#define LAB_MAX (64u << 20)

static const char *const rooms[] = { "", "cluster", "components", "hardware", "network", "sites", "storage" };

/* ---- from memory ---- */

static struct qs_at file_at(struct lab_box *box, const char *base, const char *path)
{
    return (struct qs_at){ lab_printf(&box->arena, "%s/%s", base, path), 1, 1 };
}

/* A syntax error says "NAME:LINE:COL: what"; the position goes where positions belong. */
static void syntax_problem(struct lab_box *box, struct qs_at at, const struct qs_err *err)
{
    const char *rest = qs_after(err->msg, at.file);
    unsigned line, col;
    int used = 0;

    if (rest && sscanf(rest, ":%u:%u: %n", &line, &col, &used) == 2 && used > 0) {
        at.line = line;
        at.col = col;
        rest += used;
    } else {
        rest = err->msg;
    }
    lab_hint(lab_problem(box, &at, "%s", rest), "%s", err->hint);
}

static void read_file(struct lab_box *box, const struct lab_kind *kind, const struct lab_file *file, const char *base)
{
    struct qs_at at = file_at(box, base, file->path);
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *doc = NULL;
    size_t before = box->problems->count + box->problems->more;

    if (qs_yaml_parse(at.file, file->text, file->len, &doc, &err)) {
        syntax_problem(box, at, &err);
    } else {
        if (kind->begin)
            kind->begin(box);
        lab_read(box, kind->record, at.file, doc, box);
        if (kind->end)
            kind->end(box);
    }
    for (size_t i = 0; i < QS_COUNT(kind->gives); i++)
        if (box->problems->count + box->problems->more != before)
            box->unsure[kind->gives[i]] = true;
}

static bool is_other_site(const struct lab_box *box, const char *path)
{
    const char *name = qs_after(path, "sites/");
    size_t n = strlen(box->lab.site);

    return name && !(strncmp(name, box->lab.site, n) == 0 && qs_streq(name + n, ".yaml"));
}

static void read_kind(struct lab_box *box, const struct lab_kind *kind, const struct lab_file *files, size_t count,
                      const char *base)
{
    bool found = false;

    for (size_t i = 0; i < count; i++) {
        if (lab_kind_of(files[i].path) != kind || is_other_site(box, files[i].path))
            continue;
        read_file(box, kind, &files[i], base);
        found = true;
    }
    if (!found && kind->needed) {
        struct qs_at at = file_at(box, base, kind->path);

        lab_hint(lab_problem(box, &at, "the file is missing"),
                 "`qs schema %s` says what it holds; `qs init` writes an example.", kind->path);
    }
    if (!found)
        for (size_t i = 0; i < QS_COUNT(kind->gives); i++)
            box->unsure[kind->gives[i]] |= kind->needed;
}

static void refuse_strangers(struct lab_box *box, const struct lab_file *files, size_t count, const char *base)
{
    const char *words[32] = { NULL };
    const struct lab_kind *kind;

    for (size_t i = 0; (kind = lab_kind_at(i)) && i + 1 < QS_COUNT(words); i++)
        words[i] = kind->path;
    for (size_t i = 0; i < count; i++) {
        if (!lab_kind_of(files[i].path)) {
            struct qs_at at = file_at(box, base, files[i].path);

            lab_hint_words(lab_problem(box, &at, "the file is none that qs knows"), files[i].path, words, "files");
        }
    }
}

static char **site_names(const struct lab_file *files, size_t count)
{
    char **names = NULL;
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        const char *name = qs_after(files[i].path, "sites/");
        size_t len = name ? strlen(name) : 0;

        if (len > 5 && qs_streq(name + len - 5, ".yaml"))
            *QS_PUSH(names, n) = qs_xstrndup(name, len - 5);
    }
    *QS_PUSH(names, n) = NULL;
    return names;
}

static bool has_site(const struct lab_box *box)
{
    for (char **name = box->sites; *name; name++)
        if (qs_streq(*name, box->lab.site))
            return true;
    return false;
}

static bool is_wrong(const struct lab_box *box)
{
    return box->problems->count > 0;
}

/* Read, settle, check: each step only where the one before it found nothing. */
static void load(struct lab_box *box, const struct lab_file *files, size_t count, const char *base)
{
    const struct lab_kind *kind;
    const struct lab_check *check;

    refuse_strangers(box, files, count, base);
    for (size_t i = 0; (kind = lab_kind_at(i)); i++)
        read_kind(box, kind, files, count, base);
    if (is_wrong(box))
        return;
    lab_settle_hardware(box);
    lab_settle_network(box);
    lab_settle_platform(box);
    if (is_wrong(box))
        return;
    for (size_t i = 0; (check = lab_check_at(i)); i++)
        check->fn(box);
}

enum qs_code lab_load_files(const struct lab_file *files, size_t count, const char *base, const char *site,
                            struct qs_lab **ret, struct qs_problems *problems, struct qs_err *err)
{
    struct lab_box *box = qs_xzalloc(sizeof(*box));
    qs_auto(lab) struct qs_lab *lab = &box->lab;

    *problems = (struct qs_problems){ .count = 0 };
    box->problems = problems;
    box->sites = site_names(files, count);
    lab->site = lab_strdup(&box->arena, site);
    if (!has_site(box)) {
        (void)qs_err_set(err, QS_NOTFOUND, 0, "lab '%s' has no site '%s'", base, site);
        return qs_err_hint(err, "Sites are the files of %s/sites.", base);
    }
    load(box, files, count, base);
    if (is_wrong(box))
        return qs_err_set(err, QS_INVALID, 0, "lab '%s' has %zu problem%s", base, problems->count + problems->more,
                          problems->count + problems->more == 1 ? "" : "s");
    box->problems = NULL;
    *ret = qs_take_ptr(lab);
    return QS_OK;
}

void qs_lab_free(struct qs_lab *lab)
{
    struct lab_box *box = (struct lab_box *)(void *)lab;

    if (!box)
        return;
    for (char **name = box->sites; name && *name; name++)
        free(*name);
    free(box->sites);
    lab_arena_done(&box->arena);
    free(box);
}

/* ---- from a folder ---- */

struct folder {
    struct lab_file *files;
    size_t count;
};

static void folder_done(struct folder *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->files[i].path);
        free(f->files[i].text);
    }
    free(f->files);
}
static inline void qs_auto_folder_cb(struct folder *f)
{
    folder_done(f);
}

static bool is_yaml(const char *name)
{
    size_t n = strlen(name);

    return name[0] != '.' && ((n > 5 && qs_streq(name + n - 5, ".yaml")) || (n > 4 && qs_streq(name + n - 4, ".yml")));
}

static enum qs_code take_file(int dirfd, const char *path, struct folder *ret, struct qs_err *err)
{
    struct qs_buf buf = QS_BUF(FILE_MAX);
    enum qs_code code = qs_fs_read(dirfd, path, &buf, err);

    if (!code) {
        struct lab_file *f = QS_PUSH(ret->files, ret->count);

        f->path = qs_xstrdup(path);
        f->len = buf.len;
        f->text = qs_buf_take(&buf);
    }
    qs_buf_done(&buf);
    return code;
}

static int by_path(const void *a, const void *b)
{
    const struct lab_file *x = a, *y = b;

    return strcmp(x->path, y->path);
}

/* Every YAML file of the lab's folders, in path order. */
static enum qs_code read_folder(const char *path, struct folder *ret, struct qs_err *err)
{
    qs_auto(fd) int dirfd = -1;

    if (qs_fs_opendir(AT_FDCWD, path, false, &dirfd, err))
        return err->code;
    for (size_t i = 0; i < QS_COUNT(rooms); i++) {
        qs_auto(names) char **names = NULL;
        struct qs_err none = QS_ERR_INIT;

        if (qs_fs_list(dirfd, *rooms[i] ? rooms[i] : ".", &names, &none)) {
            if (none.code == QS_NOTFOUND)
                continue;
            *err = none;
            return err->code;
        }
        for (char **name = names; *name; name++) {
            qs_auto(str) char *inside = qs_xasprintf("%s%s%s", rooms[i], *rooms[i] ? "/" : "", *name);

            if (is_yaml(*name) && take_file(dirfd, inside, ret, err))
                return qs_err_wrap(err, "lab '%s'", path);
        }
    }
    if (ret->count)
        qsort(ret->files, ret->count, sizeof(*ret->files), by_path);
    return QS_OK;
}

static enum qs_code open_folder(const char *path, struct folder *ret, struct qs_err *err)
{
    if (read_folder(path, ret, err)) {
        if (err->code == QS_NOTFOUND)
            (void)qs_err_hint(err, "Name the folder that holds lab.yaml with --lab, or write one with `qs init`.");
        return err->code;
    }
    for (size_t i = 0; i < ret->count; i++)
        if (qs_streq(ret->files[i].path, "lab.yaml"))
            return QS_OK;
    (void)qs_err_set(err, QS_NOTFOUND, 0, "folder '%s' is no lab: it has no lab.yaml", path);
    return qs_err_hint(err, "Name the folder that holds lab.yaml with --lab, or write one with `qs init`.");
}

/* What messages call the folder: its last name, "lab" in "lab/network/vlans.yaml". */
static char *base_name(const char *folder)
{
    qs_auto(str) char *real = realpath(folder, NULL);
    const char *slash = real ? strrchr(real, '/') : NULL;

    return qs_xstrdup(slash && slash[1] ? slash + 1 : folder);
}

enum qs_code qs_lab_load(const char *folder, const char *site, struct qs_lab **ret, struct qs_problems *problems,
                         struct qs_err *err)
{
    qs_auto(folder) struct folder f = { 0 };
    qs_auto(str) char *base = base_name(folder);

    *problems = (struct qs_problems){ .count = 0 };
    if (open_folder(folder, &f, err))
        return err->code;
    if (lab_load_files(f.files, f.count, base, site, ret, problems, err))
        return err->code;
    (*ret)->folder = lab_strdup(&((struct lab_box *)(void *)*ret)->arena, folder);
    return QS_OK;
}

enum qs_code qs_lab_sites(const char *folder, char ***ret_names, struct qs_err *err)
{
    qs_auto(folder) struct folder f = { 0 };

    if (open_folder(folder, &f, err))
        return err->code;
    *ret_names = site_names(f.files, f.count);
    return QS_OK;
}

enum qs_code qs_lab_hash(const char *folder, char hex[65], struct qs_err *err)
{
    qs_auto(folder) struct folder f = { 0 };
    qs_auto(buf) struct qs_buf all = QS_BUF(LAB_MAX);

    if (open_folder(folder, &f, err))
        return err->code;
    for (size_t i = 0; i < f.count; i++) {
        qs_buf_printf(&all, "%s\n%zu\n", f.files[i].path, f.files[i].len);
        qs_buf_add(&all, f.files[i].text, f.files[i].len);
    }
    if (qs_buf_check(&all, "the lab's files", err))
        return err->code;
    (void)qs_sha256_hex(all.data, all.len, hex);
    return QS_OK;
}
