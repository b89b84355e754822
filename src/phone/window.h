/* Calling windows: on which weekdays, between which local times, may a person be called. All
 * decisions are made in the contact's own zone at the moment of the dial, DST edges included. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "phone/zone.h"

enum { WINDOW_SPANS_MAX = 4, WINDOW_TEXT_MAX = 256 };

struct window_span {
    uint16_t from_min, to_min; /* minutes of the local day, from <= t < to, to <= 1440 */
};

struct window_week {
    struct {
        uint8_t count;
        struct window_span spans[WINDOW_SPANS_MAX]; /* in order, disjoint */
    } days[7];                                      /* 0 Sunday */
};

/* Text form, used in columns and command lines: "09:00-20:30", "sun-thu 09:00-20:30; fri
 * 09:00-13:00". Day names in English and Hebrew. A day not named is closed when any day is named.
 */
int window_parse(const char *text, struct window_week *out, struct error *err);
void window_format(const struct window_week *w, char *buf, unsigned size);
void window_always(struct window_week *w);
/* Open only where both are. */
void window_intersect(const struct window_week *a, const struct window_week *b,
                      struct window_week *out);

/* Is w open at utc_ms in zone? If so *until_ms (may be NULL) is the moment it closes: a promise
 * that every moment in [utc_ms, *until_ms) is inside. */
bool window_open_at(const struct window_week *w, zone_id zone, int64_t utc_ms, int64_t *until_ms);
/* First moment >= utc_ms that is inside, or -1 when the week is empty. */
int64_t window_next_open(const struct window_week *w, zone_id zone, int64_t utc_ms);
