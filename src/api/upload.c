#include "api/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api_priv.h"
#include "api/works.h"
#include "base/rng.h"

static int sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC), rc = 0;

    if (fd < 0)
        return -errno;
    if (fsync(fd))
        rc = -errno;
    close(fd);
    return rc;
}

int upload_keep_as(struct api_call *c, const char *folder, const char *file)
{
    const char *spooled = http_spooled_path(c->request);
    char dir[700], to[960];
    int rc;

    if (!spooled)
        return -EIO;
    if (snprintf(dir, sizeof(dir), "%s/%s", c->config->data_dir, folder) >= (int)sizeof(dir) ||
        snprintf(to, sizeof(to), "%s/%s", dir, file) >= (int)sizeof(to))
        return -ENAMETOOLONG;
    rc = sync_path(spooled, O_RDONLY);
    /* A link, not a rename: it fails where something is. The spooled name goes with the request. */
    if (!rc && link(spooled, to))
        rc = -errno;
    if (!rc)
        rc = sync_path(dir, O_RDONLY | O_DIRECTORY);
    return rc;
}

int upload_keep(struct api_call *c, char name[UPLOAD_NAME_MAX])
{
    char file[25];

    random_token(file, sizeof(file));
    snprintf(name, UPLOAD_NAME_MAX, "uploads/%s", file);
    return upload_keep_as(c, "uploads", file);
}

void upload_drop(struct api_call *c, const char *name)
{
    char path[960];

    if (snprintf(path, sizeof(path), "%s/%s", c->config->data_dir, name) < (int)sizeof(path))
        unlink(path);
}

int upload_cancel(struct api_call *c, struct store *s, int64_t work)
{
    struct store_work row;
    int rc;

    if (works_cancel(c->api->works, work))
        return 0;
    rc = store_work_get(s, work, &row);
    if (rc)
        return rc;
    free(row.params);
    snprintf(c->upload, sizeof(c->upload), "%.*s", UPLOAD_NAME_MAX - 1, row.file);
    return store_work_set(s, work, &(struct store_work_end){.state = "cancelled"});
}

void upload_cancelled(struct api_call *c)
{
    if (c->status == 202 && c->upload[0])
        upload_drop(c, c->upload);
}
