/* Probes of one packet out and one packet back: icmp over a socket that all share, dns over one of its own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "base/alloc.h"
#include "base/id.h"
#include "base/str.h"
#include "roles/status/dns_message.h"
#include "roles/status/probe.h"

#define ECHO_MARK 16 /* random bytes that tell our echo from another's */

/* ---- ICMP ---- */

struct echo {
    struct qs_probe *p;
    struct qs_icmp *icmp;
    struct echo *prev, *next;
    unsigned char mark[ECHO_MARK];
};
struct family_socket {
    int fd;
    struct qs_source *source;
};
struct qs_icmp {
    struct family_socket v4, v6;
    struct echo *waiting;
    uint16_t seq;
};

static void on_echo(void *arg, int fd, uint32_t events)
{
    struct qs_icmp *i = arg;
    unsigned char packet[2048];
    ssize_t n = recv(fd, packet, sizeof(packet), 0);

    (void)events;
    for (struct echo *e = i->waiting; e && n >= ECHO_MARK; e = e->next) {
        /* A raw socket sees our own requests too; those still have the request's type. */
        const unsigned char *head = packet + n - ECHO_MARK - 8;

        if (n < ECHO_MARK + 8 || memcmp(head + 8, e->mark, ECHO_MARK) != 0)
            continue;
        if (head[0] != ICMP_ECHOREPLY && head[0] != ICMP6_ECHO_REPLY)
            return;
        e->p->result.connected = true;
        qs_probe_finish(e->p);
        return;
    }
}

static void open_family(struct qs_loop *loop, struct qs_icmp *i, struct family_socket *s, int family, int protocol)
{
    /* The unprivileged ping socket where the kernel allows it, else a raw one. */
    s->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (s->fd < 0)
        s->fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (s->fd >= 0)
        s->source = qs_loop_watch(loop, s->fd, EPOLLIN, on_echo, i);
}

struct qs_icmp *qs_icmp_open(struct qs_loop *loop)
{
    struct qs_icmp *i = qs_xzalloc(sizeof(*i));

    open_family(loop, i, &i->v4, AF_INET, IPPROTO_ICMP);
    open_family(loop, i, &i->v6, AF_INET6, IPPROTO_ICMPV6);
    if (i->v4.fd >= 0 || i->v6.fd >= 0)
        return i;
    free(i);
    return NULL;
}

void qs_icmp_close(struct qs_icmp *i)
{
    if (!i)
        return;
    qs_source_remove(i->v4.source);
    qs_source_remove(i->v6.source);
    qs_fd_close(i->v4.fd);
    qs_fd_close(i->v6.fd);
    free(i);
}

static void echo_end(struct qs_probe *p)
{
    struct echo *e = p->self;

    if (e->next)
        e->next->prev = e->prev;
    if (e->prev)
        e->prev->next = e->next;
    else
        e->icmp->waiting = e->next;
    free(e);
}

static uint16_t checksum(const unsigned char *data, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < len; i += 2)
        sum += (uint32_t)data[i] << 8 | data[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void send_echo(struct qs_probe *p, struct echo *e, const struct qs_ip *ip)
{
    const struct family_socket *s = ip->family == 4 ? &e->icmp->v4 : &e->icmp->v6;
    unsigned char packet[8 + ECHO_MARK] = { ip->family == 4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST };
    struct sockaddr_storage to;
    socklen_t len = qs_ip_sockaddr(ip, 0, &to);
    uint16_t sum, seq = ++e->icmp->seq;

    packet[6] = (unsigned char)(seq >> 8);
    packet[7] = (unsigned char)seq;
    memcpy(packet + 8, e->mark, ECHO_MARK);
    sum = ip->family == 4 ? checksum(packet, sizeof(packet)) : 0; /* ICMPv6: the kernel's job */
    packet[2] = (unsigned char)(sum >> 8);
    packet[3] = (unsigned char)sum;
    if (s->fd < 0)
        qs_probe_fail(p, QS_UNSUPPORTED, 0, "this process may not send echo requests of this family");
    else if (sendto(s->fd, packet, sizeof(packet), 0, (const struct sockaddr *)&to, len) < 0)
        qs_probe_fail(p, QS_UNREACHABLE, errno, "could not send an echo request");
}

void qs_probe_icmp(struct qs_probe *p)
{
    struct qs_icmp *icmp = p->env->icmp;
    struct echo *e;
    struct qs_ip ip;

    if (!icmp) {
        qs_probe_fail(p, QS_UNSUPPORTED, 0, "this process may not send echo requests");
        return;
    }
    if (!qs_ip_parse(p->check->address[0] ? p->check->address : p->check->target, &ip)) {
        qs_probe_fail(p, QS_INVALID, 0, "address is not an IP address");
        return;
    }
    e = qs_xzalloc(sizeof(*e));
    *e = (struct echo){ .p = p, .icmp = icmp, .next = icmp->waiting };
    qs_random(e->mark, sizeof(e->mark));
    if (icmp->waiting)
        icmp->waiting->prev = e;
    icmp->waiting = e;
    p->self = e;
    p->end = echo_end;
    (void)qs_ip_text(&ip, p->result.ip);
    send_echo(p, e, &ip);
}

/* ---- DNS ---- */

struct question {
    int fd;
    uint16_t id, type;
    struct qs_source *source;
};

static void question_end(struct qs_probe *p)
{
    struct question *q = p->self;

    qs_source_remove(q->source);
    qs_fd_close(q->fd);
    free(q);
}

/* The first expect word that is a type; "A" when there is none. */
static const char *asked_type(const struct qs_status_check *c)
{
    for (size_t i = 0; i < c->expect_count; i++)
        if (qs_dns_type(c->expect[i]))
            return c->expect[i];
    return "A";
}

static const char *missing_answer(const struct qs_status_check *c, const struct qs_dns_reply *reply)
{
    for (size_t i = 0; i < c->expect_count; i++) {
        bool found = qs_dns_type(c->expect[i]) != 0;

        for (unsigned k = 0; k < reply->count && !found; k++)
            found = qs_streq(reply->texts[k], c->expect[i]);
        if (!found)
            return c->expect[i];
    }
    return NULL;
}

static void on_answer(void *arg, int fd, uint32_t events)
{
    struct qs_probe *p = arg;
    struct question *q = p->self;
    struct qs_dns_reply reply;
    unsigned char packet[4096];
    ssize_t n = recv(fd, packet, sizeof(packet), 0);

    (void)events;
    if (n < 0) {
        qs_probe_fail(p, QS_UNREACHABLE, errno, "no DNS server answers");
        return;
    }
    if (!qs_dns_reply_read(packet, (size_t)n, q->type, &reply) || reply.id != q->id)
        return; /* not ours; the deadline ends the wait */
    p->result.connected = true;
    (void)snprintf(p->result.rcode, sizeof(p->result.rcode), "%s", reply.rcode);
    for (unsigned i = 0; i < reply.count; i++)
        qs_buf_printf(&p->result.body, "%s%s", i ? " " : "", reply.texts[i]);
    if (qs_streq(reply.rcode, "NOERROR") && missing_answer(p->check, &reply))
        qs_probe_fail(p, QS_REFUSED, 0, "'%.100s' is not among the answers: %.100s", missing_answer(p->check, &reply),
                      qs_buf_text(&p->result.body));
    else
        qs_probe_finish(p);
}

enum qs_code qs_probe_dns_valid(const struct qs_status_check *c, struct qs_err *err)
{
    unsigned char packet[QS_DNS_MAX];
    struct qs_ip ip;

    if (!qs_ip_parse(c->address, &ip))
        return qs_err_set(err, QS_INVALID, 0, "address '%.60s' is not the IP address of a DNS server", c->address);
    if (!qs_dns_question(0, c->target, 1, packet))
        return qs_err_set(err, QS_INVALID, 0, "target '%.100s' is not a DNS name", c->target);
    return QS_OK;
}

void qs_probe_dns(struct qs_probe *p)
{
    struct question *q = qs_xzalloc(sizeof(*q));
    unsigned char packet[QS_DNS_MAX];
    struct qs_ip ip = { .family = 0 };
    struct sockaddr_storage to;
    socklen_t len;
    size_t size;

    *q = (struct question){ .fd = -1, .type = qs_dns_type(asked_type(p->check)) };
    p->self = q;
    p->end = question_end;
    qs_random(&q->id, sizeof(q->id));
    size = qs_dns_question(q->id, p->check->target, q->type, packet);
    if (!size || !qs_ip_parse(p->check->address, &ip)) {
        qs_probe_fail(p, QS_INVALID, 0, "the check names no DNS server or no DNS name");
        return;
    }
    len = qs_ip_sockaddr(&ip, p->check->port, &to);
    (void)qs_ip_text(&ip, p->result.ip);
    q->fd = socket(to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (q->fd < 0 || connect(q->fd, (const struct sockaddr *)&to, len) || send(q->fd, packet, size, 0) < 0) {
        qs_probe_fail(p, QS_UNREACHABLE, errno, "could not ask the DNS server");
        return;
    }
    q->source = qs_loop_watch(p->env->loop, q->fd, EPOLLIN, on_answer, p);
}
