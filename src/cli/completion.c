/* cli/completion: shell completions made from the verb table. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/help.h"

static void words_of_verbs(void)
{
    const struct qs_verb *v;

    for (size_t i = 0; (v = qs_verb_at(i)); i++)
        (void)printf("%s%.*s", i ? " " : "", (int)strcspn(v->name, " "), v->name);
}

static void flag_words(const struct qs_flag *flags)
{
    for (; flags && flags->name; flags++)
        (void)printf(" --%s", flags->name);
}

static void case_rows(const char *indent)
{
    const struct qs_verb *v;

    for (size_t i = 0; (v = qs_verb_at(i)); i++) {
        (void)printf("%s%.*s) flags=\"", indent, (int)strcspn(v->name, " "), v->name);
        flag_words(v->flags);
        (void)printf("\" ;;\n");
    }
}

static void bash(void)
{
    (void)printf("_qs() {\n  local cur=${COMP_WORDS[COMP_CWORD]} flags=\"\"\n  case ${COMP_WORDS[1]} in\n");
    case_rows("    ");
    (void)printf("  esac\n  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    COMPREPLY=($(compgen -W \"");
    words_of_verbs();
    (void)printf("\" -- \"$cur\"))\n  elif [[ $cur == -* ]]; then\n    COMPREPLY=($(compgen -W \"$flags");
    flag_words(qs_global_flags);
    (void)printf("\" -- \"$cur\"))\n  else\n    COMPREPLY=($(compgen -f -- \"$cur\"))\n  fi\n}\n"
                 "complete -o filenames -F _qs qs\n");
}

static void zsh(void)
{
    const struct qs_verb *v;

    (void)printf("#compdef qs\nlocal -a verbs\nverbs=(\n");
    for (size_t i = 0; (v = qs_verb_at(i)); i++)
        (void)printf("  '%.*s:%s'\n", (int)strcspn(v->name, " "), v->name, v->summary);
    (void)printf(")\nlocal flags=\"\"\ncase ${words[2]} in\n");
    case_rows("  ");
    (void)printf("esac\nif (( CURRENT == 2 )); then\n  _describe verb verbs\nelif [[ ${words[CURRENT]} == -* ]]; then\n"
                 "  compadd -- ${=flags}");
    flag_words(qs_global_flags);
    (void)printf("\nelse\n  _files\nfi\n");
}

static void fish(void)
{
    const struct qs_verb *v;

    (void)printf("complete -c qs -f -n __fish_use_subcommand\n");
    for (size_t i = 0; (v = qs_verb_at(i)); i++) {
        int len = (int)strcspn(v->name, " ");

        (void)printf("complete -c qs -n __fish_use_subcommand -a %.*s -d '%s'\n", len, v->name, v->summary);
        for (const struct qs_flag *f = v->flags; f && f->name; f++)
            (void)printf("complete -c qs -n '__fish_seen_subcommand_from %.*s' -l %s -d '%s'%s\n", len, v->name,
                         f->name, f->help, f->value ? " -r" : "");
    }
    for (const struct qs_flag *f = qs_global_flags; f->name; f++)
        (void)printf("complete -c qs -l %s -d '%s'%s\n", f->name, f->help, f->value ? " -r" : "");
}

static int run(const struct qs_cli *cli)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } table[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
    struct qs_err err = QS_ERR_INIT;

    for (size_t i = 0; i < QS_COUNT(table); i++) {
        if (qs_streq(table[i].shell, cli->args[0])) {
            table[i].print();
            return 0;
        }
    }
    (void)qs_err_set(&err, QS_INVALID, 0, "no completions for shell '%s'", cli->args[0]);
    (void)qs_err_hint(&err, "Use bash, zsh or fish.");
    return qs_cli_fail(cli, &err);
}

const struct qs_verb qs_verb_completion = {
    .name = "completion",
    .args = "bash|zsh|fish",
    .summary = "print shell completions",
    .help = "For example: qs completion bash > /etc/bash_completion.d/qs",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
