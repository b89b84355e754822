/* Targets: the contacts of a campaign, in groups that open and close as one; claims and their ends.
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

static int fill(struct store *s, int64_t campaign_id, int64_t *added)
{
    static const char groups[] =
        "INSERT INTO target_groups (campaign_id, zone, \"window\")"
        " SELECT DISTINCT p.id, c.zone, coalesce(c.\"window\", '') FROM campaigns p"
        " JOIN contacts c ON c.list_id = p.list_id WHERE p.id = ? ON CONFLICT DO NOTHING";
    static const char targets[] =
        "INSERT INTO targets (campaign_id, contact_id, group_id, number, state)"
        " SELECT p.id, c.id, g.id, c.number, 0 FROM campaigns p"
        " JOIN contacts c ON c.list_id = p.list_id"
        " JOIN target_groups g ON g.campaign_id = p.id AND g.zone = c.zone"
        "  AND g.\"window\" = coalesce(c.\"window\", '')"
        " WHERE p.id = ? ORDER BY c.id ON CONFLICT DO NOTHING";
    static const char counts[] = "INSERT INTO target_counts VALUES (?1, 0, ?2)"
                                 " ON CONFLICT DO UPDATE SET count = count + ?2";
    static const char waiting[] =
        "UPDATE target_groups SET waiting ="
        " (SELECT count(*) FROM targets WHERE group_id = target_groups.id AND state = 0)"
        " WHERE campaign_id = ?";
    int64_t n;
    int rc = sqlite_run(s, groups, "i", campaign_id);

    if (!rc)
        rc = sqlite_run(s, targets, "i", campaign_id);
    if (rc)
        return rc;
    n = sqlite_changes(s);
    if (n > 0)
        rc = sqlite_run(s, counts, "ii", campaign_id, n);
    if (!rc && n > 0)
        rc = sqlite_run(s, waiting, "i", campaign_id);
    if (!rc)
        *added = n;
    return rc;
}

int sqlite_target_fill(struct store *s, int64_t campaign_id, int64_t *added)
{
    bool own;
    int rc = sqlite_start(s, &own);

    return rc ? rc : sqlite_end(s, own, fill(s, campaign_id, added));
}

int sqlite_group_each(struct store *s, int64_t campaign_id,
                      int (*fn)(void *arg, const struct store_group *g), void *arg)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc,
                     "SELECT id, zone, \"window\", waiting, (SELECT min(due_ms) FROM targets"
                     " WHERE group_id = target_groups.id AND state = 0) FROM target_groups"
                     " WHERE campaign_id = ? ORDER BY id",
                     "i", campaign_id);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_group g = {
            .id = sqlite3_column_int64(q, 0),
            .waiting = sqlite3_column_int64(q, 3),
            .next_due_ms = sqlite3_column_int64(q, 4),
        };

        sqlite_text(q, 1, g.zone, sizeof(g.zone));
        sqlite_text(q, 2, g.window, sizeof(g.window));
        if (fn(arg, &g)) {
            rc = 0;
            break;
        }
    }
    sqlite_done(q);
    return rc;
}

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

static int read_variables(struct store *s, struct store_claim *c)
{
    /* The contact's own columns win over extra ones of the same name. */
    static const char sql[] =
        "SELECT zone_origin, json_patch(coalesce(extra, '{}'), json_object('name', name,"
        " 'language', language, 'number', '+' || number)) FROM contacts WHERE id = ?";
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc, sql, "i", c->contact_id);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1) {
        const char *origin = (const char *)sqlite3_column_text(q, 0);

        c->zone_origin = origin[0];
        /* Cut JSON is worse than none: a row with more than fits keeps only its own columns. */
        if (sqlite3_column_bytes(q, 1) < (int)sizeof(c->variables))
            sqlite_text(q, 1, c->variables, sizeof(c->variables));
        else
            snprintf(c->variables, sizeof(c->variables), "{}");
    }
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

/* Decides on one due target: 1 claimed, 0 passed over (its state says why), negative errno. */
static int claim_one(struct store *s, const struct store_claim_query *c, const struct candidate *t,
                     struct store_claim *out, int64_t *skipped)
{
    int64_t today = 0;
    int rc = blacklisted(s, t->number, c->now_ms);

    if (rc < 0)
        return rc;
    if (rc) {
        (*skipped)++;
        return move(s, c->campaign_id, t->contact_id, TARGET_STATE_BLACKLISTED, 0);
    }
    if (c->attempts_max > 0 && t->attempts >= c->attempts_max)
        return move(s, c->campaign_id, t->contact_id, TARGET_STATE_EXHAUSTED, 0);
    if (c->per_day_max > 0 && t->attempts > 0) {
        rc = sqlite_int(s, &today,
                        "SELECT count(*) FROM attempts WHERE contact_id = ? AND campaign_id = ?"
                        " AND claimed_ms >= ? AND counts",
                        "iii", t->contact_id, c->campaign_id, c->day_start_ms);
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
    rc = read_variables(s, out);
    if (rc == -ENOENT) /* its import was undone */
        return move(s, c->campaign_id, t->contact_id, TARGET_STATE_REMOVED, 0);
    if (!rc)
        rc = sqlite_int(s, &out->attempt_id,
                        "INSERT INTO attempts (campaign_id, contact_id, number, attempt_no,"
                        " claimed_ms, decision) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                        "iiiiit", c->campaign_id, t->contact_id, (int64_t)t->number,
                        (int64_t)out->attempt_no, c->now_ms, c->decision);
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
    bool own;
    int n = 0, rc = sqlite_start(s, &own);

    if (rc)
        return rc;
    rc = sqlite_end(s, own, claim(s, q, out, max, &n, &passed));
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

static int finish(struct store *s, const struct store_finish *f)
{
    struct store_call call;
    int rc = open_attempt(s, f->attempt_id, &call);

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
        rc =
            sqlite_run(s,
                       "UPDATE targets SET state = iif(state = ?1, ?1, ?2), due_ms = ?3, last = ?4,"
                       " attempts = attempts - ?5 WHERE campaign_id = ?6 AND contact_id = ?7",
                       "iiiiiii", (int64_t)TARGET_STATE_REMOVED, (int64_t)f->target_state,
                       f->target_state == TARGET_STATE_WAITING ? f->due_ms : (int64_t)0,
                       (int64_t)f->outcome->disposition, (int64_t)!f->counts, call.campaign_id,
                       call.contact_id);
    return rc;
}

int sqlite_finish(struct store *s, const struct store_finish *f)
{
    bool own;
    int rc = sqlite_start(s, &own);

    return rc ? rc : sqlite_end(s, own, finish(s, f));
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
    bool own;
    int rc = sqlite_start(s, &own);

    if (rc)
        return rc;
    rc = sqlite_end(s, own, recover(s, campaign_id, due_ms, &n));
    if (!rc)
        *interrupted = n;
    return rc;
}

int sqlite_target_counts(struct store *s, int64_t campaign_id, struct store_target_counts *out)
{
    struct store_target_counts counts = {0};
    int rc;
    sqlite3_stmt *q = sqlite_query(
        s, &rc, "SELECT state, count FROM target_counts WHERE campaign_id = ?", "i", campaign_id);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        int state = sqlite3_column_int(q, 0);

        if (state >= 0 && state < TARGET_STATE_COUNT)
            counts.by_state[state] = sqlite3_column_int64(q, 1);
        counts.total += sqlite3_column_int64(q, 1);
    }
    sqlite_done(q);
    if (!rc)
        *out = counts;
    return rc;
}

int sqlite_target_get(struct store *s, int64_t campaign_id, uint64_t number,
                      struct store_target *out)
{
    static const char sql[] =
        "SELECT t.contact_id, t.number, t.state, t.attempts, t.due_ms, t.last_ms, t.last, g.zone,"
        " g.\"window\", coalesce(c.zone_origin, 'd'), (SELECT count(*) FROM attempts a"
        "  WHERE a.contact_id = t.contact_id AND a.campaign_id = t.campaign_id AND a.counts"
        "  AND a.claimed_ms >= ?3)"
        " FROM targets t JOIN target_groups g ON g.id = t.group_id"
        " LEFT JOIN contacts c ON c.id = t.contact_id WHERE t.campaign_id = ?1 AND t.number = ?2";
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc, sql, "iii", campaign_id, (int64_t)number,
                                   sqlite_now(s) - (int64_t)24 * 3600 * 1000);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1) {
        *out = (struct store_target){
            .contact_id = sqlite3_column_int64(q, 0),
            .number = (uint64_t)sqlite3_column_int64(q, 1),
            .state = (enum target_state)sqlite3_column_int(q, 2),
            .attempts = sqlite3_column_int(q, 3),
            .due_ms = sqlite3_column_int64(q, 4),
            .last_attempt_ms = sqlite3_column_int64(q, 5),
            .last = (enum disposition)sqlite3_column_int(q, 6),
            .zone_origin = ((const char *)sqlite3_column_text(q, 9))[0],
            .attempts_today = sqlite3_column_int(q, 10),
        };
        sqlite_text(q, 7, out->zone, sizeof(out->zone));
        sqlite_text(q, 8, out->window, sizeof(out->window));
    }
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}
