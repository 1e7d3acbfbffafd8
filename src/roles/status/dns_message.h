/*
 * roles/status/dns_message (private): one DNS question over UDP and its reply (RFC 1035), by hand: a check needs the
 * response code and the addresses, not a resolver. Pure.
 */
#pragma once

#include "base/err.h"
#include "base/ip.h"

#define QS_DNS_MAX 1232 /* the size that passes every path without fragments */
#define QS_DNS_TEXTS 16

struct qs_dns_reply {
    uint16_t id;
    char rcode[16];                /* "NOERROR", "NXDOMAIN", … */
    char texts[QS_DNS_TEXTS][256]; /* answers of the type asked, in order: addresses, names or texts */
    unsigned count;
};

/* The type's number for "A", "AAAA", "CNAME", "NS", "MX", "TXT", "SOA", "PTR"; 0 when unknown. */
uint16_t qs_dns_type(const char *name);
/* Writes the question. Gives its length, 0 when the name cannot be a DNS name. */
size_t qs_dns_question(uint16_t id, const char *name, uint16_t type, unsigned char packet[QS_DNS_MAX]);
/* Reads a reply to a question of `type`. False: not a DNS reply. Unknown record types are skipped. */
bool qs_dns_reply_read(const unsigned char *packet, size_t len, uint16_t type, struct qs_dns_reply *ret);
