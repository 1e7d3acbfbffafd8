#include "net/http_parse.h"

#define SIZE_DIGITS 15 /* far beyond any cap, far below an overflow */
#define EXTRA_MAX 8192 /* extensions and trailers of one body */

/* What the next byte is part of. */
enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_NAME, TRAILER_VALUE, TRAILER_LF, END_LF };

static enum qs_http_step bad(struct qs_http_refusal *no, int status, const char *why)
{
    *no = (struct qs_http_refusal){ status, why };
    return QS_HTTP_BAD;
}

static enum qs_http_step size_byte(struct qs_http_chunks *c, char byte, struct qs_http_refusal *no)
{
    int digit = qs_http_hex(byte);

    if (digit >= 0 && c->digits < SIZE_DIGITS) {
        c->left = c->left << 4 | (uint64_t)digit;
        c->digits++;
        return QS_HTTP_MORE;
    }
    if (!c->digits || (byte != ';' && byte != '\r'))
        return bad(no, 400, "a chunk size that is not a number");
    c->state = byte == ';' ? EXTENSION : SIZE_LF;
    return QS_HTTP_MORE;
}

static enum qs_http_step extension_byte(struct qs_http_chunks *c, char byte, struct qs_http_refusal *no)
{
    c->extra++;
    if (byte == '\r')
        c->state = SIZE_LF;
    else if (!qs_http_is_all(&byte, 1, QS_HTTP_TEXT))
        return bad(no, 400, "a chunk extension with a control character");
    return QS_HTTP_MORE;
}

static enum qs_http_step trailer_byte(struct qs_http_chunks *c, char byte, struct qs_http_refusal *no)
{
    c->extra++;
    if (c->state == TRAILER && byte == '\r')
        c->state = END_LF;
    else if (c->state == TRAILER_NAME && byte == ':')
        c->state = TRAILER_VALUE;
    else if (c->state == TRAILER_VALUE && byte == '\r')
        c->state = TRAILER_LF;
    else if (!qs_http_is_all(&byte, 1, c->state == TRAILER_VALUE ? QS_HTTP_TEXT : QS_HTTP_TOKEN))
        return bad(no, 400, "a malformed trailer");
    else if (c->state == TRAILER)
        c->state = TRAILER_NAME;
    return QS_HTTP_MORE;
}

/* After a carriage return. */
static enum qs_http_step line_feed(struct qs_http_chunks *c, char byte, struct qs_http_refusal *no)
{
    if (byte != '\n')
        return bad(no, 400, "a carriage return without line feed in a chunked body");
    if (c->state == END_LF)
        return QS_HTTP_DONE;
    if (c->state == DATA_LF) {
        c->state = SIZE;
        c->digits = 0;
    } else {
        c->state = c->state == SIZE_LF && c->left ? DATA : TRAILER;
    }
    return QS_HTTP_MORE;
}

static enum qs_http_step frame_byte(struct qs_http_chunks *c, char byte, struct qs_http_refusal *no)
{
    switch (c->state) {
    case SIZE:
        return size_byte(c, byte, no);
    case EXTENSION:
        return extension_byte(c, byte, no);
    case DATA_CR:
        if (byte != '\r')
            return bad(no, 400, "a chunk that is longer than its size");
        c->state = DATA_LF;
        return QS_HTTP_MORE;
    case TRAILER:
    case TRAILER_NAME:
    case TRAILER_VALUE:
        return trailer_byte(c, byte, no);
    default:
        return line_feed(c, byte, no);
    }
}

static size_t take_data(struct qs_http_chunks *c, const char *data, size_t len, struct qs_buf *body)
{
    size_t n = len < c->left ? len : (size_t)c->left;

    qs_buf_add(body, data, n);
    c->left -= n;
    if (c->left == 0)
        c->state = DATA_CR;
    return n;
}

enum qs_http_step qs_http_chunks_feed(struct qs_http_chunks *c, const char *data, size_t len, struct qs_buf *body,
                                      size_t *ret_used, struct qs_http_refusal *ret_no)
{
    enum qs_http_step step = QS_HTTP_MORE;
    size_t at = 0;

    while (at < len && step == QS_HTTP_MORE) {
        if (c->state == DATA) {
            at += take_data(c, data + at, len - at, body);
            continue;
        }
        step = frame_byte(c, data[at++], ret_no);
        if (step == QS_HTTP_MORE && c->extra > EXTRA_MAX)
            step = bad(ret_no, 431, "too many chunk extensions or trailers");
        if (step == QS_HTTP_MORE && c->left > body->cap - body->len)
            step = bad(ret_no, 413, "the body is too large");
    }
    *ret_used = at;
    return step;
}
