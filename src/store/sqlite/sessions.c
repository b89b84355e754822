/* Sessions and their tokens, API keys, and the one look that tells who holds a token. */
#include <errno.h>
#include <stdio.h>

#include "store/sqlite/identity_priv.h"

/* ---- sessions ------------------------------------------------------------------------------- */

#define SESSION_COLUMNS                                                                    \
    "id, user_id, csrf, how, address, agent, created_ms, seen_ms, expires_ms, revoked_ms," \
    " revoked_why"

static void read_session(sqlite3_stmt *q, struct store_session *e)
{
    *e = (struct store_session){
        .id = sqlite3_column_int64(q, 0),
        .user = sqlite3_column_int64(q, 1),
        .created_ms = sqlite3_column_int64(q, 6),
        .seen_ms = sqlite3_column_int64(q, 7),
        .expires_ms = sqlite3_column_int64(q, 8),
        .revoked_ms = sqlite3_column_int64(q, 9),
    };
    sqlite_text(q, 2, e->csrf, sizeof(e->csrf));
    sqlite_text(q, 3, e->how, sizeof(e->how));
    sqlite_text(q, 4, e->address, sizeof(e->address));
    sqlite_text(q, 5, e->agent, sizeof(e->agent));
    sqlite_text(q, 10, e->revoked_why, sizeof(e->revoked_why));
}

int sqlite_session_add(struct store *s, const struct store_session *in, int64_t *id)
{
    int64_t now = sqlite_now(s);
    int rc = sqlite_run(s,
                        "INSERT INTO sessions (user_id, csrf, how, address, agent, created_ms,"
                        " seen_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        "ittttiii", in->user, in->csrf, in->how, in->address, in->agent, now, now,
                        in->expires_ms);

    if (!rc)
        *id = sqlite3_last_insert_rowid(sqlite_of(s)->db);
    return rc;
}

int sqlite_session_get(struct store *s, int64_t id, struct store_session *out)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc, "SELECT " SESSION_COLUMNS " FROM sessions WHERE id = ?", "i", id);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1)
        read_session(q, out);
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

int sqlite_session_each(struct store *s, int64_t user,
                        int (*fn)(void *arg, const struct store_session *), void *arg)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT " SESSION_COLUMNS " FROM sessions WHERE user_id = ?"
                                   " AND revoked_ms = 0 AND expires_ms > ? ORDER BY id DESC",
                                   "ii", user, sqlite_now(s));

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_session e;

        read_session(q, &e);
        if (fn(arg, &e)) {
            rc = 0;
            break;
        }
    }
    sqlite_done(q);
    return rc;
}

int sqlite_session_seen(struct store *s, int64_t id, int64_t seen_ms)
{
    return sqlite_run(s, "UPDATE sessions SET seen_ms = max(seen_ms, ?) WHERE id = ?", "ii",
                      seen_ms, id);
}

int sqlite_session_extend(struct store *s, int64_t id, int64_t expires_ms)
{
    return sqlite_run(s, "UPDATE sessions SET expires_ms = ? WHERE id = ?", "ii", expires_ms, id);
}

int sqlite_session_revoke(struct store *s, int64_t id, const char *why)
{
    int64_t now = sqlite_now(s);

    return sqlite_changed(
        s,
        sqlite_run(s,
                   "UPDATE sessions SET revoked_ms = ?1, revoked_why = ?2 WHERE id = ?3"
                   " AND revoked_ms = 0 AND expires_ms > ?1",
                   "iti", now, why, id),
        -ENOENT);
}

int sqlite_session_revoke_user(struct store *s, int64_t user, int64_t but, const char *why,
                               int64_t *count)
{
    int rc = sqlite_run(s,
                        "UPDATE sessions SET revoked_ms = ?1, revoked_why = ?2 WHERE user_id = ?3"
                        " AND id <> ?4 AND revoked_ms = 0 AND expires_ms > ?1",
                        "itii", sqlite_now(s), why, user, but);

    if (!rc && count)
        *count = sqlite_changes(s);
    return rc;
}

int sqlite_session_trim(struct store *s, int64_t user, int64_t keep, const char *why)
{
    return sqlite_run(s,
                      "UPDATE sessions SET revoked_ms = ?1, revoked_why = ?2 WHERE id IN"
                      " (SELECT id FROM sessions WHERE user_id = ?3 AND revoked_ms = 0"
                      " AND expires_ms > ?1 ORDER BY id DESC LIMIT -1 OFFSET ?4)",
                      "itii", sqlite_now(s), why, user, keep);
}

/* ---- tokens --------------------------------------------------------------------------------- */

int sqlite_token_add(struct store *s, const struct store_token *t)
{
    char kind[2] = {t->kind, '\0'};

    return sqlite_run(s,
                      "INSERT INTO session_tokens (hash, session_id, kind, expires_ms)"
                      " VALUES (?, ?, ?, ?)",
                      "titi", t->hash, t->session, kind, t->expires_ms);
}

int sqlite_token_get(struct store *s, const char *hash, struct store_token *out)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT hash, session_id, kind, expires_ms, used_ms, salt"
                                   " FROM session_tokens WHERE hash = ?",
                                   "t", hash);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1) {
        *out = (struct store_token){
            .kind = (char)sqlite3_column_text(q, 2)[0],
            .session = sqlite3_column_int64(q, 1),
            .expires_ms = sqlite3_column_int64(q, 3),
            .used_ms = sqlite3_column_int64(q, 4),
        };
        sqlite_text(q, 0, out->hash, sizeof(out->hash));
        sqlite_text(q, 5, out->salt, sizeof(out->salt));
    }
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

int sqlite_token_use(struct store *s, const char *hash, const char *salt)
{
    return sqlite_changed(
        s,
        sqlite_run(s,
                   "UPDATE session_tokens SET used_ms = ?, salt = ? WHERE hash = ?"
                   " AND kind = 'r' AND used_ms = 0",
                   "itt", sqlite_now(s), salt, hash),
        -EALREADY);
}

/* ---- API keys ------------------------------------------------------------------------------- */

#define KEY_COLUMNS \
    "id, user_id, name, prefix, hash, scopes, created_ms, expires_ms, used_ms, revoked_ms"

static void read_key(sqlite3_stmt *q, struct store_key *k)
{
    *k = (struct store_key){
        .id = sqlite3_column_int64(q, 0),
        .user = sqlite3_column_int64(q, 1),
        .scopes = (uint64_t)sqlite3_column_int64(q, 5),
        .created_ms = sqlite3_column_int64(q, 6),
        .expires_ms = sqlite3_column_int64(q, 7),
        .used_ms = sqlite3_column_int64(q, 8),
        .revoked_ms = sqlite3_column_int64(q, 9),
    };
    sqlite_text(q, 2, k->name, sizeof(k->name));
    sqlite_text(q, 3, k->prefix, sizeof(k->prefix));
    sqlite_text(q, 4, k->hash, sizeof(k->hash));
}

int sqlite_key_add(struct store *s, const struct store_key *k, int64_t *id)
{
    int rc = sqlite_run(s,
                        "INSERT INTO api_keys (user_id, name, prefix, hash, scopes, created_ms,"
                        " expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
                        "itttiii", k->user, k->name, k->prefix, k->hash, (int64_t)k->scopes,
                        sqlite_now(s), k->expires_ms);

    if (!rc)
        *id = sqlite3_last_insert_rowid(sqlite_of(s)->db);
    return rc;
}

int sqlite_key_get(struct store *s, int64_t id, struct store_key *out)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc, "SELECT " KEY_COLUMNS " FROM api_keys WHERE id = ?", "i", id);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1)
        read_key(q, out);
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

int sqlite_key_each(struct store *s, int64_t user, int64_t after,
                    int (*fn)(void *arg, const struct store_key *), void *arg)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT " KEY_COLUMNS " FROM api_keys WHERE id > ?1"
                                   " AND (?2 = 0 OR user_id = ?2) AND revoked_ms = 0 ORDER BY id",
                                   "ii", after, user);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_key k;

        read_key(q, &k);
        if (fn(arg, &k)) {
            rc = 0;
            break;
        }
    }
    sqlite_done(q);
    return rc;
}

int sqlite_key_used(struct store *s, int64_t id, int64_t used_ms)
{
    return sqlite_run(s, "UPDATE api_keys SET used_ms = max(used_ms, ?) WHERE id = ?", "ii",
                      used_ms, id);
}

int sqlite_key_revoke(struct store *s, int64_t id)
{
    return sqlite_changed(s,
                          sqlite_run(s,
                                     "UPDATE api_keys SET revoked_ms = ? WHERE id = ? AND"
                                     " revoked_ms = 0",
                                     "ii", sqlite_now(s), id),
                          -ENOENT);
}

/* ---- who holds this token? ------------------------------------------------------------------ */

/* Columns: user, session, key, role, scopes, expires, seen, email, name, csrf. */
int sqlite_auth_find(struct store *s, const char *hash, struct store_auth *out)
{
    static const char sql[] =
        "SELECT u.id, e.id, 0, u.role, 0, min(t.expires_ms, e.expires_ms), e.seen_ms, u.email,"
        " u.name, e.csrf FROM session_tokens t JOIN sessions e ON e.id = t.session_id"
        " JOIN users u ON u.id = e.user_id"
        " WHERE t.hash = ?1 AND t.kind = 'a' AND e.revoked_ms = 0 AND u.disabled = 0"
        " UNION ALL SELECT u.id, 0, k.id, u.role, k.scopes, k.expires_ms, k.used_ms, u.email,"
        " k.name, '' FROM api_keys k JOIN users u ON u.id = k.user_id"
        " WHERE k.hash = ?1 AND k.revoked_ms = 0 AND u.disabled = 0";
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc, sql, "t", hash);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1) {
        int role = role_from_name((const char *)sqlite3_column_text(q, 3));

        *out = (struct store_auth){
            .user = sqlite3_column_int64(q, 0),
            .session = sqlite3_column_int64(q, 1),
            .key = sqlite3_column_int64(q, 2),
            .role = role < 0 ? ROLE_NONE : (enum role)role,
            .scopes = (uint64_t)sqlite3_column_int64(q, 4),
            .expires_ms = sqlite3_column_int64(q, 5),
            .seen_ms = sqlite3_column_int64(q, 6),
        };
        sqlite_text(q, 7, out->email, sizeof(out->email));
        sqlite_text(q, 8, out->name, sizeof(out->name));
        sqlite_text(q, 9, out->csrf, sizeof(out->csrf));
    }
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

int sqlite_identity_epoch(struct store *s, int64_t *epoch)
{
    struct sqlite *q = sqlite_of(s);
    int64_t version = sqlite_data_version(s);
    int64_t own = sqlite3_total_changes64(q->db);
    int rc;

    /* data_version tells of other connections' commits, total_changes of this one's. */
    if (q->epoch && version == q->epoch_version && own == q->epoch_changes) {
        *epoch = q->epoch;
        return 0;
    }
    rc = sqlite_int(s, epoch, "SELECT epoch FROM identity_epoch", "");
    if (rc || q->in_transaction) /* what is not committed may never be */
        return rc;
    q->epoch = *epoch;
    q->epoch_version = version;
    q->epoch_changes = own;
    return 0;
}
