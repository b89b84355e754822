/* When may a contact be called: the campaign's hours and the contact's own, holidays and the
 * campaign's first and last moment, all in the contact's zone. */
#include <string.h>

#include "base/log.h"
#include "campaign/campaign.h"

enum { DAYS_AHEAD = 400 };
#define FOR_EVER (INT64_MAX / 2)

static bool holiday(const struct campaign *c, const struct zone_local *day)
{
    for (int i = 0; i < c->holiday_count; i++)
        if (c->holidays[i].year == day->year && c->holidays[i].month == day->month &&
            c->holidays[i].day == day->day)
            return true;
    return false;
}

/* The first moment of the local day after the one that holds utc_ms. Some zones skip midnight. */
static int64_t next_day(zone_id zone, int64_t utc_ms)
{
    struct zone_local l;
    int64_t t;

    zone_to_local(zone, utc_ms, &l);
    t = zone_from_local(zone, l.year, l.month, l.day, 12, 0, 0) + 24 * 3600000LL;
    zone_to_local(zone, t, &l);
    t = zone_from_local(zone, l.year, l.month, l.day, 0, 0, 0);
    return t > utc_ms ? t : utc_ms + 3600000;
}

bool campaign_hours_of(const struct campaign *c, const char *zone, const char *window,
                       zone_id *zone_out, struct window_week *own)
{
    zone_id z = zone[0] ? zone_open(zone) : -1;

    *zone_out = z < 0 ? zone_open(c->zone) : z;
    if (!window[0])
        return false;
    if (window_parse(window, own, NULL)) {
        log_error("a contact's own calling hours cannot be read", "hours=\"%s\"", window);
        memset(own, 0, sizeof(*own));
    }
    return true;
}

void campaign_day(zone_id zone, int64_t utc_ms, int64_t *start_ms, int64_t *end_ms)
{
    struct zone_local l;

    zone_to_local(zone, utc_ms, &l);
    *start_ms = zone_from_local(zone, l.year, l.month, l.day, 0, 0, 0);
    *end_ms = next_day(zone, utc_ms);
}

static void hours(const struct campaign *c, const struct window_week *own, struct window_week *out)
{
    if (own)
        window_intersect(&c->windows, own, out);
    else
        *out = c->windows;
}

bool campaign_open_at(const struct campaign *c, const struct window_week *own, zone_id zone,
                      int64_t utc_ms, int64_t *until_ms)
{
    struct window_week both;
    struct zone_local now;
    int64_t until, midnight;

    if (c->any_hour) {
        if (until_ms)
            *until_ms = FOR_EVER;
        return true;
    }
    if ((c->start_ms && utc_ms < c->start_ms) || (c->end_ms && utc_ms >= c->end_ms))
        return false;
    hours(c, own, &both);
    if (!window_open_at(&both, zone, utc_ms, &until))
        return false;
    zone_to_local(zone, utc_ms, &now);
    if (holiday(c, &now))
        return false;
    /* The next day may be a holiday: the promise ends at midnight, when it is looked at again. */
    midnight = next_day(zone, utc_ms);
    if (midnight < until)
        until = midnight;
    if (c->end_ms && c->end_ms < until)
        until = c->end_ms;
    if (until_ms)
        *until_ms = until;
    return true;
}

int64_t campaign_next_open(const struct campaign *c, const struct window_week *own, zone_id zone,
                           int64_t utc_ms)
{
    struct window_week both;
    int64_t t = c->start_ms > utc_ms ? c->start_ms : utc_ms;

    if (c->any_hour)
        return utc_ms;
    hours(c, own, &both);
    for (int i = 0; i < DAYS_AHEAD; i++) {
        struct zone_local day;

        t = window_next_open(&both, zone, t);
        if (t < 0 || (c->end_ms && t >= c->end_ms))
            return -1;
        zone_to_local(zone, t, &day);
        if (!holiday(c, &day))
            return t;
        t = next_day(zone, t);
    }
    return -1;
}
