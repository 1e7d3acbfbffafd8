/* The slice of configuration that the fabric gives, and the state of a router nobody has configured. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "text/json.h"
#include "twin/router/router_int.h"

static enum qs_code read_version(struct rtr_conf *c, struct qs_err *err)
{
    size_t dot = strcspn(c->version, "."), end = dot + (c->version[dot] == '.');
    size_t digits = strspn(c->version + end, "0123456789");
    qs_auto(str) char *major = qs_xstrndup(c->version, dot);
    qs_auto(str) char *minor = qs_xstrndup(c->version + end, digits);

    if (qs_parse_u32(major, 7, 99, &c->major) && qs_parse_u32(minor, 0, 999, &c->minor))
        return QS_OK;
    return qs_err_set(err, QS_INVALID, 0, "version '%s' is not one of RouterOS 7", c->version);
}

static enum qs_code read_ports(const struct qs_val *ports, struct rtr_conf *c, struct qs_err *err)
{
    for (size_t i = 0; i < qs_val_count(ports); i++) {
        const char *name = qs_val_get_str(qs_val_at(ports, i), "name", NULL);
        const char *link = qs_val_get_str(qs_val_at(ports, i), "link", NULL);

        if (!name)
            return qs_err_set(err, QS_INVALID, 0, "ports[%zu] has no name", i);
        if (link) /* a port without a cable has no link, and is not there */
            *QS_PUSH(c->ports, c->port_count) = (struct rtr_port){ qs_xstrdup(name), qs_xstrdup(link) };
    }
    return QS_OK;
}

static bool has_port(const struct rtr_conf *c, const char *name)
{
    for (size_t i = 0; i < c->port_count; i++)
        if (qs_streq(c->ports[i].name, name))
            return true;
    return false;
}

static enum qs_code read_management(const struct qs_val *m, struct rtr_conf *c, struct qs_err *err)
{
    const char *port = qs_val_get_str(m, "port", ""), *link = qs_val_get_str(m, "link", port);
    const struct qs_val *addresses = qs_val_get(m, "addresses");

    if (*port == '\0')
        return qs_err_set(err, QS_INVALID, 0, "the management port is not named");
    c->management_port = qs_xstrdup(port);
    if (!has_port(c, port))
        *QS_PUSH(c->ports, c->port_count) = (struct rtr_port){ qs_xstrdup(port), qs_xstrdup(link) };
    for (size_t i = 0; i < qs_val_count(addresses); i++) {
        const char *text = qs_val_string(qs_val_at(addresses, i), "");
        struct qs_prefix p;

        if (!qs_prefix_parse(text, &p))
            return qs_err_set(err, QS_INVALID, 0, "management address '%s' is not an address with its length", text);
        *QS_PUSH(c->management, c->management_count) = p;
    }
    return QS_OK;
}

static enum qs_code read_all(const struct qs_val *v, struct rtr_conf *c, struct qs_err *err)
{
    const struct qs_val *credentials = qs_val_get(v, "credentials"), *tls = qs_val_get(v, "tls");

    c->name = qs_xstrdup(qs_val_get_str(v, "name", "router"));
    c->model = qs_xstrdup(qs_val_get_str(v, "model", "x86"));
    c->version = qs_xstrdup(qs_val_get_str(v, "version", "7.18.2"));
    c->user = qs_xstrdup(qs_val_get_str(credentials, "user", "admin"));
    c->password = qs_xstrdup(qs_val_get_str(credentials, "password", ""));
    c->root = qs_xstrdup(qs_val_get_str(v, "root", ""));
    c->state = qs_xstrdup(qs_val_get_str(v, "state", ""));
    c->cert = qs_xstrdup(qs_val_get_str(tls, "cert", ""));
    c->key = qs_xstrdup(qs_val_get_str(tls, "key", ""));
    c->id = (unsigned)qs_val_get_int(v, "id", 0);
    if (read_version(c, err) || read_ports(qs_val_get(v, "ports"), c, err) ||
        read_management(qs_val_get(v, "management"), c, err))
        return qs_err_wrap(err, "router '%s'", c->name);
    return QS_OK;
}

enum qs_code rtr_conf_read(const char *json, struct rtr_conf *ret, struct qs_err *err)
{
    qs_auto(val) struct qs_val *v = NULL;
    struct rtr_conf c = { 0 };

    if (qs_json_parse(json, strlen(json), &v, err))
        return qs_err_wrap(err, "configuration of the router");
    if (read_all(v, &c, err)) {
        rtr_conf_done(&c);
        return err->code;
    }
    *ret = c;
    return QS_OK;
}

void rtr_conf_done(struct rtr_conf *c)
{
    char *texts[] = { c->name, c->model, c->version, c->user, c->password,
                      c->root, c->state, c->cert,    c->key,  c->management_port };

    if (c->password)
        explicit_bzero(c->password, strlen(c->password));
    if (c->key)
        explicit_bzero(c->key, strlen(c->key));
    for (size_t i = 0; i < QS_COUNT(texts); i++)
        free(texts[i]);
    for (size_t i = 0; i < c->port_count; i++) {
        free(c->ports[i].name);
        free(c->ports[i].link);
    }
    free(c->ports);
    free(c->management);
    *c = (struct rtr_conf){ 0 };
}

static struct rtr_row *add_row(struct rtr_store *s, enum rtr_menu_id id)
{
    struct rtr_row *row = rtr_row_new(id);

    rtr_store_insert(s, row, s->tables[id].count);
    return row;
}

static void add_interface(struct rtr_store *s, const char *name, const char *link, const char *type)
{
    struct rtr_row *row = add_row(s, RTR_INTERFACE);

    rtr_put(row, "name", name);
    rtr_put(row, "default-name", link);
    rtr_put(row, "type", type);
}

static bool is_port(const struct rtr_conf *c, const char *link)
{
    for (size_t i = 0; i < c->port_count; i++)
        if (qs_streq(c->ports[i].link, link))
            return true;
    return qs_streq(link, "lo");
}

void rtr_fit_ports(const struct rtr_conf *c, struct rtr_store *s)
{
    struct rtr_table *t = &s->tables[RTR_INTERFACE];

    for (size_t i = t->count; i-- > 0;)
        if (!is_port(c, rtr_value(t->rows[i], "default-name")))
            rtr_store_remove(s, RTR_INTERFACE, i);
    for (size_t i = 0; i < c->port_count; i++)
        if (!rtr_store_by(s, RTR_INTERFACE, "default-name", c->ports[i].link))
            add_interface(s, c->ports[i].name, c->ports[i].link, "ether");
    if (!rtr_store_by(s, RTR_INTERFACE, "default-name", "lo"))
        add_interface(s, "lo", "lo", "loopback");
}

/* Services as they come from the factory; of these api and api-ssl answer here. */
static void add_services(struct rtr_store *s)
{
    static const struct {
        const char *name, *port, *disabled, *certificate;
    } services[] = {
        { "telnet", "23", "false", NULL },   { "ftp", "21", "false", NULL },           { "www", "80", "false", NULL },
        { "ssh", "22", "false", NULL },      { "www-ssl", "443", "true", "none" },     { "api", "8728", "false", NULL },
        { "winbox", "8291", "false", NULL }, { "api-ssl", "8729", "false", "router" },
    };

    for (size_t i = 0; i < QS_COUNT(services); i++) {
        struct rtr_row *row = add_row(s, RTR_SERVICE);

        rtr_put(row, "name", services[i].name);
        rtr_put(row, "port", services[i].port);
        rtr_put(row, "disabled", services[i].disabled);
        rtr_put(row, "certificate", services[i].certificate);
    }
}

static void add_groups(struct rtr_store *s)
{
    static const struct {
        const char *name, *policy;
    } groups[] = {
        { "read", "local,telnet,ssh,reboot,read,test,winbox,password,web,sniff,sensitive,api,romon,rest-api" },
        { "write", "local,telnet,ssh,reboot,read,write,test,winbox,password,web,sniff,sensitive,api,romon,rest-api" },
        { "full", "local,telnet,ssh,ftp,reboot,read,write,policy,test,winbox,password,web,sniff,sensitive,api,romon,"
                  "rest-api" },
    };

    for (size_t i = 0; i < QS_COUNT(groups); i++) {
        struct rtr_row *row = add_row(s, RTR_GROUP);

        rtr_put(row, "name", groups[i].name);
        rtr_put(row, "policy", groups[i].policy);
    }
}

static void add_management(const struct rtr_conf *c, struct rtr_store *s)
{
    for (size_t i = 0; i < c->management_count; i++) {
        struct rtr_row *row = add_row(s, c->management[i].ip.family == 4 ? RTR_ADDRESS4 : RTR_ADDRESS6);
        char text[QS_IP_TEXT];

        rtr_put(row, "address", qs_prefix_text(&c->management[i], text));
        rtr_put(row, "interface", c->management_port);
    }
}

enum qs_code rtr_factory(const struct rtr_conf *c, struct rtr_store *s, struct qs_err *err)
{
    const struct rtr_attr *password = rtr_attr_find(rtr_menu(RTR_USER), "password");
    qs_auto(buf) struct qs_buf hash = QS_BUF(256);
    struct rtr_row *user;

    if (rtr_norm_password(password, c->password, &hash, err))
        return err->code;
    (void)add_row(s, RTR_IDENTITY);
    (void)add_row(s, RTR_RESOURCE);
    (void)add_row(s, RTR_CLOCK);
    (void)add_row(s, RTR_DNS);
    rtr_fit_ports(c, s);
    add_services(s);
    add_groups(s);
    user = add_row(s, RTR_USER);
    rtr_put(user, "name", c->user);
    rtr_put(user, "group", "full");
    rtr_put(user, "password", qs_buf_text(&hash));
    add_management(c, s);
    return QS_OK;
}
