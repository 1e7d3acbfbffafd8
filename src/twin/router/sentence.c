#include "twin/router/sentence.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void rtr_sentence_done(struct rtr_sentence *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->words[i]);
    free(s->words);
    *s = (struct rtr_sentence){ 0 };
}

void rtr_decoder_init(struct rtr_decoder *d)
{
    *d = (struct rtr_decoder){ .in = QS_BUF(2 * RTR_SENTENCE_MAX) };
}

void rtr_decoder_done(struct rtr_decoder *d)
{
    qs_buf_done(&d->in);
    rtr_sentence_done(&d->part);
}

enum qs_code rtr_decoder_feed(struct rtr_decoder *d, const void *data, size_t len, struct qs_err *err)
{
    qs_buf_add(&d->in, data, len);
    return qs_buf_check(&d->in, "unread input", err);
}

/* The length word at `at`: *ret_size is its own size in bytes, 0 when it is not whole yet. */
static enum qs_code read_length(const unsigned char *at, size_t have, size_t *ret_len, size_t *ret_size,
                                struct qs_err *err)
{
    static const struct {
        unsigned char mask, mark;
    } forms[] = { { 0x80, 0x00 }, { 0xC0, 0x80 }, { 0xE0, 0xC0 }, { 0xF0, 0xE0 }, { 0xFF, 0xF0 } };

    *ret_size = 0;
    for (size_t extra = 0; have > 0 && extra < QS_COUNT(forms); extra++) {
        if ((at[0] & forms[extra].mask) != forms[extra].mark)
            continue;
        if (have < extra + 1)
            return QS_OK;
        *ret_len = (size_t)(at[0] & (unsigned char)~forms[extra].mask);
        for (size_t i = 1; i <= extra; i++)
            *ret_len = *ret_len << 8 | at[i];
        *ret_size = extra + 1;
        return QS_OK;
    }
    return have == 0 ? QS_OK : qs_err_set(err, QS_PROTO, 0, "reserved control byte 0x%02x", at[0]);
}

static enum qs_code take_word(struct rtr_decoder *d, const char *word, size_t len, struct qs_err *err)
{
    if (memchr(word, '\0', len))
        return qs_err_set(err, QS_PROTO, 0, "a word holds a NUL byte");
    d->part_bytes += len;
    if (d->part_bytes > RTR_SENTENCE_MAX || d->part.count >= RTR_WORDS_MAX)
        return qs_err_set(err, QS_LIMIT, 0, "a sentence has over %d words or %d bytes", RTR_WORDS_MAX,
                          RTR_SENTENCE_MAX);
    *QS_PUSH(d->part.words, d->part.count) = qs_xstrndup(word, len);
    return QS_OK;
}

/* Takes words from the input until a sentence ends or the input does. *ret_used: bytes done with. */
static enum qs_code take_words(struct rtr_decoder *d, size_t *ret_used, bool *ret_whole, struct qs_err *err)
{
    const char *data = qs_buf_text(&d->in);
    size_t at = 0, len = 0, size = 0;

    *ret_whole = false;
    while (!*ret_whole) {
        if (read_length((const unsigned char *)data + at, d->in.len - at, &len, &size, err))
            return err->code;
        if (size > 0 && len > RTR_WORD_MAX)
            return qs_err_set(err, QS_LIMIT, 0, "a word of %zu bytes is announced, most is %d", len, RTR_WORD_MAX);
        if (size == 0 || d->in.len - at - size < len)
            break;
        if (len > 0 && take_word(d, data + at + size, len, err))
            return err->code;
        at += size + len;
        *ret_whole = len == 0 && d->part.count > 0;
    }
    *ret_used = at;
    return QS_OK;
}

enum qs_code rtr_decoder_next(struct rtr_decoder *d, struct rtr_sentence *ret, bool *ret_whole, struct qs_err *err)
{
    size_t used = 0;

    if (take_words(d, &used, ret_whole, err))
        return err->code;
    qs_buf_consume(&d->in, used);
    if (*ret_whole) {
        *ret = d->part;
        d->part = (struct rtr_sentence){ 0 };
        d->part_bytes = 0;
    }
    return QS_OK;
}

void rtr_put_word(struct qs_buf *out, const char *word, size_t len)
{
    if (len >= 0x10000000) {
        qs_buf_putc(out, (char)0xF0);
        qs_buf_putc(out, (char)(len >> 24));
    } else if (len >= 0x200000) {
        qs_buf_putc(out, (char)(len >> 24 | 0xE0));
    }
    if (len >= 0x4000)
        qs_buf_putc(out, (char)(len >= 0x200000 ? len >> 16 : len >> 16 | 0xC0));
    if (len >= 0x80)
        qs_buf_putc(out, (char)(len >= 0x4000 ? len >> 8 : len >> 8 | 0x80));
    qs_buf_putc(out, (char)len);
    qs_buf_add(out, word, len);
}

void rtr_put_wordf(struct qs_buf *out, const char *fmt, ...)
{
    qs_auto(buf) struct qs_buf word = QS_BUF(RTR_SENTENCE_MAX);
    va_list ap;

    va_start(ap, fmt);
    qs_buf_vprintf(&word, fmt, ap);
    va_end(ap);
    rtr_put_word(out, qs_buf_text(&word), word.len);
}

void rtr_put_end(struct qs_buf *out)
{
    qs_buf_putc(out, '\0');
}
