/* Import of contacts from CSV and XLSX: streamed, any column order, every row accounted for.
 * docs/import.md tells the rules to people. Belongs to the caller's thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "contacts/headers.h"
#include "store/store.h"

struct import_progress {
    bool storing;         /* all is read: it is being merged into the list */
    uint64_t done, total; /* bytes read of bytes in all */
    int64_t rows;
};

struct import_options {
    const char *list;     /* name of the contact list; made when absent */
    int64_t import_id;    /* one that store_import_open made, of its list; 0: a new one, of list */
    const char *region;   /* default region of numbers, "IL" */
    const char *zone;     /* zone of contacts whose number does not tell one, IANA; NULL: the
                             campaign that calls them decides */
    const char *sheet;    /* XLSX: name of the sheet, NULL: the first with a phone column */
    const char *encoding; /* CSV: NULL to find out; else as in struct table_info */
    char separator;       /* CSV: 0 to find out */
    const char *const *map; /* "phone=Column header" …, NULL-terminated; NULL: recognise headers */
    bool no_header;         /* the first row is a person; columns are called A, B, C … */
    const char *rejected_path; /* where rejected rows go (CSV with row and reason), NULL: none */
    bool skip_hidden;          /* XLSX: leave hidden rows out (they are counted either way) */
    /* Called every few milliseconds of work. Return nonzero to cancel (-ECANCELED). May be NULL. */
    int (*progress)(void *arg, const struct import_progress *p);
    void *arg;
};

struct import_summary {
    struct store_import import;      /* rows = accepted + merged + rejected */
    char sheet[128];                 /* XLSX: the sheet read */
    int sheets;                      /* how many the book has */
    bool sheet_hidden;               /* the one that was read is */
    bool hidden_skipped;             /* hidden rows were left out */
    int64_t hidden, empty, repaired; /* hidden rows met; empty rows passed over; numbers mended */
    /* Rows taken by where their time zone is from: a column; the number; the number, but its range
     * lies in several zones and the most populous was taken; none (the option or the campaign). */
    int64_t zone_column, zone_number, zone_unsure, zone_none;
    char encoding[24];
    char separator;
    char columns[1024]; /* "phone ← נייד, else טלפון; name ← שם; kept: city, amount" */
    struct headers headers; /* the same in full */
};

/* Nothing is stored unless all of the file could be read (S7). The store must not be in a
 * transaction. out is written only on success; err is set in words unless the store failed or
 * memory ran out. */
int import_file(struct store *s, const char *path, const struct import_options *o,
                struct import_summary *out, struct error *err);

/* After a crash: what import_file left of the rejected rows at its rejected_path with ".part" gets
 * its name when the import was merged (they are all there then), and is removed when it was not. */
void import_settle_rejected(const char *part, bool merged);
