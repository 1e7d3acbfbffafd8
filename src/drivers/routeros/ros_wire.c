/* drivers/routeros: words and sentences of the binary API. */
#include "drivers/routeros/ros_int.h"

#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

/* ---- lengths: the leading ones of the first byte say how many bytes follow ---- */

/* clang-format off */
static const struct { uint8_t mask, lead; unsigned bytes; } lengths[] = {
    { 0x80, 0x00, 1 }, { 0xC0, 0x80, 2 }, { 0xE0, 0xC0, 3 }, { 0xF0, 0xE0, 4 }, { 0xFF, 0xF0, 5 },
};
/* clang-format on */

/* *ret_used 0: more bytes needed. */
static enum qs_code decode_length(const uint8_t *p, size_t len, uint32_t *ret, size_t *ret_used, struct qs_err *err)
{
    *ret_used = 0;
    if (!len)
        return QS_OK;
    for (size_t i = 0; i < QS_COUNT(lengths); i++) {
        uint32_t n = p[0] & (uint8_t)~lengths[i].mask;

        if ((p[0] & lengths[i].mask) != lengths[i].lead)
            continue;
        if (len < lengths[i].bytes)
            return QS_OK;
        for (unsigned k = 1; k < lengths[i].bytes; k++)
            n = n << 8 | p[k];
        *ret = n;
        *ret_used = lengths[i].bytes;
        return QS_OK;
    }
    return qs_err_set(err, QS_PROTO, 0, "the router sent the reserved length byte 0x%02x", p[0]);
}

/* Length of the UTF-8 character at `p` of at most `len` bytes, 0 when it is none. */
static size_t utf8_len(const uint8_t *p, size_t len)
{
    size_t n = p[0] < 0x80                   ? 1
               : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
               : p[0] >= 0xE0 && p[0] < 0xF0 ? 3
               : p[0] >= 0xF0 && p[0] < 0xF5 ? 4
                                             : 0;

    if (!n || n > len)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
        (p[0] == 0xF4 && p[1] > 0x8F))
        return 0; /* overlong, a surrogate, past U+10FFFF */
    return n;
}

/* A comment typed years ago may be Latin-1; resources are UTF-8, so such bytes become "?". Rows are told apart by id,
 * so nothing is lost by it. */
static char *clean_word(const char *data, size_t len)
{
    char *word = qs_xstrndup(data, len);

    for (size_t i = 0; i < len;) {
        size_t n = utf8_len((const uint8_t *)word + i, len - i);

        if (!n)
            word[i] = '?';
        i += n ? n : 1;
    }
    return word;
}

static enum qs_code add_word(struct ros_sentence *s, const char *data, uint32_t len, struct qs_err *err)
{
    if (s->count == ROS_WORDS_MAX)
        return qs_err_set(err, QS_LIMIT, 0, "the router sent a sentence of more than %u words", ROS_WORDS_MAX);
    if (memchr(data, '\0', len))
        return qs_err_set(err, QS_PROTO, 0, "the router sent a word with a NUL byte");
    *QS_PUSH(s->words, s->count) = clean_word(data, len);
    return QS_OK;
}

enum qs_code ros_decode(const char *data, size_t len, struct ros_sentence *ret, size_t *ret_used, struct qs_err *err)
{
    qs_auto(ros_sentence) struct ros_sentence s = { .words = NULL };
    size_t at = 0;

    *ret_used = 0;
    for (;;) {
        uint32_t word = 0;
        size_t head = 0;
        enum qs_code code = decode_length((const uint8_t *)data + at, len - at, &word, &head, err);

        if (code)
            return code;
        if (word > ROS_WORD_MAX)
            return qs_err_set(err, QS_LIMIT, 0, "the router announced a word of %u bytes", word);
        if (!head || len - at - head < word)
            return QS_OK;
        at += head;
        if (!word)
            break;
        code = add_word(&s, data + at, word, err);
        if (code)
            return code;
        at += word;
    }
    *ret = s;
    s = (struct ros_sentence){ .words = NULL };
    *ret_used = at;
    return QS_OK;
}

void ros_sentence_done(struct ros_sentence *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->words[i]);
    free(s->words);
    *s = (struct ros_sentence){ .words = NULL };
}

void ros_encode_word(struct qs_buf *out, const char *word)
{
    size_t len = strlen(word), form = 0;
    static const size_t most[] = { 0x7F, 0x3FFF, 0x1FFFFF, 0xFFFFFFF, 0xFFFFFFFF };
    uint8_t head[5];
    unsigned bytes;

    while (len > most[form])
        form++;
    bytes = lengths[form].bytes;
    for (unsigned k = 0; k < bytes; k++)
        head[k] = (uint8_t)(bytes - 1 - k < sizeof(len) ? len >> (8 * (bytes - 1 - k)) : 0);
    head[0] |= lengths[form].lead;
    qs_buf_add(out, head, bytes);
    qs_buf_add(out, word, len);
}

void ros_encode_end(struct qs_buf *out)
{
    qs_buf_putc(out, '\0');
}
