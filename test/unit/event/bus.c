/* The event bus: order, gaps, coming back, many publishers and readers at once. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/metric.h"
#include "base/rng.h"
#include "event/bus.h"

enum { RING = 64, PUBLISHERS = 3, READERS = 3, EACH = 30000 };

static struct clock_virtual now;

static struct bus *open_bus(unsigned size)
{
    struct bus *b;

    clock_virtual_init(&now, 1764000000000);
    assert_int_equal(bus_new(&b, &now.clock, size), 0);
    return b;
}

static void publish(struct bus *b, int64_t n)
{
    bus_publish(b, &(struct event){.type = EVENT_CALL_KEY, .attempt_id = n, .call = {.key = '1'}});
}

static void test_order(void **state)
{
    struct bus *b = open_bus(RING);
    struct bus_cursor first, second;
    struct event e;
    uint64_t missed, seq = 0;

    (void)state;
    publish(b, 0); /* before anyone follows */
    bus_follow(b, &first);
    bus_follow(b, &second);
    assert_int_equal(bus_next(b, &first, &e, &missed), 0);
    for (int i = 1; i <= RING; i++)
        publish(b, i);
    for (int i = 1; i <= RING; i++) {
        assert_int_equal(bus_next(b, &first, &e, &missed), 1);
        assert_int_equal(missed, 0);
        assert_int_equal(e.attempt_id, i);
        assert_int_equal(e.at_ms, 1764000000000);
        assert_true(i == 1 || e.seq == seq + 1);
        seq = e.seq;
    }
    assert_int_equal(bus_next(b, &first, &e, &missed), 0);
    assert_int_equal(bus_next(b, &second, &e, &missed), 1); /* its own place */
    assert_int_equal(e.attempt_id, 1);
    assert_true(seq < 1ull << 53);
    assert_int_equal(bus_publish(NULL, &e), 0);
    bus_free(b);
    bus_free(NULL);
}

static void test_gap(void **state)
{
    struct bus *b = open_bus(RING - 1); /* rounded up */
    struct bus_cursor c;
    struct event e;
    uint64_t missed;
    int64_t before = metric_total(METRIC_EVENTS_MISSED);

    (void)state;
    bus_follow(b, &c);
    for (int i = 0; i < RING + 5; i++)
        publish(b, i);
    assert_int_equal(bus_next(b, &c, &e, &missed), 1);
    assert_int_equal(missed, 5);
    assert_int_equal(e.attempt_id, 5);
    assert_int_equal(metric_total(METRIC_EVENTS_MISSED) - before, 5);
    for (int i = 6; i < RING + 5; i++) {
        assert_int_equal(bus_next(b, &c, &e, &missed), 1);
        assert_int_equal(missed, 0);
        assert_int_equal(e.attempt_id, i);
    }
    assert_int_equal(bus_next(b, &c, &e, &missed), 0);
    bus_free(b);
}

static void test_resume(void **state)
{
    struct bus *b = open_bus(RING), *later;
    struct bus_cursor c;
    struct event e, last;
    uint64_t missed;

    (void)state;
    bus_follow(b, &c);
    for (int i = 0; i < 10; i++)
        publish(b, i);
    for (int i = 0; i < 4; i++)
        bus_next(b, &c, &last, &missed);
    bus_resume(b, &c, last.seq);
    assert_int_equal(bus_next(b, &c, &e, &missed), 1);
    assert_int_equal(missed, 0);
    assert_int_equal(e.attempt_id, 4);
    /* All of it seen: nothing new, nothing missed. */
    bus_resume(b, &c, last.seq + 6);
    assert_int_equal(bus_next(b, &c, &e, &missed), 0);
    assert_int_equal(missed, 0);
    /* After a restart a second later. */
    clock_virtual_advance(&now, 1000000);
    assert_int_equal(bus_new(&later, &now.clock, RING), 0);
    publish(later, 100);
    bus_resume(later, &c, last.seq);
    assert_int_equal(bus_next(later, &c, &e, &missed), 1);
    assert_true(missed > 0);
    assert_int_equal(e.attempt_id, 100);
    /* The clock was set back: the number is from the future. */
    bus_resume(b, &c, e.seq);
    assert_int_equal(bus_next(b, &c, &e, &missed), 1);
    assert_true(missed > 0);
    assert_int_equal(e.attempt_id, 0);
    bus_free(later);
    bus_free(b);
}

static void test_json(void **state)
{
    struct bus *b = open_bus(RING);
    struct bus_cursor c;
    uint64_t missed;
    struct event e = {
        .type = EVENT_CALL_ENDED,
        .campaign_id = 3,
        .attempt_id = 9,
        .number = 972501234567,
        .call = {.disposition = DISPOSITION_BUSY, .sip_status = 486, .trunk = "north"},
    };
    json_t *j;

    (void)state;
    bus_follow(b, &c);
    /* A text that was cut within a letter. */
    memcpy(e.call.reason, "דנ\xd7", 6);
    bus_publish(b, &e);
    assert_int_equal(bus_next(b, &c, &e, &missed), 1);
    j = event_json(&e, false);
    assert_string_equal(json_string_value(json_object_get(j, "type")), "call.ended");
    assert_string_equal(json_string_value(json_object_get(j, "at")), "2025-11-24T16:00:00.000Z");
    assert_string_equal(json_string_value(json_object_get(j, "number")), "+972501234567");
    assert_string_equal(json_string_value(json_object_get(j, "outcome")), "busy");
    assert_string_equal(json_string_value(json_object_get(j, "reason")), "דנ");
    assert_int_equal(json_integer_value(json_object_get(j, "sip_status")), 486);
    assert_int_equal(json_integer_value(json_object_get(j, "seq")), e.seq);
    assert_null(json_object_get(j, "contact_id")); /* there is none */
    json_decref(j);
    j = event_json(&e, true);
    assert_string_equal(json_string_value(json_object_get(j, "number")), "…4567");
    json_decref(j);
    bus_free(b);
}

/* Every type can be shown, whatever is in it, and its name is found again. */
static void test_types(void **state)
{
    (void)state;
    for (int t = 0; t < EVENT_TYPE_COUNT; t++) {
        struct event e = {.type = (enum event_type)t};
        json_t *j = event_json(&e, false);
        char *text = json_dumps(j, 0);

        assert_non_null(text);
        assert_string_equal(json_string_value(json_object_get(j, "type")), event_name(t));
        assert_int_equal(event_from_name(event_name(t)), t);
        assert_true(event_text(t)[0]);
        free(text);
        json_decref(j);
    }
    assert_int_equal(event_from_name("call.hold"), -1);
}

/* ---- many at once ---------------------------------------------------------------------------- */

struct party {
    struct bus *bus;
    atomic_int publishing;
};

struct publisher {
    struct party *party;
    int number;
};

static void *publish_many(void *arg)
{
    struct publisher *p = arg;

    for (int64_t i = 1; i <= EACH; i++) {
        struct event e = {.type = EVENT_CALL_ENDED,
                          .campaign_id = p->number,
                          .attempt_id = i,
                          .contact_id = i * 7,
                          .number = (uint64_t)(i * 13)};

        snprintf(e.call.reason, sizeof(e.call.reason), "%d:%lld", p->number, (long long)i);
        bus_publish(p->party->bus, &e);
    }
    atomic_fetch_sub(&p->party->publishing, 1);
    return NULL;
}

struct reader {
    struct party *party;
    struct bus_waker *waker;
    struct bus_cursor cursor;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool awake;
    uint64_t seen, missed;
    int64_t last[PUBLISHERS];
    const char *fault;
};

static void wake_reader(void *arg)
{
    struct reader *r = arg;

    pthread_mutex_lock(&r->lock);
    r->awake = true;
    pthread_cond_signal(&r->woken);
    pthread_mutex_unlock(&r->lock);
}

static void check(struct reader *r, const struct event *e)
{
    char expected[80];

    snprintf(expected, sizeof(expected), "%lld:%lld", (long long)e->campaign_id,
             (long long)e->attempt_id);
    if (strcmp(expected, e->call.reason) || e->contact_id != e->attempt_id * 7 ||
        e->number != (uint64_t)e->attempt_id * 13)
        r->fault = "an event in pieces of two";
    if (e->attempt_id <= r->last[e->campaign_id])
        r->fault = "one publisher's events out of order";
    r->last[e->campaign_id] = e->attempt_id;
}

/* Sleeps until woken: a wake-up that is lost shows as the time-out. */
static bool sleep_until_woken(struct reader *r)
{
    struct timespec until;
    bool woken;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    pthread_mutex_lock(&r->lock);
    while (!r->awake)
        if (pthread_cond_timedwait(&r->woken, &r->lock, &until))
            break;
    woken = r->awake;
    r->awake = false;
    pthread_mutex_unlock(&r->lock);
    return woken;
}

static void *read_many(void *arg)
{
    struct reader *r = arg;
    const uint64_t all = (uint64_t)PUBLISHERS * EACH;

    while (r->seen + r->missed < all && !r->fault) {
        struct event e;
        uint64_t missed;
        int got;

        bus_arm(r->waker);
        got = bus_next(r->party->bus, &r->cursor, &e, &missed);
        r->missed += missed;
        if (got) {
            r->seen++;
            check(r, &e);
        } else if (r->seen + r->missed < all && !sleep_until_woken(r)) {
            r->fault = "nobody woke it";
        }
    }
    return NULL;
}

/* Every event is seen whole, in order, or told as missed; the counts add up. */
static void party(unsigned ring)
{
    struct party p = {.bus = open_bus(ring)};
    struct publisher publishers[PUBLISHERS];
    struct reader readers[READERS];
    pthread_t threads[PUBLISHERS + READERS];

    atomic_store(&p.publishing, PUBLISHERS);
    for (int i = 0; i < READERS; i++) {
        readers[i] = (struct reader){
            .party = &p, .lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER};
        assert_int_equal(bus_waker_add(p.bus, wake_reader, &readers[i], &readers[i].waker), 0);
        bus_follow(p.bus, &readers[i].cursor); /* before the first event */
        pthread_create(&threads[i], NULL, read_many, &readers[i]);
    }
    for (int i = 0; i < PUBLISHERS; i++) {
        publishers[i] = (struct publisher){.party = &p, .number = i};
        pthread_create(&threads[READERS + i], NULL, publish_many, &publishers[i]);
    }
    for (int i = READERS; i < READERS + PUBLISHERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        if (readers[i].fault)
            fail_msg("%s", readers[i].fault);
        assert_int_equal(readers[i].seen + readers[i].missed, PUBLISHERS * EACH);
        assert_true(readers[i].seen > 0);
    }
    bus_free(p.bus);
}

static void test_party_small_ring(void **state)
{
    (void)state;
    party(8);
}

static void test_party_large_ring(void **state)
{
    (void)state;
    party(1 << 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_party_small_ring),
        cmocka_unit_test(test_party_large_ring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
