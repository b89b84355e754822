/* What is shown: pages of everything the store keeps, filtered and sorted, and single things, as
 * JSON objects in the API's terms (schema/openapi.yaml): snake_case names, ISO times, E.164
 * numbers, words for states. Reading only.
 *
 * Pages go by keys, not by offsets: each begins after the last row of the one before, so that what
 * is added or removed meanwhile makes nothing appear twice or go missing. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct store;

enum store_view {
    STORE_VIEW_LIST,
    STORE_VIEW_CONTACT,
    STORE_VIEW_IMPORT,
    STORE_VIEW_REJECT,
    STORE_VIEW_BLACK,
    STORE_VIEW_BLACK_LIST, /* the lists there are */
    STORE_VIEW_BLACK_HISTORY,
    STORE_VIEW_BLACK_IMPORT,
    STORE_VIEW_AUDIO,
    STORE_VIEW_FLOW, /* the newest version, without its graph */
    STORE_VIEW_FLOW_VERSION,
    STORE_VIEW_CAMPAIGN,
    STORE_VIEW_CAMPAIGN_ITEM, /* with its figures, without its content */
    STORE_VIEW_CAMPAIGN_SIDE, /* what its calls led to */
    STORE_VIEW_PERSON,
    STORE_VIEW_STEP,
    STORE_VIEW_PACE,
    STORE_VIEW_CALL,
    STORE_VIEW_CALL_DETAIL,
    STORE_VIEW_MESSAGE,
    STORE_VIEW_REPORT,
    STORE_VIEW_TRUNK,
    STORE_VIEW_USER,
    STORE_VIEW_SESSION,
    STORE_VIEW_KEY,
    STORE_VIEW_AUDIT,
    STORE_VIEW_WEBHOOK, /* without its secret */
    STORE_VIEW_DELIVERY,
    STORE_VIEW_ALERT,
    STORE_VIEW_COUNT
};

/* The filters a view knows are named in its table (sqlite/views.c): another one is a bug and
 * asserts. text NULL: number is the value. */
struct store_filter {
    const char *name;
    const char *text;
    int64_t number;
};

enum { STORE_PAGE_MAX = 1000, STORE_CURSOR_MAX = 1024 };

struct store_page {
    unsigned limit;     /* 1 … STORE_PAGE_MAX */
    const char *sort;   /* a name of the view's table, "-name" backwards; NULL: its first */
    const char *cursor; /* what next said; NULL: from the start */
    char next[STORE_CURSOR_MAX]; /* out: "" after the last page */
};

/* Appends a page's objects to items. -EINVAL: the cursor is none of this view and sort. */
int store_browse(struct store *s, enum store_view view, const struct store_filter *filters,
                 unsigned count, struct store_page *page, json_t *items);
/* The first that passes the filters; -ENOENT. The caller owns it; NULL: is there one? */
int store_look(struct store *s, enum store_view view, const struct store_filter *filters,
               unsigned count, json_t **out);
/* By its id. */
int store_look_id(struct store *s, enum store_view view, int64_t id, json_t **out);
/* All, without pages; fn (nonzero stops) is lent each. For exports. */
int store_show_all(struct store *s, enum store_view view, const struct store_filter *filters,
                   unsigned count, int (*fn)(void *arg, const json_t *one), void *arg);
