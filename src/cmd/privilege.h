/* From root to a user of less power, once what needs root is done. */
#pragma once

#include "base/error.h"

/* Becomes this user, with its groups, for good: all threads, and no way back. The data folder is
 * made for it where there is none yet. Whoever is that user already stays so. Errors: -EPERM: not
 * root; -ENOENT: no such user; -EINVAL: it is root; those of chown(2) and setresuid(2). */
int privilege_drop(const char *user, const char *data_dir, struct error *err);
