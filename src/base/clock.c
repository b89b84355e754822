#include "base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static int64_t system_mono_us(const struct clock *c)
{
    struct timespec ts;

    (void)c;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t system_wall_ms(const struct clock *c)
{
    struct timespec ts;

    (void)c;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const struct clock clock_system = {.mono_us = system_mono_us, .wall_ms = system_wall_ms};

static int64_t virtual_mono_us(const struct clock *c)
{
    return ((const struct clock_virtual *)c)->now_us;
}

static int64_t virtual_wall_ms(const struct clock *c)
{
    const struct clock_virtual *v = (const struct clock_virtual *)c;

    return v->wall_offset_ms + v->now_us / 1000;
}

void clock_virtual_init(struct clock_virtual *v, int64_t wall_ms)
{
    *v = (struct clock_virtual){
        .clock = {.mono_us = virtual_mono_us, .wall_ms = virtual_wall_ms},
        .wall_offset_ms = wall_ms,
    };
}

void clock_virtual_advance(struct clock_virtual *v, int64_t us)
{
    v->now_us += us;
}

const char *clock_format_iso(int64_t wall_ms, char *buf, unsigned size)
{
    int64_t ms = ((wall_ms % 1000) + 1000) % 1000;
    time_t t = (wall_ms - ms) / 1000;
    struct tm tm;

    gmtime_r(&t, &tm);
    snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
             tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)ms);
    return buf;
}

/* Exactly n digits at *p, which moves on; -1 when they are not there. */
static int digits(const char **p, int n)
{
    int value = 0;

    for (int i = 0; i < n; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return -1;
        value = value * 10 + (**p - '0');
    }
    return value;
}

/* A fraction of a second of any length, in whole milliseconds; -1 without a digit. */
static int fraction_ms(const char **p)
{
    int ms = 0, n = 0;

    for (; **p >= '0' && **p <= '9'; (*p)++, n++)
        if (n < 3)
            ms = ms * 10 + (**p - '0');
    if (n == 0)
        return -1;
    for (; n < 3; n++)
        ms *= 10;
    return ms;
}

static bool literal(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

/* "Z" or "+hh:mm" at the end of the text. */
static int parse_offset(const char *p, int *offset_s)
{
    int sign, h, m;

    if (literal(&p, 'Z')) {
        *offset_s = 0;
        return *p ? -EINVAL : 0;
    }
    sign = *p == '-' ? -1 : *p == '+' ? 1 : 0;
    if (!sign)
        return -EINVAL;
    p++;
    if ((h = digits(&p, 2)) < 0 || h > 23 || !literal(&p, ':') || (m = digits(&p, 2)) < 0 ||
        m > 59 || *p)
        return -EINVAL;
    *offset_s = sign * (h * 3600 + m * 60);
    return 0;
}

int clock_parse_iso(const char *text, int64_t *wall_ms)
{
    const char *p = text;
    struct tm tm = {0};
    int year, month, day, h, m, s, ms = 0, offset_s;

    if ((year = digits(&p, 4)) < 1900 || !literal(&p, '-') || (month = digits(&p, 2)) < 1 ||
        month > 12 || !literal(&p, '-') || (day = digits(&p, 2)) < 1 || day > 31 ||
        !literal(&p, 'T') || (h = digits(&p, 2)) < 0 || h > 23 || !literal(&p, ':') ||
        (m = digits(&p, 2)) < 0 || m > 59 || !literal(&p, ':') || (s = digits(&p, 2)) < 0 || s > 60)
        return -EINVAL;
    if (literal(&p, '.') && (ms = fraction_ms(&p)) < 0)
        return -EINVAL;
    if (parse_offset(p, &offset_s))
        return -EINVAL;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour = h;
    tm.tm_min = m;
    tm.tm_sec = s;
    int64_t t = timegm(&tm);

    /* timegm carries 31 February into March: such a day does not exist. */
    if (tm.tm_mday != day)
        return -EINVAL;
    *wall_ms = (t - offset_s) * 1000 + ms;
    return 0;
}

void clock_cond_init(pthread_cond_t *c)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(c, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct timespec clock_deadline(int64_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}
