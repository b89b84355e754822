/* What others see of a running campaign: figures, the pace, a note in words when nobody is being
 * called, and when it will be over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "campaign/desk_priv.h"
#include "campaign/walk.h"

enum { MEASURE_US = 2000000, RING_GUESS_MS = 12000, SOON_MS = 1500 };

/* ---- when it will be over ------------------------------------------------------------------- */

/* The usual call by the flow and its audio. */
static int64_t usual_talk_ms(const struct desk *d)
{
    uint32_t ms[FLOW_PROMPTS_MAX] = {0};
    int64_t talk;

    for (int i = 0; i < flow_prompt_count(d->campaign->flow); i++)
        ms[i] = prompt_ms(d->voice.prompts[i]);
    talk = flow_typical_ms(d->campaign->flow, ms);
    return talk < d->campaign->call_max_ms ? talk : d->campaign->call_max_ms;
}

static void guess(struct desk *d)
{
    const struct campaign *c = d->campaign;
    struct forecast_guess g = {
        .ring_ms = c->ring_timeout_ms < RING_GUESS_MS ? c->ring_timeout_ms : RING_GUESS_MS,
        .talk_ms = usual_talk_ms(d),
        .longest_ms = c->ring_timeout_ms + c->call_max_ms,
        .answer_share = 0.5,
        .again_share = 0.3,
        .attempts_max = c->attempts_max,
        .again_wait_ms = c->retry[DISPOSITION_NO_ANSWER].after_ms,
    };

    forecast_init(&d->forecast, &g);
}

static void gather(struct desk *d, struct forecast_now *now, int64_t now_ms)
{
    int64_t now_us = desk_mono_us(d);

    *now = (struct forecast_now){.cps = dispatch_cps(d),
                                 .calls_max = d->campaign->calls_max,
                                 .again =
                                     d->again_waiting < d->waiting ? d->again_waiting : d->waiting,
                                 .ages_ms = d->ages_ms};
    now->fresh = d->waiting - now->again + d->ready_count + d->passed_count;
    for (unsigned i = 0; i < d->group_count; i++)
        if (d->groups[i].last_due_ms - now_ms > now->last_due_ms)
            now->last_due_ms = d->groups[i].last_due_ms - now_ms;
    for (unsigned i = 0; i < d->pool_size; i++) {
        if (!d->pool[i].up)
            continue;
        d->ages_ms[now->up++] = (now_us - d->pool[i].released_us) / 1000;
        now->up_first += d->pool[i].attempt_no == 1;
    }
}

/* 0: not known, as while no trunk takes calls. */
static int64_t finish_ms(struct desk *d, int64_t now_ms)
{
    struct walk_group *walk = calloc(d->group_count + 1, sizeof(*walk));
    struct forecast_left left;
    struct forecast_now now;
    int64_t finish;

    if (!walk)
        return 0;
    gather(d, &now, now_ms);
    if (now.cps <= 0) { /* no trunk takes calls */
        free(walk);
        return 0;
    }
    forecast_left(&d->forecast, &now, &left);
    for (unsigned i = 0; i < d->group_count; i++) {
        struct group *g = &d->groups[i];

        walk[i] = (struct walk_group){.zone = g->zone, .own = g->has_own ? &g->own : NULL};
        if (d->waiting > 0)
            walk[i].calls = left.dials * (double)g->waiting / (double)d->waiting;
    }
    finish = walk_finish(d->campaign, walk, d->group_count, now_ms, &left);
    free(walk);
    return finish > 0 ? finish : 0;
}

/* ---- the note ------------------------------------------------------------------------------- */

static const char *local_text(const struct desk *d, int64_t ms, char *buf, size_t size)
{
    struct zone_local l;

    zone_to_local(zone_open(d->campaign->zone), ms, &l);
    snprintf(buf, size, "%04d-%02d-%02d %02d:%02d", l.year, l.month, l.day, l.hour, l.minute);
    return buf;
}

/* People wait and nobody is called: until when? */
static void note_wait(struct desk *d, struct desk_view *v, int64_t now_ms)
{
    int64_t next = dispatch_next_open(d, now_ms), due = INT64_MAX;
    char when[32];

    if (next > 0) {
        v->next_open_ms = next;
        snprintf(v->note, sizeof(v->note), "waiting for the calling hours: they begin %s",
                 local_text(d, next, when, sizeof(when)));
    }
    if (next != 0)
        return;
    for (unsigned i = 0; i < d->group_count; i++)
        if (d->groups[i].next_due_ms < due)
            due = d->groups[i].next_due_ms;
    if (due > now_ms + SOON_MS)
        snprintf(v->note, sizeof(v->note), "waiting until somebody is due to be called again: %s",
                 local_text(d, due, when, sizeof(when)));
}

static void note(struct desk *d, struct desk_view *v, int64_t now_ms, const struct line_stats *s)
{
    char text[128];

    v->note[0] = '\0';
    v->next_open_ms = 0;
    v->store_failing = store_writer_failing(d->writer, text, sizeof(text));
    if (v->store_failing)
        snprintf(v->note, sizeof(v->note), "dialling has stopped, the data cannot be written: %s",
                 text);
    else if (desk_stopping(d))
        snprintf(v->note, sizeof(v->note), "%s",
                 atomic_load(&d->aborting) ? "ending the calls" : "letting the calls finish");
    else if (!s->trunks_ready)
        snprintf(v->note, sizeof(v->note), "%s", s->trunk_fault);
    else if (d->waiting > 0 && d->ready_count + d->passed_count + d->in_flight == 0)
        note_wait(d, v, now_ms);
}

/* ---- the picture ---------------------------------------------------------------------------- */

static void measure(struct desk *d, int64_t now_us)
{
    if (now_us - d->measured_us < MEASURE_US)
        return;
    d->view.cps_measured =
        (double)(d->started_calls - d->measured_calls) * 1e6 / (double)(now_us - d->measured_us);
    d->measured_calls = d->started_calls;
    d->measured_us = now_us;
}

/* Lanes tell how they are; the trunks' registrations and the load steer the calls. At the very end
 * there is nothing to steer: a change of pace would go to the writer while the desk goes away. */
static void hear_lanes(struct desk *d, struct line_stats *s)
{
    int64_t now_us = desk_mono_us(d);

    exchange_line_stats(d->exchange, s);
    if (d->over)
        return;
    desk_hear_trunks(d);
    pacing_load(d->pacing, now_us, s->load);
    pacing_lag(d->pacing, now_us, d->lag_us / 1000);
    d->lag_us = 0;
}

void view_look(struct desk *d, int64_t now_ms)
{
    struct line_stats s = {.trunks_ready = true};
    struct store_target_counts counts;
    bool counted = store_target_counts(d->store, d->campaign_id, &counts) == 0;
    int64_t finish = 0, mono_ms = desk_mono_ms(d);
    bool told = mono_ms >= d->forecast_due_ms;

    hear_lanes(d, &s);
    if (told) {
        d->forecast_due_ms = mono_ms + FORECAST_MS;
        finish = finish_ms(d, now_ms);
    }
    pthread_mutex_lock(&d->lock);
    if (counted)
        d->view.targets = counts;
    d->view.calls_up = atomic_load(&d->use.calls_up);
    d->view.calls_ringing = atomic_load(&d->use.calls_ringing);
    d->view.keys = atomic_load(&d->use.keys);
    d->view.opt_outs = atomic_load(&d->use.opt_outs);
    d->view.texts = atomic_load(&d->use.texts);
    d->view.cps_now = dispatch_cps(d);
    d->view.slowed = pacing_slowed(d->pacing) || exchange_slowed(d->exchange);
    measure(d, desk_mono_us(d));
    if (told)
        d->view.finish_ms = finish;
    note(d, &d->view, now_ms, &s);
    pthread_mutex_unlock(&d->lock);
}

void view_start(struct desk *d)
{
    guess(d);
    d->measured_us = desk_mono_us(d);
    view_look(d, desk_wall_ms(d));
}

void desk_view(struct desk *d, struct desk_view *out)
{
    pthread_mutex_lock(&d->lock);
    *out = d->view;
    pthread_mutex_unlock(&d->lock);
}
