/* Imports: rows are staged in a temporary table (its own file, without a lock on ours) and merged
 * in one transaction at the end: what did not finish was never there, a crash leaves nothing
 * behind, and the merge runs in order of the number, which is the order of the index it fills.
 *
 * What an import said of people who were there already is kept in import_rows for its undo, and for
 * the undo of those before it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite/imports_priv.h"

#define ROW_FIELDS "name, language, zone, zone_origin, \"window\", extra"

int sqlite_import_open(struct store *s, int64_t list_id, const char *file, int64_t *import_id)
{
    return sqlite_int(s, import_id,
                      "INSERT INTO imports (list_id, file, state, started_ms)"
                      " VALUES (?, ?, 'open', ?) RETURNING id",
                      "iti", list_id, file, sqlite_now(s));
}

int sqlite_import_stage(struct store *s, int64_t import_id)
{
    int rc = sqlite_run(
        s,
        "CREATE TEMP TABLE IF NOT EXISTS staging (row INTEGER, number INTEGER, kind INTEGER,"
        " name TEXT, language TEXT, zone TEXT, zone_origin TEXT, \"window\" TEXT, extra TEXT,"
        " folded INTEGER)",
        "");

    (void)import_id;
    if (!rc)
        rc = sqlite_run(s,
                        "CREATE TEMP TABLE IF NOT EXISTS staged_rejects (row INTEGER, reason TEXT,"
                        " value TEXT)",
                        "");
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM temp.staging", "");
    return rc ? rc : sqlite_run(s, "DELETE FROM temp.staged_rejects", "");
}

int sqlite_import_tables(struct store *s)
{
    /* People of this import who are in the list by another. */
    int rc = sqlite_run(s,
                        "CREATE TEMP TABLE IF NOT EXISTS known (contact_id INTEGER PRIMARY KEY,"
                        " staged INTEGER, same INTEGER)",
                        "");

    if (!rc)
        rc = sqlite_run(
            s, "CREATE TEMP TABLE IF NOT EXISTS touched (contact_id INTEGER PRIMARY KEY)", "");
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM temp.known", "");
    return rc ? rc : sqlite_run(s, "DELETE FROM temp.touched", "");
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
    return sqlite_run(s, "INSERT INTO temp.staging VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                      "iiitttttt", row->row, (int64_t)row->number, (int64_t)row->kind, row->name,
                      row->language, row->zone, origin, row->window, row->extra);
}

int sqlite_import_reject(struct store *s, int64_t import_id, int64_t row, const char *reason,
                         const char *value)
{
    (void)import_id;
    return sqlite_run(s, "INSERT INTO temp.staged_rejects VALUES (?, ?, ?)", "itt", row, reason,
                      value);
}

/* ---- the merge ------------------------------------------------------------------------------ */

/* New numbers become contacts; a number that is there already, in the list or earlier in the file,
 * is left alone by the unique index. */
static int insert_new(struct store *s, const struct store_import *i, int64_t *accepted)
{
    int rc =
        sqlite_run(s,
                   "INSERT INTO contacts (list_id, import_id, number, kind, " ROW_FIELDS ", row)"
                   " SELECT ?, ?, number, kind, " ROW_FIELDS ", row FROM temp.staging WHERE true"
                   " ORDER BY number, row ON CONFLICT (list_id, number) DO NOTHING",
                   "ii", i->list_id, i->id);

    *accepted = sqlite_changes(s);
    return rc ? rc : sqlite_list_gain(s, i->list_id, *accepted);
}

/* Rows of one number within the file become one: the first, its gaps filled by the later ones. */
static int fold_staged(struct store *s)
{
    static const char rows[] =
        "SELECT rowid, number FROM temp.staging WHERE number IN (SELECT number FROM temp.staging"
        " GROUP BY number HAVING count(*) > 1) ORDER BY number, row, rowid";
    static const char fold[] = "UPDATE temp.staging AS c SET" IMPORT_FILL(
        "c", "t") ", folded = 1"
                  " FROM temp.staging t WHERE c.rowid = ?1 AND t.rowid = ?2";
    int64_t first = 0, number = 0;
    sqlite3_stmt *q;
    int rc;

    q = sqlite_query(s, &rc, rows, "");
    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        int64_t row = sqlite3_column_int64(q, 0);

        if (sqlite3_column_int64(q, 1) != number) {
            number = sqlite3_column_int64(q, 1);
            first = row;
            continue;
        }
        rc = sqlite_run(s, fold, "ii", first, row);
        if (!rc)
            rc = sqlite_run(s, "DELETE FROM temp.staging WHERE rowid = ?", "i", row);
        if (rc)
            break;
    }
    sqlite_done(q);
    return rc;
}

/* Those of them that are new in the list were inserted with their first row alone. */
static int fill_new(struct store *s, const struct store_import *i)
{
    return sqlite_run(s,
                      "UPDATE contacts AS c SET (" ROW_FIELDS ") = (t.name, t.language, t.zone,"
                      " t.zone_origin, t.\"window\", t.extra) FROM temp.staging t"
                      " WHERE t.folded AND c.list_id = ?1 AND c.number = t.number"
                      " AND c.import_id = ?2",
                      "ii", i->list_id, i->id);
}

/* People whom another import brought: what this one says of them is remembered, and fills gaps. */
static int fill_known(struct store *s, const struct store_import *i)
{
    static const char known[] =
        "INSERT INTO temp.known SELECT c.id, t.rowid, t.name IS c.name"
        " AND t.language IS c.language AND t.zone IS c.zone AND t.zone_origin IS c.zone_origin"
        " AND t.\"window\" IS c.\"window\" AND t.extra IS c.extra AND NOT EXISTS"
        "  (SELECT 1 FROM import_rows r WHERE r.contact_id = c.id AND NOT r.same)"
        " FROM temp.staging t JOIN contacts c ON c.list_id = ?1 AND c.number = t.number"
        " WHERE c.import_id <> ?2 ORDER BY c.id";
    static const char first[] =
        "INSERT INTO import_rows SELECT c.id, c.import_id, c.row, 0, c.name,"
        " c.language, c.zone, c.zone_origin, c.\"window\", c.extra"
        " FROM temp.known k JOIN contacts c ON c.id = k.contact_id"
        " WHERE NOT k.same ON CONFLICT DO NOTHING";
    static const char said[] =
        "INSERT INTO import_rows SELECT k.contact_id, ?1, t.row, k.same, iif(k.same, NULL, t.name),"
        " iif(k.same, NULL, t.language), iif(k.same, NULL, t.zone),"
        " iif(k.same, NULL, t.zone_origin), iif(k.same, NULL, t.\"window\"),"
        " iif(k.same, NULL, t.extra)"
        " FROM temp.known k JOIN temp.staging t ON t.rowid = k.staged ORDER BY k.contact_id";
    static const char fill[] = "UPDATE contacts AS c SET" IMPORT_FILL(
        "c", "t") " FROM temp.known k JOIN temp.staging t ON t.rowid = k.staged"
                  " WHERE c.id = k.contact_id AND NOT k.same AND " IMPORT_FILLS("c", "t");
    int rc = sqlite_run(s, known, "ii", i->list_id, i->id);

    if (!rc && sqlite_changes(s) == 0)
        return 0;
    if (!rc)
        rc = sqlite_run(s, first, "");
    if (!rc)
        rc = sqlite_run(s, said, "i", i->id);
    if (!rc)
        rc = sqlite_run(s, fill, "");
    return rc;
}

static int merge_known(struct store *s, const struct store_import *i)
{
    int rc = sqlite_import_tables(s);

    if (!rc)
        rc = fold_staged(s);
    if (!rc)
        rc = fill_new(s, i);
    return rc ? rc : fill_known(s, i);
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
        rc = merge_known(s, i);
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
    int rc = sqlite_import_stage(s, 0);

    return rc ? rc : sqlite_import_tables(s);
}

int sqlite_import_finish(struct store *s, int64_t import_id, struct store_import *out)
{
    struct store_import i;
    int rc = sqlite_import_get(s, import_id, &i);

    if (rc)
        return rc;
    if (strcmp(i.state, "open") != 0)
        return -EALREADY;
    rc = sqlite_whole(s, merge(s, &i));
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

/* ---- what is known of them ------------------------------------------------------------------ */

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
