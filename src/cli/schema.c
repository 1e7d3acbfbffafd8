/* qs schema: JSON Schema of the lab files. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "cli/verb.h"
#include "text/json.h"

#define SCHEMA_MAX (4u << 20)

/* "network/vlans.yaml" → "network/vlans.schema.json", "sites/" and any name → "sites.schema.json". */
static char *schema_path(const char *kind)
{
    size_t len = strlen(kind) - strlen(".yaml");
    const char *star = strstr(kind, "/*");

    if (star)
        len = (size_t)(star - kind);
    return qs_xasprintf("%.*s.schema.json", (int)len, kind);
}

static enum qs_code write_one(int dirfd, const char *kind, struct qs_err *err)
{
    qs_auto(val) struct qs_val *schema = qs_lab_schema(kind);
    qs_auto(buf) struct qs_buf text = QS_BUF(SCHEMA_MAX);
    qs_auto(str) char *path = schema_path(kind);
    char *slash = strchr(path, '/');

    qs_json_write_pretty(schema, &text);
    if (qs_buf_check(&text, path, err))
        return err->code;
    if (slash) {
        *slash = '\0';
        if (qs_fs_mkdirs(dirfd, path, 0755, err))
            return err->code;
        *slash = '/';
    }
    if (qs_fs_write(dirfd, path, text.data, text.len, 0644, err))
        return err->code;
    (void)printf("%s\n", path);
    return QS_OK;
}

static int write_all(const struct qs_cli *cli, const char *folder)
{
    qs_auto(fd) int dirfd = -1;
    struct qs_err err = QS_ERR_INIT;
    const char *kind;

    if (qs_fs_opendir(AT_FDCWD, folder, true, &dirfd, &err))
        return qs_cli_fail(cli, &err);
    for (size_t i = 0; (kind = qs_lab_schema_name(i)); i++)
        if (write_one(dirfd, kind, &err))
            return qs_cli_fail(cli, &err);
    return 0;
}

static int print_one(const struct qs_cli *cli, const char *kind)
{
    qs_auto(val) struct qs_val *schema = qs_lab_schema(kind);
    qs_auto(buf) struct qs_buf text = QS_BUF(SCHEMA_MAX);
    struct qs_err err = QS_ERR_INIT;

    if (!schema) {
        (void)qs_err_set(&err, QS_NOTFOUND, 0, "'%s' is no lab file", kind);
        (void)qs_err_hint(&err, "Run 'qs schema' for the list.");
        return qs_cli_fail(cli, &err);
    }
    qs_json_write_pretty(schema, &text);
    (void)fputs(qs_buf_text(&text), stdout);
    return 0;
}

static int list_kinds(const struct qs_cli *cli)
{
    qs_auto(val) struct qs_val *doc = qs_val_map();
    const char *kind;

    qs_val_set_str(doc, "format", "qs.schemas/1");
    struct qs_val *list = qs_val_set(doc, "kinds", qs_val_list());
    for (size_t i = 0; (kind = qs_lab_schema_name(i)); i++) {
        (void)qs_val_add(list, qs_val_str(kind));
        if (!cli->json)
            (void)printf("%s\n", kind);
    }
    return cli->json ? qs_cli_json(doc) : 0;
}

static int run(const struct qs_cli *cli)
{
    const char *folder = qs_cli_flag(cli, "out");

    if (folder)
        return write_all(cli, folder);
    return cli->arg_count ? print_one(cli, cli->args[0]) : list_kinds(cli);
}

static const struct qs_flag flags[] = {
    { "out", "DIR", "write the schema of every kind into this folder" },
    { NULL, NULL, NULL },
};

const struct qs_verb qs_verb_schema = {
    .name = "schema",
    .args = "[KIND]",
    .summary = "print JSON Schema of a lab file, or the list of kinds",
    .help = "KIND is a path inside the lab folder: network/vlans.yaml, components/apps.yaml. Editors that know the "
            "schemas complete keys and check values as you type; with the YAML language server put this on top of a "
            "file:\n\n    # yaml-language-server: $schema=../schema/network/vlans.schema.json",
    .flags = flags,
    .max_args = 1,
    .run = run,
};
