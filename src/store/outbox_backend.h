/* What a back-end provides for outbox.h, which documents it. */
#pragma once

#include "store/outbox.h"

struct store_outbox_backend {
    int (*webhook_add)(struct store *s, const struct store_webhook *w, int64_t *id);
    int (*webhook_get)(struct store *s, int64_t id, struct store_webhook *out);
    int (*webhook_update)(struct store *s, const struct store_webhook *w);
    int (*webhook_remove)(struct store *s, int64_t id);
    int (*webhook_each)(struct store *s, int (*fn)(void *arg, const struct store_webhook *w),
                        void *arg);
    int (*webhook_queue)(struct store *s, const char *type, int64_t campaign_id, int64_t at_ms,
                         const char *payload);
    int (*webhook_queue_one)(struct store *s, int64_t webhook_id, const char *type, int64_t at_ms,
                             const char *payload);
    int (*delivery_due)(struct store *s, int64_t webhook_id, int64_t now_ms, unsigned max,
                        struct store_delivery *out, unsigned *count);
    int (*delivery_sent)(struct store *s, int64_t id, int status);
    int (*delivery_failed)(struct store *s, const struct store_delivery_fault *f);
    int (*delivery_again)(struct store *s, int64_t webhook_id, int64_t id, int64_t *count);
    int (*delivery_tidy)(struct store *s, int64_t before_ms);
    int (*delivery_counts)(struct store *s, int64_t *waiting, int64_t *dead);
    int (*alert_raise)(struct store *s, const struct store_alert *a, int64_t *id);
    int (*alert_clear)(struct store *s, const struct store_alert *a);
    int (*alert_acknowledge)(struct store *s, int64_t id, const char *who);
    int (*alert_open_each)(struct store *s, int (*fn)(void *arg, const struct store_alert *a),
                           void *arg);
};
