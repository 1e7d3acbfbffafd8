/*
 * net/tls: certificates and contexts on OpenSSL 3. Devices are trusted by pinned SHA-256 fingerprint of
 * the certificate (base/id hex), because a rack has no public CA for its switches.
 */
#pragma once

#include "base/buf.h"
#include "base/id.h"

struct ssl_ctx_st;

/* Makes a self-signed ECDSA P-256 certificate for `name` with the given subject alternative addresses
 * (comma list of "IP:…"/"DNS:…", may be ""), valid ten years; PEM texts are the caller's to free. */
enum qs_code qs_tls_selfsigned(const char *name, const char *alt, char **ret_cert, char **ret_key,
                               struct qs_err *err) QS_MUST_CHECK;
/* Hex SHA-256 of the DER form of the first certificate in a PEM text. */
enum qs_code qs_tls_fingerprint(const char *cert_pem, char hex[QS_SHA256_TEXT], struct qs_err *err) QS_MUST_CHECK;
/* A server context, TLS 1.2 and up. Freed with SSL_CTX_free(). */
enum qs_code qs_tls_server(const char *cert_pem, const char *key_pem, struct ssl_ctx_st **ret,
                           struct qs_err *err) QS_MUST_CHECK;

/* A blocking client connection to a pinned peer with a deadline for every act: what the RouterOS binary
 * API runs on. `pin` is the fingerprint wanted. DENIED: another certificate; UNREACHABLE, TIMEOUT. */
struct qs_tls_conn;
enum qs_code qs_tls_dial(const char *host, uint16_t port, const char *pin, uint64_t timeout_ms,
                         struct qs_tls_conn **ret, struct qs_err *err) QS_MUST_CHECK;
/* Reads 1..size bytes; *ret_len 0 is end of stream. */
enum qs_code qs_tls_read(struct qs_tls_conn *c, void *data, size_t size, size_t *ret_len, uint64_t deadline_ms,
                         struct qs_err *err) QS_MUST_CHECK;
enum qs_code qs_tls_write(struct qs_tls_conn *c, const void *data, size_t len, uint64_t deadline_ms,
                          struct qs_err *err) QS_MUST_CHECK;
void qs_tls_close(struct qs_tls_conn *c); /* accepts NULL */
