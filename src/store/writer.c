/* The store's writer: one thread, one connection, group commit.
 *
 * Jobs are taken from a lock-protected list, all that wait at once (at most BATCH_MAX), run in one
 * transaction and told together after the commit. A failed commit tells every job of the batch its
 * error; each owner decides whether to send it again. */
#include "store/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metric.h"

enum { BATCH_MAX = 2000 };

struct store_writer {
    pthread_t thread;
    struct store *store; /* owned; used by the thread only */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* under lock */
    struct store_job *first, **last;
    bool stop, failing;
    char fault[256];
};

static void set_failing(struct store_writer *w, int rc)
{
    static struct log_limit limit;
    char fault[256];

    pthread_mutex_lock(&w->lock);
    if (!rc && w->failing)
        log_info("the store works again", "");
    metric_add(metric(METRIC_STORE_FAILING), (rc != 0) - w->failing);
    w->failing = rc != 0;
    if (rc == -ENOSPC)
        snprintf(w->fault, sizeof(w->fault),
                 "the disk is full: free space, calling goes on by itself");
    else if (rc)
        snprintf(w->fault, sizeof(w->fault), "the store fails: %.180s", store_error_text(w->store));
    snprintf(fault, sizeof(fault), "%s", w->fault);
    pthread_mutex_unlock(&w->lock);
    if (rc && log_allow(&limit, 10000))
        log_error("store commit failed", "error=\"%s\"", fault);
}

/* Is this failure the store's (everything in the batch suffers) rather than the job's? */
static bool store_is_sick(int rc)
{
    return rc == -ENOSPC || rc == -EIO || rc == -ENOMEM || rc == -EBUSY || rc == -EBADMSG ||
           rc == -EACCES || rc == -ESTALE;
}

static int run_job(struct store_writer *w, struct store_job *job)
{
    int rc = store_savepoint(w->store);

    if (rc)
        return rc;
    job->rc = job->run(job, w->store);
    if (!job->rc)
        return store_release(w->store);
    store_undo(w->store);
    return store_is_sick(job->rc) ? job->rc : 0;
}

static void tell(struct store_job *j, int rc)
{
    metric_add(metric1(METRIC_STORE_JOBS, rc ? "failed" : "done"), 1);
    j->done(j, rc);
}

static void run_batch(struct store_writer *w, struct store_job *first)
{
    int64_t started = clock_mono_us(&clock_system);
    int rc = store_begin(w->store);

    for (struct store_job *j = first; j && !rc; j = j->next)
        rc = run_job(w, j);
    if (!rc)
        rc = store_commit(w->store);
    else
        store_rollback(w->store);
    metric_observe(metric(METRIC_STORE_COMMIT), clock_mono_us(&clock_system) - started);
    set_failing(w, rc);
    while (first) {
        struct store_job *j = first;

        first = j->next; /* done may free or post the job again */
        tell(j, rc ? rc : j->rc);
    }
}

/* Takes up to BATCH_MAX waiting jobs; NULL when stopped and nothing waits. */
static struct store_job *take_batch(struct store_writer *w)
{
    struct store_job *first, **end;
    int n = 0;

    pthread_mutex_lock(&w->lock);
    while (!w->first && !w->stop)
        pthread_cond_wait(&w->wake, &w->lock);
    first = w->first;
    end = &w->first;
    for (; *end && n < BATCH_MAX; n++)
        end = &(*end)->next;
    w->first = *end;
    if (!w->first)
        w->last = &w->first;
    *end = NULL;
    pthread_mutex_unlock(&w->lock);
    metric_add(metric(METRIC_STORE_QUEUE), -n);
    return first;
}

static void *run(void *arg)
{
    struct store_writer *w = arg;
    struct store_job *batch;

    while ((batch = take_batch(w)))
        run_batch(w, batch);
    return NULL;
}

int store_writer_new(struct store_writer **out, const char *url, const struct clock *clock,
                     struct error *err)
{
    struct store_writer *w = calloc(1, sizeof(*w));
    int rc;

    if (!w)
        return -ENOMEM;
    w->last = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    rc = store_open(url, clock, &w->store, err);
    if (!rc) {
        rc = -pthread_create(&w->thread, NULL, run, w);
        if (!rc) {
            pthread_setname_np(w->thread, "store");
            *out = w;
            return 0;
        }
        error_set(err, rc, NULL, NULL, "cannot start the store's thread: %s", strerror(-rc));
    }
    store_close(w->store);
    free(w);
    return rc;
}

void store_writer_free(struct store_writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    metric_add(metric(METRIC_STORE_FAILING), -w->failing);
    store_close(w->store);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void store_writer_post(struct store_writer *w, struct store_job *job)
{
    job->next = NULL;
    job->rc = 0;
    metric_add(metric(METRIC_STORE_QUEUE), 1);
    pthread_mutex_lock(&w->lock);
    *w->last = job;
    w->last = &job->next;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

struct waiting_job {
    struct store_job job; /* first */
    struct store_job *inner;
    pthread_mutex_t lock;
    pthread_cond_t finished;
    bool over;
    int rc;
};

static int waiting_run(struct store_job *job, struct store *s)
{
    struct store_job *inner = ((struct waiting_job *)job)->inner;

    return inner->run(inner, s);
}

static void waiting_done(struct store_job *job, int rc)
{
    struct waiting_job *w = (struct waiting_job *)job;

    pthread_mutex_lock(&w->lock);
    w->rc = rc;
    w->over = true;
    pthread_cond_signal(&w->finished);
    pthread_mutex_unlock(&w->lock);
}

int store_writer_do(struct store_writer *w, struct store_job *job)
{
    struct waiting_job wait = {
        .job = {.run = waiting_run, .done = waiting_done},
        .inner = job,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .finished = PTHREAD_COND_INITIALIZER,
    };

    store_writer_post(w, &wait.job);
    pthread_mutex_lock(&wait.lock);
    while (!wait.over)
        pthread_cond_wait(&wait.finished, &wait.lock);
    pthread_mutex_unlock(&wait.lock);
    return wait.rc;
}

bool store_writer_failing(struct store_writer *w, char *text, unsigned size)
{
    bool failing;

    pthread_mutex_lock(&w->lock);
    failing = w->failing;
    if (failing && text)
        snprintf(text, size, "%s", w->fault);
    pthread_mutex_unlock(&w->lock);
    return failing;
}
