/* What RouterOS refuses although each value for itself is fine. Messages are the device's. */
#include <string.h>

#include "base/alloc.h"
#include "base/ip.h"
#include "base/str.h"
#include "twin/router/store.h"

/* The value without its "!", NULL when unset. */
static const char *plain(const struct rtr_row *row, const char *name)
{
    const char *v = rtr_value(row, name);

    return v && *v == '!' ? v + 1 : v;
}

static bool has_ports(const struct rtr_row *row)
{
    const char *protocol = rtr_value(row, "protocol");

    return qs_streq(protocol, "tcp") || qs_streq(protocol, "udp") || qs_streq(protocol, "udp-lite") ||
           qs_streq(protocol, "sctp");
}

static enum qs_code check_jump(const struct rtr_row *row, struct qs_err *err)
{
    static const char *const own[] = { "input", "forward", "output", "srcnat", "dstnat" };
    const char *target = rtr_value(row, "jump-target");

    if (!rtr_is(row, "action", "jump"))
        return QS_OK;
    if (!target)
        return qs_err_set(err, QS_REFUSED, 0, "failure: jump-target must be specified for action jump");
    for (size_t i = 0; i < QS_COUNT(own); i++)
        if (qs_streq(own[i], target))
            return qs_err_set(err, QS_REFUSED, 0, "failure: cannot jump to a built-in chain");
    return QS_OK;
}

/* `before` and `after`: whether the chain runs before the way out, or after the way in, is known. */
static enum qs_code check_interfaces(const struct rtr_row *row, bool before, bool after, struct qs_err *err)
{
    if (before && rtr_value(row, "out-interface"))
        return qs_err_set(err, QS_REFUSED, 0,
                          "failure: outgoing interface matching not possible in input and prerouting chains");
    if (after && rtr_value(row, "in-interface"))
        return qs_err_set(err, QS_REFUSED, 0,
                          "failure: incoming interface matching not possible in output and postrouting chains");
    return QS_OK;
}

static enum qs_code check_matchers(const struct rtr_row *row, struct qs_err *err)
{
    if ((rtr_value(row, "src-port") || rtr_value(row, "dst-port")) && !has_ports(row))
        return qs_err_set(err, QS_REFUSED, 0,
                          "failure: ports can be specified only with tcp, udp, udp-lite and sctp protocols");
    return check_jump(row, err);
}

static enum qs_code check_filter(const struct rtr_row *row, struct qs_err *err)
{
    const char *with = rtr_value(row, "reject-with");

    if (check_matchers(row, err) ||
        check_interfaces(row, rtr_is(row, "chain", "input"), rtr_is(row, "chain", "output"), err))
        return err->code;
    if (with && !rtr_is(row, "action", "reject"))
        return qs_err_set(err, QS_REFUSED, 0, "failure: reject-with can be specified only with action reject");
    if (qs_streq(with, "tcp-reset") && !rtr_is(row, "protocol", "tcp"))
        return qs_err_set(err, QS_REFUSED, 0, "failure: tcp-reset can be used only with tcp protocol");
    return QS_OK;
}

enum qs_code rtr_check_rule4(const struct rtr_store *s, const struct rtr_row *row, const struct rtr_row *self,
                             struct qs_err *err)
{
    (void)s;
    (void)self;
    if (qs_streq(plain(row, "protocol"), "icmpv6"))
        return qs_err_set(err, QS_INVALID, 0, "input does not match any value of protocol");
    return check_filter(row, err);
}

enum qs_code rtr_check_rule6(const struct rtr_store *s, const struct rtr_row *row, const struct rtr_row *self,
                             struct qs_err *err)
{
    (void)s;
    (void)self;
    return check_filter(row, err);
}

enum qs_code rtr_check_nat(const struct rtr_store *s, const struct rtr_row *row, const struct rtr_row *self,
                           struct qs_err *err)
{
    bool to_source = rtr_is(row, "action", "masquerade") || rtr_is(row, "action", "src-nat");
    bool to_dest = rtr_is(row, "action", "dst-nat") || rtr_is(row, "action", "redirect");
    bool srcnat = rtr_is(row, "chain", "srcnat"), dstnat = rtr_is(row, "chain", "dstnat");

    (void)s;
    (void)self;
    if (check_matchers(row, err) || check_interfaces(row, dstnat, srcnat, err))
        return err->code;
    if (rtr_is(row, "chain", "input") || rtr_is(row, "chain", "output") || rtr_is(row, "chain", "forward"))
        return qs_err_set(err, QS_INVALID, 0, "input does not match any value of chain");
    if (rtr_value(row, "to-addresses") && !rtr_is(row, "action", "src-nat") && !rtr_is(row, "action", "dst-nat"))
        return qs_err_set(err, QS_REFUSED, 0, "failure: to-addresses can be specified only with src-nat and dst-nat");
    if (to_source && dstnat)
        return qs_err_set(err, QS_REFUSED, 0, "failure: src-nat/masquerade action must be in srcnat chain");
    if (to_dest && srcnat)
        return qs_err_set(err, QS_REFUSED, 0, "failure: dst-nat/redirect action must be in dstnat/output chains");
    if (rtr_is(row, "action", "src-nat") && !rtr_value(row, "to-addresses"))
        return qs_err_set(err, QS_REFUSED, 0, "failure: to-addresses must be specified");
    if (rtr_is(row, "action", "dst-nat") && !rtr_value(row, "to-addresses") && !rtr_value(row, "to-ports"))
        return qs_err_set(err, QS_REFUSED, 0, "failure: to-addresses or to-ports must be specified");
    if (rtr_value(row, "to-ports") && !has_ports(row))
        return qs_err_set(err, QS_REFUSED, 0,
                          "failure: ports can be specified only with tcp, udp, udp-lite and sctp protocols");
    return QS_OK;
}

enum qs_code rtr_check_route(const struct rtr_store *s, const struct rtr_row *row, const struct rtr_row *self,
                             struct qs_err *err)
{
    const char *gateway = rtr_value(row, "gateway"), *percent;
    struct qs_ip ip;

    (void)self;
    if (!gateway)
        return rtr_value(row, "blackhole") ? QS_OK
                                           : qs_err_set(err, QS_REFUSED, 0, "failure: gateway must be specified");
    if (rtr_value(row, "blackhole"))
        return qs_err_set(err, QS_REFUSED, 0, "failure: blackhole route cannot have a gateway");
    percent = strchr(gateway, '%');
    if (!percent && qs_ip_parse(gateway, &ip))
        return QS_OK;
    if (!rtr_store_by(s, RTR_INTERFACE, "name", percent ? percent + 1 : gateway))
        return qs_err_set(err, QS_INVALID, 0, "input does not match any value of gateway");
    return QS_OK;
}

/* Scripts are RouterOS programs, which this router does not run; it says so instead of keeping a row that never fires. */
enum qs_code rtr_check_scheduler(const struct rtr_store *s, const struct rtr_row *row, const struct rtr_row *self,
                                 struct qs_err *err)
{
    (void)s;
    (void)self;
    if (rtr_is(row, "disabled", "false"))
        return qs_err_set(err, QS_REFUSED, 0, "failure: this router does not run scripts, add it with disabled=yes");
    return QS_OK;
}

enum qs_code rtr_check_user(const struct rtr_store *s, const struct rtr_row *row, const struct rtr_row *self,
                            struct qs_err *err)
{
    (void)self;
    if (!rtr_store_by(s, RTR_GROUP, "name", rtr_value(row, "group")))
        return qs_err_set(err, QS_INVALID, 0, "input does not match any value of group");
    return QS_OK;
}

enum qs_code rtr_check_dns(const struct rtr_store *s, const struct rtr_row *row, const struct rtr_row *self,
                           struct qs_err *err)
{
    (void)s;
    (void)self;
    if (rtr_is(row, "allow-remote-requests", "true"))
        return qs_err_set(err, QS_REFUSED, 0, "failure: this router has no DNS server to answer with");
    return QS_OK;
}

enum qs_code rtr_check_service(const struct rtr_store *s, const struct rtr_row *row, const struct rtr_row *self,
                               struct qs_err *err)
{
    const struct rtr_table *t = &s->tables[RTR_SERVICE];

    if (rtr_value(row, "certificate") && !strstr(rtr_value(row, "name"), "-ssl"))
        return qs_err_set(err, QS_INVALID, 0, "unknown parameter certificate");
    for (size_t i = 0; i < t->count; i++)
        if (t->rows[i] != self && rtr_is(t->rows[i], "port", rtr_value(row, "port")))
            return qs_err_set(err, QS_REFUSED, 0, "failure: port is already used by service %s",
                              rtr_value(t->rows[i], "name"));
    return QS_OK;
}
