/* roles/table: every process that `qs --role NAME` can become: the roles and the parts of the twin. */
#pragma once

#include "os/role.h"

const struct qs_role *qs_role_find(const char *name); /* NULL when there is none */
const struct qs_role *qs_role_at(size_t i);           /* NULL past the end */
