/* Pacing: when may the next call start? A smooth rate under a hard cap (S5: no sliding second holds
 * more than the cap), slowed by trouble (503, timeouts, local load) and recovering after it (AIMD);
 * each change is told with its reason (P36, P39). Pure: time is passed in, nothing is called.
 *
 * A campaign has one, slowed by what is wrong on this machine, and each trunk has one, slowed by
 * what is wrong with that trunk: a call needs leave of both. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pacing;

enum pacing_sign {
    PACING_OK,          /* the far side took a call, whatever came of it */
    PACING_CONGESTION,  /* 503, 500, 504 … */
    PACING_TIMEOUT,     /* no answer to an INVITE at all */
    PACING_REFUSED,     /* the far side takes no call of ours: 403, 407 … */
    PACING_LOCAL_FAULT, /* no socket, no line free */
};

struct pacing_event {
    enum pacing_sign sign;
    int64_t started_us;    /* when the call that tells it was started */
    int64_t retry_after_s; /* of CONGESTION, 0: not said */
    const char *detail;    /* in words: "503 Service Unavailable"; may be NULL */
};

struct pacing_change {
    int64_t at_us;
    double from_cps, to_cps;
    char reason[160];
};

struct pacing_config {
    double cps_max;
    unsigned calls_max;
    double cps_min; /* never slower than this while running; 0: 0.1 */
    void (*changed)(void *arg, const struct pacing_change *c);
    void *arg;
};

int pacing_new(struct pacing **out, const struct pacing_config *config, int64_t now_us);
void pacing_free(struct pacing *p);
/* May a call start now? If yes it is counted. */
bool pacing_take(struct pacing *p, int64_t now_us, unsigned calls_up);
/* Microseconds until a call may start by rate alone, 0 now. */
int64_t pacing_wait_us(const struct pacing *p, int64_t now_us);
/* After trouble at the far side the rate stays down until a call that was started later has gone
 * well: silence is no proof. */
void pacing_sign(struct pacing *p, int64_t now_us, const struct pacing_event *e);
void pacing_load(struct pacing *p, int64_t now_us, double load); /* 0…1 of the busiest lane */
/* What is stored takes this long to be on disk; more than a second or two slows the calls. */
void pacing_lag(struct pacing *p, int64_t now_us, int64_t lag_ms);
/* No call before until_us: what was started before this process counts in the first second too. */
void pacing_hold(struct pacing *p, int64_t until_us);
/* What is asked for at most, below cps_max: what a slow-down starts from. 0: cps_max. */
void pacing_ask(struct pacing *p, double cps);
double pacing_cps(const struct pacing *p);
bool pacing_slowed(const struct pacing *p);
