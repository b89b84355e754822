/* The desk: runs one campaign on the exchange. Claims batches, lets pacing release them, hands them
 * to the lanes, takes outcomes back, decides retries, writes it all through the store's writer. One
 * thread. The durable truth is in the store; the desk holds only what is in flight, so that a crash
 * at any moment is made good by store_recover and going on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "campaign/campaign.h"
#include "campaign/exchange.h"

struct desk;

/* A picture of the running campaign for displays, copied under a lock: cheap, any thread. */
struct desk_view {
    enum campaign_state state;
    char note[200]; /* "waiting for the calling window (opens 09:00)" … */
    struct store_target_counts targets;
    int64_t calls, by_disposition[DISPOSITION_COUNT];
    unsigned calls_up, calls_ringing;
    uint64_t keys, opt_outs, texts;
    double cps_now, cps_cap;       /* what pacing allows now, what the campaign allows */
    double cps_measured;           /* started in the last seconds */
    bool slowed;                   /* the campaign or one of its trunks, by trouble */
    char pace_reason[200];         /* of the last change, while slowed */
    int64_t started_ms, finish_ms; /* when the last call will be over: estimate, 0 unknown */
    int64_t next_open_ms;          /* when nobody may be called now */
    bool store_failing;
};

/* The exchange (borrowed) must outlive the desk. */
int desk_new(struct desk **out, struct exchange *exchange, struct error *err);
void desk_free(struct desk *d); /* NULL-safe; ends the calls that are up and waits for them */
/* Starts the desk's thread on this campaign; the campaign (borrowed) must outlive the desk. One
 * with any_hour set is refused (-EPERM) unless every trunk leads to this machine. */
int desk_start(struct desk *d, int64_t campaign_id, const struct campaign *c, struct error *err);
/* Stops starting calls; calls in progress finish; then the campaign is `paused`. Any thread, and
 * safe to call from a signal-handling thread. */
void desk_pause(struct desk *d);
/* As pause, but the campaign stays `running`: it goes on when the service starts again. */
void desk_leave(struct desk *d);
/* As pause, but calls end now. */
void desk_abort(struct desk *d);
void desk_view(struct desk *d, struct desk_view *out);
/* Waits until the campaign is completed, paused or failed, at most timeout_ms. True when it is. */
bool desk_wait(struct desk *d, int timeout_ms);
