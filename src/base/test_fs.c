#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fs.h"

static void a_file_is_read_up_to_the_cap_and_not_beyond(void **state)
{
    static const struct {
        const char *label;
        size_t file, cap;
        enum qs_code want;
    } rows[] = {
        { "empty", 0, 10, QS_OK },
        { "far below a small cap", 5, 4096, QS_OK },
        { "one below", 9, 10, QS_OK },
        { "exactly", 10, 10, QS_OK },
        { "one above", 11, 10, QS_LIMIT },
        { "several steps", 200000, 1 << 20, QS_OK },
        { "several steps, exactly", 200000, 200000, QS_OK },
        { "several steps, above", 200001, 200000, QS_LIMIT },
    };
    char folder[] = "/tmp/qs-fs-XXXXXX";
    struct qs_err err = QS_ERR_INIT;
    int dirfd = -1;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(qs_fs_opendir(AT_FDCWD, folder, false, &dirfd, &err), QS_OK);
    for (size_t i = 0; i < QS_COUNT(rows); i++) {
        qs_auto(str) char *data = qs_xzalloc(rows[i].file + 1);
        qs_auto(buf) struct qs_buf buf = QS_BUF(rows[i].cap);

        memset(data, 'x', rows[i].file);
        assert_int_equal(qs_fs_write(dirfd, "f", data, rows[i].file, 0600, &err), QS_OK);
        if (qs_fs_read(dirfd, "f", &buf, &err) != rows[i].want)
            fail_msg("%s: %s", rows[i].label, err.msg);
        if (rows[i].want == QS_OK && (buf.len != rows[i].file || strlen(qs_buf_text(&buf)) != rows[i].file))
            fail_msg("%s: %zu bytes", rows[i].label, buf.len);
    }
    qs_fd_close(dirfd);
    assert_int_equal(qs_fs_remove(AT_FDCWD, folder, &err), QS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_file_is_read_up_to_the_cap_and_not_beyond) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
