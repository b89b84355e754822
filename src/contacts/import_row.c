/* A row becomes a contact, or is rejected with a reason. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "contacts/import_priv.h"
#include "contacts/language.h"
#include "phone/window.h"
#include "phone/zone.h"

/* ---- texts ---------------------------------------------------------------------------------- */

/* What the field's cell says: no white space or marks around it, one space for any within, cut to
 * what buf holds. Returns its length. */
static size_t text_of(const struct importing *m, const struct table_row *row, enum field f,
                      char *buf, size_t size)
{
    int column = m->headers->column[f];
    const char *p, *end;
    size_t n = 0, kept = 0; /* kept: up to the last letter that is seen */
    bool gap = false;

    buf[0] = '\0';
    if (column < 0 || column >= row->count)
        return 0;
    p = row->cells[column].p;
    end = p + row->cells[column].len;
    while (p < end) {
        size_t left = (size_t)(end - p), c = utf8_space(p, left), mark = 0;

        if (c) {
            gap = kept > 0;
            p += c;
            continue;
        }
        c = mark = utf8_invisible(p, left);
        if (!c)
            c = utf8_character(p, left);
        if (!c || n + gap + c + 1 > size)
            break;
        if (!mark || kept > 0) {
            if (gap)
                buf[n++] = ' ';
            memcpy(buf + n, p, c);
            n += c;
            gap = false;
        }
        kept = mark ? kept : n;
        p += c;
    }
    buf[kept] = '\0';
    return kept;
}

static const char *name_of(const struct importing *m, const struct table_row *row,
                           char buf[IMPORT_NAME_MAX])
{
    char last[IMPORT_NAME_MAX];
    size_t n = text_of(m, row, FIELD_NAME, buf, IMPORT_NAME_MAX), more;

    if (n)
        return buf;
    n = text_of(m, row, FIELD_FIRST_NAME, buf, IMPORT_NAME_MAX);
    more = text_of(m, row, FIELD_LAST_NAME, last, sizeof(last));
    if (more && n + 1 < IMPORT_NAME_MAX) {
        more = utf8_cut(last, more, IMPORT_NAME_MAX - 1 - n - (n > 0));
        if (n)
            buf[n++] = ' ';
        memcpy(buf + n, last, more);
        buf[n + more] = '\0';
    }
    return buf[0] ? buf : NULL;
}

/* ---- the number ----------------------------------------------------------------------------- */

/* Bytes of what stands between two numbers in one cell, 0: nothing of the kind. */
static size_t between(const char *s, size_t len)
{
    return len && s[0] && strchr(",;/|\n", s[0]) ? 1 : len >= 3 && memcmp(s, ":::", 3) == 0 ? 3 : 0;
}

static enum number_fault first_of_several(struct number_parser *p, const char *region,
                                          const char *text, size_t len, struct number *out)
{
    size_t from = 0;

    for (size_t i = 0; i <= len; i++) {
        size_t skip = i < len ? between(text + i, len - i) : 1;

        if (!skip)
            continue;
        if ((from > 0 || i < len) &&
            number_parse(p, text + from, i - from, region, out) == NUMBER_OK)
            return NUMBER_OK;
        from = i + skip;
        i = from - 1;
    }
    return NUMBER_NOT_A_NUMBER;
}

/* "mother 050-1234567": all digits stand together and begin as a number does, not as an account. */
static enum number_fault beside_a_word(struct number_parser *p, const char *region,
                                       const char *text, size_t len, struct number *out)
{
    size_t from = 0;

    while (from < len && !isdigit((unsigned char)text[from]) && text[from] != '+')
        from++;
    while (len > from && !isdigit((unsigned char)text[len - 1]))
        len--;
    if (from == len || (text[from] != '0' && text[from] != '+'))
        return NUMBER_NOT_A_NUMBER;
    return number_parse(p, text + from, len - from, region, out);
}

enum number_fault import_find_number(struct number_parser *p, const char *region, const char *text,
                                     size_t len, struct number *out)
{
    enum number_fault fault = number_parse(p, text, len, region, out);

    if (fault != NUMBER_NOT_A_NUMBER && fault != NUMBER_TOO_LONG)
        return fault;
    if (first_of_several(p, region, text, len, out) != NUMBER_OK &&
        beside_a_word(p, region, text, len, out) != NUMBER_OK)
        return fault;
    out->repaired = true;
    return NUMBER_OK;
}

/* The first column that holds a number; else what is wrong with the first that holds anything, in
 * *cell. */
static enum number_fault number_of(const struct importing *m, const struct table_row *row,
                                   struct number *out, const char **cell)
{
    enum number_fault first = NUMBER_EMPTY;

    *cell = "";
    for (int i = 0; i < m->headers->phone_count; i++) {
        int column = m->headers->phones[i];
        enum number_fault fault;

        if (column >= row->count || row->cells[column].len == 0)
            continue;
        fault = import_find_number(m->numbers, m->o->region, row->cells[column].p,
                                   row->cells[column].len, out);
        if (!fault)
            return NUMBER_OK;
        if (first == NUMBER_EMPTY) {
            first = fault;
            *cell = row->cells[column].p;
        }
    }
    return first;
}

/* ---- further columns ------------------------------------------------------------------------ */

static int put_escape(struct buf *b, unsigned char c)
{
    static const char names[] = "b\bt\tn\nf\fr\r\"\"\\\\"; /* letter, what it stands for */

    for (size_t i = 0; i < sizeof(names) - 1; i += 2)
        if ((unsigned char)names[i + 1] == c)
            return buf_printf(b, "\\%c", names[i]);
    return buf_printf(b, "\\u%04x", c);
}

static int put_string(struct buf *b, const char *text, size_t len)
{
    size_t from = 0;
    int rc = buf_append(b, "\"", 1);

    for (size_t i = 0; i < len && !rc; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        rc = buf_append(b, text + from, i - from);
        from = i + 1;
        if (!rc)
            rc = put_escape(b, c);
    }
    if (!rc)
        rc = buf_append(b, text + from, len - from);
    return rc ? rc : buf_append(b, "\"", 1);
}

int import_prepare_columns(struct importing *m)
{
    const struct headers *h = m->headers;
    int columns = h->letters ? TABLE_COLUMNS_MAX : h->columns;

    for (int i = 0; i < columns; i++) {
        struct buf key = {.max = 8 * HEADERS_TITLE_MAX};
        int rc;

        if (h->remark[i] || !h->title[i][0] || headers_is_field(h, i))
            continue;
        rc = put_string(&key, h->title[i], strlen(h->title[i]));
        if (!rc)
            rc = buf_append(&key, ":", 1);
        if (rc) {
            buf_free(&key);
            return rc;
        }
        m->keys[i].text = key.data;
        m->keys[i].len = key.len;
    }
    return 0;
}

/* As a JSON object in m->extra; empty without any. -ENOSPC: too long. */
static int extra_of(struct importing *m, const struct table_row *row)
{
    struct buf *b = &m->extra;
    int rc = 0;

    buf_reset(b);
    for (int i = 0; i < row->count && !rc; i++) {
        if (!m->keys[i].text || !row->cells[i].len)
            continue;
        rc = buf_append(b, b->len ? "," : "{", 1);
        if (!rc)
            rc = buf_append(b, m->keys[i].text, m->keys[i].len);
        if (!rc)
            rc = put_string(b, row->cells[i].p, row->cells[i].len);
    }
    if (!rc && b->len)
        rc = buf_append(b, "}", 1);
    return rc;
}

/* ---- the contact ---------------------------------------------------------------------------- */

/* What a contact's pointers point to. */
struct texts {
    char name[IMPORT_NAME_MAX], language[64], zone[64], window[WINDOW_TEXT_MAX];
};

/* NULL, or why the row cannot be taken. */
static const char *read_zone(struct importing *m, const struct table_row *row, uint64_t number,
                             char buf[64], struct store_contact *c)
{
    const char *zone;
    bool certain = false;

    if (text_of(m, row, FIELD_ZONE, buf, 64)) {
        c->zone_origin = 'c';
        c->zone = buf;
        return zone_open(buf) < 0 ? "no such time zone (write it as Asia/Jerusalem)" : NULL;
    }
    zone = zone_of_number(number, &certain);
    if (zone && zone_open(zone) >= 0) {
        c->zone_origin = certain ? 'n' : 'u';
        c->zone = zone;
    } else {
        c->zone_origin = 'd';
        c->zone = m->o->zone ? m->o->zone : "";
    }
    return NULL;
}

static const char *read_window(struct importing *m, const struct table_row *row,
                               char buf[WINDOW_TEXT_MAX], struct store_contact *c)
{
    char given[512];
    struct window_week week = {0}, back = {0};
    struct error err = {0};

    if (!text_of(m, row, FIELD_WINDOW, given, sizeof(given)))
        return NULL;
    if (window_parse(given, &week, &err))
        return "calling hours that cannot be read (write them as sun-thu 09:00-20:00)";
    window_format(&week, buf, WINDOW_TEXT_MAX); /* leaves out what has no room */
    if (window_parse(buf, &back, &err) || memcmp(&week, &back, sizeof(week)) != 0)
        return "calling hours with too many parts";
    c->window = buf;
    return NULL;
}

static const char *read_contact(struct importing *m, const struct table_row *row,
                                struct texts *texts, struct store_contact *c, bool *repaired)
{
    struct number number;
    const char *cell, *why;
    enum number_fault fault = number_of(m, row, &number, &cell);

    c->number = fault ? 0 : number.key;
    if (fault)
        return number_fault_text(fault);
    if (row->damaged)
        return "letters that cannot be read in the file's encoding";
    *repaired = number.repaired;
    c->kind = number.kind;
    why = read_zone(m, row, number.key, texts->zone, c);
    if (!why)
        why = read_window(m, row, texts->window, c);
    if (why)
        return why;
    c->name = name_of(m, row, texts->name);
    if (text_of(m, row, FIELD_LANGUAGE, texts->language, sizeof(texts->language)))
        c->language = language_code(texts->language);
    return NULL;
}

static int reject(struct importing *m, char separator, const struct table_row *row,
                  const char *reason)
{
    int phone = m->headers->phones[0];

    for (int i = 0; i < m->headers->phone_count; i++)
        if (m->headers->phones[i] < row->count && row->cells[m->headers->phones[i]].len) {
            phone = m->headers->phones[i];
            break;
        }
    rejected_add(m->rejected, m->headers, separator, row, reason);
    return store_import_reject(m->store, m->import_id, row->number, reason,
                               phone < row->count ? row->cells[phone].p : "");
}

static void count_zone(struct import_summary *s, char origin)
{
    switch (origin) {
    case 'c':
        s->zone_column++;
        break;
    case 'n':
        s->zone_number++;
        break;
    case 'u':
        s->zone_unsure++;
        break;
    default:
        s->zone_none++;
    }
}

int import_take_row(struct importing *m, char separator, const struct table_row *row)
{
    struct store_contact c = {.import_id = m->import_id, .row = row->number};
    struct texts texts;
    bool repaired = false;
    const char *why = read_contact(m, row, &texts, &c, &repaired);
    int rc = why ? 0 : extra_of(m, row);

    if (rc == -ENOSPC)
        why = "further columns hold more than 64 kB";
    else if (rc)
        return rc;
    if (why)
        return reject(m, separator, row, why);
    c.extra = m->extra.len ? m->extra.data : NULL;
    rc = store_import_row(m->store, m->import_id, &c);
    if (rc)
        return rc;
    m->summary->repaired += repaired;
    count_zone(m->summary, c.zone_origin);
    return 0;
}
