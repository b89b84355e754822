#include "contacts/preview.h"

#include <errno.h>
#include <stdlib.h>

#include "contacts/import_priv.h"

enum { ENOUGH = 2 }; /* of rows: none of the reader's own results */

struct looking {
    struct importing m; /* what the import's search for a header needs of it */
    struct preview_summary *out;
    const struct preview_sink *sink;
    int rows, rc;
    bool again; /* the sheets were told */
};

static int show(struct looking *l, const struct table_row *row, bool header)
{
    const struct preview_row shown = {.number = row->number, .header = header, .row = row};

    l->rc = l->sink->row(l->sink->arg, &shown);
    if (!header)
        l->rows++;
    return l->rc || l->rows == PREVIEW_ROWS ? ENOUGH : 0;
}

static int on_row(void *arg, const struct table_info *info, const struct table_row *row)
{
    struct looking *l = arg;

    l->out->table = *info;
    if (l->m.found)
        return import_row_empty(row) || (row->hidden && l->m.o->skip_hidden) ? 0
                                                                             : show(l, row, false);
    switch (import_look_for_header(&l->m, row)) {
    case HEADER_NEXT:
        return 0;
    case HEADER_GIVE_UP:
        return TABLE_SKIP;
    case HEADER_FOUND:
        l->m.found = true;
        return headers_missing(l->m.headers, l->m.o->map) ? -ENOKEY : show(l, row, true);
    case HEADER_NONE:
        break;
    }
    l->m.found = true;
    return headers_missing(l->m.headers, l->m.o->map) ? -ENOKEY : show(l, row, false);
}

static void on_sheet(void *arg, const char *name, bool hidden)
{
    const struct looking *l = arg;

    if (!l->again)
        l->sink->sheet(l->sink->arg, name, hidden);
}

static int on_sheet_end(void *arg)
{
    struct looking *l = arg;

    l->m.looked = 0;
    return l->m.found ? 0 : TABLE_SKIP;
}

static int read(struct looking *l, struct error *err)
{
    struct table_options t = {.encoding = l->m.o->encoding,
                              .sheet = l->m.o->sheet,
                              .separator = l->m.o->separator,
                              .row = on_row,
                              .sheet_found = on_sheet,
                              .sheet_end = on_sheet_end,
                              .arg = l};
    struct table_info info = {0};
    int rc = table_read(l->m.path, &t, &info, err);

    if (rc == -ENOKEY)
        return import_explain_map(&l->m, err);
    if (rc == ENOUGH)
        return l->rc;
    if ((rc == 0 || rc == TABLE_SKIP) && !l->m.found)
        return import_explain_no_phones(&l->m, err);
    return rc > 0 ? -EINVAL : rc;
}

/* A first look with a header; where rows have numbers and none is a header, one without. */
static int look(struct looking *l, const struct import_options *o, struct error *err)
{
    struct import_options headless = *o;
    struct number_parser *numbers = l->m.numbers;
    const char *path = l->m.path;
    int rc = read(l, err);

    if (!rc || l->m.found || !l->m.numbers_seen || o->no_header)
        return rc;
    headless.no_header = true;
    l->again = true;
    *err = (struct error){0};
    l->m = (struct importing){
        .o = &headless, .path = path, .numbers = numbers, .headers = &l->out->headers};
    rc = read(l, err);
    l->out->headless = rc == 0;
    l->m.o = o;
    return rc;
}

int preview_file(const char *path, const struct import_options *o, struct preview_summary *out,
                 const struct preview_sink *sink, struct error *err)
{
    struct looking *l = calloc(1, sizeof(*l));
    int rc = l ? headers_check_map(o->map, err) : -ENOMEM;

    if (!rc) {
        *out = (struct preview_summary){.headless = o->no_header};
        *l = (struct looking){
            .m = {.o = o, .path = path, .headers = &out->headers}, .out = out, .sink = sink};
        rc = number_parser_new(&l->m.numbers);
    }
    if (!rc) {
        rc = look(l, o, err);
        number_parser_free(l->m.numbers);
    }
    free(l);
    return rc;
}
