/* Work in the background: imports, uploads of numbers, reports. Each is a row of the store
 * (store/work.h) from the moment it is acknowledged, so that a restart begins it anew; what it does
 * is whole or not at all. Two threads of their own; all functions from any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/api.h"
#include "store/work.h"

struct works;

int works_new(struct works **out, const struct api_config *config, struct error *err);
int works_start(struct works *w, struct error *err);
/* What runs is broken off and begins anew at the next start. */
void works_stop(struct works *w);
void works_free(struct works *w); /* NULL-safe */

/* Something was added to the store. */
void works_wake(struct works *w);

struct works_progress {
    int64_t done, total, rows; /* bytes of the file, or rows */
};
/* False: it does not run now. */
bool works_progress(struct works *w, int64_t id, struct works_progress *out);
/* How many are not over: a figure, looked up now and then. */
int64_t works_waiting(struct works *w);
/* Breaks it off when it runs; true when it did. */
bool works_cancel(struct works *w, int64_t id);

/* Before anything runs: what a crash left in the folders of work. */
void works_sweep(const char *data_dir, struct store *s);

/* ---- for the kinds of work ------------------------------------------------------------------ */

/* One that runs, in its thread. */
struct work {
    const struct api_config *config;
    struct store *store; /* its own connection */
    struct store_work row;
    json_t *params;
    json_t *result; /* set by run: owned */
    struct works *works;
    /* under the lock of works */
    struct works_progress progress;
    bool cancelled, stopping;
};

/* Tells how far it is; nonzero: it must end with -ECANCELED. */
int work_progress(struct work *w, int64_t done, int64_t total, int64_t rows);

struct work_kind {
    const char *name;
    int (*run)(struct work *w, struct error *err);
    /* After the end is on disk; state as in the store. */
    void (*ended)(struct work *w, const char *state);
};

extern const struct work_kind work_import, work_blacklist, work_report;
