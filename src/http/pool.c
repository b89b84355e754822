/* The worker threads and their bounded queue. Jobs are requests, linked through themselves. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_priv.h"

struct pool {
    struct http_server *server;
    pthread_t *threads;
    unsigned started;
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t work, opened;
    struct http_request *first, **last;
    unsigned queued, ready;
    bool stopping;
    int failed; /* worker_open's error */
};

int pool_new(struct pool **out, struct http_server *s)
{
    struct pool *p = calloc(1, sizeof(*p));

    if (p)
        p->threads = calloc(s->c.workers, sizeof(*p->threads));
    if (!p || !p->threads) {
        free(p);
        return -ENOMEM;
    }
    p->server = s;
    p->last = &p->first;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->opened, NULL);
    *out = p;
    return 0;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_cond_destroy(&p->opened);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p->threads);
    free(p);
}

static struct http_request *next(struct pool *p)
{
    struct http_request *r;

    pthread_mutex_lock(&p->lock);
    while (!p->first && !p->stopping)
        pthread_cond_wait(&p->work, &p->lock);
    r = p->first;
    if (r) {
        p->first = r->next_job;
        if (!p->first)
            p->last = &p->first;
        p->queued--;
    }
    pthread_mutex_unlock(&p->lock);
    return r;
}

static bool abandoned(const struct http_request *r)
{
    return atomic_load_explicit(&r->gone, memory_order_relaxed) == GONE_ABANDONED;
}

static void admit(struct http_server *s, void *worker, struct http_request *r)
{
    int rc;

    r->admitted = !s->c.admit || s->c.admit(s->c.arg, worker, r);
    if (!r->admitted)
        return;
    rc = spool_open(r);
    if (!rc)
        return;
    r->admitted = false;
    log_error("cannot make a file for an upload", "folder=%s error=\"%s\"", s->c.spool_dir,
              strerror(-rc));
    http_reply_problem(r, rc == -ENOSPC || rc == -EDQUOT ? 507 : 500,
                       "The server cannot store the upload.");
}

static void run(struct http_server *s, void *worker, struct http_request *r)
{
    if (abandoned(r)) { /* whoever still waits comes sooner to their turn */
        r->admitted = false;
        return;
    }
    switch (r->job) {
    case JOB_ADMIT:
        admit(s, worker, r);
        break;
    case JOB_SOCKET:
        r->admitted = s->c.socket->open(s->c.arg, worker, r->socket, r) == 0;
        break;
    case JOB_HANDLE:
        s->c.handle(s->c.arg, worker, r);
        break;
    }
}

static void *worker_main(void *arg)
{
    struct pool *p = arg;
    struct http_server *s = p->server;
    void *worker = NULL;
    int rc;

    pthread_setname_np(pthread_self(), "http-worker");
    rc = s->c.worker_open ? s->c.worker_open(s->c.arg, &worker) : 0;
    pthread_mutex_lock(&p->lock);
    p->ready++;
    if (rc)
        p->failed = rc;
    pthread_cond_signal(&p->opened);
    pthread_mutex_unlock(&p->lock);
    if (rc)
        return NULL;
    for (struct http_request *r; (r = next(p));) {
        run(s, worker, r);
        loop_post(s->loop, &r->done);
    }
    if (s->c.worker_close)
        s->c.worker_close(s->c.arg, worker);
    return NULL;
}

int pool_start(struct pool *p, struct error *err)
{
    int rc = 0;

    while (p->started < p->server->c.workers && !rc) {
        rc = -pthread_create(&p->threads[p->started], NULL, worker_main, p);
        if (!rc)
            p->started++;
    }
    pthread_mutex_lock(&p->lock);
    while (p->ready < p->started)
        pthread_cond_wait(&p->opened, &p->lock);
    if (!rc)
        rc = p->failed;
    pthread_mutex_unlock(&p->lock);
    if (rc) {
        pool_stop(p);
        return error_set(err, rc, "http", NULL, "the workers cannot start: %s", strerror(-rc));
    }
    return 0;
}

void pool_stop(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    while (p->started)
        pthread_join(p->threads[--p->started], NULL);
}

/* Those whose clients have gone give their places to others. */
static void purge(struct pool *p)
{
    struct http_request **at = &p->first;

    while (*at) {
        struct http_request *r = *at;

        if (!abandoned(r)) {
            at = &r->next_job;
            continue;
        }
        *at = r->next_job;
        p->queued--;
        r->admitted = false;
        loop_post(p->server->loop, &r->done);
    }
    p->last = at;
}

int pool_post(struct pool *p, struct http_request *r, enum job job)
{
    int rc = 0;

    r->job = job;
    r->next_job = NULL;
    request_hold(r);
    pthread_mutex_lock(&p->lock);
    if (p->queued == p->server->c.queued_max)
        purge(p);
    if (p->queued < p->server->c.queued_max) {
        *p->last = r;
        p->last = &r->next_job;
        p->queued++;
        pthread_cond_signal(&p->work);
    } else {
        rc = -EBUSY;
    }
    pthread_mutex_unlock(&p->lock);
    if (rc)
        request_release(r);
    return rc;
}

unsigned pool_queued(struct pool *p)
{
    unsigned n;

    pthread_mutex_lock(&p->lock);
    n = p->queued;
    pthread_mutex_unlock(&p->lock);
    return n;
}
