/*
 * drivers/eos, inside: Arista EOS over eAPI. The table and the session live in eos.c, the wire in eos_api.c, the
 * running-config grammar in eos_config.c (text → tree → resources) and eos_render.c (changes → lines). Both
 * directions of a line come from one table, eos_lines.c, so that what is rendered is what is read back.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "converge/driver.h"
#include "text/val.h"

#define EOS_CONFIG_MAX (16u << 20) /* bytes of one reply */
#define EOS_LINES_MAX 100000u
#define EOS_DEPTH_MAX 8u
#define EOS_VLAN_MAX 4094u

extern const struct qs_driver qs_driver_eos; /* the whole public face */

/* ---- schema (eos_types.c) ---- */
extern const struct qs_type eos_types[];
/* "20,10-12" → the ids as bits. False: not a VLAN list. "none" is the empty list. */
struct eos_vlans {
    uint8_t bits[512];
};
bool eos_vlans_parse(const char *text, struct eos_vlans *ret);
bool eos_vlans_has(const struct eos_vlans *v, unsigned id);
/* The one form that EOS itself prints: "10-12,20", "none" when empty. New text. */
char *eos_vlans_text(const struct eos_vlans *v);

/* ---- lines: one table a block, both ways (eos_lines.c) ---- */
enum eos_line_kind {
    EOS_TEXT,  /* `on` and the value; unset: `off` */
    EOS_INT,   /* the same, a number */
    EOS_BOOL,  /* true: exactly `on`; false: exactly `off` */
    EOS_ITEM,  /* a set: one line an item, `on` and the item; gone: `off` and the item */
    EOS_MODE,  /* switchport, three attributes in one grammar */
    EOS_V4,    /* primary and secondary addresses: leaving one means leaving all first */
    EOS_OLDER, /* EOS_TEXT, read only: a form of other releases */
};
struct eos_line {
    const char *attr;
    enum eos_line_kind kind;
    const char *on, *off;
    bool address; /* the item must be an address or prefix; other forms are foreign */
};
struct eos_block {
    const char *type;             /* resource type */
    const char *head;             /* "interface ", "vlan ", …; "" for lines at the top */
    const struct eos_line *lines; /* ended by kind EOS_TEXT and attr NULL */
};
const struct eos_block *eos_block_of(const char *type); /* NULL: a type without a block (user, route) */
/* Reads one line of the block into the attributes. False: no row covers it. */
bool eos_line_read(const struct eos_block *block, const char *line, struct qs_val *attrs);

/* ---- running-config (eos_config.c) ---- */
struct eos_node { /* one configuration line; its children follow it with a greater depth */
    const char *text;
    uint32_t depth, line;
};
struct eos_tree {
    char *text; /* the bytes that all nodes point into */
    struct eos_node *nodes;
    size_t count;
};
/* Splits running-config text into its lines and levels. Fails with PROTO (indentation that fits no level, a banner
 * without end), LIMIT. */
enum qs_code eos_tree_parse(const char *text, size_t len, struct eos_tree *ret, struct qs_err *err) QS_MUST_CHECK;
void eos_tree_done(struct eos_tree *t);
static inline void qs_auto_eos_tree_cb(struct eos_tree *t)
{
    eos_tree_done(t);
}
/* The tree as settled resources; *ret_foreign is a list of the lines that no row covers, NULL when none. */
enum qs_code eos_tree_read(const struct eos_tree *t, struct qs_resources *ret, struct qs_val **ret_foreign,
                           struct qs_err *err) QS_MUST_CHECK;
/* Both steps. */
enum qs_code eos_config_read(const char *text, struct qs_resources *ret, struct qs_val **ret_foreign,
                             struct qs_err *err) QS_MUST_CHECK;
/* Whether the text ends as EOS ends a configuration: one that was cut, or is none, must not read as an empty switch. */
bool eos_config_is_whole(const char *text);
/* Hex SHA-256 of the configuration without its comment lines (date, command and device header). */
void eos_config_revision(const char *text, char hex[65]);

/* ---- render (eos_render.c) ---- */
struct eos_render {
    struct qs_val *list;                    /* of strings, filled */
    const struct qs_resources *have, *want; /* where secrets come from; read only with `reveal` */
    bool reveal;                            /* real secrets, on the way to the switch; else they read "(secret)" */
};
/* The lines inside the configuration session, each block closed by "exit". */
void eos_render_changes(const struct eos_render *r, const struct qs_changes *cs);
/* INVALID when a line holds a control character: it would become a second command. */
enum qs_code eos_lines_check(const struct qs_val *lines, struct qs_err *err) QS_MUST_CHECK;

/* ---- own way in (eos_guard.c) ---- */
/* DENIED when the wanted state would cut the connection that qs uses: the interface and address it dials, the API
 * it speaks, the user it is. */
enum qs_code eos_guard(const struct qs_target *t, const struct qs_resources *have, const struct qs_resources *want,
                       struct qs_err *err) QS_MUST_CHECK;

/* ---- eAPI (eos_api.c) ---- */
struct eos_api;
/* No exchange yet. DENIED without a pin. */
enum qs_code eos_api_new(const struct qs_target *t, uint64_t timeout_ms, struct eos_api **ret,
                         struct qs_err *err) QS_MUST_CHECK;
/* Runs the commands (a list of strings) after "enable"; format "text" or "json". *ret is the list of their results.
 * REFUSED names the command that the switch did not take, with the switch's own words. */
enum qs_code eos_api_run(struct eos_api *a, const char *format, const struct qs_val *cmds, struct qs_val **ret,
                         struct qs_err *err) QS_MUST_CHECK;
/* Reads a JSON-RPC reply to `cmds`; apart from eos_api_run() for the tests. */
enum qs_code eos_reply_read(const char *text, size_t len, const struct qs_val *cmds, struct qs_val **ret,
                            struct qs_err *err) QS_MUST_CHECK;
/* The text of result `i`, "" when it has none. */
const char *eos_output(const struct qs_val *results, size_t i);
void eos_api_free(struct eos_api *a); /* accepts NULL */
QS_DEFINE_AUTO(eos_api, struct eos_api *, eos_api_free)

/* ---- configuration sessions (eos_session.c) ---- */
#define EOS_SESSION_PREFIX "qs-"
/* Names in "show configuration sessions detail" (json) that begin with `lead` and are not yet final: open ones and the
 * one whose commit timer runs, in both shapes (up to 4.31, from 4.32). A list of strings. */
struct qs_val *eos_sessions_open(const struct qs_val *reply, const char *lead);
/* The same for a session of another qs: one that begins with EOS_SESSION_PREFIX and not with `lead`. NULL: none. The
 * caller frees. An open session is how a switch shows that somebody is changing it: the lease. */
char *eos_sessions_leased(const struct qs_val *reply, const char *lead);
/* Whether the commit timer of session `name` runs. */
bool eos_sessions_timed(const struct qs_val *reply, const char *name);
