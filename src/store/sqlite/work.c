/* Work in the background, kept answers, and the table of all operations of the service. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/service_priv.h"

/* ---- work ----------------------------------------------------------------------------------- */

int sqlite_work_add(struct store *s, const struct store_work *w, int64_t *id)
{
    return sqlite_int(s, id,
                      "INSERT INTO jobs (kind, state, object_id, who, params, file, total,"
                      " created_ms) VALUES (?, 'queued', ?, ?, ?, ?, ?, ?) RETURNING id",
                      "titttii", w->kind, w->object_id, w->who, w->params, w->file, w->total,
                      sqlite_now(s));
}

#define WORK_COLUMNS "id, object_id, total, kind, state, who, file, params"

static int one_work(struct store *s, sqlite3_stmt *q, struct store_work *out)
{
    int rc = sqlite_step(s, q);

    if (rc == 1) {
        *out = (struct store_work){.id = sqlite3_column_int64(q, 0),
                                   .object_id = sqlite3_column_int64(q, 1),
                                   .total = sqlite3_column_int64(q, 2),
                                   .params = strdup((const char *)sqlite3_column_text(q, 7))};
        sqlite_text(q, 3, out->kind, sizeof(out->kind));
        sqlite_text(q, 4, out->state, sizeof(out->state));
        sqlite_text(q, 5, out->who, sizeof(out->who));
        sqlite_text(q, 6, out->file, sizeof(out->file));
    }
    sqlite_done(q);
    if (rc == 1)
        return out->params ? 0 : -ENOMEM;
    return rc < 0 ? rc : -ENOENT;
}

int sqlite_work_get(struct store *s, int64_t id, struct store_work *out)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc, "SELECT " WORK_COLUMNS " FROM jobs WHERE id = ?", "i", id);

    return q ? one_work(s, q, out) : rc;
}

int sqlite_work_of(struct store *s, const char *kind, int64_t object_id, int64_t *id)
{
    return sqlite_int(s, id,
                      "SELECT id FROM jobs WHERE kind = ? AND object_id = ? ORDER BY id DESC"
                      " LIMIT 1",
                      "ti", kind, object_id);
}

int sqlite_work_of_file(struct store *s, const char *file, int64_t *id)
{
    return sqlite_int(s, id, "SELECT id FROM jobs WHERE file = ?", "t", file);
}

int sqlite_work_next(struct store *s, int64_t after, struct store_work *out)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT " WORK_COLUMNS " FROM jobs WHERE id > ?"
                                   " AND state IN ('queued', 'running') ORDER BY id LIMIT 1",
                                   "i", after);

    return q ? one_work(s, q, out) : rc;
}

int sqlite_work_set(struct store *s, int64_t id, const struct store_work_end *e)
{
    int rc = sqlite_run(s,
                        "UPDATE jobs SET state = ?1, fault = ?2, remedy = ?3, result = ?4,"
                        " finished_ms = iif(?1 = 'running', 0, ?5)"
                        " WHERE id = ?6 AND state IN ('queued', 'running')",
                        "ttttii", e->state, e->fault ? e->fault : "", e->remedy ? e->remedy : "",
                        e->result, sqlite_now(s), id);

    return sqlite_changed(s, rc, -EALREADY);
}

int sqlite_work_remove(struct store *s, int64_t id)
{
    int rc = sqlite_run(s, "DELETE FROM jobs WHERE id = ?", "i", id);

    return sqlite_changed(s, rc, -ENOENT);
}

int sqlite_work_open(struct store *s, int64_t *count)
{
    return sqlite_int(s, count, "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')",
                      "");
}

/* ---- uploads -------------------------------------------------------------------------------- */

int sqlite_upload_add(struct store *s, const struct store_upload *u, int64_t *id)
{
    return sqlite_int(s, id,
                      "INSERT INTO uploads (filename, bytes, who, file, created_ms)"
                      " VALUES (?, ?, ?, ?, ?) RETURNING id",
                      "titti", u->filename, u->bytes, u->who, u->file, sqlite_now(s));
}

#define UPLOAD_COLUMNS "id, bytes, created_ms, filename, who, file"

static int one_upload(struct store *s, sqlite3_stmt *q, struct store_upload *out)
{
    int rc = sqlite_step(s, q);

    if (rc == 1) {
        *out = (struct store_upload){.id = sqlite3_column_int64(q, 0),
                                     .bytes = sqlite3_column_int64(q, 1),
                                     .created_ms = sqlite3_column_int64(q, 2)};
        sqlite_text(q, 3, out->filename, sizeof(out->filename));
        sqlite_text(q, 4, out->who, sizeof(out->who));
        sqlite_text(q, 5, out->file, sizeof(out->file));
    }
    sqlite_done(q);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

int sqlite_upload_get(struct store *s, int64_t id, struct store_upload *out)
{
    int rc;
    sqlite3_stmt *q =
        sqlite_query(s, &rc, "SELECT " UPLOAD_COLUMNS " FROM uploads WHERE id = ?", "i", id);

    return q ? one_upload(s, q, out) : rc;
}

int sqlite_upload_next(struct store *s, int64_t after, struct store_upload *out)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(
        s, &rc, "SELECT " UPLOAD_COLUMNS " FROM uploads WHERE id > ? ORDER BY id LIMIT 1", "i",
        after);

    return q ? one_upload(s, q, out) : rc;
}

int sqlite_upload_count(struct store *s, int64_t *count)
{
    return sqlite_int(s, count, "SELECT count(*) FROM uploads", "");
}

int sqlite_upload_remove(struct store *s, int64_t id)
{
    int rc = sqlite_run(s, "DELETE FROM uploads WHERE id = ?", "i", id);

    return sqlite_changed(s, rc, -ENOENT);
}

/* ---- answers -------------------------------------------------------------------------------- */

int sqlite_answer_get(struct store *s, struct store_answer *a)
{
    int rc;
    sqlite3_stmt *q = sqlite_query(s, &rc,
                                   "SELECT request, status, headers, body FROM answers"
                                   " WHERE who = ? AND operation = ? AND key = ?",
                                   "ttt", a->who, a->operation, a->key);

    if (!q)
        return rc;
    rc = sqlite_step(s, q);
    if (rc == 1) {
        sqlite_text(q, 0, a->kept_request, sizeof(a->kept_request));
        a->status = sqlite3_column_int64(q, 1);
        a->headers = strdup((const char *)sqlite3_column_text(q, 2));
        a->body = strdup((const char *)sqlite3_column_text(q, 3));
    }
    sqlite_done(q);
    if (rc != 1)
        return rc < 0 ? rc : -ENOENT;
    if (a->headers && a->body)
        return 0;
    free(a->headers);
    free(a->body);
    return -ENOMEM;
}

int sqlite_answer_put(struct store *s, const struct store_answer *a)
{
    return sqlite_run(s, "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", "ttttitti", a->who,
                      a->operation, a->key, a->request, a->status, a->headers, a->body,
                      sqlite_now(s));
}

int sqlite_answer_tidy(struct store *s, int64_t before_ms)
{
    return sqlite_run(s, "DELETE FROM answers WHERE at_ms < ?", "i", before_ms);
}

const struct store_service_backend sqlite_service = {
    .browse = sqlite_browse,
    .show_all = sqlite_show_all,
    .flow_save = sqlite_flow_save,
    .flow_get = sqlite_flow_get,
    .flow_remove = sqlite_flow_remove,
    .audio_add = sqlite_audio_add,
    .audio_remove = sqlite_audio_remove,
    .audio_find = sqlite_audio_find,
    .trunk_add = sqlite_trunk_add,
    .trunk_get = sqlite_trunk_get,
    .trunk_update = sqlite_trunk_update,
    .trunk_remove = sqlite_trunk_remove,
    .campaign_parts = sqlite_campaign_parts,
    .campaign_trunks = sqlite_campaign_trunks,
    .campaign_change = sqlite_campaign_change,
    .list_add = sqlite_list_add,
    .list_rename = sqlite_list_rename,
    .list_remove = sqlite_list_remove,
    .contact_add = sqlite_contact_add,
    .contact_change = sqlite_contact_change,
    .contact_remove = sqlite_contact_remove,
    .import_open = sqlite_import_open,
    .import_stage = sqlite_import_stage,
    .work_add = sqlite_work_add,
    .work_get = sqlite_work_get,
    .work_of = sqlite_work_of,
    .work_of_file = sqlite_work_of_file,
    .work_next = sqlite_work_next,
    .work_set = sqlite_work_set,
    .work_remove = sqlite_work_remove,
    .work_open = sqlite_work_open,
    .upload_add = sqlite_upload_add,
    .upload_get = sqlite_upload_get,
    .upload_next = sqlite_upload_next,
    .upload_count = sqlite_upload_count,
    .upload_remove = sqlite_upload_remove,
    .answer_get = sqlite_answer_get,
    .answer_put = sqlite_answer_put,
    .answer_tidy = sqlite_answer_tidy,
};
