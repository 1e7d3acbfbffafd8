/* What a probe reads from peers. First byte: which reader. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "roles/status/client.h"
#include "roles/status/dns_message.h"
#include "roles/status/http_reply.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void read_http(const unsigned char *data, size_t size, bool ended)
{
    struct qs_http_answer answer = { .body = QS_BUF(4096) };
    const char *why = NULL;
    enum qs_reply_state state = qs_http_reply_read((const char *)data, size, ended, &answer, &why);

    if ((state == QS_REPLY_BAD) != (why != NULL) || (ended && state == QS_REPLY_MORE))
        abort();
    qs_buf_done(&answer.body);
}

static void read_dns(const unsigned char *data, size_t size)
{
    static const uint16_t types[] = { 1, 2, 5, 6, 12, 15, 16, 28 };

    for (size_t i = 0; i < QS_COUNT(types); i++) {
        struct qs_dns_reply reply;

        if (qs_dns_reply_read(data, size, types[i], &reply) && reply.count > QS_DNS_TEXTS)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    qs_auto(str) char *text = NULL;

    if (size == 0)
        return 0;
    switch (data[0] % 4) {
    case 0:
        read_http(data + 1, size - 1, false);
        break;
    case 1:
        read_http(data + 1, size - 1, true);
        break;
    case 2:
        read_dns(data + 1, size - 1);
        break;
    default:
        text = qs_xstrndup((const char *)data + 1, size - 1);
        (void)qs_client_forwarded(text, NULL, NULL, 0);
        (void)qs_client_forwarded(NULL, text, NULL, 0);
    }
    return 0;
}
