/* Rows of a table file, CSV or XLSX, read as a stream: the reader calls for each row. Memory does
 * not grow with the file, but for an XLSX's shared strings, which are bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { TABLE_COLUMNS_MAX = 512, TABLE_CELL_MAX = 32768 };

struct table_cell {
    const char *p; /* UTF-8, terminated; valid during the call */
    size_t len;
};

struct table_row {
    int64_t number; /* as the spreadsheet program shows it, from 1 */
    int count;
    bool hidden;
    struct table_cell cells[TABLE_COLUMNS_MAX];
};

/* Nonzero stops the reading and is what the reader returns. TABLE_SKIP: not this sheet, try the
 * next. */
enum { TABLE_SKIP = 1 };
typedef int (*table_row_fn)(void *arg, const struct table_row *row);
/* A look at how far it is; nonzero stops. */
typedef int (*table_progress_fn)(void *arg, uint64_t done, uint64_t total);

struct table_info {
    char encoding[24], sheet[128];
    char separator;
    int sheets;
};

struct table_options {
    const char *encoding, *sheet; /* NULL: find out */
    char separator;               /* 0: find out */
    table_row_fn row;
    table_progress_fn progress;
    int (*sheet_end)(void *arg); /* XLSX: after a sheet's last row; TABLE_SKIP: on to the next */
    void *arg;
};

int table_read_csv(const char *path, const struct table_options *o, struct table_info *out,
                   struct error *err);
/* TABLE_SKIP of every sheet: returns -ENOENT, err unset. */
int table_read_xlsx(const char *path, const struct table_options *o, struct table_info *out,
                    struct error *err);
