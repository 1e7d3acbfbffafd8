/* What the tests of this room share: a small schema and the first lines of every cmocka file. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/str.h"
#include "converge/diff.h"
#include "text/json.h"

static inline char *testing_lower(const char *text)
{
    char *copy = qs_xstrdup(text);

    for (char *c = copy; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    return copy;
}

static const struct qs_attr testing_vlan_attrs[] = {
    { .name = "title", .type = QS_ATTR_STRING, .otherwise = "", .normalise = testing_lower, .doc = "name" },
    { .name = "mtu", .type = QS_ATTR_INT, .otherwise = "1500", .doc = "frame size" },
    { .name = "kind", .type = QS_ATTR_STRING, .otherwise = "plain", .flags = QS_ATTR_RECREATE, .doc = "kind" },
    { .name = "tags", .type = QS_ATTR_SET, .otherwise = "", .doc = "tags" },
    { .name = "note", .type = QS_ATTR_STRING, .flags = QS_ATTR_UNMANAGED, .doc = "note" },
    { .name = "seen", .type = QS_ATTR_INT, .flags = QS_ATTR_STATE, .doc = "state" },
    { .name = NULL },
};
static const struct qs_attr testing_rule_attrs[] = {
    { .name = "action", .type = QS_ATTR_STRING, .flags = QS_ATTR_REQUIRED, .doc = "verdict" },
    { .name = "ports", .type = QS_ATTR_LIST, .otherwise = "", .doc = "ports" },
    { .name = NULL },
};
static const struct qs_attr testing_system_attrs[] = {
    { .name = "hostname", .type = QS_ATTR_STRING, .flags = QS_ATTR_REQUIRED, .doc = "name" },
    { .name = NULL },
};
static const struct qs_attr testing_port_attrs[] = {
    { .name = "enabled", .type = QS_ATTR_BOOL, .otherwise = "true", .doc = "on" },
    { .name = "label", .type = QS_ATTR_STRING, .otherwise = "", .doc = "label" },
    { .name = NULL },
};
static const struct qs_attr testing_user_attrs[] = {
    { .name = "role", .type = QS_ATTR_STRING, .otherwise = "operator", .doc = "role" },
    { .name = "password", .type = QS_ATTR_STRING, .flags = QS_ATTR_SECRET, .doc = "password" },
    { .name = NULL },
};
static const struct qs_type testing_types[] = {
    { .name = "system", .doc = "d", .attrs = testing_system_attrs, .flags = QS_TYPE_SINGLETON | QS_TYPE_REBOOTS },
    { .name = "vlan", .doc = "d", .attrs = testing_vlan_attrs, .rank = 1 },
    { .name = "port", .doc = "d", .attrs = testing_port_attrs, .flags = QS_TYPE_FIXED, .rank = 2 },
    { .name = "rule", .doc = "d", .attrs = testing_rule_attrs, .flags = QS_TYPE_ORDERED, .rank = 3 },
    { .name = "user", .doc = "d", .attrs = testing_user_attrs, .rank = 3 },
    { .name = NULL },
};

/* Resources from JSON: [{"type":…,"name":…,"attrs":{…}}], settled. */
static inline struct qs_resources testing_resources(const char *json)
{
    struct qs_err err = QS_ERR_INIT;
    qs_auto(val) struct qs_val *v = NULL;
    struct qs_resources rs = { .count = 0 };

    if (qs_json_parse(json, strlen(json), &v, &err) || qs_resources_from_val(v, &rs, &err) ||
        qs_resources_settle(&rs, testing_types, &err))
        fail_msg("%s: %s", json, err.msg);
    return rs;
}
