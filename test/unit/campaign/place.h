/* A place for tests of the desk and the host: a real store with fifty people and a campaign to
 * them, and a telephone network that is a driver which answers at once, as the number's last digit
 * says. */
#pragma once

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "campaign/campaign.h"
#include "campaign/exchange.h"
#include "store/store.h"

/* ---- the network --------------------------------------------------------------------------------
 */

struct line {
    struct line_config config;
};

static struct {
    unsigned dialled[100];
    int hold; /* calls are kept until let go */
    struct line_call *held[500];
    _Atomic unsigned held_count; /* the test looks while the desks dial */
    bool hung_up;
    int64_t at_us[500]; /* each dial */
    unsigned count;
} net;
static pthread_mutex_t net_lock = PTHREAD_MUTEX_INITIALIZER; /* two desks may dial */

static void deliver(struct loop_msg *m)
{
    struct line_call *lc = container_of(m, struct line_call, msg);

    lc->done(lc);
}

static int net_open(struct line **out, const struct line_config *config, struct error *err)
{
    struct line *l = calloc(1, sizeof(*l));

    l->config = *config;
    *out = l;
    return 0;
}

static void net_close(struct line *l)
{
    free(l);
}

static void finish(struct line *l, struct line_call *lc, enum disposition d)
{
    lc->outcome.disposition = d;
    lc->outcome.dialled_ms = lc->outcome.ended_ms = clock_wall_ms(l->config.clock);
    if (d == DISPOSITION_ANSWERED)
        lc->outcome.answered_ms = lc->outcome.dialled_ms;
    snprintf(lc->outcome.reason, sizeof(lc->outcome.reason), "test");
    lc->msg.fn = deliver;
    loop_post(lc->desk, &lc->msg);
}

static void net_dial(struct line *l, struct line_call *lc, void (*done)(struct line_call *))
{
    unsigned n = lc->number % 100;

    pthread_mutex_lock(&net_lock);
    net.dialled[n]++;
    net.at_us[net.count++ % 500] = clock_mono_us(l->config.clock);
    lc->done = done;
    if (net.hold)
        net.held[net.held_count++] = lc;
    else
        finish(l, lc,
               n % 10 == 1   ? DISPOSITION_BUSY
               : n % 10 == 2 ? DISPOSITION_REJECTED
                             : DISPOSITION_ANSWERED);
    pthread_mutex_unlock(&net_lock);
}

static void net_recheck(struct line *l)
{
    unsigned kept = 0;

    pthread_mutex_lock(&net_lock);
    for (unsigned i = 0; i < net.held_count; i++) {
        if (atomic_load(&net.held[i]->voice->use->ending)) {
            net.hung_up = true;
            finish(l, net.held[i], DISPOSITION_CANCELLED);
        } else {
            net.held[kept++] = net.held[i];
        }
    }
    net.held_count = kept;
    pthread_mutex_unlock(&net_lock);
}

static void net_stats(struct line *l, struct line_stats *out)
{
    *out = (struct line_stats){.trunks_ready = true};
}

static bool net_ready(struct line *l, int trunk)
{
    return true;
}

static const struct line_driver network = {
    "test", net_open, net_close, net_ready, net_dial, net_recheck, net_stats,
};

/* ---- a campaign of 50 people
 * ---------------------------------------------------------------------- */

static struct {
    char folder[64], db[128];
    struct campaign *campaign;
    struct store *store;
    int64_t list, id;
} place;

static void run_shell(const char *format, const char *a)
{
    char line[256];

    snprintf(line, sizeof(line), format, a);
    assert_int_equal(system(line), 0);
}

/* Another one to the same people. */
static inline int64_t make_campaign(void)
{
    struct store_campaign c = {
        .kind = "voice", .name = "t", .list_id = place.list, .state = CAMPAIGN_STATE_DRAFT};
    int64_t id;

    snprintf(c.config_hash, sizeof(c.config_hash), "%s", place.campaign->hash);
    assert_int_equal(store_campaign_create(place.store, &c, place.campaign->canonical, &id), 0);
    return id;
}

static int set_up(void **state)
{
    static const char audio[] = "%s/examples/audio";
    char json[4096], path[600];
    struct error err = {0};
    struct store_campaign sc = {0};
    struct store_import summary;
    int64_t import_id;

    memset(&net, 0, sizeof(net));
    snprintf(place.folder, sizeof(place.folder), "/tmp/kolcast-desk-XXXXXX");
    assert_non_null(mkdtemp(place.folder));
    snprintf(place.db, sizeof(place.db), "%s/kolcast.db", place.folder);
    snprintf(path, sizeof(path), audio, getenv("KOLCAST_SOURCE"));
    snprintf(json, sizeof(json),
             "{\"version\":1,\"name\":\"t\",\"audio\":\"elsewhere\",\"windows\":\"00:00-24:00\","
             "\"pace\":{\"calls_per_"
             "second\":200,\"max_calls\":40},\"retry\":{\"max_attempts\":2,\"busy\":{\"times\":1,"
             "\"after\":\"1s\"}},\"trunks\":[{\"name\":\"t\",\"host\":\"127.0.0.1\"}],\"flow\":{"
             "\"version\":1,\"start\":\"a\",\"nodes\":{\"a\":{\"type\":\"play\",\"prompt\":\"bye."
             "wav\"}}}}");
    if (campaign_load_text(json, path, &place.campaign, &err))
        fail_msg("%s: %s", err.place, err.message);
    place.campaign->any_hour = true;
    assert_int_equal(store_open(place.db, &clock_system, &place.store, &err), 0);
    assert_int_equal(store_list_ensure(place.store, "people", &sc.list_id), 0);
    assert_int_equal(store_import_begin(place.store, sc.list_id, "x.csv", &import_id), 0);
    assert_int_equal(store_begin(place.store), 0);
    for (int i = 0; i < 50; i++) {
        struct store_contact c = {.list_id = sc.list_id,
                                  .import_id = import_id,
                                  .number = 972500000000 + (uint64_t)i,
                                  .kind = NUMBER_KIND_MOBILE,
                                  .zone = "Asia/Jerusalem",
                                  .zone_origin = 'n',
                                  .row = i + 2};

        assert_int_equal(store_import_row(place.store, import_id, &c), 0);
    }
    assert_int_equal(store_commit(place.store), 0);
    assert_int_equal(store_import_finish(place.store, import_id, &summary), 0);
    place.list = sc.list_id;
    place.id = make_campaign();
    return 0;
}

static int tear_down(void **state)
{
    store_close(place.store);
    campaign_free(place.campaign);
    run_shell("rm -r '%s'", place.folder);
    return 0;
}
