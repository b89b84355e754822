#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct error *err, const char *path, const char *what)
{
    int code = -errno;
    const char *remedy = code == -ENOENT   ? "check the name and the folder"
                         : code == -EACCES ? "check the permissions of the file and its folder"
                         : code == -ENOSPC ? "free space on that disk"
                                           : NULL;

    return error_set(err, code, path, remedy, "%s: %s", what, strerror(-code));
}

static int read_all(int fd, const char *path, size_t max, char **data, size_t *len,
                    struct error *err)
{
    size_t cap = 64 * 1024 < max ? 64 * 1024 : max, used = 0;
    char *buf = malloc(cap + 1);

    if (!buf)
        return -ENOMEM;
    for (;;) {
        ssize_t n = read(fd, buf + used, cap - used);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            free(buf);
            return fail(err, path, "cannot read");
        }
        used += (size_t)n;
        if (n == 0)
            break;
        if (used < cap)
            continue;
        if (cap >= max) {
            char more;

            if (read(fd, &more, 1) == 0)
                break;
            free(buf);
            return error_set(err, -EFBIG, path, "give a smaller file",
                             "larger than the %zu bytes allowed", max);
        }
        cap = cap * 2 < max ? cap * 2 : max;
        char *bigger = realloc(buf, cap + 1);

        if (!bigger) {
            free(buf);
            return -ENOMEM;
        }
        buf = bigger;
    }
    buf[used] = '\0';
    *data = buf;
    *len = used;
    return 0;
}

int file_read(const char *path, size_t max, char **data, size_t *len, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
    struct stat st;

    if (fd < 0)
        return fail(err, path, "cannot open");
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        return error_set(err, -EISDIR, path, "name a file inside it", "this is a folder");
    }
    rc = read_all(fd, path, max, data, len, err);
    close(fd);
    return rc;
}

int file_write_all(int fd, const void *data, size_t len)
{
    const char *from = data;

    while (len > 0) {
        ssize_t n = write(fd, from, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        from += n;
        len -= (size_t)n;
    }
    return 0;
}

/* The name is durable only when the folder is synced too. */
int file_sync_folder(const char *path, struct error *err)
{
    char dir[PATH_MAX];
    char *slash;
    int fd;

    snprintf(dir, sizeof(dir), "%s", path);
    slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0';
    fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, path, "cannot open its folder");
    /* A file system that cannot sync folders keeps them durable by itself. */
    if (fsync(fd) && errno != EINVAL) {
        close(fd);
        return fail(err, path, "cannot make it durable");
    }
    close(fd);
    return 0;
}

static const char *kind_name(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a folder";
    if (S_ISFIFO(mode))
        return "a pipe";
    return S_ISSOCK(mode) ? "a socket" : "a device";
}

int file_target(const char *path, char out[PATH_MAX], struct error *err)
{
    char real[PATH_MAX];
    struct stat st;
    bool is_link = lstat(path, &st) == 0 && S_ISLNK(st.st_mode);

    if (strlen(path) >= PATH_MAX)
        return error_set(err, -ENAMETOOLONG, path, "shorten it", "the name is too long");
    if (is_link && !realpath(path, real))
        return error_set(err, -errno, path, "remove the link, or name the file itself",
                         "this is a link that leads nowhere: %s", strerror(errno));
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return error_set(err, S_ISDIR(st.st_mode) ? -EISDIR : -EEXIST, path,
                         S_ISDIR(st.st_mode) ? "name a file inside it" : "name a file",
                         "this is %s, which is not replaced", kind_name(st.st_mode));
    snprintf(out, PATH_MAX, "%s", is_link ? real : path);
    return 0;
}

int file_write_atomic(const char *path, const void *data, size_t len, struct error *err)
{
    char target[PATH_MAX], temp[PATH_MAX];
    int fd, rc = file_target(path, target, err);

    if (rc)
        return rc;
    if ((size_t)snprintf(temp, sizeof(temp), "%s.XXXXXX", target) >= sizeof(temp))
        return error_set(err, -ENAMETOOLONG, path, NULL, "name too long");
    fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        return fail(err, path, "cannot write");
    rc = file_write_all(fd, data, len);
    if (!rc && (fchmod(fd, 0644) || fsync(fd)))
        rc = -errno;
    if (close(fd) && !rc)
        rc = -errno;
    if (!rc && rename(temp, target))
        rc = -errno;
    if (rc) {
        unlink(temp);
        errno = -rc;
        return fail(err, path, "cannot write");
    }
    return file_sync_folder(target, err);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    return remove(path);
}

int file_remove_all(const char *path)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
        return 0;
    return -errno;
}

int file_mkdirs(const char *path, struct error *err)
{
    char part[PATH_MAX];
    struct stat st;

    if ((size_t)snprintf(part, sizeof(part), "%s", path) >= sizeof(part))
        return error_set(err, -ENAMETOOLONG, path, NULL, "name too long");
    for (char *p = part + 1;; p++) {
        char c = *p;

        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        if (mkdir(part, 0777) && errno != EEXIST)
            return fail(err, part, "cannot make the folder");
        *p = c;
        if (c == '\0')
            break;
    }
    if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return fail(err, path, "cannot use as a folder");
    }
    return 0;
}

int file_join(const char *dir, const char *name, char *out, size_t size)
{
    int n;

    if (name[0] == '/' || !dir || !dir[0])
        n = snprintf(out, size, "%s", name);
    else
        n = snprintf(out, size, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", name);
    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
