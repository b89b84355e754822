/* P36 and S5: under load and trouble the pace falls and later recovers; every change is told
 * with its reason; and whatever happens, no sliding second holds more calls than the cap. */
#include <math.h>
#include <string.h>

#include "campaign/pacing.h"
#include "prop.h"

enum { CALLS_MAX = 200000, SECOND_US = 1000000 };

struct seen {
    double last;
    int changes, down, up;
    const char *fault;
};

static void changed(void *arg, const struct pacing_change *c)
{
    struct seen *s = arg;

    if (c->from_cps != s->last)
        s->fault = "a change does not begin where the one before ended";
    if (c->from_cps == c->to_cps || !c->reason[0])
        s->fault = "a change without a difference or a reason";
    s->last = c->to_cps;
    s->changes++;
    s->down += c->to_cps < c->from_cps;
    s->up += c->to_cps > c->from_cps;
}

static int64_t calls[CALLS_MAX];

static const char *check(struct rng *r, void *arg)
{
    double cap =
        rng_below(r, 3) ? 1 + (double)rng_below(r, 300) + rng_unit(r) : 0.1 + rng_unit(r) * 3;
    struct seen seen = {.last = cap};
    struct pacing_config config = {
        .cps_max = cap, .calls_max = 1000, .changed = changed, .arg = &seen};
    struct pacing *p;
    int64_t now = (int64_t)rng_below(r, 1000000000), end = now + 40LL * SECOND_US, start = now;
    int64_t trouble_from = now + 10LL * SECOND_US, trouble_to = now + 18LL * SECOND_US;
    /* The last kinds are not told by calls but by what pacing is told of this machine. */
    static const enum pacing_sign signs[] = {PACING_CONGESTION,  PACING_TIMEOUT, PACING_REFUSED,
                                             PACING_LOCAL_FAULT, PACING_OK,      PACING_OK};
    int count = 0, early = 0, kind = (int)rng_below(r, 6);
    unsigned most = cap < 1 ? 1 : (unsigned)cap;
    int64_t span = cap < 1 ? (int64_t)(SECOND_US / cap) : SECOND_US;

    if (pacing_new(&p, &config, now))
        return "no memory";
    while (now < end && !seen.fault) {
        bool trouble = now >= trouble_from && now < trouble_to;

        while (pacing_take(p, now, 0)) {
            calls[count++] = now;
            early += now < trouble_from;
            pacing_sign(p, now,
                        &(struct pacing_event){.sign = trouble ? signs[kind] : PACING_OK,
                                               .started_us = now,
                                               .retry_after_s = (int64_t)rng_below(r, 3)});
            if (count == CALLS_MAX)
                return "far too many calls";
        }
        if (rng_below(r, 20) == 0)
            pacing_load(p, now, trouble && kind == 4 ? 0.95 : 0.3);
        if (rng_below(r, 20) == 0)
            pacing_lag(p, now, trouble && kind == 5 ? 3000 : 20);
        if (pacing_cps(p) != seen.last)
            seen.fault = "the pace changed without a word";
        /* Late looks of any kind, as a busy loop gives. */
        now += rng_below(r, 2000) ? (int64_t)rng_below(r, 8000) : (int64_t)rng_below(r, 900000);
    }
    for (int i = 0; i + (int)most < count && !seen.fault; i++)
        if (calls[i + (int)most] - calls[i] < span)
            seen.fault = "a sliding second holds more calls than the cap";
    if (!seen.fault && cap >= 2 && early < cap * (double)(trouble_from - start) / SECOND_US * 0.5)
        seen.fault = "far below the cap without any reason";
    if (!seen.fault && cap >= 5 && seen.down == 0)
        seen.fault = "trouble did not slow the pace";
    if (!seen.fault && cap >= 5 && seen.down > 0 && seen.up == 0)
        seen.fault = "the pace did not recover";
    pacing_free(p);
    return seen.fault;
}

/* One busy exchange among many calls is not the trunk's overload. */
static const char *check_few(struct rng *r, void *arg)
{
    struct seen seen = {.last = 50};
    struct pacing_config config = {
        .cps_max = 50, .calls_max = 1000, .changed = changed, .arg = &seen};
    struct pacing *p;
    int64_t now = 0;
    int n = 0;

    if (pacing_new(&p, &config, now))
        return "no memory";
    for (; now < 20LL * SECOND_US; now += 1000 + (int64_t)rng_below(r, 3000))
        if (pacing_take(p, now, 0))
            pacing_sign(
                p, now,
                &(struct pacing_event){.sign = ++n % 50 == 0 ? PACING_CONGESTION : PACING_OK,
                                       .started_us = now,
                                       .retry_after_s = 5});
    pacing_free(p);
    return seen.changes ? "a few refusals slowed everything" : n < 800 ? "too slow" : NULL;
}

int main(void)
{
    bool a = prop_check("P36", 400, check, NULL), b = prop_check("P36 few", 50, check_few, NULL);

    printf("%s 1 - P36 S5 the pace yields to trouble, recovers, says why, keeps the cap\n"
           "%s 2 - P36 a few refusals among many calls change nothing\n1..2\n",
           a ? "ok" : "not ok", b ? "ok" : "not ok");
    return !(a && b);
}
