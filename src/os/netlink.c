#include "os/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"

#define REQUEST_MAX 1024 /* the largest of ours, a veth pair, has some 250 bytes */
#define REPLY_MAX 32768
#define KERNEL_TEXT 160

struct qs_nl {
    int fd;
    uint32_t seq;
};

/* One request in the making. Everything in it, and its length, is a multiple of four bytes. */
struct request {
    union {
        struct nlmsghdr h;
        char bytes[REQUEST_MAX];
    } u;
};

/* What came back: the errno of the kernel, its own words, and the link when one was asked for. */
struct reply {
    int errnum;
    char text[KERNEL_TEXT];
    struct ifinfomsg link;
};

static void *append(struct request *r, size_t len)
{
    size_t at = r->u.h.nlmsg_len;

    if (at + NLMSG_ALIGN(len) > sizeof(r->u.bytes))
        abort(); /* every request has a size our own code fixes */
    r->u.h.nlmsg_len = (uint32_t)(at + NLMSG_ALIGN(len));
    return r->u.bytes + at;
}

static void start(struct request *r, uint16_t type, uint16_t flags, const void *head, size_t len)
{
    memset(r, 0, sizeof(*r));
    r->u.h = (struct nlmsghdr){ .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags };
    memcpy(append(r, len), head, len);
}

static void attr(struct request *r, uint16_t type, const void *data, size_t len)
{
    struct rtattr *a = append(r, RTA_LENGTH(len));

    a->rta_type = type;
    a->rta_len = (unsigned short)RTA_LENGTH(len);
    if (len > 0)
        memcpy(RTA_DATA(a), data, len);
}

static void attr_u32(struct request *r, uint16_t type, uint32_t v)
{
    attr(r, type, &v, sizeof(v));
}

static void attr_text(struct request *r, uint16_t type, const char *text)
{
    attr(r, type, text, strlen(text) + 1);
}

static struct rtattr *nest(struct request *r, uint16_t type)
{
    struct rtattr *a = append(r, RTA_LENGTH(0));

    a->rta_type = type;
    return a;
}

static void nest_end(struct request *r, struct rtattr *a)
{
    a->rta_len = (unsigned short)(r->u.bytes + r->u.h.nlmsg_len - (char *)a);
}

enum qs_code qs_nl_open(struct qs_nl **ret, struct qs_err *err)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), on = 1;

    if (fd < 0)
        return qs_err_sys(err, QS_UNSUPPORTED, errno, "could not open an rtnetlink socket");
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)); /* for words with the errno */
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));

    struct qs_nl *nl = qs_xzalloc(sizeof(*nl));
    *nl = (struct qs_nl){ .fd = fd };
    *ret = nl;
    return QS_OK;
}

void qs_nl_close(struct qs_nl *nl)
{
    if (!nl)
        return;
    qs_fd_close(nl->fd);
    free(nl);
}

/* The kernel's own words stand in an attribute after the (capped) header of the failed request. */
static void take_words(const struct nlmsghdr *h, struct reply *reply)
{
    const char *at = (const char *)h + NLMSG_LENGTH(sizeof(struct nlmsgerr));
    size_t left = h->nlmsg_len - NLMSG_LENGTH(sizeof(struct nlmsgerr));

    if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
        return;
    while (left >= sizeof(struct nlattr)) {
        struct nlattr a;

        memcpy(&a, at, sizeof(a));
        if (a.nla_len < sizeof(a) || a.nla_len > left)
            return;
        if (a.nla_type == NLMSGERR_ATTR_MSG)
            (void)snprintf(reply->text, sizeof(reply->text), "%.*s", (int)(a.nla_len - sizeof(a)), at + sizeof(a));
        size_t step = (a.nla_len + 3U) & ~3U; /* the last one may lack its padding */
        at += step < left ? step : left;
        left -= step < left ? step : left;
    }
}

/* Reads datagrams until the answer to `seq`; what answers an older, interrupted request is skipped. */
static enum qs_code receive(struct qs_nl *nl, uint32_t seq, struct reply *reply, struct qs_err *err)
{
    qs_auto(str) char *data = qs_xzalloc(REPLY_MAX);

    for (;;) {
        ssize_t n = recv(nl->fd, data, REPLY_MAX, 0);
        struct nlmsghdr *h = (struct nlmsghdr *)(void *)data;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < (ssize_t)NLMSG_HDRLEN)
            return qs_err_sys(err, QS_IO, n < 0 ? errno : EPROTO, "could not read from rtnetlink");
        if (h->nlmsg_seq != seq || h->nlmsg_len > (size_t)n)
            continue;
        if (h->nlmsg_type == NLMSG_ERROR && h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
            reply->errnum = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
            take_words(h, reply);
            return QS_OK;
        }
        if (h->nlmsg_type == RTM_NEWLINK && h->nlmsg_len >= NLMSG_LENGTH(sizeof(reply->link))) {
            memcpy(&reply->link, NLMSG_DATA(h), sizeof(reply->link));
            return QS_OK;
        }
    }
}

static enum qs_code transact(struct qs_nl *nl, struct request *r, struct reply *ret, struct qs_err *err)
{
    struct reply reply = { 0 };

    r->u.h.nlmsg_seq = ++nl->seq;
    if (send(nl->fd, r->u.bytes, r->u.h.nlmsg_len, 0) < 0)
        return qs_err_sys(err, QS_IO, errno, "could not write to rtnetlink");
    if (receive(nl, nl->seq, &reply, err))
        return err->code;
    *ret = reply;
    return QS_OK;
}

static enum qs_code code_of(int errnum)
{
    static const struct {
        int errnum;
        enum qs_code code;
    } table[] = {
        { EPERM, QS_DENIED },        { EACCES, QS_DENIED },          { ENODEV, QS_NOTFOUND }, { ESRCH, QS_NOTFOUND },
        { EEXIST, QS_CONFLICT },     { EBUSY, QS_CONFLICT },         { EINVAL, QS_INVALID },  { ERANGE, QS_INVALID },
        { ENETUNREACH, QS_INVALID }, { EOPNOTSUPP, QS_UNSUPPORTED },
    };

    for (size_t i = 0; i < QS_COUNT(table); i++)
        if (table[i].errnum == errnum)
            return table[i].code;
    return QS_IO;
}

/* IPv6 says ENOENT, not ESRCH, when an absent default route is removed. */
static bool is_fine(int errnum, int fine)
{
    return errnum == 0 || errnum == fine || (fine == ESRCH && errnum == ENOENT);
}

/* Sends a request that the kernel acknowledges. `fine` is an errno that means "already so". */
static enum qs_code act(struct qs_nl *nl, struct request *r, int fine, const char *what, struct qs_err *err)
{
    struct reply reply;

    r->u.h.nlmsg_flags |= NLM_F_ACK;
    if (transact(nl, r, &reply, err))
        return qs_err_wrap(err, "%s", what);
    if (is_fine(reply.errnum, fine))
        return QS_OK;
    if (*reply.text)
        return qs_err_set(err, code_of(reply.errnum), reply.errnum, "could not %s: %s (%s)", what,
                          strerror(reply.errnum), reply.text);
    return qs_err_sys(err, code_of(reply.errnum), reply.errnum, "could not %s", what);
}

static bool find(struct qs_nl *nl, const char *link, struct ifinfomsg *ret)
{
    struct qs_err err = QS_ERR_INIT;
    struct ifinfomsg any = { 0 };
    struct request r;
    struct reply reply;

    if (strlen(link) >= IFNAMSIZ)
        return false;
    start(&r, RTM_GETLINK, 0, &any, sizeof(any));
    attr_text(&r, IFLA_IFNAME, link);
    if (transact(nl, &r, &reply, &err) || reply.errnum)
        return false;
    *ret = reply.link;
    return true;
}

static enum qs_code must_find(struct qs_nl *nl, const char *link, struct ifinfomsg *ret, struct qs_err *err)
{
    if (!find(nl, link, ret))
        return qs_err_set(err, QS_NOTFOUND, ENODEV, "no link is called '%s'", link);
    return QS_OK;
}

unsigned qs_nl_index(struct qs_nl *nl, const char *link)
{
    struct ifinfomsg info;

    return find(nl, link, &info) ? (unsigned)info.ifi_index : 0;
}

bool qs_nl_carrier(struct qs_nl *nl, const char *link)
{
    struct ifinfomsg info;

    return find(nl, link, &info) && (info.ifi_flags & IFF_LOWER_UP);
}

static enum qs_code check_name(const char *name, struct qs_err *err)
{
    size_t len = strlen(name);

    if (len == 0 || len >= IFNAMSIZ || strpbrk(name, "/ :"))
        return qs_err_set(err, QS_INVALID, 0, "link name '%s' has not 1 to %d plain characters", name, IFNAMSIZ - 1);
    return QS_OK;
}

static void put_end(struct request *r, const char *name, int ns, const uint8_t *mac)
{
    attr_text(r, IFLA_IFNAME, name);
    if (ns >= 0)
        attr_u32(r, IFLA_NET_NS_FD, (uint32_t)ns);
    if (mac)
        attr(r, IFLA_ADDRESS, mac, 6);
}

enum qs_code qs_nl_veth(struct qs_nl *nl, const char *a, int ns_a, const uint8_t *mac_a, const char *b, int ns_b,
                        const uint8_t *mac_b, struct qs_err *err)
{
    struct ifinfomsg any = { 0 };
    struct request r;

    if (check_name(a, err) || check_name(b, err))
        return err->code;
    start(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &any, sizeof(any));
    put_end(&r, a, ns_a, mac_a);
    struct rtattr *info = nest(&r, IFLA_LINKINFO);
    attr_text(&r, IFLA_INFO_KIND, "veth");
    struct rtattr *data = nest(&r, IFLA_INFO_DATA);
    struct rtattr *peer = nest(&r, VETH_INFO_PEER);
    memcpy(append(&r, sizeof(any)), &any, sizeof(any));
    put_end(&r, b, ns_b, mac_b);
    nest_end(&r, peer);
    nest_end(&r, data);
    nest_end(&r, info);
    if (act(nl, &r, 0, "make a veth pair", err))
        return qs_err_wrap(err, "links '%s' and '%s'", a, b);
    return QS_OK;
}

static enum qs_code make(struct qs_nl *nl, const char *name, const char *kind, struct qs_err *err)
{
    struct ifinfomsg any = { 0 };
    struct request r;

    if (check_name(name, err))
        return err->code;
    start(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &any, sizeof(any));
    attr_text(&r, IFLA_IFNAME, name);
    struct rtattr *info = nest(&r, IFLA_LINKINFO);
    attr_text(&r, IFLA_INFO_KIND, kind);
    nest_end(&r, info);
    if (act(nl, &r, 0, "make it", err))
        return qs_err_wrap(err, "%s '%s'", kind, name);
    return QS_OK;
}

enum qs_code qs_nl_bridge(struct qs_nl *nl, const char *name, struct qs_err *err)
{
    return make(nl, name, "bridge", err);
}

/* Changes one attribute or the flags of an existing link. */
static enum qs_code change(struct qs_nl *nl, uint16_t type, const char *link, const struct ifinfomsg *head,
                           uint16_t attr_type, uint32_t value, const char *what, struct qs_err *err)
{
    struct ifinfomsg info, set = *head;
    struct request r;

    if (must_find(nl, link, &info, err))
        return err->code;
    set.ifi_index = info.ifi_index;
    start(&r, type, 0, &set, sizeof(set));
    if (attr_type)
        attr_u32(&r, attr_type, value);
    if (act(nl, &r, 0, what, err))
        return qs_err_wrap(err, "link '%s'", link);
    return QS_OK;
}

enum qs_code qs_nl_master(struct qs_nl *nl, const char *link, const char *bridge, struct qs_err *err)
{
    struct ifinfomsg master;

    if (must_find(nl, bridge, &master, err))
        return err->code;
    return change(nl, RTM_NEWLINK, link, &(struct ifinfomsg){ 0 }, IFLA_MASTER, (uint32_t)master.ifi_index,
                  "join a bridge", err);
}

enum qs_code qs_nl_up(struct qs_nl *nl, const char *link, bool up, struct qs_err *err)
{
    struct ifinfomsg set = { .ifi_flags = up ? IFF_UP : 0, .ifi_change = IFF_UP };

    return change(nl, RTM_NEWLINK, link, &set, 0, 0, up ? "set it up" : "set it down", err);
}

enum qs_code qs_nl_mtu(struct qs_nl *nl, const char *link, uint32_t mtu, struct qs_err *err)
{
    return change(nl, RTM_NEWLINK, link, &(struct ifinfomsg){ 0 }, IFLA_MTU, mtu, "set its MTU", err);
}

enum qs_code qs_nl_delete(struct qs_nl *nl, const char *link, struct qs_err *err)
{
    return change(nl, RTM_DELLINK, link, &(struct ifinfomsg){ 0 }, 0, 0, "delete it", err);
}

static uint8_t family_of(const struct qs_ip *ip)
{
    return ip->family == 6 ? AF_INET6 : AF_INET;
}

static size_t size_of(const struct qs_ip *ip)
{
    return ip->family == 6 ? 16 : 4;
}

enum qs_code qs_nl_addr(struct qs_nl *nl, const char *link, const struct qs_prefix *addr, bool add, struct qs_err *err)
{
    struct ifinfomsg info;
    struct request r;
    char text[QS_IP_TEXT];

    if (must_find(nl, link, &info, err))
        return err->code;
    struct ifaddrmsg head = { .ifa_family = family_of(&addr->ip),
                              .ifa_prefixlen = addr->len,
                              .ifa_flags = addr->ip.family == 6 ? IFA_F_NODAD : 0,
                              .ifa_index = (uint32_t)info.ifi_index };
    start(&r, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE | NLM_F_EXCL : 0, &head, sizeof(head));
    attr(&r, IFA_LOCAL, addr->ip.bytes, size_of(&addr->ip));
    attr(&r, IFA_ADDRESS, addr->ip.bytes, size_of(&addr->ip));
    if (act(nl, &r, add ? EEXIST : EADDRNOTAVAIL, add ? "add the address" : "remove the address", err))
        return qs_err_wrap(err, "link '%s': %s", link, qs_prefix_text(addr, text));
    return QS_OK;
}

/* Scope NOWHERE and type UNSPEC in a removal match whatever kind of route has that destination. */
static struct rtmsg route_head(const struct qs_prefix *dest, bool has_via, bool has_link, bool add)
{
    struct rtmsg head = { .rtm_family = family_of(&dest->ip), .rtm_dst_len = dest->len, .rtm_table = RT_TABLE_MAIN };

    if (!add) {
        head.rtm_scope = RT_SCOPE_NOWHERE;
        return head;
    }
    head.rtm_protocol = RTPROT_STATIC;
    head.rtm_type = has_via || has_link ? RTN_UNICAST : RTN_BLACKHOLE;
    head.rtm_scope = has_link && !has_via ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    return head;
}

enum qs_code qs_nl_route(struct qs_nl *nl, const struct qs_prefix *dest, const struct qs_ip *via, const char *link,
                         bool add, struct qs_err *err)
{
    bool has_via = via && via->family != 0;
    struct rtmsg head = route_head(dest, has_via, link != NULL, add);
    struct qs_prefix net = qs_prefix_network(dest);
    struct ifinfomsg info;
    struct request r;
    char text[QS_IP_TEXT];

    if (has_via && via->family != dest->ip.family)
        return qs_err_set(err, QS_INVALID, 0, "route '%s' and its gateway are of two families",
                          qs_prefix_text(&net, text));
    if (link && must_find(nl, link, &info, err))
        return err->code;
    start(&r, add ? RTM_NEWROUTE : RTM_DELROUTE, add ? NLM_F_CREATE | NLM_F_REPLACE : 0, &head, sizeof(head));
    if (net.len > 0)
        attr(&r, RTA_DST, net.ip.bytes, size_of(&net.ip));
    if (has_via)
        attr(&r, RTA_GATEWAY, via->bytes, size_of(via));
    if (link)
        attr_u32(&r, RTA_OIF, (uint32_t)info.ifi_index);
    if (act(nl, &r, add ? 0 : ESRCH, add ? "add the route" : "remove the route", err))
        return qs_err_wrap(err, "route '%s'", qs_prefix_text(&net, text));
    return QS_OK;
}

enum qs_code qs_net_sysctl(const char *name, const char *value, struct qs_err *err)
{
    qs_auto(str) char *path = qs_xasprintf("/proc/sys/net/%s", name);
    qs_auto(fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return qs_err_sys(err, errno == ENOENT ? QS_UNSUPPORTED : QS_IO, errno, "could not open sysctl net/%s", name);
    if (write(fd, value, strlen(value)) < 0)
        return qs_err_sys(err, QS_IO, errno, "could not set sysctl net/%s to '%s'", name, value);
    return QS_OK;
}
