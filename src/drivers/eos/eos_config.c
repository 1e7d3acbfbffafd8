/* drivers/eos: running-config text → tree of lines → resources. */
#include "drivers/eos/eos_int.h"

#include <string.h>

#include "base/alloc.h"
#include "base/id.h"
#include "base/ip.h"
#include "base/str.h"

/* ---- text → tree ---- */

struct levels { /* the indentation of every open level */
    uint32_t indent[EOS_DEPTH_MAX];
    uint32_t count;
};

static enum qs_code level_of(struct levels *l, uint32_t indent, uint32_t line, uint32_t *ret, struct qs_err *err)
{
    while (l->count && l->indent[l->count - 1] > indent)
        l->count--;
    if (l->count && l->indent[l->count - 1] == indent) {
        *ret = l->count - 1;
        return QS_OK;
    }
    if (l->count == EOS_DEPTH_MAX || (!l->count && indent))
        return qs_err_set(err, QS_PROTO, 0, "configuration line %u: its indentation fits no level", line);
    l->indent[l->count++] = indent;
    *ret = l->count - 1;
    return QS_OK;
}

/* A banner's text is not configuration: it runs to a line "EOF". */
static bool is_banner(const char *text)
{
    return qs_streq(text, "banner motd") || qs_streq(text, "banner login");
}

static char *next_line(char **rest, uint32_t *number)
{
    char *line = strsep(rest, "\n");
    size_t len;

    if (!line)
        return NULL;
    ++*number;
    len = strlen(line);
    while (len && (line[len - 1] == '\r' || line[len - 1] == ' ' || line[len - 1] == '\t'))
        line[--len] = '\0';
    return line;
}

static enum qs_code skip_banner(char **rest, uint32_t *number, struct qs_err *err)
{
    uint32_t began = *number;
    char *line;

    while ((line = next_line(rest, number)))
        if (qs_streq(line, "EOF"))
            return QS_OK;
    return qs_err_set(err, QS_PROTO, 0, "configuration line %u: the banner has no end", began);
}

static enum qs_code add_line(struct eos_tree *t, struct levels *levels, char *line, uint32_t number, struct qs_err *err)
{
    uint32_t indent = (uint32_t)strspn(line, " "), depth = 0;
    struct eos_node *node;
    enum qs_code code;

    if (t->count == EOS_LINES_MAX)
        return qs_err_set(err, QS_LIMIT, 0, "the configuration has more than %u lines", EOS_LINES_MAX);
    code = level_of(levels, indent, number, &depth, err);
    if (code)
        return code;
    node = QS_PUSH(t->nodes, t->count);
    *node = (struct eos_node){ .text = line + indent, .depth = depth, .line = number };
    return QS_OK;
}

enum qs_code eos_tree_parse(const char *text, size_t len, struct eos_tree *ret, struct qs_err *err)
{
    struct eos_tree t = { .text = NULL };
    struct levels levels = { .count = 0 };
    uint32_t number = 0;
    char *line, *rest;
    enum qs_code code = QS_OK;

    if (memchr(text, '\0', len))
        return qs_err_set(err, QS_PROTO, 0, "the configuration holds a NUL byte");
    t.text = qs_xstrndup(text, len);
    rest = t.text;
    while (!code && (line = next_line(&rest, &number))) {
        const char *word = line + strspn(line, " ");

        if (!*word || *word == '!')
            continue;
        code = add_line(&t, &levels, line, number, err);
        if (!code && is_banner(word))
            code = skip_banner(&rest, &number, err);
    }
    if (code) {
        eos_tree_done(&t);
        return code;
    }
    *ret = t;
    return QS_OK;
}

void eos_tree_done(struct eos_tree *t)
{
    free(t->text);
    free(t->nodes);
    *t = (struct eos_tree){ .text = NULL };
}

/* ---- tree → resources ---- */

struct reading {
    const struct eos_tree *tree;
    struct qs_resources rs;
    struct qs_val *system, *api;            /* attribute maps of the singletons, inside rs */
    struct qs_val *vlans[EOS_VLAN_MAX + 1]; /* the same by id: one short line can name them all, many times */
    struct qs_val *foreign;
};

static const struct eos_node *node_at(const struct reading *r, size_t i)
{
    return i < r->tree->count ? &r->tree->nodes[i] : NULL;
}

/* The index behind the last descendant of node `i`. */
static size_t subtree_end(const struct reading *r, size_t i)
{
    uint32_t depth = r->tree->nodes[i].depth;
    size_t end = i + 1;

    while (node_at(r, end) && node_at(r, end)->depth > depth)
        end++;
    return end;
}

static void add_foreign(struct reading *r, const char *parent, size_t i)
{
    size_t more = subtree_end(r, i) - i - 1;
    const char *text = r->tree->nodes[i].text;
    qs_auto(str) char *line = parent ? qs_xasprintf("%s / %s", parent, text) : qs_xstrdup(text);

    qs_val_add(r->foreign, more ? qs_val_strf("%s (and %zu lines in it)", line, more) : qs_val_str(line));
}

/* Reads the children of node `i` into every map of `maps`. */
static void read_block(struct reading *r, size_t i, const struct eos_block *block, struct qs_val **maps, size_t count)
{
    size_t end = subtree_end(r, i);

    for (size_t child = i + 1; child < end; child = subtree_end(r, child)) {
        bool leaf = subtree_end(r, child) == child + 1, taken = leaf && count > 0;

        for (size_t m = 0; m < count && taken; m++)
            taken = eos_line_read(block, r->tree->nodes[child].text, maps[m]);
        if (!taken)
            add_foreign(r, r->tree->nodes[i].text, child);
    }
}

/* A block may be written in several places; what they say adds up. */
static struct qs_val *attrs_of(struct reading *r, const char *type, const char *name, bool *ret_new)
{
    const struct qs_resource *there = qs_resources_find(&r->rs, type, name);

    *ret_new = !there;
    return there ? there->attrs : qs_resources_add(&r->rs, type, name);
}

static bool is_port_name(const char *name, const char *prefix)
{
    const char *rest = qs_after(name, prefix);

    return rest && *rest && strspn(rest, "0123456789/") == strlen(rest);
}

static const char *interface_type(const char *name)
{
    /* clang-format off */
    static const struct { const char *prefix, *type; } kinds[] = {
        { "Ethernet", "interface" }, { "Management", "management" }, { "Vlan", "svi" }, { "Loopback", "loopback" },
    };
    /* clang-format on */

    for (size_t i = 0; i < QS_COUNT(kinds); i++)
        if (is_port_name(name, kinds[i].prefix))
            return kinds[i].type;
    return NULL;
}

static bool read_interface(struct reading *r, size_t i, const char *name)
{
    const char *type = interface_type(name);
    struct qs_val *map;
    bool first;

    if (!type)
        return false;
    map = attrs_of(r, type, name, &first);
    if (first && !qs_streq(type, "svi") && !qs_streq(type, "loopback"))
        qs_val_set_bool(map, "enabled", true); /* what EOS leaves out of a port that is up */
    read_block(r, i, eos_block_of(type), &map, 1);
    return true;
}

static bool read_vlan(struct reading *r, size_t i, const char *list)
{
    struct eos_vlans ids;
    struct qs_val **maps = NULL;
    size_t count = 0;

    if (!*list || qs_streq(list, "none") || !eos_vlans_parse(list, &ids))
        return false;
    for (unsigned id = 1; id <= EOS_VLAN_MAX; id++) {
        char name[8];

        if (!eos_vlans_has(&ids, id))
            continue;
        (void)snprintf(name, sizeof(name), "%u", id);
        if (!r->vlans[id])
            r->vlans[id] = qs_resources_add(&r->rs, "vlan", name);
        *QS_PUSH(maps, count) = r->vlans[id];
    }
    read_block(r, i, eos_block_of("vlan"), maps, count);
    free(maps);
    return true;
}

static bool read_api(struct reading *r, size_t i, const char *rest)
{
    if (*rest)
        return false;
    read_block(r, i, eos_block_of("api"), &r->api, 1);
    return true;
}

/* "username U [privilege N] [role R] secret KIND HASH|nopassword"; keys and shells of a user are foreign. */
static bool read_user(struct reading *r, size_t i, const char *text)
{
    qs_auto(str) char *copy = qs_xstrdup(text);
    qs_auto(val) struct qs_val *map = qs_val_map();
    char *rest = copy, *name = strsep(&rest, " "), *word;
    struct qs_val *attrs;
    uint32_t level;

    if (subtree_end(r, i) != i + 1 || !*name || qs_resources_find(&r->rs, "user", name))
        return false;
    while ((word = strsep(&rest, " "))) {
        char *value = qs_streq(word, "nopassword") ? NULL : strsep(&rest, " ");

        if (qs_streq(word, "nopassword"))
            qs_val_set_str(map, "secret", word);
        else if (qs_streq(word, "role") && value)
            qs_val_set_str(map, "role", value);
        else if (qs_streq(word, "privilege") && value && qs_parse_u32(value, 0, 15, &level))
            qs_val_set_int(map, "privilege", level);
        else if (qs_streq(word, "secret") && value)
            qs_val_set(map, "secret", rest ? qs_val_strf("%s %s", value, strsep(&rest, " ")) : qs_val_str(value));
        else
            return false;
    }
    attrs = qs_resources_add(&r->rs, "user", name); /* only now: the line is understood whole */
    for (uint32_t p = 0; p < map->count; p++)
        qs_val_set(attrs, map->u.pairs[p].key, qs_val_copy(map->u.pairs[p].val));
    return true;
}

/* "P/L HOP [distance] [name N]"; tags, tracking, interfaces and VRFs are foreign. */
static bool read_route(struct reading *r, size_t i, const char *text)
{
    qs_auto(str) char *copy = qs_xstrdup(text), *name = NULL;
    char *rest = copy, *dest = strsep(&rest, " "), *via = strsep(&rest, " "), *word, *label = NULL;
    char dest_text[QS_IP_TEXT], via_text[QS_IP_TEXT];
    struct qs_prefix net;
    struct qs_ip hop;
    uint32_t distance = 1;
    struct qs_val *map;

    if (subtree_end(r, i) != i + 1 || !via || !qs_prefix_parse(dest, &net) || !qs_ip_parse(via, &hop))
        return false;
    while ((word = strsep(&rest, " "))) {
        if (qs_streq(word, "name") && rest)
            label = strsep(&rest, " ");
        else if (!qs_parse_u32(word, 1, 255, &distance))
            return false;
    }
    net = qs_prefix_network(&net);
    name = qs_xasprintf("%s via %s", qs_prefix_text(&net, dest_text), qs_ip_text(&hop, via_text));
    if (qs_resources_find(&r->rs, "route", name))
        return false;
    map = qs_resources_add(&r->rs, "route", name);
    qs_val_set_str(map, "dest", dest_text);
    qs_val_set_str(map, "via", via_text);
    qs_val_set_str(map, "name", label);
    qs_val_set_int(map, "distance", distance);
    return true;
}

/* Lines that every switch of these models prints and that qs leaves as they are: no news for anybody. */
static bool is_factory(const char *text)
{
    static const char *const heads[] = {
        "end",
        "exit",
        "no aaa root",
        "transceiver qsfp default-mode ",
        "service routing protocols model ",
        "spanning-tree mode mstp",
        "vlan internal order ",
    };

    for (size_t i = 0; i < QS_COUNT(heads); i++)
        if (qs_after(text, heads[i]))
            return true;
    return false;
}

/* clang-format off */
static const struct {
    const char *head;
    bool (*read)(struct reading *r, size_t i, const char *rest);
} top[] = {
    { "interface ", read_interface },
    { "vlan ", read_vlan },
    { "username ", read_user },
    { "ip route ", read_route },
    { "ipv6 route ", read_route },
    { "management api http-commands", read_api },
};
/* clang-format on */

static void read_top(struct reading *r, size_t i)
{
    const char *text = r->tree->nodes[i].text;
    bool leaf = subtree_end(r, i) == i + 1;

    if (leaf && is_factory(text))
        return;
    for (size_t k = 0; k < QS_COUNT(top); k++) {
        const char *rest = qs_after(text, top[k].head);

        if (rest && top[k].read(r, i, rest))
            return;
    }
    if (!leaf || !eos_line_read(eos_block_of("system"), text, r->system))
        add_foreign(r, NULL, i);
}

enum qs_code eos_tree_read(const struct eos_tree *t, struct qs_resources *ret, struct qs_val **ret_foreign,
                           struct qs_err *err)
{
    struct reading r = { .tree = t, .foreign = qs_val_list() };

    r.system = qs_resources_add(&r.rs, "system", "system");
    r.api = qs_resources_add(&r.rs, "api", "api");
    for (size_t i = 0; i < t->count; i = subtree_end(&r, i))
        read_top(&r, i);
    if (qs_resources_settle(&r.rs, eos_types, err)) {
        qs_resources_done(&r.rs);
        qs_val_free(r.foreign);
        return qs_err_wrap(err, "configuration of the switch");
    }
    if (!qs_val_count(r.foreign)) {
        qs_val_free(r.foreign);
        r.foreign = NULL;
    }
    *ret = r.rs;
    *ret_foreign = r.foreign;
    return QS_OK;
}

enum qs_code eos_config_read(const char *text, struct qs_resources *ret, struct qs_val **ret_foreign,
                             struct qs_err *err)
{
    qs_auto(eos_tree) struct eos_tree tree = { .text = NULL };
    enum qs_code code = eos_tree_parse(text, strlen(text), &tree, err);

    return code ? code : eos_tree_read(&tree, ret, ret_foreign, err);
}

bool eos_config_is_whole(const char *text)
{
    static const char last[] = "end";
    size_t len = strlen(text);

    while (len && strchr(" \r\n", text[len - 1]))
        len--;
    if (len < strlen(last) || strncmp(text + len - strlen(last), last, strlen(last)))
        return false;
    return len == strlen(last) || text[len - strlen(last) - 1] == '\n';
}

void eos_config_revision(const char *text, char hex[65])
{
    qs_auto(buf) struct qs_buf kept = QS_BUF(EOS_CONFIG_MAX);

    while (*text) {
        size_t len = strcspn(text, "\n");

        if (*text != '!')
            qs_buf_add(&kept, text, len + (text[len] != '\0'));
        text += len + (text[len] != '\0');
    }
    (void)qs_sha256_hex(qs_buf_text(&kept), kept.len, hex);
}
