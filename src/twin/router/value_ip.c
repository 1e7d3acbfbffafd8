/* Addresses, networks, ranges, and lists of them. */
#include <string.h>

#include "base/alloc.h"
#include "base/ip.h"
#include "base/str.h"
#include "twin/router/schema.h"

enum qs_code rtr_norm_mac(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    uint8_t mac[6];
    char text[18];

    if (!qs_mac_parse(in, mac))
        return rtr_bad_value(a, err);
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
        return rtr_bad_value(a, err);
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

/* Splits "a-b" or "a" of one family into its ends; false when it is neither. */
static bool ip_range(const char *text, uint8_t family, struct qs_ip *ret_from, struct qs_ip *ret_to)
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

    if (!ip_range(in, family, &from, &to))
        return rtr_bad_value(a, err);
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
            return rtr_bad_value(a, err);
        return rtr_norm_name(a, in, out, err);
    }
    if (ip.family != family)
        return rtr_bad_value(a, err);
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
    struct rtr_parts *p = arg;

    rtr_put_comma(p);
    return norm_prefix(p->a, part, 0, 0, true, p->out, err);
}

enum qs_code rtr_norm_from(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    struct rtr_parts p = { a, out, out->len, 0 };

    return rtr_each_part(in, add_from, &p, err);
}

static enum qs_code add_server(void *arg, const char *part, struct qs_err *err)
{
    struct rtr_parts *p = arg;
    struct qs_ip ip;
    char text[QS_IP_TEXT];

    if (!qs_ip_parse(part, &ip))
        return rtr_bad_value(p->a, err);
    rtr_put_comma(p);
    qs_buf_puts(p->out, qs_ip_text(&ip, text));
    return QS_OK;
}

enum qs_code rtr_norm_servers(const struct rtr_attr *a, const char *in, struct qs_buf *out, struct qs_err *err)
{
    struct rtr_parts p = { a, out, out->len, 0 };

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
