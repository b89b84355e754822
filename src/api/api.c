/* The life of the API, its routes, and the way of a request: admitted, read, not known already,
 * handled, answered. */
#include "api/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_priv.h"
#include "api/docs.h"
#include "api/document.h"
#include "api/live.h"
#include "api/probes.h"
#include "api/works.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metric.h"

unsigned api_operation_index(const struct api_operation *op)
{
    return (unsigned)(op - api_operations);
}

/* ---- a request ------------------------------------------------------------------------------ */

static void call_init(struct api_call *c, struct api *a, struct api_worker *w,
                      struct http_request *r)
{
    memset(c, 0, sizeof(*c));
    c->api = a;
    c->config = &a->config;
    c->worker = w;
    c->store = w->store;
    c->request = r;
    c->op = http_route(r)->user;
    c->parameters = json_object();
}

static void call_done(struct api_call *c)
{
    json_decref(c->parameters);
    json_decref(c->body);
    json_decref(c->answer);
    explicit_bzero(c, sizeof(*c));
}

/* Before the body of an upload is taken. What is right here is looked at again with the body. */
static bool admit(void *arg, void *worker, struct http_request *r)
{
    struct api_call c;
    bool right;

    call_init(&c, arg, worker, r);
    right = api_admit(&c, true) && api_read_parameters(&c);
    if (!right)
        api_send(&c);
    else
        http_set_data(r, arg, NULL); /* counted */
    call_done(&c);
    return right;
}

/* Returns the status that was answered; 0: the handler replied by itself. */
static int answer(struct api *a, void *worker, struct http_request *r,
                  const struct trace_context *trace)
{
    struct api_call c;
    int status;

    call_init(&c, a, worker, r);
    c.trace = trace;
    if (api_admit(&c, !http_data(r)) && api_read_parameters(&c) && api_read_body(&c) &&
        api_new_request(&c)) {
        int rc = c.op->handle(&c);

        if (rc)
            api_fault(&c, rc);
    }
    api_send(&c);
    status = c.status;
    call_done(&c);
    return status;
}

/* The same under a span, below that of the client when it sends one (W3C Trace Context). */
static void answer_traced(struct api *a, void *worker, struct http_request *r)
{
    const struct api_operation *op = http_route(r)->user;
    struct trace_context parent;
    struct trace_span span;
    char name[TRACE_TEXT_MAX];
    int status;

    trace_parent_read(http_header(r, "traceparent"), &parent);
    snprintf(name, sizeof(name), "%s %s", op->method, op->path);
    trace_begin(a->config.tracer, &span, name, TRACE_SERVER, &parent);
    trace_text(&span, "http.request.method", op->method);
    trace_text(&span, "http.route", op->path);
    trace_text(&span, "kolcast.operation", op->id);
    trace_text(&span, "kolcast.request.id", http_id(r));
    status = answer(a, worker, r, &span.context);
    if (status)
        trace_number(&span, "http.response.status_code", status);
    if (status >= 500)
        trace_fail(&span, http_status_text(status));
    trace_end(a->config.tracer, &span);
}

static void handle(void *arg, void *worker, struct http_request *r)
{
    struct api *a = arg;

    if (http_route(r)->user && a->config.tracer)
        answer_traced(a, worker, r);
    else if (http_route(r)->user)
        answer(a, worker, r, NULL);
    else if (!probes_handle(a, worker, r))
        a->config.http->handle(a->config.http->arg, worker, r);
}

/* ---- worker threads ------------------------------------------------------------------------- */

static void worker_close(void *arg, void *worker)
{
    struct api_worker *w = worker;

    (void)arg;
    if (!w)
        return;
    store_close(w->store);
    number_parser_free(w->numbers);
    free(w);
}

static int worker_open(void *arg, void **out)
{
    struct api *a = arg;
    struct api_worker *w = calloc(1, sizeof(*w));
    struct error err = {0};
    int rc;

    if (!w)
        return -ENOMEM;
    w->api = a;
    rc = store_open(a->config.store_url, a->config.clock, &w->store, &err);
    if (!rc)
        rc = number_parser_new(&w->numbers);
    if (rc) {
        log_error("a worker cannot open the store", "error=\"%s\"", err.message);
        worker_close(a, w);
        return rc;
    }
    *out = w;
    return 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

static int compile_operation(struct api *a, unsigned i, struct error *err)
{
    const struct api_operation *op = &api_operations[i];
    int rc = op->body_schema ? schema_book_get(a->book, op->body_schema, &a->bodies[i], err) : 0;

    a->parameters[i] = calloc(op->parameter_count + 1, sizeof(struct schema *));
    if (!a->parameters[i])
        return -ENOMEM;
    for (unsigned p = 0; !rc && p < op->parameter_count; p++)
        rc = schema_book_get(a->book, op->parameters[p].schema, &a->parameters[i][p], err);
    return rc;
}

static int compile(struct api *a, struct error *err)
{
    int rc = schema_book_new(&a->book, api_document, api_document_size, err);

    a->bodies = calloc(api_operation_count, sizeof(struct schema *));
    a->parameters = calloc(api_operation_count, sizeof(struct schema **));
    if (!a->bodies || !a->parameters)
        return -ENOMEM;
    for (unsigned i = 0; !rc && i < api_operation_count; i++)
        rc = compile_operation(a, i, err);
    return rc;
}

/* The caller's assets (the web application) and ours. */
static int make_assets(struct api *a)
{
    unsigned others = a->config.http->asset_count;

    a->assets = calloc(DOCS_ASSETS + others, sizeof(*a->assets));
    if (!a->assets)
        return -ENOMEM;
    docs_assets(a->assets);
    if (others)
        memcpy(a->assets + DOCS_ASSETS, a->config.http->assets, others * sizeof(*a->assets));
    a->http.assets = a->assets;
    a->http.asset_count = DOCS_ASSETS + others;
    return 0;
}

static int make_routes(struct api *a)
{
    unsigned others = a->config.http->route_count;

    a->routes = calloc(api_operation_count + PROBES + others, sizeof(*a->routes));
    if (!a->routes)
        return -ENOMEM;
    for (unsigned i = 0; i < api_operation_count; i++) {
        const struct api_operation *op = &api_operations[i];

        a->routes[i] = (struct http_route){.method = op->method,
                                           .path = op->path,
                                           .body_max = op->body_max,
                                           .flags = op->spool ? HTTP_ROUTE_SPOOL : 0,
                                           .user = op};
    }
    probes_routes(a->routes + api_operation_count);
    for (unsigned i = 0; i < others; i++)
        a->routes[api_operation_count + PROBES + i] = a->config.http->routes[i];
    a->http.routes = a->routes;
    a->http.route_count = api_operation_count + PROBES + others;
    return 0;
}

int api_new(struct api **out, const struct api_config *config, struct error *err)
{
    struct api *a = calloc(1, sizeof(*a));
    int rc;

    if (!a)
        return -ENOMEM;
    a->config = *config;
    a->http = *config->http;
    snprintf(a->spool, sizeof(a->spool), "%s/spool", config->data_dir);
    rc = file_mkdirs(a->spool, err);
    if (!rc)
        rc = compile(a, err);
    if (!rc)
        rc = make_routes(a);
    if (!rc)
        rc = make_assets(a);
    if (!rc)
        rc = limiter_new(&a->limiter);
    if (!rc)
        rc = works_new(&a->works, &a->config, err);
    if (!rc)
        rc = live_new(&a->live, a, err);
    a->http.socket = &live_socket;
    a->http.socket_path = "/api/live";
    a->http.spool_dir = a->spool;
    a->http.handle = handle;
    a->http.admit = admit;
    a->http.observe = probes_observe;
    a->http.worker_open = worker_open;
    a->http.worker_close = worker_close;
    a->http.arg = a;
    if (!rc)
        rc = http_server_new(&a->server, &a->http, err);
    if (rc) {
        api_free(a);
        return rc;
    }
    if (metric_collector_add(probes_collect, a))
        log_warn("connections will not be on the page of metrics", "");
    *out = a;
    return 0;
}

int api_start(struct api *a, struct error *err)
{
    int rc = works_start(a->works, err);

    if (!rc)
        rc = http_server_start(a->server, err);
    return rc ? rc : live_start(a->live, a->server, err);
}

uint16_t api_port(const struct api *a)
{
    return http_server_port(a->server);
}

struct http_server *api_http(struct api *a)
{
    return a->server;
}

void api_stop(struct api *a, int grace_ms)
{
    live_stop(a->live);
    http_server_stop(a->server, grace_ms);
    works_stop(a->works);
}

void api_free(struct api *a)
{
    if (!a)
        return;
    metric_collector_remove(probes_collect, a);
    http_server_free(a->server);
    live_free(a->live);
    works_free(a->works);
    limiter_free(a->limiter);
    for (unsigned i = 0; a->parameters && i < api_operation_count; i++)
        free(a->parameters[i]);
    free(a->parameters);
    free(a->bodies);
    free(a->routes);
    free(a->assets);
    schema_book_free(a->book);
    free(a);
}
