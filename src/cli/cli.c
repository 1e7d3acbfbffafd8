#include "cli/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "cli/help.h"
#include "text/json.h"
#include "text/table.h"

const struct qs_flag qs_global_flags[] = {
    { "state", "DIR", "the state folder (default: /var/lib/qs as root, else ~/.local/state/qs; QS_STATE)" },
    { "lab", "DIR", "the lab folder, the one that holds lab.yaml (default: lab; QS_LAB)" },
    { "site", "NAME", "a file of LAB/sites (default: twin; QS_SITE)" },
    { "json", NULL, "print a JSON document instead of text" },
    { "no-input", NULL, "never ask; fail and name the flag that answers" },
    { "no-color", NULL, "no colours (NO_COLOR=1 does the same)" },
    { "verbose", NULL, "say more on standard error" },
    { "help", NULL, "show help for the verb" },
    { NULL, NULL, NULL },
};

static char *state_folder(void)
{
    const char *named = getenv("QS_STATE"), *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (named && *named)
        return qs_xstrdup(named);
    if (geteuid() == 0)
        return qs_xstrdup("/var/lib/qs");
    if (xdg && *xdg)
        return qs_xasprintf("%s/qs", xdg);
    return qs_xasprintf("%s/.local/state/qs", home && *home ? home : ".");
}

static const char *environment_or(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value && *value ? value : otherwise;
}

/* How many leading words of `args` are the name of `v`; 0 when they are not. */
static int name_words(const struct qs_verb *v, char **args, int count)
{
    char name[64];
    int words = 1;

    (void)snprintf(name, sizeof(name), "%s", v->name);
    char *space = strchr(name, ' ');
    if (space) {
        *space = '\0';
        words = 2;
        if (count < 2 || !qs_streq(space + 1, args[1]))
            return 0;
    }
    return count > 0 && qs_streq(name, args[0]) ? words : 0;
}

static const struct qs_verb *find_verb(char **args, int count, int *ret_words)
{
    const struct qs_verb *v, *found = NULL;

    *ret_words = 0;
    for (size_t i = 0; (v = qs_verb_at(i)); i++) {
        int words = name_words(v, args, count);

        if (words > *ret_words) {
            *ret_words = words;
            found = v;
        }
    }
    return found;
}

static const struct qs_flag *find_flag(const struct qs_flag *flags, const char *name, size_t len)
{
    for (; flags && flags->name; flags++)
        if (strlen(flags->name) == len && strncmp(flags->name, name, len) == 0)
            return flags;
    return NULL;
}

static enum qs_code set_flag(struct qs_cli *cli, const struct qs_flag *flag, const char *value, struct qs_err *err)
{
    if (cli->set_count == QS_COUNT(cli->set))
        return qs_err_set(err, QS_LIMIT, 0, "more than %zu flags", QS_COUNT(cli->set));
    cli->set[cli->set_count].name = flag->name;
    cli->set[cli->set_count++].value = value;
    return QS_OK;
}

/* One "--name", "--name=value" or "--name value"; *at moves over a value taken from the next word. */
static enum qs_code take_flag(struct qs_cli *cli, const struct qs_flag *own, char **argv, int argc, int *at,
                              struct qs_err *err)
{
    const char *name = argv[*at] + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct qs_flag *flag = find_flag(own, name, len);

    if (!flag)
        flag = find_flag(qs_global_flags, name, len);
    if (!flag) {
        (void)qs_err_set(err, QS_INVALID, 0, "unknown flag '%s'", argv[*at]);
        return qs_err_hint(err, "Run 'qs help%s%s' to see the flags.", cli->verb ? " " : "",
                           cli->verb ? cli->verb->name : "");
    }
    if (!flag->value && equals)
        return qs_err_set(err, QS_INVALID, 0, "flag '--%s' takes no value", flag->name);
    if (!flag->value || equals)
        return set_flag(cli, flag, equals ? equals + 1 : "", err);
    if (*at + 1 >= argc)
        return qs_err_set(err, QS_INVALID, 0, "flag '--%s' needs a value: --%s %s", flag->name, flag->name,
                          flag->value);
    return set_flag(cli, flag, argv[++*at], err);
}

/* `words` has room for argc + 1 words; those that are no flags are collected there. */
static enum qs_code parse(struct qs_cli *cli, int argc, char **argv, char **words, struct qs_err *err)
{
    static char help[] = "--help";
    int count = 0, name = 0;
    bool only_words = false;

    /* The verb is among the words that are no flags; its own flags are known only after it, so it comes first. */
    for (int i = 1; i < argc && !cli->verb; i++)
        if (argv[i][0] != '-')
            cli->verb = find_verb(argv + i, argc - i, &name);
    for (int i = 1; i < argc; i++) {
        if (!only_words && qs_streq(argv[i], "--"))
            only_words = true;
        else if (!only_words && qs_streq(argv[i], "-h"))
            argv[i--] = help;
        else if (!only_words && strncmp(argv[i], "--", 2) == 0) {
            if (take_flag(cli, cli->verb ? cli->verb->flags : NULL, argv, argc, &i, err))
                return err->code;
        } else
            words[count++] = argv[i];
    }
    cli->verb = find_verb(words, count, &name);
    cli->args = words + name;
    cli->arg_count = count - name;
    return QS_OK;
}

static void apply_globals(struct qs_cli *cli)
{
    const char *value;

    cli->json = qs_cli_has(cli, "json");
    cli->no_input = qs_cli_has(cli, "no-input");
    cli->verbose = qs_cli_has(cli, "verbose");
    cli->colour = !qs_cli_has(cli, "no-color") && qs_table_colour_ok(STDOUT_FILENO);
    if ((value = qs_cli_flag(cli, "state")))
        cli->state = value;
    if ((value = qs_cli_flag(cli, "lab")))
        cli->lab = value;
    if ((value = qs_cli_flag(cli, "site")))
        cli->site = value;
}

static enum qs_code check_args(const struct qs_cli *cli, struct qs_err *err)
{
    const struct qs_verb *v = cli->verb;

    if (cli->arg_count >= v->min_args && cli->arg_count <= v->max_args)
        return QS_OK;
    (void)qs_err_set(err, QS_INVALID, 0,
                     cli->arg_count < v->min_args ? "'qs %s' needs more words" : "'qs %s' takes fewer words", v->name);
    return qs_err_hint(err, "Usage: qs %s %s", v->name, v->args ? v->args : "");
}

static enum qs_code no_such_verb(const char *word, struct qs_err *err)
{
    const char *names[64] = { NULL };
    size_t count = 0;

    for (const struct qs_verb *v; (v = qs_verb_at(count)) && count + 1 < QS_COUNT(names); count++)
        names[count] = v->name;
    (void)qs_err_set(err, QS_INVALID, 0, "there is no verb '%s'", word);
    const char *near = qs_nearest(word, names);
    if (near)
        return qs_err_hint(err, "Did you mean 'qs %s'?", near);
    return qs_err_hint(err, "Run 'qs help' for the list.");
}

static int run_verb(struct qs_cli *cli, int argc, char **argv, char **words)
{
    struct qs_err err = QS_ERR_INIT;

    if (parse(cli, argc, argv, words, &err))
        return qs_cli_fail(cli, &err);
    apply_globals(cli);
    if (!cli->verb && cli->arg_count == 0) {
        qs_help_list(stdout);
        return 0;
    }
    if (!cli->verb) {
        (void)no_such_verb(cli->args[0], &err);
        return qs_cli_fail(cli, &err);
    }
    if (qs_cli_has(cli, "help")) {
        qs_help_verb(stdout, cli->verb);
        return 0;
    }
    if (check_args(cli, &err))
        return qs_cli_fail(cli, &err);
    return cli->verb->run(cli);
}

int qs_cli_main(int argc, char **argv)
{
    char **words = qs_xzalloc(sizeof(char *) * ((size_t)argc + 1));
    qs_auto(str) char *state = state_folder();
    struct qs_cli cli = { .state = state,
                          .lab = environment_or("QS_LAB", "lab"),
                          .site = environment_or("QS_SITE", "twin") };
    int status = run_verb(&cli, argc, argv, words);

    free(words);
    return status;
}

const char *qs_cli_flag(const struct qs_cli *cli, const char *name)
{
    for (unsigned i = cli->set_count; i > 0; i--)
        if (qs_streq(cli->set[i - 1].name, name))
            return cli->set[i - 1].value;
    return NULL;
}

bool qs_cli_has(const struct qs_cli *cli, const char *name)
{
    return qs_cli_flag(cli, name) != NULL;
}

int qs_cli_json(const struct qs_val *v)
{
    struct qs_buf buf = QS_BUF(64 << 20);

    qs_json_write_pretty(v, &buf);
    (void)fwrite(qs_buf_text(&buf), 1, buf.len, stdout);
    qs_buf_done(&buf);
    return 0;
}

int qs_cli_fail(const struct qs_cli *cli, const struct qs_err *err)
{
    char text[600];

    if (cli->json) {
        qs_auto(val) struct qs_val *doc = qs_val_map();

        qs_val_set_str(doc, "format", "qs.error/1");
        qs_val_set_str(doc, "code", qs_code_text(err->code));
        qs_val_set_str(doc, "message", qs_err_text(err, text, sizeof(text)));
        qs_val_set_str(doc, "hint", *err->hint ? err->hint : NULL);
        (void)qs_cli_json(doc);
        return 1;
    }
    (void)fprintf(stderr, "qs: %s\n", qs_err_text(err, text, sizeof(text)));
    if (*err->hint)
        (void)fprintf(stderr, "    %s\n", err->hint);
    return 1;
}
