/*
 * text/val: a tree of values, the one in-memory form of YAML and JSON in qs: lab files, resource
 * attributes, plans, API documents. Maps keep their order. Values from a file know their line and column.
 *
 * Ownership: a container owns its children; qs_val_free() frees the whole tree. Functions named add or
 * set take ownership of the value given to them. Strings are copied in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"

enum qs_val_type { QS_NULL, QS_BOOL, QS_INT, QS_REAL, QS_STRING, QS_LIST, QS_MAP };

struct qs_val {
    enum qs_val_type type;
    uint32_t line, col; /* 1-based; 0 when not from a file */
    uint32_t count;     /* children of a list or map */
    union {
        bool b;
        int64_t i;
        double r;
        char *s;
        struct qs_val **items; /* list */
        struct qs_pair *pairs; /* map */
    } u;
};
struct qs_pair {
    char *key;
    uint32_t line, col; /* of the key */
    struct qs_val *val;
};

struct qs_val *qs_val_null(void);
struct qs_val *qs_val_bool(bool b);
struct qs_val *qs_val_int(int64_t i);
struct qs_val *qs_val_real(double r);
struct qs_val *qs_val_str(const char *s); /* NULL gives a null value */
struct qs_val *qs_val_strf(const char *fmt, ...) QS_PRINTF(1, 2);
struct qs_val *qs_val_list(void);
struct qs_val *qs_val_map(void);
struct qs_val *qs_val_copy(const struct qs_val *v);
void qs_val_free(struct qs_val *v); /* accepts NULL */
QS_DEFINE_AUTO(val, struct qs_val *, qs_val_free)

/* All setters return the value put in, so that a caller can go on filling it. */
struct qs_val *qs_val_add(struct qs_val *list, struct qs_val *v);
struct qs_val *qs_val_set(struct qs_val *map, const char *key, struct qs_val *v); /* replaces in place */
void qs_val_set_str(struct qs_val *map, const char *key, const char *s);          /* NULL: the key is left out */
void qs_val_set_int(struct qs_val *map, const char *key, int64_t i);
void qs_val_set_bool(struct qs_val *map, const char *key, bool b);
void qs_val_del(struct qs_val *map, const char *key);

/* Look-ups accept NULL and a wrong type, and then find nothing. */
struct qs_val *qs_val_get(const struct qs_val *map, const char *key);
struct qs_val *qs_val_at(const struct qs_val *list, size_t i);
size_t qs_val_count(const struct qs_val *v);
const char *qs_val_string(const struct qs_val *v, const char *otherwise);
int64_t qs_val_integer(const struct qs_val *v, int64_t otherwise);
bool qs_val_boolean(const struct qs_val *v, bool otherwise);
const char *qs_val_get_str(const struct qs_val *map, const char *key, const char *otherwise);
int64_t qs_val_get_int(const struct qs_val *map, const char *key, int64_t otherwise);
bool qs_val_get_bool(const struct qs_val *map, const char *key, bool otherwise);
bool qs_val_equal(const struct qs_val *a, const struct qs_val *b); /* map order does not matter */
const char *qs_val_type_name(enum qs_val_type type);               /* "a string", "a list", … for messages */
