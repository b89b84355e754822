/* Traces: how a request became calls, as spans for an OpenTelemetry collector (OTLP/HTTP with
 * JSON). Off unless an endpoint is set; then NULL stands for the tracer, and nothing of this costs
 * more than looking at that pointer.
 *
 * A span is its maker's until trace_end copies it into a bounded queue; a full queue drops it,
 * which is counted (kolcast_trace_spans_total). One thread sends what waits; nobody waits for it.
 * Spans hold no numbers of people and no names. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

/* Of one span, as it is handed on: what its children need. Zeroed: there is none. */
struct trace_context {
    uint64_t trace_high, trace_low, span;
    bool sampled;
};

enum { TRACEPARENT_MAX = 56 };
/* A traceparent header (W3C Trace Context 3.2). False, and *out zeroed: it is none. */
bool trace_parent_read(const char *header, struct trace_context *out);
void trace_parent_write(const struct trace_context *c, char out[TRACEPARENT_MAX]);

/* ---- the tracer ----------------------------------------------------------------------------- */

enum trace_sampler { TRACE_ALWAYS_ON, TRACE_ALWAYS_OFF, TRACE_RATIO };

enum { TRACE_URL_MAX = 512, TRACE_HEADERS_MAX = 8, TRACE_RESOURCES_MAX = 16 };

struct trace_settings {
    char url[TRACE_URL_MAX];              /* "http://collector:4318/v1/traces"; "": off */
    char headers[TRACE_HEADERS_MAX][256]; /* "name: value" */
    unsigned header_count;
    struct {
        char key[64], value[256];
    } resources[TRACE_RESOURCES_MAX]; /* service.name is the first */
    unsigned resource_count;
    enum trace_sampler sampler;
    bool parent_based; /* a parent decides for its children */
    double ratio;      /* of TRACE_RATIO, 0 to 1 */
    unsigned queue_max, batch_max;
    int delay_ms, timeout_ms;
};
/* As OpenTelemetry names them in the environment: OTEL_SDK_DISABLED, OTEL_EXPORTER_OTLP_ENDPOINT,
 * …_TRACES_ENDPOINT, …_HEADERS, …_PROTOCOL (http/json), …_TIMEOUT, OTEL_SERVICE_NAME,
 * OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_EXPORTER (otlp, none), OTEL_TRACES_SAMPLER and _ARG,
 * OTEL_BSP_…. endpoint: goes before those of the environment; may be NULL. get is getenv(3).
 * -EINVAL with err. */
int trace_settings_read(const char *endpoint, char *(*get)(const char *name),
                        struct trace_settings *out, struct error *err);

struct tracer;
/* *out is NULL when url is empty. */
int tracer_new(struct tracer **out, const struct trace_settings *s, const struct clock *clock,
               struct error *err);
void tracer_free(struct tracer *t); /* sends what waits, for a few seconds at most. NULL-safe */

/* ---- spans ---------------------------------------------------------------------------------- */

enum trace_kind { TRACE_INTERNAL = 1, TRACE_SERVER, TRACE_CLIENT }; /* OTLP's numbers */

enum { TRACE_ATTRIBUTES_MAX = 12, TRACE_EVENTS_MAX = 6, TRACE_TEXT_MAX = 96 };

struct trace_span {
    struct trace_context context;
    uint64_t parent; /* 0: none */
    enum trace_kind kind;
    char name[TRACE_TEXT_MAX];
    int64_t start_ms, end_ms;   /* wall; whoever knows better sets them before trace_end */
    int64_t start_us, taken_us; /* monotonic, and how long: of spans that run now */
    struct {
        const char *key; /* of static life */
        bool is_text;
        int64_t number;
        char text[TRACE_TEXT_MAX];
    } attributes[TRACE_ATTRIBUTES_MAX];
    unsigned attribute_count;
    struct {
        const char *name; /* of static life */
        int64_t at_ms;
        int64_t status; /* 0: none */
    } events[TRACE_EVENTS_MAX];
    unsigned event_count;
    bool failed;
    char failure[TRACE_TEXT_MAX];
};

/* Begins a span. t may be NULL, parent too (or zeroed): then it is the first of its trace. One that
 * is not sampled takes what follows and is forgotten; its context is handed on all the same. */
void trace_begin(struct tracer *t, struct trace_span *s, const char *name, enum trace_kind kind,
                 const struct trace_context *parent);
/* key: of static life. Longer values are cut, more than there is room for are passed over. */
void trace_text(struct trace_span *s, const char *key, const char *value);
void trace_number(struct trace_span *s, const char *key, int64_t value);
/* At a moment of the wall's clock; 0: it did not happen. status: of SIP or HTTP, 0: none. */
void trace_event(struct trace_span *s, const char *name, int64_t at_ms, int64_t status);
void trace_fail(struct trace_span *s, const char *why);
/* Any thread; never waits for anything but a copy. */
void trace_end(struct tracer *t, struct trace_span *s);
