/* Writing: files are hashed first, then packed with the manifest at the front. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "base/archive_priv.h"

enum { FILES_MAX = 1000000, DEPTH_MAX = 16, LEVEL = 1 }; /* speed before size */

/* ---- what goes in ---------------------------------------------------------------------------- */

int archive_add(struct archive_files *l, const char *name, const char *path)
{
    struct archive_file *f;

    if (l->count == l->cap) {
        unsigned cap = l->cap ? l->cap * 2 : 16;

        f = cap <= FILES_MAX ? realloc(l->files, cap * sizeof(*f)) : NULL;
        if (!f)
            return cap <= FILES_MAX ? -ENOMEM : -ENOSPC;
        l->files = f;
        l->cap = cap;
    }
    f = &l->files[l->count];
    *f = (struct archive_file){.name = strdup(name), .path = strdup(path)};
    if (!f->name || !f->path) {
        free(f->name);
        free(f->path);
        return -ENOMEM;
    }
    l->count++;
    return 0;
}

static int add_entry(struct archive_files *l, const char *name, const char *path, int depth,
                     struct error *err);

static int add_below(struct archive_files *l, const char *name, const char *path, int depth,
                     struct error *err)
{
    DIR *d = opendir(path);
    struct dirent *e;
    int rc = 0;

    if (!d)
        return error_set(err, -errno, path, NULL, "cannot read the folder: %s", strerror(errno));
    while (!rc && (e = readdir(d))) {
        char n[ARCHIVE_NAME_MAX], p[ARCHIVE_NAME_MAX];

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (snprintf(n, sizeof(n), "%s/%s", name, e->d_name) >= (int)sizeof(n) ||
            snprintf(p, sizeof(p), "%s/%s", path, e->d_name) >= (int)sizeof(p))
            rc = error_set(err, -ENAMETOOLONG, path, "shorten it", "a name is too long");
        else
            rc = add_entry(l, n, p, depth + 1, err);
    }
    closedir(d);
    return rc;
}

static int add_entry(struct archive_files *l, const char *name, const char *path, int depth,
                     struct error *err)
{
    struct stat st;

    if (lstat(path, &st)) /* removed meanwhile */
        return errno == ENOENT
                   ? 0
                   : error_set(err, -errno, path, NULL, "cannot look: %s", strerror(errno));
    if (S_ISDIR(st.st_mode))
        return depth > DEPTH_MAX
                   ? error_set(err, -ELOOP, path, NULL, "folders lie too deep in each other")
                   : add_below(l, name, path, depth, err);
    return S_ISREG(st.st_mode) ? archive_add(l, name, path) : 0;
}

int archive_add_folder(struct archive_files *l, const char *name, const char *path,
                       struct error *err)
{
    return add_entry(l, name, path, 0, err);
}

void archive_files_free(struct archive_files *l)
{
    for (unsigned i = 0; i < l->count; i++) {
        free(l->files[i].name);
        free(l->files[i].path);
    }
    free(l->files);
    *l = (struct archive_files){0};
}

/* ---- hashing --------------------------------------------------------------------------------- */

int archive_digest_end(EVP_MD_CTX *ctx, char out[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    int rc = EVP_DigestFinal_ex(ctx, digest, &n) && n == 32 ? 0 : -EIO;

    EVP_MD_CTX_free(ctx);
    for (unsigned i = 0; !rc && i < n; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", digest[i]);
    return rc;
}

static int hash_file(struct archive_file *f, struct error *err)
{
    static const char words[] = "cannot read: %s";
    unsigned char block[ARCHIVE_BLOCK];
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    EVP_MD_CTX *ctx;
    ssize_t n;

    if (fd < 0)
        return error_set(err, -errno, f->path, NULL, words, strerror(errno));
    ctx = EVP_MD_CTX_new();
    if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL)) {
        EVP_MD_CTX_free(ctx);
        close(fd);
        return -ENOMEM;
    }
    f->bytes = 0;
    while ((n = read(fd, block, sizeof(block))) > 0) {
        EVP_DigestUpdate(ctx, block, (size_t)n);
        f->bytes += n;
    }
    close(fd);
    if (n < 0) {
        EVP_MD_CTX_free(ctx);
        return error_set(err, -errno, f->path, NULL, words, strerror(errno));
    }
    return archive_digest_end(ctx, f->sha256);
}

/* The manifest as text, to be freed. */
static char *manifest_text(const struct archive_files *l, const json_t *more)
{
    json_t *m = json_deep_copy(more), *files = json_array();
    char *text = NULL;

    json_object_set_new(m, "files", files);
    for (unsigned i = 0; i < l->count; i++)
        json_array_append_new(files, json_pack("{s:s,s:I,s:s}", "name", l->files[i].name, "bytes",
                                               (json_int_t)l->files[i].bytes, "sha256",
                                               l->files[i].sha256));
    if (json_array_size(files) == l->count)
        text = json_dumps(m, JSON_INDENT(1));
    json_decref(m);
    return text;
}

/* ---- packing --------------------------------------------------------------------------------- */

struct packing {
    archive_progress_fn progress;
    void *arg;
    int64_t total;
    int told;
};

static void on_progress(zip_t *z, double done, void *arg)
{
    struct packing *p = arg;

    if (!p->told && p->progress)
        p->told = p->progress(p->arg, (int64_t)(done * (double)p->total), p->total);
}

static int on_cancel(zip_t *z, void *arg)
{
    return ((struct packing *)arg)->told;
}

static int add(zip_t *z, const char *name, zip_source_t *source)
{
    zip_int64_t i = source ? zip_file_add(z, name, source, ZIP_FL_ENC_UTF_8) : -1;

    if (i < 0) {
        zip_source_free(source);
        return -1;
    }
    return zip_set_file_compression(z, (zip_uint64_t)i, ZIP_CM_DEFLATE, LEVEL);
}

static int zip_fail(zip_t *z, const char *path, struct error *err)
{
    zip_error_t *e = zip_get_error(z);
    int system = zip_error_system_type(e) == ZIP_ET_SYS ? zip_error_code_system(e) : 0;

    return error_set(err, system ? -system : -EIO, path,
                     system == ENOSPC ? "free space on that disk" : NULL, "cannot write: %s",
                     zip_error_strerror(e));
}

static int pack(const char *path, const struct archive_files *l, const char *manifest,
                struct packing *p, struct error *err)
{
    int code = 0, rc = 0;
    zip_t *z = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);

    if (!z) {
        zip_error_t e;

        zip_error_init_with_code(&e, code);
        error_set(err, -EIO, path, "check the folder and its permissions", "cannot write: %s",
                  zip_error_strerror(&e));
        zip_error_fini(&e);
        return -EIO;
    }
    rc = add(z, ARCHIVE_MANIFEST, zip_source_buffer(z, manifest, strlen(manifest), 0));
    for (unsigned i = 0; !rc && i < l->count; i++)
        rc = add(z, l->files[i].name, zip_source_file(z, l->files[i].path, 0, -1));
    zip_register_progress_callback_with_state(z, 0.005, on_progress, NULL, p);
    zip_register_cancel_callback_with_state(z, on_cancel, NULL, p);
    if (rc || zip_close(z)) {
        rc = p->told ? error_set(err, -ECANCELED, path, NULL, "stopped") : zip_fail(z, path, err);
        zip_discard(z);
    }
    return rc;
}

static int sync_file(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

    if (fd < 0 || fchmod(fd, 0600) || fsync(fd))
        rc = error_set(err, -errno, path, NULL, "cannot write: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

int archive_write(const char *path, struct archive_files *l, const json_t *manifest,
                  archive_progress_fn progress, void *arg, struct error *err)
{
    struct packing p = {.progress = progress, .arg = arg};
    char *text;
    int rc = 0;

    for (unsigned i = 0; i < l->count && !rc; i++) {
        rc = hash_file(&l->files[i], err);
        p.total += l->files[i].bytes;
    }
    if (rc)
        return rc;
    text = manifest_text(l, manifest);
    if (!text)
        return -ENOMEM;
    rc = pack(path, l, text, &p, err);
    free(text);
    return rc ? rc : sync_file(path, err);
}
