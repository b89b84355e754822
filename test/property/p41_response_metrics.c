/* P41: what people do in a call (keys, texts asked for, opting out) moves its metric, and the bus
 * tells each once. Held against the records, the texts and the do-not-call list. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/metric.h"
#include "campaign_fixture.h"
#include "prop.h"

enum { PEOPLE = 30, KEYS = 16 };
static const char keys[KEYS + 1] = "0123456789*#ABCD";

struct tally {
    int64_t keys[KEYS], texts, opt_outs, actions;
};

static void read_metrics(struct tally *f, int sign)
{
    for (int k = 0; k < KEYS; k++)
        f->keys[k] += sign * metric_value(metric1(METRIC_KEYS, (char[]){keys[k], '\0'}));
    f->texts += sign * metric_value(metric1(METRIC_TEXTS, "queued"));
    f->opt_outs += sign * metric_value(metric1(METRIC_OPT_OUTS, "call"));
    f->actions += sign * (metric_value(metric2(METRIC_ACTIONS, "sms", "done")) +
                          metric_value(metric2(METRIC_ACTIONS, "opt_out", "done")));
}

static int add_record(void *arg, const struct store_call *c)
{
    struct tally *f = arg;
    json_t *trace = c->trace_json ? json_loads(c->trace_json, 0, NULL) : NULL, *step;
    size_t i;

    json_array_foreach(json_object_get(trace, "keys"), i, step)
        f->keys[strchr(keys, json_string_value(json_object_get(step, "key"))[0]) - keys]++;
    json_array_foreach(json_object_get(trace, "events"), i, step) f->actions +=
        !strcmp(json_string_value(json_object_get(step, "what")), "action_ok");
    json_decref(trace);
    return 0;
}

static int add_text(void *arg, const struct store_text *t)
{
    ((struct tally *)arg)->texts++;
    return 0;
}

static int add_black(void *arg, const struct store_black *b)
{
    ((struct tally *)arg)->opt_outs++;
    return 0;
}

static void read_bus(struct whole *w, struct tally *f)
{
    struct event e;
    uint64_t missed;

    while (bus_next(w->bus, &w->cursor, &e, &missed)) {
        assert_int_equal(missed, 0);
        if (e.type == EVENT_CALL_KEY)
            f->keys[strchr(keys, e.call.key) - keys]++;
        f->texts += e.type == EVENT_TEXT_QUEUED;
        f->opt_outs += e.type == EVENT_OPT_OUT;
        if (e.type == EVENT_OPT_OUT) { /* told when it is durable, of the right person */
            struct store_black b;

            assert_int_equal(store_black_find(w->store, e.number, &b), 0);
        }
    }
}

static const char *differ(const char *who, const struct tally *a, const struct tally *b)
{
    static char text[160];

    for (int k = 0; k < KEYS; k++)
        if (a->keys[k] != b->keys[k]) {
            snprintf(text, sizeof(text), "%s: key %c %" PRId64 " times, records: %" PRId64, who,
                     keys[k], a->keys[k], b->keys[k]);
            return text;
        }
    if (a->texts == b->texts && a->opt_outs == b->opt_outs && a->actions == b->actions)
        return NULL;
    snprintf(text, sizeof(text),
             "%s: %" PRId64 " texts, %" PRId64 " opt-outs, %" PRId64 " actions; records: %" PRId64
             ", %" PRId64 ", %" PRId64,
             who, a->texts, a->opt_outs, a->actions, b->texts, b->opt_outs, b->actions);
    return text;
}

static const char *check(struct rng *r, void *arg)
{
    struct tally metrics = {0}, records = {0}, bus = {0};
    const char *fault;
    char population[1024];
    struct whole w;

    snprintf(population, sizeof(population),
             "{\"version\":1,\"seed\":%u,\"default\":{\"shares\":{\"answer\":1},"
             "\"keys\":{\"1\":%u,\"9\":%u,\"3\":1,\"#\":1,\"0\":1,\"none\":1},\"rounds\":%u,"
             "\"ring_after\":{\"min\":\"5ms\",\"max\":\"30ms\"},"
             "\"answer_after\":{\"min\":\"10ms\",\"max\":\"200ms\"},"
             "\"listen\":{\"min\":\"50ms\",\"max\":\"300ms\"},\"hang_up_early\":0.2,"
             "\"hang_up_after\":{\"min\":\"10ms\",\"max\":\"800ms\"},\"early_media\":0,"
             "\"patience\":\"20s\"}}",
             (unsigned)rng_below(r, 100000), (unsigned)rng_below(r, 4) + 1,
             (unsigned)rng_below(r, 3) + 1, (unsigned)rng_below(r, 5) + 2);
    whole_open(&w, population, PEOPLE, "\"pace\":{\"calls_per_second\":50,\"max_calls\":30},");
    read_metrics(&metrics, -1);
    whole_run(&w);
    read_metrics(&metrics, 1);
    assert_int_equal(store_call_each(w.store, w.id, add_record, &records), 0);
    assert_int_equal(store_text_each(w.store, w.id, add_text, &records), 0);
    assert_int_equal(store_black_each(w.store, NULL, NULL, add_black, &records), 0);
    read_bus(&w, &bus);
    bus.actions = records.actions; /* a second text of one node is done, but nothing new to tell */
    fault = differ("metrics", &metrics, &records);
    if (!fault)
        fault = differ("bus", &bus, &records);
    if (!fault && records.actions == 0)
        fault = "nobody did anything: nothing was shown";
    whole_close(&w);
    return fault;
}

static void test_p41(void **state)
{
    assert_true(prop_check("P41", 3, check, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_p41)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
