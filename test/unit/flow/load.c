/* Loading a flow: what is right is compiled, each fault is told with its place and a remedy. */
#include "flow/run.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int load(const char *text, struct flow **out, struct error *err)
{
    json_t *root = NULL;
    struct json_at at;
    int rc;

    *err = (struct error){0};
    assert_int_equal(json_load_text(text, strlen(text), "f.json", &root, err), 0);
    at = json_root(root, "f.json");
    rc = flow_load(&at, out, err);
    json_decref(root);
    return rc;
}

#define PLAY  "{\"type\":\"play\",\"prompt\":\"a.wav\"}"
#define NODES "{\"version\":1,\"start\":\"a\",\"variables\":{\"v\":\"\"},\"nodes\":{"

static void test_good(void **state)
{
    static const char text[] =
        NODES "\"a\":{\"type\":\"menu\",\"prompt\":[\"x.wav\",\"y.wav\"],\"keys\":{\"1\":\"b\",\"*"
              "\":\"a\"},\"silence\":{\"prompt\":\"x.wav\",\"after\":\"3s\",\"next\":\"c\"}},"
              "\"b\":{\"type\":\"action\",\"action\":\"sms\",\"text\":\"hi\",\"next\":\"c\"},"
              "\"c\":{\"type\":\"play\",\"prompt\":\"z.wav\"}}}";
    struct error err;
    struct flow *f;

    assert_int_equal(load(text, &f, &err), 0);
    assert_int_equal(flow_node_count(f), 3);
    assert_string_equal(flow_node_name(f, 1), "b");
    assert_int_equal(flow_node_type(f, 0), FLOW_MENU);
    assert_string_equal(flow_type_name(flow_node_type(f, 1)), "action");
    assert_string_equal(flow_action_name(FLOW_ACTION_OPT_OUT), "opt_out");
    assert_int_equal(flow_prompt_count(f), 3); /* x.wav is used twice, kept once */
    assert_string_equal(flow_prompt_name(f, 2), "z.wav");
    assert_int_equal(flow_variable_count(f), 1);
    assert_string_equal(flow_variable_name(f, 0), "v");
    flow_free(f);
    flow_free(NULL);
}

static void test_faults(void **state)
{
    static const struct {
        const char *text, *place, *message, *remedy;
    } cases[] = {
        {"[]", "", "an object", ""},
        {"{}", "version", "missing", "add"},
        {"{\"version\":2,\"start\":\"a\",\"nodes\":{\"a\":" PLAY "}}", "version", "between", ""},
        {"{\"version\":1,\"start\":\"a\"}", "nodes", "at least one node", ""},
        {"{\"version\":1,\"start\":\"a\",\"nodes\":{}}", "nodes", "at least one node", ""},
        {"{\"version\":1,\"nodes\":{\"a\":" PLAY "}}", "start", "missing", "begins with"},
        {"{\"version\":1,\"strat\":\"a\",\"nodes\":{\"a\":" PLAY "}}", "strat", "unknown",
         "\"start\""},
        {"{\"version\":1,\"start\":\"welcom\",\"nodes\":{\"welcome\":" PLAY "}}", "start",
         "no node \"welcom\"", "did you mean \"welcome\"?"},
        {NODES "\"a\":3}}", "nodes.a", "object", ""},
        {NODES "\"a\":{}}}", "nodes.a.type", "missing", ""},
        {NODES "\"a\":{\"type\":\"meny\"}}}", "nodes.a.type", "no type of node \"meny\"",
         "\"menu\""},
        {NODES "\"a b\":" PLAY "}}", "nodes.a b", "cannot be a name", "letter"},
        {NODES "\"a\":{\"type\":\"play\"}}}", "nodes.a.prompt", "missing", "welcome.wav"},
        {NODES "\"a\":{\"type\":\"play\",\"prompt\":\"\"}}}", "nodes.a.prompt", "empty", ""},
        {NODES "\"a\":{\"type\":\"play\",\"prompt\":[]}}}", "nodes.a.prompt", "1 to 16", ""},
        {NODES "\"a\":{\"type\":\"play\",\"prompt\":[\"a\",7]}}}", "nodes.a.prompt[1]", "expected",
         ""},
        {NODES "\"a\":{\"type\":\"play\",\"prompt\":\"../../etc/passwd\"}}}", "nodes.a.prompt",
         "plain file", "folder"},
        {NODES "\"a\":{\"type\":\"play\",\"prompt\":\"/etc/passwd\"}}}", "nodes.a.prompt",
         "plain file", "folder"},
        {NODES "\"a\":{\"type\":\"play\",\"prompt\":\"x\",\"nxt\":\"a\"}}}", "nodes.a.nxt",
         "unknown key", "\"next\""},
        {NODES "\"a\":{\"type\":\"play\",\"prompt\":\"x\",\"next\":\"bb\"}}}", "nodes.a.next",
         "no node \"bb\"", "known here: a"},
        {NODES "\"a\":" PLAY ",\"lost\":" PLAY "}}", "nodes.lost", "no call can reach", "remove"},
        {NODES "\"a\":{\"type\":\"menu\",\"prompt\":\"x\"}}}", "nodes.a.keys", "at least one key",
         "\"1\""},
        {NODES "\"a\":{\"type\":\"menu\",\"prompt\":\"x\",\"keys\":{}}}}", "nodes.a.keys",
         "at least one key", ""},
        {NODES "\"a\":{\"type\":\"menu\",\"prompt\":\"x\",\"keys\":{\"10\":\"a\"}}}}",
         "nodes.a.keys.10", "not a key", "0-9"},
        {NODES "\"a\":{\"type\":\"menu\",\"prompt\":\"x\",\"keys\":{\"1\":\"b\"}}}}",
         "nodes.a.keys.1", "no node", ""},
        {NODES "\"a\":{\"type\":\"menu\",\"prompt\":\"x\",\"keys\":{\"1\":null}}}}",
         "nodes.a.keys.1", "leads to a node", ""},
        {NODES
         "\"a\":{\"type\":\"menu\",\"prompt\":\"x\",\"keys\":{\"1\":\"a\"},\"silence\":{\"after\":"
         "\"5 minutes\"}}}}",
         "nodes.a.silence.after", "not a time span", "500ms"},
        {NODES "\"a\":{\"type\":\"menu\",\"prompt\":\"x\",\"keys\":{\"1\":\"a\"},\"invalid\":{"
               "\"limit\":11}}}}",
         "nodes.a.invalid.limit", "between 0 and 10", ""},
        /* rounds without a key */
        {NODES "\"a\":{\"type\":\"play\",\"prompt\":\"x\",\"next\":\"a\"}}}", "nodes.a",
         "for ever: a → a", "outside the round"},
        {NODES "\"a\":{\"type\":\"play\",\"prompt\":\"x\",\"next\":\"b\"},\"b\":{\"type\":"
               "\"action\",\"action\":\"set\",\"variable\":\"v\",\"value\":\"1\",\"next\":\"a\"}}}",
         "nodes.a", "for ever: a → b → a", ""},
        {NODES "\"a\":{\"type\":\"menu\",\"prompt\":\"x\",\"keys\":{\"1\":\"a\"},\"silence\":{"
               "\"next\":\"a\"}}}}",
         "nodes.a", "for ever", ""},
        {NODES "\"a\":{\"type\":\"action\",\"action\":\"sms\",\"text\":\"x\",\"failed\":\"a\"}}}",
         "nodes.a", "for ever", ""},
        /* capture */
        {NODES "\"a\":{\"type\":\"capture\",\"prompt\":\"x\"}}}", "nodes.a.variable", "missing",
         ""},
        {NODES "\"a\":{\"type\":\"capture\",\"prompt\":\"x\",\"variable\":\"vv\"}}}",
         "nodes.a.variable", "no variable \"vv\"", "known here: v"},
        {NODES "\"a\":{\"type\":\"capture\",\"prompt\":\"x\",\"variable\":\"v\",\"min\":5,"
               "\"max\":4}}}",
         "nodes.a.min", "at least 5", ""},
        {NODES "\"a\":{\"type\":\"capture\",\"prompt\":\"x\",\"variable\":\"v\",\"max\":33}}}",
         "nodes.a.max", "between 1 and 32", ""},
        {NODES "\"a\":{\"type\":\"capture\",\"prompt\":\"x\",\"variable\":\"v\",\"finish\":\"5\"}"
               "}}",
         "nodes.a.finish", "finish key", "#"},
        /* actions */
        {NODES "\"a\":{\"type\":\"action\",\"action\":\"optout\"}}}", "nodes.a.action",
         "no action \"optout\"", "opt_out"},
        {NODES "\"a\":{\"type\":\"action\",\"action\":\"sms\"}}}", "nodes.a.text", "missing", ""},
        {NODES "\"a\":{\"type\":\"action\",\"action\":\"set\",\"variable\":\"v\"}}}",
         "nodes.a.value", "missing", ""},
        {NODES "\"a\":{\"type\":\"action\",\"action\":\"hang_up\",\"next\":\"a\"}}}",
         "nodes.a.next", "unknown key", ""},
        {NODES "\"a\":{\"type\":\"action\",\"action\":\"opt_out\",\"next\":\"b\",\"failed\":\"b\"},"
               "\"b\":" PLAY "}}",
         "nodes.a.failed", "though it is not", ""},
        {"{\"version\":1,\"start\":\"a\",\"variables\":{\"v\":7},\"nodes\":{\"a\":" PLAY "}}",
         "variables.v", "is a text", "quotes"},
        {"{\"version\":1,\"start\":\"a\",\"variables\":{\"1v\":\"\"},\"nodes\":{\"a\":" PLAY "}}",
         "variables.1v", "cannot be a name", ""},
    };
    struct error err;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct flow *f = (struct flow *)0x1;
        char place[300];

        assert_int_equal(load(cases[i].text, &f, &err), -EINVAL);
        assert_ptr_equal(f, (struct flow *)0x1);
        snprintf(place, sizeof(place), "f.json%s%s", cases[i].place[0] ? ": " : "", cases[i].place);
        if (strcmp(err.place, place) || !strstr(err.message, cases[i].message) ||
            !strstr(err.remedy, cases[i].remedy))
            fail_msg("%s\n  %s: %s (%s)", cases[i].text, err.place, err.message, err.remedy);
    }
}

/* A flow of n nodes in a row, each with a prompt of its own. */
static char *row(int n)
{
    char *text = malloc((size_t)n * 100 + 200), *p = text;

    assert_non_null(text);
    p += sprintf(p, "{\"version\":1,\"start\":\"n0\",\"nodes\":{");
    for (int i = 0; i < n; i++) {
        p += sprintf(p, "%s\"n%d\":{\"type\":\"play\",\"prompt\":\"p%d\"", i ? "," : "", i, i);
        if (i + 1 < n)
            p += sprintf(p, ",\"next\":\"n%d\"", i + 1);
        p += sprintf(p, "}");
    }
    strcpy(p, "}}");
    return text;
}

static void test_limits(void **state)
{
    struct error err;
    struct flow *f;
    char *most = row(FLOW_NODES_MAX), *more = row(FLOW_NODES_MAX + 1);

    assert_int_equal(load(most, &f, &err), 0);
    assert_int_equal(flow_node_count(f), FLOW_NODES_MAX);
    flow_free(f);
    assert_int_equal(load(more, &f, &err), -EINVAL);
    assert_string_equal(err.message, "more than 256 nodes");
    free(most);
    free(more);
}

static void test_typical(void **state)
{
    /* a: 1 s, then key 1 → b (2 s), key 2 → c (4 s); key 3 leads back and does not count */
    static const char text[] =
        NODES "\"a\":{\"type\":\"menu\",\"prompt\":\"a\",\"keys\":{\"1\":\"b\",\"2\":\"c\",\"3\":"
              "\"a\"}},\"b\":{\"type\":\"play\",\"prompt\":\"b\"},\"c\":{\"type\":\"play\","
              "\"prompt\":[\"b\",\"b\"]}}}";
    uint32_t ms[] = {1000, 2000};
    struct error err;
    struct flow *f;

    assert_int_equal(load(text, &f, &err), 0);
    assert_int_equal(flow_typical_ms(f, ms), 1000 + 1000 + 3000);
    flow_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_typical),
    };

    return cmocka_run_group_tests_name("flow/load", tests, NULL, NULL);
}
