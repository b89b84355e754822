/* Import of a whole file: finds the header, stages row after row, merges at the end. See import.h.
 *
 * What can be told about the options and the place of the rejected rows is told before anything is
 * read; what the file has wrong before anything is stored. */
#include "contacts/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "contacts/import_priv.h"
#include "phone/zone.h"
#include "store/people.h"

enum { BATCH_ROWS = 10000 };

/* ---- the header ----------------------------------------------------------------------------- */

bool import_row_empty(const struct table_row *row)
{
    for (int i = 0; i < row->count; i++)
        for (size_t k = 0, n; k < row->cells[i].len; k += n) {
            const char *p = row->cells[i].p + k;
            size_t left = row->cells[i].len - k;

            n = utf8_space(p, left);
            if (!n)
                n = utf8_invisible(p, left);
            if (!n)
                return false;
        }
    return true;
}

/* The first column in which this row has a phone number, -1: none. */
static int phone_column(struct importing *m, const struct table_row *row)
{
    struct number number;

    for (int i = 0; i < row->count; i++)
        if (row->cells[i].len && import_find_number(m->numbers, m->o->region, row->cells[i].p,
                                                    row->cells[i].len, &number) == NUMBER_OK)
            return i;
    return -1;
}

static void remember_first_row(struct importing *m, const struct table_row *row)
{
    char *out = m->first_row;
    size_t size = sizeof(m->first_row), n = 0;

    for (int i = 0; i < row->count && n + 8 < size; i++) {
        size_t left = size - n - 8, len = utf8_cut(row->cells[i].p, row->cells[i].len, left);

        if (!row->cells[i].len)
            continue;
        n += (size_t)snprintf(out + n, size - n, "%s%.*s%s", n ? ", " : "", (int)len,
                              row->cells[i].p, len < row->cells[i].len ? "…" : "");
    }
}

enum header import_look_for_header(struct importing *m, const struct table_row *row)
{
    int phone;

    if (import_row_empty(row))
        return HEADER_NEXT;
    if (m->looked == 0 && !m->first_row[0])
        remember_first_row(m, row);
    if (!m->o->no_header && headers_read(row, m->o->map, m->headers))
        return HEADER_FOUND;
    phone = phone_column(m, row);
    m->numbers_seen = m->numbers_seen || phone >= 0;
    if (m->o->no_header) {
        headers_letters(row, m->o->map, m->headers);
        if (m->headers->phone_count > 0)
            return HEADER_NONE;
        if (phone >= 0) {
            headers_set_phone(m->headers, phone);
            return HEADER_NONE;
        }
    }
    return ++m->looked < HEADERS_ROWS ? HEADER_NEXT : HEADER_GIVE_UP;
}

static int told_phone(const struct importing *m, const char **column)
{
    for (const char *const *map = m->o->map; map && *map; map++)
        if (strncasecmp(*map, "phone=", 6) == 0) {
            *column = *map + 6;
            return 1;
        }
    return 0;
}

int import_explain_no_phones(const struct importing *m, struct error *err)
{
    const char *column = NULL, *remedy;

    if (!m->first_row[0])
        return error_set(err, -EINVAL, m->path, "save or export it again",
                         "there is nothing in it");
    if (told_phone(m, &column))
        return error_set(err, -EINVAL, m->path, "name one of its columns with --map phone=\"…\"",
                         "no column is called \"%s\"; its first row has: %s", column, m->first_row);
    remedy =
        m->numbers_seen && !m->o->no_header
            ? "add --no-header when the first row is a person already; else name the column "
              "with --map phone=\"COLUMN\""
            : "name it with --map phone=\"COLUMN\"; kolcast import --help lists the words that "
              "are recognised";
    return error_set(err, -EINVAL, m->path, remedy,
                     "no column with phone numbers was found; its first row has: %s", m->first_row);
}

int import_explain_map(const struct importing *m, struct error *err)
{
    return error_set(err, -EINVAL, m->path, "name one of its columns with --map",
                     "no column is called \"%s\"; its first row has: %s",
                     headers_missing(m->headers, m->o->map), m->first_row);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static int batch(struct importing *m)
{
    int rc;

    if (m->rows % BATCH_ROWS)
        return 0;
    rc = store_commit(m->store);
    return rc ? rc : store_begin_staging(m->store);
}

static int begin_rows(struct importing *m)
{
    if (headers_missing(m->headers, m->o->map))
        return -ENOKEY; /* read_rows tells which */
    m->found = true;
    return import_prepare_columns(m);
}

static int on_row(void *arg, const struct table_info *info, const struct table_row *row)
{
    struct importing *m = arg;
    bool person;
    int rc;

    if (!m->found) {
        rc = import_look_for_header(m, row);
        if (rc == HEADER_NEXT || rc == HEADER_GIVE_UP)
            return rc == HEADER_NEXT ? 0 : TABLE_SKIP;
        person = rc == HEADER_NONE;
        rc = begin_rows(m);
        if (rc || !person)
            return rc;
    }
    if (import_row_empty(row)) {
        m->summary->empty++;
        return 0;
    }
    if (row->hidden) {
        m->summary->hidden++;
        if (m->o->skip_hidden)
            return 0;
    }
    m->rows++;
    rc = import_take_row(m, info->separator, row);
    return rc ? rc : batch(m);
}

/* A short sheet without phone numbers (a cover, notes) is passed over. */
static int on_sheet_end(void *arg)
{
    struct importing *m = arg;

    m->looked = 0;
    return m->found ? 0 : TABLE_SKIP;
}

/* ---- progress ------------------------------------------------------------------------------- */

static int tell_progress(struct importing *m)
{
    if (!m->cancelled && m->o->progress) {
        m->progress.rows = m->rows;
        m->cancelled = m->o->progress(m->o->arg, &m->progress) != 0;
    }
    return m->cancelled;
}

static int on_progress(void *arg, uint64_t done, uint64_t total)
{
    struct importing *m = arg;

    m->progress.done = done;
    m->progress.total = total;
    return tell_progress(m);
}

static int on_store_progress(void *arg)
{
    return tell_progress(arg);
}

/* ---- the whole file ------------------------------------------------------------------------- */

static int read_rows(struct importing *m, struct error *err)
{
    struct table_options t = {.encoding = m->o->encoding,
                              .sheet = m->o->sheet,
                              .separator = m->o->separator,
                              .row = on_row,
                              .progress = on_progress,
                              .sheet_end = on_sheet_end,
                              .arg = m};
    struct table_info info = {0};
    int rc = table_read(m->path, &t, &info, err);

    snprintf(m->summary->sheet, sizeof(m->summary->sheet), "%s", info.sheet);
    snprintf(m->summary->encoding, sizeof(m->summary->encoding), "%s", info.encoding);
    m->summary->sheets = info.sheets;
    m->summary->sheet_hidden = info.sheet_hidden;
    m->summary->hidden_skipped = m->o->skip_hidden;
    m->summary->separator = info.separator;
    if (rc == -ENOKEY)
        return import_explain_map(m, err);
    if ((rc == 0 || rc == TABLE_SKIP) && !m->found)
        return import_explain_no_phones(m, err);
    return rc > 0 ? -EINVAL : rc;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int merge(struct importing *m)
{
    int rc;

    m->progress.storing = true;
    store_on_progress(m->store, on_store_progress, m);
    rc = store_import_finish(m->store, m->import_id, &m->summary->import);
    store_on_progress(m->store, NULL, NULL);
    return m->cancelled && rc ? -ECANCELED : rc;
}

static int stage(struct importing *m, struct error *err)
{
    int rc = store_begin_staging(m->store);

    if (!rc) {
        rc = read_rows(m, err);
        if (rc)
            store_rollback(m->store);
        else
            rc = store_commit(m->store);
    }
    if (!rc)
        rc = rejected_flush(m->rejected, err);
    return rc ? rc : merge(m);
}

/* The import's row is its maker's, which stays whatever happens, */
static int into_import(struct importing *m, struct error *err)
{
    int rc = store_import_stage(m->store, m->o->import_id);

    m->import_id = m->o->import_id;
    return rc ? rc : stage(m, err);
}

/* or one of our own, which goes when it fails, and its list when that was new. */
static int into_list(struct importing *m, struct error *err)
{
    int64_t list_id, contacts;
    bool fresh = store_list_find(m->store, m->o->list, &list_id) == -ENOENT;
    int rc = store_list_ensure(m->store, m->o->list, &list_id);

    if (rc)
        return rc;
    rc = store_import_begin(m->store, list_id, base_name(m->path), &m->import_id);
    if (!rc) {
        rc = stage(m, err);
        if (rc)
            store_import_abort(m->store, m->import_id);
    }
    if (rc && fresh && store_contact_count(m->store, list_id, &contacts) == 0 && contacts == 0)
        store_list_remove(m->store, list_id);
    return rc;
}

static int check_options(const struct import_options *o, struct error *err)
{
    if (o->zone && zone_open(o->zone) < 0)
        return error_set(err, -EINVAL, "--zone", "write it as Asia/Jerusalem",
                         "there is no time zone \"%s\"", o->zone);
    return headers_check_map(o->map, err);
}

static void release(struct importing *m)
{
    for (int i = 0; i < TABLE_COLUMNS_MAX; i++)
        free(m->keys[i].text);
    buf_free(&m->extra);
    number_parser_free(m->numbers);
    free(m->summary);
    free(m);
}

int import_file(struct store *s, const char *path, const struct import_options *o,
                struct import_summary *out, struct error *err)
{
    struct importing *m = calloc(1, sizeof(*m));
    struct import_summary *summary = calloc(1, sizeof(*summary));
    int rc;

    if (!m || !summary) {
        free(m);
        free(summary);
        return -ENOMEM;
    }
    m->store = s;
    m->o = o;
    m->path = path;
    m->summary = summary;
    m->headers = &summary->headers;
    m->extra.max = IMPORT_EXTRA_MAX;
    rc = check_options(o, err);
    if (!rc)
        rc = number_parser_new(&m->numbers);
    if (!rc)
        rc = rejected_open(o->rejected_path, path, &m->rejected, err);
    if (!rc)
        rc = o->import_id ? into_import(m, err) : into_list(m, err);
    rejected_close(m->rejected, rc == 0);
    headers_describe(m->headers, summary->columns, sizeof(summary->columns));
    if (!rc)
        *out = *summary;
    release(m);
    return rc;
}
