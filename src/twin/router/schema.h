/*
 * twin/router/schema: the menus of the router as data: path, attributes, key, what may be done with rows.
 * A menu is one entry of RTR_MENUS and one of the table in menus.c. Nothing else knows a menu by name.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "twin/router/value.h"

#define RTR_MENUS(X)                                                                                                  \
    X(IDENTITY)                                                                                                       \
    X(RESOURCE)                                                                                                       \
    X(CLOCK)                                                                                                          \
    X(SCRIPT) X(SCHEDULER) X(INTERFACE) X(ETHERNET) X(ADDRESS4) X(ADDRESS6) X(ROUTE4) X(ROUTE6) X(FILTER4) X(FILTER6) \
        X(NAT4) X(NAT6) X(LIST4) X(LIST6) X(SERVICE) X(DNS) X(USER) X(GROUP)

enum rtr_menu_id {
#define X(id) RTR_##id,
    RTR_MENUS(X)
#undef X
        RTR_MENU_MAX
};

#define RTR_ATTRS_MAX 40

struct rtr;
struct rtr_store;
struct rtr_row;

/* Appends the value of a computed attribute; false: this row has none. */
typedef bool rtr_get_fn(const struct rtr *r, const struct rtr_row *row, struct qs_buf *out);

/* A rule over several attributes or rows; `row` is the row as it would become, `self` the one it replaces or NULL. */
typedef enum qs_code rtr_check_fn(const struct rtr_store *s, const struct rtr_row *row, const struct rtr_row *self,
                                  struct qs_err *err);
/* Rows that nobody configured; `add` takes each. */
typedef void rtr_add_fn(void *arg, struct rtr_row *row);
typedef void rtr_dynamic_fn(const struct rtr *r, rtr_add_fn *add, void *arg);

enum rtr_attr_flag {
    RTR_REQUIRED = 1,    /* add refuses a row without it */
    RTR_SECRET = 2,      /* taken, never shown */
    RTR_NEGATE = 4,      /* "!value" means all but value */
    RTR_LINK = 8,        /* the name of an interface that must exist */
    RTR_IFACE_ONLY = 16, /* of the two views of an interface this belongs to /interface alone */
    RTR_ETHER_ONLY = 32,
    RTR_PRESENCE = 64, /* being there is the value: "" sets it */
};
struct rtr_attr {
    const char *name;
    rtr_norm_fn *norm; /* NULL: read-only */
    const char *def;   /* shown when unset; NULL: left out until set */
    unsigned flags;
    const char *const *words; /* of norm_word and norm_words */
    uint32_t min, max;        /* of norm_uint */
    rtr_get_fn *get;          /* computed; NULL: kept in the row */
};

enum rtr_menu_flag {
    RTR_SINGLETON = 1, /* one row without an id */
    RTR_FIXED = 2,     /* rows are the device's: no add, no remove */
    RTR_ORDERED = 4,   /* place-before and move */
};
enum rtr_touch { /* what of the world outside a change of the menu moves */
                 RTR_TOUCH_NET = 1,
                 RTR_TOUCH_NFT = 2,
                 RTR_TOUCH_LISTEN = 4,
};
struct rtr_menu {
    const char *path;
    const struct rtr_attr *attrs; /* ended by one without a name */
    enum rtr_menu_id rows;        /* whose rows it shows: its own, but for /interface/ethernet */
    unsigned flags, touches;
    uint32_t id_base;
    unsigned hidden;     /* RTR_IFACE_ONLY or RTR_ETHER_ONLY: attributes of the other view */
    const char *keys[3]; /* equal in all of these: refused with `taken` */
    const char *taken;
    rtr_check_fn *check;                      /* NULL: none */
    rtr_dynamic_fn *dynamic;                  /* NULL: none */
    bool (*shows)(const struct rtr_row *row); /* NULL: every row */
};

const struct rtr_menu *rtr_menu(enum rtr_menu_id id);
/* By path ("/ip/address"); NULL when there is none. */
const struct rtr_menu *rtr_menu_find(const char *path, size_t len);
/* Whether some menu lies below `path`: "/ip" is known, but is no table. */
bool rtr_menu_is_prefix(const char *path, size_t len);
/* The attribute as this menu shows it; NULL when it has none of that name. */
const struct rtr_attr *rtr_attr_find(const struct rtr_menu *m, const char *name);
bool rtr_attr_visible(const struct rtr_menu *m, const struct rtr_attr *a);
bool rtr_protocol_number(const char *name, uint32_t *ret);

/* Rules and computed values that the table of menus names (checks.c, view.c, route.c). */
rtr_check_fn rtr_check_rule4, rtr_check_rule6, rtr_check_nat, rtr_check_route, rtr_check_scheduler, rtr_check_user;
rtr_check_fn rtr_check_dns, rtr_check_service;
rtr_get_fn rtr_get_false, rtr_get_network, rtr_get_actual_interface, rtr_get_link_local;
rtr_get_fn rtr_get_running, rtr_get_mac, rtr_get_mtu;
rtr_get_fn rtr_get_dynamic, rtr_get_route_active, rtr_get_route_static, rtr_get_route_connect, rtr_get_immediate_gw;
rtr_get_fn rtr_get_uptime, rtr_get_version, rtr_get_board, rtr_get_cpus, rtr_get_memory, rtr_get_free_memory;
rtr_get_fn rtr_get_date, rtr_get_time, rtr_get_proto, rtr_get_run_count;
rtr_dynamic_fn rtr_dynamic_service, rtr_dynamic_route4, rtr_dynamic_route6;
bool rtr_is_ether(const struct rtr_row *row);
