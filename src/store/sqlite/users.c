/* Users, their second factor and recovery codes. */
#include <errno.h>

#include "store/sqlite/identity_priv.h"

#define USER_COLUMNS                                                                              \
    "id, version, email, name, role, disabled, created_ms, signed_in_ms, coalesce(password_hash," \
    " ''), totp, totp_pending, totp_last"

static void read_user(sqlite3_stmt *q, struct store_user *u)
{
    int role = role_from_name((const char *)sqlite3_column_text(q, 4));

    *u = (struct store_user){
        .id = sqlite3_column_int64(q, 0),
        .version = sqlite3_column_int64(q, 1),
        .role = role < 0 ? ROLE_NONE : (enum role)role,
        .disabled = sqlite3_column_int(q, 5) != 0,
        .created_ms = sqlite3_column_int64(q, 6),
        .signed_in_ms = sqlite3_column_int64(q, 7),
        .totp_last = sqlite3_column_int64(q, 11),
    };
    sqlite_text(q, 2, u->email, sizeof(u->email));
    sqlite_text(q, 3, u->name, sizeof(u->name));
    sqlite_text(q, 8, u->password, sizeof(u->password));
    sqlite_text(q, 9, u->totp, sizeof(u->totp));
    sqlite_text(q, 10, u->totp_pending, sizeof(u->totp_pending));
}

static int one_user(struct store *s, sqlite3_stmt *q, int rc, struct store_user *out)
{
    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1)
        read_user(q, out);
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

int sqlite_user_add(struct store *s, const struct store_user *u, int64_t *id)
{
    int rc = sqlite_run(s,
                        "INSERT INTO users (email, name, role, password_hash, disabled, created_ms)"
                        " VALUES (?, ?, ?, nullif(?, ''), ?, ?)",
                        "ttttii", u->email, u->name, role_name(u->role), u->password,
                        (int64_t)u->disabled, sqlite_now(s));

    if (!rc)
        *id = sqlite3_last_insert_rowid(sqlite_of(s)->db);
    return rc;
}

int sqlite_user_get(struct store *s, int64_t id, struct store_user *out)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc, "SELECT " USER_COLUMNS " FROM users WHERE id = ?", "i", id);

    return one_user(s, q, rc, out);
}

int sqlite_user_by_email(struct store *s, const char *email, struct store_user *out)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc, "SELECT " USER_COLUMNS " FROM users WHERE email = ?", "t", email);

    return one_user(s, q, rc, out);
}

int sqlite_user_each(struct store *s, int64_t after,
                     int (*fn)(void *arg, const struct store_user *), void *arg)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(
        s, &rc, "SELECT " USER_COLUMNS " FROM users WHERE id > ? ORDER BY id", "i", after);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_user u;

        read_user(q, &u);
        if (fn(arg, &u)) {
            rc = 0;
            break;
        }
    }
    sqlite_done(q);
    return rc;
}

int sqlite_user_update(struct store *s, const struct store_user *u, int64_t version)
{
    int64_t now;
    int rc = sqlite_run(s,
                        "UPDATE users SET email = ?, name = ?, role = ?, disabled = ?,"
                        " version = version + 1 WHERE id = ? AND (?6 = 0 OR version = ?6)",
                        "tttiii", u->email, u->name, role_name(u->role), (int64_t)u->disabled,
                        u->id, version);

    if (rc || sqlite_changes(s) > 0)
        return rc;
    rc = sqlite_int(s, &now, "SELECT version FROM users WHERE id = ?", "i", u->id);
    return rc ? rc : -ESTALE;
}

int sqlite_user_remove(struct store *s, int64_t id)
{
    return sqlite_changed(s, sqlite_run(s, "DELETE FROM users WHERE id = ?", "i", id), -ENOENT);
}

int sqlite_user_password(struct store *s, int64_t id, const char *text)
{
    return sqlite_changed(s,
                          sqlite_run(s,
                                     "UPDATE users SET password_hash = ?, version = version + 1"
                                     " WHERE id = ?",
                                     "ti", text, id),
                          -ENOENT);
}

int sqlite_user_signed_in(struct store *s, int64_t id)
{
    return sqlite_run(s, "UPDATE users SET signed_in_ms = ? WHERE id = ?", "ii", sqlite_now(s), id);
}

int sqlite_administrators(struct store *s, int64_t but, int64_t *count)
{
    return sqlite_int(s, count,
                      "SELECT count(*) FROM users WHERE role = 'Administrator' AND disabled = 0"
                      " AND id <> ?",
                      "i", but);
}

int sqlite_totp_set(struct store *s, int64_t user, const char *secret, const char *pending)
{
    int rc =
        sqlite_changed(s,
                       sqlite_run(s,
                                  "UPDATE users SET totp = ?1, totp_pending = ?2, totp_last = 0,"
                                  " version = version + (totp <> ?1) WHERE id = ?3",
                                  "tti", secret, pending, user),
                       -ENOENT);

    if (rc || secret[0])
        return rc;
    return sqlite_run(s, "DELETE FROM recovery_codes WHERE user_id = ?", "i", user);
}

int sqlite_totp_use(struct store *s, int64_t user, int64_t step)
{
    return sqlite_changed(
        s,
        sqlite_run(s, "UPDATE users SET totp_last = ?1 WHERE id = ?2 AND totp_last < ?1", "ii",
                   step, user),
        -EALREADY);
}

static int replace_codes(struct store *s, int64_t user, const char (*hashes)[STORE_HASH_MAX], int n)
{
    int rc = sqlite_run(s, "DELETE FROM recovery_codes WHERE user_id = ?", "i", user);

    for (int i = 0; i < n && !rc; i++)
        rc = sqlite_run(s, "INSERT INTO recovery_codes VALUES (?, ?)", "it", user, hashes[i]);
    return rc;
}

int sqlite_recovery_set(struct store *s, int64_t user, const char (*hashes)[STORE_HASH_MAX], int n)
{
    return sqlite_whole(s, replace_codes(s, user, hashes, n));
}

int sqlite_recovery_use(struct store *s, int64_t user, const char *hash)
{
    return sqlite_changed(s,
                          sqlite_run(s, "DELETE FROM recovery_codes WHERE user_id = ? AND hash = ?",
                                     "it", user, hash),
                          -ENOENT);
}

int sqlite_recovery_left(struct store *s, int64_t user, int64_t *count)
{
    return sqlite_int(s, count, "SELECT count(*) FROM recovery_codes WHERE user_id = ?", "i", user);
}
