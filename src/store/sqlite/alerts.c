/* Alerts. Each change is told to webhooks in its own transaction. */
#include <errno.h>

#include "store/sqlite/outbox_priv.h"

static int tell(struct store *s, const char *type, int64_t at_ms, int64_t id)
{
    return sqlite_run(s,
                      "INSERT INTO outbox SELECT ?1, 0, ?2, 0, json_object('alert_id', id,"
                      " 'indicator', indicator, 'object', object, 'value', value, 'threshold',"
                      " threshold, 'text', text) FROM alerts WHERE id = ?3",
                      "tii", type, at_ms, id);
}

int sqlite_alert_raise(struct store *s, const struct store_alert *a, int64_t *id)
{
    bool own;
    int rc = sqlite_start(s, &own);

    if (rc)
        return rc;
    rc = sqlite_int(s, id,
                    "INSERT INTO alerts (indicator, object, value, threshold, text, raised_ms)"
                    " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                    "ttddti", a->indicator, a->object, a->value, a->threshold, a->text,
                    a->raised_ms);
    if (!rc)
        rc = tell(s, "alert.raised", a->raised_ms, *id);
    return sqlite_end(s, own, rc);
}

int sqlite_alert_clear(struct store *s, const struct store_alert *a)
{
    int64_t id;
    bool own;
    int rc = sqlite_start(s, &own);

    if (rc)
        return rc;
    rc = sqlite_int(s, &id,
                    "UPDATE alerts SET cleared_ms = ?, value = ?, text = ?"
                    " WHERE indicator = ? AND object = ? AND cleared_ms = 0 RETURNING id",
                    "idttt", a->cleared_ms, a->value, a->text, a->indicator, a->object);
    if (!rc)
        rc = tell(s, "alert.cleared", a->cleared_ms, id);
    return sqlite_end(s, own, rc);
}

int sqlite_alert_acknowledge(struct store *s, int64_t id, const char *who)
{
    int64_t there;
    int rc = sqlite_int(s, &there, "SELECT id FROM alerts WHERE id = ?", "i", id);

    return rc ? rc
              : sqlite_run(s,
                           "UPDATE alerts SET acknowledged_ms = ?, acknowledged_by = ?"
                           " WHERE id = ? AND acknowledged_ms = 0",
                           "iti", sqlite_now(s), who, id);
}

int sqlite_alert_open_each(struct store *s, int (*fn)(void *arg, const struct store_alert *a),
                           void *arg)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc,
                     "SELECT id, indicator, object, value, threshold, text, raised_ms FROM alerts"
                     " WHERE cleared_ms = 0 ORDER BY id",
                     "");

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_alert a = {.id = sqlite3_column_int64(q, 0),
                                .value = sqlite3_column_double(q, 3),
                                .threshold = sqlite3_column_double(q, 4),
                                .raised_ms = sqlite3_column_int64(q, 6)};

        sqlite_text(q, 1, a.indicator, sizeof(a.indicator));
        sqlite_text(q, 2, a.object, sizeof(a.object));
        sqlite_text(q, 5, a.text, sizeof(a.text));
        if (fn(arg, &a))
            break;
    }
    sqlite_done(q);
    return rc < 0 ? rc : 0;
}
