#include "api/works.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

enum { THREADS = 2, AGAIN_MS = 5000 };

static const struct work_kind *const kinds[] = {&work_import, &work_blacklist, &work_report};

struct runner {
    struct works *works;
    pthread_t thread;
    bool started;
    struct store *store; /* owned */
    struct work *work;   /* under the lock; NULL: idle */
};

struct works {
    struct api_config config;
    struct runner runners[THREADS];
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* under the lock */
    struct store *looking; /* owned: for works_waiting */
    int64_t last;          /* the newest that a runner took: ids only grow */
    bool stop, more;
};

/* ---- progress and cancelling ---------------------------------------------------------------- */

int work_progress(struct work *w, int64_t done, int64_t total, int64_t rows)
{
    bool end;

    pthread_mutex_lock(&w->works->lock);
    w->progress = (struct works_progress){.done = done, .total = total, .rows = rows};
    w->stopping = w->works->stop;
    end = w->cancelled || w->stopping;
    pthread_mutex_unlock(&w->works->lock);
    return end ? -ECANCELED : 0;
}

static struct work *running(struct works *w, int64_t id)
{
    for (int i = 0; i < THREADS; i++)
        if (w->runners[i].work && w->runners[i].work->row.id == id)
            return w->runners[i].work;
    return NULL;
}

bool works_progress(struct works *w, int64_t id, struct works_progress *out)
{
    const struct work *work;

    pthread_mutex_lock(&w->lock);
    work = running(w, id);
    if (work)
        *out = work->progress;
    pthread_mutex_unlock(&w->lock);
    return work != NULL;
}

bool works_cancel(struct works *w, int64_t id)
{
    struct work *work;

    pthread_mutex_lock(&w->lock);
    work = running(w, id);
    if (work)
        work->cancelled = true;
    pthread_mutex_unlock(&w->lock);
    return work != NULL;
}

int64_t works_waiting(struct works *w)
{
    int64_t n = 0;

    pthread_mutex_lock(&w->lock);
    if (store_work_open(w->looking, &n))
        n = 0;
    pthread_mutex_unlock(&w->lock);
    return n;
}

void works_wake(struct works *w)
{
    pthread_mutex_lock(&w->lock);
    w->more = true;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

/* ---- one work ------------------------------------------------------------------------------- */

struct end_job {
    struct store_job job;
    int64_t id;
    struct store_work_end end;
};

static int run_end(struct store_job *job, struct store *s)
{
    struct end_job *j = (struct end_job *)job;

    return store_work_set(s, j->id, &j->end);
}

/* -EALREADY: it was cancelled before it began. */
static int set_state(struct work *w, const char *state, const struct error *err)
{
    char *result = w->result ? json_dumps(w->result, JSON_COMPACT) : NULL;
    struct end_job j = {.job = {.run = run_end},
                        .id = w->row.id,
                        .end = {.state = state,
                                .fault = err ? err->message : "",
                                .remedy = err ? err->remedy : "",
                                .result = result}};
    int rc = store_writer_do(w->config->writer, &j.job);

    free(result);
    if (rc && rc != -EALREADY)
        log_error("work in the background could not be noted", "work=%lld state=%s error=\"%s\"",
                  (long long)w->row.id, state, strerror(-rc));
    return rc;
}

static const struct work_kind *kind_of(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

static void conclude(struct work *w, const struct work_kind *kind, int rc, struct error *err)
{
    const char *state = rc == 0 ? "done" : w->cancelled ? "cancelled" : "failed";

    if (rc == -EALREADY) {
        kind->ended(w, "cancelled");
        return;
    }
    if (rc == -ECANCELED && !w->cancelled)
        return; /* the service stops: begun anew at the next start */
    if (rc && !err->code && !w->cancelled)
        error_set(err, rc, NULL, NULL, "%s", strerror(-rc));
    if (set_state(w, state, rc && !w->cancelled ? err : NULL))
        return;
    if (rc && !w->cancelled)
        log_warn("work in the background failed", "work=%lld kind=%s error=\"%s\"",
                 (long long)w->row.id, kind->name, err->message);
    kind->ended(w, state);
}

static void run_one(struct runner *r, struct work *w)
{
    const struct work_kind *kind = kind_of(w->row.kind);
    struct error err = {0};
    int rc = kind ? 0 : -ENOTSUP;

    w->params = json_loads(w->row.params, 0, NULL);
    pthread_mutex_lock(&r->works->lock);
    r->work = w;
    pthread_mutex_unlock(&r->works->lock);
    if (!rc)
        rc = set_state(w, "running", NULL);
    if (!rc)
        rc = kind->run(w, &err);
    if (kind)
        conclude(w, kind, rc, &err);
    pthread_mutex_lock(&r->works->lock);
    r->work = NULL;
    pthread_mutex_unlock(&r->works->lock);
    json_decref(w->params);
    json_decref(w->result);
    free(w->row.params);
}

/* ---- threads -------------------------------------------------------------------------------- */

/* The next that nobody took. Under the lock, so that none is taken twice. */
static int take(struct runner *r, struct store_work *out)
{
    int rc = store_work_next(r->store, r->works->last, out);

    if (!rc)
        r->works->last = out->id;
    return rc;
}

static void *runner_main(void *arg)
{
    struct runner *r = arg;
    struct works *w = r->works;

    pthread_setname_np(pthread_self(), "work");
    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        struct work work = {.config = &w->config, .store = r->store, .works = w};
        int rc = take(r, &work.row);

        if (rc == -ENOENT) {
            w->more = false;
            while (!w->more && !w->stop)
                pthread_cond_wait(&w->wake, &w->lock);
        } else if (rc) {
            struct timespec until = clock_deadline(AGAIN_MS);

            log_error("work in the background cannot be read", "error=\"%s\"",
                      store_error_text(r->store));
            pthread_cond_timedwait(&w->wake, &w->lock, &until);
        } else {
            pthread_mutex_unlock(&w->lock);
            run_one(r, &work);
            pthread_mutex_lock(&w->lock);
        }
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

int works_new(struct works **out, const struct api_config *config, struct error *err)
{
    static const char *const folders[] = {"uploads", "audio", "reports", "imports"};
    struct works *w = calloc(1, sizeof(*w));
    int rc = 0;

    if (!w)
        return -ENOMEM;
    w->config = *config;
    pthread_mutex_init(&w->lock, NULL);
    clock_cond_init(&w->wake);
    for (size_t i = 0; !rc && i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[600];

        snprintf(path, sizeof(path), "%s/%s", config->data_dir, folders[i]);
        rc = file_mkdirs(path, err);
    }
    for (int i = 0; !rc && i < THREADS; i++) {
        w->runners[i].works = w;
        rc = store_open(config->store_url, config->clock, &w->runners[i].store, err);
    }
    if (!rc)
        rc = store_open(config->store_url, config->clock, &w->looking, err);
    if (rc) {
        works_free(w);
        return rc;
    }
    works_sweep(w->config.data_dir, w->runners[0].store);
    *out = w;
    return 0;
}

int works_start(struct works *w, struct error *err)
{
    for (int i = 0; i < THREADS; i++) {
        struct runner *r = &w->runners[i];
        int rc = pthread_create(&r->thread, NULL, runner_main, r);

        if (rc)
            return error_set(err, -rc, NULL, NULL, "cannot start a thread: %s", strerror(rc));
        r->started = true;
    }
    return 0;
}

void works_stop(struct works *w)
{
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
    for (int i = 0; i < THREADS; i++)
        if (w->runners[i].started) {
            pthread_join(w->runners[i].thread, NULL);
            w->runners[i].started = false;
        }
}

void works_free(struct works *w)
{
    if (!w)
        return;
    works_stop(w);
    for (int i = 0; i < THREADS; i++)
        store_close(w->runners[i].store);
    store_close(w->looking);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
