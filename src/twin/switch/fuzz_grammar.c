/* Any lines give a configuration or refusals; what results prints a text that loads to the same text. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "twin/switch/grammar.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static char port_names[3][12] = { "Ethernet1", "Ethernet2", "Management1" };
static char model[] = "fuzz";
static struct qs_sw_port ports[] = { { .name = port_names[0] }, { .name = port_names[1] } };
static const struct qs_sw_platform platform = { .name = model,
                                                .model = model,
                                                .version = model,
                                                .serial = model,
                                                .ports = ports,
                                                .port_count = QS_COUNT(ports),
                                                .management = { .name = port_names[2] } };

static char *text_of(const struct qs_sw_config *c)
{
    struct qs_buf b = QS_BUF(QS_SW_TEXT_MAX);

    qs_sw_config_render(c, false, &b);
    if (b.over)
        abort();
    return qs_buf_take(&b);
}

/* The first byte chooses the strictness; a NUL parts a line from its input. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    qs_auto(sw_config) struct qs_sw_config *c = qs_sw_config_new(&platform);
    qs_auto(sw_config) struct qs_sw_config *again = NULL;
    struct qs_sw_cursor at = { .config = c, .mode = QS_SW_MODE_CONFIG, .relaxed = size > 0 && data[0] == '~' };
    qs_auto(str) char *a = NULL;
    qs_auto(str) char *b = NULL;

    for (size_t i = 0; i < size; i++) {
        const unsigned char *end = memchr(data + i, '\n', size - i);
        size_t len = end ? (size_t)(end - data) - i : size - i;
        qs_auto(str) char *line = qs_xzalloc(len + 2); /* two NULs: an empty input when there is none */
        struct qs_err err = QS_ERR_INIT;

        memcpy(line, data + i, len);
        if (at.mode == QS_SW_MODE_NONE)
            at.mode = QS_SW_MODE_CONFIG;
        if (qs_sw_grammar_run(&at, line, line + strlen(line) + 1, &err) && !*err.msg)
            abort();
        i += len;
    }
    a = text_of(c);
    again = qs_sw_config_copy(c);
    b = text_of(again);
    if (!qs_streq(a, b))
        abort();
    return 0;
}
