/* Rows and cells of one sheet. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "contacts/xlsx_priv.h"

struct reading {
    struct xlsx_book *book;
    const struct table_info *info;
    struct table_row row;
    char *bytes; /* the row's cells one after the other, TABLE_ROW_BYTES_MAX */
    size_t used;
    int column, filled; /* cells [0, filled) of the row are set */
    char type;          /* of the cell: n, s, i(nline), t(ext), b, e */
    unsigned format;
    size_t cell_start;
    bool in_value, in_phonetic, in_row;
    int64_t last_row, rows;
};

enum { NUMBER_TEXT = 64 };

static int column_of(const char *ref)
{
    int n = 0;

    for (; *ref >= 'A' && *ref <= 'Z' && n < 100000; ref++)
        n = n * 26 + (*ref - 'A' + 1);
    return n - 1;
}

static char type_of(const char *t)
{
    if (!t || strcmp(t, "n") == 0)
        return 'n';
    if (strcmp(t, "s") == 0)
        return 's';
    if (strcmp(t, "inlineStr") == 0)
        return 'i';
    return t[0] == 'b' || t[0] == 'e' ? t[0] : 't';
}

static void start_row(struct xlsx_part *p, struct reading *r, const char **atts)
{
    const char *number = xlsx_attribute(atts, "r"), *hidden = xlsx_attribute(atts, "hidden");

    r->row.number = number ? strtoll(number, NULL, 10) : r->last_row + 1;
    r->row.hidden = hidden && (strcmp(hidden, "1") == 0 || strcmp(hidden, "true") == 0);
    if (++r->rows > XLSX_ROWS_MAX || r->row.number < 1 || r->row.number > XLSX_ROWS_MAX) {
        snprintf(r->book->fault, sizeof(r->book->fault),
                 "sheet \"%.64s\" claims to have more rows than a sheet can have", r->info->sheet);
        xlsx_stop(p, -E2BIG);
    }
    r->last_row = r->row.number;
    r->used = 0;
    r->filled = 0;
    r->column = -1;
    r->in_row = true;
}

static void start_cell(struct reading *r, const char **atts)
{
    const char *a = xlsx_attribute(atts, "r");

    r->column = a ? column_of(a) : r->column + 1;
    r->type = type_of(xlsx_attribute(atts, "t"));
    a = xlsx_attribute(atts, "s");
    r->format = a ? (unsigned)strtoul(a, NULL, 10) : 0;
    r->cell_start = r->used;
}

static void XMLCALL on_start(void *data, const char *name, const char **atts)
{
    struct xlsx_part *p = data;
    struct reading *r = p->state;

    name = xlsx_local(name);
    if (strcmp(name, "row") == 0)
        start_row(p, r, atts);
    else if (!r->in_row)
        return;
    else if (strcmp(name, "c") == 0)
        start_cell(r, atts);
    else if (strcmp(name, "rPh") == 0)
        r->in_phonetic = true;
    else if (strcmp(name, "v") == 0 || (strcmp(name, "t") == 0 && r->type == 'i'))
        r->in_value = !r->in_phonetic;
}

static void too_large(struct xlsx_part *p, const struct reading *r, const char *what)
{
    snprintf(r->book->fault, sizeof(r->book->fault), "row %lld of sheet \"%.64s\": %s",
             (long long)r->row.number, r->info->sheet, what);
    xlsx_stop(p, -E2BIG);
}

static void XMLCALL on_text(void *data, const char *text, int len)
{
    struct xlsx_part *p = data;
    struct reading *r = p->state;

    if (!r->in_value)
        return;
    if (r->used - r->cell_start + (size_t)len > TABLE_CELL_MAX) {
        too_large(p, r, "a cell is longer than any cell can be");
        return;
    }
    if (r->used + (size_t)len + NUMBER_TEXT > TABLE_ROW_BYTES_MAX) {
        too_large(p, r, "the row is longer than any row should be");
        return;
    }
    memcpy(r->bytes + r->used, text, (size_t)len);
    r->used += (size_t)len;
}

/* ---- numbers -------------------------------------------------------------------------------- */

/* Days since 1899-12-30 as ISO text (Hinnant's civil_from_days). */
static int date_text(long serial, char *out, size_t size)
{
    long days = serial - 25569 + 719468;
    long era = (days >= 0 ? days : days - 146096) / 146097, doe = days - era * 146097;
    long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    long doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    long day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;

    return snprintf(out, size, "%04ld-%02ld-%02ld", yoe + era * 400 + (month <= 2), month, day);
}

/* A date, a time of the day, both, or hours longer than a day. */
static void moment_text(const struct xlsx_book *b, enum xlsx_format format, double v, char *out,
                        size_t size)
{
    long days = (long)v, minutes = (long)((v - (double)days) * 1440 + 0.5);
    int n = 0;

    if (minutes == 1440) {
        days++;
        minutes = 0;
    }
    if (format == XLSX_TIME || days == 0) {
        snprintf(out, size, "%02ld:%02ld", days * 24 + minutes / 60, minutes % 60);
        return;
    }
    if (b->since_1904)
        days += 1462;
    else if (days < 60)
        days++; /* Excel counts a 29 February 1900 that never was */
    n = date_text(days, out, size);
    if (minutes > 0)
        snprintf(out + n, size - (size_t)n, " %02ld:%02ld", minutes / 60, minutes % 60);
}

/* A number as a person would write it: all digits of 9.72501234567E+11. */
static void number_text(const struct reading *r, char *text, size_t size)
{
    const struct xlsx_book *b = r->book;
    enum xlsx_format format = r->format < (unsigned)b->format_count
                                  ? (enum xlsx_format)b->formats[r->format]
                                  : XLSX_PLAIN;
    char *end;
    double v = strtod(text, &end);

    if (end == text || *end)
        return;
    if (format != XLSX_PLAIN && v >= 0 && v < 2958466)
        moment_text(b, format, v, text, size);
    else if (v > -1e15 && v < 1e15 && v == (double)(long long)v)
        snprintf(text, size, "%lld", (long long)v);
    else
        snprintf(text, size, "%.15g", v);
}

/* ---- cells ---------------------------------------------------------------------------------- */

/* What the cell shows; it lies at the end of the row's bytes or among the shared texts. */
static int cell_of(struct reading *r, struct table_cell *out)
{
    char *text = r->bytes + r->cell_start, *end;
    size_t len = r->used - r->cell_start;

    text[len] = '\0';
    switch (r->type) {
    case 's': {
        size_t number = strtoul(text, &end, 10);
        int rc = len && !*end ? xlsx_string(r->book->strings, number, text,
                                            TABLE_ROW_BYTES_MAX - r->cell_start - NUMBER_TEXT, out)
                              : -ENOENT;

        if (rc != -ENOENT)
            return rc;
        len = 0; /* a reference to nowhere shows nothing */
        break;
    }
    case 'e': /* #N/A and its like */
        len = 0;
        break;
    case 'b':
        len = (size_t)snprintf(text, NUMBER_TEXT, "%s", text[0] == '1' ? "TRUE" : "FALSE");
        break;
    case 'n':
        if (len && len < NUMBER_TEXT) {
            number_text(r, text, NUMBER_TEXT);
            len = strlen(text);
        }
        break;
    default:
        len = xlsx_unescape(text, len);
    }
    text[len] = '\0';
    *out = (struct table_cell){text, len};
    return 0;
}

static void end_cell(struct xlsx_part *p, struct reading *r)
{
    struct table_cell cell;
    int rc = cell_of(r, &cell);

    if (rc == -E2BIG) {
        too_large(p, r, "the row is longer than any row should be");
        return;
    }
    if (rc) {
        xlsx_stop(p, rc);
        return;
    }
    r->used = r->cell_start;
    if (cell.p == r->bytes + r->cell_start)
        r->used += cell.len + 1;
    if (r->column >= TABLE_COLUMNS_MAX && cell.len) {
        snprintf(r->book->remedy, sizeof(r->book->remedy),
                 "delete the columns that are not needed");
        too_large(p, r, "it has more than 512 columns");
        return;
    }
    if (r->column >= TABLE_COLUMNS_MAX || r->column < r->filled)
        return;
    while (r->filled < r->column)
        r->row.cells[r->filled++] = (struct table_cell){"", 0};
    r->row.cells[r->filled++] = cell;
}

static void XMLCALL on_end(void *data, const char *name)
{
    struct xlsx_part *p = data;
    struct reading *r = p->state;
    const struct table_options *o = r->book->o;
    int rc;

    name = xlsx_local(name);
    if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
        r->in_value = false;
    } else if (strcmp(name, "rPh") == 0) {
        r->in_phonetic = false;
    } else if (strcmp(name, "c") == 0 && r->in_row) {
        end_cell(p, r);
    } else if (strcmp(name, "row") == 0 && r->in_row) {
        r->in_row = false;
        r->row.count = r->filled;
        rc = p->rc ? p->rc : o->row(o->arg, r->info, &r->row);
        if (rc)
            xlsx_stop(p, rc);
    }
}

int xlsx_read_sheet(struct xlsx_book *b, const struct xlsx_sheet *s, const struct table_info *info)
{
    static const struct xlsx_handlers handlers = {on_start, on_end, on_text};
    struct reading *r = calloc(1, sizeof(*r));
    int rc = -ENOMEM;

    if (r) {
        r->bytes = malloc(TABLE_ROW_BYTES_MAX);
        r->book = b;
        r->info = info;
        if (r->bytes)
            rc = xlsx_parse(b, s->path, r, &handlers);
        free(r->bytes);
    }
    free(r);
    return rc == -ENOENT ? -EBADMSG : rc;
}
