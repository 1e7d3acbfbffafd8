/*
 * drivers/routeros, inside: MikroTik RouterOS v7 over the binary API in TLS. The table and the transaction live in
 * routeros.c, the changes inside it in ros_apply.c, the words on the wire in ros_wire.c, one connection in ros_conn.c,
 * the menus and their schema in ros_types.c, rows → resources in ros_read.c, changes → sentences in ros_command.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "converge/driver.h"
#include "text/val.h"

#define ROS_WORD_MAX (1u << 20)
#define ROS_WORDS_MAX 1024u
#define ROS_REPLY_MAX (64u << 20) /* bytes of all replies to one batch */
/* Safe mode remembers about 100 actions and undoes nothing once there are more. */
#define ROS_SAFE_ACTIONS 95u

extern const struct qs_driver qs_driver_routeros; /* the whole public face */

/* ---- wire (ros_wire.c) ---- */
struct ros_sentence {
    char **words;
    size_t count;
};
/* Reads one sentence from the front of `data`. *ret_used is 0 when more bytes are needed. PROTO: a reserved length
 * byte, a NUL in a word; LIMIT: a word or sentence over the caps. */
enum qs_code ros_decode(const char *data, size_t len, struct ros_sentence *ret, size_t *ret_used,
                        struct qs_err *err) QS_MUST_CHECK;
void ros_sentence_done(struct ros_sentence *s);
static inline void qs_auto_ros_sentence_cb(struct ros_sentence *s)
{
    ros_sentence_done(s);
}
void ros_encode_word(struct qs_buf *out, const char *word);
void ros_encode_end(struct qs_buf *out);

/* ---- connection (ros_conn.c) ---- */
struct ros_conn;
/* Connects, checks the pinned certificate, logs in. */
enum qs_code ros_dial(const struct qs_target *t, struct ros_conn **ret, struct qs_err *err) QS_MUST_CHECK;
void ros_close(struct ros_conn *c); /* accepts NULL */
QS_DEFINE_AUTO(ros_conn, struct ros_conn *, ros_close)
/* Sends all sentences (a list of lists of words) at once, each with its own tag, and reads until every one is done.
 * *ret: a list, in the same order, of {"rows": [ {property: text} ], "ret": text, "trap": text}. */
enum qs_code ros_call_all(struct ros_conn *c, const struct qs_val *sentences, struct qs_val **ret,
                          struct qs_err *err) QS_MUST_CHECK;
/* One sentence; REFUSED with the router's own words when it traps. `ret` may be NULL. */
enum qs_code ros_call(struct ros_conn *c, const struct qs_val *sentence, struct qs_val **ret,
                      struct qs_err *err) QS_MUST_CHECK;

/* ---- menus and schema (ros_types.c) ---- */
enum {
    ROS_ORDERED = 1 << 0,    /* rows run from top to bottom; named by comment; further matchers matter */
    ROS_ETHER_ONLY = 1 << 1, /* of /interface */
    ROS_SINGLE = 1 << 2,     /* a menu without rows */
};
struct ros_menu {
    const char *type, *path;
    const char *key; /* how a row gets its name: "{address}@{interface}" */
    unsigned flags;
};
extern const struct qs_type ros_types[];
extern const struct ros_menu ros_menus[]; /* ended by type NULL */
const struct ros_menu *ros_menu_of(const char *type);
/* "src_address" → "src-address". New text. */
char *ros_property(const char *attr);
/* The one form of an address ("10.0.0.1" for "10.0.0.1/32") or anything else unchanged. New text. */
char *ros_normal_address(const char *text);

/* ---- rows → resources (ros_read.c) ---- */
struct ros_item { /* one row that a resource came from */
    const struct ros_menu *menu;
    char *name, *id;
};
struct ros_state {
    struct qs_resources have; /* settled */
    struct ros_item *items;
    size_t count;
    struct qs_val *foreign; /* list; NULL when none */
    char revision[65];
};
/* The prints that ros_state_read() wants the replies of, in order. */
struct qs_val *ros_state_prints(void);
enum qs_code ros_state_read(const struct qs_val *replies, struct ros_state *ret, struct qs_err *err) QS_MUST_CHECK;
void ros_state_done(struct ros_state *s);
static inline void qs_auto_ros_state_cb(struct ros_state *s)
{
    ros_state_done(s);
}
/* The row's id, or NULL. */
const char *ros_state_id(const struct ros_state *s, const char *type, const char *name);

/* ---- changes → sentences (ros_command.c) ---- */
/* `id` NULL: nothing was read yet, the sentence names the row as "[name]". */
struct qs_val *ros_add(const struct qs_change *c, const char *place_before, const char *password);
struct qs_val *ros_set(const struct qs_change *c, const char *id);
struct qs_val *ros_remove(const struct ros_menu *menu, const char *ids);
struct qs_val *ros_move(const struct ros_menu *menu, const char *id, const char *before); /* before NULL: to the end */
/* "/ip/address/add address=10.0.0.1/24 interface=ether2": for people. */
char *ros_sentence_text(const struct qs_val *sentence);
/* Moves that bring `count` ids from the order `have` to the order `want` (the same ids): for each, ids[i] goes before
 * before[i] (NULL: to the end). As few as possible: the longest run already in order stays. Returns how many. */
size_t ros_plan_moves(const char *const *have, const char *const *want, size_t count, const char **ids,
                      const char **before);

/* ---- one session (routeros.c) and its changes (ros_apply.c) ---- */
struct qs_session {
    struct qs_target t; /* texts owned */
    struct ros_conn *conn;
    bool safe;      /* this connection is in safe mode */
    size_t actions; /* what safe mode has to remember */
};
/* All menus in one flight, and the router's own facts behind them. */
enum qs_code ros_read_state(struct qs_session *s, struct ros_state *ret, struct qs_val **ret_resource,
                            struct qs_err *err) QS_MUST_CHECK;
/* UNSUPPORTED without safe mode, LIMIT when there are more changes than it undoes. */
enum qs_code ros_check_ability(struct qs_session *s, const struct qs_changes *cs, struct qs_err *err) QS_MUST_CHECK;
/* Adds and sets, then orders, then removes, then reads back; `state` is what the router held before. In safe mode:
 * on any failure the caller undoes what was done so far. */
enum qs_code ros_change_all(struct qs_session *s, const struct ros_state *state, const struct qs_changes *cs,
                            const struct qs_resources *want, struct qs_err *err) QS_MUST_CHECK;
/* A row that goes, not one that goes back to its defaults. */
bool ros_is_removal(const struct qs_change *c);

/* ---- own way in (ros_guard.c) ---- */
/* DENIED when the wanted state would cut the connection that qs uses. `local`: our address as the router sees it,
 * NULL when unknown. */
enum qs_code ros_guard(const struct qs_target *t, const struct qs_ip *local, const struct qs_resources *have,
                       const struct qs_resources *want, struct qs_err *err) QS_MUST_CHECK;
