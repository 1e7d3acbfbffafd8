#include "converge/driver.h"

#include <stdlib.h>

#include "base/str.h"
#include "drivers/driver_list.h"

#define X(name) extern const struct qs_driver qs_driver_##name;
QS_DRIVER_LIST(X)
#undef X

static const struct qs_driver *const table[] = {
#define X(name) &qs_driver_##name,
    QS_DRIVER_LIST(X)
#undef X
        NULL
};

const struct qs_driver *qs_driver_at(size_t i)
{
    return i < QS_COUNT(table) ? table[i] : NULL;
}

const struct qs_driver *qs_driver_find(const char *name)
{
    for (size_t i = 0; table[i]; i++)
        if (qs_streq(table[i]->name, name))
            return table[i];
    return NULL;
}

void qs_observation_done(struct qs_observation *o)
{
    if (!o)
        return;
    qs_resources_done(&o->have);
    free(o->revision);
    free(o->native);
    qs_val_free(o->facts);
    qs_val_free(o->foreign);
    *o = (struct qs_observation){ .revision = NULL };
}
