/* The registry of metrics; with an argument it prints a page for metric_page.py. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/metric.h"

enum { THREADS = 4, ROUNDS = 20000 };

static struct buf page(void)
{
    struct buf b = {.max = 8 << 20};

    assert_int_equal(metric_write(&b), 0);
    return b;
}

static bool shows(const char *line)
{
    struct buf b = page();
    char *found = strstr(b.data, line);
    bool whole = found && (found == b.data || found[-1] == '\n') && found[strlen(line)] == '\n';

    buf_free(&b);
    return whole;
}

static void test_counter(void **state)
{
    struct metric_series *a = metric1(METRIC_CALLS_DIALLED, "north"),
                         *b = metric1(METRIC_CALLS_DIALLED, "south");

    (void)state;
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(a, metric1(METRIC_CALLS_DIALLED, "north"));
    metric_add(a, 2);
    metric_add(b, 40);
    assert_int_equal(metric_value(a), 2);
    assert_int_equal(metric_total(METRIC_CALLS_DIALLED), 42);
    assert_true(shows("kolcast_calls_dialled_total{trunk=\"north\"} 2"));
    assert_true(shows("# TYPE kolcast_calls_dialled_total counter"));
}

static void test_gauge(void **state)
{
    struct metric_series *g = metric(METRIC_CALLS_ACTIVE);

    (void)state;
    assert_true(shows("kolcast_calls_active 0")); /* there before anything happened */
    metric_add(g, 3);
    metric_add(g, -1);
    assert_true(shows("kolcast_calls_active 2"));
    metric_set(g, -7);
    assert_true(shows("kolcast_calls_active -7"));
    metric_set(g, 0);
    assert_true(shows("kolcast_calls_active 0"));
}

/* Whole numbers of a unit are printed exactly. */
static void test_units(void **state)
{
    struct metric_series *t = metric(METRIC_TALK_SECONDS);

    (void)state;
    metric_add(t, 1);
    assert_true(shows("kolcast_talk_seconds_total 0.001"));
    metric_add(t, 1099);
    assert_true(shows("kolcast_talk_seconds_total 1.1"));
    metric_add(t, 900);
    assert_true(shows("kolcast_talk_seconds_total 2"));
    metric_add(t, 9007199254740993 - 2000);
    assert_true(shows("kolcast_talk_seconds_total 9007199254740.993"));
}

static void test_histogram(void **state)
{
    struct metric_series *h = metric(METRIC_STORE_COMMIT);

    (void)state;
    assert_int_equal(metric_quantile(h, 0.5), -1);
    for (int i = 0; i < 90; i++)
        metric_observe(h, 900);
    for (int i = 0; i < 9; i++)
        metric_observe(h, 250000); /* a bound belongs to its bucket */
    metric_observe(h, 60000000);
    assert_int_equal(metric_value(h), 100);
    assert_int_equal(metric_quantile(h, 0.5), 1000);
    assert_int_equal(metric_quantile(h, 0.95), 250000);
    assert_int_equal(metric_quantile(h, 1), -1); /* above the last bound */
    assert_true(shows("kolcast_store_commit_seconds_bucket{le=\"0.0005\"} 0"));
    assert_true(shows("kolcast_store_commit_seconds_bucket{le=\"0.001\"} 90"));
    assert_true(shows("kolcast_store_commit_seconds_bucket{le=\"0.25\"} 99"));
    assert_true(shows("kolcast_store_commit_seconds_bucket{le=\"10\"} 99"));
    assert_true(shows("kolcast_store_commit_seconds_bucket{le=\"+Inf\"} 100"));
    assert_true(shows("kolcast_store_commit_seconds_sum 62.331"));
    assert_true(shows("kolcast_store_commit_seconds_count 100"));
}

/* Two moments make a window; what was before does not count. */
static void test_window(void **state)
{
    struct metric_series *desk = metric1(METRIC_LOOP_LAG, "desk"),
                         *lane = metric1(METRIC_LOOP_LAG, "lane");
    struct metric_counts from, to;
    int64_t n;

    (void)state;
    for (int i = 0; i < 1000; i++)
        metric_observe(desk, 60000000);
    metric_counts(METRIC_LOOP_LAG, &from);
    assert_int_equal(metric_counts_quantile(&from, &from, 0.5, &n), -1);
    assert_int_equal(n, 0);
    for (int i = 0; i < 95; i++)
        metric_observe(desk, 90);
    for (int i = 0; i < 5; i++)
        metric_observe(lane, 20000);
    metric_counts(METRIC_LOOP_LAG, &to);
    assert_int_equal(metric_counts_quantile(&from, &to, 0.95, &n), 100);
    assert_int_equal(n, 100);
    assert_int_equal(metric_counts_quantile(&from, &to, 0.99, &n), 25000);
    metric_observe(lane, 60000000);
    metric_counts(METRIC_LOOP_LAG, &to);
    assert_int_equal(metric_counts_quantile(&from, &to, 1, &n), 10000000); /* the last bound */
}

struct found {
    char name[METRIC_VALUE_MAX];
    int64_t value;
};

static void find(void *arg, const char *first, int64_t value)
{
    struct found *f = arg;

    if (!strcmp(first, f->name))
        f->value = value;
}

static void test_each(void **state)
{
    struct found f = {.name = "each"};

    (void)state;
    metric_add(metric1(METRIC_CALLS_FAILED, "each"), 7);
    metric_each(METRIC_CALLS_FAILED, find, &f);
    assert_int_equal(f.value, 7);
}

static void test_escaping(void **state)
{
    (void)state;
    metric_add(metric1(METRIC_TEXTS, "a\\b\"c\nd"), 1);
    assert_true(shows("kolcast_texts_total{state=\"a\\\\b\\\"c\\nd\"} 1"));
}

/* However many values come in, the page stays small and the total right. */
static void test_bounded(void **state)
{
    struct buf before = page(), after;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        char text[200];

        snprintf(text, sizeof(text), "%dx%0*d", i, 150, 0); /* longer than a value may be */
        metric_add(metric1(METRIC_KEYS, text), 1);
        metric_add(metric2(METRIC_ACTIONS, text, "done"), 1);
    }
    assert_int_equal(metric_total(METRIC_KEYS), 5000);
    assert_int_equal(metric_value(metric1(METRIC_KEYS, "yet another")), 5000 - 16);
    assert_true(shows("kolcast_keys_total{key=\"other\"} 4984"));
    assert_true(shows("kolcast_call_actions_total{action=\"other\",result=\"other\"} 4968"));
    after = page();
    assert_in_range(after.len, before.len, before.len + 16384);
    buf_free(&before);
    buf_free(&after);
}

static void collect(void *arg, struct metric_page *p)
{
    metric_sample(p, METRIC_CAMPAIGN_PACE, arg, NULL, 12500);
    metric_sample(p, METRIC_CAMPAIGN_CALLS, arg, "up", 3);
    metric_sample(p, METRIC_CALLS_RINGING, NULL, NULL, 5);
}

static void test_collectors(void **state)
{
    (void)state;
    assert_int_equal(metric_collector_add(collect, (void *)"3"), 0);
    assert_int_equal(metric_collector_add(collect, (void *)"4"), 0);
    assert_true(shows("kolcast_campaign_pace_cps{campaign=\"3\"} 12.5"));
    assert_true(shows("kolcast_campaign_pace_cps{campaign=\"4\"} 12.5"));
    assert_true(shows("kolcast_campaign_calls{campaign=\"3\",state=\"up\"} 3"));
    assert_true(shows("kolcast_calls_ringing 5")); /* once, and not the stored 0 */
    assert_false(shows("kolcast_calls_ringing 0"));
    metric_collector_remove(collect, (void *)"3");
    assert_false(shows("kolcast_campaign_pace_cps{campaign=\"3\"} 12.5"));
    assert_true(shows("kolcast_campaign_pace_cps{campaign=\"4\"} 12.5"));
    metric_collector_remove(collect, (void *)"4");
    for (int i = 0; i < 64; i++)
        assert_int_equal(metric_collector_add(collect, (void *)"5"), 0);
    assert_int_equal(metric_collector_add(collect, (void *)"5"), -ENOSPC);
    for (int i = 0; i < 64; i++)
        metric_collector_remove(collect, (void *)"5");
    assert_true(shows("kolcast_calls_ringing 0"));
}

static void test_process(void **state)
{
    struct buf b = page();
    long long rss = 0, fds = 0;
    const char *at;

    (void)state;
    at = strstr(b.data, "\nprocess_resident_memory_bytes ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\nprocess_resident_memory_bytes %lld", &rss), 1);
    assert_true(rss > 100000);
    at = strstr(b.data, "\nprocess_open_fds ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\nprocess_open_fds %lld", &fds), 1);
    assert_true(fds >= 3);
    assert_non_null(strstr(b.data, "kolcast_build_info{version=\"" KOLCAST_VERSION "\"} 1\n"));
    buf_free(&b);
    b.max = 100; /* a page that does not fit is an error, not half a page */
    assert_int_equal(metric_write(&b), -ENOSPC);
    buf_free(&b);
}

static atomic_int running;

static void *count(void *arg)
{
    char own[16];

    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(own, sizeof(own), "op%d", i % 200);
        metric_add(metric2(METRIC_HTTP_REQUESTS, own, "200"), 1);
        metric_add(metric1(METRIC_EVENTS, "call.ended"), 1);
        metric_observe(metric1(METRIC_HTTP_SECONDS, own), i);
    }
    atomic_fetch_sub(&running, 1);
    return NULL;
}

/* Nothing is lost, no series is made twice, pages may be made meanwhile. */
static void test_threads(void **state)
{
    pthread_t t[THREADS];

    (void)state;
    atomic_store(&running, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, count, NULL), 0);
    do {
        struct buf b = page();

        buf_free(&b);
    } while (atomic_load(&running) > 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(metric_total(METRIC_HTTP_REQUESTS), THREADS * ROUNDS);
    assert_int_equal(metric_value(metric1(METRIC_EVENTS, "call.ended")), THREADS * ROUNDS);
    assert_int_equal(metric_total(METRIC_HTTP_SECONDS), THREADS * ROUNDS);
    assert_int_equal(metric_value(metric2(METRIC_HTTP_REQUESTS, "op7", "200")),
                     THREADS * (ROUNDS / 200));
}

/* One of each kind, with what needs care. */
static int print_page(void)
{
    struct buf b = {.max = 8 << 20};

    metric_add(metric1(METRIC_CALLS_DIALLED, "צפון \"a\\b\"\nc"), 12);
    metric_set(metric(METRIC_LANE_LOAD), 375);
    for (int64_t us = 1; us < 100000000; us *= 7)
        metric_observe(metric1(METRIC_HTTP_SECONDS, "listCampaigns"), us);
    if (metric_write(&b))
        return 1;
    fwrite(b.data, 1, b.len, stdout);
    buf_free(&b);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counter),    cmocka_unit_test(test_gauge),
        cmocka_unit_test(test_units),      cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_window),     cmocka_unit_test(test_each),
        cmocka_unit_test(test_escaping),   cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_collectors), cmocka_unit_test(test_process),
        cmocka_unit_test(test_threads),
    };

    (void)argv;
    return argc > 1 ? print_page() : cmocka_run_group_tests(tests, NULL, NULL);
}
