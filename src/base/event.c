#include "base/event.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/str.h"

#define LINE_MAX_BYTES 8192

static const struct {
    const char *name;
    enum qs_event_level level;
} event_table[QS_EV_MAX_] = {
#define X(id, name_, level_) [QS_EV_##id] = { name_, QS_LVL_##level_ },
    QS_EVENTS(X)
#undef X
};
static const char *const level_names[] = { "debug", "info", "warn", "error" };

static struct {
    char role[32];
    enum qs_event_level lowest;
    bool terminal;
} self = { .role = "qs", .lowest = QS_LVL_INFO };
static _Thread_local char current_op[QS_ID_TEXT];

void qs_event_init(const char *role)
{
    const char *wanted = getenv("QS_LOG");

    (void)snprintf(self.role, sizeof(self.role), "%s", role);
    self.terminal = isatty(STDERR_FILENO);
    for (size_t i = 0; wanted && i < QS_COUNT(level_names); i++)
        if (qs_streq(wanted, level_names[i]))
            self.lowest = (enum qs_event_level)i;
}

void qs_event_op(const char *op)
{
    (void)snprintf(current_op, sizeof(current_op), "%s", op ? op : "");
}

/* JSON string escaping lives here too because base includes nothing of ours (text/json has the full one). */
static void quote(struct qs_buf *line, const char *s)
{
    qs_buf_putc(line, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (c == '"' || c == '\\')
            qs_buf_printf(line, "\\%c", c);
        else if (c < 0x20)
            qs_buf_printf(line, "\\u%04x", c);
        else
            qs_buf_putc(line, (char)c);
    }
    qs_buf_putc(line, '"');
}

static void field(struct qs_buf *line, const char *key, const char *value)
{
    if (self.terminal) {
        qs_buf_printf(line, " %s=%s", key, value);
        return;
    }
    qs_buf_printf(line, ",\"%s\":", key);
    quote(line, value);
}

static void begin(struct qs_buf *line, enum qs_event_id id)
{
    char ts[QS_TIME_TEXT];
    const char *level = level_names[event_table[id].level];

    (void)qs_time_text(qs_now_us(), ts);
    if (self.terminal)
        qs_buf_printf(line, "%.8s %-5s %s %s", ts + 11, level, self.role, event_table[id].name);
    else
        qs_buf_printf(line, "{\"ts\":\"%s\",\"lvl\":\"%s\",\"role\":\"%s\",\"pid\":%d", ts, level, self.role,
                      (int)getpid());
    if (*current_op)
        field(line, "op", current_op);
    if (!self.terminal)
        field(line, "ev", event_table[id].name);
}

static void fields(struct qs_buf *line, va_list ap)
{
    const char *key;

    while ((key = va_arg(ap, const char *))) {
        const char *value = va_arg(ap, const char *);

        if (!value)
            return;
        field(line, key, value);
    }
}

static void finish(struct qs_buf *line)
{
    qs_buf_puts(line, self.terminal ? "\n" : "}\n");
    if (!line->over && write(STDERR_FILENO, line->data, line->len) < 0)
        self.lowest = QS_LVL_ERROR; /* nobody reads: say less, never fail the work for it */
    qs_buf_done(line);
}

void qs_event(enum qs_event_id id, ...)
{
    struct qs_buf line = QS_BUF(LINE_MAX_BYTES);
    va_list ap;

    if (event_table[id].level < self.lowest)
        return;
    begin(&line, id);
    va_start(ap, id);
    fields(&line, ap);
    va_end(ap);
    finish(&line);
}

void qs_event_err(enum qs_event_id id, const struct qs_err *err, ...)
{
    struct qs_buf line = QS_BUF(LINE_MAX_BYTES);
    char text[512];
    va_list ap;

    if (event_table[id].level < self.lowest)
        return;
    begin(&line, id);
    va_start(ap, err);
    fields(&line, ap);
    va_end(ap);
    field(&line, "code", qs_code_text(err->code));
    field(&line, "msg", qs_err_text(err, text, sizeof(text)));
    if (*err->hint)
        field(&line, "hint", err->hint);
    finish(&line);
}

void qs_debug(const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    if (self.lowest > QS_LVL_DEBUG)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    qs_event(QS_EV_DEBUG, "msg", text, NULL);
}
