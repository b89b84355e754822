/* P8: windows follow the person's time zone, on the days when clocks change too. People come from a
 * file: some with a zone in their row, some with a number that tells it, some with none; a real
 * desk is started minutes before, at and after a change of the clock in one of their zones. Who is
 * called is held against the C library's local time; each record tells which zone it was and where
 * it is from. */
#include "base/rng.h"
#include "contacts/import.h"
#include "desk_world.h"
#include "prop.h"

enum { QUARTER = 900000, PEOPLE_MAX = 24, EDGES_MAX = 64 };

struct zone_case {
    const char *zone;
    uint64_t number; /* the first of numbers that lie there; 0: none */
};

/* Names as they are derived from numbers: Katmandu without an h. */
static const struct zone_case zones[] = {
    {"Asia/Jerusalem", 972501234000},
    {"Europe/London", 447911123000},
    {"America/New_York", 12125552000},
    {"America/Los_Angeles", 12135552000},
    {"Pacific/Auckland", 64211234000},
    {"Australia/Lord_Howe", 0},
    {"America/Havana", 0},
    {"Africa/Cairo", 201001234000},
    {"America/St_Johns", 0},
    {"Asia/Katmandu", 9779841234000},
};
enum { ZONES = sizeof(zones) / sizeof(zones[0]) };

static struct {
    struct {
        uint64_t number;
        const char *zone, *from;
        bool open;
        int records;
    } people[PEOPLE_MAX];
    int count, open_people;
    int64_t now_ms;
    const char *campaign_zone;
} world;

/* The quarters of 2026 in which a clock is moved. */
static int64_t edges[EDGES_MAX];
static int edge_count;

static int offset_min(const char *zone, int64_t utc_ms)
{
    time_t t = utc_ms / 1000;
    struct tm tm;

    setenv("TZ", zone, 1);
    tzset();
    localtime_r(&t, &tm);
    unsetenv("TZ");
    return (int)(tm.tm_gmtoff / 60);
}

static void find_edges(void)
{
    for (int z = 0; z < ZONES; z++) {
        int64_t t = 1767225600000LL, step = 24 * 4 * (int64_t)QUARTER;

        for (int day = 0; day < 365 && edge_count < EDGES_MAX; day++, t += step) {
            if (offset_min(zones[z].zone, t) == offset_min(zones[z].zone, t + step))
                continue;
            for (int64_t q = t; q < t + step; q += QUARTER)
                if (offset_min(zones[z].zone, q) != offset_min(zones[z].zone, q + QUARTER))
                    edges[edge_count++] = q + QUARTER;
        }
    }
}

static int write_people(struct rng *r, const char *path)
{
    FILE *f = fopen(path, "w");

    if (!f)
        return -1;
    fputs("phone,zone\n", f);
    world.count = 6 + (int)rng_below(r, PEOPLE_MAX - 5);
    for (int i = 0; i < world.count; i++) {
        const struct zone_case *z = &zones[rng_below(r, ZONES)];
        int kind = (int)rng_below(r, 3);

        world.people[i].records = 0;
        world.people[i].zone = z->zone;
        world.people[i].from = "column";
        world.people[i].number = 972521234000 + (uint64_t)i;
        if (kind == 1 && z->number) { /* the number tells */
            world.people[i].from = "number";
            world.people[i].number = z->number + (uint64_t)i;
        } else if (kind == 2) { /* international freephone: nowhere */
            world.people[i].from = "campaign";
            world.people[i].zone = world.campaign_zone;
            world.people[i].number = 80012345000 + (uint64_t)i;
        }
        fprintf(f, "+%llu,%s\n", (unsigned long long)world.people[i].number,
                world.people[i].from[1] == 'o' ? z->zone : "");
    }
    return fclose(f);
}

static void who_may_be_called(const struct campaign *c)
{
    world.open_people = 0;
    for (int i = 0; i < world.count; i++) {
        struct world_local l;

        world_local(world.people[i].zone, world.now_ms, &l);
        world.people[i].open = world_inside(&c->windows, &l);
        world.open_people += world.people[i].open;
    }
}

static int person_of(uint64_t number)
{
    for (int i = 0; i < world.count; i++)
        if (world.people[i].number == number)
            return i;
    return -1;
}

static int check_record(void *arg, const struct store_call *call)
{
    int i = person_of(call->number);
    char zone[80], from[80];

    if (i < 0) {
        *(const char **)arg = "a record of somebody unknown";
        return 0;
    }
    world.people[i].records++;
    snprintf(zone, sizeof(zone), "\"zone\":\"%s\"", world.people[i].zone);
    snprintf(from, sizeof(from), "\"zone_from\":\"%s\"", world.people[i].from);
    if (!call->decision_json || !strstr(call->decision_json, zone) ||
        !strstr(call->decision_json, from)) {
        fprintf(stderr, "# %s %s is not in %s\n", zone, from,
                call->decision_json ? call->decision_json : "nothing");
        *(const char **)arg = "a record without its zone, or where it is from";
    }
    return 0;
}

static const char *check_calls(struct store *s, int64_t id)
{
    const char *fault = NULL;

    for (int i = 0; i < world_dials; i++) {
        int p = person_of(world_dialled[i]);

        if (p < 0 || !world.people[p].open)
            return "somebody was called outside the window of his zone";
    }
    if (world_dials != world.open_people)
        return "not everybody whose window is open was called";
    store_call_each(s, id, check_record, &fault);
    for (int i = 0; i < world.count && !fault; i++)
        if (world.people[i].records != world.people[i].open)
            fault = "calls and records differ";
    return fault;
}

static int import_people(struct store *s, const char *path, int64_t *list_id)
{
    struct import_options o = {.list = "people", .region = "IL"};
    static struct import_summary sum;
    struct error err = {0};
    int rc = import_file(s, path, &o, &sum, &err);

    if (rc || sum.import.accepted != world.count) {
        fprintf(stderr, "# %d of %d people: %s\n", (int)sum.import.accepted, world.count,
                err.message);
        return -1;
    }
    return store_list_find(s, "people", list_id);
}

static const char *run(struct rng *r, const char *folder, const char *db)
{
    /* Night hours: that is when clocks change. */
    static const char *const windows[] = {"00:00-02:00",
                                          "01:00-03:00",
                                          "02:00-02:30",
                                          "02:30-04:00",
                                          "sun 01:30-02:00; fri 02:00-03:00",
                                          "09:00-20:00",
                                          "23:00-24:00"};
    const char *fault = "the case could not be made";
    char path[80], json[256];
    struct error err = {0};
    struct campaign *c;
    struct store *s;
    int64_t id, list_id;

    world.campaign_zone = zones[rng_below(r, ZONES)].zone;
    snprintf(json, sizeof(json),
             "\"time_zone\":\"%s\",\"windows\":\"%s\",\"pace\":{\"calls_per_second\":900,"
             "\"max_calls\":50},",
             world.campaign_zone, windows[rng_below(r, 7)]);
    snprintf(path, sizeof(path), "%s/people.csv", folder);
    if (write_people(r, path) || world_campaign(json, &c))
        return fault;
    who_may_be_called(c);
    world_set_clock(world.now_ms);
    if (store_open(db, &world_clock, &s, &err) == 0) {
        if (import_people(s, path, &list_id) == 0 &&
            world_store_campaign(s, c, list_id, &id) == 0 &&
            world_run(db, c, id, world.open_people) == 0)
            fault = check_calls(s, id);
        store_close(s);
    }
    campaign_free(c);
    return fault;
}

static const char *check(struct rng *r, void *arg)
{
    (void)arg;
    /* Up to three hours from a change, and never so near to a quarter that it comes meanwhile. */
    world.now_ms = edges[rng_below(r, (uint64_t)edge_count)] +
                   ((int64_t)rng_below(r, 24) - 12) * QUARTER + 60000 +
                   (int64_t)rng_below(r, 10 * 60000);
    return world_case(r, run);
}

int main(void)
{
    bool ok;

    find_edges();
    if (edge_count < 10)
        return 1;
    ok = prop_check("P8", 60, check, NULL);
    printf("%s 1 - P8 windows follow the person's time zone, over changes of the clock\n1..1\n",
           ok ? "ok" : "not ok");
    return !ok;
}
