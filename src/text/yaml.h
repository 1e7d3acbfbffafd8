/*
 * text/yaml: YAML 1.2 documents to values, with positions (libfyaml; its only user).
 * Core schema: plain true/false, null/~, integers and floats are typed; "yes", "no", "on" stay strings.
 * Refused: duplicate keys, anchors and aliases, tags, directives, several documents, nesting over 64, text over 4 MiB.
 */
#pragma once

#include "text/val.h"

/* `name` is what messages call the file. On failure msg is "NAME:LINE:COL: what". */
enum qs_code qs_yaml_parse(const char *name, const char *text, size_t len, struct qs_val **ret,
                           struct qs_err *err) QS_MUST_CHECK;
