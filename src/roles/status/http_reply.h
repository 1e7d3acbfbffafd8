/*
 * roles/status/http_reply (private): reads an HTTP/1.x reply that a probe collected. A probe asks once a connection and
 * takes the peer's words with suspicion: sizes are capped by the buffer they come in. Pure.
 */
#pragma once

#include "base/buf.h"

enum qs_reply_state { QS_REPLY_MORE, QS_REPLY_DONE, QS_REPLY_BAD };

struct qs_http_answer {
    int status;
    struct qs_buf body; /* as decoded; the caller's, with its cap given */
};

/* Reads what arrived so far; `ended`: the peer closed. MORE: not whole yet. On DONE *ret is filled; on BAD `why` says
 * what is wrong. */
enum qs_reply_state qs_http_reply_read(const char *data, size_t len, bool ended, struct qs_http_answer *ret,
                                       const char **why);
