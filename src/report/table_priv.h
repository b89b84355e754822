/* What the back-ends of table.h provide, and what they share. */
#pragma once

#include <limits.h>

#include "report/table.h"

struct table_backend {
    void (*sheet)(struct table *t, const char *name, const char *const *columns);
    void (*column)(struct table *t, const char *name);
    void (*text)(struct table *t, const char *text, bool outside);
    void (*integer)(struct table *t, int64_t value);
    void (*real)(struct table *t, double value, int decimals);
    void (*time)(struct table *t, int64_t wall_ms);
    void (*end_row)(struct table *t);
    /* Everything into the file at t->temp, synced and closed. 0 or a negative errno. */
    int (*close)(struct table *t);
    void (*drop)(struct table *t); /* gives up what is open; called after close too */
};

struct table {
    const struct table_backend *ops;
    char path[PATH_MAX], temp[PATH_MAX]; /* temp: "" once it is in its place */
};

/* Fills path and temp and makes an empty file at temp. Returns its descriptor or a negative errno
 * with err set. */
int table_make_temp(struct table *t, const char *path, struct error *err);
int table_fail(struct error *err, const char *path, int code); /* code: positive errno */
