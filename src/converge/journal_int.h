/* Private to the files of the journal. */
#pragma once

#include <pthread.h>

#include "converge/journal.h"
#include "store/db.h"

struct qs_journal {
    struct qs_db *db;
    pthread_mutex_t lock;
    char *key, *owner;
};

static inline void qs_auto_unlock_cb(pthread_mutex_t **lock)
{
    (void)pthread_mutex_unlock(*lock);
}
/* Holds the journal until the end of the scope. */
#define JOURNAL_LOCK(j)                                    \
    qs_auto(unlock) pthread_mutex_t *locked_ = &(j)->lock; \
    (void)pthread_mutex_lock(locked_)

/* Documents are stored as zstd-compressed JSON. */
struct journal_blob {
    void *data;
    size_t len;
};
struct journal_blob journal_pack(const struct qs_val *v);
static inline void qs_auto_blob_cb(struct journal_blob *b)
{
    free(b->data);
}
/* NULL with `err` set when the bytes are no packed document; a NULL blob is a NULL value without an error. */
struct qs_val *journal_unpack(struct qs_stmt *q, int col, struct qs_err *err);
/* Microseconds as RFC 3339 text in a map; left out when 0. */
void journal_set_time(struct qs_val *map, const char *key, int64_t us);
/* A write with a fault point on either side: where tests kill the executor. */
#define JOURNAL_WRITE(name, call) \
    (qs_fault_point("journal." name ".before"), journal_after("journal." name ".after", (call)))
enum qs_code journal_after(const char *point, enum qs_code code);
