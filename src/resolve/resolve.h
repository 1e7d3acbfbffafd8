/*
 * resolve: the model turned into what others take, one file a consumer. Knows the drivers' resource types and the
 * twin's wiring; decides nothing.
 */
#pragma once

#include "converge/desired.h"
#include "lab/lab.h"

/* Every target that the lab's current site configures, with its resources. */
enum qs_code qs_resolve(const struct qs_lab *lab, struct qs_desired *ret, struct qs_err *err) QS_MUST_CHECK;
/* One file a driver: fills the resources of one device (eos.c, routeros.c). */
void qs_resolve_eos(const struct qs_lab *lab, const struct qs_device *dev, struct qs_resources *want);
void qs_resolve_routeros(const struct qs_lab *lab, const struct qs_device *dev, struct qs_resources *want);
/* What the twin must build: "qs.twin-spec/1" (twin/fabric/spec.h). */
struct qs_val *qs_resolve_twin(const struct qs_lab *lab);
/* The component and signal table with addresses filled in: "qs.status-spec/1" (roles/status/status.h). */
struct qs_val *qs_resolve_status(const struct qs_lab *lab);
/* What the pages show of the lab: rack, hardware, network, cables, components: "qs.page/1" (roles/status/status.h). */
struct qs_val *qs_resolve_page(const struct qs_lab *lab);
