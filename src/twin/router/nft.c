/* The firewall menus as one nftables ruleset per family, given to nft(8) as one transaction. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "os/spawn.h"
#include "twin/router/router_int.h"

#define RULESET_MAX (16 << 20)
#define NFT_OUTPUT_MAX 65536
#define NFT_MS 10000
#define LOG_PREFIX_MAX 64

/* Any text may name a list or a chain on the router; nft knows them by number. */
struct names {
    const char **names;
    size_t count;
};

struct family {
    const char *ip, *set_type; /* "ip" is the name of the family, of its table's, and of its matches */
    enum rtr_menu_id filter, nat, list;
};
static const struct family families[] = {
    { "ip", "ipv4_addr", RTR_FILTER4, RTR_NAT4, RTR_LIST4 },
    { "ip6", "ipv6_addr", RTR_FILTER6, RTR_NAT6, RTR_LIST6 },
};

/* Chains that packets enter by themselves. */
static const struct {
    const char *name, *type, *hook, *priority;
    bool nat;
} hooks[] = {
    { "input", "filter", "input", "filter", false },   { "forward", "filter", "forward", "filter", false },
    { "output", "filter", "output", "filter", false }, { "srcnat", "nat", "postrouting", "srcnat", true },
    { "dstnat", "nat", "prerouting", "dstnat", true },
};

struct writer {
    const struct rtr_store *s;
    const struct family *f;
    struct names lists, filter_chains, nat_chains;
    struct qs_buf *out;
};

static void writer_done(struct writer *w)
{
    free(w->lists.names);
    free(w->filter_chains.names);
    free(w->nat_chains.names);
}

static size_t number_of(struct names *n, const char *name)
{
    for (size_t i = 0; i < n->count; i++)
        if (qs_streq(n->names[i], name))
            return i;
    *QS_PUSH(n->names, n->count) = name;
    return n->count - 1;
}

static bool is_in_force(const struct rtr_row *row)
{
    return rtr_is(row, "disabled", "false");
}

/* A matcher: its value without "!", and the operator for it; NULL when the rule or its table has none. */
static const char *matcher(const struct rtr_row *row, const char *name, const char **ret_not)
{
    const char *v = rtr_attr_find(row->menu, name) ? rtr_value(row, name) : NULL;

    *ret_not = v && *v == '!' ? "!= " : "";
    return v && *v == '!' ? v + 1 : v;
}

static void put_addresses(struct writer *w, const struct rtr_row *row, const char *side, const char *name,
                          const char *list_name)
{
    const char *no, *v = matcher(row, name, &no);

    if (v)
        qs_buf_printf(w->out, "%s %s %s%s ", w->f->ip, side, no, v);
    v = matcher(row, list_name, &no);
    if (v)
        qs_buf_printf(w->out, "%s %s %s@l%zu ", w->f->ip, side, no, number_of(&w->lists, v));
}

static void put_interface(struct writer *w, const struct rtr_row *row, const char *side, const char *name)
{
    const char *no, *v = matcher(row, name, &no);

    if (v)
        qs_buf_printf(w->out, "%s %s\"%s\" ", side, no, rtr_link(w->s, v));
}

static void put_transport(struct writer *w, const struct rtr_row *row)
{
    const char *no, *v = matcher(row, "protocol", &no);
    uint32_t number;

    if (v && rtr_protocol_number(v, &number))
        qs_buf_printf(w->out, "meta l4proto %s%u ", no, number);
    v = matcher(row, "src-port", &no);
    if (v)
        qs_buf_printf(w->out, "th sport %s{ %s } ", no, v);
    v = matcher(row, "dst-port", &no);
    if (v)
        qs_buf_printf(w->out, "th dport %s{ %s } ", no, v);
}

static void put_tracking(struct writer *w, const struct rtr_row *row)
{
    const char *no, *v = matcher(row, "connection-state", &no);

    if (v && *v)
        qs_buf_printf(w->out, "ct state %s{ %s } ", no, v);
    v = matcher(row, "connection-nat-state", &no);
    if (!v || !*v)
        return;
    qs_buf_printf(w->out, "ct status & (%s%s%s) %s 0 ", strstr(v, "srcnat") ? "snat" : "", strchr(v, ',') ? " | " : "",
                  strstr(v, "dstnat") ? "dnat" : "", *no ? "==" : "!=");
}

static void put_log(struct writer *w, const struct rtr_row *row)
{
    const char *prefix = rtr_value(row, "log-prefix");

    if (!rtr_is(row, "log", "true") && !rtr_is(row, "action", "log"))
        return;
    if (!prefix || !*prefix)
        prefix = rtr_value(row, "chain");
    qs_buf_puts(w->out, "log prefix \"");
    for (size_t i = 0; prefix[i] && i < LOG_PREFIX_MAX; i++) /* what would end the quotes or the line may not pass */
        qs_buf_putc(w->out, strchr("\"\\$", prefix[i]) || (unsigned char)prefix[i] < 0x20 ? '_' : prefix[i]);
    qs_buf_puts(w->out, "\" ");
}

/* "snat to 10.0.0.1:80-90": an address or a range, ports, both or neither. */
static void put_nat(struct writer *w, const struct rtr_row *row, const char *verb)
{
    const char *to = rtr_value(row, "to-addresses"), *ports = rtr_value(row, "to-ports");
    bool brackets = ports && to && strchr(to, ':');

    qs_buf_puts(w->out, verb);
    if (!to && !ports)
        return;
    qs_buf_puts(w->out, " to ");
    if (brackets && strchr(to, '-'))
        qs_buf_printf(w->out, "[%.*s]-[%s]", (int)strcspn(to, "-"), to, strchr(to, '-') + 1);
    else if (brackets)
        qs_buf_printf(w->out, "[%s]", to);
    else if (to)
        qs_buf_puts(w->out, to);
    if (ports)
        qs_buf_printf(w->out, ":%s", ports);
}

static void put_verb(struct writer *w, const struct rtr_row *row, const char *verb)
{
    (void)row;
    qs_buf_puts(w->out, verb);
}

static void put_reject(struct writer *w, const struct rtr_row *row, const char *verb)
{
    static const struct {
        const char *ros, *nft;
    } with[] = {
        { "icmp-network-unreachable", "net-unreachable" },   { "icmp-host-unreachable", "host-unreachable" },
        { "icmp-protocol-unreachable", "prot-unreachable" }, { "icmp-port-unreachable", "port-unreachable" },
        { "icmp-net-prohibited", "net-prohibited" },         { "icmp-host-prohibited", "host-prohibited" },
        { "icmp-admin-prohibited", "admin-prohibited" },     { "icmp-no-route", "no-route" },
        { "icmp-address-unreachable", "addr-unreachable" },
    };
    bool v4 = w->f->filter == RTR_FILTER4;
    const char *v = rtr_value(row, "reject-with");

    if (!v)
        v = v4 ? "icmp-network-unreachable" : "icmp-no-route";
    if (qs_streq(v, "tcp-reset"))
        qs_buf_printf(w->out, "%s tcp reset", verb);
    for (size_t i = 0; i < QS_COUNT(with); i++)
        if (qs_streq(with[i].ros, v))
            qs_buf_printf(w->out, "%s %s type %s", verb, v4 ? "icmp" : "icmpv6", with[i].nft);
}

static void put_jump(struct writer *w, const struct rtr_row *row, const char *verb)
{
    bool nat = row->menu->rows == w->f->nat;

    qs_buf_printf(w->out, "%s %c%zu", verb, nat ? 'n' : 'f',
                  number_of(nat ? &w->nat_chains : &w->filter_chains, rtr_value(row, "jump-target")));
}

static void put_rule(struct writer *w, const struct rtr_row *row)
{
    static const struct {
        const char *action, *verb;
        void (*put)(struct writer *w, const struct rtr_row *row, const char *verb);
    } actions[] = {
        { "accept", "accept", put_verb },    { "drop", "drop", put_verb },
        { "return", "return", put_verb },    { "reject", "reject with", put_reject },
        { "jump", "jump", put_jump },        { "masquerade", "masquerade", put_nat },
        { "src-nat", "snat", put_nat },      { "dst-nat", "dnat", put_nat },
        { "redirect", "redirect", put_nat },
    };

    qs_buf_puts(w->out, "  ");
    put_interface(w, row, "iifname", "in-interface");
    put_interface(w, row, "oifname", "out-interface");
    put_addresses(w, row, "saddr", "src-address", "src-address-list");
    put_addresses(w, row, "daddr", "dst-address", "dst-address-list");
    put_transport(w, row);
    put_tracking(w, row);
    put_log(w, row);
    qs_buf_puts(w->out, "counter ");
    for (size_t i = 0; i < QS_COUNT(actions); i++) /* log and passthrough have no verdict */
        if (rtr_is(row, "action", actions[i].action))
            actions[i].put(w, row, actions[i].verb);
    qs_buf_putc(w->out, '\n');
}

static void put_rules(struct writer *w, enum rtr_menu_id id, const char *chain)
{
    const struct rtr_table *t = &w->s->tables[id];

    for (size_t i = 0; i < t->count; i++)
        if (is_in_force(t->rows[i]) && rtr_is(t->rows[i], "chain", chain))
            put_rule(w, t->rows[i]);
}

static void put_hooks(struct writer *w)
{
    for (size_t i = 0; i < QS_COUNT(hooks); i++) {
        qs_buf_printf(w->out, " chain %s {\n  type %s hook %s priority %s; policy accept;\n", hooks[i].name,
                      hooks[i].type, hooks[i].hook, hooks[i].priority);
        put_rules(w, hooks[i].nat ? w->f->nat : w->f->filter, hooks[i].name);
        qs_buf_puts(w->out, " }\n");
    }
}

/* Chains that rules jump to. Their own rules may name more of them, which the loop then reaches too. */
static void put_chains(struct writer *w, enum rtr_menu_id id, struct names *chains, char kind)
{
    for (size_t i = 0; i < chains->count; i++) {
        qs_buf_printf(w->out, " chain %c%zu {\n", kind, i);
        put_rules(w, id, chains->names[i]);
        qs_buf_puts(w->out, " }\n");
    }
}

static void put_sets(struct writer *w)
{
    const struct rtr_table *t = &w->s->tables[w->f->list];

    for (size_t n = 0; n < w->lists.count; n++) {
        size_t members = 0;

        qs_buf_printf(w->out, " set l%zu {\n  type %s; flags interval; auto-merge;\n", n, w->f->set_type);
        for (size_t i = 0; i < t->count; i++)
            if (is_in_force(t->rows[i]) && rtr_is(t->rows[i], "list", w->lists.names[n]))
                qs_buf_printf(w->out, "%s%s", members++ ? ", " : "  elements = { ", rtr_value(t->rows[i], "address"));
        qs_buf_puts(w->out, members ? " };\n }\n" : " }\n");
    }
}

void rtr_nft_text(const struct rtr_store *s, struct qs_buf *out)
{
    for (size_t i = 0; i < QS_COUNT(families); i++) {
        struct writer w = { .s = s, .f = &families[i], .out = out };

        /* Naming the table first makes the deletion valid when there was none. */
        qs_buf_printf(out, "table %s qs\ndelete table %s qs\ntable %s qs {\n", w.f->ip, w.f->ip, w.f->ip);
        put_hooks(&w);
        put_chains(&w, w.f->filter, &w.filter_chains, 'f');
        put_chains(&w, w.f->nat, &w.nat_chains, 'n');
        put_sets(&w); /* last, because the rules say which are used; nft reads a table as a whole */
        qs_buf_puts(out, "}\n");
        writer_done(&w);
    }
}

enum qs_code rtr_nft_apply(struct rtr *r, struct qs_err *err)
{
    static const char *const argv[] = { "/usr/sbin/nft", "-f", "-", NULL };
    qs_auto(buf) struct qs_buf text = QS_BUF(RULESET_MAX), said = QS_BUF(NFT_OUTPUT_MAX);
    struct qs_spawn spawn = QS_SPAWN_INIT;
    int status = 0;

    rtr_nft_text(&r->store, &text);
    if (qs_buf_check(&text, "firewall", err))
        return err->code;
    if (qs_streq(r->firewall, qs_buf_text(&text))) /* an entry of a list that no rule names changes nothing */
        return QS_OK;
    spawn.argv = argv;
    spawn.root = *r->conf.root ? r->conf.root : NULL;
    if (qs_spawn_run(&spawn, qs_buf_text(&text), &said, NFT_MS, &status, err))
        return qs_err_wrap(err, "firewall of router '%s'", r->conf.name);
    if (status != 0)
        return qs_err_set(err, QS_REFUSED, 0, "nft refused the firewall (status %d): %.*s", status,
                          (int)strcspn(qs_buf_text(&said), "\n"), qs_buf_text(&said));
    free(r->firewall);
    r->firewall = qs_buf_take(&text);
    return QS_OK;
}
