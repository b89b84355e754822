/* What the files that read workbooks share: xlsx.c (the whole), xlsx_part.c (one XML part of the
 * zip), xlsx_book.c (what the workbook says of itself), xlsx_strings.c (its shared texts),
 * xlsx_sheet.c (rows and cells). */
#pragma once

#include <expat.h>
#include <stdio.h>
#include <zip.h>

#include "contacts/table.h"

enum {
    XLSX_SHEETS_MAX = 256,
    XLSX_FORMATS_MAX = 65536,
    XLSX_PATH_MAX = 256,
    XLSX_ROWS_MAX = 1 << 20,        /* a sheet has no more */
    XLSX_STRINGS_MAX = 1 << 24,     /* shared texts */
    XLSX_STRINGS_MEMORY = 64 << 20, /* bytes of them in memory; the rest lies in a file */
    XLSX_TOKEN_MAX = 4 << 20,       /* one tag or text; expat holds it whole */
};

/* ---- texts ---------------------------------------------------------------------------------- */

struct xlsx_strings; /* opaque: owned by the book */

void xlsx_strings_free(struct xlsx_strings *s);
/* The text of that number, terminated. Those that lie in the file are read into buf, of size bytes;
 * -ENOENT: none of that number, -E2BIG, -EIO. */
int xlsx_string(struct xlsx_strings *s, size_t number, char *buf, size_t size,
                struct table_cell *out);
/* Takes _x000D_ and the like in texts for the characters they stand for; returns the new length. */
size_t xlsx_unescape(char *text, size_t len);

/* ---- the book ------------------------------------------------------------------------------- */

struct xlsx_sheet {
    char name[128], id[64], path[XLSX_PATH_MAX];
    bool hidden;
};

enum xlsx_format { XLSX_PLAIN, XLSX_DATE, XLSX_TIME };

struct xlsx_book {
    zip_t *zip; /* owned */
    const struct table_options *o;
    struct xlsx_sheet sheets[XLSX_SHEETS_MAX];
    int sheet_count;
    struct xlsx_strings *strings;                   /* owned; NULL: it has none */
    unsigned char formats[XLSX_FORMATS_MAX];        /* enum xlsx_format, by index of cellXfs */
    unsigned char number_formats[XLSX_FORMATS_MAX]; /* by numFmtId */
    int format_count;
    bool since_1904;
    uint64_t done, total; /* bytes unpacked so far of those that take time, for the progress */
    char fault[160], remedy[160]; /* in words, when an error is better told than in general */
};

/* ---- parts ---------------------------------------------------------------------------------- */

struct xlsx_part {
    XML_Parser xml;
    int rc;
    void *state; /* of the handlers */
};

struct xlsx_handlers {
    XML_StartElementHandler start;
    XML_EndElementHandler end;
    XML_CharacterDataHandler text;
};

/* Reads one part of the zip; handlers get the struct xlsx_part as their data. -ENOENT: it has none
 * of this name; -EBADMSG: not sound, or with a DOCTYPE; -E2BIG; -ECANCELED. */
int xlsx_parse(struct xlsx_book *b, const char *name, void *state, const struct xlsx_handlers *h);
void xlsx_stop(struct xlsx_part *p, int rc); /* from a handler */
/* Names come with or without a prefix, as the writer likes. */
const char *xlsx_local(const char *name);
const char *xlsx_attribute(const char **atts, const char *name); /* NULL: absent */

int xlsx_open(struct xlsx_book *b, const char *path);
int xlsx_read_strings(struct xlsx_book *b, const char *part);
int xlsx_read_sheet(struct xlsx_book *b, const struct xlsx_sheet *s, const struct table_info *info);
