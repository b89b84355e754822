/* What the files of the import share: import.c (the whole file), import_row.c (a row becomes a
 * contact), rejected.c (the file of rows that could not be taken). */
#pragma once

#include "base/buf.h"
#include "contacts/import.h"
#include "phone/number.h"

/* ---- rejected rows -------------------------------------------------------------------------- */

struct rejected; /* a file beside its place, put there when the import is done */

/* NULL path: nothing is kept, *out is NULL. source: the file that is imported, which it must not
 * replace. */
int rejected_open(const char *path, const char *source, struct rejected **out, struct error *err);
/* separator: of the source, so that it opens as the source did. */
void rejected_add(struct rejected *r, const struct headers *h, char separator,
                  const struct table_row *row, const char *reason);
/* All of it is on its way to the disk, or the error says why not. NULL-safe, as is the next. */
int rejected_flush(struct rejected *r, struct error *err);
/* Puts the file in its place, when it has any row and done says so. Frees r. */
void rejected_close(struct rejected *r, bool done);

/* ---- the header ----------------------------------------------------------------------------- */

struct importing;

/* NONE: this row is a person, the columns are known without a header. */
enum header { HEADER_FOUND, HEADER_NONE, HEADER_NEXT, HEADER_GIVE_UP };

enum header import_look_for_header(struct importing *m, const struct table_row *row);
/* -EINVAL, in words: no column with phone numbers was found. */
int import_explain_no_phones(const struct importing *m, struct error *err);
/* -EINVAL: the columns that map speaks of are not all there. */
int import_explain_map(const struct importing *m, struct error *err);
bool import_row_empty(const struct table_row *row);

/* ---- rows ----------------------------------------------------------------------------------- */

enum { IMPORT_NAME_MAX = 256, IMPORT_EXTRA_MAX = 65536 };

struct importing {
    struct store *store;
    const struct import_options *o;
    const char *path;
    struct import_summary *summary;
    struct number_parser *numbers; /* owned */
    struct headers *headers;       /* the summary's */
    struct rejected *rejected;     /* owned */
    struct buf extra;              /* owned: the further columns of the row at hand */
    struct {
        char *text; /* the key as JSON with its colon, owned; NULL: not kept */
        size_t len;
    } keys[TABLE_COLUMNS_MAX];
    bool found;          /* the header */
    bool numbers_seen;   /* a row without header had a phone number */
    int looked;          /* rows seen in search of the header */
    char first_row[256]; /* what the first of them has, for the message */
    int64_t import_id, rows;
    struct import_progress progress;
    bool cancelled;
};

/* Makes the keys of the columns that are kept. */
int import_prepare_columns(struct importing *m);
/* Stages the row, or rejects it with its reason. */
int import_take_row(struct importing *m, char separator, const struct table_row *row);
/* The number in a cell, wherever it is: alone, the first of several, or beside a word. */
enum number_fault import_find_number(struct number_parser *p, const char *region, const char *text,
                                     size_t len, struct number *out);
