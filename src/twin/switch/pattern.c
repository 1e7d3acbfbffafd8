#include "twin/switch/pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum qs_code qs_sw_line_cut(const char *text, struct qs_sw_line *ret, struct qs_err *err)
{
    size_t len;
    bool inside = false;

    text += strspn(text, " \t");
    len = strlen(text);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    if (len > QS_SW_LINE_MAX)
        return qs_err_set(err, QS_INVALID, 0, "Invalid input (line is longer than %d bytes)", QS_SW_LINE_MAX);
    memcpy(ret->raw, text, len);
    ret->raw[len] = '\0';
    memcpy(ret->cut, ret->raw, len + 1);
    ret->count = 0;
    for (unsigned i = 0; i < len; i++) {
        unsigned char c = (unsigned char)ret->raw[i];
        bool blank = c == ' ' || c == '\t';

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return qs_err_set(err, QS_INVALID, 0, "Invalid input (byte %u is not printable)", i);
        if (blank)
            ret->cut[i] = '\0';
        else if (!inside) {
            if (ret->count == QS_SW_TOKENS_MAX)
                return qs_err_set(err, QS_INVALID, 0, "Invalid input (more than %d tokens)", QS_SW_TOKENS_MAX);
            ret->starts[ret->count++] = i;
        }
        inside = !blank;
    }
    return QS_OK;
}

const char *qs_sw_line_token(const struct qs_sw_line *line, unsigned i)
{
    return i < line->count ? line->cut + line->starts[i] : NULL;
}

static bool is_vlan(const char *text, const char *param, struct qs_sw_arg *arg)
{
    (void)param;
    return qs_parse_u32(text, 1, QS_SW_VLAN_MAX, &arg->num);
}

static bool is_vlans(const char *text, const char *param, struct qs_sw_arg *arg)
{
    (void)param;
    return qs_sw_vlans_parse(text, &arg->vlans);
}

/* `param` is "", "4" or "6". */
static bool is_ip(const char *text, const char *param, struct qs_sw_arg *arg)
{
    return qs_ip_parse(text, &arg->ip) && (*param == '>' || arg->ip.family == (uint8_t)(*param - '0'));
}

static bool is_prefix(const char *text, const char *param, struct qs_sw_arg *arg)
{
    return qs_prefix_parse(text, &arg->prefix) && arg->prefix.ip.family == (uint8_t)(*param - '0');
}

/* `param` is ":A-B>". */
static bool is_int(const char *text, const char *param, struct qs_sw_arg *arg)
{
    unsigned low = 0, high = 0;

    if (sscanf(param, ":%9u-%9u", &low, &high) != 2)
        return false;
    return qs_parse_u32(text, low, high, &arg->num);
}

static bool is_hms(const char *text, const char *param, struct qs_sw_arg *arg)
{
    unsigned part[3];

    (void)param;
    if (strlen(text) != 8 || text[2] != ':' || text[5] != ':')
        return false;
    for (unsigned i = 0; i < 3; i++) {
        const char *p = text + 3 * (size_t)i;

        if (!isdigit((unsigned char)p[0]) || !isdigit((unsigned char)p[1]))
            return false;
        part[i] = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
    }
    arg->num = part[0] * 3600 + part[1] * 60 + part[2];
    return part[1] < 60 && part[2] < 60;
}

static bool is_name(const char *text, const char *param, struct qs_sw_arg *arg)
{
    (void)param, (void)arg;
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("._:-+@", *p))
            return false;
    return strlen(text) <= 128;
}

/* `param` is ":a|b|c>". */
static bool is_one(const char *text, const char *param, struct qs_sw_arg *arg)
{
    size_t len = strlen(text);

    (void)arg;
    while (*param == ':' || *param == '|') {
        size_t n = strcspn(++param, "|>");

        if (n == len && memcmp(param, text, n) == 0)
            return true;
        param += n;
    }
    return false;
}

static bool is_file(const char *text, const char *param, struct qs_sw_arg *arg)
{
    const char *name = qs_after(text, "flash:");

    (void)param, (void)arg;
    return name && *name && *name != '.' && strlen(name) <= 64 &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(name);
}

static bool is_word(const char *text, const char *param, struct qs_sw_arg *arg)
{
    (void)text, (void)param, (void)arg;
    return true;
}

static bool is_intf(const char *text, const char *param, struct qs_sw_arg *arg)
{
    static const char *const kinds[] = { "Ethernet", "Loopback", "Management", "Vlan" };

    (void)param, (void)arg;
    for (size_t i = 0; i < QS_COUNT(kinds); i++) {
        const char *rest = qs_after(text, kinds[i]);

        if (rest && *rest && strspn(rest, "0123456789/") == strlen(rest))
            return strlen(text) <= 24;
    }
    return false;
}

static const struct {
    const char *name;
    bool (*fits)(const char *text, const char *param, struct qs_sw_arg *arg);
} kinds[] = {
    /* a name that is the beginning of another comes after it */
    { "vlans", is_vlans }, { "vlan", is_vlan }, { "ip", is_ip },     { "prefix", is_prefix },
    { "intf", is_intf },   { "int", is_int },   { "hms", is_hms },   { "name", is_name },
    { "word", is_word },   { "one", is_one },   { "file", is_file },
};

static bool value_fits(const char *kind, const char *text, struct qs_sw_arg *arg)
{
    for (size_t i = 0; i < QS_COUNT(kinds); i++) {
        const char *param = qs_after(kind, kinds[i].name);

        if (param)
            return kinds[i].fits(text, param, arg);
    }
    return false;
}

struct matcher {
    const struct qs_sw_line *line;
    struct qs_sw_arg *args;
    unsigned *furthest;
};

static unsigned count_kinds(const char *p, const char *end)
{
    unsigned n = 0;

    for (; p < end; p++)
        n += *p == '<';
    return n;
}

static bool match_from(const struct matcher *m, const char *p, unsigned token, unsigned arg)
{
    for (;;) {
        const char *text = qs_sw_line_token(m->line, token);
        size_t len;

        p += strspn(p, " ]");
        if (*p == '[') {
            const char *end = strchr(p, ']');

            if (match_from(m, p + 1, token, arg))
                return true;
            for (unsigned n = count_kinds(p, end); n > 0; n--)
                m->args[arg++].text = NULL; /* what the attempt may have captured */
            p = end + 1;
            continue;
        }
        if (token > *m->furthest)
            *m->furthest = token;
        if (*p == '\0' || !text)
            return *p == '\0' && !text;
        len = strcspn(p, " ]");
        if (*p != '<') {
            if (strlen(text) != len || memcmp(p, text, len) != 0)
                return false;
        } else if (qs_after(p, "<line>")) {
            m->args[arg].text = m->line->raw + m->line->starts[token];
            return true; /* always the last word of a pattern */
        } else {
            if (!value_fits(p + 1, text, &m->args[arg]))
                return false;
            m->args[arg++].text = text;
        }
        p += len;
        token++;
    }
}

bool qs_sw_match(const char *pattern, const struct qs_sw_line *line, unsigned from,
                 struct qs_sw_arg args[QS_SW_ARGS_MAX], unsigned *furthest)
{
    struct matcher m = { .line = line, .args = args, .furthest = furthest };

    for (unsigned i = 0; i < QS_SW_ARGS_MAX; i++)
        args[i].text = NULL;
    return match_from(&m, pattern, from, 0);
}

bool qs_sw_pattern_begins(const char *pattern, const char *word)
{
    size_t len = strcspn(pattern, " ");

    return strlen(word) == len && memcmp(pattern, word, len) == 0;
}

enum qs_code qs_sw_line_refuse(const struct qs_sw_line *line, unsigned furthest, struct qs_err *err)
{
    const char *token = qs_sw_line_token(line, furthest);

    if (token)
        return qs_err_set(err, QS_INVALID, 0, "Invalid input (at token %u: '%.80s')", furthest, token);
    token = line->count > 0 ? qs_sw_line_token(line, line->count - 1) : "";
    return qs_err_set(err, QS_INVALID, 0, "Incomplete command (at token %u: '%.80s')",
                      line->count > 0 ? line->count - 1 : 0, token);
}
