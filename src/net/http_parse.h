/*
 * net/http_parse: the grammar of an HTTP/1.1 request (RFC 9110, RFC 9112) as pure functions: find the end of
 * a head, read a head, undo chunked coding. Private to net; fuzzed. Anything that two readers could
 * understand in two ways is refused.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"

#define QS_HTTP_TARGET_MAX 4096 /* longest request target */

enum qs_http_step { QS_HTTP_MORE, QS_HTTP_DONE, QS_HTTP_BAD };

struct qs_http_refusal { /* why a request is refused: a status and a constant text */
    int status;
    const char *why;
};

/* How far a head has been looked at; zero for a new one. The head begins at `start`, which skips one empty
 * line that some clients send after a body. */
struct qs_http_scan {
    uint32_t start, at, line;
};

/* Looks for the end of the head in data[0..len), which grows between calls. DONE: the head is
 * data[scan->start .. *ret_end). Each byte is looked at once, however the head is cut. */
enum qs_http_step qs_http_scan_head(struct qs_http_scan *scan, const char *data, size_t len, size_t head_max,
                                    size_t *ret_end, struct qs_http_refusal *ret_no);

struct qs_http_head {
    const char *method, *path, *query;
    const char *fields; /* `count` times: name NUL value NUL */
    unsigned count;
    unsigned minor; /* HTTP/1.minor: 0 or 1 */
    bool keep;      /* the connection outlives this exchange */
    bool chunked;
    bool expects;    /* waits for "100 Continue" before it sends the body */
    uint64_t length; /* Content-Length; 0 when none */
};

/* Reads a whole head (as found by qs_http_scan_head) and rewrites `text` in place into the texts that
 * *ret points to. False: refused, *ret_no says why. */
bool qs_http_parse_head(char *text, size_t len, unsigned headers_max, struct qs_http_head *ret,
                        struct qs_http_refusal *ret_no);

/* The value of a field (names match without case), the first when there are several; NULL when absent. */
const char *qs_http_head_field(const struct qs_http_head *head, const char *name);

struct qs_http_chunks { /* zero for a new body */
    uint64_t left;      /* bytes of this chunk still to come */
    uint32_t extra;     /* bytes of extensions and trailers seen */
    uint8_t state, digits;
};

/* Appends the decoded part of data[0..len) to `body`, whose cap limits it. *ret_used says how many bytes were
 * taken: all of them unless DONE or BAD. */
enum qs_http_step qs_http_chunks_feed(struct qs_http_chunks *c, const char *data, size_t len, struct qs_buf *body,
                                      size_t *ret_used, struct qs_http_refusal *ret_no);

/* What a byte may be part of. */
enum qs_http_class {
    QS_HTTP_TOKEN = 1, /* a method, the name of a field */
    QS_HTTP_HOST = 2,  /* a host with port */
    QS_HTTP_TEXT = 4,  /* the value of a field */
};
bool qs_http_is_all(const char *s, size_t len, enum qs_http_class class);
int qs_http_hex(char c); /* the value of a hex digit, -1 when it is none */

/* Decodes %XX of text[0..len) into `to` (which may be `text`) and ends it with NUL; '+' becomes a blank when
 * `plus`. False: a bad escape or an encoded NUL. */
bool qs_http_unescape(char *to, const char *text, size_t len, bool plus);
