/*
 * twin/switch/eapi: the JSON-RPC of /command-api: method runCmds. Every request gets a reply with HTTP status 200;
 * errors are in the body, as EOS does it.
 */
#pragma once

#include "twin/switch/box.h"

#define QS_SW_EAPI_REPLY_MAX (32u << 20)

/* Runs the request's commands for `user` and appends the reply. */
void qs_sw_eapi_run(struct qs_sw_box *box, const char *user, const char *body, size_t len, struct qs_buf *reply);
