/* Reading: nothing is believed before it is compared with the manifest. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "base/archive_priv.h"
#include "base/file.h"
#include "base/json.h"

enum { MANIFEST_MAX = 256 << 20 };
static const char damaged[] = "use another copy of the backup";

struct archive {
    zip_t *zip;       /* owned */
    json_t *manifest; /* owned */
    json_t *files;    /* in the manifest */
    int64_t bytes;
    char *path; /* owned */
};

/* ---- the manifest ---------------------------------------------------------------------------- */

/* "audio/a.wav": it stays below the folder, whatever folder that is. */
static bool is_safe(const char *name)
{
    if (!*name || *name == '/' || strlen(name) >= ARCHIVE_NAME_MAX || strchr(name, '\\'))
        return false;
    for (const char *p = name; *p; p += strcspn(p, "/"), p += *p == '/') {
        size_t n = strcspn(p, "/");

        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
    }
    return name[strlen(name) - 1] != '/';
}

static int read_files(struct archive *a, struct error *err)
{
    json_t *f;
    size_t i;

    a->files = json_object_get(a->manifest, "files");
    if (!json_is_array(a->files))
        return -EBADMSG;
    json_array_foreach(a->files, i, f)
    {
        const char *name = json_string_value(json_object_get(f, "name"));
        const json_t *bytes = json_object_get(f, "bytes");
        const char *sha = json_string_value(json_object_get(f, "sha256"));

        if (!name || !is_safe(name) || !json_is_integer(bytes) || json_integer_value(bytes) < 0 ||
            !sha || strlen(sha) != 64)
            return error_set(err, -EBADMSG, a->path, damaged, "its list of files is wrong at %s",
                             name ? name : "a file without a name");
        a->bytes += json_integer_value(bytes);
    }
    /* The manifest itself, and nothing beyond it. */
    if (zip_get_num_entries(a->zip, 0) != (zip_int64_t)json_array_size(a->files) + 1)
        return error_set(err, -EBADMSG, a->path, damaged,
                         "it holds other files than its list says");
    return 0;
}

static int read_manifest(struct archive *a, struct error *err)
{
    zip_file_t *f = zip_fopen(a->zip, ARCHIVE_MANIFEST, 0);
    zip_stat_t st;
    char *text;
    int rc = -EBADMSG;

    if (!f || zip_stat(a->zip, ARCHIVE_MANIFEST, 0, &st) || !(st.valid & ZIP_STAT_SIZE) ||
        st.size > MANIFEST_MAX) {
        if (f)
            zip_fclose(f);
        return error_set(err, -EBADMSG, a->path, "name a file that kolcast backup wrote",
                         "is no backup of Kolcast");
    }
    text = malloc(st.size + 1);
    if (text && zip_fread(f, text, st.size) == (zip_int64_t)st.size)
        rc = json_load_text(text, st.size, ARCHIVE_MANIFEST, &a->manifest, err);
    free(text);
    zip_fclose(f);
    if (!rc)
        rc = read_files(a, err);
    return rc ? error_set(err, -EBADMSG, a->path, damaged, "its manifest cannot be read") : 0;
}

int archive_open(const char *path, struct archive **out, struct error *err)
{
    struct archive *a = calloc(1, sizeof(*a));
    int code = 0, rc = -ENOMEM;

    if (a)
        a->path = strdup(path);
    if (a && a->path) {
        a->zip = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
        if (a->zip)
            rc = read_manifest(a, err);
        else if (code == ZIP_ER_NOENT)
            rc = error_set(err, -ENOENT, path, "check the name", "there is no such file");
        else if (code == ZIP_ER_OPEN)
            rc = error_set(err, -errno, path, NULL, "cannot open: %s", strerror(errno));
        else
            rc = error_set(err, -EBADMSG, path, "name a file that kolcast backup wrote",
                           "is no backup, or only a part of one");
    }
    if (rc) {
        archive_close(a);
        return rc;
    }
    *out = a;
    return 0;
}

void archive_close(struct archive *a)
{
    if (!a)
        return;
    if (a->zip)
        zip_discard(a->zip);
    json_decref(a->manifest);
    free(a->path);
    free(a);
}

const json_t *archive_manifest(const struct archive *a)
{
    return a->manifest;
}

unsigned archive_count(const struct archive *a)
{
    return (unsigned)json_array_size(a->files);
}

const char *archive_name(const struct archive *a, unsigned i)
{
    return json_string_value(json_object_get(json_array_get(a->files, i), "name"));
}

int64_t archive_bytes(const struct archive *a)
{
    return a->bytes;
}

/* ---- the files ------------------------------------------------------------------------------- */

/* One file's reading: from the archive, through the digest, to disk (fd < 0: nowhere). */
struct reading {
    struct archive *a;
    archive_progress_fn progress;
    void *arg;
    int64_t done; /* of all files */
};

static int copy_file(struct reading *r, zip_file_t *f, int64_t bytes, int fd, char sha256[65])
{
    unsigned char block[ARCHIVE_BLOCK];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    zip_int64_t n = 0;
    int rc = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) ? 0 : -ENOMEM;

    while (!rc && (n = zip_fread(f, block, sizeof(block))) > 0) {
        bytes -= n;
        r->done += n;
        EVP_DigestUpdate(ctx, block, (size_t)n);
        rc = bytes < 0 ? -EBADMSG : fd < 0 ? 0 : file_write_all(fd, block, (size_t)n);
        if (!rc && r->progress && r->progress(r->arg, r->done, r->a->bytes))
            rc = -ECANCELED;
    }
    if (rc || n < 0 || bytes != 0) {
        EVP_MD_CTX_free(ctx);
        return rc ? rc : -EBADMSG;
    }
    return archive_digest_end(ctx, sha256);
}

static int make_file(const char *folder, const char *name, int *fd, struct error *err)
{
    char path[2 * ARCHIVE_NAME_MAX], *slash;
    int rc = 0;

    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
        return error_set(err, -ENAMETOOLONG, folder, "shorten it", "the name is too long");
    slash = strrchr(path, '/');
    *slash = '\0';
    rc = file_mkdirs(path, err);
    *slash = '/';
    if (rc)
        return rc;
    *fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return *fd < 0 ? error_set(err, -errno, path, NULL, "cannot write: %s", strerror(errno)) : 0;
}

static int check_file(struct reading *r, const json_t *entry, const char *folder, struct error *err)
{
    const char *name = json_string_value(json_object_get(entry, "name"));
    const char *expected = json_string_value(json_object_get(entry, "sha256"));
    zip_file_t *f = zip_fopen(r->a->zip, name, 0);
    char sha256[65] = "";
    int fd = -1, rc = f ? 0 : -EBADMSG;

    if (!rc && folder)
        rc = make_file(folder, name, &fd, err);
    if (!rc)
        rc = copy_file(r, f, json_integer_value(json_object_get(entry, "bytes")), fd, sha256);
    if (!rc && strcmp(sha256, expected) != 0)
        rc = -EBADMSG;
    if (!rc && fd >= 0 && fsync(fd))
        rc = -errno;
    if (fd >= 0 && close(fd) && !rc)
        rc = -errno;
    if (f)
        zip_fclose(f);
    if (rc == -EBADMSG)
        return error_set(err, rc, r->a->path, damaged, "it is damaged: %s is not as it was", name);
    return rc ? error_set(err, rc, name, rc == -ENOSPC ? "free space on that disk" : NULL,
                          "cannot read it out: %s", strerror(-rc))
              : 0;
}

int archive_check(struct archive *a, const char *folder, archive_progress_fn progress, void *arg,
                  struct error *err)
{
    struct reading r = {.a = a, .progress = progress, .arg = arg};
    json_t *entry;
    size_t i;
    int rc = 0;

    json_array_foreach(a->files, i, entry)
    {
        rc = check_file(&r, entry, folder, err);
        if (rc)
            break;
    }
    return rc;
}
