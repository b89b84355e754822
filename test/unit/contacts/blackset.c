/* The blacklist in memory: expiry, the later one stays, and many threads at once. */
#include "contacts/blackset.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_expiry(void **state)
{
    struct blackset *b;

    assert_int_equal(blackset_new(&b), 0);
    assert_false(blackset_contains(b, 972501234567, 1000));
    assert_int_equal(blackset_add(b, 0, 0), -EINVAL);
    assert_false(blackset_contains(b, 0, 0));
    assert_int_equal(blackset_add(b, 972501234567, 2000), 0);
    assert_true(blackset_contains(b, 972501234567, 1999));
    assert_false(blackset_contains(b, 972501234567, 2000));
    assert_int_equal(blackset_add(b, 972501234567, 1500), 0); /* the later expiry stays */
    assert_true(blackset_contains(b, 972501234567, 1999));
    assert_int_equal(blackset_add(b, 972501234567, 0), 0); /* for ever */
    assert_true(blackset_contains(b, 972501234567, INT64_MAX - 1));
    assert_int_equal(blackset_add(b, 972501234567, 2000), 0);
    assert_true(blackset_contains(b, 972501234567, 3000));
    assert_int_equal(blackset_count(b), 1);
    blackset_remove(b, 972501234567);
    blackset_remove(b, 0);
    assert_false(blackset_contains(b, 972501234567, 0));
    assert_int_equal(blackset_count(b), 0);
    blackset_free(b);
    blackset_free(NULL);
}

enum { EACH = 20000, THREADS = 3 };

struct worker {
    struct blackset *b;
    uint64_t base;
    int missed;
};

/* Adds its own numbers and sees each at once; removes every second. */
static void *work(void *arg)
{
    struct worker *w = arg;

    for (uint64_t i = 1; i <= EACH; i++) {
        if (blackset_add(w->b, w->base + i, 0) || !blackset_contains(w->b, w->base + i, 5))
            w->missed++;
        if (i % 2 == 0) {
            blackset_remove(w->b, w->base + i);
            w->missed += blackset_contains(w->b, w->base + i, 5);
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    struct blackset *b;

    assert_int_equal(blackset_new(&b), 0);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.b = b, .base = (uint64_t)(i + 1) * 1000000};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].missed, 0);
    }
    assert_int_equal(blackset_count(b), THREADS * EACH / 2);
    for (int i = 0; i < THREADS; i++)
        for (uint64_t k = 1; k <= EACH; k++)
            assert_int_equal(blackset_contains(b, workers[i].base + k, 5), k % 2 == 1);
    blackset_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_expiry),
                                       cmocka_unit_test(test_threads)};

    return cmocka_run_group_tests_name("contacts/blackset", tests, NULL, NULL);
}
