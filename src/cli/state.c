#include "cli/state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"

enum qs_code qs_cli_claim_state(const struct qs_cli *cli, bool make, struct qs_err *err)
{
    qs_auto(str) char *path = qs_xasprintf("%s/site", cli->state);
    qs_auto(buf) struct qs_buf buf = QS_BUF(256);

    if (qs_fs_read(AT_FDCWD, path, &buf, err) == QS_OK) {
        if (buf.len > 0)
            buf.data[strcspn(buf.data, "\n")] = '\0';
        if (qs_streq(qs_buf_text(&buf), cli->site))
            return QS_OK;
        (void)qs_err_set(err, QS_CONFLICT, 0, "the state folder '%s' belongs to site '%s', not '%s'", cli->state,
                         qs_buf_text(&buf), cli->site);
        return qs_err_hint(err, "Give each site a folder of its own with --state.");
    }
    if (err->code != QS_NOTFOUND)
        return err->code;
    *err = QS_ERR_INIT;
    if (!make)
        return QS_OK;
    qs_buf_clear(&buf);
    qs_buf_printf(&buf, "%s\n", cli->site);
    if (qs_fs_mkdirs(AT_FDCWD, cli->state, 0755, err))
        return err->code;
    return qs_fs_write(AT_FDCWD, path, buf.data, buf.len, 0644, err);
}
