/* CSV through libcsv: what encoding and which separator are found by looking. See table.h. */
#include <csv.h>
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "contacts/table.h"

enum { CHUNK = 65536, LOOK = 65536, ROW_BYTES_MAX = 1 << 20 };

struct reader {
    const struct table_options *o;
    struct table_row row;
    char *bytes; /* the row's cells one after the other, ROW_BYTES_MAX */
    size_t used;
    size_t starts[TABLE_COLUMNS_MAX];
    int64_t rows;
    int rc;
    int row_end; /* what ended the row before: \r, \n */
    bool too_long;
};

static void on_field(void *data, size_t len, void *arg)
{
    struct reader *r = arg;

    if (r->rc || r->row.count == TABLE_COLUMNS_MAX)
        return;
    if (len > TABLE_CELL_MAX || r->used + len + 1 > ROW_BYTES_MAX) {
        r->too_long = true;
        r->rc = -E2BIG;
        return;
    }
    if (len)
        memcpy(r->bytes + r->used, data, len);
    r->bytes[r->used + len] = '\0';
    r->row.cells[r->row.count] = (struct table_cell){r->bytes + r->used, len};
    r->row.count++;
    r->used += len + 1;
}

static void on_row(int end, void *arg)
{
    struct reader *r = arg;

    int before = r->row_end;

    r->row_end = end;
    if (r->rc || (before == '\r' && end == '\n' && r->row.count == 0))
        return; /* the second half of \r\n is no empty row */
    r->row.number = ++r->rows;
    r->rc = r->o->row(r->o->arg, &r->row);
    r->row.count = 0;
    r->used = 0;
}

/* ---- looking -------------------------------------------------------------------------------- */

/* Moves through a sequence that may be cut by the block's end: *need bytes are still to come. */
static bool utf8_block(const unsigned char *p, size_t len, int *need)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = p[i];

        if (*need > 0) {
            if ((c & 0xc0) != 0x80)
                return false;
            (*need)--;
        } else if (c >= 0xf0 && c < 0xf5) {
            *need = 3;
        } else if (c >= 0xe0 && c < 0xf0) {
            *need = 2;
        } else if (c >= 0xc2 && c < 0xe0) {
            *need = 1;
        } else if (c >= 0x80) {
            return false;
        }
    }
    return true;
}

/* Bytes of a mark to skip go to *mark. */
static const char *look_encoding(FILE *f, int *mark)
{
    unsigned char *block = malloc(LOOK);
    size_t n, even = 0, odd = 0;
    const char *found = "utf-8";
    int need = 0;

    *mark = 0;
    if (!block)
        return found;
    n = fread(block, 1, LOOK, f);
    if (n >= 3 && memcmp(block, "\xef\xbb\xbf", 3) == 0) {
        *mark = 3;
    } else if (n >= 2 && block[0] == 0xff && block[1] == 0xfe) {
        *mark = 2;
        found = "utf-16le";
    } else if (n >= 2 && block[0] == 0xfe && block[1] == 0xff) {
        *mark = 2;
        found = "utf-16be";
    } else {
        for (size_t i = 0; i < n; i++)
            if (block[i] == 0)
                *(i % 2 ? &odd : &even) += 1;
        if (odd > n / 5)
            found = "utf-16le";
        else if (even > n / 5)
            found = "utf-16be";
        for (; n > 0 && strcmp(found, "utf-8") == 0; n = fread(block, 1, LOOK, f))
            if (!utf8_block(block, n, &need))
                found = "windows-1255";
    }
    free(block);
    rewind(f);
    return found;
}

/* The separator that the first line has most of, outside quotes. */
static char look_separator(const char *text, size_t len)
{
    static const char candidates[] = ",;\t";
    size_t count[3] = {0}, best = 0;
    bool quoted = false, any = false;

    for (size_t i = 0; i < len; i++) {
        const char *c;

        if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '\n' || text[i] == '\r') && any)
            break;
        else if (!quoted && text[i] && (c = strchr(candidates, text[i])))
            count[c - candidates]++;
        any = any || (text[i] != '\n' && text[i] != '\r');
    }
    for (size_t i = 1; i < 3; i++)
        if (count[i] > count[best])
            best = i;
    return candidates[best];
}

/* ---- reading -------------------------------------------------------------------------------- */

struct stream {
    struct reader *r;
    struct csv_parser csv;
    iconv_t convert; /* (iconv_t)-1: the file is UTF-8 */
    bool started;
    char separator;
};

static int feed(struct stream *s, const char *text, size_t len)
{
    if (!s->started) {
        if (!s->separator)
            s->separator = look_separator(text, len);
        csv_set_delim(&s->csv, (unsigned char)s->separator);
        s->started = true;
    }
    if (csv_parse(&s->csv, text, len, on_field, on_row, s->r) != len)
        return -ENOMEM;
    /* A quote that is never closed would take in the rest of the file. */
    if (csv_get_buffer_size(&s->csv) > 4 * ROW_BYTES_MAX) {
        s->r->too_long = true;
        return -E2BIG;
    }
    return s->r->rc;
}

/* Converts and feeds; what is left of a cut sequence moves to the start of in. */
static int feed_converted(struct stream *s, char *in, size_t *len, bool last)
{
    char out[CHUNK], *from = in;
    size_t left = *len;

    while (left > 0) {
        char *to = out;
        size_t room = sizeof(out);
        size_t n = iconv(s->convert, &from, &left, &to, &room);
        int error = errno, rc = feed(s, out, sizeof(out) - room);

        if (rc)
            return rc;
        if (n != (size_t)-1 || error == E2BIG)
            continue;
        if (error == EINVAL && !last)
            break;
        return -EILSEQ;
    }
    memmove(in, from, left);
    *len = left;
    return 0;
}

static int read_all(struct stream *s, FILE *f, uint64_t total)
{
    const struct table_options *o = s->r->o;
    char *in = malloc(CHUNK);
    size_t kept = 0, n;
    int rc = in ? 0 : -ENOMEM;

    while (!rc && (n = fread(in + kept, 1, CHUNK - kept, f)) > 0) {
        if (o->progress && o->progress(o->arg, (uint64_t)ftello(f), total)) {
            rc = -ECANCELED;
        } else if (s->convert == (iconv_t)-1) {
            rc = feed(s, in, n);
        } else {
            kept += n;
            rc = feed_converted(s, in, &kept, false);
        }
    }
    if (!rc && ferror(f))
        rc = -EIO;
    if (!rc && kept > 0)
        rc = feed_converted(s, in, &kept, true);
    if (!rc && csv_fini(&s->csv, on_field, on_row, s->r))
        rc = -ENOMEM;
    free(in);
    return rc ? rc : s->r->rc;
}

static int explain(int rc, const char *path, const struct reader *r, struct error *err)
{
    if (r->too_long)
        return error_set(err, -E2BIG, path, "look for a quote (\") that is not closed",
                         "row %lld is longer than any row should be", (long long)r->rows + 1);
    if (rc == -EILSEQ)
        return error_set(err, rc, path, "name its encoding with --encoding, or save it as UTF-8",
                         "the text after row %lld is not in the encoding it seems to be in",
                         (long long)r->rows);
    if (rc == -EIO)
        return error_set(err, -EBADMSG, path, "copy it anew", "cannot be read to its end");
    return rc;
}

int table_read_csv(const char *path, const struct table_options *o, struct table_info *out,
                   struct error *err)
{
    struct reader *r = calloc(1, sizeof(*r));
    struct stream s = {.r = r, .convert = (iconv_t)-1, .separator = o->separator};
    const char *encoding = o->encoding;
    FILE *f = fopen(path, "rbe");
    int mark = 0, rc = -ENOMEM;
    uint64_t total;

    if (!f) {
        rc = error_set(err, -errno, path, "check the name and the folder", "cannot open: %s",
                       strerror(errno));
        free(r);
        return rc;
    }
    if (r)
        r->bytes = malloc(ROW_BYTES_MAX);
    if (!r || !r->bytes || csv_init(&s.csv, CSV_APPEND_NULL | CSV_REPALL_NL))
        goto out;
    r->o = o;
    if (!encoding)
        encoding = look_encoding(f, &mark);
    fseeko(f, 0, SEEK_END);
    total = (uint64_t)ftello(f);
    fseeko(f, mark, SEEK_SET);
    rc = 0;
    if (strcasecmp(encoding, "utf-8") != 0) {
        s.convert = iconv_open("utf-8", encoding);
        if (s.convert == (iconv_t)-1)
            rc = error_set(err, -EINVAL, "--encoding", "utf-8, utf-16le, utf-16be or windows-1255",
                           "%s is no encoding known here", encoding);
    }
    if (!rc)
        rc = read_all(&s, f, total);
    csv_free(&s.csv);
    if (rc)
        rc = explain(rc, path, r, err);
    snprintf(out->encoding, sizeof(out->encoding), "%s", encoding);
    out->separator = s.separator;
out:
    if (s.convert != (iconv_t)-1)
        iconv_close(s.convert);
    fclose(f);
    if (r)
        free(r->bytes);
    free(r);
    return rc;
}
