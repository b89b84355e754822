/* The tables behind store/browse.h: for each view its columns, sorts and filters. */
#pragma once

#include <stdbool.h>

#include "store/browse.h"

/* How a column becomes JSON. */
enum view_kind {
    VIEW_INT,
    VIEW_INT_OR_NULL, /* null for 0 and NULL, as all …_OR_NULL */
    VIEW_REAL,
    VIEW_REAL_OR_NULL,
    VIEW_BOOL,
    VIEW_TEXT,
    VIEW_TEXT_OR_NULL,
    VIEW_TIME, /* wall ms; null for 0 and NULL */
    VIEW_NUMBER,
    VIEW_JSON,          /* JSON text; null when absent */
    VIEW_JSON_OR_EMPTY, /* {} when absent */
    VIEW_NUMBER_KIND,   /* enum number_kind */
    VIEW_ORIGIN,        /* zone_origin */
    VIEW_TARGET,        /* enum target_state */
    VIEW_TARGET_TEXT,
    VIEW_OUTCOME, /* enum disposition */
    VIEW_OUTCOME_OR_NULL,
    VIEW_OUTCOME_TEXT,
};

struct view_column {
    const char *name, *sql;
    enum view_kind kind;
};

enum { VIEW_KEYS_MAX = 3, VIEW_COLUMNS_MAX = 40, VIEW_FILTERS_MAX = 8 };

/* keys: expressions that together are unique. */
struct view_sort {
    const char *name;
    const char *keys[VIEW_KEYS_MAX];
};

/* condition: SQL with one ?. Or prefix_of: a column of numbers that must begin with these digits.
 */
struct view_filter {
    const char *name, *condition, *prefix_of;
};

struct view {
    const char *from; /* "a JOIN b ON …", with GROUP BY in group */
    const char *group;
    const struct view_column *columns; /* each list ends with a NULL name */
    const struct view_sort *sorts;     /* the first is the usual one */
    const struct view_filter *filters;
    bool backwards; /* the usual order */
};

extern const struct view sqlite_views[STORE_VIEW_COUNT];
