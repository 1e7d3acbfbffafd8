#include "roles/supervisor/keys.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/id.h"
#include "net/tls.h"
#include "roles/supervisor/ids.h"
#include "text/json.h"

#define PEM_MAX 65536
#define PASSWORD_LEN 24
#define CREDENTIALS_MAX (4 << 20)

static enum qs_code read_text(const char *path, char **ret, struct qs_err *err)
{
    struct qs_buf buf = QS_BUF(PEM_MAX);
    enum qs_code code = qs_fs_read(AT_FDCWD, path, &buf, err);

    if (code)
        qs_buf_done(&buf);
    else
        *ret = qs_buf_take(&buf);
    return code;
}

static enum qs_code write_text(const char *path, const char *text, struct qs_err *err)
{
    return qs_fs_write(AT_FDCWD, path, text, strlen(text), 0600, err);
}

static char *alternative_names(const struct qs_val *addresses)
{
    qs_auto(buf) struct qs_buf alt = QS_BUF(4096);

    for (size_t i = 0; i < qs_val_count(addresses); i++) {
        const char *address = qs_val_string(qs_val_at(addresses, i), "");

        qs_buf_printf(&alt, "%sIP:%.*s", i ? "," : "", (int)strcspn(address, "/"), address);
    }
    return qs_buf_take(&alt);
}

/* The password file is written last: where it is, the pair is whole. */
static enum qs_code make(const char *folder, const char *device, const struct qs_val *addresses,
                         const char *const path[3], struct qs_err *err)
{
    qs_auto(str) char *alt = alternative_names(addresses);
    qs_auto(str) char *cert = NULL;
    qs_auto(str) char *key = NULL;
    char password[PASSWORD_LEN + 1];

    if (qs_fs_mkdirs(AT_FDCWD, folder, 0700, err) || qs_tls_selfsigned(device, alt, &cert, &key, err))
        return err->code;
    qs_random_word(password, PASSWORD_LEN);
    if (write_text(path[0], cert, err) || write_text(path[1], key, err))
        return err->code;
    return write_text(path[2], password, err);
}

enum qs_code qs_keys_device(const char *state, const char *device, const struct qs_val *addresses,
                            struct qs_device_keys *ret, struct qs_err *err)
{
    qs_auto(str) char *folder = qs_xasprintf("%s/twin/keys", state);
    qs_auto(str) char *cert = qs_xasprintf("%s/%s.crt", folder, device);
    qs_auto(str) char *key = qs_xasprintf("%s/%s.key", folder, device);
    qs_auto(str) char *password = qs_xasprintf("%s/%s.password", folder, device);
    const char *const path[3] = { cert, key, password };
    struct qs_device_keys k = { 0 };

    if (read_text(password, &k.password, err)) {
        if (err->code != QS_NOTFOUND || make(folder, device, addresses, path, err) ||
            read_text(password, &k.password, err))
            return qs_err_wrap(err, "keys of '%s'", device);
    }
    if (read_text(cert, &k.cert, err) || read_text(key, &k.key, err)) {
        qs_device_keys_done(&k);
        return qs_err_wrap(err, "keys of '%s'", device);
    }
    *ret = k;
    return QS_OK;
}

void qs_device_keys_done(struct qs_device_keys *k)
{
    free(k->cert);
    free(k->key);
    free(k->password);
    *k = (struct qs_device_keys){ 0 };
}

enum qs_code qs_keys_add_credentials(struct qs_val *doc, const char *device, const struct qs_device_keys *k,
                                     struct qs_err *err)
{
    char pin[QS_SHA256_TEXT];

    if (qs_tls_fingerprint(k->cert, pin, err))
        return err->code;
    struct qs_val *targets = qs_val_get(doc, "targets");
    if (!targets)
        targets = qs_val_set(doc, "targets", qs_val_map());
    struct qs_val *one = qs_val_set(targets, device, qs_val_map());
    qs_val_set_str(one, "user", QS_KEYS_USER);
    qs_val_set_str(one, "password", k->password);
    qs_val_set_str(one, "pin", pin);
    return QS_OK;
}

static enum qs_code read_credentials(const char *path, struct qs_val **ret, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf buf = QS_BUF(CREDENTIALS_MAX);

    if (qs_fs_read(AT_FDCWD, path, &buf, err)) {
        if (err->code != QS_NOTFOUND)
            return err->code;
        *err = QS_ERR_INIT;
        *ret = qs_val_map();
    } else if (qs_json_parse(qs_buf_text(&buf), buf.len, ret, err)) {
        return qs_err_wrap(err, "%s", path);
    }
    if (!qs_val_get(*ret, "targets"))
        (void)qs_val_set(*ret, "targets", qs_val_map());
    return QS_OK;
}

static enum qs_code write_credentials(const char *path, const struct qs_val *doc, struct qs_err *err)
{
    qs_auto(buf) struct qs_buf buf = QS_BUF(CREDENTIALS_MAX);

    qs_json_write_pretty(doc, &buf);
    return qs_fs_write(AT_FDCWD, path, qs_buf_text(&buf), buf.len, 0600, err);
}

enum qs_code qs_keys_write_credentials(const char *state, const struct qs_val *doc, struct qs_err *err)
{
    qs_auto(str) char *path = qs_xasprintf("%s/credentials.json", state);
    qs_auto(val) struct qs_val *merged = NULL;
    const struct qs_val *ours = qs_val_get(doc, "targets");

    if (read_credentials(path, &merged, err))
        return err->code;
    for (size_t i = 0; i < qs_val_count(ours); i++)
        (void)qs_val_set(qs_val_get(merged, "targets"), ours->u.pairs[i].key, qs_val_copy(ours->u.pairs[i].val));
    if (write_credentials(path, merged, err))
        return err->code;
    return qs_ids_let_read(path, qs_ids_of("executor", 0), err);
}

enum qs_code qs_keys_forget(const char *state, struct qs_err *err)
{
    qs_auto(str) char *path = qs_xasprintf("%s/credentials.json", state);
    qs_auto(str) char *keys = qs_xasprintf("%s/twin/keys", state);
    qs_auto(val) struct qs_val *doc = NULL;
    qs_auto(names) char **names = NULL;

    if (read_credentials(path, &doc, err))
        return err->code;
    if (qs_fs_list(AT_FDCWD, keys, &names, err) && err->code != QS_NOTFOUND)
        return err->code;
    *err = QS_ERR_INIT;
    struct qs_val *targets = qs_val_get(doc, "targets");
    for (char **name = names; name && *name; name++) {
        (*name)[strcspn(*name, ".")] = '\0';
        qs_val_del(targets, *name);
    }
    if (qs_val_count(targets) == 0)
        return qs_fs_remove(AT_FDCWD, path, err);
    return write_credentials(path, doc, err);
}
