/* The default pattern and the order it gives. See best_hour.h. */
#include "campaign/best_hour.h"

#include <string.h>

enum { HOUR_MS = 3600000, WEEK_HOURS = 7 * 24 };

enum day_kind { WORKDAY, DAY_OFF, DAY_OF_REST, DAY_KINDS };

/* Percent of calls answered by a person, by local hour. The shape is that of the surveys named in
 * docs/best-hour.md: evenings of workdays and both days of the weekend above working hours, early
 * and late hours far below. */
static const uint8_t pattern[DAY_KINDS][24] = {
    [WORKDAY] = {2,  1,  1,  1,  2,  4,  8,  14, 22, 28, 30, 31,
                 31, 30, 29, 30, 33, 38, 44, 46, 43, 32, 16, 6},
    [DAY_OFF] = {2,  1,  1,  1,  1,  2,  4,  8,  16, 28, 36, 39,
                 38, 36, 34, 34, 35, 36, 37, 36, 34, 27, 15, 6},
    [DAY_OF_REST] = {2,  1,  1,  1,  1,  2,  3,  6,  13, 24, 34, 38,
                     38, 37, 36, 37, 39, 41, 43, 44, 41, 30, 15, 5},
};

/* Where Friday and Saturday are the weekend; elsewhere it is Saturday and Sunday. */
static const char *const friday_zones[] = {
    "Africa/Algiers", "Africa/Cairo", "Africa/Khartoum", "Africa/Tripoli", "Asia/Aden",
    "Asia/Amman",     "Asia/Baghdad", "Asia/Bahrain",    "Asia/Damascus",  "Asia/Dhaka",
    "Asia/Gaza",      "Asia/Hebron",  "Asia/Jerusalem",  "Asia/Kuwait",    "Asia/Muscat",
    "Asia/Qatar",     "Asia/Riyadh",  "Asia/Tel_Aviv",   "Egypt",          "Israel",
    "Libya",
};

/* The day of rest is the last of the weekend: Saturday, or Sunday. */
static int day_of_rest(zone_id zone)
{
    const char *name = zone_name(zone);

    for (size_t i = 0; i < sizeof(friday_zones) / sizeof(friday_zones[0]); i++)
        if (strcmp(name, friday_zones[i]) == 0)
            return 6;
    return 0;
}

static enum day_kind kind_of(int weekday, int rest)
{
    return weekday == rest ? DAY_OF_REST : (weekday + 1) % 7 == rest ? DAY_OFF : WORKDAY;
}

int best_hour_percent(zone_id zone, int weekday, int hour)
{
    return pattern[kind_of(weekday, day_of_rest(zone))][hour];
}

void best_hours_fill(struct best_hours *out, const struct window_week *hours, zone_id zone)
{
    int rest = day_of_rest(zone);

    memset(out, 0, sizeof(*out));
    for (int d = 0; d < 7; d++)
        for (int i = 0; i < hours->days[d].count; i++)
            for (int h = hours->days[d].spans[i].from_min / 60;
                 h * 60 < hours->days[d].spans[i].to_min; h++)
                out->percent[d][h] = pattern[kind_of(d, rest)][h];
}

void best_hour_at(const struct best_hours *b, zone_id zone, int64_t now_ms, int64_t end_ms,
                  struct best_hour *out)
{
    struct zone_local l;
    int64_t this_hour;
    int ahead = WEEK_HOURS;

    zone_to_local(zone, now_ms, &l);
    *out = (struct best_hour){.weekday = l.weekday, .hour = l.hour};
    out->percent = b->percent[l.weekday][l.hour];
    if (!out->percent)
        out->percent = best_hour_percent(zone, l.weekday, l.hour);
    out->best = out->percent;
    /* A change of the clock within the week moves the hours ahead by one: they are compared, not
     * dialled, and the next look is right again. */
    this_hour = now_ms - (l.minute * 60 + l.second) * 1000LL;
    if (end_ms && end_ms - this_hour < (int64_t)WEEK_HOURS * HOUR_MS)
        ahead = (int)((end_ms - this_hour + HOUR_MS - 1) / HOUR_MS);
    for (int i = 1; i < ahead; i++) {
        int hour = l.hour + i, weekday = (l.weekday + hour / 24) % 7;

        if (b->percent[weekday][hour % 24] > out->best) {
            out->best = b->percent[weekday][hour % 24];
            out->weekday = weekday;
            out->hour = hour % 24;
        }
    }
}

int best_hour_compare(const struct best_hour *a, const struct best_hour *b)
{
    int shares = b->percent * a->best - a->percent * b->best; /* percent / best, exact */

    return shares ? shares : b->percent - a->percent;
}
