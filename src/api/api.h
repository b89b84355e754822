/* The HTTP API: the operations of schema/openapi.yaml on the server of http/. Handlers call the
 * parts that hold the rules; there are none here.
 *
 * Life: api_new binds the address, api_start serves, api_stop ends gracefully (uploads and requests
 * in work are finished), api_free. What it is given must outlive it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "campaign/rehearsal.h"
#include "campaign/runs.h"
#include "event/bus.h"
#include "event/monitor.h"
#include "event/webhook.h"
#include "http/server.h"
#include "identity/identity.h"
#include "store/writer.h"

struct api;

struct api_config {
    const char *data_dir; /* with the folders audio, uploads, reports */
    const char *store_url;
    const struct clock *clock;
    struct store_writer *writer;
    struct identity *identity;
    struct host *host;
    struct runs *runs;
    struct rehearsals *rehearsals;
    struct bus *bus;
    struct monitor *monitor;
    struct tracer *tracer; /* NULL: no traces */
    struct webhooks *webhooks;
    bool webhooks_private; /* they may go to this machine and its networks */
    bool no_rates;         /* no limits on the rate of requests: for measurements */
    /* Address, TLS, sizes, times; the api fills in routes, callbacks and the socket. Its routes
     * are served besides, through its handle with its arg. */
    const struct http_server_config *http;
};

int api_new(struct api **out, const struct api_config *config, struct error *err);
int api_start(struct api *a, struct error *err);
uint16_t api_port(const struct api *a);
struct http_server *api_http(struct api *a);
void api_stop(struct api *a, int grace_ms);
void api_free(struct api *a); /* NULL-safe */
