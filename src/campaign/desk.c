/* The desk's life and its thread.
 *
 * desk_start: what a crash left is recovered, people become targets, prompts are loaded; then the
 * thread ticks: claims, releases, refreshes, and ends when nobody is left, on a
 * pause, or when the store cannot be written. */
#include "campaign/desk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metric.h"
#include "campaign/desk_priv.h"
#include "campaign/notice.h"

enum { POOL_SLACK = 2 * CLAIM_MAX, SECOND_MS = 1000 };

int64_t desk_wall_ms(const struct desk *d)
{
    return clock_wall_ms(d->clock);
}

int64_t desk_mono_us(const struct desk *d)
{
    return clock_mono_us(d->clock);
}

int64_t desk_mono_ms(const struct desk *d)
{
    return desk_mono_us(d) / 1000;
}

bool desk_stopping(struct desk *d)
{
    return atomic_load(&d->pausing) || atomic_load(&d->aborting);
}

/* ---- small writes ---------------------------------------------------------------------------- */

struct state_job {
    struct store_job job;
    int64_t campaign_id;
    enum campaign_state state;
    const char *reason;
};

static int run_state(struct store_job *job, struct store *s)
{
    struct state_job *j = container_of(job, struct state_job, job);
    struct store_campaign c;
    int rc = store_campaign_set_state(s, j->campaign_id, j->state, j->reason);

    /* Cancelled while its last calls were up. */
    if (rc == -EPERM && store_campaign_get(s, j->campaign_id, &c) == 0 &&
        c.state == CAMPAIGN_STATE_CANCELLED) {
        j->state = CAMPAIGN_STATE_CANCELLED;
        rc = 0;
    }
    if (!rc && j->state != CAMPAIGN_STATE_RUNNING)
        rc = store_step_end(s, j->campaign_id, "monitor", j->state != CAMPAIGN_STATE_FAILED,
                            j->reason);
    return rc;
}

/* *state: what is wanted, then what it is. */
static int set_state(struct desk *d, enum campaign_state *state, const char *reason)
{
    struct state_job j = {.job = {.run = run_state},
                          .campaign_id = d->campaign_id,
                          .state = *state,
                          .reason = reason};
    int rc = store_writer_do(d->writer, &j.job);

    *state = j.state;
    if (!rc)
        notice_state(exchange_config(d->exchange)->bus, d->campaign_id, j.state, reason);
    return rc;
}

/* ---- the pace ------------------------------------------------------------------------------- */

static void keep_pace(void *arg, const char *trunk, const struct pacing_change *c)
{
    struct pacing_change told = *c;
    struct desk *d = arg;

    if (trunk[0])
        snprintf(told.reason, sizeof(told.reason), "%s: %.*s", trunk,
                 (int)(sizeof(told.reason) - LINE_NAME_MAX - 2), c->reason);
    pthread_mutex_lock(&d->lock);
    snprintf(d->view.pace_reason, sizeof(d->view.pace_reason), "%s", told.reason);
    pthread_mutex_unlock(&d->lock);
    notice_pace(exchange_config(d->exchange)->bus, d->campaign_id, &told);
    pace_log_add(d->pace_log, trunk, c);
}

static void on_pace(void *arg, const struct pacing_change *c)
{
    metric_add(metric1(METRIC_PACE_CHANGES, c->to_cps < c->from_cps ? "slower" : "faster"), 1);
    keep_pace(arg, "", c);
}

void desk_hear_trunks(struct desk *d)
{
    exchange_pace(d->exchange, &d->pace_seq, keep_pace, d);
}

/* ---- the store's answers -------------------------------------------------------------------- */

void desk_store_answered(struct desk *d, int rc)
{
    int64_t now = desk_mono_ms(d);

    if (!rc) {
        d->retry_wait_ms = 0;
        return;
    }
    if (now < d->retry_due_ms) /* of the same batch */
        return;
    d->retry_wait_ms = d->retry_wait_ms ? 2 * d->retry_wait_ms : RETRY_LEAST_MS;
    if (d->retry_wait_ms > RETRY_MOST_MS)
        d->retry_wait_ms = RETRY_MOST_MS;
    d->retry_due_ms = now + d->retry_wait_ms;
}

/* What could not be stored is tried again, with growing waits. */
static void store_again(struct desk *d)
{
    finish_retry(d);
    pace_log_flush(d->pace_log);
}

/* Has the writer something of ours, which it will touch again? */
static bool with_writer(const struct desk *d)
{
    return d->claim.busy || d->saving > d->unsaved_count || pace_log_busy(d->pace_log);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void end(struct desk *d, enum campaign_state state, const char *reason)
{
    bool stays = state == CAMPAIGN_STATE_PAUSED && atomic_load(&d->leaving);
    int rc = stays ? 0 : set_state(d, &state, reason);

    if (rc)
        log_error("the campaign's state could not be stored", "state=%s error=\"%s\"",
                  campaign_state_name(state), strerror(-rc));
    d->over = true;
    timer_stop(&d->tick);
    view_look(d, desk_wall_ms(d));
    pthread_mutex_lock(&d->lock);
    d->view.state = state;
    d->view.finish_ms = 0;
    if (rc || d->failing_since_ms) /* the little that fitted at the end does not mend it */
        d->view.store_failing = true;
    snprintf(d->view.note, sizeof(d->view.note), "%s", reason);
    d->finished = true;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    loop_stop(d->loop);
}

/* A store that fails for a while with no call up: going on would be dialling without memory. */
static bool give_up(struct desk *d)
{
    char text[128], reason[STORE_REASON_MAX];
    int64_t now_ms = desk_mono_ms(d);

    if (!store_writer_failing(d->writer, text, sizeof(text))) {
        d->failing_since_ms = 0;
        return false;
    }
    if (!d->failing_since_ms)
        d->failing_since_ms = now_ms;
    if (d->in_flight > 0 || with_writer(d) || now_ms - d->failing_since_ms < GIVE_UP_MS)
        return true;
    snprintf(reason, sizeof(reason), "the data cannot be written: %s", text);
    end(d, CAMPAIGN_STATE_FAILED, reason);
    return true;
}

static void check_end(struct desk *d, int64_t now_ms)
{
    if (d->in_flight + d->ready_count + d->passed_count + d->saving > 0 || with_writer(d) ||
        !pace_log_empty(d->pace_log))
        return;
    if (desk_stopping(d)) {
        end(d, CAMPAIGN_STATE_PAUSED, "paused by the operator");
        return;
    }
    if (!d->fresh) {
        d->refresh_due_ms = desk_mono_ms(d);
        return;
    }
    if (d->waiting == 0)
        end(d, CAMPAIGN_STATE_COMPLETED, "everybody was called or is out of reach");
    else if (dispatch_next_open(d, now_ms) < 0)
        end(d, CAMPAIGN_STATE_COMPLETED, "the campaign's hours are over, some were not called");
}

/* ---- the tick -------------------------------------------------------------------------------- */

static void look(struct desk *d)
{
    int64_t now_ms = desk_mono_ms(d);

    if (now_ms >= d->view_due_ms) {
        d->view_due_ms = now_ms + VIEW_MS;
        view_look(d, desk_wall_ms(d));
        if (exchange_refresh(d->exchange))
            log_error("the do-not-call lists could not be read", "");
    }
    if (now_ms >= d->refresh_due_ms && !d->claim.busy) {
        d->refresh_due_ms = now_ms + REFRESH_MS;
        if (dispatch_refresh(d))
            log_error("the people to call could not be read", "error=\"%s\"",
                      store_error_text(d->store));
    }
}

static void on_tick(struct timer *t)
{
    struct desk *d = container_of(t, struct desk, tick);
    bool again = desk_mono_ms(d) >= d->retry_due_ms;

    timer_start(loop_wheel(d->loop), t, TICK_MS);
    look(d);
    if (again)
        store_again(d);
    if (atomic_load(&d->aborting) && !atomic_exchange(&d->use.ending, true))
        exchange_recheck(d->exchange);
    if (desk_stopping(d))
        dispatch_give_back(d);
    if (give_up(d)) {
        if (!d->over && !desk_stopping(d) && again)
            dispatch_claim(d); /* its commit shows whether the store is mended */
        return;
    }
    if (!desk_stopping(d)) {
        dispatch_release(d);
        dispatch_claim(d);
    }
    check_end(d, desk_wall_ms(d));
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

/* ---- life ------------------------------------------------------------------------------------ */

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
    clock_cond_init(&d->changed);
    list_init(&d->free);
    list_init(&d->ready);
    list_init(&d->passed);
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
    if (d->joined)
        exchange_leave(d->exchange, d->campaign->cps);
    store_close(d->store);
    pace_log_free(d->pace_log);
    pacing_free(d->pacing);
    for (int i = 0; d->voice.prompts && i < flow_prompt_count(d->campaign->flow); i++)
        prompt_free(d->voice.prompts[i]);
    free(d->voice.prompts);
    loop_free(d->loop);
    free(d->groups);
    free(d->pool);
    free(d->ages_ms);
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->changed);
    free(d);
}

static int make_pool(struct desk *d)
{
    d->pool_size = d->campaign->calls_max + POOL_SLACK;
    d->pool = calloc(d->pool_size, sizeof(*d->pool));
    d->ages_ms = calloc(d->pool_size, sizeof(*d->ages_ms));
    if (!d->pool || !d->ages_ms)
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
    int rc = pace_log_new(&d->pace_log, d->loop, d->writer, d->clock, d->campaign_id);

    if (!rc)
        rc = pacing_new(&d->pacing, &config, desk_mono_us(d));
    if (rc)
        return rc;
    exchange_join(d->exchange, d->campaign->cps);
    d->joined = true;
    d->pace_seq = UINT64_MAX;
    desk_hear_trunks(d);
    return 0;
}

/* What was started before a pause counts in the first second after it, too (S5). */
static int hold_first_calls(struct desk *d)
{
    int64_t last, now = desk_wall_ms(d);
    int rc = store_last_dial(d->store, d->campaign_id, &last);

    if (!rc && last > now - SECOND_MS && last <= now)
        pacing_hold(d->pacing, desk_mono_us(d) + (last + SECOND_MS - now) * 1000);
    return rc;
}

/* People become targets; what a crash left is made good. */
static int query_people(struct desk *d)
{
    int64_t interrupted, added, due = desk_wall_ms(d), whose = d->campaign_id;
    struct store_target_counts people;
    char detail[96];
    int rc = store_step_begin(d->store, d->campaign_id, "query");

    /* Whoever was perhaps just spoken to is left in peace for a while. With one attempt each there
     * is nothing to wait for. */
    if (d->campaign->attempts_max > 1)
        due += d->campaign->retry[DISPOSITION_INTERRUPTED].after_ms;
    if (exchange_first(d->exchange))
        whose = 0; /* of all campaigns: nobody else calls yet */
    if (!rc)
        rc = store_recover(d->store, whose, due, &interrupted);
    if (!rc)
        rc = store_target_fill(d->store, d->campaign_id, &added);
    if (!rc)
        rc = store_target_counts(d->store, d->campaign_id, &people);
    if (rc)
        return rc;
    if (interrupted > 0) {
        metric_add(metric1(METRIC_CALLS_ENDED, disposition_name(DISPOSITION_INTERRUPTED)),
                   interrupted);
        log_warn("calls were interrupted by a crash; each has its record", "calls=%lld",
                 (long long)interrupted);
    }
    snprintf(detail, sizeof(detail), "%lld people, %lld calls interrupted before",
             (long long)people.total, (long long)interrupted);
    return store_step_end(d->store, d->campaign_id, "query", true, detail);
}

static int queue_people(struct desk *d)
{
    char detail[96];
    int rc = store_step_begin(d->store, d->campaign_id, "queue");

    if (!rc)
        rc = dispatch_refresh(d);
    if (rc)
        return rc;
    snprintf(detail, sizeof(detail), "%lld people wait, in %u groups of zone and hours",
             (long long)d->waiting, d->group_count);
    return store_step_end(d->store, d->campaign_id, "queue", true, detail);
}

/* The steps that are in the store's hands. */
static int prepare(struct desk *d)
{
    struct store_call_totals totals;
    int rc = hold_first_calls(d);

    if (!rc)
        rc = query_people(d);
    if (!rc)
        rc = queue_people(d);
    if (!rc)
        rc = store_step_begin(d->store, d->campaign_id, "monitor");
    if (!rc)
        rc = store_call_totals(d->store, d->campaign_id, &totals);
    if (rc)
        return rc;
    d->view.calls = totals.calls;
    memcpy(d->view.by_disposition, totals.by_disposition, sizeof(totals.by_disposition));
    return 0;
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

    for (unsigned i = 0; d->campaign->any_hour && i < line->trunk_count; i++)
        if (!line_trunk_is_loopback(&line->trunks[i]))
            return error_set(err, -EPERM, line->trunks[i].name,
                             "rehearse with kolcast carrier on 127.0.0.1",
                             "%s is not on this machine: people would be called at any hour",
                             line->trunks[i].host);
    return 0;
}

int desk_start(struct desk *d, int64_t campaign_id, const struct campaign *c, struct error *err)
{
    enum campaign_state state = CAMPAIGN_STATE_RUNNING;
    int rc;

    d->campaign_id = campaign_id;
    d->campaign = c;
    rc = check_rehearsal(d, err);
    if (rc)
        return rc;
    d->trunks = exchange_trunks(d->exchange, c->trunks, c->trunk_count, err);
    if (!d->trunks)
        return -ENODEV;
    d->view.cps_cap = c->cps;
    d->view.started_ms = desk_wall_ms(d);
    rc = make_pool(d);
    if (!rc)
        rc = make_pacing(d);
    if (!rc)
        rc = prepare(d);
    if (!rc)
        rc = make_voice(d, err);
    if (!rc)
        rc = set_state(d, &state, "");
    if (rc)
        return error_set(err, rc, c->name, NULL, "cannot start: %s", strerror(-rc));
    d->view.state = CAMPAIGN_STATE_RUNNING;
    view_start(d);
    rc = -pthread_create(&d->thread, NULL, desk_main, d);
    d->threaded = rc == 0;
    return rc;
}

void desk_pause(struct desk *d)
{
    atomic_store(&d->pausing, true);
}

void desk_leave(struct desk *d)
{
    atomic_store(&d->leaving, true);
    atomic_store(&d->pausing, true);
}

void desk_abort(struct desk *d)
{
    atomic_store(&d->aborting, true);
}

bool desk_wait(struct desk *d, int timeout_ms)
{
    struct timespec until = clock_deadline(timeout_ms);
    bool finished;

    pthread_mutex_lock(&d->lock);
    while (!d->finished && timeout_ms > 0)
        if (pthread_cond_timedwait(&d->changed, &d->lock, &until))
            break;
    finished = d->finished;
    pthread_mutex_unlock(&d->lock);
    return finished;
}
