/* roles/supervisor (private): what the host side hands to the inside of the container. */
#pragma once

#include "roles/supervisor/supervisor.h"

struct qs_inside {
    int progress_fd; /* lines {"what","text","state": begun|done|failed|ready} for whoever started us */
    int panel_fd;    /* the listening socket of the panel, bound in the host's network namespace */
};

/* pid 1 of the container; the exit status is 0 after an asked stop. `arg` is a struct qs_inside. */
int qs_supervisor_inside(void *arg);
