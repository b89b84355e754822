/* Import as both `import` and `run` show it: progress while it reads, a summary with reasons after.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "cmd/cmd.h"
#include "contacts/import.h"

/* Imports path into the store of d. o->progress and o->arg are set here. Ctrl-C cancels and nothing
 * is stored. Returns an exit code; what went wrong has been printed. */
int importing_file(struct data *d, const char *path, struct import_options *o,
                   struct import_summary *out);
/* For people on standard error. */
void importing_print(struct data *d, const struct import_summary *s, const char *rejected_path);
/* The same as JSON; the caller owns it. */
json_t *importing_json(struct data *d, const struct import_summary *s, const char *rejected_path);
