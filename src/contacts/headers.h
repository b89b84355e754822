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

struct headers {
    int column[FIELD_COUNT];           /* -1: absent */
    char title[TABLE_COLUMNS_MAX][64]; /* of every column, "" untitled */
    int columns;
};

const char *field_name(enum field f);  /* "phone", "first_name" */
const char *field_words(enum field f); /* comma-separated */
/* Is this row the header? map as in struct import_options. False when no phone column is in it. */
bool headers_read(const struct table_row *row, const char *const *map, struct headers *out);
/* 0, or -EINVAL when map itself is wrong. */
int headers_check_map(const char *const *map, struct error *err);
