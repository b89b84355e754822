/* For one person: why are they (not) being called, or when will they be? Reads the store; belongs
 * to the caller's thread. */
#pragma once

#include <stdint.h>

#include "campaign/best_hour.h"
#include "campaign/campaign.h"
#include "store/store.h"

struct campaign_why {
    bool will_call;
    int64_t when_ms;  /* the first moment, 0: not known or never */
    char answer[400]; /* one or two sentences */
    bool known;       /* is the number in the campaign? then target holds the facts */
    struct store_target target;
    char zone[64];         /* the one that holds: the contact's, or the campaign's */
    struct best_hour hour; /* of a waiting one: how likely an answer is; best 0: not waiting */
    int attempts_today;    /* in the person's own day */
    bool black;
    struct store_black entry;
};

int campaign_why(struct store *s, int64_t campaign_id, const struct campaign *c, uint64_t number,
                 int64_t now_ms, struct campaign_why *out);
