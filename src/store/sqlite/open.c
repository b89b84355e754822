/* Opening: WAL, migrations to the newest schema, and the table of the back-end.
 *
 * WAL with synchronous=FULL: a commit that was told is on disk, power loss included; the writer's
 * group commit pays for it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_priv.h"

enum { BUSY_TIMEOUT_MS = 10000 };

static int migrate(struct store *s, const char *path, struct error *err)
{
    struct sqlite *q = sqlite_of(s);
    int64_t version = 0;
    int rc = sqlite_begin(s);

    if (!rc)
        rc = sqlite_int(s, &version, "PRAGMA user_version", "");
    if (rc) {
        sqlite_rollback(s);
        return error_set(err, rc, path, "is it a Kolcast data folder? check its permissions",
                         "cannot open the database: %s", q->fault);
    }
    if (version > migration_count) {
        sqlite_rollback(s);
        return error_set(err, -EPROTO, path, "use that newer version, or another data folder",
                         "the data was written by a newer version of Kolcast");
    }
    for (int64_t i = version; i < migration_count; i++) {
        char pragma[48];

        snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", (int)i + 1);
        if (sqlite3_exec(q->db, migrations[i].sql, NULL, NULL, NULL) ||
            sqlite3_exec(q->db, pragma, NULL, NULL, NULL)) {
            rc = sqlite_fail(s, sqlite3_errcode(q->db));
            sqlite_rollback(s);
            return error_set(err, rc, path, NULL, "migration %s failed: %s", migrations[i].name,
                             q->fault);
        }
    }
    rc = sqlite_commit(s);
    return rc ? error_set(err, rc, path, rc == -ENOSPC ? "free space on that disk" : NULL,
                          "cannot write the database: %s", q->fault)
              : 0;
}

/* Some network file systems cannot; SQLite then quietly stays with another journal. */
static bool wal_works(struct sqlite *q)
{
    sqlite3_stmt *mode = NULL;
    bool works = sqlite3_prepare_v2(q->db, "PRAGMA journal_mode", -1, &mode, NULL) == 0 &&
                 sqlite3_step(mode) == SQLITE_ROW &&
                 strcmp((const char *)sqlite3_column_text(mode, 0), "wal") == 0;

    sqlite3_finalize(mode);
    return works;
}

static int open_on(struct sqlite *q, const char *path, struct error *err)
{
    static const char pragmas[] = "PRAGMA journal_mode = WAL;"
                                  "PRAGMA synchronous = FULL;"
                                  "PRAGMA foreign_keys = ON;"
                                  "PRAGMA recursive_triggers = OFF;"
                                  "PRAGMA temp_store = FILE;"
                                  "PRAGMA cache_size = -32768;"
                                  "PRAGMA wal_autocheckpoint = 4000;"
                                  "PRAGMA journal_size_limit = 67108864;";
    int rc = sqlite3_open_v2(
        path, &q->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

    if (!rc) {
        sqlite3_extended_result_codes(q->db, 1);
        sqlite3_busy_timeout(q->db, BUSY_TIMEOUT_MS);
        rc = sqlite3_exec(q->db, pragmas, NULL, NULL, NULL);
    }
    if (rc && !q->db)
        return -ENOMEM;
    if (rc) {
        int code = sqlite_fail(&q->base, rc);

        return error_set(err, code, path,
                         code == -EBADMSG ? "it is not a Kolcast database: name another data folder"
                                          : "check that the folder exists and may be written",
                         "cannot open the database: %s", q->fault);
    }
    if (!wal_works(q))
        return error_set(err, -ENOTSUP, path, "use a --data folder on a local disk",
                         "the file system cannot hold the database's log and shared memory");
    return migrate(&q->base, path, err);
}

static int sqlite_open(const char *path, const struct clock *clock, struct store **out,
                       struct error *err)
{
    struct sqlite *q = calloc(1, sizeof(*q));
    int rc;

    if (!q)
        return -ENOMEM;
    q->base.ops = &store_sqlite;
    q->clock = clock;
    rc = open_on(q, path, err);
    if (rc) {
        sqlite_close(&q->base);
        return rc;
    }
    *out = &q->base;
    return 0;
}

void sqlite_close(struct store *s)
{
    struct sqlite *q = sqlite_of(s);

    for (size_t i = 0; i < q->statements.cap; i++)
        sqlite3_finalize(q->statements.values[i]);
    map_free(&q->statements);
    sqlite3_close(q->db);
    free(q);
}

const struct store_backend store_sqlite = {
    .scheme = "sqlite",
    .identity = &sqlite_identity,
    .service = &sqlite_service,
    .outbox = &sqlite_outbox,
    .open = sqlite_open,
    .copy = sqlite_copy,
    .close = sqlite_close,
    .error_text = sqlite_error_text,
    .begin = sqlite_begin,
    .begin_staging = sqlite_begin_staging,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .on_progress = sqlite_on_progress,
    .savepoint = sqlite_savepoint,
    .release = sqlite_release,
    .undo = sqlite_undo,
    .snapshot = sqlite_snapshot,
    .snapshot_end = sqlite_snapshot_end,
    .data_version = sqlite_data_version,
    .list_ensure = sqlite_list_ensure,
    .list_find = sqlite_list_find,
    .import_begin = sqlite_import_begin,
    .import_row = sqlite_import_row,
    .import_reject = sqlite_import_reject,
    .import_finish = sqlite_import_finish,
    .import_abort = sqlite_import_abort,
    .import_undo = sqlite_import_undo,
    .import_get = sqlite_import_get,
    .import_list = sqlite_import_list,
    .import_reasons = sqlite_import_reasons,
    .contact_count = sqlite_contact_count,
    .contact_each = sqlite_contact_each,
    .contact_by_number = sqlite_contact_by_number,
    .black_add = sqlite_black_add,
    .black_remove = sqlite_black_remove,
    .black_find = sqlite_black_find,
    .black_each = sqlite_black_each,
    .black_waiting = sqlite_black_waiting,
    .black_count = sqlite_black_count,
    .black_changes = sqlite_black_changes,
    .black_history = sqlite_black_history,
    .campaign_create = sqlite_campaign_create,
    .campaign_get = sqlite_campaign_get,
    .campaign_update = sqlite_campaign_update,
    .campaign_config = sqlite_campaign_config,
    .campaign_find = sqlite_campaign_find,
    .campaign_list = sqlite_campaign_list,
    .campaign_set_state = sqlite_campaign_set_state,
    .campaign_delete = sqlite_campaign_delete,
    .step_begin = sqlite_step_begin,
    .step_end = sqlite_step_end,
    .step_each = sqlite_step_each,
    .target_fill = sqlite_target_fill,
    .group_each = sqlite_group_each,
    .claim = sqlite_claim,
    .finish = sqlite_finish,
    .recover = sqlite_recover,
    .target_counts = sqlite_target_counts,
    .target_get = sqlite_target_get,
    .attempts_since = sqlite_attempts_since,
    .last_dial = sqlite_last_dial,
    .call_each = sqlite_call_each,
    .call_totals = sqlite_call_totals,
    .text_add = sqlite_text_add,
    .text_each = sqlite_text_each,
    .pace_add = sqlite_pace_add,
    .pace_each = sqlite_pace_each,
    .audit = sqlite_audit,
};
