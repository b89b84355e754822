/* Time zones: names, local time with DST, and the zone of a number. Zones are interned: an id is
 * stable for the life of the process. Thread safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int zone_id; /* >= 0; negative errno from zone_open */

struct zone_local {
    int year, month, day; /* 1-based */
    int weekday;          /* 0 Sunday … 6 Saturday */
    int hour, minute, second;
    int offset_s; /* seconds east of UTC */
};

zone_id zone_open(const char *name); /* IANA name; -ENOENT */
const char *zone_name(zone_id z);
void zone_to_local(zone_id z, int64_t utc_ms, struct zone_local *out);
/* Civil time to UTC. A time that DST skips gives the moment after the gap; a doubled one the first.
 */
int64_t zone_from_local(zone_id z, int year, int month, int day, int hour, int minute, int second);

/* The zone of an E.164 number by its prefix. *certain is false where the prefix spans several zones
 * (the most populous is given). NULL when unknown. */
const char *zone_of_number(uint64_t key, bool *certain);

#ifdef __cplusplus
}
#endif
