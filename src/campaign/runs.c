#include "campaign/runs.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "campaign/notice.h"
#include "campaign/stored.h"
#include "store/browse.h"

enum { LOOK_MS = 1000, SOON_MS = 2000, STARTS_MAX = 64 };

struct runs {
    struct runs_config config;
    struct store *store; /* the thread's */
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;                /* under lock */
    pthread_mutex_t deciding; /* one decision at a time: state and host must agree */
};

/* ---- small ---------------------------------------------------------------------------------- */

struct state_job {
    struct store_job job;
    int64_t id;
    enum campaign_state state;
    const char *reason;
};

static int run_state(struct store_job *job, struct store *s)
{
    struct state_job *j = (struct state_job *)job;

    return store_campaign_set_state(s, j->id, j->state, j->reason);
}

static int set_state(struct runs *r, int64_t id, enum campaign_state state, const char *reason)
{
    struct state_job j = {.job = {.run = run_state}, .id = id, .state = state, .reason = reason};
    int rc = store_writer_do(r->config.writer, &j.job);

    if (!rc)
        notice_state(r->config.bus, id, state, reason);
    return rc;
}

static int refuse(const struct store_campaign *c, const char *what, struct error *err)
{
    return error_set(err, -EPERM, NULL, NULL, "a campaign that is %s cannot be %s",
                     campaign_state_name(c->state), what);
}

static bool is_up(struct runs *r, int64_t id)
{
    struct desk_view v;

    return host_view(r->config.host, id, &v) == 0;
}

/* ---- start ---------------------------------------------------------------------------------- */

static int refresh_trunks(struct runs *r, struct store *s)
{
    struct line_trunk_config trunks[LINE_TRUNKS_MAX];
    unsigned count = 0;
    int rc = campaign_all_trunks(s, trunks, &count);

    if (!rc)
        host_set_trunks(r->config.host, trunks, count);
    explicit_bzero(trunks, sizeof(trunks)); /* passwords */
    return rc;
}

static int call_now(struct runs *r, struct store *s, int64_t id, struct campaign *c,
                    struct error *err)
{
    int rc = refresh_trunks(r, s);

    if (!rc)
        rc = host_start(r->config.host, id, c, r->config.rehearsal, err);
    if (rc)
        error_set(err, rc, NULL, NULL, "it cannot start: %s", strerror(-rc));
    return rc;
}

static int open_and_start(struct runs *r, struct store *s, const struct store_campaign *stored,
                          bool by_clock, const struct trace_context *trace, struct error *err)
{
    struct campaign *c;
    int rc = campaign_open(s, stored->id, r->config.data_dir, &c, err);

    if (rc)
        return rc;
    if (!by_clock && stored->state == CAMPAIGN_STATE_DRAFT &&
        c->start_ms > clock_wall_ms(r->config.clock) + SOON_MS) {
        rc = set_state(r, stored->id, CAMPAIGN_STATE_SCHEDULED, "starts by itself");
        campaign_free(c);
        return rc ? error_set(err, rc, NULL, NULL, "it cannot be scheduled: %s", strerror(-rc)) : 0;
    }
    c->trace = *trace;
    rc = call_now(r, s, stored->id, c, err);
    if (rc)
        campaign_free(c);
    return rc;
}

/* parent NULL: by the clock. */
static int start(struct runs *r, struct store *s, const struct store_campaign *stored,
                 bool by_clock, const struct trace_context *parent, struct error *err)
{
    struct trace_span span;
    int rc;

    trace_begin(r->config.tracer, &span, "campaign start", TRACE_INTERNAL, parent);
    trace_number(&span, "kolcast.campaign.id", stored->id);
    rc = open_and_start(r, s, stored, by_clock, &span.context, err);
    if (rc)
        trace_fail(&span, err->message);
    trace_end(r->config.tracer, &span);
    return rc;
}

static bool ended(struct runs *r)
{
    bool stop;

    pthread_mutex_lock(&r->lock);
    stop = r->stop;
    pthread_mutex_unlock(&r->lock);
    return stop;
}

static int decide_start(struct runs *r, struct store *s, int64_t id,
                        const struct trace_context *parent, struct error *err)
{
    struct store_campaign c;
    int rc = store_campaign_get(s, id, &c);

    if (ended(r))
        return error_set(err, -ESHUTDOWN, NULL, "start it when the service runs again",
                         "the service is stopping");
    if (rc)
        return error_set(err, rc, NULL, NULL, "there is no such campaign");
    if (is_up(r, id))
        return c.state == CAMPAIGN_STATE_RUNNING
                   ? 0
                   : error_set(err, -EBUSY, NULL, "wait for them, or pause it with hang_up",
                               "calls from before it was stopped are not over yet");
    if (c.state == CAMPAIGN_STATE_SCHEDULED)
        return 0;
    if (!campaign_transition_allowed(c.state, CAMPAIGN_STATE_RUNNING))
        return refuse(&c, "started", err);
    return start(r, s, &c, false, parent, err);
}

int runs_start(struct runs *r, struct store *s, int64_t id, const struct trace_context *parent,
               struct error *err)
{
    int rc;

    pthread_mutex_lock(&r->deciding);
    rc = decide_start(r, s, id, parent, err);
    pthread_mutex_unlock(&r->deciding);
    return rc;
}

/* ---- stop ----------------------------------------------------------------------------------- */

static void stop_calls(struct runs *r, int64_t id, bool hang_up)
{
    /* -ENOENT: it does not run, there is nothing to stop. */
    if (hang_up)
        host_abort(r->config.host, id);
    else
        host_pause(r->config.host, id);
}

static int decide_pause(struct runs *r, struct store *s, int64_t id, bool hang_up,
                        struct error *err)
{
    enum campaign_state to = CAMPAIGN_STATE_PAUSED;
    struct store_campaign c;
    int rc = store_campaign_get(s, id, &c);

    if (rc)
        return error_set(err, rc, NULL, NULL, "there is no such campaign");
    if (c.state == CAMPAIGN_STATE_SCHEDULED)
        to = CAMPAIGN_STATE_DRAFT;
    else if (c.state != CAMPAIGN_STATE_RUNNING && c.state != CAMPAIGN_STATE_PAUSED)
        return refuse(&c, "paused", err);
    stop_calls(r, id, hang_up); /* first: nothing may be dialled while the disk is waited for */
    rc = set_state(r, id, to, to == CAMPAIGN_STATE_PAUSED ? "paused by the operator" : "");
    if (rc == -EPERM) /* it has just ended by itself */
        return error_set(err, rc, NULL, NULL, "it is over already");
    return rc ? error_set(err, rc, NULL, NULL, "the pause cannot be stored: %s", strerror(-rc)) : 0;
}

int runs_pause(struct runs *r, struct store *s, int64_t id, bool hang_up, struct error *err)
{
    int rc;

    pthread_mutex_lock(&r->deciding);
    rc = decide_pause(r, s, id, hang_up, err);
    pthread_mutex_unlock(&r->deciding);
    return rc;
}

static int decide_cancel(struct runs *r, struct store *s, int64_t id, bool hang_up,
                         struct error *err)
{
    struct store_campaign c;
    int rc = store_campaign_get(s, id, &c);

    if (rc)
        return error_set(err, rc, NULL, NULL, "there is no such campaign");
    if (c.state != CAMPAIGN_STATE_CANCELLED &&
        !campaign_transition_allowed(c.state, CAMPAIGN_STATE_CANCELLED))
        return refuse(&c, "cancelled", err);
    stop_calls(r, id, hang_up);
    rc = set_state(r, id, CAMPAIGN_STATE_CANCELLED, "cancelled by the operator");
    if (rc == -EPERM)
        return error_set(err, rc, NULL, NULL, "it is over already");
    return rc ? error_set(err, rc, NULL, NULL, "it cannot be stored: %s", strerror(-rc)) : 0;
}

int runs_cancel(struct runs *r, struct store *s, int64_t id, bool hang_up, struct error *err)
{
    int rc;

    pthread_mutex_lock(&r->deciding);
    rc = decide_cancel(r, s, id, hang_up, err);
    pthread_mutex_unlock(&r->deciding);
    return rc;
}

/* ---- the clock ------------------------------------------------------------------------------ */

struct found {
    int64_t ids[STARTS_MAX];
    unsigned count;
};

static int on_campaign(void *arg, const json_t *one)
{
    struct found *f = arg;

    f->ids[f->count++] = json_integer_value(json_object_get(one, "id"));
    return f->count == STARTS_MAX;
}

static int in_state(struct store *s, enum campaign_state state, struct found *out)
{
    struct store_filter filter = {.name = "state", .text = campaign_state_name(state)};

    out->count = 0;
    return store_show_all(s, STORE_VIEW_CAMPAIGN_ITEM, &filter, 1, on_campaign, out);
}

/* By itself: what does not work is said by its state. */
static void start_alone(struct runs *r, int64_t id, enum campaign_state from)
{
    struct store_campaign c;
    struct error err = {0};
    char reason[STORE_REASON_MAX];
    int rc;

    pthread_mutex_lock(&r->deciding);
    rc = store_campaign_get(r->store, id, &c);
    if (!rc && c.state == from && !is_up(r, id))
        rc = start(r, r->store, &c, true, NULL, &err);
    pthread_mutex_unlock(&r->deciding);
    if (!rc || rc == -ESHUTDOWN)
        return;
    snprintf(reason, sizeof(reason), "could not start: %.150s", err.message);
    log_error("a campaign could not start by itself", "campaign=%lld error=\"%s\"", (long long)id,
              err.message);
    set_state(r, id, CAMPAIGN_STATE_FAILED, error_clean(reason));
}

static bool is_due(struct runs *r, int64_t id)
{
    struct campaign *c;
    bool due;

    if (campaign_open(r->store, id, r->config.data_dir, &c, NULL))
        return true; /* the start says what is wrong */
    due = c->start_ms <= clock_wall_ms(r->config.clock);
    campaign_free(c);
    return due;
}

static void look(struct runs *r)
{
    struct found f;

    if (in_state(r->store, CAMPAIGN_STATE_SCHEDULED, &f))
        return;
    for (unsigned i = 0; i < f.count; i++)
        if (is_due(r, f.ids[i]))
            start_alone(r, f.ids[i], CAMPAIGN_STATE_SCHEDULED);
}

static bool wait_a_while(struct runs *r)
{
    struct timespec until = clock_deadline(LOOK_MS);
    bool stop;

    pthread_mutex_lock(&r->lock);
    if (!r->stop)
        pthread_cond_timedwait(&r->changed, &r->lock, &until);
    stop = r->stop;
    pthread_mutex_unlock(&r->lock);
    return !stop;
}

static void *runs_main(void *arg)
{
    struct runs *r = arg;
    struct found f;

    pthread_setname_np(pthread_self(), "runs");
    if (in_state(r->store, CAMPAIGN_STATE_RUNNING, &f) == 0)
        for (unsigned i = 0; i < f.count; i++)
            start_alone(r, f.ids[i], CAMPAIGN_STATE_RUNNING);
    do
        look(r);
    while (wait_a_while(r));
    return NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

int runs_new(struct runs **out, const struct runs_config *config, struct error *err)
{
    struct runs *r = calloc(1, sizeof(*r));
    int rc;

    if (!r)
        return -ENOMEM;
    r->config = *config;
    pthread_mutex_init(&r->lock, NULL);
    pthread_mutex_init(&r->deciding, NULL);
    clock_cond_init(&r->changed);
    rc = store_open(config->store_url, config->clock, &r->store, err);
    if (rc) {
        runs_free(r);
        return rc;
    }
    *out = r;
    return 0;
}

int runs_begin(struct runs *r, struct error *err)
{
    int rc = pthread_create(&r->thread, NULL, runs_main, r);

    if (rc)
        return error_set(err, -rc, NULL, NULL, "cannot start a thread: %s", strerror(rc));
    r->threaded = true;
    return 0;
}

void runs_end(struct runs *r)
{
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    if (r->threaded)
        pthread_join(r->thread, NULL);
    r->threaded = false;
}

void runs_free(struct runs *r)
{
    if (!r)
        return;
    runs_end(r);
    store_close(r->store);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->deciding);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
