/* roles/status/assets (private): the files of web/, embedded by tools/embed.py. */
#pragma once

#include <stddef.h>

struct qs_asset {
    const char *name; /* "panel.js" */
    const char *type; /* Content-Type */
    const char *etag; /* with its quotes */
    const unsigned char *data, *gzip;
    size_t len, gzip_len;
};
extern const struct qs_asset qs_assets[];
extern const size_t qs_asset_count;

const struct qs_asset *qs_asset_find(const char *name); /* NULL: none */
