/*
 * base/ip: IPv4 and IPv6 addresses and prefixes as values. Text forms follow RFC 4632 and RFC 5952.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define QS_IP_TEXT 52 /* the longest "address/len" and its NUL */

struct qs_ip {
    uint8_t family; /* 4, 6, or 0 when unset */
    uint8_t bytes[16];
};
struct qs_prefix { /* an interface address ("10.0.10.1/24") or a network ("10.0.10.0/24") */
    struct qs_ip ip;
    uint8_t len;
};

bool qs_ip_parse(const char *text, struct qs_ip *ret);
/* Requires "/len". Host bits may be set. */
bool qs_prefix_parse(const char *text, struct qs_prefix *ret);
const char *qs_ip_text(const struct qs_ip *ip, char text[QS_IP_TEXT]);
const char *qs_prefix_text(const struct qs_prefix *p, char text[QS_IP_TEXT]);
bool qs_ip_equal(const struct qs_ip *a, const struct qs_ip *b);
int qs_ip_cmp(const struct qs_ip *a, const struct qs_ip *b); /* v4 before v6, then bytes */
/* The network of `p`: host bits cleared. */
struct qs_prefix qs_prefix_network(const struct qs_prefix *p);
bool qs_prefix_contains(const struct qs_prefix *net, const struct qs_ip *ip);
bool qs_prefix_overlaps(const struct qs_prefix *a, const struct qs_prefix *b);
bool qs_prefix_is_network(const struct qs_prefix *p); /* no host bits */
/* The address `host` places above the network address; false when outside. */
bool qs_prefix_host(const struct qs_prefix *net, uint64_t host, struct qs_ip *ret);
/* "aa:bb:cc:dd:ee:ff", any case. */
bool qs_mac_parse(const char *text, uint8_t ret[6]);
const char *qs_mac_text(const uint8_t mac[6], char text[18]);
socklen_t qs_ip_sockaddr(const struct qs_ip *ip, uint16_t port, struct sockaddr_storage *ret);
