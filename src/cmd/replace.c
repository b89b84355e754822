#include "cmd/replace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define FRESH ".restore"
#define READY "ready"

static const char *const folders[] = {REPLACE_FOLDERS};
/* In this order: the log of the old store goes before the new store comes. */
static const char *const members[] = {REPLACE_STORE "-wal", REPLACE_STORE "-shm", REPLACE_STORE,
                                      REPLACE_FOLDERS};

static void path_of(char out[PATH_MAX], const char *dir, const char *sub, const char *name)
{
    snprintf(out, PATH_MAX, "%s/%s%s%s", dir, sub, *sub && *name ? "/" : "", name);
}

static void sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

int replace_begin(const char *dir, char *fresh, size_t size, struct error *err)
{
    char path[PATH_MAX], sub[PATH_MAX];
    int rc;

    path_of(path, dir, FRESH, "");
    rc = file_remove_all(path);
    if (!rc && mkdir(path, 0700))
        rc = -errno;
    for (size_t i = 0; !rc && i < sizeof(folders) / sizeof(folders[0]); i++) {
        path_of(sub, dir, FRESH, folders[i]);
        if (mkdir(sub, 0700))
            rc = -errno;
    }
    if (rc)
        return error_set(err, rc, path, NULL, "cannot make the folder: %s", strerror(-rc));
    snprintf(fresh, size, "%s", path);
    return 0;
}

void replace_abandon(const char *dir)
{
    char path[PATH_MAX];

    path_of(path, dir, FRESH, "");
    if (!replace_pending(dir))
        file_remove_all(path);
}

/* ---- to whom it belongs ---------------------------------------------------------------------- */

static uid_t owner;
static gid_t group;

static int give_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    return lchown(path, owner, group);
}

/* root restores for the service's user: what it made becomes whose the folder is. */
static int give_away(const char *dir, const char *fresh)
{
    struct stat st;

    if (geteuid() != 0 || stat(dir, &st) || (st.st_uid == 0 && st.st_gid == 0))
        return 0;
    owner = st.st_uid;
    group = st.st_gid;
    return nftw(fresh, give_one, 16, FTW_PHYS) ? -errno : 0;
}

int replace_commit(const char *dir, const char *kept, struct error *err)
{
    char fresh[PATH_MAX], ready[PATH_MAX];
    int rc;

    path_of(fresh, dir, FRESH, "");
    path_of(ready, dir, FRESH, READY);
    rc = give_away(dir, fresh);
    if (rc)
        return error_set(err, rc, fresh, "restore as the user of the service",
                         "cannot give it to the folder's owner: %s", strerror(-rc));
    sync(); /* folders and all, before the change is told */
    return file_write_atomic(ready, kept, strlen(kept), err);
}

/* ---- the change ------------------------------------------------------------------------------ */

bool replace_pending(const char *dir)
{
    char ready[PATH_MAX];

    path_of(ready, dir, FRESH, READY);
    return access(ready, F_OK) == 0;
}

static bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static int move(const char *from, const char *to, struct error *err)
{
    if (rename(from, to))
        return error_set(err, -errno, from, "mend that and start any kolcast command again",
                         "cannot move it to %s: %s", to, strerror(errno));
    return 0;
}

/* Done already in an earlier try: the old one is not there, or the new one is no longer here. */
static int change_one(const char *dir, const char *kept, const char *name, struct error *err)
{
    char old[PATH_MAX], fresh[PATH_MAX], aside[PATH_MAX], store[PATH_MAX];
    bool comes, log = strncmp(name, REPLACE_STORE "-", sizeof(REPLACE_STORE)) == 0;
    int rc = 0;

    path_of(old, dir, "", name);
    path_of(fresh, dir, FRESH, name);
    path_of(aside, dir, kept, name);
    path_of(store, dir, FRESH, REPLACE_STORE);
    comes = exists(log ? store : fresh);
    if (comes && exists(old) && !exists(aside))
        rc = move(old, aside, err);
    if (!rc && comes && !log)
        rc = move(fresh, old, err);
    return rc;
}

static int read_kept(const char *dir, char out[NAME_MAX], struct error *err)
{
    char ready[PATH_MAX], *text;
    size_t len;
    int rc;

    path_of(ready, dir, FRESH, READY);
    rc = file_read(ready, NAME_MAX - 1, &text, &len, err);
    if (rc)
        return rc;
    snprintf(out, NAME_MAX, "%s", text);
    free(text);
    return strchr(out, '/') || !out[0]
               ? error_set(err, -EBADMSG, ready, "remove that folder", "cannot be understood")
               : 0;
}

int replace_finish(const char *dir, struct error *err)
{
    char kept[NAME_MAX], aside[PATH_MAX], fresh[PATH_MAX], ready[PATH_MAX];
    int rc = 0;

    if (!replace_pending(dir))
        return 0;
    rc = read_kept(dir, kept, err);
    if (rc)
        return rc;
    path_of(aside, dir, kept, "");
    path_of(fresh, dir, FRESH, "");
    path_of(ready, dir, FRESH, READY);
    if (mkdir(aside, 0700) && errno != EEXIST)
        return error_set(err, -errno, aside, NULL, "cannot make the folder: %s", strerror(errno));
    for (size_t i = 0; !rc && i < sizeof(members) / sizeof(members[0]); i++)
        rc = change_one(dir, kept, members[i], err);
    if (rc)
        return rc;
    sync_dir(dir);
    sync_dir(aside);
    if (unlink(ready))
        return error_set(err, -errno, ready, NULL, "cannot remove: %s", strerror(errno));
    rmdir(aside); /* where nothing was there before */
    file_remove_all(fresh);
    return 0;
}
