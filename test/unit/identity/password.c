/* What may be a password; Argon2 with a bound on how many run at once. */
#include "identity/password.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/metric.h"

static int rules(const char *password)
{
    return password_rules(password, PASSWORD_MIN, "noa.levi@example.org", "נועה Levinson", NULL);
}

static void test_good(void **state)
{
    static const char *const good[] = {
        "four unlikely green hats", "correct horse battery paperclip", "x7#Kp2!vR9q$",
        "ארבעה כובעים ירוקים",      "passwords are not only words",    "Haifa-Berlin-Oslo-Quito",
        "8305517294046138",         "admin of the quiet orchard",      "levi makes excellent soup",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (rules(good[i]))
            fail_msg("refused: %s", good[i]);
}

static void test_bad(void **state)
{
    static const char *const bad[] = {
        "",
        "short",
        "elevenchars",
        "אחתעשרה123",
        "aaaaaaaaaaaaaa",
        "abababababab",
        "123456789012345",
        "abcdefghijklmnop",
        "ponmlkjihgfedcba",
        "Password12345!",
        "p4ssw0rd2026!!",
        "PASSWORDpassword",
        "qwertyuiop123456",
        "correcthorsebatterystaple",
        "!!welcome2026!!",
        "Kolcast-2026-admin",
        "noa.levi@example.org",
        "Levinson20262026",
        "L3vinson!!!!!2026",
        "iloveyou-iloveyou",
        "changeme changeme 1",
        "long enough but\twith a tab",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (!rules(bad[i]))
            fail_msg("taken: %s", bad[i]);
}

static void test_longest(void **state)
{
    char text[PASSWORD_BYTES_MAX + 2];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i * i % 23);
    text[PASSWORD_BYTES_MAX] = '\0';
    assert_int_equal(rules(text), 0);
    text[PASSWORD_BYTES_MAX] = 'x';
    text[PASSWORD_BYTES_MAX + 1] = '\0';
    assert_int_equal(rules(text), -EINVAL);
}

/* ---- Argon2 --------------------------------------------------------------------------------- */

static const struct password_cost cheap = {64, 1, 1}, dear = {16384, 2, 1};
static const unsigned char salt[PASSWORD_SALT] = "0123456789abcdef";

static void test_hash(void **state)
{
    char text[PASSWORD_TEXT_MAX], broken[PASSWORD_TEXT_MAX];
    int64_t before = metric_total(METRIC_PASSWORD_HASHES);
    struct hasher *h;
    bool stale = true;

    assert_int_equal(hasher_new(&h, &cheap, 1, 1), 0);
    assert_int_equal(hasher_hash(h, "four unlikely green hats", salt, text), 0);
    assert_ptr_equal(strstr(text, "$argon2id$v=19$m=64,t=1,p=1$"), text);
    assert_int_equal(hasher_check(h, text, "four unlikely green hats", &stale), 0);
    assert_false(stale);
    assert_int_equal(hasher_check(h, text, "four unlikely green hat", &stale), -EACCES);
    assert_int_equal(hasher_check(h, NULL, "four unlikely green hats", &stale), -EACCES);
    /* A text that somebody has damaged is nobody's password, and costs as much. */
    for (size_t cut = 0; cut < strlen(text); cut++) {
        snprintf(broken, sizeof(broken), "%.*s", (int)cut, text);
        assert_int_equal(hasher_check(h, broken, "four unlikely green hats", &stale), -EACCES);
    }
    assert_int_equal(metric_total(METRIC_PASSWORD_HASHES) - before, 4 + strlen(text));
    /* Memory that nobody has is not asked for. */
    assert_int_equal(
        hasher_check(h, "$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "x", &stale),
        -EACCES);
    hasher_free(h);
}

static void test_stale(void **state)
{
    char text[PASSWORD_TEXT_MAX];
    struct hasher *old, *now;
    bool stale = false;

    assert_int_equal(hasher_new(&old, &cheap, 1, 1), 0);
    assert_int_equal(hasher_new(&now, &dear, 1, 1), 0);
    assert_int_equal(hasher_hash(old, "four unlikely green hats", salt, text), 0);
    assert_int_equal(hasher_check(now, text, "four unlikely green hats", &stale), 0);
    assert_true(stale);
    hasher_free(old);
    hasher_free(now);
}

enum { THREADS = 12, MAX = 2, WAITING = 3 };

struct crowd {
    struct hasher *h;
    pthread_barrier_t gate;
    _Atomic int right, busy;
};

static void *check(void *arg)
{
    struct crowd *c = arg;
    char text[PASSWORD_TEXT_MAX];
    int rc;

    pthread_barrier_wait(&c->gate);
    rc = hasher_hash(c->h, "four unlikely green hats", salt, text);
    c->right += rc == 0;
    c->busy += rc == -EBUSY;
    return NULL;
}

/* Never more than MAX + WAITING callers inside: the rest is sent away at once. */
static void test_bound(void **state)
{
    struct crowd c = {0};
    int64_t before = metric_total(METRIC_PASSWORD_HASHES);
    pthread_t threads[THREADS];

    assert_int_equal(hasher_new(&c.h, &dear, MAX, WAITING), 0);
    pthread_barrier_init(&c.gate, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, check, &c), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(c.right + c.busy, THREADS);
    assert_int_equal(c.right, metric_total(METRIC_PASSWORD_HASHES) - before);
    assert_true(c.right >= MAX + WAITING);
    pthread_barrier_destroy(&c.gate);
    hasher_free(c.h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good), cmocka_unit_test(test_bad),   cmocka_unit_test(test_longest),
        cmocka_unit_test(test_hash), cmocka_unit_test(test_stale), cmocka_unit_test(test_bound),
    };

    return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
