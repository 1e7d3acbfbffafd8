/* base/id: operation ids (ULID: 26 characters, sort by time), random bytes and SHA-256. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define QS_ID_TEXT 27     /* 26 characters of Crockford base 32 and a NUL */
#define QS_SHA256_TEXT 65 /* lower-case hex and a NUL */

const char *qs_id_new(char id[QS_ID_TEXT]);
void qs_random(void *data, size_t len); /* getrandom(2); aborts when the kernel has none */
const char *qs_sha256_hex(const void *data, size_t len, char hex[QS_SHA256_TEXT]);
/* `len` random characters of [a-z0-9] and a NUL: generated passwords and keys of the twin. */
void qs_random_word(char *text, size_t len);
