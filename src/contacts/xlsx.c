/* XLSX through libzip and expat, streamed sheet by sheet. Sizes are capped against bombs, documents
 * with a DOCTYPE are refused. See table.h. */
#include <errno.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "contacts/table.h"

enum {
    CHUNK = 65536,
    SHEETS_MAX = 256,
    FORMATS_MAX = 4096,
    ROW_BYTES_MAX = 1 << 20,
    PATH_BYTES_MAX = 256,
};
static const uint64_t PART_MAX = 4ULL << 30;   /* one part, unpacked */
static const size_t STRINGS_MAX = 400UL << 20; /* shared strings in memory */

struct strings {
    char *bytes;
    size_t used, cap;
    size_t *starts;
    size_t count, starts_cap;
};

struct sheet {
    char name[128], id[64], path[PATH_BYTES_MAX];
};

struct book {
    zip_t *zip;
    const char *path;
    struct sheet sheets[SHEETS_MAX];
    int sheet_count;
    struct strings strings;
    bool date_format[FORMATS_MAX]; /* by index of cellXfs */
    int format_count;
    bool custom_date[FORMATS_MAX]; /* by numFmtId */
    struct error *err;
};

/* ---- parts ---------------------------------------------------------------------------------- */

struct part {
    XML_Parser xml;
    int rc;
    void *state;
};

static void XMLCALL on_doctype(void *data, const XML_Char *name, const XML_Char *sysid,
                               const XML_Char *pubid, int internal)
{
    struct part *p = data;

    p->rc = -EBADMSG;
    XML_StopParser(p->xml, XML_FALSE);
}

static void stop(struct part *p, int rc)
{
    p->rc = rc;
    XML_StopParser(p->xml, XML_FALSE);
}

/* Parses one part of the file. -ENOENT: it has none of this name. */
static int parse_part(struct book *b, const char *name, void *state, XML_StartElementHandler start,
                      XML_EndElementHandler end, XML_CharacterDataHandler text,
                      const struct table_options *o)
{
    struct part p = {.state = state};
    zip_file_t *f;
    zip_stat_t st;
    uint64_t done = 0;

    zip_stat_init(&st);
    if (zip_stat(b->zip, name, 0, &st))
        return -ENOENT;
    f = zip_fopen(b->zip, name, 0);
    if (!f)
        return -EBADMSG;
    p.xml = XML_ParserCreate(NULL);
    if (!p.xml) {
        zip_fclose(f);
        return -ENOMEM;
    }
    XML_SetUserData(p.xml, &p);
    XML_SetElementHandler(p.xml, start, end);
    XML_SetCharacterDataHandler(p.xml, text);
    XML_SetStartDoctypeDeclHandler(p.xml, on_doctype);
    while (p.rc == 0) {
        void *buf = XML_GetBuffer(p.xml, CHUNK);
        zip_int64_t n = buf ? zip_fread(f, buf, CHUNK) : -1;

        done += n > 0 ? (uint64_t)n : 0;
        if (n < 0 || done > PART_MAX)
            p.rc = buf ? -EBADMSG : -ENOMEM;
        else if (XML_ParseBuffer(p.xml, (int)n, n == 0) == XML_STATUS_ERROR && p.rc == 0)
            p.rc = -EBADMSG;
        else if (o && o->progress && o->progress(o->arg, done, st.size))
            p.rc = -ECANCELED;
        if (n <= 0)
            break;
    }
    XML_ParserFree(p.xml);
    zip_fclose(f);
    return p.rc;
}

/* Names come with or without a prefix, as the writer likes. */
static const char *local(const char *name)
{
    const char *colon = strrchr(name, ':');

    return colon ? colon + 1 : name;
}

static const char *attribute(const char **atts, const char *name)
{
    for (int i = 0; atts[i]; i += 2)
        if (strcmp(local(atts[i]), name) == 0)
            return atts[i + 1];
    return NULL;
}

/* ---- the book: sheets, where they lie, which formats are dates ------------------------------ */

static void XMLCALL book_start(void *data, const char *name, const char **atts)
{
    struct part *p = data;
    struct book *b = p->state;
    const char *title = attribute(atts, "name"), *id = NULL;

    if (strcmp(local(name), "sheet") != 0 || b->sheet_count == SHEETS_MAX)
        return;
    for (int i = 0; atts[i]; i += 2) /* r:id, not sheetId */
        if (strcmp(local(atts[i]), "id") == 0)
            id = atts[i + 1];
    if (!title || !id)
        return;
    snprintf(b->sheets[b->sheet_count].name, sizeof(b->sheets[0].name), "%s", title);
    snprintf(b->sheets[b->sheet_count].id, sizeof(b->sheets[0].id), "%s", id);
    b->sheet_count++;
}

static void XMLCALL rels_start(void *data, const char *name, const char **atts)
{
    struct part *p = data;
    struct book *b = p->state;
    const char *id = attribute(atts, "Id"), *target = attribute(atts, "Target");

    if (strcmp(local(name), "Relationship") != 0 || !id || !target)
        return;
    for (int i = 0; i < b->sheet_count; i++)
        if (strcmp(b->sheets[i].id, id) == 0)
            snprintf(b->sheets[i].path, sizeof(b->sheets[i].path), "%s%s",
                     target[0] == '/' ? "" : "xl/", target[0] == '/' ? target + 1 : target);
}

/* A format shows a date when it has a letter of one outside quotes and brackets. */
static bool shows_date(const char *code)
{
    bool quoted = false, bracket = false;

    for (; *code; code++) {
        if (*code == '"')
            quoted = !quoted;
        else if (*code == '[' || *code == ']')
            bracket = *code == '[';
        else if (*code == '\\' && code[1])
            code++;
        else if (!quoted && !bracket && strchr("yYdDmMhH", *code))
            return true;
    }
    return false;
}

struct styles {
    struct book *book;
    bool in_xfs;
};

static void XMLCALL styles_start(void *data, const char *name, const char **atts)
{
    struct part *p = data;
    struct styles *s = p->state;
    const char *id = attribute(atts, "numFmtId"), *code = attribute(atts, "formatCode");
    long n = id ? strtol(id, NULL, 10) : -1;

    name = local(name);
    if (strcmp(name, "cellXfs") == 0)
        s->in_xfs = true;
    else if (strcmp(name, "numFmt") == 0 && code && n >= 0 && n < FORMATS_MAX)
        s->book->custom_date[n] = shows_date(code);
    else if (strcmp(name, "xf") == 0 && s->in_xfs && s->book->format_count < FORMATS_MAX)
        s->book->date_format[s->book->format_count++] =
            (n >= 14 && n <= 22) || (n >= 45 && n <= 47) ||
            (n >= 0 && n < FORMATS_MAX && s->book->custom_date[n]);
}

static void XMLCALL styles_end(void *data, const char *name)
{
    struct part *p = data;

    if (strcmp(local(name), "cellXfs") == 0)
        ((struct styles *)p->state)->in_xfs = false;
}

/* ---- shared strings ------------------------------------------------------------------------- */

struct sst {
    struct strings *to;
    bool in_text, in_phonetic;
};

static int strings_add(struct strings *s, const char *text, size_t len)
{
    if (s->used + len + 1 > STRINGS_MAX)
        return -E2BIG;
    if (s->used + len + 1 > s->cap) {
        size_t cap = (s->used + len + 1) * 2;
        char *bigger = realloc(s->bytes, cap);

        if (!bigger)
            return -ENOMEM;
        s->bytes = bigger;
        s->cap = cap;
    }
    memcpy(s->bytes + s->used, text, len);
    s->used += len;
    s->bytes[s->used] = '\0';
    return 0;
}

static int strings_begin(struct strings *s)
{
    if (s->count == s->starts_cap) {
        size_t cap = s->starts_cap ? s->starts_cap * 2 : 1024;
        size_t *bigger = realloc(s->starts, cap * sizeof(*bigger));

        if (!bigger)
            return -ENOMEM;
        s->starts = bigger;
        s->starts_cap = cap;
    }
    s->starts[s->count++] = s->used;
    return strings_add(s, "", 0);
}

static void XMLCALL sst_start(void *data, const char *name, const char **atts)
{
    struct part *p = data;
    struct sst *s = p->state;
    int rc = 0;

    name = local(name);
    if (strcmp(name, "si") == 0)
        rc = strings_begin(s->to);
    else if (strcmp(name, "rPh") == 0)
        s->in_phonetic = true;
    else if (strcmp(name, "t") == 0)
        s->in_text = !s->in_phonetic;
    if (rc)
        stop(p, rc);
}

static void XMLCALL sst_end(void *data, const char *name)
{
    struct part *p = data;
    struct sst *s = p->state;

    name = local(name);
    if (strcmp(name, "t") == 0)
        s->in_text = false;
    else if (strcmp(name, "rPh") == 0)
        s->in_phonetic = false;
    else if (strcmp(name, "si") == 0)
        s->to->used++; /* keep the terminator */
}

static void XMLCALL sst_text(void *data, const char *text, int len)
{
    struct part *p = data;
    struct sst *s = p->state;
    int rc = s->in_text && s->to->count ? strings_add(s->to, text, (size_t)len) : 0;

    if (rc)
        stop(p, rc);
}

/* ---- a sheet -------------------------------------------------------------------------------- */

struct reading {
    struct book *book;
    const struct table_options *o;
    struct table_row row;
    char *bytes;
    size_t used;
    int column, filled; /* cells [0, filled) of the row are set */
    char type;          /* of the cell: n, s, i(nline), t(ext), b, e */
    int format;
    size_t cell_start;
    bool in_value, in_row;
    int64_t last_row;
};

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

static void XMLCALL sheet_start(void *data, const char *name, const char **atts)
{
    struct part *p = data;
    struct reading *r = p->state;
    const char *a;

    name = local(name);
    if (strcmp(name, "row") == 0) {
        a = attribute(atts, "r");
        r->row.number = a ? strtoll(a, NULL, 10) : r->last_row + 1;
        a = attribute(atts, "hidden");
        r->row.hidden = a && (strcmp(a, "1") == 0 || strcmp(a, "true") == 0);
        r->last_row = r->row.number;
        r->used = 0;
        r->filled = 0;
        r->column = -1;
        r->in_row = true;
    } else if (strcmp(name, "c") == 0 && r->in_row) {
        a = attribute(atts, "r");
        r->column = a ? column_of(a) : r->column + 1;
        r->type = type_of(attribute(atts, "t"));
        a = attribute(atts, "s");
        r->format = a ? (int)strtol(a, NULL, 10) : 0;
        r->cell_start = r->used;
    } else if (strcmp(name, "v") == 0 || (strcmp(name, "t") == 0 && r->type == 'i')) {
        r->in_value = r->in_row;
    }
}

static void XMLCALL sheet_text(void *data, const char *text, int len)
{
    struct part *p = data;
    struct reading *r = p->state;

    if (!r->in_value)
        return;
    if (r->used - r->cell_start + (size_t)len > TABLE_CELL_MAX ||
        r->used + (size_t)len + 64 > ROW_BYTES_MAX) {
        stop(p, -E2BIG);
        return;
    }
    memcpy(r->bytes + r->used, text, (size_t)len);
    r->used += (size_t)len;
}

/* Days since 1899-12-30 as ISO text (Hinnant's civil_from_days). */
static void date_text(double serial, char *out, size_t size)
{
    long days = (long)serial - 25569 + 719468;
    long era = (days >= 0 ? days : days - 146096) / 146097, doe = days - era * 146097;
    long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    long doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    long day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
    long minutes = (long)((serial - (double)(long)serial) * 1440 + 0.5);

    snprintf(out, size, "%04ld-%02ld-%02ld", yoe + era * 400 + (month <= 2), month, day);
    if (minutes > 0 && minutes < 1440)
        snprintf(out + 10, size - 10, " %02ld:%02ld", minutes / 60, minutes % 60);
}

/* A number as a person would write it: all digits of 9.72501234567E+11. */
static void number_text(const struct reading *r, char *text, size_t size)
{
    char *end;
    double v = strtod(text, &end);

    if (end == text || *end)
        return;
    if (r->format >= 0 && r->format < r->book->format_count && r->book->date_format[r->format] &&
        v >= 1 && v < 2958466)
        date_text(v, text, size);
    else if (v > -1e15 && v < 1e15 && v == (double)(long long)v)
        snprintf(text, size, "%lld", (long long)v);
    else
        snprintf(text, size, "%.15g", v);
}

static void end_cell(struct reading *r)
{
    const struct strings *s = &r->book->strings;
    struct table_cell cell;
    size_t len = r->used - r->cell_start;
    char *text = r->bytes + r->cell_start;

    if (r->column < 0 || r->column >= TABLE_COLUMNS_MAX || r->column < r->filled)
        return;
    text[len] = '\0';
    cell = (struct table_cell){text, len};
    if (r->type == 's') {
        size_t i = strtoul(text, NULL, 10);

        cell = (struct table_cell){"", 0};
        if (len && i < s->count)
            cell = (struct table_cell){s->bytes + s->starts[i], strlen(s->bytes + s->starts[i])};
        r->used = r->cell_start;
    } else if (r->type == 'e') {
        cell = (struct table_cell){"", 0};
        r->used = r->cell_start;
    } else {
        if (r->type == 'n' && len) {
            number_text(r, text, 64 < ROW_BYTES_MAX - r->cell_start ? 64 : 1);
            cell.len = strlen(text);
        }
        r->used = r->cell_start + cell.len + 1;
    }
    while (r->filled < r->column)
        r->row.cells[r->filled++] = (struct table_cell){"", 0};
    r->row.cells[r->filled++] = cell;
}

static void XMLCALL sheet_end(void *data, const char *name)
{
    struct part *p = data;
    struct reading *r = p->state;
    int rc;

    name = local(name);
    if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
        r->in_value = false;
    } else if (strcmp(name, "c") == 0 && r->in_row) {
        end_cell(r);
    } else if (strcmp(name, "row") == 0 && r->in_row) {
        r->in_row = false;
        r->row.count = r->filled;
        rc = r->o->row(r->o->arg, &r->row);
        if (rc)
            stop(p, rc);
    }
}

/* ---- the file ------------------------------------------------------------------------------- */

static int open_book(struct book *b, const char *path)
{
    struct styles styles = {.book = b};
    struct sst sst = {.to = &b->strings};
    int code, rc;

    b->zip = zip_open(path, ZIP_RDONLY, &code);
    if (!b->zip)
        return code == ZIP_ER_NOENT ? -ENOENT : -EBADMSG;
    rc = parse_part(b, "xl/workbook.xml", b, book_start, NULL, NULL, NULL);
    if (!rc)
        rc = parse_part(b, "xl/_rels/workbook.xml.rels", b, rels_start, NULL, NULL, NULL);
    if (rc || b->sheet_count == 0)
        return rc && rc != -ENOENT ? rc : -EBADMSG;
    rc = parse_part(b, "xl/styles.xml", &styles, styles_start, styles_end, NULL, NULL);
    if (!rc || rc == -ENOENT)
        rc = parse_part(b, "xl/sharedStrings.xml", &sst, sst_start, sst_end, sst_text, NULL);
    return rc == -ENOENT ? 0 : rc;
}

static int read_sheet(struct book *b, const struct sheet *s, const struct table_options *o)
{
    struct reading *r = calloc(1, sizeof(*r));
    int rc = -ENOMEM;

    if (r) {
        r->bytes = malloc(ROW_BYTES_MAX);
        r->book = b;
        r->o = o;
        if (r->bytes)
            rc = parse_part(b, s->path, r, sheet_start, sheet_end, sheet_text, o);
        free(r->bytes);
    }
    free(r);
    return rc == -ENOENT ? -EBADMSG : rc;
}

static int read_sheets(struct book *b, const struct table_options *o, struct table_info *out,
                       struct error *err)
{
    for (int i = 0; i < b->sheet_count; i++) {
        int rc;

        if (o->sheet && strcmp(o->sheet, b->sheets[i].name) != 0)
            continue;
        rc = read_sheet(b, &b->sheets[i], o);
        if (rc == 0 && o->sheet_end)
            rc = o->sheet_end(o->arg);
        if (rc == TABLE_SKIP)
            continue;
        snprintf(out->sheet, sizeof(out->sheet), "%s", b->sheets[i].name);
        return rc;
    }
    if (o->sheet) {
        bool named = false;

        for (int i = 0; i < b->sheet_count; i++)
            named = named || strcmp(o->sheet, b->sheets[i].name) == 0;
        if (!named)
            return error_set(err, -EINVAL, o->sheet, "look at the names of the tabs",
                             "the workbook has no such sheet");
    }
    return -ENOENT;
}

int table_read_xlsx(const char *path, const struct table_options *o, struct table_info *out,
                    struct error *err)
{
    struct book *b = calloc(1, sizeof(*b));
    int rc;

    if (!b)
        return -ENOMEM;
    rc = open_book(b, path);
    if (rc == -ENOENT)
        rc = error_set(err, rc, path, "check the name and the folder", "no such file");
    out->sheets = b->sheet_count;
    if (!rc)
        rc = read_sheets(b, o, out, err);
    if (rc == -EBADMSG && (!err || !err->code))
        error_set(err, rc, path, "open it in a spreadsheet program and save it anew as .xlsx",
                  "this is not a sound Excel workbook");
    else if (rc == -E2BIG && (!err || !err->code))
        error_set(err, rc, path, "split the workbook",
                  "a cell or the text of the workbook is too large");
    if (b->zip)
        zip_discard(b->zip);
    free(b->strings.bytes);
    free(b->strings.starts);
    free(b);
    return rc;
}
