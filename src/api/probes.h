/* /healthz, /readyz and /metrics, and what the API counts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "http/server.h"

struct api;
struct metric_page;

enum { PROBES = 3 };

void probes_routes(struct http_route out[PROBES]);
/* False: the route is none of them. */
bool probes_handle(struct api *a, void *worker, struct http_request *r);
/* As observe of http_server_config. */
void probes_observe(void *arg, struct http_request *r, int status, uint64_t bytes, int64_t us);
/* A collector (base/metric.h); arg: a struct api. */
void probes_collect(void *arg, struct metric_page *page);
