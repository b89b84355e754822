/* Spans, and the queue they wait in. */
#include "event/trace.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/metric.h"
#include "base/rng.h"
#include "event/trace_priv.h"

enum { LAST_MS = 5000 };

/* ---- traceparent: "00-" 32 digits "-" 16 digits "-" 2 digits ----------------------------------
 */

/* Exactly so many digits, small ones; -1: it is not so. */
static bool read_hex(const char *text, unsigned digits, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < digits; i++) {
        int d = hex_digit(text[i]);

        if (d < 0 || (text[i] >= 'A' && text[i] <= 'F'))
            return false;
        value = value << 4 | (unsigned)d;
    }
    *out = value;
    return true;
}

bool trace_parent_read(const char *header, struct trace_context *out)
{
    size_t len = header ? strlen(header) : 0;
    uint64_t version, flags;
    struct trace_context c = {0};

    *out = c;
    if (len < 55 || header[2] != '-' || header[35] != '-' || header[52] != '-' ||
        !read_hex(header, 2, &version) || !read_hex(header + 3, 16, &c.trace_high) ||
        !read_hex(header + 19, 16, &c.trace_low) || !read_hex(header + 36, 16, &c.span) ||
        !read_hex(header + 53, 2, &flags))
        return false;
    /* A later version may have more, after a dash. */
    if (version == 0xff || (version == 0 && len != 55) || (len > 55 && header[55] != '-'))
        return false;
    if ((!c.trace_high && !c.trace_low) || !c.span)
        return false;
    c.sampled = flags & 1;
    *out = c;
    return true;
}

void trace_parent_write(const struct trace_context *c, char out[TRACEPARENT_MAX])
{
    snprintf(out, TRACEPARENT_MAX, "00-%016llx%016llx-%016llx-%02x",
             (unsigned long long)c->trace_high, (unsigned long long)c->trace_low,
             (unsigned long long)c->span, (unsigned)c->sampled);
}

/* ---- spans ---------------------------------------------------------------------------------- */

static uint64_t fresh_id(void)
{
    uint64_t id;

    do
        id = random_u64();
    while (id == 0);
    return id;
}

static bool sample(const struct tracer *t, const struct trace_context *c)
{
    const struct trace_settings *s = &t->settings;

    if (s->sampler != TRACE_RATIO)
        return s->sampler == TRACE_ALWAYS_ON;
    /* By the trace's id, so that all who see it decide alike. */
    return (double)(c->trace_low >> 11) < s->ratio * (double)(UINT64_C(1) << 53);
}

void trace_begin(struct tracer *t, struct trace_span *s, const char *name, enum trace_kind kind,
                 const struct trace_context *parent)
{
    bool has_parent = parent && parent->span;

    s->context = has_parent ? *parent : (struct trace_context){0};
    if (!t)
        return;
    s->parent = s->context.span;
    if (!has_parent) {
        s->context.trace_high = fresh_id();
        s->context.trace_low = fresh_id();
    }
    if (!has_parent || !t->settings.parent_based)
        s->context.sampled = sample(t, &s->context);
    s->context.span = fresh_id();
    s->kind = kind;
    s->attribute_count = s->event_count = 0;
    s->failed = false;
    s->taken_us = s->end_ms = 0;
    if (!s->context.sampled)
        return;
    snprintf(s->name, sizeof(s->name), "%s", name);
    s->start_ms = clock_wall_ms(t->clock);
    s->start_us = clock_mono_us(t->clock);
}

void trace_text(struct trace_span *s, const char *key, const char *value)
{
    if (!s->context.sampled || s->attribute_count == TRACE_ATTRIBUTES_MAX || !value || !value[0])
        return;
    s->attributes[s->attribute_count].key = key;
    s->attributes[s->attribute_count].is_text = true;
    snprintf(s->attributes[s->attribute_count].text, TRACE_TEXT_MAX, "%s", value);
    error_clean(s->attributes[s->attribute_count++].text);
}

void trace_number(struct trace_span *s, const char *key, int64_t value)
{
    if (!s->context.sampled || s->attribute_count == TRACE_ATTRIBUTES_MAX)
        return;
    s->attributes[s->attribute_count].key = key;
    s->attributes[s->attribute_count].is_text = false;
    s->attributes[s->attribute_count++].number = value;
}

void trace_event(struct trace_span *s, const char *name, int64_t at_ms, int64_t status)
{
    if (!s->context.sampled || !at_ms || s->event_count == TRACE_EVENTS_MAX)
        return;
    s->events[s->event_count].name = name;
    s->events[s->event_count].at_ms = at_ms;
    s->events[s->event_count++].status = status;
}

void trace_fail(struct trace_span *s, const char *why)
{
    if (!s->context.sampled)
        return;
    s->failed = true;
    snprintf(s->failure, sizeof(s->failure), "%s", why);
    error_clean(s->failure);
}

void trace_end(struct tracer *t, struct trace_span *s)
{
    bool room;

    if (!t || !s->context.sampled)
        return;
    if (!s->end_ms)
        s->taken_us = clock_mono_us(t->clock) - s->start_us;
    pthread_mutex_lock(&t->lock);
    room = t->count < t->settings.queue_max && !t->stop;
    if (room)
        t->queue[(t->first + t->count++) % t->settings.queue_max] = *s;
    if (room && t->count >= t->settings.batch_max)
        pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
    if (!room)
        metric_add(metric1(METRIC_TRACE_SPANS, "dropped"), 1);
}

/* ---- life ----------------------------------------------------------------------------------- */

static int start(struct tracer *t)
{
    sigset_t all, before;
    int rc;

    t->queue = calloc(t->settings.queue_max, sizeof(*t->queue));
    t->batch = calloc(t->settings.batch_max, sizeof(*t->batch));
    if (!t->queue || !t->batch)
        return -ENOMEM;
    rc = http_client_new(&t->client);
    if (rc)
        return rc;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = -pthread_create(&t->thread, NULL, trace_main, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    t->started = rc == 0;
    return rc;
}

int tracer_new(struct tracer **out, const struct trace_settings *s, const struct clock *clock,
               struct error *err)
{
    struct tracer *t;
    int rc;

    if (!s->url[0]) {
        *out = NULL;
        return 0;
    }
    t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->settings = *s;
    t->clock = clock;
    pthread_mutex_init(&t->lock, NULL);
    clock_cond_init(&t->changed);
    rc = start(t);
    if (rc) {
        tracer_free(t);
        return error_set(err, rc, "traces", NULL, "cannot be started: %s", strerror(-rc));
    }
    *out = t;
    return 0;
}

void tracer_free(struct tracer *t)
{
    struct timespec until = clock_deadline(LAST_MS);

    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->changed);
    while (t->started && !t->ended && pthread_cond_timedwait(&t->changed, &t->lock, &until) == 0) {
    }
    atomic_store(&t->cancel, true);
    pthread_mutex_unlock(&t->lock);
    if (t->started)
        pthread_join(t->thread, NULL);
    http_client_free(t->client);
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    free(t->queue);
    free(t->batch);
    explicit_bzero(&t->settings, sizeof(t->settings)); /* headers may hold a key */
    free(t);
}
