/* Delays that grow, and are forgotten. */
#include "identity/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct throttle_policy policy = {
    .free = 3, .first_ms = 100, .max_ms = 1000, .forget_ms = 10000};

static void test_growth(void **state)
{
    static const int64_t wanted[] = {0, 0, 100, 200, 400, 800, 1000, 1000, 1000};
    struct store_throttle t = {0};

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        throttle_count(&t, &policy, 5000);
        assert_int_equal(throttle_wait(&t, 5000), wanted[i]);
        assert_int_equal(throttle_wait(&t, 5000 + wanted[i]), 0);
    }
    /* However many: the delay has an end, and the arithmetic too. */
    t.count = INT64_MAX - 10;
    throttle_count(&t, &policy, 5000);
    assert_int_equal(throttle_wait(&t, 5000), 1000);
}

static void test_forgetting(void **state)
{
    struct store_throttle t = {0};

    for (int i = 0; i < 5; i++)
        throttle_count(&t, &policy, 1000000);
    assert_int_equal(t.count, 5);
    /* Half the time to forget one, twice: one is forgotten, the rest of the time is not lost. */
    throttle_count(&t, &policy, 1005000);
    assert_int_equal(t.count, 6);
    throttle_count(&t, &policy, 1010000);
    assert_int_equal(t.count, 6);
    throttle_count(&t, &policy, 9000000);
    assert_int_equal(t.count, 1);
    assert_int_equal(throttle_wait(&t, 9000000), 0);
    /* A clock that was set back forgets nothing and holds nobody longer than the maximum. */
    t = (struct store_throttle){.count = 5, .last_ms = 9000000, .next_ms = 0};
    throttle_count(&t, &policy, 1000);
    assert_int_equal(t.count, 6);
    assert_in_range(throttle_wait(&t, 1000), 1, 1000);
}

static void test_refund(void **state)
{
    struct store_throttle t = {0};

    for (int i = 0; i < 4; i++)
        throttle_count(&t, &policy, 1000);
    assert_int_equal(throttle_wait(&t, 1000), 200);
    throttle_refund(&t, &policy, 4, 1000);
    assert_int_equal(t.count, 3);
    assert_int_equal(throttle_wait(&t, 1000), 0);
    /* Somebody else failed meanwhile: their delay stays. */
    throttle_count(&t, &policy, 1000);
    throttle_count(&t, &policy, 1000);
    throttle_refund(&t, &policy, 4, 1000);
    assert_int_equal(t.count, 4);
    assert_int_equal(throttle_wait(&t, 1000), 400);
    t.count = 0;
    throttle_refund(&t, &policy, 0, 1000);
    assert_int_equal(t.count, 0);
}

/* Guesses in a month by somebody who never rests. */
static int64_t guesses(const struct throttle_policy *p)
{
    struct store_throttle t = {0};
    int64_t now = 0, n = 0;

    for (; now < INT64_C(30) * 86400000; n++) {
        now += throttle_wait(&t, now);
        throttle_count(&t, p, now);
    }
    return n;
}

static void test_brute_force(void **state)
{
    assert_in_range(guesses(&throttle_account), 2000, 3000);
    assert_in_range(guesses(&throttle_code), 500, 1000); /* of a million, three right: 0.3 % */
    assert_in_range(guesses(&throttle_address), 10000, 16000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_forgetting),
        cmocka_unit_test(test_refund),
        cmocka_unit_test(test_brute_force),
    };

    return cmocka_run_group_tests_name("throttle", tests, NULL, NULL);
}
