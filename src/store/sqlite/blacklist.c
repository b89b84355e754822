/* Do-not-call lists and their history, which is never deleted. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite/sqlite_priv.h"

static int history(struct store *s, const char *action, const struct store_black *b)
{
    return sqlite_run(s,
                      "INSERT INTO blacklist_history (action, number, list, reason, source, at_ms,"
                      " expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
                      "tittt"
                      "ii",
                      action, (int64_t)b->number, b->list, b->reason, b->source, b->added_ms,
                      b->expires_ms);
}

static int add(struct store *s, struct store_black *b, bool *added)
{
    int64_t expires, now = sqlite_now(s);
    int rc =
        sqlite_int(s, &expires, "SELECT expires_ms FROM blacklist WHERE number = ? AND list = ?",
                   "it", (int64_t)b->number, b->list);

    if (!b->added_ms)
        b->added_ms = now;
    *added = rc == -ENOENT;
    if (rc == -ENOENT) {
        rc = sqlite_run(s, "INSERT INTO blacklist VALUES (?, ?, ?, ?, ?, ?)",
                        "ittt"
                        "ii",
                        (int64_t)b->number, b->list, b->reason, b->source, b->added_ms,
                        b->expires_ms);
        return rc ? rc : history(s, "add", b);
    }
    /* Never shortened: 0 is for ever. */
    if (rc || expires == 0 || (b->expires_ms != 0 && b->expires_ms <= expires))
        return rc;
    b->added_ms = now;
    rc = sqlite_run(s, "UPDATE blacklist SET expires_ms = ? WHERE number = ? AND list = ?", "iit",
                    b->expires_ms, (int64_t)b->number, b->list);
    return rc ? rc : history(s, "extend", b);
}

int sqlite_black_add(struct store *s, const struct store_black *b, bool *added)
{
    struct store_black copy = *b;
    bool is_new = false;
    int rc = sqlite_whole(s, add(s, &copy, &is_new));

    if (!rc && added)
        *added = is_new;
    return rc;
}

static int remove_one(struct store *s, const char *list, uint64_t number, const char *why,
                      bool *removed)
{
    struct store_black b = {.number = number, .added_ms = sqlite_now(s)};
    int rc = sqlite_run(s, "DELETE FROM blacklist WHERE number = ? AND list = ?", "it",
                        (int64_t)number, list);

    *removed = !rc && sqlite_changes(s) > 0;
    if (!*removed)
        return rc;
    snprintf(b.list, sizeof(b.list), "%s", list);
    snprintf(b.reason, sizeof(b.reason), "%s", why);
    snprintf(b.source, sizeof(b.source), "operator");
    return history(s, "remove", &b);
}

int sqlite_black_remove(struct store *s, const char *list, uint64_t number, const char *why,
                        bool *removed)
{
    bool gone = false;
    int rc = sqlite_whole(s, remove_one(s, list, number, why, &gone));

    if (!rc && removed)
        *removed = gone;
    return rc;
}

/* Columns: list, number, reason, source, added_ms, expires_ms. */
static void read_black(sqlite3_stmt *q, struct store_black *b)
{
    *b = (struct store_black){
        .number = (uint64_t)sqlite3_column_int64(q, 1),
        .added_ms = sqlite3_column_int64(q, 4),
        .expires_ms = sqlite3_column_int64(q, 5),
    };
    sqlite_text(q, 0, b->list, sizeof(b->list));
    sqlite_text(q, 2, b->reason, sizeof(b->reason));
    sqlite_text(q, 3, b->source, sizeof(b->source));
}

int sqlite_black_find(struct store *s, uint64_t number, struct store_black *out)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc,
                     "SELECT list, number, reason, source, added_ms, expires_ms FROM blacklist"
                     " WHERE number = ? AND (expires_ms = 0 OR expires_ms > ?)"
                     " ORDER BY added_ms LIMIT 1",
                     "ii", (int64_t)number, sqlite_now(s));

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1)
        read_black(q, out);
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

int sqlite_black_each(struct store *s, const char *list, const char *prefix,
                      int (*fn)(void *arg, const struct store_black *b), void *arg)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc,
                     "SELECT list, number, reason, source, added_ms, expires_ms FROM blacklist"
                     " WHERE (?1 IS NULL OR list = ?1)"
                     " AND substr(number, 1, length(?2)) = ?2 ORDER BY number, list",
                     "tt", list, prefix ? prefix : "");

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_black b;

        read_black(q, &b);
        if (sqlite_stop(fn(arg, &b), &rc))
            break;
    }
    sqlite_done(q);
    return rc;
}

int sqlite_black_waiting(struct store *s, int64_t campaign_id, int64_t now_ms,
                         int (*fn)(void *arg, int64_t group_id, int64_t count), void *arg)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT t.group_id, count(*) FROM targets t"
                                   " WHERE t.campaign_id = ? AND t.state = 0 AND EXISTS"
                                   "  (SELECT 1 FROM blacklist b WHERE b.number = t.number"
                                   "   AND (b.expires_ms = 0 OR b.expires_ms > ?))"
                                   " GROUP BY t.group_id",
                                   "ii", campaign_id, now_ms);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        if (sqlite_stop(fn(arg, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)), &rc))
            break;
    }
    sqlite_done(q);
    return rc;
}

int sqlite_black_count(struct store *s, int64_t *count)
{
    return sqlite_int(s, count, "SELECT count(*) FROM blacklist", "");
}

int sqlite_black_changes(struct store *s, int64_t *seq,
                         int (*fn)(void *arg, uint64_t number, int64_t expires_ms), void *arg)
{
    /* A number's standing now, not at that time: 0 for ever, -1 on no list, else the latest. */
    static const char sql[] = "SELECT h.seq, h.number, (SELECT CASE WHEN count(*) = 0 THEN -1"
                              " WHEN min(b.expires_ms) = 0 THEN 0 ELSE max(b.expires_ms) END"
                              " FROM blacklist b WHERE b.number = h.number)"
                              " FROM blacklist_history h WHERE h.seq > ? ORDER BY h.seq";
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc, sql, "i", *seq);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        *seq = sqlite3_column_int64(q, 0);
        if (sqlite_stop(fn(arg, (uint64_t)sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2)),
                        &rc))
            break;
    }
    sqlite_done(q);
    return rc;
}

int sqlite_black_history(struct store *s, uint64_t number,
                         int (*fn)(void *arg, const struct store_black *b, const char *action),
                         void *arg)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT list, number, reason, source, at_ms, expires_ms, action"
                                   " FROM blacklist_history WHERE number = ? ORDER BY seq",
                                   "i", (int64_t)number);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_black b;

        read_black(q, &b);
        if (sqlite_stop(fn(arg, &b, (const char *)sqlite3_column_text(q, 6)), &rc))
            break;
    }
    sqlite_done(q);
    return rc;
}
