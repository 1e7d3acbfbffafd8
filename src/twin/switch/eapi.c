#include "twin/switch/eapi.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "text/json.h"
#include "twin/switch/exec.h"

#define COMMANDS_MAX 50000

enum rpc { RPC_PARSE = -32700, RPC_REQUEST = -32600, RPC_METHOD = -32601, RPC_PARAMS = -32602 };

/* What a failed command is called, by the reason it failed. */
static const struct {
    enum qs_code reason;
    int code;
    const char *words;
} failures[] = {
    { QS_INVALID, 1002, "invalid command" },
    { QS_REFUSED, 1000, "could not run command" },
    { QS_LIMIT, 1000, "could not run command" },
    { QS_UNSUPPORTED, 1003, "unconverted command" },
    { QS_DENIED, 1005, "permission to run command denied" },
    { QS_INTERNAL, 1001, "internal error" }, /* and any other */
};

struct request {
    const struct qs_val *id, *cmds;
    bool text, timestamps, stop_on_error;
};

struct failure { /* the first failed command */
    size_t number;
    const char *command;
    struct qs_err err;
};

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (qs_streq(word, *words))
            return true;
    return false;
}

static bool is_type(const struct qs_val *v, enum qs_val_type type)
{
    return v && v->type == type;
}

static enum rpc bad(struct qs_err *err, enum rpc code, const char *text, const char *what)
{
    (void)qs_err_set(err, QS_PROTO, 0, "%s%s%s%s", text, *what ? " '" : "", what, *what ? "'" : "");
    return code;
}

/* Parameters that newer clients send and this device knows; any other is refused as an old EOS does. */
static int check_params(const struct qs_val *params, struct qs_err *err)
{
    static const char *const known[] = { "version",     "cmds",         "format",
                                         "timestamps",  "autoComplete", "expandAliases",
                                         "stopOnError", "streaming",    "includeErrorDetail",
                                         NULL };
    const struct qs_val *version = qs_val_get(params, "version"), *format = qs_val_get(params, "format");

    for (size_t i = 0; i < params->count; i++)
        if (!is_one_of(params->u.pairs[i].key, known))
            return bad(err, RPC_PARAMS, "runCmds() got an unexpected keyword argument", params->u.pairs[i].key);
    if (!is_type(qs_val_get(params, "cmds"), QS_LIST))
        return bad(err, RPC_PARAMS, "Expected a list for parameter", "cmds");
    if (qs_val_count(qs_val_get(params, "cmds")) > COMMANDS_MAX)
        return bad(err, RPC_PARAMS, "Too many commands in parameter", "cmds");
    if (version && qs_val_integer(version, 0) != 1 && !qs_streq(qs_val_string(version, ""), "latest"))
        return bad(err, RPC_PARAMS, "Unsupported value for parameter", "version");
    if (format && !qs_streq(qs_val_string(format, ""), "json") && !qs_streq(qs_val_string(format, ""), "text"))
        return bad(err, RPC_PARAMS, "Unsupported value for parameter", "format");
    return 0;
}

static int check_commands(const struct qs_val *cmds, struct qs_err *err)
{
    for (size_t i = 0; i < qs_val_count(cmds); i++) {
        const struct qs_val *v = qs_val_at(cmds, i), *input = qs_val_get(v, "input");

        if (is_type(v, QS_STRING))
            continue;
        if (!is_type(qs_val_get(v, "cmd"), QS_STRING) || (input && !is_type(input, QS_STRING)))
            return bad(err, RPC_PARAMS, "Expected a string or {cmd, input} in parameter", "cmds");
    }
    return 0;
}

/* 0, or a JSON-RPC code with the reason in err->msg. */
static int read_request(const struct qs_val *v, struct request *ret, struct qs_err *err)
{
    const struct qs_val *params = qs_val_get(v, "params"), *id = qs_val_get(v, "id");
    int code;

    if (!is_type(v, QS_MAP))
        return bad(err, RPC_REQUEST, "Expected a JSON-RPC request object", "");
    if (!qs_val_get(v, "jsonrpc"))
        return bad(err, RPC_REQUEST, "Expected field 'jsonrpc' not specified", "");
    if (!qs_streq(qs_val_get_str(v, "jsonrpc", ""), "2.0"))
        return bad(err, RPC_REQUEST, "Unsupported JSON-RPC version", "");
    if (!qs_val_get(v, "method"))
        return bad(err, RPC_REQUEST, "Expected field 'method' not specified", "");
    if (id && !is_type(id, QS_NULL) && !is_type(id, QS_INT) && !is_type(id, QS_STRING))
        return bad(err, RPC_REQUEST, "Unsupported type of field 'id'", "");
    ret->id = id;
    if (!qs_streq(qs_val_get_str(v, "method", ""), "runCmds"))
        return bad(err, RPC_METHOD, "Method not found:", qs_val_get_str(v, "method", "?"));
    if (!is_type(params, QS_MAP))
        return bad(err, RPC_PARAMS, "Expected field 'params' to be an object", "");
    ret->cmds = qs_val_get(params, "cmds");
    code = check_params(params, err);
    if (code == 0)
        code = check_commands(ret->cmds, err);
    ret->text = qs_streq(qs_val_get_str(params, "format", "json"), "text");
    ret->timestamps = qs_val_get_bool(params, "timestamps", false);
    ret->stop_on_error = qs_val_get_bool(params, "stopOnError", true);
    return code;
}

static const char *command_of(const struct qs_val *v)
{
    return is_type(v, QS_STRING) ? qs_val_string(v, "") : qs_val_get_str(v, "cmd", "");
}

/* What a command that failed leaves in the list of results. */
static struct qs_val *failed_result(const struct qs_err *why, bool text)
{
    struct qs_val *v = qs_val_map();

    if (text)
        (void)qs_val_set(v, "output", qs_val_strf("%% %s\n", why->msg));
    (void)qs_val_add(qs_val_set(v, "errors", qs_val_list()), qs_val_str(why->msg));
    return v;
}

static void stamp(struct qs_val *result, uint64_t started_us)
{
    struct qs_val *meta = qs_val_set(result, "_meta", qs_val_map());

    (void)qs_val_set(meta, "execStartTime", qs_val_real((double)started_us / 1e6));
    (void)qs_val_set(meta, "execDuration", qs_val_real((double)(qs_now_us() - started_us) / 1e6));
}

/* Runs the commands. Gives the results; *fail names the first that failed (number 0: none). */
static struct qs_val *run_commands(struct qs_sw_box *box, const char *user, const struct request *r,
                                   struct failure *fail)
{
    struct qs_sw_exec ex = { .box = box, .user = user };
    struct qs_val *results = qs_val_list();

    for (size_t i = 0; i < qs_val_count(r->cmds); i++) {
        const struct qs_val *v = qs_val_at(r->cmds, i);
        uint64_t started_us = qs_now_us();
        struct qs_val *result = NULL;
        struct qs_err err = QS_ERR_INIT;
        bool failed = qs_sw_exec_run(&ex, command_of(v), qs_val_get_str(v, "input", NULL), r->text, &result, &err);

        if (failed && fail->number == 0)
            *fail = (struct failure){ .number = i + 1, .command = command_of(v), .err = err };
        if (failed)
            result = failed_result(&err, r->text);
        if (r->timestamps)
            stamp(result, started_us);
        (void)qs_val_add(results, result);
        if (failed && r->stop_on_error)
            break;
    }
    qs_sw_exec_end(&ex);
    return results;
}

static struct qs_val *error_value(const struct request *r, const struct failure *fail)
{
    struct qs_val *v = qs_val_map();
    size_t i = 0;

    while (i + 1 < QS_COUNT(failures) && failures[i].reason != fail->err.code)
        i++;
    qs_val_set_int(v, "code", failures[i].code);
    (void)qs_val_set(v, "message",
                     qs_val_strf("CLI command %zu of %zu '%s' failed: %s", fail->number, qs_val_count(r->cmds),
                                 fail->command, failures[i].words));
    return v;
}

static void answer(const struct request *r, struct qs_val *error, struct qs_val *results, struct qs_buf *reply)
{
    qs_auto(val) struct qs_val *v = qs_val_map();

    qs_val_set_str(v, "jsonrpc", "2.0");
    (void)qs_val_set(v, "id", r->id ? qs_val_copy(r->id) : qs_val_null());
    if (error && results)
        (void)qs_val_set(error, "data", results);
    if (error)
        (void)qs_val_set(v, "error", error);
    else
        (void)qs_val_set(v, "result", results);
    qs_json_write(v, reply);
}

static void refuse(const struct request *r, int code, const struct qs_err *why, struct qs_buf *reply)
{
    struct qs_val *error = qs_val_map();

    qs_val_set_int(error, "code", code);
    qs_val_set_str(error, "message", why->msg);
    answer(r, error, NULL, reply);
}

void qs_sw_eapi_run(struct qs_sw_box *box, const char *user, const char *body, size_t len, struct qs_buf *reply)
{
    qs_auto(val) struct qs_val *v = NULL;
    struct request r = { 0 };
    struct qs_err err = QS_ERR_INIT;
    struct failure fail = { 0 };
    struct qs_val *results;
    int code;

    if (qs_json_parse(body, len, &v, &err)) {
        refuse(&r, bad(&err, RPC_PARSE, "Unable to parse request as JSON", ""), &err, reply);
        return;
    }
    code = read_request(v, &r, &err);
    if (code) {
        refuse(&r, code, &err, reply);
        return;
    }
    results = run_commands(box, user, &r, &fail);
    answer(&r, fail.number ? error_value(&r, &fail) : NULL, results, reply);
}
