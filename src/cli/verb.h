/*
 * cli/verb: one file a verb, one table of verbs (verbs.c). Help, the man page and shell completions are made from
 * the table. Data goes to stdout, progress and messages to stderr. A verb returns an exit status: 0 done, 1 error.
 */
#pragma once

#include "base/err.h"
#include "lab/lab.h"
#include "text/val.h"

struct qs_flag {
    const char *name;  /* "--json" without the dashes: "json" */
    const char *value; /* what the value is called in help ("FILE"); NULL: a switch */
    const char *help;
};
struct qs_cli {
    const struct qs_verb *verb;
    const char *state, *lab, *site; /* --state, --lab, --site with their defaults filled in */
    bool json, no_input, colour, verbose;
    struct {
        const char *name, *value;
    } set[24]; /* flags of the verb that were given, in order; value "" for switches */
    unsigned set_count;
    char **args; /* positional, NULL-terminated */
    int arg_count;
};
struct qs_verb {
    const char *name;            /* "plan", or "platform status" */
    const char *args;            /* "[FILE]" */
    const char *summary;         /* one line */
    const char *help;            /* paragraphs for the man page; may be NULL */
    const struct qs_flag *flags; /* ended by name NULL; may be NULL */
    int min_args, max_args;
    int (*run)(const struct qs_cli *cli);
};

const struct qs_verb *qs_verb_at(size_t i); /* NULL past the end */
/* Parses argv and runs the verb; gives the exit status. */
int qs_cli_main(int argc, char **argv);

/* The last value of a flag, NULL when not given. */
const char *qs_cli_flag(const struct qs_cli *cli, const char *name);
bool qs_cli_has(const struct qs_cli *cli, const char *name);
/* Prints the error (as qs.error/1 on stdout with --json, else "qs: …" and the hint on stderr) and gives 1. */
int qs_cli_fail(const struct qs_cli *cli, const struct qs_err *err);
/* Prints what is wrong in files (as qs.problems/1 on stdout with --json, else on stderr) and gives 1. */
int qs_cli_problems(const struct qs_cli *cli, const struct qs_problems *ps);
/* Loads the lab of --lab for --site; prints up to 20 problems itself and gives NULL when it is wrong. */
struct qs_lab *qs_cli_lab(const struct qs_cli *cli);
/* Prints a document on stdout as JSON (the first key must be "format"). Gives 0. */
int qs_cli_json(const struct qs_val *v);
/* One exchange with the executor of this state folder over its Unix socket, starting it on demand where no daemon
 * runs (never for site twin: there `qs up` does). `body` may be NULL. *ret is the reply's document. An HTTP error
 * document becomes `err`. */
enum qs_code qs_cli_executor(const struct qs_cli *cli, const char *method, const char *path, const struct qs_val *body,
                             struct qs_val **ret, struct qs_err *err) QS_MUST_CHECK;
