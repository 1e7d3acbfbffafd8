/* net/ssh: SSH keys and one command on another machine (libssh; its only user). */
#pragma once

#include <stdint.h>

#include "base/buf.h"

/* Makes an Ed25519 key pair: the private key at `path` (mode 0600, OpenSSH format). *ret_public is the line for
 * authorized_keys ("ssh-ed25519 AAAA…"), the caller's to free. An existing key is kept and read. Blocking. */
enum qs_code qs_ssh_keypair(const char *path, char **ret_public, struct qs_err *err) QS_MUST_CHECK;

struct qs_ssh_command {
    const char *address, *user, *key; /* key: path of a private key, the only way it logs in */
    uint16_t port;
    const char *command; /* for the user's shell there */
    uint64_t timeout_ms; /* for everything together */
};
/* Runs the command and appends its standard output to `output`. Blocking, safe in threads. The host key is not
 * compared: only for commands that carry no secret and whose output is not believed further than a probe's.
 * UNREACHABLE, DENIED (the key is not accepted), TIMEOUT, LIMIT (more output than the buffer's cap). */
enum qs_code qs_ssh_run(const struct qs_ssh_command *c, struct qs_buf *output, int *ret_status,
                        struct qs_err *err) QS_MUST_CHECK;
