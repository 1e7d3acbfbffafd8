/* cli/executor: further ways to talk to the executor than qs_cli_executor() of cli/verb.h. */
#pragma once

#include "cli/verb.h"
#include "net/http_client.h"

/* Turns {"error":{"code","message","hint"}} into `err`. Returns its code, never OK. */
enum qs_code qs_cli_reply_error(const struct qs_http_reply *reply, struct qs_err *err);
/* POSTs and hands over the NDJSON lines of the reply as they come: how an apply is followed. */
enum qs_code qs_cli_executor_stream(const struct qs_cli *cli, const char *path, const struct qs_val *body,
                                    qs_http_line_fn *fn, void *arg, struct qs_err *err) QS_MUST_CHECK;
