/* What the commands of configuration mode, of VLANs and of the API do. */
#include "twin/switch/grammar_int.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

#define USERS_MAX 64
#define TEXTS_MAX 64
#define ROUTES_MAX 4096
#define BANNER_MAX 4096
#define HTTPS_PORT 443

void sw_set_text(char **slot, const char *text)
{
    char *copy = text ? qs_xstrdup(text) : NULL;

    free(*slot);
    *slot = copy;
}

enum qs_code sw_refuse_count(struct qs_err *err, const char *what, int most)
{
    return qs_err_set(err, QS_REFUSED, 0, "%s: the limit of %d is reached", what, most);
}

/* --- identity and services --- */

enum qs_code sw_do_hostname(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    sw_set_text(&k->c->hostname, k->verb == SET ? k->a[0].text : NULL);
    return QS_OK;
}

enum qs_code sw_do_domain(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    sw_set_text(&k->c->domain, k->verb == SET ? k->a[0].text : NULL);
    return QS_OK;
}

static enum qs_code change_list(struct sw_call *k, struct qs_sw_texts *t, const char *text, bool sorted,
                                struct qs_err *err)
{
    if (k->verb != SET)
        qs_sw_texts_del(t, text);
    else if (t->count == TEXTS_MAX)
        return sw_refuse_count(err, "list", TEXTS_MAX);
    else
        qs_sw_texts_add(t, text, sorted);
    return QS_OK;
}

enum qs_code sw_do_name_server(struct sw_call *k, struct qs_err *err)
{
    char text[QS_IP_TEXT];

    return change_list(k, &k->c->name_servers, k->a[0].text ? qs_ip_text(&k->a[0].ip, text) : NULL, false, err);
}

enum qs_code sw_do_ntp(struct sw_call *k, struct qs_err *err)
{
    return change_list(k, &k->c->ntp_servers, k->a[0].text, true, err);
}

enum qs_code sw_do_logging(struct sw_call *k, struct qs_err *err)
{
    return change_list(k, &k->c->log_hosts, k->a[0].text, true, err);
}

enum qs_code sw_do_stp(struct sw_call *k, struct qs_err *err)
{
    const char *mode = k->a[0].text;

    (void)err;
    sw_set_text(&k->c->stp_mode, k->verb == SET && !qs_streq(mode, "mstp") ? mode : NULL);
    return QS_OK;
}

static char **banner_slot(const struct sw_call *k)
{
    return qs_streq(k->a[0].text, "login") ? &k->c->banner_login : &k->c->banner_motd;
}

enum qs_code sw_do_banner(struct sw_call *k, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf text = QS_BUF(BANNER_MAX);
    const char *line = k->input;

    if (k->verb != SET) {
        sw_set_text(banner_slot(k), NULL);
        return QS_OK;
    }
    if (!line)
        return qs_err_set(err, QS_INVALID, 0, "Incomplete command (at token 1: '%s')", k->a[0].text);
    while (*line) {
        size_t len = strcspn(line, "\n");

        if (len == 3 && memcmp(line, "EOF", 3) == 0)
            break;
        qs_buf_add(&text, line, len);
        qs_buf_putc(&text, '\n');
        line += len + (line[len] == '\n');
    }
    if (text.over)
        return sw_refuse_count(err, "banner", BANNER_MAX);
    sw_set_text(banner_slot(k), qs_buf_text(&text));
    return QS_OK;
}

enum qs_code sw_do_ip_routing(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->c->ip_routing = k->verb == SET;
    return QS_OK;
}

enum qs_code sw_do_ipv6_routing(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->c->ipv6_routing = k->verb == SET;
    return QS_OK;
}

enum qs_code sw_do_route(struct sw_call *k, struct qs_err *err)
{
    struct qs_prefix dest = qs_prefix_network(&k->a[0].prefix);

    if (k->verb != SET) {
        qs_sw_config_route_del(k->c, &dest, k->a[1].text ? &k->a[1].ip : NULL);
        return QS_OK;
    }
    if (k->c->route_count == ROUTES_MAX)
        return sw_refuse_count(err, "static routes", ROUTES_MAX);
    qs_sw_config_route_set(k->c, &dest, &k->a[1].ip, k->a[2].text ? k->a[2].num : 1, k->a[3].text);
    return QS_OK;
}

/* --- accounts: argument 0 name, 1 privilege, 2 role, 3 secret --- */

static enum qs_code put_account(struct sw_call *k, const char *secret, bool nopassword, struct qs_err *err)
{
    struct qs_sw_user *u;

    if (!qs_sw_config_user(k->c, k->a[0].text) && k->c->user_count == USERS_MAX)
        return sw_refuse_count(err, "accounts", USERS_MAX);
    u = qs_sw_config_user_add(k->c, k->a[0].text);
    u->privilege = k->a[1].text ? k->a[1].num : 1;
    u->nopassword = nopassword;
    sw_set_text(&u->role, k->a[2].text);
    sw_set_text(&u->secret, secret);
    return QS_OK;
}

/* A whole hash of crypt(3): "$6$…$" and 86 characters, or "$1$…$" and 22. */
static bool is_hash(const char *text)
{
    const char *last = strrchr(text, '$');
    size_t want = qs_after(text, "$6$") ? 86 : qs_after(text, "$1$") ? 22 : 0;

    return want > 0 && last > text + 2 && strlen(text) < CRYPT_OUTPUT_SIZE && strlen(last + 1) == want &&
           strspn(last + 1, "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == want;
}

enum qs_code sw_do_secret_hash(struct sw_call *k, struct qs_err *err)
{
    const char *hash = k->a[3].text;

    if (!is_hash(hash))
        return qs_err_set(err, QS_REFUSED, 0, "Invalid encrypted password");
    return put_account(k, hash, false, err);
}

enum qs_code sw_do_secret_plain(struct sw_call *k, struct qs_err *err)
{
    struct crypt_data *work = qs_xzalloc(sizeof(*work));
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    const char *hash = NULL;
    enum qs_code code;

    if (crypt_gensalt_rn("$6$", 0, NULL, 0, salt, sizeof(salt)))
        hash = crypt_r(k->a[3].text, salt, work);
    if (hash && *hash != '*')
        code = put_account(k, hash, false, err);
    else
        code = qs_err_set(err, QS_REFUSED, 0, "the secret could not be hashed");
    explicit_bzero(work, sizeof(*work));
    free(work);
    return code;
}

/* Without a type before it, a word that names a type is one whose secret is missing. */
enum qs_code sw_do_secret_untyped(struct sw_call *k, struct qs_err *err)
{
    static const char *const types[] = { "0", "5", "7", "8a", "sha512" };

    for (size_t i = 0; i < QS_COUNT(types); i++)
        if (qs_streq(k->a[3].text, types[i]))
            return qs_err_set(err, QS_INVALID, 0, "Incomplete command (secret '%s')", types[i]);
    return sw_do_secret_plain(k, err);
}

enum qs_code sw_do_nopassword(struct sw_call *k, struct qs_err *err)
{
    return put_account(k, NULL, true, err);
}

enum qs_code sw_do_ssh_key(struct sw_call *k, struct qs_err *err)
{
    const char *name = k->a[0].text;
    struct qs_sw_user *u = qs_sw_config_user(k->c, name);

    if (k->verb != SET) {
        if (u)
            sw_set_text(&u->ssh_key, NULL);
        if (u && !u->secret && !u->nopassword)
            qs_sw_config_user_del(k->c, name);
        return QS_OK;
    }
    if (!u && k->c->user_count == USERS_MAX)
        return sw_refuse_count(err, "accounts", USERS_MAX);
    u = qs_sw_config_user_add(k->c, name);
    sw_set_text(&u->ssh_key, k->a[1].text);
    return QS_OK;
}

enum qs_code sw_do_no_user(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    qs_sw_config_user_del(k->c, k->a[0].text);
    return QS_OK;
}

/* --- VLANs --- */

enum qs_code sw_do_vlan(struct sw_call *k, struct qs_err *err)
{
    const struct qs_sw_vlans *ids = &k->a[0].vlans;

    (void)err;
    for (unsigned id = qs_sw_vlans_next(ids, 0); id; id = qs_sw_vlans_next(ids, id))
        if (k->verb == SET)
            (void)qs_sw_config_vlan_add(k->c, id);
        else
            qs_sw_config_vlan_del(k->c, id);
    if (k->verb == SET) {
        k->at->mode = QS_SW_MODE_VLAN;
        k->at->vlans = *ids;
    }
    return QS_OK;
}

enum qs_code sw_do_vlan_name(struct sw_call *k, struct qs_err *err)
{
    const struct qs_sw_vlans *ids = &k->at->vlans;
    const char *name = k->verb == SET ? k->a[0].text : NULL;
    char usual[16];

    if (name && strlen(name) > 32)
        return qs_err_set(err, QS_REFUSED, 0, "VLAN name is longer than 32 characters");
    for (unsigned id = qs_sw_vlans_next(ids, 0); id; id = qs_sw_vlans_next(ids, id)) {
        struct qs_sw_vlan *v = qs_sw_config_vlan_add(k->c, id);

        sw_set_text(&v->name, NULL);
        if (!qs_streq(name, qs_sw_vlan_name(v, usual)))
            sw_set_text(&v->name, name);
    }
    return QS_OK;
}

enum qs_code sw_do_vlan_state(struct sw_call *k, struct qs_err *err)
{
    const struct qs_sw_vlans *ids = &k->at->vlans;

    (void)err;
    for (unsigned id = qs_sw_vlans_next(ids, 0); id; id = qs_sw_vlans_next(ids, id))
        qs_sw_config_vlan_add(k->c, id)->suspended = k->verb == SET && qs_streq(k->a[0].text, "suspend");
    return QS_OK;
}

/* --- management api http-commands --- */

enum qs_code sw_do_api(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    if (k->verb == SET) {
        k->at->mode = QS_SW_MODE_API;
        return QS_OK;
    }
    k->c->api_enabled = false;
    k->c->api_https = true;
    k->c->api_port = 0;
    return QS_OK;
}

enum qs_code sw_do_api_shutdown(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->c->api_enabled = k->verb == NO;
    return QS_OK;
}

enum qs_code sw_do_api_https(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->c->api_https = k->verb != NO;
    k->c->api_port = 0;
    return QS_OK;
}

enum qs_code sw_do_api_port(struct sw_call *k, struct qs_err *err)
{
    (void)err;
    k->c->api_https = true;
    k->c->api_port = k->a[0].num == HTTPS_PORT ? 0 : (uint16_t)k->a[0].num;
    return QS_OK;
}

enum qs_code sw_do_api_no_http(struct sw_call *k, struct qs_err *err)
{
    (void)k, (void)err; /* clear text is never served */
    return QS_OK;
}
