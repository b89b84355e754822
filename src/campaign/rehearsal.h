/* Rehearsals: a campaign calls imaginary people through the simulated carrier. Both run as child
 * processes of this program, on a data folder of their own (DATA/rehearsals/ID), so that nothing of
 * it touches the real people, lists, texts, trunks or figures, and nobody real can be reached: the
 * only trunk is the carrier on this machine.
 *
 * One rehearsal a campaign; what the last one did stays readable until the next, or until the
 * service ends. All functions may be called from any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "campaign/campaign.h"
#include "campaign/desk.h"
#include "store/store.h"

struct rehearsals;

enum { REHEARSALS_MAX = 4, REHEARSAL_PEOPLE_MAX = 1000 };

enum rehearsal_state {
    REHEARSAL_STARTING,
    REHEARSAL_RUNNING,
    REHEARSAL_DONE, /* everybody was called, or it was stopped */
    REHEARSAL_FAILED,
};

struct rehearsal_view {
    enum rehearsal_state state;
    unsigned people;
    int64_t started_ms, ended_ms; /* wall; 0: not yet */
    char error[300];              /* of FAILED */
    struct desk_view desk;        /* what is up, ringing, and the pace; the rest is in the store */
};

struct rehearsals_config {
    const char *data_dir;
    const char *program; /* kolcast; NULL: this one */
    const struct clock *clock;
};

/* Removes what a crash left. */
int rehearsals_new(struct rehearsals **out, const struct rehearsals_config *config);
void rehearsals_free(struct rehearsals *r); /* NULL-safe; ends all */

/* c is read only within the call. -EALREADY: it is being rehearsed; -EBUSY: REHEARSALS_MAX are. */
int rehearsals_start(struct rehearsals *r, int64_t campaign_id, const struct campaign *c,
                     unsigned people, struct error *err);
/* Ends its calls now. -ENOENT: there is none. */
int rehearsals_stop(struct rehearsals *r, int64_t campaign_id);
/* fn is lent the rehearsal's own store, in which the campaign has the id that it is told; s is NULL
 * while there is none. Returns what fn does; -ENOENT: there is no rehearsal. */
int rehearsals_read(struct rehearsals *r, int64_t campaign_id,
                    int (*fn)(void *arg, const struct rehearsal_view *v, struct store *s,
                              int64_t id),
                    void *arg);
const char *rehearsal_state_name(enum rehearsal_state s);
