#include "base/id.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"

const char *qs_id_new(char id[QS_ID_TEXT])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t ms = qs_now_us() / 1000;
    unsigned char random[16];

    qs_random(random, sizeof(random));
    for (int i = 9; i >= 0; i--, ms >>= 5)
        id[i] = digits[ms & 31];
    for (int i = 0; i < 16; i++)
        id[10 + i] = digits[random[i] & 31];
    id[26] = '\0';
    return id;
}

void qs_random(void *data, size_t len)
{
    unsigned char *at = data;

    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);

        if (n < 0)
            abort();
        at += n;
        len -= (size_t)n;
    }
}

const char *qs_sha256_hex(const void *data, size_t len, char hex[QS_SHA256_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[32];
    unsigned n = sizeof(sum);

    if (EVP_Digest(data, len, sum, &n, EVP_sha256(), NULL) != 1)
        abort();
    for (unsigned i = 0; i < n; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    hex[64] = '\0';
    return hex;
}

void qs_random_word(char *text, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567"; /* 32: no modulo bias */

    qs_random(text, len);
    for (size_t i = 0; i < len; i++)
        text[i] = letters[(unsigned char)text[i] & 31];
    text[len] = '\0';
}
