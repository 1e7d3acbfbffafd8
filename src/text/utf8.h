/* text/utf8: what is a character and what is not (RFC 3629: no surrogates, no overlong forms). */
#pragma once

/* Bytes of the printable character that starts at `s` (NUL-terminated), 0 when there is none: a control character below
 * 0x20, NUL included, or no UTF-8. */
unsigned qs_utf8_len(const unsigned char *s);
