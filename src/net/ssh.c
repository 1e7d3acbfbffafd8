#include "net/ssh.h"

#include <libssh/libssh.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"

QS_DEFINE_AUTO(ssh_key, ssh_key, ssh_key_free)

enum qs_code qs_ssh_keypair(const char *path, char **ret_public, struct qs_err *err)
{
    qs_auto(ssh_key) ssh_key key = NULL;
    char *base64 = NULL;

    if (access(path, F_OK) == 0) {
        if (ssh_pki_import_privkey_file(path, NULL, NULL, NULL, &key) != SSH_OK)
            return qs_err_set(err, QS_INVALID, 0, "'%s' is no usable SSH private key", path);
    } else {
        if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) != SSH_OK)
            return qs_err_set(err, QS_INTERNAL, 0, "could not make an SSH key");
        mode_t before = umask(0077);
        int rc = ssh_pki_export_privkey_file(key, NULL, NULL, NULL, path);

        (void)umask(before);
        if (rc != SSH_OK)
            return qs_err_set(err, QS_IO, 0, "could not write the SSH key '%s'", path);
    }
    if (ssh_pki_export_pubkey_base64(key, &base64) != SSH_OK)
        return qs_err_set(err, QS_INTERNAL, 0, "could not print the public half of '%s'", path);
    *ret_public = qs_xasprintf("ssh-ed25519 %s", base64);
    ssh_string_free_char(base64);
    return QS_OK;
}
