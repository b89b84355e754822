/* The front of outbox.h: hands each operation on to the back-end. */
#include <errno.h>
#include <string.h>

#include "store/backend.h"

int store_webhook_add(struct store *s, const struct store_webhook *w, int64_t *id)
{
    return s->ops->outbox->webhook_add(s, w, id);
}

int store_webhook_get(struct store *s, int64_t id, struct store_webhook *out)
{
    return s->ops->outbox->webhook_get(s, id, out);
}

int store_webhook_update(struct store *s, const struct store_webhook *w)
{
    return s->ops->outbox->webhook_update(s, w);
}

int store_webhook_remove(struct store *s, int64_t id)
{
    return s->ops->outbox->webhook_remove(s, id);
}

int store_webhook_each(struct store *s, int (*fn)(void *arg, const struct store_webhook *w),
                       void *arg)
{
    return s->ops->outbox->webhook_each(s, fn, arg);
}

int store_webhook_queue(struct store *s, const char *type, int64_t campaign_id, int64_t at_ms,
                        const char *payload)
{
    return s->ops->outbox->webhook_queue(s, type, campaign_id, at_ms, payload);
}

int store_webhook_queue_one(struct store *s, int64_t webhook_id, const char *type, int64_t at_ms,
                            const char *payload)
{
    return s->ops->outbox->webhook_queue_one(s, webhook_id, type, at_ms, payload);
}

int store_delivery_due(struct store *s, int64_t webhook_id, int64_t now_ms, unsigned max,
                       struct store_delivery *out, unsigned *count)
{
    return s->ops->outbox->delivery_due(s, webhook_id, now_ms, max, out, count);
}

int store_delivery_sent(struct store *s, int64_t id, int status)
{
    return s->ops->outbox->delivery_sent(s, id, status);
}

int store_delivery_failed(struct store *s, const struct store_delivery_fault *f)
{
    return s->ops->outbox->delivery_failed(s, f);
}

int store_delivery_again(struct store *s, int64_t webhook_id, int64_t id, int64_t *count)
{
    return s->ops->outbox->delivery_again(s, webhook_id, id, count);
}

int store_delivery_tidy(struct store *s, int64_t before_ms)
{
    return s->ops->outbox->delivery_tidy(s, before_ms);
}

int store_delivery_counts(struct store *s, int64_t *waiting, int64_t *dead)
{
    return s->ops->outbox->delivery_counts(s, waiting, dead);
}

int store_alert_raise(struct store *s, const struct store_alert *a, int64_t *id)
{
    return s->ops->outbox->alert_raise(s, a, id);
}

int store_alert_clear(struct store *s, const struct store_alert *a)
{
    return s->ops->outbox->alert_clear(s, a);
}

int store_alert_acknowledge(struct store *s, int64_t id, const char *who)
{
    return s->ops->outbox->alert_acknowledge(s, id, who);
}

int store_alert_open_each(struct store *s, int (*fn)(void *arg, const struct store_alert *a),
                          void *arg)
{
    return s->ops->outbox->alert_open_each(s, fn, arg);
}

int store_delivery_record(struct store *s, const struct store_delivery *d, json_t **out)
{
    static const struct {
        const char *type;
        enum store_view view;
    } views[] = {{"call.ended", STORE_VIEW_CALL}, {"text.queued", STORE_VIEW_MESSAGE}};

    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
        if (strcmp(d->type, views[i].type) == 0)
            return store_look_id(s, views[i].view, d->ref, out);
    return -ENOENT;
}
