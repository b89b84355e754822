/* The desk on a real exchange with a real store and writer; the telephone network is place.h's.
 * Virtual people, real threads, real time (a second or two). */
#include "campaign/desk.h"

#include "place.h"

static struct exchange *exchange;

static struct desk *start(void)
{
    struct exchange_config config = {.store_url = place.db,
                                     .clock = &clock_system,
                                     .driver = &network,
                                     .line = {.trunk_count = 1, .calls_max = 40}};
    struct error err = {0};
    struct desk *d = NULL;

    memcpy(config.line.trunks, place.campaign->trunks, sizeof(config.line.trunks));
    if (exchange_new(&exchange, &config, &err) || desk_new(&d, exchange, &err) ||
        desk_start(d, place.id, place.campaign, &err))
        fail_msg("%s: %s", err.place, err.message);
    return d;
}

static void stop(struct desk *d)
{
    desk_free(d);
    exchange_free(exchange);
    exchange = NULL;
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
    struct desk *d = NULL;
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
    struct desk *d = NULL;

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
                                     .cps_max = BOTH_CPS};
    int64_t ids[2] = {place.id, make_campaign()};
    struct error err = {0};

    memcpy(config.line.trunks, place.campaign->trunks, sizeof(config.line.trunks));
    if (exchange_new(&exchange, &config, &err))
        fail_msg("%s: %s", err.place, err.message);
    for (int i = 0; i < 2; i++)
        if (desk_new(&d[i], exchange, &err) || desk_start(d[i], ids[i], place.campaign, &err))
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

/* ---- the time of day is set while it runs -------------------------------------------------- */

static _Atomic int64_t set_by_ms;

static int64_t set_wall(const struct clock *c)
{
    return clock_wall_ms(&clock_system) + atomic_load(&set_by_ms);
}

static int64_t unset_mono(const struct clock *c)
{
    return clock_mono_us(&clock_system);
}

static const struct clock settable = {.mono_us = unset_mono, .wall_ms = set_wall};

static void await_calls(struct desk *d, int64_t reached)
{
    struct desk_view v = {0};

    for (int i = 0; i < 2000 && v.targets.by_state[TARGET_STATE_REACHED] < reached; i++) {
        usleep(10000);
        desk_view(d, &v);
    }
    if (v.targets.by_state[TARGET_STATE_REACHED] < reached)
        fail_msg("the desk stands still: %d people were reached of %d",
                 (int)v.targets.by_state[TARGET_STATE_REACHED], (int)reached);
}

/* Once back by a day, once on: everybody is called, no second gets more calls than it may, and what
 * is shown goes on. */
static void set_clock_while_it_runs(int64_t by_ms)
{
    struct exchange_config config = {.store_url = place.db,
                                     .clock = &settable,
                                     .driver = &network,
                                     .line = {.trunk_count = 1, .calls_max = 40},
                                     .cps_max = BOTH_CPS};
    struct error err = {0};
    struct desk *d = NULL;

    atomic_store(&set_by_ms, 0);
    memcpy(config.line.trunks, place.campaign->trunks, sizeof(config.line.trunks));
    if (exchange_new(&exchange, &config, &err) || desk_new(&d, exchange, &err) ||
        desk_start(d, place.id, place.campaign, &err))
        fail_msg("%s: %s", err.place, err.message);
    await_calls(d, 3);
    atomic_store(&set_by_ms, by_ms);
    await_calls(d, 40);
    desk_pause(d);
    assert_true(desk_wait(d, 20000));
    stop(d);
    for (unsigned i = BOTH_CPS; i < net.count; i++)
        assert_true(net.at_us[i] - net.at_us[i - BOTH_CPS] > 1000000); /* S5 */
}

static void test_clock_is_set_back(void **state)
{
    set_clock_while_it_runs(-86400000);
}

static void test_clock_is_set_on(void **state)
{
    set_clock_while_it_runs(86400000);
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
        cmocka_unit_test_setup_teardown(test_clock_is_set_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clock_is_set_on, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("campaign/desk", tests, NULL, NULL);
}
