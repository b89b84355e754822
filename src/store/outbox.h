/* Events that must not be lost: outgoing webhooks with their queue, and alerts. What happens to
 * calls, texts, opt-outs, campaigns and reports is queued by the store itself, in the transaction
 * that makes it so; whoever has it queued needs no further call. Conventions of store/store.h. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* ---- subscriptions -------------------------------------------------------------------------- */

enum { STORE_WEBHOOK_EVENTS_MAX = 32, STORE_URL_MAX = 1024 };

struct store_webhook {
    int64_t id, version;
    char name[STORE_NAME_MAX], url[STORE_URL_MAX];
    char secret[128];    /* "whsec_…" */
    int64_t campaign_id; /* 0: of all campaigns */
    bool enabled;
    char state_reason[STORE_REASON_MAX];       /* why not */
    char events[STORE_WEBHOOK_EVENTS_MAX][32]; /* names of event/bus.h */
    unsigned event_count;
    /* Set by the store alone. */
    int64_t next_ms, failing_ms, failures, waiting, dead, dropped;
};

int store_webhook_add(struct store *s, const struct store_webhook *w, int64_t *id);
int store_webhook_get(struct store *s, int64_t id, struct store_webhook *out);
/* name, url, secret, campaign_id, enabled, state_reason and events of w->id. Enabled again: what
 * waits is sent at once. -ENOENT; -ESTALE: w->version is not the newest (0: any). */
int store_webhook_update(struct store *s, const struct store_webhook *w);
int store_webhook_remove(struct store *s, int64_t id); /* and what waits for it */
/* In order of id; fn returns nonzero to stop. */
int store_webhook_each(struct store *s, int (*fn)(void *arg, const struct store_webhook *w),
                       void *arg);

/* ---- the queue ------------------------------------------------------------------------------ */

/* For everyone who asked for events of this type. payload: JSON text. */
int store_webhook_queue(struct store *s, const char *type, int64_t campaign_id, int64_t at_ms,
                        const char *payload);

/* For one subscription, whatever it asked for: to try it. -ENOENT. */
int store_webhook_queue_one(struct store *s, int64_t webhook_id, const char *type, int64_t at_ms,
                            const char *payload);

struct store_delivery {
    int64_t id, webhook_id, at_ms, ref, tries;
    char type[32];
    char *payload; /* malloc'd; NULL: what the record `ref` says */
};
/* What is due of a subscription, the oldest first, at most max. The caller frees the payloads. */
int store_delivery_due(struct store *s, int64_t webhook_id, int64_t now_ms, unsigned max,
                       struct store_delivery *out, unsigned *count);
/* What its record says, in the API's terms; -ENOENT: it is gone. The caller owns *out. */
int store_delivery_record(struct store *s, const struct store_delivery *d, json_t **out);

/* It arrived. */
int store_delivery_sent(struct store *s, int64_t id, int status);
struct store_delivery_fault {
    int64_t id;
    int status;          /* of HTTP; 0: none came */
    const char *error;   /* in words */
    int64_t due_ms;      /* the next try; 0: it is dead */
    int64_t next_ms;     /* the whole subscription waits until then; 0: it does not */
    const char *disable; /* the subscription is disabled, for this reason; NULL: it is not */
};
int store_delivery_failed(struct store *s, const struct store_delivery_fault *f);
/* Dead ones wait again, due now: of a subscription, or (id) one. *count: how many. */
int store_delivery_again(struct store *s, int64_t webhook_id, int64_t id, int64_t *count);
/* Forgets dead ones that were last tried before. */
int store_delivery_tidy(struct store *s, int64_t before_ms);
/* Over all enabled subscriptions. */
int store_delivery_counts(struct store *s, int64_t *waiting, int64_t *dead);

/* ---- alerts --------------------------------------------------------------------------------- */

struct store_alert {
    int64_t id, raised_ms, cleared_ms;
    char indicator[32], object[48], text[STORE_REASON_MAX];
    double value, threshold;
};
/* Raised, and told to webhooks ("alert.raised"). -EEXIST: it is open already. */
int store_alert_raise(struct store *s, const struct store_alert *a, int64_t *id);
/* Over, and told ("alert.cleared"). a: the values at that moment. -ENOENT: it is not open. */
int store_alert_clear(struct store *s, const struct store_alert *a);
/* Somebody knows of it: the first who says so counts. -ENOENT. */
int store_alert_acknowledge(struct store *s, int64_t id, const char *who);
/* Those that are open, the oldest first. */
int store_alert_open_each(struct store *s, int (*fn)(void *arg, const struct store_alert *a),
                          void *arg);
