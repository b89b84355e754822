/* Lengths of calls are kept by bins that grow by a constant factor. From them and from the ages of
 * the calls that are up comes the share of calls that last longer than any given time (Kaplan and
 * Meier's estimate: a call that is up is known to be longer than its age, no more). Beyond the
 * longest call seen the guess stands: the longer a call lasts, the sooner it ends (Weibull's
 * distribution), and none lasts longer than the campaign allows. */
#include "campaign/forecast.h"

#include <math.h>
#include <string.h>

enum { FIRST_EDGE_MS = 250 };
static const double growth = 1.15, guess_weight = 4, guess_shape = 3;

/* Share of calls that last to the start of each bin, and longer. */
struct survival {
    double share[FORECAST_BINS + 1];
    double up[FORECAST_BINS]; /* calls that are up, by age */
    double again;             /* of them, those that are expected to lead to another call */
    double mean_ms;
};

static double edge(int bin)
{
    return bin == 0 ? 0 : FIRST_EDGE_MS * pow(growth, bin - 1);
}

static int bin_of(int64_t ms)
{
    int bin = ms < FIRST_EDGE_MS ? 0 : 1 + (int)(log((double)ms / FIRST_EDGE_MS) / log(growth));

    return bin < FORECAST_BINS ? bin : FORECAST_BINS - 1;
}

void forecast_init(struct forecast *f, const struct forecast_guess *guess)
{
    int64_t answered = guess->ring_ms / 2 + guess->talk_ms;
    double again = guess->again_share > 0.01 ? guess->again_share : 0.01;

    memset(f, 0, sizeof(*f));
    f->attempts_max = guess->attempts_max;
    f->usual_ms = answered > 1000 ? answered : 1000;
    f->longest_ms = guess->longest_ms > f->usual_ms ? guess->longest_ms : f->usual_ms;
    f->ended[bin_of(answered)] += guess_weight * guess->answer_share;
    f->ended[bin_of(guess->ring_ms)] += guess_weight * (1 - guess->answer_share);
    f->again[bin_of(guess->ring_ms)] += guess_weight * again;
    f->first = f->later = guess_weight;
    f->first_again = f->later_again = guess_weight * again;
    f->again_ms = 2 * guess_weight * again * (double)guess->ring_ms;
    f->again_wait_ms = 2 * guess_weight * again * (double)guess->again_wait_ms;
}

void forecast_ended(struct forecast *f, int attempt_no, int64_t lasted_ms, bool again,
                    int64_t wait_ms)
{
    f->ended[bin_of(lasted_ms)]++;
    *(attempt_no <= 1 ? &f->first : &f->later) += 1;
    if (!again)
        return;
    *(attempt_no <= 1 ? &f->first_again : &f->later_again) += 1;
    f->again[bin_of(lasted_ms)]++;
    f->again_ms += (double)lasted_ms;
    f->again_wait_ms += (double)wait_ms;
}

/* Of the calls that last to from_ms, those that end before to_ms, by the guess. */
static double guessed_end(const struct forecast *f, double from_ms, double to_ms)
{
    double scale = (double)f->usual_ms / tgamma(1 + 1 / guess_shape);

    if (to_ms >= (double)f->longest_ms)
        return 1;
    return 1 - exp(pow(from_ms / scale, guess_shape) - pow(to_ms / scale, guess_shape));
}

static void survive(const struct forecast *f, const struct forecast_now *now, struct survival *s)
{
    double at_risk[FORECAST_BINS + 1] = {0}, known[FORECAST_BINS + 1] = {0}, again = 0;

    memset(s, 0, sizeof(*s));
    for (unsigned i = 0; i < now->up; i++)
        s->up[bin_of(now->ages_ms[i])]++;
    for (int b = FORECAST_BINS - 1; b >= 0; b--)
        at_risk[b] = at_risk[b + 1] + f->ended[b] + s->up[b];
    for (int b = FORECAST_BINS - 1; b >= 0; b--)
        known[b] = known[b + 1] + f->ended[b];
    s->share[0] = 1;
    for (int b = 0; b < FORECAST_BINS; b++) {
        double width = edge(b + 1) - edge(b);
        double end = known[b] > 0 ? f->ended[b] / (at_risk[b] - s->up[b] / 2)
                                  : guessed_end(f, edge(b), edge(b + 1));

        s->share[b + 1] = s->share[b] * (1 - (end > 1 ? 1 : end));
        s->mean_ms += (s->share[b] + s->share[b + 1]) / 2 * width;
    }
    /* Whoever has talked for a while will not be called again: it goes by age. */
    for (int b = FORECAST_BINS - 1; b >= 0; b--) {
        if (at_risk[b] > 0)
            again += s->share[b] * f->again[b] / (at_risk[b] - s->up[b] / 2);
        if (s->share[b] > 0)
            s->again += s->up[b] * fmin(again / s->share[b], 1);
    }
}

static double lasting(const struct survival *s, double ms)
{
    int b = bin_of((int64_t)ms);
    double part = (ms - edge(b)) / (edge(b + 1) - edge(b));

    return s->share[b] + (s->share[b + 1] - s->share[b]) * (part < 1 ? part : 1);
}

/* The time after which all of n calls that begin about now are as likely over as not. */
static double longest_of(const struct survival *s, double n)
{
    double share = 1 - pow(0.5, 1 / (n > 1 ? n : 1));
    int b = 0;

    while (b < FORECAST_BINS - 1 && s->share[b + 1] > share)
        b++;
    if (s->share[b] <= s->share[b + 1])
        return edge(b + 1);
    return edge(b) +
           (edge(b + 1) - edge(b)) * (s->share[b] - share) / (s->share[b] - s->share[b + 1]);
}

/* The chance that every call that is up is over in ms. */
static double all_over(const struct survival *s, double ms)
{
    double log_chance = 0;

    for (int b = 0; b < FORECAST_BINS; b++) {
        double age = edge(b), now = lasting(s, age), then = lasting(s, age + ms);

        if (s->up[b] > 0 && now > 0)
            log_chance += s->up[b] * log1p(-fmin(then / now, 1 - 1e-12));
    }
    return exp(log_chance);
}

static double until_all_over(const struct survival *s)
{
    double low = 0, high = edge(FORECAST_BINS);

    if (all_over(s, 0) > 0.5)
        return 0;
    for (int i = 0; i < 40; i++) {
        double middle = (low + high) / 2;

        if (all_over(s, middle) < 0.5)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* n calls of which the last begins in t_ms: until the last of those is over. together: how many of
 * them are up at once at the end. */
static void consider(struct forecast_left *out, const struct survival *s, double t_ms,
                     double together)
{
    double tail = longest_of(s, together);

    if (t_ms + tail <= (double)out->ms)
        return;
    out->ms = (int64_t)(t_ms + tail);
    out->tail_ms = (int64_t)tail;
}

void forecast_left(const struct forecast *f, const struct forecast_now *now,
                   struct forecast_left *out)
{
    double first = f->attempts_max > 1 ? f->first_again / f->first : 0;
    double later = f->attempts_max > 2 ? f->later_again / f->later : 0;
    double agains = f->first_again + f->later_again, wait, after, n, t, fresh, together;
    struct survival s;

    survive(f, now, &s);
    after = f->again_ms / agains;
    wait = f->again_wait_ms / agains;
    *out = (struct forecast_left){.cps = now->calls_max / larger(s.mean_ms / 1000, 0.001)};
    if (now->cps < out->cps)
        out->cps = now->cps;
    together = larger(out->cps * s.mean_ms / 1000, 1);
    out->ms = (int64_t)until_all_over(&s);
    n = first * (double)now->fresh + s.again * (double)now->up_first / larger(now->up, 1);
    if (f->attempts_max < 2)
        n = 0;
    out->dials = (double)(now->fresh + now->again) + n;
    /* Calls that are repeated within the time of the first ones take their part of it. */
    fresh = (double)now->fresh / out->cps * 1000;
    if (fresh > wait + after)
        fresh += n * (1 - (wait + after) / fresh) / out->cps * 1000;
    if (now->fresh > 0)
        consider(out, &s, fresh, fmin(together, (double)now->fresh));
    if (now->again > 0) {
        double due = larger((double)now->last_due_ms, (double)now->again / out->cps * 1000);

        consider(out, &s, due, (double)now->again * fmin(1, s.mean_ms / larger(due, 1)));
    }
    t = fresh;
    for (int attempt = 2; attempt <= f->attempts_max && n >= 0.5; attempt++) {
        t += after + wait;
        consider(out, &s, t, fmin(n, together * first));
        n = later * (n + (attempt == 2 ? (double)now->again : 0));
        out->dials += attempt < f->attempts_max ? n : 0;
    }
    if (out->dials >= 0.5)
        consider(out, &s, out->dials / out->cps * 1000, 1);
}
