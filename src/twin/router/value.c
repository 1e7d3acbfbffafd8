#include "twin/router/value.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/id.h"
#include "base/str.h"
#include "twin/router/schema.h"

#define PORTS_MAX 15 /* entries in one list of ports, as on the device */
#define SALT_LEN 12
#define SALT_TEXT 32

enum qs_code rtr_bad_value(const struct rtr_attr *a, struct qs_err *err)
{
    return qs_err_set(err, QS_INVALID, 0, "invalid value for argument %s", a->name);
}

static enum qs_code no_match(const struct rtr_attr *a, struct qs_err *err)
{
    return qs_err_set(err, QS_INVALID, 0, "input does not match any value of %s", a->name);
}

enum qs_code rtr_each_part(const char *list, rtr_part_fn *fn, void *arg, struct qs_err *err)
{
    bool more = *list != '\0';

    while (more) {
        size_t len = strcspn(list, ",");
        qs_auto(str) char *part = qs_xstrndup(list, len);

        if (fn(arg, part, err))
            return err->code;
        more = list[len] == ',';
        list += len + more;
    }
    return QS_OK;
}

enum qs_code rtr_norm_text(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    qs_buf_puts(out, in);
    return qs_buf_check(out, a->name, err);
}

enum qs_code rtr_norm_name(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    if (*in == '\0' || *in == '*' || strpbrk(in, ",\r\n") || strlen(in) > 128)
        return rtr_bad_value(a, err);
    qs_buf_puts(out, in);
    return QS_OK;
}

enum qs_code rtr_norm_bool(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    bool yes = qs_streq(in, "yes") || qs_streq(in, "true");

    if (!yes && !qs_streq(in, "no") && !qs_streq(in, "false"))
        return rtr_bad_value(a, err);
    qs_buf_puts(out, yes ? "true" : "false");
    return QS_OK;
}

enum qs_code rtr_norm_flag(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    qs_buf_puts(out, "");
    return *in == '\0' || qs_streq(in, "yes") || qs_streq(in, "true") ? QS_OK : rtr_bad_value(a, err);
}

enum qs_code rtr_norm_uint(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    uint32_t n;

    if (!qs_parse_u32(in, 0, UINT32_MAX, &n))
        return rtr_bad_value(a, err);
    if (n < a->min || n > a->max)
        return qs_err_set(err, QS_INVALID, 0, "value of %s out of range (%u..%u)", a->name, a->min, a->max);
    qs_buf_printf(out, "%u", n);
    return QS_OK;
}

static int word_index(const struct rtr_attr *a, const char *word, size_t len)
{
    for (int i = 0; a->words[i]; i++)
        if (strncmp(a->words[i], word, len) == 0 && a->words[i][len] == '\0')
            return i;
    return -1;
}

enum qs_code rtr_norm_word(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    if (word_index(a, in, strlen(in)) < 0)
        return no_match(a, err);
    qs_buf_puts(out, in);
    return QS_OK;
}

enum qs_code rtr_norm_words(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    uint64_t seen = 0;
    size_t start = out->len;

    for (const char *at = in; *at; at += *at == ',') {
        size_t len = strcspn(at, ",");
        int i = word_index(a, at, len);

        if (i < 0 || i >= 64)
            return no_match(a, err);
        seen |= UINT64_C(1) << i;
        at += len;
    }
    for (unsigned i = 0; a->words[i]; i++)
        if (seen >> i & 1)
            qs_buf_printf(out, "%s%s", out->len > start ? "," : "", a->words[i]);
    return QS_OK;
}

static const struct {
    const char *name;
    uint8_t number;
} protocols[] = { { "icmp", 1 },  { "igmp", 2 },       { "tcp", 6 },       { "udp", 17 },
                  { "gre", 47 },  { "ipsec-esp", 50 }, { "ipsec-ah", 51 }, { "icmpv6", 58 },
                  { "ospf", 89 }, { "vrrp", 112 },     { "sctp", 132 },    { "udp-lite", 136 } };

enum qs_code rtr_norm_protocol(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    uint32_t n = 0;
    bool number = qs_parse_u32(in, 1, 255, &n);

    for (size_t i = 0; i < QS_COUNT(protocols); i++)
        if (number ? n == protocols[i].number : qs_streq(in, protocols[i].name)) {
            qs_buf_puts(out, protocols[i].name);
            return QS_OK;
        }
    if (!number)
        return no_match(a, err);
    qs_buf_printf(out, "%u", n);
    return QS_OK;
}

bool rtr_protocol_number(const char *name, uint32_t *ret)
{
    for (size_t i = 0; i < QS_COUNT(protocols); i++)
        if (qs_streq(name, protocols[i].name)) {
            *ret = protocols[i].number;
            return true;
        }
    return qs_parse_u32(name, 1, 255, ret);
}

enum qs_code rtr_norm_range(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    uint32_t from, to;
    size_t len = strcspn(in, "-");
    qs_auto(str) char *first = qs_xstrndup(in, len);

    if (!qs_parse_u32(first, 0, 65535, &from))
        return rtr_bad_value(a, err);
    to = from;
    if (in[len] == '-' && (!qs_parse_u32(in + len + 1, 0, 65535, &to) || to < from))
        return rtr_bad_value(a, err);
    qs_buf_printf(out, from == to ? "%u" : "%u-%u", from, to);
    return QS_OK;
}

void rtr_put_comma(struct rtr_parts *p)
{
    if (p->out->len > p->start)
        qs_buf_putc(p->out, ',');
    p->count++;
}

static enum qs_code add_port(void *arg, const char *part, struct qs_err *err)
{
    struct rtr_parts *p = arg;

    rtr_put_comma(p);
    return p->count > PORTS_MAX ? rtr_bad_value(p->a, err) : rtr_norm_range(p->a, part, p->out, err);
}

enum qs_code rtr_norm_ports(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    struct rtr_parts p = { a, out, out->len, 0 };

    if (*in == '\0')
        return rtr_bad_value(a, err);
    return rtr_each_part(in, add_port, &p, err);
}

void rtr_put_duration(struct qs_buf *out, uint64_t seconds)
{
    static const struct {
        char unit;
        uint64_t size;
    } units[] = { { 'w', 604800 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

    if (seconds == 0)
        qs_buf_puts(out, "0s");
    for (size_t i = 0; i < QS_COUNT(units); i++) {
        if (seconds >= units[i].size)
            qs_buf_printf(out, "%llu%c", (unsigned long long)(seconds / units[i].size), units[i].unit);
        seconds %= units[i].size;
    }
}

/* "hh:mm:ss" */
static bool parse_clock(const char *in, uint64_t *ret)
{
    uint32_t part[3];

    if (strlen(in) != 8 || in[2] != ':' || in[5] != ':')
        return false;
    for (size_t i = 0; i < 3; i++) {
        char two[3] = { in[i * 3], in[i * 3 + 1], '\0' };

        if (!qs_parse_u32(two, 0, i ? 59 : 99, &part[i]))
            return false;
    }
    *ret = part[0] * UINT64_C(3600) + part[1] * UINT64_C(60) + part[2];
    return true;
}

/* "1w2d3h4m5s", each unit at most once and from large to small; a bare number is seconds. */
static bool parse_units(const char *in, uint64_t *ret)
{
    static const char units[] = "wdhms";
    static const uint32_t sizes[] = { 604800, 86400, 3600, 60, 1 };
    size_t next = 0;

    *ret = 0;
    for (const char *at = in; *at;) {
        size_t len = strspn(at, "0123456789");
        qs_auto(str) char *digits = qs_xstrndup(at, len);
        const char *unit = at[len] ? strchr(units + next, at[len]) : units + 4;
        uint32_t n;

        if (!unit || (!at[len] && at != in) || !qs_parse_u32(digits, 0, 1000000000, &n))
            return false;
        *ret += (uint64_t)n * sizes[unit - units];
        next = (size_t)(unit - units) + 1;
        at += len + (at[len] != '\0');
    }
    return *in != '\0';
}

enum qs_code rtr_norm_duration(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    uint64_t seconds;

    if (!parse_clock(in, &seconds) && !parse_units(in, &seconds))
        return rtr_bad_value(a, err);
    rtr_put_duration(out, seconds);
    return QS_OK;
}

enum qs_code rtr_norm_password(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    struct crypt_data *data = qs_xzalloc(sizeof(*data));
    char word[SALT_LEN + 1], salt[SALT_TEXT];
    const char *hash;

    qs_random_word(word, SALT_LEN);
    (void)snprintf(salt, sizeof(salt), "$6$%s$", word);
    hash = crypt_rn(in, salt, data, sizeof(*data)); /* unlike crypt_r not taken over by AddressSanitizer */
    if (hash && *hash == '$')
        qs_buf_puts(out, hash);
    explicit_bzero(data, sizeof(*data));
    free(data);
    return out->len > 0 ? QS_OK : rtr_bad_value(a, err);
}

bool rtr_password_ok(const char *hash, const char *password)
{
    struct crypt_data *data = qs_xzalloc(sizeof(*data));
    const char *got = crypt_rn(password, hash, data, sizeof(*data));
    bool ok = got && *got == '$' && strlen(got) == strlen(hash);

    if (ok) {
        unsigned char differ = 0;

        for (size_t i = 0; hash[i]; i++) /* every byte, so that time tells nothing */
            differ |= (unsigned char)(hash[i] ^ got[i]);
        ok = differ == 0;
    }
    explicit_bzero(data, sizeof(*data));
    free(data);
    return ok;
}
