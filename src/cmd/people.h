/* The people of `run`: a file is imported once into the campaign's list; the same file again is
 * recognised by its content and passed over, unless that import was undone meanwhile. */
#pragma once

#include <stdbool.h>

#include "cmd/cmd.h"
#include "cmd/importing.h"

/* The list's id goes to *list_id. *fresh: was it read now? *summary is written only when fresh.
 * Returns an exit code. */
int people_import_once(struct data *d, const char *path, struct import_options *o, bool *fresh,
                       int64_t *list_id, struct import_summary *summary);
