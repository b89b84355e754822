/* Import: rows to contacts, each accounted for. See import.h. */
#include "contacts/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <jansson.h>

#include "contacts/headers.h"
#include "phone/number.h"
#include "phone/window.h"
#include "phone/zone.h"
#include "store/people.h"

enum { BATCH_ROWS = 10000, HEADER_ROWS = 20, EXTRA_MAX = 1800, NAME_BYTES = 256 };

struct importing {
    struct store *store;
    const struct import_options *o;
    struct import_summary *summary;
    struct number_parser *numbers;
    struct headers headers;
    bool found; /* the header */
    int looked; /* rows seen in search of it */
    int64_t import_id, rows;
    int in_batch;
    FILE *rejected; /* opened with the first */
    bool rejected_failed;
};

/* ---- rejected rows -------------------------------------------------------------------------- */

static void put_csv(FILE *f, const char *text)
{
    /* A spreadsheet would run a cell that begins so. */
    bool formula = *text && strchr("=@\t\r", *text);

    if (!formula && !strpbrk(text, ",\"\r\n")) {
        fputs(text, f);
        return;
    }
    fputc('"', f);
    if (formula)
        fputc('\'', f);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', f);
        fputc(*text, f);
    }
    fputc('"', f);
}

static void open_rejected(struct importing *m)
{
    m->rejected = fopen(m->o->rejected_path, "we");
    if (!m->rejected)
        return;
    fputs("\xef\xbb\xbf", m->rejected);
    for (int i = 0; i < m->headers.columns; i++) {
        put_csv(m->rejected, m->headers.title[i]);
        fputc(',', m->rejected);
    }
    fputs("rejected row,rejected because\n", m->rejected);
}

static int reject(struct importing *m, const struct table_row *row, const char *reason)
{
    int phone = m->headers.column[FIELD_PHONE];

    if (m->o->rejected_path && !m->rejected && !m->rejected_failed) {
        open_rejected(m);
        m->rejected_failed = !m->rejected;
    }
    if (m->rejected) {
        for (int i = 0; i < m->headers.columns; i++) {
            put_csv(m->rejected, i < row->count ? row->cells[i].p : "");
            fputc(',', m->rejected);
        }
        fprintf(m->rejected, "%lld,%s\n", (long long)row->number, reason);
    }
    return store_import_reject(m->store, m->import_id, row->number, reason,
                               phone < row->count ? row->cells[phone].p : "");
}

/* ---- rows ----------------------------------------------------------------------------------- */

static struct table_cell cell_of(const struct importing *m, const struct table_row *row,
                                 enum field f)
{
    int i = m->headers.column[f];
    struct table_cell c = {"", 0};

    if (i < 0 || i >= row->count)
        return c;
    c = row->cells[i];
    while (c.len && (c.p[0] == ' ' || c.p[0] == '\t'))
        c.p++, c.len--;
    return c;
}

static const char *name_of(const struct importing *m, const struct table_row *row, char *buf,
                           size_t size)
{
    struct table_cell name = cell_of(m, row, FIELD_NAME);
    struct table_cell first = cell_of(m, row, FIELD_FIRST_NAME);
    struct table_cell last = cell_of(m, row, FIELD_LAST_NAME);
    size_t n;

    if (name.len)
        snprintf(buf, size, "%s", name.p);
    else
        snprintf(buf, size, "%s%s%s", first.p, first.len && last.len ? " " : "", last.p);
    n = strlen(buf);
    if (n == size - 1) /* cut: not in the middle of a letter */
        while (n > 0 && ((unsigned char)buf[n - 1] & 0xc0) == 0x80)
            buf[--n] = '\0';
    if (n > 0 && (unsigned char)buf[n - 1] >= 0xc0)
        buf[--n] = '\0';
    while (n > 0 && buf[n - 1] == ' ')
        buf[--n] = '\0';
    return buf[0] ? buf : NULL;
}

static bool is_field(const struct importing *m, int column)
{
    for (int f = 0; f < FIELD_COUNT; f++)
        if (m->headers.column[f] == column)
            return true;
    return false;
}

/* Further columns as a JSON object; malloc'd, NULL without any. */
static char *extra_of(const struct importing *m, const struct table_row *row)
{
    json_t *extra = NULL;
    char *text = NULL;

    for (int i = 0; i < row->count && i < m->headers.columns; i++) {
        json_t *value;

        if (is_field(m, i) || !m->headers.title[i][0] || !row->cells[i].len)
            continue;
        value = json_stringn(row->cells[i].p, row->cells[i].len);
        if (value && !extra)
            extra = json_object();
        if (value)
            json_object_set_new(extra, m->headers.title[i], value);
    }
    if (extra)
        text = json_dumps(extra, JSON_COMPACT);
    json_decref(extra);
    return text;
}

static int batch(struct importing *m)
{
    int rc;

    if (++m->in_batch < BATCH_ROWS)
        return 0;
    m->in_batch = 0;
    rc = store_commit(m->store);
    return rc ? rc : store_begin_staging(m->store);
}

/* NULL, or why the row cannot be taken. */
static const char *read_zone(struct importing *m, const struct table_row *row, uint64_t number,
                             struct store_contact *c)
{
    struct table_cell given = cell_of(m, row, FIELD_ZONE);
    const char *zone;
    bool certain;

    if (given.len) {
        c->zone_origin = 'c';
        c->zone = given.p;
        return zone_open(given.p) < 0 ? "no such time zone" : NULL;
    }
    zone = zone_of_number(number, &certain);
    c->zone_origin = zone && zone_open(zone) >= 0 ? 'n' : 'd';
    c->zone = c->zone_origin == 'n' ? zone : m->o->zone ? m->o->zone : "Asia/Jerusalem";
    return NULL;
}

static const char *read_window(struct importing *m, const struct table_row *row, char *buf,
                               struct store_contact *c)
{
    struct table_cell given = cell_of(m, row, FIELD_WINDOW);
    struct window_week week = {0}, back = {0};
    struct error err = {0};

    if (!given.len)
        return NULL;
    if (window_parse(given.p, &week, &err))
        return "calling hours that cannot be read";
    window_format(&week, buf, WINDOW_TEXT_MAX); /* leaves out what has no room */
    if (window_parse(buf, &back, &err) || memcmp(&week, &back, sizeof(week)) != 0)
        return "calling hours with too many parts";
    c->window = buf;
    return NULL;
}

static int take_contact(struct importing *m, const struct table_row *row)
{
    struct table_cell phone = cell_of(m, row, FIELD_PHONE),
                      language = cell_of(m, row, FIELD_LANGUAGE);
    struct store_contact c = {.import_id = m->import_id, .row = row->number};
    char name[NAME_BYTES], window[WINDOW_TEXT_MAX], *extra;
    enum number_fault fault;
    struct number number;
    const char *why;
    int rc;

    fault = number_parse(m->numbers, phone.p, phone.len, m->o->region, &number);
    why = fault ? number_fault_text(fault) : read_zone(m, row, number.key, &c);
    if (!why)
        why = read_window(m, row, window, &c);
    if (why)
        return reject(m, row, why);
    c.number = number.key;
    c.kind = number.kind;
    c.name = name_of(m, row, name, sizeof(name));
    c.language = language.len ? language.p : NULL;
    c.extra = extra = extra_of(m, row);
    if (extra && strlen(extra) > EXTRA_MAX) { /* more than a call can carry */
        free(extra);
        return reject(m, row, "further columns are too long");
    }
    rc = store_import_row(m->store, m->import_id, &c);
    free(extra);
    m->summary->repaired += number.repaired && !rc;
    return rc;
}

static bool is_empty(const struct table_row *row)
{
    for (int i = 0; i < row->count; i++)
        for (size_t k = 0; k < row->cells[i].len; k++)
            if (row->cells[i].p[k] != ' ')
                return false;
    return true;
}

static int look_for_header(struct importing *m, const struct table_row *row)
{
    if (is_empty(row))
        return 0;
    if (headers_read(row, m->o->map, &m->headers)) {
        m->found = true;
        return 0;
    }
    if (++m->looked < HEADER_ROWS)
        return 0;
    m->looked = 0;
    return TABLE_SKIP;
}

static int on_row(void *arg, const struct table_row *row)
{
    struct importing *m = arg;
    int rc;

    if (!m->found)
        return look_for_header(m, row);
    if (is_empty(row)) {
        m->summary->empty++;
        return 0;
    }
    if (row->hidden) {
        m->summary->hidden++;
        if (m->o->skip_hidden)
            return 0;
    }
    m->rows++;
    rc = take_contact(m, row);
    return rc ? rc : batch(m);
}

/* A short sheet without phone numbers (a cover, notes) is passed over. */
static int on_sheet_end(void *arg)
{
    struct importing *m = arg;

    m->looked = 0;
    return m->found ? 0 : TABLE_SKIP;
}

static int on_progress(void *arg, uint64_t done, uint64_t total)
{
    struct importing *m = arg;

    return m->o->progress ? m->o->progress(m->o->arg, done, total, m->rows) : 0;
}

/* ---- the whole file ------------------------------------------------------------------------- */

static void describe_columns(const struct headers *h, char *out, size_t size)
{
    size_t n = 0;
    bool any = false;

    out[0] = '\0';
    for (int f = 0; f < FIELD_COUNT && n < size; f++)
        if (h->column[f] >= 0)
            n += (size_t)snprintf(out + n, size - n, "%s%s ← %s", n ? ", " : "",
                                  field_name((enum field)f), h->title[h->column[f]]);
    for (int i = 0; i < h->columns && n < size; i++) {
        bool field = false;

        for (int f = 0; f < FIELD_COUNT; f++)
            field = field || h->column[f] == i;
        if (field || !h->title[i][0])
            continue;
        n += (size_t)snprintf(out + n, size - n, "%s%s", any ? ", " : "; kept: ", h->title[i]);
        any = true;
    }
}

/* A workbook is a zip file, whatever its name says. */
static bool is_workbook(const char *path)
{
    unsigned char magic[4] = {0};
    size_t n = strlen(path);
    FILE *f;

    if (n >= 5 && strcasecmp(path + n - 5, ".xlsx") == 0)
        return true;
    f = fopen(path, "rbe");
    if (f && fread(magic, 1, 4, f) != 4)
        magic[0] = 0;
    if (f)
        fclose(f);
    return memcmp(magic, "PK\3\4", 4) == 0;
}

static int read_rows(struct importing *m, const char *path, struct error *err)
{
    struct table_options t = {.encoding = m->o->encoding,
                              .sheet = m->o->sheet,
                              .separator = m->o->separator,
                              .row = on_row,
                              .progress = on_progress,
                              .sheet_end = on_sheet_end,
                              .arg = m};
    struct table_info info = {0};
    int rc = is_workbook(path) ? table_read_xlsx(path, &t, &info, err)
                               : table_read_csv(path, &t, &info, err);

    snprintf(m->summary->sheet, sizeof(m->summary->sheet), "%s", info.sheet);
    snprintf(m->summary->encoding, sizeof(m->summary->encoding), "%s", info.encoding);
    m->summary->sheets = info.sheets;
    m->summary->separator = info.separator;
    if ((rc == 0 || rc == TABLE_SKIP || rc == -ENOENT) && !m->found && (!err || !err->code))
        return error_set(err, -EINVAL, path,
                         "name it with --map phone=\"COLUMN\"; kolcast import --help lists the "
                         "words that are recognised",
                         "no column with phone numbers was found in its first rows");
    return rc;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The import's row: its maker's, which stays whatever happens, or one of our own. */
static int begin(struct importing *m, const char *path)
{
    int64_t list_id;
    int rc;

    m->import_id = m->o->import_id;
    if (m->import_id)
        return store_import_stage(m->store, m->import_id);
    rc = store_list_ensure(m->store, m->o->list, &list_id);
    return rc ? rc : store_import_begin(m->store, list_id, base_name(path), &m->import_id);
}

static int stage(struct importing *m, const char *path, struct error *err)
{
    int rc = begin(m, path);

    if (rc)
        return rc;
    rc = store_begin_staging(m->store);
    if (!rc) {
        rc = read_rows(m, path, err);
        if (rc)
            store_rollback(m->store);
        else
            rc = store_commit(m->store);
    }
    if (!rc)
        rc = store_import_finish(m->store, m->import_id, &m->summary->import);
    if (rc && !m->o->import_id)
        store_import_abort(m->store, m->import_id);
    return rc;
}

int import_file(struct store *s, const char *path, const struct import_options *o,
                struct import_summary *out, struct error *err)
{
    struct importing *m = calloc(1, sizeof(*m));
    struct import_summary summary = {0};
    int rc;

    if (!m)
        return -ENOMEM;
    m->store = s;
    m->o = o;
    m->summary = &summary;
    rc = headers_check_map(o->map, err);
    if (!rc && access(path, R_OK))
        rc = error_set(err, -errno, path, "check the name and the folder", "cannot read: %s",
                       strerror(errno));
    if (!rc)
        rc = number_parser_new(&m->numbers);
    if (!rc)
        rc = stage(m, path, err);
    if (m->rejected && fclose(m->rejected) && !rc)
        m->rejected_failed = true;
    if (rc && m->rejected)
        unlink(o->rejected_path);
    if (!rc) {
        describe_columns(&m->headers, summary.columns, sizeof(summary.columns));
        *out = summary;
    }
    number_parser_free(m->numbers);
    free(m);
    return rc > 0 ? -EINVAL : rc;
}

void import_print_headers(void (*fn)(void *arg, const char *field, const char *words), void *arg)
{
    for (int f = 0; f < FIELD_COUNT; f++)
        fn(arg, field_name((enum field)f), field_words((enum field)f));
}
