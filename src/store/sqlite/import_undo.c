/* The undo of an import: the list is as though it had never been. People whom another import
 * brought too stay, as those say of them. */
#include <errno.h>
#include <string.h>

#include "store/sqlite/imports_priv.h"

#define ROW_FIELDS "name, language, zone, zone_origin, \"window\", extra"

/* Another import has a row of the contact c. */
#define HAS_HEIR \
    "EXISTS (SELECT 1 FROM import_rows h WHERE h.contact_id = c.id AND h.import_id <> ?1)"

/* People who go, or whose fields change, go to temp.touched. */
static int find_touched(struct store *s, int64_t import_id)
{
    int rc = sqlite_run(s,
                        "INSERT INTO temp.touched SELECT contact_id FROM import_rows"
                        " WHERE import_id = ? AND NOT same",
                        "i", import_id);

    return rc ? rc
              : sqlite_run(s,
                           "INSERT INTO temp.touched SELECT c.id FROM contacts c"
                           " WHERE c.import_id = ?1 AND " HAS_HEIR " ON CONFLICT DO NOTHING",
                           "i", import_id);
}

/* Whoever said "the same" speaks for himself when the first goes. */
static int speak_out(struct store *s, int64_t import_id)
{
    return sqlite_run(
        s,
        "UPDATE import_rows AS r SET same = 0, (" ROW_FIELDS ") = (SELECT " ROW_FIELDS
        " FROM import_rows b WHERE b.contact_id = r.contact_id AND b.import_id = ?1"
        " UNION ALL SELECT " ROW_FIELDS " FROM contacts WHERE id = r.contact_id LIMIT 1)"
        " WHERE r.same AND r.contact_id IN (SELECT c.id FROM contacts c WHERE c.import_id = ?1)",
        "i", import_id);
}

/* Back to what the first that is left says: the one that it was, or else the next. */
static int begin_anew(struct store *s)
{
    return sqlite_run(s,
                      "UPDATE contacts AS c SET import_id = r.import_id, row = r.row, (" ROW_FIELDS
                      ") ="
                      " (r.name, r.language, r.zone, r.zone_origin, r.\"window\", r.extra)"
                      " FROM temp.touched x JOIN import_rows r ON r.contact_id = x.contact_id"
                      " WHERE c.id = x.contact_id AND NOT r.same AND r.import_id = coalesce("
                      "  (SELECT b.import_id FROM import_rows b WHERE b.contact_id = c.id"
                      "   AND b.import_id = c.import_id),"
                      "  (SELECT min(b.import_id) FROM import_rows b WHERE b.contact_id = c.id))",
                      "");
}

/* The others fill its gaps again, in order. */
static int fill_again(struct store *s)
{
    static const char rows[] =
        "SELECT r.contact_id, r.import_id FROM temp.touched x"
        " JOIN contacts c ON c.id = x.contact_id JOIN import_rows r ON r.contact_id = c.id"
        " WHERE NOT r.same AND r.import_id <> c.import_id ORDER BY r.contact_id, r.import_id";
    static const char fill[] = "UPDATE contacts AS c SET" IMPORT_FILL(
        "c",
        "t") " FROM import_rows t WHERE c.id = ?1 AND t.contact_id = c.id AND t.import_id = ?2";
    sqlite3_stmt *q;
    int rc;

    q = sqlite_query(s, &rc, rows, "");
    if (!q)
        return rc;
    while ((rc = sqlite_step(s, q)) == 1) {
        rc = sqlite_run(s, fill, "ii", sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1));
        if (rc)
            break;
    }
    sqlite_done(q);
    return rc;
}

/* Where only the first has its say now, the contact has all of it. */
static int forget_single(struct store *s)
{
    return sqlite_run(s,
                      "DELETE FROM import_rows WHERE contact_id IN (SELECT c.id FROM temp.touched x"
                      "  JOIN contacts c ON c.id = x.contact_id WHERE NOT EXISTS"
                      "  (SELECT 1 FROM import_rows r WHERE r.contact_id = c.id AND NOT r.same"
                      "   AND r.import_id <> c.import_id))"
                      " AND NOT same",
                      "");
}

static int remove_people(struct store *s, int64_t import_id, int64_t *removed)
{
    struct store_import i;
    int rc =
        sqlite_run(s,
                   "UPDATE targets SET state = ? WHERE state = ? AND contact_id IN"
                   " (SELECT id FROM contacts WHERE import_id = ?)",
                   "iii", (int64_t)TARGET_STATE_REMOVED, (int64_t)TARGET_STATE_WAITING, import_id);

    if (!rc)
        rc = sqlite_import_get(s, import_id, &i);
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM contacts WHERE import_id = ?", "i", import_id);
    if (rc)
        return rc;
    *removed = sqlite_changes(s);
    return sqlite_list_gain(s, i.list_id, -*removed);
}

static int undo(struct store *s, int64_t import_id, int64_t *removed)
{
    int64_t busy;
    int rc = sqlite_int(s, &busy,
                        "SELECT 1 FROM contacts c JOIN targets t ON t.contact_id = c.id"
                        " WHERE c.import_id = ? AND t.state = ? LIMIT 1",
                        "ii", import_id, (int64_t)TARGET_STATE_CLAIMED);

    if (rc != -ENOENT)
        return rc ? rc : -EBUSY;
    rc = sqlite_import_tables(s);
    if (!rc)
        rc = find_touched(s, import_id);
    if (!rc)
        rc = speak_out(s, import_id);
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM import_rows WHERE import_id = ?", "i", import_id);
    if (!rc)
        rc = begin_anew(s);
    if (!rc)
        rc = fill_again(s);
    if (!rc)
        rc = forget_single(s);
    if (!rc)
        rc = remove_people(s, import_id, removed);
    if (!rc)
        rc = sqlite_run(s, "UPDATE imports SET state = 'undone' WHERE id = ?", "i", import_id);
    return rc;
}

int sqlite_import_undo(struct store *s, int64_t import_id, int64_t *removed)
{
    struct store_import i;
    int64_t gone = 0;
    int rc = sqlite_import_get(s, import_id, &i);

    if (rc)
        return rc;
    if (strcmp(i.state, "done") != 0)
        return -EALREADY;
    rc = sqlite_whole(s, undo(s, import_id, &gone));
    if (!rc)
        *removed = gone;
    return rc;
}
