/* Import of contacts from CSV and XLSX: streamed, any column order, every row accounted for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/store.h"

struct import_options {
    const char *list;   /* name of the contact list; made when absent */
    int64_t import_id;  /* one that store_import_open made, of its list; 0: a new one, of list */
    const char *region; /* default region of numbers, "IL" */
    const char *zone;   /* default zone of contacts whose number does not tell, IANA */
    const char *sheet;  /* XLSX: name of the sheet, NULL: the first with a phone column */
    const char
        *encoding;  /* CSV: NULL to find out; "utf-8", "utf-16le", "utf-16be", "windows-1255" */
    char separator; /* CSV: 0 to find out */
    const char *const *map; /* "phone=Column header" …, NULL-terminated; NULL: recognise headers */
    const char *rejected_path; /* where rejected rows go (CSV with reason and row), NULL: none */
    bool skip_hidden;          /* XLSX: leave hidden rows out (they are counted either way) */
    /* Progress: bytes read of bytes in all. Return nonzero to cancel (-ECANCELED). May be NULL. */
    int (*progress)(void *arg, uint64_t done, uint64_t total, int64_t rows);
    void *arg;
};

struct import_summary {
    struct store_import import;      /* rows = accepted + merged + rejected */
    char sheet[128];                 /* XLSX: the sheet read */
    int sheets;                      /* how many the book has */
    int64_t hidden, empty, repaired; /* hidden rows met; empty rows passed over; numbers mended */
    char encoding[24];
    char separator;
    char columns[1024]; /* "phone ← טלפון, name ← שם; kept: city, amount" */
};

/* Nothing is stored unless all of the file could be read (S7). The store must not be in a
 * transaction. */
int import_file(struct store *s, const char *path, const struct import_options *o,
                struct import_summary *out, struct error *err);

/* Header words recognised for each field, for --help and the documentation. */
void import_print_headers(void (*fn)(void *arg, const char *field, const char *words), void *arg);
