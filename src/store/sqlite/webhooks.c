/* Subscriptions of webhooks, and the table of all operations of outbox.h. */
#include <errno.h>
#include <string.h>

#include "store/sqlite/outbox_priv.h"

static int set_events(struct store *s, int64_t id, const struct store_webhook *w)
{
    int rc = sqlite_run(s, "DELETE FROM webhook_events WHERE webhook_id = ?", "i", id);

    for (unsigned i = 0; !rc && i < w->event_count; i++)
        rc = sqlite_run(s, "INSERT OR IGNORE INTO webhook_events VALUES (?, ?)", "ti", w->events[i],
                        id);
    return rc;
}

int sqlite_webhook_add(struct store *s, const struct store_webhook *w, int64_t *id)
{
    bool own;
    int rc = sqlite_start(s, &own);

    if (rc)
        return rc;
    rc = sqlite_int(s, id,
                    "INSERT INTO webhooks (name, url, secret, campaign_id, state, state_reason,"
                    " created_ms) VALUES (?, ?, ?, ?, iif(?, 'enabled', 'disabled'), ?, ?)"
                    " RETURNING id",
                    "tttiiti", w->name, w->url, w->secret, w->campaign_id, (int64_t)w->enabled,
                    w->state_reason, sqlite_now(s));
    if (!rc)
        rc = set_events(s, *id, w);
    return sqlite_end(s, own, rc);
}

int sqlite_webhook_update(struct store *s, const struct store_webhook *w)
{
    bool own;
    int rc = sqlite_start(s, &own);
    int64_t version;

    if (rc)
        return rc;
    rc = sqlite_int(s, &version, "SELECT version FROM webhooks WHERE id = ?", "i", w->id);
    if (!rc && w->version && version != w->version)
        rc = -ESTALE;
    if (!rc)
        rc = sqlite_run(
            s,
            "UPDATE webhooks SET name = ?1, url = ?2, secret = ?3, campaign_id = ?4,"
            " next_ms = iif(?5 AND (state = 'disabled' OR url <> ?2), 0, next_ms),"
            " failing_ms = iif(?5 AND (state = 'disabled' OR url <> ?2), 0, failing_ms),"
            " failures = iif(?5 AND (state = 'disabled' OR url <> ?2), 0, failures),"
            " state = iif(?5, 'enabled', 'disabled'), state_reason = ?6, version = version + 1"
            " WHERE id = ?7",
            "tttiiti", w->name, w->url, w->secret, w->campaign_id, (int64_t)w->enabled,
            w->state_reason, w->id);
    if (!rc)
        rc = set_events(s, w->id, w);
    return sqlite_end(s, own, rc);
}

int sqlite_webhook_remove(struct store *s, int64_t id)
{
    int rc = sqlite_run(s, "DELETE FROM webhooks WHERE id = ?", "i", id);

    return sqlite_changed(s, rc, -ENOENT);
}

#define COLUMNS                                                                              \
    "id, version, name, url, secret, campaign_id, state = 'enabled', state_reason, next_ms," \
    " failing_ms, failures, waiting, dead, dropped"

static void read_webhook(sqlite3_stmt *q, struct store_webhook *w)
{
    *w = (struct store_webhook){
        .id = sqlite3_column_int64(q, 0),
        .version = sqlite3_column_int64(q, 1),
        .campaign_id = sqlite3_column_int64(q, 5),
        .enabled = sqlite3_column_int(q, 6) != 0,
        .next_ms = sqlite3_column_int64(q, 8),
        .failing_ms = sqlite3_column_int64(q, 9),
        .failures = sqlite3_column_int64(q, 10),
        .waiting = sqlite3_column_int64(q, 11),
        .dead = sqlite3_column_int64(q, 12),
        .dropped = sqlite3_column_int64(q, 13),
    };
    sqlite_text(q, 2, w->name, sizeof(w->name));
    sqlite_text(q, 3, w->url, sizeof(w->url));
    sqlite_text(q, 4, w->secret, sizeof(w->secret));
    sqlite_text(q, 7, w->state_reason, sizeof(w->state_reason));
}

static int read_events(struct store *s, struct store_webhook *w)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(
        s, &rc, "SELECT type FROM webhook_events WHERE webhook_id = ? ORDER BY type", "i", w->id);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1 && w->event_count < STORE_WEBHOOK_EVENTS_MAX) {
        sqlite_text(q, 0, w->events[w->event_count], sizeof(w->events[0]));
        w->event_count++;
    }
    sqlite_done(q);
    return rc < 0 ? rc : 0;
}

int sqlite_webhook_get(struct store *s, int64_t id, struct store_webhook *out)
{
    struct store_webhook w;
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc, "SELECT " COLUMNS " FROM webhooks WHERE id = ?", "i", id);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1)
        read_webhook(q, &w);
    sqlite_done(q);
    if (rc != 1)
        return rc < 0 ? rc : -ENOENT;
    rc = read_events(s, &w);
    if (!rc)
        *out = w;
    return rc;
}

int sqlite_webhook_each(struct store *s, int (*fn)(void *arg, const struct store_webhook *w),
                        void *arg)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc, "SELECT " COLUMNS " FROM webhooks ORDER BY id", "");

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_webhook w;

        read_webhook(q, &w);
        rc = read_events(s, &w);
        if (rc || fn(arg, &w))
            break;
    }
    sqlite_done(q);
    return rc < 0 ? rc : 0;
}

const struct store_outbox_backend sqlite_outbox = {
    .webhook_add = sqlite_webhook_add,
    .webhook_get = sqlite_webhook_get,
    .webhook_update = sqlite_webhook_update,
    .webhook_remove = sqlite_webhook_remove,
    .webhook_each = sqlite_webhook_each,
    .webhook_queue = sqlite_webhook_queue,
    .webhook_queue_one = sqlite_webhook_queue_one,
    .delivery_due = sqlite_delivery_due,
    .delivery_sent = sqlite_delivery_sent,
    .delivery_failed = sqlite_delivery_failed,
    .delivery_again = sqlite_delivery_again,
    .delivery_tidy = sqlite_delivery_tidy,
    .delivery_counts = sqlite_delivery_counts,
    .alert_raise = sqlite_alert_raise,
    .alert_clear = sqlite_alert_clear,
    .alert_acknowledge = sqlite_alert_acknowledge,
    .alert_open_each = sqlite_alert_open_each,
};
