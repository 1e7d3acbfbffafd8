/* A chunked body decodes to the same bytes, and ends at the same place, however it arrives in pieces. */
#include <stdlib.h>
#include <string.h>

#include "net/http_parse.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static enum qs_http_step decode(const char *data, size_t size, size_t piece, struct qs_buf *body, size_t *ret_at,
                                int *ret_status)
{
    struct qs_http_chunks chunks = { 0 };
    struct qs_http_refusal no = { 0 };
    enum qs_http_step step = QS_HTTP_MORE;

    *ret_at = 0;
    while (*ret_at < size && step == QS_HTTP_MORE) {
        size_t used = 0, n = size - *ret_at < piece ? size - *ret_at : piece;

        step = qs_http_chunks_feed(&chunks, data + *ret_at, n, body, &used, &no);
        *ret_at += used;
        if (used > n || (step == QS_HTTP_MORE && used != n))
            abort();
    }
    *ret_status = no.status;
    return step;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const size_t pieces[] = { 1, 3 };
    qs_auto(buf) struct qs_buf want = QS_BUF(4096);
    size_t want_at;
    int want_status;
    enum qs_http_step step = decode((const char *)data, size, SIZE_MAX, &want, &want_at, &want_status);

    if (want.over)
        abort(); /* refused before the cap is passed */
    for (size_t i = 0; i < QS_COUNT(pieces); i++) {
        qs_auto(buf) struct qs_buf got = QS_BUF(4096);
        size_t at;
        int status;

        if (decode((const char *)data, size, pieces[i], &got, &at, &status) != step || at != want_at ||
            status != want_status || got.len != want.len || memcmp(qs_buf_text(&got), qs_buf_text(&want), got.len) != 0)
            abort();
    }
    return 0;
}
