/* drivers/eos: eAPI, JSON-RPC over HTTPS on one kept connection. */
#include "drivers/eos/eos_int.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "base/str.h"
#include "net/http_client.h"
#include "text/json.h"

struct eos_api {
    struct qs_http_client *http;
};

enum qs_code eos_api_new(const struct qs_target *t, uint64_t timeout_ms, struct eos_api **ret, struct qs_err *err)
{
    bool v6 = strchr(t->address, ':');
    qs_auto(str) char *base = qs_xasprintf(v6 ? "https://[%s]:%u" : "https://%s:%u", t->address, t->port);
    struct qs_http_client_conf conf = {
        .base = base,
        .pin = t->pin,
        .user = t->user,
        .password = t->password,
        .connect_ms = t->timeout_ms,
        .total_ms = timeout_ms,
        .body_max = EOS_CONFIG_MAX,
    };
    struct eos_api *api = NULL;
    struct qs_http_client *http = NULL;
    enum qs_code code;

    if (!t->pin) {
        (void)qs_err_set(err, QS_DENIED, 0, "the certificate of the switch is not pinned");
        return qs_err_hint(err, "Compare its SHA-256 fingerprint by hand, then pin it for '%s'.", t->name);
    }
    code = qs_http_client_new(&conf, &http, err);
    if (code)
        return code;
    api = qs_xzalloc(sizeof(*api));
    api->http = http;
    *ret = api;
    return QS_OK;
}

void eos_api_free(struct eos_api *a)
{
    if (!a)
        return;
    qs_http_client_free(a->http);
    free(a);
}

/* "enable" first: without an exec authorization even privilege 15 starts below it. */
static void write_request(const char *format, const struct qs_val *cmds, struct qs_buf *out)
{
    qs_auto(val) struct qs_val *doc = qs_val_map();
    struct qs_val *params, *list;

    qs_val_set_str(doc, "jsonrpc", "2.0");
    qs_val_set_str(doc, "method", "runCmds");
    qs_val_set_str(doc, "id", "qs");
    params = qs_val_set(doc, "params", qs_val_map());
    qs_val_set_int(params, "version", 1);
    qs_val_set_str(params, "format", format);
    list = qs_val_set(params, "cmds", qs_val_list());
    qs_val_add(list, qs_val_str("enable"));
    for (size_t i = 0; i < qs_val_count(cmds); i++) {
        const char *line = qs_val_string(qs_val_at(cmds, i), "");

        qs_val_add(list, qs_val_str(line + strspn(line, " ")));
    }
    qs_json_write(doc, out);
}

/* data holds the results so far; the last belongs to the command that failed and says why. Its place, not the number
 * in the message, tells which: other clients see their own "enable" counted there too. */
static enum qs_code refused(const struct qs_val *error, const struct qs_val *cmds, struct qs_err *err)
{
    const struct qs_val *data = qs_val_get(error, "data");
    size_t ran = qs_val_count(data);
    const struct qs_val *errors = qs_val_get(qs_val_at(data, ran ? ran - 1 : 0), "errors");
    const char *why = qs_val_string(qs_val_at(errors, 0), qs_val_get_str(error, "message", "no reason given"));
    const char *line = ran > 1 ? qs_val_string(qs_val_at(cmds, ran - 2), NULL) : NULL;

    if (ran == 1)
        return qs_err_set(err, QS_DENIED, 0, "the switch refused 'enable': %s", why);
    if (!line)
        return qs_err_set(err, QS_REFUSED, 0, "the switch refused the request: %s (code %lld)", why,
                          (long long)qs_val_get_int(error, "code", 0));
    return qs_err_set(err, QS_REFUSED, 0, "the switch refused line %zu of %zu '%s': %s", ran - 1, qs_val_count(cmds),
                      line + strspn(line, " "), why);
}

enum qs_code eos_reply_read(const char *text, size_t len, const struct qs_val *cmds, struct qs_val **ret,
                            struct qs_err *err)
{
    qs_auto(val) struct qs_val *doc = NULL;
    struct qs_val *results, *out;
    const struct qs_val *error;

    if (qs_json_parse(text, len, &doc, err)) {
        qs_auto(str) char *why = qs_xstrdup(err->msg);

        return qs_err_set(err, QS_PROTO, 0, "the switch's reply is not JSON: %s", why);
    }
    error = qs_val_get(doc, "error");
    if (error && error->type == QS_MAP)
        return refused(error, cmds, err);
    results = qs_val_get(doc, "result");
    if (!results || results->type != QS_LIST || results->count != qs_val_count(cmds) + 1)
        return qs_err_set(err, QS_PROTO, 0, "the switch's reply has %zu results for %zu commands",
                          qs_val_count(results), qs_val_count(cmds) + 1);
    out = qs_val_list();
    for (size_t i = 1; i < results->count; i++)
        qs_val_add(out, qs_val_copy(qs_val_at(results, i)));
    *ret = out;
    return QS_OK;
}

const char *eos_output(const struct qs_val *results, size_t i)
{
    return qs_val_get_str(qs_val_at(results, i), "output", "");
}

enum qs_code eos_api_run(struct eos_api *a, const char *format, const struct qs_val *cmds, struct qs_val **ret,
                         struct qs_err *err)
{
    qs_auto(buf) struct qs_buf body = QS_BUF(EOS_CONFIG_MAX);
    qs_auto(reply) struct qs_http_reply reply = { .status = 0 };
    enum qs_code code;

    write_request(format, cmds, &body);
    code = qs_buf_check(&body, "the request to the switch", err);
    if (code)
        return code;
    qs_fault_point("eos.request");
    code = qs_http_request(a->http, "POST", "/command-api", "application/json", qs_buf_text(&body), body.len, &reply,
                           err);
    qs_fault_point("eos.request");
    if (code)
        return qs_err_wrap(err, "eAPI");
    if (reply.status == 401 || reply.status == 403)
        return qs_err_set(err, QS_DENIED, 0, "the switch refused the user name or the password");
    if (reply.status != 200)
        return qs_err_set(err, QS_PROTO, 0, "eAPI answered with HTTP status %d", reply.status);
    return eos_reply_read(qs_buf_text(&reply.body), reply.body.len, cmds, ret, err);
}
