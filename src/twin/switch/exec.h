/*
 * twin/switch/exec: commands as a session of the device's CLI takes them: EXEC commands, `show`, the life of
 * configuration sessions, and everything else handed to the configuration grammar. One qs_sw_exec lives as long as one
 * eAPI request, which is how eAPI works: modes do not outlast it, pending sessions do.
 */
#pragma once

#include "text/val.h"
#include "twin/switch/box.h"
#include "twin/switch/grammar.h"

struct qs_sw_exec {
    struct qs_sw_box *box;
    const char *user;
    bool enabled;                  /* privileged mode */
    struct qs_sw_session *session; /* being edited; NULL: EXEC or `configure terminal` */
    struct qs_sw_cursor at;        /* mode NONE: EXEC */
    bool touched;                  /* the running configuration was edited in place */
};

/* Runs one command. With `text` the result is {"output": "…"}, else the command's model. INVALID, REFUSED,
 * UNSUPPORTED (the command has no model), DENIED; err->msg is in the device's words. */
enum qs_code qs_sw_exec_run(struct qs_sw_exec *ex, const char *command, const char *input, bool text,
                            struct qs_val **ret, struct qs_err *err) QS_MUST_CHECK;
/* To be called when the request is done: makes in-place edits take effect. */
void qs_sw_exec_end(struct qs_sw_exec *ex);
