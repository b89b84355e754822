/* The writer: group commit, a job that fails alone, and a disk that fills and is freed again. */
#include "store/writer.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "store_fixture.h"

struct add {
    struct store_job job;
    struct store_black black;
    int fail, done, rc;
};

static int add_run(struct store_job *job, struct store *s)
{
    struct add *a = (struct add *)job;
    bool added;
    int rc = store_black_add(s, &a->black, &added);

    return rc ? rc : a->fail;
}

static void add_done(struct store_job *job, int rc)
{
    struct add *a = (struct add *)job;

    a->done++;
    a->rc = rc;
}

static struct add adding(uint64_t number, int fail)
{
    struct add a = {.job = {.run = add_run, .done = add_done},
                    .black = {.list = "opt-out", .number = number, .source = "test"},
                    .fail = fail};

    memset(a.black.reason, 'x', sizeof(a.black.reason) - 1);
    return a;
}

static bool listed(struct fixture *f, uint64_t number)
{
    struct store_black b;

    return store_black_find(f->store, number, &b) == 0;
}

static void test_group(void **state)
{
    enum { JOBS = 5000 };
    static struct add jobs[JOBS];
    struct fixture f = {0};
    struct store_writer *w;

    assert_int_equal(fixture_open(&f, &clock_system, 3), 0);
    assert_int_equal(store_writer_new(&w, f.path, &clock_system, NULL), 0);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = adding(FIXTURE_FIRST + (uint64_t)i, i % 10 == 7 ? -EINVAL : 0);
        store_writer_post(w, &jobs[i].job);
    }
    store_writer_free(w); /* finishes what is queued */
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].done, 1);
        assert_int_equal(jobs[i].rc, i % 10 == 7 ? -EINVAL : 0);
        assert_int_equal(listed(&f, FIXTURE_FIRST + (uint64_t)i), i % 10 != 7);
    }
    fixture_close(&f);
}

/* P12: the moment the writer says durable, no other connection claims the number. */
static void test_opt_out_at_once(void **state)
{
    struct fixture f = {0};
    struct store_writer *w;
    struct store_claim claims[4];
    int64_t skipped = 0;
    int n;

    assert_int_equal(fixture_open(&f, &clock_system, 3), 0);
    assert_int_equal(store_writer_new(&w, f.path, &clock_system, NULL), 0);
    for (int i = 0; i < 3; i++) {
        struct add a = adding(FIXTURE_FIRST + (uint64_t)i, 0);
        struct store_claim_query q = {.campaign_id = f.campaign,
                                      .group_id = f.group,
                                      .now_ms = clock_wall_ms(&clock_system) + 1};

        if (i == 1)
            continue;
        assert_int_equal(store_writer_do(w, &a.job), 0);
        if (i == 0)
            continue;
        assert_int_equal(store_claim(f.store, &q, claims, 4, &n, &skipped), 0);
        assert_int_equal(n, 1);
        assert_int_equal(claims[0].number, FIXTURE_FIRST + 1);
        assert_int_equal(skipped, 2);
    }
    store_writer_free(w);
    fixture_close(&f);
}

/* A file may not grow further: to the database that is a full disk. */
static void test_disk_full(void **state)
{
    struct rlimit before, tight = {0};
    struct fixture f = {0};
    struct store_writer *w;
    char text[256] = "";
    uint64_t number = FIXTURE_FIRST, first_failed;
    int rc = 0;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(fixture_open(&f, &clock_system, 3), 0);
    assert_int_equal(store_writer_new(&w, f.path, &clock_system, NULL), 0);
    assert_false(store_writer_failing(w, NULL, 0));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight.rlim_cur = 1 << 20;
    tight.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    for (int i = 0; i < 4000 && !rc; i++) {
        struct add a = adding(++number, 0);

        rc = store_writer_do(w, &a.job);
    }
    first_failed = number;
    assert_int_equal(rc, -ENOSPC);
    assert_true(store_writer_failing(w, text, sizeof(text)));
    assert_non_null(strstr(text, "disk is full"));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(listed(&f, first_failed)); /* nothing half stored */
    for (uint64_t i = FIXTURE_FIRST + 1; i < first_failed; i++)
        assert_true(listed(&f, i)); /* all that was acknowledged */
    struct add again = adding(first_failed, 0);

    assert_int_equal(store_writer_do(w, &again.job), 0);
    assert_false(store_writer_failing(w, NULL, 0));
    assert_true(listed(&f, first_failed));
    store_writer_free(w);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_opt_out_at_once),
        cmocka_unit_test(test_disk_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
