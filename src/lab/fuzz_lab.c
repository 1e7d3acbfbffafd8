/* A whole lab in one input: files after lines "%% PATH". It is refused with problems that have places, or it is a lab
 * whose schemas and look-ups hold. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lab/lab_int.h"

#define FILES_MAX 64

/* Cuts the text at its markers; what is before the first is dropped. */
static size_t cut(char *text, struct lab_file *files)
{
    size_t count = 0;

    for (char *at = text; at && count < FILES_MAX;) {
        char *mark = strncmp(at, "%% ", 3) == 0 ? at : strstr(at, "\n%% ");
        char *path, *end;

        if (!mark)
            break;
        path = mark + (mark[0] == '\n' ? 4 : 3);
        end = strchr(path, '\n');
        if (!end)
            break;
        *mark = *end = '\0';
        if (count)
            files[count - 1].len = strlen(files[count - 1].text);
        files[count++] = (struct lab_file){ path, end + 1, strlen(end + 1) };
        at = end + 1;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static struct qs_problems problems;
    struct lab_file files[FILES_MAX];
    struct qs_err err = QS_ERR_INIT;
    qs_auto(lab) struct qs_lab *lab = NULL;
    qs_auto(str) char *text = qs_xstrndup((const char *)data, size);
    size_t count = cut(text, files);
    enum qs_code code = lab_load_files(files, count, "lab", "twin", &lab, &problems, &err);

    if (code == QS_INVALID && !problems.count)
        abort();
    for (size_t i = 0; i < problems.count; i++)
        if (!problems.items[i].at.file || !problems.items[i].at.line || !problems.items[i].text[0])
            abort();
    for (size_t i = 0; !code && i < lab->node_count; i++)
        if (qs_lab_node(lab, lab->nodes[i].name) != &lab->nodes[i])
            abort();
    return 0;
}
