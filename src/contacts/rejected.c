/* Rows that could not be taken, as a CSV that people mend and load again: the row's number and the
 * reason, then the row as it was. It is written beside its place and renamed when the import is
 * done: an import that fails leaves what was there before. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "contacts/import_priv.h"

#define PART ".part"

struct rejected {
    FILE *file;
    char *path, *part; /* owned: its place, and where it is written */
    bool any;
};

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void discard(struct rejected *r)
{
    if (r->file)
        fclose(r->file);
    free(r->path);
    free(r->part);
    free(r);
}

int rejected_open(const char *path, const char *source, struct rejected **out, struct error *err)
{
    char target[PATH_MAX];
    struct rejected *r;
    int rc;

    *out = NULL;
    if (!path)
        return 0;
    if (same_file(path, source))
        return error_set(err, -EINVAL, path, "name another file with --rejected",
                         "the rejected rows would replace the file that is imported");
    rc = file_target(path, target, err);
    if (rc)
        return rc;
    r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->path = strdup(target);
    if (!r->path || asprintf(&r->part, "%s" PART, target) < 0) {
        discard(r);
        return -ENOMEM;
    }
    r->file = fopen(r->part, "we");
    if (!r->file) {
        rc = error_set(err, -errno, path, "name another file with --rejected",
                       "the rejected rows cannot be written: %s", strerror(errno));
        discard(r);
        return rc;
    }
    *out = r;
    return 0;
}

/* A spreadsheet would run a cell that begins so. A sign is left alone before digits only: it is the
 * beginning of a number. */
static bool is_formula(const char *text)
{
    if (*text == '+' || *text == '-')
        return text[1 + strspn(text + 1, "0123456789 .,")] != '\0';
    return *text && strchr("=@\t\r", *text);
}

static void put(struct rejected *r, char separator, const char *text)
{
    bool formula = is_formula(text);
    char special[] = {separator, '"', '\r', '\n', '\0'};

    if (!formula && !text[strcspn(text, special)] && *text != ' ') {
        fputs(text, r->file);
        return;
    }
    fputc('"', r->file);
    if (formula)
        fputc('\'', r->file); /* taken off again by whoever reads it here */
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', r->file);
        fputc(*text, r->file);
    }
    fputc('"', r->file);
}

/* Without a header of its own, a column has the name of its field: it is recognised next time. */
static const char *title(const struct headers *h, bool named, int column)
{
    for (int f = 0; !named && f < FIELD_COUNT; f++)
        if (h->column[f] == column)
            return field_name((enum field)f);
    return h->title[column];
}

static void put_header(struct rejected *r, const struct headers *h, char separator)
{
    bool named = !h->letters;

    fprintf(r->file, "\xef\xbb\xbfrejected row%crejected because", separator);
    for (int i = 0; i < h->columns; i++)
        if (!h->remark[i]) {
            fputc(separator, r->file);
            put(r, separator, title(h, named, i));
        }
    fputs("\r\n", r->file);
}

void rejected_add(struct rejected *r, const struct headers *h, char separator,
                  const struct table_row *row, const char *reason)
{
    if (!r)
        return;
    if (!separator)
        separator = ',';
    if (!r->any)
        put_header(r, h, separator);
    r->any = true;
    fprintf(r->file, "%lld%c", (long long)row->number, separator);
    put(r, separator, reason);
    /* All of the row, also what lies beyond the header: a stray separator may have moved it. */
    for (int i = 0; i < row->count || i < h->columns; i++)
        if (i >= h->columns || !h->remark[i]) {
            fputc(separator, r->file);
            put(r, separator, i < row->count ? row->cells[i].p : "");
        }
    fputs("\r\n", r->file);
}

int rejected_flush(struct rejected *r, struct error *err)
{
    if (!r || (!fflush(r->file) && !ferror(r->file)))
        return 0;
    return error_set(err, errno ? -errno : -EIO, r->path,
                     "free space there, or name another file with --rejected",
                     "the rejected rows cannot be written: %s", strerror(errno));
}

void rejected_close(struct rejected *r, bool done)
{
    if (!r)
        return;
    if (!done || !r->any || rename(r->part, r->path))
        unlink(r->part);
    discard(r);
}

void import_settle_rejected(const char *part, bool merged)
{
    char path[PATH_MAX];
    struct stat st;
    size_t len = strlen(part) - strlen(PART);

    if (!merged || stat(part, &st) || st.st_size == 0 || len >= sizeof(path)) {
        unlink(part);
        return;
    }
    snprintf(path, sizeof(path), "%.*s", (int)len, part);
    if (rename(part, path))
        unlink(part);
}
