/*
 * roles/status/spec (private): "qs.status-spec/1" (status.h) as structs. Immutable once read; every text belongs to it.
 */
#pragma once

#include "base/cleanup.h"
#include "base/ip.h"
#include "roles/status/condition.h"

struct qs_kind; /* probe.h */

struct qs_status_check {
    char *name, *target, *address; /* address "" when the kind needs none */
    const struct qs_kind *kind;
    uint16_t port;
    uint64_t interval_ms, timeout_ms;
    struct qs_condition *conditions;
    size_t condition_count;
    char **expect;
    size_t expect_count;
    size_t owner; /* index of the row it belongs to */
};
/* A row is a signal or a component: what has a state. Signals come first, in the order of their groups. */
enum qs_row_kind { QS_ROW_SIGNAL, QS_ROW_COMPONENT };
struct qs_row {
    enum qs_row_kind kind;
    char *name, *title, *group, *adr, *pending; /* pending NULL: has checks */
    char *role, *runs, *version, *backup;       /* components */
    int64_t number;
    bool twin;
    size_t first_check, check_count; /* its slice of checks */
};
struct qs_status_group {
    char *name, *title;
    size_t first, count; /* its slice of rows */
};
struct qs_notify_to {
    char *kind, *url, *to, *from;
    unsigned failures, successes;
};
struct qs_maintenance {
    char *name;
    char **signals; /* none: all */
    size_t signal_count;
    uint64_t from_us, until_us;
};
struct qs_status_spec {
    char *site, *lab_name, *lab_title;
    struct qs_status_group *groups;
    size_t group_count;
    struct qs_row *rows;
    size_t row_count, signal_count; /* rows[signal_count..] are components */
    struct qs_status_check *checks;
    size_t check_count;
    struct qs_notify_to *notify;
    size_t notify_count;
    struct qs_maintenance *maintenance;
    size_t maintenance_count;
};

/* INVALID names the row and what is wrong with it. *ret is the caller's. */
enum qs_code qs_status_spec_read(const struct qs_val *doc, struct qs_status_spec **ret,
                                 struct qs_err *err) QS_MUST_CHECK;
void qs_status_spec_free(struct qs_status_spec *s); /* accepts NULL */
QS_DEFINE_AUTO(status_spec, struct qs_status_spec *, qs_status_spec_free)

bool qs_check_expects(const struct qs_status_check *c, const char *word);
/* The rest of the expect word that starts with `prefix` ("pin:"), or NULL. */
const char *qs_check_expected(const struct qs_status_check *c, const char *prefix);
/* The maintenance that covers the signal at `now_us`, or NULL. */
const struct qs_maintenance *qs_spec_maintenance(const struct qs_status_spec *s, const char *signal, uint64_t now_us);
/* "2026-03-02T10:11:12Z" → microseconds since 1970. */
bool qs_time_read(const char *text, uint64_t *ret_us);
