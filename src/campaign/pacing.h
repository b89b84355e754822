/* Pacing: when may the next call start? A smooth rate under a hard cap (S5: no sliding second holds
 * more than the cap), slowed by trouble (503, timeouts, local load) and recovering after it (AIMD);
 * each change is told with its reason (P36, P39). Pure: time is passed in, nothing is called. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pacing;

enum pacing_sign {
    PACING_OK,          /* a call got an answer of any kind from the far side */
    PACING_CONGESTION,  /* 503, 500, 480 with Retry-After … */
    PACING_TIMEOUT,     /* no answer to an INVITE at all */
    PACING_LOCAL_FAULT, /* no socket, store failing */
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
void pacing_sign(struct pacing *p, int64_t now_us, enum pacing_sign sign, int64_t retry_after_s);
void pacing_load(struct pacing *p, int64_t now_us, double load); /* 0…1 of the busiest lane */
double pacing_cps(const struct pacing *p);
