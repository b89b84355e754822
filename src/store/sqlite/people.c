/* Lists and contacts one by one. */
#include <errno.h>
#include <string.h>

#include "store/sqlite/service_priv.h"

int sqlite_list_add(struct store *s, const char *name, int64_t *id)
{
    return sqlite_int(s, id, "INSERT INTO lists (name, created_ms) VALUES (?, ?) RETURNING id",
                      "ti", name, sqlite_now(s));
}

int sqlite_list_rename(struct store *s, int64_t id, const char *name)
{
    int rc = sqlite_run(s, "UPDATE lists SET name = ? WHERE id = ?", "ti", name, id);

    return sqlite_changed(s, rc, -ENOENT);
}

static int remove_list(struct store *s, int64_t id)
{
    int rc = sqlite_unused(s,
                           "SELECT 1 FROM campaigns WHERE list_id = ?1 UNION ALL SELECT 1 FROM"
                           " imports i JOIN jobs j ON j.kind = 'import' AND j.object_id = i.id"
                           " WHERE i.list_id = ?1 AND j.state IN ('queued', 'running') LIMIT 1",
                           id);

    if (!rc)
        rc = sqlite_run(s, "DELETE FROM contacts WHERE list_id = ?", "i", id);
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM imports WHERE list_id = ?", "i", id);
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM lists WHERE id = ?", "i", id);
    return sqlite_changed(s, rc, -ENOENT);
}

int sqlite_list_remove(struct store *s, int64_t id)
{
    return sqlite_whole(s, remove_list(s, id));
}

/* The import that stands for what was added by hand. */
static int by_hand(struct store *s, int64_t list_id, int64_t *import_id)
{
    static const char words[] = "by hand";
    int rc = sqlite_int(s, import_id,
                        "SELECT id FROM imports WHERE list_id = ? AND file = ? AND state = 'done'"
                        " ORDER BY id LIMIT 1",
                        "it", list_id, words);

    if (rc != -ENOENT)
        return rc;
    return sqlite_int(s, import_id,
                      "INSERT INTO imports (list_id, file, state, started_ms, finished_ms)"
                      " SELECT id, ?2, 'done', ?3, ?3 FROM lists WHERE id = ?1 RETURNING id",
                      "iti", list_id, words, sqlite_now(s));
}

static int add_contact(struct store *s, const struct store_contact *c, int64_t *id)
{
    char origin[2] = {c->zone_origin, '\0'};
    int64_t import_id;
    int rc = by_hand(s, c->list_id, &import_id);

    if (!rc)
        rc = sqlite_int(s, id,
                        "INSERT INTO contacts (list_id, import_id, number, kind, name, language,"
                        " zone, zone_origin, \"window\", extra, row)"
                        " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, rows + 1 FROM imports"
                        " WHERE id = ?2 RETURNING id",
                        "iiiitttttt", c->list_id, import_id, (int64_t)c->number, (int64_t)c->kind,
                        c->name, c->language, c->zone, origin, c->window, c->extra);
    if (!rc)
        rc = sqlite_run(s,
                        "UPDATE imports SET rows = rows + 1, accepted = accepted + 1 WHERE id = ?",
                        "i", import_id);
    if (!rc) /* campaigns have somebody new to take in */
        rc = sqlite_run(s, "UPDATE lists SET version = version + 1 WHERE id = ?", "i", c->list_id);
    return rc ? rc : sqlite_list_gain(s, c->list_id, 1);
}

int sqlite_contact_add(struct store *s, const struct store_contact *c, int64_t *id)
{
    return sqlite_whole(s, add_contact(s, c, id));
}

static int not_called_now(struct store *s, int64_t contact_id)
{
    int64_t one;
    int rc = sqlite_int(s, &one, "SELECT 1 FROM targets WHERE contact_id = ? AND state = ? LIMIT 1",
                        "ii", contact_id, (int64_t)TARGET_STATE_CLAIMED);

    return rc == -ENOENT ? 0 : rc ? rc : -EBUSY;
}

static int change_contact(struct store *s, int64_t id, const struct store_contact *c)
{
    char origin[2] = {c->zone_origin, '\0'};
    int rc = not_called_now(s, id);

    if (!rc)
        rc = sqlite_run(s,
                        "UPDATE contacts SET name = ?, language = ?, zone = ?, zone_origin = ?,"
                        " \"window\" = ?, extra = ? WHERE id = ?",
                        "ttttt"
                        "ti",
                        c->name, c->language, c->zone, origin, c->window, c->extra, id);
    rc = sqlite_changed(s, rc, -ENOENT);
    if (!rc) /* what a hand has set stays, whichever of its imports is undone */
        rc = sqlite_run(s,
                        "UPDATE import_rows SET same = 1, name = NULL, language = NULL,"
                        " zone = NULL, zone_origin = NULL, \"window\" = NULL, extra = NULL"
                        " WHERE contact_id = ?",
                        "i", id);
    if (!rc)
        rc = sqlite_run(s,
                        "DELETE FROM import_rows WHERE contact_id = ?1 AND import_id ="
                        " (SELECT import_id FROM contacts WHERE id = ?1)",
                        "i", id);
    return rc;
}

int sqlite_contact_change(struct store *s, int64_t id, const struct store_contact *c)
{
    return sqlite_whole(s, change_contact(s, id, c));
}

static int remove_contact(struct store *s, int64_t id)
{
    int64_t list_id;
    int rc = sqlite_int(s, &list_id, "SELECT list_id FROM contacts WHERE id = ?", "i", id);

    if (!rc)
        rc = not_called_now(s, id);
    if (!rc)
        rc = sqlite_run(s, "UPDATE targets SET state = ? WHERE contact_id = ? AND state = ?", "iii",
                        (int64_t)TARGET_STATE_REMOVED, id, (int64_t)TARGET_STATE_WAITING);
    if (!rc)
        rc = sqlite_run(s, "DELETE FROM contacts WHERE id = ?", "i", id);
    return rc ? rc : sqlite_list_gain(s, list_id, -1);
}

int sqlite_contact_remove(struct store *s, int64_t id)
{
    return sqlite_whole(s, remove_contact(s, id));
}
