/* The desk's life, its thread and what others see of it.
 *
 * desk_start: what a crash left is recovered, people become targets, prompts are loaded; then the
 * thread ticks: claims, releases, refreshes, and ends when nobody is left, on a
 * pause, or when the store cannot be written. */
#include "campaign/desk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/metric.h"
#include "campaign/desk_priv.h"
#include "campaign/notice.h"

enum { POOL_SLACK = 2 * CLAIM_MAX };

int64_t desk_wall_ms(const struct desk *d)
{
    return clock_wall_ms(d->clock);
}

int64_t desk_mono_us(const struct desk *d)
{
    return clock_mono_us(d->clock);
}

bool desk_stopping(struct desk *d)
{
    return atomic_load(&d->pausing) || atomic_load(&d->aborting);
}

/* ---- small writes
 * -------------------------------------------------------------------------------- */

struct state_job {
    struct store_job job;
    int64_t campaign_id;
    enum campaign_state state;
    const char *reason;
};

static int run_state(struct store_job *job, struct store *s)
{
    struct state_job *j = container_of(job, struct state_job, job);
    int rc = store_campaign_set_state(s, j->campaign_id, j->state, j->reason);

    if (!rc && j->state != CAMPAIGN_STATE_RUNNING)
        rc = store_step_end(s, j->campaign_id, "monitor", j->state != CAMPAIGN_STATE_FAILED,
                            j->reason);
    return rc;
}

static int set_state(struct desk *d, enum campaign_state state, const char *reason)
{
    struct state_job j = {
        .job = {.run = run_state}, .campaign_id = d->campaign_id, .state = state, .reason = reason};

    int rc = store_writer_do(d->writer, &j.job);

    if (!rc)
        notice_state(exchange_config(d->exchange)->bus, d->campaign_id, state, reason);
    return rc;
}

struct pace_job {
    struct store_job job;
    int64_t campaign_id;
    struct store_pace pace;
};

static int run_pace(struct store_job *job, struct store *s)
{
    struct pace_job *j = container_of(job, struct pace_job, job);

    return store_pace_add(s, j->campaign_id, &j->pace);
}

static void pace_done(struct store_job *job, int rc)
{
    if (rc)
        log_warn("a change of pace could not be recorded", "error=\"%s\"", strerror(-rc));
    free(container_of(job, struct pace_job, job));
}

static void on_pace(void *arg, const struct pacing_change *c)
{
    struct desk *d = arg;
    struct pace_job *j = calloc(1, sizeof(*j));

    metric_add(metric1(METRIC_PACE_CHANGES, c->to_cps < c->from_cps ? "slower" : "faster"), 1);
    notice_pace(exchange_config(d->exchange)->bus, d->campaign_id, c);
    pthread_mutex_lock(&d->lock);
    snprintf(d->view.pace_reason, sizeof(d->view.pace_reason), "%s", c->reason);
    pthread_mutex_unlock(&d->lock);
    if (!j)
        return;
    j->job.run = run_pace;
    j->job.done = pace_done;
    j->campaign_id = d->campaign_id;
    j->pace.at_ms = desk_wall_ms(d);
    j->pace.from_cps = c->from_cps;
    j->pace.to_cps = c->to_cps;
    snprintf(j->pace.reason, sizeof(j->pace.reason), "%s", c->reason);
    store_writer_post(d->writer, &j->job);
}

/* ---- view
 * ---------------------------------------------------------------------------------------- */

static void note(struct desk *d, struct desk_view *v, int64_t now_ms, const struct line_stats *s)
{
    char text[128];

    v->note[0] = '\0';
    v->next_open_ms = 0;
    v->store_failing = store_writer_failing(d->writer, text, sizeof(text));
    if (v->store_failing) {
        snprintf(v->note, sizeof(v->note), "dialling has stopped, the data cannot be written: %s",
                 text);
    } else if (desk_stopping(d)) {
        snprintf(v->note, sizeof(v->note), "%s",
                 atomic_load(&d->aborting) ? "ending the calls" : "letting the calls finish");
    } else if (!s->trunks_ready) {
        snprintf(v->note, sizeof(v->note), "%s", s->trunk_fault);
    } else if (d->waiting > 0 && d->ready_count + d->in_flight == 0) {
        int64_t next = dispatch_next_open(d, now_ms);

        if (next > 0) {
            struct zone_local l;

            v->next_open_ms = next;
            zone_to_local(zone_open(d->campaign->zone), next, &l);
            snprintf(v->note, sizeof(v->note),
                     "waiting for the calling hours: they begin %04d-%02d-%02d %02d:%02d", l.year,
                     l.month, l.day, l.hour, l.minute);
        } else if (next == 0) {
            snprintf(v->note, sizeof(v->note), "waiting until those who did not answer are due");
        }
    }
}

static void look(struct desk *d, int64_t now_ms)
{
    struct line_stats s = {.trunks_ready = true};
    struct store_target_counts counts;
    int64_t us = desk_mono_us(d);
    bool counted = store_target_counts(d->store, d->campaign_id, &counts) == 0;

    exchange_line_stats(d->exchange, &s);
    pacing_load(d->pacing, us, s.load);
    pthread_mutex_lock(&d->lock);
    if (counted)
        d->view.targets = counts;
    d->view.calls_up = atomic_load(&d->use.calls_up);
    d->view.calls_ringing = atomic_load(&d->use.calls_ringing);
    d->view.keys = atomic_load(&d->use.keys);
    d->view.opt_outs = atomic_load(&d->use.opt_outs);
    d->view.texts = atomic_load(&d->use.texts);
    d->view.cps_now = pacing_cps(d->pacing);
    if (us - d->measured_us > 2000000) {
        d->view.cps_measured =
            (double)(d->started_calls - d->measured_calls) * 1e6 / (double)(us - d->measured_us);
        d->measured_calls = d->started_calls;
        d->measured_us = us;
    }
    d->view.finish_ms = d->view.cps_measured > 0
                            ? now_ms + (int64_t)((double)d->waiting / d->view.cps_measured * 1000)
                            : 0;
    note(d, &d->view, now_ms, &s);
    pthread_mutex_unlock(&d->lock);
}

void desk_view(struct desk *d, struct desk_view *out)
{
    pthread_mutex_lock(&d->lock);
    *out = d->view;
    pthread_mutex_unlock(&d->lock);
}

/* ---- the end
 * ------------------------------------------------------------------------------------- */

static void end(struct desk *d, enum campaign_state state, const char *reason)
{
    int rc = set_state(d, state, reason);

    if (rc)
        log_error("the campaign's state could not be stored", "state=%s error=\"%s\"",
                  campaign_state_name(state), strerror(-rc));
    d->over = true;
    timer_stop(&d->tick);
    look(d, desk_wall_ms(d));
    pthread_mutex_lock(&d->lock);
    d->view.state = state;
    if (rc || d->failing_since_ms) /* the little that fitted at the end does not mend it */
        d->view.store_failing = true;
    snprintf(d->view.note, sizeof(d->view.note), "%s", reason);
    d->finished = true;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    loop_stop(d->loop);
}

static bool idle(const struct desk *d)
{
    return d->in_flight == 0 && d->ready_count == 0 && !d->claim.busy;
}

/* A store that fails for a while with no call up: going on would be dialling without memory. */
static bool give_up(struct desk *d, int64_t now_ms)
{
    char text[128], reason[STORE_REASON_MAX];

    if (!store_writer_failing(d->writer, text, sizeof(text))) {
        d->failing_since_ms = 0;
        return false;
    }
    if (!d->failing_since_ms)
        d->failing_since_ms = now_ms;
    if (d->in_flight > 0 || d->claim.busy || now_ms - d->failing_since_ms < GIVE_UP_MS)
        return true;
    snprintf(reason, sizeof(reason), "the data cannot be written: %s", text);
    end(d, CAMPAIGN_STATE_FAILED, reason);
    return true;
}

static void check_end(struct desk *d, int64_t now_ms)
{
    if (!idle(d) || d->saving > 0)
        return;
    if (desk_stopping(d)) {
        end(d, CAMPAIGN_STATE_PAUSED, "paused by the operator");
        return;
    }
    if (!d->fresh) {
        d->refresh_due_ms = now_ms;
        return;
    }
    if (d->waiting == 0)
        end(d, CAMPAIGN_STATE_COMPLETED, "everybody was called or is out of reach");
    else if (dispatch_next_open(d, now_ms) < 0)
        end(d, CAMPAIGN_STATE_COMPLETED, "the campaign's hours are over, some were not called");
}

/* ---- the tick
 * ------------------------------------------------------------------------------------ */

static void on_tick(struct timer *t)
{
    struct desk *d = container_of(t, struct desk, tick);
    int64_t now = desk_wall_ms(d);

    timer_start(loop_wheel(d->loop), t, TICK_MS);
    if (now >= d->view_due_ms) {
        d->view_due_ms = now + VIEW_MS;
        look(d, now);
        finish_retry(d);
        if (exchange_refresh(d->exchange))
            log_error("the do-not-call lists could not be read", "error=\"%s\"",
                      store_error_text(d->store));
    }
    if (now >= d->refresh_due_ms && !d->claim.busy) {
        d->refresh_due_ms = now + REFRESH_MS;
        if (dispatch_refresh(d))
            log_error("the people to call could not be read", "error=\"%s\"",
                      store_error_text(d->store));
    }
    if (atomic_load(&d->aborting) && !atomic_exchange(&d->use.ending, true))
        exchange_recheck(d->exchange);
    if (desk_stopping(d))
        dispatch_give_back(d);
    if (give_up(d, now)) {
        if (!d->over && !desk_stopping(d) && now >= d->claim_due_ms) {
            d->claim_due_ms = now + 500; /* a commit shows whether it is mended */
            dispatch_claim(d);
        }
        return;
    }
    if (!desk_stopping(d)) {
        dispatch_release(d);
        dispatch_claim(d);
    }
    check_end(d, now);
}

static void *desk_main(void *arg)
{
    struct desk *d = arg;

    pthread_setname_np(pthread_self(), "desk");
    d->tick.fn = on_tick;
    timer_start(loop_wheel(d->loop), &d->tick, 1);
    loop_run(d->loop);
    return NULL;
}

/* ---- life
 * ---------------------------------------------------------------------------------------- */

int desk_new(struct desk **out, struct exchange *exchange, struct error *err)
{
    const struct exchange_config *config = exchange_config(exchange);
    struct desk *d = calloc(1, sizeof(*d));
    int rc;

    if (!d)
        return -ENOMEM;
    d->exchange = exchange;
    d->clock = config->clock;
    d->writer = exchange_writer(exchange);
    d->voice.use = &d->use;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->changed, NULL);
    list_init(&d->free);
    list_init(&d->ready);
    list_init(&d->unsaved);
    rc = loop_new(&d->loop, config->clock);
    if (!rc)
        loop_measure(d->loop, metric1(METRIC_LOOP_LAG, "desk"));
    if (!rc)
        rc = store_open(config->store_url, config->clock, &d->store, err);
    if (rc) {
        error_set(err, rc, NULL, NULL, "cannot start: %s", strerror(-rc));
        desk_free(d);
        return rc;
    }
    *out = d;
    return 0;
}

void desk_free(struct desk *d)
{
    if (!d)
        return;
    if (d->threaded) {
        desk_abort(d);
        pthread_join(d->thread, NULL);
    }
    store_close(d->store);
    pacing_free(d->pacing);
    for (int i = 0; d->voice.prompts && i < flow_prompt_count(d->campaign->flow); i++)
        prompt_free(d->voice.prompts[i]);
    free(d->voice.prompts);
    loop_free(d->loop);
    free(d->groups);
    free(d->pool);
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->changed);
    free(d);
}

static int make_pool(struct desk *d)
{
    d->pool_size = d->campaign->calls_max + POOL_SLACK;
    d->pool = calloc(d->pool_size, sizeof(*d->pool));
    if (!d->pool)
        return -ENOMEM;
    for (unsigned i = 0; i < d->pool_size; i++) {
        d->pool[i].desk = d;
        list_append(&d->free, &d->pool[i].node);
    }
    return 0;
}

static int make_pacing(struct desk *d)
{
    struct pacing_config config = {.cps_max = d->campaign->cps,
                                   .calls_max = d->campaign->calls_max,
                                   .changed = on_pace,
                                   .arg = d};

    return pacing_new(&d->pacing, &config, desk_mono_us(d));
}

/* The steps that are in the store's hands. */
static int prepare(struct desk *d)
{
    struct store_call_totals totals;
    int64_t interrupted, added, due = desk_wall_ms(d), whose = d->campaign_id;
    int rc = store_step_begin(d->store, d->campaign_id, "query");

    /* Whoever was perhaps just spoken to is left in peace for a while. With one attempt each there
     * is nothing to wait for. */
    if (d->campaign->attempts_max > 1)
        due += d->campaign->retry[DISPOSITION_INTERRUPTED].after_ms;
    if (exchange_first(d->exchange))
        whose = 0; /* of all campaigns: nobody else calls yet */
    if (!rc)
        rc = store_recover(d->store, whose, due, &interrupted);
    if (!rc && interrupted > 0) {
        metric_add(metric1(METRIC_CALLS_ENDED, disposition_name(DISPOSITION_INTERRUPTED)),
                   interrupted);
        log_warn("calls were interrupted by a crash; each has its record", "calls=%lld",
                 (long long)interrupted);
    }
    if (!rc)
        rc = store_target_fill(d->store, d->campaign_id, &added);
    if (!rc)
        rc = store_step_end(d->store, d->campaign_id, "query", true, "");
    if (!rc)
        rc = store_step_begin(d->store, d->campaign_id, "monitor");
    if (!rc)
        rc = store_call_totals(d->store, d->campaign_id, &totals);
    if (rc)
        return rc;
    d->view.calls = totals.calls;
    memcpy(d->view.by_disposition, totals.by_disposition, sizeof(totals.by_disposition));
    return dispatch_refresh(d);
}

static int make_voice(struct desk *d, struct error *err)
{
    const struct campaign *c = d->campaign;
    int rc = campaign_load_prompts(c, &d->voice.prompts, err);

    if (rc)
        return rc;
    d->voice.campaign_id = d->campaign_id;
    d->voice.flow = c->flow;
    snprintf(d->voice.caller_name, sizeof(d->voice.caller_name), "%s", c->caller_name);
    snprintf(d->voice.caller_id, sizeof(d->voice.caller_id), "%s", c->caller_id);
    d->voice.ring_timeout_ms = c->ring_timeout_ms;
    d->voice.call_max_ms = c->call_max_ms;
    return 0;
}

/* S4: only where nobody real is called. */
static int check_rehearsal(const struct desk *d, struct error *err)
{
    const struct line_config *line = &exchange_config(d->exchange)->line;

    for (unsigned i = 0; d->rehearsal && i < line->trunk_count; i++)
        if (!line_trunk_is_loopback(&line->trunks[i]))
            return error_set(err, -EPERM, line->trunks[i].name,
                             "rehearse with kolcast carrier on 127.0.0.1",
                             "%s is not on this machine: people would be called at any hour",
                             line->trunks[i].host);
    return 0;
}

int desk_start(struct desk *d, int64_t campaign_id, const struct campaign *c, bool rehearsal,
               struct error *err)
{
    int rc;

    d->rehearsal = rehearsal;
    rc = check_rehearsal(d, err);
    if (rc)
        return rc;
    d->campaign_id = campaign_id;
    d->campaign = c;
    d->view.cps_cap = c->cps;
    d->view.started_ms = desk_wall_ms(d);
    d->measured_us = desk_mono_us(d);
    rc = make_pool(d);
    if (!rc)
        rc = make_pacing(d);
    if (!rc)
        rc = prepare(d);
    if (!rc)
        rc = make_voice(d, err);
    if (!rc)
        rc = set_state(d, CAMPAIGN_STATE_RUNNING, "");
    if (rc)
        return error_set(err, rc, c->name, NULL, "cannot start: %s", strerror(-rc));
    d->view.state = CAMPAIGN_STATE_RUNNING;
    rc = -pthread_create(&d->thread, NULL, desk_main, d);
    d->threaded = rc == 0;
    return rc;
}

void desk_pause(struct desk *d)
{
    atomic_store(&d->pausing, true);
}

void desk_abort(struct desk *d)
{
    atomic_store(&d->aborting, true);
}

bool desk_wait(struct desk *d, int timeout_ms)
{
    struct timespec until;
    bool finished;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&d->lock);
    while (!d->finished && timeout_ms > 0)
        if (pthread_cond_timedwait(&d->changed, &d->lock, &until))
            break;
    finished = d->finished;
    pthread_mutex_unlock(&d->lock);
    return finished;
}
