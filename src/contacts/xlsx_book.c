/* What a workbook says of itself: where its parts lie, its sheets, which formats show dates. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "contacts/xlsx_priv.h"

/* ---- where parts lie ------------------------------------------------------------------------ */

/* A target is relative to the folder of the part that names it, "/" begins at the top. */
static void resolve(const char *from, const char *target, char out[XLSX_PATH_MAX])
{
    const char *slash = strrchr(from, '/');
    char whole[2 * XLSX_PATH_MAX], *part, *next;
    size_t n = 0;

    snprintf(whole, sizeof(whole), "%.*s%s",
             target[0] == '/' || !slash ? 0 : (int)(slash - from + 1), from, target);
    out[0] = '\0';
    for (part = whole; part; part = next) {
        next = strchr(part, '/');
        if (next)
            *next++ = '\0';
        if (!*part || strcmp(part, ".") == 0)
            continue;
        if (strcmp(part, "..") == 0) {
            while (n > 0 && out[--n] != '/')
                ;
            out[n] = '\0';
            continue;
        }
        n += (size_t)snprintf(out + n, XLSX_PATH_MAX - n, "%s%s", n ? "/" : "", part);
        if (n >= XLSX_PATH_MAX) {
            out[0] = '\0';
            return;
        }
    }
}

struct relations {
    struct xlsx_book *book;
    const char *from; /* the part whose relations they are */
    char workbook[XLSX_PATH_MAX], strings[XLSX_PATH_MAX], styles[XLSX_PATH_MAX];
};

static bool ends(const char *text, const char *tail)
{
    size_t n = strlen(text), m = strlen(tail);

    return n >= m && strcmp(text + n - m, tail) == 0;
}

static void XMLCALL on_relation(void *data, const char *name, const char **atts)
{
    struct xlsx_part *p = data;
    struct relations *r = p->state;
    const char *id = xlsx_attribute(atts, "Id"), *target = xlsx_attribute(atts, "Target");
    const char *type = xlsx_attribute(atts, "Type");

    if (strcmp(xlsx_local(name), "Relationship") != 0 || !id || !target)
        return;
    type = type ? type : "/worksheet";
    if (ends(type, "/officeDocument"))
        resolve(r->from, target, r->workbook);
    else if (ends(type, "/sharedStrings"))
        resolve(r->from, target, r->strings);
    else if (ends(type, "/styles"))
        resolve(r->from, target, r->styles);
    for (int i = 0; ends(type, "/worksheet") && i < r->book->sheet_count; i++)
        if (strcmp(r->book->sheets[i].id, id) == 0)
            resolve(r->from, target, r->book->sheets[i].path);
}

/* The relations of "xl/workbook.xml" lie in "xl/_rels/workbook.xml.rels". */
static int read_relations(struct xlsx_book *b, const char *from, struct relations *r)
{
    static const struct xlsx_handlers handlers = {.start = on_relation};
    const char *slash = strrchr(from, '/');
    char path[XLSX_PATH_MAX + 16];

    r->book = b;
    r->from = from;
    snprintf(path, sizeof(path), "%.*s_rels/%s.rels", slash ? (int)(slash - from + 1) : 0, from,
             slash ? slash + 1 : from);
    return xlsx_parse(b, path, r, &handlers);
}

/* ---- the workbook --------------------------------------------------------------------------- */

static bool is_true(const char *value)
{
    return value && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
}

static void XMLCALL on_workbook(void *data, const char *name, const char **atts)
{
    struct xlsx_part *p = data;
    struct xlsx_book *b = p->state;
    struct xlsx_sheet *s = &b->sheets[b->sheet_count];
    const char *title = xlsx_attribute(atts, "name"), *id = xlsx_attribute(atts, "id");
    const char *state = xlsx_attribute(atts, "state");

    name = xlsx_local(name);
    if (strcmp(name, "workbookPr") == 0)
        b->since_1904 = is_true(xlsx_attribute(atts, "date1904"));
    if (strcmp(name, "sheet") != 0 || b->sheet_count == XLSX_SHEETS_MAX || !title || !id)
        return;
    snprintf(s->name, sizeof(s->name), "%s", title);
    snprintf(s->id, sizeof(s->id), "%s", id);
    s->hidden = state && strcmp(state, "visible") != 0;
    b->sheet_count++;
}

/* ---- formats -------------------------------------------------------------------------------- */

/* What a format code shows: letters of dates and times count outside quotes; "[h]" is a time that
 * may be longer than a day; "m" alone is a month. */
static enum xlsx_format format_of(const char *code)
{
    bool date = false, time = false, month = false;

    for (; *code; code++) {
        if (*code == '"') {
            code = strchr(code + 1, '"');
            if (!code)
                break;
        } else if (*code == '[') {
            time = time || strspn(code + 1, "hHmMsS") > 0;
            code = strchr(code, ']');
            if (!code)
                break;
        } else if ((*code == '\\' || *code == '_' || *code == '*') && code[1]) {
            code++;
        } else if (strchr("yYdD", *code)) {
            date = true;
        } else if (strchr("hHsS", *code)) {
            time = true;
        } else if (*code == 'm' || *code == 'M') {
            month = true;
        }
    }
    return date || (month && !time) ? XLSX_DATE : time ? XLSX_TIME : XLSX_PLAIN;
}

/* ECMA-376 18.8.30: the formats that have a number only. */
static enum xlsx_format built_in(long id)
{
    if ((id >= 14 && id <= 17) || id == 22)
        return XLSX_DATE;
    return (id >= 18 && id <= 21) || (id >= 45 && id <= 47) ? XLSX_TIME : XLSX_PLAIN;
}

struct styles {
    struct xlsx_book *book;
    bool in_cells;
};

static void XMLCALL on_style(void *data, const char *name, const char **atts)
{
    struct xlsx_part *p = data;
    struct styles *s = p->state;
    struct xlsx_book *b = s->book;
    const char *id = xlsx_attribute(atts, "numFmtId"), *code = xlsx_attribute(atts, "formatCode");
    long n = id ? strtol(id, NULL, 10) : -1;
    bool known = n >= 0 && n < XLSX_FORMATS_MAX;

    name = xlsx_local(name);
    if (strcmp(name, "cellXfs") == 0)
        s->in_cells = true;
    else if (strcmp(name, "numFmt") == 0 && code && known)
        b->number_formats[n] = (unsigned char)format_of(code);
    else if (strcmp(name, "xf") == 0 && s->in_cells && b->format_count < XLSX_FORMATS_MAX)
        b->formats[b->format_count++] =
            known && b->number_formats[n] ? b->number_formats[n] : (unsigned char)built_in(n);
}

static void XMLCALL on_style_end(void *data, const char *name)
{
    struct xlsx_part *p = data;

    if (strcmp(xlsx_local(name), "cellXfs") == 0)
        ((struct styles *)p->state)->in_cells = false;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static uint64_t part_size(struct xlsx_book *b, const char *name)
{
    zip_stat_t st;

    zip_stat_init(&st);
    return zip_stat(b->zip, name, ZIP_FL_NOCASE, &st) == 0 ? st.size : 0;
}

static int read_book(struct xlsx_book *b)
{
    static const struct xlsx_handlers workbook = {.start = on_workbook};
    static const struct xlsx_handlers style = {on_style, on_style_end, NULL};
    struct relations r = {.workbook = "xl/workbook.xml",
                          .strings = "xl/sharedStrings.xml",
                          .styles = "xl/styles.xml"};
    struct styles styles = {.book = b};
    char at[XLSX_PATH_MAX];
    int rc = read_relations(b, "", &r);

    if (rc && rc != -ENOENT)
        return rc;
    snprintf(at, sizeof(at), "%s", r.workbook);
    rc = xlsx_parse(b, at, b, &workbook);
    if (!rc)
        rc = read_relations(b, at, &r);
    if (rc || b->sheet_count == 0)
        return rc && rc != -ENOENT ? rc : -EBADMSG;
    rc = xlsx_parse(b, r.styles, &styles, &style);
    if (rc && rc != -ENOENT)
        return rc;
    b->total = part_size(b, r.strings);
    rc = xlsx_read_strings(b, r.strings);
    b->done = b->total;
    return rc == -ENOENT ? 0 : rc;
}

int xlsx_open(struct xlsx_book *b, const char *path)
{
    int code;

    b->zip = zip_open(path, ZIP_RDONLY, &code);
    return b->zip ? read_book(b) : -EBADMSG;
}
