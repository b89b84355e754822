/* A CSV of numbers onto a do-not-call list: columns phone, reason, expires. Rows that cannot be
 * read are told, each with its number; the others are taken. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "store/store.h"

struct blackfile_options {
    const char *list, *region;
    const char *reason; /* of rows without one; may be NULL */
    const char *name;   /* the file's, for the source of each entry */
    int64_t expires_ms; /* of rows without one, 0: never */
    int64_t now_ms;     /* wall time */
    unsigned batch;     /* rows in a transaction, for a store that others use, too: what is read
                           counts at once, and a file that cannot be read to its end is found out
                           before. 0: all in one */
    void (*rejected)(void *arg, int64_t row, const char *why);               /* may be NULL */
    int (*progress)(void *arg, uint64_t done, uint64_t total, int64_t rows); /* nonzero ends */
    void *arg;
};

struct blackfile_summary {
    int64_t rows, added, known, rejected;
};

/* -ECANCELED from progress; -EINVAL with err for what is wrong with the file. The store must not be
 * in a transaction. */
int blackfile_import(struct store *s, const char *path, const struct blackfile_options *o,
                     struct blackfile_summary *out, struct error *err);
