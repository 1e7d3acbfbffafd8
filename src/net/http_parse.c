#include "net/http_parse.h"

#include <string.h>
#include <strings.h>

#define METHOD_MAX 32
#define REQUEST_LINE_MAX (METHOD_MAX + QS_HTTP_TARGET_MAX + 16)
#define LENGTH_DIGITS 15 /* far beyond any cap, far below an overflow */

static uint8_t byte_class(unsigned char c)
{
    bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    uint8_t class = 0;

    if (alnum || (c && strchr("!#$%&'*+-.^_`|~", c)))
        class |= QS_HTTP_TOKEN;
    if (alnum || (c && strchr("-._~%:[]!$&'()*+,;=", c)))
        class |= QS_HTTP_HOST;
    if (c == '\t' || (c >= 0x20 && c != 0x7f))
        class |= QS_HTTP_TEXT;
    return class;
}

static uint8_t byte_table[256];

/* Before main(): the table is then constant for every thread. */
__attribute__((__constructor__)) static void fill_byte_table(void)
{
    for (unsigned c = 0; c < 256; c++)
        byte_table[c] = byte_class((unsigned char)c);
}

bool qs_http_is_all(const char *s, size_t len, enum qs_http_class class)
{
    for (size_t i = 0; i < len; i++)
        if (!(byte_table[(unsigned char)s[i]] & class))
            return false;
    return true;
}

static bool refuse(struct qs_http_refusal *no, int status, const char *why)
{
    *no = (struct qs_http_refusal){ status, why };
    return false;
}

static enum qs_http_step bad(struct qs_http_refusal *no, int status, const char *why)
{
    *no = (struct qs_http_refusal){ status, why };
    return QS_HTTP_BAD;
}

/* ---- the end of a head ---- */

/* A line ended at data[end]. DONE: it was the empty one. */
static enum qs_http_step scan_line(struct qs_http_scan *scan, const char *data, size_t end, struct qs_http_refusal *no)
{
    size_t line = scan->line;

    scan->at = scan->line = (uint32_t)end + 1;
    if (line == scan->start && end - line > REQUEST_LINE_MAX)
        return bad(no, 414, "the request target is too long");
    if (end == line || data[end - 1] != '\r')
        return bad(no, 400, "a line ends without carriage return");
    if (end - line > 1)
        return QS_HTTP_MORE;
    if (line > scan->start)
        return QS_HTTP_DONE;
    if (scan->start > 0)
        return bad(no, 400, "more than one empty line before the request");
    scan->start = scan->line;
    return QS_HTTP_MORE;
}

enum qs_http_step qs_http_scan_head(struct qs_http_scan *scan, const char *data, size_t len, size_t head_max,
                                    size_t *ret_end, struct qs_http_refusal *ret_no)
{
    size_t most = len < head_max ? len : head_max;

    while (scan->at < most) {
        const char *nl = memchr(data + scan->at, '\n', most - scan->at);

        if (!nl) {
            scan->at = (uint32_t)most;
            break;
        }
        enum qs_http_step step = scan_line(scan, data, (size_t)(nl - data), ret_no);
        if (step == QS_HTTP_DONE)
            *ret_end = scan->at;
        if (step != QS_HTTP_MORE)
            return step;
    }
    if (scan->line == scan->start && most - scan->start > REQUEST_LINE_MAX)
        return bad(ret_no, 414, "the request target is too long");
    if (len >= head_max)
        return bad(ret_no, 431, "the head is too large");
    return QS_HTTP_MORE;
}

/* ---- a head ---- */

struct parse {
    struct qs_http_head *head;
    struct qs_http_refusal *no;
    char *out;             /* texts are written here, always behind the place being read */
    const char *authority; /* of an absolute target */
    unsigned headers_max, hosts;
    bool has_length, has_coding, says_close, says_keep;
};

static const char *emit(struct parse *p, const char *s, size_t len)
{
    char *at = p->out;

    memmove(at, s, len);
    at[len] = '\0';
    p->out = at + len + 1;
    return at;
}

int qs_http_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that s[0..2] = "%XX" stands for; -1 when it is none, or NUL. */
static int escaped(const char *s, size_t left)
{
    int high = left > 2 ? qs_http_hex(s[1]) : -1;
    int low = high >= 0 ? qs_http_hex(s[2]) : -1;

    return low < 0 || (high | low) == 0 ? -1 : high << 4 | low;
}

bool qs_http_unescape(char *to, const char *text, size_t len, bool plus)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == '%') {
            int value = escaped(text + i, len - i);

            if (value < 0)
                return false;
            c = (char)value;
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        *to++ = c;
    }
    *to = '\0';
    return true;
}

static bool climbs(const char *path)
{
    for (const char *at = path; (at = strstr(at, "/..")); at += 3)
        if (at[3] == '/' || at[3] == '\0')
            return true;
    return false;
}

/* Takes "http://host" off an absolute target; what is left begins with '/' or '?' or is empty. */
static bool strip_authority(struct parse *p, const char **target, size_t *len)
{
    size_t scheme = 0, host = 0;

    if (*len > 7 && strncasecmp(*target, "http://", 7) == 0)
        scheme = 7;
    else if (*len > 8 && strncasecmp(*target, "https://", 8) == 0)
        scheme = 8;
    else
        return refuse(p->no, 400, "the request target is not a path");
    *target += scheme;
    *len -= scheme;
    while (host < *len && !strchr("/?", (*target)[host]))
        host++;
    if (!host || !qs_http_is_all(*target, host, QS_HTTP_HOST))
        return refuse(p->no, 400, "the host of the request target is not valid");
    p->authority = emit(p, *target, host);
    *target += host;
    *len -= host;
    return true;
}

static bool parse_target(struct parse *p, const char *target, size_t len)
{
    if (len > QS_HTTP_TARGET_MAX)
        return refuse(p->no, 414, "the request target is too long");
    for (size_t i = 0; i < len; i++)
        if (target[i] <= 0x20 || target[i] == 0x7f || target[i] == '#')
            return refuse(p->no, 400, "the request target has a character that it may not have");
    if (target[0] != '/' && !strip_authority(p, &target, &len))
        return false;

    const char *mark = memchr(target, '?', len);
    size_t path = mark ? (size_t)(mark - target) : len;
    char *to = p->out;

    if (path && !qs_http_unescape(to, target, path, false))
        return refuse(p->no, 400, "the path has a bad escape");
    if (!path)
        memcpy(to, "/", 2); /* "http://host" */
    if (climbs(to))
        return refuse(p->no, 400, "the path has a '..'");
    p->head->path = to;
    p->out = to + strlen(to) + 1;
    p->head->query = mark ? emit(p, mark + 1, len - path - 1) : emit(p, "", 0);
    return true;
}

static bool parse_version(struct parse *p, const char *s, size_t len)
{
    if (len != 8 || memcmp(s, "HTTP/", 5) != 0 || s[5] < '0' || s[5] > '9' || s[6] != '.' || s[7] < '0' || s[7] > '9')
        return refuse(p->no, 400, "the request line is not 'method target HTTP/1.1'");
    if (s[5] != '1' || s[7] > '1')
        return refuse(p->no, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    p->head->minor = (unsigned)(s[7] - '0');
    p->head->keep = p->head->minor == 1;
    return true;
}

static bool parse_request_line(struct parse *p, const char *line, size_t len)
{
    const char *blank = memchr(line, ' ', len);
    size_t method = blank ? (size_t)(blank - line) : 0;

    if (!method || method > METHOD_MAX || !qs_http_is_all(line, method, QS_HTTP_TOKEN))
        return refuse(p->no, 400, "the request line has no valid method");
    const char *target = blank + 1;
    const char *end = memchr(target, ' ', len - method - 1);
    if (!end || end == target)
        return refuse(p->no, 400, "the request line is not 'method target HTTP/1.1'");
    /* the version first: writing the texts moves over it */
    if (!parse_version(p, end + 1, len - (size_t)(end + 1 - line)))
        return false;
    p->head->method = emit(p, line, method);
    return parse_target(p, target, (size_t)(end - target));
}

static bool field_host(struct parse *p, const char *value, size_t len)
{
    if (p->hosts++)
        return refuse(p->no, 400, "more than one Host");
    if (!qs_http_is_all(value, len, QS_HTTP_HOST))
        return refuse(p->no, 400, "the Host is not valid");
    if (p->authority && (strlen(p->authority) != len || strncasecmp(p->authority, value, len) != 0))
        return refuse(p->no, 400, "the Host is not the one in the request target");
    return true;
}

static bool field_length(struct parse *p, const char *value, size_t len)
{
    if (p->has_length)
        return refuse(p->no, 400, "more than one Content-Length");
    if (!len)
        return refuse(p->no, 400, "the Content-Length is empty");
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9')
            return refuse(p->no, 400, "the Content-Length is not a number");
        if (i >= LENGTH_DIGITS)
            return refuse(p->no, 413, "the body is too large");
        p->head->length = p->head->length * 10 + (uint64_t)(value[i] - '0');
    }
    p->has_length = true;
    return true;
}

static bool field_coding(struct parse *p, const char *value, size_t len)
{
    if (p->has_coding)
        return refuse(p->no, 400, "more than one Transfer-Encoding");
    if (len != 7 || strncasecmp(value, "chunked", 7) != 0)
        return refuse(p->no, 501, "no transfer coding but 'chunked' is known here");
    p->has_coding = p->head->chunked = true;
    return true;
}

static bool field_connection(struct parse *p, const char *value, size_t len)
{
    for (size_t i = 0, n; i < len; i += n + 1) {
        while (i < len && strchr(" \t,", value[i]))
            i++;
        for (n = 0; i + n < len && !strchr(" \t,", value[i + n]);)
            n++;
        if (n == 5 && strncasecmp(value + i, "close", n) == 0)
            p->says_close = true;
        if (n == 10 && strncasecmp(value + i, "keep-alive", n) == 0)
            p->says_keep = true;
    }
    return true;
}

static bool field_expect(struct parse *p, const char *value, size_t len)
{
    if (len != 12 || strncasecmp(value, "100-continue", 12) != 0)
        return refuse(p->no, 417, "no expectation but '100-continue' is known here");
    p->head->expects = true;
    return true;
}

static const struct {
    const char *name;
    bool (*take)(struct parse *p, const char *value, size_t len);
} known_fields[] = {
    { "Host", field_host },
    { "Content-Length", field_length },
    { "Transfer-Encoding", field_coding },
    { "Connection", field_connection },
    { "Expect", field_expect },
};

static bool take_field(struct parse *p, const char *name, const char *value, size_t len)
{
    for (size_t i = 0; i < QS_COUNT(known_fields); i++)
        if (strcasecmp(name, known_fields[i].name) == 0)
            return known_fields[i].take(p, value, len);
    return true;
}

static bool parse_field(struct parse *p, const char *line, size_t len)
{
    if (line[0] == ' ' || line[0] == '\t')
        return refuse(p->no, 400, "a folded header");
    if (p->head->count++ >= p->headers_max)
        return refuse(p->no, 431, "too many headers");
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon ? (size_t)(colon - line) : 0;

    if (!name_len)
        return refuse(p->no, 400, "a header without name");
    if (!qs_http_is_all(line, name_len, QS_HTTP_TOKEN))
        return refuse(p->no, 400, "a header name with a blank or another character that it may not have");
    const char *value = colon + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (!qs_http_is_all(value, (size_t)(end - value), QS_HTTP_TEXT))
        return refuse(p->no, 400, "a header value with a control character");
    const char *name = emit(p, line, name_len);

    value = emit(p, value, (size_t)(end - value));
    return take_field(p, name, value, (size_t)(p->out - 1 - value));
}

/* What only the whole head can tell. */
static bool judge(struct parse *p)
{
    struct qs_http_head *head = p->head;

    if (head->minor == 1 && !p->hosts)
        return refuse(p->no, 400, "no Host");
    if (p->has_length && p->has_coding)
        return refuse(p->no, 400, "both Content-Length and Transfer-Encoding");
    if (head->minor == 0 && p->has_coding)
        return refuse(p->no, 400, "HTTP/1.0 has no Transfer-Encoding");
    if (head->minor == 0) {
        head->keep = p->says_keep;
        head->expects = false;
    }
    if (p->says_close)
        head->keep = false;
    return true;
}

bool qs_http_parse_head(char *text, size_t len, unsigned headers_max, struct qs_http_head *ret,
                        struct qs_http_refusal *ret_no)
{
    struct parse p = { .head = ret, .no = ret_no, .out = text, .headers_max = headers_max };
    const char *line = text, *end = text + len, *nl;

    *ret = (struct qs_http_head){ 0 };
    if (memchr(text, '\0', len))
        return refuse(ret_no, 400, "a NUL in the head");
    for (; (nl = memchr(line, '\n', (size_t)(end - line))); line = nl + 1) {
        size_t n = (size_t)(nl - line);

        if (n == 0 || line[n - 1] != '\r')
            return refuse(ret_no, 400, "a line ends without carriage return");
        if (n == 1)
            return ret->method ? judge(&p) : refuse(ret_no, 400, "an empty request line");
        if (!(ret->method ? parse_field(&p, line, n - 1) : parse_request_line(&p, line, n - 1)))
            return false;
        if (!ret->fields)
            ret->fields = p.out;
    }
    return refuse(ret_no, 400, "the head has no end");
}

const char *qs_http_head_field(const struct qs_http_head *head, const char *name)
{
    const char *at = head->fields;

    for (unsigned i = 0; i < head->count; i++) {
        const char *value = at + strlen(at) + 1;

        if (strcasecmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}
