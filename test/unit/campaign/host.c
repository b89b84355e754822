/* The host: campaigns side by side in one process, started, paused, ended and put away. */
#include "campaign/host.h"

#include <errno.h>
#include <stdatomic.h>

#include "place.h"

static struct host *host;
static _Atomic int64_t finished[4];
static atomic_uint finished_count;

static void on_finished(void *arg, int64_t id, const struct desk_view *last)
{
    assert_int_not_equal(last->state, CAMPAIGN_STATE_RUNNING);
    finished[atomic_load(&finished_count) % 4] = id;
    atomic_fetch_add(&finished_count, 1);
}

static int set_up_host(void **state)
{
    struct host_config config = {.exchange = {.store_url = place.db,
                                              .clock = &clock_system,
                                              .driver = &network,
                                              .line = {.calls_max = 40}},
                                 .finished = on_finished};
    struct error err = {0};

    if (set_up(state))
        return -1;
    atomic_store(&finished_count, 0);
    config.exchange.store_url = place.db;
    return host_new(&host, &config, &err);
}

static int tear_down_host(void **state)
{
    host_free(host);
    return tear_down(state);
}

/* host_start takes the campaign: another of the same text. */
static struct campaign *another(void)
{
    struct campaign *c;
    struct error err = {0};

    if (campaign_load_text(place.campaign->canonical, place.campaign->folder, &c, &err))
        fail_msg("%s: %s", err.place, err.message);
    return c;
}

static int begin(int64_t id, struct error *err)
{
    struct campaign *c = another();
    int rc = host_start(host, id, c, true, err);

    if (rc)
        campaign_free(c);
    return rc;
}

static void wait_finished(unsigned n)
{
    for (int i = 0; i < 4000 && atomic_load(&finished_count) < n; i++)
        usleep(10000);
    assert_int_equal(atomic_load(&finished_count), n);
}

static void test_no_trunk(void **state)
{
    struct error err = {0};

    assert_int_equal(begin(place.id, &err), -ENODEV);
    assert_string_equal(err.place, "trunks");
}

static void test_side_by_side(void **state)
{
    int64_t second = make_campaign(), ids[HOST_CAMPAIGNS_MAX];
    struct error err = {0};
    struct line_stats s;
    struct desk_view v;

    host_set_trunks(host, place.campaign->trunks, 1);
    assert_false(host_line_stats(host, &s));
    net.hold = 1;
    assert_int_equal(begin(place.id, &err), 0);
    assert_int_equal(begin(second, &err), 0);
    assert_int_equal(begin(second, &err), -EALREADY);
    assert_int_equal(host_running(host, ids), 2);
    assert_true(host_line_stats(host, &s));
    assert_int_equal(host_view(host, second, &v), 0);
    assert_int_equal(v.state, CAMPAIGN_STATE_RUNNING);
    assert_int_equal(host_pause(host, 999), -ENOENT);
    assert_int_equal(host_view(host, 0, &v), -ENOENT);
    for (int i = 0; i < 1000 && net.held_count < 20; i++)
        usleep(10000);
    assert_int_equal(host_abort(host, place.id), 0);
    wait_finished(1);
    assert_int_equal(finished[0], place.id);
    for (int i = 0; i < 200 && host_running(host, ids) > 1; i++)
        usleep(10000);
    assert_int_equal(host_running(host, ids), 1);
    assert_int_equal(ids[0], second);
    assert_false(host_stop(host, 100)); /* its calls are held */
    assert_int_equal(host_abort(host, second), 0);
    assert_true(host_stop(host, 20000));
    assert_false(host_line_stats(host, &s)); /* the lanes are closed */
}

static void test_again_after_its_end(void **state)
{
    struct error err = {0};
    struct desk_view v;

    host_set_trunks(host, place.campaign->trunks, 1);
    assert_int_equal(begin(place.id, &err), 0);
    assert_int_equal(host_pause(host, place.id), 0);
    wait_finished(1);
    assert_true(host_stop(host, 20000));
    assert_int_equal(host_view(host, place.id, &v), -ENOENT);
    assert_int_equal(begin(place.id, &err), 0);
    wait_finished(2);
    assert_int_equal(net.dialled[0], 1);
}

/* S4: not even for a rehearsal. */
static void test_rehearsal_stays_here(void **state)
{
    struct line_trunk_config t = place.campaign->trunks[0];
    struct error err = {0};

    snprintf(t.host, sizeof(t.host), "192.0.2.1");
    host_set_trunks(host, &t, 1);
    assert_int_equal(begin(place.id, &err), -EPERM);
    assert_non_null(strstr(err.message, "192.0.2.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_trunk, set_up_host, tear_down_host),
        cmocka_unit_test_setup_teardown(test_side_by_side, set_up_host, tear_down_host),
        cmocka_unit_test_setup_teardown(test_again_after_its_end, set_up_host, tear_down_host),
        cmocka_unit_test_setup_teardown(test_rehearsal_stays_here, set_up_host, tear_down_host),
    };

    return cmocka_run_group_tests_name("campaign/host", tests, NULL, NULL);
}
