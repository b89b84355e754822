/* How long will a running campaign still take? Learns from calls as they end, how long they last
 * and how often they lead to another one; calls that are still up count as what they are, longer
 * than so far. Pure: no clock, nothing is called. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { FORECAST_BINS = 64 };

struct forecast {
    double ended[FORECAST_BINS], again[FORECAST_BINS]; /* calls by how long they lasted */
    double first, first_again, later, later_again; /* calls, and those that led to another one */
    double again_ms, again_wait_ms;                /* sums over those that did */
    int64_t usual_ms, longest_ms; /* an answered call, before any is known; what ends any */
    int attempts_max;
};

/* What is believed before the first call has ended. */
struct forecast_guess {
    int64_t ring_ms, talk_ms;         /* of a call that nobody answers; of one that somebody does */
    int64_t longest_ms;               /* no call lasts longer: ring timeout and longest call */
    double answer_share, again_share; /* of calls: answered; leading to another one */
    int attempts_max;                 /* for one person */
    int64_t again_wait_ms;
};

void forecast_init(struct forecast *f, const struct forecast_guess *guess);
/* A call ended. again: its person is called once more, in wait_ms. */
void forecast_ended(struct forecast *f, int attempt_no, int64_t lasted_ms, bool again,
                    int64_t wait_ms);

struct forecast_now {
    double cps; /* what pacing allows */
    unsigned calls_max;
    int64_t fresh, again;   /* people who wait for their first call, for another one */
    int64_t last_due_ms;    /* from now: when the last of them is due */
    const int64_t *ages_ms; /* of the calls that are up, of any kind */
    unsigned up, up_first;  /* how many; how many of them are first calls */
};

struct forecast_left {
    double dials;    /* calls still to be started */
    double cps;      /* at this rate, when nothing stands in the way */
    int64_t tail_ms; /* from the last dial to the end of the last call */
    int64_t ms;      /* in all, at hours when everybody may be called */
};

void forecast_left(const struct forecast *f, const struct forecast_now *now,
                   struct forecast_left *out);
