/* cli/verbs: the one table of verbs. A verb is one file (verb_NAME in NAME.c) and one line here. */
#include "cli/verb.h"

/* In the order that help shows them. */
/* clang-format off */
#define QS_VERBS(X) \
    X(up) \
    X(down) \
    X(platform_status) \
    X(status) \
    X(twin) \
    X(plan) \
    X(apply) \
    X(drift) \
    X(history) \
    X(rollback) \
    X(check) \
    X(schema) \
    X(init) \
    X(adr) \
    X(completion) \
    X(version) \
    X(help)
/* clang-format on */

#define X(id) extern const struct qs_verb qs_verb_##id;
QS_VERBS(X)
#undef X

static const struct qs_verb *const table[] = {
#define X(id) &qs_verb_##id,
    QS_VERBS(X)
#undef X
        NULL
};

const struct qs_verb *qs_verb_at(size_t i)
{
    return i < QS_COUNT(table) ? table[i] : NULL;
}
