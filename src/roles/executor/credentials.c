#include "roles/executor/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "text/json.h"

#define FILE_MAX (4U << 20)

struct qs_credentials {
    struct qs_val *doc;
    char *path;
};

static void wipe(struct qs_val *v)
{
    if (v && v->type == QS_STRING)
        OPENSSL_cleanse(v->u.s, strlen(v->u.s));
    for (uint32_t i = 0; v && v->type == QS_MAP && i < v->count; i++)
        wipe(v->u.pairs[i].val);
}

void qs_credentials_free(struct qs_credentials *c)
{
    if (!c)
        return;
    wipe(c->doc);
    qs_val_free(c->doc);
    free(c->path);
    free(c);
}

/* A file of somebody else's may be open to our group, which is how the twin lets its executor in and nobody else. */
static mode_t too_open(const struct stat *st)
{
    return st->st_uid != geteuid() && st->st_gid == getegid() ? 037 : 077;
}

static enum qs_code check_private(const char *path, struct qs_err *err)
{
    struct stat st;

    if (stat(path, &st)) {
        (void)qs_err_sys(err, errno == ENOENT ? QS_NOTFOUND : QS_IO, errno, "could not read the credentials in '%s'",
                         path);
        return qs_err_hint(err, "The file maps each target to its user, password and certificate pin.");
    }
    if (st.st_mode & too_open(&st)) {
        (void)qs_err_set(err, QS_DENIED, 0, "the credentials in '%s' can be read by others", path);
        return qs_err_hint(err, "Run: chmod 600 %s", path);
    }
    return QS_OK;
}

enum qs_code qs_credentials_load(const char *path, struct qs_credentials **ret, struct qs_err *err)
{
    qs_auto(credentials) struct qs_credentials *c = qs_xzalloc(sizeof(*c));
    qs_auto(buf) struct qs_buf text = QS_BUF(FILE_MAX);
    enum qs_code code;

    if (check_private(path, err) || qs_fs_read(AT_FDCWD, path, &text, err))
        return err->code;
    c->path = qs_xstrdup(path);
    code = qs_json_parse(qs_buf_text(&text), text.len, &c->doc, err);
    OPENSSL_cleanse(text.data, text.len);
    if (code)
        return qs_err_wrap(err, "credentials");
    *ret = qs_take_ptr(c);
    return QS_OK;
}

enum qs_code qs_credentials_fill(const struct qs_credentials *c, struct qs_target *t, struct qs_err *err)
{
    const struct qs_val *one = qs_val_get(qs_val_get(c->doc, "targets"), t->name);
    int64_t port = qs_val_get_int(one, "port", t->port);

    if (!one) {
        (void)qs_err_set(err, QS_DENIED, 0, "no credentials are known for it");
        return qs_err_hint(err, "Add '%s' to %s.", t->name, c->path);
    }
    if (port < 0 || port > UINT16_MAX)
        return qs_err_set(err, QS_INVALID, 0, "its port in %s is not in 0..65535", c->path);
    t->user = qs_val_get_str(one, "user", "");
    t->password = qs_val_get_str(one, "password", "");
    t->pin = qs_val_get_str(one, "pin", NULL);
    t->address = qs_val_get_str(one, "address", t->address);
    t->port = (uint16_t)port;
    return QS_OK;
}
