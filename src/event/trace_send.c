/* The thread that sends spans: in batches, each tried a few times while the queue fills up behind
 * it; then it is given up and counted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metric.h"
#include "event/trace_priv.h"

enum { TRIES = 4, FIRST_PAUSE_MS = 1000, TOLD_MS = 60000, REPLY_MAX = 65536 };

/* Up to a batch, as soon as there is one or the delay is over. 0: it is time to end. */
static unsigned take(struct tracer *t)
{
    struct timespec until = clock_deadline(t->settings.delay_ms);
    unsigned n = 0;

    pthread_mutex_lock(&t->lock);
    while (!t->stop && t->count < t->settings.batch_max) {
        if (pthread_cond_timedwait(&t->changed, &t->lock, &until) == 0)
            continue;
        if (t->count)
            break;
        until = clock_deadline(t->settings.delay_ms);
    }
    for (; n < t->settings.batch_max && t->count; n++) {
        t->batch[n] = t->queue[t->first];
        t->first = (t->first + 1) % t->settings.queue_max;
        t->count--;
    }
    pthread_mutex_unlock(&t->lock);
    return n;
}

/* False: it is to stop. */
static bool pause_between(struct tracer *t, int ms)
{
    struct timespec until = clock_deadline(ms);
    bool stop;

    pthread_mutex_lock(&t->lock);
    while (!t->stop && pthread_cond_timedwait(&t->changed, &t->lock, &until) == 0) {
    }
    stop = t->stop;
    pthread_mutex_unlock(&t->lock);
    return !stop;
}

/* Spans that the collector took the request with but did not take. */
static int64_t rejected(const struct http_answer *a)
{
    json_t *reply = json_loadb(a->body ? a->body : "", a->len, 0, NULL);
    const json_t *n = json_object_get(json_object_get(reply, "partialSuccess"), "rejectedSpans");
    int64_t count = json_is_string(n) ? atoll(json_string_value(n)) : json_integer_value(n);

    json_decref(reply);
    return count > 0 ? count : 0;
}

/* 0: taken; -EAGAIN: may be tried again; else it is of no use. */
static int post(struct tracer *t, const char *body, int64_t *lost, struct error *err)
{
    const char *headers[TRACE_HEADERS_MAX + 2] = {"Content-Type: application/json"};
    struct http_call call = {.url = t->settings.url,
                             .headers = headers,
                             .body = body,
                             .body_len = strlen(body),
                             .timeout_ms = t->settings.timeout_ms,
                             .reply_max = REPLY_MAX,
                             .cancel = &t->cancel};
    struct http_answer a = {0};
    int rc;

    for (unsigned i = 0; i < t->settings.header_count; i++)
        headers[1 + i] = t->settings.headers[i];
    rc = http_client_call(t->client, &call, &a, err);
    if (rc)
        return rc == -EINVAL || rc == -ECANCELED ? rc : -EAGAIN;
    /* What OTLP says may be tried again. */
    if (a.status == 429 || a.status == 502 || a.status == 503 || a.status == 504)
        rc = error_set(err, -EAGAIN, NULL, NULL, "the collector answers %d", a.status);
    else if (a.status < 200 || a.status > 299)
        rc = error_set(err, -EPROTO, NULL, NULL, "the collector answers %d", a.status);
    else
        *lost = rejected(&a);
    http_answer_free(&a);
    return rc;
}

static void send_batch(struct tracer *t, unsigned count)
{
    static struct log_limit limit;
    char *body = trace_json(&t->settings, t->batch, count);
    int64_t lost = count;
    int rc = -ENOMEM, pause_ms = FIRST_PAUSE_MS;
    struct error err = {0};

    for (int i = 0; body && i < TRIES; i++, pause_ms *= 2) {
        rc = post(t, body, &lost, &err);
        if (rc != -EAGAIN || i + 1 == TRIES || !pause_between(t, pause_ms))
            break;
    }
    free(body);
    if (lost > count)
        lost = count;
    if (rc && log_allow(&limit, TOLD_MS))
        log_warn("traces do not arrive", "error=\"%s\" spans=%u", err.message, count);
    metric_add(metric1(METRIC_TRACE_SPANS, "sent"), (int64_t)count - lost);
    metric_add(metric1(METRIC_TRACE_SPANS, "failed"), lost);
}

void *trace_main(void *tracer)
{
    struct tracer *t = tracer;
    unsigned count;

    pthread_setname_np(pthread_self(), "traces");
    while ((count = take(t)))
        send_batch(t, count);
    pthread_mutex_lock(&t->lock);
    t->ended = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}
