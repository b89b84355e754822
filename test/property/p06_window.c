/* P6 and P8: no dial outside the window, in the contact's own zone, DST edges included. Random
 * weeks and zones, moments near changes of the clock; held against the definition, minute by
 * minute. */
#include "phone/window.h"
#include "prop.h"

enum { MINUTE = 60000 };

static bool inside(const struct window_week *w, zone_id zone, int64_t t)
{
    struct zone_local l;

    zone_to_local(zone, t, &l);
    for (int i = 0; i < w->days[l.weekday].count; i++) {
        int m = l.hour * 60 + l.minute;

        if (m >= w->days[l.weekday].spans[i].from_min && m < w->days[l.weekday].spans[i].to_min)
            return true;
    }
    return false;
}

static void random_week(struct rng *r, struct window_week *w)
{
    *w = (struct window_week){0};
    for (int d = 0; d < 7; d++) {
        int at = 0;

        while (rng_below(r, 4) && w->days[d].count < WINDOW_SPANS_MAX && at < 1400) {
            int from = at + (int)rng_below(r, (uint64_t)(1400 - at));
            int to = rng_below(r, 6) ? from + 1 + (int)rng_below(r, (uint64_t)(1440 - from)) : 1440;

            w->days[d].spans[w->days[d].count++] =
                (struct window_span){(uint16_t)from, (uint16_t)to};
            at = to;
        }
    }
}

static const char *check(struct rng *r, void *arg)
{
    static const char *const zones[] = {
        "Asia/Jerusalem",      "America/New_York",  "Europe/London",
        "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu",
        "America/Havana",      "Africa/Cairo",      "UTC"};
    /* In 2026: around the changes of Israel, Europe and America, and any other time. */
    static const int64_t edges[] = {1774569600000LL, 1792882800000LL, 1774746000000LL,
                                    1772953200000LL, 1793509200000LL, 1777000000000LL};
    zone_id zone = zone_open(zones[rng_below(r, sizeof(zones) / sizeof(zones[0]))]);
    int64_t t = edges[rng_below(r, 6)] + ((int64_t)rng_below(r, 6 * 1440) - 3 * 1440) * MINUTE,
            until, next;
    struct window_week w;

    t += (int64_t)rng_below(r, MINUTE);
    random_week(r, &w);
    if (window_open_at(&w, zone, t, &until) != inside(&w, zone, t))
        return "open and closed are mixed up";
    next = window_next_open(&w, zone, t);
    if (inside(&w, zone, t)) {
        if (next != t)
            return "open now, but the next opening is later";
        if (until <= t || (until - t < 6 * 1440LL * MINUTE && inside(&w, zone, until)))
            return "the window goes on after its end";
        for (int64_t m = t; m < until && m < t + 3 * 1440LL * MINUTE; m += MINUTE)
            if (!inside(&w, zone, m))
                return "a promised moment is outside";
        return inside(&w, zone, until - 1) ? NULL : "the last moment is outside";
    }
    if (next >= 0 && (!inside(&w, zone, next) || inside(&w, zone, next - 1)))
        return "the next opening is no opening";
    for (int64_t m = t - t % MINUTE + MINUTE; m < t + 7 * 1440LL * MINUTE && (next < 0 || m < next);
         m += MINUTE)
        if (inside(&w, zone, m))
            return "an earlier opening was missed";
    return NULL;
}

int main(void)
{
    bool ok = prop_check("P6", 3000, check, NULL);

    printf("%s 1 - P6 P8 windows in the contact's zone\n1..1\n", ok ? "ok" : "not ok");
    return !ok;
}
