/* The SQLite back-end: opening, migrations, transactions and the shared helpers.
 *
 * WAL with synchronous=FULL: a commit that was told is on disk, power loss included; the writer's
 * group commit pays for it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_priv.h"

enum { BUSY_TIMEOUT_MS = 10000 };

static int to_errno(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_CONSTRAINT:
        return -EEXIST;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return -EACCES;
    case SQLITE_CANTOPEN:
        return -ENOENT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EBADMSG;
    default:
        return -EIO;
    }
}

static bool is_full(int system)
{
    return system == ENOSPC || system == EDQUOT || system == EFBIG;
}

/* Why the last write to the database or its log failed: the rollback that follows a failure
 * overwrites errno, the files remember. */
static bool file_full(sqlite3 *db)
{
    sqlite3_file *log = NULL;
    int main_fault = 0, log_fault = 0;

    sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &main_fault);
    sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (log && log->pMethods)
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &log_fault);
    return is_full(main_fault) || is_full(log_fault);
}

int sqlite_fail(struct store *s, int rc)
{
    struct sqlite *q = sqlite_of(s);
    int system = sqlite3_system_errno(q->db);

    snprintf(q->fault, sizeof(q->fault), "%s", sqlite3_errmsg(q->db));
    /* A quota or a limit on the file's size shows as an I/O error. */
    if ((rc & 0xff) == SQLITE_IOERR && (is_full(system) || file_full(q->db)))
        return -ENOSPC;
    return to_errno(rc);
}

static sqlite3_stmt *statement(struct store *s, int *rc, const char *sql)
{
    struct sqlite *q = sqlite_of(s);
    sqlite3_stmt *stmt = map_get(&q->statements, (uintptr_t)sql);
    int fault;

    if (stmt)
        return stmt;
    fault = sqlite3_prepare_v3(q->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
    if (fault) {
        *rc = sqlite_fail(s, fault);
        return NULL;
    }
    *rc = map_put(&q->statements, (uintptr_t)sql, stmt);
    if (*rc) {
        sqlite3_finalize(stmt);
        return NULL;
    }
    return stmt;
}

sqlite3_stmt *sqlite_query_text(struct store *s, int *rc, const char *sql)
{
    struct sqlite *q = sqlite_of(s);
    /* No address has the highest bit. */
    uint64_t key = hash_bytes(sql, strlen(sql), 0) | UINT64_C(1) << 63;
    sqlite3_stmt *stmt = map_get(&q->statements, key), *other = stmt;
    int fault;

    if (stmt && strcmp(sqlite3_sql(stmt), sql) == 0)
        return stmt;
    fault = sqlite3_prepare_v3(q->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
    if (fault) {
        *rc = sqlite_fail(s, fault);
        return NULL;
    }
    *rc = map_put(&q->statements, key, stmt);
    sqlite3_finalize(*rc ? stmt : other);
    return *rc ? NULL : stmt;
}

static int bind(sqlite3_stmt *stmt, const char *format, va_list ap)
{
    int rc = SQLITE_OK;

    for (int i = 1; *format && !rc; i++, format++) {
        switch (*format) {
        case 'i':
            rc = sqlite3_bind_int64(stmt, i, va_arg(ap, int64_t));
            break;
        case 'd':
            rc = sqlite3_bind_double(stmt, i, va_arg(ap, double));
            break;
        case 't':
            /* Static: the text outlives the statement's run, which sqlite_done ends. */
            rc = sqlite3_bind_text(stmt, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
            break;
        default:
            abort();
        }
    }
    return rc;
}

static sqlite3_stmt *query(struct store *s, int *rc, const char *sql, const char *format,
                           va_list ap)
{
    sqlite3_stmt *stmt = statement(s, rc, sql);
    int fault;

    if (!stmt)
        return NULL;
    fault = bind(stmt, format, ap);
    if (fault) {
        *rc = sqlite_fail(s, fault);
        sqlite_done(stmt);
        return NULL;
    }
    *rc = 0;
    return stmt;
}

sqlite3_stmt *sqlite_query(struct store *s, int *rc, const char *sql, const char *format, ...)
{
    sqlite3_stmt *stmt;
    va_list ap;

    va_start(ap, format);
    stmt = query(s, rc, sql, format, ap);
    va_end(ap);
    return stmt;
}

int sqlite_step(struct store *s, sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);

    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : sqlite_fail(s, rc);
}

void sqlite_done(sqlite3_stmt *q)
{
    if (!q)
        return;
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
}

int sqlite_run(struct store *s, const char *sql, const char *format, ...)
{
    sqlite3_stmt *stmt;
    va_list ap;
    int rc;

    va_start(ap, format);
    stmt = query(s, &rc, sql, format, ap);
    va_end(ap);
    if (!stmt)
        return rc;
    rc = sqlite_step(s, stmt);
    sqlite_done(stmt);
    return rc < 0 ? rc : 0;
}

int sqlite_int(struct store *s, int64_t *out, const char *sql, const char *format, ...)
{
    sqlite3_stmt *stmt;
    va_list ap;
    int rc;

    va_start(ap, format);
    stmt = query(s, &rc, sql, format, ap);
    va_end(ap);
    if (!stmt)
        return rc;
    rc = sqlite_step(s, stmt);
    if (rc == 1)
        *out = sqlite3_column_int64(stmt, 0);
    sqlite_done(stmt);
    return rc == 1 ? 0 : rc < 0 ? rc : -ENOENT;
}

int64_t sqlite_changes(const struct store *s)
{
    return sqlite3_changes64(sqlite_of(s)->db);
}

int sqlite_changed(const struct store *s, int rc, int none)
{
    return rc ? rc : sqlite_changes(s) > 0 ? 0 : none;
}

void sqlite_text(sqlite3_stmt *q, int column, char *out, size_t size)
{
    const unsigned char *text = sqlite3_column_text(q, column);

    snprintf(out, size, "%s", text ? (const char *)text : "");
}

const char *sqlite_error_text(const struct store *s)
{
    return sqlite_of(s)->fault;
}

/* A file that was deleted or replaced takes every write without a complaint, and keeps none. */
static int still_there(struct store *s)
{
    struct sqlite *q = sqlite_of(s);
    const char *log = sqlite3_filename_wal(sqlite3_db_filename(q->db, "main"));
    int moved = 0;

    sqlite3_file_control(q->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (!moved && access(log, F_OK) == 0)
        return 0;
    snprintf(q->fault, sizeof(q->fault), "the database was deleted or replaced while in use");
    return -ESTALE;
}

int sqlite_begin(struct store *s)
{
    int rc = sqlite_run(s, "BEGIN IMMEDIATE", "");

    if (!rc)
        rc = still_there(s);
    if (rc == -ESTALE)
        sqlite_rollback(s);
    if (!rc)
        sqlite_of(s)->in_transaction = true;
    return rc;
}

int sqlite_begin_staging(struct store *s)
{
    /* Not IMMEDIATE: the temporary tables are a database of their own. */
    int rc = sqlite_run(s, "BEGIN", "");

    if (!rc)
        sqlite_of(s)->in_transaction = true;
    return rc;
}

int sqlite_snapshot(struct store *s)
{
    int64_t any;
    int rc = sqlite_run(s, "BEGIN DEFERRED", "");

    if (rc)
        return rc;
    /* The first read fixes the moment. */
    rc = sqlite_int(s, &any, "SELECT count(*) FROM settings", "");
    if (rc)
        sqlite_rollback(s);
    return rc;
}

void sqlite_snapshot_end(struct store *s)
{
    sqlite_rollback(s); /* nothing was written */
}

int sqlite_commit(struct store *s)
{
    int rc = sqlite_run(s, "COMMIT", "");

    if (rc)
        sqlite_rollback(s);
    sqlite_of(s)->in_transaction = false;
    return rc;
}

void sqlite_rollback(struct store *s)
{
    struct sqlite *q = sqlite_of(s);

    /* A failed commit may have ended the transaction already. */
    if (!sqlite3_get_autocommit(q->db))
        sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
    q->in_transaction = false;
}

int sqlite_savepoint(struct store *s)
{
    return sqlite_run(s, "SAVEPOINT step", "");
}

int sqlite_release(struct store *s)
{
    return sqlite_run(s, "RELEASE step", "");
}

void sqlite_undo(struct store *s)
{
    struct sqlite *q = sqlite_of(s);

    if (!sqlite3_get_autocommit(q->db))
        sqlite3_exec(q->db, "ROLLBACK TO step; RELEASE step", NULL, NULL, NULL);
}

int sqlite_start(struct store *s, bool *own)
{
    *own = !sqlite_of(s)->in_transaction;
    return *own ? sqlite_begin(s) : 0;
}

int sqlite_end(struct store *s, bool own, int rc)
{
    if (!own)
        return rc;
    if (!rc)
        return sqlite_commit(s);
    sqlite_rollback(s);
    return rc;
}

int64_t sqlite_data_version(struct store *s)
{
    int64_t version = 0;

    sqlite_int(s, &version, "PRAGMA data_version", "");
    return version;
}

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
    .open = sqlite_open,
    .close = sqlite_close,
    .error_text = sqlite_error_text,
    .begin = sqlite_begin,
    .begin_staging = sqlite_begin_staging,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
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
