/* CSV through libcsv: brought to UTF-8, split into cells, handed over row by row. See table.h. */
#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "contacts/encoding.h"
#include "contacts/table.h"

enum { CHUNK = 65536 };
/* A quote that is never closed would take in the rest of the file. */
enum { FIELD_BYTES_MAX = 4 * TABLE_ROW_BYTES_MAX };

enum fault { FAULT_NONE, FAULT_LONG, FAULT_COLUMNS };

struct reader {
    const struct table_options *o;
    struct table_info *info;
    struct table_row row;
    char *bytes; /* the row's cells one after the other, TABLE_ROW_BYTES_MAX */
    size_t used;
    int64_t rows;
    int rc;
    int row_end; /* what ended the row before: \r, \n */
    enum fault fault;
    struct csv_parser csv;
    enum encoding encoding;
    bool started;
};

static void fail(struct reader *r, enum fault fault)
{
    r->fault = fault;
    r->rc = -E2BIG;
}

/* Puts a field at the end of the row's bytes; U+FFFD for what is no text. Returns its length, or
 * TABLE_ROW_BYTES_MAX when there is no room. */
static size_t put_field(struct reader *r, const char *from, size_t len)
{
    char *to = r->bytes + r->used;
    size_t room = TABLE_ROW_BYTES_MAX - r->used, n = 0;

    if (utf8_valid(from, len)) {
        if (len + 1 > room)
            return TABLE_ROW_BYTES_MAX;
        if (len)
            memcpy(to, from, len);
        to[len] = '\0';
        return len;
    }
    r->row.damaged = true;
    for (size_t i = 0; i < len;) {
        size_t c = from[i] ? utf8_character(from + i, len - i) : 0;

        if (n + 5 > room)
            return TABLE_ROW_BYTES_MAX;
        memcpy(to + n, c ? from + i : "\xef\xbf\xbd", c ? c : 3);
        n += c ? c : 3;
        i += c ? c : 1;
    }
    to[n] = '\0';
    return n;
}

/* Two ways of telling a spreadsheet that a cell is text, whatever it looks like: ="0501234567", and
 * an apostrophe before what would be a formula. */
static void strip_guard(const char **data, size_t *len)
{
    const char *p = *data;

    if (*len >= 3 && p[0] == '=' && p[1] == '"' && p[*len - 1] == '"') {
        *data += 2;
        *len -= 3;
    } else if (*len >= 2 && p[0] == '\'' && p[1] && strchr("=+-@\t\r", p[1])) {
        *data += 1;
        *len -= 1;
    }
}

static void on_field(void *data, size_t len, void *arg)
{
    struct reader *r = arg;
    const char *text = data;
    size_t n;

    if (r->rc)
        return;
    if (r->row.count == TABLE_COLUMNS_MAX) {
        if (len)
            fail(r, FAULT_COLUMNS);
        return;
    }
    strip_guard(&text, &len);
    n = len > TABLE_CELL_MAX ? TABLE_ROW_BYTES_MAX : put_field(r, text, len);
    if (n == TABLE_ROW_BYTES_MAX) {
        fail(r, FAULT_LONG);
        return;
    }
    r->row.cells[r->row.count++] = (struct table_cell){r->bytes + r->used, n};
    r->used += n + 1;
}

static void on_row(int end, void *arg)
{
    struct reader *r = arg;
    int before = r->row_end;

    r->row_end = end;
    if (r->rc || (before == '\r' && end == '\n' && r->row.count == 0))
        return; /* the second half of \r\n is no empty row */
    r->row.number = ++r->rows;
    r->rc = r->o->row(r->o->arg, r->info, &r->row);
    r->row.count = 0;
    r->row.damaged = false;
    r->used = 0;
}

/* "sep=;" in the first line, as Excel writes and reads it. Returns the bytes to leave out. */
static size_t told_separator(const char *text, size_t len, char *separator)
{
    if (len < 6 || strncasecmp(text, "sep=", 4) != 0 || !strchr(",;\t", text[4]) || !text[4] ||
        (text[5] != '\r' && text[5] != '\n'))
        return 0;
    *separator = text[4];
    return text[5] == '\r' && len > 6 && text[6] == '\n' ? 7 : 6;
}

static int feed(struct reader *r, const char *text, size_t len)
{
    if (!r->started && len) {
        char told = 0;
        size_t skip = told_separator(text, len, &told);

        text += skip;
        len -= skip;
        if (!r->info->separator)
            r->info->separator = told ? told : encoding_separator(text, len);
        csv_set_delim(&r->csv, (unsigned char)r->info->separator);
        r->started = true;
    }
    if (csv_parse(&r->csv, text, len, on_field, on_row, r) != len)
        return -ENOMEM;
    if (!r->rc && csv_get_buffer_size(&r->csv) > FIELD_BYTES_MAX)
        fail(r, FAULT_LONG);
    return r->rc;
}

/* Reads, decodes, feeds; what is left of a cut character comes again with the next chunk. */
static int read_chunks(struct reader *r, FILE *f, uint64_t total, char *in, char *text)
{
    const struct table_options *o = r->o;
    size_t kept = 0;

    for (;;) {
        size_t n = fread(in + kept, 1, CHUNK - kept, f), have = kept + n, used = have;
        int rc;

        if (ferror(f))
            return -EIO;
        if (o->progress && o->progress(o->arg, (uint64_t)ftello(f), total))
            return -ECANCELED;
        rc = feed(r, text, encoding_decode(r->encoding, in, &used, n == 0, text));
        if (rc || n == 0)
            return rc;
        kept = have - used;
        memmove(in, in + used, kept);
    }
}

static int read_all(struct reader *r, FILE *f, uint64_t total)
{
    char *in = malloc(CHUNK), *text = malloc(3 * CHUNK);
    int rc = in && text ? read_chunks(r, f, total, in, text) : -ENOMEM;

    if (!rc && csv_fini(&r->csv, on_field, on_row, r))
        rc = -ENOMEM;
    free(in);
    free(text);
    return rc ? rc : r->rc;
}

static int explain(int rc, const char *path, const struct reader *r, struct error *err)
{
    if (r->fault == FAULT_LONG)
        return error_set(err, rc, path,
                         "look for a quote (\") that is not closed there, or is within a text",
                         "row %lld is longer than any row should be", (long long)r->rows + 1);
    if (r->fault == FAULT_COLUMNS)
        return error_set(err, rc, path, "delete the columns that are not needed",
                         "row %lld has more than %d columns", (long long)r->rows + 1,
                         TABLE_COLUMNS_MAX);
    if (rc == -EIO)
        return error_set(err, -EBADMSG, path, "copy it anew", "cannot be read to its end");
    return rc;
}

static int find_encoding(struct reader *r, FILE *f, int *mark, struct error *err)
{
    enum encoding found = encoding_look(f, mark);
    int told = r->o->encoding ? encoding_find(r->o->encoding) : (int)found;

    if (told < 0)
        return error_set(err, -EINVAL, "--encoding", "utf-8, utf-16le, utf-16be or windows-1255",
                         "%s is no encoding known here", r->o->encoding);
    r->encoding = (enum encoding)told;
    if (r->encoding != found)
        *mark = 0;
    snprintf(r->info->encoding, sizeof(r->info->encoding), "%s", encoding_name(r->encoding));
    return 0;
}

static int read_csv(struct reader *r, FILE *f, const char *path, struct error *err)
{
    int mark, rc = find_encoding(r, f, &mark, err);
    uint64_t total;

    if (rc)
        return rc;
    fseeko(f, 0, SEEK_END);
    total = (uint64_t)ftello(f);
    fseeko(f, mark, SEEK_SET);
    rc = csv_init(&r->csv, CSV_APPEND_NULL | CSV_REPALL_NL) ? -ENOMEM : 0;
    if (!rc) {
        csv_set_blk_size(&r->csv, 4096);
        rc = read_all(r, f, total);
        csv_free(&r->csv);
    }
    return rc < 0 ? explain(rc, path, r, err) : rc;
}

int table_read_csv(const char *path, const struct table_options *o, struct table_info *out,
                   struct error *err)
{
    struct reader *r = calloc(1, sizeof(*r));
    FILE *f = fopen(path, "rbe");
    int rc = -ENOMEM;

    *out = (struct table_info){.separator = o->separator};
    if (!f)
        rc = error_set(err, -errno, path, "check the name and the folder", "cannot open: %s",
                       strerror(errno));
    if (r)
        r->bytes = malloc(TABLE_ROW_BYTES_MAX);
    if (f && r && r->bytes) {
        r->o = o;
        r->info = out;
        rc = read_csv(r, f, path, err);
    }
    if (f)
        fclose(f);
    if (r)
        free(r->bytes);
    free(r);
    return rc;
}
