/* Pacing: a smooth schedule under a hard cap. The schedule spaces calls evenly at the present rate
 * and catches up at most CATCH_UP after a late look; the hard cap is a ring of the last calls'
 * times, so that no second holds more than the cap whatever the schedule does. Trouble is judged by
 * decaying counts of good and bad signs, so that one busy exchange among many does not slow all. */
#include "campaign/pacing.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SECOND_US = 1000000,
    CATCH_UP_US = 50000,
    CHANGE_EVERY_US = SECOND_US, /* at most one slow-down and one speed-up a second */
    CALM_US = 2 * SECOND_US,     /* this long without trouble before speeding up */
    HOLD_MAX_S = 60,
    LAG_MS = 2000, /* slower to disk than this is trouble */
    /* A call leaves its lane a little after it was released, now more, now less: the cap is kept
     * for a slightly longer second, so that it holds on the wire too. */
    GUARD_US = 30000,
};
static const double bad_share = 0.1, bad_least = 3, half_life_us = 2e6, load_high = 0.85,
                    load_low = 0.75, dead_share = 0.9, dead_least = 5, try_share = 0.01;

struct pacing {
    struct pacing_config config;
    double most; /* cps_max, or what is asked for */
    double rate;
    int64_t next_us; /* when the schedule allows the next call */
    int64_t hold_until_us;
    int64_t changed_us, trouble_us, decayed_us;
    double good, bad;
    bool unproven; /* slowed by the far side, and no call started since has gone well */
    double load;
    int64_t *ring; /* owned: times of the last calls, oldest at `at` once full */
    unsigned size, at;
    int64_t span_us; /* the ring's calls must lie in more than this */
};

int pacing_new(struct pacing **out, const struct pacing_config *config, int64_t now_us)
{
    struct pacing *p = calloc(1, sizeof(*p));

    if (!p)
        return -ENOMEM;
    p->config = *config;
    if (p->config.cps_min <= 0)
        p->config.cps_min = 0.1;
    if (p->config.cps_min > p->config.cps_max)
        p->config.cps_min = p->config.cps_max;
    p->rate = p->most = config->cps_max;
    p->size = config->cps_max < 1 ? 1 : (unsigned)config->cps_max;
    p->span_us = config->cps_max < 1 ? (int64_t)ceil(SECOND_US / config->cps_max) : SECOND_US;
    p->span_us += GUARD_US;
    p->ring = malloc(p->size * sizeof(*p->ring));
    if (!p->ring) {
        free(p);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < p->size; i++)
        p->ring[i] = INT64_MIN / 2;
    p->next_us = p->decayed_us = now_us;
    p->changed_us = p->trouble_us = now_us - CALM_US;
    *out = p;
    return 0;
}

void pacing_free(struct pacing *p)
{
    if (!p)
        return;
    free(p->ring);
    free(p);
}

static void change(struct pacing *p, int64_t now_us, double rate, const char *reason)
{
    struct pacing_change c = {.at_us = now_us, .from_cps = p->rate};

    rate = rate < p->config.cps_min ? p->config.cps_min : rate;
    rate = rate > p->most ? p->most : rate;
    p->changed_us = now_us;
    if (rate == p->rate)
        return;
    p->rate = rate;
    c.to_cps = rate;
    snprintf(c.reason, sizeof(c.reason), "%s", reason);
    if (p->config.changed)
        p->config.changed(p->config.arg, &c);
}

static void decay(struct pacing *p, int64_t now_us)
{
    double f;

    if (now_us - p->decayed_us < 10000)
        return;
    f = exp2(-(double)(now_us - p->decayed_us) / half_life_us);
    p->good *= f;
    p->bad *= f;
    p->decayed_us = now_us;
}

static bool may_change(const struct pacing *p, int64_t now_us)
{
    return now_us - p->changed_us >= CHANGE_EVERY_US;
}

static void recover(struct pacing *p, int64_t now_us)
{
    double step = p->most * 0.05;

    if (p->rate >= p->most || p->load > load_low || now_us < p->hold_until_us ||
        now_us - p->trouble_us < CALM_US || p->unproven || !may_change(p, now_us))
        return;
    change(p, now_us, p->rate + (step > 0.1 ? step : 0.1),
           "no trouble for a while: a little faster");
}

static int64_t earliest(const struct pacing *p)
{
    int64_t t = p->next_us, ring = p->ring[p->at] + p->span_us;

    t = ring > t ? ring : t;
    return p->hold_until_us > t ? p->hold_until_us : t;
}

bool pacing_take(struct pacing *p, int64_t now_us, unsigned calls_up)
{
    int64_t interval;

    decay(p, now_us);
    recover(p, now_us);
    if (calls_up >= p->config.calls_max || earliest(p) > now_us)
        return false;
    interval = (int64_t)ceil(SECOND_US / p->rate);
    if (p->next_us < now_us - CATCH_UP_US)
        p->next_us = now_us - CATCH_UP_US;
    p->next_us += interval;
    /* A slow rate does not catch up at all: two calls at once are not smooth. */
    if (interval > CATCH_UP_US && p->next_us < now_us + interval)
        p->next_us = now_us + interval;
    p->ring[p->at] = now_us;
    p->at = (p->at + 1) % p->size;
    return true;
}

int64_t pacing_wait_us(const struct pacing *p, int64_t now_us)
{
    int64_t t = earliest(p);

    return t > now_us ? t - now_us : 0;
}

static void slow_down(struct pacing *p, int64_t now_us, double factor, const char *reason)
{
    p->trouble_us = now_us;
    if (may_change(p, now_us))
        change(p, now_us, p->rate * factor, reason);
}

static const char *const far_faults[] = {
    [PACING_CONGESTION] = "the trunk is overloaded",
    [PACING_TIMEOUT] = "the trunk does not answer",
    [PACING_REFUSED] = "the trunk refuses calls",
};

/* Next to nothing goes through. A trunk that says 503 takes others, which have not ended yet. */
static bool is_dead(const struct pacing *p, enum pacing_sign sign)
{
    return sign != PACING_CONGESTION && p->bad >= dead_least &&
           p->bad >= dead_share * (p->good + p->bad);
}

/* One fault among many calls says nothing. Through a dead trunk only tries are made, at once. */
static void far_trouble(struct pacing *p, int64_t now_us, const struct pacing_event *e)
{
    char reason[160], detail[72] = "";

    if (p->bad < bad_least || p->bad < bad_share * (p->good + p->bad))
        return;
    if (e->sign == PACING_CONGESTION && e->retry_after_s > 0)
        pacing_hold(p, now_us + SECOND_US * (e->retry_after_s > HOLD_MAX_S ? HOLD_MAX_S
                                                                           : e->retry_after_s));
    if (e->detail && e->detail[0])
        snprintf(detail, sizeof(detail), " (%.60s)", e->detail);
    snprintf(reason, sizeof(reason), "%s%s: %.0f of the last %.0f calls", far_faults[e->sign],
             detail, p->bad, p->good + p->bad);
    p->unproven = true;
    if (is_dead(p, e->sign) && p->rate > p->most * try_share)
        change(p, now_us, p->most * try_share, reason);
    slow_down(p, now_us, is_dead(p, e->sign) ? 1 : 0.5, reason);
}

void pacing_sign(struct pacing *p, int64_t now_us, const struct pacing_event *e)
{
    decay(p, now_us);
    if (e->sign == PACING_OK) {
        p->good++;
        if (e->started_us >= p->trouble_us)
            p->unproven = false;
        return;
    }
    p->bad++;
    if (e->sign == PACING_LOCAL_FAULT)
        slow_down(p, now_us, 0.5, "this machine could not start a call");
    else
        far_trouble(p, now_us, e);
}

void pacing_load(struct pacing *p, int64_t now_us, double load)
{
    char reason[160];

    p->load = load;
    decay(p, now_us);
    if (load > load_high) {
        snprintf(reason, sizeof(reason), "this machine is busy: %.0f %% of a processor",
                 load * 100);
        slow_down(p, now_us, 0.8, reason);
    }
    recover(p, now_us);
}

void pacing_lag(struct pacing *p, int64_t now_us, int64_t lag_ms)
{
    char reason[160];

    if (lag_ms < LAG_MS)
        return;
    snprintf(reason, sizeof(reason), "the disk is slow: %.1f s until a call is stored",
             (double)lag_ms / 1000);
    slow_down(p, now_us, 0.8, reason);
}

void pacing_hold(struct pacing *p, int64_t until_us)
{
    if (until_us > p->hold_until_us)
        p->hold_until_us = until_us;
}

void pacing_ask(struct pacing *p, double cps)
{
    bool slowed = pacing_slowed(p);

    p->most = cps > 0 && cps < p->config.cps_max ? cps : p->config.cps_max;
    if (!slowed || p->rate > p->most)
        p->rate = p->most;
}

double pacing_cps(const struct pacing *p)
{
    return p->rate;
}

bool pacing_slowed(const struct pacing *p)
{
    return p->rate < p->most;
}
