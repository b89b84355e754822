/* What the monitor is told of the campaigns that run. In the monitor's thread. */
#include <stdio.h>

#include "campaign/host.h"

static void watch_lines(struct host *h, struct alerts *a)
{
    struct host_lines lines;

    if (!host_lines(h, &lines))
        return;
    alerts_read(a, INDICATOR_LANE_LOAD, "", lines.stats.load * 100, NULL);
    for (unsigned i = 0; i < lines.trunk_count; i++) {
        bool up = lines.stats.trunks_up >> i & 1;

        alerts_read(a, INDICATOR_TRUNK_DOWN, lines.trunks[i], !up,
                    up ? NULL : lines.stats.trunk_fault);
    }
}

/* Only one that is slowed: who waits for an hour or for people is not. */
static void watch_campaign(struct host *h, int64_t id, struct alerts *a)
{
    struct desk_view v;
    char object[32];

    if (host_view(h, id, &v) || v.state != CAMPAIGN_STATE_RUNNING || v.cps_cap <= 0)
        return;
    snprintf(object, sizeof(object), "campaign %lld", (long long)id);
    alerts_read(a, INDICATOR_PACE_FLOOR, object, v.slowed ? 100 * v.cps_now / v.cps_cap : 100,
                v.slowed ? v.pace_reason : NULL);
}

void host_watch(void *host, struct alerts *a)
{
    int64_t ids[HOST_CAMPAIGNS_MAX];
    unsigned count = host_running(host, ids);

    watch_lines(host, a);
    for (unsigned i = 0; i < count; i++)
        watch_campaign(host, ids[i], a);
}
