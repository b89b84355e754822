/* P40: each outcome of a call moves its metric, and nothing else does. People of a drawn crowd are
 * called by real lanes; what the metrics and the bus say is held against the call records. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/metric.h"
#include "campaign_fixture.h"
#include "prop.h"

enum { PEOPLE = 40 };

/* What the store and the bus know, and how far the metrics moved. */
struct tally {
    int64_t ended[DISPOSITION_COUNT], dialled, rang, answered, talk_ms;
};

static void read_metrics(struct tally *f, int sign)
{
    for (int d = 0; d < DISPOSITION_COUNT; d++)
        f->ended[d] += sign * metric_value(metric1(METRIC_CALLS_ENDED, disposition_name(d)));
    f->dialled += sign * metric_value(metric1(METRIC_CALLS_DIALLED, "north"));
    f->rang += sign * metric_value(metric(METRIC_POST_DIAL_DELAY));
    f->answered += sign * metric_value(metric1(METRIC_CALLS_ANSWERED, "north"));
    f->talk_ms += sign * metric_value(metric(METRIC_TALK_SECONDS));
}

static int add_record(void *arg, const struct store_call *c)
{
    struct tally *f = arg;
    const struct call_outcome *o = &c->outcome;

    f->ended[o->disposition]++;
    f->dialled += o->dialled_ms != 0;
    f->rang += o->ringing_ms != 0;
    f->answered += o->answered_ms != 0;
    f->talk_ms += o->answered_ms && o->ended_ms > o->answered_ms ? o->ended_ms - o->answered_ms : 0;
    return 0;
}

static const char *read_bus(struct whole *w, struct tally *f)
{
    struct event e;
    uint64_t missed, before = 0;

    while (bus_next(w->bus, &w->cursor, &e, &missed)) {
        if (missed || (before && e.seq != before + 1))
            return "the bus lost an event";
        before = e.seq;
        if (e.type == EVENT_CALL_ENDED) {
            f->ended[e.call.disposition]++;
            f->talk_ms += e.call.talk_ms;
        }
        f->dialled += e.type == EVENT_CALL_STARTED;
        f->rang += e.type == EVENT_CALL_RINGING;
        f->answered += e.type == EVENT_CALL_ANSWERED;
    }
    return NULL;
}

static void draw_population(struct rng *r, char *out, size_t size)
{
    static const char *const shares[] = {"answer",  "machine",    "busy", "no_answer", "reject",
                                         "unknown", "congestion", "mute", "abrupt"};
    size_t n = (size_t)snprintf(out, size, "{\"version\":1,\"seed\":%u,\"default\":{\"shares\":{",
                                (unsigned)rng_below(r, 100000));

    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
        n += (size_t)snprintf(out + n, size - n, "%s\"%s\":%u", i ? "," : "", shares[i],
                              (unsigned)rng_below(r, 4) + 1);
    snprintf(out + n, size - n,
             "},\"keys\":{\"1\":1,\"5\":1,\"none\":2},\"rounds\":2,"
             "\"ring_after\":{\"min\":\"5ms\",\"max\":\"30ms\"},"
             "\"answer_after\":{\"min\":\"10ms\",\"max\":\"200ms\"},"
             "\"listen\":{\"min\":\"50ms\",\"max\":\"200ms\"},\"hang_up_early\":0.3,"
             "\"hang_up_after\":{\"min\":\"10ms\",\"max\":\"300ms\"},"
             "\"greeting\":{\"min\":\"100ms\",\"max\":\"200ms\"},\"early_media\":0.2,"
             "\"patience\":\"20s\",\"retry_after\":0}}");
}

static void block_some(struct whole *w, struct rng *r)
{
    for (unsigned i = 0; i < 3; i++) {
        struct store_black b = {.number = WHOLE_FIRST + rng_below(r, PEOPLE),
                                .list = "opt-out",
                                .reason = "test",
                                .source = "test"};
        bool added;

        assert_int_equal(store_black_add(w->store, &b, &added), 0);
    }
}

static const char *differ(const char *who, const struct tally *a, const struct tally *records)
{
    static char text[256];

    for (int d = 0; d < DISPOSITION_COUNT; d++)
        if (a->ended[d] != records->ended[d]) {
            snprintf(text, sizeof(text), "%s: %" PRId64 " %s, records: %" PRId64, who, a->ended[d],
                     disposition_name(d), records->ended[d]);
            return text;
        }
    if (a->dialled == records->dialled && a->rang == records->rang &&
        a->answered == records->answered && a->talk_ms == records->talk_ms)
        return NULL;
    snprintf(text, sizeof(text),
             "%s: %" PRId64 " dialled, %" PRId64 " rang, %" PRId64 " answered, %" PRId64
             " ms; records: %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 " ms",
             who, a->dialled, a->rang, a->answered, a->talk_ms, records->dialled, records->rang,
             records->answered, records->talk_ms);
    return text;
}

static const char *check(struct rng *r, void *arg)
{
    struct tally metrics = {0}, records = {0}, bus = {0};
    const char *fault;
    char population[1024];
    struct whole w;

    draw_population(r, population, sizeof(population));
    whole_open(&w, population, PEOPLE,
               "\"pace\":{\"calls_per_second\":50,\"max_calls\":30},"
               "\"ring_timeout\":\"1s\",\"retry\":{\"max_attempts\":2,\"busy\":{\"times\":1,"
               "\"after\":\"1s\"},"
               "\"no_answer\":{\"times\":0},\"congestion\":{\"times\":0},\"failed\":{\"times\":0},"
               "\"machine\":{\"times\":0}},");
    block_some(&w, r);
    read_metrics(&metrics, -1);
    whole_run(&w);
    read_metrics(&metrics, 1);
    assert_int_equal(store_call_each(w.store, w.id, add_record, &records), 0);
    fault = read_bus(&w, &bus);
    if (!fault)
        fault = differ("metrics", &metrics, &records);
    if (!fault)
        fault = differ("bus", &bus, &records);
    if (!fault &&
        (metric_value(metric(METRIC_CALLS_ACTIVE)) || metric_value(metric(METRIC_CALLS_RINGING))))
        fault = "calls are still counted as up or ringing";
    if (!fault && records.ended[DISPOSITION_ANSWERED] == 0)
        fault = "nobody answered: nothing was shown";
    whole_close(&w);
    return fault;
}

static void test_p40(void **state)
{
    assert_true(prop_check("P40", 3, check, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_p40)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
