/* The map against a plain array as its model, and the hash's spread. */
#include "base/hash.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static void test_empty(void **state)
{
    struct map m = {0};
    int x;

    (void)state;
    assert_null(map_get(&m, 5));
    assert_false(map_del(&m, 5));
    assert_int_equal(map_put(&m, 0, &x), -EINVAL); /* 0 is not a key */
    assert_null(map_get(&m, 0));
    map_free(&m);
    map_free(&m);
}

enum { KEYS = 600 };

/* Few keys and many deletions, so that runs of full slots form, wrap round the end and break. */
static void test_against_model(void **state)
{
    static char objects[KEYS][2];

    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct map m = {0};
        struct rng r;
        uint64_t keys[KEYS];
        void *model[KEYS] = {0};
        size_t count = 0;
        int span = 10 + (int)(seed * 10 % (KEYS - 10));

        rng_seed(&r, seed);
        for (int i = 0; i < KEYS; i++)
            keys[i] = seed % 2 ? rng_next(&r) | 1 : 972500000000u + (uint64_t)i;
        for (int step = 0; step < 4000; step++) {
            int i = (int)rng_below(&r, (uint64_t)span);

            if (rng_below(&r, 100) < (uint64_t)(step % 1000 < 500 ? 70 : 30)) {
                void *value = objects[i] + rng_below(&r, 2);

                count += model[i] == NULL;
                model[i] = value;
                assert_int_equal(map_put(&m, keys[i], value), 0);
            } else {
                assert_int_equal(map_del(&m, keys[i]), model[i] != NULL);
                count -= model[i] != NULL;
                model[i] = NULL;
            }
            assert_int_equal(m.count, count);
            if (step % 64 == 0)
                for (int k = 0; k < KEYS; k++)
                    assert_ptr_equal(map_get(&m, keys[k]), model[k]);
        }
        map_free(&m);
    }
}

static void test_growth(void **state)
{
    struct map m = {0};

    (void)state;
    for (uint64_t k = 1; k <= 100000; k++)
        assert_int_equal(map_put(&m, k, (void *)(uintptr_t)k), 0);
    assert_int_equal(m.count, 100000);
    assert_true(m.count * 4 <= m.cap * 3);
    assert_int_equal(m.cap & (m.cap - 1), 0);
    for (uint64_t k = 1; k <= 100000; k++)
        assert_ptr_equal(map_get(&m, k), (void *)(uintptr_t)k);
    map_free(&m);
}

/* Neighbouring phone numbers must spread evenly over buckets: chi-squared with 255 degrees. */
static void test_spread(void **state)
{
    int buckets[256] = {0}, bytes[256] = {0};
    double chi = 0, chi_bytes = 0;

    (void)state;
    for (uint64_t i = 0; i < 25600; i++) {
        uint64_t number = 972500000000u + i;

        buckets[hash_u64(number) & 255]++;
        bytes[hash_bytes(&number, sizeof(number), 7) & 255]++;
    }
    for (int i = 0; i < 256; i++) {
        chi += (buckets[i] - 100.0) * (buckets[i] - 100.0) / 100;
        chi_bytes += (bytes[i] - 100.0) * (bytes[i] - 100.0) / 100;
    }
    assert_true(chi < 350); /* 1 in 20,000 by chance, and the input is fixed */
    assert_true(chi_bytes < 350);
}

static void test_bytes(void **state)
{
    char text[32] = "abcdefghijklmnopqrstuvwxyz";

    (void)state;
    assert_true(hash_bytes(text, 9, 1) == hash_bytes(text, 9, 1));
    assert_true(hash_bytes(text, 9, 1) != hash_bytes(text, 9, 2));
    assert_true(hash_bytes("\0", 1, 1) != hash_bytes("\0\0", 2, 1)); /* the length counts */
    for (size_t n = 1; n < 26; n++)
        for (size_t i = 0; i < n; i++) {
            uint64_t before = hash_bytes(text, n, 3);

            text[i] ^= 1;
            assert_true(hash_bytes(text, n, 3) != before); /* each byte counts */
            text[i] ^= 1;
        }
    hash_bytes(NULL, 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),  cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_growth), cmocka_unit_test(test_spread),
        cmocka_unit_test(test_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
