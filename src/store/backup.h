/* Copies of a whole store, taken while others read and write it. */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* Told how far it is, in parts of the whole; nonzero stops with -ECANCELED. */
typedef int (*store_progress_fn)(void *arg, int64_t done, int64_t total);

/* Writes what the store at url holds at one moment to the new file `to`. Commits of others
 * meanwhile are neither held up nor half in it. Errors: -ENOENT no store, -EEXIST to exists,
 * -ENOSPC … */
int store_copy(const char *url, const char *to, store_progress_fn progress, void *arg,
               struct error *err);
/* Is the file a whole and sound store that this program can use? *schema: the number of its
 * schema. -EBADMSG: it is damaged or no store, -EPROTO: of a newer version. Changes nothing. */
int store_check(const char *path, int *schema, struct error *err);
