/* The desk with a real store and writer; the telephone network is a driver that answers at once, as
 * the number's last digit says. Virtual people, real threads, real time (a second or two). */
#include "campaign/desk.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

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

static const struct line_driver network = {
    "test", net_open, net_close, net_dial, net_recheck, net_stats,
};

/* ---- a campaign of 50 people
 * ---------------------------------------------------------------------- */

static struct {
    char folder[64], db[128];
    struct campaign *campaign;
    struct store *store;
    struct exchange *exchange;
    int64_t list, id;
} place;

static void run_shell(const char *format, const char *a)
{
    char line[256];

    snprintf(line, sizeof(line), format, a);
    assert_int_equal(system(line), 0);
}

/* Another one to the same people. */
static int64_t make_campaign(void)
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

static struct desk *start(void)
{
    struct exchange_config config = {.store_url = place.db,
                                     .clock = &clock_system,
                                     .driver = &network,
                                     .line = {.trunk_count = 1, .calls_max = 40},
                                     .ignore_windows = true};
    struct error err = {0};
    struct desk *d;

    memcpy(config.line.trunks, place.campaign->trunks, sizeof(config.line.trunks));
    if (exchange_new(&place.exchange, &config, &err) || desk_new(&d, place.exchange, &err) ||
        desk_start(d, place.id, place.campaign, &err))
        fail_msg("%s: %s", err.place, err.message);
    return d;
}

static void stop(struct desk *d)
{
    desk_free(d);
    exchange_free(place.exchange);
    place.exchange = NULL;
}

static void test_everybody_is_called(void **state)
{
    struct desk *d = start();
    struct desk_view v;
    struct store_call_totals totals;

    assert_true(desk_wait(d, 20000));
    desk_view(d, &v);
    stop(d);
    assert_int_equal(v.state, CAMPAIGN_STATE_COMPLETED);
    for (unsigned i = 0; i < 50; i++)
        if (net.dialled[i] != (i % 10 == 1 ? 2 : 1)) /* busy is tried once more */
            fail_msg("number %u was dialled %u times", i, net.dialled[i]);
    assert_int_equal(v.targets.by_state[TARGET_STATE_REACHED], 40);
    assert_int_equal(v.targets.by_state[TARGET_STATE_EXHAUSTED], 5);
    assert_int_equal(v.targets.by_state[TARGET_STATE_REFUSED], 5);
    assert_int_equal(store_call_totals(place.store, place.id, &totals), 0);
    assert_int_equal(totals.calls, 55); /* one record a call (S6) */
}

static void test_blacklisted_are_passed_over(void **state)
{
    struct store_black b = {.list = "opt-out", .number = 972500000007, .added_ms = 1};
    bool added;
    struct desk *d;
    struct desk_view v;

    assert_int_equal(store_black_add(place.store, &b, &added), 0);
    d = start();
    assert_true(desk_wait(d, 20000));
    desk_view(d, &v);
    stop(d);
    assert_int_equal(net.dialled[7], 0);
    assert_int_equal(v.targets.by_state[TARGET_STATE_BLACKLISTED], 1);
    assert_int_equal(v.state, CAMPAIGN_STATE_COMPLETED);
}

static void test_abort_and_go_on(void **state)
{
    struct desk_view v;
    struct desk *d;

    net.hold = 1;
    d = start();
    for (int i = 0; i < 500 && net.held_count < 10; i++)
        usleep(10000);
    desk_abort(d);
    assert_true(desk_wait(d, 20000));
    desk_view(d, &v);
    stop(d);
    assert_true(net.hung_up);
    assert_int_equal(v.state, CAMPAIGN_STATE_PAUSED);
    assert_int_equal(v.targets.by_state[TARGET_STATE_CLAIMED], 0);
    assert_true(v.targets.by_state[TARGET_STATE_WAITING] >= 10);
}

static void test_pause_without_calls_gives_all_back(void **state)
{
    struct desk *d = start();
    struct desk_view v;

    desk_pause(d);
    assert_true(desk_wait(d, 20000));
    stop(d);
    memset(&net, 0, sizeof(net));
    d = start();
    assert_true(desk_wait(d, 20000));
    desk_view(d, &v);
    stop(d);
    assert_int_equal(v.state, CAMPAIGN_STATE_COMPLETED);
    assert_int_equal(v.targets.by_state[TARGET_STATE_REACHED], 40);
}

/* ---- two campaigns on one exchange --------------------------------------------------------- */

enum { BOTH_CPS = 40, BOTH_CALLS = 12 };

static void start_two(struct desk *d[2])
{
    struct exchange_config config = {.store_url = place.db,
                                     .clock = &clock_system,
                                     .driver = &network,
                                     .line = {.trunk_count = 1, .calls_max = BOTH_CALLS},
                                     .cps_max = BOTH_CPS,
                                     .ignore_windows = true};
    int64_t ids[2] = {place.id, make_campaign()};
    struct error err = {0};

    memcpy(config.line.trunks, place.campaign->trunks, sizeof(config.line.trunks));
    if (exchange_new(&place.exchange, &config, &err))
        fail_msg("%s: %s", err.place, err.message);
    for (int i = 0; i < 2; i++)
        if (desk_new(&d[i], place.exchange, &err) || desk_start(d[i], ids[i], place.campaign, &err))
            fail_msg("%s: %s", err.place, err.message);
}

static void stop_two(struct desk *d[2])
{
    desk_free(d[0]);
    stop(d[1]);
}

static void test_two_campaigns_share_the_rate(void **state)
{
    struct desk *d[2];
    struct desk_view v;

    start_two(d);
    for (int i = 0; i < 2; i++) {
        assert_true(desk_wait(d[i], 60000));
        desk_view(d[i], &v);
        assert_int_equal(v.state, CAMPAIGN_STATE_COMPLETED);
        assert_int_equal(v.targets.by_state[TARGET_STATE_REACHED], 40);
    }
    stop_two(d);
    assert_int_equal(net.count, 110); /* 55 each */
    for (unsigned i = BOTH_CPS; i < net.count; i++)
        assert_true(net.at_us[i] - net.at_us[i - BOTH_CPS] > 1000000); /* S5 over both */
}

static void test_two_campaigns_share_the_lines(void **state)
{
    struct desk *d[2];
    struct desk_view v[2];

    net.hold = 1;
    start_two(d);
    for (int i = 0; i < 1000 && net.held_count < BOTH_CALLS; i++)
        usleep(10000);
    usleep(300000);
    assert_int_equal(net.held_count, BOTH_CALLS);
    desk_abort(d[0]);
    assert_true(desk_wait(d[0], 20000));
    desk_view(d[0], &v[0]);
    assert_int_equal(v[0].state, CAMPAIGN_STATE_PAUSED);
    /* The other's calls go on, and it takes the lines that are free now. */
    for (int i = 0; i < 1000 && net.held_count < BOTH_CALLS; i++)
        usleep(10000);
    assert_int_equal(net.held_count, BOTH_CALLS);
    pthread_mutex_lock(&net_lock);
    for (unsigned i = 0; i < BOTH_CALLS; i++)
        assert_int_not_equal(net.held[i]->campaign_id, place.id);
    pthread_mutex_unlock(&net_lock);
    assert_false(desk_wait(d[1], 0));
    stop_two(d);
    assert_int_equal(net.held_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_everybody_is_called, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_blacklisted_are_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_abort_and_go_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pause_without_calls_gives_all_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_campaigns_share_the_rate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_campaigns_share_the_lines, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("campaign/desk", tests, NULL, NULL);
}
