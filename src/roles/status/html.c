#include "roles/status/html.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "roles/status/assets.h"

#define BAR_WIDTH 4 /* of a day, with its gap */
#define BAR_HEIGHT 18

void qs_html_text(struct qs_buf *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            qs_buf_puts(out, "&amp;");
            break;
        case '<':
            qs_buf_puts(out, "&lt;");
            break;
        case '>':
            qs_buf_puts(out, "&gt;");
            break;
        case '"':
            qs_buf_puts(out, "&quot;");
            break;
        case '\'':
            qs_buf_puts(out, "&#39;");
            break;
        default:
            qs_buf_putc(out, *text);
        }
    }
}

void qs_html_element(struct qs_buf *out, const char *tag, const char *class, const char *text)
{
    qs_buf_printf(out, "<%s", tag);
    if (class)
        qs_buf_printf(out, " class=\"%s\"", class);
    qs_buf_putc(out, '>');
    qs_html_text(out, text);
    qs_buf_printf(out, "</%s>", tag);
}

void qs_html_time_text(struct qs_buf *out, const char *rfc3339)
{
    if (!rfc3339[0])
        return;
    qs_buf_puts(out, "<time datetime=\"");
    qs_html_text(out, rfc3339);
    qs_buf_puts(out, "\">");
    if (strlen(rfc3339) >= 16 && rfc3339[10] == 'T')
        qs_buf_printf(out, "%.10s %.5s UTC", rfc3339, rfc3339 + 11);
    else
        qs_html_text(out, rfc3339);
    qs_buf_puts(out, "</time>");
}

void qs_html_time(struct qs_buf *out, uint64_t us)
{
    char text[QS_TIME_TEXT];

    qs_html_time_text(out, qs_time_text_s(us, text));
}

void qs_html_state(struct qs_buf *out, enum qs_state s)
{
    qs_html_element(out, "span", "state", qs_state_text(s));
}

void qs_html_id(struct qs_buf *out, const char *name)
{
    for (; *name; name++)
        qs_buf_putc(out, isalnum((unsigned char)*name) || strchr("-_.", *name) ? *name : '-');
}

/* How a day is drawn: by the worst that took at least a thousandth of the watched time. */
enum day_class { DAY_NONE, DAY_UP, DAY_DEGRADED, DAY_DOWN, DAY_CLASSES };

static enum day_class class_of(const struct qs_day *d)
{
    uint64_t all;

    if (!d || qs_day_uptime(d) < 0)
        return DAY_NONE;
    all = (uint64_t)d->seconds[QS_STATE_UP] + d->seconds[QS_STATE_DEGRADED] + d->seconds[QS_STATE_DOWN];
    if ((uint64_t)d->seconds[QS_STATE_DOWN] * 1000 >= all && d->seconds[QS_STATE_DOWN])
        return DAY_DOWN;
    if ((uint64_t)d->seconds[QS_STATE_DEGRADED] * 1000 >= all && d->seconds[QS_STATE_DEGRADED])
        return DAY_DEGRADED;
    return DAY_UP;
}

/* "99.98 % over 12 days", in words for those who do not see the bar. */
static void put_bar_title(struct qs_buf *out, const struct qs_days *days, uint32_t today)
{
    uint64_t good = 0, all = 0;
    unsigned watched = 0;

    for (uint32_t i = 0; i < QS_DAYS; i++) {
        const struct qs_day *d = qs_days_find(days, today - i);

        if (!d || qs_day_uptime(d) < 0)
            continue;
        watched++;
        good += (uint64_t)d->seconds[QS_STATE_UP] + d->seconds[QS_STATE_DEGRADED];
        all += (uint64_t)d->seconds[QS_STATE_UP] + d->seconds[QS_STATE_DEGRADED] + d->seconds[QS_STATE_DOWN];
    }
    if (all)
        qs_buf_printf(out, "%.2f %% of %u day%s", 100.0 * (double)good / (double)all, watched, watched == 1 ? "" : "s");
    else
        qs_buf_puts(out, "not watched yet");
}

void qs_html_days(struct qs_buf *out, const struct qs_days *days, uint64_t now_us)
{
    static const char *const classes[] = { "none", "up", "degraded", "down" };
    uint32_t today = qs_day_of(now_us);

    qs_buf_printf(out, "<svg class=\"days\" viewBox=\"0 0 %d %d\" role=\"img\" preserveAspectRatio=\"none\"><title>",
                  QS_DAYS * BAR_WIDTH, BAR_HEIGHT);
    put_bar_title(out, days, today);
    qs_buf_puts(out, "</title>");
    for (int c = 0; c < DAY_CLASSES; c++) { /* one path for all days of a class */
        bool any = false;

        for (uint32_t i = 0; i < QS_DAYS; i++) {
            uint32_t day = today - (QS_DAYS - 1 - i);

            if (class_of(qs_days_find(days, day)) != (enum day_class)c)
                continue;
            if (!any)
                qs_buf_printf(out, "<path class=\"%s\" d=\"", classes[c]);
            any = true;
            qs_buf_printf(out, "M%u 0h3v%dh-3z", i * BAR_WIDTH, BAR_HEIGHT);
        }
        if (any)
            qs_buf_puts(out, "\"/>");
    }
    qs_buf_puts(out, "</svg>");
}

void qs_html_template(const char *asset, const struct qs_html_part *parts, size_t count, const struct qs_facts *f,
                      struct qs_buf *out)
{
    static const char open[] = "<!--qs:", close[] = "-->";
    const struct qs_asset *a = qs_asset_find(asset);
    const char *at = a ? (const char *)a->data : "";
    const char *mark;

    while ((mark = strstr(at, open))) {
        const char *name = mark + sizeof(open) - 1, *end = strstr(name, close);

        qs_buf_add(out, at, (size_t)(mark - at));
        if (!end)
            return;
        for (size_t i = 0; i < count; i++)
            if (strlen(parts[i].name) == (size_t)(end - name) &&
                strncmp(parts[i].name, name, (size_t)(end - name)) == 0)
                parts[i].fn(f, out);
        at = end + sizeof(close) - 1;
    }
    qs_buf_puts(out, at);
}
