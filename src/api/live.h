/* /api/live: figures each second, progress of campaigns, events by subscription, over WebSocket. A
 * slow reader is asked later and skips figures; events wait for it in the bus's ring, and what it
 * missed there is told as a gap. */
#pragma once

#include "api/api.h"

struct live;

extern const struct http_socket_ops live_socket;

/* api: for its configuration; also the arg of the socket's callbacks. */
int live_new(struct live **out, struct api *api, struct error *err);
int live_start(struct live *l, struct http_server *server, struct error *err);
void live_stop(struct live *l);
void live_free(struct live *l);        /* NULL-safe; the server is gone */
unsigned live_readers(struct live *l); /* any thread */
/* The figures of this moment, as sent to "metrics". Any thread. */
json_t *live_metrics(struct api *api);
