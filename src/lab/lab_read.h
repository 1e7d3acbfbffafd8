/* lab_read: what the reader of rows (lab_read.c) and the reader of single values (lab_values.c) share. */
#pragma once

#include "lab/lab_int.h"

struct lab_where { /* the way from the top of the file to a row, for messages */
    const struct lab_where *up;
    const char *key, *label;
    size_t index;
    bool keyed;
};
struct lab_slot { /* one value on its way into one field */
    struct lab_box *box;
    const char *file;
    const struct lab_where *where;
    const struct lab_field *field;
    const struct qs_val *val;
    void *out;
    size_t *count;
    long item; /* index in a list of scalars, -1: the field itself */
};

/* A problem at the value: "WHERE KEY" and the rest. */
struct qs_problem *lab_complain(const struct lab_slot *s, const char *fmt, ...) QS_PRINTF(2, 3);
/* "… must be WHAT, not what it is". */
struct qs_problem *lab_expected(const struct lab_slot *s, const char *what);
/* No control characters: texts reach device configurations line by line. */
bool lab_is_clean(const char *text);
/* Reads a text whatever the field's type. */
void lab_read_text(const struct lab_slot *s);
/* Puts a number into the field's member, by its type. */
void lab_keep_number(const struct lab_field *f, void *out, uint64_t n);
/* Reads every type but rows, records and maps. */
void lab_read_value(const struct lab_slot *s);
