/* What happens to a request between its head and its reply, whatever protocol carries it:
 *
 *   head ─▶ refused (400, 404, 405, 413 …), OPTIONS, an asset      ─────────────────┐
 *        ─▶ WebSocket: a worker opens it                                            │
 *        ─▶ body in memory, or admitted by a worker and spooled to a file           ├─▶ reply
 *        ─▶ inline handler, or queue ─▶ worker ─▶ back by message    ───────────────┘
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/http_priv.h"

enum { PROGRESS_US = 100000 };

static void send_reply(struct http_request *r)
{
    if (!r->reply.status) {
        log_error("a handler gave no reply", "method=%s path=%s", r->method, http_path(r));
        http_reply_problem(r, 500, NULL);
    }
    request_set_state(r, REQUEST_REPLY);
    r->conn->proto->reply(r->conn, r);
}

void exchange_refuse(struct http_request *r, int status, const char *detail)
{
    http_reply_problem(r, status, detail);
    send_reply(r);
}

static void busy(struct http_request *r)
{
    struct http_server *s = r->server;

    atomic_fetch_add_explicit(&s->refused_busy, 1, memory_order_relaxed);
    http_reply_header(r, "Retry-After", "1");
    exchange_refuse(r, 503, "The server is busy. Try again in a moment.");
}

static void post(struct http_request *r, enum job job)
{
    request_set_state(r, job == JOB_ADMIT ? REQUEST_ADMIT : REQUEST_WORK);
    if (pool_post(r->server->pool, r, job))
        busy(r);
}

static void dispatch(struct http_request *r)
{
    struct http_server *s = r->server;

    if (!(r->route->flags & HTTP_ROUTE_INLINE)) {
        post(r, JOB_HANDLE);
        return;
    }
    request_set_state(r, REQUEST_WORK);
    s->c.handle(s->c.arg, NULL, r);
    send_reply(r);
}

/* ---- head ----------------------------------------------------------------------------------- */

static void options(struct http_request *r, const char *allow)
{
    const char *wanted = http_header(r, "access-control-request-headers");

    http_reply_header(r, "allow", allow);
    if (r->server->c.cors_origins && http_header(r, "access-control-request-method")) {
        http_reply_header(r, "access-control-allow-methods", allow);
        if (wanted)
            http_reply_header(r, "access-control-allow-headers", wanted);
        http_reply_header(r, "access-control-max-age", "600");
    }
    reply_static(r, 204, NULL, NULL, 0);
    send_reply(r);
}

static void other_method(struct http_request *r, const char *allow)
{
    char detail[256];

    if (!strcmp(r->method, "OPTIONS")) {
        options(r, allow);
        return;
    }
    http_reply_header(r, "allow", allow);
    snprintf(detail, sizeof(detail), "%s is not possible here. Possible: %s.", r->method, allow);
    exchange_refuse(r, 405, detail);
}

static void no_route(struct http_request *r)
{
    if (assets_serve(r))
        send_reply(r);
    else if (assets_have(r))
        other_method(r, "GET, HEAD, OPTIONS");
    else
        exchange_refuse(r, 404, "There is nothing at this path.");
}

static bool parse_target(struct http_request *r)
{
    const char *target = r->target, *question = strchrnul(target, '?');

    if (url_parse_path(r->arena, target, (size_t)(question - target), &r->path)) {
        exchange_refuse(r, 400,
                        "The path is not acceptable: a bad %-escape, a \".\" or \"..\" segment, an "
                        "escaped slash, a control character or no UTF-8.");
        return false;
    }
    if (*question && url_parse_query(r->arena, question + 1, strlen(question + 1), &r->query)) {
        exchange_refuse(r, 400,
                        "The query is not acceptable: a bad %-escape, no UTF-8, or too many "
                        "parameters.");
        return false;
    }
    return true;
}

static bool is_socket_path(const struct http_request *r)
{
    const struct http_server_config *c = &r->server->c;

    return c->socket && !strcmp(c->socket_path, r->path.text);
}

static void open_socket(struct http_request *r, bool has_body)
{
    if (has_body) {
        exchange_refuse(r, 413, "A WebSocket handshake has no body.");
        return;
    }
    if (!socket_handshake_ok(r)) {
        send_reply(r);
        return;
    }
    r->body_ended = true;
    if (socket_new(r))
        busy(r);
    else
        post(r, JOB_SOCKET);
}

static void take_body(struct http_request *r, bool has_body)
{
    struct http_server *s = r->server;
    uint64_t max = r->route->body_max;
    char detail[128];

    if (has_body && (!max || (r->body_total > 0 && (uint64_t)r->body_total > max))) {
        snprintf(detail, sizeof(detail),
                 "The body is too large. At most %llu bytes are taken here.",
                 (unsigned long long)max);
        exchange_refuse(r, 413, detail);
        return;
    }
    if (r->route->flags & HTTP_ROUTE_SPOOL) {
        r->body_ended = !has_body;
        if (spool_new(r))
            busy(r);
        else
            post(r, JOB_ADMIT);
    } else if (!has_body) {
        r->body_ended = true;
        dispatch(r);
    } else if (r->body_total > 0 &&
               s->body_memory + (uint64_t)r->body_total > s->c.body_memory_max) {
        busy(r);
    } else {
        request_set_state(r, REQUEST_BODY);
        r->conn->proto->flow(r->conn, r, 0);
    }
}

void exchange_head(struct http_request *r, bool has_body)
{
    char allow[128];
    int found;

    atomic_fetch_add_explicit(&r->server->requests, 1, memory_order_relaxed);
    r->head = !strcmp(r->method, "HEAD");
    request_identify(r);
    if (!strcmp(r->target, "*")) {
        if (!strcmp(r->method, "OPTIONS"))
            options(r, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        else
            exchange_refuse(r, 400, "\"*\" is a target for OPTIONS alone.");
        return;
    }
    if (!parse_target(r))
        return;
    if (is_socket_path(r)) {
        open_socket(r, has_body);
        return;
    }
    found = router_match(r->server->router, r, allow, sizeof(allow));
    if (found == ROUTE_FOUND)
        take_body(r, has_body);
    else if (found == ROUTE_OTHER_METHOD)
        other_method(r, allow);
    else
        no_route(r);
}

/* ---- body ----------------------------------------------------------------------------------- */

/* False: cancelled, and replied. */
static bool progress(struct http_request *r)
{
    struct http_server *s = r->server;

    r->progress_us = loop_now_us(s->loop);
    if (!r->spool || !s->c.progress)
        return true;
    if (s->c.progress(s->c.arg, r, r->body_got, r->body_total > 0 ? (uint64_t)r->body_total : 0))
        return true;
    exchange_refuse(r, 409, "The upload was cancelled.");
    return false;
}

static void to_memory(struct http_request *r, const char *data, size_t len)
{
    struct http_server *s = r->server;

    if (s->body_memory + len > s->c.body_memory_max || buf_append(&r->body, data, len)) {
        busy(r);
        return;
    }
    s->body_memory += len;
    r->conn->proto->flow(r->conn, r, len);
}

/* A worker has the request (admit): only what the loop keeps of it is touched. */
static void to_spool(struct http_request *r, const char *data, size_t len)
{
    if (spool_append(r, data, len)) {
        if (r->state == REQUEST_BODY)
            busy(r);
        else
            r->body_failed = true;
        return;
    }
    if (r->state != REQUEST_BODY)
        return;
    spool_write(r, false);
    if (loop_now_us(r->server->loop) - r->progress_us >= PROGRESS_US)
        progress(r);
}

void exchange_body(struct http_request *r, const char *data, size_t len)
{
    if (r->state != REQUEST_BODY && r->state != REQUEST_ADMIT)
        return; /* it has its reply already */
    r->body_got += len;
    r->moved_us = loop_now_us(r->server->loop);
    if (r->state == REQUEST_BODY && r->body_got > r->route->body_max) {
        exchange_refuse(r, 413, "The body is larger than what is taken here.");
        return;
    }
    if (r->spool)
        to_spool(r, data, len);
    else
        to_memory(r, data, len);
}

/* All of it has come, been allowed, and is where it belongs? */
static void finish_body(struct http_request *r)
{
    if (r->state != REQUEST_BODY || !r->body_ended)
        return;
    if (r->spool) {
        spool_write(r, true);
        if (spool_held(r->spool) || !progress(r))
            return;
    }
    dispatch(r);
}

void exchange_body_end(struct http_request *r)
{
    r->body_ended = true;
    finish_body(r);
}

bool exchange_full(const struct http_request *r)
{
    size_t held = r->spool ? spool_held(r->spool) : 0;

    /* Who is not admitted yet takes hardly any memory. */
    return r->state == REQUEST_ADMIT ? held > 0 : r->state == REQUEST_BODY && held >= HELD_MAX;
}

void exchange_taken(struct http_request *r, int rc, size_t len)
{
    struct conn *c = r->conn;

    if (!c || r->state != REQUEST_BODY)
        return;
    if (rc) {
        log_error("cannot store an upload", "folder=%s error=\"%s\"", r->server->c.spool_dir,
                  strerror(-rc));
        exchange_refuse(r, rc == -ENOSPC || rc == -EDQUOT || rc == -EFBIG ? 507 : 500,
                        "The server cannot store the upload.");
    } else {
        c->proto->flow(c, r, len);
        finish_body(r);
    }
    conn_flush(c);
}

/* ---- back from a worker --------------------------------------------------------------------- */

static void admitted(struct http_request *r)
{
    if (!r->admitted) {
        send_reply(r);
        return;
    }
    request_set_state(r, REQUEST_BODY);
    if (r->body_got > r->route->body_max) {
        exchange_refuse(r, 413, "The body is larger than what is taken here.");
    } else if (r->body_failed) {
        busy(r);
    } else {
        spool_write(r, false);
        r->conn->proto->flow(r->conn, r, 0);
        finish_body(r);
    }
}

void exchange_done(struct loop_msg *m)
{
    struct http_request *r = container_of(m, struct http_request, done);
    struct conn *c = r->conn;

    if (r->job == JOB_SOCKET && (!c || !r->admitted)) {
        socket_refused(r->socket, r->admitted);
        r->socket = NULL;
    }
    if (c) {
        if (r->job == JOB_ADMIT)
            admitted(r);
        else if (r->job == JOB_SOCKET && r->admitted)
            socket_start(c, r);
        else
            send_reply(r);
        conn_flush(c);
    }
    request_release(r);
}

/* ---- slow clients --------------------------------------------------------------------------- */

/* For us: the disk, not the client, holds the body up. */
static bool exchange_waits(const struct http_request *r)
{
    return r->state == REQUEST_BODY && (r->body_ended || exchange_full(r));
}

bool exchange_stalled(struct http_request *r, int64_t now_us)
{
    const struct http_server_config *c = &r->server->c;
    int64_t stall_us = (int64_t)c->stall_timeout_ms * 1000, spent = now_us - r->phase_us;
    uint64_t moved = r->state == REQUEST_REPLY ? r->reply.sent : r->body_got;

    if (r->state == REQUEST_BODY && now_us - r->progress_us >= 10 * PROGRESS_US && !progress(r))
        return false;
    if ((r->state != REQUEST_BODY && r->state != REQUEST_REPLY) || exchange_waits(r))
        return false;
    if (now_us - r->moved_us > stall_us)
        return true;
    return spent > stall_us && moved < c->rate_min * (uint64_t)spent / 1000000;
}
