#include "roles/table.h"

#include "base/str.h"

/* The one list of processes: a role or a part of the twin is added here and nowhere else. */
/* clang-format off */
#define QS_ROLES(X) \
    X(executor) \
    X(status) \
    X(twin_node) \
    X(twin_router) \
    X(twin_switch) \
    X(twin_upstream)
/* clang-format on */

#define X(id) extern const struct qs_role qs_role_##id;
QS_ROLES(X)
#undef X

static const struct qs_role *const table[] = {
#define X(id) &qs_role_##id,
    QS_ROLES(X)
#undef X
        NULL
};

const struct qs_role *qs_role_at(size_t i)
{
    return i < QS_COUNT(table) ? table[i] : NULL;
}

const struct qs_role *qs_role_find(const char *name)
{
    for (size_t i = 0; table[i]; i++)
        if (qs_streq(table[i]->name, name))
            return table[i];
    return NULL;
}
