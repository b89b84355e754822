/* Copies by SQLite's online backup. The source connection keeps one read transaction open: the copy
 * is of that moment, and never begins anew because others write. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/backup.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_priv.h"

enum { STEP_PAGES = 512, BUSY_MS = 10000 };

static int fail(sqlite3 *db, int rc, const char *path, const char *what, struct error *err)
{
    int code = (rc & 0xff) == SQLITE_FULL                                          ? -ENOSPC
               : (rc & 0xff) == SQLITE_NOTADB || (rc & 0xff) == SQLITE_CORRUPT     ? -EBADMSG
               : (rc & 0xff) == SQLITE_CANTOPEN                                    ? -ENOENT
               : (rc & 0xff) == SQLITE_NOMEM                                       ? -ENOMEM
               : (rc & 0xff) == SQLITE_BUSY                                        ? -EBUSY
               : (rc & 0xff) == SQLITE_IOERR && sqlite3_system_errno(db) == ENOSPC ? -ENOSPC
                                                                                   : -EIO;
    const char *remedy = code == -ENOSPC    ? "free space on that disk"
                         : code == -EBADMSG ? "it is damaged, or no Kolcast store"
                                            : NULL;

    return error_set(err, code, path, remedy, "%s: %s", what,
                     db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
}

static int open_database(const char *path, int flags, sqlite3 **db, struct error *err)
{
    int rc = sqlite3_open_v2(path, db, flags | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc) {
        rc = fail(*db, rc, path, "cannot open the database", err);
        sqlite3_close(*db);
        *db = NULL;
        return rc;
    }
    sqlite3_busy_timeout(*db, BUSY_MS);
    return 0;
}

static int copy_pages(sqlite3 *from, sqlite3 *to, const char *to_path, store_progress_fn progress,
                      void *arg, struct error *err)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    int rc = SQLITE_OK, told = 0;

    if (!b)
        return fail(to, sqlite3_errcode(to), to_path, "cannot copy the database", err);
    while (!told && (rc = sqlite3_backup_step(b, STEP_PAGES)) == SQLITE_OK) {
        int total = sqlite3_backup_pagecount(b);

        if (progress)
            told = progress(arg, total - sqlite3_backup_remaining(b), total);
    }
    sqlite3_backup_finish(b);
    if (told)
        return error_set(err, -ECANCELED, to_path, NULL, "stopped");
    return rc == SQLITE_DONE ? 0 : fail(to, rc, to_path, "cannot copy the database", err);
}

/* The copy carries the mark of WAL; alone it shall be one file. */
static int settle(sqlite3 *to, const char *path, struct error *err)
{
    int rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);

    return rc ? fail(to, rc, path, "cannot finish the copy", err) : 0;
}

int sqlite_copy(const char *where, const char *to, store_progress_fn progress, void *arg,
                struct error *err)
{
    sqlite3 *source = NULL, *copy = NULL;
    int rc;

    if (access(to, F_OK) == 0)
        return error_set(err, -EEXIST, to, "name another file", "is there already");
    rc = open_database(where, SQLITE_OPEN_READWRITE, &source, err);
    if (!rc)
        rc = open_database(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &copy, err);
    /* Deferred: it begins with the first read. Nothing is written through it. */
    if (!rc && sqlite3_exec(source, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL))
        rc = fail(source, sqlite3_errcode(source), where, "cannot read the database", err);
    if (!rc)
        rc = copy_pages(source, copy, to, progress, arg, err);
    if (!rc)
        rc = settle(copy, to, err);
    sqlite3_close(source);
    if (sqlite3_close(copy) && !rc)
        rc = error_set(err, -EIO, to, NULL, "cannot finish the copy");
    if (rc)
        unlink(to);
    return rc;
}

/* One text result, "" without any. */
static int ask(sqlite3 *db, const char *path, const char *sql, char *out, size_t size,
               struct error *err)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

    out[0] = '\0';
    if (!rc) {
        rc = sqlite3_step(q);
        if (rc == SQLITE_ROW)
            sqlite_text(q, 0, out, size);
        rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : rc;
    }
    if (rc)
        rc = fail(db, rc, path, "cannot read the database", err);
    sqlite3_finalize(q);
    return rc;
}

int store_check(const char *path, int *schema, struct error *err)
{
    sqlite3 *db = NULL;
    char text[200], version[16] = "", tables[16];
    int rc = open_database(path, SQLITE_OPEN_READONLY, &db, err);

    if (!rc)
        rc = ask(db, path, "PRAGMA user_version", version, sizeof(version), err);
    if (!rc)
        rc = ask(db, path,
                 "SELECT count(*) FROM sqlite_schema WHERE name IN ('campaigns', 'call_records')",
                 tables, sizeof(tables), err);
    if (!rc && (strcmp(tables, "2") != 0 || atoi(version) < 1))
        rc = error_set(err, -EBADMSG, path, "name a backup of Kolcast", "is no Kolcast store");
    if (!rc && atoi(version) > migration_count)
        rc = error_set(err, -EPROTO, path, "use that newer version of Kolcast",
                       "was written by a newer version (schema %s, this one knows %d)", version,
                       migration_count);
    if (!rc)
        rc = ask(db, path, "PRAGMA integrity_check(1)", text, sizeof(text), err);
    if (!rc && strcmp(text, "ok") != 0)
        rc = error_set(err, -EBADMSG, path, "use another backup", "is damaged: %s", text);
    if (!rc)
        rc = ask(db, path, "SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1", text,
                 sizeof(text), err);
    if (!rc && text[0])
        rc = error_set(err, -EBADMSG, path, "use another backup",
                       "is damaged: rows of %s lead nowhere", text);
    sqlite3_close(db);
    if (!rc)
        *schema = atoi(version);
    return rc;
}
