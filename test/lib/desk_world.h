/* A desk on a real exchange and store with a clock that is moved, and a telephone network that
 * notes whom it is asked to call and answers at once. For properties of who is called when, and in
 * which order. */
#pragma once

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "campaign/campaign.h"
#include "campaign/desk.h"
#include "campaign/exchange.h"
#include "store/store.h"

enum { WORLD_CALLS_MAX = 400 };

/* ---- the network ---------------------------------------------------------------------------- */

struct line {
    struct line_config config;
};

static uint64_t world_dialled[WORLD_CALLS_MAX]; /* numbers, in order */
static _Atomic int world_dials;

static void world_deliver(struct loop_msg *m)
{
    struct line_call *lc = container_of(m, struct line_call, msg);

    lc->done(lc);
}

static int world_open(struct line **out, const struct line_config *config, struct error *err)
{
    struct line *l = calloc(1, sizeof(*l));

    if (!l)
        return -1;
    l->config = *config;
    *out = l;
    return 0;
}

static void world_close(struct line *l)
{
    free(l);
}

static void world_dial(struct line *l, struct line_call *lc, void (*done)(struct line_call *))
{
    if (world_dials < WORLD_CALLS_MAX)
        world_dialled[world_dials] = lc->number;
    lc->done = done;
    lc->outcome.disposition = DISPOSITION_ANSWERED;
    lc->outcome.dialled_ms = lc->outcome.answered_ms = lc->outcome.ended_ms =
        clock_wall_ms(l->config.clock);
    lc->msg.fn = world_deliver;
    world_dials++;
    loop_post(lc->desk, &lc->msg);
}

static void world_recheck(struct line *l)
{
}

static void world_stats(struct line *l, struct line_stats *out)
{
    *out = (struct line_stats){.trunks_ready = true};
}

static bool world_ready(struct line *l, int trunk)
{
    return true;
}

static const struct line_driver world_network = {
    "test", world_open, world_close, world_ready, world_dial, world_recheck, world_stats};

/* ---- the clock: the machine's, moved -------------------------------------------------------- */

static int64_t world_moved_ms;

static int64_t world_wall(const struct clock *c)
{
    return clock_wall_ms(&clock_system) + world_moved_ms;
}

static int64_t world_mono(const struct clock *c)
{
    return clock_mono_us(&clock_system);
}

static const struct clock world_clock = {.mono_us = world_mono, .wall_ms = world_wall};

static inline void world_set_clock(int64_t wall_ms)
{
    world_moved_ms = wall_ms - clock_wall_ms(&clock_system);
}

/* ---- a campaign ----------------------------------------------------------------------------- */

/* settings: further members of its JSON, ending with a comma, or "". */
static inline int world_campaign(const char *settings, struct campaign **out)
{
    char json[2048], audio[600];
    struct error err = {0};
    int rc;

    snprintf(json, sizeof(json),
             "{\"version\":1,\"name\":\"t\",%s\"trunks\":[{\"name\":\"t\",\"host\":\"127.0.0.1\"}],"
             "\"flow\":{\"version\":1,\"start\":\"a\",\"nodes\":{\"a\":{\"type\":\"play\","
             "\"prompt\":\"bye.wav\"}}}}",
             settings);
    snprintf(audio, sizeof(audio), "%s/examples/audio", getenv("KOLCAST_SOURCE"));
    rc = campaign_load_text(json, audio, out, &err);
    if (rc)
        fprintf(stderr, "# %s: %s\n", err.place, err.message);
    return rc;
}

static inline int world_store_campaign(struct store *s, const struct campaign *c, int64_t list_id,
                                       int64_t *id)
{
    struct store_campaign sc = {
        .kind = "voice", .name = "t", .list_id = list_id, .state = CAMPAIGN_STATE_DRAFT};

    snprintf(sc.config_hash, sizeof(sc.config_hash), "%s", c->hash);
    return store_campaign_create(s, &sc, c->canonical, id);
}

/* Runs it until so many were called, and a moment longer: is anybody called who should not be? */
static inline int world_run(const char *db, const struct campaign *c, int64_t campaign_id,
                            int expected)
{
    struct exchange_config config = {.store_url = db,
                                     .clock = &world_clock,
                                     .driver = &world_network,
                                     .line = {.trunk_count = 1, .calls_max = 60}};
    struct error err = {0};
    struct exchange *x = NULL;
    struct desk *d = NULL;
    int rc;

    world_dials = 0;
    memcpy(config.line.trunks, c->trunks, sizeof(config.line.trunks));
    rc = exchange_new(&x, &config, &err);
    if (!rc)
        rc = desk_new(&d, x, &err);
    if (!rc)
        rc = desk_start(d, campaign_id, c, &err);
    if (rc)
        fprintf(stderr, "# %s: %s\n", err.place, err.message);
    for (int i = 0; !rc && i < 3000 && world_dials < expected; i++)
        usleep(10000);
    usleep(20000);
    if (!rc) {
        desk_pause(d);
        desk_wait(d, 30000);
    }
    desk_free(d);
    exchange_free(x);
    return rc;
}

/* ---- a case in a folder of its own ---------------------------------------------------------- */

static inline const char *world_case(struct rng *r,
                                     const char *(*run)(struct rng *r, const char *folder,
                                                        const char *db))
{
    static const char *const names[] = {"db", "db-wal", "db-shm", "people.csv"};
    char folder[] = "/tmp/kolcast-world-XXXXXX", path[80];
    const char *fault;

    if (!mkdtemp(folder))
        return "no folder";
    snprintf(path, sizeof(path), "%s/db", folder);
    fault = run(r, folder, path);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
    return fault;
}

/* ---- local time as the C library tells it: not the zones that the program uses -------------- */

struct world_local {
    int weekday, minute; /* of the day */
    int date;            /* 20261124 */
};

static inline void world_local(const char *zone, int64_t utc_ms, struct world_local *out)
{
    time_t t = utc_ms / 1000;
    struct tm tm;

    setenv("TZ", zone, 1);
    tzset();
    localtime_r(&t, &tm);
    unsetenv("TZ");
    *out = (struct world_local){.weekday = tm.tm_wday,
                                .minute = tm.tm_hour * 60 + tm.tm_min,
                                .date = (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 +
                                        tm.tm_mday};
}

static inline bool world_inside(const struct window_week *w, const struct world_local *l)
{
    for (int i = 0; i < w->days[l->weekday].count; i++)
        if (l->minute >= w->days[l->weekday].spans[i].from_min &&
            l->minute < w->days[l->weekday].spans[i].to_min)
            return true;
    return false;
}
