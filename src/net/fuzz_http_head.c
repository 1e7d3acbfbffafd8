/* A head is refused or read, the same however it arrives in pieces, and what was read stays inside its text. */
#include <stdlib.h>
#include <string.h>

#include "net/http_parse.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_head(const struct qs_http_head *head, const char *text, size_t len)
{
    const char *at = head->fields;

    check(*head->method && head->path[0] == '/' && !strstr(head->path, "/../"));
    check(head->query + strlen(head->query) < text + len);
    check(head->minor <= 1 && head->count <= 64 && !(head->chunked && head->length));
    for (unsigned i = 0; i < 2 * head->count; i++) {
        check(!strpbrk(at, "\r\n"));
        at += strlen(at) + 1;
        check(at <= text + len);
    }
    check(head->minor == 0 || qs_http_head_field(head, "host"));
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct qs_http_scan whole = { 0 }, cut = { 0 };
    struct qs_http_refusal no = { 0 }, no_cut = { 0 };
    struct qs_http_head head;
    const char *text = (const char *)data;
    size_t end = 0, end_cut = 0;
    enum qs_http_step step = qs_http_scan_head(&whole, text, size, 8192, &end, &no), step_cut = QS_HTTP_MORE;

    for (size_t n = 1; n <= size && step_cut == QS_HTTP_MORE; n++)
        step_cut = qs_http_scan_head(&cut, text, n, 8192, &end_cut, &no_cut);
    check(step_cut == step && end == end_cut && no.status == no_cut.status);
    if (step != QS_HTTP_DONE)
        return 0;
    size_t len = end - whole.start;
    char *copy = calloc(1, len); /* exactly as long: a byte too far is seen */
    check(copy != NULL);
    memcpy(copy, text + whole.start, len);
    if (qs_http_parse_head(copy, len, 64, &head, &no))
        check_head(&head, copy, len);
    else
        check(no.status >= 400 && no.why);
    free(copy);
    return 0;
}
