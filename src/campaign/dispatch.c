/* From the store to the lines: groups that are open are asked for due people in small batches; each
 * batch is durable before its first call (S3); pacing releases them one by one. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metric.h"
#include "campaign/desk_priv.h"

/* ---- groups -------------------------------------------------------------------------------------
 */

static void fill_best_hours(const struct desk *d, struct group *g)
{
    struct window_week hours = d->campaign->windows;

    if (d->campaign->any_hour)
        window_always(&hours);
    else if (g->has_own)
        window_intersect(&d->campaign->windows, &g->own, &hours);
    best_hours_fill(&g->hours, &hours, g->zone);
}

static int add_group(void *arg, const struct store_group *g)
{
    struct desk *d = arg;
    struct group *to;

    d->waiting += g->waiting;
    if (g->waiting == 0)
        return 0;
    if (d->group_count == d->group_cap) {
        unsigned cap = d->group_cap ? d->group_cap * 2 : 16;
        struct group *bigger = realloc(d->groups, cap * sizeof(*bigger));

        if (!bigger)
            return -ENOMEM;
        d->groups = bigger;
        d->group_cap = cap;
    }
    to = &d->groups[d->group_count];
    *to = (struct group){.id = g->id,
                         .waiting = g->waiting,
                         .next_due_ms = g->next_due_ms,
                         .last_due_ms = g->last_due_ms};
    to->has_own = campaign_hours_of(d->campaign, g->zone, g->window, &to->zone, &to->own);
    fill_best_hours(d, to);
    d->group_count++;
    return 0;
}

int dispatch_refresh(struct desk *d)
{
    int rc;

    d->group_count = 0;
    d->waiting = 0;
    rc = store_group_each(d->store, d->campaign_id, add_group, d);
    if (!rc)
        d->fresh = true;
    return rc;
}

static const struct window_week *own(const struct group *g)
{
    return g->has_own ? &g->own : NULL;
}

static bool is_open(const struct desk *d, const struct group *g, int64_t now_ms, int64_t *until_ms)
{
    return campaign_open_at(d->campaign, own(g), g->zone, now_ms, until_ms);
}

int64_t dispatch_next_open(struct desk *d, int64_t now_ms)
{
    int64_t best = -1, until;

    for (unsigned i = 0; i < d->group_count; i++) {
        const struct group *g = &d->groups[i];
        int64_t next;

        if (is_open(d, g, now_ms, &until))
            return 0;
        next = campaign_next_open(d->campaign, own(g), g->zone, now_ms);
        if (next >= 0 && (best < 0 || next < best))
            best = next;
    }
    return best;
}

/* ---- claims ---------------------------------------------------------------------------------- */

static void take_claims(struct loop_msg *m)
{
    struct desk *d = container_of(m, struct desk, claim.done);
    struct group *g = d->claim.group;
    int64_t now = desk_wall_ms(d), until = 0;

    d->claim.busy = false;
    d->fresh = false;
    desk_store_answered(d, d->claim.rc);
    if (d->claim.rc)
        return;
    g->waiting -= d->claim.claimed + d->claim.skipped;
    if (d->claim.claimed < d->claim.max) {
        g->next_due_ms = now + REFRESH_MS; /* nothing more is due; the refresh knows better */
        d->refresh_due_ms = d->claim.claimed + d->claim.skipped > 0 ? 0 : d->refresh_due_ms;
    }
    if (!is_open(d, g, now, &until))
        until = now; /* closed meanwhile: the lane gives them back */
    for (int i = 0; i < d->claim.claimed; i++) {
        const struct store_claim *c = &d->claim.claims[i];
        struct list_node *n = list_pop(&d->free);
        struct attempt *a = list_entry(n, struct attempt, node);
        struct line_call *lc = &a->call;

        assert(n); /* no more is claimed than the pool holds */
        memset(&lc->outcome, 0, sizeof(lc->outcome));
        lc->trace[0] = '\0';
        lc->voice = &d->voice;
        lc->desk = d->loop;
        lc->attempt_id = c->attempt_id;
        lc->campaign_id = d->campaign_id;
        lc->contact_id = c->contact_id;
        lc->number = c->number;
        lc->open_from_ms = now - 1;
        lc->open_until_ms = until;
        memcpy(lc->variables, c->variables, sizeof(lc->variables));
        a->attempt_no = c->attempt_no;
        a->released_us = 0;
        a->tried = 0;
        memcpy(a->earlier, c->earlier, sizeof(a->earlier));
        if (c->attempt_no > 1 && d->again_waiting > 0)
            d->again_waiting--;
        list_append(&d->ready, &a->node);
        d->ready_count++;
    }
}

/* In the writer's thread. */
static int run_claim(struct store_job *job, struct store *s)
{
    struct desk *d = container_of(job, struct desk, claim.job);

    d->claim.claimed = 0;
    d->claim.skipped = 0;
    return store_claim(s, &d->claim.query, d->claim.claims, d->claim.max, &d->claim.claimed,
                       &d->claim.skipped);
}

static void claim_done(struct store_job *job, int rc)
{
    struct desk *d = container_of(job, struct desk, claim.job);

    d->claim.rc = rc;
    d->claim.done.fn = take_claims;
    loop_post(d->loop, &d->claim.done);
}

static void post_claim(struct desk *d, struct group *g, int64_t now, int64_t until,
                       const struct best_hour *hour, int max)
{
    char hours[WINDOW_TEXT_MAX];
    int64_t day_start, day_end;
    zone_id z = g->zone;

    window_format(&d->campaign->windows, hours, sizeof(hours));
    snprintf(d->claim.decision, sizeof(d->claim.decision),
             "{\"zone\":\"%s\",\"hours\":\"%s\",\"own_hours\":%s,\"open_until\":%lld,"
             "\"max_attempts\":%d,\"per_day\":%d,\"rehearsal\":%s,\"hour\":{\"pattern\":\"%s\","
             "\"now\":%d,\"best\":%d}}",
             zone_name(z), hours, g->has_own ? "true" : "false",
             (long long)(d->campaign->any_hour ? 0 : until), d->campaign->attempts_max,
             d->campaign->per_day_max, d->campaign->any_hour ? "true" : "false", BEST_HOUR_PATTERN,
             hour->percent, hour->best);
    campaign_day(z, now, &day_start, &day_end);
    d->claim.query = (struct store_claim_query){
        .campaign_id = d->campaign_id,
        .group_id = g->id,
        .now_ms = now,
        .day_start_ms = day_start,
        .day_end_ms = day_end,
        .attempts_max = d->campaign->attempts_max,
        .per_day_max = d->campaign->per_day_max,
        .decision = d->claim.decision,
    };
    d->claim.group = g;
    d->claim.max = max;
    d->claim.busy = true;
    d->claim.job.run = run_claim;
    d->claim.job.done = claim_done;
    store_writer_post(d->writer, &d->claim.job);
}

/* Of the groups that are open and have someone due: the one at its best hour (P33); of equals the
 * one that closes first. NULL: none. */
static struct group *pick_group(struct desk *d, int64_t now, int64_t *until_ms,
                                struct best_hour *hour)
{
    struct group *best = NULL;

    for (unsigned i = 0; i < d->group_count; i++) {
        struct group *g = &d->groups[i];
        struct best_hour h;
        int64_t until;
        int order;

        if (g->waiting <= 0 || g->next_due_ms > now || !is_open(d, g, now, &until))
            continue;
        best_hour_at(&g->hours, g->zone, now, d->campaign->end_ms, &h);
        order = best ? best_hour_compare(&h, hour) : -1;
        if (order > 0 || (order == 0 && until >= *until_ms))
            continue;
        best = g;
        *hour = h;
        *until_ms = until;
    }
    return best;
}

/* About a second's worth is kept ready: enough for the pace, little to give back on a pause. */
void dispatch_claim(struct desk *d)
{
    int64_t now = desk_wall_ms(d), until;
    struct best_hour hour;
    struct group *g;
    double second = dispatch_cps(d);
    unsigned want = second < 4 ? 4 : second > CLAIM_MAX ? CLAIM_MAX : (unsigned)second;
    unsigned at_hand = d->ready_count + d->passed_count + d->in_flight;
    unsigned used = at_hand + d->saving;
    unsigned room = used < d->pool_size ? d->pool_size - used : 0;

    if (d->claim.busy || desk_mono_ms(d) < d->retry_due_ms || d->ready_count > want / 2 ||
        room == 0)
        return;
    if (at_hand >= d->campaign->calls_max)
        return;
    if (room > d->campaign->calls_max - at_hand)
        room = d->campaign->calls_max - at_hand;
    g = pick_group(d, now, &until, &hour);
    if (g)
        post_claim(d, g, now, until, &hour, (int)(want < room ? want : room));
}

/* ---- release --------------------------------------------------------------------------------- */

double dispatch_cps(const struct desk *d)
{
    double trunks = exchange_cps(d->exchange), own = pacing_cps(d->pacing);

    return trunks < own ? trunks : own;
}

/* What a call's end says about its trunk, or about this machine. */
static enum pacing_sign sign_of(const struct call_outcome *o)
{
    if (o->disposition == DISPOSITION_CONGESTION)
        return PACING_CONGESTION;
    if (o->disposition != DISPOSITION_FAILED || o->ringing_ms || o->answered_ms)
        return PACING_OK;
    if (o->dialled_ms == 0)
        return PACING_LOCAL_FAULT;
    return o->sip_status ? PACING_REFUSED : PACING_TIMEOUT;
}

static void count(const struct attempt *a, int trunk, enum pacing_sign sign)
{
    const struct desk *d = a->desk;
    const struct call_outcome *o = &a->call.outcome;

    if (!o->dialled_ms)
        return;
    if (sign != PACING_OK)
        metric_add(
            metric1(METRIC_CALLS_FAILED, exchange_config(d->exchange)->line.trunks[trunk].name), 1);
    if (o->dialled_ms > a->released_ms)
        metric_observe(metric(METRIC_DIAL_LAG), (o->dialled_ms - a->released_ms) * 1000);
    else
        metric_observe(metric(METRIC_DIAL_LAG), 0);
}

static void called(struct line_call *lc)
{
    struct attempt *a = container_of(lc, struct attempt, call);
    struct desk *d = a->desk;
    const struct call_outcome *o = &lc->outcome;
    struct pacing_event e = {.sign = sign_of(o),
                             .started_us = a->released_us,
                             .retry_after_s = o->retry_after_s,
                             .detail = o->reason};
    bool told;

    a->up = false;
    d->in_flight--;
    count(a, lc->trunk, e.sign);
    exchange_give(d->exchange, lc->trunk);
    /* That a trunk was silent for so long has been told by the lane's figures. */
    told = e.sign == PACING_TIMEOUT && o->ended_ms - o->dialled_ms >= LINE_UNHEARD_MS;
    if (e.sign == PACING_LOCAL_FAULT)
        pacing_sign(d->pacing, desk_mono_us(d), &e);
    else if (o->dialled_ms && !told)
        exchange_sign(d->exchange, lc->trunk, desk_mono_us(d), &e);
    finish_attempt(a);
}

void dispatch_drop(struct attempt *a, enum disposition disposition, const char *why)
{
    struct call_outcome *o = &a->call.outcome;

    o->disposition = disposition;
    o->ended_ms = desk_wall_ms(a->desk);
    snprintf(o->ended_by, sizeof(o->ended_by), "us");
    snprintf(o->reason, sizeof(o->reason), "%s", why);
    finish_attempt(a);
}

/* The next one that is on no do-not-call list, as of this moment (P12): an opt-out that is stored
 * before a dial begins stops it. NULL: nobody is ready. */
static struct attempt *next_ready(struct desk *d)
{
    while (d->ready_count > 0) {
        struct attempt *a = list_entry(list_first(&d->ready), struct attempt, node);

        if (exchange_refresh(d->exchange))
            return NULL; /* not without a look */
        if (!exchange_blacklisted(d->exchange, a->call.number, desk_wall_ms(d)))
            return a;
        list_remove(&a->node);
        d->ready_count--;
        dispatch_drop(a, DISPOSITION_BLACKLISTED,
                      "put on a do-not-call list before it was dialled");
    }
    return NULL;
}

bool dispatch_dial(struct attempt *a)
{
    struct desk *d = a->desk;
    int64_t now = desk_mono_us(d);
    int trunk;

    if (d->in_flight >= d->campaign->calls_max || pacing_wait_us(d->pacing, now) > 0)
        return false;
    trunk = exchange_take(d->exchange, d->trunks & ~a->tried, now);
    if (trunk < 0)
        return false;
    if (!pacing_take(d->pacing, now, d->in_flight)) {
        exchange_give(d->exchange, trunk);
        return false;
    }
    list_remove(&a->node);
    d->in_flight++;
    d->started_calls++;
    a->call.trunk = trunk;
    a->released_us = now;
    a->released_ms = desk_wall_ms(d);
    a->up = true;
    exchange_dial(d->exchange, &a->call, called);
    return true;
}

void dispatch_release(struct desk *d)
{
    struct attempt *a;

    pass_on_release(d);
    while ((a = next_ready(d)) && dispatch_dial(a))
        d->ready_count--;
}

void dispatch_give_back(struct desk *d)
{
    pass_on_give_back(d);
    while (d->ready_count > 0) {
        struct attempt *a = list_entry(list_pop(&d->ready), struct attempt, node);

        d->ready_count--;
        dispatch_drop(a, DISPOSITION_CANCELLED, "paused before it was dialled");
    }
}
