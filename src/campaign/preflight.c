/* The estimate is the desk's own (forecast.h), before any call has ended: everybody is called, some
 * again; the pace is the campaign's, or what its calls at once permit; the clock runs through the
 * hours of each group of contacts. */
#include "campaign/preflight.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/walk.h"

enum {
    RING_MS = 12000,       /* a usual wait for an answer */
    CALL_GUESS_MS = 30000, /* without the audio */
    MEASURED_LEAST = 100,  /* calls that make a share worth more than a guess */
};
static const double answer_guess = 0.5, again_of_unanswered = 0.8;

struct group {
    zone_id zone;
    bool has_own;
    struct window_week own;
    int64_t id, waiting;
};

struct groups {
    struct group *list; /* owned */
    size_t count, cap;
    int64_t blacklisted;
    const struct campaign *campaign;
};

static const struct window_week *own(const struct group *g)
{
    return g->has_own ? &g->own : NULL;
}

static int on_group(void *arg, const struct store_group *g)
{
    struct groups *all = arg;
    struct group *to;

    if (all->count == all->cap) {
        size_t cap = all->cap ? 2 * all->cap : 16;
        struct group *list = realloc(all->list, cap * sizeof(*list));

        if (!list)
            return -ENOMEM;
        all->list = list;
        all->cap = cap;
    }
    to = &all->list[all->count++];
    *to = (struct group){.id = g->id, .waiting = g->waiting};
    to->has_own = campaign_hours_of(all->campaign, g->zone, g->window, &to->zone, &to->own);
    return 0;
}

/* ---- do-not-call lists ---------------------------------------------------------------------- */

static int on_black(void *arg, int64_t group_id, int64_t count)
{
    struct groups *all = arg;

    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].id == group_id)
            all->list[i].waiting -= count;
    all->blacklisted += count;
    return 0;
}

/* ---- the estimate --------------------------------------------------------------------------- */

static void usual_call(const struct campaign *c, struct preflight *p)
{
    uint32_t ms[FLOW_PROMPTS_MAX] = {0};
    struct prompt **prompts;

    p->call_ms = CALL_GUESS_MS;
    if (campaign_load_prompts(c, &prompts, NULL) == 0) {
        for (int i = 0; i < flow_prompt_count(c->flow); i++) {
            ms[i] = prompt_ms(prompts[i]);
            prompt_free(prompts[i]);
        }
        free(prompts);
        p->call_ms = flow_typical_ms(c->flow, ms);
        p->call_measured = true;
    }
    if (p->call_ms > c->call_max_ms)
        p->call_ms = c->call_max_ms;
}

static void answers(struct store *s, int64_t campaign_id, struct preflight *p)
{
    struct store_call_totals totals;

    p->answer_share = answer_guess;
    if (store_call_totals(s, campaign_id, &totals) || totals.calls < MEASURED_LEAST)
        return;
    p->answer_share = (double)totals.by_disposition[DISPOSITION_ANSWERED] / (double)totals.calls;
    p->answer_measured = true;
}

static void guess(const struct campaign *c, const struct preflight *p, struct forecast *out)
{
    const struct campaign_retry_rule *rule = &c->retry[DISPOSITION_NO_ANSWER];
    struct forecast_guess g = {
        .ring_ms = c->ring_timeout_ms < RING_MS ? c->ring_timeout_ms : RING_MS,
        .talk_ms = p->call_ms,
        .longest_ms = c->ring_timeout_ms + c->call_max_ms,
        .answer_share = p->answer_share,
        .again_share = (1 - p->answer_share) * again_of_unanswered,
        .attempts_max = c->attempts_max < rule->times + 1 ? c->attempts_max : rule->times + 1,
        .again_wait_ms = rule->after_ms,
    };

    forecast_init(out, &g);
}

/* How many will be called, when it ends, what it costs. */
static int estimate(const struct groups *all, int64_t now_ms, struct preflight *p)
{
    const struct campaign *c = all->campaign;
    struct walk_group *walk = calloc(all->count + 1, sizeof(*walk));
    struct forecast_now now = {.cps = c->cps, .calls_max = c->calls_max, .fresh = p->callable};
    struct forecast_left left;
    struct forecast f;
    double each, undone = 0;

    if (!walk)
        return -ENOMEM;
    guess(c, p, &f);
    forecast_left(&f, &now, &left);
    each = left.dials / (double)p->callable;
    for (size_t i = 0; i < all->count; i++) {
        const struct group *g = &all->list[i];

        walk[i] = (struct walk_group){g->zone, own(g), (double)g->waiting * each};
        if (campaign_next_open(c, own(g), g->zone, now_ms) < 0)
            walk[i].calls = 0;
    }
    p->next_open_ms = p->open_now ? 0 : walk_next_open(c, walk, all->count, now_ms);
    p->finish_ms = walk_finish(c, walk, all->count, now_ms, &left);
    for (size_t i = 0; i < all->count; i++)
        undone += walk[i].calls;
    p->late = p->finish_ms < 0 ? 0 : (int64_t)(undone / each);
    p->calls = left.dials - undone;
    free(walk);
    return 0;
}

static void count_groups(const struct groups *all, int64_t now_ms, struct preflight *p)
{
    const struct campaign *c = all->campaign;

    for (size_t i = 0; i < all->count; i++) {
        const struct group *g = &all->list[i];

        if (campaign_next_open(c, own(g), g->zone, now_ms) < 0) {
            p->never_open += g->waiting;
            continue;
        }
        p->callable += g->waiting;
        if (campaign_open_at(c, own(g), g->zone, now_ms, NULL))
            p->open_now += g->waiting;
    }
}

int preflight(struct store *s, int64_t campaign_id, const struct campaign *c, int64_t now_ms,
              struct preflight *out)
{
    struct preflight p = {.next_open_ms = -1};
    struct store_target_counts counts;
    struct groups all = {.campaign = c};
    int64_t added;
    int rc = store_target_fill(s, campaign_id, &added);

    if (!rc)
        rc = store_target_counts(s, campaign_id, &counts);
    if (!rc)
        rc = store_group_each(s, campaign_id, on_group, &all);
    if (!rc)
        rc = store_black_waiting(s, campaign_id, now_ms, on_black, &all);
    if (!rc) {
        p.people = counts.total;
        memcpy(p.by_state, counts.by_state, sizeof(p.by_state));
        p.blacklisted = all.blacklisted;
        usual_call(c, &p);
        answers(s, campaign_id, &p);
        count_groups(&all, now_ms, &p);
        if (p.callable)
            rc = estimate(&all, now_ms, &p);
        p.cost = p.calls * (c->cost_per_call +
                            p.answer_share * (double)p.call_ms / 60000 * c->cost_per_minute);
    }
    free(all.list);
    if (!rc)
        *out = p;
    return rc;
}
