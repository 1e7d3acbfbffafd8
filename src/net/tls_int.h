/* net/tls_int: what tls.c shares inside net: sessions over plain sockets and the check of a pinned peer. */
#pragma once

#include <openssl/ssl.h>

#include "net/tls.h"

/* A session over a non-blocking socket, which stays the caller's. Writing never raises SIGPIPE. */
SSL *qs_tls_session(SSL_CTX *ctx, int fd);

/* Who the peer must be, and who it was. */
struct qs_tls_peer {
    char pin[QS_SHA256_TEXT];  /* fingerprint wanted; "": the context's CAs decide */
    char seen[QS_SHA256_TEXT]; /* of the last handshake */
    int64_t days;              /* that certificate is still valid */
    bool refused;              /* by the pin */
};

/* Takes a fingerprint of 64 hex digits, any case, colons allowed. INVALID. */
enum qs_code qs_tls_set_pin(struct qs_tls_peer *peer, const char *pin, struct qs_err *err) QS_MUST_CHECK;
/* Makes every handshake of `ctx` end, before the client sends anything else, unless the peer is the one wanted.
 * `peer` must outlive the context. */
void qs_tls_expect(SSL_CTX *ctx, struct qs_tls_peer *peer);
/* DENIED with both fingerprints shortened. */
enum qs_code qs_tls_refused(const struct qs_tls_peer *peer, struct qs_err *err);
/* The text of OpenSSL's first queued error, which is then dropped. */
const char *qs_tls_why(char *text, size_t size);
