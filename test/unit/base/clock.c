/* Clocks, ISO times, logs and randomness. */
#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/rng.h"

static void test_system(void **state)
{
    int64_t a = clock_mono_us(&clock_system), b = clock_mono_us(&clock_system);

    (void)state;
    assert_true(b >= a);
    assert_true(clock_wall_ms(&clock_system) > 1700000000000);
}

static void test_virtual(void **state)
{
    struct clock_virtual v;

    (void)state;
    clock_virtual_init(&v, 1000);
    assert_int_equal(clock_mono_us(&v.clock), 0);
    assert_int_equal(clock_wall_ms(&v.clock), 1000);
    clock_virtual_advance(&v, 1500);
    clock_virtual_advance(&v, 1500);
    assert_int_equal(clock_mono_us(&v.clock), 3000);
    assert_int_equal(clock_wall_ms(&v.clock), 1003);
}

static void test_iso(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* INT64_MIN: refused */
    } cases[] = {
        {"1970-01-01T00:00:00.000Z", 0},
        {"2026-11-23T21:05:31.250Z", 1795467931250},
        {"2026-11-23T23:05:31.250+02:00", 1795467931250},
        {"2026-11-23T21:05:31Z", 1795467931000},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2023-02-29T00:00:00Z", INT64_MIN},
        {"2026-04-31T00:00:00Z", INT64_MIN},
        {"2026-13-01T00:00:00Z", INT64_MIN},
        {"2026-00-01T00:00:00Z", INT64_MIN},
        {"2026-01-01T24:00:00Z", INT64_MIN},
        {"2026-01-01T00:60:00Z", INT64_MIN},
        {"2026-01-01T00:00:00", INT64_MIN},
        {"2026-01-01T00:00:00Zx", INT64_MIN},
        {"2026-01-01T00:00:00+2:00", INT64_MIN},
        {"2026-01-01T00:00:00+02:60", INT64_MIN},
        {"2026-01-01T00:00:00.Z", INT64_MIN},
        {"2026-11-23T21:05:31.25Z", 1795467931250},
        {"2026-11-23T21:05:31.2509999999Z", 1795467931250},
        {"2026-1-01T00:00:00Z", INT64_MIN},
        {"2026-01-01 00:00:00Z", INT64_MIN},
        {" 2026-01-01T00:00:00Z", INT64_MIN},
        {"", INT64_MIN},
        {"x", INT64_MIN},
    };
    struct rng r;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms = INT64_MIN;
        int rc = clock_parse_iso(cases[i].text, &ms);

        if (ms != cases[i].ms || rc != (cases[i].ms == INT64_MIN ? -EINVAL : 0))
            fail_msg("\"%s\": rc %d, %lld", cases[i].text, rc, (long long)ms);
    }
    rng_seed(&r, 3);
    for (int i = 0; i < 20000; i++) { /* there and back, years 1900 … 9999 */
        int64_t ms = (int64_t)rng_below(&r, 255611289600000) - 2208988800000, back = -1;
        char buf[25];

        assert_ptr_equal(clock_format_iso(ms, buf, sizeof(buf)), buf);
        assert_int_equal(strlen(buf), 24);
        assert_int_equal(clock_parse_iso(buf, &back), 0);
        assert_int_equal(back, ms);
    }
}

static void test_rng_repeats(void **state)
{
    struct rng a, b, c;

    (void)state;
    rng_seed(&a, 5);
    rng_seed(&b, 5);
    rng_seed(&c, 6);
    for (int i = 0; i < 100; i++) {
        uint64_t x = rng_next(&a);

        assert_true(x == rng_next(&b));
        assert_true(x != rng_next(&c));
    }
}

/* rng_below must not favour any value. The worst for a careless remainder is n = 3/4 of 2^64, where
 * the lower third would come twice as often. */
static void test_rng_bias(void **state)
{
    static const uint64_t sizes[] = {2, 3, 6, 7, 10, 100};
    uint64_t big = 3ull << 62;
    int low = 0;
    struct rng r;

    (void)state;
    rng_seed(&r, 7);
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        int seen[100] = {0};
        double chi = 0;

        for (uint64_t i = 0; i < sizes[s] * 1000; i++) {
            uint64_t x = rng_below(&r, sizes[s]);

            assert_true(x < sizes[s]);
            seen[x]++;
        }
        for (uint64_t i = 0; i < sizes[s]; i++)
            chi += (seen[i] - 1000.0) * (seen[i] - 1000.0) / 1000;
        assert_true(chi < (double)sizes[s] + 6 * 14.2); /* fixed seed; far above any fair draw */
    }
    for (int i = 0; i < 30000; i++)
        low += rng_below(&r, big) < big / 3;
    assert_in_range(low, 9600, 10400);
    assert_int_equal(rng_below(&r, 1), 0);
    for (int i = 0; i < 10000; i++) {
        double x = rng_unit(&r);

        assert_true(x >= 0 && x < 1);
    }
}

static void *draw(void *arg)
{
    random_bytes(arg, 64);
    return NULL;
}

static void test_random(void **state)
{
    unsigned char large[5000] = {0}, mine[64], theirs[64];
    int zeros = 0, seen[256] = {0};
    char token[33], one[1] = {'x'};
    pthread_t t;

    (void)state;
    random_bytes(large, sizeof(large));
    for (size_t i = 0; i < sizeof(large); i++)
        zeros += large[i] == 0;
    assert_in_range(zeros, 1, 60);
    /* Across the edge of the buffer nothing is given twice. */
    for (int i = 0; i < 3000; i++)
        assert_true(random_u64() != random_u64());
    (void)random_u32();
    draw(mine);
    pthread_create(&t, NULL, draw, theirs);
    pthread_join(t, NULL);
    assert_memory_not_equal(mine, theirs, sizeof(mine));
    for (int i = 0; i < 200; i++) {
        random_token(token, sizeof(token));
        assert_int_equal(strlen(token), 32);
        assert_int_equal(strspn(token, "0123456789abcdefghijklmnopqrstuvwxyz"), 32);
        for (int k = 0; k < 32; k++)
            seen[(unsigned char)token[k]]++;
    }
    for (const char *c = "0123456789abcdefghijklmnopqrstuvwxyz"; *c; c++)
        assert_in_range(seen[(unsigned char)*c], 100, 260); /* 178 expected */
    random_token(one, 1);
    assert_string_equal(one, "");
    random_token(one, 0);
}

static char logged[2048];
static int lines;

static void keep_line(void *arg, const char *line)
{
    assert_ptr_equal(arg, logged);
    snprintf(logged, sizeof(logged), "%s", line);
    lines++;
}

static void test_log(void **state)
{
    struct log_limit limit = {0};
    char longer[4000];

    (void)state;
    log_set_sink(keep_line, logged);
    log_debug("hidden", "");
    assert_int_equal(lines, 0);
    log_set_level(LOG_DEBUG);
    assert_true(log_enabled(LOG_DEBUG));
    log_debug("shown", "");
    assert_int_equal(lines, 1);
    log_set_level(LOG_INFO);
    log_warn("trunk is slow", "trunk=%s ms=%d", "a\nlevel=error msg=forged\x1b[31m", 5);
    assert_non_null(strstr(logged, " level=warn msg=\"trunk is slow\" trunk=a level=error"));
    assert_null(strchr(logged, '\n')); /* a value from outside cannot start a line of its own */
    assert_null(strchr(logged, '\x1b'));
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    log_error("long", "%s", longer);
    assert_true(strlen(logged) < 1024);
    log_set_sink(NULL, NULL);
    assert_true(log_allow(&limit, 60000));
    assert_false(log_allow(&limit, 60000));
    assert_false(log_allow(&limit, 60000));
    assert_int_equal(limit.held, 2);
}

/* Were the two not of one clock, the wait would be over at once or never. */
static void test_wait(void **state)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int64_t start = clock_mono_us(&clock_system);
    struct timespec until = clock_deadline(50);
    pthread_cond_t changed;
    int rc = 0;

    (void)state;
    clock_cond_init(&changed);
    pthread_mutex_lock(&lock);
    while (!rc)
        rc = pthread_cond_timedwait(&changed, &lock, &until);
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&changed);
    assert_int_equal(rc, ETIMEDOUT);
    assert_true(clock_mono_us(&clock_system) - start >= 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system),   cmocka_unit_test(test_virtual),
        cmocka_unit_test(test_iso),      cmocka_unit_test(test_rng_repeats),
        cmocka_unit_test(test_rng_bias), cmocka_unit_test(test_random),
        cmocka_unit_test(test_log),      cmocka_unit_test(test_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
