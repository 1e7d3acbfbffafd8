/*
 * twin/router/sentence: the framing of the RouterOS API. A word is a length of 1 to 5 bytes and that many
 * bytes; a sentence is words ended by an empty one. The decoder takes bytes as they come and keeps what is
 * not yet whole. Lengths come from the peer, so each has a cap.
 */
#pragma once

#include "base/buf.h"

#define RTR_WORD_MAX 65536
#define RTR_WORDS_MAX 512
#define RTR_SENTENCE_MAX 262144

struct rtr_sentence {
    char **words; /* each NUL-terminated; a NUL inside a word is refused by the decoder */
    size_t count;
};
void rtr_sentence_done(struct rtr_sentence *s);
static inline void qs_auto_sentence_cb(struct rtr_sentence *s)
{
    rtr_sentence_done(s);
}

struct rtr_decoder {
    struct qs_buf in;         /* bytes not yet turned into words */
    struct rtr_sentence part; /* the words so far of the sentence that is not yet whole */
    size_t part_bytes;
};
void rtr_decoder_init(struct rtr_decoder *d);
void rtr_decoder_done(struct rtr_decoder *d);
/* LIMIT: more unread bytes than one sentence may have. */
enum qs_code rtr_decoder_feed(struct rtr_decoder *d, const void *data, size_t len, struct qs_err *err) QS_MUST_CHECK;
/* The next whole sentence, the caller's; empty sentences are skipped. *ret_whole false: more bytes are needed.
 * PROTO and LIMIT are final: the stream has no place to go on from. */
enum qs_code rtr_decoder_next(struct rtr_decoder *d, struct rtr_sentence *ret, bool *ret_whole,
                              struct qs_err *err) QS_MUST_CHECK;

void rtr_put_word(struct qs_buf *out, const char *word, size_t len);
void rtr_put_wordf(struct qs_buf *out, const char *fmt, ...) QS_PRINTF(2, 3);
void rtr_put_end(struct qs_buf *out);
