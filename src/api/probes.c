/* What watches the service from outside: /healthz and /readyz for whoever starts and balances it,
 * /metrics for Prometheus. Beside the contract: their paths and forms are the custom. */
#include "api/probes.h"

#include <stdio.h>
#include <string.h>

#include "api/api_priv.h"
#include "base/metric.h"
#include "event/monitor.h"

enum { PAGE_MAX = 8 << 20 };

static void health(struct api *a, struct http_request *r)
{
    if (monitor_live(a->config.monitor))
        http_reply_json(r, 200, json_pack("{s:s}", "status", "ok"));
    else
        http_reply_problem(r, 503, "the monitor does not answer");
}

static void readiness(struct api *a, struct http_request *r)
{
    char why[200];

    if (monitor_ready(a->config.monitor, why, sizeof(why)))
        http_reply_json(r, 200, json_pack("{s:s}", "status", "ready"));
    else
        http_reply_problem(r, 503, error_clean(why));
}

/* On this machine, and not handed on by a proxy. */
static bool from_here(const struct http_request *r)
{
    const char *peer = http_peer(r);

    return !http_header(r, "x-forwarded-for") && !http_header(r, "forwarded") &&
           (strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0 || strcmp(peer, "unix") == 0);
}

static void metrics(struct api *a, void *worker, struct http_request *r)
{
    static const struct api_operation operation = {.id = "getPrometheus",
                                                   .method = "GET",
                                                   .path = "/metrics",
                                                   .role = ROLE_ANALYST,
                                                   .scope = SCOPE_LIVE_READ};
    struct buf page = {.max = PAGE_MAX};
    struct principal who;
    const char *token;
    int rc;

    if (!from_here(r) && !api_admit_socket(a, worker, r, &operation, &who, &token))
        return;
    rc = metric_write(&page);
    http_reply_header(r, "Cache-Control", "no-store");
    if (rc)
        http_reply_problem(r, 500, strerror(-rc));
    else
        http_reply(r, 200, METRIC_CONTENT_TYPE, page.data, page.len);
    buf_free(&page);
}

void probes_routes(struct http_route out[PROBES])
{
    out[0] = (struct http_route){
        .method = "GET", .path = "/healthz", .flags = HTTP_ROUTE_INLINE | HTTP_ROUTE_QUIET};
    out[1] = (struct http_route){
        .method = "GET", .path = "/readyz", .flags = HTTP_ROUTE_INLINE | HTTP_ROUTE_QUIET};
    out[2] = (struct http_route){.method = "GET", .path = "/metrics", .flags = HTTP_ROUTE_QUIET};
}

bool probes_handle(struct api *a, void *worker, struct http_request *r)
{
    const char *path = http_route(r)->path;

    if (strcmp(path, "/healthz") == 0)
        health(a, r);
    else if (strcmp(path, "/readyz") == 0)
        readiness(a, r);
    else if (strcmp(path, "/metrics") == 0)
        metrics(a, worker, r);
    else
        return false;
    return true;
}

/* ---- what the API counts --------------------------------------------------------------------- */

void probes_observe(void *arg, struct http_request *r, int status, uint64_t bytes, int64_t us)
{
    const struct http_route *route = http_route(r);
    const struct api_operation *op = route ? route->user : NULL;
    const char *what = op ? op->id : route ? route->path : "file";
    char code[8] = "gone";

    (void)arg, (void)bytes;
    if (status)
        snprintf(code, sizeof(code), "%d", status);
    metric_add(metric2(METRIC_HTTP_REQUESTS, what, code), 1);
    if (op)
        metric_observe(metric1(METRIC_HTTP_SECONDS, what), us);
}

void probes_collect(void *arg, struct metric_page *page)
{
    struct http_server_stats s;

    http_server_stats(((struct api *)arg)->server, &s);
    metric_sample(page, METRIC_HTTP_CONNECTIONS, NULL, NULL, s.connections);
    metric_sample(page, METRIC_HTTP_SOCKETS, NULL, NULL, s.sockets);
}
