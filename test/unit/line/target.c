/* Which of a trunk's addresses is asked: order, weights, what is down. */
#include "line/sip/target.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static struct sockaddr_storage at(unsigned last)
{
    struct sockaddr_storage a = {.ss_family = AF_INET};

    ((struct sockaddr_in *)&a)->sin_addr.s_addr = htonl(0xc0000200u + last);
    ((struct sockaddr_in *)&a)->sin_port = htons(5060);
    return a;
}

static void add(struct targets *t, unsigned last, uint16_t priority, uint16_t weight)
{
    struct sockaddr_storage a = at(last);

    targets_add(t, &a, priority, weight);
}

static unsigned pick(const struct targets *t, int64_t now)
{
    const struct sockaddr_storage *a = &targets_pick(t, now, random_u32())->addr;

    return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) & 0xff;
}

static void down(struct targets *t, unsigned last, int64_t now)
{
    struct sockaddr_storage a = at(last);

    targets_down(t, &a, now);
}

static bool other(const struct targets *t, unsigned last, int64_t now)
{
    struct sockaddr_storage a = at(last);

    return targets_other(t, &a, now);
}

static void test_priority_and_memory(void **state)
{
    struct targets t = {0}, fresh = {0};

    add(&t, 2, 20, 0);
    add(&t, 1, 10, 0);
    add(&t, 1, 30, 0); /* there already */
    assert_int_equal(t.count, 2);
    assert_int_equal(pick(&t, 0), 1);
    assert_true(other(&t, 1, 0));
    down(&t, 1, 0);
    assert_int_equal(pick(&t, 0), 2);
    assert_false(other(&t, 2, 0));
    down(&t, 2, 1000);
    assert_int_equal(pick(&t, 2000), 1); /* none is up: the one that is down longest */
    add(&fresh, 1, 10, 0);
    add(&fresh, 3, 40, 0);
    targets_renew(&t, &fresh);
    assert_int_equal(t.count, 2);
    assert_int_equal(pick(&t, 2000), 3); /* what is down stays down when DNS says it again */
    assert_int_equal(pick(&t, TARGET_DOWN_MS), 1);
}

static void test_weight(void **state)
{
    struct targets t = {0};
    unsigned count[4] = {0};

    add(&t, 1, 5, 60);
    add(&t, 2, 5, 20);
    add(&t, 3, 5, 20);
    for (int i = 0; i < 30000; i++)
        count[pick(&t, 0)]++;
    assert_in_range(count[1], 17000, 19000);
    assert_in_range(count[2], 5000, 7000);
    down(&t, 1, 0);
    memset(count, 0, sizeof(count));
    for (int i = 0; i < 10000; i++)
        count[pick(&t, 0)]++;
    assert_int_equal(count[1], 0);
    assert_in_range(count[2], 4300, 5700);
}

static void test_limit(void **state)
{
    struct targets t = {0};

    for (unsigned i = 1; i < 100; i++)
        add(&t, i, (uint16_t)(100 - i), 65535);
    assert_int_equal(t.count, TARGETS_MAX);
    assert_int_equal(pick(&t, 0), TARGETS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_priority_and_memory),
        cmocka_unit_test(test_weight),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
