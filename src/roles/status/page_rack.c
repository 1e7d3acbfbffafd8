/* The rack as a drawing: what is in which unit, every cable in the colours of its VLANs; behind it what each thing's
 * ports carry and where they lead. Made of links and ids alone, so it works without scripts. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "roles/status/html.h"

#define UNIT 26   /* height of a rack unit */
#define LEFT 34   /* for the unit numbers */
#define WIDTH 300 /* of a slot */
#define LANE 6    /* between two cables */
#define STUB 14   /* of a cable that leaves the rack */
#define DASH 9
#define CABLES_MAX 512
#define GREY "#8a8f98"

struct slot {
    const struct qs_val *v;
    const char *name; /* of the device or node in it; "" for a panel */
    int y, height;
    unsigned cables, drawn; /* that end here */
};
struct cable {
    const struct qs_val *v;
    struct slot *a, *b; /* NULL: outside the rack */
    int span;
};
struct drawing {
    const struct qs_facts *f;
    struct slot *slots;
    size_t slot_count;
    struct cable *cables;
    size_t cable_count;
    int height, lanes;
};

/* ---- facts ---- */

static const struct qs_val *find_by(const struct qs_val *list, const char *key, const char *name)
{
    for (size_t i = 0; i < qs_val_count(list); i++)
        if (qs_streq(qs_val_get_str(qs_val_at(list, i), key, ""), name))
            return qs_val_at(list, i);
    return NULL;
}

static const char *vlan_colour(const struct qs_val *page, int64_t id)
{
    const struct qs_val *vlans = qs_val_get(page, "vlans");

    for (size_t i = 0; i < qs_val_count(vlans); i++) {
        const char *colour = qs_val_get_str(qs_val_at(vlans, i), "colour", "");

        if (qs_val_get_int(qs_val_at(vlans, i), "id", 0) == id && colour[0] == '#' &&
            strspn(colour + 1, "0123456789abcdefABCDEF") == strlen(colour + 1))
            return colour;
    }
    return GREY;
}

/* How a device or node is: what the checks that name it as their target say. */
static enum qs_state state_of(const struct qs_facts *f, const char *kind, const char *name)
{
    const struct qs_status_spec *spec = qs_board_spec(f->board);
    enum qs_state *states = qs_xzalloc((spec->check_count + 1) * sizeof(*states)), state;
    bool *seen = qs_xzalloc((spec->check_count + 1) * sizeof(*seen));
    size_t n = 0;

    for (size_t i = 0; i < spec->check_count; i++) {
        const char *rest = qs_after(spec->checks[i].target, kind);

        if (!rest || rest[0] != ':' || !qs_streq(rest + 1, name) || qs_streq(spec->checks[i].kind->name, "wan"))
            continue;
        states[n] = qs_board_check(f->board, i)->state;
        seen[n++] = qs_board_check(f->board, i)->has_result;
    }
    state = n ? qs_state_of_checks(states, seen, n) : QS_STATE_PENDING;
    free(states);
    free(seen);
    return state;
}

static enum qs_state slot_state(const struct qs_facts *f, const struct slot *s)
{
    const char *kind = qs_val_get_str(s->v, "kind", "");

    return state_of(f, qs_streq(kind, "node") ? "node" : "device", s->name);
}

/* "cp1.bmc" is in the slot of cp1. */
static struct slot *find_slot(struct drawing *d, const char *device)
{
    size_t len = strcspn(device, ".");

    for (size_t i = 0; i < d->slot_count; i++)
        if (d->slots[i].name[0] && strncmp(d->slots[i].name, device, len) == 0 && !d->slots[i].name[len])
            return &d->slots[i];
    return NULL;
}

static int by_span(const void *a, const void *b)
{
    const struct cable *x = a, *y = b;

    return x->span != y->span ? x->span - y->span : (int)(x - y > 0) - (int)(x - y < 0);
}

static void lay_out(struct drawing *d, const struct qs_val *page)
{
    const struct qs_val *rack = qs_val_get(page, "rack"), *slots = qs_val_get(rack, "slots");
    const struct qs_val *cables = qs_val_get(page, "cables");
    int units = (int)qs_val_get_int(rack, "units", 0);

    d->height = units * UNIT;
    d->slot_count = qs_val_count(slots);
    d->slots = qs_xzalloc((d->slot_count + 1) * sizeof(*d->slots));
    for (size_t i = 0; i < d->slot_count; i++) {
        const struct qs_val *v = qs_val_at(slots, i);
        int height = (int)qs_val_get_int(v, "height", 1), unit = (int)qs_val_get_int(v, "unit", 1);
        bool panel = qs_streq(qs_val_get_str(v, "kind", "panel"), "panel");

        d->slots[i] = (struct slot){ .v = v,
                                     .name = panel ? "" : qs_val_get_str(v, "holds", ""),
                                     .y = (units - unit - height + 1) * UNIT,
                                     .height = height * UNIT };
    }
    d->cables = qs_xzalloc(CABLES_MAX * sizeof(*d->cables));
    for (size_t i = 0; i < qs_val_count(cables) && d->cable_count < CABLES_MAX; i++) {
        const struct qs_val *v = qs_val_at(cables, i);
        struct slot *a = find_slot(d, qs_val_get_str(qs_val_get(v, "a"), "device", ""));
        struct slot *b = find_slot(d, qs_val_get_str(qs_val_get(v, "b"), "device", ""));

        if (!a && !b)
            continue;
        if (a)
            a->cables++;
        if (b)
            b->cables++;
        d->cables[d->cable_count++] = (struct cable){
            .v = v, .a = a ? a : b, .b = a ? b : NULL, .span = a && b ? abs(a->y - b->y) : 0
        };
        d->lanes += a && b;
    }
    qsort(d->cables, d->cable_count, sizeof(*d->cables), by_span);
}

/* ---- the drawing ---- */

/* The entry of the device or node in a slot. */
static const struct qs_val *held_by(const struct qs_facts *f, const struct slot *s)
{
    const struct qs_val *device = find_by(qs_val_get(f->page, "devices"), "name", s->name);

    return device ? device : find_by(qs_val_get(f->page, "nodes"), "name", s->name);
}

static void put_slot(const struct drawing *d, const struct slot *s, struct qs_buf *out)
{
    int middle = s->y + s->height / 2 + 4;

    if (s->name[0]) {
        qs_buf_puts(out, "<a href=\"#device-");
        qs_html_id(out, s->name);
        qs_buf_printf(out, "\" class=\"slot\" data-state=\"%s\" data-name=\"", qs_state_text(slot_state(d->f, s)));
        qs_html_text(out, s->name);
        qs_buf_puts(out, "\">");
    } else {
        qs_buf_puts(out, "<g class=\"slot panel\">");
    }
    qs_buf_printf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"/>", LEFT, s->y + 1, WIDTH,
                  s->height - 2);
    if (s->name[0]) {
        qs_buf_printf(out, "<circle cx=\"%d\" cy=\"%d\" r=\"4\"/><text x=\"%d\" y=\"%d\" class=\"name\">", LEFT + 14,
                      middle - 4, LEFT + 26, middle);
        qs_html_text(out, s->name);
        qs_buf_printf(out, "</text><text x=\"%d\" y=\"%d\" class=\"model\">", LEFT + WIDTH - 10, middle);
        qs_html_text(out, qs_val_get_str(held_by(d->f, s), "model", ""));
    } else {
        qs_buf_printf(out, "<text x=\"%d\" y=\"%d\" class=\"model start\">", LEFT + 26, middle);
        qs_html_text(out, qs_val_get_str(s->v, "label", ""));
    }
    qs_buf_puts(out, s->name[0] ? "</text></a>" : "</text></g>");
}

/* Ends of cables are spread over the height of their slot. */
static int next_y(struct slot *s)
{
    return s->y + (int)(++s->drawn * (unsigned)s->height / (s->cables + 1));
}

static void put_end(struct qs_buf *out, const struct qs_val *end)
{
    qs_html_text(out, qs_val_get_str(end, "device", ""));
    if (qs_val_get_str(end, "port", "")[0]) {
        qs_buf_putc(out, ' ');
        qs_html_text(out, qs_val_get_str(end, "port", ""));
    }
}

static void put_cable_title(const struct qs_val *v, struct qs_buf *out)
{
    const struct qs_val *vlans = qs_val_get(v, "vlans");

    qs_buf_puts(out, "<title>");
    put_end(out, qs_val_get(v, "a"));
    qs_buf_puts(out, " – ");
    put_end(out, qs_val_get(v, "b"));
    for (size_t i = 0; i < qs_val_count(vlans); i++)
        qs_buf_printf(out, "%s%lld", i ? ", " : ": VLAN ", (long long)qs_val_integer(qs_val_at(vlans, i), 0));
    qs_buf_puts(out, "</title>");
}

/* A stroke for each VLAN: with several the colours take turns along the cable. */
static void put_strokes(const struct drawing *d, const struct qs_val *v, const char *path, struct qs_buf *out)
{
    const struct qs_val *vlans = qs_val_get(v, "vlans");
    size_t n = qs_val_count(vlans);

    for (size_t i = 0; i < (n ? n : 1); i++) {
        const char *colour = n ? vlan_colour(d->f->page, qs_val_integer(qs_val_at(vlans, i), 0)) : GREY;

        qs_buf_printf(out, "<path d=\"%s\" stroke=\"%s\"", path, colour);
        if (n > 1)
            qs_buf_printf(out, " stroke-dasharray=\"%d %zu\" stroke-dashoffset=\"-%zu\"", DASH, DASH * (n - 1),
                          DASH * i);
        qs_buf_puts(out, "/>");
    }
}

static void put_cable(const struct drawing *d, struct cable *c, int lane, struct qs_buf *out)
{
    int x = LEFT + WIDTH, to = x + 12 + lane * LANE, y1 = next_y(c->a);
    char path[160];

    if (c->b) {
        int y2 = next_y(c->b), r = abs(y2 - y1) < 8 ? abs(y2 - y1) / 2 : 4, down = y2 > y1 ? 1 : -1;

        (void)snprintf(path, sizeof(path), "M%d %dH%dq%d 0 %d %dV%dq0 %d -%d %dH%d", x, y1, to - r, r, r, down * r,
                       y2 - down * r, down * r, r, down * r, x);
    } else {
        (void)snprintf(path, sizeof(path), "M%d %dh%d", x, y1, STUB);
    }
    qs_buf_puts(out, "<g class=\"cable\" data-a=\"");
    qs_html_text(out, c->a->name);
    qs_buf_puts(out, "\" data-b=\"");
    qs_html_text(out, c->b ? c->b->name : "");
    qs_buf_puts(out, "\">");
    put_cable_title(c->v, out);
    put_strokes(d, c->v, path, out);
    qs_buf_puts(out, "</g>");
}

static void put_drawing(struct drawing *d, struct qs_buf *out)
{
    int units = d->height / UNIT, lane = 0, width = LEFT + WIDTH + 24 + d->lanes * LANE;

    qs_buf_printf(
        out, "<svg class=\"rack\" viewBox=\"0 0 %d %d\" role=\"group\" aria-label=\"the rack from top to bottom\">",
        width, d->height + 2);
    qs_buf_printf(out, "<rect class=\"frame\" x=\"%d\" y=\"0\" width=\"%d\" height=\"%d\"/>", LEFT - 3, WIDTH + 6,
                  d->height + 1);
    for (int u = 1; u <= units; u++)
        qs_buf_printf(out, "<text class=\"unit\" x=\"%d\" y=\"%d\">%d</text>", LEFT - 9, (units - u) * UNIT + 17, u);
    for (size_t i = 0; i < d->cable_count; i++)
        put_cable(d, &d->cables[i], d->cables[i].b ? lane++ : 0, out);
    for (size_t i = 0; i < d->slot_count; i++)
        put_slot(d, &d->slots[i], out);
    qs_buf_puts(out, "</svg>");
}

static void put_legend(const struct qs_val *page, struct qs_buf *out)
{
    const struct qs_val *vlans = qs_val_get(page, "vlans");

    qs_buf_puts(out, "<ul class=\"legend\">");
    for (size_t i = 0; i < qs_val_count(vlans); i++) {
        const struct qs_val *v = qs_val_at(vlans, i);
        long long id = (long long)qs_val_get_int(v, "id", 0);

        qs_buf_printf(out,
                      "<li><svg viewBox=\"0 0 12 12\" aria-hidden=\"true\"><circle cx=\"6\" cy=\"6\" r=\"5\" "
                      "fill=\"%s\"/></svg>%lld ",
                      vlan_colour(page, id), id);
        qs_html_text(out, qs_val_get_str(v, "name", ""));
        qs_buf_puts(out, "</li>");
    }
    qs_buf_puts(out, "</ul>");
}

/* ---- what is behind a slot ---- */

static void put_vlans(const struct qs_val *port, struct qs_buf *out)
{
    const struct qs_val *allowed = qs_val_get(port, "allowed");
    int64_t vlan = qs_val_get_int(port, "vlan", 0), native = qs_val_get_int(port, "native", 0);

    qs_html_text(out, qs_val_get_str(port, "mode", ""));
    if (vlan)
        qs_buf_printf(out, " %lld", (long long)vlan);
    for (size_t i = 0; i < qs_val_count(allowed); i++)
        qs_buf_printf(out, "%s%lld", i ? ", " : " ", (long long)qs_val_integer(qs_val_at(allowed, i), 0));
    if (native)
        qs_buf_printf(out, ", native %lld", (long long)native);
    if (qs_val_get_str(port, "address", "")[0]) {
        qs_buf_putc(out, ' ');
        qs_html_text(out, qs_val_get_str(port, "address", ""));
    }
}

static void put_port(const struct qs_val *page, const struct qs_val *port, struct qs_buf *out)
{
    const struct qs_val *peer = qs_val_get(port, "peer");
    const char *device = qs_val_get_str(peer, "device", "");
    qs_auto(str) char *bare = qs_xstrndup(device, strcspn(device, "."));
    bool known = find_by(qs_val_get(page, "devices"), "name", bare) || find_by(qs_val_get(page, "nodes"), "name", bare);

    qs_buf_puts(out, "<tr><th scope=\"row\">");
    qs_html_text(out, qs_val_get_str(port, "name", ""));
    qs_buf_puts(out, "</th><td>");
    put_vlans(port, out);
    if (!qs_val_get_bool(port, "enabled", true))
        qs_buf_puts(out, " (off)");
    qs_buf_puts(out, "</td><td>");
    if (known) {
        qs_buf_puts(out, "<a href=\"#device-");
        qs_html_id(out, bare);
        qs_buf_puts(out, "\">");
    }
    put_end(out, peer);
    if (known)
        qs_buf_puts(out, "</a>");
    qs_buf_puts(out, "</td></tr>");
}

/* Every port that carries something or leads somewhere; the rest in one line. */
static void put_ports(const struct qs_val *page, const struct qs_val *ports, struct qs_buf *out)
{
    size_t unused = 0;

    qs_buf_puts(out, "<table><thead><tr><th scope=\"col\">port</th><th scope=\"col\">carries</th>"
                     "<th scope=\"col\">leads to</th></tr></thead><tbody>");
    for (size_t i = 0; i < qs_val_count(ports); i++) {
        const struct qs_val *port = qs_val_at(ports, i);

        if (qs_val_get(port, "peer") || !qs_streq(qs_val_get_str(port, "mode", ""), "unused"))
            put_port(page, port, out);
        else
            unused++;
    }
    qs_buf_puts(out, "</tbody></table>");
    if (unused)
        qs_buf_printf(out, "<p class=\"hint\">%zu more port%s, off.</p>", unused, unused == 1 ? "" : "s");
}

static void put_fact(struct qs_buf *out, const char *name, const char *text)
{
    if (!text[0])
        return;
    qs_html_element(out, "dt", NULL, name);
    qs_html_element(out, "dd", NULL, text);
}

static void put_node_facts(const struct qs_val *node, struct qs_buf *out)
{
    const struct qs_val *roles = qs_val_get(node, "roles"), *addresses = qs_val_get(node, "addresses");
    qs_auto(buf) struct qs_buf text = QS_BUF(4096);

    for (size_t i = 0; i < qs_val_count(roles); i++)
        qs_buf_printf(&text, "%s%s", i ? ", " : "", qs_val_string(qs_val_at(roles, i), ""));
    put_fact(out, "roles", qs_buf_text(&text));
    qs_buf_clear(&text);
    for (size_t i = 0; i < qs_val_count(addresses); i++)
        qs_buf_printf(&text, "%s%s", i ? ", " : "", qs_val_get_str(qs_val_at(addresses, i), "v4", ""));
    put_fact(out, "addresses", qs_buf_text(&text));
}

/* Whether the device is as it was last applied, in the executor's words. */
static void put_drift(const struct qs_facts *f, const char *name, struct qs_buf *out)
{
    const struct qs_val *target = find_by(qs_val_get(f->targets, "targets"), "name", name);
    const char *state = qs_val_get_str(target, "state", "");
    const char *text = qs_val_get_str(target, "text", "");

    if (!target)
        return;
    qs_buf_puts(out, "<dt>drift</dt><dd>");
    qs_html_text(out, qs_streq(state, "in-sync") ? "none" : state);
    if (text[0] && !qs_streq(text, state)) {
        qs_buf_puts(out, ": ");
        qs_html_text(out, text);
    }
    qs_buf_puts(out, "</dd>");
}

static void put_details(const struct qs_facts *f, const struct qs_val *v, const char *kind, struct qs_buf *out)
{
    const char *name = qs_val_get_str(v, "name", "");

    qs_buf_puts(out, "<article class=\"device\" id=\"device-");
    qs_html_id(out, name);
    qs_buf_puts(out, "\" tabindex=\"-1\"><header><h3>");
    qs_html_text(out, qs_val_get_str(v, "title", name));
    qs_buf_printf(out, "</h3><span data-state=\"%s\">", qs_state_text(state_of(f, kind, name)));
    qs_html_state(out, state_of(f, kind, name));
    qs_buf_puts(out, "</span><a href=\"#rack\" class=\"close\" aria-label=\"close\">×</a></header>");
    qs_html_element(out, "p", NULL, qs_val_get_str(v, "purpose", ""));
    qs_buf_puts(out, "<dl>");
    put_fact(out, "name", name);
    put_fact(out, "model", qs_val_get_str(v, "model", ""));
    put_fact(out, "here", qs_streq(qs_val_get_str(v, "engine", ""), "twin") ? "emulated" : "");
    put_fact(out, "management", qs_val_get_str(v, "address", ""));
    put_node_facts(v, out);
    put_drift(f, name, out);
    qs_buf_puts(out, "</dl>");
    put_ports(f->page, qs_val_get(v, "ports"), out);
    qs_buf_puts(out, "</article>");
}

void qs_part_rack(const struct qs_facts *f, struct qs_buf *out)
{
    const struct qs_val *devices = qs_val_get(f->page, "devices"), *nodes = qs_val_get(f->page, "nodes");
    struct drawing d = { .f = f };

    if (!f->page) {
        qs_html_element(out, "p", "empty", "No description of the rack is known here.");
        return;
    }
    lay_out(&d, f->page);
    qs_buf_puts(out, "<div class=\"drawing\">");
    put_drawing(&d, out);
    put_legend(f->page, out);
    qs_buf_puts(out,
                "</div><div class=\"details\"><p class=\"hint\">Choose a device to see its ports, its neighbours and "
                "whether it drifted.</p>");
    for (size_t i = 0; i < qs_val_count(devices); i++)
        put_details(f, qs_val_at(devices, i), "device", out);
    for (size_t i = 0; i < qs_val_count(nodes); i++)
        put_details(f, qs_val_at(nodes, i), "node", out);
    qs_buf_puts(out, "</div>");
    free(d.slots);
    free(d.cables);
}
