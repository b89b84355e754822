/* Lists of people as files: a table that the test keeps is written as CSV of any encoding,
 * separator and column order, or as a workbook of any cell type; what must come of it is computed
 * from the table alone. */
#pragma once

#include <iconv.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xlsxwriter.h>

#include "base/rng.h"

enum { FILE_ROWS_MAX = 60, FILE_PEOPLE = 25, FILE_COLUMNS = 5, FILE_BYTES_MAX = 1 << 17 };
enum file_column { FILE_MOBILE, FILE_NAME, FILE_CITY, FILE_LANGUAGE, FILE_HOME };

struct file_row {
    int person;     /* < 0: no valid number */
    int form;       /* how the number is written */
    bool at_home;   /* in the column of home phones; that of mobiles has none */
    char other[24]; /* what the other of the two columns holds */
    bool blank;     /* an empty row before it (XLSX: a gap) */
    bool hidden;    /* XLSX */
    char name[40];  /* "" none */
    char city[40];  /* a further column */
    char language[4];
    int64_t number; /* of the row in the file: set by the writers */
};

struct file_world {
    struct file_row rows[FILE_ROWS_MAX];
    int count, hidden, blanks;
    int order[FILE_COLUMNS]; /* which column stands where */
    bool hebrew;
};

static inline uint64_t file_key(int person)
{
    return 972501234000ULL + (uint64_t)person * 7;
}

static inline void file_number(const struct file_row *r, char *out, size_t size)
{
    static const char *const wrong[] = {"",           "abc",     "12",      "9.72E+11",
                                        "0601234567", "לא ידוע", "#ERROR!", "2024-05-01"};
    unsigned long local = (unsigned long)(file_key(r->person) - 972000000000ULL);
    unsigned long head = local / 10000000, tail = local % 10000000;

    if (r->person < 0) {
        snprintf(out, size, "%s", wrong[r->form % 8]);
        return;
    }
    switch (r->form % 12) {
    case 0:
        snprintf(out, size, "0%lu", local);
        break;
    case 1:
        snprintf(out, size, "%lu", local);
        break;
    case 2:
        snprintf(out, size, "+972-%lu-%07lu", head, tail);
        break;
    case 3:
        snprintf(out, size, "0%lu-%07lu", head, tail);
        break;
    case 4:
        snprintf(out, size, "972%lu.0", local);
        break;
    case 5: /* all digits are there */
        snprintf(out, size, "9.72%09luE+11", local);
        break;
    case 6: /* the first of two */
        snprintf(out, size, "0%lu-%07lu / 02-5551234", head, tail);
        break;
    case 7: /* beside a word */
        snprintf(out, size, "אמא 0%lu-%07lu", head, tail);
        break;
    case 8: /* marks of direction, a no-break space */
        snprintf(out, size, "\xe2\x80\x8e+972 %lu\xc2\xa0%07lu\xe2\x80\x8f", head, tail);
        break;
    case 9:
        snprintf(out, size, "%lu,%03lu,%03lu", local / 1000000, local / 1000 % 1000, local % 1000);
        break;
    case 10:
        snprintf(out, size, "(0%lu) %03lu.%04lu", head, tail / 10000, tail % 10000);
        break;
    default:
        snprintf(out, size, "00972 %lu", local);
    }
}

static inline void file_word(struct rng *r, char out[40])
{
    static const char *const words[] = {"דנה", "Dan",  "כהן, לוי", "O\"Neil", "חיפה",
                                        "a;b", "x\ty", "=1+1",     "+one",    "בּ"};

    if (rng_below(r, 3) == 0)
        out[0] = '\0';
    else
        snprintf(out, 40, "%s %u", words[rng_below(r, 10)], (unsigned)rng_below(r, 1000));
}

static inline void file_random(struct rng *r, struct file_world *w)
{
    *w = (struct file_world){.order = {0, 1, 2, 3, 4}, .hebrew = rng_below(r, 2)};
    for (int i = FILE_COLUMNS - 1; i > 0; i--) {
        int k = (int)rng_below(r, (uint64_t)i + 1), was = w->order[i];

        w->order[i] = w->order[k];
        w->order[k] = was;
    }
    w->count = (int)rng_below(r, FILE_ROWS_MAX + 1);
    for (int i = 0; i < w->count; i++) {
        struct file_row *row = &w->rows[i];

        row->person = rng_below(r, 6) ? (int)rng_below(r, FILE_PEOPLE) : -1;
        row->form = (int)rng_below(r, 240);
        row->at_home = rng_below(r, 4) == 0;
        if (row->at_home)
            snprintf(row->other, sizeof(row->other), "%s", rng_below(r, 2) ? "" : "אין");
        else if (row->person >= 0 && rng_below(r, 3) == 0) /* a good one, but no mobile */
            snprintf(row->other, sizeof(row->other), "02-5%06u", (unsigned)rng_below(r, 1000000));
        row->blank = rng_below(r, 8) == 0;
        row->hidden = rng_below(r, 10) == 0;
        file_word(r, row->name);
        file_word(r, row->city);
        snprintf(row->language, sizeof(row->language), "%s", rng_below(r, 2) ? "he" : "");
        /* Something must be in the row, else it is empty and not rejected. */
        if (row->person < 0 && !row->name[0])
            snprintf(row->name, sizeof(row->name), "someone");
    }
}

static inline const char *file_cell(const struct file_world *w, const struct file_row *r, int place,
                                    char *buf, size_t size)
{
    enum file_column column = (enum file_column)w->order[place];

    switch (column) {
    case FILE_NAME:
        return r->name;
    case FILE_CITY:
        return r->city;
    case FILE_LANGUAGE:
        return r->language;
    default:
        if (r->at_home != (column == FILE_HOME))
            return r->other;
        file_number(r, buf, size);
        return buf;
    }
}

static inline const char *file_title(const struct file_world *w, int place)
{
    static const char *const titles[2][FILE_COLUMNS] = {
        {"Mobile", "Full Name", "City", "language", "Home Phone"},
        {"מס' נייד", "שם", "City", "שפה", "טלפון בבית"}};

    return titles[w->hebrew][w->order[place]];
}

static inline size_t file_put(char *out, size_t n, const char *text, char separator, bool quote)
{
    if (quote || strchr(text, '"') || strchr(text, separator)) {
        out[n++] = '"';
        for (; *text; text++) {
            if (*text == '"')
                out[n++] = '"';
            out[n++] = *text;
        }
        out[n++] = '"';
        return n;
    }
    return n + (size_t)snprintf(out + n, FILE_BYTES_MAX - n, "%s", text);
}

static inline int file_save(const char *path, const char *encoding, char *text, size_t n)
{
    static char out[FILE_BYTES_MAX * 2];
    char *from = text, *to = out;
    size_t room = sizeof(out);
    iconv_t convert = iconv_open(encoding, "utf-8");
    FILE *f;

    if (convert == (iconv_t)-1 || iconv(convert, &from, &n, &to, &room) == (size_t)-1 ||
        iconv(convert, NULL, NULL, &to, &room) == (size_t)-1)
        return -1;
    iconv_close(convert);
    f = fopen(path, "wb");
    if (!f || fwrite(out, 1, sizeof(out) - room, f) != sizeof(out) - room)
        return -1;
    return fclose(f);
}

static inline int file_write_csv(struct rng *r, struct file_world *w, const char *path)
{
    static const char *const encodings[] = {"utf-8", "utf-8", "utf-16le", "utf-16be",
                                            "windows-1255"};
    static char text[FILE_BYTES_MAX];
    size_t encoding = rng_below(r, 5), n = 0;
    const char *end = rng_below(r, 2) ? "\r\n" : "\n";
    char separator = ",;\t"[rng_below(r, 3)];
    bool mark = encoding != 4 && (encoding > 1 || rng_below(r, 2)), last = rng_below(r, 2);
    int64_t line = 1;

    if (mark)
        n += (size_t)snprintf(text, sizeof(text), "\xef\xbb\xbf");
    for (int i = -1; i < w->count; i++) {
        if (i >= 0 && w->rows[i].blank) {
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", end);
            line++;
            w->blanks++;
        }
        if (i >= 0)
            w->rows[i].number = line;
        for (int c = 0; c < FILE_COLUMNS; c++) {
            char buf[64];

            if (c)
                text[n++] = separator;
            n = file_put(text, n,
                         i < 0 ? file_title(w, c) : file_cell(w, &w->rows[i], c, buf, sizeof(buf)),
                         separator, rng_below(r, 5) == 0);
        }
        if (i + 1 < w->count || last) /* the last line may have no end */
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", end);
        line++;
    }
    return file_save(path, encodings[encoding], text, n);
}

static inline int file_write_xlsx(struct rng *r, struct file_world *w, const char *path)
{
    lxw_workbook_options o = {.constant_memory = rng_below(r, 2)}; /* inline or shared strings */
    lxw_workbook *book = workbook_new_opt(path, &o);
    lxw_row_col_options hide = {.hidden = LXW_TRUE};
    lxw_worksheet *sheet;
    lxw_row_t line = 0;

    if (rng_below(r, 2)) /* a sheet before it, without phone numbers */
        worksheet_write_string(workbook_add_worksheet(book, "notes"), 0, 0, "hello", NULL);
    sheet = workbook_add_worksheet(book, "people");
    for (int i = -1; i < w->count; i++, line++) {
        if (i >= 0 && w->rows[i].blank)
            line++; /* it is not in the file at all */
        if (i >= 0) {
            w->rows[i].number = (int64_t)line + 1;
            w->hidden += w->rows[i].hidden;
            if (w->rows[i].hidden)
                worksheet_set_row_opt(sheet, line, LXW_DEF_ROW_HEIGHT, NULL, &hide);
        }
        for (lxw_col_t c = 0; c < FILE_COLUMNS; c++) {
            char buf[64];
            const char *text =
                i < 0 ? file_title(w, c) : file_cell(w, &w->rows[i], c, buf, sizeof(buf));
            double key = i < 0 ? 0 : (double)file_key(w->rows[i].person);

            if (i >= 0 && text == buf && w->rows[i].person >= 0 && rng_below(r, 2)) {
                /* A number for the spreadsheet: no leading zero, or shown as 9.72E+11. */
                w->rows[i].form = 1;
                worksheet_write_number(sheet, line, c, rng_below(r, 2) ? key : key - 972e9, NULL);
            } else if (text[0]) {
                worksheet_write_string(sheet, line, c, text, NULL);
            }
        }
    }
    return workbook_close(book) ? -1 : 0;
}

/* A name as it is kept: white space is one space. */
static inline void file_plain(const char *text, char *out)
{
    for (; *text; text++)
        *out++ = *text == '\t' ? ' ' : *text;
    *out = '\0';
}

/* ---- a store and a folder for them ---------------------------------------------------------- */

#ifdef PEOPLE_FILE_STORE
#include "base/clock.h"
#include "contacts/import.h"

static struct {
    char folder[40], path[64], rejected[64], database[64], list[24];
    struct store *store; /* one for all cases, a list for each */
    int cases;
} place = {.folder = "/tmp/kolcast-people-XXXXXX"};

static inline bool place_open(void)
{
    struct error err = {0};

    if (!mkdtemp(place.folder))
        return false;
    snprintf(place.path, sizeof(place.path), "%s/people", place.folder);
    snprintf(place.rejected, sizeof(place.rejected), "%s/rejected.csv", place.folder);
    snprintf(place.database, sizeof(place.database), "%s/db", place.folder);
    return store_open(place.database, &clock_system, &place.store, &err) == 0;
}

static inline void place_close(void)
{
    static const char *const names[] = {"people", "rejected.csv", "db", "db-wal", "db-shm"};
    char path[80];

    store_close(place.store);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", place.folder, names[i]);
        unlink(path);
    }
    rmdir(place.folder);
}

/* A new case: another list, no rejected rows yet. */
static inline void place_next(void)
{
    snprintf(place.list, sizeof(place.list), "list %d", ++place.cases);
    unlink(place.rejected);
}

static inline int place_import(const char *path, struct import_summary *sum)
{
    struct import_options o = {.list = place.list, .region = "IL", .rejected_path = place.rejected};
    struct error err = {0};
    int rc = import_file(place.store, path, &o, sum, &err);

    if (rc)
        fprintf(stderr, "# %d %s: %s\n", rc, err.place, err.message);
    return rc;
}
#endif
