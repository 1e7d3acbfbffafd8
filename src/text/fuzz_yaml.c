/* Any text is a tree or a refusal with a position; a tree written as JSON reads back as the same tree. */
#include <stdlib.h>

#include "text/json.h"
#include "text/yaml.h"

/* libfyaml 0.7.12 drops its 2 KiB token buffer on some errors after long quoted texts: once a bad file, and not ours. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml";
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *v = NULL;
    qs_auto(val) struct qs_val *again = NULL;
    qs_auto(buf) struct qs_buf text = QS_BUF(64 << 20);

    if (qs_yaml_parse("f", (const char *)data, size, &v, &err)) {
        if (!err.msg[0])
            abort();
        return 0;
    }
    qs_json_write(v, &text);
    if (qs_json_parse(qs_buf_text(&text), text.len, &again, &err))
        abort();
    return 0;
}
