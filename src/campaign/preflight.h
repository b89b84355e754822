/* What a campaign would do, before it does it: who will be called and who will not, by reason; when
 * it ends and what it costs. Reads the store; belongs to the caller's thread. */
#pragma once

#include <stdint.h>

#include "campaign/campaign.h"
#include "store/store.h"

struct preflight {
    int64_t people;                       /* targets in all */
    int64_t by_state[TARGET_STATE_COUNT]; /* as the store has them */
    int64_t callable;                     /* waiting, and their hours come */
    int64_t blacklisted;                  /* waiting, but on a do-not-call list now */
    int64_t never_open;                   /* waiting, but their hours never come */
    int64_t late;                         /* callable, but the campaign ends before their turn */
    int64_t open_now;                     /* callable at this moment */
    int64_t next_open_ms;                 /* nobody is callable now: when; 0: now, -1: never */
    int64_t finish_ms;                    /* estimate, 0: nobody to call, -1: not within a year */
    int64_t call_ms;                      /* a usual answered call */
    bool call_measured;                   /* from the flow and its audio, else a guess */
    double calls;                         /* attempts expected */
    double answer_share;                  /* of attempts; from the campaign's calls or a guess */
    bool answer_measured;
    double cost;
};

/* Makes targets of the list's contacts that are none yet, as a run would. now_ms: wall time. */
int preflight(struct store *s, int64_t campaign_id, const struct campaign *c, int64_t now_ms,
              struct preflight *out);
