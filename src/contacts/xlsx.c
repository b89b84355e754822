/* XLSX through libzip and expat, streamed sheet by sheet. See table.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "contacts/xlsx_priv.h"

static uint64_t sheet_size(struct xlsx_book *b, const struct xlsx_sheet *s)
{
    zip_stat_t st;

    zip_stat_init(&st);
    return zip_stat(b->zip, s->path, ZIP_FL_NOCASE, &st) == 0 ? st.size : 0;
}

static int read_one(struct xlsx_book *b, const struct xlsx_sheet *s, struct table_info *info)
{
    uint64_t before = b->done;
    int rc;

    snprintf(info->sheet, sizeof(info->sheet), "%s", s->name);
    info->sheet_hidden = s->hidden;
    b->total = b->done + sheet_size(b, s);
    rc = xlsx_read_sheet(b, s, info);
    b->done = before;
    if (rc == 0 && b->o->sheet_end)
        rc = b->o->sheet_end(b->o->arg);
    return rc;
}

/* "people", "notes": at most what fits. */
static void list_names(const struct xlsx_book *b, char *out, size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    for (int i = 0; i < b->sheet_count && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s\"%s\"", i ? ", " : "", b->sheets[i].name);
}

static int read_named(struct xlsx_book *b, struct table_info *info, struct error *err,
                      const char *path)
{
    char names[300];

    for (int i = 0; i < b->sheet_count; i++)
        if (strcmp(b->o->sheet, b->sheets[i].name) == 0)
            return read_one(b, &b->sheets[i], info);
    list_names(b, names, sizeof(names));
    error_set(err, -EINVAL, path, NULL, "the workbook has no sheet \"%.64s\"; it has %s",
              b->o->sheet, names);
    return -EINVAL;
}

/* Those that are seen come before those that are hidden; charts and the like have no path. */
static int read_first(struct xlsx_book *b, struct table_info *info)
{
    for (int hidden = 0; hidden < 2; hidden++)
        for (int i = 0; i < b->sheet_count; i++) {
            int rc;

            if (b->sheets[i].hidden != hidden || !b->sheets[i].path[0])
                continue;
            rc = read_one(b, &b->sheets[i], info);
            if (rc != TABLE_SKIP)
                return rc;
        }
    return TABLE_SKIP;
}

static int explain(int rc, const char *path, const struct xlsx_book *b, struct error *err)
{
    const char *remedy = b->remedy[0] ? b->remedy : NULL;

    if (rc == -EBADMSG)
        error_set(err, rc, path, "open it in a spreadsheet program and save it anew as .xlsx",
                  "this is not a sound Excel workbook");
    else if (rc == -E2BIG)
        error_set(err, rc, path, remedy ? remedy : "save only the sheet with the people as .xlsx",
                  "%s", b->fault[0] ? b->fault : "the workbook unpacks to more than is sensible");
    else if (rc == -ENOSPC || rc == -EIO)
        error_set(err, rc, path, "free space on that disk, or set TMPDIR to another folder", "%s",
                  b->fault[0] ? b->fault : "its texts cannot be read back");
    return rc;
}

int table_read_xlsx(const char *path, const struct table_options *o, struct table_info *out,
                    struct error *err)
{
    struct xlsx_book *b = calloc(1, sizeof(*b));
    int rc;

    *out = (struct table_info){0};
    if (!b)
        return -ENOMEM;
    b->o = o;
    rc = xlsx_open(b, path);
    out->sheets = b->sheet_count;
    for (int i = 0; !rc && o->sheet_found && i < b->sheet_count; i++)
        o->sheet_found(o->arg, b->sheets[i].name, b->sheets[i].hidden);
    if (!rc)
        rc = o->sheet ? read_named(b, out, err, path) : read_first(b, out);
    rc = explain(rc, path, b, err);
    if (b->zip)
        zip_discard(b->zip);
    xlsx_strings_free(b->strings);
    free(b);
    return rc;
}
