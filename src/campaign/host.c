/* The host: see host.h. One lock over the table of campaigns, held only for look-ups; starting has
 * a lock of its own, because opening trunks may take a while and figures must flow meanwhile. */
#include "campaign/host.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/metric.h"

enum { REAP_MS = 50 };

struct run {
    int64_t id;                /* 0: free */
    struct campaign *campaign; /* owned */
    struct desk *desk;         /* owned */
};

struct host {
    struct host_config config;
    pthread_t thread;
    bool threaded;
    pthread_mutex_t starting; /* exchange's opening and closing, host_start */

    pthread_mutex_t lock; /* what follows */
    pthread_cond_t changed;
    struct line_trunk_config trunks[LINE_TRUNKS_MAX];
    unsigned trunk_count;
    struct exchange *exchange; /* NULL while nothing runs */
    struct run runs[HOST_CAMPAIGNS_MAX];
    unsigned count;
    bool stop;
};

/* Under the lock. */
static struct run *find(struct host *h, int64_t id)
{
    for (int i = 0; i < HOST_CAMPAIGNS_MAX; i++)
        if (h->runs[i].id == id)
            return &h->runs[i];
    return NULL;
}

/* ---- the end of a campaign ------------------------------------------------------------------ */

/* Takes one that is over out of the table. */
static bool take_over(struct host *h, struct run *out)
{
    bool found = false;

    pthread_mutex_lock(&h->lock);
    for (int i = 0; i < HOST_CAMPAIGNS_MAX && !found; i++) {
        found = h->runs[i].id && desk_wait(h->runs[i].desk, 0);
        if (found)
            *out = h->runs[i];
    }
    pthread_mutex_unlock(&h->lock);
    return found;
}

static void put_away(struct host *h, const struct run *r)
{
    struct exchange *unused = NULL;
    struct desk_view last;

    desk_view(r->desk, &last);
    if (h->config.finished)
        h->config.finished(h->config.arg, r->id, &last);
    pthread_mutex_lock(&h->starting);
    pthread_mutex_lock(&h->lock);
    *find(h, r->id) = (struct run){0};
    if (--h->count == 0) {
        unused = h->exchange;
        h->exchange = NULL;
    }
    pthread_mutex_unlock(&h->lock);
    desk_free(r->desk);
    campaign_free(r->campaign);
    exchange_free(unused);
    pthread_mutex_unlock(&h->starting);
    pthread_mutex_lock(&h->lock);
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

static void *host_main(void *arg)
{
    struct host *h = arg;
    const struct timespec pause = {.tv_nsec = REAP_MS * 1000000L};
    bool stop = false;
    struct run r;

    pthread_setname_np(pthread_self(), "host");
    while (!stop) {
        nanosleep(&pause, NULL);
        while (take_over(h, &r))
            put_away(h, &r);
        pthread_mutex_lock(&h->lock);
        stop = h->stop && h->count == 0;
        pthread_mutex_unlock(&h->lock);
    }
    return NULL;
}

/* ---- the start of a campaign ---------------------------------------------------------------- */

static int may_start(struct host *h, int64_t id, struct error *err)
{
    int rc = 0;

    pthread_mutex_lock(&h->lock);
    if (h->stop)
        rc = error_set(err, -ESHUTDOWN, NULL, "start it when the service runs again",
                       "the service is stopping");
    else if (find(h, id))
        rc = error_set(err, -EALREADY, NULL, "pause it first", "the campaign is running");
    else if (h->count == HOST_CAMPAIGNS_MAX)
        rc = error_set(err, -EBUSY, NULL, "wait until one ends, or pause one",
                       "%d campaigns run already", HOST_CAMPAIGNS_MAX);
    pthread_mutex_unlock(&h->lock);
    return rc;
}

/* Under `starting`: opens the exchange when it is not. */
static int open_exchange(struct host *h, struct error *err)
{
    struct exchange_config config = h->config.exchange;
    struct exchange *x;
    int rc;

    if (h->exchange) /* only changed under `starting` */
        return 0;
    pthread_mutex_lock(&h->lock);
    memcpy(config.line.trunks, h->trunks, sizeof(h->trunks));
    config.line.trunk_count = h->trunk_count;
    pthread_mutex_unlock(&h->lock);
    if (config.line.trunk_count == 0)
        return error_set(err, -ENODEV, "trunks",
                         "add a trunk first; kolcast carrier is one to rehearse on",
                         "there is no trunk to call through");
    rc = exchange_new(&x, &config, err);
    explicit_bzero(config.line.trunks, sizeof(config.line.trunks)); /* passwords */
    if (rc)
        return rc;
    pthread_mutex_lock(&h->lock);
    h->exchange = x;
    pthread_mutex_unlock(&h->lock);
    return 0;
}

static void close_unused(struct host *h)
{
    struct exchange *unused = NULL;

    pthread_mutex_lock(&h->lock);
    if (h->count == 0) {
        unused = h->exchange;
        h->exchange = NULL;
    }
    pthread_mutex_unlock(&h->lock);
    exchange_free(unused);
}

static int start(struct host *h, int64_t id, struct campaign *c, bool rehearsal, struct error *err)
{
    struct desk *d = NULL;
    int rc = may_start(h, id, err);

    c->any_hour = rehearsal;
    if (!rc)
        rc = open_exchange(h, err);
    if (!rc)
        rc = desk_new(&d, h->exchange, err);
    if (!rc)
        rc = desk_start(d, id, c, err);
    if (rc) {
        desk_free(d);
        close_unused(h);
        return rc;
    }
    pthread_mutex_lock(&h->lock);
    *find(h, 0) = (struct run){.id = id, .campaign = c, .desk = d};
    h->count++;
    pthread_mutex_unlock(&h->lock);
    return 0;
}

int host_start(struct host *h, int64_t campaign_id, struct campaign *c, bool rehearsal,
               struct error *err)
{
    int rc;

    pthread_mutex_lock(&h->starting);
    rc = start(h, campaign_id, c, rehearsal, err);
    pthread_mutex_unlock(&h->starting);
    return rc;
}

/* ---- what others ask ------------------------------------------------------------------------ */

/* Calls fn on the campaign's desk, which stays alive meanwhile: put_away takes the lock first. */
static int with_desk(struct host *h, int64_t id, void (*fn)(struct desk *))
{
    struct run *r;

    pthread_mutex_lock(&h->lock);
    r = id > 0 ? find(h, id) : NULL;
    if (r)
        fn(r->desk);
    pthread_mutex_unlock(&h->lock);
    return r ? 0 : -ENOENT;
}

int host_pause(struct host *h, int64_t campaign_id)
{
    return with_desk(h, campaign_id, desk_pause);
}

int host_abort(struct host *h, int64_t campaign_id)
{
    return with_desk(h, campaign_id, desk_abort);
}

int host_view(struct host *h, int64_t campaign_id, struct desk_view *out)
{
    struct run *r;

    pthread_mutex_lock(&h->lock);
    r = campaign_id > 0 ? find(h, campaign_id) : NULL;
    if (r)
        desk_view(r->desk, out);
    pthread_mutex_unlock(&h->lock);
    return r ? 0 : -ENOENT;
}

unsigned host_running(struct host *h, int64_t ids[HOST_CAMPAIGNS_MAX])
{
    unsigned n = 0;

    pthread_mutex_lock(&h->lock);
    for (int i = 0; i < HOST_CAMPAIGNS_MAX; i++)
        if (h->runs[i].id)
            ids[n++] = h->runs[i].id;
    pthread_mutex_unlock(&h->lock);
    return n;
}

bool host_line_stats(struct host *h, struct line_stats *out)
{
    bool open;

    pthread_mutex_lock(&h->lock);
    open = h->exchange != NULL;
    if (open)
        exchange_line_stats(h->exchange, out);
    pthread_mutex_unlock(&h->lock);
    return open;
}

bool host_lines(struct host *h, struct host_lines *out)
{
    bool open;

    pthread_mutex_lock(&h->lock);
    open = h->exchange != NULL;
    if (open) {
        const struct line_config *line = &exchange_config(h->exchange)->line;

        exchange_line_stats(h->exchange, &out->stats);
        out->trunk_count = line->trunk_count;
        for (unsigned i = 0; i < line->trunk_count; i++)
            memcpy(out->trunks[i], line->trunks[i].name, sizeof(out->trunks[i]));
    }
    pthread_mutex_unlock(&h->lock);
    return open;
}

void host_refresh(struct host *h)
{
    pthread_mutex_lock(&h->lock);
    if (h->exchange && exchange_refresh(h->exchange))
        log_error("the do-not-call lists could not be read", "");
    pthread_mutex_unlock(&h->lock);
}

void host_set_trunks(struct host *h, const struct line_trunk_config *trunks, unsigned count)
{
    if (count > LINE_TRUNKS_MAX)
        count = LINE_TRUNKS_MAX;
    pthread_mutex_lock(&h->lock);
    explicit_bzero(h->trunks, sizeof(h->trunks));
    if (count > 0)
        memcpy(h->trunks, trunks, count * sizeof(*trunks));
    h->trunk_count = count;
    pthread_mutex_unlock(&h->lock);
}

/* ---- metrics -------------------------------------------------------------------------------- */

static int64_t milli(double x)
{
    return (int64_t)(x * 1000 + 0.5);
}

static void collect_campaign(struct metric_page *page, int64_t id, struct desk *d)
{
    struct desk_view v;
    char name[24];

    desk_view(d, &v);
    snprintf(name, sizeof(name), "%lld", (long long)id);
    metric_sample(page, METRIC_CAMPAIGN_CALLS, name, "up", v.calls_up);
    metric_sample(page, METRIC_CAMPAIGN_CALLS, name, "ringing", v.calls_ringing);
    metric_sample(page, METRIC_CAMPAIGN_QUEUE, name, NULL,
                  v.targets.by_state[TARGET_STATE_WAITING]);
    metric_sample(page, METRIC_CAMPAIGN_PACE, name, NULL, milli(v.cps_now));
    metric_sample(page, METRIC_CAMPAIGN_PACE_CAP, name, NULL, milli(v.cps_cap));
    metric_sample(page, METRIC_CAMPAIGN_RATE, name, NULL, milli(v.cps_measured));
}

static void collect(void *arg, struct metric_page *page)
{
    struct host *h = arg;
    struct line_stats s;

    pthread_mutex_lock(&h->lock);
    for (int i = 0; i < HOST_CAMPAIGNS_MAX; i++)
        if (h->runs[i].id)
            collect_campaign(page, h->runs[i].id, h->runs[i].desk);
    if (h->exchange) {
        const struct line_config *line = &exchange_config(h->exchange)->line;

        exchange_line_stats(h->exchange, &s);
        metric_sample(page, METRIC_LANE_LOAD, NULL, NULL, milli(s.load));
        for (unsigned i = 0; i < line->trunk_count; i++)
            metric_sample(page, METRIC_TRUNK_UP, line->trunks[i].name, NULL, s.trunks_up >> i & 1);
    }
    pthread_mutex_unlock(&h->lock);
}

/* ---- life ----------------------------------------------------------------------------------- */

static bool stop_all(struct host *h, void (*how)(struct desk *), int timeout_ms)
{
    struct timespec until = clock_deadline(timeout_ms);
    bool none;

    pthread_mutex_lock(&h->lock);
    for (int i = 0; i < HOST_CAMPAIGNS_MAX; i++)
        if (h->runs[i].id)
            how(h->runs[i].desk);
    while (h->count > 0 && pthread_cond_timedwait(&h->changed, &h->lock, &until) == 0) {
    }
    none = h->count == 0;
    pthread_mutex_unlock(&h->lock);
    return none;
}

bool host_stop(struct host *h, int timeout_ms)
{
    return stop_all(h, desk_pause, timeout_ms);
}

bool host_leave(struct host *h, int timeout_ms)
{
    return stop_all(h, desk_leave, timeout_ms);
}

int host_new(struct host **out, const struct host_config *config, struct error *err)
{
    struct host *h = calloc(1, sizeof(*h));
    int rc;

    if (!h)
        return -ENOMEM;
    h->config = *config;
    pthread_mutex_init(&h->lock, NULL);
    pthread_mutex_init(&h->starting, NULL);
    clock_cond_init(&h->changed);
    rc = -pthread_create(&h->thread, NULL, host_main, h);
    if (rc) {
        host_free(h);
        return error_set(err, rc, NULL, NULL, "cannot start: %s", strerror(-rc));
    }
    h->threaded = true;
    if (metric_collector_add(collect, h))
        log_warn("the campaigns' figures will not be on the page of metrics", "");
    *out = h;
    return 0;
}

void host_free(struct host *h)
{
    if (!h)
        return;
    metric_collector_remove(collect, h);
    pthread_mutex_lock(&h->lock);
    h->stop = true;
    for (int i = 0; i < HOST_CAMPAIGNS_MAX; i++)
        if (h->runs[i].id)
            desk_abort(h->runs[i].desk);
    pthread_mutex_unlock(&h->lock);
    if (h->threaded)
        pthread_join(h->thread, NULL);
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->lock);
    pthread_mutex_destroy(&h->starting);
    explicit_bzero(h, sizeof(*h)); /* passwords */
    free(h);
}
