/* What the two ways to give a file to an import share. */
#pragma once

#include "api/call.h"
#include "contacts/import.h"

struct imports_file {
    int64_t list_id, bytes;
    const char *filename, *file; /* as its owner calls it; in the data folder */
};

/* In the writer: makes the import and its work, and answers. How to read the file, the parameters
 * of the request say. */
int imports_take(struct api_call *c, struct store *s, const struct imports_file *f);
/* False: answered. */
bool imports_region_known(struct api_call *c);

enum { IMPORTS_MAPS_MAX = 16 };

/* How to read a file, from the parameters of a request or as a work keeps them. Belongs to the
 * caller; o points into it and into params. */
struct imports_reading {
    struct import_options o;
    char map[1024];
    const char *maps[IMPORTS_MAPS_MAX + 1];
};

void imports_read(const json_t *params, struct imports_reading *out);
