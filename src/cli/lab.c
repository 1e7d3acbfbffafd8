/* cli/lab: loads the lab that a verb works on, and prints what is wrong with files that a person wrote. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "cli/verb.h"

int qs_cli_problems(const struct qs_cli *cli, const struct qs_problems *ps)
{
    qs_auto(val) struct qs_val *doc = qs_val_map();

    qs_val_set_str(doc, "format", "qs.problems/1");
    struct qs_val *list = qs_val_set(doc, "problems", qs_val_list());
    for (size_t i = 0; i < ps->count; i++) {
        const struct qs_problem *p = &ps->items[i];

        if (!cli->json) {
            (void)fprintf(stderr, "%s:%u:%u: %s\n", p->at.file, p->at.line, p->at.col, p->text);
            if (*p->hint)
                (void)fprintf(stderr, "    %s\n", p->hint);
            continue;
        }
        struct qs_val *one = qs_val_add(list, qs_val_map());
        qs_val_set_str(one, "file", p->at.file);
        qs_val_set_int(one, "line", p->at.line);
        qs_val_set_int(one, "column", p->at.col);
        qs_val_set_str(one, "message", p->text);
        qs_val_set_str(one, "hint", *p->hint ? p->hint : NULL);
    }
    qs_val_set_int(doc, "more", (int64_t)ps->more);
    if (cli->json)
        (void)qs_cli_json(doc);
    else if (ps->more)
        (void)fprintf(stderr, "… and %zu more\n", ps->more);
    return 1;
}

struct qs_lab *qs_cli_lab(const struct qs_cli *cli)
{
    struct qs_problems *problems = qs_xzalloc(sizeof(*problems));
    struct qs_err err = QS_ERR_INIT;
    struct qs_lab *lab = NULL;

    if (qs_lab_load(cli->lab, cli->site, &lab, problems, &err)) {
        if (problems->count)
            (void)qs_cli_problems(cli, problems);
        else
            (void)qs_cli_fail(cli, &err);
    }
    free(problems);
    return lab;
}
