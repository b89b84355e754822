/* Rows of a table file, CSV or XLSX, read as a stream: the reader calls for each row. Memory does
 * not grow with the file. Belongs to the caller's thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A spreadsheet's cell holds 32,767 letters at most: up to four bytes each. */
enum { TABLE_COLUMNS_MAX = 512, TABLE_CELL_MAX = 4 * 32767, TABLE_ROW_BYTES_MAX = 1 << 20 };

struct table_cell {
    const char *p; /* UTF-8, terminated, without a NUL within; valid during the call */
    size_t len;
};

struct table_row {
    int64_t number; /* as the spreadsheet program shows it, from 1 */
    int count;
    bool hidden;
    bool damaged; /* some of it was no text in the file's encoding: U+FFFD stands for it */
    struct table_cell cells[TABLE_COLUMNS_MAX];
};

/* What the file turned out to be; set before the first row. */
struct table_info {
    char encoding[24]; /* CSV: "utf-8", "utf-16le", "utf-16be", "windows-1255" */
    char separator;    /* CSV: , ; or tab; 0 for a workbook */
    char sheet[128];   /* XLSX: the one that is read */
    int sheets;        /* XLSX: how many the workbook has */
    bool sheet_hidden; /* XLSX: the one that is read is hidden in the workbook */
};

/* Nonzero stops the reading and is what the reader returns. TABLE_SKIP: not this sheet, try the
 * next. */
enum { TABLE_SKIP = 1 };
typedef int (*table_row_fn)(void *arg, const struct table_info *info, const struct table_row *row);
/* A look at how far it is; nonzero stops (-ECANCELED). */
typedef int (*table_progress_fn)(void *arg, uint64_t done, uint64_t total);

struct table_options {
    const char *encoding, *sheet; /* NULL: find out */
    char separator;               /* 0: find out */
    table_row_fn row;
    table_progress_fn progress;                                    /* may be NULL */
    void (*sheet_found)(void *arg, const char *name, bool hidden); /* XLSX, may be NULL: each there
                                                                is, before the first row */
    int (*sheet_end)(void *arg); /* XLSX, may be NULL: after a sheet's last row; TABLE_SKIP: on to
                                    the next */
    void *arg;
};

/* CSV or XLSX, as its first bytes say. Returns 0, what row or sheet_end returned (TABLE_SKIP: none
 * of the sheets was wanted), or a negative errno with err set in words. */
int table_read(const char *path, const struct table_options *o, struct table_info *out,
               struct error *err);
int table_read_csv(const char *path, const struct table_options *o, struct table_info *out,
                   struct error *err);
int table_read_xlsx(const char *path, const struct table_options *o, struct table_info *out,
                    struct error *err);
