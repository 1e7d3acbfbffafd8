/*
 * roles/supervisor/ids (private): the user and group that each process of the twin has inside the container once it
 * serves, and what of the state folder is given to them.
 *
 * Files stay root's: inside the container that is the person who started it. A role is let in by its group, and
 * only to what it opens while it serves; databases, locks and devices it has opened before (os/sandbox.h). The folder of a
 * switch or router alone is wholly its own.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

/* The id of the index-th process of that role; 0 for a role that stays root. */
unsigned qs_ids_of(const char *role, size_t index);
/* Lets all ids pass the state folder; nobody else is let in. */
enum qs_code qs_ids_open_state(const char *state, struct qs_err *err) QS_MUST_CHECK;
/* Lets the group `id` read the file, or connect to the socket. */
enum qs_code qs_ids_let_read(const char *path, unsigned id, struct qs_err *err) QS_MUST_CHECK;
enum qs_code qs_ids_let_connect(const char *path, unsigned id, struct qs_err *err) QS_MUST_CHECK;
/* Makes the folder and the files in it, from whichever start they are, belong to `id`. */
enum qs_code qs_ids_give_folder(const char *path, unsigned id, struct qs_err *err) QS_MUST_CHECK;
