/* OTLP as JSON: ids in hexadecimal, 64-bit numbers as text, enumerations as numbers. */
#include <stdio.h>
#include <stdlib.h>

#include "event/trace_priv.h"

#define MS_NS INT64_C(1000000)

static json_t *decimal(int64_t value)
{
    return json_sprintf("%lld", (long long)value);
}

static json_t *text_attribute(const char *key, const char *value)
{
    return json_pack("{s:s,s:{s:s}}", "key", key, "value", "stringValue", value);
}

static json_t *number_attribute(const char *key, int64_t value)
{
    return json_pack("{s:s,s:{s:o}}", "key", key, "value", "intValue", decimal(value));
}

static json_t *attributes_json(const struct trace_span *s)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < s->attribute_count; i++)
        json_array_append_new(
            list, s->attributes[i].is_text
                      ? text_attribute(s->attributes[i].key, s->attributes[i].text)
                      : number_attribute(s->attributes[i].key, s->attributes[i].number));
    return list;
}

static json_t *events_json(const struct trace_span *s)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < s->event_count; i++) {
        json_t *attributes = json_array();

        if (s->events[i].status)
            json_array_append_new(
                attributes, number_attribute("sip.response.status_code", s->events[i].status));
        json_array_append_new(list, json_pack("{s:o,s:s,s:o}", "timeUnixNano",
                                              decimal(s->events[i].at_ms * MS_NS), "name",
                                              s->events[i].name, "attributes", attributes));
    }
    return list;
}

static json_t *span_json(const struct trace_span *s)
{
    int64_t start = s->start_ms * MS_NS;
    int64_t end = s->end_ms ? s->end_ms * MS_NS : start + s->taken_us * 1000;
    json_t *status =
        s->failed ? json_pack("{s:i,s:s}", "code", 2, "message", s->failure) : json_object();
    json_t *span = json_pack(
        "{s:o,s:o,s:s,s:i,s:o,s:o,s:o,s:o,s:o}", "traceId",
        json_sprintf("%016llx%016llx", (unsigned long long)s->context.trace_high,
                     (unsigned long long)s->context.trace_low),
        "spanId", json_sprintf("%016llx", (unsigned long long)s->context.span), "name", s->name,
        "kind", (int)s->kind, "startTimeUnixNano", decimal(start), "endTimeUnixNano", decimal(end),
        "attributes", attributes_json(s), "events", events_json(s), "status", status);

    if (span && s->parent)
        json_object_set_new(span, "parentSpanId",
                            json_sprintf("%016llx", (unsigned long long)s->parent));
    return span;
}

char *trace_json(const struct trace_settings *s, const struct trace_span *spans, unsigned count)
{
    json_t *resource = json_array(), *list = json_array(), *all;
    char *text;

    for (unsigned i = 0; i < s->resource_count; i++)
        json_array_append_new(resource, text_attribute(s->resources[i].key, s->resources[i].value));
    for (unsigned i = 0; i < count; i++)
        json_array_append_new(list, span_json(&spans[i]));
    all = json_pack("{s:[{s:{s:o},s:[{s:{s:s,s:s},s:o}]}]}", "resourceSpans", "resource",
                    "attributes", resource, "scopeSpans", "scope", "name", "kolcast", "version",
                    KOLCAST_VERSION, "spans", list);
    text = all ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    return text;
}
