/* The canonical text of a configuration. Block order follows EOS 4.2x. */
#include <string.h>

#include "base/str.h"
#include "twin/switch/config.h"

struct writer {
    const struct qs_sw_config *c;
    struct qs_buf *buf;
    bool all;
};

static void end_block(const struct writer *w)
{
    qs_buf_puts(w->buf, "!\n");
}

/* A line shown when it is not the default, or when defaults are wanted too. */
static void flag(const struct writer *w, bool shown, const char *line)
{
    if (shown || w->all)
        qs_buf_printf(w->buf, "   %s\n", line);
}

static void write_user(const struct writer *w, const struct qs_sw_user *u)
{
    if (u->secret || u->nopassword) {
        qs_buf_printf(w->buf, "username %s", u->name);
        if (u->privilege != 1)
            qs_buf_printf(w->buf, " privilege %u", u->privilege);
        if (u->role)
            qs_buf_printf(w->buf, " role %s", u->role);
        if (u->nopassword)
            qs_buf_puts(w->buf, " nopassword\n");
        else
            qs_buf_printf(w->buf, " secret %s %s\n", qs_after(u->secret, "$1$") ? "5" : "sha512", u->secret);
    }
    if (u->ssh_key)
        qs_buf_printf(w->buf, "username %s ssh-key %s\n", u->name, u->ssh_key);
}

static void write_users(const struct writer *w)
{
    for (size_t i = 0; i < w->c->user_count; i++)
        write_user(w, &w->c->users[i]);
    if (w->c->user_count > 0)
        end_block(w);
}

static void write_list(const struct writer *w, const char *head, const struct qs_sw_texts *t)
{
    for (size_t i = 0; i < t->count; i++)
        qs_buf_printf(w->buf, "%s %s\n", head, t->items[i]);
    if (t->count > 0)
        end_block(w);
}

static void write_identity(const struct writer *w)
{
    const struct qs_sw_config *c = w->c;

    if (c->hostname) {
        qs_buf_printf(w->buf, "hostname %s\n", c->hostname);
        end_block(w);
    }
    if (c->domain)
        qs_buf_printf(w->buf, "dns domain %s\n", c->domain);
    if (c->domain && c->name_servers.count == 0)
        end_block(w);
    write_list(w, "ip name-server vrf default", &c->name_servers);
}

static void write_stp(const struct writer *w)
{
    if (!w->c->stp_mode && !w->all)
        return;
    qs_buf_printf(w->buf, "spanning-tree mode %s\n", w->c->stp_mode ? w->c->stp_mode : "mstp");
    end_block(w);
}

static bool is_plain(const struct qs_sw_vlan *v)
{
    return v->id != 1 && !v->name;
}

static void write_vlans(const struct writer *w)
{
    const struct qs_sw_config *c = w->c;

    for (size_t i = 0; i < c->vlan_count;) {
        const struct qs_sw_vlan *v = &c->vlans[i];
        struct qs_sw_vlans ids = { 0 };

        qs_sw_vlans_add(&ids, v->id);
        for (i++; is_plain(v) && i < c->vlan_count && is_plain(&c->vlans[i]); i++) {
            if (c->vlans[i].suspended != v->suspended)
                break;
            qs_sw_vlans_add(&ids, c->vlans[i].id);
        }
        if (v->id == 1 && !v->name && !v->suspended && !w->all)
            continue;
        qs_buf_puts(w->buf, "vlan ");
        qs_sw_vlans_format(&ids, w->buf);
        qs_buf_putc(w->buf, '\n');
        if (v->name)
            qs_buf_printf(w->buf, "   name %s\n", v->name);
        if (v->suspended || w->all)
            qs_buf_printf(w->buf, "   state %s\n", v->suspended ? "suspend" : "active");
        end_block(w);
    }
}

static void write_banner(const struct writer *w, const char *which, const char *text)
{
    if (!text)
        return;
    qs_buf_printf(w->buf, "banner %s\n%s%sEOF\n", which, text, *text && text[strlen(text) - 1] != '\n' ? "\n" : "");
    end_block(w);
}

static void write_api(const struct writer *w)
{
    const struct qs_sw_config *c = w->c;

    if (!c->api_enabled && c->api_https && !c->api_port && !w->all)
        return;
    qs_buf_puts(w->buf, "management api http-commands\n");
    if (c->api_port)
        qs_buf_printf(w->buf, "   protocol https port %u\n", c->api_port);
    flag(w, !c->api_https, c->api_https ? "protocol https" : "no protocol https");
    flag(w, false, "no protocol http");
    flag(w, c->api_enabled, c->api_enabled ? "no shutdown" : "shutdown");
    end_block(w);
}

static void write_switchport(const struct writer *w, const struct qs_sw_intf *intf)
{
    struct qs_sw_vlans every;

    if (intf->access != 1 || w->all)
        qs_buf_printf(w->buf, "   switchport access vlan %u\n", intf->access);
    if (intf->native != 1 || w->all)
        qs_buf_printf(w->buf, "   switchport trunk native vlan %u\n", intf->native);
    qs_sw_vlans_fill(&every);
    if (w->all || !qs_sw_vlans_equal(&intf->allowed, &every)) {
        qs_buf_puts(w->buf, "   switchport trunk allowed vlan ");
        if (qs_sw_vlans_is_empty(&intf->allowed))
            qs_buf_puts(w->buf, "none");
        qs_sw_vlans_format(&intf->allowed, w->buf);
        qs_buf_putc(w->buf, '\n');
    }
    flag(w, intf->trunk, intf->trunk ? "switchport mode trunk" : "switchport mode access");
    flag(w, intf->routed, intf->routed ? "no switchport" : "switchport");
}

static void write_addresses(const struct writer *w, const struct qs_sw_intf *intf)
{
    char text[QS_IP_TEXT];

    if (intf->ip.ip.family)
        qs_buf_printf(w->buf, "   ip address %s\n", qs_prefix_text(&intf->ip, text));
    for (size_t i = 0; i < intf->ip_more_count; i++)
        qs_buf_printf(w->buf, "   ip address %s secondary\n", qs_prefix_text(&intf->ip_more[i], text));
    if (intf->ipv6_enable)
        qs_buf_puts(w->buf, "   ipv6 enable\n");
    for (size_t i = 0; i < intf->ip6_count; i++)
        qs_buf_printf(w->buf, "   ipv6 address %s\n", qs_prefix_text(&intf->ip6[i], text));
}

static void write_intf(const struct writer *w, const struct qs_sw_intf *intf)
{
    qs_buf_printf(w->buf, "interface %s\n", intf->name);
    if (intf->description)
        qs_buf_printf(w->buf, "   description %s\n", intf->description);
    flag(w, intf->shutdown, intf->shutdown ? "shutdown" : "no shutdown");
    if (intf->mtu || w->all)
        qs_buf_printf(w->buf, "   mtu %u\n", intf->mtu ? intf->mtu : QS_SW_MTU_DEFAULT);
    if (intf->kind == QS_SW_ETHERNET)
        write_switchport(w, intf);
    write_addresses(w, intf);
    end_block(w);
}

static void write_routes(const struct writer *w, uint8_t family)
{
    char dest[QS_IP_TEXT], via[QS_IP_TEXT];
    bool any = false;

    for (size_t i = 0; i < w->c->route_count; i++) {
        const struct qs_sw_route *r = &w->c->routes[i];

        if (r->via.family != family)
            continue;
        any = true;
        qs_buf_printf(w->buf, "%s route %s %s", family == 4 ? "ip" : "ipv6", qs_prefix_text(&r->dest, dest),
                      qs_ip_text(&r->via, via));
        if (r->distance != 1)
            qs_buf_printf(w->buf, " %u", r->distance);
        if (r->name)
            qs_buf_printf(w->buf, " name %s", r->name);
        qs_buf_putc(w->buf, '\n');
    }
    if (any)
        end_block(w);
}

static void write_routing(const struct writer *w)
{
    if (w->c->ip_routing || w->all) {
        qs_buf_puts(w->buf, w->c->ip_routing ? "ip routing\n" : "no ip routing\n");
        end_block(w);
    }
    if (w->c->ipv6_routing || w->all) {
        qs_buf_puts(w->buf, w->c->ipv6_routing ? "ipv6 unicast-routing\n" : "no ipv6 unicast-routing\n");
        end_block(w);
    }
    write_routes(w, 4);
    write_routes(w, 6);
}

void qs_sw_config_render(const struct qs_sw_config *c, bool all, struct qs_buf *buf)
{
    struct writer w = { .c = c, .buf = buf, .all = all };

    write_users(&w);
    write_list(&w, "logging host", &c->log_hosts);
    write_identity(&w);
    write_stp(&w);
    write_vlans(&w);
    write_banner(&w, "login", c->banner_login);
    write_banner(&w, "motd", c->banner_motd);
    write_api(&w);
    for (size_t i = 0; i < c->intf_count; i++)
        write_intf(&w, c->intfs[i]);
    write_routing(&w);
    write_list(&w, "ntp server", &c->ntp_servers);
    qs_buf_puts(buf, "end\n");
}
