/* Tickets, throttles, links to providers, housekeeping of accounts, settings; and the table of all
 * operations on accounts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/identity_priv.h"

enum { DAY_MS = 24 * 3600 * 1000 };

/* ---- tickets -------------------------------------------------------------------------------- */

int sqlite_ticket_add(struct store *s, const struct store_ticket *t)
{
    return sqlite_run(s, "INSERT INTO tickets VALUES (?, ?, nullif(?, 0), ?, ?)", "ttiii", t->hash,
                      t->kind, t->user, sqlite_now(s), t->expires_ms);
}

int sqlite_ticket_get(struct store *s, const char *hash, const char *kind, struct store_ticket *out)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc,
                     "SELECT hash, kind, coalesce(user_id, 0), created_ms, expires_ms FROM tickets"
                     " WHERE hash = ? AND kind = ? AND expires_ms > ?",
                     "tti", hash, kind, sqlite_now(s));

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1) {
        *out = (struct store_ticket){
            .user = sqlite3_column_int64(q, 2),
            .created_ms = sqlite3_column_int64(q, 3),
            .expires_ms = sqlite3_column_int64(q, 4),
        };
        sqlite_text(q, 0, out->hash, sizeof(out->hash));
        sqlite_text(q, 1, out->kind, sizeof(out->kind));
    }
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

static int take(struct store *s, const char *hash, const char *kind, struct store_ticket *out)
{
    int rc = sqlite_ticket_get(s, hash, kind, out);

    return rc ? rc : sqlite_run(s, "DELETE FROM tickets WHERE hash = ?", "t", hash);
}

int sqlite_ticket_take(struct store *s, const char *hash, const char *kind,
                       struct store_ticket *out)
{
    return sqlite_whole(s, take(s, hash, kind, out));
}

int sqlite_ticket_drop(struct store *s, const char *kind, int64_t user)
{
    return sqlite_run(s, "DELETE FROM tickets WHERE kind = ? AND user_id IS nullif(?, 0)", "ti",
                      kind, user);
}

int sqlite_ticket_trim(struct store *s, const char *kind, int64_t user, int64_t keep)
{
    return sqlite_run(s,
                      "DELETE FROM tickets WHERE hash IN (SELECT hash FROM tickets"
                      " WHERE user_id = ? AND kind = ? ORDER BY created_ms DESC LIMIT -1 OFFSET ?)",
                      "iti", user, kind, keep);
}

/* ---- throttles ------------------------------------------------------------------------------ */

int sqlite_throttle_get(struct store *s, const char *key, struct store_throttle *out)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(
        s, &rc, "SELECT count, next_ms, last_ms FROM throttles WHERE key = ?", "t", key);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1)
        *out = (struct store_throttle){
            .count = sqlite3_column_int64(q, 0),
            .next_ms = sqlite3_column_int64(q, 1),
            .last_ms = sqlite3_column_int64(q, 2),
        };
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

int sqlite_throttle_put(struct store *s, const char *key, const struct store_throttle *t)
{
    return sqlite_run(s, "INSERT OR REPLACE INTO throttles VALUES (?, ?, ?, ?)", "tiii", key,
                      t->count, t->next_ms, t->last_ms);
}

int sqlite_throttle_drop(struct store *s, const char *key)
{
    return sqlite_run(s, "DELETE FROM throttles WHERE key = ?", "t", key);
}

/* ---- links ---------------------------------------------------------------------------------- */

int sqlite_link_add(struct store *s, const char *issuer, const char *subject, int64_t user)
{
    return sqlite_run(s, "INSERT INTO provider_links VALUES (?, ?, ?, ?)", "ttii", issuer, subject,
                      user, sqlite_now(s));
}

int sqlite_link_find(struct store *s, const char *issuer, const char *subject, int64_t *user)
{
    return sqlite_int(s, user,
                      "SELECT user_id FROM provider_links WHERE issuer = ? AND subject = ?", "tt",
                      issuer, subject);
}

/* ---- housekeeping, settings ----------------------------------------------------------------- */

static int tidy(struct store *s, int64_t throttles_max)
{
    int64_t now = sqlite_now(s);
    int rc = sqlite_run(s, "DELETE FROM session_tokens WHERE expires_ms <= ?", "i", now);

    if (!rc)
        rc = sqlite_run(s, "DELETE FROM sessions WHERE expires_ms <= ?", "i", now);
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM tickets WHERE expires_ms <= ?", "i", now);
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM throttles WHERE last_ms < ? AND next_ms < ?", "ii",
                        now - DAY_MS, now);
    if (!rc)
        rc = sqlite_run(s,
                        "DELETE FROM throttles WHERE key IN (SELECT key FROM throttles"
                        " ORDER BY last_ms DESC LIMIT -1 OFFSET ?)",
                        "i", throttles_max);
    return rc;
}

int sqlite_identity_tidy(struct store *s, int64_t throttles_max)
{
    return sqlite_whole(s, tidy(s, throttles_max));
}

int sqlite_setting_get(struct store *s, const char *key, char **value)
{
    char *copy = NULL;
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc, "SELECT value FROM settings WHERE key = ?", "t", key);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1) {
        copy = strdup((const char *)sqlite3_column_text(q, 0));
        rc = copy ? 0 : -ENOMEM;
    } else if (!rc) {
        rc = -ENOENT;
    }
    sqlite_done(q);
    if (!rc)
        *value = copy;
    return rc;
}

int sqlite_setting_put(struct store *s, const char *key, const char *value)
{
    if (!value)
        return sqlite_run(s, "DELETE FROM settings WHERE key = ?", "t", key);
    return sqlite_run(s, "INSERT OR REPLACE INTO settings VALUES (?, ?)", "tt", key, value);
}

const struct store_identity_backend sqlite_identity = {
    .user_add = sqlite_user_add,
    .user_get = sqlite_user_get,
    .user_by_email = sqlite_user_by_email,
    .user_each = sqlite_user_each,
    .user_update = sqlite_user_update,
    .user_remove = sqlite_user_remove,
    .user_password = sqlite_user_password,
    .user_signed_in = sqlite_user_signed_in,
    .administrators = sqlite_administrators,
    .totp_set = sqlite_totp_set,
    .totp_use = sqlite_totp_use,
    .recovery_set = sqlite_recovery_set,
    .recovery_use = sqlite_recovery_use,
    .recovery_left = sqlite_recovery_left,
    .session_add = sqlite_session_add,
    .session_get = sqlite_session_get,
    .session_each = sqlite_session_each,
    .session_seen = sqlite_session_seen,
    .session_extend = sqlite_session_extend,
    .session_revoke = sqlite_session_revoke,
    .session_revoke_user = sqlite_session_revoke_user,
    .session_trim = sqlite_session_trim,
    .token_add = sqlite_token_add,
    .token_get = sqlite_token_get,
    .token_use = sqlite_token_use,
    .key_add = sqlite_key_add,
    .key_get = sqlite_key_get,
    .key_each = sqlite_key_each,
    .key_used = sqlite_key_used,
    .key_revoke = sqlite_key_revoke,
    .auth_find = sqlite_auth_find,
    .identity_epoch = sqlite_identity_epoch,
    .ticket_add = sqlite_ticket_add,
    .ticket_get = sqlite_ticket_get,
    .ticket_take = sqlite_ticket_take,
    .ticket_drop = sqlite_ticket_drop,
    .ticket_trim = sqlite_ticket_trim,
    .throttle_get = sqlite_throttle_get,
    .throttle_put = sqlite_throttle_put,
    .throttle_drop = sqlite_throttle_drop,
    .link_add = sqlite_link_add,
    .link_find = sqlite_link_find,
    .identity_tidy = sqlite_identity_tidy,
    .setting_get = sqlite_setting_get,
    .setting_put = sqlite_setting_put,
};
