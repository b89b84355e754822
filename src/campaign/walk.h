/* When are so many calls made, at a rate and in these hours? Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "campaign/campaign.h"
#include "campaign/forecast.h"

/* Contacts that open and close together, and the calls still to be made to them. */
struct walk_group {
    zone_id zone;
    const struct window_week *own; /* NULL: the campaign's hours alone */
    double calls;
};

/* The first moment from now_ms at which one of them may be called: now_ms itself when it is open,
 * -1: never again. */
int64_t walk_next_open(const struct campaign *c, const struct walk_group *groups, size_t count,
                       int64_t now_ms);
/* Goes through the hours, group by group, at cps calls a second; what is done is taken off `calls`.
 * The moment of the last call; -1: there is work left after a year. What is left otherwise has no
 * hours. */
int64_t walk_hours(const struct campaign *c, struct walk_group *groups, size_t count,
                   int64_t now_ms, double cps);
/* When the last call will be over. Takes the work off the groups, as walk_hours does. */
int64_t walk_finish(const struct campaign *c, struct walk_group *groups, size_t count,
                    int64_t now_ms, const struct forecast_left *left);
