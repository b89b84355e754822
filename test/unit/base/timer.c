/* The timer wheel against a simple model: a sorted list of (due, order of start). */
#include "base/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static struct wheel *wheel;

static void test_basics(void **state)
{
    struct timer t = {0};

    (void)state;
    assert_int_equal(wheel_new(&wheel, 1000), 0);
    assert_int_equal(wheel_now_ms(wheel), 1000);
    assert_int_equal(wheel_next_ms(wheel), -1);
    assert_false(timer_running(&t));
    timer_stop(&t); /* harmless */
    timer_start(wheel, &t, 50);
    assert_true(timer_running(&t));
    assert_in_range(wheel_next_ms(wheel), 1, 50); /* may be early, never late */
    timer_stop(&t);
    assert_int_equal(wheel_next_ms(wheel), -1);
    wheel_advance(wheel, 500); /* time does not go back */
    assert_int_equal(wheel_now_ms(wheel), 1000);
    wheel_free(wheel);
    wheel_free(NULL);
}

struct counted {
    struct timer t;
    int fired;
    int64_t at;
    int64_t again; /* restart with this delay, 0: do not */
    struct counted *stops;
};

static void count(struct timer *t)
{
    struct counted *c = (struct counted *)t;

    assert_false(timer_running(t)); /* it may be started again or freed from here */
    c->fired++;
    c->at = wheel_now_ms(wheel);
    if (c->again)
        timer_start(wheel, t, c->again);
    if (c->stops)
        timer_stop(&c->stops->t);
}

static void test_at_the_earliest_next_tick(void **state)
{
    static const int64_t delays[] = {-5, 0, 1};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct counted c = {.t.fn = count};

        assert_int_equal(wheel_new(&wheel, 7), 0);
        timer_start(wheel, &c.t, delays[i]);
        wheel_advance(wheel, 7);
        assert_int_equal(c.fired, 0);
        wheel_advance(wheel, 8);
        assert_int_equal(c.fired, 1);
        wheel_free(wheel);
    }
}

static void test_restart_moves(void **state)
{
    struct counted c = {.t.fn = count};

    (void)state;
    assert_int_equal(wheel_new(&wheel, 0), 0);
    timer_start(wheel, &c.t, 10);
    timer_start(wheel, &c.t, 500);
    wheel_advance(wheel, 499);
    assert_int_equal(c.fired, 0);
    wheel_advance(wheel, 500);
    assert_int_equal(c.fired, 1);
    wheel_free(wheel);
}

static void test_from_callbacks(void **state)
{
    struct counted victim = {.t.fn = count}, killer = {.t.fn = count, .stops = &victim},
                   ticker = {.t.fn = count, .again = 20};

    (void)state;
    assert_int_equal(wheel_new(&wheel, 0), 0);
    timer_start(wheel, &killer.t, 100); /* same millisecond: started first, fires first */
    timer_start(wheel, &victim.t, 100);
    timer_start(wheel, &ticker.t, 20);
    wheel_advance(wheel, 1000); /* one big step: each tick still has its own time */
    assert_int_equal(killer.fired, 1);
    assert_int_equal(victim.fired, 0);
    assert_int_equal(ticker.fired, 50);
    assert_int_equal(ticker.at, 1000);
    wheel_free(wheel);
}

static void test_far_future(void **state)
{
    static const int64_t delays[] = {255,
                                     256,
                                     257,
                                     (1 << 14) - 1,
                                     1 << 14,
                                     1 << 20,
                                     (1 << 26) + 3,
                                     ((int64_t)1 << 32) - 1,
                                     (int64_t)1 << 32,
                                     ((int64_t)1 << 32) + 1,
                                     (int64_t)365 * 86400 * 1000 * 3};

    (void)state;
    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        struct counted c = {.t.fn = count};

        assert_int_equal(wheel_new(&wheel, 12345), 0);
        timer_start(wheel, &c.t, delays[i]);
        /* Follow the hints, as a loop does: never late, and they lead there in few steps. */
        for (int steps = 0; !c.fired; steps++) {
            int64_t next = wheel_next_ms(wheel);

            assert_true(next >= 0);
            assert_true(wheel_now_ms(wheel) + next <= 12345 + delays[i]);
            assert_in_range(steps, 0, 64);
            wheel_advance(wheel, wheel_now_ms(wheel) + next);
        }
        assert_int_equal(c.at, 12345 + delays[i]);
        wheel_free(wheel);
    }
}

enum { TIMERS = 200 };

struct modelled {
    struct timer t;
    int64_t due; /* -1: not running */
    uint64_t order;
};

static struct modelled timers[TIMERS];
static uint64_t orders;
static struct rng rng;
static int64_t last_due;
static uint64_t last_order;
static int mistakes;

static void start_modelled(struct modelled *m, int64_t delay)
{
    timer_start(wheel, &m->t, delay);
    m->due = wheel_now_ms(wheel) + (delay > 1 ? delay : 1);
    m->order = ++orders;
}

static int64_t random_delay(void)
{
    static const int64_t scales[] = {4, 300, 20000, 2000000, (int64_t)1 << 33};

    return (int64_t)rng_below(&rng, (uint64_t)scales[rng_below(&rng, 5)]);
}

static void fire_modelled(struct timer *t)
{
    struct modelled *m = (struct modelled *)t;

    mistakes += m->due != wheel_now_ms(wheel);
    mistakes += m->due < last_due || (m->due == last_due && m->order < last_order);
    last_due = m->due;
    last_order = m->order;
    m->due = -1;
    if (rng_below(&rng, 4) == 0)
        start_modelled(m, random_delay());
    if (rng_below(&rng, 8) == 0) {
        struct modelled *other = &timers[rng_below(&rng, TIMERS)];

        timer_stop(&other->t);
        other->due = -1;
    }
}

static void check_model(int64_t now)
{
    int64_t earliest = -1, next = wheel_next_ms(wheel);

    for (int i = 0; i < TIMERS; i++) {
        assert_int_equal(timer_running(&timers[i].t), timers[i].due >= 0);
        if (timers[i].due < 0)
            continue;
        assert_true(timers[i].due > now); /* nothing due was left unfired */
        if (earliest < 0 || timers[i].due < earliest)
            earliest = timers[i].due;
    }
    if (earliest < 0)
        assert_int_equal(next, -1);
    else
        assert_true(next >= 0 && now + next <= earliest);
}

static void test_against_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        int64_t now = (int64_t)(seed * 0x1234567890u);

        rng_seed(&rng, seed);
        memset(timers, 0, sizeof(timers));
        mistakes = 0;
        last_due = -1;
        assert_int_equal(wheel_new(&wheel, now), 0);
        for (int i = 0; i < TIMERS; i++) {
            timers[i].t.fn = fire_modelled;
            timers[i].due = -1;
        }
        for (int step = 0; step < 2000; step++) {
            struct modelled *m = &timers[rng_below(&rng, TIMERS)];

            switch (rng_below(&rng, 4)) {
            case 0:
            case 1:
                start_modelled(m, random_delay());
                break;
            case 2:
                timer_stop(&m->t);
                m->due = -1;
                break;
            case 3:
                now += random_delay() / (int64_t)(1 + rng_below(&rng, 50));
                wheel_advance(wheel, now);
                assert_int_equal(mistakes, 0);
                break;
            }
            if (step % 16 == 0)
                check_model(now);
        }
        wheel_free(wheel);
        for (int i = 0; i < TIMERS; i++) /* forgotten, so that they may be started elsewhere */
            assert_false(timer_running(&timers[i].t));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basics),        cmocka_unit_test(test_at_the_earliest_next_tick),
        cmocka_unit_test(test_restart_moves), cmocka_unit_test(test_from_callbacks),
        cmocka_unit_test(test_far_future),    cmocka_unit_test(test_against_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
