#include "phone/window.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DAY_MIN = 1440, DAYS = 7, LOOK_DAYS = 9 };

static const char *const day_names[DAYS] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
static const char *const day_long[DAYS] = {"sunday",   "monday", "tuesday", "wednesday",
                                           "thursday", "friday", "saturday"};
static const char *const day_hebrew[DAYS] = {"ראשון", "שני",  "שלישי", "רביעי",
                                             "חמישי", "שישי", "שבת"};

static const char remedy[] = "write for example \"sun-thu 09:00-20:30; fri 09:00-13:00\"";

/* ---- text ---------------------------------------------------------------------------------------
 */

static int day_of(const char *word, size_t len)
{
    for (int d = 0; d < DAYS; d++) {
        const char *const forms[] = {day_names[d], day_long[d], day_hebrew[d]};

        for (int f = 0; f < 3; f++)
            if (strlen(forms[f]) == len && strncasecmp(word, forms[f], len) == 0)
                return d;
    }
    return -1;
}

/* "sun" or "sun-thu", over the end of the week too. */
static int read_days(const char *word, size_t len, bool days[DAYS])
{
    const char *dash = memchr(word, '-', len);
    int from = day_of(word, dash ? (size_t)(dash - word) : len);
    int to = dash ? day_of(dash + 1, len - (size_t)(dash - word) - 1) : from;

    if (from < 0 || to < 0)
        return -EINVAL;
    for (int d = from;; d = (d + 1) % DAYS) {
        days[d] = true;
        if (d == to)
            return 0;
    }
}

static int read_time(const char **p, int *out)
{
    int h = 0, m = 0, digits = 0;

    for (; isdigit((unsigned char)**p) && digits < 2; ++*p, digits++)
        h = h * 10 + (**p - '0');
    if (digits == 0 || **p != ':')
        return -EINVAL;
    ++*p;
    for (digits = 0; isdigit((unsigned char)**p) && digits < 2; ++*p, digits++)
        m = m * 10 + (**p - '0');
    if (digits != 2 || m > 59 || h > 24 || (h == 24 && m > 0))
        return -EINVAL;
    *out = h * 60 + m;
    return 0;
}

static int read_span(const char *word, size_t len, struct window_span *out)
{
    const char *p = word;
    int from, to;

    if (read_time(&p, &from) || *p++ != '-' || read_time(&p, &to) || p != word + len || from >= to)
        return -EINVAL;
    *out = (struct window_span){.from_min = (uint16_t)from, .to_min = (uint16_t)to};
    return 0;
}

/* Keeps a day's spans in order; -EEXIST when two overlap. */
static int add_span(struct window_week *w, int day, struct window_span s)
{
    int n = w->days[day].count, at = n;
    struct window_span *spans = w->days[day].spans;

    if (n == WINDOW_SPANS_MAX)
        return -E2BIG;
    while (at > 0 && spans[at - 1].from_min > s.from_min)
        at--;
    if ((at > 0 && spans[at - 1].to_min > s.from_min) || (at < n && spans[at].from_min < s.to_min))
        return -EEXIST;
    memmove(&spans[at + 1], &spans[at], (size_t)(n - at) * sizeof(s));
    spans[at] = s;
    w->days[day].count++;
    return 0;
}

static int bad(struct error *err, const char *what, const char *word, size_t len)
{
    return error_set(err, -EINVAL, NULL, remedy, "\"%.*s\" %s", len > 40 ? 40 : (int)len, word,
                     what);
}

/* One part: days, then times. Without days: every day. */
static int read_part(const char *part, const char *end, struct window_week *w, struct error *err)
{
    bool days[DAYS] = {false}, named = false, timed = false;

    while (part < end) {
        size_t len = 0;
        struct window_span span;

        if (*part == ' ' || *part == ',' || *part == '\t') {
            part++;
            continue;
        }
        while (part + len < end && !strchr(" ,\t", part[len]))
            len++;
        if (!isdigit((unsigned char)*part)) {
            if (timed || read_days(part, len, days))
                return bad(err, "is not a day", part, len);
            named = true;
        } else {
            if (read_span(part, len, &span))
                return bad(err, "is not a span of times", part, len);
            timed = true;
            for (int d = 0; d < DAYS; d++) {
                int rc = named && !days[d] ? 0 : add_span(w, d, span);

                if (rc == -E2BIG)
                    return bad(err, "is one span too many for a day", part, len);
                if (rc)
                    return bad(err, "overlaps other times of that day", part, len);
            }
        }
        part += len;
    }
    return named && !timed ? error_set(err, -EINVAL, NULL, remedy, "days without times") : 0;
}

int window_parse(const char *text, struct window_week *out, struct error *err)
{
    struct window_week w = {0};
    bool any = false;

    for (const char *p = text; *p;) {
        const char *end = p + strcspn(p, ";");
        int rc = read_part(p, end, &w, err);

        if (rc)
            return rc;
        p = *end ? end + 1 : end;
    }
    for (int d = 0; d < DAYS; d++)
        any = any || w.days[d].count;
    if (!any)
        return error_set(err, -EINVAL, NULL, remedy, "no calling hours");
    *out = w;
    return 0;
}

static bool same_day(const struct window_week *w, int a, int b)
{
    return w->days[a].count == w->days[b].count &&
           memcmp(w->days[a].spans, w->days[b].spans,
                  w->days[a].count * sizeof(struct window_span)) == 0;
}

void window_format(const struct window_week *w, char *buf, unsigned size)
{
    unsigned n = 0;

    if (size)
        buf[0] = '\0';
    for (int d = 0; d < DAYS; d++) {
        int last = d;

        while (last + 1 < DAYS && same_day(w, d, last + 1))
            last++;
        if (w->days[d].count) {
            char part[128];
            int m = d == last
                        ? snprintf(part, sizeof(part), "%s", day_names[d])
                        : snprintf(part, sizeof(part), "%s-%s", day_names[d], day_names[last]);

            for (int i = 0; i < w->days[d].count; i++) {
                struct window_span s = w->days[d].spans[i];

                m += snprintf(part + m, sizeof(part) - (size_t)m, "%s%02u:%02u-%02u:%02u",
                              i ? "," : " ", s.from_min / 60u, s.from_min % 60u, s.to_min / 60u,
                              s.to_min % 60u);
            }
            if (n + (unsigned)m + 3 > size)
                return; /* whole parts or nothing */
            n += (unsigned)snprintf(buf + n, size - n, "%s%s", n ? "; " : "", part);
        }
        d = last;
    }
}

void window_always(struct window_week *w)
{
    memset(w, 0, sizeof(*w));
    for (int d = 0; d < DAYS; d++) {
        w->days[d].count = 1;
        w->days[d].spans[0] = (struct window_span){0, DAY_MIN};
    }
}

void window_intersect(const struct window_week *a, const struct window_week *b,
                      struct window_week *out)
{
    struct window_week w = {0};

    for (int d = 0; d < DAYS; d++) {
        for (int i = 0; i < a->days[d].count; i++) {
            for (int j = 0; j < b->days[d].count; j++) {
                struct window_span x = a->days[d].spans[i], y = b->days[d].spans[j];
                struct window_span s = {x.from_min > y.from_min ? x.from_min : y.from_min,
                                        x.to_min < y.to_min ? x.to_min : y.to_min};

                if (s.from_min < s.to_min)
                    add_span(&w, d, s); /* too many: fewer hours, never more */
            }
        }
    }
    *out = w;
}

/* ---- time ---------------------------------------------------------------------------------------
 */

static const struct window_span *span_at(const struct window_week *w, const struct zone_local *l)
{
    int minute = l->hour * 60 + l->minute;

    for (int i = 0; i < w->days[l->weekday].count; i++) {
        const struct window_span *s = &w->days[l->weekday].spans[i];

        if (minute >= s->from_min && minute < s->to_min)
            return s;
    }
    return NULL;
}

static int offset_at(zone_id zone, int64_t utc_ms)
{
    struct zone_local l;

    zone_to_local(zone, utc_ms, &l);
    return l.offset_s;
}

/* The moment within (from, to] at which the offset is no longer that of `from`; the clocks change
 * at most once in between. */
static int64_t change_between(zone_id zone, int64_t from, int64_t to)
{
    int before = offset_at(zone, from);

    while (to - from > 1) {
        int64_t mid = from + (to - from) / 2;

        if (offset_at(zone, mid) == before)
            from = mid;
        else
            to = mid;
    }
    return to;
}

bool window_open_at(const struct window_week *w, zone_id zone, int64_t utc_ms, int64_t *until_ms)
{
    struct zone_local l;
    const struct window_span *s;
    int64_t t = utc_ms;

    zone_to_local(zone, utc_ms, &l);
    s = span_at(w, &l);
    if (!s)
        return false;
    /* On from span to span (over midnight) and over changes of the clock, a week at most. */
    while (s && t - utc_ms < (int64_t)DAYS * 24 * 3600000) {
        int64_t in_minute = l.second * 1000LL + ((t % 1000) + 1000) % 1000;
        int64_t end = t + (s->to_min - (l.hour * 60 + l.minute)) * 60000LL - in_minute;

        t = offset_at(zone, end) == l.offset_s ? end : change_between(zone, t, end);
        zone_to_local(zone, t, &l);
        s = span_at(w, &l);
    }
    if (until_ms)
        *until_ms = t;
    return true;
}

/* Keeps t when it is an opening earlier than the best so far. */
static void candidate(const struct window_week *w, zone_id zone, int64_t utc_ms, int64_t t,
                      int64_t *best)
{
    if (t >= utc_ms && (*best < 0 || t < *best) && window_open_at(w, zone, t, NULL))
        *best = t;
}

int64_t window_next_open(const struct window_week *w, zone_id zone, int64_t utc_ms)
{
    struct zone_local l;
    int64_t noon;

    if (window_open_at(w, zone, utc_ms, NULL))
        return utc_ms;
    zone_to_local(zone, utc_ms, &l);
    noon = zone_from_local(zone, l.year, l.month, l.day, 12, 0, 0);
    for (int d = 0; d < LOOK_DAYS; d++) {
        int64_t best = -1, start, end, midnight;
        int before, after, weekday;

        zone_to_local(zone, noon + d * 24 * 3600000LL, &l);
        weekday = l.weekday;
        start = zone_from_local(zone, l.year, l.month, l.day, 0, 0, 0);
        zone_to_local(zone, start, &l); /* not 00:00 where the clock skips it */
        midnight = start + (l.offset_s - (l.hour * 60 + l.minute) * 60LL - l.second) * 1000LL;
        zone_to_local(zone, noon + (d + 1) * 24 * 3600000LL, &l);
        end = zone_from_local(zone, l.year, l.month, l.day, 0, 0, 0);
        before = offset_at(zone, start);
        after = offset_at(zone, end);
        /* A span begins by the clock before a change, by the one after it, or at the change. */
        for (int i = 0; i < w->days[weekday].count; i++) {
            int64_t from = midnight + w->days[weekday].spans[i].from_min * 60000LL;

            candidate(w, zone, utc_ms, from - before * 1000LL, &best);
            candidate(w, zone, utc_ms, from - after * 1000LL, &best);
        }
        if (before != after)
            candidate(w, zone, utc_ms, change_between(zone, start, end), &best);
        if (best >= 0)
            return best;
    }
    return -1;
}
