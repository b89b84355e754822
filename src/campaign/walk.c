#include "campaign/walk.h"

enum { HOUR_MS = 3600000, YEAR_HOURS = 366 * 24 };

int64_t walk_next_open(const struct campaign *c, const struct walk_group *groups, size_t count,
                       int64_t now_ms)
{
    int64_t next = -1;

    for (size_t i = 0; i < count; i++) {
        int64_t t;

        if (groups[i].calls <= 0)
            continue;
        t = campaign_next_open(c, groups[i].own, groups[i].zone, now_ms);
        if (t >= 0 && (next < 0 || t < next))
            next = t;
    }
    return next;
}

/* One stretch of time in which the same groups are open; the calls go to them in order. */
static double work_off(const struct campaign *c, struct walk_group *groups, size_t count,
                       int64_t now_ms, int64_t *until_ms, double cps)
{
    double room, used = 0;

    for (size_t i = 0; i < count; i++) {
        struct walk_group *g = &groups[i];
        int64_t until;

        if (g->calls > 0 && campaign_open_at(c, g->own, g->zone, now_ms, &until) &&
            until < *until_ms)
            *until_ms = until;
    }
    room = cps * (double)(*until_ms - now_ms) / 1000;
    for (size_t i = 0; i < count && room > used; i++) {
        struct walk_group *g = &groups[i];
        double part;

        if (g->calls <= 0 || !campaign_open_at(c, g->own, g->zone, now_ms, NULL))
            continue;
        part = g->calls < room - used ? g->calls : room - used;
        g->calls -= part;
        used += part;
    }
    return used;
}

int64_t walk_hours(const struct campaign *c, struct walk_group *groups, size_t count,
                   int64_t now_ms, double cps)
{
    int64_t t = now_ms, last = now_ms;

    for (int step = 0; step < YEAR_HOURS; step++) {
        int64_t until;
        double used;

        t = walk_next_open(c, groups, count, t);
        if (t < 0)
            return last; /* nothing is left, or nothing that has hours */
        until = t + HOUR_MS;
        used = work_off(c, groups, count, t, &until, cps);
        if (used > 0)
            last = t + (int64_t)(used / cps * 1000);
        t = until;
    }
    return -1;
}

int64_t walk_finish(const struct campaign *c, struct walk_group *groups, size_t count,
                    int64_t now_ms, const struct forecast_left *left)
{
    int64_t open = walk_next_open(c, groups, count, now_ms), last;

    if (open < 0)
        return now_ms + left->ms; /* the calls that are up */
    last = walk_hours(c, groups, count, now_ms, left->cps);
    if (last < 0)
        return -1;
    return last + left->tail_ms > open + left->ms ? last + left->tail_ms : open + left->ms;
}
