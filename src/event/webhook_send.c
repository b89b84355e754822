/* One try: the message is written and signed, sent, and what became of it is made durable. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metric.h"
#include "base/rng.h"
#include "event/webhook_priv.h"

enum { HOUR_MS = 3600000, STORE_AGAIN_MS = 500 };

/* When a message is tried again, in units of the first wait: 5 s, 30 s, 2 min, 10 min, 30 min, 1 h,
 * 2 h, 4 h, 8 h, 12 h. */
static const int waits[] = {1, 6, 24, 120, 360, 720, 1440, 2880, 5760, 8640};
enum { WAITS = sizeof(waits) / sizeof(waits[0]) };

/* ---- the message ----------------------------------------------------------------------------- */

/* *text is malloc'd. -ENOENT: what it tells of is gone. */
static int write_body(struct webhook_sender *s, char **text)
{
    const struct store_delivery *d = &s->delivery;
    char at[32];
    json_t *data = NULL, *body;
    int rc = 0;

    if (d->payload)
        data = json_loads(d->payload, 0, NULL);
    else
        rc = store_delivery_record(s->store, d, &data);
    if (rc || !data)
        return rc ? rc : -EBADMSG;
    body = json_pack("{s:s,s:s,s:o}", "type", d->type, "timestamp",
                     clock_format_iso(d->at_ms, at, sizeof(at)), "data", data);
    *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return *text ? 0 : -ENOMEM;
}

static int call(struct webhook_sender *s, const char *body, struct http_answer *answer,
                struct error *err)
{
    const struct webhooks_config *config = &s->owner->config;
    int64_t now_s = clock_wall_ms(config->clock) / 1000;
    char id[64], id_header[96], time_header[64], sign[WEBHOOK_SIGNATURE_MAX], sign_header[128];
    const char *headers[] = {"Content-Type: application/json",
                             ("User-Agent: kolcast/" KOLCAST_VERSION),
                             id_header,
                             time_header,
                             sign_header,
                             NULL};
    struct http_call c = {
        .method = "POST",
        .url = s->hook.url,
        .headers = headers,
        .body = body,
        .body_len = strlen(body),
        .timeout_ms = config->timeout_ms ? config->timeout_ms : 10000,
        .reply_max = 65536,
        .ca_file = config->ca_file,
        .public_only = !config->allow_private,
        .cancel = &s->owner->stop,
    };
    int rc;

    snprintf(id, sizeof(id), "evt_%" PRId64, s->delivery.id);
    rc = webhook_sign(s->hook.secret, id, now_s, body, strlen(body), sign);
    if (rc)
        return error_set(err, rc, "secret", NULL, "the secret cannot be used to sign");
    snprintf(id_header, sizeof(id_header), "webhook-id: %s", id);
    snprintf(time_header, sizeof(time_header), "webhook-timestamp: %" PRId64, now_s);
    snprintf(sign_header, sizeof(sign_header), "webhook-signature: %s", sign);
    return http_client_call(s->client, &c, answer, err);
}

/* ---- what became of it ----------------------------------------------------------------------- */

/* Up to a fifth more or less: many that failed together do not come back together. */
static int64_t jitter(int64_t ms)
{
    return ms + (int64_t)(random_u32() % (uint32_t)(ms * 2 / 5 + 1)) - ms / 5;
}

static int64_t first_retry(const struct webhook_sender *s)
{
    int64_t ms = s->owner->config.first_retry_ms;

    return ms ? ms : 5000;
}

/* The whole subscription waits, twice as long each time. */
static int64_t pause_ms(const struct webhook_sender *s, const struct http_answer *a)
{
    const char *after = a->status ? http_answer_header(a, "retry-after") : NULL;
    int64_t shift = s->hook.failures < 10 ? s->hook.failures : 10, ms = first_retry(s) << shift;

    ms = jitter(ms > HOUR_MS ? HOUR_MS : ms);
    if (after) {
        long long asked = atoll(after); /* a date there reads as 0 */

        if (asked > 0 && asked * 1000 > ms)
            ms = asked * 1000 > HOUR_MS ? HOUR_MS : asked * 1000;
    }
    return ms;
}

struct result {
    struct store_job job; /* first */
    bool arrived;
    int status;
    int64_t id;
    struct store_delivery_fault fault;
    char error[STORE_REASON_MAX], disable[STORE_REASON_MAX];
};

static int run_result(struct store_job *job, struct store *store)
{
    struct result *r = (struct result *)job;

    return r->arrived ? store_delivery_sent(store, r->id, r->status)
                      : store_delivery_failed(store, &r->fault);
}

/* Whoever is to be disabled, and why. */
static void look_disable(const struct webhook_sender *s, struct result *r, int64_t now)
{
    int64_t limit = s->owner->config.disable_after_ms;

    limit = limit ? limit : 3 * 24 * (int64_t)HOUR_MS;
    if (r->status == 410)
        snprintf(r->disable, sizeof(r->disable), "it answered 410 Gone");
    else if (s->hook.failing_ms && now - s->hook.failing_ms > limit)
        snprintf(r->disable, sizeof(r->disable), "nothing arrived for %.1f hours: %.120s",
                 (double)(now - s->hook.failing_ms) / HOUR_MS, r->error);
    if (r->disable[0])
        r->fault.disable = r->disable;
}

static void judge_fault(const struct webhook_sender *s, const struct http_answer *a,
                        const struct error *err, struct result *r)
{
    int64_t now = clock_wall_ms(s->owner->config.clock);
    bool reached = a->status >= 300 && a->status < 500 && a->status != 408 && a->status != 429;

    if (a->status)
        snprintf(r->error, sizeof(r->error), "it answered %d%s", a->status,
                 a->status >= 300 && a->status < 400 ? ": redirections are not followed" : "");
    else
        snprintf(r->error, sizeof(r->error), "%.180s", err->message);
    r->status = a->status;
    r->fault = (struct store_delivery_fault){.id = r->id, .status = a->status, .error = r->error};
    if (s->delivery.tries < WAITS)
        r->fault.due_ms = now + jitter(first_retry(s) * waits[s->delivery.tries]);
    /* A subscription that answers no to one message may take the next. */
    if (!reached)
        r->fault.next_ms = now + pause_ms(s, a);
    look_disable(s, r, now);
}

/* A store that fails for a while must not lose what has arrived: it would be sent again. */
static void write_result(struct webhook_sender *s, struct result *r)
{
    int rc;

    r->job.run = run_result;
    while ((rc = store_writer_do(s->owner->config.writer, &r->job)) != 0) {
        if (atomic_load(&s->owner->stop)) {
            log_warn("what became of a webhook could not be stored; it will be sent again",
                     "webhook=%" PRId64 " delivery=%" PRId64 " error=\"%s\"", s->hook.id, r->id,
                     strerror(-rc));
            return;
        }
        usleep(STORE_AGAIN_MS * 1000);
    }
}

static void count(const struct result *r, int64_t started_us)
{
    const char *name = r->arrived ? "delivered" : r->status ? "refused" : "unreachable";

    metric_observe(metric(METRIC_WEBHOOK_SECONDS), clock_mono_us(&clock_system) - started_us);
    metric_add(metric1(METRIC_WEBHOOK_DELIVERIES, name), 1);
    if (!r->arrived && r->fault.due_ms == 0)
        metric_add(metric1(METRIC_WEBHOOK_DELIVERIES, "given_up"), 1);
}

static void log_fault(const struct webhook_sender *s, const struct result *r)
{
    if (r->fault.disable)
        log_error("a webhook is disabled", "webhook=%" PRId64 " name=\"%s\" reason=\"%s\"",
                  s->hook.id, s->hook.name, r->disable);
    else if (s->hook.failures == 0 || r->fault.due_ms == 0)
        log_warn(r->fault.due_ms ? "a webhook fails" : "a webhook's message is given up",
                 "webhook=%" PRId64 " name=\"%s\" delivery=%" PRId64 " tries=%" PRId64
                 " error=\"%s\"",
                 s->hook.id, s->hook.name, r->id, s->delivery.tries + 1, r->error);
}

void webhook_send(struct webhook_sender *s)
{
    struct result r = {.id = s->delivery.id};
    struct http_answer answer = {0};
    struct error err = {0};
    char *body = NULL;
    int64_t started = clock_mono_us(&clock_system);
    int rc = write_body(s, &body);

    if (rc == -ENOENT || rc == -EBADMSG) {
        snprintf(r.error, sizeof(r.error), "what it tells of is no longer there");
        r.fault = (struct store_delivery_fault){.id = r.id, .error = r.error};
    } else {
        rc = rc ? error_set(&err, rc, "store", NULL, "cannot be read: %s", strerror(-rc))
                : call(s, body, &answer, &err);
        if (rc == -ECANCELED) { /* the process ends: as if it had not been tried */
            free(body);
            return;
        }
        r.arrived = rc == 0 && answer.status >= 200 && answer.status < 300;
        r.status = answer.status;
        if (!r.arrived)
            judge_fault(s, &answer, &err, &r);
    }
    free(body);
    http_answer_free(&answer);
    count(&r, started);
    if (!r.arrived)
        log_fault(s, &r);
    write_result(s, &r);
}
