/* Checks of router rows, and of the way by which qs reaches what it configures. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "lab/lab_check.h"

#define API_SSL 8729

/* ---- rows name what exists ---- */

static const struct qs_address_list *list_of(const struct qs_device *dev, const char *name)
{
    for (size_t i = 0; name && i < dev->list_count; i++)
        if (qs_streq(dev->lists[i].name, name))
            return &dev->lists[i];
    return NULL;
}

static void rule_list(struct lab_box *box, const struct qs_device *dev, const struct qs_rule *r, const char *list)
{
    if (list && !list_of(dev, list))
        lab_hint(lab_problem(box, &r->at, "%s: row '%s' names address list '%s', which does not exist",
                             lab_call_device(box, dev), r->name, list),
                 "Describe it under `address_lists`.");
}

static void rule_port(struct lab_box *box, const struct qs_device *dev, const struct qs_rule *r, const char *port)
{
    if (port && !qs_model_has_port(dev->hw, port) && !qs_streq(port, dev->management_port))
        (void)lab_problem(box, &r->at, "%s: row '%s' names port '%s', which does not exist on model '%s'",
                          lab_call_device(box, dev), r->name, port, dev->model);
}

static void rule_rows(struct lab_box *box, const struct qs_device *dev, const struct qs_rule *rules, size_t count,
                      bool nat)
{
    for (size_t i = 0; i < count; i++) {
        const struct qs_rule *r = &rules[i];
        bool is_nat = qs_streq(r->chain, "srcnat") || qs_streq(r->chain, "dstnat");

        if (r->v6 && i > 0 && lab_same_at(&rules[i - 1].at, &r->at)) /* the IPv6 half of a row for both */
            continue;
        rule_list(box, dev, r, r->src_list);
        rule_list(box, dev, r, r->dst_list);
        rule_port(box, dev, r, r->in_port);
        rule_port(box, dev, r, r->out_port);
        if (is_nat != nat)
            (void)lab_problem(box, &r->at, "%s: row '%s': chain '%s' is none of %s", lab_call_device(box, dev), r->name,
                              r->chain, nat ? "NAT" : "the filter");
    }
}

void lab_check_rules(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->device_count; i++) {
        const struct qs_device *dev = &lab->devices[i];

        rule_rows(box, dev, dev->filter, dev->filter_count, false);
        rule_rows(box, dev, dev->nat, dev->nat_count, true);
        if (dev->wan_port && !qs_device_port(dev, dev->wan_port))
            (void)lab_problem(box, &dev->at, "%s: wan '%s' is none of its ports", lab_call_device(box, dev),
                              dev->wan_port);
    }
}

/* ---- the way in ---- */

/* Whether text, an address or a network, holds the address. */
static bool holds(const char *text, const struct qs_ip *ip)
{
    struct qs_prefix p;
    struct qs_ip one;

    if (qs_ip_parse(text, &one))
        return qs_ip_equal(&one, ip);
    return qs_prefix_parse(text, &p) && qs_prefix_contains(&p, ip);
}

static bool any_holds(const struct qs_strs *texts, const struct qs_ip *ip)
{
    for (size_t i = 0; i < texts->count; i++)
        if (holds(texts->items[i], ip))
            return true;
    return false;
}

/* "22,8000-9000" */
static bool port_listed(const char *text, uint16_t port)
{
    while (*text) {
        size_t n = strcspn(text, ","), dash = strcspn(text, "-,");
        unsigned long first = 0, last = 0;

        for (size_t i = 0; i < dash; i++)
            first = first * 10 + (unsigned long)(text[i] - '0');
        for (size_t i = dash + 1; i < n; i++)
            last = last * 10 + (unsigned long)(text[i] - '0');
        if (port >= first && port <= (dash < n ? last : first))
            return true;
        text += n + (text[n] == ',');
    }
    return false;
}

static bool list_matches(const struct qs_device *dev, const char *name, const struct qs_ip *ip)
{
    const struct qs_address_list *list = list_of(dev, name);

    return !name || (list && any_holds(&list->entries, ip));
}

/* Whether the row takes the first packet of a connection of qs to the router's API. */
static bool takes_us(const struct lab_box *box, const struct qs_device *dev, const struct qs_rule *r, uint16_t port)
{
    const struct qs_ip *self = &box->lab.management_self_v4.ip, *router = &dev->management_v4.ip;

    return !r->v6 && qs_streq(r->chain, "input") && (!r->state || strstr(r->state, "new")) &&
           (!r->protocol || qs_streq(r->protocol, "tcp")) && (!r->dst_port || port_listed(r->dst_port, port)) &&
           (!r->src || holds(r->src, self)) && (!r->dst || holds(r->dst, router)) &&
           list_matches(dev, r->src_list, self) && list_matches(dev, r->dst_list, router) &&
           (!r->in_port || qs_streq(r->in_port, dev->management_port)) && !r->out_port;
}

static void filter_lets_us_in(struct lab_box *box, const struct qs_device *dev, uint16_t port)
{
    for (size_t i = 0; i < dev->filter_count; i++) {
        const struct qs_rule *r = &dev->filter[i];

        if (qs_streq(r->action, "log") || !takes_us(box, dev, r, port))
            continue;
        if (!qs_streq(r->action, "accept"))
            lab_hint(lab_problem(box, &r->at,
                                 "%s: row '%s' would cut the management path: it takes connections of qs to "
                                 "port %u",
                                 lab_call_device(box, dev), r->name, port),
                     "Accept the management network above it.");
        return;
    }
}

static void service_lets_us_in(struct lab_box *box, const struct qs_device *dev, uint16_t *ret_port)
{
    for (size_t i = 0; i < dev->service_count; i++) {
        const struct qs_service *s = &dev->services[i];

        if (!qs_streq(s->name, "api-ssl"))
            continue;
        *ret_port = s->port ? s->port : *ret_port;
        if (!s->enabled)
            (void)lab_problem(box, &s->at, "%s: service 'api-ssl' off would cut the management path",
                              lab_call_device(box, dev));
        else if (s->from.count && !any_holds(&s->from, &box->lab.management_self_v4.ip))
            (void)lab_problem(box, &s->at, "%s: service 'api-ssl' would cut the management path: `from` leaves out qs",
                              lab_call_device(box, dev));
    }
}

static void account_stays(struct lab_box *box, const struct qs_device *dev)
{
    for (size_t i = 0; i < dev->user_count; i++)
        if (qs_streq(dev->users[i].name, "qs"))
            return;
    lab_hint(lab_problem(box, &dev->at, "%s: without user 'qs' the plan would remove the account by which qs logs in",
                         lab_call_device(box, dev)),
             "Keep it under `users`.");
}

static void wire_stays(struct lab_box *box, const struct qs_device *dev)
{
    const struct qs_lab *lab = &box->lab;
    const struct qs_port *port = dev->management_port ? qs_device_port(dev, dev->management_port) : NULL;

    if (port)
        (void)lab_problem(box, &port->at,
                          "%s: port '%s' is the management port: describing it here would cut the "
                          "management path",
                          lab_call_device(box, dev), port->name);
    for (size_t i = 0; i < dev->route_count; i++) {
        const struct qs_route *r = &dev->routes[i];

        if (r->dest.len >= lab->management_v4.len && qs_prefix_contains(&r->dest, &lab->management_self_v4.ip))
            (void)lab_problem(box, &r->at,
                              "%s: routes[%zu] leads the management network elsewhere: it would cut the "
                              "management path",
                              lab_call_device(box, dev), i);
    }
}

void lab_check_management(struct lab_box *box)
{
    const struct qs_lab *lab = &box->lab;

    for (size_t i = 0; i < lab->device_count; i++) {
        const struct qs_device *dev = &lab->devices[i];
        uint16_t port = API_SSL;

        account_stays(box, dev);
        wire_stays(box, dev);
        if (dev->kind != QS_DEVICE_ROUTER)
            continue;
        service_lets_us_in(box, dev, &port);
        filter_lets_us_in(box, dev, port);
    }
}
