/* At which hour is a person likely to answer? A stated pattern by the hour and kind of day of their
 * own zone (docs/best-hour.md has the table and its sources), which stands until call records of
 * one's own say better. It only decides who comes first; who may be called at all is decided by the
 * calling windows. Pure functions, any thread. */
#pragma once

#include <stdint.h>

#include "phone/window.h"
#include "phone/zone.h"

#define BEST_HOUR_PATTERN "default-1" /* changes when the table does; kept with each decision */

/* Likelihood in percent of each hour in which the week is open at all, 0 where it is closed. */
struct best_hours {
    uint8_t percent[7][24]; /* 0 Sunday, local hours */
};

struct best_hour {
    int percent;       /* of the hour that is now */
    int best;          /* of the best hour that is still to come, this one included */
    int weekday, hour; /* that best hour, by the person's clock; the earliest of equals */
};

/* Percent of calls that a person answers in this hour; weekday 0 Sunday. */
int best_hour_percent(zone_id zone, int weekday, int hour);
/* hours: those in which the person may be called (campaign and own together). */
void best_hours_fill(struct best_hours *out, const struct window_week *hours, zone_id zone);
/* Looks a week ahead, or to end_ms (0: no end) where that is sooner. now_ms in an hour that hours
 * has closed counts as the pattern says: the caller has decided that it is open. */
void best_hour_at(const struct best_hours *b, zone_id zone, int64_t now_ms, int64_t end_ms,
                  struct best_hour *out);
/* Negative when a comes before b: whoever gains less by waiting comes first; of equals, whoever is
 * likelier to answer. 0: neither. */
int best_hour_compare(const struct best_hour *a, const struct best_hour *b);
