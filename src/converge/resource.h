/*
 * converge/resource: what qs converges. A resource is {target, type, name, attributes}; its type is a row of the
 * driver's schema. Diff, plan, journal, history and printing work on these alone and know no vendor.
 */
#pragma once

#include "base/id.h"
#include "text/val.h"

enum qs_attr_type { QS_ATTR_STRING, QS_ATTR_INT, QS_ATTR_BOOL, QS_ATTR_LIST /* order counts */, QS_ATTR_SET };

enum {
    QS_ATTR_REQUIRED = 1 << 0,
    QS_ATTR_SECRET = 1 << 1,    /* shown as (secret, changed); observed and stored as a hash only */
    QS_ATTR_RECREATE = 1 << 2,  /* a change of it needs delete and create */
    QS_ATTR_UNMANAGED = 1 << 3, /* absent in the wanted resource: whatever the target has stays */
    QS_ATTR_STATE = 1 << 4,     /* reported by the target, never wanted: kept out of diff and plan */
};
struct qs_attr {
    const char *name;
    enum qs_attr_type type;
    const char *otherwise; /* default as text ("false", "1500", "" for an empty list); NULL: no default, absent */
    unsigned flags;
    /* Brings text to the one form used in comparisons ("10.1.1.1" → "10.1.1.1/32"); NULL: as it is. Returns new
     * text. Applied to each item of a list or set. */
    char *(*normalise)(const char *text);
    const char *doc;
};

enum {
    QS_TYPE_SINGLETON = 1 << 0, /* exactly one, always there: only updates */
    QS_TYPE_ORDERED = 1 << 1,   /* the order of the wanted resources is part of the state: moves */
    QS_TYPE_FIXED = 1 << 2,     /* rows exist by themselves (ports, services): delete means back to default */
    QS_TYPE_REBOOTS = 1 << 3,   /* a change restarts the target: said first, by name */
};
struct qs_type {
    const char *name, *doc;
    const struct qs_attr *attrs; /* ended by name NULL */
    unsigned flags;
    unsigned rank; /* creates and updates run in rising rank, deletes in falling rank */
};

struct qs_resource {
    char *type, *name;
    struct qs_val *attrs; /* map */
};
struct qs_resources { /* in order; the order of ordered types is their state */
    struct qs_resource *items;
    size_t count;
};

/* Adds {type, name, {}} and returns its attribute map to fill. */
struct qs_val *qs_resources_add(struct qs_resources *rs, const char *type, const char *name);
const struct qs_resource *qs_resources_find(const struct qs_resources *rs, const char *type, const char *name);
void qs_resources_done(struct qs_resources *rs);
struct qs_resources qs_resources_copy(const struct qs_resources *rs);
const struct qs_type *qs_type_find(const struct qs_type *types, const char *name); /* `types` ended by name NULL */
const struct qs_attr *qs_attr_find(const struct qs_type *type, const char *name);
struct qs_val *qs_attr_default(const struct qs_attr *a); /* a new value; NULL when it has no default */
/* Checks every resource against the schema (known type, known attributes, types, required), fills defaults and
 * normalises in place (no default for unmanaged and state attributes; items of lists are texts, numbers among them
 * become texts; sets are sorted). INVALID names target-independent "type 'name': attribute 'x' …". */
enum qs_code qs_resources_settle(struct qs_resources *rs, const struct qs_type *types,
                                 struct qs_err *err) QS_MUST_CHECK;
/* Hex SHA-256 over the settled resources without state attributes: equal states have equal hashes. */
void qs_resources_hash(const struct qs_resources *rs, const struct qs_type *types, char hex[65]);
struct qs_val *qs_resources_to_val(const struct qs_resources *rs); /* [{type,name,attrs}] */
enum qs_code qs_resources_from_val(const struct qs_val *v, struct qs_resources *ret, struct qs_err *err) QS_MUST_CHECK;

/*
 * Secrets at rest: a veiled secret is QS_VEIL and the hex SHA-256 of the state's key and the value, which tells a
 * change from none and gives nothing back. What the journal stores is veiled; so is what it is compared with.
 */
#define QS_VEIL "veiled:"
#define QS_VEIL_TEXT (sizeof(QS_VEIL) + QS_SHA256_TEXT)
void qs_resources_veil(struct qs_resources *rs, const struct qs_type *types, const char *key);
/* Replaces veiled secrets by the live ones that they stand for. CONFLICT: another value is live, so the wanted one
 * is lost. */
enum qs_code qs_resources_unveil(struct qs_resources *rs, const struct qs_resources *have, const struct qs_type *types,
                                 const char *key, struct qs_err *err) QS_MUST_CHECK;
