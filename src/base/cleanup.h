/* base/cleanup: scope-bound ownership. Declare with an initialiser; hand over with qs_take_*(). */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* QS_DEFINE_AUTO(txn, struct qs_txn *, qs_txn_rollback) gives `qs_auto(txn) struct qs_txn *t = NULL;` */
#define QS_DEFINE_AUTO(name, type, fn)              \
    static inline void qs_auto_##name##_cb(type *p) \
    {                                               \
        fn(*p);                                     \
    }
#define qs_auto(name) __attribute__((__cleanup__(qs_auto_##name##_cb)))

static inline void qs_fd_close(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}
static inline void qs_charp_free(char *s)
{
    free(s);
}
static inline void qs_file_close(FILE *f)
{
    if (f)
        (void)fclose(f);
}

QS_DEFINE_AUTO(fd, int, qs_fd_close)
QS_DEFINE_AUTO(str, char *, qs_charp_free)
QS_DEFINE_AUTO(file, FILE *, qs_file_close)

static inline int qs_take_fd(int *fd)
{
    int v = *fd;
    *fd = -1;
    return v;
}
#define qs_take_ptr(p)             \
    __extension__({                \
        __typeof__(p) take_ = (p); \
        (p) = NULL;                \
        take_;                     \
    })
