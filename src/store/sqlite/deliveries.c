/* The queue of webhooks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/outbox_priv.h"

int sqlite_webhook_queue(struct store *s, const char *type, int64_t campaign_id, int64_t at_ms,
                         const char *payload)
{
    return sqlite_run(s, "INSERT INTO outbox VALUES (?, ?, ?, 0, ?)", "tiit", type, campaign_id,
                      at_ms, payload);
}

int sqlite_webhook_queue_one(struct store *s, int64_t webhook_id, const char *type, int64_t at_ms,
                             const char *payload)
{
    int rc = sqlite_run(s,
                        "INSERT INTO webhook_queue (webhook_id, type, at_ms, ref, payload)"
                        " SELECT id, ?, ?, 0, ? FROM webhooks WHERE id = ?",
                        "titi", type, at_ms, payload, webhook_id);

    return sqlite_changed(s, rc, -ENOENT);
}

static int read_delivery(sqlite3_stmt *q, struct store_delivery *d)
{
    const char *payload = (const char *)sqlite3_column_text(q, 6);

    *d = (struct store_delivery){
        .id = sqlite3_column_int64(q, 0),
        .webhook_id = sqlite3_column_int64(q, 1),
        .at_ms = sqlite3_column_int64(q, 3),
        .ref = sqlite3_column_int64(q, 4),
        .tries = sqlite3_column_int64(q, 5),
        .payload = payload ? strdup(payload) : NULL,
    };
    sqlite_text(q, 2, d->type, sizeof(d->type));
    return payload && !d->payload ? -ENOMEM : 0;
}

int sqlite_delivery_due(struct store *s, int64_t webhook_id, int64_t now_ms, unsigned max,
                        struct store_delivery *out, unsigned *count)
{
    unsigned n = 0;
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc,
                     "SELECT id, webhook_id, type, at_ms, ref, tries, payload FROM webhook_queue"
                     " WHERE webhook_id = ? AND state = 'waiting' AND due_ms <= ?"
                     " ORDER BY due_ms, id LIMIT ?",
                     "iii", webhook_id, now_ms, (int64_t)max);

    if (!q)
        return rc;
    while (n < max && (rc = sqlite_step(s, q)) == 1) {
        rc = read_delivery(q, &out[n]);
        if (rc)
            break;
        n++;
    }
    sqlite_done(q);
    if (rc < 0) {
        while (n > 0)
            free(out[--n].payload);
        return rc;
    }
    *count = n;
    return 0;
}

int sqlite_delivery_sent(struct store *s, int64_t id, int status)
{
    bool own;
    int rc = sqlite_start(s, &own);

    if (rc)
        return rc;
    rc = sqlite_run(s,
                    "UPDATE webhooks SET sent = sent + 1, sent_ms = ?, next_ms = 0, failing_ms = 0,"
                    " failures = 0, last_status = ?, last_error = ''"
                    " WHERE id = (SELECT webhook_id FROM webhook_queue WHERE id = ?)",
                    "iii", sqlite_now(s), (int64_t)status, id);
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM webhook_queue WHERE id = ?", "i", id);
    return sqlite_end(s, own, rc);
}

int sqlite_delivery_failed(struct store *s, const struct store_delivery_fault *f)
{
    int64_t now = sqlite_now(s);
    bool own;
    int rc = sqlite_start(s, &own);

    if (rc)
        return rc;
    rc = sqlite_run(s,
                    "UPDATE webhooks SET failures = failures + 1, last_status = ?1,"
                    " last_error = ?2, failing_ms = iif(failing_ms = 0, ?3, failing_ms),"
                    " next_ms = max(next_ms, ?4),"
                    " state = iif(?5 IS NULL, state, 'disabled'),"
                    " state_reason = coalesce(?5, state_reason),"
                    " version = version + (?5 IS NOT NULL)"
                    " WHERE id = (SELECT webhook_id FROM webhook_queue WHERE id = ?6)",
                    "itiiti", (int64_t)f->status, f->error, now, f->next_ms, f->disable, f->id);
    if (!rc)
        rc =
            sqlite_run(s,
                       "UPDATE webhook_queue SET tries = tries + 1, last_ms = ?1, last_status = ?2,"
                       " last_error = ?3, due_ms = ?4, state = iif(?4 = 0, 'dead', 'waiting')"
                       " WHERE id = ?5",
                       "iitii", now, (int64_t)f->status, f->error, f->due_ms, f->id);
    return sqlite_end(s, own, rc);
}

int sqlite_delivery_again(struct store *s, int64_t webhook_id, int64_t id, int64_t *count)
{
    int rc = sqlite_run(s,
                        "UPDATE webhook_queue SET state = 'waiting', tries = 0, due_ms = 0"
                        " WHERE webhook_id = ?1 AND state = 'dead' AND (?2 = 0 OR id = ?2)",
                        "ii", webhook_id, id);

    if (!rc)
        *count = sqlite_changes(s);
    return rc;
}

int sqlite_delivery_tidy(struct store *s, int64_t before_ms)
{
    return sqlite_run(s, "DELETE FROM webhook_queue WHERE state = 'dead' AND last_ms < ?", "i",
                      before_ms);
}

int sqlite_delivery_counts(struct store *s, int64_t *waiting, int64_t *dead)
{
    int64_t all;
    int rc = sqlite_int(
        s, &all, "SELECT coalesce(sum(waiting), 0) FROM webhooks WHERE state = 'enabled'", "");

    if (!rc)
        rc = sqlite_int(s, dead, "SELECT coalesce(sum(dead), 0) FROM webhooks", "");
    if (!rc)
        *waiting = all;
    return rc;
}
