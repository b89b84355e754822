/* Header words. See headers.h. */
#include "contacts/headers.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/nearest.h"

static const struct {
    const char *name, *words;
} fields[FIELD_COUNT] = {
    [FIELD_PHONE] = {"phone",
                     "phone,phone number,mobile,mobile phone,mobile number,cell,cell phone,"
                     "cellphone,cellular,tel,telephone,number,msisdn,טלפון,מספר טלפון,נייד,"
                     "טלפון נייד,מספר נייד,סלולרי,סלולארי,טלפון סלולרי,פלאפון,מספר,טל"},
    [FIELD_NAME] = {"name", "name,full name,fullname,contact,contact name,שם,שם מלא,שם איש קשר"},
    [FIELD_FIRST_NAME] = {"first_name", "first name,firstname,first,given name,שם פרטי"},
    [FIELD_LAST_NAME] = {"last_name", "last name,lastname,last,surname,family name,שם משפחה,משפחה"},
    [FIELD_LANGUAGE] = {"language", "language,lang,שפה"},
    [FIELD_ZONE] = {"zone", "zone,time zone,timezone,tz,אזור זמן"},
    [FIELD_WINDOW] = {"window", "window,calling hours,call window,hours,שעות,שעות התקשרות"},
};

const char *field_name(enum field f)
{
    return fields[f].name;
}

const char *field_words(enum field f)
{
    return fields[f].words;
}

/* Lower case, one space for runs of space, underscore, dash; no marks, dots or colons. */
static void normal(const char *text, size_t len, char *out, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < len && n + 1 < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == 0xe2 && i + 2 < len && (unsigned char)text[i + 1] == 0x80) {
            i += 2; /* direction marks and other general punctuation */
            continue;
        }
        if (c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] == 0xa0) {
            i++;
            c = ' ';
        }
        if (c == '_' || c == '-' || isspace(c))
            c = ' ';
        if (strchr(".:*#\"'?", c) || (c == ' ' && (n == 0 || out[n - 1] == ' ')))
            continue;
        out[n++] = (char)tolower(c);
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

static bool in_words(const char *words, const char *text)
{
    size_t n = strlen(text);

    for (const char *p = words; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, text, n) == 0 && (p[n] == ',' || p[n] == '\0') && n > 0)
            return true;
    }
    return false;
}

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

    for (; map && *map; map++)
        if (field_of_map(*map, &column) < 0 || !*column)
            return error_set(err, -EINVAL, "--map",
                             "such as --map phone=\"Cell no.\"; the fields are phone, name, "
                             "first_name, last_name, language, zone, window",
                             "\"%s\" is not FIELD=COLUMN", *map);
    return 0;
}

static void apply_map(const char *const *map, struct headers *h)
{
    for (; map && *map; map++) {
        const char *column = NULL;
        int f = field_of_map(*map, &column);
        char wanted[64], title[64];

        if (f < 0)
            continue;
        normal(column, strlen(column), wanted, sizeof(wanted));
        for (int i = 0; i < h->columns; i++) {
            normal(h->title[i], strlen(h->title[i]), title, sizeof(title));
            if (strcmp(title, wanted) != 0)
                continue;
            for (int other = 0; other < FIELD_COUNT; other++)
                if (h->column[other] == i)
                    h->column[other] = -1;
            h->column[f] = i;
        }
    }
}

static bool maps_phone(const char *const *map)
{
    const char *column;

    for (; map && *map; map++)
        if (field_of_map(*map, &column) == FIELD_PHONE)
            return true;
    return false;
}

static void copy_title(char *out, size_t size, const char *text)
{
    size_t n = strnlen(text, size - 1);

    while (n > 0 && n == size - 1 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--; /* not in the middle of a letter */
    memcpy(out, text, n);
    out[n] = '\0';
}

bool headers_read(const struct table_row *row, const char *const *map, struct headers *out)
{
    bool told = maps_phone(map);

    for (int f = 0; f < FIELD_COUNT; f++)
        out->column[f] = -1;
    out->columns = row->count;
    for (int i = 0; i < row->count; i++) {
        char title[64];

        copy_title(out->title[i], sizeof(out->title[i]), row->cells[i].p);
        normal(row->cells[i].p, row->cells[i].len, title, sizeof(title));
        /* A mended file of rejected rows comes back: what was written beside them is no data. */
        if (strcmp(title, "rejected row") == 0 || strcmp(title, "rejected because") == 0)
            out->title[i][0] = '\0';
        for (int f = 0; f < FIELD_COUNT; f++)
            if (!(told && f == FIELD_PHONE) && out->column[f] < 0 &&
                in_words(fields[f].words, title)) {
                out->column[f] = i;
                break;
            }
    }
    apply_map(map, out);
    return out->column[FIELD_PHONE] >= 0;
}
