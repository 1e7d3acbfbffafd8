/*
 * twin/router/store: the whole configuration: for each menu its rows in order. A row holds the values that were
 * set, as the normalisers left them; what is unset has the default of the schema. A store is a plain value: it can
 * be copied (safe mode, undo) and written as JSON (what survives a restart).
 */
#pragma once

#include "text/val.h"
#include "twin/router/schema.h"

#define RTR_ROWS_MAX 20000 /* in one menu */

struct rtr_row {
    uint32_t id; /* shown as "*HEX"; never given out twice */
    const struct rtr_menu *menu;
    bool dynamic;
    char *values[RTR_ATTRS_MAX];
};
struct rtr_table {
    struct rtr_row **rows;
    size_t count;
    uint32_t next; /* id of the next row, without the menu's base */
};
struct rtr_store {
    struct rtr_table tables[RTR_MENU_MAX];
};

struct rtr_row *rtr_row_new(enum rtr_menu_id id);
struct rtr_row *rtr_row_copy(const struct rtr_row *row);
void rtr_row_free(struct rtr_row *row); /* accepts NULL */
QS_DEFINE_AUTO(row, struct rtr_row *, rtr_row_free)
/* The value or the default; NULL when there is neither. `name` must be an attribute that rows keep. */
const char *rtr_value(const struct rtr_row *row, const char *name);
bool rtr_is(const struct rtr_row *row, const char *name, const char *value);
void rtr_put(struct rtr_row *row, const char *name, const char *value); /* NULL unsets */

void rtr_store_done(struct rtr_store *s);
struct rtr_store rtr_store_copy(const struct rtr_store *s);
/* Makes `s` equal to `from`, but for the ids that were given out since: those stay used. */
void rtr_store_restore(struct rtr_store *s, const struct rtr_store *from);
/* Takes the row and gives it an id; `before` is a position, count: the end. */
void rtr_store_insert(struct rtr_store *s, struct rtr_row *row, size_t before);
void rtr_store_remove(struct rtr_store *s, enum rtr_menu_id id, size_t at);
/* Takes `row` in the place and with the id of the one that is there. */
void rtr_store_replace(struct rtr_store *s, size_t at, struct rtr_row *row);
bool rtr_store_find(const struct rtr_store *s, enum rtr_menu_id id, uint32_t row_id, size_t *ret_at);
/* The first row whose `name` is `value`; NULL when none. */
const struct rtr_row *rtr_store_by(const struct rtr_store *s, enum rtr_menu_id id, const char *name, const char *value);
/* Puts the rows at positions `from` (in that order) before the row at `to`, count: at the end. */
void rtr_store_move(struct rtr_store *s, enum rtr_menu_id id, const size_t *from, size_t n, size_t to);

struct qs_val *rtr_store_to_val(const struct rtr_store *s);
enum qs_code rtr_store_from_val(const struct qs_val *v, struct rtr_store *ret, struct qs_err *err) QS_MUST_CHECK;
