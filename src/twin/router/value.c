#include "twin/router/value.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/id.h"
#include "base/ip.h"
#include "base/str.h"
#include "twin/router/schema.h"

#define PORTS_MAX 15 /* entries in one list of ports, as on the device */
#define SALT_LEN 12
#define SALT_TEXT 32

static enum qs_code bad_value(const struct rtr_attr *a, struct qs_err *err)
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
        return bad_value(a, err);
    qs_buf_puts(out, in);
    return QS_OK;
}

enum qs_code rtr_norm_bool(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    bool yes = qs_streq(in, "yes") || qs_streq(in, "true");

    if (!yes && !qs_streq(in, "no") && !qs_streq(in, "false"))
        return bad_value(a, err);
    qs_buf_puts(out, yes ? "true" : "false");
    return QS_OK;
}

enum qs_code rtr_norm_flag(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    qs_buf_puts(out, "");
    return *in == '\0' || qs_streq(in, "yes") || qs_streq(in, "true") ? QS_OK : bad_value(a, err);
}

enum qs_code rtr_norm_uint(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    uint32_t n;

    if (!qs_parse_u32(in, 0, UINT32_MAX, &n))
        return bad_value(a, err);
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
} protocols[] = { { "icmp", 1 },   { "igmp", 2 },     { "tcp", 6 },         { "udp", 17 },  { "gre", 47 },
                  { "ipsec-esp", 50 }, { "ipsec-ah", 51 }, { "icmpv6", 58 }, { "ospf", 89 }, { "vrrp", 112 },
                  { "sctp", 132 }, { "udp-lite", 136 } };

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
        return bad_value(a, err);
    to = from;
    if (in[len] == '-' && (!qs_parse_u32(in + len + 1, 0, 65535, &to) || to < from))
        return bad_value(a, err);
    qs_buf_printf(out, from == to ? "%u" : "%u-%u", from, to);
    return QS_OK;
}

struct parts {
    const struct rtr_attr *a;
    struct qs_buf *out;
    size_t start;
    unsigned count;
};

static void comma(struct parts *p)
{
    if (p->out->len > p->start)
        qs_buf_putc(p->out, ',');
    p->count++;
}

static enum qs_code add_port(void *arg, const char *part, struct qs_err *err)
{
    struct parts *p = arg;

    comma(p);
    return p->count > PORTS_MAX ? bad_value(p->a, err) : rtr_norm_range(p->a, part, p->out, err);
}

enum qs_code rtr_norm_ports(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    struct parts p = { a, out, out->len, 0 };

    if (*in == '\0')
        return bad_value(a, err);
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
        return bad_value(a, err);
    rtr_put_duration(out, seconds);
    return QS_OK;
}

enum qs_code rtr_norm_mac(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    uint8_t mac[6];
    char text[18];

    if (!qs_mac_parse(in, mac))
        return bad_value(a, err);
    (void)qs_mac_text(mac, text);
    for (char *c = text; *c; c++)
        qs_buf_putc(out, *c >= 'a' && *c <= 'f' ? (char)(*c - 'a' + 'A') : *c);
    return QS_OK;
}

/* Reads "address[/length]" of `family` (0: either). */
static bool parse_prefix(const char *in, uint8_t family, uint8_t bare_len, struct qs_prefix *ret)
{
    if (!strchr(in, '/')) {
        if (!qs_ip_parse(in, &ret->ip))
            return false;
        ret->len = bare_len ? bare_len : ret->ip.family == 4 ? 32 : 128;
    } else if (!qs_prefix_parse(in, ret)) {
        return false;
    }
    return family == 0 || ret->ip.family == family;
}

static enum qs_code norm_prefix(const struct rtr_attr *a, const char *in, uint8_t family, uint8_t bare_len,
                                bool network, struct qs_buf *out, struct qs_err *err)
{
    struct qs_prefix p;
    char text[QS_IP_TEXT];

    if (!parse_prefix(in, family, bare_len, &p))
        return bad_value(a, err);
    if (network)
        p = qs_prefix_network(&p);
    qs_buf_puts(out, qs_prefix_text(&p, text));
    return QS_OK;
}

enum qs_code rtr_norm_iface4(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    return norm_prefix(a, in, 4, 32, false, out, err);
}

enum qs_code rtr_norm_iface6(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    return norm_prefix(a, in, 6, 64, false, out, err);
}

enum qs_code rtr_norm_dest4(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    return norm_prefix(a, in, 4, 32, true, out, err);
}

enum qs_code rtr_norm_dest6(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    return norm_prefix(a, in, 6, 128, true, out, err);
}

bool rtr_ip_range(const char *text, uint8_t family, struct qs_ip *ret_from, struct qs_ip *ret_to)
{
    size_t len = strcspn(text, "-");
    qs_auto(str) char *first = qs_xstrndup(text, len);

    if (!qs_ip_parse(first, ret_from) || ret_from->family != family)
        return false;
    *ret_to = *ret_from;
    if (text[len] == '\0')
        return true;
    return qs_ip_parse(text + len + 1, ret_to) && ret_to->family == family && qs_ip_cmp(ret_from, ret_to) <= 0;
}

static enum qs_code norm_to(const struct rtr_attr *a, const char *in, uint8_t family, struct qs_buf *out,
                            struct qs_err *err)
{
    struct qs_ip from, to;
    char text[QS_IP_TEXT];

    if (!rtr_ip_range(in, family, &from, &to))
        return bad_value(a, err);
    qs_buf_puts(out, qs_ip_text(&from, text));
    if (!qs_ip_equal(&from, &to))
        qs_buf_printf(out, "-%s", qs_ip_text(&to, text));
    return QS_OK;
}

enum qs_code rtr_norm_to4(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    return norm_to(a, in, 4, out, err);
}

enum qs_code rtr_norm_to6(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    return norm_to(a, in, 6, out, err);
}

enum qs_code rtr_norm_match4(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    if (strchr(in, '-'))
        return norm_to(a, in, 4, out, err);
    if (norm_prefix(a, in, 4, 32, true, out, err))
        return err->code;
    if (out->len > 3 && qs_streq(out->data + out->len - 3, "/32")) {
        out->len -= 3;
        out->data[out->len] = '\0';
    }
    return QS_OK;
}

enum qs_code rtr_norm_match6(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    return strchr(in, '-') ? norm_to(a, in, 6, out, err) : norm_prefix(a, in, 6, 128, true, out, err);
}

/* The interface, where one is named, is checked by the table's own check. */
static enum qs_code norm_gateway(const struct rtr_attr *a, const char *in, uint8_t family, struct qs_buf *out,
                                 struct qs_err *err)
{
    size_t len = strcspn(in, "%");
    qs_auto(str) char *address = qs_xstrndup(in, len);
    char text[QS_IP_TEXT];
    struct qs_ip ip;

    if (!qs_ip_parse(address, &ip)) {
        if (in[len] == '%')
            return bad_value(a, err);
        return rtr_norm_name(a, in, out, err);
    }
    if (ip.family != family)
        return bad_value(a, err);
    qs_buf_printf(out, "%s%s", qs_ip_text(&ip, text), in + len);
    return QS_OK;
}

enum qs_code rtr_norm_gateway4(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    return norm_gateway(a, in, 4, out, err);
}

enum qs_code rtr_norm_gateway6(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    return norm_gateway(a, in, 6, out, err);
}

static enum qs_code add_from(void *arg, const char *part, struct qs_err *err)
{
    struct parts *p = arg;

    comma(p);
    return norm_prefix(p->a, part, 0, 0, true, p->out, err);
}

enum qs_code rtr_norm_from(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    struct parts p = { a, out, out->len, 0 };

    return rtr_each_part(in, add_from, &p, err);
}

static enum qs_code add_server(void *arg, const char *part, struct qs_err *err)
{
    struct parts *p = arg;
    struct qs_ip ip;
    char text[QS_IP_TEXT];

    if (!qs_ip_parse(part, &ip))
        return bad_value(p->a, err);
    comma(p);
    qs_buf_puts(p->out, qs_ip_text(&ip, text));
    return QS_OK;
}

enum qs_code rtr_norm_servers(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    struct parts p = { a, out, out->len, 0 };

    return rtr_each_part(in, add_server, &p, err);
}

struct admission {
    const struct qs_ip *peer;
    bool admitted;
};

static enum qs_code test_prefix(void *arg, const char *part, struct qs_err *err)
{
    struct admission *adm = arg;
    struct qs_prefix p;

    (void)err;
    if (qs_prefix_parse(part, &p) && qs_prefix_contains(&p, adm->peer))
        adm->admitted = true;
    return QS_OK;
}

bool rtr_admits(const char *prefixes, const struct qs_ip *peer)
{
    struct admission adm = { peer, !prefixes || *prefixes == '\0' };
    struct qs_err err = QS_ERR_INIT;

    QS_IGNORE(rtr_each_part(prefixes ? prefixes : "", test_prefix, &adm, &err));
    return adm.admitted;
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
    return out->len > 0 ? QS_OK : bad_value(a, err);
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
