/* Attempts: claimed, ended, made good after a crash.
 *
 * What a claim costs does not depend on how many targets wait: it walks the index of its group's
 * waiting targets from the earliest due. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite/sqlite_priv.h"

/* A claim looks at no more targets than this for each one it may take, so that a run of blacklisted
 * ones does not make one transaction endless. */
enum { LOOKS_PER_CLAIM = 8 };

static int move(struct store *s, int64_t campaign_id, int64_t contact_id, enum target_state to,
                int64_t due_ms)
{
    return sqlite_run(s,
                      "UPDATE targets SET state = ?, due_ms = ? WHERE campaign_id = ?"
                      " AND contact_id = ?",
                      "iiii", (int64_t)to, due_ms, campaign_id, contact_id);
}

/* 1 when it is on a list that has not expired, 0 when not. */
static int blacklisted(struct store *s, uint64_t number, int64_t now_ms)
{
    int64_t one;
    int rc = sqlite_int(s, &one,
                        "SELECT 1 FROM blacklist WHERE number = ?"
                        " AND (expires_ms = 0 OR expires_ms > ?) LIMIT 1",
                        "ii", (int64_t)number, now_ms);

    return rc == -ENOENT ? 0 : rc ? rc : 1;
}

struct candidate {
    int64_t contact_id;
    uint64_t number;
    int attempts;
};

/* What texts may say of the contact. */
static int read_variables(struct store *s, const struct store_claim_query *c,
                          struct store_claim *out)
{
    /* The contact's own columns win over extra ones of the same name. */
#define OWN_COLUMNS "json_object('name', name, 'language', language, 'number', '+' || number)"
    static const char all[] =
        "SELECT json_patch(coalesce((SELECT json_group_object(key, value) FROM json_each(extra)"
        "  WHERE ?2 IS NULL OR key IN (SELECT value FROM json_each(?2))), '{}'), " OWN_COLUMNS ")"
        " FROM contacts WHERE id = ?1";
    static const char own[] = "SELECT " OWN_COLUMNS " FROM contacts WHERE id = ?1";
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc, all, "it", out->contact_id, c->columns);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    /* Cut JSON is worse than none: whoever has more than fits has his own columns only. */
    if (rc == 1 && sqlite3_column_bytes(q, 0) >= (int)sizeof(out->variables)) {
        sqlite_done(q);
        q = sqlite_query(s, &rc, own, "i", out->contact_id);
        if (!q)
            return rc;
        rc = sqlite_step(s, q);
    }
    if (rc == 1)
        sqlite_text(q, 0, out->variables, sizeof(out->variables));
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

static int read_zone(struct store *s, struct store_claim *out, const char **from)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc, "SELECT zone_origin, zone FROM contacts WHERE id = ?",
                                   "i", out->contact_id);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1) {
        out->zone_origin = ((const char *)sqlite3_column_text(q, 0))[0];
        *from = zone_origin_name(out->zone_origin, (const char *)sqlite3_column_text(q, 1));
    }
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

/* How the earlier attempts that count ended. */
static int read_earlier(struct store *s, const struct store_claim_query *c, struct store_claim *out)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT r.disposition, count(*) FROM attempts a"
                                   " JOIN call_records r ON r.attempt_id = a.id"
                                   " WHERE a.campaign_id = ? AND a.contact_id = ? AND a.counts"
                                   " GROUP BY r.disposition",
                                   "ii", c->campaign_id, out->contact_id);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        int d = sqlite3_column_int(q, 0);

        if (d >= 0 && d < DISPOSITION_COUNT)
            out->earlier[d] = (uint8_t)sqlite3_column_int(q, 1);
    }
    sqlite_done(q);
    return rc;
}

/* Decides on one due target: 1 claimed, 0 passed over (its state says why), negative errno. */
static int claim_one(struct store *s, const struct store_claim_query *c, const struct candidate *t,
                     struct store_claim *out, int64_t *skipped)
{
    const char *zone_from = "";
    int today = 0, rc = blacklisted(s, t->number, c->now_ms);

    if (rc < 0)
        return rc;
    if (rc) {
        (*skipped)++;
        return move(s, c->campaign_id, t->contact_id, TARGET_STATE_BLACKLISTED, 0);
    }
    if (c->attempts_max > 0 && t->attempts >= c->attempts_max)
        return move(s, c->campaign_id, t->contact_id, TARGET_STATE_EXHAUSTED, 0);
    if (c->per_day_max > 0 && t->attempts > 0) {
        rc = sqlite_attempts_since(s, c->campaign_id, t->contact_id, c->day_start_ms, &today);
        if (rc)
            return rc;
        if (today >= c->per_day_max)
            return move(s, c->campaign_id, t->contact_id, TARGET_STATE_WAITING, c->day_end_ms);
    }
    *out = (struct store_claim){
        .contact_id = t->contact_id,
        .group_id = c->group_id,
        .number = t->number,
        .attempt_no = t->attempts + 1,
    };
    rc = read_zone(s, out, &zone_from);
    if (!rc)
        rc = read_variables(s, c, out);
    if (rc == -ENOENT) /* its import was undone */
        return move(s, c->campaign_id, t->contact_id, TARGET_STATE_REMOVED, 0);
    if (!rc && t->attempts > 0)
        rc = read_earlier(s, c, out);
    if (!rc)
        rc = sqlite_int(s, &out->attempt_id,
                        "INSERT INTO attempts (campaign_id, contact_id, number, attempt_no,"
                        " claimed_ms, decision) VALUES (?, ?, ?, ?, ?,"
                        " json_insert(?, '$.zone_from', ?)) RETURNING id",
                        "iiiiitt", c->campaign_id, t->contact_id, (int64_t)t->number,
                        (int64_t)out->attempt_no, c->now_ms, c->decision, zone_from);
    if (!rc)
        rc = sqlite_run(s,
                        "UPDATE targets SET state = ?, attempts = attempts + 1, last_ms = ?"
                        " WHERE campaign_id = ? AND contact_id = ?",
                        "iiii", (int64_t)TARGET_STATE_CLAIMED, c->now_ms, c->campaign_id,
                        t->contact_id);
    return rc ? rc : 1;
}

/* The earliest due target. Each one looked at leaves the walked index (claimed, put off or final),
 * so the first is always a new one. */
static int next_candidate(struct store *s, const struct store_claim_query *c, struct candidate *t)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(
        s, &rc,
        "SELECT contact_id, number, attempts FROM targets WHERE group_id = ? AND state = 0"
        " AND due_ms <= ? ORDER BY due_ms LIMIT 1",
        "ii", c->group_id, c->now_ms);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1) {
        t->contact_id = sqlite3_column_int64(q, 0);
        t->number = (uint64_t)sqlite3_column_int64(q, 1);
        t->attempts = sqlite3_column_int(q, 2);
    }
    sqlite_done(q);
    return rc;
}

static int claim(struct store *s, const struct store_claim_query *c, struct store_claim *out,
                 int max, int *claimed, int64_t *skipped)
{
    int n = 0;

    for (int look = 0; n < max && look < max * LOOKS_PER_CLAIM; look++) {
        struct candidate t = {0};
        int rc = next_candidate(s, c, &t);

        if (rc == 1)
            rc = claim_one(s, c, &t, &out[n], skipped);
        else if (rc == 0)
            break;
        if (rc < 0)
            return rc;
        n += rc;
    }
    *claimed = n;
    return 0;
}

int sqlite_claim(struct store *s, const struct store_claim_query *q, struct store_claim *out,
                 int max, int *claimed, int64_t *skipped)
{
    int64_t passed = 0;
    int n = 0, rc = sqlite_whole(s, claim(s, q, out, max, &n, &passed));

    if (!rc) {
        *claimed = n;
        *skipped += passed;
    }
    return rc;
}

/* The attempt that is still open: whose is it? -EALREADY when its record is written. */
static int open_attempt(struct store *s, int64_t attempt_id, struct store_call *out)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT campaign_id, contact_id, number, attempt_no, open"
                                   " FROM attempts WHERE id = ?",
                                   "i", attempt_id);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1) {
        *out = (struct store_call){
            .attempt_id = attempt_id,
            .campaign_id = sqlite3_column_int64(q, 0),
            .contact_id = sqlite3_column_int64(q, 1),
            .number = (uint64_t)sqlite3_column_int64(q, 2),
            .attempt_no = sqlite3_column_int(q, 3),
        };
        rc = sqlite3_column_int(q, 4) ? 0 : -EALREADY;
    } else if (rc == 0) {
        rc = -ENOENT;
    }
    sqlite_done(q);
    return rc;
}

/* The person's next attempt, by the decision that began the last one. *id 0: removed meanwhile. */
static int begin_again(struct store *s, const struct store_call *last, int64_t *id)
{
    int rc = sqlite_int(s, id,
                        "INSERT INTO attempts (campaign_id, contact_id, number, attempt_no,"
                        " claimed_ms, decision) SELECT campaign_id, contact_id, number,"
                        " attempt_no + counts, ?1, json_set(decision, '$.passed_on_from', ?2)"
                        " FROM attempts WHERE id = ?3 AND EXISTS (SELECT 1 FROM targets t"
                        " WHERE t.campaign_id = ?4 AND t.contact_id = ?5 AND t.state = ?6)"
                        " RETURNING id",
                        "itiiii", sqlite_now(s), last->outcome.trunk, last->attempt_id,
                        last->campaign_id, last->contact_id, (int64_t)TARGET_STATE_CLAIMED);

    if (rc == -ENOENT) {
        *id = 0;
        return 0;
    }
    if (rc)
        return rc;
    return sqlite_run(s,
                      "UPDATE targets SET attempts = attempts + 1, last_ms = ?"
                      " WHERE campaign_id = ? AND contact_id = ?",
                      "iii", sqlite_now(s), last->campaign_id, last->contact_id);
}

/* What begin_again began when this attempt ended. */
static int begun_again(struct store *s, const struct store_call *last, int64_t *id)
{
    int rc = sqlite_int(s, id,
                        "SELECT id FROM attempts WHERE campaign_id = ? AND contact_id = ?"
                        " AND open AND id > ? LIMIT 1",
                        "iii", last->campaign_id, last->contact_id, last->attempt_id);

    if (rc == -ENOENT)
        *id = 0;
    return rc == -ENOENT ? 0 : rc;
}

static int finish(struct store *s, const struct store_finish *f)
{
    enum target_state to = f->again_id ? TARGET_STATE_CLAIMED : f->target_state;
    struct store_call call;
    int rc = open_attempt(s, f->attempt_id, &call);

    if (rc == -EALREADY && f->again_id && begun_again(s, &call, f->again_id))
        return -EIO;
    if (rc)
        return rc;
    call.outcome = *f->outcome;
    call.trace_json = f->trace_json;
    call.cost = f->cost;
    rc = sqlite_call_add(s, &call);
    if (!rc)
        rc = sqlite_run(s, "UPDATE attempts SET open = 0, counts = ? WHERE id = ?", "ii",
                        (int64_t)f->counts, f->attempt_id);
    if (!rc)
        rc = sqlite_run(
            s,
            "UPDATE targets SET state = iif(state = ?1, ?1, ?2), due_ms = ?3, last = ?4,"
            " attempts = attempts - ?5 WHERE campaign_id = ?6 AND contact_id = ?7",
            "iiiiiii", (int64_t)TARGET_STATE_REMOVED, (int64_t)to,
            to == TARGET_STATE_WAITING ? f->due_ms : (int64_t)0, (int64_t)f->outcome->disposition,
            (int64_t)!f->counts, call.campaign_id, call.contact_id);
    if (!rc && f->again_id)
        rc = begin_again(s, &call, f->again_id);
    return rc;
}

int sqlite_finish(struct store *s, const struct store_finish *f)
{
    return sqlite_whole(s, finish(s, f));
}

static int recover(struct store *s, int64_t campaign_id, int64_t due_ms, int64_t *interrupted)
{
    struct call_outcome outcome = {
        .disposition = DISPOSITION_INTERRUPTED,
        .ended_ms = sqlite_now(s),
        .ended_by = "us",
        .reason = "the program stopped before this call ended",
    };
    int64_t n = 0;

    for (;;) {
        struct store_finish f = {
            .outcome = &outcome,
            .target_state = TARGET_STATE_WAITING,
            .due_ms = due_ms,
            .counts = true,
        };
        int rc = sqlite_int(s, &f.attempt_id,
                            "SELECT id FROM attempts WHERE open = 1 AND ?1 IN (0, campaign_id) "
                            "LIMIT 1",
                            "i", campaign_id);

        if (rc == -ENOENT)
            break;
        if (!rc)
            rc = finish(s, &f);
        if (rc)
            return rc;
        n++;
    }
    *interrupted = n;
    return 0;
}

int sqlite_recover(struct store *s, int64_t campaign_id, int64_t due_ms, int64_t *interrupted)
{
    int64_t n = 0;
    int rc = sqlite_whole(s, recover(s, campaign_id, due_ms, &n));

    if (!rc)
        *interrupted = n;
    return rc;
}

int sqlite_attempts_since(struct store *s, int64_t campaign_id, int64_t contact_id,
                          int64_t since_ms, int *count)
{
    int64_t n;
    int rc = sqlite_int(s, &n,
                        "SELECT count(*) FROM attempts WHERE campaign_id = ? AND contact_id = ?"
                        " AND claimed_ms >= ? AND counts",
                        "iii", campaign_id, contact_id, since_ms);

    if (!rc)
        *count = (int)n;
    return rc;
}

int sqlite_last_dial(struct store *s, int64_t campaign_id, int64_t *at_ms)
{
    /* Attempts are numbered in the order of their claims, soon before the dial. */
    static const char sql[] =
        "SELECT coalesce(max(iif(a.open, ?2, r.dialled_ms)), 0) FROM"
        " (SELECT id, open, campaign_id FROM attempts ORDER BY id DESC LIMIT 2000) a"
        " LEFT JOIN call_records r ON r.attempt_id = a.id WHERE ?1 IN (0, a.campaign_id)";

    return sqlite_int(s, at_ms, sql, "ii", campaign_id, sqlite_now(s));
}
