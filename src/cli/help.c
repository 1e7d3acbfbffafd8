#include "cli/help.h"

#include <string.h>

#include "base/str.h"

void qs_help_list(FILE *out)
{
    const struct qs_verb *v;

    (void)fputs("qs brings a half rack up from one repository, keeps it converged and shows what is true.\n\n"
                "Usage: qs VERB [FLAGS] [WORDS]\n\nVerbs:\n",
                out);
    for (size_t i = 0; (v = qs_verb_at(i)); i++)
        (void)fprintf(out, "  %-16s %s\n", v->name, v->summary);
    (void)fputs("\nRun 'qs help VERB' for its flags. The guide is in docs/guide/.\n", out);
}

static void print_flags(FILE *out, const struct qs_flag *flags)
{
    for (; flags && flags->name; flags++) {
        char left[64];

        (void)snprintf(left, sizeof(left), "--%s%s%s", flags->name, flags->value ? " " : "",
                       flags->value ? flags->value : "");
        (void)fprintf(out, "  %-22s %s\n", left, flags->help);
    }
}

void qs_help_verb(FILE *out, const struct qs_verb *v)
{
    (void)fprintf(out, "qs %s: %s\n\nUsage: qs %s%s%s%s\n", v->name, v->summary, v->name, v->flags ? " [FLAGS]" : "",
                  v->args ? " " : "", v->args ? v->args : "");
    if (v->help)
        (void)fprintf(out, "\n%s\n", v->help);
    if (v->flags) {
        (void)fputs("\nFlags:\n", out);
        print_flags(out, v->flags);
    }
    (void)fputs("\nFlags of every verb:\n", out);
    print_flags(out, qs_global_flags);
}

/* man(7) takes a line that starts with '.' or '\'' as a request, and "-" as a hyphen. */
static void man_text(FILE *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if ((p == text || p[-1] == '\n') && (*p == '.' || *p == '\''))
            (void)fputs("\\&", out);
        if (*p == '-')
            (void)fputs("\\-", out);
        else if (*p == '\\')
            (void)fputs("\\e", out);
        else if (*p == '\n' && p[1] == '\n')
            (void)fputs("\n.PP", out);
        else
            (void)fputc(*p, out);
    }
    (void)fputc('\n', out);
}

static void man_flags(FILE *out, const struct qs_flag *flags)
{
    for (; flags && flags->name; flags++) {
        (void)fprintf(out, ".TP\n.B \\-\\-");
        man_text(out, flags->name);
        if (flags->value)
            (void)fprintf(out, ".I %s\n", flags->value);
        man_text(out, flags->help);
    }
}

/* qs(1) in man(7). */
static void man_page(FILE *out)
{
    const struct qs_verb *v;

    (void)fprintf(out,
                  ".TH QS 1 \"\" \"qs %s\" \"User Commands\"\n.SH NAME\nqs \\- bring a rack up from one repository "
                  "and keep it converged\n.SH SYNOPSIS\n.B qs\n.I VERB\n[\\fIFLAGS\\fR] [\\fIWORDS\\fR]\n.SH VERBS\n",
                  QS_VERSION);
    for (size_t i = 0; (v = qs_verb_at(i)); i++) {
        (void)fprintf(out, ".SS qs %s %s\n", v->name, v->args ? v->args : "");
        man_text(out, v->summary);
        if (v->help) {
            (void)fputs(".PP\n", out);
            man_text(out, v->help);
        }
        man_flags(out, v->flags);
    }
    (void)fputs(".SH FLAGS OF EVERY VERB\n", out);
    man_flags(out, qs_global_flags);
    (void)fputs(".SH EXIT STATUS\n0 done, 1 error. Only \\fBqs plan \\-\\-detailed\\-exitcode\\fR uses 0 nothing to "
                "do, 1 error, "
                "2 changes.\n.SH FILES\n.TP\n.I lab/\nthe declared state: YAML, in Git\n.TP\n.I /var/lib/qs\nstate "
                "(\\fI~/.local/state/qs\\fR for an ordinary user); everything else is rebuilt from Git\n",
                out);
}

static int run_help(const struct qs_cli *cli)
{
    char name[64] = "";
    const struct qs_verb *v;

    for (int i = 0; i < cli->arg_count; i++) {
        size_t n = strlen(name);

        (void)snprintf(name + n, sizeof(name) - n, "%s%s", n ? " " : "", cli->args[i]);
    }
    if (qs_cli_has(cli, "man")) {
        man_page(stdout);
        return 0;
    }
    if (!*name) {
        qs_help_list(stdout);
        return 0;
    }
    for (size_t i = 0; (v = qs_verb_at(i)); i++) {
        if (qs_streq(v->name, name)) {
            qs_help_verb(stdout, v);
            return 0;
        }
    }
    struct qs_err err = QS_ERR_INIT;
    (void)qs_err_set(&err, QS_NOTFOUND, 0, "there is no verb '%s'", name);
    return qs_cli_fail(cli, &err);
}

static const struct qs_flag help_flags[] = {
    { "man", NULL, "print the manual page in man(7)" },
    { NULL, NULL, NULL },
};

const struct qs_verb qs_verb_help = {
    .name = "help",
    .args = "[VERB]",
    .summary = "show the verbs, or one verb's flags",
    .flags = help_flags,
    .max_args = 2,
    .run = run_help,
};
