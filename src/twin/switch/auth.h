/*
 * twin/switch/auth: who speaks to eAPI: Basic credentials, or the cookie that /login gave. Accounts are those of the
 * running configuration at the moment of the request. A password that was right is remembered as a keyed digest, so
 * that clients that send it with every request do not cost a crypt(3) each time.
 */
#pragma once

#include "twin/switch/box.h"

#define QS_SW_COOKIE_LEN 40

struct qs_sw_auth;

struct qs_sw_auth *qs_sw_auth_new(const struct qs_sw_box *box);
void qs_sw_auth_free(struct qs_sw_auth *auth); /* accepts NULL */
/* The account that the headers (either may be NULL) prove, or NULL. Lives until the next call. */
const char *qs_sw_auth_check(struct qs_sw_auth *auth, const char *authorization, const char *cookie);
/* Opens a session; false when the password is wrong. */
bool qs_sw_auth_login(struct qs_sw_auth *auth, const char *user, const char *password,
                      char cookie[QS_SW_COOKIE_LEN + 1]);
void qs_sw_auth_logout(struct qs_sw_auth *auth, const char *cookie);
