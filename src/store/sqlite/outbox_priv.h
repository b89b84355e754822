/* The operations of outbox.h on SQLite, over webhooks.c, deliveries.c and alerts.c. */
#pragma once

#include "store/outbox_backend.h"
#include "store/sqlite/sqlite_priv.h"

int sqlite_webhook_add(struct store *s, const struct store_webhook *w, int64_t *id);
int sqlite_webhook_get(struct store *s, int64_t id, struct store_webhook *out);
int sqlite_webhook_update(struct store *s, const struct store_webhook *w);
int sqlite_webhook_remove(struct store *s, int64_t id);
int sqlite_webhook_each(struct store *s, int (*fn)(void *arg, const struct store_webhook *w),
                        void *arg);
int sqlite_webhook_queue(struct store *s, const char *type, int64_t campaign_id, int64_t at_ms,
                         const char *payload);
int sqlite_webhook_queue_one(struct store *s, int64_t webhook_id, const char *type, int64_t at_ms,
                             const char *payload);
int sqlite_delivery_due(struct store *s, int64_t webhook_id, int64_t now_ms, unsigned max,
                        struct store_delivery *out, unsigned *count);
int sqlite_delivery_sent(struct store *s, int64_t id, int status);
int sqlite_delivery_failed(struct store *s, const struct store_delivery_fault *f);
int sqlite_delivery_again(struct store *s, int64_t webhook_id, int64_t id, int64_t *count);
int sqlite_delivery_tidy(struct store *s, int64_t before_ms);
int sqlite_delivery_counts(struct store *s, int64_t *waiting, int64_t *dead);
int sqlite_alert_raise(struct store *s, const struct store_alert *a, int64_t *id);
int sqlite_alert_clear(struct store *s, const struct store_alert *a);
int sqlite_alert_acknowledge(struct store *s, int64_t id, const char *who);
int sqlite_alert_open_each(struct store *s, int (*fn)(void *arg, const struct store_alert *a),
                           void *arg);
