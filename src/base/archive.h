/* Archives: a zip file of many files with a manifest, manifest.json, that tells the size and
 * SHA-256 of each. Read and written by one thread at a time. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

/* Bytes so far and in all; nonzero stops with -ECANCELED. */
typedef int (*archive_progress_fn)(void *arg, int64_t done, int64_t total);

/* What goes in: a list that grows. */
struct archive_files {
    struct archive_file {
        char *name;      /* within the archive; owned */
        char *path;      /* on disk; owned */
        char sha256[65]; /* set by archive_write */
        int64_t bytes;
    } * files;
    unsigned count, cap;
};
int archive_add(struct archive_files *l, const char *name, const char *path);
/* Every regular file below the folder, under the name `name/…`. Links are passed over. An absent
 * folder holds nothing. */
int archive_add_folder(struct archive_files *l, const char *name, const char *path,
                       struct error *err);
void archive_files_free(struct archive_files *l);

/* Writes path anew and syncs it. manifest (borrowed): further members of the manifest. */
int archive_write(const char *path, struct archive_files *l, const json_t *manifest,
                  archive_progress_fn progress, void *arg, struct error *err);

struct archive;
/* Opens and reads the manifest; nothing else is checked yet. -EBADMSG: no such archive. */
int archive_open(const char *path, struct archive **out, struct error *err);
void archive_close(struct archive *a);                   /* NULL-safe */
const json_t *archive_manifest(const struct archive *a); /* borrowed */
unsigned archive_count(const struct archive *a);
const char *archive_name(const struct archive *a, unsigned i);
int64_t archive_bytes(const struct archive *a); /* of all files */

/* Reads every file of the manifest and compares it; with a folder, also writes them below it (which
 * must exist) and syncs them. Files that are not in the manifest, names that lead elsewhere, a
 * wrong size or checksum: -EBADMSG with the name. */
int archive_check(struct archive *a, const char *folder, archive_progress_fn progress, void *arg,
                  struct error *err);
