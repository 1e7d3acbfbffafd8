/*
 * converge/desired: the whole wanted state of a site, as resolve makes it and the executor takes it. Carries no
 * secrets and no addresses of its own choosing: what the model says, nothing else. As JSON: "qs.desired/1".
 */
#pragma once

#include "converge/resource.h"

struct qs_desired_target {
    char *name, *driver, *address;
    uint16_t port;
    char **depends_on; /* NULL-terminated names of targets whose step must be verified first */
    char **adrs;       /* NULL-terminated ADR ids ("0007") that cover this target */
    unsigned commit_timer_s;
    struct qs_resources want; /* settled */
};
struct qs_desired {
    char *lab, *site;
    char hash[65]; /* over all targets; set by qs_desired_seal() */
    struct qs_desired_target *targets;
    size_t count;
};
/* Computes the hash; whoever filled `d` calls it last. */
void qs_desired_seal(struct qs_desired *d);
const struct qs_desired_target *qs_desired_find(const struct qs_desired *d, const char *name); /* NULL: none */
struct qs_val *qs_desired_to_val(const struct qs_desired *d);
/* INVALID also when the hash does not fit the content. */
enum qs_code qs_desired_from_val(const struct qs_val *v, struct qs_desired *ret, struct qs_err *err) QS_MUST_CHECK;
void qs_desired_done(struct qs_desired *d);
