#include "base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static unsigned bits_of(uint8_t family)
{
    return family == 4 ? 32 : 128;
}

bool qs_ip_parse(const char *text, struct qs_ip *ret)
{
    struct qs_ip ip = { 0 };

    if (!text)
        return false;
    if (inet_pton(AF_INET, text, ip.bytes) == 1)
        ip.family = 4;
    else if (inet_pton(AF_INET6, text, ip.bytes) == 1)
        ip.family = 6;
    else
        return false;
    *ret = ip;
    return true;
}

bool qs_prefix_parse(const char *text, struct qs_prefix *ret)
{
    const char *slash = text ? strchr(text, '/') : NULL;
    char address[QS_IP_TEXT];
    struct qs_prefix p;
    uint32_t len;

    if (!slash || (size_t)(slash - text) >= sizeof(address))
        return false;
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    if (!qs_ip_parse(address, &p.ip) || !qs_parse_u32(slash + 1, 0, bits_of(p.ip.family), &len))
        return false;
    p.len = (uint8_t)len;
    *ret = p;
    return true;
}

const char *qs_ip_text(const struct qs_ip *ip, char text[QS_IP_TEXT])
{
    if (!ip->family || !inet_ntop(ip->family == 4 ? AF_INET : AF_INET6, ip->bytes, text, QS_IP_TEXT))
        text[0] = '\0';
    return text;
}

const char *qs_prefix_text(const struct qs_prefix *p, char text[QS_IP_TEXT])
{
    (void)qs_ip_text(&p->ip, text);
    if (*text) {
        size_t n = strlen(text);

        (void)snprintf(text + n, QS_IP_TEXT - n, "/%u", p->len);
    }
    return text;
}

int qs_ip_cmp(const struct qs_ip *a, const struct qs_ip *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, bits_of(a->family) / 8);
}

bool qs_ip_equal(const struct qs_ip *a, const struct qs_ip *b)
{
    return qs_ip_cmp(a, b) == 0;
}

struct qs_prefix qs_prefix_network(const struct qs_prefix *p)
{
    struct qs_prefix net = *p;

    for (unsigned i = 0; i < 16; i++) {
        int keep = (int)p->len - (int)(i * 8);

        if (keep <= 0)
            net.ip.bytes[i] = 0;
        else if (keep < 8)
            net.ip.bytes[i] &= (uint8_t)(0xff << (8 - keep));
    }
    return net;
}

bool qs_prefix_contains(const struct qs_prefix *net, const struct qs_ip *ip)
{
    struct qs_prefix host = { .ip = *ip, .len = net->len }, want = qs_prefix_network(net);

    if (net->ip.family != ip->family || !ip->family)
        return false;
    host = qs_prefix_network(&host);
    return qs_ip_equal(&host.ip, &want.ip);
}

bool qs_prefix_overlaps(const struct qs_prefix *a, const struct qs_prefix *b)
{
    return a->len <= b->len ? qs_prefix_contains(a, &b->ip) : qs_prefix_contains(b, &a->ip);
}

bool qs_prefix_is_network(const struct qs_prefix *p)
{
    struct qs_prefix net = qs_prefix_network(p);

    return qs_ip_equal(&net.ip, &p->ip);
}

bool qs_prefix_host(const struct qs_prefix *net, uint64_t host, struct qs_ip *ret)
{
    struct qs_prefix p = qs_prefix_network(net);
    unsigned bytes = bits_of(p.ip.family) / 8;
    unsigned room = bits_of(p.ip.family) - p.len;

    if (!p.ip.family || (room < 64 && host >> room))
        return false;
    for (unsigned i = 0; i < 8 && i < bytes; i++)
        p.ip.bytes[bytes - 1 - i] |= (uint8_t)(host >> (8 * i));
    *ret = p.ip;
    return true;
}

bool qs_mac_parse(const char *text, uint8_t ret[6])
{
    uint8_t mac[6];

    if (!text || strlen(text) != 17)
        return false;
    for (int i = 0; i < 6; i++) {
        unsigned byte = 0;

        for (int j = 0; j < 2; j++) {
            char c = text[3 * i + j];

            if (c >= '0' && c <= '9')
                byte = byte * 16 + (unsigned)(c - '0');
            else if ((c | 32) >= 'a' && (c | 32) <= 'f')
                byte = byte * 16 + (unsigned)((c | 32) - 'a') + 10;
            else
                return false;
        }
        if (i < 5 && text[3 * i + 2] != ':')
            return false;
        mac[i] = (uint8_t)byte;
    }
    memcpy(ret, mac, 6);
    return true;
}

const char *qs_mac_text(const uint8_t mac[6], char text[18])
{
    (void)snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    return text;
}

socklen_t qs_ip_sockaddr(const struct qs_ip *ip, uint16_t port, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (ip->family == 6) {
        struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

        memcpy(&a.sin6_addr, ip->bytes, 16);
        memcpy(ret, &a, sizeof(a));
        return sizeof(a);
    }
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

    memcpy(&a.sin_addr, ip->bytes, 4);
    memcpy(ret, &a, sizeof(a));
    return sizeof(a);
}
