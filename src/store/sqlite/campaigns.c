/* Campaigns, their workflow's steps, pace changes and the audit trail. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite/sqlite_priv.h"

int sqlite_campaign_create(struct store *s, const struct store_campaign *c, const char *config_json,
                           int64_t *id)
{
    return sqlite_int(s, id,
                      "INSERT INTO campaigns (list_id, name, kind, state, config, config_hash,"
                      " created_ms) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                      "ittttti", c->list_id, c->name, c->kind, campaign_state_name(c->state),
                      config_json, c->config_hash, sqlite_now(s));
}

#define CAMPAIGN_COLUMNS \
    "id, list_id, name, kind, state, state_reason, created_ms, started_ms, ended_ms, config_hash"

static void read_campaign(sqlite3_stmt *q, struct store_campaign *c)
{
    int state = campaign_state_from_name((const char *)sqlite3_column_text(q, 4));

    *c = (struct store_campaign){
        .id = sqlite3_column_int64(q, 0),
        .list_id = sqlite3_column_int64(q, 1),
        .state = state < 0 ? CAMPAIGN_STATE_FAILED : (enum campaign_state)state,
        .created_ms = sqlite3_column_int64(q, 6),
        .started_ms = sqlite3_column_int64(q, 7),
        .ended_ms = sqlite3_column_int64(q, 8),
    };
    sqlite_text(q, 2, c->name, sizeof(c->name));
    sqlite_text(q, 3, c->kind, sizeof(c->kind));
    sqlite_text(q, 5, c->state_reason, sizeof(c->state_reason));
    sqlite_text(q, 9, c->config_hash, sizeof(c->config_hash));
}

static int one_campaign(struct store *s, sqlite3_stmt *q, struct store_campaign *out)
{
    int rc = sqlite_step(s, q);

    if (rc == 1)
        read_campaign(q, out);
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

int sqlite_campaign_get(struct store *s, int64_t id, struct store_campaign *out)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc, "SELECT " CAMPAIGN_COLUMNS " FROM campaigns WHERE id = ?", "i", id);

    return q ? one_campaign(s, q, out) : rc;
}

int sqlite_campaign_find(struct store *s, const char *name, struct store_campaign *out)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT " CAMPAIGN_COLUMNS
                                   " FROM campaigns WHERE name = ? ORDER BY id DESC LIMIT 1",
                                   "t", name);

    return q ? one_campaign(s, q, out) : rc;
}

int sqlite_campaign_config(struct store *s, int64_t id, char **json)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc, "SELECT config FROM campaigns WHERE id = ?", "i", id);
    char *copy = NULL;

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1)
        copy = strdup((const char *)sqlite3_column_text(q, 0));
    sqlite_done(q);
    if (rc != 1)
        return rc < 0 ? rc : -ENOENT;
    if (!copy)
        return -ENOMEM;
    *json = copy;
    return 0;
}

static int update(struct store *s, int64_t id, const char *config_json, const char *config_hash)
{
    struct store_campaign c;
    int rc = sqlite_campaign_get(s, id, &c);

    if (rc)
        return rc;
    if (c.state == CAMPAIGN_STATE_RUNNING)
        return -EBUSY;
    return sqlite_run(s, "UPDATE campaigns SET config = ?, config_hash = ? WHERE id = ?", "tti",
                      config_json, config_hash, id);
}

int sqlite_campaign_update(struct store *s, int64_t id, const char *config_json,
                           const char *config_hash)
{
    return sqlite_whole(s, update(s, id, config_json, config_hash));
}

int sqlite_campaign_list(struct store *s, int (*fn)(void *arg, const struct store_campaign *c),
                         void *arg)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc, "SELECT " CAMPAIGN_COLUMNS " FROM campaigns ORDER BY id", "");

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_campaign c;

        read_campaign(q, &c);
        if (sqlite_stop(fn(arg, &c), &rc))
            break;
    }
    sqlite_done(q);
    return rc;
}

static int set_state(struct store *s, int64_t id, enum campaign_state to, const char *reason)
{
    struct store_campaign c;
    int64_t now = sqlite_now(s);
    bool ended = to == CAMPAIGN_STATE_COMPLETED || to == CAMPAIGN_STATE_CANCELLED ||
                 to == CAMPAIGN_STATE_FAILED;
    int rc = sqlite_campaign_get(s, id, &c);

    if (rc || c.state == to)
        return rc;
    if (!campaign_transition_allowed(c.state, to))
        return -EPERM;
    return sqlite_run(s,
                      "UPDATE campaigns SET state = ?, state_reason = ?, ended_ms = ?,"
                      " started_ms = iif(? AND started_ms = 0, ?, started_ms) WHERE id = ?",
                      "ttiiii", campaign_state_name(to), reason ? reason : "",
                      ended ? now : (int64_t)0, (int64_t)(to == CAMPAIGN_STATE_RUNNING), now, id);
}

int sqlite_campaign_set_state(struct store *s, int64_t id, enum campaign_state to,
                              const char *reason)
{
    return sqlite_whole(s, set_state(s, id, to, reason));
}

static int delete_campaign(struct store *s, int64_t id)
{
    struct store_campaign c;
    int rc = sqlite_campaign_get(s, id, &c);

    if (rc)
        return rc;
    if (c.state == CAMPAIGN_STATE_RUNNING)
        return -EBUSY;
    rc = sqlite_run(s, "DELETE FROM targets WHERE campaign_id = ?", "i", id);
    return rc ? rc : sqlite_run(s, "DELETE FROM campaigns WHERE id = ?", "i", id);
}

int sqlite_campaign_delete(struct store *s, int64_t id)
{
    return sqlite_whole(s, delete_campaign(s, id));
}

int sqlite_step_begin(struct store *s, int64_t campaign_id, const char *step)
{
    return sqlite_run(s,
                      "INSERT INTO steps (campaign_id, step, state, started_ms)"
                      " VALUES (?, ?, 'running', ?)",
                      "iti", campaign_id, step, sqlite_now(s));
}

int sqlite_step_end(struct store *s, int64_t campaign_id, const char *step, bool ok,
                    const char *detail)
{
    return sqlite_run(s,
                      "UPDATE steps SET state = ?, ended_ms = ?, detail = ? WHERE rowid ="
                      " (SELECT max(rowid) FROM steps WHERE campaign_id = ? AND step = ?)",
                      "titit", ok ? "done" : "failed", sqlite_now(s), detail ? detail : "",
                      campaign_id, step);
}

int sqlite_step_each(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const char *step, const char *state, int64_t started_ms,
                               int64_t ended_ms, const char *detail),
                     void *arg)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT step, state, started_ms, ended_ms, detail FROM steps"
                                   " WHERE campaign_id = ? ORDER BY rowid",
                                   "i", campaign_id);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        if (sqlite_stop(fn(arg, (const char *)sqlite3_column_text(q, 0),
                           (const char *)sqlite3_column_text(q, 1), sqlite3_column_int64(q, 2),
                           sqlite3_column_int64(q, 3), (const char *)sqlite3_column_text(q, 4)),
                        &rc))
            break;
    }
    sqlite_done(q);
    return rc;
}

int sqlite_pace_add(struct store *s, int64_t campaign_id, const struct store_pace *p)
{
    return sqlite_run(
        s,
        "INSERT INTO pace_changes (campaign_id, at_ms, from_cps, to_cps, trunk, reason)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        "iiddtt", campaign_id, p->at_ms, p->from_cps, p->to_cps, p->trunk, p->reason);
}

int sqlite_pace_each(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const struct store_pace *p), void *arg)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT at_ms, from_cps, to_cps, trunk, reason FROM pace_changes"
                                   " WHERE campaign_id = ? ORDER BY rowid",
                                   "i", campaign_id);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_pace p = {
            .at_ms = sqlite3_column_int64(q, 0),
            .from_cps = sqlite3_column_double(q, 1),
            .to_cps = sqlite3_column_double(q, 2),
        };

        sqlite_text(q, 3, p.trunk, sizeof(p.trunk));
        sqlite_text(q, 4, p.reason, sizeof(p.reason));
        if (sqlite_stop(fn(arg, &p), &rc))
            break;
    }
    sqlite_done(q);
    return rc;
}

int sqlite_audit(struct store *s, const char *who, const char *action, const char *object,
                 const char *detail)
{
    return sqlite_run(s,
                      "INSERT INTO audit (at_ms, who, action, object, detail)"
                      " VALUES (?, ?, ?, ?, ?)",
                      "itttt", sqlite_now(s), who, action, object, detail ? detail : "");
}
