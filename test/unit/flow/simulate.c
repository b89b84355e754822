/* A flow in virtual time: order, times and the end of what is told. */
#include "flow/simulate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char appeal[] =
    "{\"version\":1,\"start\":\"welcome\",\"variables\":{\"pin\":\"\"},\"nodes\":{"
    "\"welcome\":{\"type\":\"menu\",\"prompt\":[\"w1\",\"w2\"],\"keys\":{\"1\":\"donate\",\"2\":"
    "\"welcome\",\"3\":\"pin\"},\"invalid\":{\"prompt\":\"wrong\",\"limit\":1,\"next\":\"bye\"},"
    "\"silence\":{\"after\":\"4s\",\"limit\":1,\"next\":\"bye\"}},"
    "\"donate\":{\"type\":\"action\",\"action\":\"sms\",\"text\":\"hi {{pin}}\",\"next\":\"bye\","
    "\"failed\":\"sorry\"},"
    "\"pin\":{\"type\":\"capture\",\"prompt\":\"pin\",\"variable\":\"pin\",\"min\":2,\"max\":2,"
    "\"next\":\"donate\"},"
    "\"sorry\":{\"type\":\"play\",\"prompt\":\"sorry\"},\"bye\":{\"type\":\"play\",\"prompt\":"
    "\"bye\"}}}";

struct story {
    char text[65536];
    bool fails;
};

static void add(struct story *s, const char *format, ...)
{
    size_t n = strlen(s->text);
    va_list ap;

    va_start(ap, format);
    vsnprintf(s->text + n, sizeof(s->text) - n, format, ap);
    va_end(ap);
}

static void on_scene(void *arg, const struct flow_run *r, const struct flow_scene *s)
{
    struct story *story = arg;

    switch (s->kind) {
    case FLOW_SCENE_STEP:
        if (s->step->key)
            add(story, " %lld:key%c", (long long)s->at_ms, s->step->key);
        break;
    case FLOW_SCENE_PLAY:
        add(story, " %lld:%s", (long long)s->at_ms, flow_prompt_name(r->flow, s->prompt));
        break;
    case FLOW_SCENE_STOP:
        add(story, " %lld:stop", (long long)s->at_ms);
        break;
    case FLOW_SCENE_WAIT:
        add(story, " %lld:wait%lld", (long long)s->at_ms, (long long)s->wait_ms);
        break;
    case FLOW_SCENE_ACTION:
        add(story, " %lld:%s", (long long)s->at_ms, flow_action_name(s->action->type));
        break;
    case FLOW_SCENE_END:
        add(story, " %lld:end", (long long)s->at_ms);
        break;
    }
}

static bool succeeds(void *arg, const struct flow_run *r, const struct flow_action *a)
{
    return !((struct story *)arg)->fails;
}

static struct flow *flow;
static uint32_t lengths[FLOW_PROMPTS_MAX];

static int set_up(void **state)
{
    struct error err = {0};
    json_t *root = NULL;
    struct json_at at;

    assert_int_equal(json_load_text(appeal, strlen(appeal), "f", &root, &err), 0);
    at = json_root(root, "f");
    if (flow_load(&at, &flow, &err))
        fail_msg("%s: %s", err.place, err.message);
    json_decref(root);
    for (int i = 0; i < flow_prompt_count(flow); i++)
        lengths[i] = 1000;
    return 0;
}

static int tear_down(void **state)
{
    flow_free(flow);
    return 0;
}

static bool tell(struct story *s, const struct flow_press *keys, unsigned count, int64_t until,
                 struct flow_run *last)
{
    const struct flow_script script = {.prompt_ms = lengths,
                                       .keys = keys,
                                       .key_count = count,
                                       .until_ms = until,
                                       .succeeds = succeeds,
                                       .arg = s};

    s->text[0] = '\0';
    return flow_simulate(flow, &script, on_scene, s, last);
}

static void test_silence_to_the_end(void **state)
{
    struct story s = {0};
    struct flow_run last;

    assert_true(tell(&s, NULL, 0, INT64_MAX, &last));
    assert_string_equal(s.text, " 0:w1 1000:w2 2000:wait4000 6000:w1 7000:w2 8000:wait4000 "
                                "12000:bye 13000:end");
}

static void test_keys_at_their_time(void **state)
{
    const struct flow_press keys[] = {{500, '7'}, {1200, '3'}, {1300, '4'}, {1400, '2'}};
    struct story s = {0};
    struct flow_run last;

    assert_true(tell(&s, keys, 4, INT64_MAX, &last));
    assert_non_null(strstr(s.text, "500:key7 500:wrong"));
    assert_non_null(strstr(s.text, "1200:key3 1200:stop 1200:pin"));
    assert_non_null(strstr(s.text, "1400:sms 1400:bye 2400:end"));
    assert_string_equal(flow_value(&last, "pin"), "42");
}

static void test_action_fails(void **state)
{
    const struct flow_press keys[] = {{100, '1'}};
    struct story s = {.fails = true};
    struct flow_run last;

    assert_true(tell(&s, keys, 1, INT64_MAX, &last));
    assert_string_equal(s.text, " 0:w1 100:key1 100:stop 100:sms 100:sorry 1100:end");
}

static void test_cut(void **state)
{
    struct story s = {0};
    struct flow_run last;

    assert_false(tell(&s, NULL, 0, 5999, &last));
    assert_string_equal(s.text, " 0:w1 1000:w2 2000:wait4000");
    assert_string_equal(flow_node_name(flow, last.node), "welcome");
    assert_true(tell(&s, NULL, 0, 13000, &last));
}

/* Round and round: the limit of visits ends it. */
static void test_ends_always(void **state)
{
    static struct flow_press keys[2000];
    static struct story s;
    struct flow_run last;

    for (int i = 0; i < 2000; i++)
        keys[i] = (struct flow_press){i, '2'};
    assert_true(tell(&s, keys, 2000, INT64_MAX, &last));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence_to_the_end), cmocka_unit_test(test_keys_at_their_time),
        cmocka_unit_test(test_action_fails),       cmocka_unit_test(test_cut),
        cmocka_unit_test(test_ends_always),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
