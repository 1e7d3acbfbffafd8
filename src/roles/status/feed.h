/*
 * roles/status/feed (private): documents that others keep, fetched again and again: the executor's history and targets
 * over its socket, the decision records from their file.
 */
#pragma once

#include "roles/status/probe.h"

struct qs_feed;
typedef void qs_feed_fn(void *arg); /* the document changed, or there is none any more */

/* GETs `path` from the Unix socket every `interval_ms`. */
struct qs_feed *qs_feed_http(const struct qs_probe_env *env, const char *socket, const char *path, uint64_t interval_ms,
                             qs_feed_fn *changed, void *arg);
/* Reads the file when its time of change differs; looks every `interval_ms`. */
struct qs_feed *qs_feed_file(const struct qs_probe_env *env, const char *path, uint64_t interval_ms,
                             qs_feed_fn *changed, void *arg);
const struct qs_val *qs_feed_value(const struct qs_feed *f); /* NULL: none now */
void qs_feed_free(struct qs_feed *f);                        /* accepts NULL */
