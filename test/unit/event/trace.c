/* Traces: traceparent, the environment, sampling, the bounded queue. That spans arrive is shown
 * against a receiver in test/scenario/test_traces.py. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/metric.h"
#include "event/trace.h"
#include "event/trace_priv.h"

/* ---- traceparent ------------------------------------------------------------------------------
 */

#define GOOD "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void test_traceparent(void **state)
{
    static const char *const bad[] = {
        "",
        "00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", /* version 0 has no more */
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    };
    struct trace_context c;
    char text[TRACEPARENT_MAX];

    assert_true(trace_parent_read(GOOD, &c));
    assert_true(c.sampled && c.trace_high == 0x0af7651916cd43dd &&
                c.trace_low == 0x8448eb211c80319c && c.span == 0xb7ad6b7169203331);
    trace_parent_write(&c, text);
    assert_string_equal(text, GOOD);
    assert_true(trace_parent_read("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02", &c));
    assert_false(c.sampled);
    assert_true(
        trace_parent_read("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", &c));
    assert_false(trace_parent_read(NULL, &c));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memset(&c, 1, sizeof(c));
        if (trace_parent_read(bad[i], &c))
            fail_msg("\"%s\" is taken", bad[i]);
        assert_true(!c.span && !c.trace_high && !c.trace_low && !c.sampled);
    }
}

/* ---- the environment --------------------------------------------------------------------------
 */

static const char *const *environment; /* name, value, …, NULL */

static char *get(const char *name)
{
    for (const char *const *p = environment; *p; p += 2)
        if (!strcmp(*p, name))
            return (char *)p[1];
    return NULL;
}

#define READ(endpoint, ...)                                 \
    (environment = (const char *const[]){__VA_ARGS__ NULL}, \
     trace_settings_read(endpoint, get, &s, &err))

static void test_settings(void **state)
{
    struct trace_settings s;
    struct error err = {0};

    assert_int_equal(READ(NULL, "OTEL_SERVICE_NAME", "x", ), 0);
    assert_string_equal(s.url, ""); /* off by default */
    assert_int_equal(READ(NULL, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/", ), 0);
    assert_string_equal(s.url, "http://collector:4318/v1/traces");
    assert_int_equal(s.sampler, TRACE_ALWAYS_ON);
    assert_true(s.parent_based && s.queue_max == 2048 && s.batch_max == 512 && s.delay_ms == 5000);
    assert_string_equal(s.resources[0].key, "service.name");
    assert_string_equal(s.resources[0].value, "kolcast");
    assert_int_equal(READ(NULL, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:1/x",
                          "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://b:2/own/", ),
                     0);
    assert_string_equal(s.url, "https://b:2/own/"); /* as it is */
    assert_int_equal(READ("http://c:3", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:1", ), 0);
    assert_string_equal(s.url, "http://c:3/v1/traces");
    assert_int_equal(READ("http://c:3", "OTEL_SDK_DISABLED", "TRUE", ), 0);
    assert_string_equal(s.url, "");
    assert_int_equal(READ("http://c:3", "OTEL_TRACES_EXPORTER", "none", ), 0);
    assert_string_equal(s.url, "");
    assert_int_equal(READ("http://c:3", "OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b , x=1",
                          "OTEL_RESOURCE_ATTRIBUTES",
                          "deployment.environment=test,service.name=other", "OTEL_SERVICE_NAME",
                          "calls", "OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG",
                          "0.25", "OTEL_BSP_MAX_QUEUE_SIZE", "100", "OTEL_BSP_SCHEDULE_DELAY",
                          "50", ),
                     0);
    assert_int_equal(s.header_count, 2);
    assert_string_equal(s.headers[0], "api-key: a b");
    assert_string_equal(s.headers[1], "x: 1");
    assert_string_equal(s.resources[0].value, "calls"); /* goes before the list's */
    assert_string_equal(s.resources[2].key, "deployment.environment");
    assert_true(s.sampler == TRACE_RATIO && !s.parent_based && s.ratio == 0.25);
    assert_true(s.queue_max == 100 && s.batch_max == 100 && s.delay_ms == 50);
}

static void test_wrong_settings(void **state)
{
    static const struct {
        const char *name, *value;
    } wrong[] = {
        {"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"},
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "grpc://c:1"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
        {"OTEL_EXPORTER_OTLP_HEADERS", "nothing"},
        {"OTEL_EXPORTER_OTLP_HEADERS", "a=b%0d%0ac: d"},
        {"OTEL_RESOURCE_ATTRIBUTES", "=x"},
        {"OTEL_TRACES_EXPORTER", "zipkin"},
        {"OTEL_TRACES_SAMPLER", "sometimes"},
        {"OTEL_BSP_MAX_QUEUE_SIZE", "many"},
        {"OTEL_BSP_SCHEDULE_DELAY", "-5"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT", "0"},
    };
    struct trace_settings s;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct error err = {0};
        bool endpoint = strstr(wrong[i].name, "ENDPOINT") != NULL;

        if (READ(endpoint ? NULL : "http://c:3", wrong[i].name, wrong[i].value, ) != -EINVAL)
            fail_msg("%s=%s is taken", wrong[i].name, wrong[i].value);
        assert_string_equal(err.place, wrong[i].name);
        assert_true(err.message[0] && err.remedy[0]);
    }
    for (int i = 0; i < 2; i++) {
        struct error err = {0};

        assert_int_equal(READ("http://c:3", "OTEL_TRACES_SAMPLER", "traceidratio",
                              "OTEL_TRACES_SAMPLER_ARG", i ? "1.5" : "half", ),
                         -EINVAL);
        assert_string_equal(err.place, "OTEL_TRACES_SAMPLER_ARG");
    }
}

/* ---- spans --------------------------------------------------------------------------------------
 */

/* A port that takes connections and never answers. */
static int silent(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0 && !bind(fd, (struct sockaddr *)&a, size) && !listen(fd, 8));
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static struct tracer *start(uint16_t port, const char *sampler, const char *arg)
{
    struct trace_settings s;
    struct error err = {0};
    struct tracer *t;
    char url[64];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u", port);
    assert_int_equal(READ(url, "OTEL_TRACES_SAMPLER", sampler, "OTEL_TRACES_SAMPLER_ARG", arg,
                          "OTEL_BSP_MAX_QUEUE_SIZE", "10", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4",
                          "OTEL_BSP_SCHEDULE_DELAY", "10", "OTEL_EXPORTER_OTLP_TIMEOUT", "60000", ),
                     0);
    assert_int_equal(tracer_new(&t, &s, &clock_system, &err), 0);
    return t;
}

/* No collector, no tracer, no span; what is asked for is harmless. */
static void test_off(void **state)
{
    struct trace_settings s;
    struct error err = {0};
    struct tracer *t = (void *)1;
    struct trace_context parent;
    struct trace_span span;

    assert_int_equal(READ(NULL, ), 0);
    assert_int_equal(tracer_new(&t, &s, &clock_system, &err), 0);
    assert_null(t);
    trace_parent_read(GOOD, &parent);
    trace_begin(NULL, &span, "x", TRACE_SERVER, NULL);
    assert_false(span.context.sampled);
    trace_text(&span, "a", "b");
    trace_fail(&span, "c");
    trace_end(NULL, &span);
    tracer_free(NULL);
}

static void test_sampling(void **state)
{
    uint16_t port;
    int fd = silent(&port), taken = 0;
    struct tracer *t = start(port, "parentbased_traceidratio", "0.25");
    struct trace_context parent;
    struct trace_span span, child;

    for (int i = 0; i < 4000; i++) {
        trace_begin(t, &span, "x", TRACE_INTERNAL, NULL);
        taken += span.context.sampled;
        trace_begin(t, &child, "y", TRACE_INTERNAL, &span.context);
        assert_true(child.context.sampled == span.context.sampled);
        assert_true(child.context.trace_low == span.context.trace_low &&
                    child.parent == span.context.span && child.context.span != child.parent);
    }
    assert_in_range(taken, 800, 1200); /* 1,000; eight times the deviation */
    trace_parent_read(GOOD, &parent);
    trace_begin(t, &span, "x", TRACE_SERVER, &parent);
    assert_true(span.context.sampled && span.parent == parent.span);
    parent.sampled = false;
    trace_begin(t, &span, "x", TRACE_SERVER, &parent);
    assert_false(span.context.sampled);
    tracer_free(t);
    close(fd);
}

/* A collector that hangs: nobody waits, what does not fit is counted, the end is bounded. */
static void test_queue(void **state)
{
    int64_t dropped = metric_value(metric1(METRIC_TRACE_SPANS, "dropped")), before, us;
    int64_t failed = metric_value(metric1(METRIC_TRACE_SPANS, "failed"));
    uint16_t port;
    int fd = silent(&port);
    struct tracer *t = start(port, "always_on", "");
    struct trace_span span;

    before = clock_mono_us(&clock_system);
    for (int i = 0; i < 1000; i++) {
        trace_begin(t, &span, "x", TRACE_INTERNAL, NULL);
        for (int n = 0; n < 2 * TRACE_ATTRIBUTES_MAX; n++)
            trace_number(&span, "n", n);
        for (int n = 0; n < 2 * TRACE_EVENTS_MAX; n++)
            trace_event(&span, "e", 1 + n, 0);
        assert_int_equal(span.attribute_count, TRACE_ATTRIBUTES_MAX);
        assert_int_equal(span.event_count, TRACE_EVENTS_MAX);
        trace_end(t, &span);
    }
    us = clock_mono_us(&clock_system) - before;
    assert_true(us < 30000000); /* and not 60 s, as a request may last */
    dropped = metric_value(metric1(METRIC_TRACE_SPANS, "dropped")) - dropped;
    assert_in_range(dropped, 1000 - 10 - 4, 1000 - 10);
    before = clock_mono_us(&clock_system);
    tracer_free(t);
    assert_true(clock_mono_us(&clock_system) - before < 30000000);
    failed = metric_value(metric1(METRIC_TRACE_SPANS, "failed")) - failed;
    assert_int_equal(failed + dropped, 1000); /* each is accounted for */
    close(fd);
}

/* Whatever a name or reason holds, the JSON is right. */
static void test_json(void **state)
{
    struct trace_settings s;
    struct error err = {0};
    struct trace_span span = {.context = {.trace_low = 1, .span = 2, .sampled = true},
                              .kind = TRACE_CLIENT,
                              .name = "call",
                              .start_ms = 1000,
                              .end_ms = 2500};
    json_t *j, *one;
    char *text;

    assert_int_equal(READ("http://c:3", "OTEL_SERVICE_NAME", "\xff\xfe\"", ), 0);
    trace_text(&span, "text", "\xc3\x28 \" \\ \x01");
    trace_number(&span, "number", INT64_MIN);
    trace_event(&span, "answered", 1500, 200);
    trace_event(&span, "never", 0, 0);
    trace_fail(&span, "\xff");
    text = trace_json(&s, &span, 1);
    assert_non_null(text);
    j = json_loads(text, 0, NULL);
    assert_non_null(j);
    one = json_array_get(
        json_object_get(
            json_array_get(json_object_get(json_array_get(json_object_get(j, "resourceSpans"), 0),
                                           "scopeSpans"),
                           0),
            "spans"),
        0);
    assert_string_equal(json_string_value(json_object_get(one, "traceId")),
                        "00000000000000000000000000000001");
    assert_string_equal(json_string_value(json_object_get(one, "startTimeUnixNano")), "1000000000");
    assert_string_equal(json_string_value(json_object_get(one, "endTimeUnixNano")), "2500000000");
    assert_int_equal(json_array_size(json_object_get(one, "attributes")), 2);
    assert_int_equal(json_array_size(json_object_get(one, "events")), 1);
    assert_null(json_object_get(one, "parentSpanId"));
    json_decref(j);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traceparent),    cmocka_unit_test(test_settings),
        cmocka_unit_test(test_wrong_settings), cmocka_unit_test(test_off),
        cmocka_unit_test(test_sampling),       cmocka_unit_test(test_queue),
        cmocka_unit_test(test_json),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
