/*
 * roles/status/client (private): who asks, and how often it may. The client is the peer, or what a trusted peer's
 * X-Forwarded-For or Forwarded (RFC 7239) says: the last address in it that is not a trusted peer's itself.
 */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"
#include "base/ip.h"

/* `forwarded` and `x_forwarded` are the headers or NULL; both come from a trusted peer only when the caller found the
 * peer in `trusted`. Gives the client's address; family 0 when nothing in the headers is an address. */
struct qs_ip qs_client_forwarded(const char *x_forwarded, const char *forwarded, const struct qs_prefix *trusted,
                                 size_t trusted_count);
bool qs_client_trusted(const struct qs_ip *ip, const struct qs_prefix *trusted, size_t trusted_count);

/* A token bucket for each client, in a table of fixed size: the longest unseen gives way to a new one. IPv6 clients are
 * counted by their /64. */
struct qs_limiter;
struct qs_limiter *qs_limiter_new(uint32_t per_second, uint32_t burst);
void qs_limiter_free(struct qs_limiter *l); /* accepts NULL */
/* Takes a token. 0: go on; else how many seconds to wait for one. */
uint32_t qs_limiter_take(struct qs_limiter *l, const struct qs_ip *client, uint64_t now_ms);
