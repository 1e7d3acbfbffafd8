#include "twin/switch/show.h"

#include <regex.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "twin/switch/show_int.h"

const struct qs_sw_show qs_sw_shows[] = {
    /* clang-format off */
    { "show version",                               false, false, sw_show_version },
    { "show hostname",                              false, false, sw_show_hostname },
    { "show banner <one:login|motd>",               false, false, sw_show_banner },
    { "show running-config",                        true,  false, sw_show_running },
    { "show running-config all",                    true,  false, sw_show_running_all },
    { "show startup-config",                        true,  false, sw_show_startup },
    { "show configuration sessions",                false, false, sw_show_sessions },
    { "show configuration sessions detail",         false, false, sw_show_sessions_detail },
    { "show session-config [named <name>]",         true,  false, sw_show_session },
    { "show session-config [named <name>] diffs",   true,  true,  sw_show_diffs },
    { "show vlan [<vlans>]",                        false, false, sw_show_vlan },
    { "show interfaces [<intf>]",                   false, false, sw_show_interfaces },
    { "show interfaces [<intf>] status",            false, false, sw_show_status },
    { "show interfaces [<intf>] description",       false, false, sw_show_description },
    { "show mac address-table",                     false, false, sw_show_macs },
    { NULL,                                         false, false, NULL },
    /* clang-format on */
};

/* --- filters --- */

static bool line_fits(const regex_t *re, const char *text, size_t len)
{
    qs_auto(str) char *line = qs_xstrndup(text, len);

    return regexec(re, line, 0, NULL, 0) == 0;
}

/* The bytes of the block that begins at `p`: its head and the indented lines below. */
static size_t block_len(const char *p)
{
    size_t len = strcspn(p, "\n");

    len += p[len] == '\n';
    while (p[len] == ' ') {
        len += strcspn(p + len, "\n");
        len += p[len] == '\n';
    }
    return len;
}

static void keep_blocks(const regex_t *re, const char *p, struct qs_buf *out)
{
    while (*p) {
        size_t len = block_len(p);
        bool keep = false;

        for (size_t i = 0; i < len && !keep;) {
            size_t n = strcspn(p + i, "\n");

            keep = line_fits(re, p + i, n);
            i += n + 1;
        }
        if (keep)
            qs_buf_add(out, p, len);
        p += len;
    }
}

static void keep_lines(const regex_t *re, const char *kind, const char *p, struct qs_buf *out)
{
    bool begun = false;

    while (*p) {
        size_t n = strcspn(p, "\n"), len = n + (p[n] == '\n');
        bool fits = line_fits(re, p, n);

        begun = begun || fits;
        if (qs_streq(kind, "include") ? fits : qs_streq(kind, "exclude") ? !fits : begun)
            qs_buf_add(out, p, len);
        p += len;
    }
}

enum qs_code qs_sw_filter(const char *kind, const char *regex, struct qs_buf *text, struct qs_err *err)
{
    static const char *const kinds[] = { "section", "include", "exclude", "begin" };
    struct qs_buf out = QS_BUF(QS_SW_SHOW_MAX);
    bool known = false;
    regex_t re;

    for (size_t i = 0; i < QS_COUNT(kinds); i++)
        known = known || qs_streq(kind, kinds[i]);
    if (!known || !regex)
        return qs_err_set(err, QS_INVALID, 0,
                          known ? "Incomplete command (filter '%.40s')" : "Invalid input (filter '%.40s')", kind);
    if (regcomp(&re, regex, REG_EXTENDED | REG_NOSUB | REG_ICASE))
        return qs_err_set(err, QS_INVALID, 0, "Invalid input (regular expression '%.60s')", regex);
    if (qs_streq(kind, "section"))
        keep_blocks(&re, qs_buf_text(text), &out);
    else
        keep_lines(&re, kind, qs_buf_text(text), &out);
    regfree(&re);
    qs_buf_done(text);
    *text = out;
    return QS_OK;
}
