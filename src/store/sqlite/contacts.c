/* Lists, and contacts as they are read. Imports: imports.c, import_undo.c; one by one: people.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite/sqlite_priv.h"

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

int sqlite_list_gain(struct store *s, int64_t list_id, int64_t people)
{
    return sqlite_run(s, "UPDATE lists SET contacts = contacts + ? WHERE id = ?", "ii", people,
                      list_id);
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
