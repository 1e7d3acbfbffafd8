/*
 * roles/supervisor/keys (private): what the twin's devices and its operator need to trust each other, made at the first
 * start and kept until the twin is cleared: a certificate and a random password for each device, an SSH key for the
 * nodes, and STATE/credentials.json, from which the executor alone reads.
 */
#pragma once

#include "text/val.h"

struct qs_device_keys {
    char *cert, *key, *password; /* owned */
};

/* The keys of one device under `state` (inside the container: "/state"). `addresses` are for the certificate. */
enum qs_code qs_keys_device(const char *state, const char *device, const struct qs_val *addresses,
                            struct qs_device_keys *ret, struct qs_err *err) QS_MUST_CHECK;
void qs_device_keys_done(struct qs_device_keys *k);
/* Adds the device to the credentials document. */
enum qs_code qs_keys_add_credentials(struct qs_val *doc, const char *device, const struct qs_device_keys *k,
                                     struct qs_err *err) QS_MUST_CHECK;
/* Merges `doc` into STATE/credentials.json, for its owner and the executor's group alone. Entries of targets that are not in `doc` (external ones, which
 * a person put there) stay. */
enum qs_code qs_keys_write_credentials(const char *state, const struct qs_val *doc, struct qs_err *err) QS_MUST_CHECK;
/* Takes the emulated devices (those with keys under STATE/twin/keys) out of STATE/credentials.json again. */
enum qs_code qs_keys_forget(const char *state, struct qs_err *err) QS_MUST_CHECK;
/* The name every emulated device knows qs by. */
#define QS_KEYS_USER "qs"
