#include "roles/status/client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/id.h"

#define SETS 1024 /* of four: clients that are told apart at a time */
#define WAYS 4
#define UNIT 1000 /* a token in thousandths, so that slow rates fill too */

bool qs_client_trusted(const struct qs_ip *ip, const struct qs_prefix *trusted, size_t trusted_count)
{
    for (size_t i = 0; i < trusted_count; i++)
        if (qs_prefix_contains(&trusted[i], ip))
            return true;
    return false;
}

/* An address as proxies write it: bare, "1.2.3.4:567", "[2001:db8::1]", "[2001:db8::1]:567", any of them quoted. */
static bool read_address(const char *text, size_t len, struct qs_ip *ret)
{
    char copy[QS_IP_TEXT + 8], *start = copy, *end;

    while (len && (*text == ' ' || *text == '\t' || *text == '"'))
        text++, len--;
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '"'))
        len--;
    if (len >= sizeof(copy))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (*start == '[') {
        start++;
        end = strchr(start, ']');
        if (!end)
            return false;
        *end = '\0';
    } else if ((end = strchr(start, ':')) && end == strrchr(start, ':')) {
        *end = '\0';
    }
    return qs_ip_parse(start, ret);
}

/* One element of a Forwarded list: the value of its "for" parameter. */
static bool read_for(const char *text, size_t len, struct qs_ip *ret)
{
    for (size_t at = 0; at < len;) {
        size_t n = 0;

        while (at < len && (text[at] == ' ' || text[at] == ';' || text[at] == '\t'))
            at++;
        while (at + n < len && text[at + n] != ';')
            n++;
        if (n > 4 && strncasecmp(text + at, "for=", 4) == 0)
            return read_address(text + at + 4, n - 4, ret);
        at += n;
    }
    return false;
}

/* From the last element to the first: proxies append, so what stands before an untrusted one is hearsay. */
static struct qs_ip last_untrusted(const char *list, bool (*read)(const char *, size_t, struct qs_ip *),
                                   const struct qs_prefix *trusted, size_t trusted_count)
{
    struct qs_ip found = { .family = 0 }, ip;
    size_t end = strlen(list);

    for (;;) {
        size_t start = end;

        while (start > 0 && list[start - 1] != ',')
            start--;
        if (!read(list + start, end - start, &ip))
            return found;
        found = ip;
        if (start == 0 || !qs_client_trusted(&ip, trusted, trusted_count))
            return found;
        end = start - 1;
    }
}

struct qs_ip qs_client_forwarded(const char *x_forwarded, const char *forwarded, const struct qs_prefix *trusted,
                                 size_t trusted_count)
{
    if (x_forwarded)
        return last_untrusted(x_forwarded, read_address, trusted, trusted_count);
    if (forwarded)
        return last_untrusted(forwarded, read_for, trusted, trusted_count);
    return (struct qs_ip){ .family = 0 };
}

/* ---- buckets ---- */

struct bucket {
    struct qs_ip client; /* family 0: free */
    uint64_t tokens;     /* in units */
    uint64_t at_ms;
};
struct qs_limiter {
    uint64_t per_second, burst;
    uint64_t key; /* secret: nobody chooses whose bucket theirs pushes out */
    struct bucket buckets[SETS * WAYS];
};

struct qs_limiter *qs_limiter_new(uint32_t per_second, uint32_t burst)
{
    struct qs_limiter *l = qs_xzalloc(sizeof(*l));

    l->per_second = per_second ? per_second : 1;
    l->burst = burst ? burst : 1;
    qs_random(&l->key, sizeof(l->key));
    return l;
}

void qs_limiter_free(struct qs_limiter *l)
{
    free(l);
}

static struct bucket *find_bucket(struct qs_limiter *l, const struct qs_ip *client, uint64_t now_ms)
{
    uint64_t hash = l->key;
    struct bucket *set, *oldest;

    for (size_t i = 0; i < sizeof(client->bytes); i++)
        hash = (hash ^ client->bytes[i]) * UINT64_C(0x100000001b3);
    hash ^= hash >> 29;
    set = &l->buckets[hash % SETS * WAYS];
    oldest = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (qs_ip_equal(&set[i].client, client))
            return &set[i];
        if (set[i].client.family == 0 || (oldest->client.family && set[i].at_ms < oldest->at_ms))
            oldest = &set[i];
    }
    *oldest = (struct bucket){ .client = *client, .tokens = l->burst * UNIT, .at_ms = now_ms };
    return oldest;
}

uint32_t qs_limiter_take(struct qs_limiter *l, const struct qs_ip *client, uint64_t now_ms)
{
    struct qs_ip whose = *client;
    struct bucket *b;

    if (whose.family == 6)
        memset(whose.bytes + 8, 0, 8);
    b = find_bucket(l, &whose, now_ms);
    b->tokens += (now_ms - b->at_ms) * l->per_second * UNIT / 1000;
    if (b->tokens > l->burst * UNIT)
        b->tokens = l->burst * UNIT;
    b->at_ms = now_ms;
    if (b->tokens >= UNIT) {
        b->tokens -= UNIT;
        return 0;
    }
    return (uint32_t)((UNIT - b->tokens + l->per_second * UNIT - 1) / (l->per_second * UNIT));
}
