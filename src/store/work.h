/* Work in the background that outlives restarts, and answers that are to be given again.
 * Conventions of store/store.h. */
#pragma once

#include <stdint.h>

#include "store/store.h"

enum { STORE_PATH_MAX = 512 };

struct store_work {
    int64_t id, object_id, total;
    char kind[16];  /* "import", "blacklist", "report" */
    char state[16]; /* "queued", "running", "done", "failed", "cancelled" */
    char who[200];
    char file[STORE_PATH_MAX];
    char *params; /* JSON; malloc'd by store_work_get and _next */
};

int store_work_add(struct store *s, const struct store_work *w, int64_t *id);
int store_work_get(struct store *s, int64_t id, struct store_work *out);
/* Of a kind, the newest for an object: an import's. */
int store_work_of(struct store *s, const char *kind, int64_t object_id, int64_t *id);
/* Of this file. */
int store_work_of_file(struct store *s, const char *file, int64_t *id);
/* The oldest with an id above this one that is queued or was running. -ENOENT: none. */
int store_work_next(struct store *s, int64_t after, struct store_work *out);
struct store_work_end {
    const char *state;
    const char *fault, *remedy, *result; /* "", "" and NULL without; result: JSON */
};
/* Sets the state; with done, failed and cancelled it is over. -EALREADY: it was over before. */
int store_work_set(struct store *s, int64_t id, const struct store_work_end *e);
int store_work_remove(struct store *s, int64_t id);
/* How many are not over. */
int store_work_open(struct store *s, int64_t *count);

/* A file that comes in parts; how much of it is there, the file itself tells. */
struct store_upload {
    int64_t id, bytes, created_ms;
    char filename[201], who[200];
    char file[STORE_PATH_MAX]; /* in the data folder */
};

int store_upload_add(struct store *s, const struct store_upload *u, int64_t *id);
int store_upload_get(struct store *s, int64_t id, struct store_upload *out);
/* The oldest with an id above this one. -ENOENT: none. */
int store_upload_next(struct store *s, int64_t after, struct store_upload *out);
int store_upload_count(struct store *s, int64_t *count);
int store_upload_remove(struct store *s, int64_t id);

struct store_answer {
    const char *who, *operation, *key, *request;
    int64_t status;
    char *headers, *body; /* JSON texts; malloc'd by store_answer_get */
    char kept_request[65];
};

/* By who, operation and key of a; fills the rest. -ENOENT. */
int store_answer_get(struct store *s, struct store_answer *a);
/* -EEXIST: there is one. */
int store_answer_put(struct store *s, const struct store_answer *a);
/* Forgets those made before. */
int store_answer_tidy(struct store *s, int64_t before_ms);
