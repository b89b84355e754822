/* The one place that commits while a campaign runs: a thread that takes jobs from any thread, runs
 * many in one transaction (group commit) and tells each when it is durable. A job that fails is
 * undone alone (savepoint); a commit that fails fails every job in it. */
#pragma once

#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/store.h"

struct store_writer;

/* Embedded in its owner's object, which must stay until done is called. */
struct store_job {
    struct store_job *next;
    /* In the writer's thread, inside a transaction. Returns 0 or a negative errno. */
    int (*run)(struct store_job *job, struct store *s);
    /* In the writer's thread, after the commit is on disk (rc 0) or has failed. Post a message from
     * here to go back to one's own thread. */
    void (*done)(struct store_job *job, int rc);
    int rc; /* private to the writer */
};

int store_writer_new(struct store_writer **out, const char *url, const struct clock *clock,
                     struct error *err);
void store_writer_free(struct store_writer *w); /* finishes what is queued, then stops */
void store_writer_post(struct store_writer *w, struct store_job *job);
/* Posts and waits. Not from the writer's own callbacks. */
int store_writer_do(struct store_writer *w, struct store_job *job);
/* True after a failure to commit (disk full, I/O error) until a commit succeeds again; text in
 * words. */
bool store_writer_failing(struct store_writer *w, char *text, unsigned size);
