/* The small containers and helpers: arena, buf, list, error, nearest word. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/list.h"
#include "base/nearest.h"
#include "base/rng.h"

static void test_arena(void **state)
{
    struct arena *a;
    struct rng r;
    size_t total = 0;

    (void)state;
    rng_seed(&r, 1);
    assert_int_equal(arena_new(&a, 1 << 20), 0);
    for (int round = 0; round < 3; round++) {
        unsigned char *kept[100];
        size_t sizes[100];

        for (int i = 0; i < 100; i++) {
            sizes[i] = rng_below(&r, 3000);
            kept[i] = arena_alloc(a, sizes[i]);
            assert_non_null(kept[i]);
            assert_int_equal((uintptr_t)kept[i] % 16, 0);
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(kept[i][j], 0); /* zeroed, also after a reset */
            memset(kept[i], i + 1, sizes[i]);
        }
        for (int i = 0; i < 100; i++)
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(kept[i][j], i + 1); /* none overlaps another */
        arena_reset(a);
    }
    while (arena_alloc(a, 10000))
        total += 10000;
    assert_in_range(total, 1 << 19, 1 << 20);
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_null(arena_alloc(a, SIZE_MAX - 8));
    arena_free(a);
    arena_free(NULL);
}

static void test_arena_small_maximum(void **state)
{
    struct arena *a;

    (void)state;
    assert_int_equal(arena_new(&a, 1000), 0);
    assert_non_null(arena_alloc(a, 500));
    assert_null(arena_alloc(a, 600));
    assert_non_null(arena_alloc(a, 400));
    assert_null(arena_alloc(a, 200));
    arena_free(a);
}

static void test_arena_strings(void **state)
{
    struct arena *a;
    char *s;

    (void)state;
    assert_int_equal(arena_new(&a, 0), 0);
    assert_string_equal(arena_strdup(a, ""), "");
    s = arena_strdup(a, "kol");
    assert_string_equal(s, "kol");
    assert_string_equal(arena_strndup(a, "kolcast", 3), "kol");
    assert_string_equal(arena_strndup(a, "kol", 300), "kol");
    arena_free(a);
}

static void test_buf(void **state)
{
    struct buf b = {.max = 1000};
    char block[100];

    (void)state;
    memset(block, 'x', sizeof(block));
    assert_int_equal(buf_append(&b, NULL, 0), 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(buf_append(&b, block, sizeof(block)), 0);
        assert_int_equal(b.data[b.len], '\0');
    }
    assert_int_equal(b.len, 1000);
    assert_int_equal(buf_append(&b, "y", 1), -ENOSPC);
    assert_int_equal(buf_printf(&b, "%d", 1), -ENOSPC);
    assert_int_equal(b.len, 1000); /* a refused piece leaves nothing behind */
    assert_true(b.cap <= 1001);
    buf_reset(&b);
    assert_int_equal(b.len, 0);
    assert_string_equal(b.data, "");
    assert_int_equal(buf_append(&b, block, SIZE_MAX), -ENOSPC);
    assert_int_equal(buf_puts(&b, "a"), 0);
    assert_int_equal(buf_printf(&b, "=%d;%s", 7, ""), 0);
    assert_string_equal(b.data, "a=7;");
    buf_free(&b);
    buf_free(&b);
    assert_null(b.data);
}

static void test_list(void **state)
{
    struct list l;
    struct list_node n[5] = {{0}};
    int i = 0;

    (void)state;
    list_init(&l);
    assert_true(list_empty(&l));
    assert_null(list_first(&l));
    assert_null(list_pop(&l));
    list_append(&l, &n[1]);
    list_append(&l, &n[2]);
    list_prepend(&l, &n[0]);
    list_append(&l, &n[4]);
    list_insert_before(&n[4], &n[3]);
    list_for_each(&l, it) assert_ptr_equal(it, &n[i++]);
    assert_int_equal(i, 5);
    list_remove(&n[2]);
    assert_false(list_linked(&n[2]));
    list_remove(&n[2]); /* in no list: harmless */
    list_for_each_safe(&l, it, next) if (it == &n[0] || it == &n[3]) list_remove(it);
    assert_ptr_equal(list_pop(&l), &n[1]);
    assert_ptr_equal(list_pop(&l), &n[4]);
    assert_true(list_empty(&l));
}

static void test_error(void **state)
{
    struct error err = {0};
    char buf[2048], small[10], longer[2000];

    (void)state;
    assert_int_equal(error_set(NULL, -EIO, "p", "r", "m"), -EIO);
    assert_int_equal(error_set(&err, -EINVAL, "p", "r", "m %d", 1), -EINVAL);
    /* The first wins; the code of the later one is still returned. */
    assert_int_equal(error_set(&err, -EIO, "q", NULL, "echo"), -EIO);
    assert_int_equal(err.code, -EINVAL);
    assert_string_equal(error_text(&err, buf, sizeof(buf)), "p: m 1 (r)");
    assert_string_equal(error_text(&err, small, sizeof(small)), "p: m 1 (r");
    memset(&err, 0, sizeof(err));
    error_set(&err, -EIO, NULL, NULL, "m");
    assert_string_equal(error_text(&err, buf, sizeof(buf)), "m");
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    memset(&err, 0, sizeof(err));
    error_set(&err, -EIO, longer, longer, "%s", longer);
    assert_int_equal(strlen(err.place), ERROR_PLACE_MAX - 1);
    assert_int_equal(strlen(err.message), ERROR_TEXT_MAX - 1);
}

static void test_nearest(void **state)
{
    static const char *const words[] = {"pace", "name", "windows", "max_attempts", NULL};
    static const char *const none[] = {NULL};

    (void)state;
    assert_string_equal(nearest_word("nmae", words), "name");
    assert_string_equal(nearest_word("Pace", words), "pace");
    assert_string_equal(nearest_word("window", words), "windows");
    assert_string_equal(nearest_word("max-attempt", words), "max_attempts");
    assert_null(nearest_word("retry", words));
    assert_null(nearest_word("", words));
    assert_null(nearest_word("x", words));
    assert_null(nearest_word("name", none));
    assert_null(
        nearest_word("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                     words));
}

/* What is quoted in an error came from outside. */
static void test_error_is_clean(void **state)
{
    struct error err = {0};

    (void)state;
    error_set(&err, -EINVAL, "a\nb", "\x1b[2J", "%.5s|\xff|\xc2\x9b|\xed\xa0\x80|\xf0\x9f\x98\x80",
              "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d");
    assert_string_equal(err.place, "a b");
    assert_string_equal(err.remedy, " [2J");
    assert_string_equal(err.message, "\xd7\xa9\xd7\x9c|| ||\xf0\x9f\x98\x80");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena),         cmocka_unit_test(test_arena_small_maximum),
        cmocka_unit_test(test_arena_strings), cmocka_unit_test(test_buf),
        cmocka_unit_test(test_list),          cmocka_unit_test(test_error),
        cmocka_unit_test(test_nearest),       cmocka_unit_test(test_error_is_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
