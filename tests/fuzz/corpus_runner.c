/* Runs a fuzz target over every file of the folders and files named: the corpus as an ordinary test. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/fs.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static int run_file(const char *path)
{
    struct qs_buf buf = QS_BUF(16 << 20);
    struct qs_err err = QS_ERR_INIT;

    if (qs_fs_read(AT_FDCWD, path, &buf, &err)) {
        (void)fprintf(stderr, "%s: %s\n", path, err.msg);
        return 1;
    }
    (void)LLVMFuzzerTestOneInput((const unsigned char *)qs_buf_text(&buf), buf.len);
    qs_buf_done(&buf);
    return 0;
}

int main(int argc, char **argv)
{
    int bad = 0, ran = 0;

    for (int i = 1; i < argc; i++) {
        struct dirent *e;
        DIR *dir = opendir(argv[i]);

        while (dir && (e = readdir(dir))) {
            char path[4096];

            (void)snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
            if (e->d_name[0] == '.')
                continue;
            bad |= run_file(path);
            ran++;
        }
        if (dir)
            (void)closedir(dir);
    }
    (void)fprintf(stderr, "%d inputs\n", ran);
    return bad || ran == 0; /* an empty corpus is a mistake */
}
