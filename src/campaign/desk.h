/* The desk: runs campaigns. Claims batches, lets pacing release them, hands them to a telephony
 * driver, takes outcomes back, decides retries, writes it all through the store's writer. One
 * thread. The durable truth is in the store; the desk holds only what is in flight, so that a crash
 * at any moment is made good by store_recover and going on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "campaign/campaign.h"
#include "line/line.h"
#include "store/writer.h"

struct desk;

struct desk_config {
    const char *store_url;
    const struct clock *clock;
    const struct line_driver *driver;
    struct line_config line; /* trunks and limits; desk fills loop, writer, blackset */
    bool ignore_windows;     /* rehearsal on the simulated carrier only */
};

/* A picture of the running campaign for displays, copied under a lock: cheap, any thread. */
struct desk_view {
    enum campaign_state state;
    char note[200]; /* "waiting for the calling window (opens 09:00)" … */
    struct store_target_counts targets;
    int64_t calls, by_disposition[DISPOSITION_COUNT];
    unsigned calls_up, calls_ringing;
    uint64_t keys, opt_outs, texts;
    double cps_now, cps_cap; /* what pacing allows now, what the campaign allows */
    double cps_measured;     /* started in the last seconds */
    char pace_reason[200];
    int64_t started_ms, finish_ms; /* estimate, 0 unknown */
    int64_t next_open_ms;          /* when nobody may be called now */
    bool store_failing;
};

int desk_new(struct desk **out, const struct desk_config *config, struct error *err);
void desk_free(struct desk *d);
/* Starts the desk's thread on this campaign; the campaign (borrowed) must outlive the desk. */
int desk_start(struct desk *d, int64_t campaign_id, const struct campaign *c, struct error *err);
/* Stops starting calls; calls in progress finish; then the campaign is `paused`. Any thread, and
 * safe to call from a signal-handling thread. */
void desk_pause(struct desk *d);
/* As pause, but calls end now. */
void desk_abort(struct desk *d);
void desk_view(struct desk *d, struct desk_view *out);
/* Waits until the campaign is completed, paused or failed, at most timeout_ms. True when it is. */
bool desk_wait(struct desk *d, int timeout_ms);
