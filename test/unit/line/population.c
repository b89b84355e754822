/* The simulated carrier's population: shares, groups, repeatability, and what a file may not say.
 */
#include "line/carrier/population.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

static struct population *load(const char *text)
{
    struct error err = {0};
    struct population *p = NULL;
    json_t *root = NULL;

    assert_int_equal(json_load_text(text, strlen(text), "test", &root, &err), 0);
    if (population_load(root, "test", &p, &err)) {
        fprintf(stderr, "# %s: %s\n", err.place, err.message);
        fail();
    }
    json_decref(root);
    return p;
}

static void refused(const char *text, const char *place)
{
    struct error err = {0};
    struct population *p = (struct population *)-1;
    json_t *root = NULL;

    assert_int_equal(json_load_text(text, strlen(text), "test", &root, &err), 0);
    assert_int_equal(population_load(root, "test", &p, &err), -EINVAL);
    assert_ptr_equal(p, (struct population *)-1); /* outputs are written only on success */
    if (!strstr(err.place, place)) {
        fprintf(stderr, "# expected %s, got %s: %s\n", place, err.place, err.message);
        fail();
    }
    json_decref(root);
}

static void test_shares(void **state)
{
    struct population *p = load("{\"version\":1,\"seed\":3,\"default\":{\"shares\":"
                                "{\"answer\":2,\"busy\":1,\"no_answer\":1},"
                                "\"keys\":{\"1\":1,\"none\":3},\"rounds\":1}}");
    unsigned count[BEHAVIOUR_COUNT] = {0}, pressed = 0;
    struct person who;

    (void)state;
    for (uint64_t i = 0; i < 20000; i++) {
        population_draw(p, 972501000000 + i, 0, &who);
        count[who.behaviour]++;
        if (who.behaviour == BEHAVIOUR_ANSWER && who.presses)
            pressed++;
    }
    /* Four standard deviations of a binomial count. */
    assert_true(fabs(count[BEHAVIOUR_ANSWER] - 10000.0) < 4 * sqrt(5000));
    assert_true(fabs(count[BEHAVIOUR_BUSY] - 5000.0) < 4 * sqrt(3750));
    assert_int_equal(count[BEHAVIOUR_ANSWER] + count[BEHAVIOUR_BUSY] + count[BEHAVIOUR_NO_ANSWER],
                     20000);
    assert_true(fabs(pressed - count[BEHAVIOUR_ANSWER] / 4.0) < 4 * sqrt(10000 * 0.25 * 0.75));
    assert_true(fabs(population_share(p, -1, BEHAVIOUR_ANSWER) - 0.5) < 1e-9);
    population_free(p);
}

static void test_repeatable(void **state)
{
    struct population *p, *q;
    struct person a, b;
    int differ = 0;

    (void)state;
    assert_int_equal(population_default(&p), 0);
    assert_int_equal(population_default(&q), 0);
    for (uint64_t i = 1; i < 500; i++) {
        population_draw(p, i, 0, &a);
        population_draw(q, i, 5, &b); /* always alike: the count of calls does not matter */
        assert_memory_equal(&a, &b, sizeof(a));
    }
    population_seed(q, 99);
    for (uint64_t i = 1; i < 500; i++) {
        population_draw(p, i, 0, &a);
        population_draw(q, i, 0, &b);
        differ += memcmp(&a, &b, sizeof(a)) != 0;
    }
    assert_true(differ > 450);
    population_free(p);
    population_free(q);
}

static void test_anew(void **state)
{
    struct population *p = load("{\"version\":1,\"anew\":true}");
    struct person a, b;
    int differ = 0;

    (void)state;
    for (uint64_t i = 1; i < 200; i++) {
        population_draw(p, i, 0, &a);
        population_draw(p, i, 1, &b);
        differ += memcmp(&a, &b, sizeof(a)) != 0;
        population_draw(p, i, 0, &b);
        assert_memory_equal(&a, &b, sizeof(a));
    }
    assert_true(differ > 150);
    population_free(p);
}

static void test_groups(void **state)
{
    struct population *p =
        load("{\"version\":1,\"groups\":["
             "{\"name\":\"wide\",\"prefixes\":[\"+9725\"],\"shares\":{\"busy\":1}},"
             "{\"name\":\"narrow\",\"prefixes\":[\"+97250\"],\"shares\":{\"reject\":1}},"
             "{\"numbers\":[\"+972-50-123 4567\"],\"shares\":{\"abrupt\":1}}]}");
    struct person who;

    (void)state;
    assert_int_equal(population_group_count(p), 3);
    population_draw(p, 972521111111, 0, &who);
    assert_int_equal(who.behaviour, BEHAVIOUR_BUSY);
    population_draw(p, 972501111111, 0, &who);
    assert_int_equal(who.behaviour, BEHAVIOUR_REJECT);
    assert_string_equal(population_group_name(p, who.group), "narrow");
    population_draw(p, 972501234567, 0, &who);
    assert_int_equal(who.behaviour, BEHAVIOUR_ABRUPT);
    assert_int_equal(who.answer_ms, 0);
    assert_in_range(who.hang_up_ms, 1, 50);
    assert_string_equal(population_group_name(p, who.group), "group 3");
    population_draw(p, 97239999999, 0, &who);
    assert_int_equal(who.group, -1);
    population_free(p);
}

static void test_spans(void **state)
{
    struct population *p =
        load("{\"version\":1,\"limits\":{\"calls\":5,\"calls_per_second\":2.5,\"retry_after\":"
             "\"1500ms\"},\"storms\":{\"every\":\"30s\",\"for\":\"2s\"},\"default\":{\"shares\":"
             "{\"answer\":1},\"keys\":{\"1\":1},\"rounds\":8,\"listen\":{\"min\":\"1s\",\"max\":"
             "\"3s\"},\"ring_after\":{\"min\":\"200ms\",\"max\":\"200ms\"},\"answer_after\":"
             "{\"min\":\"1s\",\"max\":\"2s\"},\"hang_up_early\":1,\"hang_up_after\":{\"min\":5,"
             "\"max\":6}}}");
    const struct population_limits *l = population_limits(p);
    struct person who;

    (void)state;
    assert_int_equal(l->calls, 5);
    assert_true(fabs(l->cps - 2.5) < 1e-9);
    assert_int_equal(l->retry_after_s, 2);
    assert_int_equal(l->storm_every_ms, 30000);
    assert_int_equal(l->storm_ms, 2000);
    for (uint64_t i = 1; i < 300; i++) {
        population_draw(p, i, 0, &who);
        assert_int_equal(who.presses, PERSON_PRESSES_MAX);
        for (unsigned k = 0; k < who.presses; k++) {
            assert_int_equal(who.press[k].key, '1');
            assert_in_range(who.press[k].after_ms, 1000, 3000);
        }
        assert_int_equal(who.ring_ms, 200);
        assert_in_range(who.answer_ms, 1200, 2200);
        assert_in_range(who.hang_up_ms, 5000, 6000);
    }
    population_free(p);
}

static void test_refused(void **state)
{
    (void)state;
    refused("[]", "test");
    refused("{}", "version");
    refused("{\"version\":2}", "version");
    refused("{\"version\":1,\"default\":{\"shares\":{\"anser\":1}}}", "anser");
    refused("{\"version\":1,\"default\":{\"shares\":{\"answer\":0}}}", "shares");
    refused("{\"version\":1,\"default\":{\"shares\":[]}}", "shares");
    refused("{\"version\":1,\"default\":{\"keys\":{\"12\":1}}}", "12");
    refused("{\"version\":1,\"default\":{\"listen\":{\"min\":\"3s\",\"max\":\"1s\"}}}", "listen");
    refused("{\"version\":1,\"default\":{\"hang_up_early\":1.5}}", "hang_up_early");
    refused("{\"version\":1,\"default\":7}", "default");
    refused("{\"version\":1,\"groups\":[{\"name\":\"x\"}]}", "groups");
    refused("{\"version\":1,\"groups\":[{\"numbers\":[\"+1\",\"1\"]}]}", "numbers");
    refused("{\"version\":1,\"groups\":[{\"numbers\":[\"0\"]}]}", "numbers");
    refused("{\"version\":1,\"groups\":[{\"prefixes\":[\"12a\"]}]}", "prefixes");
    refused("{\"version\":1,\"groups\":[{\"prefixes\":[\"1234567890123456\"]}]}", "prefixes");
    refused("{\"version\":1,\"storms\":{\"every\":\"2s\",\"for\":\"3s\"}}", "for");
    refused("{\"version\":1,\"limits\":{\"calls\":0}}", "calls");
}

static void test_example(void **state)
{
    const char *source = getenv("KOLCAST_SOURCE");
    struct error err = {0};
    struct population *p;
    char path[512];
    json_t *root;

    (void)state;
    assert_non_null(source);
    snprintf(path, sizeof(path), "%s/examples/population.json", source);
    assert_int_equal(json_load_path(path, &root, &err), 0);
    assert_int_equal(population_load(root, path, &p, &err), 0);
    population_free(p);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),  cmocka_unit_test(test_repeatable),
        cmocka_unit_test(test_anew),    cmocka_unit_test(test_groups),
        cmocka_unit_test(test_spans),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_example),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
