/* Targets: the contacts of a campaign, in groups that open and close as one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite/sqlite_priv.h"

/* Has the list changed since the campaign last took its people in? -ENOENT: no. */
static int list_version(struct store *s, int64_t campaign_id, int64_t *version)
{
    return sqlite_int(s, version,
                      "SELECT l.version FROM campaigns p JOIN lists l ON l.id = p.list_id"
                      " WHERE p.id = ? AND p.list_version <> l.version",
                      "i", campaign_id);
}

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
    int64_t n, version = 0;
    int rc = list_version(s, campaign_id, &version);

    if (!rc)
        rc = sqlite_run(s, "UPDATE campaigns SET list_version = ? WHERE id = ?", "ii", version,
                        campaign_id);
    if (!rc)
        rc = sqlite_run(s, groups, "i", campaign_id);
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
    int64_t version, n = 0;
    bool own;
    int rc = list_version(s, campaign_id, &version);

    if (rc == -ENOENT) { /* the usual case takes no lock */
        *added = 0;
        return 0;
    }
    if (!rc)
        rc = sqlite_start(s, &own);
    if (rc)
        return rc;
    rc = fill(s, campaign_id, &n);
    rc = sqlite_end(s, own, rc == -ENOENT ? 0 : rc); /* filled by another meanwhile */
    if (!rc)
        *added = n;
    return rc;
}

int sqlite_group_each(struct store *s, int64_t campaign_id,
                      int (*fn)(void *arg, const struct store_group *g), void *arg)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc,
                     "SELECT id, zone, \"window\", waiting, (SELECT min(due_ms) FROM targets"
                     " WHERE group_id = target_groups.id AND state = 0),"
                     " (SELECT max(due_ms) FROM targets"
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
            .last_due_ms = sqlite3_column_int64(q, 5),
        };

        sqlite_text(q, 1, g.zone, sizeof(g.zone));
        sqlite_text(q, 2, g.window, sizeof(g.window));
        if (sqlite_stop(fn(arg, &g), &rc))
            break;
    }
    sqlite_done(q);
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
        " g.\"window\", coalesce(c.zone_origin, 'd')"
        " FROM targets t JOIN target_groups g ON g.id = t.group_id"
        " LEFT JOIN contacts c ON c.id = t.contact_id WHERE t.campaign_id = ?1 AND t.number = ?2"
        /* Whoever was taken out and came back is somebody new: the last one counts. */
        " ORDER BY t.contact_id DESC LIMIT 1";
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc, sql, "ii", campaign_id, (int64_t)number);

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
        };
        sqlite_text(q, 7, out->zone, sizeof(out->zone));
        sqlite_text(q, 8, out->window, sizeof(out->window));
    }
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}
