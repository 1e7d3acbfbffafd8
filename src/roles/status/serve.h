/*
 * roles/status/serve (private): HTTP for the pages and the API. Documents are built when asked for and kept, with their
 * ETag and gzip form, until what they are made from changes: a reply is one look-up and one copy.
 */
#pragma once

#include "net/http_server.h"
#include "roles/status/client.h"
#include "roles/status/documents.h"

struct qs_serve;
struct qs_serve_conf {
    struct qs_loop *loop;
    uint32_t per_second, burst;      /* requests of one client */
    const struct qs_prefix *trusted; /* outlive it */
    size_t trusted_count;
    void (*facts)(void *arg, struct qs_facts *ret); /* what documents are made from now */
    void *arg;
};
struct qs_serve *qs_serve_new(const struct qs_serve_conf *conf);
void qs_serve_free(struct qs_serve *s); /* accepts NULL */
/* Serves a listening socket, which now belongs to it. */
enum qs_code qs_serve_listen(struct qs_serve *s, int fd, struct qs_err *err) QS_MUST_CHECK;
/* The facts changed: what is kept is stale. */
void qs_serve_touch(struct qs_serve *s);
/* A row left `from`: tells the readers of events. */
void qs_serve_change(struct qs_serve *s, size_t row, enum qs_state from);
