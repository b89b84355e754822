/* Lists, imports and contacts.
 *
 * Rows of an import are staged in a temporary table (its own file, without a journal) and merged in
 * one transaction at the end: what did not finish was never there, a crash leaves nothing behind,
 * and the merge runs in order of the number, which is the order of the index it fills. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite/service_priv.h"

int sqlite_list_find(struct store *s, const char *name, int64_t *list_id)
{
    return sqlite_int(s, list_id, "SELECT id FROM lists WHERE name = ?", "t", name);
}

int sqlite_list_ensure(struct store *s, const char *name, int64_t *list_id)
{
    int rc =
        sqlite_run(s, "INSERT INTO lists (name, created_ms) VALUES (?, ?) ON CONFLICT DO NOTHING",
                   "ti", name, sqlite_now(s));

    return rc ? rc : sqlite_list_find(s, name, list_id);
}

int sqlite_import_open(struct store *s, int64_t list_id, const char *file, int64_t *import_id)
{
    return sqlite_int(s, import_id,
                      "INSERT INTO imports (list_id, file, state, started_ms)"
                      " VALUES (?, ?, 'open', ?) RETURNING id",
                      "iti", list_id, file, sqlite_now(s));
}

int sqlite_import_stage(struct store *s, int64_t import_id)
{
    static const char table[] =
        "CREATE TEMP TABLE IF NOT EXISTS staging (row INTEGER, number INTEGER, kind INTEGER,"
        " name TEXT, language TEXT, zone TEXT, zone_origin TEXT, \"window\" TEXT, extra TEXT)";
    static const char rejects[] =
        "CREATE TEMP TABLE IF NOT EXISTS staged_rejects (row INTEGER, reason TEXT, value TEXT)";
    int rc = sqlite_run(s, table, "");

    (void)import_id;
    if (!rc)
        rc = sqlite_run(s, rejects, "");
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM staging", "");
    return rc ? rc : sqlite_run(s, "DELETE FROM staged_rejects", "");
}

int sqlite_import_begin(struct store *s, int64_t list_id, const char *file, int64_t *import_id)
{
    int rc = sqlite_import_stage(s, 0);

    return rc ? rc : sqlite_import_open(s, list_id, file, import_id);
}

int sqlite_import_row(struct store *s, int64_t import_id, const struct store_contact *row)
{
    char origin[2] = {row->zone_origin, '\0'};

    (void)import_id;
    return sqlite_run(s, "INSERT INTO staging VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", "iiitttttt",
                      row->row, (int64_t)row->number, (int64_t)row->kind, row->name, row->language,
                      row->zone, origin, row->window, row->extra);
}

int sqlite_import_reject(struct store *s, int64_t import_id, int64_t row, const char *reason,
                         const char *value)
{
    (void)import_id;
    return sqlite_run(s, "INSERT INTO staged_rejects VALUES (?, ?, ?)", "itt", row, reason, value);
}

/* New numbers become contacts; a number that is there already, in the list or earlier in the file,
 * is left alone by the unique index. */
static int insert_new(struct store *s, const struct store_import *i, int64_t *accepted)
{
    int rc = sqlite_run(s,
                        "INSERT INTO contacts (list_id, import_id, number, kind, name, language,"
                        " zone, zone_origin, \"window\", extra, row)"
                        " SELECT ?, ?, number, kind, name, language, zone, zone_origin, \"window\","
                        " extra, row FROM temp.staging WHERE true ORDER BY number, row"
                        " ON CONFLICT (list_id, number) DO NOTHING",
                        "ii", i->list_id, i->id);

    *accepted = sqlite_changes(s);
    return rc;
}

/* What a later row of the same number brings that the contact lacks. Remembered for undo. */
static int fill_one(struct store *s, int64_t import_id, int64_t contact_id, int64_t staged)
{
    static const char remember[] =
        "INSERT INTO import_fills"
        " SELECT ?1, c.id, c.name IS NULL AND t.name IS NOT NULL,"
        " c.language IS NULL AND t.language IS NOT NULL,"
        " c.\"window\" IS NULL AND t.\"window\" IS NOT NULL,"
        " iif(c.zone_origin <> 'c' AND t.zone_origin = 'c', c.zone, NULL),"
        " iif(c.zone_origin <> 'c' AND t.zone_origin = 'c', c.zone_origin, NULL),"
        " (SELECT json_group_array(key) FROM json_each(coalesce(t.extra, '{}'))"
        "  WHERE key NOT IN (SELECT key FROM json_each(coalesce(c.extra, '{}'))))"
        " FROM contacts c, temp.staging t WHERE c.id = ?2 AND t.rowid = ?3";
    static const char fill[] =
        "UPDATE contacts AS c SET name = coalesce(c.name, t.name),"
        " language = coalesce(c.language, t.language),"
        " \"window\" = coalesce(c.\"window\", t.\"window\"),"
        " zone = iif(c.zone_origin <> 'c' AND t.zone_origin = 'c', t.zone, c.zone),"
        " zone_origin = iif(t.zone_origin = 'c', 'c', c.zone_origin),"
        " extra = CASE WHEN t.extra IS NULL THEN c.extra WHEN c.extra IS NULL THEN t.extra"
        "  ELSE json_patch(t.extra, c.extra) END"
        " FROM temp.staging t WHERE t.rowid = ?2 AND c.id = ?1";
    int rc = sqlite_run(s, remember, "iii", import_id, contact_id, staged);

    return rc ? rc : sqlite_run(s, fill, "ii", contact_id, staged);
}

static int fill_known(struct store *s, const struct store_import *i)
{
    /* Only rows that can bring something; most duplicates bring nothing new. */
    static const char rows[] = "SELECT c.id, t.rowid FROM temp.staging t JOIN contacts c"
                               " ON c.list_id = ?1 AND c.number = t.number"
                               " WHERE NOT (c.import_id = ?2 AND c.row = t.row) AND ("
                               " (c.name IS NULL AND t.name IS NOT NULL) OR (c.language IS NULL "
                               "AND t.language IS NOT NULL)"
                               " OR (c.\"window\" IS NULL AND t.\"window\" IS NOT NULL)"
                               " OR (c.zone_origin <> 'c' AND t.zone_origin = 'c')"
                               " OR (t.extra IS NOT NULL AND t.extra IS NOT c.extra))"
                               " ORDER BY t.number, t.row";
    sqlite3_stmt *q;
    int rc;

    q = sqlite_query(s, &rc, rows, "ii", i->list_id, i->id);
    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        rc = fill_one(s, i->id, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1));
        if (rc)
            break;
    }
    sqlite_done(q);
    return rc;
}

static int merge(struct store *s, struct store_import *i)
{
    int64_t staged = 0;
    int rc = sqlite_int(s, &staged, "SELECT count(*) FROM temp.staging", "");

    if (!rc)
        rc = insert_new(s, i, &i->accepted);
    if (rc)
        return rc;
    i->merged = staged - i->accepted;
    if (i->merged > 0)
        rc = fill_known(s, i);
    if (!rc)
        rc = sqlite_run(s,
                        "INSERT INTO import_rejects SELECT ?, row, reason, value"
                        " FROM temp.staged_rejects",
                        "i", i->id);
    if (rc)
        return rc;
    i->rejected = sqlite_changes(s);
    i->rows = staged + i->rejected;
    return sqlite_run(s,
                      "UPDATE imports SET state = 'done', rows = ?, accepted = ?, merged = ?,"
                      " rejected = ?, finished_ms = ? WHERE id = ?",
                      "iiiiii", i->rows, i->accepted, i->merged, i->rejected, sqlite_now(s), i->id);
}

static int clear_staging(struct store *s)
{
    int rc = sqlite_run(s, "DELETE FROM staging", "");

    return rc ? rc : sqlite_run(s, "DELETE FROM staged_rejects", "");
}

int sqlite_import_finish(struct store *s, int64_t import_id, struct store_import *out)
{
    struct store_import i;
    bool own;
    int rc = sqlite_import_get(s, import_id, &i);

    if (rc)
        return rc;
    if (strcmp(i.state, "open") != 0)
        return -EALREADY;
    rc = sqlite_start(s, &own);
    if (rc)
        return rc;
    rc = sqlite_end(s, own, merge(s, &i));
    if (rc)
        return rc;
    clear_staging(s);
    return sqlite_import_get(s, import_id, out);
}

int sqlite_import_abort(struct store *s, int64_t import_id)
{
    int rc = clear_staging(s);

    return rc ? rc
              : sqlite_run(s, "DELETE FROM imports WHERE id = ? AND state = 'open'", "i",
                           import_id);
}

static int undo(struct store *s, int64_t import_id, int64_t *removed)
{
    static const char refill[] =
        "UPDATE contacts AS c SET name = iif(f.name, NULL, c.name),"
        " language = iif(f.language, NULL, c.language),"
        " \"window\" = iif(f.\"window\", NULL, c.\"window\"),"
        " zone = coalesce(f.zone_before, c.zone),"
        " zone_origin = coalesce(f.zone_origin_before, c.zone_origin),"
        " extra = (SELECT iif(count(*) > 0, json_group_object(key, value), NULL)"
        "  FROM json_each(coalesce(c.extra, '{}'))"
        "  WHERE key NOT IN (SELECT value FROM json_each(f.extra_keys)))"
        " FROM import_fills f WHERE f.import_id = ? AND f.contact_id = c.id";
    int64_t busy;
    int rc = sqlite_int(s, &busy,
                        "SELECT 1 FROM contacts c JOIN targets t ON t.contact_id = c.id"
                        " WHERE c.import_id = ? AND t.state = ? LIMIT 1",
                        "ii", import_id, (int64_t)TARGET_STATE_CLAIMED);

    if (rc != -ENOENT)
        return rc ? rc : -EBUSY;
    rc = sqlite_run(s,
                    "UPDATE targets SET state = ? WHERE state = ? AND contact_id IN"
                    " (SELECT id FROM contacts WHERE import_id = ?)",
                    "iii", (int64_t)TARGET_STATE_REMOVED, (int64_t)TARGET_STATE_WAITING, import_id);
    if (!rc)
        rc = sqlite_run(s, refill, "i", import_id);
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM import_fills WHERE import_id = ?", "i", import_id);
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM contacts WHERE import_id = ?", "i", import_id);
    if (rc)
        return rc;
    *removed = sqlite_changes(s);
    return sqlite_run(s, "UPDATE imports SET state = 'undone' WHERE id = ?", "i", import_id);
}

int sqlite_import_undo(struct store *s, int64_t import_id, int64_t *removed)
{
    struct store_import i;
    int64_t gone = 0;
    bool own;
    int rc = sqlite_import_get(s, import_id, &i);

    if (rc)
        return rc;
    if (strcmp(i.state, "done") != 0)
        return -EALREADY;
    rc = sqlite_start(s, &own);
    if (rc)
        return rc;
    rc = sqlite_end(s, own, undo(s, import_id, &gone));
    if (!rc)
        *removed = gone;
    return rc;
}

#define IMPORT_COLUMNS \
    "id, list_id, file, state, started_ms, finished_ms, rows, accepted, merged, rejected"

static void read_import(sqlite3_stmt *q, struct store_import *i)
{
    *i = (struct store_import){
        .id = sqlite3_column_int64(q, 0),
        .list_id = sqlite3_column_int64(q, 1),
        .started_ms = sqlite3_column_int64(q, 4),
        .finished_ms = sqlite3_column_int64(q, 5),
        .rows = sqlite3_column_int64(q, 6),
        .accepted = sqlite3_column_int64(q, 7),
        .merged = sqlite3_column_int64(q, 8),
        .rejected = sqlite3_column_int64(q, 9),
    };
    sqlite_text(q, 2, i->file, sizeof(i->file));
    sqlite_text(q, 3, i->state, sizeof(i->state));
}

int sqlite_import_get(struct store *s, int64_t import_id, struct store_import *out)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc, "SELECT " IMPORT_COLUMNS " FROM imports WHERE id = ?", "i", import_id);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1)
        read_import(q, out);
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

int sqlite_import_list(struct store *s, void (*fn)(void *arg, const struct store_import *i),
                       void *arg)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(
        s, &rc, "SELECT " IMPORT_COLUMNS " FROM imports WHERE state <> 'open' ORDER BY id", "");

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_import i;

        read_import(q, &i);
        fn(arg, &i);
    }
    sqlite_done(q);
    return rc;
}

int sqlite_import_reasons(struct store *s, int64_t import_id,
                          void (*fn)(void *arg, const char *reason, int64_t count,
                                     int64_t first_row),
                          void *arg)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc,
                     "SELECT reason, count(*), min(row) FROM import_rejects WHERE import_id = ?"
                     " GROUP BY reason ORDER BY count(*) DESC, reason",
                     "i", import_id);

    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1)
        fn(arg, (const char *)sqlite3_column_text(q, 0), sqlite3_column_int64(q, 1),
           sqlite3_column_int64(q, 2));
    sqlite_done(q);
    return rc;
}

int sqlite_contact_count(struct store *s, int64_t list_id, int64_t *count)
{
    return sqlite_int(s, count, "SELECT count(*) FROM contacts WHERE list_id = ?", "i", list_id);
}

#define CONTACT_COLUMNS                                                                     \
    "id, list_id, import_id, number, kind, name, language, zone, zone_origin, \"window\", " \
    "extra, row"

static const char *text_or_null(sqlite3_stmt *q, int column)
{
    return (const char *)sqlite3_column_text(q, column);
}

static int each_contact(struct store *s, sqlite3_stmt *q,
                        int (*fn)(void *arg, const struct store_contact *c), void *arg)
{
    int rc;

    while ((rc = sqlite_step(s, q)) == 1) {
        struct store_contact c = {
            .id = sqlite3_column_int64(q, 0),
            .list_id = sqlite3_column_int64(q, 1),
            .import_id = sqlite3_column_int64(q, 2),
            .number = (uint64_t)sqlite3_column_int64(q, 3),
            .kind = (enum number_kind)sqlite3_column_int(q, 4),
            .name = text_or_null(q, 5),
            .language = text_or_null(q, 6),
            .zone = text_or_null(q, 7),
            .zone_origin = text_or_null(q, 8)[0],
            .window = text_or_null(q, 9),
            .extra = text_or_null(q, 10),
            .row = sqlite3_column_int64(q, 11),
        };

        if (sqlite_stop(fn(arg, &c), &rc))
            break;
    }
    sqlite_done(q);
    return rc;
}

int sqlite_contact_each(struct store *s, int64_t list_id,
                        int (*fn)(void *arg, const struct store_contact *c), void *arg)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(
        s, &rc, "SELECT " CONTACT_COLUMNS " FROM contacts WHERE list_id = ? ORDER BY number", "i",
        list_id);

    return q ? each_contact(s, q, fn, arg) : rc;
}

int sqlite_contact_by_number(struct store *s, int64_t list_id, uint64_t number,
                             int (*fn)(void *arg, const struct store_contact *c), void *arg)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(
        s, &rc, "SELECT " CONTACT_COLUMNS " FROM contacts WHERE list_id = ? AND number = ?", "ii",
        list_id, (int64_t)number);

    return q ? each_contact(s, q, fn, arg) : rc;
}
