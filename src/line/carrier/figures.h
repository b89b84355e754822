/* What the simulated carrier measures about who calls it. Plain counters, no allocation after the
 * start; owned by the carrier's thread. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "line/carrier/population.h"

/* Counts values 0 … SPREAD_SLOTS*step_us; above that in the last slot. */
enum { SPREAD_SLOTS = 20000, RATE_STAMPS = 65536 };
struct spread {
    int64_t step_us;
    uint64_t count;
    int64_t max_us;
    uint32_t slot[SPREAD_SLOTS];
};
void spread_add(struct spread *s, int64_t us); /* negative counts as 0 */
/* The value that `part` (0…1) of all do not exceed, to one step; 0 without any. */
int64_t spread_at(const struct spread *s, double part);

/* Most events in any sliding second. Beyond RATE_STAMPS within a second the figure stands still. */
struct rate {
    int64_t stamp_us[RATE_STAMPS];
    uint64_t first, next; /* stamps in [first, next) are less than a second old */
    unsigned now, max;
};
void rate_add(struct rate *r, int64_t now_us);
unsigned rate_at(struct rate *r, int64_t now_us); /* in the second up to now */

struct figures {
    uint64_t calls, behaviour[BEHAVIOUR_COUNT];
    uint64_t refused_limit, refused_storm, refused_offer, refused_closing;
    uint64_t answered, cancelled, hung_up_by_person, hung_up_by_caller, lost_calls;
    uint64_t keys_pressed[16]; /* by event code of RFC 4733 */
    uint64_t rtp_sent, rtp_received, rtp_lost, gaps;
    uint64_t no_audio; /* answered for more than a second, and heard nothing */
    unsigned calls_up, calls_max, talking, talking_max;
    int64_t first_call_us, last_call_us;
    struct rate rate;
    struct spread spacing;      /* |distance of packets - 20 ms|, calls listened to */
    struct spread answer_audio; /* 200 sent to first packet received */
    struct spread key_audio;    /* key sent to another tone heard */
};

struct figures *figures_new(void); /* NULL: no memory */
void figures_free(struct figures *f);
json_t *figures_json(const struct figures *f);
