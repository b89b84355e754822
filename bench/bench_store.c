/* The store: processor time of one attempt from its claim to its record, in a list of ten thousand
 * people and in one of a million. What an attempt costs must not depend on how many wait. Also what
 * a start costs: people become targets, once and when nothing is new. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "store/store.h"

enum { BATCH = 32, ATTEMPTS = 20000, ZONES = 8, BLACK_SHARE = 50 };

struct figures {
    double import_s, fill_s, refill_s, attempt_us, groups_us;
};

static char folder[] = "/tmp/kolcast-bench-XXXXXX", db[64];
static const char *const zones[ZONES] = {"Asia/Jerusalem", "Europe/London",   "Europe/Paris",
                                         "Europe/Berlin",  "Europe/Moscow",   "America/New_York",
                                         "Asia/Tokyo",     "Australia/Sydney"};

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int import(struct store *s, int64_t list, int people)
{
    struct store_import done;
    int64_t id;
    int rc = store_import_begin(s, list, "bench", &id);

    rc = rc ? rc : store_begin(s);
    for (int i = 0; i < people && !rc; i++) {
        struct store_contact c = {.number = 972500000000 + (uint64_t)i,
                                  .kind = NUMBER_KIND_MOBILE,
                                  .name = "ישראל ישראלי",
                                  .zone = zones[hash_u64((uint64_t)i + 1) % ZONES],
                                  .zone_origin = 'n',
                                  .window = i % 4   ? NULL
                                            : i % 8 ? "sun-thu 09:00-12:00"
                                                    : "sun-thu 16:00-20:00",
                                  .extra = "{\"city\":\"חיפה\",\"amount\":\"120\"}",
                                  .row = i + 2};

        rc = store_import_row(s, id, &c);
    }
    rc = rc ? rc : store_commit(s);
    return rc ? rc : store_import_finish(s, id, &done);
}

static int blacklist(struct store *s, int people)
{
    int rc = store_begin(s);

    for (int i = 0; i < people && !rc; i += BLACK_SHARE) {
        struct store_black b = {
            .list = "opt-out", .number = 972500000000 + (uint64_t)i, .source = "bench"};
        bool added;

        rc = store_black_add(s, &b, &added);
    }
    return rc ? rc : store_commit(s);
}

struct groups {
    int64_t ids[64];
    int n;
};

static int keep_group(void *arg, const struct store_group *g)
{
    struct groups *all = arg;

    if (all->n < 64)
        all->ids[all->n++] = g->id;
    return 0;
}

static int finish_all(struct store *s, const struct store_claim *claims, int n)
{
    struct call_outcome o = {.disposition = DISPOSITION_BUSY, .sip_status = 486};
    int rc = store_begin(s);

    o.dialled_ms = o.ended_ms = clock_wall_ms(&clock_system);
    for (int i = 0; i < n && !rc; i++) {
        struct store_finish f = {
            .attempt_id = claims[i].attempt_id,
            .outcome = &o,
            .trace_json = "{\"keys\":[{\"at\":1,\"node\":\"a\",\"key\":\"1\"}]}",
            .target_state = i % 4 ? TARGET_STATE_EXHAUSTED : TARGET_STATE_WAITING,
            .due_ms = o.ended_ms + 600000,
            .counts = true};

        rc = store_finish(s, &f);
    }
    return rc ? rc : store_commit(s);
}

static int attempts(struct store *s, int64_t campaign, const struct groups *groups)
{
    static struct store_claim claims[BATCH];
    int64_t skipped = 0;
    int rc = 0;

    for (int done = 0, round = 0; done < ATTEMPTS && !rc; round++) {
        struct store_claim_query q = {.campaign_id = campaign,
                                      .group_id = groups->ids[round % groups->n],
                                      .now_ms = clock_wall_ms(&clock_system),
                                      .day_end_ms = clock_wall_ms(&clock_system) + 86400000,
                                      .attempts_max = 3,
                                      .per_day_max = 2,
                                      .decision = "{\"zone\":\"Asia/Jerusalem\"}"};
        int n = 0;

        rc = store_claim(s, &q, claims, BATCH, &n, &skipped);
        if (!rc)
            rc = finish_all(s, claims, n);
        done += BATCH; /* a small list runs dry: the walks go on */
    }
    return rc;
}

static int measure(int people, struct figures *f)
{
    struct store_campaign c = {.name = "bench", .kind = "voice"};
    struct groups groups = {.n = 0};
    struct error err = {0};
    struct store *s;
    int64_t id, added;
    double at;
    int rc = store_open(db, &clock_system, &s, &err);

    rc = rc ? rc : store_list_ensure(s, "people", &c.list_id);
    at = cpu_s();
    rc = rc ? rc : import(s, c.list_id, people);
    f->import_s = cpu_s() - at;
    rc = rc ? rc : blacklist(s, people);
    rc = rc ? rc : store_campaign_create(s, &c, "{}", &id);
    at = cpu_s();
    rc = rc ? rc : store_target_fill(s, id, &added);
    f->fill_s = cpu_s() - at;
    at = cpu_s();
    rc = rc ? rc : store_target_fill(s, id, &added);
    f->refill_s = cpu_s() - at;
    rc = rc ? rc : store_group_each(s, id, keep_group, &groups);
    at = cpu_s();
    rc = rc ? rc : attempts(s, id, &groups);
    f->attempt_us = (cpu_s() - at) * 1e6 / ATTEMPTS;
    at = cpu_s();
    for (int i = 0; i < 100 && !rc; i++) {
        groups.n = 0;
        rc = store_group_each(s, id, keep_group, &groups);
    }
    f->groups_us = (cpu_s() - at) * 1e6 / 100;
    store_close(s);
    fprintf(
        stderr,
        "%7d people: import %.2f s, fill %.2f s, again %.3f s, attempt %.1f us, groups %.1f us%s\n",
        people, f->import_s, f->fill_s, f->refill_s, f->attempt_us, f->groups_us,
        rc ? ", FAILED" : "");
    return rc;
}

static void clean(void)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char path[80];

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s%s", db, tails[i]);
        unlink(path);
    }
}

int main(int argc, char **argv)
{
    struct figures few, many;
    int rc, people = argc > 1 ? atoi(argv[1]) : 1000000;

    if (people < 40000 || !mkdtemp(folder)) {
        fprintf(stderr, "usage: bench_store [PEOPLE], at least 40000\n");
        return 2;
    }
    snprintf(db, sizeof(db), "%s/kolcast.db", folder);
    rc = measure(40000, &few);
    clean();
    rc = rc ? rc : measure(people, &many);
    clean();
    rmdir(folder);
    if (rc)
        return 1;
    printf("{\"store_attempt_us\":%.1f,\"store_attempt_us_many\":%.1f,\"store_attempt_ratio\":%.2f,"
           "\"store_fill_s\":%.2f,\"store_fill_again_s\":%.3f}\n",
           few.attempt_us, many.attempt_us, many.attempt_us / few.attempt_us, many.fill_s,
           many.refill_s);
    return 0;
}
