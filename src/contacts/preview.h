/* The first rows of a file, and what an import would take its columns for. Nothing is stored. */
#pragma once

#include "contacts/import.h"

enum { PREVIEW_ROWS = 20 };

struct preview_row {
    int64_t number; /* as the spreadsheet program shows it */
    bool header;
    const struct table_row *row; /* valid during the call */
};

struct preview_summary {
    struct table_info table;
    struct headers headers;
    bool headless; /* the first row is a person already */
};

/* Of o, what tells how to read the file counts. A file without a header is read as one, whatever o
 * says of that. row (nonzero stops, and is returned) is lent the header and the rows after it that
 * are not empty, PREVIEW_ROWS at most. err as of import_file. */
struct preview_sink {
    int (*row)(void *arg, const struct preview_row *row);
    void (*sheet)(void *arg, const char *name, bool hidden); /* each of a workbook, once */
    void *arg;
};

int preview_file(const char *path, const struct import_options *o, struct preview_summary *out,
                 const struct preview_sink *sink, struct error *err);
