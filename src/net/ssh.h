/* net/ssh: SSH keys (libssh; its only user). */
#pragma once

#include "base/err.h"

/* Makes an Ed25519 key pair: the private key at `path` (mode 0600, OpenSSH format). *ret_public is the line for
 * authorized_keys ("ssh-ed25519 AAAA…"), the caller's to free. An existing key is kept and read. Blocking. */
enum qs_code qs_ssh_keypair(const char *path, char **ret_public, struct qs_err *err) QS_MUST_CHECK;
