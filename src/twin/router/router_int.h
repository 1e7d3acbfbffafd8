/*
 * twin/router: a router that speaks the RouterOS API and forwards real packets. This header is the room's own:
 * the router as a whole and the parts that its files lend each other.
 *
 *   conn.c      sockets, TLS, bytes          → sentences
 *   session.c   login, tags, dispatch        → one command
 *   print.c     view.c, route.c, query.c     ← the store
 *   command.c   add, set, remove, move, …    → the store
 *   safemode.c  take, release, unroll        → the store as it was
 *   apply.c     after each batch             → kernel.c, nft.c, listeners, the saved configuration
 */
#pragma once

#include "base/ip.h"
#include "base/loop.h"
#include "twin/router/sentence.h"
#include "twin/router/store.h"

struct ssl_ctx_st;
struct qs_nl;

#define RTR_SAVED "config.json" /* in the state folder */

struct rtr_port {
    char *name, *link;
};
struct rtr_conf {
    char *name, *model, *version, *user, *password, *cert, *key;
    char *root;            /* where nft is run: chroot, "" for none */
    char *state;           /* folder of the saved configuration, "" for none */
    uint32_t major, minor; /* 7, 18 */
    unsigned id;           /* its user and group once it serves; 0: keeps what it has */
    struct rtr_port *ports;
    size_t port_count;
    char *management_port;
    struct qs_prefix *management; /* addresses of the management port on first contact */
    size_t management_count;
};
enum qs_code rtr_conf_read(const char *json, struct rtr_conf *ret, struct qs_err *err) QS_MUST_CHECK;
void rtr_conf_done(struct rtr_conf *c);
/* Fills an empty store with the state of a router nobody has configured. */
enum qs_code rtr_factory(const struct rtr_conf *c, struct rtr_store *s, struct qs_err *err) QS_MUST_CHECK;
/* Makes the interface rows those of the ports: a saved configuration may be of other hardware. */
void rtr_fit_ports(const struct rtr_conf *c, struct rtr_store *s);

struct rtr_session { /* one connection, as the commands see it */
    struct rtr *r;
    struct rtr_session *prev, *next; /* all that are logged in or may log in */
    uint32_t serial;
    const char *service; /* "api", "api-ssl" */
    struct qs_ip peer;
    char local[QS_IP_TEXT], remote[QS_IP_TEXT + 8]; /* as /ip/service shows them */
    char *user;                                     /* NULL: not logged in */
    unsigned early;                                 /* commands before a login */
    struct qs_buf out;                              /* sentences to send */
    bool closing;                                   /* close once `out` is sent */
};
void rtr_session_open(struct rtr_session *s, struct rtr *r, const char *service);
/* Ends the session; safe mode that it holds rolls back. */
void rtr_session_close(struct rtr_session *s);
/* Says why and ends the connection after it. */
void rtr_fatal(struct rtr_session *s, const char *text);
void rtr_session_handle(struct rtr_session *s, const struct rtr_sentence *in);

struct rtr_safe {                    /* at most one session holds safe mode */
    const struct rtr_session *owner; /* NULL: nobody */
    struct rtr_store base;           /* the configuration when it was taken */
    unsigned actions;
};

struct rtr_routed { /* a route that is in the kernel because of us */
    struct qs_prefix dest;
    struct qs_ip via;
    char link[16];
};
struct rtr_kernel {
    struct qs_nl *nl;
    struct rtr_routed *routes;
    size_t route_count;
};

struct rtr_listener;
struct rtr_conn;

struct rtr {
    struct qs_loop *loop;
    struct rtr_conf conf;
    struct rtr_store store;
    struct rtr_safe safe;
    struct rtr_kernel kernel;
    char *firewall; /* the ruleset in force; NULL: none of ours yet */
    struct rtr_session *sessions;
    uint32_t serials;
    struct rtr_listener *listeners; /* one for each service that answers; conn.c's */
    struct rtr_conn *conns;
    struct ssl_ctx_st *tls;
    int state_fd; /* the folder of the saved configuration; -1: none is kept */
    struct qs_timer *save_timer;
    uint64_t started_ms;
    unsigned touched; /* RTR_TOUCH_*: what the commands since the last apply changed */
    bool changed;
    bool undo_held;
    struct rtr_store undo; /* the configuration before them */
    /* Makes the world outside follow the store; unit tests put a fake here. */
    enum qs_code (*world)(struct rtr *r, unsigned touched, struct qs_err *err);
};

/* Before a command changes the store: remembers it for the case that the world does not follow. */
void rtr_change_begin(struct rtr *r);
/* After it did. Counts for safe mode's history. */
void rtr_change_note(struct rtr *r, unsigned touches);
/* Ends a batch of commands. On failure the store is again what it was before them. */
enum qs_code rtr_commit(struct rtr *r, struct qs_err *err) QS_MUST_CHECK;
/* The real world: kernel, firewall, listeners. */
enum qs_code rtr_world(struct rtr *r, unsigned touched, struct qs_err *err);
/* Writes the configuration now, if one is kept: while safe mode is held, the one that it would roll back to. */
enum qs_code rtr_save(struct rtr *r, struct qs_err *err) QS_MUST_CHECK;

bool rtr_safe_mode_known(const struct rtr *r);                  /* from 7.18 */
void rtr_safe_count(struct rtr *r);                             /* one action more in the history */
void rtr_safe_drop(struct rtr *r, const struct rtr_session *s); /* the owner went: roll back */
enum qs_code rtr_safe_take(struct rtr_session *s, struct qs_err *err) QS_MUST_CHECK;
enum qs_code rtr_safe_release(struct rtr_session *s, struct qs_err *err) QS_MUST_CHECK;
enum qs_code rtr_safe_unroll(struct rtr_session *s, struct qs_err *err) QS_MUST_CHECK;

/* One command on a menu, its words parsed. */
struct rtr_call {
    struct rtr_session *s;
    const struct rtr_menu *menu;
    const struct rtr_sentence *in; /* the first word is the command */
    const char *tag;               /* NULL: none */
};
struct rtr_command {
    const char *name;
    enum qs_code (*run)(const struct rtr_call *c, struct qs_err *err);
    bool writes;
    unsigned without; /* RTR_SINGLETON, RTR_FIXED: menus that do not have it */
    unsigned with;    /* RTR_ORDERED: only menus that are */
};
const struct rtr_command *rtr_command_find(const struct rtr_menu *m, const char *name);
/* The value of "=name=…" in a sentence; NULL when absent. */
const char *rtr_arg(const struct rtr_sentence *in, const char *name);
/* Refuses "=" words that are not in `known` (NULL-terminated) and any other word that a command does not take. */
enum qs_code rtr_only_args(const struct rtr_sentence *in, const char *const *known, bool queries,
                           struct qs_err *err) QS_MUST_CHECK;
enum qs_code rtr_run_print(const struct rtr_call *c, struct qs_err *err);
bool rtr_put_bool(struct qs_buf *out, bool b);                            /* "true", "false"; true */
void rtr_reply(struct rtr_session *s, const char *kind, const char *tag); /* begins a sentence */
/* A value of a row as print shows it; false: not shown. */
bool rtr_shown(const struct rtr *r, const struct rtr_menu *m, const struct rtr_row *row, const struct rtr_attr *a,
               struct qs_buf *out);

/* What a row answers a query: appends the value of `name`; false when it has none. */
typedef bool rtr_lookup_fn(void *arg, const char *name, struct qs_buf *out);
/* Evaluates the "?" words of a sentence. INVALID: not a query. */
enum qs_code rtr_query(const struct rtr_sentence *in, rtr_lookup_fn *fn, void *arg, bool *ret,
                       struct qs_err *err) QS_MUST_CHECK;

/* The link of an interface by its name; "" when there is none. */
const char *rtr_link(const struct rtr_store *s, const char *interface);
/* The ruleset of the firewall menus as nft reads it: replaces the tables of a former one in one transaction. */
void rtr_nft_text(const struct rtr_store *s, struct qs_buf *out);
enum qs_code rtr_nft_apply(struct rtr *r, struct qs_err *err) QS_MUST_CHECK;
enum qs_code rtr_kernel_open(struct rtr *r, struct qs_err *err) QS_MUST_CHECK;
enum qs_code rtr_kernel_apply(struct rtr *r, struct qs_err *err) QS_MUST_CHECK;
void rtr_kernel_close(struct rtr *r);
/* Whether a route would be used: enabled, its gateway on a connected network. *ret_link: where it leaves. */
bool rtr_route_usable(const struct rtr_store *s, const struct rtr_row *route, const char **ret_interface);
/* Of the usable routes to one destination the one with the least distance, the first of equals, is active. */
bool rtr_route_active(const struct rtr_store *s, const struct rtr_row *row);

/* Opens, closes and moves the sockets of api and api-ssl as /ip/service says. */
enum qs_code rtr_listen_apply(struct rtr *r, struct qs_err *err) QS_MUST_CHECK;
void rtr_listen_close(struct rtr *r);
