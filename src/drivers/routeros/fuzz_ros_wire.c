/* Any bytes as a stream of sentences: decoded or refused; what is decoded encodes to the same words. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "drivers/routeros/ros_int.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void encode_again(const struct ros_sentence *s)
{
    qs_auto(buf) struct qs_buf out = QS_BUF(8 << 20);
    qs_auto(ros_sentence) struct ros_sentence again = { .words = NULL };
    struct qs_err err = QS_ERR_INIT;
    size_t used = 0;

    for (size_t i = 0; i < s->count; i++)
        ros_encode_word(&out, s->words[i]);
    ros_encode_end(&out);
    if (out.over)
        return;
    assert(ros_decode(out.data, out.len, &again, &used, &err) == QS_OK);
    assert(used == out.len && again.count == s->count);
    for (size_t i = 0; i < s->count; i++)
        assert(strcmp(s->words[i], again.words[i]) == 0);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    size_t at = 0;

    for (;;) {
        qs_auto(ros_sentence) struct ros_sentence s = { .words = NULL };
        struct qs_err err = QS_ERR_INIT;
        size_t used = 0;

        if (ros_decode((const char *)data + at, size - at, &s, &used, &err) || !used)
            return 0;
        encode_again(&s);
        at += used;
    }
}
