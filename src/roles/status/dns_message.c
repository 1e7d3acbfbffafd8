#include "roles/status/dns_message.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define HEADER 12
#define JUMPS_MAX 16 /* compression pointers followed in one name */
#define NAME_MAX_BYTES 255
#define TYPE_A 1
#define TYPE_NS 2
#define TYPE_CNAME 5
#define TYPE_SOA 6
#define TYPE_PTR 12
#define TYPE_MX 15
#define TYPE_TXT 16
#define TYPE_AAAA 28

static const struct {
    const char *name;
    uint16_t type;
} types[] = {
    { "A", TYPE_A },   { "AAAA", TYPE_AAAA }, { "CNAME", TYPE_CNAME }, { "NS", TYPE_NS },
    { "MX", TYPE_MX }, { "TXT", TYPE_TXT },   { "SOA", TYPE_SOA },     { "PTR", TYPE_PTR },
};
static const char *const rcodes[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED" };

struct reader {
    const unsigned char *data;
    size_t len, at;
    bool bad;
};

uint16_t qs_dns_type(const char *name)
{
    for (size_t i = 0; i < QS_COUNT(types); i++)
        if (strcasecmp(types[i].name, name) == 0)
            return types[i].type;
    return 0;
}

static void put16(unsigned char *p, unsigned v)
{
    p[0] = (unsigned char)(v >> 8);
    p[1] = (unsigned char)v;
}

size_t qs_dns_question(uint16_t id, const char *name, uint16_t type, unsigned char packet[QS_DNS_MAX])
{
    size_t at = HEADER;

    memset(packet, 0, HEADER);
    put16(packet, id);
    packet[2] = 1; /* recursion desired */
    packet[5] = 1; /* one question */
    while (*name) {
        size_t n = strcspn(name, ".");

        if (n == 0 || n > 63 || at + n + 1 > HEADER + NAME_MAX_BYTES - 1)
            return 0;
        packet[at++] = (unsigned char)n;
        memcpy(packet + at, name, n);
        at += n;
        name += n + (name[n] == '.');
    }
    packet[at++] = 0;
    put16(packet + at, type);
    put16(packet + at + 2, 1); /* IN */
    return at + 4;
}

static unsigned get8(struct reader *r)
{
    if (r->at >= r->len) {
        r->bad = true;
        return 0;
    }
    return r->data[r->at++];
}

static unsigned get16(struct reader *r)
{
    unsigned high = get8(r);

    return high << 8 | get8(r);
}

static void skip(struct reader *r, size_t n)
{
    if (n > r->len - r->at)
        r->bad = true;
    else
        r->at += n;
}

/* A name as text; labels with bytes that do not print become "?". `text` may be NULL. */
static void get_name(struct reader *r, char *text, size_t size)
{
    struct reader walk = *r;
    unsigned jumps = 0;
    size_t used = 0;

    while (!walk.bad) {
        unsigned n = get8(&walk);

        if (n >= 0xc0) {
            size_t to = (n & 0x3f) << 8 | get8(&walk);

            if (jumps++ == 0)
                r->at = walk.at;
            walk.at = to;
            walk.bad = walk.bad || jumps > JUMPS_MAX || to >= walk.len;
            continue;
        }
        if (n == 0 || n > 63) {
            walk.bad = walk.bad || n > 63;
            break;
        }
        for (unsigned i = 0; i < n + 1 && !walk.bad; i++) {
            unsigned c = i < n ? get8(&walk) : '.';

            if (text && used + 1 < size)
                text[used++] = c > 0x20 && c < 0x7f ? (char)c : '?';
        }
    }
    if (text)
        text[used && text[used - 1] == '.' ? used - 1 : used] = '\0';
    if (jumps == 0)
        r->at = walk.at;
    r->bad = walk.bad;
}

static void get_address(struct reader *r, unsigned size, char text[256])
{
    struct qs_ip ip = { .family = size == 4 ? 4 : 6 };
    char written[QS_IP_TEXT];

    for (unsigned i = 0; i < size; i++)
        ip.bytes[i] = (uint8_t)get8(r);
    (void)snprintf(text, 256, "%s", qs_ip_text(&ip, written));
}

static void get_text(struct reader *r, char text[256])
{
    unsigned n = get8(r), i;

    for (i = 0; i < n && i < 255 && !r->bad; i++) {
        unsigned c = get8(r);

        text[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    text[i] = '\0';
}

/* The data of one record as text; false when the type has no text form here or the data is cut. */
static bool get_data(struct reader *r, unsigned type, char text[256])
{
    switch (type) {
    case TYPE_A:
        get_address(r, 4, text);
        break;
    case TYPE_AAAA:
        get_address(r, 16, text);
        break;
    case TYPE_MX:
        skip(r, 2);
        get_name(r, text, 256);
        break;
    case TYPE_TXT:
        get_text(r, text);
        break;
    default: /* NS, CNAME, PTR, and of SOA the primary server */
        get_name(r, text, 256);
    }
    return !r->bad;
}

static void read_answer(struct reader *r, uint16_t type, struct qs_dns_reply *ret)
{
    get_name(r, NULL, 0);
    unsigned got = get16(r);
    skip(r, 6); /* class and time to live */
    size_t size = get16(r);
    struct reader data = *r; /* names in it may point back into the whole packet */

    skip(r, size);
    if (r->bad || got != type || ret->count == QS_DNS_TEXTS)
        return;
    if (get_data(&data, type, ret->texts[ret->count]))
        ret->count++;
}

bool qs_dns_reply_read(const unsigned char *packet, size_t len, uint16_t type, struct qs_dns_reply *ret)
{
    struct reader r = { .data = packet, .len = len };

    *ret = (struct qs_dns_reply){ .id = (uint16_t)get16(&r) };
    unsigned flags = get16(&r), questions = get16(&r), answers = get16(&r);
    unsigned code = flags & 15;

    skip(&r, 4);
    if (r.bad || !(flags & 0x8000))
        return false;
    if (code < QS_COUNT(rcodes))
        (void)snprintf(ret->rcode, sizeof(ret->rcode), "%s", rcodes[code]);
    else
        (void)snprintf(ret->rcode, sizeof(ret->rcode), "RCODE%u", code);
    for (unsigned i = 0; i < questions && !r.bad; i++) {
        get_name(&r, NULL, 0);
        skip(&r, 4);
    }
    for (unsigned i = 0; i < answers && !r.bad; i++)
        read_answer(&r, type, ret);
    return !r.bad;
}
