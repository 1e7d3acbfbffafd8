/* converge/diff: the generic difference between two settled sets of resources of one target. */
#pragma once

#include "converge/resource.h"

enum qs_action { QS_CREATE, QS_UPDATE, QS_DELETE, QS_RECREATE, QS_MOVE };

struct qs_change {
    enum qs_action action;
    const struct qs_type *type;
    char *name;
    struct qs_val *before, *after; /* attribute maps, owned; NULL for create / delete */
    char *follows; /* ordered types: the name of the resource right before it in the wanted order, NULL: first */
};
struct qs_changes {
    struct qs_change *items;
    size_t count;
};

/* Changes in the order they must run: deletes by falling rank, then creates, updates and moves by rising rank; inside
 * a rank natural name order, or for ordered types the wanted order. A driver that must add before it removes does so
 * inside its transaction. An ordered resource that is updated and moved has two changes. Singletons are only ever
 * updated; a fixed row that is not there counts as one with every default. `after` keeps unmanaged attributes of the
 * target, `before` its state attributes. */
void qs_diff(const struct qs_type *types, const struct qs_resources *have, const struct qs_resources *want,
             struct qs_changes *ret);
/* Whether the attribute differs between before and after. */
bool qs_change_touches(const struct qs_change *c, const char *attr);
const char *qs_action_sign(enum qs_action a);                  /* "+", "~", "-", "-/+", ">" */
const char *qs_action_name(enum qs_action a);                  /* "create", … stable, in JSON */
struct qs_val *qs_changes_to_val(const struct qs_changes *cs); /* secrets as "(secret)" or "(secret, changed)" */
enum qs_code qs_changes_from_val(const struct qs_val *v, const struct qs_type *types, struct qs_changes *ret,
                                 struct qs_err *err) QS_MUST_CHECK;
void qs_changes_done(struct qs_changes *cs);
