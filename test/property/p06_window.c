/* P6: no dial outside the window. The promise that a window makes (open until) is held against the
 * definition minute by minute; and a real desk at a random moment calls exactly those who may be
 * called then: by the campaign's hours, their own, holidays, its beginning and its end. */
#include "base/rng.h"
#include "desk_world.h"
#include "prop.h"

enum { MINUTE = 60000, CROWDS = 6, EACH = 3 };

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

static const char *check_promise(struct rng *r, void *arg)
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

    (void)arg;
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

/* ---- the desk ------------------------------------------------------------------------------- */

static struct {
    struct {
        const char *zone, *hours;
        bool open;
    } crowds[CROWDS];
    int64_t now_ms, start_ms, end_ms;
    int open_people;
} world;

static uint64_t number_of(int crowd, int person)
{
    return 972500000000 + (uint64_t)(crowd * EACH + person);
}

static int settings(struct rng *r, char *out, size_t size)
{
    static const char *const windows[] = {"00:00-24:00", "09:00-20:00", "mon-fri 12:00-21:00",
                                          "sun-thu 09:00-20:30; fri 09:00-13:00",
                                          "sat-sun 00:00-12:00,12:30-24:00"};
    char iso[32], start[64] = "", end[64] = "", day[48] = "";
    struct world_local l;

    world.start_ms = world.end_ms = 0;
    if (rng_below(r, 3) == 0) {
        world.start_ms = (world.now_ms / 3600000 + (int64_t)rng_below(r, 5) - 2) * 3600000;
        snprintf(start, sizeof(start), "\"start\":\"%s\",",
                 clock_format_iso(world.start_ms, iso, sizeof(iso)));
    }
    if (rng_below(r, 3) == 0) {
        world.end_ms = (world.now_ms / 3600000 + (int64_t)rng_below(r, 8)) * 3600000;
        if (world.end_ms <= world.start_ms)
            world.end_ms = world.start_ms + 3600000;
        snprintf(end, sizeof(end), "\"end\":\"%s\",",
                 clock_format_iso(world.end_ms, iso, sizeof(iso)));
    }
    if (rng_below(r, 3) == 0) { /* today, somewhere */
        world_local("Asia/Jerusalem", world.now_ms, &l);
        snprintf(day, sizeof(day), "\"holidays\":[\"%04d-%02d-%02d\"],", l.date / 10000,
                 l.date / 100 % 100, l.date % 100);
    }
    return snprintf(
        out, size, "\"windows\":\"%s\",%s%s%s\"pace\":{\"calls_per_second\":900,\"max_calls\":50},",
        windows[rng_below(r, 5)], start, end, day);
}

static bool holiday(const struct campaign *c, int date)
{
    for (int i = 0; i < c->holiday_count; i++)
        if (c->holidays[i].year * 10000 + c->holidays[i].month * 100 + c->holidays[i].day == date)
            return true;
    return false;
}

static void who_may_be_called(const struct campaign *c)
{
    world.open_people = 0;
    for (int i = 0; i < CROWDS; i++) {
        struct window_week own;
        struct world_local l;

        window_always(&own);
        if (world.crowds[i].hours && window_parse(world.crowds[i].hours, &own, NULL))
            abort();
        world_local(world.crowds[i].zone, world.now_ms, &l);
        world.crowds[i].open = world_inside(&c->windows, &l) && world_inside(&own, &l) &&
                               !holiday(c, l.date) &&
                               (!world.start_ms || world.now_ms >= world.start_ms) &&
                               (!world.end_ms || world.now_ms < world.end_ms);
        world.open_people += world.crowds[i].open ? EACH : 0;
    }
}

static int fill(struct store *s, const struct campaign *c, int64_t *id)
{
    struct store_import done;
    int64_t list_id, import_id;
    int rc = store_list_ensure(s, "people", &list_id);

    if (!rc)
        rc = store_import_begin(s, list_id, "x.csv", &import_id);
    if (!rc)
        rc = store_begin(s);
    for (int i = 0; i < CROWDS * EACH && !rc; i++) {
        struct store_contact p = {.number = number_of(i / EACH, i % EACH),
                                  .kind = NUMBER_KIND_MOBILE,
                                  .zone = world.crowds[i / EACH].zone,
                                  .zone_origin = 'c',
                                  .window = world.crowds[i / EACH].hours,
                                  .row = i + 2};

        rc = store_import_row(s, import_id, &p);
    }
    if (!rc)
        rc = store_commit(s);
    if (!rc)
        rc = store_import_finish(s, import_id, &done);
    return rc ? rc : world_store_campaign(s, c, list_id, id);
}

static const char *run(struct rng *r, const char *folder, const char *db)
{
    const char *fault = "the case could not be made";
    struct error err = {0};
    struct campaign *c;
    struct store *s;
    char json[512];
    int64_t id;

    (void)folder;
    settings(r, json, sizeof(json));
    if (world_campaign(json, &c))
        return fault;
    who_may_be_called(c);
    world_set_clock(world.now_ms);
    if (store_open(db, &world_clock, &s, &err) == 0) {
        if (fill(s, c, &id) == 0 && world_run(db, c, id, world.open_people) == 0)
            fault = NULL;
        store_close(s);
    }
    campaign_free(c);
    for (int i = 0; !fault && i < world_dials; i++)
        if (!world.crowds[(world_dialled[i] - number_of(0, 0)) / EACH].open)
            fault = "somebody was called outside the window";
    return fault                              ? fault
           : world_dials != world.open_people ? "not everybody whose window is open was called"
                                              : NULL;
}

static const char *check_desk(struct rng *r, void *arg)
{
    static const char *const zones[] = {"Asia/Jerusalem", "Europe/London", "America/New_York",
                                        "Asia/Kathmandu", "Pacific/Auckland"};
    static const char *const hours[] = {NULL, NULL, "16:00-22:00", "mon,wed 10:00-19:30",
                                        "sat 00:00-24:00"};

    (void)arg;
    for (int i = 0; i < CROWDS; i++) {
        world.crowds[i].zone = zones[rng_below(r, 5)];
        world.crowds[i].hours = hours[rng_below(r, 5)];
    }
    /* Within 2026; nothing opens or closes while the test runs. */
    world.now_ms = 1767225600000LL + (int64_t)rng_below(r, 364 * 96) * 900000 +
                   (int64_t)rng_below(r, 10 * 60000) + 60000;
    return world_case(r, run);
}

int main(void)
{
    bool promise = prop_check("P6 promise", 3000, check_promise, NULL);
    bool desk = prop_check("P6 desk", 40, check_desk, NULL);

    printf("%s 1 - P6 a window keeps its promise\n%s 2 - P6 no dial outside the window\n1..2\n",
           promise ? "ok" : "not ok", desk ? "ok" : "not ok");
    return !(promise && desk);
}
