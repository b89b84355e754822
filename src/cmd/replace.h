/* Putting restored data in the place of what a data folder holds, so that at every moment, also
 * after a crash, the folder is either what it was or what was restored.
 *
 * The new data is made ready in DIR/.restore. One file, DIR/.restore/ready, is the moment of
 * change: before it the folder is as it was, from then on every command first finishes the change.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* What a backup holds of a data folder: the store and these folders. */
#define REPLACE_STORE   "kolcast.db"
#define REPLACE_FOLDERS "audio", "reports"

/* DIR/.restore, made anew and empty. */
int replace_begin(const char *dir, char *fresh, size_t size, struct error *err);
/* The moment of change. kept: the folder in DIR that takes what was there, such as
 * "replaced-20261125-035810". */
int replace_commit(const char *dir, const char *kept, struct error *err);
/* Forgets what was made ready and not committed. */
void replace_abandon(const char *dir);

bool replace_pending(const char *dir);
/* With the folder's lock held: finishes a change that was committed; nothing to do: 0. */
int replace_finish(const char *dir, struct error *err);
