/* Any bytes as a running configuration: refused or read, and what is read renders to lines that read back. */
#include <stdint.h>

#include "drivers/eos/eos_int.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void render_from_nothing(const struct qs_resources *want)
{
    struct qs_resources have = { .items = NULL };
    qs_auto(val) struct qs_val *list = qs_val_list();
    struct eos_render r = { .list = list };
    struct qs_changes cs = { .items = NULL };

    qs_diff(eos_types, &have, want, &cs);
    eos_render_changes(&r, &cs);
    qs_changes_done(&cs);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    qs_auto(eos_tree) struct eos_tree tree = { .text = NULL };
    qs_auto(val) struct qs_val *foreign = NULL;
    struct qs_resources rs = { .items = NULL };
    struct qs_err err = QS_ERR_INIT;

    if (eos_tree_parse((const char *)data, size, &tree, &err) || eos_tree_read(&tree, &rs, &foreign, &err))
        return 0;
    render_from_nothing(&rs);
    qs_resources_done(&rs);
    return 0;
}
