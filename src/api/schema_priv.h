/* A compiled schema: what schema.c makes and schema_check.c reads. */
#pragma once

#include <regex.h>
#include <stdint.h>

#include "api/schema.h"

enum schema_type {
    SCHEMA_NULL = 1,
    SCHEMA_BOOLEAN = 2,
    SCHEMA_INTEGER = 4,
    SCHEMA_NUMBER = 8, /* integers too */
    SCHEMA_STRING = 16,
    SCHEMA_ARRAY = 32,
    SCHEMA_OBJECT = 64,
};

enum schema_format {
    SCHEMA_FORMAT_NONE,
    SCHEMA_FORMAT_TIME,
    SCHEMA_FORMAT_EMAIL,
    SCHEMA_FORMAT_E164,
    SCHEMA_FORMAT_TEXT
};

struct schema_property {
    const char *name; /* in the document */
    const struct schema *schema;
    bool required;
};

struct schema {
    const json_t *json;        /* in the document: its identity */
    const struct schema *also; /* of $ref: holds besides */
    unsigned types;            /* 0: any */
    enum schema_format format;
    const json_t *values; /* enum */
    const json_t *constant, *fallback;
    regex_t *pattern; /* owned */
    const char *pattern_text, *description;
    double minimum, maximum;
    int64_t length_min, length_max; /* code points of a string; -1: none, as below */
    int64_t items_min, items_max, keys_min, keys_max;
    const struct schema *items, *key_schema, *rest; /* rest: of keys that are no properties */
    bool closed;                                    /* no others than properties */
    struct schema_property *properties;             /* owned */
    unsigned property_count;
    const struct schema **branches; /* owned: oneOf */
    unsigned branch_count;
};
