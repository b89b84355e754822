/* The campaigns that run in one process, each by its desk on one exchange. The exchange opens with
 * the first campaign and closes after the last, so that trunks changed meanwhile count from then
 * on. A campaign that ended by itself is put away by the host's own thread.
 *
 * All functions may be called from any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "campaign/desk.h"
#include "event/alert.h"

struct host;

enum { HOST_CAMPAIGNS_MAX = 64 };

struct host_config {
    struct exchange_config exchange; /* without trunks: host_set_trunks */
    /* From the host's thread, after a campaign is over and before its desk is freed. May be NULL.
     */
    void (*finished)(void *arg, int64_t campaign_id, const struct desk_view *last);
    void *arg;
};

int host_new(struct host **out, const struct host_config *config, struct error *err);
/* Ends every call and campaign (they are `paused`), waits for it. NULL-safe. */
void host_free(struct host *h);

/* Trunks for campaigns without trunks of their own; at most LINE_TRUNKS_MAX. Counts from the next
 * time that no campaign runs. */
void host_set_trunks(struct host *h, const struct line_trunk_config *trunks, unsigned count);

/* Starts a stored campaign. Takes c when it returns 0. rehearsal: at any hour, as in desk_start.
 * Errors with err set: -EALREADY it runs, -EBUSY HOST_CAMPAIGNS_MAX run, -ENODEV no trunk, and
 * those of the desk.
 */
int host_start(struct host *h, int64_t campaign_id, struct campaign *c, bool rehearsal,
               struct error *err);
/* -ENOENT: it does not run here. */
int host_pause(struct host *h, int64_t campaign_id); /* its calls finish */
int host_abort(struct host *h, int64_t campaign_id); /* its calls end now */
int host_view(struct host *h, int64_t campaign_id, struct desk_view *out);
/* The ids of those that run; returns how many. */
unsigned host_running(struct host *h, int64_t ids[HOST_CAMPAIGNS_MAX]);
/* Pauses all; true when none runs any more, after at most timeout_ms. */
bool host_stop(struct host *h, int timeout_ms);
/* The same, but in the store they stay `running`: for the end of the service, which goes on with
 * them when it starts again. */
bool host_leave(struct host *h, int timeout_ms);
/* The lanes' figures over all campaigns; false while no campaign runs. */
bool host_line_stats(struct host *h, struct line_stats *out);
/* The same, and the names of the trunks in the order of their bits. */
struct host_lines {
    struct line_stats stats;
    unsigned trunk_count;
    char trunks[LINE_TRUNKS_MAX][LINE_NAME_MAX];
};
bool host_lines(struct host *h, struct host_lines *out);
/* A source of the monitor (event/monitor.h): trunks, the lanes' load, campaigns far below their
 * pace. host: a struct host. */
void host_watch(void *host, struct alerts *a);
/* Looks at the do-not-call lists now instead of within VIEW_MS: for an opt-out by another way. */
void host_refresh(struct host *h);
