/* P33: contacts at their best hour come first. Random groups of people in many zones, with hours of
 * their own, a random moment, a real desk on a real store; the order in which the telephone network
 * is asked to call is held against the definition in docs/best-hour.md, hour by hour. The table in
 * that document is the one the program has. */
#include <limits.h>

#include "base/rng.h"
#include "campaign/best_hour.h"
#include "desk_world.h"
#include "prop.h"

enum { GROUPS_MAX = 9, EACH_MAX = 5, PEOPLE_MAX = GROUPS_MAX * EACH_MAX, WEEK = 168 };

struct crowd {
    char zone[40], hours[64]; /* own hours, "" none */
    int people, percent, best;
    bool open;
    int64_t until_ms;
};

static struct {
    struct crowd crowds[GROUPS_MAX];
    int count, open_people;
    int64_t now_ms, end_ms; /* the campaign's end, 0 none */
} world;

/* ---- the definition ------------------------------------------------------------------------- */

static bool open_in_hour(const struct window_week *a, int weekday, int hour)
{
    for (int m = hour * 60; m < hour * 60 + 60; m++)
        for (int i = 0; i < a->days[weekday].count; i++)
            if (m >= a->days[weekday].spans[i].from_min && m < a->days[weekday].spans[i].to_min)
                return true;
    return false;
}

static void rank(const struct campaign *c, struct crowd *w)
{
    zone_id zone = zone_open(w->zone);
    struct window_week own, hours = c->windows;
    struct zone_local l;
    int64_t t;

    window_always(&own);
    if (w->hours[0] && window_parse(w->hours, &own, NULL))
        abort();
    window_intersect(&c->windows, &own, &hours);
    w->open = campaign_open_at(c, w->hours[0] ? &own : NULL, zone, world.now_ms, &w->until_ms);
    zone_to_local(zone, world.now_ms, &l);
    w->best = w->percent = best_hour_percent(zone, l.weekday, l.hour);
    t = world.now_ms - (l.minute * 60 + l.second) * 1000LL - world.now_ms % 1000;
    for (int i = 1; i < WEEK; i++) {
        int h = l.hour + i, day = (l.weekday + h / 24) % 7;

        t += 3600000;
        if (world.end_ms && t >= world.end_ms)
            break;
        if (open_in_hour(&hours, day, h % 24) && best_hour_percent(zone, day, h % 24) > w->best)
            w->best = best_hour_percent(zone, day, h % 24);
    }
}

/* Must a come before b? */
static bool before(const struct crowd *a, const struct crowd *b)
{
    if (a->percent * b->best != b->percent * a->best)
        return a->percent * b->best > b->percent * a->best;
    if (a->percent != b->percent)
        return a->percent > b->percent;
    return a->until_ms < b->until_ms;
}

/* ---- a case --------------------------------------------------------------------------------- */

static void random_world(struct rng *r)
{
    static const char *const zones[] = {
        "Asia/Jerusalem", "Europe/London",    "America/New_York", "America/Los_Angeles",
        "Asia/Kathmandu", "Australia/Sydney", "Asia/Riyadh",      "Pacific/Auckland"};
    static const char *const hours[] = {"",
                                        "",
                                        "09:00-12:00",
                                        "16:00-22:00",
                                        "sun-thu 08:00-20:30; fri 09:00-13:00",
                                        "mon,wed 10:00-19:30",
                                        "sat 00:00-24:00"};

    memset(&world, 0, sizeof(world));
    world.count = 2 + (int)rng_below(r, GROUPS_MAX - 1);
    for (int i = 0; i < world.count; i++) {
        struct crowd *w = &world.crowds[i];
        bool twice = false;

        snprintf(w->zone, sizeof(w->zone), "%s", zones[rng_below(r, 8)]);
        snprintf(w->hours, sizeof(w->hours), "%s", hours[rng_below(r, 7)]);
        for (int k = 0; k < i; k++)
            twice = twice || (!strcmp(w->zone, world.crowds[k].zone) &&
                              !strcmp(w->hours, world.crowds[k].hours));
        if (twice)
            world.count = i; /* one group, one crowd */
        else
            w->people = 1 + (int)rng_below(r, EACH_MAX);
    }
    /* Within 2026; offsets are whole quarters of an hour, none begins while the test runs. */
    world.now_ms = 1767225600000LL + (int64_t)rng_below(r, 364 * 96) * 900000 +
                   (int64_t)rng_below(r, 10 * 60000) + 60000;
    if (rng_below(r, 3) == 0)
        world.end_ms = (world.now_ms / 60000 + 20 + (int64_t)rng_below(r, 4 * 1440)) * 60000;
}

static int load_campaign(struct rng *r, struct campaign **out)
{
    static const char *const windows[] = {"00:00-24:00", "09:00-20:00",
                                          "sun-thu 09:00-20:30; fri 09:00-13:00"};
    char settings[256], end[64] = "", iso[32];

    if (world.end_ms)
        snprintf(end, sizeof(end), "\"end\":\"%s\",",
                 clock_format_iso(world.end_ms, iso, sizeof(iso)));
    snprintf(settings, sizeof(settings),
             "\"windows\":\"%s\",%s\"pace\":{\"calls_per_second\":900,\"max_calls\":%d},",
             windows[rng_below(r, 3)], end, 1 + (int)rng_below(r, 60));
    return world_campaign(settings, out);
}

static int fill_store(struct store *s, const struct campaign *c, int64_t *campaign_id)
{
    struct store_import done;
    int64_t list_id, import_id;
    int rc = store_list_ensure(s, "people", &list_id);

    if (!rc)
        rc = store_import_begin(s, list_id, "x.csv", &import_id);
    if (!rc)
        rc = store_begin(s);
    for (int i = 0; i < world.count && !rc; i++)
        for (int k = 0; k < world.crowds[i].people && !rc; k++) {
            struct store_contact p = {.number = 972500000000 + (uint64_t)(i * EACH_MAX + k),
                                      .kind = NUMBER_KIND_MOBILE,
                                      .zone = world.crowds[i].zone,
                                      .zone_origin = 'c',
                                      .window =
                                          world.crowds[i].hours[0] ? world.crowds[i].hours : NULL,
                                      .row = i * EACH_MAX + k + 2};

            rc = store_import_row(s, import_id, &p);
        }
    if (!rc)
        rc = store_commit(s);
    if (!rc)
        rc = store_import_finish(s, import_id, &done);
    return rc ? rc : world_store_campaign(s, c, list_id, campaign_id);
}

static const struct crowd *crowd_of(uint64_t number)
{
    return &world.crowds[(number - 972500000000) / EACH_MAX];
}

static const char *check_order(void)
{
    if (world_dials != world.open_people)
        return "not everybody whose hours are open was called, or somebody else";
    for (int i = 0; i < world.open_people; i++) {
        const struct crowd *a = crowd_of(world_dialled[i]);

        if (!a->open)
            return "called outside the hours";
        for (int k = 0; k < i; k++)
            if (before(a, crowd_of(world_dialled[k])))
                return "somebody was called before those at a better hour";
    }
    return NULL;
}

/* The decision record of each call tells how good its hour was. */
static int check_record(void *arg, const struct store_call *call)
{
    const struct crowd *w = crowd_of(call->number);
    char expected[128];

    snprintf(expected, sizeof(expected), "\"hour\":{\"pattern\":\"%s\",\"now\":%d,\"best\":%d}",
             BEST_HOUR_PATTERN, w->percent, w->best);
    if (!call->decision_json || !strstr(call->decision_json, expected)) {
        fprintf(stderr, "# %s is not in %s\n", expected,
                call->decision_json ? call->decision_json : "nothing");
        *(const char **)arg = "a decision record without its hour";
    }
    return 0;
}

static const char *run(struct rng *r, const char *folder, const char *db)
{
    const char *fault = "the case could not be made";
    struct campaign *c;
    struct error err = {0};
    struct store *s;
    int64_t id;

    (void)folder;
    if (load_campaign(r, &c))
        return fault;
    for (int i = 0; i < world.count; i++) {
        rank(c, &world.crowds[i]);
        world.open_people += world.crowds[i].open ? world.crowds[i].people : 0;
    }
    world_set_clock(world.now_ms);
    if (store_open(db, &world_clock, &s, &err) == 0) {
        if (fill_store(s, c, &id) == 0 && world_run(db, c, id, world.open_people) == 0) {
            fault = check_order();
            if (!fault)
                store_call_each(s, id, check_record, &fault);
        }
        store_close(s);
    }
    campaign_free(c);
    return fault;
}

static const char *check(struct rng *r, void *arg)
{
    (void)arg;
    random_world(r);
    return world_case(r, run);
}

/* ---- the document --------------------------------------------------------------------------- */

/* "| 18 | 44 | 37 | 43 |": a Monday, a Saturday and a Sunday in London. */
static bool document_agrees(void)
{
    char path[PATH_MAX], line[4096];
    int hours = 0, hour, work, off, rest;
    zone_id london = zone_open("Europe/London"), jerusalem = zone_open("Asia/Jerusalem");
    bool agrees = true;
    FILE *f;

    snprintf(path, sizeof(path), "%s/docs/best-hour.md", getenv("KOLCAST_SOURCE"));
    f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "| %d | %d | %d | %d |", &hour, &work, &off, &rest) != 4)
            continue;
        hours++;
        agrees = agrees && best_hour_percent(london, 1, hour) == work &&
                 best_hour_percent(london, 6, hour) == off &&
                 best_hour_percent(london, 0, hour) == rest &&
                 best_hour_percent(jerusalem, 0, hour) == work &&
                 best_hour_percent(jerusalem, 5, hour) == off &&
                 best_hour_percent(jerusalem, 6, hour) == rest;
    }
    if (f)
        fclose(f);
    return agrees && hours == 24;
}

int main(void)
{
    bool order = prop_check("P33", 40, check, NULL), document = document_agrees();

    printf("%s 1 - P33 contacts at their best hour come first\n"
           "%s 2 - P33 the stated pattern is the one in use\n1..2\n",
           order ? "ok" : "not ok", document ? "ok" : "not ok");
    return !(order && document);
}
