/* What the files of the api share beside call.h. */
#pragma once

#include "api/call.h"
#include "api/limit.h"

struct works;
struct live;

struct api {
    struct api_config config;
    struct http_server_config http;
    struct http_server *server;
    struct http_route *routes; /* owned */
    struct http_asset *assets; /* owned */
    struct schema_book *book;
    const struct schema **bodies;      /* owned: by operation */
    const struct schema ***parameters; /* owned: by operation and parameter */
    struct limiter *limiter;
    struct works *works; /* work in the background */
    struct live *live;
    char spool[600];
};

/* parameter.c: fills parameters and body. False: answered with what is wrong. */
bool api_read_parameters(struct api_call *c);
bool api_read_body(struct api_call *c);
/* access.c: who asks, may they, not too often. False: answered. */
bool api_admit(struct api_call *c, bool count);
/* The same for a WebSocket; token: of the request's life. */
bool api_admit_socket(struct api *a, void *worker, struct http_request *r,
                      const struct api_operation *op, struct principal *who, const char **token);
/* change.c: the answer kept for this Idempotency-Key, if there is one. False: answered. */
bool api_new_request(struct api_call *c);
/* answer.c: sends what the handler answered. */
void api_send(struct api_call *c);
unsigned api_operation_index(const struct api_operation *op);
