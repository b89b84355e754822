/* Header words. See headers.h. */
#include "contacts/headers.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "contacts/header_words.h"

/* Phones in the order to try them: texts reach mobile phones, so they come first; a bare "number"
 * counts only where nothing else does. */
enum phone_rank { PHONE_MOBILE, PHONE_ANY, PHONE_WORK, PHONE_WEAK, PHONE_RANKS };

static const char *const phone_words[PHONE_RANKS] = {HEADER_MOBILE, HEADER_PHONE, HEADER_WORK,
                                                     HEADER_WEAK};

static const struct {
    const char *name, *words;
} fields[FIELD_COUNT] = {
    [FIELD_PHONE] = {"phone", HEADER_MOBILE ", " HEADER_PHONE ", " HEADER_WORK ", " HEADER_WEAK},
    [FIELD_NAME] = {"name", HEADER_NAME},
    [FIELD_FIRST_NAME] = {"first_name", HEADER_FIRST_NAME},
    [FIELD_LAST_NAME] = {"last_name", HEADER_LAST_NAME},
    [FIELD_LANGUAGE] = {"language", HEADER_LANGUAGE},
    [FIELD_ZONE] = {"zone", HEADER_ZONE},
    [FIELD_WINDOW] = {"window", HEADER_WINDOW},
};

const char *field_name(enum field f)
{
    return fields[f].name;
}

const char *field_words(enum field f)
{
    return fields[f].words;
}

/* ---- words ---------------------------------------------------------------------------------- */

/* Bytes of a mark that makes no difference in a title: dots, quotes, Hebrew geresh. */
static size_t no_difference(const char *s, size_t len)
{
    if (strchr(".:*#\"'?", s[0]) && s[0])
        return 1;
    if (len >= 2 && s[0] == '\xd7' && (s[1] == '\xb3' || s[1] == '\xb4'))
        return 2;
    return utf8_invisible(s, len);
}

/* Lower case, one space for runs of space, underscore, dash; no marks. */
static void normal(const char *text, size_t len, char *out, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < len && n + 1 < size;) {
        size_t skip = no_difference(text + i, len - i), space = utf8_space(text + i, len - i);

        if (text[i] == '_' || text[i] == '-')
            space = 1;
        if (!skip && !space) {
            out[n++] = (char)tolower((unsigned char)text[i++]);
            continue;
        }
        i += skip ? skip : space;
        if (!skip && n > 0 && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

static bool in_words(const char *words, const char *text)
{
    size_t n = strlen(text);

    for (const char *p = words; p; p = strchr(p, ',')) {
        p += *p == ',' ? 2 : 0;
        if (strncmp(p, text, n) == 0 && (p[n] == ',' || p[n] == '\0') && n > 0)
            return true;
    }
    return false;
}

/* "phone 2" is a phone. PHONE_RANKS: it is none. */
static int rank_of(const char *title)
{
    char bare[HEADERS_TITLE_MAX];
    size_t n;

    snprintf(bare, sizeof(bare), "%s", title);
    for (int round = 0; round < 2; round++) {
        for (int rank = 0; rank < PHONE_RANKS; rank++)
            if (in_words(phone_words[rank], bare))
                return rank;
        n = strlen(bare);
        if (n == 0 || bare[n - 1] < '1' || bare[n - 1] > '9')
            break;
        n -= n > 1 && bare[n - 2] == ' ' ? 2 : 1;
        bare[n] = '\0';
    }
    return PHONE_RANKS;
}

/* ---- what is told --------------------------------------------------------------------------- */

static int field_of_map(const char *entry, const char **column)
{
    const char *equals = strchr(entry, '=');

    for (int f = 0; equals && f < FIELD_COUNT; f++)
        if ((size_t)(equals - entry) == strlen(fields[f].name) &&
            strncasecmp(entry, fields[f].name, (size_t)(equals - entry)) == 0) {
            *column = equals + 1;
            return f;
        }
    return -1;
}

int headers_check_map(const char *const *map, struct error *err)
{
    const char *column;
    int phones = 0;

    for (; map && *map; map++) {
        int f = field_of_map(*map, &column);

        if (f < 0 || !*column)
            return error_set(err, -EINVAL, "--map",
                             "such as --map phone=\"Cell no.\"; the fields are phone, name, "
                             "first_name, last_name, language, zone, window",
                             "\"%s\" is not FIELD=COLUMN", *map);
        phones += f == FIELD_PHONE;
    }
    if (phones > HEADERS_PHONES_MAX)
        return error_set(err, -EINVAL, "--map", "name the ones that matter",
                         "more than %d columns of phones", HEADERS_PHONES_MAX);
    return 0;
}

static int column_titled(const struct headers *h, const char *column)
{
    char wanted[HEADERS_TITLE_MAX], title[HEADERS_TITLE_MAX];

    normal(column, strlen(column), wanted, sizeof(wanted));
    for (int i = 0; i < h->columns; i++) {
        normal(h->title[i], strlen(h->title[i]), title, sizeof(title));
        if (wanted[0] && strcmp(wanted, title) == 0)
            return i;
    }
    return -1;
}

static bool maps_phone(const char *const *map)
{
    const char *column;

    for (; map && *map; map++)
        if (field_of_map(*map, &column) == FIELD_PHONE)
            return true;
    return false;
}

static void add_phone(struct headers *h, int column)
{
    if (h->phone_count < HEADERS_PHONES_MAX)
        h->phones[h->phone_count++] = column;
    h->column[FIELD_PHONE] = h->phones[0];
}

static void apply_map(const char *const *map, struct headers *h)
{
    for (; map && *map; map++) {
        const char *column = NULL;
        int f = field_of_map(*map, &column), i = f < 0 ? -1 : column_titled(h, column);

        if (i < 0)
            continue;
        if (f == FIELD_PHONE) {
            add_phone(h, i);
            continue;
        }
        for (int other = 0; other < FIELD_COUNT; other++)
            if (other != FIELD_PHONE && h->column[other] == i)
                h->column[other] = -1;
        h->column[f] = i;
    }
}

const char *headers_missing(const struct headers *h, const char *const *map)
{
    for (; map && *map; map++) {
        const char *column = NULL;

        if (field_of_map(*map, &column) >= 0 && column_titled(h, column) < 0)
            return column;
    }
    return NULL;
}

/* ---- a header ------------------------------------------------------------------------------- */

static bool is_taken(const struct headers *h, int before, const char *title)
{
    for (int i = 0; i < before; i++)
        if (strcmp(h->title[i], title) == 0)
            return true;
    return false;
}

/* Trimmed; a title that was there before gets a number. */
static void copy_title(struct headers *h, int column, const struct table_cell *cell)
{
    char *out = h->title[column], base[HEADERS_TITLE_MAX - 8];
    const char *from = cell->p, *end = cell->p + cell->len;
    size_t n, c;

    while (from < end && ((c = utf8_space(from, (size_t)(end - from))) ||
                          (c = utf8_invisible(from, (size_t)(end - from)))))
        from += c;
    n = utf8_cut(from, (size_t)(end - from), sizeof(base) - 1);
    memcpy(base, from, n);
    while (n > 0 && base[n - 1] == ' ')
        n--;
    base[n] = '\0';
    snprintf(out, HEADERS_TITLE_MAX, "%s", base);
    for (int i = 2; base[0] && i <= TABLE_COLUMNS_MAX && is_taken(h, column, out); i++)
        snprintf(out, HEADERS_TITLE_MAX, "%.*s %d", HEADERS_TITLE_MAX - 9, base, i % 10000);
}

static void start(struct headers *h, int columns)
{
    for (int f = 0; f < FIELD_COUNT; f++)
        h->column[f] = -1;
    h->phone_count = 0;
    h->columns = columns;
    h->letters = false;
    memset(h->remark, 0, sizeof(h->remark));
}

static void collect_phones(struct headers *h, const unsigned char ranks[TABLE_COLUMNS_MAX])
{
    for (int rank = 0; rank < PHONE_RANKS; rank++)
        for (int i = 0; i < h->columns; i++)
            if (ranks[i] == rank && !(rank == PHONE_WEAK && h->phone_count > 0))
                add_phone(h, i);
}

bool headers_read(const struct table_row *row, const char *const *map, struct headers *out)
{
    unsigned char ranks[TABLE_COLUMNS_MAX];

    start(out, row->count);
    for (int i = 0; i < row->count; i++) {
        char title[HEADERS_TITLE_MAX];

        copy_title(out, i, &row->cells[i]);
        normal(row->cells[i].p, row->cells[i].len, title, sizeof(title));
        /* A mended file of rejected rows comes back: what was written beside them is no data. */
        out->remark[i] =
            strcmp(title, "rejected row") == 0 || strcmp(title, "rejected because") == 0;
        ranks[i] = (unsigned char)rank_of(title);
        for (int f = FIELD_PHONE + 1; f < FIELD_COUNT; f++)
            if (out->column[f] < 0 && in_words(fields[f].words, title)) {
                out->column[f] = i;
                break;
            }
    }
    while (out->columns > 0 && !out->title[out->columns - 1][0])
        out->columns--; /* a row of separators trails */
    if (!maps_phone(map))
        collect_phones(out, ranks);
    apply_map(map, out);
    return out->phone_count > 0;
}

void headers_letters(const struct table_row *row, const char *const *map, struct headers *out)
{
    start(out, TABLE_COLUMNS_MAX);
    for (int i = 0; i < TABLE_COLUMNS_MAX; i++)
        if (i < 26)
            snprintf(out->title[i], HEADERS_TITLE_MAX, "%c", 'A' + i);
        else
            snprintf(out->title[i], HEADERS_TITLE_MAX, "%c%c", 'A' + i / 26 - 1, 'A' + i % 26);
    apply_map(map, out);
    out->columns = row->count;
    out->letters = true;
}

void headers_set_phone(struct headers *h, int column)
{
    h->phone_count = 0;
    add_phone(h, column);
}

bool headers_is_field(const struct headers *h, int column)
{
    for (int f = 0; f < FIELD_COUNT; f++)
        if (h->column[f] == column)
            return true;
    return false;
}

/* ---- in words ------------------------------------------------------------------------------- */

enum { DESCRIBE_KEPT = 8 };

struct line {
    char *out;
    size_t size, n;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *l, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    if (l->n < l->size)
        l->n += (size_t)vsnprintf(l->out + l->n, l->size - l->n, format, ap);
    va_end(ap);
}

static void describe_fields(const struct headers *h, struct line *l)
{
    for (int i = 0; i < h->phone_count; i++)
        add(l, "%s%s", i ? ", else " : "phone ← ", h->title[h->phones[i]]);
    for (int f = FIELD_PHONE + 1; f < FIELD_COUNT; f++)
        if (h->column[f] >= 0)
            add(l, "; %s ← %s", field_name((enum field)f), h->title[h->column[f]]);
}

void headers_describe(const struct headers *h, char *out, size_t size)
{
    struct line l = {out, size, 0};
    int kept = 0, untitled = 0;

    out[0] = '\0';
    describe_fields(h, &l);
    for (int i = 0; i < h->columns; i++) {
        if (h->remark[i] || headers_is_field(h, i))
            continue;
        if (!h->title[i][0])
            untitled++;
        else if (kept++ < DESCRIBE_KEPT)
            add(&l, "%s%s", kept > 1 ? ", " : "; kept: ", h->title[i]);
    }
    if (kept > DESCRIBE_KEPT)
        add(&l, " and %d more", kept - DESCRIBE_KEPT);
    if (untitled)
        add(&l, "; left out: %d without a title", untitled);
    utf8_mend_end(out);
}
