/* The fields of components/, status.yaml and sites/. */
#include "lab/lab_int.h"

// clang-format off
static const char *const check_kinds[] = { "http", "tcp", "tls", "dns", "icmp", "ssh", "process", "converge", "role", "wan", NULL };
static const char *const engines[] = { "twin", "external", "self", "none", NULL };
static const char *const site_kinds[] = { "twin", "rack", "cloud", NULL };
static const char *const notify_kinds[] = { "webhook", "smtp", NULL };

static const struct lab_field check_fields[] = {
    { "name", LAB_NAME, LAB_IN(struct qs_check, name), .max = 64, .flags = LAB_NEEDED | LAB_LABEL, .doc = "one word for it" },
    { "kind", LAB_CHOICE, LAB_IN(struct qs_check, kind), .words = check_kinds, .flags = LAB_NEEDED, .doc = "how it is known" },
    { "target", LAB_WORD, LAB_IN(struct qs_check, target), .flags = LAB_NEEDED, .doc = "URL, host:port, device:NAME, node:NAME, or the name of a role" },
    { "conditions", LAB_TEXTS, LAB_IN(struct qs_check, conditions), .doc = "[STATUS] == 200, [RESPONSE_TIME] < 500, [BODY].a == b, [CERTIFICATE] > 7d" },
    { "expect", LAB_TEXTS, LAB_IN(struct qs_check, expect), .doc = "further words of its kind" },
    { "interval", LAB_MS, LAB_IN(struct qs_check, interval_ms), .min = 500, .max = 86400000, .otherwise = 5000, .doc = "from start to start: 5s" },
    { "timeout", LAB_MS, LAB_IN(struct qs_check, timeout_ms), .min = 100, .max = 600000, .otherwise = 4000, .doc = "until it has failed: 4s" },
    { 0 }
};
static const struct lab_record check_row = { sizeof(struct qs_check), offsetof(struct qs_check, at), 0, check_fields };

/* ---- components/NAME.yaml ---- */
static const struct lab_field component_fields[] = {
    { "name", LAB_NAME, LAB_IN(struct qs_component, name), .max = 64, .flags = LAB_NEEDED | LAB_LABEL, .doc = "unique among components" },
    { "number", LAB_U16, LAB_IN(struct qs_component, number), .min = 1, .max = 9999, .flags = LAB_NEEDED, .doc = "its row" },
    { "role", LAB_TEXT, LAB_IN(struct qs_component, role), .flags = LAB_NEEDED, .doc = "its job" },
    { "runs", LAB_SITED, LAB_IN(struct qs_component, runs), .flags = LAB_NEEDED, .doc = "what does the job" },
    { "version", LAB_SITED, LAB_IN(struct qs_component, version), .max = 40, .doc = "release or release line, in quotes" },
    { "depends_on", LAB_WORDS, LAB_IN(struct qs_component, depends_on), .doc = "components that must work first" },
    { "pending", LAB_SITED, LAB_IN(struct qs_component, enable), .doc = "it does not run yet: what would enable it" },
    { "checks", LAB_ROWS, LAB_ARRAY(struct qs_component, checks, check_count), .record = &check_row, .doc = "how it is known to work" },
    { "backup", LAB_TEXT, LAB_IN(struct qs_component, backup), .max = 200, .flags = LAB_NEEDED, .doc = "the policy in words; none: and why" },
    { "adr", LAB_ADR, LAB_IN(struct qs_component, adr), .doc = "the decision record behind it" },
    { 0 }
};
static const struct lab_record component_row = { sizeof(struct qs_component), offsetof(struct qs_component, at), 0, component_fields };
static const struct lab_field components_fields[] = {
    { "group", LAB_NAME, LAB_IN(struct lab_box, component_group), .max = 40, .flags = LAB_NEEDED, .doc = "what the rows belong to" },
    { "components", LAB_ROWS, LAB_ARRAY(struct lab_box, group_components, group_component_count), .flags = LAB_NEEDED, .record = &component_row, .doc = "the rows" },
    { 0 }
};
const struct lab_record lab_components_file = { sizeof(struct lab_box), LAB_NO_AT, 0, components_fields };

/* ---- status.yaml ---- */
static const struct lab_field signal_fields[] = {
    { "name", LAB_NAME, LAB_IN(struct qs_signal, name), .max = 64, .flags = LAB_NEEDED | LAB_LABEL, .doc = "unique among signals" },
    { "title", LAB_TEXT, LAB_IN(struct qs_signal, title), .max = 100, .doc = "for people; its name, if absent" },
    { "components", LAB_REFS, LAB_IN(struct qs_signal, components), .space = LAB_COMPONENT_SPACE, .doc = "the components it speaks for" },
    { "pending", LAB_SITED, LAB_IN(struct qs_signal, pending), .doc = "it cannot be up yet: what would enable it" },
    { "checks", LAB_ROWS, LAB_ARRAY(struct qs_signal, checks, check_count), .record = &check_row, .doc = "all must pass" },
    { 0 }
};
static const struct lab_record signal_row = { sizeof(struct qs_signal), offsetof(struct qs_signal, at), 0, signal_fields };
static const struct lab_field group_fields[] = {
    { "name", LAB_NAME, LAB_IN(struct raw_signals, group.name), .max = 40, .flags = LAB_NEEDED | LAB_LABEL, .doc = "unique among groups" },
    { "title", LAB_TEXT, LAB_IN(struct raw_signals, group.title), .max = 100, .doc = "for people; its name, if absent" },
    { "signals", LAB_ROWS, LAB_ARRAY(struct raw_signals, items, count), .flags = LAB_NEEDED, .record = &signal_row, .doc = "its lines" },
    { 0 }
};
static const struct lab_record group_row = { sizeof(struct raw_signals), offsetof(struct raw_signals, group.at), 0, group_fields };
static const struct lab_field status_fields[] = {
    { "groups", LAB_ROWS, LAB_ARRAY(struct lab_box, groups, group_count), .flags = LAB_NEEDED, .record = &group_row, .doc = "the panel, from top to bottom" },
    { 0 }
};
const struct lab_record lab_status_file = { sizeof(struct lab_box), LAB_NO_AT, 0, status_fields };

/* ---- sites/NAME.yaml ---- */
static const struct lab_field target_fields[] = {
    { "engine", LAB_CHOICE, LAB_IN(struct raw_target, engine), .words = engines, .doc = "emulated, real, qs itself, or not here" },
    { "address", LAB_WORD, LAB_IN(struct raw_target, address), .doc = "where to reach it, when not at its management address" },
    { "port", LAB_U16, LAB_IN(struct raw_target, port), .min = 1, .max = 65535, .doc = "of its API, when not the usual one" },
    { 0 }
};
static const struct lab_record target_row = { sizeof(struct raw_target), offsetof(struct raw_target, at), offsetof(struct raw_target, name), target_fields };
static const struct lab_field upstream_fields[] = {
    { "name", LAB_NAME, LAB_IN(struct lab_box, lab.upstream.name), .max = 32, .flags = LAB_NEEDED, .doc = "what it is called" },
    { "v4", LAB_ADDRESS4, LAB_IN(struct lab_box, lab.upstream.v4), .flags = LAB_NEEDED, .doc = "its address on the WAN segment" },
    { "v6", LAB_ADDRESS6, LAB_IN(struct lab_box, lab.upstream.v6), .doc = "likewise" },
    { 0 }
};
static const struct lab_record upstream_record = { sizeof(struct lab_box), offsetof(struct lab_box, upstream_at), 0, upstream_fields };
static const struct lab_field notify_fields[] = {
    { "kind", LAB_CHOICE, LAB_IN(struct qs_notify, kind), .words = notify_kinds, .flags = LAB_NEEDED, .doc = "how" },
    { "url", LAB_WORD, LAB_IN(struct qs_notify, url), .flags = LAB_NEEDED, .doc = "where to" },
    { "from", LAB_WORD, LAB_IN(struct qs_notify, from), .doc = "smtp: sender" },
    { "to", LAB_WORD, LAB_IN(struct qs_notify, to), .doc = "smtp: receiver" },
    { "failures", LAB_U32, LAB_IN(struct qs_notify, failures), .min = 1, .max = 1000, .otherwise = 3, .doc = "in a row until it is said" },
    { "successes", LAB_U32, LAB_IN(struct qs_notify, successes), .min = 1, .max = 1000, .otherwise = 2, .doc = "in a row until it is over" },
    { 0 }
};
static const struct lab_record notify_row = { sizeof(struct qs_notify), offsetof(struct qs_notify, at), 0, notify_fields };
static const struct lab_field maintenance_fields[] = {
    { "name", LAB_NAME, LAB_IN(struct qs_maintenance, name), .max = 64, .flags = LAB_NEEDED | LAB_LABEL, .doc = "one word for it" },
    { "from", LAB_WORD, LAB_IN(struct qs_maintenance, from), .flags = LAB_NEEDED, .doc = "2026-03-01T10:00:00Z" },
    { "until", LAB_WORD, LAB_IN(struct qs_maintenance, until), .flags = LAB_NEEDED, .doc = "likewise" },
    { "signals", LAB_WORDS, LAB_IN(struct qs_maintenance, signals), .doc = "which are quiet; absent: all" },
    { 0 }
};
static const struct lab_record maintenance_row = { sizeof(struct qs_maintenance), offsetof(struct qs_maintenance, at), 0, maintenance_fields };
static const struct lab_field site_fields[] = {
    { "title", LAB_TEXT, LAB_IN(struct lab_box, lab.site_title), .max = 100, .flags = LAB_NEEDED, .doc = "for people" },
    { "kind", LAB_CHOICE, LAB_IN(struct lab_box, lab.site_kind), .words = site_kinds, .flags = LAB_NEEDED, .doc = "emulated, real, or Kubernetes alone" },
    { "engine", LAB_CHOICE, LAB_IN(struct lab_box, site_engine), .words = engines, .flags = LAB_NEEDED, .doc = "of every device and node that is not under targets" },
    { "targets", LAB_KEYED, LAB_ARRAY(struct lab_box, targets, target_count), .record = &target_row, .doc = "devices and nodes that are otherwise" },
    { "commit_timer", LAB_SECONDS, LAB_IN(struct lab_box, commit_timer_s), .min = 10, .max = 3600, .otherwise = 60, .doc = "how long a device waits for qs before it undoes a change" },
    { "upstream", LAB_RECORD, LAB_IN(struct lab_box, lab), .record = &upstream_record, .doc = "the host outside, beyond the provider's handover" },
    { "notify", LAB_ROWS, LAB_ARRAY(struct lab_box, lab.notify, lab.notify_count), .record = &notify_row, .doc = "who hears of incidents" },
    { "maintenance", LAB_ROWS, LAB_ARRAY(struct lab_box, lab.maintenance, lab.maintenance_count), .record = &maintenance_row, .doc = "planned quiet" },
    { 0 }
};
const struct lab_record lab_site_file = { sizeof(struct lab_box), LAB_NO_AT, 0, site_fields };
// clang-format on
