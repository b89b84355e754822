/* Files that a crash left. Of an upload, between its arrival and its row or between a row's end and
 * its removal; of a report, half written; of an import, its rejected rows that did not get their
 * name yet. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/works.h"
#include "contacts/import.h"

enum { PATH_MAX_HERE = 900 };

/* It comes in parts: api/uploads.c. */
static bool is_coming(struct store *s, const char *file)
{
    struct store_upload u;

    for (int64_t id = 0; store_upload_next(s, id, &u) == 0; id = u.id)
        if (strcmp(u.file, file) == 0)
            return true;
    return false;
}

/* A report's file stays, an upload goes when it is read. */
static bool wanted(struct store *s, const char *file)
{
    struct store_work row;
    int64_t id;
    bool is;
    int rc = store_work_of_file(s, file, &id);

    if (!rc)
        rc = store_work_get(s, id, &row);
    if (rc)
        return rc != -ENOENT || is_coming(s, file); /* what cannot be known is left */
    is = strcmp(row.state, "queued") == 0 || strcmp(row.state, "running") == 0 ||
         (strcmp(row.state, "done") == 0 && strcmp(row.kind, "report") == 0);
    free(row.params);
    return is;
}

static void sweep_unwanted(struct store *s, const char *path, const char *folder, const char *name)
{
    char file[STORE_PATH_MAX];

    if (snprintf(file, sizeof(file), "%s/%s", folder, name) < (int)sizeof(file) && !wanted(s, file))
        unlink(path); /* folders stay: the command line's reports are in some */
}

/* "7-rejected.csv.part". An import that was not merged is read once more, and writes it anew. */
static void settle_rejected(struct store *s, const char *path, const char *folder, const char *name)
{
    const char *end = strstr(name, "-rejected.csv.part");
    struct store_import import;
    int rc;

    (void)folder;
    if (!end || strcmp(end, "-rejected.csv.part") != 0)
        return;
    rc = store_import_get(s, strtoll(name, NULL, 10), &import);
    if (!rc || rc == -ENOENT)
        import_settle_rejected(path, !rc && strcmp(import.state, "open") != 0);
}

static void each_file(const char *data_dir, struct store *s, const char *folder,
                      void (*fn)(struct store *s, const char *path, const char *folder,
                                 const char *name))
{
    char dir[PATH_MAX_HERE], path[PATH_MAX_HERE];
    const struct dirent *e;
    DIR *d = NULL;

    if (snprintf(dir, sizeof(dir), "%s/%s", data_dir, folder) < (int)sizeof(dir))
        d = opendir(dir);
    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.' &&
            snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) < (int)sizeof(path))
            fn(s, path, folder, e->d_name);
    if (d)
        closedir(d);
}

void works_sweep(const char *data_dir, struct store *s)
{
    each_file(data_dir, s, "uploads", sweep_unwanted);
    each_file(data_dir, s, "reports", sweep_unwanted);
    each_file(data_dir, s, "imports", settle_rejected);
}
