/* A connection to SQLite: cached statements, transactions, errors in errno's terms. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/sqlite/sqlite_priv.h"

static int to_errno(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_INTERRUPT:
        return -ECANCELED;
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

void sqlite_on_progress(struct store *s, int (*fn)(void *arg), void *arg)
{
    /* Instructions of its machine: some milliseconds of work. */
    sqlite3_progress_handler(sqlite_of(s)->db, fn ? 100000 : 0, fn, arg);
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
