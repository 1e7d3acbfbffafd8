#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "os/ns.h"
#include "os/spawn.h"
#include "twin/node/root.h"

/* A state folder that holds a small archive in place of Debian's. */
struct box {
    char state[32];
};

static void sh(const char *script)
{
    const char *argv[] = { "/bin/sh", "-e", "-c", script, NULL };
    struct qs_spawn s = QS_SPAWN_INIT;
    struct qs_err err = QS_ERR_INIT;
    int status = -1;

    s.argv = argv;
    assert_int_equal(qs_spawn_run(&s, NULL, NULL, 10000, &status, &err), QS_OK);
    assert_int_equal(status, 0);
}

static int setup(void **state)
{
    static struct box box;

    box = (struct box){ "/tmp/qs-root-XXXXXX" };
    *state = &box;
    assert_non_null(mkdtemp(box.state));
    qs_auto(str) char *script = qs_xasprintf("cd %s; mkdir -p roots src/etc src/bin; echo one > src/etc/f; "
                                             "echo x > src/bin/tool; chmod 4755 src/bin/tool; "
                                             "tar -C src -cf roots/base.tar .; rm -r src; "
                                             "printf 'recipe 1\\n' > roots/base.recipe",
                                             box.state);
    sh(script);
    return 0;
}

static int teardown(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;

    return qs_fs_remove(AT_FDCWD, box->state, &err);
}

static void last_percent(void *arg, const char *what, unsigned percent)
{
    unsigned *ret = arg;

    (void)what;
    assert_true(percent >= *ret && percent <= 100);
    *ret = percent;
}

static char *path(const struct box *box, const char *name)
{
    return qs_xasprintf("%s/roots/%s", box->state, name);
}

static void unpacking_keeps_modes_and_ends_at_100_percent(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;
    qs_auto(str) char *tool = path(box, "base/bin/tool");
    qs_auto(str) char *temp = path(box, "base.new");
    unsigned percent = 0;
    struct stat st;

    assert_int_equal(qs_twin_root_unpack(box->state, last_percent, &percent, &err), QS_OK);
    assert_int_equal(percent, 100);
    assert_int_equal(stat(tool, &st), 0);
    assert_int_equal(st.st_mode & 07777, 04755);
    assert_int_equal(access(temp, F_OK), -1);
}

static void the_same_recipe_is_not_unpacked_again_and_another_is(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;
    qs_auto(str) char *mark = path(box, "base/mark");
    qs_auto(str) char *touch = qs_xasprintf("touch %s", mark);
    qs_auto(str) char *change = qs_xasprintf("printf 'recipe 2\\n' > %s/roots/base.recipe", box->state);

    assert_int_equal(qs_twin_root_unpack(box->state, NULL, NULL, &err), QS_OK);
    sh(touch);
    assert_int_equal(qs_twin_root_unpack(box->state, NULL, NULL, &err), QS_OK);
    assert_int_equal(access(mark, F_OK), 0);
    sh(change);
    assert_int_equal(qs_twin_root_unpack(box->state, NULL, NULL, &err), QS_OK);
    assert_int_equal(access(mark, F_OK), -1);
}

static void a_broken_archive_leaves_the_old_root(void **state)
{
    struct box *box = *state;
    struct qs_err err = QS_ERR_INIT;
    qs_auto(str) char *old = path(box, "base/etc/f");
    qs_auto(str) char *spoil = qs_xasprintf("cd %s/roots; printf 'recipe 3\\n' > base.recipe; echo junk > base.tar",
                                            box->state);

    assert_int_equal(qs_twin_root_unpack(box->state, NULL, NULL, &err), QS_OK);
    sh(spoil);
    assert_int_equal(qs_twin_root_unpack(box->state, NULL, NULL, &err), QS_REFUSED);
    assert_non_null(strstr(err.msg, "does not look like a tar archive"));
    assert_int_equal(access(old, F_OK), 0);
}

static void without_an_archive_it_says_so(void **state)
{
    struct qs_err err = QS_ERR_INIT;

    (void)state;
    assert_int_equal(qs_twin_root_unpack("/nonexistent", NULL, NULL, &err), QS_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unpacking_keeps_modes_and_ends_at_100_percent, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_recipe_is_not_unpacked_again_and_another_is, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_archive_leaves_the_old_root, setup, teardown),
        cmocka_unit_test(without_an_archive_it_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
