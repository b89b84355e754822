/* Flows, recordings, trunks, and what campaigns are made of. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/service_priv.h"

int sqlite_unused(struct store *s, const char *sql, int64_t id)
{
    int64_t one;
    int rc = sqlite_int(s, &one, sql, "i", id);

    return rc == -ENOENT ? 0 : rc ? rc : -EBUSY;
}

/* ---- flows ---------------------------------------------------------------------------------- */

static int save(struct store *s, int64_t id, const struct store_flow *f, int64_t *out)
{
    int64_t version = 1;
    int rc;

    if (id)
        rc = sqlite_int(s, &version,
                        "UPDATE flows SET name = ?, note = ?, version = version + 1 WHERE id = ?"
                        " RETURNING version",
                        "tti", f->name, f->note, id);
    else
        rc = sqlite_int(s, &id,
                        "INSERT INTO flows (name, note, version, created_ms) VALUES (?, ?, 1, ?)"
                        " RETURNING id",
                        "tti", f->name, f->note, sqlite_now(s));
    if (!rc)
        rc = sqlite_run(s, "INSERT INTO flow_versions VALUES (?, ?, ?, ?, ?)", "iitit", id, version,
                        f->json, sqlite_now(s), f->who);
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM audio_uses WHERE flow_id = ?", "i", id);
    for (unsigned i = 0; !rc && i < f->prompt_count; i++)
        rc = sqlite_run(s, "INSERT INTO audio_uses (name, flow_id) VALUES (?, ?)", "ti",
                        f->prompts[i], id);
    if (!rc)
        *out = id;
    return rc;
}

int sqlite_flow_save(struct store *s, int64_t id, const struct store_flow *f, int64_t *out)
{
    return sqlite_whole(s, save(s, id, f, out));
}

int sqlite_flow_get(struct store *s, int64_t id, int64_t *version, char **json)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT version, flow FROM flow_versions WHERE flow_id = ?"
                                   " ORDER BY version DESC LIMIT 1",
                                   "i", id);
    char *copy = NULL;

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1) {
        *version = sqlite3_column_int64(q, 0);
        copy = strdup((const char *)sqlite3_column_text(q, 1));
    }
    sqlite_done(q);
    if (rc != 1)
        return rc < 0 ? rc : -ENOENT;
    if (!copy)
        return -ENOMEM;
    *json = copy;
    return 0;
}

static int remove_flow(struct store *s, int64_t id)
{
    int rc = sqlite_unused(s, "SELECT 1 FROM campaigns WHERE flow_id = ? LIMIT 1", id);

    if (!rc)
        rc = sqlite_run(s, "DELETE FROM flows WHERE id = ?", "i", id);
    return sqlite_changed(s, rc, -ENOENT);
}

int sqlite_flow_remove(struct store *s, int64_t id)
{
    return sqlite_whole(s, remove_flow(s, id));
}

/* ---- recordings ----------------------------------------------------------------------------- */

int sqlite_audio_add(struct store *s, const struct store_audio *a, int64_t *id)
{
    return sqlite_int(s, id,
                      "INSERT INTO audio (name, type, bytes, ms, peak_db, rms_db, warning,"
                      " created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                      "ttii"
                      "ddti",
                      a->name, a->type, a->bytes, a->ms, a->peak_db, a->rms_db, a->warning,
                      sqlite_now(s));
}

int sqlite_audio_find(struct store *s, const char *name, int64_t *id)
{
    return sqlite_int(s, id, "SELECT id FROM audio WHERE name = ?", "t", name);
}

static int remove_audio(struct store *s, int64_t id)
{
    int rc =
        sqlite_unused(s,
                      "SELECT 1 FROM audio a JOIN audio_uses u ON u.name = a.name WHERE a.id = ?"
                      " LIMIT 1",
                      id);

    if (!rc)
        rc = sqlite_run(s, "DELETE FROM audio WHERE id = ?", "i", id);
    return sqlite_changed(s, rc, -ENOENT);
}

int sqlite_audio_remove(struct store *s, int64_t id)
{
    return sqlite_whole(s, remove_audio(s, id));
}

/* ---- trunks --------------------------------------------------------------------------------- */

static const char *rules_of(const struct store_trunk *t)
{
    return t->rules[0] ? t->rules : "{}";
}

int sqlite_trunk_add(struct store *s, const struct store_trunk *t, int64_t *id)
{
    return sqlite_int(s, id,
                      "INSERT INTO trunks (name, host, port, user, password, domain, register,"
                      " caller_number, calls_max, cps_max, transport, ca_file, tls_verify, srtp,"
                      " \"order\", weight, rules, created_ms)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                      "ttitttitidttitiiti", t->name, t->host, t->port, t->user, t->password,
                      t->domain, (int64_t)t->do_register, t->caller_number, t->calls_max,
                      t->cps_max, t->transport, t->ca_file, (int64_t)t->tls_verify, t->srtp,
                      t->order, t->weight, rules_of(t), sqlite_now(s));
}

int sqlite_trunk_get(struct store *s, int64_t id, struct store_trunk *out)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc,
                     "SELECT name, host, port, user, password, domain, register,"
                     " caller_number, calls_max, cps_max, transport, ca_file, tls_verify,"
                     " srtp, \"order\", weight, rules FROM trunks WHERE id = ?",
                     "i", id);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1) {
        *out = (struct store_trunk){.port = sqlite3_column_int64(q, 2),
                                    .do_register = sqlite3_column_int(q, 6) != 0,
                                    .calls_max = sqlite3_column_int64(q, 8),
                                    .cps_max = sqlite3_column_double(q, 9),
                                    .tls_verify = sqlite3_column_int(q, 12) != 0,
                                    .order = sqlite3_column_int64(q, 14),
                                    .weight = sqlite3_column_int64(q, 15)};
        sqlite_text(q, 0, out->name, sizeof(out->name));
        sqlite_text(q, 1, out->host, sizeof(out->host));
        sqlite_text(q, 3, out->user, sizeof(out->user));
        sqlite_text(q, 4, out->password, sizeof(out->password));
        sqlite_text(q, 5, out->domain, sizeof(out->domain));
        sqlite_text(q, 7, out->caller_number, sizeof(out->caller_number));
        sqlite_text(q, 10, out->transport, sizeof(out->transport));
        sqlite_text(q, 11, out->ca_file, sizeof(out->ca_file));
        sqlite_text(q, 13, out->srtp, sizeof(out->srtp));
        sqlite_text(q, 16, out->rules, sizeof(out->rules));
    }
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

int sqlite_trunk_update(struct store *s, int64_t id, const struct store_trunk *t)
{
    int rc = sqlite_run(s,
                        "UPDATE trunks SET name = ?, host = ?, port = ?, user = ?, password = ?,"
                        " domain = ?, register = ?, caller_number = ?, calls_max = ?, cps_max = ?,"
                        " transport = ?, ca_file = ?, tls_verify = ?, srtp = ?,"
                        " \"order\" = ?, weight = ?, rules = ? WHERE id = ?",
                        "ttitttitidttitiiti", t->name, t->host, t->port, t->user, t->password,
                        t->domain, (int64_t)t->do_register, t->caller_number, t->calls_max,
                        t->cps_max, t->transport, t->ca_file, (int64_t)t->tls_verify, t->srtp,
                        t->order, t->weight, rules_of(t), id);

    return sqlite_changed(s, rc, -ENOENT);
}

/* Campaigns that are over for good forget it. */
static int remove_trunk(struct store *s, int64_t id)
{
    int rc =
        sqlite_unused(s,
                      "SELECT 1 FROM campaign_trunks t JOIN campaigns c ON c.id = t.campaign_id"
                      " WHERE t.trunk_id = ? AND c.state NOT IN ('completed', 'cancelled') LIMIT 1",
                      id);

    if (!rc)
        rc = sqlite_run(s, "DELETE FROM campaign_trunks WHERE trunk_id = ?", "i", id);
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM trunks WHERE id = ?", "i", id);
    return sqlite_changed(s, rc, -ENOENT);
}

int sqlite_trunk_remove(struct store *s, int64_t id)
{
    return sqlite_whole(s, remove_trunk(s, id));
}

/* ---- campaigns ------------------------------------------------------------------------------ */

static int set_parts(struct store *s, int64_t id, const struct store_parts *p)
{
    int rc = sqlite_run(s, "UPDATE campaigns SET flow_id = ?, flow_version = ? WHERE id = ?", "iii",
                        p->flow_id, p->flow_version, id);

    if (!rc)
        rc = sqlite_run(s, "DELETE FROM campaign_trunks WHERE campaign_id = ?", "i", id);
    for (unsigned i = 0; !rc && i < p->trunk_count; i++) {
        rc = sqlite_run(s, "INSERT INTO campaign_trunks SELECT ?, ?, id FROM trunks WHERE id = ?",
                        "iii", id, (int64_t)i, p->trunks[i]);
        rc = sqlite_changed(s, rc, -ENOENT);
    }
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM audio_uses WHERE campaign_id = ?", "i", id);
    for (unsigned i = 0; !rc && i < p->prompt_count; i++)
        rc = sqlite_run(s, "INSERT INTO audio_uses (name, campaign_id) VALUES (?, ?)", "ti",
                        p->prompts[i], id);
    return rc;
}

int sqlite_campaign_parts(struct store *s, int64_t id, const struct store_parts *p)
{
    return sqlite_whole(s, set_parts(s, id, p));
}

int sqlite_campaign_trunks(struct store *s, int64_t id, int64_t *trunks, unsigned max,
                           unsigned *count)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(
        s, &rc, "SELECT trunk_id FROM campaign_trunks WHERE campaign_id = ? ORDER BY place", "i",
        id);
    unsigned n = 0;

    if (!q)
        return rc;
    while (n < max && (rc = sqlite_step(s, q)) == 1)
        trunks[n++] = sqlite3_column_int64(q, 0);
    sqlite_done(q);
    if (rc >= 0)
        *count = n;
    return rc < 0 ? rc : 0;
}

static int forget_people(struct store *s, int64_t id)
{
    int rc = sqlite_run(s, "DELETE FROM targets WHERE campaign_id = ?", "i", id);

    if (!rc)
        rc = sqlite_run(s, "DELETE FROM target_groups WHERE campaign_id = ?", "i", id);
    return rc ? rc : sqlite_run(s, "DELETE FROM target_counts WHERE campaign_id = ?", "i", id);
}

static int change(struct store *s, int64_t id, const struct store_campaign *c, const char *json)
{
    struct store_campaign old;
    int rc = sqlite_campaign_get(s, id, &old);

    if (!rc && old.state != CAMPAIGN_STATE_DRAFT)
        rc = -EPERM;
    if (!rc && old.list_id != c->list_id)
        rc = forget_people(s, id);
    return rc ? rc
              : sqlite_run(s,
                           "UPDATE campaigns SET list_id = ?, name = ?, kind = ?, config = ?,"
                           " config_hash = ? WHERE id = ?",
                           "itttti", c->list_id, c->name, c->kind, json, c->config_hash, id);
}

int sqlite_campaign_change(struct store *s, int64_t id, const struct store_campaign *c,
                           const char *config_json)
{
    return sqlite_whole(s, change(s, id, c, config_json));
}
