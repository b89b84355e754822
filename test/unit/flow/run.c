/* The interpreter against a host that writes down what it is asked for. */
#include "flow/run.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* run comes first: the host finds itself by it. */
struct host {
    struct flow_run run;
    struct flow *flow;
    char log[8192];
    int answer; /* of actions: 1 at once ok, 0 at once failed, -1 later */
};

static void say(struct host *h, const char *format, ...)
{
    size_t n = strlen(h->log);
    va_list ap;

    va_start(ap, format);
    vsnprintf(h->log + n, sizeof(h->log) - n, format, ap);
    va_end(ap);
}

static void on_play(struct flow_run *r, int prompt)
{
    say((struct host *)r, " %s", flow_prompt_name(r->flow, prompt));
}

static void on_stop(struct flow_run *r)
{
    say((struct host *)r, " stop");
}

static void on_timer(struct flow_run *r, int64_t ms)
{
    say((struct host *)r, " t%lld", (long long)ms);
}

static void on_action(struct flow_run *r, const struct flow_action *a)
{
    struct host *h = (struct host *)r;

    say(h, " %s(%s)", flow_action_name(a->type), a->text);
    if (h->answer >= 0)
        flow_action_done(r, h->answer, r->now_ms);
}

static void on_end(struct flow_run *r)
{
    say((struct host *)r, " end");
}

static const struct flow_host host = {on_play, on_stop, on_timer, on_action, on_end};

static const char appeal[] =
    "{\"version\":1,\"start\":\"welcome\",\"variables\":{\"choice\":\"none\",\"pin\":\"\"},"
    "\"nodes\":{\"welcome\":{\"type\":\"menu\",\"prompt\":[\"w1\",\"w2\"],\"keys\":{\"1\":"
    "\"donate\",\"2\":\"welcome\",\"3\":\"pin\",\"4\":\"mark\",\"9\":\"stop\"},\"invalid\":{"
    "\"prompt\":\"invalid\",\"limit\":2,\"next\":\"bye\"},\"silence\":{\"after\":\"4s\",\"prompt\":"
    "\"silence\",\"limit\":1,\"next\":\"bye\"}},"
    "\"donate\":{\"type\":\"action\",\"action\":\"sms\",\"text\":\"hi\",\"next\":\"thanks\","
    "\"failed\":\"sorry\"},"
    "\"stop\":{\"type\":\"action\",\"action\":\"opt_out\",\"next\":\"stopped\",\"failed\":"
    "\"sorry\"},"
    "\"mark\":{\"type\":\"action\",\"action\":\"set\",\"variable\":\"choice\",\"value\":\"a\\\"b\","
    "\"next\":\"end\"},\"end\":{\"type\":\"action\",\"action\":\"hang_up\"},"
    "\"pin\":{\"type\":\"capture\",\"prompt\":\"pin\",\"variable\":\"pin\",\"min\":2,\"max\":4,"
    "\"invalid\":{\"prompt\":\"invalid\",\"limit\":1,\"next\":\"bye\"},\"silence\":{\"after\":\"3s"
    "\",\"limit\":0,\"next\":\"bye\"},\"next\":\"again\"},"
    "\"again\":{\"type\":\"menu\",\"prompt\":\"again\",\"barge_in\":false,\"keys\":{\"1\":\"thanks"
    "\",\"#\":\"stopped\"}},"
    "\"thanks\":{\"type\":\"play\",\"prompt\":\"thanks\",\"next\":\"end\"},"
    "\"sorry\":{\"type\":\"play\",\"prompt\":\"sorry\"},\"stopped\":{\"type\":\"play\",\"prompt\":"
    "\"stopped\"},\"bye\":{\"type\":\"play\",\"prompt\":\"bye\"}}}";

static struct host h;

static int set_up(void **state)
{
    struct error err = {0};
    json_t *root = NULL;
    struct json_at at;

    memset(&h, 0, sizeof(h));
    h.answer = -1;
    assert_int_equal(json_load_text(appeal, strlen(appeal), "f", &root, &err), 0);
    at = json_root(root, "f");
    if (flow_load(&at, &h.flow, &err))
        fail_msg("%s: %s", err.place, err.message);
    json_decref(root);
    flow_start(&h.run, h.flow, &host, 1000);
    return 0;
}

static int tear_down(void **state)
{
    flow_free(h.flow);
    return 0;
}

/* Events as letters: digits * # keys, p prompt done, t timeout, y action ok, n action failed. Each
 * comes 100 ms after the one before. */
static void feed(const char *events)
{
    static int64_t now;

    now = h.run.now_ms;
    for (; *events; events++) {
        now += 100;
        switch (*events) {
        case 'p':
            flow_prompt_done(&h.run, now);
            break;
        case 't':
            flow_timeout(&h.run, now);
            break;
        case 'y':
        case 'n':
            flow_action_done(&h.run, *events == 'y', now);
            break;
        default:
            flow_key(&h.run, *events, now);
        }
    }
}

static void test_prompts_in_order(void **state)
{
    feed("pp");
    assert_string_equal(h.log, " w1 w2 t4000");
}

static void test_barge_in(void **state)
{
    feed("1");
    assert_string_equal(h.log, " w1 stop sms(hi)");
    feed("yp");
    assert_string_equal(h.log, " w1 stop sms(hi) thanks end");
    assert_true(flow_over(&h.run));
    feed("1ptyn"); /* over is over */
    assert_string_equal(h.log, " w1 stop sms(hi) thanks end");
}

static void test_key_while_waiting_stops_the_timer(void **state)
{
    feed("pp2");
    assert_string_equal(h.log, " w1 w2 t4000 t-1 w1");
}

static void test_invalid_key(void **state)
{
    feed("7p8pp0");
    assert_string_equal(h.log, " w1 invalid w1 invalid w1 w2 stop bye");
    feed("p");
    assert_true(flow_over(&h.run));
}

static void test_valid_key_during_the_remark(void **state)
{
    feed("72");
    assert_string_equal(h.log, " w1 invalid stop w1");
    feed("7p8"); /* hearing it again counts anew */
    assert_string_equal(h.log, " w1 invalid stop w1 invalid w1 invalid");
}

static void test_silence(void **state)
{
    feed("pptpppt");
    assert_string_equal(h.log, " w1 w2 t4000 silence w1 w2 t4000 bye");
}

static void test_opt_out_is_confirmed_when_durable(void **state)
{
    feed("9");
    assert_string_equal(h.log, " w1 stop opt_out(opt-out)");
    feed("1pt"); /* nothing else moves it */
    assert_string_equal(h.log, " w1 stop opt_out(opt-out)");
    feed("y");
    assert_string_equal(h.log, " w1 stop opt_out(opt-out) stopped");
}

static void test_opt_out_that_failed_is_not_confirmed(void **state)
{
    h.answer = 0; /* from within the action itself */
    feed("9");
    assert_string_equal(h.log, " w1 stop opt_out(opt-out) sorry");
}

static void test_set_and_hang_up(void **state)
{
    char json[2000];
    json_t *trace;

    feed("4");
    assert_string_equal(h.log, " w1 stop end");
    assert_string_equal(flow_value(&h.run, "choice"), "a\"b");
    assert_null(flow_value(&h.run, "nothing"));
    assert_true(flow_trace_json(&h.run, json, sizeof(json)) > 0);
    trace = json_loads(json, 0, NULL);
    assert_non_null(trace);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(trace, "values"), "choice")), "a\"b");
    json_decref(trace);
}

static void test_capture_by_finish_key(void **state)
{
    feed("312#");
    assert_string_equal(flow_value(&h.run, "pin"), "12");
    assert_string_equal(h.log, " w1 stop pin stop t3000 t3000 t-1 again");
}

static void test_capture_by_maximum_swallows_the_finish_key(void **state)
{
    feed("31234#");
    assert_string_equal(flow_value(&h.run, "pin"), "1234");
    feed("p#"); /* this one is meant */
    assert_string_equal(flow_node_name(h.flow, h.run.node), "stopped");
}

static void test_capture_by_silence(void **state)
{
    feed("3p12t");
    assert_string_equal(flow_value(&h.run, "pin"), "12");
}

static void test_capture_too_short(void **state)
{
    feed("31#");
    assert_string_equal(h.log, " w1 stop pin stop t3000 t-1 invalid");
    feed("pp5t"); /* the second time is over the limit */
    assert_string_equal(flow_node_name(h.flow, h.run.node), "bye");
    assert_string_equal(flow_value(&h.run, "pin"), "");
}

static void test_capture_silence(void **state)
{
    feed("3pt");
    assert_string_equal(flow_node_name(h.flow, h.run.node), "bye");
}

static void test_no_barge_in(void **state)
{
    feed("312#1");
    assert_string_equal(flow_node_name(h.flow, h.run.node), "again");
    feed("p1");
    assert_string_equal(flow_node_name(h.flow, h.run.node), "thanks");
}

static void test_stray_events(void **state)
{
    feed("tyn");
    assert_string_equal(h.log, " w1");
    flow_key(&h.run, 'x', 0);
    flow_key(&h.run, 0, 0);
    assert_string_equal(h.log, " w1");
    feed("ppp");
    assert_string_equal(h.log, " w1 w2 t4000");
}

static void test_round_of_keys_ends(void **state)
{
    for (int i = 0; i < 600; i++)
        flow_key(&h.run, '2', 2000 + i);
    assert_true(flow_over(&h.run));
    assert_true(h.run.steps_lost > 0);
}

static void test_trace(void **state)
{
    char json[8192];
    int n;

    feed("7pp1y5");
    n = flow_trace_json(&h.run, json, sizeof(json));
    assert_int_equal(n, strlen(json));
    assert_string_equal(
        json, "{\"values\":{\"choice\":\"none\",\"pin\":\"\"},"
              "\"keys\":[{\"at\":100,\"node\":\"welcome\",\"key\":\"7\",\"invalid\":true},"
              "{\"at\":400,\"node\":\"welcome\",\"key\":\"1\"},"
              "{\"at\":600,\"node\":\"thanks\",\"key\":\"5\",\"ignored\":true}],"
              "\"path\":[{\"at\":0,\"node\":\"welcome\"},{\"at\":400,\"node\":\"donate\"},"
              "{\"at\":500,\"node\":\"thanks\"}],"
              "\"events\":[{\"at\":500,\"node\":\"donate\",\"what\":\"action_ok\"}]}");
}

/* Whatever the room, what is written is whole JSON that fits. */
static void test_trace_room(void **state)
{
    char json[9000];
    int written = 0;

    for (int i = 0; i < 120; i++)
        feed(i % 3 ? "2" : "pp");
    for (unsigned size = 0; size < sizeof(json); size += 7) {
        int n;
        json_t *trace;

        memset(json, '#', sizeof(json));
        n = flow_trace_json(&h.run, json, size);
        assert_int_equal(json[size], '#');
        if (n < 0) {
            assert_int_equal(n, -ENOSPC);
            assert_int_equal(written, 0); /* more room never hurts */
            continue;
        }
        written++;
        assert_true((unsigned)n < size);
        trace = json_loads(json, 0, NULL);
        assert_non_null(trace);
        json_decref(trace);
    }
    assert_true(written > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_prompts_in_order),
        TEST(test_barge_in),
        TEST(test_key_while_waiting_stops_the_timer),
        TEST(test_invalid_key),
        TEST(test_valid_key_during_the_remark),
        TEST(test_silence),
        TEST(test_opt_out_is_confirmed_when_durable),
        TEST(test_opt_out_that_failed_is_not_confirmed),
        TEST(test_set_and_hang_up),
        TEST(test_capture_by_finish_key),
        TEST(test_capture_by_maximum_swallows_the_finish_key),
        TEST(test_capture_by_silence),
        TEST(test_capture_too_short),
        TEST(test_capture_silence),
        TEST(test_no_barge_in),
        TEST(test_stray_events),
        TEST(test_round_of_keys_ends),
        TEST(test_trace),
        TEST(test_trace_room),
    };

    return cmocka_run_group_tests_name("flow/run", tests, NULL, NULL);
}
