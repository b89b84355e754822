/* Call records and texts: what is shown afterwards. Totals are kept with each record, so that a
 * live display does not count a million rows. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite/sqlite_priv.h"

int sqlite_call_add(struct store *s, const struct store_call *c)
{
    const struct call_outcome *o = &c->outcome;
    int64_t talk_ms =
        o->answered_ms && o->ended_ms > o->answered_ms ? o->ended_ms - o->answered_ms : 0;
    int64_t keys = 0;
    int rc = sqlite_run(
        s,
        "INSERT INTO call_records SELECT ?1, ?2, ?3, (SELECT name FROM contacts WHERE id = ?3),"
        " ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,"
        " (SELECT decision FROM attempts WHERE id = ?1)",
        "iiiiiiiiiiitttttiiiidt", c->attempt_id, c->campaign_id, c->contact_id, (int64_t)c->number,
        (int64_t)c->attempt_no, (int64_t)o->disposition, (int64_t)o->sip_status, o->dialled_ms,
        o->ringing_ms, o->answered_ms, o->ended_ms, o->ended_by, o->reason, o->trunk, o->caller_id,
        o->sip_call_id, (int64_t)o->answer_to_audio_us, (int64_t)o->key_to_audio_us,
        (int64_t)o->rtp_sent, (int64_t)o->rtp_received, c->cost, c->trace_json);

    if (!rc && c->trace_json)
        rc = sqlite_int(s, &keys, "SELECT coalesce(json_array_length(?, '$.keys'), 0)", "t",
                        c->trace_json);
    if (rc)
        return rc;
    return sqlite_run(s,
                      "INSERT INTO call_totals VALUES (?, ?, 1, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                      " calls = calls + 1, talk_ms = talk_ms + excluded.talk_ms,"
                      " keys = keys + excluded.keys, cost = cost + excluded.cost",
                      "iiiid", c->campaign_id, (int64_t)o->disposition, talk_ms, keys, c->cost);
}

static void read_call(sqlite3_stmt *q, struct store_call *c)
{
    struct call_outcome *o = &c->outcome;

    *c = (struct store_call){
        .attempt_id = sqlite3_column_int64(q, 0),
        .campaign_id = sqlite3_column_int64(q, 1),
        .contact_id = sqlite3_column_int64(q, 2),
        .contact_name = (const char *)sqlite3_column_text(q, 3),
        .number = (uint64_t)sqlite3_column_int64(q, 4),
        .attempt_no = sqlite3_column_int(q, 5),
        .cost = sqlite3_column_double(q, 21),
        .trace_json = (const char *)sqlite3_column_text(q, 22),
        .decision_json = (const char *)sqlite3_column_text(q, 23),
    };
    o->disposition = (enum disposition)sqlite3_column_int(q, 6);
    o->sip_status = sqlite3_column_int(q, 7);
    o->dialled_ms = sqlite3_column_int64(q, 8);
    o->ringing_ms = sqlite3_column_int64(q, 9);
    o->answered_ms = sqlite3_column_int64(q, 10);
    o->ended_ms = sqlite3_column_int64(q, 11);
    sqlite_text(q, 12, o->ended_by, sizeof(o->ended_by));
    sqlite_text(q, 13, o->reason, sizeof(o->reason));
    sqlite_text(q, 14, o->trunk, sizeof(o->trunk));
    sqlite_text(q, 15, o->caller_id, sizeof(o->caller_id));
    sqlite_text(q, 16, o->sip_call_id, sizeof(o->sip_call_id));
    o->answer_to_audio_us = sqlite3_column_int(q, 17);
    o->key_to_audio_us = sqlite3_column_int(q, 18);
    o->rtp_sent = (uint32_t)sqlite3_column_int64(q, 19);
    o->rtp_received = (uint32_t)sqlite3_column_int64(q, 20);
}

int sqlite_call_each(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const struct store_call *c), void *arg)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc, "SELECT * FROM call_records WHERE campaign_id = ? ORDER BY attempt_id",
                     "i", campaign_id);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_call c;

        read_call(q, &c);
        if (sqlite_stop(fn(arg, &c), &rc))
            break;
    }
    sqlite_done(q);
    return rc;
}

int sqlite_call_totals(struct store *s, int64_t campaign_id, struct store_call_totals *out)
{
    struct store_call_totals totals = {0};
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT disposition, calls, talk_ms, keys, cost FROM call_totals"
                                   " WHERE campaign_id = ?",
                                   "i", campaign_id);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        int d = sqlite3_column_int(q, 0);

        if (d >= 0 && d < DISPOSITION_COUNT)
            totals.by_disposition[d] = sqlite3_column_int64(q, 1);
        totals.calls += sqlite3_column_int64(q, 1);
        totals.talk_ms += sqlite3_column_int64(q, 2);
        totals.keys += sqlite3_column_int64(q, 3);
        totals.cost += sqlite3_column_double(q, 4);
    }
    sqlite_done(q);
    if (!rc)
        *out = totals;
    return rc;
}

int sqlite_text_add(struct store *s, const struct store_text *t, const char *node, int64_t *id,
                    bool *added)
{
    int rc = sqlite_run(
        s,
        "INSERT INTO sms_records (campaign_id, contact_id, attempt_id, node, number,"
        " body, state, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        "iiititti", t->campaign_id, t->contact_id, t->attempt_id, node, (int64_t)t->number, t->body,
        t->state ? t->state : "queued", t->created_ms ? t->created_ms : sqlite_now(s));

    if (rc)
        return rc;
    *added = sqlite_changes(s) > 0;
    return sqlite_int(s, id, "SELECT id FROM sms_records WHERE attempt_id = ? AND node = ?", "it",
                      t->attempt_id, node);
}

int sqlite_text_each(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const struct store_text *t), void *arg)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT id, campaign_id, contact_id, attempt_id, number, body,"
                                   " state, created_ms FROM sms_records WHERE campaign_id = ?"
                                   " ORDER BY id",
                                   "i", campaign_id);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_text t = {
            .id = sqlite3_column_int64(q, 0),
            .campaign_id = sqlite3_column_int64(q, 1),
            .contact_id = sqlite3_column_int64(q, 2),
            .attempt_id = sqlite3_column_int64(q, 3),
            .number = (uint64_t)sqlite3_column_int64(q, 4),
            .body = (const char *)sqlite3_column_text(q, 5),
            .state = (const char *)sqlite3_column_text(q, 6),
            .created_ms = sqlite3_column_int64(q, 7),
        };

        if (sqlite_stop(fn(arg, &t), &rc))
            break;
    }
    sqlite_done(q);
    return rc;
}
