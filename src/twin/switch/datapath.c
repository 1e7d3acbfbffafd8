#include "twin/switch/datapath.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "twin/switch/mactable.h"

#define FRAME_MAX (65536 + 64)
#define TURN_FRAMES 64               /* of one link, before others get their turn */
#define RCVBUF_BYTES (4 << 20)       /* a burst of 64 KiB frames; the kernel may grant less */
#define DOMAINS (QS_DP_ROUTED + 256) /* the platform has at most 256 ports */
#define UNTAGGED 0
#define NOWHERE (-1)

enum link_kind { CABLE, TAP, ROUTER };

struct link { /* a socket on one interface */
    struct qs_dp *dp;
    struct qs_source *source;
    enum link_kind kind;
    int fd, port;    /* port: place in the platform's ports, -1 of ROUTER */
    int place;       /* in `links` */
    unsigned tag;    /* of TAP: the tag that its frames stand for */
    unsigned domain; /* of ROUTER */
};
struct port { /* what the configuration makes of a port */
    bool up, routed, trunk;
    unsigned access, native;
    struct qs_sw_vlans allowed; /* of those only VLANs that forward */
    struct qs_sw_counters counters;
};
struct frame {
    struct virtio_net_hdr vnet;
    uint8_t *data; /* without tag: Ethernet addresses, type, payload */
    size_t len;
    unsigned tag; /* the one that the kernel took out; UNTAGGED also for a priority tag */
};
struct qs_dp {
    struct qs_loop *loop;
    const struct qs_sw_platform *platform;
    struct link **links; /* NULL where one was taken out */
    size_t link_count;
    struct port *ports;
    int routers[DOMAINS]; /* place in `links`, NOWHERE */
    uint32_t now_s;
    uint8_t buffer[FRAME_MAX];
    struct qs_mac_table macs;
};

/* --- rules --- */

/* The domain of a frame that came in by `l`, NOWHERE when it may not. `tag` UNTAGGED: none, or a priority tag. */
static int domain_in(const struct link *l, unsigned tag)
{
    const struct port *p;

    if (l->kind == ROUTER)
        return tag == UNTAGGED ? (int)l->domain : NOWHERE;
    p = &l->dp->ports[l->port];
    if (l->kind == TAP && tag != UNTAGGED)
        return NOWHERE;
    if (l->kind == TAP)
        tag = l->tag;
    if (!p->up || (!p->trunk && tag != UNTAGGED))
        return NOWHERE;
    if (p->routed)
        return QS_DP_ROUTED + l->port;
    if (p->trunk && tag == UNTAGGED)
        tag = p->native;
    else if (!p->trunk)
        tag = p->access;
    return qs_sw_vlans_has(&p->allowed, tag) ? (int)tag : NOWHERE;
}

/* The tag with which a frame of `domain` leaves by `l`, NOWHERE when it does not. */
static int tag_out(const struct link *l, unsigned domain)
{
    const struct port *p;
    unsigned tag;

    if (l->kind == ROUTER)
        return l->domain == domain ? UNTAGGED : NOWHERE;
    p = &l->dp->ports[l->port];
    if (!p->up || (p->routed ? domain != QS_DP_ROUTED + (unsigned)l->port : !qs_sw_vlans_has(&p->allowed, domain)))
        return NOWHERE;
    tag = p->trunk && !p->routed && domain != p->native ? domain : UNTAGGED;
    if (l->kind == CABLE)
        return (int)tag;
    return l->tag == tag ? UNTAGGED : NOWHERE; /* the tap itself says the tag */
}

/* --- sending --- */

static void send_by(const struct link *l, const struct frame *f, unsigned tag)
{
    uint8_t header[4] = { 0x81, 0x00, (uint8_t)(tag >> 8), (uint8_t)tag };
    struct virtio_net_hdr vnet = f->vnet;
    struct iovec iov[4] = { { &vnet, sizeof(vnet) }, { f->data, f->len } };
    struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
    struct qs_sw_counters *n = l->port >= 0 ? &l->dp->ports[l->port].counters : NULL;

    if (tag != UNTAGGED) {
        iov[1] = (struct iovec){ f->data, 12 };
        iov[2] = (struct iovec){ header, sizeof(header) };
        iov[3] = (struct iovec){ f->data + 12, f->len - 12 };
        msg.msg_iovlen = 4;
        if (vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
            vnet.csum_start += 4;
        if (vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE)
            vnet.hdr_len += 4;
    }
    if (sendmsg(l->fd, &msg, MSG_DONTWAIT) < 0) {
        if (n)
            n->dropped++; /* the other side is down or full: a switch drops too */
    } else if (n) {
        n->out_frames++;
        n->out_bytes += f->len;
    }
}

static void flood(const struct link *from, const struct frame *f, unsigned domain, bool group)
{
    struct qs_dp *dp = from->dp;

    for (size_t i = 0; i < dp->link_count; i++) {
        const struct link *l = dp->links[i];
        int tag;

        if (!l || l == from || (l->port >= 0 && l->port == from->port))
            continue;
        if (l->kind == ROUTER && !group)
            continue; /* its one address is known */
        tag = tag_out(l, domain);
        if (tag != NOWHERE)
            send_by(l, f, (unsigned)tag);
    }
}

/* --- forwarding --- */

static bool is_acceptable(const struct link *l, const struct frame *f)
{
    static const uint8_t link_local[5] = { 0x01, 0x80, 0xc2, 0x00, 0x00 };
    const uint8_t *to = f->data, *from = f->data + 6;
    unsigned type = (unsigned)f->data[12] << 8 | f->data[13];

    if (from[0] & 1)
        return false;
    if (memcmp(to, link_local, 5) == 0 && to[5] < 0x10)
        return false; /* 802.1D: never forwarded */
    if (type == ETH_P_8021Q || type == ETH_P_8021AD)
        return false; /* a second tag */
    return l->kind == ROUTER || memcmp(from, l->dp->platform->mac, 6) != 0;
}

static void forward(struct link *l, struct frame *f)
{
    struct qs_dp *dp = l->dp;
    int domain = domain_in(l, f->tag), where, tag;
    const uint8_t *to = f->data;

    if (domain == NOWHERE || !is_acceptable(l, f)) {
        if (l->port >= 0)
            dp->ports[l->port].counters.dropped++;
        return;
    }
    if (l->kind != ROUTER)
        qs_mac_learn(&dp->macs, qs_mac_key((unsigned)domain, to + 6), l->place, dp->now_s);
    if (to[0] & 1) {
        flood(l, f, (unsigned)domain, true);
        return;
    }
    if (memcmp(to, dp->platform->mac, 6) == 0)
        where = dp->routers[domain];
    else
        where = qs_mac_find(&dp->macs, qs_mac_key((unsigned)domain, to), dp->now_s);
    if (where == NOWHERE) {
        flood(l, f, (unsigned)domain, false);
        return;
    }
    if (dp->links[where] == l || (l->port >= 0 && dp->links[where]->port == l->port))
        return; /* already on its side */
    tag = tag_out(dp->links[where], (unsigned)domain);
    if (tag != NOWHERE)
        send_by(dp->links[where], f, (unsigned)tag);
}

/* --- receiving --- */

/* The tag that the kernel took out of the frame. */
static void read_tag(struct msghdr *msg, struct frame *f)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        struct tpacket_auxdata aux;

        if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
            continue;
        memcpy(&aux, CMSG_DATA(c), sizeof(aux));
        if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
            continue;
        f->tag = aux.tp_vlan_tci & 0xfff;
        if ((aux.tp_status & TP_STATUS_VLAN_TPID_VALID) && aux.tp_vlan_tpid != ETH_P_8021Q)
            f->tag = 0xfff; /* a service tag: no VLAN of ours */
    }
}

/* False when nothing is waiting. A frame that is cut or too short comes back with len 0. */
static bool receive(struct link *l, struct frame *f)
{
    union {
        char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
        struct cmsghdr align;
    } control;
    struct iovec iov[2] = { { &f->vnet, sizeof(f->vnet) }, { l->dp->buffer, sizeof(l->dp->buffer) } };
    struct msghdr msg = {
        .msg_iov = iov, .msg_iovlen = 2, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)
    };
    ssize_t n = recvmsg(l->fd, &msg, MSG_DONTWAIT);

    if (n < 0)
        return false; /* also ENETDOWN, told once when the link goes down */
    *f = (struct frame){ .vnet = f->vnet, .data = l->dp->buffer };
    if ((size_t)n >= sizeof(f->vnet) + ETH_HLEN && !(msg.msg_flags & MSG_TRUNC))
        f->len = (size_t)n - sizeof(f->vnet);
    read_tag(&msg, f);
    return true;
}

static void on_frames(void *arg, int fd, uint32_t events)
{
    struct link *l = arg;
    struct frame f;

    (void)fd, (void)events;
    l->dp->now_s = (uint32_t)(qs_loop_now(l->dp->loop) / 1000);
    for (int i = 0; i < TURN_FRAMES && receive(l, &f); i++) {
        if (l->port >= 0) {
            l->dp->ports[l->port].counters.in_frames++;
            l->dp->ports[l->port].counters.in_bytes += f.len;
        }
        if (f.len > 0)
            forward(l, &f);
    }
}

/* --- links --- */

static enum qs_code open_socket(const char *name, int *ret, struct qs_err *err)
{
    static const int on = 1, bytes = RCVBUF_BYTES;
    struct sockaddr_ll to = { .sll_family = AF_PACKET,
                              .sll_protocol = htons(ETH_P_ALL),
                              .sll_ifindex = (int)if_nametoindex(name) };
    qs_auto(fd) int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (to.sll_ifindex == 0)
        return qs_err_set(err, QS_NOTFOUND, errno, "no link is called '%s'", name);
    if (fd < 0)
        return qs_err_sys(err, QS_DENIED, errno, "could not open a packet socket");
    if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
        setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) ||
        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
        setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
        return qs_err_sys(err, QS_UNSUPPORTED, errno, "packet sockets of this kernel lack an option");
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    if (bind(fd, (struct sockaddr *)&to, sizeof(to)))
        return qs_err_sys(err, QS_IO, errno, "could not bind to link '%s'", name);
    *ret = qs_take_fd(&fd);
    return QS_OK;
}

static int free_place(struct qs_dp *dp)
{
    for (size_t i = 0; i < dp->link_count; i++)
        if (!dp->links[i])
            return (int)i;
    (void)QS_PUSH(dp->links, dp->link_count);
    return (int)dp->link_count - 1;
}

static enum qs_code add_link(struct qs_dp *dp, const char *name, const struct link *what, int *ret_place,
                             struct qs_err *err)
{
    struct link *l;
    int fd = -1;

    if (open_socket(name, &fd, err))
        return err->code;
    l = qs_xzalloc(sizeof(*l));
    *l = *what;
    l->dp = dp;
    l->fd = fd;
    l->source = qs_loop_watch(dp->loop, fd, EPOLLIN, on_frames, l);
    l->place = free_place(dp);
    dp->links[l->place] = l;
    *ret_place = l->place;
    return QS_OK;
}

static void drop_link(struct qs_dp *dp, size_t place)
{
    struct link *l = dp->links[place];

    if (!l)
        return;
    qs_source_remove(l->source);
    qs_fd_close(l->fd);
    free(l);
    dp->links[place] = NULL;
}

static enum qs_code add_port(struct qs_dp *dp, int port, struct qs_err *err)
{
    const struct qs_sw_port *p = &dp->platform->ports[port];
    int place;

    if (p->link && add_link(dp, p->link, &(struct link){ .kind = CABLE, .port = port }, &place, err))
        return err->code;
    for (size_t i = 0; i < p->tap_count; i++) {
        struct link what = { .kind = TAP, .port = port, .tag = p->taps[i].vlan };

        if (add_link(dp, p->taps[i].link, &what, &place, err))
            return err->code;
    }
    return QS_OK;
}

QS_DEFINE_AUTO(dp, struct qs_dp *, qs_dp_free)

enum qs_code qs_dp_new(struct qs_loop *loop, const struct qs_sw_platform *platform, struct qs_dp **ret,
                       struct qs_err *err)
{
    qs_auto(dp) struct qs_dp *dp = qs_xzalloc(sizeof(*dp));

    dp->loop = loop;
    dp->platform = platform;
    dp->ports = qs_xzalloc((platform->port_count + 1) * sizeof(*dp->ports));
    for (size_t i = 0; i < DOMAINS; i++)
        dp->routers[i] = NOWHERE;
    for (size_t i = 0; i < platform->port_count; i++)
        if (add_port(dp, (int)i, err))
            return qs_err_wrap(err, "port '%s'", platform->ports[i].name);
    *ret = qs_take_ptr(dp);
    return QS_OK;
}

void qs_dp_free(struct qs_dp *dp)
{
    if (!dp)
        return;
    for (size_t i = 0; i < dp->link_count; i++)
        drop_link(dp, i);
    free(dp->links);
    free(dp->ports);
    free(dp);
}

enum qs_code qs_dp_router_add(struct qs_dp *dp, unsigned domain, const char *link, struct qs_err *err)
{
    int place;

    if (add_link(dp, link, &(struct link){ .kind = ROUTER, .port = -1, .domain = domain }, &place, err))
        return err->code;
    dp->routers[domain] = place;
    return QS_OK;
}

void qs_dp_router_del(struct qs_dp *dp, unsigned domain)
{
    if (dp->routers[domain] == NOWHERE)
        return;
    drop_link(dp, (size_t)dp->routers[domain]);
    dp->routers[domain] = NOWHERE;
}

/* --- configuration and what is shown --- */

static void configure_port(struct port *p, const struct qs_sw_intf *intf, const struct qs_sw_vlans *dead)
{
    p->up = !intf->shutdown;
    p->routed = intf->routed;
    p->trunk = intf->trunk && !intf->routed;
    p->access = intf->access;
    p->native = intf->native;
    p->allowed = (struct qs_sw_vlans){ 0 };
    if (p->trunk)
        p->allowed = intf->allowed;
    else if (!p->routed)
        qs_sw_vlans_add(&p->allowed, intf->access);
    qs_sw_vlans_cut(&p->allowed, dead);
}

void qs_dp_configure(struct qs_dp *dp, const struct qs_sw_config *c)
{
    struct qs_sw_vlans dead, alive = { 0 };

    for (size_t i = 0; i < c->vlan_count; i++)
        if (!c->vlans[i].suspended)
            qs_sw_vlans_add(&alive, c->vlans[i].id);
    qs_sw_vlans_fill(&dead);
    qs_sw_vlans_cut(&dead, &alive);
    for (size_t i = 0; i < dp->platform->port_count; i++)
        configure_port(&dp->ports[i], qs_sw_config_intf(c, dp->platform->ports[i].name), &dead);
    qs_mac_flush(&dp->macs);
}

void qs_dp_counters(const struct qs_dp *dp, int port, struct qs_sw_counters *ret)
{
    *ret = dp->ports[port].counters;
}

size_t qs_dp_macs(const struct qs_dp *dp, struct qs_sw_mac *ret, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < QS_MAC_SLOTS && n < max; i++) {
        const struct qs_mac_entry *e = &dp->macs.slots[i];
        unsigned domain = (unsigned)(e->key >> 48);

        if (!qs_mac_is_live(e, (uint32_t)(qs_mono_ms() / 1000)) || domain >= QS_DP_ROUTED || !dp->links[e->where])
            continue;
        ret[n] = (struct qs_sw_mac){ .vlan = (uint16_t)domain, .port = dp->links[e->where]->port };
        for (unsigned b = 0; b < 6; b++)
            ret[n].mac[b] = (uint8_t)(e->key >> (40 - 8 * b));
        n++;
    }
    return n;
}
