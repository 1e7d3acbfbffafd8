#include "twin/switch/platform.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

#define LINK_MAX_LEN 15
#define NAME_MAX_LEN 24
#define PORTS_MAX 256
#define TAPS_MAX 64

static enum qs_code take_text(const struct qs_val *map, const char *key, char **ret, struct qs_err *err)
{
    const char *text = qs_val_get_str(map, key, NULL);

    if (!text || !*text)
        return qs_err_set(err, QS_INVALID, 0, "'%s' is missing", key);
    *ret = qs_xstrdup(text);
    return QS_OK;
}

static enum qs_code take_link(const struct qs_val *map, char **ret, struct qs_err *err)
{
    const char *text = qs_val_get_str(map, "link", NULL);

    if (!text)
        return QS_OK;
    if (!*text || strlen(text) > LINK_MAX_LEN)
        return qs_err_set(err, QS_INVALID, 0, "link '%s' is no interface name", text);
    *ret = qs_xstrdup(text);
    return QS_OK;
}

static enum qs_code take_taps(const struct qs_val *list, struct qs_sw_port *port, struct qs_err *err)
{
    if (qs_val_count(list) > TAPS_MAX)
        return qs_err_set(err, QS_LIMIT, 0, "more than %d taps", TAPS_MAX);
    for (size_t i = 0; i < qs_val_count(list); i++) {
        const struct qs_val *v = qs_val_at(list, i);
        struct qs_sw_tap *tap = QS_PUSH(port->taps, port->tap_count);
        int64_t vlan = qs_val_get_int(v, "vlan", -1);

        if (vlan < 0 || vlan > 4094)
            return qs_err_set(err, QS_INVALID, 0, "tap %zu has no VLAN", i);
        tap->vlan = (uint16_t)vlan;
        if (take_link(v, &tap->link, err))
            return err->code;
        if (!tap->link)
            return qs_err_set(err, QS_INVALID, 0, "tap %zu has no link", i);
    }
    return QS_OK;
}

static enum qs_code take_port(const struct qs_val *v, struct qs_sw_port *port, struct qs_err *err)
{
    if (take_text(v, "name", &port->name, err) || take_link(v, &port->link, err))
        return err->code;
    if (!qs_after(port->name, "Ethernet") || strlen(port->name) > NAME_MAX_LEN)
        return qs_err_set(err, QS_INVALID, 0, "port '%s' is not an Ethernet port", port->name);
    if (take_taps(qs_val_get(v, "taps"), port, err))
        return qs_err_wrap(err, "port '%s'", port->name);
    return QS_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct qs_sw_port *x = a, *y = b;

    return qs_natural_cmp(x->name, y->name);
}

static enum qs_code take_ports(const struct qs_val *list, struct qs_sw_platform *p, struct qs_err *err)
{
    if (qs_val_count(list) > PORTS_MAX)
        return qs_err_set(err, QS_LIMIT, 0, "more than %d ports", PORTS_MAX);
    for (size_t i = 0; i < qs_val_count(list); i++)
        if (take_port(qs_val_at(list, i), QS_PUSH(p->ports, p->port_count), err))
            return err->code;
    if (p->port_count > 1)
        qsort(p->ports, p->port_count, sizeof(*p->ports), by_name);
    for (size_t i = 1; i < p->port_count; i++)
        if (qs_streq(p->ports[i - 1].name, p->ports[i].name))
            return qs_err_set(err, QS_INVALID, 0, "port '%s' is listed twice", p->ports[i].name);
    return QS_OK;
}

static enum qs_code take_management(const struct qs_val *v, struct qs_sw_platform *p, struct qs_err *err)
{
    const struct qs_val *list = qs_val_get(v, "addresses");

    p->management.name = qs_xstrdup(qs_val_get_str(v, "port", "Management1"));
    if (!qs_after(p->management.name, "Management") || strlen(p->management.name) > NAME_MAX_LEN)
        return qs_err_set(err, QS_INVALID, 0, "management port '%s' has no such name", p->management.name);
    if (take_link(v, &p->management.link, err))
        return err->code;
    for (size_t i = 0; i < qs_val_count(list); i++) {
        const char *text = qs_val_string(qs_val_at(list, i), "");

        if (!qs_prefix_parse(text, QS_PUSH(p->addresses, p->address_count)))
            return qs_err_set(err, QS_INVALID, 0, "management address '%s' is no address with a length", text);
    }
    return QS_OK;
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
    unsigned b[6];
    char rest;

    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &rest) != 6)
        return false;
    for (int i = 0; i < 6; i++)
        mac[i] = (uint8_t)b[i];
    return !(mac[0] & 1);
}

static enum qs_code take_version(struct qs_sw_platform *p, struct qs_err *err)
{
    if (sscanf(p->version, "%9u.%9u", &p->major, &p->minor) != 2)
        return qs_err_set(err, QS_INVALID, 0, "version '%s' is no EOS version", p->version);
    return QS_OK;
}

static enum qs_code fill(const struct qs_val *conf, struct qs_sw_platform *p, struct qs_err *err)
{
    const struct qs_val *credentials = qs_val_get(conf, "credentials");

    if (take_text(conf, "name", &p->name, err) || take_text(conf, "model", &p->model, err) ||
        take_text(conf, "version", &p->version, err) || take_text(conf, "serial", &p->serial, err) ||
        take_version(p, err))
        return err->code;
    if (!parse_mac(qs_val_get_str(conf, "mac", ""), p->mac))
        return qs_err_set(err, QS_INVALID, 0, "'mac' is no unicast MAC address");
    if (take_text(credentials, "user", &p->user, err) || take_text(credentials, "password", &p->password, err))
        return qs_err_wrap(err, "credentials");
    if (take_management(qs_val_get(conf, "management"), p, err))
        return err->code;
    return take_ports(qs_val_get(conf, "ports"), p, err);
}

enum qs_code qs_sw_platform_read(const struct qs_val *conf, struct qs_sw_platform **ret, struct qs_err *err)
{
    qs_auto(sw_platform) struct qs_sw_platform *p = qs_xzalloc(sizeof(*p));

    if (fill(conf, p, err))
        return qs_err_wrap(err, "switch '%s'", qs_val_get_str(conf, "name", "?"));
    *ret = qs_take_ptr(p);
    return QS_OK;
}

static void port_done(struct qs_sw_port *port)
{
    for (size_t i = 0; i < port->tap_count; i++)
        free(port->taps[i].link);
    free(port->taps);
    free(port->name);
    free(port->link);
}

void qs_sw_platform_free(struct qs_sw_platform *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->port_count; i++)
        port_done(&p->ports[i]);
    port_done(&p->management);
    if (p->password)
        explicit_bzero(p->password, strlen(p->password));
    free(p->password);
    free(p->ports);
    free(p->addresses);
    free(p->name);
    free(p->model);
    free(p->version);
    free(p->serial);
    free(p->user);
    free(p);
}

bool qs_sw_version_at_least(const struct qs_sw_platform *p, unsigned major, unsigned minor)
{
    return p->major > major || (p->major == major && p->minor >= minor);
}

const char *qs_sw_mac_text(const uint8_t mac[6], char text[18])
{
    (void)snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    return text;
}

int qs_sw_port_index(const struct qs_sw_platform *p, const char *name)
{
    for (size_t i = 0; i < p->port_count; i++)
        if (qs_streq(p->ports[i].name, name))
            return (int)i;
    return -1;
}
