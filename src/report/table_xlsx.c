/* Tables as an Excel workbook through libxlsxwriter in its constant-memory mode: a row is written
 * when the next begins. Everything is a typed cell, so no text can become a formula. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "report/table_priv.h"

enum {
    COLUMNS_MAX = 200,
    ROWS_MAX = 1048576,     /* of a sheet: Excel's limit */
    TEXT_BYTES_MAX = 32760, /* of a cell: Excel's limit is 32,767 characters */
    SHEET_NAME_MAX = 28,    /* Excel's 31, and room for " 99" */
};

struct table_xlsx {
    struct table table;
    zone_id zone;
    bool right_to_left;
    char dir[PATH_MAX]; /* its scratch files lie beside it, not in /tmp */
    lxw_workbook *book; /* owned until close */
    lxw_worksheet *sheet;
    lxw_format *header, *time, *real[5];
    char name[SHEET_NAME_MAX * 4 + 1];
    char *columns[COLUMNS_MAX]; /* owned: the header of a sheet that goes on */
    int column_count, part;
    lxw_row_t row;
    lxw_col_t col;
    int rc;
};

static struct table_xlsx *xlsx(struct table *t)
{
    return (struct table_xlsx *)t;
}

static void note(struct table_xlsx *w, lxw_error e)
{
    if (e != LXW_NO_ERROR && !w->rc)
        w->rc = e == LXW_ERROR_MEMORY_MALLOC_FAILED ? -ENOMEM : -EIO;
}

static void head(struct table_xlsx *w, const char *name)
{
    size_t n = strlen(name);
    lxw_col_t col = (lxw_col_t)w->col++;

    if (w->sheet) {
        worksheet_set_column(w->sheet, col, col, (double)(n < 10 ? 12 : n > 30 ? 34 : n + 4), NULL);
        note(w, worksheet_write_string(w->sheet, 0, col, name, w->header));
    }
}

static void begin_sheet(struct table_xlsx *w)
{
    char name[sizeof(w->name) + 16];

    if (w->part == 1)
        snprintf(name, sizeof(name), "%s", w->name);
    else
        snprintf(name, sizeof(name), "%s %d", w->name, w->part);
    w->sheet = workbook_add_worksheet(w->book, name);
    if (!w->sheet) {
        w->rc = w->rc ? w->rc : -ENOMEM;
        return;
    }
    if (w->right_to_left)
        worksheet_right_to_left(w->sheet);
    worksheet_freeze_panes(w->sheet, 1, 0);
    w->row = 1;
    w->col = 0;
    for (int i = 0; i < w->column_count; i++)
        head(w, w->columns[i]);
}

static void forget_columns(struct table_xlsx *w)
{
    for (int i = 0; i < w->column_count; i++)
        free(w->columns[i]);
    w->column_count = 0;
}

static void keep_column(struct table_xlsx *w, const char *name)
{
    if (w->column_count < COLUMNS_MAX && (w->columns[w->column_count] = strdup(name)))
        w->column_count++;
}

static void xlsx_sheet(struct table *t, const char *name, const char *const *columns)
{
    struct table_xlsx *w = xlsx(t);

    forget_columns(w);
    for (; *columns; columns++)
        keep_column(w, *columns);
    snprintf(w->name, sizeof(w->name), "%s", name);
    w->part = 1;
    begin_sheet(w);
    w->col = 0;
}

static void xlsx_column(struct table *t, const char *name)
{
    struct table_xlsx *w = xlsx(t);

    keep_column(w, name);
    w->col = (lxw_col_t)(w->column_count - 1);
    head(w, name);
    w->col = 0;
}

/* Where the next cell goes; NULL: nowhere. */
static lxw_worksheet *place(struct table_xlsx *w, lxw_row_t *row, lxw_col_t *col)
{
    if (w->row >= ROWS_MAX && w->col == 0) {
        w->part++;
        begin_sheet(w);
        w->col = 0;
    }
    *row = w->row;
    *col = w->col++;
    return w->rc || *col >= COLUMNS_MAX ? NULL : w->sheet;
}

/* Cut at a character's beginning. */
static const char *cut(const char *text, char *buf, size_t size)
{
    size_t n = strlen(text);

    if (n < size)
        return text;
    for (n = size - 1; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--) {
    }
    memcpy(buf, text, n);
    buf[n] = '\0';
    return buf;
}

static void xlsx_text(struct table *t, const char *text, bool outside)
{
    char buf[TEXT_BYTES_MAX];
    lxw_row_t row;
    lxw_col_t col;
    lxw_worksheet *s = place(xlsx(t), &row, &col);

    if (s && text[0])
        note(xlsx(t), worksheet_write_string(s, row, col, cut(text, buf, sizeof(buf)), NULL));
}

static void xlsx_int(struct table *t, int64_t value)
{
    lxw_row_t row;
    lxw_col_t col;
    lxw_worksheet *s = place(xlsx(t), &row, &col);

    if (s)
        note(xlsx(t), worksheet_write_number(s, row, col, (double)value, NULL));
}

static void xlsx_real(struct table *t, double value, int decimals)
{
    struct table_xlsx *w = xlsx(t);
    lxw_row_t row;
    lxw_col_t col;
    lxw_worksheet *s = place(w, &row, &col);

    decimals = decimals < 0 ? 0 : decimals > 4 ? 4 : decimals;
    if (s)
        note(w, worksheet_write_number(s, row, col, value, w->real[decimals]));
}

static void xlsx_time(struct table *t, int64_t wall_ms)
{
    struct table_xlsx *w = xlsx(t);
    struct zone_local l;
    lxw_row_t row;
    lxw_col_t col;
    lxw_worksheet *s = place(w, &row, &col);
    lxw_datetime at;

    zone_to_local(w->zone, wall_ms, &l);
    at = (lxw_datetime){.year = l.year,
                        .month = l.month,
                        .day = l.day,
                        .hour = l.hour,
                        .min = l.minute,
                        .sec = l.second};
    if (s)
        note(w, worksheet_write_datetime(s, row, col, &at, w->time));
}

static void xlsx_end_row(struct table *t)
{
    xlsx(t)->row++;
    xlsx(t)->col = 0;
}

static int xlsx_close(struct table *t)
{
    struct table_xlsx *w = xlsx(t);
    lxw_error e = workbook_close(w->book); /* frees it in any case */
    int fd, rc;

    w->book = NULL;
    note(w, e);
    if (w->rc)
        return w->rc;
    fd = open(w->table.temp, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    rc = fchmod(fd, 0644) || fsync(fd) ? -errno : 0;
    close(fd);
    return rc;
}

static void xlsx_drop(struct table *t)
{
    struct table_xlsx *w = xlsx(t);

    if (w->book)
        workbook_close(w->book); /* the library has no other way to give one up */
    w->book = NULL;
    forget_columns(w);
}

static const struct table_backend ops = {
    .sheet = xlsx_sheet,
    .column = xlsx_column,
    .text = xlsx_text,
    .integer = xlsx_int,
    .real = xlsx_real,
    .time = xlsx_time,
    .end_row = xlsx_end_row,
    .close = xlsx_close,
    .drop = xlsx_drop,
};

static void make_formats(struct table_xlsx *w)
{
    static const char *const forms[] = {"0", "0.0", "0.00", "0.000", "0.0000"};

    w->header = workbook_add_format(w->book);
    format_set_bold(w->header);
    format_set_bottom(w->header, LXW_BORDER_THIN);
    w->time = workbook_add_format(w->book);
    format_set_num_format(w->time, "yyyy-mm-dd hh:mm:ss");
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        w->real[i] = workbook_add_format(w->book);
        format_set_num_format(w->real[i], forms[i]);
    }
}

int table_open_xlsx(const char *path, zone_id zone, bool right_to_left, struct table **out,
                    struct error *err)
{
    struct table_xlsx *w = calloc(1, sizeof(*w));
    lxw_workbook_options options = {.constant_memory = LXW_TRUE};
    char *slash;
    int fd;

    if (!w)
        return -ENOMEM;
    w->table.ops = &ops;
    w->zone = zone;
    w->right_to_left = right_to_left;
    fd = table_make_temp(&w->table, path, err);
    if (fd < 0) {
        table_abort(&w->table);
        return fd;
    }
    close(fd);
    snprintf(w->dir, sizeof(w->dir), "%s", path);
    slash = strrchr(w->dir, '/');
    snprintf(slash ? slash : w->dir, 2, slash == w->dir ? "/" : slash ? "" : ".");
    options.tmpdir = w->dir;
    w->book = workbook_new_opt(w->table.temp, &options);
    if (!w->book) {
        table_abort(&w->table);
        return error_set(err, -ENOMEM, path, NULL, "not enough memory for a workbook");
    }
    make_formats(w);
    *out = &w->table;
    return 0;
}
