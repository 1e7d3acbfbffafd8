/*
 * twin/fabric: the wires of the twin: one network namespace a part, the out-of-band bridge in qs's own, and a veth
 * pair for every cable of the spec (twin/fabric/spec.h). Knows no process; the supervisor starts the parts in
 * these namespaces and may restart one without touching its wires.
 *
 * Called once, inside the container, in qs's own network namespace. Blocking: netlink only.
 */
#pragma once

#include "base/cleanup.h"
#include "text/val.h"

struct qs_fabric;

enum qs_part_kind { QS_PART_SWITCH, QS_PART_ROUTER, QS_PART_NODE, QS_PART_UPSTREAM };
struct qs_part {
    enum qs_part_kind kind;
    const char *name;           /* unique in the fabric; belongs to the spec */
    const struct qs_val *entry; /* its entry in the spec */
    int netns;                  /* belongs to the fabric */
};

/* Builds everything or nothing: on failure all namespaces are gone again. `spec` must outlive the fabric.
 * INVALID: the spec contradicts itself (a cable to an unknown part, a name twice). */
enum qs_code qs_fabric_build(const struct qs_val *spec, struct qs_fabric **ret, struct qs_err *err) QS_MUST_CHECK;
size_t qs_fabric_count(const struct qs_fabric *f);
const struct qs_part *qs_fabric_part(const struct qs_fabric *f, size_t i);
void qs_fabric_free(struct qs_fabric *f); /* accepts NULL; namespaces end with their last process */
QS_DEFINE_AUTO(fabric, struct qs_fabric *, qs_fabric_free)
