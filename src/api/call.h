/* One request on its way through an operation: what handlers are given and how they answer. It
 * belongs to its worker thread; api_change lends it to the store's writer while it waits. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/api.h"
#include "api/operation.h"
#include "api/schema.h"
#include "phone/number.h"
#include "store/browse.h"

/* What each worker thread has of its own. */
struct api_worker {
    struct api *api;
    struct store *store;           /* owned; for reading */
    struct number_parser *numbers; /* owned */
};

struct api_call {
    struct api *api;
    const struct api_config *config;
    struct api_worker *worker;
    struct store *store; /* the worker's */
    struct http_request *request;
    const struct api_operation *op;
    const struct trace_context *trace; /* of its span; NULL: no traces */
    struct principal who;              /* user 0: nobody */
    bool by_cookie;
    json_t *body;       /* owned; NULL: none */
    json_t *parameters; /* owned; by name, with defaults */
    struct schema_faults faults;

    /* The answer. status 0: none yet. */
    int status;
    json_t *answer; /* owned; NULL: no body */
    bool sent;      /* the handler replied by itself (files) */
    bool problem;
    char tag[32], location[96];
    /* For the audit: what was changed, and how. */
    char object[96], detail[256];
    /* What a handler has made ready for its change; borrowed. */
    char upload[64];
    const struct prompt *prompt;
    const struct campaign *campaign;
    int64_t flow_version;
    const char *idempotency; /* the key, NULL: none */
    char request_hash[65];
};

/* ---- what was asked ------------------------------------------------------------------------- */

bool api_has(const struct api_call *c, const char *parameter);
int64_t api_int(const struct api_call *c, const char *parameter);      /* 0 when absent */
const char *api_text(const struct api_call *c, const char *parameter); /* NULL when absent */
bool api_flag(const struct api_call *c, const char *parameter);
int64_t api_time(const struct api_call *c, const char *parameter);    /* wall ms, 0 when absent */
uint64_t api_number(const struct api_call *c, const char *parameter); /* E.164 digits */
/* Of the body: NULL when absent or null. */
const char *api_body_text(const struct api_call *c, const char *key);
int64_t api_body_int(const struct api_call *c, const char *key, int64_t fallback);
bool api_body_flag(const struct api_call *c, const char *key);
int64_t api_body_time(const struct api_call *c, const char *key); /* 0 when absent */

/* ---- answers: all return 0, so that a handler can end with one --------------------------------
 */

int api_answer(struct api_call *c, int status, json_t *owned); /* NULL: no body */
/* With an ETag of the content: GET then knows If-None-Match. */
int api_answer_tagged(struct api_call *c, int status, json_t *owned);
__attribute__((format(printf, 2, 3))) void api_location(struct api_call *c, const char *format,
                                                        ...);
/* A problem with one fault. pointer: into the body, "?NAME" of a parameter, "" of neither. */
__attribute__((format(printf, 5, 6))) int api_refuse(struct api_call *c, int status,
                                                     const char *pointer, const char *remedy,
                                                     const char *format, ...);
/* The same from what a part below said; under: the pointer that its place is below. A place such as
 * "stored campaign: pace.max_calls" becomes a pointer. */
int api_refuse_error(struct api_call *c, int status, const char *under, const struct error *err);
/* All that is in c->faults. */
int api_refuse_faults(struct api_call *c, int status);
/* -ENOENT: 404; a store that fails: 503; what is not foreseen: 500, and a line in the log. */
int api_fault(struct api_call *c, int rc);
int api_missing(struct api_call *c); /* 404: there is no such thing */

/* ---- reading -------------------------------------------------------------------------------- */

enum { API_FILTERS_MAX = 12 };

struct api_filters {
    struct store_filter list[API_FILTERS_MAX];
    unsigned count;
};

void api_filter_number(struct api_filters *f, const char *name, int64_t number);
void api_filter_text(struct api_filters *f, const char *name, const char *text);
/* From the parameter of that name, when it is there. */
void api_filter_ints(struct api_filters *f, const struct api_call *c, const char *name);
void api_filter_texts(struct api_filters *f, const struct api_call *c, const char *name);
void api_filter_times(struct api_filters *f, const struct api_call *c); /* from, until */

/* Answers with a page, as limit, cursor and sort say. each (may be NULL) completes an item. */
int api_page(struct api_call *c, enum store_view view, const struct api_filters *f,
             int (*each)(struct api_call *c, json_t *item));
/* Answers with all, as {"items": […]}. */
int api_all(struct api_call *c, enum store_view view, const struct api_filters *f);
/* Answers with the thing whose id is the path's. tagged: with an ETag. */
int api_one(struct api_call *c, enum store_view view, bool tagged);

/* ---- changes -------------------------------------------------------------------------------- */

/* Runs fn in the store's writer: its changes, the line of the audit and the answer kept for the
 * Idempotency-Key are one transaction, and the answer is sent once it is on disk. fn answers; with
 * a refusal (or a negative errno) nothing is changed. It must not block: calls wait for the writer.
 */
int api_change(struct api_call *c, int (*fn)(struct api_call *c, struct store *s));
/* For what changed by other ways than api_change: the audit, and the kept answer. */
int api_changed(struct api_call *c);
/* Does If-Match name this? When not, answers 412. */
bool api_match(struct api_call *c, json_t *owned);
/* The end of a removal of what the path's id names, what being its kind ("list"): 204, or with
 * -EBUSY 409 in the words of used. */
int api_removed(struct api_call *c, int rc, const char *what, const char *used, const char *remedy);
/* What changed, for the audit. */
__attribute__((format(printf, 2, 3))) void api_object(struct api_call *c, const char *format, ...);
__attribute__((format(printf, 2, 3))) void api_detail(struct api_call *c, const char *format, ...);

/* A path in the data folder. False (and a 500) when it is too long. */
__attribute__((format(printf, 4, 5))) bool api_path(struct api_call *c, char *out, size_t size,
                                                    const char *format, ...);
