/* The estimate: everybody is called once or, while nobody answers, as often as the campaign allows;
 * the pace is the campaign's, or what its calls at once permit; the clock runs through the hours of
 * each group of contacts. Waits between attempts are left out: others are called meanwhile. */
#include "campaign/preflight.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOUR_MS = 3600000,
    YEAR_HOURS = 366 * 24,
    RING_MS = 12000,       /* a usual wait for an answer */
    CALL_GUESS_MS = 30000, /* without the audio */
    MEASURED_LEAST = 100,  /* calls that make a share worth more than a guess */
};
static const double answer_guess = 0.5;

struct group {
    char zone_name[64], window[256];
    zone_id zone;
    bool has_own;
    struct window_week own;
    int64_t waiting;
    double work; /* attempts expected */
};

struct groups {
    struct group *list; /* owned */
    size_t count, cap;
    const struct campaign *campaign;
};

static void resolve(const struct campaign *c, const char *zone, const char *window,
                    struct group *out)
{
    snprintf(out->zone_name, sizeof(out->zone_name), "%s", zone);
    snprintf(out->window, sizeof(out->window), "%s", window);
    out->zone = zone[0] ? zone_open(zone) : -ENOENT;
    if (out->zone < 0)
        out->zone = zone_open(c->zone);
    out->has_own = window[0] && window_parse(window, &out->own, NULL) == 0;
}

static const struct window_week *own(const struct group *g)
{
    return g->has_own ? &g->own : NULL;
}

static int on_group(void *arg, const struct store_group *g)
{
    struct groups *all = arg;

    if (all->count == all->cap) {
        size_t cap = all->cap ? 2 * all->cap : 16;
        struct group *list = realloc(all->list, cap * sizeof(*list));

        if (!list)
            return -ENOMEM;
        all->list = list;
        all->cap = cap;
    }
    all->list[all->count] = (struct group){.waiting = g->waiting};
    resolve(all->campaign, g->zone, g->window, &all->list[all->count++]);
    return 0;
}

/* ---- do-not-call lists ---------------------------------------------------------------------- */

struct black {
    struct store *s;
    struct groups *groups;
    struct blackset *set;
    int64_t campaign_id, now_ms, count;
    int rc;
};

static int on_black(void *arg, uint64_t number, int64_t expires_ms)
{
    struct black *b = arg;

    if (expires_ms < 0)
        blackset_remove(b->set, number);
    else
        b->rc = blackset_add(b->set, number, expires_ms);
    return b->rc;
}

/* Few contacts are listed: only those are looked up. */
static int on_contact(void *arg, const struct store_contact *c)
{
    struct black *b = arg;
    struct store_target t;

    if (!blackset_contains(b->set, c->number, b->now_ms))
        return 0;
    b->rc = store_target_get(b->s, b->campaign_id, c->number, &t);
    if (b->rc == -ENOENT)
        b->rc = 0;
    else if (!b->rc && t.state == TARGET_STATE_WAITING) {
        b->count++;
        for (size_t i = 0; i < b->groups->count; i++) {
            struct group *g = &b->groups->list[i];

            if (g->waiting && !strcmp(g->zone_name, t.zone) && !strcmp(g->window, t.window)) {
                g->waiting--;
                break;
            }
        }
    }
    return b->rc;
}

static int count_black(struct store *s, int64_t campaign_id, int64_t now_ms, struct groups *all,
                       int64_t *count)
{
    struct black b = {.s = s, .groups = all, .campaign_id = campaign_id, .now_ms = now_ms};
    struct store_campaign stored;
    int64_t seq = 0;
    int rc = store_campaign_get(s, campaign_id, &stored);

    if (rc || (rc = blackset_new(&b.set)))
        return rc;
    rc = store_black_changes(s, &seq, on_black, &b);
    if (!rc && !b.rc && blackset_count(b.set))
        rc = store_contact_each(s, stored.list_id, on_contact, &b);
    blackset_free(b.set);
    if (rc || b.rc)
        return rc ? rc : b.rc;
    *count = b.count;
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

/* 1 + (1-a) + (1-a)² … as often as it may be tried. */
static double attempts_each(const struct campaign *c, double answer_share)
{
    int times = c->retry[DISPOSITION_NO_ANSWER].times + 1;
    double sum = 0, share = 1;

    for (int i = 0; i < c->attempts_max && i < times; i++, share *= 1 - answer_share)
        sum += share;
    return sum;
}

/* Calls started per second when each is up as long as a usual one. */
static double usual_cps(const struct campaign *c, const struct preflight *p)
{
    double ring = (double)(c->ring_timeout_ms < RING_MS ? c->ring_timeout_ms : RING_MS);
    double up_s = (ring + p->answer_share * (double)p->call_ms) / 1000;
    double by_calls = up_s > 0 ? c->calls_max / up_s : c->cps;

    return by_calls < c->cps ? by_calls : c->cps;
}

/* One stretch of time in which the same groups are open; the calls go to them in order. */
static double work_off(struct groups *all, int64_t now_ms, int64_t *until_ms, double cps)
{
    double room, used = 0;

    for (size_t i = 0; i < all->count; i++) {
        struct group *g = &all->list[i];
        int64_t until;

        if (g->work > 0 && campaign_open_at(all->campaign, own(g), g->zone, now_ms, &until) &&
            until < *until_ms)
            *until_ms = until;
    }
    room = cps * (double)(*until_ms - now_ms) / 1000;
    for (size_t i = 0; i < all->count && room > used; i++) {
        struct group *g = &all->list[i];
        double part;

        if (g->work <= 0 || !campaign_open_at(all->campaign, own(g), g->zone, now_ms, NULL))
            continue;
        part = g->work < room - used ? g->work : room - used;
        g->work -= part;
        used += part;
    }
    return used;
}

static int64_t next_open(const struct groups *all, int64_t now_ms)
{
    int64_t next = -1;

    for (size_t i = 0; i < all->count; i++) {
        const struct group *g = &all->list[i];
        int64_t t;

        if (g->work <= 0)
            continue;
        t = campaign_next_open(all->campaign, own(g), g->zone, now_ms);
        if (t >= 0 && (next < 0 || t < next))
            next = t;
    }
    return next;
}

static void estimate(struct groups *all, int64_t now_ms, double each, struct preflight *p)
{
    double cps = usual_cps(all->campaign, p), left = 0, used;
    int64_t t = now_ms;
    int steps = 0;

    p->finish_ms = -1;
    while (steps++ < YEAR_HOURS) {
        int64_t until;

        t = next_open(all, t);
        if (t < 0)
            break;
        until = t + HOUR_MS;
        used = work_off(all, t, &until, cps);
        p->finish_ms = t + (int64_t)(used / cps * 1000) + p->call_ms;
        t = until;
    }
    for (size_t i = 0; i < all->count; i++)
        left += all->list[i].work;
    if (t >= 0 && left > 0)
        p->finish_ms = -1;
    p->late = (int64_t)(left / each);
    p->calls -= left;
}

int preflight(struct store *s, int64_t campaign_id, const struct campaign *c, int64_t now_ms,
              struct preflight *out)
{
    struct preflight p = {.next_open_ms = -1};
    struct store_target_counts counts;
    struct groups all = {.campaign = c};
    int64_t added;
    double each;
    int rc = store_target_fill(s, campaign_id, &added);

    if (!rc)
        rc = store_target_counts(s, campaign_id, &counts);
    if (!rc)
        rc = store_group_each(s, campaign_id, on_group, &all);
    if (!rc)
        rc = count_black(s, campaign_id, now_ms, &all, &p.blacklisted);
    if (rc) {
        free(all.list);
        return rc;
    }
    p.people = counts.total;
    memcpy(p.by_state, counts.by_state, sizeof(p.by_state));
    usual_call(c, &p);
    answers(s, campaign_id, &p);
    each = attempts_each(c, p.answer_share);
    for (size_t i = 0; i < all.count; i++) {
        struct group *g = &all.list[i];
        int64_t next = campaign_next_open(c, own(g), g->zone, now_ms);

        if (next < 0) {
            p.never_open += g->waiting;
            continue;
        }
        p.callable += g->waiting;
        if (g->waiting && campaign_open_at(c, own(g), g->zone, now_ms, NULL))
            p.open_now += g->waiting;
        g->work = (double)g->waiting * each;
        p.calls += g->work;
    }
    if (p.callable) {
        p.next_open_ms = p.open_now ? 0 : next_open(&all, now_ms);
        estimate(&all, now_ms, each, &p);
    }
    p.cost = p.calls *
             (c->cost_per_call + p.answer_share * (double)p.call_ms / 60000 * c->cost_per_minute);
    free(all.list);
    *out = p;
    return 0;
}

/* ---- one person ----------------------------------------------------------------------------- */

static const char *local_text(zone_id zone, int64_t ms, char *buf, size_t size)
{
    struct zone_local l;

    zone_to_local(zone, ms, &l);
    snprintf(buf, size, "%04d-%02d-%02d %02d:%02d", l.year, l.month, l.day, l.hour, l.minute);
    return buf;
}

/* How good is the hour, as the dispatcher sees it? */
static void why_hour(const struct campaign *c, const struct group *g, int64_t now_ms,
                     struct best_hour *out)
{
    struct window_week hours = c->windows;
    struct best_hours all;

    if (g->has_own)
        window_intersect(&c->windows, &g->own, &hours);
    best_hours_fill(&all, &hours, g->zone);
    best_hour_at(&all, g->zone, now_ms, c->end_ms, out);
}

static void why_waiting(const struct campaign *c, int64_t now_ms, struct campaign_why *w)
{
    const struct store_target *t = &w->target;
    int64_t due = t->due_ms > now_ms ? t->due_ms : now_ms;
    struct group g = {0};
    char when[32];

    resolve(c, t->zone, t->window, &g);
    why_hour(c, &g, now_ms, &w->hour);
    w->when_ms = campaign_next_open(c, own(&g), g.zone, due);
    if (t->attempts >= c->attempts_max) {
        w->when_ms = 0;
        snprintf(w->answer, sizeof(w->answer), "No: all %d attempts are used.", c->attempts_max);
        return;
    }
    if (w->when_ms < 0) {
        w->when_ms = 0;
        snprintf(w->answer, sizeof(w->answer),
                 "No: there is no hour left that both the campaign%s allow in %s.",
                 g.has_own ? " and this person's own hours" : "'s hours and its end",
                 zone_name(g.zone));
        return;
    }
    w->will_call = true;
    local_text(g.zone, w->when_ms, when, sizeof(when));
    if (w->when_ms <= now_ms)
        snprintf(w->answer, sizeof(w->answer),
                 "Yes: now or as soon as it is their turn, while the campaign runs.");
    else if (t->due_ms > now_ms && w->when_ms == t->due_ms)
        snprintf(w->answer, sizeof(w->answer),
                 "Yes, again, at %s (%s): the last attempt ended with \"%s\", and the retry rule "
                 "waits until then.",
                 when, zone_name(g.zone), disposition_text(t->last));
    else
        snprintf(w->answer, sizeof(w->answer),
                 "Yes, from %s (%s): %s outside calling hours until then.", when, zone_name(g.zone),
                 t->due_ms > now_ms ? "the next attempt falls" : "it is");
}

int campaign_why(struct store *s, int64_t campaign_id, const struct campaign *c, uint64_t number,
                 int64_t now_ms, struct campaign_why *out)
{
    struct campaign_why w = {0};
    int rc = store_target_get(s, campaign_id, number, &w.target);

    if (rc && rc != -ENOENT)
        return rc;
    w.known = rc == 0;
    rc = store_black_find(s, number, &w.entry);
    if (rc && rc != -ENOENT)
        return rc;
    w.black = rc == 0;
    if (!w.known)
        snprintf(w.answer, sizeof(w.answer), "No: the number is not in this campaign's list%s.",
                 w.black ? ", and it is on a do-not-call list" : "");
    else if (w.black && w.target.state != TARGET_STATE_REACHED)
        snprintf(w.answer, sizeof(w.answer), "No: it is on the do-not-call list \"%s\" (%s).",
                 w.entry.list, w.entry.source[0] ? w.entry.source : w.entry.reason);
    else if (w.target.state == TARGET_STATE_WAITING)
        why_waiting(c, now_ms, &w);
    else if (w.target.state == TARGET_STATE_CLAIMED) {
        w.will_call = true;
        snprintf(w.answer, sizeof(w.answer), "Yes: the call is under way.");
    } else if (w.target.state == TARGET_STATE_BLACKLISTED)
        snprintf(w.answer, sizeof(w.answer),
                 "No: it was on a do-not-call list when its turn came.");
    else
        snprintf(w.answer, sizeof(w.answer), "No: %s after %d attempt%s (last: %s).",
                 target_state_text(w.target.state), w.target.attempts,
                 w.target.attempts == 1 ? "" : "s", disposition_text(w.target.last));
    *out = w;
    return 0;
}
