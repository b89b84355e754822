/* What trace.c (spans and their queue), trace_send.c (the thread) and trace_json.c share. */
#pragma once

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

#include "event/trace.h"
#include "http/client.h"

struct tracer {
    struct trace_settings settings;
    const struct clock *clock;
    pthread_t thread;
    bool started;
    struct http_client *client; /* owned; the thread's */
    struct trace_span *batch;   /* owned; the thread's: what is being sent */
    atomic_bool cancel;         /* ends the call that is under way */

    pthread_mutex_t lock; /* what follows */
    pthread_cond_t changed;
    struct trace_span *queue; /* owned: a ring of settings.queue_max */
    unsigned first, count;
    bool stop, ended;
};

/* ExportTraceServiceRequest (opentelemetry-proto, trace_service.proto) as JSON. NULL: no memory. */
char *trace_json(const struct trace_settings *s, const struct trace_span *spans, unsigned count);
void *trace_main(void *tracer);
