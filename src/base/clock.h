/* Time, passed in so that every rule can be tested without sleeping. */
#pragma once

#include <pthread.h>
#include <stdint.h>
#include <time.h>

struct clock {
    int64_t (*mono_us)(
        const struct clock *); /* monotonic, microseconds, for intervals and timers */
    int64_t (*wall_ms)(const struct clock *); /* milliseconds since 1970-01-01 UTC, for people */
};

extern const struct clock clock_system;

static inline int64_t clock_mono_us(const struct clock *c)
{
    return c->mono_us(c);
}

static inline int64_t clock_wall_ms(const struct clock *c)
{
    return c->wall_ms(c);
}

/* Waits of threads, by the monotonic clock: setting the time of day neither stretches nor cuts
 * them. clock_deadline is the moment that is ms from now, for pthread_cond_timedwait on a condition
 * that clock_cond_init has made. */
void clock_cond_init(pthread_cond_t *c);
struct timespec clock_deadline(int64_t ms);

/* Virtual time for tests, simulation and rehearsal: stands still until moved. Not thread safe. */
struct clock_virtual {
    struct clock clock; /* first, so that &v.clock serves where a clock is asked for */
    int64_t now_us;
    int64_t wall_offset_ms; /* wall time at now_us == 0 */
};

void clock_virtual_init(struct clock_virtual *v, int64_t wall_ms);
void clock_virtual_advance(struct clock_virtual *v, int64_t us);

/* ISO 8601 UTC with milliseconds ("2026-11-23T21:05:31.250Z") and back. buf holds 25 bytes or more.
 * clock_parse_iso accepts a trailing Z or ±hh:mm; returns 0 or -EINVAL. */
const char *clock_format_iso(int64_t wall_ms, char *buf, unsigned size);
int clock_parse_iso(const char *text, int64_t *wall_ms);
