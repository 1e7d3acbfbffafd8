#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *text;
    bool retryable;
} code_table[QS_CODE_MAX_] = {
#define X(name, text_, retry_) [QS_##name] = { text_, retry_ },
    QS_CODES(X)
#undef X
};

enum qs_code qs_err_set(struct qs_err *err, enum qs_code code, int sys, const char *fmt, ...)
{
    va_list ap;
    char msg[sizeof(err->msg)];

    assert(err && code != QS_OK);
    va_start(ap, fmt);
    (void)vsnprintf(msg, sizeof(msg), fmt, ap); /* the text may quote err->msg itself */
    va_end(ap);
    *err = (struct qs_err){ .code = code, .sys = sys };
    memcpy(err->msg, msg, sizeof(msg));
    return code;
}

enum qs_code qs_err_sys(struct qs_err *err, enum qs_code code, int errnum, const char *fmt, ...)
{
    va_list ap;
    char what[sizeof(err->msg)];

    va_start(ap, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    return qs_err_set(err, code, errnum, "%s: %s", what, strerror(errnum));
}

enum qs_code qs_err_hint(struct qs_err *err, const char *fmt, ...)
{
    va_list ap;

    assert(err && err->code != QS_OK);
    va_start(ap, fmt);
    (void)vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
    va_end(ap);
    return err->code;
}

enum qs_code qs_err_wrap(struct qs_err *err, const char *fmt, ...)
{
    char level[sizeof(err->ctx)];
    va_list ap;
    int n;

    assert(err && err->code != QS_OK);
    va_start(ap, fmt);
    n = vsnprintf(level, sizeof(level), fmt, ap);
    va_end(ap);

    size_t have = strlen(err->ctx), sep = have ? 2 : 0;
    if (n < 0 || (size_t)n + sep + have >= sizeof(err->ctx))
        return err->code;
    memmove(err->ctx + n + sep, err->ctx, have + 1);
    memcpy(err->ctx, level, (size_t)n);
    if (sep)
        memcpy(err->ctx + n, ": ", 2);
    return err->code;
}

const char *qs_err_text(const struct qs_err *err, char *buf, unsigned long size)
{
    (void)snprintf(buf, size, "%s%s%s", err->ctx, *err->ctx ? ": " : "", err->msg);
    return buf;
}

/* A code may come off the wire: anything outside the table reads as INTERNAL. */
static enum qs_code known(enum qs_code code)
{
    return (unsigned)code < QS_CODE_MAX_ ? code : QS_INTERNAL;
}

const char *qs_code_text(enum qs_code code)
{
    return code_table[known(code)].text;
}

bool qs_code_parse(const char *text, enum qs_code *ret_code)
{
    for (int i = 0; i < QS_CODE_MAX_; i++) {
        if (strcmp(code_table[i].text, text) == 0) {
            *ret_code = (enum qs_code)i;
            return true;
        }
    }
    return false;
}

bool qs_code_retryable(enum qs_code code)
{
    return code_table[known(code)].retryable;
}
