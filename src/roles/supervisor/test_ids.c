#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "os/sandbox.h"
#include "roles/supervisor/ids.h"
#include "roles/table.h"

/* Every process, with as many of a kind as a lab may have; only a node is root. */
static void no_two_processes_share_an_id(void **state)
{
    const unsigned most = 10;
    unsigned seen[256];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; qs_role_at(i); i++) {
        const char *role = qs_role_at(i)->name;
        bool single = qs_streq(role, "executor") || qs_streq(role, "status");

        for (size_t n = 0; n < (single ? 1 : most); n++) {
            unsigned id = qs_ids_of(role, n);

            if (qs_streq(role, "twin-node")) {
                assert_int_equal(id, 0);
                continue;
            }
            assert_in_range(id, QS_SANDBOX_GROUP + 1, 65533);
            for (size_t k = 0; k < count; k++)
                assert_int_not_equal(id, seen[k]);
            seen[count++] = id;
        }
    }
    assert_int_equal(count, 2 + 3 * most);
}

static void assert_is(const char *folder, const char *name, uid_t uid, gid_t gid, mode_t mode)
{
    qs_auto(str) char *path = qs_xasprintf("%s/%s", folder, name);
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(st.st_uid, uid);
    assert_int_equal(st.st_gid, gid);
    assert_int_equal(st.st_mode & 07777, mode);
}

static void what_is_given_is_given_whole_and_through_no_link(void **state)
{
    char folder[] = "/tmp/qs-ids-XXXXXX";
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    if (getuid() != 0)
        skip();
    assert_non_null(mkdtemp(folder));
    qs_auto(str) char *part = qs_xasprintf("%s/part", folder);
    qs_auto(str) char *file = qs_xasprintf("%s/part/startup", folder);
    qs_auto(str) char *secret = qs_xasprintf("%s/secret", folder);
    qs_auto(str) char *link = qs_xasprintf("%s/part/link", folder);
    assert_int_equal(qs_fs_mkdirs(AT_FDCWD, part, 0755, &err), QS_OK);
    assert_int_equal(qs_fs_write(AT_FDCWD, file, "x", 1, 0600, &err), QS_OK);
    assert_int_equal(qs_fs_write(AT_FDCWD, secret, "x", 1, 0600, &err), QS_OK);
    assert_int_equal(symlink("../secret", link), 0);

    assert_int_equal(qs_ids_give_folder(part, 65100, &err), QS_OK);
    assert_is(part, "", 65100, 65100, 0755);
    assert_is(part, "startup", 65100, 65100, 0600);
    assert_is(folder, "secret", 0, 0, 0600);
    assert_int_equal(qs_ids_let_read(secret, 65001, &err), QS_OK);
    assert_is(folder, "secret", 0, 65001, 0640);
    assert_int_equal(qs_ids_open_state(folder, &err), QS_OK);
    assert_is(folder, "", 0, QS_SANDBOX_GROUP, 0710);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chown(folder, 0, 0), 0);
    assert_int_equal(qs_ids_open_state(folder, &err), QS_OK);
    assert_is(folder, "", 0, 0, 0755);
    assert_int_equal(qs_fs_remove(AT_FDCWD, folder, &err), QS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_processes_share_an_id),
        cmocka_unit_test(what_is_given_is_given_whole_and_through_no_link),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
