/* The reader of single values: words, numbers, addresses, references, and lists of them. */
#include "lab/lab_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define TEXT_MAX 4096
#define WORDS_MAX 64 /* candidates for "did you mean" */

/* ---- scalars ---- */

bool lab_is_clean(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            return false;
    return true;
}

static bool is_name(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(text) &&
           !strchr("._-", text[0]) && text[0];
}

/* The string of the slot, or NULL after a problem. Control characters end here: texts reach device configurations
 * line by line. */
static const char *text_of(const struct lab_slot *s, const char *what)
{
    const char *text = s->val->type == QS_STRING ? s->val->u.s : NULL;
    size_t most = s->field->max ? (size_t)s->field->max : TEXT_MAX;

    if (!text) {
        struct qs_problem *p = lab_expected(s, what);

        if (s->val->type == QS_INT || s->val->type == QS_REAL || s->val->type == QS_BOOL)
            lab_hint(p, "Put the value in quotes.");
        return NULL;
    }
    if (!*text || strlen(text) > most) {
        (void)lab_complain(s, "must have 1 to %zu characters, not %zu", most, strlen(text));
        return NULL;
    }
    if (!lab_is_clean(text)) {
        lab_hint(lab_complain(s, "must not hold line breaks or control characters"), "Use '>-' to fold long text.");
        return NULL;
    }
    return text;
}

static void keep_text(const struct lab_slot *s, const char *text)
{
    *(char **)s->out = lab_strdup(&s->box->arena, text);
}

void lab_read_text(const struct lab_slot *s)
{
    const char *text = text_of(s, "a text");

    if (text)
        keep_text(s, text);
}

static void read_word(const struct lab_slot *s)
{
    const char *text;

    if (s->val->type == QS_INT) {
        *(char **)s->out = lab_printf(&s->box->arena, "%" PRId64, s->val->u.i);
        return;
    }
    text = text_of(s, "a word");
    if (text && strchr(text, ' '))
        (void)lab_expected(s, "one word");
    else if (text)
        keep_text(s, text);
}

static void read_name(const struct lab_slot *s)
{
    const char *text = text_of(s, "a name");

    if (text && !is_name(text))
        lab_hint(lab_expected(s, "a name"),
                 "Names begin with a letter or digit and go on with those, '.', '_' and '-'.");
    else if (text)
        keep_text(s, text);
}

static bool is_listed(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (qs_streq(*words, text))
            return true;
    return false;
}

static void read_choice(const struct lab_slot *s)
{
    const char *text = text_of(s, "a word");

    if (text && !is_listed(text, s->field->words))
        lab_hint_words(lab_complain(s, "'%s' is unknown", text), text, s->field->words, "words");
    else if (text)
        keep_text(s, text);
}

static void read_colour(const struct lab_slot *s)
{
    const char *text = text_of(s, "a colour");

    if (text && (strlen(text) != 7 || text[0] != '#' || strspn(text + 1, "0123456789abcdefABCDEF") != 6))
        (void)lab_expected(s, "a colour like \"#2563eb\"");
    else if (text)
        keep_text(s, text);
}

static void read_adr(const struct lab_slot *s)
{
    const char *text = text_of(s, "the number of a decision record");

    if (text && (strlen(text) != 4 || strspn(text, "0123456789") != 4))
        (void)lab_expected(s, "the number of a decision record like \"0008\"");
    else if (text)
        keep_text(s, text);
}

static void read_key(const struct lab_slot *s)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *text = text_of(s, "a WireGuard public key");

    if (text && (strlen(text) != 44 || strspn(text, base64) != 43 || text[43] != '='))
        lab_hint(lab_expected(s, "a WireGuard public key"), "It is 44 characters of base64: what `wg pubkey` prints.");
    else if (text)
        keep_text(s, text);
}

static void read_sited(const struct lab_slot *s)
{
    struct lab_slot one = *s;

    if (s->val->type != QS_MAP) {
        lab_read_text(s);
        return;
    }
    for (uint32_t i = 0; i < s->val->count; i++) {
        const struct qs_pair *pair = &s->val->u.pairs[i];
        char *other = NULL;
        bool here = qs_streq(pair->key, s->box->lab.site);

        one.val = pair->val;
        one.out = here ? s->out : (void *)&other;
        lab_read_text(&one);
        if (!is_listed(pair->key, (const char *const *)s->box->sites)) {
            struct qs_at at = { s->file, pair->line, pair->col };

            lab_hint_words(lab_problem(s->box, &at, "%s: '%s' is no site", s->field->key, pair->key), pair->key,
                           (const char *const *)s->box->sites, "sites");
        }
    }
}

static void read_bool(const struct lab_slot *s)
{
    if (s->val->type == QS_BOOL)
        *(bool *)s->out = s->val->u.b;
    else
        (void)lab_expected(s, "true or false");
}

static bool number_of(const struct lab_slot *s, uint64_t *ret)
{
    const struct lab_field *f = s->field;
    char what[96];

    if (s->val->type == QS_INT && s->val->u.i >= 0 && (uint64_t)s->val->u.i >= f->min &&
        (uint64_t)s->val->u.i <= f->max) {
        *ret = (uint64_t)s->val->u.i;
        return true;
    }
    (void)snprintf(what, sizeof(what), "a whole number from %" PRIu64 " to %" PRIu64, f->min, f->max);
    (void)lab_expected(s, what);
    return false;
}

void lab_keep_number(const struct lab_field *f, void *out, uint64_t n)
{
    if (f->type == LAB_BOOL)
        *(bool *)out = n != 0;
    else if (f->type == LAB_U8)
        *(uint8_t *)out = (uint8_t)n;
    else if (f->type == LAB_U16)
        *(uint16_t *)out = (uint16_t)n;
    else if (f->type == LAB_MS)
        *(uint64_t *)out = n;
    else
        *(unsigned *)out = (unsigned)n;
}

static void read_number(const struct lab_slot *s)
{
    uint64_t n;

    if (number_of(s, &n))
        lab_keep_number(s->field, s->out, n);
}

static void read_duration(const struct lab_slot *s)
{
    uint64_t ms, unit = s->field->type == LAB_SECONDS ? 1000 : 1;

    if (s->val->type == QS_STRING && qs_parse_duration_ms(s->val->u.s, &ms) && ms / unit >= s->field->min &&
        ms / unit <= s->field->max)
        lab_keep_number(s->field, s->out, ms / unit);
    else
        (void)lab_expected(s, "a time like 30s, 5m or 2h within its limits");
}

static void read_speed(const struct lab_slot *s)
{
    static const struct {
        const char *text;
        uint32_t mbit;
    } speeds[] = { { "100M", 100 },  { "1G", 1000 },   { "2.5G", 2500 },   { "10G", 10000 },   { "25G", 25000 },
                   { "40G", 40000 }, { "50G", 50000 }, { "100G", 100000 }, { "200G", 200000 }, { "400G", 400000 } };

    for (size_t i = 0; s->val->type == QS_STRING && i < QS_COUNT(speeds); i++) {
        if (qs_streq(s->val->u.s, speeds[i].text)) {
            *(uint32_t *)s->out = speeds[i].mbit;
            return;
        }
    }
    (void)lab_expected(s, "a speed like 1G, 10G or 40G");
}

/* ---- addresses ---- */

static void read_ip(const struct lab_slot *s)
{
    if (s->val->type != QS_STRING || !qs_ip_parse(s->val->u.s, s->out))
        (void)lab_expected(s, "an address like 10.0.20.1");
}

static void read_ip4(const struct lab_slot *s)
{
    struct qs_prefix *p = s->out;
    struct qs_ip ip = { 0 };

    if (s->val->type == QS_STRING && qs_ip_parse(s->val->u.s, &ip) && ip.family == 4)
        *p = (struct qs_prefix){ ip, 32 };
    else
        (void)lab_expected(s, "an IPv4 address like 10.0.20.1");
}

static void read_prefix(const struct lab_slot *s)
{
    static const struct {
        enum lab_type type;
        uint8_t family;
        bool network;
        const char *what;
    } rows[] = {
        { LAB_ADDRESS4, 4, false, "an IPv4 address with its length like 10.0.20.1/24" },
        { LAB_ADDRESS6, 6, false, "an IPv6 address with its length like fd00:20::1/64" },
        { LAB_NETWORK4, 4, true, "an IPv4 network like 10.0.20.0/24" },
        { LAB_NETWORK6, 6, true, "an IPv6 network like fd00:20::/64" },
        { LAB_NETWORK, 0, true, "a network like 10.0.20.0/24" },
    };
    struct qs_prefix p;
    size_t i = 0;

    while (rows[i].type != s->field->type)
        i++;
    if (s->val->type != QS_STRING || !qs_prefix_parse(s->val->u.s, &p) ||
        (rows[i].family && p.ip.family != rows[i].family)) {
        (void)lab_expected(s, rows[i].what);
        return;
    }
    if (rows[i].network && !qs_prefix_is_network(&p)) {
        struct qs_prefix net = qs_prefix_network(&p);
        char text[QS_IP_TEXT];

        lab_hint(lab_expected(s, rows[i].what), "Did you mean %s?", qs_prefix_text(&net, text));
        return;
    }
    *(struct qs_prefix *)s->out = p;
}

static void read_mac(const struct lab_slot *s)
{
    if (s->val->type != QS_STRING || !qs_mac_parse(s->val->u.s, s->out))
        (void)lab_expected(s, "a MAC address like \"02:71:73:00:11:01\"");
}

static void read_address(const struct lab_slot *s)
{
    struct qs_prefix p;
    struct qs_ip ip;

    if (s->val->type == QS_STRING && (qs_ip_parse(s->val->u.s, &ip) || qs_prefix_parse(s->val->u.s, &p)))
        keep_text(s, s->val->u.s);
    else
        (void)lab_expected(s, "an address or a network");
}

/* ---- references ---- */

/* What a reference names, for people: "node". */
static const char *space_kind(enum lab_space space)
{
    static const char *const kinds[LAB_SPACES] = {
        [LAB_NO_SPACE] = "",
        [LAB_VLAN_SPACE] = "VLAN",
        [LAB_MODEL_SPACE] = "model",
        [LAB_NODE_SPACE] = "node",
        [LAB_TARGET_SPACE] = "device or node",
        [LAB_COMPONENT_SPACE] = "component",
    };

    return kinds[space];
}

static const char *target_name(const struct lab_box *box, size_t i)
{
    if (i < box->switch_count)
        return box->switches[i].dev.name;
    i -= box->switch_count;
    if (i < box->router_count)
        return box->routers[i].dev.name;
    i -= box->router_count;
    return i < box->node_count ? box->nodes[i].node.name : NULL;
}

const char *lab_space_name(const struct lab_box *box, enum lab_space space, size_t i)
{
    switch (space) {
    case LAB_VLAN_SPACE:
        return i < box->lab.vlan_count ? box->lab.vlans[i].name : NULL;
    case LAB_MODEL_SPACE:
        return i < box->model_count ? box->models[i].model.name : NULL;
    case LAB_NODE_SPACE:
        return i < box->node_count ? box->nodes[i].node.name : NULL;
    case LAB_TARGET_SPACE:
        return target_name(box, i);
    case LAB_COMPONENT_SPACE:
        return i < box->lab.component_count ? box->lab.components[i].name : NULL;
    case LAB_NO_SPACE:
    case LAB_SPACES:
        break;
    }
    return NULL;
}

static void read_ref(const struct lab_slot *s)
{
    const char *words[WORDS_MAX + 1] = { NULL }, *text = text_of(s, "a name"), *name;
    enum lab_space space = s->field->space;
    size_t n = 0;

    if (!text)
        return;
    keep_text(s, text);
    if (s->box->unsure[space])
        return;
    for (size_t i = 0; (name = lab_space_name(s->box, space, i)); i++) {
        if (qs_streq(name, text))
            return;
        if (n < WORDS_MAX)
            words[n++] = name;
    }
    lab_hint_words(lab_complain(s, "'%s' is no %s", text, space_kind(space)), text, words, "names");
}

static void read_vlan(const struct lab_slot *s)
{
    const struct qs_lab *lab = &s->box->lab;
    struct qs_problem *p;
    struct lab_slot number = *s;
    uint64_t id;

    if (!number_of(&number, &id))
        return;
    *(uint16_t *)s->out = (uint16_t)id;
    if (s->box->unsure[LAB_VLAN_SPACE] || qs_lab_vlan(lab, (uint16_t)id))
        return;
    p = lab_complain(s, "%u is no VLAN of network/vlans.yaml", (unsigned)id);
    for (size_t i = 0; i < lab->vlan_count; i++) {
        size_t n = strlen(p->hint);

        (void)snprintf(p->hint + n, sizeof(p->hint) - n, "%s%u", i ? ", " : "VLANs are: ", lab->vlans[i].id);
    }
}

/* ---- lists of scalars ---- */

static void read_item(const struct lab_slot *s);

static void read_list(const struct lab_slot *s)
{
    bool ids = s->field->type == LAB_VLANS;
    size_t size = ids ? sizeof(uint16_t) : sizeof(char *);
    struct qs_strs *list = s->out; /* qs_u16s has the same shape */
    struct lab_slot one = *s;
    unsigned char *items = NULL;

    _Static_assert(sizeof(struct qs_strs) == sizeof(struct qs_u16s), "lists have one shape");
    if (s->val->type != QS_LIST) {
        (void)lab_expected(s, "a list like [a, b]");
        return;
    }
    for (uint32_t i = 0; i < s->val->count; i++) {
        items = lab_grown(&s->box->arena, items, i, size);
        one.val = s->val->u.items[i];
        one.item = (long)i;
        one.out = items + i * size;
        read_item(&one);
        if (!ids && !*(char **)one.out)
            *(char **)one.out = lab_strdup(&s->box->arena, "");
    }
    list->items = (void *)items;
    list->count = s->val->count;
}

static void read_item(const struct lab_slot *s)
{
    enum lab_type type = s->field->type;

    if (type == LAB_WORDS && s->field->words)
        read_choice(s);
    else if (type == LAB_WORDS)
        read_word(s);
    else if (type == LAB_TEXTS)
        lab_read_text(s);
    else if (type == LAB_ADDRESSES)
        read_address(s);
    else if (type == LAB_VLANS)
        read_vlan(s);
    else
        read_ref(s);
}

static void (*const readers[LAB_TYPES])(const struct lab_slot *s) = {
    [LAB_TEXT] = lab_read_text,   [LAB_WORD] = read_word,        [LAB_NAME] = read_name,
    [LAB_SITED] = read_sited,     [LAB_CHOICE] = read_choice,    [LAB_COLOUR] = read_colour,
    [LAB_ADR] = read_adr,         [LAB_KEY] = read_key,          [LAB_BOOL] = read_bool,
    [LAB_U8] = read_number,       [LAB_U16] = read_number,       [LAB_U32] = read_number,
    [LAB_MS] = read_duration,     [LAB_SECONDS] = read_duration, [LAB_SPEED] = read_speed,
    [LAB_IP] = read_ip,           [LAB_IP4] = read_ip4,          [LAB_ADDRESS4] = read_prefix,
    [LAB_ADDRESS6] = read_prefix, [LAB_NETWORK4] = read_prefix,  [LAB_NETWORK6] = read_prefix,
    [LAB_NETWORK] = read_prefix,  [LAB_MAC] = read_mac,          [LAB_WORDS] = read_list,
    [LAB_TEXTS] = read_list,      [LAB_ADDRESSES] = read_list,   [LAB_VLAN] = read_vlan,
    [LAB_VLANS] = read_list,      [LAB_REF] = read_ref,          [LAB_REFS] = read_list,
};

void lab_read_value(const struct lab_slot *s)
{
    readers[s->field->type](s);
}
