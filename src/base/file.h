/* Files: whole reads with a limit, atomic writes, folders. */
#pragma once

#include <limits.h>
#include <stddef.h>

#include "base/error.h"

/* Reads a whole file of at most max bytes; *data is malloc'd and NUL-terminated. */
int file_read(const char *path, size_t max, char **data, size_t *len, struct error *err);
/* All of it, however often write(2) takes only a part. Returns 0 or a negative errno. */
int file_write_all(int fd, const void *data, size_t len);
/* The name that a rename may put a new file under so that path is that file: path itself, or what a
 * link leads to (the link stays). What is there and no regular file is refused: -EISDIR a folder,
 * -EEXIST a device, pipe or socket; -ENOENT or -ELOOP a link that leads nowhere. */
int file_target(const char *path, char out[PATH_MAX], struct error *err);
/* Writes to a temporary beside path, syncs, renames: a reader sees the old or the new, never half.
 * Of file_target's refusals. */
int file_write_atomic(const char *path, const void *data, size_t len, struct error *err);
/* Makes the entry of path in its folder durable. */
int file_sync_folder(const char *path, struct error *err);
/* Removes path and, where it is a folder, all that lies in it; links are not followed. It may be
 * gone already. Returns 0 or a negative errno. */
int file_remove_all(const char *path);
int file_mkdirs(const char *path, struct error *err);
/* Joins dir and name unless name is absolute. Returns 0 or -ENAMETOOLONG. */
int file_join(const char *dir, const char *name, char *out, size_t size);
