/* Which column of a table is which field: header words in English and Hebrew, or as told. */
#pragma once

#include "contacts/table.h"

enum field {
    FIELD_PHONE,
    FIELD_NAME,
    FIELD_FIRST_NAME,
    FIELD_LAST_NAME,
    FIELD_LANGUAGE,
    FIELD_ZONE,
    FIELD_WINDOW,
    FIELD_COUNT
};

enum { HEADERS_PHONES_MAX = 8, HEADERS_TITLE_MAX = 128, HEADERS_ROWS = 20 /* looked through */ };

struct headers {
    int column[FIELD_COUNT]; /* -1: absent; of phone the first to try */
    /* All with phone numbers, in the order to try them: as told, else mobile before others. */
    int phones[HEADERS_PHONES_MAX], phone_count;
    /* Of every column, each one once: the second "city" is "city 2". "" untitled. */
    char title[TABLE_COLUMNS_MAX][HEADERS_TITLE_MAX];
    bool remark[TABLE_COLUMNS_MAX]; /* what an earlier import wrote beside a rejected row */
    int columns;
    bool letters; /* there was no header: the titles are A, B, C … */
};

const char *field_name(enum field f);  /* "phone", "first_name" */
const char *field_words(enum field f); /* separated by ", ", those tried first first */
/* Is this row the header? map: "phone=Column header" …, NULL-terminated, may be NULL; phone may be
 * told more than once. False when no phone column is in it. */
bool headers_read(const struct table_row *row, const char *const *map, struct headers *out);
/* There is no header: columns are called A, B, C … as a spreadsheet does. Without a phone in map,
 * *out has none yet: see headers_set_phone. */
void headers_letters(const struct table_row *row, const char *const *map, struct headers *out);
void headers_set_phone(struct headers *h, int column);
/* Is it one of the fields' columns? Phones beyond the first are kept as columns too. */
bool headers_is_field(const struct headers *h, int column);
/* "phone ← נייד, else טלפון; name ← שם; kept: city, amount and 3 more". */
void headers_describe(const struct headers *h, char *out, size_t size);
/* 0, or -EINVAL when map itself is wrong. */
int headers_check_map(const char *const *map, struct error *err);
/* The first entry of map whose column is not in h; NULL: all are. */
const char *headers_missing(const struct headers *h, const char *const *map);
