/*
 * roles/executor/credentials: how each target is logged in to, from STATE/credentials.json:
 *   {"targets": {"core": {"user", "password", "pin", "address", "port"}}}
 * address and port, when given, replace those of the lab. Read anew for every operation, so that a changed password or
 * pin counts at once; wiped when freed.
 */
#pragma once

#include "converge/driver.h"

struct qs_credentials;

/* NOTFOUND (no such file), DENIED (others can read it), INVALID. */
enum qs_code qs_credentials_load(const char *path, struct qs_credentials **ret, struct qs_err *err) QS_MUST_CHECK;
void qs_credentials_free(struct qs_credentials *c); /* accepts NULL */
QS_DEFINE_AUTO(credentials, struct qs_credentials *, qs_credentials_free)
/* Fills user, password, pin, and replaces address and port. Texts live as long as `c`. DENIED: none are known. */
enum qs_code qs_credentials_fill(const struct qs_credentials *c, struct qs_target *t, struct qs_err *err) QS_MUST_CHECK;
