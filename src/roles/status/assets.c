#include "roles/status/assets.h"

#include "base/str.h"

const struct qs_asset *qs_asset_find(const char *name)
{
    for (size_t i = 0; i < qs_asset_count; i++)
        if (qs_streq(qs_assets[i].name, name))
            return &qs_assets[i];
    return NULL;
}
