#include "net/tls.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "net/tls_int.h"

#define VALID_DAYS 3650
#define NAME_MAX_LEN 64 /* of a common name, by RFC 5280 */

QS_DEFINE_AUTO(bn, BIGNUM *, BN_free)
QS_DEFINE_AUTO(bio, BIO *, BIO_free_all)
QS_DEFINE_AUTO(x509, X509 *, X509_free)
QS_DEFINE_AUTO(pkey, EVP_PKEY *, EVP_PKEY_free)
QS_DEFINE_AUTO(extension, X509_EXTENSION *, X509_EXTENSION_free)
QS_DEFINE_AUTO(ssl_ctx, SSL_CTX *, SSL_CTX_free)

const char *qs_tls_why(char *text, size_t size)
{
    unsigned long e = ERR_peek_error();
    const char *reason = ERR_reason_error_string(e);

    (void)snprintf(text, size, "%s", reason ? reason : "no reason given");
    ERR_clear_error();
    return text;
}

static enum qs_code openssl_err(struct qs_err *err, enum qs_code code, const char *what)
{
    char why[128];

    return qs_err_set(err, code, 0, "%s: %s", what, qs_tls_why(why, sizeof(why)));
}

/* ---- a BIO over a socket: OpenSSL's own writes with write(2), which raises SIGPIPE ---- */

static int socket_write(BIO *b, const char *data, int len)
{
    int fd = (int)(intptr_t)BIO_get_data(b);
    ssize_t n = send(fd, data, (size_t)len, MSG_NOSIGNAL);

    BIO_clear_retry_flags(b);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(b);
    return (int)n;
}

static int socket_read(BIO *b, char *data, int size)
{
    int fd = (int)(intptr_t)BIO_get_data(b);
    ssize_t n = recv(fd, data, (size_t)size, 0);

    BIO_clear_retry_flags(b);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(b);
    return (int)n;
}

static long socket_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    (void)b;
    (void)num;
    (void)ptr;
    return cmd == BIO_CTRL_FLUSH;
}

static BIO_METHOD *socket_method;

__attribute__((__constructor__)) static void make_socket_method(void)
{
    socket_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "qs socket");
    if (!socket_method)
        abort();
    (void)BIO_meth_set_write(socket_method, socket_write);
    (void)BIO_meth_set_read(socket_method, socket_read);
    (void)BIO_meth_set_ctrl(socket_method, socket_ctrl);
}

SSL *qs_tls_session(SSL_CTX *ctx, int fd)
{
    SSL *ssl = SSL_new(ctx);
    BIO *bio = BIO_new(socket_method);

    if (!ssl || !bio)
        abort(); /* out of memory */
    BIO_set_data(bio, (void *)(intptr_t)fd);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return ssl;
}

/* ---- the peer wanted ---- */

static const char *fingerprint_of(X509 *cert, char hex[QS_SHA256_TEXT])
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);

    if (len < 0)
        abort();
    (void)qs_sha256_hex(der, (size_t)len, hex);
    OPENSSL_free(der);
    return hex;
}

enum qs_code qs_tls_set_pin(struct qs_tls_peer *peer, const char *pin, struct qs_err *err)
{
    char hex[QS_SHA256_TEXT] = "";
    size_t n = 0;

    for (; *pin && n < sizeof(hex) - 1; pin++) {
        if (*pin == ':')
            continue;
        if (!isxdigit((unsigned char)*pin))
            break;
        hex[n++] = (char)tolower((unsigned char)*pin);
    }
    if (n < sizeof(hex) - 1 || *pin)
        return qs_err_set(err, QS_INVALID, 0, "the pinned fingerprint is not 64 hex digits");
    memcpy(peer->pin, hex, sizeof(hex));
    return QS_OK;
}

static int check_peer(X509_STORE_CTX *store, void *arg)
{
    struct qs_tls_peer *peer = arg;
    X509 *cert = X509_STORE_CTX_get0_cert(store);
    int days = 0, seconds = 0;

    peer->refused = false;
    if (!cert)
        return 0;
    (void)fingerprint_of(cert, peer->seen);
    if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)))
        peer->days = days;
    if (!*peer->pin)
        return X509_verify_cert(store);
    peer->refused = strcmp(peer->pin, peer->seen) != 0;
    X509_STORE_CTX_set_error(store, peer->refused ? X509_V_ERR_CERT_REJECTED : X509_V_OK);
    return !peer->refused;
}

void qs_tls_expect(SSL_CTX *ctx, struct qs_tls_peer *peer)
{
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, check_peer, peer);
}

enum qs_code qs_tls_refused(const struct qs_tls_peer *peer, struct qs_err *err)
{
    return qs_err_set(err, QS_DENIED, 0, "the peer's certificate %.16s… is not the pinned %.16s…", peer->seen,
                      peer->pin);
}

/* ---- certificates ---- */

static char *bio_text(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);

    return len > 0 ? qs_xstrndup(data, (size_t)len) : NULL;
}

static bool add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    qs_auto(extension) X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    return ext && X509_add_ext(cert, ext, -1);
}

static bool set_serial(X509 *cert)
{
    unsigned char random[16];
    qs_auto(bn) BIGNUM *n = NULL;

    qs_random(random, sizeof(random));
    random[0] &= 0x7f; /* positive */
    n = BN_bin2bn(random, sizeof(random), NULL);
    return n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
}

static bool describe(X509 *cert, const char *name, const char *alt)
{
    X509_NAME *subject = X509_get_subject_name(cert);

    return X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
           X509_gmtime_adj(X509_getm_notBefore(cert), -86400) && /* clocks of a rack being built differ */
           X509_time_adj_ex(X509_getm_notAfter(cert), VALID_DAYS, 0, NULL) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) &&
           X509_set_issuer_name(cert, subject) && add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(cert, NID_key_usage, "critical,digitalSignature") &&
           add_extension(cert, NID_ext_key_usage, "serverAuth") &&
           (!*alt || add_extension(cert, NID_subject_alt_name, alt));
}

enum qs_code qs_tls_selfsigned(const char *name, const char *alt, char **ret_cert, char **ret_key, struct qs_err *err)
{
    qs_auto(pkey) EVP_PKEY *key = EVP_EC_gen("P-256");
    qs_auto(x509) X509 *cert = X509_new();
    qs_auto(bio) BIO *cert_bio = BIO_new(BIO_s_mem());
    qs_auto(bio) BIO *key_bio = BIO_new(BIO_s_secmem());

    if (!*name || strlen(name) > NAME_MAX_LEN)
        return qs_err_set(err, QS_INVALID, 0, "the certificate name '%s' is not 1..%d bytes long", name, NAME_MAX_LEN);
    if (!key || !cert || !cert_bio || !key_bio)
        return openssl_err(err, QS_INTERNAL, "could not make a key");
    if (!describe(cert, name, alt))
        return openssl_err(err, QS_INVALID, "could not make a certificate of these names");
    if (!X509_set_pubkey(cert, key) || !X509_sign(cert, key, EVP_sha256()) || !PEM_write_bio_X509(cert_bio, cert) ||
        !PEM_write_bio_PKCS8PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL))
        return openssl_err(err, QS_INTERNAL, "could not make a certificate");
    *ret_cert = bio_text(cert_bio);
    *ret_key = bio_text(key_bio);
    return QS_OK;
}

static X509 *read_cert(const char *pem)
{
    qs_auto(bio) BIO *bio = BIO_new_mem_buf(pem, -1);

    return bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
}

enum qs_code qs_tls_fingerprint(const char *cert_pem, char hex[QS_SHA256_TEXT], struct qs_err *err)
{
    qs_auto(x509) X509 *cert = read_cert(cert_pem);

    if (!cert)
        return openssl_err(err, QS_INVALID, "could not read the certificate");
    (void)fingerprint_of(cert, hex);
    return QS_OK;
}

/* Never asks a terminal for the passphrase of an encrypted key. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static bool use_chain(SSL_CTX *ctx, const char *pem)
{
    qs_auto(bio) BIO *bio = BIO_new_mem_buf(pem, -1);
    qs_auto(x509) X509 *leaf = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    X509 *next;

    if (!leaf || SSL_CTX_use_certificate(ctx, leaf) != 1)
        return false;
    while ((next = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)))
        if (!SSL_CTX_add0_chain_cert(ctx, next)) {
            X509_free(next);
            return false;
        }
    ERR_clear_error(); /* the end of the text */
    return true;
}

enum qs_code qs_tls_server(const char *cert_pem, const char *key_pem, struct ssl_ctx_st **ret, struct qs_err *err)
{
    qs_auto(ssl_ctx) SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    qs_auto(bio) BIO *bio = BIO_new_mem_buf(key_pem, -1);
    qs_auto(pkey) EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

    if (!ctx)
        return openssl_err(err, QS_INTERNAL, "could not make a TLS context");
    if (!key)
        return openssl_err(err, QS_INVALID, "could not read the private key");
    if (!use_chain(ctx, cert_pem))
        return openssl_err(err, QS_INVALID, "could not read the certificate");
    if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        return openssl_err(err, QS_INVALID, "the private key does not fit the certificate");
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                    SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    *ret = qs_take_ptr(ctx);
    return QS_OK;
}
