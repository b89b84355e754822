/* The operations of the contract, as tools/gen-openapi.py makes them of schema/openapi.yaml. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "identity/role.h"

struct api_call;

enum api_place { API_IN_PATH, API_IN_QUERY, API_IN_HEADER };

struct api_parameter {
    const char *name;
    enum api_place place;
    bool required;
    const char *schema; /* JSON pointer into the document */
};

struct api_operation {
    const char *id, *method, *path;
    enum role role; /* the least one; ROLE_NONE: public */
    int scope;      /* of an API key; -1: no key may */
    unsigned rate;  /* index into api_rates */
    const struct api_parameter *parameters;
    unsigned parameter_count;
    const char *const *body_types; /* media types, NULL-terminated; NULL: no body */
    size_t body_max;               /* bytes */
    bool body_required, spool;     /* spool: the body is a file */
    const char *body_schema;       /* JSON pointer; NULL: the body is not JSON */
    bool idempotent, if_match;     /* takes an Idempotency-Key, needs an If-Match */
    bool any_query;                /* parameters that it does not know are passed over */
    const char *audit;             /* the action in the audit trail; NULL: it leaves no line here */
    /* Answers the call. Returns 0, or a negative errno that becomes a problem. */
    int (*handle)(struct api_call *c);
};

struct api_rate {
    const char *name;
    double per_second;
    unsigned burst;
};

extern const struct api_operation api_operations[];
extern const unsigned api_operation_count;
extern const struct api_rate api_rates[];
extern const unsigned api_rate_count;
