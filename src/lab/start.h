/* lab/start: the files of the starting lab (start/), embedded when qs is built. */
#pragma once

#include <stddef.h>

struct lab_start_file {
    const char *path, *text;
};
extern const struct lab_start_file lab_start[]; /* ended by path NULL */
