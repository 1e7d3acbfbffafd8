#include "roles/status/http_reply.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

#define LINE_MAX_BYTES 8192
#define INTERIM_MAX 4 /* 1xx replies before the real one */

struct head {
    int status;
    bool chunked;
    bool has_length;
    uint64_t length;
    size_t size; /* of the head in bytes */
};

static enum qs_reply_state bad(const char **why, const char *text)
{
    *why = text;
    return QS_REPLY_BAD;
}

/* "HTTP/1.1 200 OK": three digits between blanks. */
static bool read_status(const char *line, size_t len, int *ret)
{
    if (len < 12 || strncmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ' || (len > 12 && line[12] != ' '))
        return false;
    *ret = 0;
    for (int i = 9; i < 12; i++) {
        if (line[i] < '0' || line[i] > '9')
            return false;
        *ret = *ret * 10 + (line[i] - '0');
    }
    return *ret >= 100;
}

/* The value of the header line when it is called `name`. */
static bool header_value(const char *line, size_t len, const char *name, char value[64])
{
    size_t n = strlen(name);

    if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
        return false;
    for (line += n + 1, len -= n + 1; len && (*line == ' ' || *line == '\t'); line++)
        len--;
    while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    if (len > 63)
        len = 63;
    memcpy(value, line, len);
    value[len] = '\0';
    return true;
}

static const char *read_header(const char *line, size_t len, struct head *h)
{
    char value[64];

    if (header_value(line, len, "Content-Length", value)) {
        uint64_t n;

        if (!qs_parse_u64(value, 0, INT64_MAX, &n) || (h->has_length && n != h->length))
            return "the reply's Content-Length is wrong";
        h->has_length = true;
        h->length = n;
    } else if (header_value(line, len, "Transfer-Encoding", value)) {
        if (strcasecmp(value, "chunked") != 0)
            return "the reply's Transfer-Encoding is not known";
        h->chunked = true;
    }
    return NULL;
}

/* The head up to and with its empty line. */
static enum qs_reply_state read_head(const char *data, size_t len, struct head *h, const char **why)
{
    size_t at = 0;

    *h = (struct head){ .status = 0 };
    for (unsigned n = 0;; n++) {
        const char *end = memchr(data + at, '\n', len - at);
        size_t size;

        if (!end)
            return len - at > LINE_MAX_BYTES ? bad(why, "a line of the reply's head is too long") : QS_REPLY_MORE;
        size = (size_t)(end - (data + at));
        const char *line = data + at;
        at += size + 1;
        if (size && line[size - 1] == '\r')
            size--;
        if (n == 0 && !read_status(line, size, &h->status))
            return bad(why, "the peer does not answer in HTTP/1");
        if (n > 0 && size == 0) {
            h->size = at;
            return QS_REPLY_DONE;
        }
        if (n > 0 && (*why = read_header(line, size, h)) != NULL)
            return QS_REPLY_BAD;
    }
}

static bool hex_size(const char *line, size_t len, size_t *ret)
{
    size_t n = 0, i;

    for (i = 0; i < len && line[i] != ';' && line[i] != ' ' && line[i] != '\r'; i++) {
        const char *digits = "0123456789abcdef";
        const char *d = strchr(digits, line[i] | 0x20);

        if (!line[i] || !d || i >= 8)
            return false;
        n = n * 16 + (size_t)(d - digits);
    }
    *ret = n;
    return i > 0;
}

static enum qs_reply_state read_chunks(const char *data, size_t len, struct qs_buf *body, const char **why)
{
    for (;;) {
        const char *end = memchr(data, '\n', len);
        size_t size;

        if (!end)
            return len > LINE_MAX_BYTES ? bad(why, "a chunk of the reply has no size") : QS_REPLY_MORE;
        if (!hex_size(data, (size_t)(end - data), &size))
            return bad(why, "a chunk of the reply has no size");
        len -= (size_t)(end + 1 - data);
        data = end + 1;
        if (size == 0)
            return QS_REPLY_DONE; /* trailers mean nothing to a check */
        if (len < size + 2)
            return QS_REPLY_MORE;
        if (data[size] != '\r' || data[size + 1] != '\n')
            return bad(why, "a chunk of the reply is longer than it says");
        qs_buf_add(body, data, size);
        data += size + 2;
        len -= size + 2;
    }
}

static enum qs_reply_state read_body(const struct head *h, const char *data, size_t len, bool ended,
                                     struct qs_buf *body, const char **why)
{
    enum qs_reply_state state = QS_REPLY_DONE;

    if (h->status == 204 || h->status == 304)
        return QS_REPLY_DONE;
    if (h->chunked)
        state = read_chunks(data, len, body, why);
    else if (h->has_length && len < h->length)
        state = QS_REPLY_MORE;
    else if (!h->has_length && !ended)
        state = QS_REPLY_MORE; /* the body ends with the connection */
    else
        qs_buf_add(body, data, h->has_length ? (size_t)h->length : len);
    if (state == QS_REPLY_MORE && ended)
        return bad(why, "the peer closed in the middle of its reply");
    return state;
}

enum qs_reply_state qs_http_reply_read(const char *data, size_t len, bool ended, struct qs_http_answer *ret,
                                       const char **why)
{
    struct head h;

    for (unsigned i = 0; i < INTERIM_MAX; i++) {
        enum qs_reply_state state = read_head(data, len, &h, why);

        if (state == QS_REPLY_MORE && ended)
            return bad(why, len ? "the peer closed in the middle of its reply" : "the peer closed without a reply");
        if (state != QS_REPLY_DONE)
            return state;
        data += h.size;
        len -= h.size;
        if (h.status < 200)
            continue;
        qs_buf_clear(&ret->body);
        ret->status = h.status;
        return read_body(&h, data, len, ended, &ret->body, why);
    }
    return bad(why, "the peer sends interim replies without end");
}
