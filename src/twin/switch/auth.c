#include "twin/switch/auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/id.h"
#include "base/str.h"

#define REMEMBERED 8
#define SESSIONS 64
#define SESSION_MS (1440 * 60 * UINT64_C(1000)) /* EOS: session timeout 1440 minutes */
#define CREDENTIALS_MAX 512

struct session {
    char cookie[QS_SW_COOKIE_LEN + 1]; /* "": free */
    char *user;
    uint64_t until_ms;
};
struct qs_sw_auth {
    const struct qs_sw_box *box;
    unsigned char key[32]; /* of the digests, made anew with every process */
    char digests[REMEMBERED][QS_SHA256_TEXT];
    unsigned next;
    struct session sessions[SESSIONS];
    char user[CREDENTIALS_MAX];
};

struct qs_sw_auth *qs_sw_auth_new(const struct qs_sw_box *box)
{
    struct qs_sw_auth *auth = qs_xzalloc(sizeof(*auth));

    auth->box = box;
    qs_random(auth->key, sizeof(auth->key));
    return auth;
}

void qs_sw_auth_free(struct qs_sw_auth *auth)
{
    if (!auth)
        return;
    for (unsigned i = 0; i < SESSIONS; i++)
        free(auth->sessions[i].user);
    explicit_bzero(auth, sizeof(*auth));
    free(auth);
}

/* --- passwords --- */

static void digest_of(const struct qs_sw_auth *auth, const struct qs_sw_user *u, const char *password,
                      char hex[QS_SHA256_TEXT])
{
    qs_auto(buf) struct qs_buf b = QS_BUF(4096);

    qs_buf_add(&b, auth->key, sizeof(auth->key));
    qs_buf_add(&b, u->name, strlen(u->name) + 1);
    qs_buf_add(&b, u->secret, strlen(u->secret) + 1); /* a new secret makes the digest worthless */
    qs_buf_add(&b, password, strlen(password));
    (void)qs_sha256_hex(b.data, b.len, hex);
    explicit_bzero(b.data, b.len);
}

static bool is_right(struct qs_sw_auth *auth, const char *user, const char *password)
{
    const struct qs_sw_user *u = qs_sw_config_user(auth->box->running, user);
    char hex[QS_SHA256_TEXT];

    if (!u || !u->secret)
        return u && qs_sw_user_verify(u, password);
    digest_of(auth, u, password, hex);
    for (unsigned i = 0; i < REMEMBERED; i++)
        if (qs_streq(auth->digests[i], hex))
            return true;
    if (!qs_sw_user_verify(u, password))
        return false;
    memcpy(auth->digests[auth->next++ % REMEMBERED], hex, sizeof(hex));
    return true;
}

/* --- Basic (RFC 7617) --- */

static int base64_value(char c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *p = c ? strchr(alphabet, c) : NULL;

    return p ? (int)(p - alphabet) : -1;
}

/* Decodes into a text of at most `size` - 1 bytes; false on anything that is no base64 of a text. */
static bool decode(const char *text, char *ret, size_t size)
{
    unsigned bits = 0, held = 0;
    size_t len = 0;

    for (; *text && *text != '='; text++) {
        int v = base64_value(*text);

        if (v < 0)
            return false;
        held = held << 6 | (unsigned)v;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        if (len + 1 >= size || (held >> bits & 0xff) == 0)
            return false;
        ret[len++] = (char)(held >> bits & 0xff);
    }
    ret[len] = '\0';
    return strspn(text, "=") == strlen(text);
}

static const char *check_basic(struct qs_sw_auth *auth, const char *header)
{
    char text[CREDENTIALS_MAX], *colon;
    bool right;

    if (strncasecmp(header, "Basic ", 6) != 0 || !decode(header + 6, text, sizeof(text)))
        return NULL;
    colon = strchr(text, ':');
    if (!colon)
        return NULL;
    *colon = '\0';
    right = is_right(auth, text, colon + 1);
    (void)snprintf(auth->user, sizeof(auth->user), "%s", text);
    explicit_bzero(text, sizeof(text));
    return right ? auth->user : NULL;
}

/* --- cookies --- */

static struct session *find_session(struct qs_sw_auth *auth, const char *header)
{
    const char *value = header ? strstr(header, "Session=") : NULL;
    size_t len;

    if (!value)
        return NULL;
    value += strlen("Session=");
    len = strcspn(value, "; ");
    for (unsigned i = 0; len == QS_SW_COOKIE_LEN && i < SESSIONS; i++)
        if (memcmp(auth->sessions[i].cookie, value, len) == 0 && auth->sessions[i].until_ms > auth->box->now_ms())
            return &auth->sessions[i];
    return NULL;
}

static void end_session(struct session *s)
{
    free(s->user);
    *s = (struct session){ 0 };
}

/* A free place, or that of the session that would end first. */
static struct session *place(struct qs_sw_auth *auth)
{
    struct session *first = &auth->sessions[0];

    for (unsigned i = 1; i < SESSIONS; i++)
        if (auth->sessions[i].until_ms < first->until_ms)
            first = &auth->sessions[i];
    end_session(first);
    return first;
}

bool qs_sw_auth_login(struct qs_sw_auth *auth, const char *user, const char *password,
                      char cookie[QS_SW_COOKIE_LEN + 1])
{
    struct session *s;

    if (!is_right(auth, user, password))
        return false;
    s = place(auth);
    *s = (struct session){ .user = qs_xstrdup(user), .until_ms = auth->box->now_ms() + SESSION_MS };
    qs_random_word(s->cookie, QS_SW_COOKIE_LEN);
    memcpy(cookie, s->cookie, QS_SW_COOKIE_LEN + 1);
    return true;
}

void qs_sw_auth_logout(struct qs_sw_auth *auth, const char *cookie)
{
    struct session *s = find_session(auth, cookie);

    if (s)
        end_session(s);
}

const char *qs_sw_auth_check(struct qs_sw_auth *auth, const char *authorization, const char *cookie)
{
    const struct session *s;

    if (authorization)
        return check_basic(auth, authorization);
    s = find_session(auth, cookie);
    return s && qs_sw_config_user(auth->box->running, s->user) ? s->user : NULL;
}
