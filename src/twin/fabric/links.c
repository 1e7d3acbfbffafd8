#include "twin/fabric/links.h"

enum qs_code qs_links_addresses(struct qs_nl *nl, const char *link, const struct qs_val *addresses, struct qs_err *err)
{
    for (size_t i = 0; i < qs_val_count(addresses); i++) {
        const char *text = qs_val_string(qs_val_at(addresses, i), "");
        struct qs_prefix p;

        if (!qs_prefix_parse(text, &p))
            return qs_err_set(err, QS_INVALID, 0, "'%s' on link '%s' is no address", text, link);
        if (qs_nl_addr(nl, link, &p, true, err))
            return err->code;
    }
    return QS_OK;
}

static enum qs_code add_route(struct qs_nl *nl, const struct qs_val *route, struct qs_err *err)
{
    const char *to = qs_val_get_str(route, "to", ""), *via = qs_val_get_str(route, "via", "");
    struct qs_prefix dest;
    struct qs_ip gateway;

    if (!qs_prefix_parse(to, &dest) || !qs_ip_parse(via, &gateway))
        return qs_err_set(err, QS_INVALID, 0, "'%s via %s' is no route", to, via);
    return qs_nl_route(nl, &dest, &gateway, NULL, true, err);
}

enum qs_code qs_links_configure(struct qs_nl *nl, const struct qs_val *part, struct qs_err *err)
{
    const struct qs_val *links = qs_val_get(part, "links"), *routes = qs_val_get(part, "routes");

    for (size_t i = 0; i < qs_val_count(links); i++) {
        const struct qs_val *one = qs_val_at(links, i);
        const char *link = qs_val_get_str(one, "link", "");

        if (qs_nl_up(nl, link, true, err) || qs_links_addresses(nl, link, qs_val_get(one, "addresses"), err))
            return err->code;
    }
    for (size_t i = 0; i < qs_val_count(routes); i++)
        if (add_route(nl, qs_val_at(routes, i), err))
            return err->code;
    return QS_OK;
}

bool qs_links_first(const struct qs_val *part, struct qs_ip *ret)
{
    const struct qs_val *links = qs_val_get(part, "links");

    for (size_t i = 0; i < qs_val_count(links); i++) {
        struct qs_prefix p;

        if (qs_prefix_parse(qs_val_string(qs_val_at(qs_val_get(qs_val_at(links, i), "addresses"), 0), ""), &p)) {
            *ret = p.ip;
            return true;
        }
    }
    return false;
}
